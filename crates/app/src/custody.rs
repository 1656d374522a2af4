//! 流转 as evidence: where a sample's custody is wanting, what proof of its sampling is, and when a portion may end.

use crate::Error;
use crate::deadlines::clocks_of;
use crate::fields::stored_fields;
use crate::samples::{CustodyRow, Loaded, Sample};
use hege_core::TaskType;
use hege_core::{Problem, SampleId, UserId};
use hege_sampling::custody::{Does, Gap, Holder, Link, Portion, gaps};
use hege_sampling::deadlines::{Clock, State};
use hege_sampling::evidence::{Wanting, wanting};
use hege_sampling::form::{Fields, Raw};
use hege_sampling::life_cycle::{Denial, Status};
use hege_sampling::words::Packaging;
use hege_store::Conn;
use hege_store::attachments::AttachmentRow;
use hege_store::batches::batch_holders;
use hege_store::samples::{conclusions_of, custody_of};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

fn text<'a>(detail: &'a Value, name: &str) -> Option<&'a str> {
    detail.get(name).and_then(Value::as_str)
}

fn texts(detail: &Value, name: &str) -> BTreeSet<String> {
    let values = detail.get(name).and_then(Value::as_array).into_iter().flatten();
    values.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn person(detail: &Value, name: &str) -> Option<UserId> {
    text(detail, name)?.parse().ok()
}

/// What a step says of who has the sample; none for one that says nothing of it.
fn link(sample: &Sample, event: &CustodyRow) -> Option<Link> {
    let detail = &event.detail.0;
    let does = match event.kind.as_str() {
        "registered" => Does::Taken,
        "measured" => Does::Holds,
        "sealed" => Does::Sealed(texts(detail, "seals")),
        "handed_over" => Does::GoesTo(Holder::Person(person(detail, "to")?)),
        "dispatched" => Does::GoesTo(Holder::Carrier(carrier(detail))),
        "received" | "refused" => {
            let by_carrier = || detail.get("by_carrier").map(|_| Holder::Carrier(String::new()));
            let from = person(detail, "delivered_by").map(Holder::Person).or_else(by_carrier);
            Does::Arrives { from, seals: texts(detail, "seals_found") }
        }
        _ => return None,
    };
    let happened = text(detail, "happened_at").and_then(|at| at.parse().ok()).unwrap_or(event.at.0);
    let at: Timestamp = if does == Does::Taken { sample.sampled_at.0 } else { happened };
    Some(Link { at, by: UserId(event.person_id.0), does })
}

fn carrier(detail: &Value) -> String {
    format!("{} {}", text(detail, "carrier").unwrap_or_default(), text(detail, "waybill").unwrap_or_default())
}

/// Where a sample's custody is wanting. Of imported history there is none to hold.
pub(crate) fn gaps_of(sample: &Sample, events: &[CustodyRow]) -> Vec<Gap> {
    let samplers = match stored_fields(&sample.form.0).as_ref().and_then(|fields| fields.get("samplers")) {
        Some(Raw::List(samplers)) => samplers.iter().filter_map(|id| id.parse().ok()).collect(),
        _ => BTreeSet::new(),
    };
    let links: Vec<Link> = events.iter().filter_map(|event| link(sample, event)).collect();
    gaps(&links, &samplers)
}

/// What proof of a sampling is wanting beside the form. Of imported history nothing is asked.
pub(crate) fn wanting_of(sample: &Sample, events: &[CustodyRow], files: &[AttachmentRow]) -> Vec<Wanting> {
    let Some(form) = stored_fields(&sample.form.0) else { return Vec::new() };
    if events.iter().any(|event| event.kind == "imported") {
        return Vec::new();
    }
    let files: Vec<_> = files.iter().map(|row| (row.kind.0, row.subject.map(|subject| subject.0))).collect();
    wanting(&form, &files)
}

/// Whether a portion may end: once, and the backup when its time is over and nothing is open. A sample that was refused or voided
/// keeps nobody waiting.
pub(crate) fn may_destroy(conn: &mut Conn, loaded: &Loaded, (portion, at): (Portion, Timestamp)) -> Result<(), Error> {
    let id = crate::samples::id_of(&loaded.sample)?;
    let custody = custody_of(conn, id)?;
    let is_gone = custody
        .iter()
        .any(|event| event.kind == "destroyed" && text(&event.detail.0, "portion") == Some(portion.code()));
    if is_gone {
        return Err(Denial::PortionGone.into());
    }
    if portion == Portion::Test || matches!(loaded.status, Status::Refused | Status::Voided) {
        return Ok(());
    }
    let denial = match backup_state(conn, loaded, (id, &custody, at))? {
        Some(State::Over) => return Ok(()),
        Some(State::Held) => Denial::RetentionHeld,
        Some(State::Kept) => Denial::RetentionRunning,
        _ => Denial::RetentionUnknown,
    };
    Err(denial.into())
}

/// Where the time of the backup stands; none when no rule gives it one.
fn backup_state(
    conn: &mut Conn,
    loaded: &Loaded,
    (id, custody, at): (SampleId, &[CustodyRow], Timestamp),
) -> Result<Option<State>, Error> {
    let conclusions = conclusions_of(conn, id)?;
    let clocks = clocks_of(conn, (&loaded.sample, &loaded.items, custody), &conclusions, at)?;
    let is_backup = |clock: Clock| matches!(clock, Clock::BackupConforming | Clock::BackupNonconforming);
    Ok(clocks.into_iter().find(|clocked| is_backup(clocked.rule.clock)).map(|clocked| clocked.state))
}

/// Tasks that go after what was found before: the same batch is taken again on purpose.
const AGAIN: [TaskType; 4] = [TaskType::FollowUp, TaskType::Complaint, TaskType::Case, TaskType::Emergency];

fn stated<'a>(form: &'a Fields, code: &str) -> Option<&'a str> {
    match form.get(code) {
        Some(Raw::Text(text)) => Some(text.trim()).filter(|text| !text.is_empty() && *text != "/"),
        _ => None,
    }
}

/// A batch that a seller was sampled of before is not sampled there again (docs/DOMAIN.md 1.3): one batch, one form. Known by
/// product, producer, batch number and date; food without a label has none.
pub(crate) fn not_sampled_before(conn: &mut Conn, sample: &Sample) -> Result<(), Error> {
    let Some(form) = stored_fields(&sample.form.0) else { return Ok(()) };
    let is_packed = stated(&form, "packaging") == Some(Packaging::Prepackaged.code());
    let (Some(batch), Some(day)) = (stated(&form, "batch_no"), sample.deciding_date) else { return Ok(()) };
    if !is_packed || AGAIN.contains(&sample.task_type.0) {
        return Ok(());
    }
    let same = batch_holders(conn, sample, day)?
        .into_iter()
        .find(|(_, form)| stored_fields(&form.0).is_some_and(|form| stated(&form, "batch_no") == Some(batch)));
    let Some((form_no, _)) = same else { return Ok(()) };
    let (zh, en) = (
        format!("该单位的同一批次已抽样（抽样单 {form_no}）"),
        format!("this batch of this unit was sampled before (form {form_no})"),
    );
    Err(Error::Invalid(Problem::new("/batch_no", "batch_sampled", zh, en).into()))
}
