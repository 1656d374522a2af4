//! Whole lives of samples at once, for what fills an empty database. What people do one step at a time is written by the nouns.

use crate::audit::{AuditRow, Seal};
use crate::cells::CellRow;
use crate::idempotency::Answered;
use crate::names::names_put;
use crate::samples::{ConclusionRow, CustodyRow, Item, Sample};
use crate::schema::{
    audit, audit_seal, conclusion, custody_event, idempotency, item, organisation, person, rate_cell, sample,
};
use crate::{Conn, Error, on};
use diesel::dsl::exists;
use diesel::prelude::*;

/// Rows a statement: no table has more than 32 columns, and SQLite binds at most 32766 values.
const ROWS_MAX: usize = 1_000;

/// Rows of samples with everything that happened to them.
#[derive(Debug, Default)]
pub struct Lives {
    /// Samples as they stand at the end.
    pub samples: Vec<Sample>,
    /// Their items, likewise.
    pub items: Vec<Item>,
    /// Their conclusions.
    pub conclusions: Vec<ConclusionRow>,
    /// Their custody.
    pub custody: Vec<CustodyRow>,
    /// The record of each step.
    pub audits: Vec<AuditRow>,
    /// The links that hold it.
    pub seals: Vec<Seal>,
    /// By what a registration is known again.
    pub answered: Vec<Answered>,
}

/// Inserts rows, so many at a time as both databases take.
macro_rules! put {
    ($conn:expr, $table:expr, $rows:expr) => {
        for some in $rows.chunks(ROWS_MAX) {
            on!($conn, c => diesel::insert_into($table).values(some).execute(c))?;
        }
    };
}

/// Puts lives. Their cells are [`cells_insert`]'s.
///
/// # Errors
/// [`Error::Duplicate`] when a key is taken.
pub fn lives_insert(conn: &mut Conn, lives: &Lives) -> Result<(), Error> {
    put!(conn, sample::table, lives.samples);
    names_put(conn, lives.samples.iter().flat_map(Sample::names))?;
    put!(conn, item::table, lives.items);
    put!(conn, conclusion::table, lives.conclusions);
    put!(conn, custody_event::table, lives.custody);
    put!(conn, audit::table, lives.audits);
    put!(conn, audit_seal::table, lives.seals);
    put!(conn, idempotency::table, lives.answered);
    Ok(())
}

/// Puts cells where there are none yet.
///
/// # Errors
/// [`Error::Duplicate`] when there is one.
pub fn cells_insert(conn: &mut Conn, cells: &[CellRow]) -> Result<(), Error> {
    put!(conn, rate_cell::table, cells);
    Ok(())
}

/// Whether there is no sample, no person and no organisation: nothing but what a program loads by itself.
///
/// # Errors
/// Those of the database.
pub fn is_untouched(conn: &mut Conn) -> Result<bool, Error> {
    let samples: bool = on!(conn, c => diesel::select(exists(sample::table.select(sample::id))).get_result(c))?;
    let people: bool = on!(conn, c => diesel::select(exists(person::table.select(person::id))).get_result(c))?;
    let organisations: bool =
        on!(conn, c => diesel::select(exists(organisation::table.select(organisation::id))).get_result(c))?;
    Ok(!samples && !people && !organisations)
}
