//! The rules in force: what bounds they have, what they watch, and how often they are expected to speak for nothing.

use crate::Scope;
use crate::plans::{Target, YearPlan};
use hege_alerts::cities::FALSE_DISCOVERIES;
use hege_alerts::cusum::Chart;
use hege_alerts::data::{
    ENTRY_SPEED, EXPECTED_FAILURES, OVERDUE, PENDING, REPEATED_VALUES, SILENT_DAYS, ShareRule, VOIDS,
};
use hege_alerts::plan::{self, N_SIGNIFICANT, P_ANY_TIME, P_MONTH_END};
use hege_alerts::{Rule, false_alarms};
use hege_core::Stage;
use hege_rates::BasisPoints;
use jiff::Timestamp;

/// The bounds of a rule, in words, and whether a version of a target sets any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Whether a target's number, its `min_n` or its planned samples move them; else they are the program's.
    pub by_target: bool,
}

/// A stage that a rule watches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watched {
    /// The stage.
    pub stage: Stage,
    /// What it is held to.
    pub target: BasisPoints,
    /// Fewest samples for a notice.
    pub min_n: u32,
    /// The samples that the plan expects in a year.
    pub samples_a_year: u32,
    /// The chart of the early warning.
    pub chart: Option<Chart>,
    /// Expected false alarms a year of a stage exactly on its target.
    pub false_alarms: f64,
}

/// A rule in force.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleInForce {
    /// The rule.
    pub rule: Rule,
    /// Its bounds.
    pub bounds: Bounds,
    /// Whether the worker asks it: the data that some of them need are not kept.
    pub is_asked: bool,
    /// What it watches, for the rules about targets and shares of failures; empty for those that state a fact.
    pub watched: Vec<Watched>,
}

/// Looks a year of the rules that compare many at once: what they look at changes little within a month.
const LOOKS_A_YEAR: u32 = 12;

/// Every rule, with what it watches of a plan within a scope at an instant.
#[must_use]
pub fn rules_in_force(plan: &YearPlan, scope: &Scope, at: Timestamp) -> Vec<RuleInForce> {
    let targets =
        || Stage::ALL.iter().filter(|stage| scope.sees_stage(**stage)).filter_map(|stage| plan.target(*stage, at));
    let in_force = |rule: &Rule| RuleInForce {
        rule: *rule,
        bounds: bounds(*rule),
        is_asked: !matches!(rule, Rule::UrgentReport | Rule::RepeatedValues | Rule::EntrySpeed),
        watched: targets().filter_map(|target| watched(*rule, target)).collect(),
    };
    Rule::ALL.iter().map(in_force).collect()
}

fn watched(rule: Rule, target: &Target) -> Option<Watched> {
    if !matches!(rule, Rule::BelowTarget | Rule::Cusum | Rule::CityBelow | Rule::NoFailures) {
        return None;
    }
    let basis_points = target.basis_points?;
    let samples_a_year = target.planned_n;
    let stream = false_alarms::Stream {
        target: plan::Target { basis_points, min_n: target.min_n },
        samples_a_year,
        looks_a_year: LOOKS_A_YEAR,
    };
    Some(Watched {
        stage: target.stage,
        target: basis_points,
        min_n: target.min_n,
        samples_a_year,
        chart: Chart::for_stream(basis_points, samples_a_year).filter(|_| rule == Rule::Cusum),
        false_alarms: false_alarms::a_year(rule, &stream),
    })
}

fn share(rule: ShareRule, (zh, en): (&str, &str)) -> (String, String) {
    let (above, stays, least) = (rule.opens_above / 100, rule.stays_above / 100, rule.least);
    (
        format!("{zh}超过 {above} %（至少 {least} 个），低于 {stays} % 时解除"),
        format!("{en} above {above} % (of at least {least}), until {stays} % or less"),
    )
}

fn bounds(rule: Rule) -> Bounds {
    let (zh, en) = match rule {
        Rule::BelowTarget => (
            format!("年初至今低于目标且样品数不少于 min_n 为提示；月末 p ≤ {P_MONTH_END}，或任何时候 p ≤ {P_ANY_TIME}（均须至少 {N_SIGNIFICANT} 批）为显著"),
            format!("a notice when the year to date lies below the target with min_n samples; significant at p <= {P_MONTH_END} at a month end or p <= {P_ANY_TIME} at any time, with at least {N_SIGNIFICANT} samples"),
        ),
        Rule::CityBelow => (
            format!("低于目标且多重比较校正后 p ≤ {FALSE_DISCOVERIES}（至少 {N_SIGNIFICANT} 批）"),
            format!("below the target with p <= {FALSE_DISCOVERIES} corrected for all cities, of at least {N_SIGNIFICANT} samples"),
        ),
        Rule::Cusum => (
            "伯努利累积和达到 H；H 使正好达标的环节五年内至多误报一次".to_owned(),
            "the Bernoulli CUSUM reaches H, chosen so that a stage on its target signals falsely once in five years at most".to_owned(),
        ),
        Rule::BannedSubstance => ("检出禁用物质且经确认".to_owned(), "a banned substance, confirmed".to_owned()),
        Rule::Pathogen => ("检出致病菌且经确认".to_owned(), "a pathogen, confirmed".to_owned()),
        Rule::RepeatProducer => ("同一生产者 90 天内再次不合格".to_owned(), "a producer that failed within 90 days fails again".to_owned()),
        Rule::UrgentReport => ("须在 24 小时内报告的结果".to_owned(), "a result that must be reported within 24 hours".to_owned()),
        Rule::Silence => (
            format!("计划有样品而超过 {SILENT_DAYS} 天无登记"),
            format!("more than {SILENT_DAYS} days without a registration while the plan expects samples"),
        ),
        Rule::Voids => share(VOIDS, ("作废占登记样品", "voids of the samples registered")),
        Rule::Pending => share(PENDING, ("到期样品中待结论", "pending of the samples due")),
        Rule::Overdue => share(OVERDUE, ("到期环节中超期", "steps overdue of those due")),
        Rule::CalendarMissing => (
            "当年或待办期限所涉年份的工作日历未载入".to_owned(),
            "the calendar of this year, or of one that something which waits needs, is not loaded".to_owned(),
        ),
        Rule::NoFailures => (
            format!("按其他样品应有 {EXPECTED_FAILURES} 批不合格而无一不合格"),
            format!("no failure where {EXPECTED_FAILURES} are expected by the others"),
        ),
        Rule::RepeatedValues => share(REPEATED_VALUES, ("同一检验机构同一项目中最常见的数值", "the commonest number of one laboratory and analyte")),
        Rule::EntrySpeed => (
            format!("一人手工录入每秒超过 1 个结果（至少 {} 秒）", ENTRY_SPEED.least),
            format!("one person types more than one result a second, over at least {} seconds", ENTRY_SPEED.least),
        ),
    };
    Bounds { zh, en, by_target: matches!(rule, Rule::BelowTarget | Rule::CityBelow | Rule::Cusum) }
}
