//! 样品: registered, sealed, handed over, received or refused, checked, approved, returned, voided.

use crate::record::{audit, cell, custody};
use crate::results::{conclusion_of, readiness};
use crate::{Call, Error, stored};
use hege_core::date::china_date;
use hege_core::{Month, SampleId, TaskType, UserId};
use hege_rates::Standing;
use hege_sampling::form::{Draft, Stated};
use hege_sampling::life_cycle::{Action, Denial, People, Readiness, Status, apply};
use hege_store::audit::Audited;
use hege_store::samples::{
    ConclusionRow, Item, Sample, SampleProgress, conclusion_insert, custody_of, items_insert, items_of, sample_fetch,
    sample_insert, sample_progress,
};
use hege_store::types::{Day, Doc, Id, Ts, Word};
use hege_store::{Conn, Store};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A registration: the checked form and what is ordered. The caller's organisation took the sample.
#[derive(Debug, Clone)]
pub struct Registration {
    /// A form that [`hege_sampling::form::check`] passed.
    pub form: Draft,
    /// Analytes ordered, each with whether it is for risk monitoring only.
    pub items: Vec<(String, bool)>,
}

/// Registers a sample with its ordered items.
///
/// # Errors
/// [`Error::Denied`] without the inspector's role, [`hege_store::Error::Duplicate`] when id or form number is taken.
pub fn register(store: &Store, call: &Call, registration: &Registration) -> Result<Sample, Error> {
    if !call.actor.roles.contains(&hege_core::Role::Inspector) {
        return Err(Denial::WrongRole.into());
    }
    let (id, row) = row(call, registration).ok_or(Error::NotFound)?;
    let items: Vec<Item> = registration.items.iter().map(|(analyte, risk)| ordered(&row, analyte, *risk)).collect();
    store.write(|conn| {
        sample_insert(conn, std::slice::from_ref(&row))?;
        items_insert(conn, &items)?;
        let event = custody(conn, call, id, ("registered", json!({})))?;
        let mut touched = vec![row.touched()?, event];
        for item in &items {
            touched.push(item.touched()?);
        }
        audit(conn, call, id, ("registered", touched, json!({})))?;
        cell(conn, &row, None)?;
        Ok(row.clone())
    })
}

fn text(stated: Option<&Stated>) -> Option<String> {
    match stated {
        Some(Stated::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

/// The row of a form; none when a field is missing that the check asks for.
fn row(call: &Call, registration: &Registration) -> Option<(SampleId, Sample)> {
    let form = &registration.form;
    let (id, sampled_at) = (form.id?, form.sampled_at?);
    let samplers: Vec<String> = form.samplers.iter().map(UserId::to_string).collect();
    let is_risk = form.task_type? == TaskType::RiskMonitoring;
    let document = json!({
        "version": 1,
        "samplers": samplers,
        "packaging": form.packaging?.code(),
        "date_kind": form.date_kind?.code(),
        "batch_no": text(form.batch_no.as_ref()),
        "sample_qty": form.sample_qty?.to_string(),
        "backup_qty": form.backup_qty.map(|qty| qty.to_string()),
        "qty_unit": form.qty_unit,
        "uscc": form.uscc,
        "barcode": form.barcode,
        "production_licence": form.production_licence,
    });
    let sample = Sample {
        city: stored(id.city),
        id: Id(id.uuid),
        form_no: form.form_no.clone()?,
        status: Status::Registered.code().to_owned(),
        standing: Word(if is_risk { Standing::Risk } else { Standing::Pending }),
        stage: Word(form.stage?),
        sector: form.sector.map(Word),
        task_type: Word(form.task_type?),
        sample_kind: Word(form.sample_kind?),
        region: i32::try_from(form.region?.get()).ok()?,
        food_class: form.food_class.clone()?,
        product_name: form.product_name.clone()?,
        sampled_unit: form.sampled_unit.clone()?,
        producer: text(form.producer.as_ref()),
        lab_id: None,
        sampling_org_id: Id(call.organisation.0),
        sampled_at: Ts(sampled_at),
        month: Month::of(china_date(sampled_at)).yyyymm(),
        deciding_date: form.date.map(Day),
        form: Doc(document),
        personal: None,
        registered_by: Id(call.user().0),
        registered_at: Ts(call.at),
        received_at: None,
        decided_at: None,
        conclusion_revision: 0,
        revision: 1,
    };
    Some((id, sample))
}

fn ordered(sample: &Sample, analyte: &str, risk: bool) -> Item {
    Item {
        city: sample.city,
        sample_id: sample.id,
        analyte: analyte.to_owned(),
        purpose: if risk { "risk" } else { "supervised" }.to_owned(),
        reported: None,
        unit: None,
        lod: None,
        method: None,
        criterion_id: None,
        verdict: None,
        reason: None,
        entry: None,
        stated: None,
        left_out: None,
        judgement: None,
        confirmation: None,
        entered_by: None,
        entered_at: None,
        revision: 1,
    }
}

/// Inspectors act on what their organisation took, laboratory roles on what is addressed to their laboratory.
fn is_theirs(sample: &Sample, call: &Call) -> bool {
    let organisation = Id(call.organisation.0);
    let has = |laboratory: bool| call.actor.roles.iter().any(|role| role.is_laboratory() == laboratory);
    (has(false) && sample.sampling_org_id == organisation) || (has(true) && sample.lab_id == Some(organisation))
}

/// A sample as a use case needs it: its row, its items, and who had which part in it.
pub(crate) struct Loaded {
    pub(crate) sample: Sample,
    pub(crate) items: Vec<Item>,
    pub(crate) status: Status,
    pub(crate) people: People,
}

/// Loads a sample for a person. One that their organisation neither took nor was sent is not there for them.
pub(crate) fn load(conn: &mut Conn, call: &Call, id: SampleId) -> Result<Loaded, Error> {
    let sample = sample_fetch(conn, id)?.filter(|sample| is_theirs(sample, call)).ok_or(Error::NotFound)?;
    let items = items_of(conn, id)?;
    let status = sample.status.parse().map_err(|_not_a_status| hege_store::Error::Corrupt("sample"))?;
    let samplers = sample.form.0.get("samplers").and_then(Value::as_array).into_iter().flatten();
    let samplers: BTreeSet<UserId> = samplers.filter_map(|id| id.as_str()?.parse().ok()).collect();
    // Who entered or checked is read from custody, which keeps everybody, and not from the items, which keep the last.
    let events = custody_of(conn, id)?;
    let who = |kind: &'static str| {
        events.iter().filter(move |event| event.kind == kind).map(|event| UserId(event.person_id.0))
    };
    let people = People { samplers, entered: who("entered").collect(), checked: who("checked").next_back() };
    Ok(Loaded { sample, items, status, people })
}

/// Does one step of a sample's life. Results are entered by [`crate::results::enter`].
///
/// `seen` is the revision that the person saw.
///
/// # Errors
/// [`Error::Conflict`] when somebody was faster, [`Error::Denied`] by the life cycle, [`Error::NotFound`].
pub fn step(store: &Store, call: &Call, id: SampleId, (seen, action): (i64, &Action)) -> Result<Sample, Error> {
    store.write(|conn| {
        let loaded = load(conn, call, id)?;
        // What an approval rests on is read here, in its transaction, and never taken from the caller.
        let action = match action {
            Action::Approve(_) => &Action::Approve(readiness(&loaded.items)),
            Action::Enter { .. } => return Err(Denial::WrongStatus.into()),
            other => other,
        };
        let next = apply(loaded.status, action, &loaded.people, &call.actor)?;
        let before = loaded.sample.standing.0;
        let change = progress(&loaded, action, (next, call));
        let sample = sample_progress(conn, id, seen, &change)?.ok_or(Error::Conflict)?;
        let (kind, detail) = described(action);
        let mut touched = vec![sample.touched()?, custody(conn, call, id, (kind, detail.clone()))?];
        if sample.conclusion_revision != loaded.sample.conclusion_revision {
            let conclusion = conclusion_row(&sample, call, &detail);
            conclusion_insert(conn, &conclusion)?;
            touched.push(conclusion.touched()?);
        }
        audit(conn, call, id, (kind, touched, detail))?;
        cell(conn, &sample, Some(before))?;
        Ok(sample)
    })
}

fn conclusion_row(sample: &Sample, call: &Call, detail: &Value) -> ConclusionRow {
    ConclusionRow {
        city: sample.city,
        sample_id: sample.id,
        revision: sample.conclusion_revision,
        standing: sample.standing,
        decided_at: Ts(call.at),
        decided_by: Id(call.user().0),
        reason: detail.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned(),
    }
}

fn progress(loaded: &Loaded, action: &Action, (next, call): (Status, &Call)) -> SampleProgress {
    let sample = &loaded.sample;
    let same = SampleProgress {
        status: next.code().to_owned(),
        standing: sample.standing,
        lab_id: sample.lab_id,
        received_at: sample.received_at,
        decided_at: sample.decided_at,
        conclusion_revision: sample.conclusion_revision,
    };
    let concluded = |standing| SampleProgress {
        standing: Word(standing),
        decided_at: Some(Ts(call.at)),
        conclusion_revision: sample.conclusion_revision + 1,
        ..same.clone()
    };
    match action {
        Action::Seal { lab, .. } => SampleProgress { lab_id: lab.map(|lab| Id(lab.0)), ..same },
        Action::Receive => SampleProgress { received_at: Some(Ts(call.at)), ..same },
        Action::Refuse(_) => SampleProgress { standing: Word(Standing::Refused), ..same },
        Action::Approve(_) => concluded(conclusion_of(sample, &loaded.items)),
        // A void after the report is a revision of the conclusion: a rate as of yesterday still counts it.
        Action::Void { .. } if sample.conclusion_revision > 0 => concluded(Standing::Voided),
        Action::Void { .. } => SampleProgress { standing: Word(Standing::Voided), ..same },
        Action::HandOver { .. } | Action::Enter { .. } | Action::Check | Action::Return { .. } => same,
    }
}

fn described(action: &Action) -> (&'static str, Value) {
    match action {
        Action::Seal { lab, seals } => ("sealed", json!({"lab": lab.map(|lab| lab.to_string()), "seals": seals})),
        Action::HandOver { to } => ("handed_over", json!({"to": to.to_string()})),
        Action::Receive => ("received", json!({})),
        Action::Refuse(reason) => ("refused", json!({"reason": reason.code()})),
        Action::Enter { complete } => ("entered", json!({"complete": complete})),
        Action::Check => ("checked", json!({})),
        Action::Approve(Readiness { .. }) => ("approved", json!({})),
        Action::Return { reason } => ("returned", json!({"reason": reason})),
        Action::Void { reason, second } => {
            ("voided", json!({"reason": reason, "second": second.map(|second| second.to_string())}))
        }
    }
}
