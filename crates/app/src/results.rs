//! 检验结果: entered, judged at once, and concluded.

use crate::record::{audit, custody};
use crate::samples::load;
use crate::{Call, Error};
use hege_core::{Problem, Problems, SampleId};
use hege_lab::ItemVerdict;
use hege_lab::conclusion::{Conclusion, Standing as ItemStanding, conclude};
use hege_lab::judge::{Entry, Judgement, judge};
use hege_lab::{Criterion, Step};
use hege_rates::Standing;
use hege_sampling::life_cycle::{Action, Readiness, apply};
use hege_store::Store;
use hege_store::audit::Audited;
use hege_store::samples::{Item, Sample, SampleProgress, item_update, sample_progress};
use hege_store::types::{Doc, Id, Ts};
use serde_json::json;

/// One value as the laboratory reports it, with the criterion that it is held against.
#[derive(Debug, Clone)]
pub struct Value {
    /// The ordered item.
    pub analyte: String,
    /// As typed.
    pub reported: String,
    /// Its unit.
    pub unit: Option<String>,
    /// The laboratory's limit of detection, in `unit`.
    pub lod: Option<String>,
    /// What it is held against; none when no edition is in force, which is not judgeable.
    pub criterion: Option<(String, Criterion)>,
    /// Confirmation of a nonconforming result: retest value, person, QC batch.
    pub confirmation: Option<serde_json::Value>,
}

/// Enters values, replacing only the items named, and judges each.
///
/// # Errors
/// [`Error::Invalid`] for an item that is not ordered or stands twice; [`Error::Conflict`], [`Error::Denied`],
/// [`Error::NotFound`].
pub fn enter(store: &Store, call: &Call, id: SampleId, (seen, values): (i64, &[Value])) -> Result<Sample, Error> {
    store.write(|conn| {
        let loaded = load(conn, call, id)?;
        let items = replaced(&loaded.items, values, call).map_err(Error::Invalid)?;
        let missing = loaded.items.iter().filter(|old| !items.iter().any(|new| new.analyte == old.analyte));
        let complete = missing.clone().all(|old| old.reported.is_some());
        let next = apply(loaded.status, &Action::Enter { complete }, &loaded.past, &loaded.actor)?;
        let change = SampleProgress { status: next.code().to_owned(), ..SampleProgress::of(&loaded.sample) };
        let sample = sample_progress(conn, id, seen, &change)?.ok_or(Error::Conflict)?;
        let mut touched = vec![sample.touched()?, custody(conn, call, id, ("entered", json!({"complete": complete})))?];
        for item in &items {
            item_update(conn, item)?;
            touched.push(item.touched()?);
        }
        // The values before are kept in the record: an original is never overwritten without a trace.
        let before = loaded
            .items
            .iter()
            .filter(|old| old.reported.is_some() && items.iter().any(|new| new.analyte == old.analyte));
        let before: Vec<_> = before.map(|old| json!([old.analyte, old.reported, old.unit, old.verdict])).collect();
        audit(conn, call, id, ("entered", touched, json!({"before": before})))?;
        Ok(sample)
    })
}

fn replaced(ordered: &[Item], values: &[Value], call: &Call) -> Result<Vec<Item>, Problems> {
    let mut problems = Problems::new();
    let mut items: Vec<Item> = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let at = || format!("/{index}/analyte");
        if items.iter().any(|item| item.analyte == value.analyte) {
            problems.push(Problem::new(at(), "item_twice", "同一项目出现两次", "the item stands twice"));
        }
        match ordered.iter().find(|item| item.analyte == value.analyte) {
            Some(item) => items.push(entered(item, value, call)),
            None => problems.push(Problem::new(at(), "item_not_ordered", "该项目未下达", "the item is not ordered")),
        }
    }
    problems.into_result(items)
}

fn entered(item: &Item, value: &Value, call: &Call) -> Item {
    let entry =
        Entry { result: &value.reported, unit: value.unit.as_deref(), lod: value.lod.as_deref(), ..Entry::default() };
    let judgement = match &value.criterion {
        Some((_, criterion)) => judge(&entry, criterion),
        None => Judgement::refused(hege_lab::Reason::NoCriterion),
    };
    let steps: Vec<_> = judgement.steps.iter().map(|step: &Step| json!({"zh": step.zh(), "en": step.en()})).collect();
    Item {
        reported: Some(value.reported.clone()),
        unit: value.unit.clone(),
        lod: value.lod.clone(),
        criterion_id: value.criterion.as_ref().map(|(id, _)| id.clone()),
        verdict: Some(judgement.verdict.code().to_owned()),
        reason: Some(judgement.reason.code().to_owned()),
        judgement: Some(Doc(json!({"steps": steps}))),
        confirmation: value.confirmation.clone().map(Doc),
        entered_by: Some(Id(call.user().0)),
        entered_at: Some(Ts(call.at)),
        revision: item.revision + 1,
        ..item.clone()
    }
}

fn standings(items: &[Item]) -> Vec<ItemStanding> {
    let verdict = |item: &Item| item.verdict.as_deref().and_then(|code| code.parse::<ItemVerdict>().ok());
    items
        .iter()
        .map(|item| {
            if item.left_out.is_some() {
                ItemStanding::LeftOut
            } else if item.purpose == "risk" {
                ItemStanding::Risk(verdict(item))
            } else {
                ItemStanding::Supervised(verdict(item))
            }
        })
        .collect()
}

/// What the items say of an approval.
pub(crate) fn readiness(items: &[Item]) -> Readiness {
    let fails = |item: &&Item| item.verdict.as_deref() == Some(ItemVerdict::Nonconforming.code());
    Readiness {
        concluded: conclude(&standings(items)) != Conclusion::NotJudgeable,
        confirmed: items.iter().filter(fails).all(|item| item.confirmation.is_some()),
    }
}

/// How a sample stands by its items. A sample of risk monitoring never stands in a rate.
pub(crate) fn conclusion_of(sample: &Sample, items: &[Item]) -> Standing {
    if sample.standing.0 == Standing::Risk {
        return Standing::Risk;
    }
    match conclude(&standings(items)) {
        Conclusion::Conforming => Standing::Conforming,
        Conclusion::Nonconforming => Standing::Nonconforming,
        Conclusion::NotJudgeable => Standing::NotJudgeable,
        Conclusion::Problem | Conclusion::NoProblem => Standing::Risk,
    }
}
