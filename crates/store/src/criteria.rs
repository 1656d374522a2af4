//! 限量: the catalogue's rows as loaded, and who accepted the unverified ones.

use crate::audit::Audited;
use crate::schema::criterion;
use crate::types::{Doc, Id, Ts};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use serde::Serialize;

/// A row of the catalogue.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = criterion, treat_none_as_default_value = false)]
pub struct CriterionRow {
    /// Its id.
    pub id: String,
    /// Code of the food class.
    pub food_class: String,
    /// Code of the analyte.
    pub analyte: String,
    /// Its text fields.
    pub row: Doc,
    /// Whether its evidence suffices.
    pub verified: bool,
    /// The administrator who accepted it all the same.
    pub accepted_by: Option<Id>,
    /// When.
    pub accepted_at: Option<Ts>,
    /// Grows with each change.
    pub revision: i64,
}

impl Audited for CriterionRow {
    const TABLE: &'static str = "criterion";
    fn key(&self) -> String {
        self.id.clone()
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

/// Puts rows that are not there yet; how many were put. A row that is there is never changed by loading.
///
/// # Errors
/// Those of the database.
pub fn criteria_put(conn: &mut Conn, rows: &[CriterionRow]) -> Result<usize, Error> {
    let mut put = 0;
    for row in rows {
        put += on!(conn, c => diesel::insert_into(criterion::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    Ok(put)
}

/// Every row, by id.
///
/// # Errors
/// Those of the database.
pub fn criteria_list(conn: &mut Conn) -> Result<Vec<CriterionRow>, Error> {
    Ok(on!(conn, c => criterion::table.order(criterion::id).select(CriterionRow::as_select()).load(c))?)
}

/// How many rows there are and how often they were changed: another answer means that a catalogue in memory is old.
///
/// # Errors
/// Those of the database.
pub fn criteria_version(conn: &mut Conn) -> Result<(i64, i64), Error> {
    let rows = on!(conn, c => criterion::table.count().get_result(c))?;
    let accepted = on!(conn, c => criterion::table.filter(criterion::accepted_by.is_not_null()).count().get_result(c))?;
    Ok((rows, accepted))
}

/// Accepts a row that still has the revision `seen`. None when somebody was faster.
///
/// # Errors
/// Those of the database.
pub fn criterion_accept(
    conn: &mut Conn,
    (id, seen): (&str, i64),
    (person, at): (Id, Ts),
) -> Result<Option<CriterionRow>, Error> {
    Ok(on!(conn, c => diesel::update(criterion::table.find(id).filter(criterion::revision.eq(seen)))
        .set((
            criterion::accepted_by.eq(Some(person)),
            criterion::accepted_at.eq(Some(at)),
            criterion::revision.eq(seen + 1),
        ))
        .returning(CriterionRow::as_returning())
        .get_result(c)
        .optional())?)
}

/// Replaces the text fields of a row that still has the revision `seen`: that an edition ends is told by its last day. None
/// when somebody was faster.
///
/// # Errors
/// Those of the database.
pub fn criterion_end(conn: &mut Conn, (id, seen): (&str, i64), row: Doc) -> Result<Option<CriterionRow>, Error> {
    Ok(on!(conn, c => diesel::update(criterion::table.find(id).filter(criterion::revision.eq(seen)))
        .set((criterion::row.eq(row), criterion::revision.eq(seen + 1)))
        .returning(CriterionRow::as_returning())
        .get_result(c)
        .optional())?)
}
