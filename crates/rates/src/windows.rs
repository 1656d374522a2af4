//! Windows over months of sampling: the plan year to date and the trailing three months; provisional months.

use crate::tally::Tally;
use hege_core::Month;
use std::collections::BTreeMap;

/// The tally of the plan year's months up to and including `until`.
#[must_use]
pub fn year_to_date(months: &BTreeMap<Month, Tally>, until: Month) -> Tally {
    sum(months, Month { year: until.year, month: 1 }, until)
}

/// The tally of `until` and the two months before it, across the year's end.
#[must_use]
pub fn trailing_three(months: &BTreeMap<Month, Tally>, until: Month) -> Tally {
    sum(months, until.previous().previous(), until)
}

fn sum(months: &BTreeMap<Month, Tally>, from: Month, until: Month) -> Tally {
    months.range(from..=until).fold(Tally::default(), |tally, (_, month)| tally.plus(*month))
}

/// A month is provisional until 95 % of its samples are final: late results are not a fair draw (docs/DOMAIN.md 7.6).
#[must_use]
pub fn is_provisional(finals: u32, pending: u32) -> bool {
    u64::from(finals) * 100 < 95 * (u64::from(finals) + u64::from(pending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_begins_in_january_and_three_months_cross_it() {
        let month = |text: &str| text.parse::<Month>().unwrap();
        let months: BTreeMap<Month, Tally> =
            [("2024-11", 1), ("2024-12", 10), ("2025-01", 100), ("2025-02", 1000), ("2025-03", 10_000)]
                .map(|(m, n)| (month(m), Tally { n, k: 0 }))
                .into();
        assert_eq!(year_to_date(&months, month("2025-02")).n, 1100);
        assert_eq!(trailing_three(&months, month("2025-02")).n, 1110);
        assert_eq!(year_to_date(&months, month("2024-12")).n, 11);
        assert_eq!(trailing_three(&months, month("2025-06")).n, 0);
    }

    #[test]
    fn a_month_is_provisional_below_ninety_five_percent_of_finals() {
        assert!(is_provisional(94, 6));
        assert!(!is_provisional(95, 5));
        assert!(!is_provisional(0, 0));
    }
}
