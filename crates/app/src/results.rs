//! 检验结果: entered, judged at once, and concluded.

mod value;

pub use value::{Beside, Confirmation, StatedCriterion, Value};

use crate::catalogue::criterion_json;
use crate::record::{custody_row, step_write};
use crate::samples::{Left, Loaded, load, ordered};
use crate::{Call, Error};
use hege_core::{Problem, Problems, SampleId};
use hege_lab::case::{Case, judge_case};
use hege_lab::conclusion::{Conclusion, Standing as ItemStanding, conclude};
use hege_lab::{Catalogue, ItemVerdict, Judgement};
use hege_rates::Standing;
use hege_sampling::life_cycle::{Action, Readiness, apply};
use hege_store::Store;
use hege_store::judged::Judged;
use hege_store::samples::{Item, Sample, SampleProgress, items_insert};
use hege_store::types::{Doc, Id, Ts};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use value::Product;

/// Judges cases without storing anything, in their order.
#[must_use]
pub fn preview(catalogue: &Catalogue, cases: &[Case<'_>]) -> Vec<Judgement> {
    cases.iter().map(|case| judge_case(case, Some(catalogue))).collect()
}

/// Enters values, replacing only the items named, and judges each: by the criterion that the laboratory states, or else by
/// that of the catalogue for the sample's food class, deciding date and declared standard.
///
/// # Errors
/// [`Error::Invalid`] at `/results/{index}/...` for an item that is not ordered or stands twice, and for what [`Value`] needs
/// and lacks; [`Error::Conflict`], [`Error::Denied`], [`Error::NotFound`].
pub fn enter(
    store: &Store,
    call: &Call,
    id: SampleId,
    (seen, values): (i64, &[Value]),
    catalogue: &Catalogue,
) -> Result<Sample, Error> {
    store.write(|conn| {
        let loaded = load(conn, call, id)?;
        let left = left(&loaded, values, (call, catalogue))?;
        items_insert(conn, &new_items(&loaded, values, catalogue))?;
        step_write(conn, (id, seen), &loaded.sample, &left)?;
        Ok(left.sample)
    })
}

/// What an entry of results leaves.
pub(crate) fn left(loaded: &Loaded, values: &[Value], (call, catalogue): (&Call, &Catalogue)) -> Result<Left, Error> {
    let product = Product::of(&loaded.sample);
    let judged = |value: &Value| judge_case(&value.case(&product), Some(catalogue));
    let ordered: Vec<Item> = loaded.items.iter().cloned().chain(new_items(loaded, values, catalogue)).collect();
    let items = replaced(&ordered, values, (call, &judged)).map_err(Error::Invalid)?;
    let mut missing = loaded.items.iter().filter(|old| !items.iter().any(|new| new.analyte == old.analyte));
    let complete = missing.all(|old| old.reported.is_some());
    let next = apply(loaded.status, &Action::Enter { complete }, &loaded.past, &loaded.actor)?;
    let change = SampleProgress { status: next.code().to_owned(), ..SampleProgress::of(&loaded.sample) };
    let sample = change.onto(&loaded.sample);
    let custody = custody_row(call, &sample, (loaded.seq, "entered", json!({"complete": complete})));
    // The values before are kept in the record: an original is never overwritten without a trace.
    let before =
        loaded.items.iter().filter(|old| old.reported.is_some() && items.iter().any(|new| new.analyte == old.analyte));
    let before: Vec<_> = before
        .map(|old| {
            let typed = old.entry.as_ref().map(|entry| &entry.0);
            let confirmed = old.confirmation.as_ref().map(|confirmation| &confirmation.0);
            json!([old.analyte, old.reported, old.unit, old.lod, typed, old.verdict, confirmed])
        })
        .collect();
    Left::new(call, (sample, items, None), (custody, json!({"before": before})))
}

/// The items that an entry orders: none but where the form came from a file that names none.
fn new_items(loaded: &Loaded, values: &[Value], catalogue: &Catalogue) -> Vec<Item> {
    let is_risk = loaded.sample.standing.0 == Standing::Risk;
    let mut new: BTreeMap<&str, Item> = BTreeMap::new();
    for value in values.iter().filter(|_| loaded.takes_items) {
        let is_known = catalogue.analytes().get(&value.analyte).is_some();
        if is_known && loaded.items.iter().all(|item| item.analyte != value.analyte) {
            new.insert(&value.analyte, ordered(&loaded.sample, &value.analyte, is_risk));
        }
    }
    new.into_values().collect()
}

/// The items of a sample whose results were filed elsewhere, judged as if they had been entered here; in the order of `values`.
pub(crate) fn filed(
    sample: &Sample,
    values: &[Value],
    (call, catalogue): (&Call, &Catalogue),
) -> Result<Vec<Item>, Problems> {
    let product = Product::of(sample);
    let is_risk = sample.standing.0 == Standing::Risk;
    let mut ordered: Vec<Item> = values.iter().map(|value| ordered(sample, &value.analyte, is_risk)).collect();
    ordered.dedup_by(|one, other| one.analyte == other.analyte);
    let judged = |value: &Value| judge_case(&value.case(&product), Some(catalogue));
    let items = replaced(&ordered, values, (call, &judged))?;
    Ok(items.into_iter().map(|item| Item { revision: 1, ..item }).collect())
}

/// Why values cannot be judged, by code, where food class and date may not be known: what is unreadable is so in any case.
pub(crate) fn reasons(
    values: &[Value],
    (food_class, date): (Option<&str>, Option<&str>),
    catalogue: &Catalogue,
) -> Vec<hege_lab::Reason> {
    let food_class = food_class.unwrap_or_default().to_owned();
    let product = Product { food_class, date: date.map(str::to_owned), declared_standard: None };
    values.iter().map(|value| judge_case(&value.case(&product), Some(catalogue)).reason).collect()
}

fn replaced(
    ordered: &[Item],
    values: &[Value],
    (call, judged): (&Call, &dyn Fn(&Value) -> Judgement),
) -> Result<Vec<Item>, Problems> {
    let mut problems = Problems::new();
    let mut items: Vec<Item> = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let at = || format!("/results/{index}/analyte");
        if items.iter().any(|item| item.analyte == value.analyte) {
            problems.push(Problem::new(at(), "item_twice", "同一项目出现两次", "the item stands twice"));
        }
        problems.extend(value.problems(index));
        match ordered.iter().find(|item| item.analyte == value.analyte) {
            Some(item) => items.push(entered(item, value, (call, judged))),
            None => problems.push(Problem::new(at(), "item_not_ordered", "该项目未下达", "the item is not ordered")),
        }
    }
    problems.into_result(items)
}

fn entered(item: &Item, value: &Value, (call, judged): (&Call, &dyn Fn(&Value) -> Judgement)) -> Item {
    let judgement = judged(value);
    let is_risk = item.purpose == RISK;
    let row = judgement.criteria().next().and_then(|criterion| criterion.basis.row.clone());
    // The retest is judged like the result: one that conforms confirms nothing.
    let confirmation = value.confirmation.as_ref().map(|confirmation| {
        let again = judged(&Value { reported: confirmation.value.clone(), ..value.clone() });
        let at = confirmation.at.clone().unwrap_or_else(|| call.at.to_string());
        json!({
            "value": confirmation.value,
            "person": confirmation.person,
            "qc_batch": confirmation.qc_batch,
            "at": at,
            "verdict": word(again.verdict, is_risk),
        })
    });
    Item {
        reported: Some(value.reported.clone()),
        unit: value.unit.clone(),
        lod: value.lod.clone(),
        method: value.method.clone(),
        criterion_id: row,
        verdict: Some(word(judgement.verdict, is_risk).to_owned()),
        reason: Some(judgement.reason.code().to_owned()),
        entry: Some(Doc(json!(value.beside))),
        stated: value.criterion.as_ref().map(|stated| Doc(stated.document(call))),
        judgement: Some(Doc(judgement_json(&judgement))),
        confirmation: confirmation.map(Doc),
        entered_by: Some(Id(call.user().0)),
        entered_at: Some(Ts(call.at)),
        revision: item.revision + 1,
        ..item.clone()
    }
}

/// The criteria and the steps of a judgement, as they are stored.
pub(crate) fn judgement_json(judgement: &Judgement) -> Json {
    let steps: Vec<Json> = judgement.steps.iter().map(|step| json!({"zh": step.zh(), "en": step.en()})).collect();
    let criteria: Vec<Json> = judgement.criteria().map(criterion_json).collect();
    json!({"criteria": criteria, "steps": steps})
}

/// Judges what a re-inspection found of an item: by the criterion that the first laboratory stated, or else by the catalogue.
pub(crate) fn judged_again(sample: &Sample, item: &Item, value: &Value, catalogue: &Catalogue) -> Judgement {
    let stated = item.stated.as_ref().and_then(|stated| serde_json::from_value(stated.0.clone()).ok());
    let value = Value { criterion: stated, ..value.clone() };
    judge_case(&value.case(&Product::of(sample)), Some(catalogue))
}

impl Product {
    fn of(sample: &Sample) -> Self {
        let declared = sample.form.0.get("declared_standard").and_then(Json::as_str);
        Self {
            food_class: sample.food_class.clone(),
            date: sample.deciding_date.map(|day| day.0.to_string()),
            declared_standard: declared.map(str::to_owned),
        }
    }
}

/// The purpose of an item of risk monitoring.
const RISK: &str = "risk";

/// How a verdict is called: an item of risk monitoring shows a problem or none.
const fn word(verdict: ItemVerdict, is_risk: bool) -> &'static str {
    match verdict {
        ItemVerdict::Nonconforming if is_risk => Conclusion::Problem.code(),
        ItemVerdict::Conforming if is_risk => Conclusion::NoProblem.code(),
        other => other.code(),
    }
}

/// How a verdict is called for an item of this purpose.
pub(crate) fn judged_word(verdict: ItemVerdict, purpose: &str) -> &'static str {
    word(verdict, purpose == RISK)
}

/// Judges a stored result again, by another catalogue.
pub(crate) fn rejudged(item: &Judged, catalogue: &Catalogue) -> Judgement {
    let declared = item.form.0.get("declared_standard").and_then(Json::as_str);
    let product = Product {
        food_class: item.food_class.clone(),
        date: item.deciding_date.map(|day| day.0.to_string()),
        declared_standard: declared.map(str::to_owned),
    };
    let beside = item.entry.as_ref().and_then(|entry| serde_json::from_value(entry.0.clone()).ok());
    let value = Value {
        analyte: item.analyte.clone(),
        reported: item.reported.clone().unwrap_or_default(),
        unit: item.unit.clone(),
        lod: item.lod.clone(),
        beside: beside.unwrap_or_default(),
        ..Value::default()
    };
    judge_case(&value.case(&product), Some(catalogue))
}

/// The verdict of a word, whatever the item was for.
fn verdict_of(code: &str) -> Option<ItemVerdict> {
    ItemVerdict::ALL.iter().copied().find(|verdict| [false, true].iter().any(|risk| word(*verdict, *risk) == code))
}

fn standings(items: &[Item]) -> Vec<ItemStanding> {
    let standing = |item: &Item| {
        let verdict = item.verdict.as_deref().and_then(verdict_of);
        if item.left_out.is_some() {
            ItemStanding::LeftOut
        } else if item.purpose == RISK {
            ItemStanding::Risk(verdict)
        } else {
            ItemStanding::Supervised(verdict)
        }
    };
    items.iter().map(standing).collect()
}

/// What the items say of an approval.
pub(crate) fn readiness(items: &[Item]) -> Readiness {
    Readiness {
        concluded: conclude(&standings(items)) != Conclusion::NotJudgeable,
        confirmed: !items.iter().any(is_unconfirmed),
    }
}

/// Whether an item failed and no retest confirms it.
pub(crate) fn is_unconfirmed(item: &Item) -> bool {
    let fails = |code: Option<&str>| code.and_then(verdict_of) == Some(ItemVerdict::Nonconforming);
    let again = item.confirmation.as_ref().and_then(|doc| doc.0.get("verdict")).and_then(Json::as_str);
    fails(item.verdict.as_deref()) && !fails(again)
}

/// The items whose missing verdict holds a conclusion back: of those that decide it, which are the supervised ones where there
/// are any.
pub(crate) fn open_items(items: &[Item]) -> BTreeSet<String> {
    let decides = |item: &&Item| item.purpose != RISK || items.iter().all(|item| item.purpose == RISK);
    let is_judged = |item: &Item| {
        let verdict = item.verdict.as_deref().and_then(verdict_of);
        verdict.is_some_and(|verdict| verdict != ItemVerdict::NotJudgeable)
    };
    let open = items.iter().filter(decides).filter(|item| item.left_out.is_none() && !is_judged(item));
    open.map(|item| item.analyte.clone()).collect()
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
