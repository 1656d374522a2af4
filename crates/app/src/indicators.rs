//! 指标: what a plan names besides its targets, the evidence of what is done, and the page on which each figure of the plan stands with
//! its clause, its words and how far it is.

use crate::coverage::{self, GroupBy};
use crate::once::{Key, once};
use crate::plans::{YearPlan, fetch};
use crate::quotas::{plan_of, region_of, year_of};
use crate::record::{audit_at, audit_own};
use crate::reference::{Regions, rows};
use crate::{Call, Error, Mark, Store, stored};
use hege_core::date::china_date;
use hege_core::{PlanId, Problem, Problems, RegionCode, Stage};
use hege_sampling::indicator::{IndicatorKind, Reached, Shown, reached};
use hege_sampling::quota::is_place;
use hege_sampling::words::RegionType;
use hege_store::audit::Audited;
use hege_store::indicators::{
    EvidenceRow, IndicatorRow, evidence_insert, evidence_of, indicators_insert, indicators_of,
};
use hege_store::types::{Day, Doc, Id, Ts, Word};
use hege_store::{Conn, Error as StoreError};
use jiff::civil::Date;
use serde_json::{Value, json};

/// An indicator with how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Indicator {
    /// Its row.
    pub row: IndicatorRow,
    /// What the evidence shows.
    pub reached: Reached,
    /// Of a campaign with samples, how far its cells are, as far as the person sees.
    pub coverage: Option<coverage::Group>,
}

/// Every figure of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The plan with its targets.
    pub plan: YearPlan,
    /// How far each stage is, as far as the person sees.
    pub stages: Vec<coverage::Group>,
    /// Its indicators, by code.
    pub indicators: Vec<Indicator>,
}

/// The indicators of the plan of 2013, as they ship.
pub(crate) fn shipped(plan: PlanId, problems: &mut Problems) -> Vec<IndicatorRow> {
    let list = |text: &str| Doc(json!(text.split_whitespace().collect::<Vec<_>>()));
    let table = rows(("indicators-2013", "code"), include_str!("../data/indicators-2013.csv"), problems);
    let read = table.iter().filter_map(|row| {
        let (kind, stage) = (row.parse("kind", problems), row.optional::<Stage>("stage", problems));
        let wanted = row.optional::<u16>("wanted", problems);
        let [code, title, clause, words] = ["code", "title", "clause", "words"].map(|name| row.needed(name, problems));
        Some(IndicatorRow {
            plan_id: Id(plan.0),
            code,
            kind: Word(kind?),
            title,
            stage: stage?.map(Word),
            food_classes: list(row.text("food_classes")),
            panel: list(row.text("panel")),
            region_types: list(row.text("region_types")),
            wanted: wanted?.map(i32::from),
            clause,
            words,
        })
    });
    read.collect()
}

/// Loads the shipped indicators of a plan that has none.
///
/// # Errors
/// Those of the store; [`Error::Internal`] when those that ship have problems, which a test holds they have not.
pub fn load(store: &Store, plan: PlanId, mark: Mark) -> Result<(), Error> {
    let mut problems = Problems::new();
    let rows = shipped(plan, &mut problems);
    if !problems.is_empty() {
        return Err(Error::Internal(format!("the shipped indicators have {} problems", problems.as_slice().len())));
    }
    let put = store.write(|conn| {
        if !indicators_of(conn, Some(Id(plan.0)))?.is_empty() {
            return Ok(());
        }
        indicators_insert(conn, &rows)?;
        let touched = rows.iter().map(Audited::touched).collect::<Result<Vec<_>, StoreError>>()?;
        audit_own(conn, &mark, ("indicators_loaded", touched, json!({"plan": plan.to_string()})))
    });
    match put {
        // Another server that starts at the same time has put them.
        Err(Error::Store(StoreError::Duplicate(_))) => Ok(()),
        outcome => outcome,
    }
}

/// An indicator that is to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Its code within the plan.
    pub code: String,
    /// How it is counted.
    pub kind: IndicatorKind,
    /// 名称.
    pub title: String,
    /// 环节, where it is of one.
    pub stage: Option<Stage>,
    /// Codes of food classes.
    pub food_classes: Vec<String>,
    /// Codes of analytes.
    pub panel: Vec<String>,
    /// Kinds of regions; none for all.
    pub region_types: Vec<RegionType>,
    /// How many are wanted.
    pub wanted: Option<i32>,
    /// The clause.
    pub clause: String,
    /// The plan's own words.
    pub words: String,
}

/// Puts an indicator of a plan.
///
/// # Errors
/// [`Error::NotFound`] without the plan; [`Error::Invalid`] when its code is taken.
pub fn add(store: &Store, (plan, put): (PlanId, &Put), mark: Mark) -> Result<Indicator, Error> {
    let region_types: Vec<&str> = put.region_types.iter().map(|kind| kind.code()).collect();
    let row = &IndicatorRow {
        plan_id: Id(plan.0),
        code: put.code.clone(),
        kind: Word(put.kind),
        title: put.title.clone(),
        stage: put.stage.map(Word),
        food_classes: Doc(json!(put.food_classes)),
        panel: Doc(json!(put.panel)),
        region_types: Doc(json!(region_types)),
        wanted: put.wanted,
        clause: put.clause.clone(),
        words: put.words.clone(),
    };
    store.write(|conn| {
        plan_of(conn, Some(PlanId(row.plan_id.0)))?.ok_or(Error::NotFound)?;
        if indicators_of(conn, Some(row.plan_id))?.iter().any(|known| known.code == row.code) {
            let (zh, en) = ("该代码已使用", "the code is taken");
            return Err(Error::Invalid(Problem::new("/code", "given_twice", zh, en).into()));
        }
        indicators_insert(conn, std::slice::from_ref(row))?;
        audit_own(conn, &mark, ("indicator_put", vec![row.touched()?], json!({})))?;
        Ok(Indicator { row: row.clone(), reached: Reached::default(), coverage: None })
    })
}

/// What is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// City or county.
    pub region: RegionCode,
    /// What was done or looked at.
    pub subject: String,
    /// On which day.
    pub done_on: Date,
    /// Of an inspection, whether something was found.
    pub fault: Option<bool>,
    /// What shows it.
    pub evidence: String,
    /// The row that it takes back.
    pub withdraws: Option<uuid::Uuid>,
}

/// What speaks against a row of evidence.
fn faults(
    conn: &mut Conn,
    (indicator, year): (&IndicatorRow, i16),
    (new, call): (&New, &Call),
) -> Result<Problems, Error> {
    let mut problems = Problems::new();
    let kind = indicator.kind.0;
    problems.check(kind != IndicatorKind::Sampling, || {
        let (zh, en) = ("专项抽检以样品计，不另报", "a campaign with samples is counted by its samples");
        Problem::new("", "counted_by_samples", zh, en)
    });
    problems.check((kind == IndicatorKind::Inspection) == new.fault.is_some(), || {
        let (zh, en) = (
            "检查须说明是否发现问题，其他指标不填",
            "an inspection says whether something was found, nothing else does",
        );
        Problem::new("/fault", "fault_out_of_place", zh, en)
    });
    problems.check(call.scope.sees_region(new.region), || {
        Problem::new("/region", "outside_scope", "不在您的权限范围内", "outside your scope")
    });
    problems.check(is_place(new.region), || Problem::new("/region", "not_split", "须为市或县", "a city or a county"));
    problems.check(new.done_on.year() == year && new.done_on <= china_date(call.at), || {
        let (zh, en) = ("须在计划年度之内且不晚于今天", "within the year of the plan and not after today");
        Problem::new("/done_on", "outside_plan_year", zh, en)
    });
    if let Some(id) = new.withdraws {
        let city = stored(new.region.city());
        let sees = |row: &EvidenceRow| region_of(row.region).is_ok_and(|region| call.scope.sees_region(region));
        let is_there = evidence_of(conn, indicator.plan_id, Some(&indicator.code))?
            .iter()
            .any(|row| row.id == Id(id) && row.city == city && sees(row) && row.withdraws.is_none());
        problems.check(is_there, || {
            Problem::new("/withdraws", "evidence_unknown", "该市无此证据", "there is no such evidence in the city")
        });
    }
    Ok(problems)
}

/// Records evidence of an indicator. `answer` is what is told of the indicator, now and whenever the same is asked again.
///
/// # Errors
/// [`Error::NotFound`] without the indicator; [`Error::Invalid`] with every problem; [`Error::Idempotency`].
pub fn show(
    (store, regions): (&Store, &Regions),
    call: &Call,
    (plan, code, new): (PlanId, &str, &New),
    key: &Key,
    answer: &dyn Fn(&Indicator) -> Result<Value, Error>,
) -> Result<Value, Error> {
    once(store, call, (stored(new.region.city()), key), answer, |conn| {
        let of = plan_of(conn, Some(plan))?.ok_or(Error::NotFound)?;
        let row = indicators_of(conn, Some(of.id))?.into_iter().find(|row| row.code == code).ok_or(Error::NotFound)?;
        let mut problems = faults(conn, (&row, year_of(&of)?), (new, call))?;
        problems.extend(regions.faults("/region", (new.region, new.done_on)));
        problems.into_result(()).map_err(Error::Invalid)?;
        let shown = EvidenceRow {
            city: stored(new.region.city()),
            id: Id(key.id),
            plan_id: of.id,
            code: row.code.clone(),
            region: i32::try_from(new.region.get()).unwrap_or(i32::MAX),
            subject: new.subject.clone(),
            done_on: Day(new.done_on),
            fault: new.fault,
            evidence: new.evidence.clone(),
            withdraws: new.withdraws.map(Id),
            person_id: Id(call.user().0),
            recorded_at: Ts(call.at),
        };
        evidence_insert(conn, &shown)?;
        let detail = json!({"plan": plan.to_string(), "indicator": code});
        audit_at(conn, shown.city, &call.mark(), ("indicator_shown", vec![shown.touched()?], detail))?;
        let all = evidence_of(conn, of.id, Some(code))?;
        Ok(Indicator { reached: counted(&all, code), coverage: None, row })
    })
}

fn counted(all: &[EvidenceRow], code: &str) -> Reached {
    let of = all.iter().filter(|row| row.code == code);
    let shown = of.map(|row| Shown { id: row.id, subject: &row.subject, fault: row.fault, withdraws: row.withdraws });
    reached(&shown.collect::<Vec<_>>())
}

/// Every figure of a plan with its clause, its words and how far it is.
///
/// # Errors
/// [`Error::NotFound`].
pub fn page(store: &Store, call: &Call, plan: PlanId) -> Result<Page, Error> {
    let of = |by| coverage::coverage(store, call, &coverage::Asked { plan, by, region: None, stage: None });
    let (stages, campaigns) = (of(GroupBy::Stage)?.groups, of(GroupBy::Campaign)?.groups);
    let year_plan = fetch(store, Some(plan))?;
    let (rows, evidence) = store
        .read(|conn| Ok::<_, Error>((indicators_of(conn, Some(Id(plan.0)))?, evidence_of(conn, Id(plan.0), None)?)))?;
    let indicators = rows.into_iter().map(|row| Indicator {
        reached: counted(&evidence, &row.code),
        coverage: campaigns.iter().find(|group| group.key == row.code).cloned(),
        row,
    });
    Ok(Page { plan: year_plan, stages, indicators: indicators.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The clauses of the plan of 2013 from which the figures are taken.
    const TEXT: &str = include_str!("../data/plan-2013.txt");

    /// The numbers of a text, in its order.
    fn numbers(text: &str) -> Vec<&str> {
        text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect()
    }

    fn rows() -> Vec<IndicatorRow> {
        let mut problems = Problems::new();
        let rows = shipped(PlanId(uuid::Uuid::nil()), &mut problems);
        assert_eq!(problems.as_slice(), []);
        rows
    }

    #[test]
    fn every_number_of_the_food_clause_stands_in_a_target_or_an_indicator() {
        let clause = TEXT.lines().find(|line| line.starts_with("（一）")).unwrap();
        assert_eq!(numbers(clause), ["5", "3000", "96", "93", "90"]);
        let plans = &crate::setup::shipped().unwrap().plans;
        let targets = plans.iter().find(|plan| plan.year == 2013).unwrap().targets.iter();
        let rows = rows();
        let words: Vec<&str> = rows.iter().map(|row| row.words.as_str()).collect();
        let told: BTreeSet<&str> = targets
            .clone()
            .flat_map(|target| numbers(&target.words))
            .chain(words.iter().flat_map(|words| numbers(words)))
            .collect();
        for number in numbers(clause) {
            assert!(told.contains(number), "{number} is accounted for nowhere");
        }
        for target in targets {
            let says = numbers(&target.words).first().map(|number| number.parse::<u16>().unwrap() * 100);
            assert_eq!(target.basis_points.map(hege_rates::BasisPoints::get), says, "{}", target.words);
            assert!(clause.contains(&target.words), "{}", target.words);
        }
    }

    #[test]
    fn every_indicator_is_in_the_plans_own_words_with_its_own_number() {
        let rows = rows();
        assert_eq!(rows.len(), 16);
        for row in &rows {
            let clause = row.clause.split(['(', ')']).nth(1).unwrap();
            let line = TEXT.lines().find(|line| line.starts_with(&format!("（{clause}）"))).unwrap();
            assert!(line.contains(&row.words), "{}: {}", row.code, row.words);
            if let Some(wanted) = row.wanted {
                assert_eq!(numbers(&row.words), [wanted.to_string()], "{}", row.code);
            }
            assert_eq!(row.kind.0 == IndicatorKind::Count, row.wanted.is_some(), "{}", row.code);
        }
        let five = rows.iter().find(|row| row.code == "traditional_foods").unwrap();
        assert_eq!(five.food_classes.0.as_array().unwrap().len(), 5, "5类");
    }

    #[test]
    fn every_food_and_analyte_that_an_indicator_names_is_known() {
        let catalogue = crate::catalogue::shipped().unwrap();
        let codes = |doc: &Doc| -> Vec<String> { serde_json::from_value(doc.0.clone()).unwrap() };
        for row in rows() {
            assert!(
                codes(&row.food_classes).iter().all(|code| catalogue.foods().class(code).is_some()),
                "{}",
                row.code
            );
            assert!(codes(&row.panel).iter().all(|code| catalogue.analytes().get(code).is_some()), "{}", row.code);
            let kinds = codes(&row.region_types);
            assert!(kinds.iter().all(|code| code.parse::<hege_sampling::words::RegionType>().is_ok()), "{}", row.code);
        }
    }
}
