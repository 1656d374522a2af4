//! What every change leaves behind in its own transaction: custody, cell, audit.

use crate::samples::Left;
use crate::{Call, Error, Mark, PROVINCE, stored};
use hege_core::{City, SampleId};
use hege_rates::{Cell, Standing};
use hege_store::Conn;
use hege_store::audit::{AuditRow, audit_append};
use hege_store::cells::{CellRow, cell_apply, cells_apply};
use hege_store::outbox::{Message, message_put};
use hege_store::samples::{
    CustodyRow, Sample, SampleProgress, conclusion_insert, custody_insert, item_update, sample_progress,
};
use hege_store::types::{Doc, Id, Ts, Word};
use serde_json::{Value, json};

/// A step of custody: its number, what it is, and its data.
pub(crate) fn custody_row(call: &Call, sample: &Sample, (seq, kind, detail): (i32, &str, Value)) -> CustodyRow {
    CustodyRow {
        city: sample.city,
        sample_id: sample.id,
        seq,
        kind: kind.to_owned(),
        at: Ts(call.at),
        person_id: Id(call.user().0),
        detail: Doc(detail),
    }
}

/// Writes what a step left of a sample over what it found, if that is the revision which was seen.
pub(crate) fn step_write(
    conn: &mut Conn,
    (id, seen): (SampleId, i64),
    found: &Sample,
    left: &Left,
) -> Result<(), Error> {
    let change = SampleProgress::of(&left.sample);
    if found.revision != seen || sample_progress(conn, id, seen, &change)?.is_none() {
        return Err(Error::Conflict);
    }
    for item in &left.items {
        item_update(conn, item)?;
    }
    custody_insert(conn, &left.custody)?;
    if let Some(conclusion) = &left.conclusion {
        conclusion_insert(conn, conclusion)?;
    }
    Ok(audit_append(conn, &left.audit)?)
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
    Ok(audit_append(conn, &audit_row(city, mark, what))?)
}

/// The audit row of a change under a shard: what was done, which rows it touched, its data.
pub(crate) fn audit_row(city: i32, mark: &Mark, (action, rows, detail): (&str, Vec<Value>, Value)) -> AuditRow {
    AuditRow {
        city,
        id: Id(mark.audit_id),
        at: Ts(mark.at),
        person_id: mark.person.map(|person| Id(person.0)),
        action: action.to_owned(),
        rows: Doc(Value::Array(rows)),
        detail: Doc(detail),
        seal: None,
    }
}

/// Moves a sample whose standing stays from the cell of its row `before` to that of its row now. The last statement of a
/// transaction.
pub(crate) fn cell_moved(conn: &mut Conn, before: &Sample, now: &Sample) -> Result<(), Error> {
    let key = |row: &Sample| (row.stage, row.sector, row.task_type, row.sample_kind, row.month);
    if key(before) == key(now) {
        return Ok(());
    }
    cells_apply(
        conn,
        vec![
            CellRow::of(before, Cell::change(Some(before.standing.0), None)),
            CellRow::of(now, Cell::change(None, Some(now.standing.0))),
        ],
    )?;
    Ok(())
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
