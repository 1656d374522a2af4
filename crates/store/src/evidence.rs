//! 证据: what the record says of one sample, and the links of the chain that hold it.

use crate::amendments::amendments_of;
use crate::attachments::attachments_of;
use crate::audit::{AuditRow, Audited, Seal};
use crate::bulletins::entries_of;
use crate::disposals::disposals_of;
use crate::imports::SampleImport;
use crate::objections::objections_of;
use crate::reinspections::{reinspection_items_of, reinspections_of};
use crate::samples::{Sample, conclusions_of, custody_of, items_of};
use crate::schema::{audit, audit_seal, sample_import};
use crate::services::services_of;
use crate::types::Ts;
use crate::{Conn, Error, on};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use hege_core::SampleId;
use serde_json::Value;

/// The audit rows under a shard from an instant on that tell of a sample, oldest first. `printed` is its id as printed, which stands
/// in the keys of its rows and in what is told of it.
///
/// # Errors
/// Those of the database.
pub fn audits_about(conn: &mut Conn, (city, from): (i32, Ts), printed: &str) -> Result<Vec<AuditRow>, Error> {
    // Digits, letters and hyphens only: no pattern.
    let told = format!("%{printed}%");
    Ok(on!(conn, c => audit::table
        .filter(audit::city.eq(city).and(audit::at.ge(from)))
        .filter(diesel::dsl::sql::<Bool>(r#"(CAST("audit"."rows" AS TEXT) LIKE "#)
            .bind::<Text, _>(told.clone())
            .sql(r#" OR CAST("audit"."detail" AS TEXT) LIKE "#)
            .bind::<Text, _>(told)
            .sql(")"))
        .order((audit::at, audit::id))
        .select(AuditRow::as_select())
        .load(c))?)
}

/// Links of a city's chain after one of them, in their order.
///
/// # Errors
/// Those of the database.
pub fn links_after(conn: &mut Conn, city: i32, after: i64, limit: i64) -> Result<Vec<Seal>, Error> {
    Ok(on!(conn, c => audit_seal::table
        .filter(audit_seal::city.eq(city).and(audit_seal::seq.gt(after)))
        .order(audit_seal::seq)
        .limit(limit)
        .select(Seal::as_select())
        .load(c))?)
}

/// A row as it is recorded: its table, its key, and the state whose hash the record holds.
#[derive(Debug, Clone, PartialEq)]
pub struct RowState {
    /// Its table.
    pub table: &'static str,
    /// Its key as printed.
    pub key: String,
    /// Its state.
    pub state: Value,
}

fn states<R: Audited>(rows: &[R]) -> Result<Vec<RowState>, Error> {
    let state = |row: &R| {
        let state = serde_json::to_value(row).map_err(|_not_json| Error::Corrupt(R::TABLE))?;
        Ok(RowState { table: R::TABLE, key: row.key(), state })
    };
    rows.iter().map(state).collect()
}

/// Every recorded row of a sample, table by table: what [`crate::verify`] holds against the record.
///
/// # Errors
/// Those of the database.
pub fn rows_of(conn: &mut Conn, sample: &Sample, id: SampleId) -> Result<Vec<RowState>, Error> {
    let mut rows = states(std::slice::from_ref(sample))?;
    rows.extend(states(&items_of(conn, id)?)?);
    rows.extend(states(&conclusions_of(conn, id)?)?);
    rows.extend(states(&custody_of(conn, id)?)?);
    rows.extend(states(&amendments_of(conn, id)?)?);
    rows.extend(states(&attachments_of(conn, id)?)?);
    rows.extend(states(&import_of(conn, sample)?)?);
    rows.extend(states(&services_of(conn, id)?)?);
    rows.extend(states(&reinspections_of(conn, id)?)?);
    rows.extend(states(&reinspection_items_of(conn, id)?)?);
    rows.extend(states(&objections_of(conn, id)?)?);
    rows.extend(states(&disposals_of(conn, id)?)?);
    let published: Vec<_> = entries_of(conn, id)?.into_iter().map(|(entry, _)| entry).collect();
    rows.extend(states(&published)?);
    Ok(rows)
}

/// From which file an imported sample came.
fn import_of(conn: &mut Conn, sample: &Sample) -> Result<Vec<SampleImport>, Error> {
    Ok(on!(conn, c => sample_import::table
        .filter(sample_import::city.eq(sample.city).and(sample_import::sample_id.eq(sample.id)))
        .select(SampleImport::as_select())
        .load(c))?)
}
