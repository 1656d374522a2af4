//! The months of a stage, each with its windows.

use super::{Group, GroupBy, Question, Rate, Sums, answerable, corrupt, rate, sums};
use crate::plans::{Target, YearPlan};
use crate::{Error, Scope};
use hege_core::{Month, Stage};
use hege_rates::windows::{trailing_three, year_to_date};
use hege_rates::{Assessment, Tally, assess};
use hege_store::Store;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A month with the windows that end with it.
#[derive(Debug, Clone, PartialEq)]
pub struct MonthRate {
    /// The month.
    pub month: Month,
    /// The month alone.
    pub rate: Rate,
    /// From January of its year.
    pub year_to_date: Assessment,
    /// With the two months before it, across the year's end.
    pub trailing_three: Assessment,
}

/// The months of one stage, without a gap.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// The stage.
    pub stage: Stage,
    /// What it is held to.
    pub target: Target,
    /// Every month asked for, those without samples too.
    pub months: Vec<MonthRate>,
}

/// The months that answer a question, stage by stage.
///
/// # Errors
/// [`Error::NotFound`] for a region outside the scope.
pub fn trend(
    store: &Store,
    scope: &Scope,
    (plan, now): (&YearPlan, Timestamp),
    question: &Question,
) -> Result<Vec<Trend>, Error> {
    let (first, last) = question.months;
    let at = question.as_of.unwrap_or(now);
    // The windows of the first month reach back to the November before its year.
    let before = Month { year: first.year, month: 1 }.previous().previous();
    let question = Question { group_by: GroupBy::Month, months: (before, last), ..*question };
    let (counted, targets) = answerable(store, scope, (plan, at), &question)?;
    let asked = || std::iter::successors(Some(first), |month| Some(month.next())).take_while(|month| *month <= last);
    let of_stage = |target: &Target| {
        let found = sums(&counted, target, GroupBy::Month)?;
        let mut cells: BTreeMap<Month, Sums> = BTreeMap::new();
        cells.extend(found.into_iter().filter_map(|(group, sums)| match group {
            Group::Month(month) => Some((month, sums)),
            _ => None,
        }));
        let tally = |(month, sums): (&Month, &Sums)| Some((*month, sums.counts.tally()?));
        let tallies: BTreeMap<Month, Tally> = cells.iter().map(tally).collect::<Option<_>>().ok_or_else(corrupt)?;
        let month_rate = |month: Month| {
            let sums = cells.get(&month).copied().unwrap_or_default();
            Ok(MonthRate {
                month,
                rate: rate(target, Group::Month(month), (sums, at))?,
                year_to_date: assess(year_to_date(&tallies, month), target.basis_points),
                trailing_three: assess(trailing_three(&tallies, month), target.basis_points),
            })
        };
        let months = asked().map(month_rate).collect::<Result<_, Error>>()?;
        Ok(Trend { stage: target.stage, target: target.clone(), months })
    };
    targets.into_iter().map(of_stage).collect()
}
