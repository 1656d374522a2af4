//! The rows that a step of a sample's life leaves, worked out from those it finds. But for what a void lets fall nothing here touches a database:
//! whoever writes them, one step at a time or whole lives at once, writes the same.

use super::Registration;
use crate::after_verdict::let_fall;
use crate::fields::{document_of, stored_fields};
use crate::record::{audit_row, custody_row};
use crate::results::{conclusion_of, is_unconfirmed, open_items, readiness};
use crate::{Call, Error, stored};
use hege_core::date::china_date;
use hege_core::{Month, RegionCode, Role, SampleId, TaskType, UserId};
use hege_lab::ItemVerdict;
use hege_rates::Standing;
use hege_sampling::custody::Particulars;
use hege_sampling::form::{Form, Raw};
use hege_sampling::life_cycle::{Action, Actor, Items, Past, Status, apply};
use hege_store::Conn;
use hege_store::amendments::SampleForm;
use hege_store::audit::{AuditRow, Audited};
use hege_store::idempotency::{Answered, body_hash};
use hege_store::samples::{ConclusionRow, CustodyRow, Item, Sample, SampleProgress};
use hege_store::types::{Day, Doc, Id, Ts, Word};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a step leaves: each row that it made or changed, as it is afterwards.
pub(crate) struct Left {
    pub(crate) sample: Sample,
    pub(crate) items: Vec<Item>,
    pub(crate) conclusion: Option<ConclusionRow>,
    pub(crate) custody: CustodyRow,
    pub(crate) audit: AuditRow,
}

impl Left {
    /// With the step's audit row, which names every row.
    pub(crate) fn new(
        call: &Call,
        (sample, items, conclusion): (Sample, Vec<Item>, Option<ConclusionRow>),
        (custody, detail): (CustodyRow, Value),
    ) -> Result<Self, Error> {
        let mut touched = vec![sample.touched()?, custody.touched()?];
        for item in &items {
            touched.push(item.touched()?);
        }
        if let Some(conclusion) = &conclusion {
            touched.push(conclusion.touched()?);
        }
        let audit = audit_row(sample.city, &call.mark(), (&custody.kind, touched, detail));
        Ok(Self { sample, items, conclusion, custody, audit })
    }

    /// Lets go of what rests on a conclusion that is void now, and adds it to the step's record.
    pub(super) fn lets_fall(&mut self, conn: &mut Conn, call: &Call, (id, why): (SampleId, &str)) -> Result<(), Error> {
        let mut touched = Vec::new();
        let_fall(conn, call, (id, (why, "voided"), None), (&mut touched, &mut self.audit.detail.0))?;
        if let Some(rows) = self.audit.rows.0.as_array_mut() {
            rows.extend(touched);
        }
        Ok(())
    }
}

/// What a registration leaves.
pub(crate) fn registered(call: &Call, registration: &Registration) -> Result<Left, Error> {
    let sample = row(call, registration);
    let items = registration.items.iter().map(|(analyte, risk)| ordered(&sample, analyte, *risk)).collect();
    let custody = custody_row(call, &sample, (1, "registered", json!({})));
    Left::new(call, (sample, items, None), (custody, json!({})))
}

/// By what the same registration is known again, where nothing else is said of it: its form without the personal fields, its
/// items and who took it.
pub(crate) fn answered(call: &Call, registration: &Registration) -> Answered {
    let id = registration.form.id;
    let items: BTreeSet<&(String, bool)> = registration.items.iter().collect();
    let body = json!([document_of(&registration.form.document()), items, call.organisation.to_string()]);
    answered_with(call, id, (body_hash(&body), json!({"id": id.to_string()})))
}

/// A registration with its digest and the answer that it got.
pub(super) fn answered_with(call: &Call, id: SampleId, (digest, answer): (Vec<u8>, Value)) -> Answered {
    Answered {
        city: stored(id.city),
        key: Id(id.uuid),
        person_id: Id(call.user().0),
        body_hash: digest,
        status: 201,
        answer: Doc(answer),
        at: Ts(call.at),
    }
}

/// What a step leaves that is neither a registration, nor an entry of results, nor an amendment.
pub(crate) fn stepped(loaded: &Loaded, action: &Action, call: &Call) -> Result<Left, Error> {
    stepped_with(loaded, (action, &Particulars::default()), call)
}

/// The same, with what is said at the step besides.
pub(crate) fn stepped_with(
    loaded: &Loaded,
    (action, particulars): (&Action, &Particulars),
    call: &Call,
) -> Result<Left, Error> {
    let denied = |denial| Error::denied(denial, loaded.past.items.at_fault(denial, action));
    let next = apply(loaded.status, action, &loaded.past, &loaded.actor).map_err(denied)?;
    let sample = progress(loaded, action, (next, call)).onto(&loaded.sample);
    let (kind, mut detail) = described(action);
    said(&mut detail, particulars);
    let items = loaded.items.iter().filter_map(|item| settled(item, action, call)).collect();
    let is_concluded = sample.conclusion_revision != loaded.sample.conclusion_revision;
    let conclusion = is_concluded.then(|| conclusion_row(&sample, call, &detail));
    let custody = custody_row(call, &sample, (loaded.seq, kind, detail.clone()));
    Left::new(call, (sample, items, conclusion), (custody, detail))
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
        task_id: form.task.map(|task| Id(task.uuid)),
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
        task_id: columns.task_id,
    }
}

pub(crate) fn ordered(sample: &Sample, analyte: &str, risk: bool) -> Item {
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

/// What a person may be to a sample: an inspector of what their organisation took, of the laboratory that it is addressed to, an
/// administrator of its region.
pub(crate) fn acting(sample: &Sample, call: &Call) -> Actor {
    let region = u32::try_from(sample.region).ok().and_then(|code| RegionCode::new(code).ok());
    let is_administered = region.is_some_and(|region| call.scope.sees_region(region));
    let mut actor = acting_on((sample.lab_id, sample.sampling_org_id), call);
    actor.roles.remove(&Role::Administrator);
    if is_administered && call.actor.roles.contains(&Role::Administrator) {
        actor.roles.insert(Role::Administrator);
    }
    actor
}

/// What a person may be to a sample of this laboratory and sampling organisation, for one of the two.
pub(super) fn acting_on((lab, taker): (Option<Id>, Id), call: &Call) -> Actor {
    let organisation = Id(call.organisation.0);
    let is_theirs = |role: &Role| if role.is_laboratory() { lab == Some(organisation) } else { taker == organisation };
    Actor { user: call.user(), roles: call.actor.roles.iter().copied().filter(is_theirs).collect() }
}

/// A sample as a step finds it: its row, its items, who had which part in it, and what the caller may be to it.
pub(crate) struct Loaded {
    pub(crate) sample: Sample,
    pub(crate) items: Vec<Item>,
    pub(crate) status: Status,
    pub(crate) past: Past,
    pub(crate) actor: Actor,
    /// The number of the next step of custody.
    pub(crate) seq: i32,
    /// Whether its form came from a file that names no items: what is entered is what was ordered.
    pub(crate) takes_items: bool,
}

impl Loaded {
    /// A sample with its items by analyte and its custody from the beginning, for a caller.
    pub(crate) fn of(sample: Sample, items: Vec<Item>, (events, call): (&[CustodyRow], &Call)) -> Result<Self, Error> {
        let corrupt = || hege_store::Error::Corrupt("sample");
        let status = sample.status.parse().map_err(|_not_a_status| corrupt())?;
        let fields = stored_fields(&sample.form.0).ok_or_else(corrupt)?;
        let Some(Raw::List(samplers)) = fields.get("samplers") else { return Err(corrupt().into()) };
        // Who entered or checked is read from custody, which keeps everybody, and not from the items, which keep the last.
        let who = |kind: &'static str| {
            events.iter().filter(move |event| event.kind == kind).map(|event| UserId(event.person_id.0))
        };
        let past = Past {
            samplers: samplers.iter().filter_map(|id| id.parse().ok()).collect(),
            entered: who("entered").collect(),
            checked: who("checked").next_back(),
            void_requested: who("void_requested").next_back(),
            laboratory: sample.lab_id.is_some(),
            items: standing_items(&items),
        };
        let (actor, seq) = (acting(&sample, call), events.last().map_or(1, |last| last.seq + 1));
        let takes_items =
            events.first().is_some_and(|first| first.kind == "registered" && first.detail.0.get("import").is_some());
        Ok(Self { sample, items, status, past, actor, seq, takes_items })
    }
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
        open: open_items(items),
        unconfirmed: named(is_unconfirmed),
        readiness: readiness(items),
    }
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
        | Action::Dispatch { .. }
        | Action::Measure
        | Action::Store { .. }
        | Action::Open { .. }
        | Action::Destroy { .. }
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
        Action::Dispatch { carrier, waybill } => ("dispatched", json!({"carrier": carrier, "waybill": waybill})),
        Action::Measure => ("measured", json!({})),
        Action::Store { place } => ("stored", json!({"place": place})),
        Action::Open { portion } => ("opened", json!({"portion": portion.code()})),
        Action::Destroy { portion, ending, witness } => {
            ("destroyed", json!({"portion": portion.code(), "ending": ending.code(), "witness": witness.to_string()}))
        }
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

/// Puts what is said at a step beside what is done; nothing for what is not said.
fn said(detail: &mut Value, particulars: &Particulars) {
    let Some(detail) = detail.as_object_mut() else { return };
    let texts = |texts: &[String]| (!texts.is_empty()).then(|| json!(texts));
    let said = [
        ("happened_at", particulars.happened_at.map(|at| json!(at.to_string()))),
        ("temperature_c", particulars.temperature_c.map(|value| json!(value.to_string()))),
        ("condition", particulars.condition.map(|condition| json!(condition.code()))),
        ("place", particulars.place.as_ref().map(|place| json!(place))),
        ("portion", particulars.portion.map(|portion| json!(portion.code()))),
        ("backup_seals", texts(&particulars.backup_seals)),
        ("seals_found", texts(&particulars.seals_found)),
        ("delivered_by", particulars.delivered_by.map(|person| json!(person.to_string()))),
        ("by_carrier", particulars.by_carrier.then(|| json!(true))),
    ];
    detail.extend(said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
}
