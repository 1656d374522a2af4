//! A rule tried on a year: would have fired n times. The conclusions in force are run again by the pure rules; nothing is stored.

use super::plan::counted;
use crate::plans::{self, YearPlan};
use crate::{Error, PROVINCE, Scope, Store};
use hege_alerts::cusum::{self, Chart, Signal};
use hege_alerts::plan::{self as year, Excursion, PlanYear, TargetVersion};
use hege_alerts::{Counted, false_alarms};
use hege_core::{Month, PlanId, Stage};
use hege_rates::BasisPoints;
use jiff::Timestamp;

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// The plan of whose year; the current one when none.
    pub plan: Option<PlanId>,
    /// The stage.
    pub stage: Stage,
    /// The pass rate; the plan's own when none.
    pub target: Option<BasisPoints>,
    /// Fewest samples for a notice; the plan's own when none.
    pub min_n: Option<u32>,
    /// m and H of the early warning; those that follow from target and planned samples when none.
    pub chart: Option<Chart>,
}

/// What would have fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The plan.
    pub plan: YearPlan,
    /// What was tried: target and fewest samples.
    pub held: year::Target,
    /// Samples of the plan year that count and are concluded.
    pub counted: usize,
    /// Excursions below the target.
    pub excursions: Vec<Excursion>,
    /// The chart; none where the target has none.
    pub chart: Option<Chart>,
    /// Early warnings.
    pub signals: Vec<Signal>,
    /// Expected false alarms a year of a stage exactly on that target: notices, significant ones, early warnings.
    pub false_alarms: (f64, f64, f64),
}

/// Tries a rule. Only the province answers a plan's target, so it is asked of those who see all of it.
///
/// # Errors
/// [`Error::OutsideScope`]; [`Error::NotFound`] without such a plan; [`Error::Invalid`] at `/target_bp` for a stage that is held to
/// no number and is given none.
pub fn attempt(store: &Store, scope: &Scope, (trial, now): (&Trial, Timestamp)) -> Result<Outcome, Error> {
    if !scope.sees_region(PROVINCE) || !scope.sees_stage(trial.stage) {
        return Err(Error::OutsideScope);
    }
    let plan = plans::fetch(store, trial.plan)?;
    let own = plan.target(trial.stage, now).ok_or(Error::NotFound)?.clone();
    let missing = || {
        let (zh, en) = ("该环节无目标数值，须给出", "the stage is held to no number: name one");
        Error::Invalid(hege_core::Problem::new("/target_bp", "required", zh, en).into())
    };
    let basis_points = trial.target.or(own.basis_points).ok_or_else(missing)?;
    let held = year::Target { basis_points, min_n: trial.min_n.unwrap_or(own.min_n) };
    let month = |year, month| Month { year, month }.yyyymm();
    let months = (month(plan.year - 1, 11), month(plan.year, 12));
    let all = counted(store, trial.stage, months, Some(&own))?;
    let version = TargetVersion { valid_from: Timestamp::UNIX_EPOCH, version: 1, target: Some(held) };
    let excursions = year::history(&PlanYear { year: plan.year, targets: vec![version] }, &all, now);
    let of_year: Vec<Counted> = all.into_iter().filter(|one| one.month.year == plan.year && one.at <= now).collect();
    let chart = trial.chart.or_else(|| Chart::for_stream(basis_points, own.planned_n));
    let signals = chart.map(|chart| cusum::tried(chart, basis_points, &of_year)).unwrap_or_default();
    let false_alarms = (
        false_alarms::notice(held, own.planned_n),
        false_alarms::significant(basis_points, own.planned_n),
        chart.map_or(0.0, |chart| chart.false_signals_a_year(basis_points, own.planned_n)),
    );
    Ok(Outcome { plan, held, counted: of_year.len(), excursions, chart, signals, false_alarms })
}
