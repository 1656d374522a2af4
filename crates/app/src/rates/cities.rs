//! Cities side by side, in a way that respects how many samples each has (docs/DOMAIN.md 7.6).

use super::{Group, GroupBy, Question, answerable, corrupt, sums};
use crate::plans::{Target, YearPlan};
use crate::{Error, Scope};
use hege_core::City;
use hege_rates::compare::centre;
use hege_rates::{Assessment, Cell, Compared, Tally, assess, compare};
use hege_store::Store;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A city of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct CityRate {
    /// Figures, corrected for having looked at all, and the funnel at its number of samples.
    pub compared: Compared<City>,
    /// Rate and evidence of the city alone.
    pub assessment: Assessment,
    /// The counters of what counts by the plan, those outside the rate included.
    pub counters: Cell,
}

/// The cities of one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What they are held to.
    pub target: Target,
    /// The share that the funnel is drawn around: the target's, or that of all together.
    pub centre: Option<f64>,
    /// Every city that the person sees, in the order of the codes.
    pub cities: Vec<CityRate>,
}

/// Compares the cities of `question.region`, each of which stands there even without a sample. Of cities outside the person's
/// scope nothing is told.
///
/// # Errors
/// [`Error::NotFound`] for a region or a stage outside the scope, or a stage that the plan does not name.
pub fn compare_cities(
    store: &Store,
    scope: &Scope,
    (plan, now): (&YearPlan, Timestamp),
    (question, cities): (&Question, &[City]),
) -> Result<Comparison, Error> {
    let question = Question { group_by: GroupBy::City, ..*question };
    let at = question.as_of.unwrap_or(now);
    let (counted, targets) = answerable(store, scope, (plan, at), &question)?;
    let target = targets.first().ok_or(Error::NotFound)?;
    let found = sums(&counted, target, GroupBy::City)?;
    let mut cells: BTreeMap<City, Cell> = cities.iter().map(|city| (*city, Cell::default())).collect();
    cells.extend(found.into_iter().filter_map(|(group, sums)| match group {
        Group::City(city) => Some((city, sums.counts)),
        _ => None,
    }));
    let tally = |(city, cell): (&City, &Cell)| Some((*city, cell.tally()?));
    let tallies: Vec<(City, Tally)> = cells.iter().map(tally).collect::<Option<_>>().ok_or_else(corrupt)?;
    let rate = |compared: Compared<City>| CityRate {
        compared,
        assessment: assess(compared.tally, target.basis_points),
        counters: cells.get(&compared.id).copied().unwrap_or_default(),
    };
    Ok(Comparison {
        target: (*target).clone(),
        centre: centre(&tallies, target.basis_points),
        cities: compare(&tallies, target.basis_points).into_iter().map(rate).collect(),
    })
}
