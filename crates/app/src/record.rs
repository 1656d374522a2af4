//! What every change leaves behind in its own transaction: custody, cell, audit.

use crate::{Call, Error, Mark, PROVINCE, stored};
use hege_core::{City, SampleId};
use hege_rates::{Cell, Standing};
use hege_store::Conn;
use hege_store::audit::{AuditRow, Audited, audit_append};
use hege_store::cells::{CellRow, cell_apply};
use hege_store::outbox::{Message, message_put};
use hege_store::samples::{CustodyRow, Sample, custody_insert, custody_of};
use hege_store::types::{Doc, Id, Ts, Word};
use serde_json::{Value, json};

/// Puts the next step of custody and gives it back as touched.
pub(crate) fn custody(conn: &mut Conn, call: &Call, id: SampleId, step: (&str, Value)) -> Result<Value, Error> {
    let seq = custody_of(conn, id)?.last().map_or(1, |last| last.seq + 1);
    let row = CustodyRow {
        city: stored(id.city),
        sample_id: Id(id.uuid),
        seq,
        kind: step.0.to_owned(),
        at: Ts(call.at),
        person_id: Id(call.user().0),
        detail: Doc(step.1),
    };
    custody_insert(conn, &row)?;
    Ok(row.touched()?)
}

/// Appends the audit row of a call about a sample.
pub(crate) fn audit(conn: &mut Conn, call: &Call, id: SampleId, what: (&str, Vec<Value>, Value)) -> Result<(), Error> {
    audit_in(conn, call, id.city, what)
}

/// Appends the audit row of a call that is about no one sample.
pub(crate) fn audit_in(conn: &mut Conn, call: &Call, city: City, what: (&str, Vec<Value>, Value)) -> Result<(), Error> {
    audit_at(conn, stored(city), &call.mark(), what)
}

/// Moves a sample from one standing to another in its cell. The last statement of a transaction.
pub(crate) fn cell(conn: &mut Conn, sample: &Sample, before: Option<Standing>) -> Result<(), Error> {
    let Word(after) = sample.standing;
    if before == Some(after) {
        return Ok(());
    }
    Ok(cell_apply(conn, &CellRow::of(sample, Cell::change(before, Some(after))))?)
}

/// Appends the audit row of a change that belongs to the province as a whole.
pub(crate) fn audit_own(conn: &mut Conn, mark: &Mark, what: (&str, Vec<Value>, Value)) -> Result<(), Error> {
    audit_at(conn, stored(PROVINCE.city()), mark, what)
}

/// Appends the audit row of a change under a shard.
pub(crate) fn audit_at(conn: &mut Conn, city: i32, mark: &Mark, what: (&str, Vec<Value>, Value)) -> Result<(), Error> {
    let row = AuditRow {
        city,
        id: Id(mark.audit_id),
        at: Ts(mark.at),
        person_id: mark.person.map(|person| Id(person.0)),
        action: what.0.to_owned(),
        rows: Doc(Value::Array(what.1)),
        detail: Doc(what.2),
        seal: None,
    };
    Ok(audit_append(conn, &row)?)
}

/// Moves a sample whose standing stays from the cell of its row `before` to that of its row now. The last statement of a
/// transaction.
pub(crate) fn cell_moved(conn: &mut Conn, before: &Sample, now: &Sample) -> Result<(), Error> {
    let key = |row: &Sample| (row.stage, row.sector, row.task_type, row.sample_kind, row.month);
    if key(before) == key(now) {
        return Ok(());
    }
    cell_apply(conn, &CellRow::of(before, Cell::change(Some(before.standing.0), None)))?;
    Ok(cell_apply(conn, &CellRow::of(now, Cell::change(None, Some(now.standing.0))))?)
}

/// What is put into the outbox when a sample's standing was decided: approved, voided or refused.
pub(crate) const CONCLUDED: &str = "concluded";

/// Puts the message that a sample's standing was decided. One call puts one, under the id of its audit row.
pub(crate) fn concluded(conn: &mut Conn, call: &Call, id: SampleId, sample: &Sample) -> Result<(), Error> {
    let message = Message {
        city: sample.city,
        id: Id(call.audit_id),
        topic: CONCLUDED.to_owned(),
        payload: Doc(json!({"sample": id.to_string(), "stage": sample.stage.0.code()})),
        state: "waiting".to_owned(),
        attempts: 0,
        due_at: Ts(call.at),
        leased_until: None,
        last_error: None,
    };
    Ok(message_put(conn, &message)?)
}
