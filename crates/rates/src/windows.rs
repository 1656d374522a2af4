//! Windows over months of sampling: the plan year to date and the trailing three months; provisional months.

use crate::counting::Cell;
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
pub const fn is_provisional(finals: i64, pending: i64) -> bool {
    finals.saturating_mul(100) < finals.saturating_add(pending).saturating_mul(95)
}

/// The months that are provisional: those of which too many samples are still pending or not yet judgeable, and the month of
/// today with what follows it, of which samples are still to come. Refused and voided samples will never be final and do not
/// hold a month back.
#[must_use]
pub fn provisional_months(months: &BTreeMap<Month, Cell>, today: Month) -> Vec<Month> {
    let waits = |cell: &Cell| {
        let finals = cell.conforming.saturating_add(cell.nonconforming);
        is_provisional(finals, cell.pending.saturating_add(cell.not_judgeable))
    };
    months.iter().filter(|(month, cell)| **month >= today || waits(cell)).map(|(month, _)| *month).collect()
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

    #[test]
    fn what_waits_makes_a_month_provisional_and_what_is_void_does_not() {
        let month = |n| Month::new(2025, n).unwrap();
        let cell = |conforming, nonconforming, pending, not_judgeable| Cell {
            refused: 50,
            voided: 50,
            risk: 50,
            conforming,
            nonconforming,
            pending,
            not_judgeable,
        };
        let cells = [
            cell(90, 5, 5, 0),
            cell(90, 5, 6, 0),
            cell(90, 5, 0, 5),
            cell(90, 5, 3, 3),
            cell(0, 0, 0, 0),
            cell(9, 0, 0, 0),
        ];
        let months: BTreeMap<Month, Cell> = (1..).map(month).zip(cells).collect();
        assert_eq!(provisional_months(&months, month(7)), [month(2), month(4)]);
        assert_eq!(provisional_months(&months, month(6)), [month(2), month(4), month(6)]);
        assert_eq!(provisional_months(&months, month(5)), [month(2), month(4), month(5), month(6)]);
    }
}
