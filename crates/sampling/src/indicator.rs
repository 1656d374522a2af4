//! 指标: what a plan names besides its targets: campaigns that take samples, inspections of premises and people beside them, and counts
//! to reach. What is done is counted from evidence, never from a number that somebody typed.

use hege_core::names::folded;
use hege_core::words;
use std::collections::BTreeSet;

words! {
    /// How an indicator is counted.
    pub enum IndicatorKind {
        Sampling = "sampling", "专项抽检", "campaign with samples";
        Inspection = "inspection", "专项检查", "inspection of premises and people";
        Count = "count", "数量指标", "count to reach";
    }
}

/// A row of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown<'a, Id> {
    /// Its id.
    pub id: Id,
    /// What was done or looked at.
    pub subject: &'a str,
    /// Of an inspection, whether something was found.
    pub fault: Option<bool>,
    /// The row that it takes back; it shows nothing itself then.
    pub withdraws: Option<Id>,
}

/// What evidence shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reached {
    /// Rows that stand.
    pub rows: u64,
    /// Distinct subjects of them, by their folded names: one market that is told twice is one.
    pub subjects: u64,
    /// Rows of them in which something was found.
    pub faults: u64,
}

/// Counts what stands.
#[must_use]
pub fn reached<Id: Ord + Copy>(shown: &[Shown<'_, Id>]) -> Reached {
    let gone: BTreeSet<Id> = shown.iter().filter_map(|row| row.withdraws).collect();
    let (mut reached, mut subjects) = (Reached::default(), BTreeSet::new());
    for row in shown.iter().filter(|row| row.withdraws.is_none() && !gone.contains(&row.id)) {
        reached.rows += 1;
        reached.faults += u64::from(row.fault == Some(true));
        subjects.insert(folded(row.subject));
    }
    reached.subjects = u64::try_from(subjects.len()).unwrap_or(u64::MAX);
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u8, subject: &str, fault: Option<bool>, withdraws: Option<u8>) -> Shown<'_, u8> {
        Shown { id, subject, fault, withdraws }
    }

    #[test]
    fn a_subject_that_is_told_twice_is_one_and_what_was_withdrawn_is_none() {
        let shown = [
            row(1, "城东农贸市场", None, None),
            row(2, " 城东 农贸市场", None, None),
            row(3, "城东農贸市场", None, None),
            row(4, "城西农贸市场", None, None),
            row(5, "城西农贸市场", None, Some(4)),
        ];
        assert_eq!(
            reached(&shown),
            Reached { rows: 3, subjects: 3, faults: 0 },
            "a space within a name tells two apart"
        );
        assert_eq!(reached(&shown[..1]).subjects, 1);
        assert_eq!(reached::<u8>(&[]), Reached::default());
    }

    #[test]
    fn only_what_was_found_is_a_fault() {
        let shown = [row(1, "甲", Some(true), None), row(2, "甲", Some(false), None), row(3, "乙", None, None)];
        assert_eq!(reached(&shown), Reached { rows: 3, subjects: 2, faults: 1 });
    }
}
