//! Rates over strata that were sampled unequally: the weights are the caller's, the plan names none (docs/DOMAIN.md 7.6).

use super::{Counted, Group, GroupBy, Question, answerable, corrupt, sums};
use crate::plans::YearPlan;
use crate::{Error, Scope};
use hege_core::{Problem, Problems, Stage};
use hege_lab::Catalogue;
use hege_rates::weighted::{Weighted, weighted};
use hege_rates::{Cell, Tally};
use hege_store::Store;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Weights by stratum: cities by their four digits, counties by their six, food classes by their code, where a class stands
/// for everything below it that has no weight of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// `city`, `region` or `food_class`.
    pub by: GroupBy,
    /// The weight of each stratum: numbers from 0 on, in any unit; they are scaled to 1.
    pub of: BTreeMap<String, f64>,
}

/// A weighted rate of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// The stage.
    pub stage: Stage,
    /// The rate; none while a stratum has fewer than two samples, for then nothing is known of how it varies.
    pub rate: Option<Weighted>,
    /// Strata with a weight and fewer than two samples.
    pub too_few: Vec<String>,
}

fn problem(code: &'static str, (zh, en): (String, String)) -> Problem {
    Problem::new("?weights", code, zh, en)
}

impl Weights {
    /// What speaks against them, whatever was sampled. `known` says whether a stratum is one.
    #[must_use]
    pub fn problems(&self, known: impl Fn(&str) -> bool) -> Problems {
        let mut problems = Problems::new();
        for (stratum, weight) in &self.of {
            problems.check(known(stratum), || {
                problem("unknown_stratum", (format!("未知的层：{stratum}"), format!("no stratum is called {stratum}")))
            });
            problems.check(weight.is_finite() && *weight >= 0.0, || {
                problem(
                    "bad_weight",
                    (
                        format!("{stratum} 的权重须为非负数"),
                        format!("the weight of {stratum} is not a number from 0 on"),
                    ),
                )
            });
        }
        problems.check(self.of.values().any(|weight| *weight > 0.0), || {
            problem("bad_weight", ("权重之和须大于 0".to_owned(), "the weights have no positive sum".to_owned()))
        });
        problems
    }

    /// The stratum that a group belongs to.
    fn stratum(&self, group: &Group, catalogue: &Catalogue) -> Result<String, String> {
        match group {
            Group::City(city) => Ok(city.to_string()).and_then(|city| self.named(city)),
            Group::Region(region) => self.named(region.to_string()),
            Group::FoodClass(code) => {
                let weighed = catalogue.foods().path(code).find(|class| self.of.contains_key(*class));
                weighed.map(str::to_owned).ok_or_else(|| code.clone())
            }
            _ => Err(String::new()),
        }
    }

    fn named(&self, stratum: String) -> Result<String, String> {
        if self.of.contains_key(&stratum) { Ok(stratum) } else { Err(stratum) }
    }
}

/// The weighted rates that answer a question, stage by stage.
///
/// # Errors
/// [`Error::Invalid`] at `?weights` when samples count in a stratum without a weight, naming each; [`Error::NotFound`] for a
/// region outside the scope.
pub fn weigh(
    store: &Store,
    scope: &Scope,
    (plan, now): (&YearPlan, Timestamp),
    (question, weights, catalogue): (&Question, &Weights, &Catalogue),
) -> Result<Vec<Weighed>, Error> {
    let question = Question { group_by: weights.by, ..*question };
    let (counted, targets) = answerable(store, scope, (plan, question.as_of.unwrap_or(now)), &question)?;
    let mut problems = Problems::new();
    let mut weighed = Vec::new();
    for target in targets {
        let (strata, missing) = strata((&counted, target), weights, catalogue)?;
        let name = (target.stage.zh(), target.stage.en());
        for stratum in missing {
            let words = (
                format!("{}：{stratum} 有样品而无权重", name.0),
                format!("{}: {stratum} has samples and no weight", name.1),
            );
            problems.push(problem("weight_missing", words));
        }
        let too_few = strata.iter().filter(|(_, tally)| tally.n < 2).map(|(stratum, _)| stratum.clone()).collect();
        let pairs: Vec<(f64, Tally)> = strata
            .iter()
            .map(|(stratum, tally)| (weights.of.get(stratum).copied().unwrap_or_default(), *tally))
            .collect();
        weighed.push(Weighed { stage: target.stage, rate: weighted(&pairs), too_few });
    }
    problems.into_result(weighed).map_err(Error::Invalid)
}

/// Strata with what counts in each, and the groups that have none.
type Strata = (BTreeMap<String, Tally>, Vec<String>);

/// Every stratum with a weight that is not 0, also those without a sample.
fn strata(
    (counted, target): (&[Counted], &crate::plans::Target),
    weights: &Weights,
    catalogue: &Catalogue,
) -> Result<Strata, Error> {
    let mut cells: BTreeMap<String, Cell> = BTreeMap::new();
    cells.extend(
        weights.of.iter().filter(|(_, weight)| **weight > 0.0).map(|(name, _)| (name.clone(), Cell::default())),
    );
    let mut missing = Vec::new();
    for (group, sums) in sums(counted, target, weights.by)? {
        match weights.stratum(&group, catalogue) {
            Ok(stratum) => {
                if let Some(cell) = cells.get_mut(&stratum) {
                    *cell = cell.plus(sums.counts);
                }
            }
            Err(stratum) if sums.counts.tally().is_none_or(|tally| tally.n > 0) => missing.push(stratum),
            Err(_) => {}
        }
    }
    let tally = |(name, cell): (String, Cell)| Some((name, cell.tally()?));
    let tallies = cells.into_iter().map(tally).collect::<Option<_>>().ok_or_else(corrupt)?;
    Ok((tallies, missing))
}
