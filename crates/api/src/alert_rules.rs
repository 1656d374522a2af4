//! 预警规则: what they are, and what they would have told.

use crate::State;
use crate::access::{AlertRuleList, AlertRulePreview, Allowed};
use crate::answers::{NoRole, NotThere, NotValid, OutOfReach};
use crate::body::{Body, Fields, FromFields, Query};
use crate::problem::Failure;
use crate::rates::six_decimals;
use actix_web::{HttpResponse, get, post, web};
use hege_alerts::Rule;
use hege_alerts::cusum::{Chart, Signal};
use hege_alerts::plan::Excursion;
use hege_app::alerts::{Outcome, RuleInForce, Trial, Watched, attempt, rules_in_force};
use hege_app::plans::fetch;
use hege_core::{PlanId, Stage};
use hege_rates::BasisPoints;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(alert_rule_list).service(alert_rule_preview);
}

/// Of which plan.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct RuleQuery {
    /// A plan's id; the current plan when absent.
    plan: Option<String>,
}

pub(crate) struct OfPlan(Option<PlanId>);

impl FromFields for OfPlan {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self(fields.id("plan")))
    }
}

/// A stage that a rule watches.
#[derive(Serialize, ToSchema)]
pub(crate) struct WatchedView {
    stage: &'static str,
    target_bp: u16,
    min_n: u32,
    /// The samples that the plan expects in a year.
    samples_a_year: u32,
    /// What a failure weighs in the early warning's chart; null for other rules.
    m: Option<u32>,
    /// Where the chart signals; null for other rules.
    h: Option<u32>,
    /// Expected a year of a stage exactly on its target, at six decimals.
    false_alarms_a_year: f64,
}

impl From<&Watched> for WatchedView {
    fn from(watched: &Watched) -> Self {
        Self {
            stage: watched.stage.code(),
            target_bp: watched.target.get(),
            min_n: watched.min_n,
            samples_a_year: watched.samples_a_year,
            m: watched.chart.map(|chart| chart.m),
            h: watched.chart.map(|chart| chart.h),
            false_alarms_a_year: six_decimals(watched.false_alarms),
        }
    }
}

/// A rule.
#[derive(Serialize, ToSchema)]
pub(crate) struct RuleView {
    #[schema(example = "below_target")]
    rule: &'static str,
    /// `plan`, `early_warning`, `event`, `data`.
    kind: &'static str,
    zh: &'static str,
    en: &'static str,
    /// Its bounds in words.
    bounds_zh: String,
    bounds_en: String,
    /// `target` where a version of a target moves them, `program` where nobody does.
    #[schema(example = "target")]
    set_by: &'static str,
    /// False for a rule whose data are not kept: it never speaks.
    asked: bool,
    /// What it watches; empty for a rule that states a fact, which may be unwelcome but is not false.
    watched: Vec<WatchedView>,
}

impl From<&RuleInForce> for RuleView {
    fn from(in_force: &RuleInForce) -> Self {
        let rule: Rule = in_force.rule;
        Self {
            rule: rule.code(),
            kind: rule.kind().code(),
            zh: rule.zh(),
            en: rule.en(),
            bounds_zh: in_force.bounds.zh.clone(),
            bounds_en: in_force.bounds.en.clone(),
            set_by: if in_force.bounds.by_target { "target" } else { "program" },
            asked: in_force.is_asked,
            watched: in_force.watched.iter().map(WatchedView::from).collect(),
        }
    }
}

/// Rules.
#[derive(Serialize, ToSchema)]
pub(crate) struct RuleListView {
    items: Vec<RuleView>,
}

/// List the rules of alerts.
///
/// Each with its bounds, what it watches, and how often it is expected to speak for nothing. Bounds that a target has (its number,
/// its fewest samples, the samples planned) change by another version of the target, the others with the program only.
#[utoipa::path(operation_id = "alert_rule_list", tag = "alerts", params(RuleQuery), security(("bearer" = [])),
    responses((status = 200, description = "every rule", body = RuleListView), NoRole, NotThere, NotValid))]
#[get("/alert-rules")]
pub(crate) async fn alert_rule_list(
    state: web::Data<State>,
    asked: Allowed<AlertRuleList, Query<OfPlan>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(OfPlan(plan)), .. } = asked;
    let now = state.now();
    let rules = state.run(move |state| Ok(rules_in_force(&fetch(&state.store, plan)?, &person.scope, now))).await?;
    Ok(HttpResponse::Ok().json(RuleListView { items: rules.iter().map(RuleView::from).collect() }))
}

/// What is tried on a plan's year; what is absent is the plan's own.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into a trial")]
pub(crate) struct TrialBody {
    /// A plan's id; the current plan when absent.
    plan: Option<String>,
    #[schema(example = "farm")]
    stage: String,
    /// Basis points.
    #[schema(example = 9700)]
    target_bp: Option<u16>,
    /// Fewest samples for a notice.
    min_n: Option<u32>,
    /// What a failure weighs in the early warning's chart; only together with `h`.
    m: Option<u32>,
    /// Where the chart signals.
    h: Option<u32>,
}

pub(crate) struct TrialAsked(Trial);

impl FromFields for TrialAsked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let number = |name, bounds| fields.within(name, bounds).and_then(|number| u32::try_from(number).ok());
        let stage = fields.needed("stage", fields.word::<Stage>("stage"));
        let plan = fields.id("plan");
        let target = number("target_bp", (0, 10_000)).and_then(|bp| u16::try_from(bp).ok()).and_then(BasisPoints::new);
        let min_n = number("min_n", (1, 100_000));
        let (m, h) = (number("m", (2, 100_000)), number("h", (1, 1 << 18)));
        if fields.value("m").is_some() != fields.value("h").is_some() {
            let missing = if fields.value("m").is_some() { "h" } else { "m" };
            fields.problem(missing, "required", ("m 与 h 须同时给出", "m and h go together"));
        }
        Some(Self(Trial { plan, stage: stage?, target, min_n, chart: m.zip(h).map(|(m, h)| Chart { m, h }) }))
    }
}

/// An excursion that would have been told.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExcursionView {
    opened_at: String,
    /// `notice` or `significant`, as it was raised.
    grade: &'static str,
    /// When a notice became significant.
    escalated_at: Option<String>,
    ended_at: Option<String>,
    #[schema(example = "recovered")]
    ended_why: Option<&'static str>,
    /// The figures at the opening.
    zh: String,
    en: String,
}

impl From<&Excursion> for ExcursionView {
    fn from(excursion: &Excursion) -> Self {
        Self {
            opened_at: excursion.opened_at.to_string(),
            grade: excursion.grade.code(),
            escalated_at: excursion.escalated.map(|step| step.at.to_string()),
            ended_at: excursion.ended.map(|(_, step)| step.at.to_string()),
            ended_why: excursion.ended.map(|(ending, _)| ending.code()),
            zh: excursion.evidence.zh(),
            en: excursion.evidence.en(),
        }
    }
}

/// An early warning that would have been told.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignalView {
    at: String,
    score: u32,
    zh: String,
    en: String,
}

impl From<&Signal> for SignalView {
    fn from(signal: &Signal) -> Self {
        Self { at: signal.at.to_string(), score: signal.score, zh: signal.zh(), en: signal.en() }
    }
}

/// What would have been told in the plan's year.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrialView {
    plan: String,
    year: i16,
    stage: &'static str,
    target_bp: u16,
    min_n: u32,
    /// Samples of the year that count and are concluded.
    counted: usize,
    /// How many plan alerts.
    fired: usize,
    excursions: Vec<ExcursionView>,
    /// The chart; null where the target has none.
    m: Option<u32>,
    h: Option<u32>,
    /// How many early warnings.
    signalled: usize,
    signals: Vec<SignalView>,
    /// Expected a year of a stage exactly on that target, with as many samples as are planned: notices.
    false_notices_a_year: f64,
    /// Significant alerts, at most.
    false_significant_a_year: f64,
    /// Early warnings.
    false_signals_a_year: f64,
}

impl TrialView {
    fn of(outcome: &Outcome, stage: Stage) -> Self {
        let (notices, significant, signals) = outcome.false_alarms;
        Self {
            plan: outcome.plan.id.to_string(),
            year: outcome.plan.year,
            stage: stage.code(),
            target_bp: outcome.held.basis_points.get(),
            min_n: outcome.held.min_n,
            counted: outcome.counted,
            fired: outcome.excursions.len(),
            excursions: outcome.excursions.iter().map(ExcursionView::from).collect(),
            m: outcome.chart.map(|chart| chart.m),
            h: outcome.chart.map(|chart| chart.h),
            signalled: outcome.signals.len(),
            signals: outcome.signals.iter().map(SignalView::from).collect(),
            false_notices_a_year: six_decimals(notices),
            false_significant_a_year: six_decimals(significant),
            false_signals_a_year: six_decimals(signals),
        }
    }
}

/// Try a rule on a year.
///
/// Would have fired n times: target, fewest samples and chart are run on the conclusions in force of a plan's year, as if they had
/// been in force from its beginning. For those who see the whole province; nothing is changed.
#[utoipa::path(operation_id = "alert_rule_preview", tag = "alerts", request_body = TrialBody, security(("bearer" = [])),
    responses((status = 200, description = "what would have been told", body = TrialView), OutOfReach, NotThere, NotValid))]
#[post("/alert-rules/preview")]
pub(crate) async fn alert_rule_preview(
    state: web::Data<State>,
    asked: Allowed<AlertRulePreview, Body<TrialAsked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(TrialAsked(trial)), .. } = asked;
    let now = state.now();
    let outcome = state.run(move |state| attempt(&state.store, &person.scope, (&trial, now))).await?;
    Ok(HttpResponse::Ok().json(TrialView::of(&outcome, trial.stage)))
}
