//! Counted samples, targets in basis points, and how both are printed.

use std::fmt;

/// A target in hundredths of a percent: 9600 is 96 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BasisPoints(u16);

impl BasisPoints {
    /// 0 to 10000.
    #[must_use]
    pub const fn new(basis_points: u16) -> Option<Self> {
        if basis_points <= 10_000 { Some(Self(basis_points)) } else { None }
    }

    /// As a number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// As a probability.
    #[must_use]
    pub fn probability(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }
}

/// In percent, without digits that say nothing: `96`, `92.5`.
impl fmt::Display for BasisPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (percent, 0) => write!(f, "{percent}"),
            (percent, rest) if rest % 10 == 0 => write!(f, "{percent}.{}", rest / 10),
            (percent, rest) => write!(f, "{percent}.{rest:02}"),
        }
    }
}

/// `n` finally judged samples that count, `k` of them conforming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Tally {
    /// Conforming and nonconforming.
    pub n: u32,
    /// Conforming; at most `n`.
    pub k: u32,
}

impl Tally {
    /// A tally; none when `k` is more than `n`.
    #[must_use]
    pub const fn new(k: u32, n: u32) -> Option<Self> {
        if k <= n { Some(Self { n, k }) } else { None }
    }

    /// Nonconforming.
    #[must_use]
    pub const fn failures(self) -> u32 {
        self.n - self.k
    }

    /// With one more sample.
    #[must_use]
    pub const fn with(self, conforming: bool) -> Self {
        Self { n: self.n.saturating_add(1), k: if conforming { self.k.saturating_add(1) } else { self.k } }
    }

    /// The tally if so many failures were overturned: those whose objection or re-inspection is still open, or whose time to
    /// object is not over. None when there are not so many failures.
    #[must_use]
    pub const fn overturned(self, failures: u32) -> Option<Self> {
        if failures <= self.failures() { Some(Self { n: self.n, k: self.k + failures }) } else { None }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { n: self.n.saturating_add(other.n), k: self.k.saturating_add(other.k) }
    }

    /// Whether the rate meets the target: `k*10000 >= bp*n`, in integers. None without samples.
    #[must_use]
    pub fn meets(self, target: BasisPoints) -> Option<bool> {
        (self.n > 0).then(|| u64::from(self.k) * 10_000 >= u64::from(target.0) * u64::from(self.n))
    }

    /// The rate in percent with two decimals, half to even, that never crosses the target by rounding: 95.996 % against
    /// 96 % prints 95.99, as a rate that is not met must not look met. None without samples.
    #[must_use]
    pub fn percent(self, target: Option<BasisPoints>) -> Option<Percent> {
        if self.n == 0 {
            return None;
        }
        let (scaled, n) = (u64::from(self.k) * 10_000, u64::from(self.n));
        let (floor, rest) = (scaled / n, scaled % n);
        let up = rest * 2 > n || (rest * 2 == n && floor % 2 == 1);
        let rounded = floor + u64::from(up);
        let target = target.map(|target| (u64::from(target.0), self.meets(target)));
        let hundredths = match target {
            Some((target, Some(false))) if rounded >= target => floor,
            // Above the target the floor is never below it, so that rounding cannot cross downwards.
            _ => rounded,
        };
        u16::try_from(hundredths).ok().map(Percent)
    }
}

/// Hundredths of a percent, printed `95.99`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u16);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn percent(k: u32, n: u32, target: u16) -> String {
        Tally::new(k, n).unwrap().percent(BasisPoints::new(target)).unwrap().to_string()
    }

    #[test]
    fn a_rate_is_printed_with_two_decimals_half_to_even() {
        assert_eq!(percent(1, 3, 0), "33.33");
        assert_eq!(percent(2, 3, 0), "66.67");
        assert_eq!(percent(1, 20_000, 0), "0.00");
        assert_eq!(percent(3, 20_000, 0), "0.02");
        assert_eq!(percent(5, 5, 9600), "100.00");
        assert_eq!(percent(0, 5, 9600), "0.00");
        assert_eq!(Tally::default().percent(None), None);
    }

    #[test]
    fn a_printed_rate_never_reaches_a_target_that_is_not_met() {
        assert_eq!(percent(95_996, 100_000, 9600), "95.99");
        assert_eq!(percent(96_000, 100_000, 9600), "96.00");
        assert_eq!(percent(95_996, 100_000, 9300), "96.00");
        assert_eq!(percent(94_996, 100_000, 9600), "95.00", "below the target a rate is rounded like any other");
        assert_eq!(percent(999_999, 1_000_000, 10_000), "99.99");
    }

    #[test]
    fn a_target_is_printed_in_percent_with_the_digits_it_has() {
        let printed = |target| BasisPoints::new(target).unwrap().to_string();
        assert_eq!(
            [0, 5, 50, 9200, 9250, 9205, 10_000].map(printed),
            ["0", "0.05", "0.5", "92", "92.5", "92.05", "100"]
        );
    }

    #[test]
    fn a_target_is_met_when_equal() {
        let target = BasisPoints::new(9600).unwrap();
        assert_eq!(Tally::new(96, 100).unwrap().meets(target), Some(true));
        assert_eq!(Tally::new(95, 100).unwrap().meets(target), Some(false));
        assert_eq!(Tally::default().meets(target), None);
        assert_eq!(BasisPoints::new(10_000).unwrap().get(), 10_000);
        assert_eq!(BasisPoints::new(10_001), None);
        assert_eq!(Tally::new(2, 1), None);
    }

    #[test]
    fn overturned_failures_conform_and_no_more_can_be_overturned_than_there_are() {
        let tally = Tally::new(90, 100).unwrap();
        assert_eq!(tally.overturned(0), Some(tally));
        assert_eq!(tally.overturned(10), Tally::new(100, 100));
        assert_eq!(tally.overturned(11), None);
    }

    proptest! {
        #[test]
        fn what_is_printed_and_what_is_met_agree(n in 1_u32..200_000, share in 0.0_f64..=1.0, target in 0_u16..=10_000) {
            #[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "test data")]
            let k = ((f64::from(n)) * share) as u32;
            let (tally, target) = (Tally::new(k, n).unwrap(), BasisPoints::new(target).unwrap());
            let printed = tally.percent(Some(target)).unwrap();
            prop_assert_eq!(printed.0 >= target.get(), tally.meets(target).unwrap());
        }

        #[test]
        fn a_sample_more_is_the_sum_with_a_tally_of_one(k in 0_u32..100, more in 0_u32..100, conforming: bool) {
            let tally = Tally::new(k, k + more).unwrap();
            prop_assert_eq!(tally.with(conforming), tally.plus(Tally::default().with(conforming)));
        }
    }
}
