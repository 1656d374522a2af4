//! What every change leaves behind in its own transaction: custody, cell, audit.

use crate::{Call, Error, Mark, PROVINCE, stored};
use hege_core::SampleId;
use hege_rates::{Cell, Standing};
use hege_store::Conn;
use hege_store::audit::{AuditRow, Audited, audit_append};
use hege_store::cells::{CellRow, cell_apply};
use hege_store::samples::{CustodyRow, Sample, custody_insert, custody_of};
use hege_store::types::{Doc, Id, Ts, Word};
use serde_json::Value;

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

/// Appends the audit row of a call.
pub(crate) fn audit(conn: &mut Conn, call: &Call, id: SampleId, what: (&str, Vec<Value>, Value)) -> Result<(), Error> {
    let row = AuditRow {
        city: stored(id.city),
        id: Id(call.audit_id),
        at: Ts(call.at),
        person_id: Some(Id(call.user().0)),
        action: what.0.to_owned(),
        rows: Doc(Value::Array(what.1)),
        detail: Doc(what.2),
        seal: None,
    };
    Ok(audit_append(conn, &row)?)
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
    let row = AuditRow {
        city: PROVINCE,
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
