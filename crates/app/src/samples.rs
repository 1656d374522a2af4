//! 样品: registered, sealed, handed over, received or refused, checked, approved, returned, voided.

mod seen;

pub use hege_store::amendments::AmendmentRow;
pub use hege_store::samples::{ConclusionRow, CustodyRow, Item, Sample};
pub use seen::{Cursor, Page, Search, Seen, fetch, form_of, id_of, list};

use crate::fields::{document_of, stored_fields};
use crate::record::{audit, cell, concluded, custody};
use crate::results::{conclusion_of, readiness};
use crate::{Call, Error, stored};
use hege_core::date::china_date;
use hege_core::{Month, Problem, Problems, Role, SampleId, TaskType, UserId};
use hege_lab::ItemVerdict;
use hege_rates::Standing;
use hege_sampling::form::{Form, Raw};
use hege_sampling::life_cycle::{Action, Actor, Denial, Items, Past, Status, apply};
use hege_store::amendments::SampleForm;
use hege_store::audit::Audited;
use hege_store::idempotency::{Answered, answered_fetch, answered_insert, body_hash};
use hege_store::samples::{
    SampleProgress, conclusion_insert, custody_of, form_no_holder, item_update, items_insert, items_of, sample_fetch,
    sample_insert, sample_progress,
};
use hege_store::types::{Day, Doc, Id, Ts, Word};
use hege_store::{Conn, Store};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A registration: the checked form and what is ordered. The caller's organisation took the sample.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The form.
    pub form: Form,
    /// The form's personal fields, sealed by the caller; none when it has none.
    pub personal: Option<Vec<u8>>,
    /// Analytes ordered, each with whether it is for risk monitoring only. At least one, each once.
    pub items: Vec<(String, bool)>,
}

/// Registers a sample with its ordered items. The same registration again by the same person gives the sample as it stands and
/// changes nothing. What is the same is decided by everything but the personal fields, whose digest would betray them.
///
/// # Errors
/// [`Error::Denied`] without the inspector's role; [`Error::Invalid`] without items, with one twice, for another sampling
/// organisation than the caller's, and when the form number is taken; [`Error::Idempotency`] when the id was used for another
/// registration; [`Error::Personal`] when personal fields come unsealed.
pub fn register(store: &Store, call: &Call, registration: &Registration) -> Result<Sample, Error> {
    if !call.actor.roles.contains(&Role::Inspector) {
        return Err(Denial::WrongRole.into());
    }
    orderable(call, registration).map_err(Error::Invalid)?;
    if registration.personal.is_none() && !registration.form.personal().is_empty() {
        return Err(Error::Personal);
    }
    let put = || store.write(|conn| put(conn, call, registration));
    match put() {
        // Somebody took id or number after we had looked. What they wrote can be seen now.
        Err(Error::Store(hege_store::Error::Duplicate(_))) => put(),
        outcome => outcome,
    }
}

/// Characters of an analyte's code.
const ANALYTE_MAX: usize = 100;

fn orderable(call: &Call, registration: &Registration) -> Result<(), Problems> {
    let mut problems = Problems::new();
    let items = &registration.items;
    problems
        .check(!items.is_empty(), || Problem::new("/items", "items_missing", "至少一个检验项目", "at least one item"));
    let mut seen = BTreeSet::new();
    for (index, (analyte, _)) in items.iter().enumerate() {
        let at = || format!("/items/{index}");
        problems.check(seen.insert(analyte), || {
            Problem::new(at(), "item_twice", "同一项目出现两次", "the item stands twice")
        });
        let is_code = !analyte.trim().is_empty() && analyte.chars().count() <= ANALYTE_MAX;
        problems.check(is_code && !analyte.chars().any(char::is_control), || {
            Problem::new(at(), "bad_text", "须为 1 至 100 字的项目代码", "a code of 1 to 100 characters")
        });
    }
    problems.check(registration.form.sampling_org.is_none_or(|org| org == call.organisation), || {
        let (zh, en) = ("抽样单位与登录人员所属机构不一致", "another organisation than the one you act for");
        Problem::new("/sampling_org", "other_organisation", zh, en)
    });
    problems.into_result(())
}

fn put(conn: &mut Conn, call: &Call, registration: &Registration) -> Result<Sample, Error> {
    let id = registration.form.id;
    let answered = Answered {
        city: stored(id.city),
        key: Id(id.uuid),
        person_id: Id(call.user().0),
        body_hash: body(call, registration),
        status: 201,
        answer: Doc(json!({"id": id.to_string()})),
        at: Ts(call.at),
    };
    let row = row(call, registration);
    // The number is asked for before the id: whoever holds it has left the answer with it, and this very registration, sent
    // twice at once, is no other holder.
    let is_taken = form_no_holder(conn, row.city, &row.form_no)?.is_some();
    if let Some(before) = answered_fetch(conn, answered.city, answered.key)? {
        let is_same = before.person_id == answered.person_id && before.body_hash == answered.body_hash;
        let sample = if is_same { sample_fetch(conn, id)? } else { None };
        return sample.ok_or(Error::Idempotency);
    }
    if is_taken {
        let (zh, en) = ("抽样单编号已使用", "the form number is taken");
        return Err(Error::Invalid(Problem::new("/form_no", "form_no_taken", zh, en).into()));
    }
    let items: Vec<Item> = registration.items.iter().map(|(analyte, risk)| ordered(&row, analyte, *risk)).collect();
    sample_insert(conn, std::slice::from_ref(&row))?;
    items_insert(conn, &items)?;
    let mut touched = vec![row.touched()?, custody(conn, call, id, ("registered", json!({})))?];
    for item in &items {
        touched.push(item.touched()?);
    }
    audit(conn, call, id, ("registered", touched, json!({})))?;
    answered_insert(conn, &answered)?;
    cell(conn, &row, None)?;
    Ok(row)
}

fn body(call: &Call, registration: &Registration) -> Vec<u8> {
    let items: BTreeSet<&(String, bool)> = registration.items.iter().collect();
    body_hash(&json!([document_of(&registration.form.document()), items, call.organisation.to_string()]))
}

/// The columns that a form decides, apart from those that never change.
pub(crate) fn form_columns(form: &Form, personal: Option<Vec<u8>>) -> SampleForm {
    SampleForm {
        sector: form.sector.map(Word),
        sample_kind: Word(form.sample_kind),
        // Six digits.
        region: i32::try_from(form.region.get()).unwrap_or(i32::MAX),
        food_class: form.food_class.clone(),
        product_name: form.product_name.clone(),
        sampled_unit: form.sampled_unit.clone(),
        producer: form.producer.text().map(str::to_owned),
        sampled_at: Ts(form.sampled_at),
        month: Month::of(china_date(form.sampled_at)).yyyymm(),
        deciding_date: Some(Day(form.date)),
        form: Doc(document_of(&form.document())),
        personal,
    }
}

fn row(call: &Call, registration: &Registration) -> Sample {
    let form = &registration.form;
    let columns = form_columns(form, registration.personal.clone());
    let is_risk = form.task_type == TaskType::RiskMonitoring;
    Sample {
        city: stored(form.id.city),
        id: Id(form.id.uuid),
        form_no: form.form_no.clone(),
        status: Status::Registered.code().to_owned(),
        standing: Word(if is_risk { Standing::Risk } else { Standing::Pending }),
        stage: Word(form.stage),
        sector: columns.sector,
        task_type: Word(form.task_type),
        sample_kind: columns.sample_kind,
        region: columns.region,
        food_class: columns.food_class,
        product_name: columns.product_name,
        sampled_unit: columns.sampled_unit,
        producer: columns.producer,
        lab_id: None,
        sampling_org_id: Id(call.organisation.0),
        sampled_at: columns.sampled_at,
        month: columns.month,
        deciding_date: columns.deciding_date,
        form: columns.form,
        personal: columns.personal,
        registered_by: Id(call.user().0),
        registered_at: Ts(call.at),
        received_at: None,
        decided_at: None,
        conclusion_revision: 0,
        revision: 1,
    }
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

/// What a person may be to a sample: an inspector of what their organisation took, of the laboratory that it is addressed to.
fn acting(sample: &Sample, call: &Call) -> Actor {
    let organisation = Id(call.organisation.0);
    let is_theirs = |role: &Role| {
        if role.is_laboratory() { sample.lab_id == Some(organisation) } else { sample.sampling_org_id == organisation }
    };
    Actor { user: call.user(), roles: call.actor.roles.iter().copied().filter(is_theirs).collect() }
}

/// A sample as a use case needs it: its row, its items, who had which part in it, and what the caller may be to it.
pub(crate) struct Loaded {
    pub(crate) sample: Sample,
    pub(crate) items: Vec<Item>,
    pub(crate) status: Status,
    pub(crate) past: Past,
    pub(crate) actor: Actor,
}

/// Loads a sample for a person. One that their organisation neither took nor was sent is not there for them.
pub(crate) fn load(conn: &mut Conn, call: &Call, id: SampleId) -> Result<Loaded, Error> {
    let sample = sample_fetch(conn, id)?.ok_or(Error::NotFound)?;
    let actor = acting(&sample, call);
    if actor.roles.is_empty() || !call.scope.sees_stage(sample.stage.0) {
        return Err(Error::NotFound);
    }
    let items = items_of(conn, id)?;
    let corrupt = || hege_store::Error::Corrupt("sample");
    let status = sample.status.parse().map_err(|_not_a_status| corrupt())?;
    let fields = stored_fields(&sample.form.0).ok_or_else(corrupt)?;
    let Some(Raw::List(samplers)) = fields.get("samplers") else { return Err(corrupt().into()) };
    // Who entered or checked is read from custody, which keeps everybody, and not from the items, which keep the last.
    let events = custody_of(conn, id)?;
    let who = |kind: &'static str| {
        events.iter().filter(move |event| event.kind == kind).map(|event| UserId(event.person_id.0))
    };
    let past = Past {
        samplers: samplers.iter().filter_map(|id| id.parse().ok()).collect(),
        entered: who("entered").collect(),
        checked: who("checked").next_back(),
        void_requested: who("void_requested").next_back(),
        items: standing_items(&items),
    };
    Ok(Loaded { sample, items, status, past, actor })
}

/// What the items say of check and approval, read in the transaction that rests on it.
fn standing_items(items: &[Item]) -> Items {
    let named = |holds: fn(&Item) -> bool| {
        items.iter().filter(|item| holds(item)).map(|item| item.analyte.clone()).collect::<BTreeSet<_>>()
    };
    Items {
        stated: named(|item| item.stated.is_some()),
        not_judgeable: named(|item| item.verdict.as_deref() == Some(ItemVerdict::NotJudgeable.code())),
        left_out: named(|item| item.left_out.is_some()),
        readiness: readiness(items),
    }
}

/// Does one step of a sample's life. Results are entered by [`crate::results::enter`], forms corrected by
/// [`crate::amendments::amend`].
///
/// `seen` is the revision that the person saw.
///
/// # Errors
/// [`Error::Conflict`] when somebody was faster, [`Error::Denied`] by the life cycle, [`Error::NotFound`].
pub fn step(store: &Store, call: &Call, id: SampleId, (seen, action): (i64, &Action)) -> Result<Sample, Error> {
    if matches!(action, Action::Enter { .. } | Action::Amend) {
        return Err(Denial::WrongStatus.into());
    }
    store.write(|conn| {
        let loaded = load(conn, call, id)?;
        let next = apply(loaded.status, action, &loaded.past, &loaded.actor)?;
        let before = loaded.sample.standing.0;
        let change = progress(&loaded, action, (next, call));
        let sample = sample_progress(conn, id, seen, &change)?.ok_or(Error::Conflict)?;
        let (kind, detail) = described(action);
        let mut touched = vec![sample.touched()?, custody(conn, call, id, (kind, detail.clone()))?];
        for item in loaded.items.iter().filter_map(|item| settled(item, action, call)) {
            item_update(conn, &item)?;
            touched.push(item.touched()?);
        }
        if sample.conclusion_revision != loaded.sample.conclusion_revision {
            let conclusion = conclusion_row(&sample, call, &detail);
            conclusion_insert(conn, &conclusion)?;
            touched.push(conclusion.touched()?);
        }
        audit(conn, call, id, (kind, touched, detail))?;
        if matches!(action, Action::Approve { .. } | Action::Void { .. } | Action::Refuse(_)) {
            concluded(conn, call, id, &sample)?;
        }
        cell(conn, &sample, Some(before))?;
        Ok(sample)
    })
}

/// An item as a step leaves it; none when the step does not touch it. Who checks confirms stated criteria and leaves items
/// out, who approves agrees to that, and a return takes all of it back.
fn settled(item: &Item, action: &Action, call: &Call) -> Option<Item> {
    let (person, at) = (call.user().to_string(), call.at.to_string());
    let signed = |doc: Option<&Doc>, (by, when): (&str, &str)| {
        let mut doc = doc?.clone();
        let object = doc.0.as_object_mut()?;
        object.insert(by.to_owned(), json!(person));
        object.insert(when.to_owned(), json!(at));
        Some(doc)
    };
    let unsigned = |doc: &Option<Doc>| {
        let mut doc = doc.clone()?;
        let object = doc.0.as_object_mut()?;
        for name in ["confirmed_by", "confirmed_at"] {
            object.insert(name.to_owned(), Value::Null);
        }
        Some(doc)
    };
    let changed = match action {
        Action::Check { confirms, leaves_out } => Item {
            stated: if confirms.contains(&item.analyte) {
                signed(item.stated.as_ref(), ("confirmed_by", "confirmed_at"))
            } else {
                item.stated.clone()
            },
            left_out: leaves_out
                .get(&item.analyte)
                .map(|reason| Doc(json!({"reason": reason.trim(), "left_out_by": person, "left_out_at": at}))),
            ..item.clone()
        },
        Action::Approve { .. } => {
            Item { left_out: signed(item.left_out.as_ref(), ("agreed_by", "agreed_at")), ..item.clone() }
        }
        Action::Return { .. } => Item { stated: unsigned(&item.stated), left_out: None, ..item.clone() },
        _ => return None,
    };
    (changed != *item).then(|| Item { revision: item.revision + 1, ..changed })
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
    let same = SampleProgress { status: next.code().to_owned(), ..SampleProgress::of(sample) };
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
        Action::Approve { .. } => concluded(conclusion_of(sample, &loaded.items)),
        // A void after the report is a revision of the conclusion: a rate as of yesterday still counts it.
        Action::Void { .. } if sample.conclusion_revision > 0 => concluded(Standing::Voided),
        Action::Void { .. } => SampleProgress { standing: Word(Standing::Voided), ..same },
        Action::Amend
        | Action::HandOver { .. }
        | Action::Enter { .. }
        | Action::Check { .. }
        | Action::Return { .. }
        | Action::RequestVoid { .. } => same,
    }
}

fn described(action: &Action) -> (&'static str, Value) {
    match action {
        Action::Amend => ("amended", json!({})),
        Action::Seal { lab, seals } => ("sealed", json!({"lab": lab.map(|lab| lab.to_string()), "seals": seals})),
        Action::HandOver { to } => ("handed_over", json!({"to": to.to_string()})),
        Action::Receive => ("received", json!({})),
        Action::Refuse(reason) => ("refused", json!({"reason": reason.code()})),
        Action::Enter { complete } => ("entered", json!({"complete": complete})),
        Action::Check { confirms, leaves_out } => ("checked", json!({"confirms": confirms, "leaves_out": leaves_out})),
        Action::Approve { agrees } => ("approved", json!({"agrees": agrees})),
        Action::Return { reason } => ("returned", json!({"reason": reason})),
        Action::RequestVoid { reason } => ("void_requested", json!({"reason": reason})),
        Action::Void { reason } => ("voided", json!({"reason": reason})),
    }
}
