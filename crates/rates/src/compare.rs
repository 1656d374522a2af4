//! Comparison of cities, laboratories or months that respects how many samples each has (docs/DOMAIN.md 7.6).
//!
//! Ranking by rate puts those with few samples at both ends. Each is therefore shown with its interval, tested against the
//! target with the correction for having looked at many, and drawn in a funnel: within it is what chance alone explains.

use crate::exact::{lower_tail, quantile, wilson};
use crate::tally::{BasisPoints, Percent, Tally};
use crate::weighted::benjamini_hochberg;
use hege_core::words;

words! {
    /// Where a number of conforming samples lies in a funnel.
    pub enum Position {
        BelowExtreme = "below_extreme", "低于 99.8 % 界限", "below the 99.8 % limits";
        BelowUsual = "below_usual", "低于 95 % 界限", "below the 95 % limits";
        Within = "within", "界限之内", "within the limits";
        AboveUsual = "above_usual", "高于 95 % 界限", "above the 95 % limits";
        AboveExtreme = "above_extreme", "高于 99.8 % 界限", "above the 99.8 % limits";
    }
}

/// One of those compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared<Id> {
    /// Which.
    pub id: Id,
    /// What was counted.
    pub tally: Tally,
    /// As printed; none without samples.
    pub rate: Option<Percent>,
    /// Wilson's 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// A fact: none without target or samples.
    pub below_target: Option<bool>,
    /// The exact lower tail against the target; none without target or samples.
    pub p_low: Option<f64>,
    /// The same, adjusted for all that were compared: at most q are discoveries of which a share q is expected to be false.
    pub adjusted: Option<f64>,
    /// The funnel at its number of samples; none without samples.
    pub funnel: Option<Funnel>,
}

/// How many conforming samples of `n` chance alone explains, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funnel {
    /// In 95 % of cases: the 2.5 % and 97.5 % quantiles.
    pub usual: (u32, u32),
    /// In 99.8 % of cases: the 0.1 % and 99.9 % quantiles.
    pub extreme: (u32, u32),
}

impl Funnel {
    /// The limits at `n` samples around a share, from exact binomial quantiles. Outside either end lies at most the half of
    /// what the limits leave out.
    #[must_use]
    pub fn at(n: u32, share: f64) -> Self {
        let both = |tail: f64| (quantile(n, share, tail), quantile(n, share, 1.0 - tail));
        Self { usual: both(0.025), extreme: both(0.001) }
    }

    /// Where `k` conforming samples lie. The limits themselves lie within.
    #[must_use]
    pub const fn position(self, k: u32) -> Position {
        if k < self.extreme.0 {
            Position::BelowExtreme
        } else if k < self.usual.0 {
            Position::BelowUsual
        } else if k <= self.usual.1 {
            Position::Within
        } else if k <= self.extreme.1 {
            Position::AboveUsual
        } else {
            Position::AboveExtreme
        }
    }
}

/// The share that a funnel is drawn around: the target, or without one the share of all together. None without samples then.
#[must_use]
pub fn centre<Id>(tallies: &[(Id, Tally)], target: Option<BasisPoints>) -> Option<f64> {
    let all = tallies.iter().fold(Tally::default(), |all, (_, tally)| all.plus(*tally));
    let share = || (all.n > 0).then(|| f64::from(all.k) / f64::from(all.n));
    target.map(BasisPoints::probability).or_else(share)
}

/// Compares, in the order given.
#[must_use]
pub fn compare<Id: Copy>(tallies: &[(Id, Tally)], target: Option<BasisPoints>) -> Vec<Compared<Id>> {
    let centre = centre(tallies, target);
    let mut compared: Vec<Compared<Id>> = tallies
        .iter()
        .map(|(id, tally)| Compared {
            id: *id,
            tally: *tally,
            rate: tally.percent(target),
            interval: wilson(*tally),
            below_target: target.and_then(|target| tally.meets(target)).map(|meets| !meets),
            p_low: target.filter(|_| tally.n > 0).map(|target| lower_tail(*tally, target)),
            adjusted: None,
            funnel: centre.filter(|_| tally.n > 0).map(|share| Funnel::at(tally.n, share)),
        })
        .collect();
    let p_values: Vec<f64> = compared.iter().filter_map(|one| one.p_low).collect();
    let tested = compared.iter_mut().filter(|one| one.p_low.is_some());
    for (one, adjusted) in tested.zip(benjamini_hochberg(&p_values)) {
        one.adjusted = Some(adjusted);
    }
    compared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_a_funnel_lie_within_it_and_the_next_number_does_not() {
        let funnel = Funnel { usual: (91, 99), extreme: (85, 100) };
        let at = |k| funnel.position(k);
        assert_eq!([84, 85, 90, 91].map(at), {
            use Position::{BelowExtreme, BelowUsual, Within};
            [BelowExtreme, BelowUsual, BelowUsual, Within]
        });
        assert_eq!([99, 100, 101].map(at), [Position::Within, Position::AboveUsual, Position::AboveExtreme]);
    }
}
