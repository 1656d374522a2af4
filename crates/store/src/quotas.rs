//! 配额: cells of a plan, and the parts that they are split into.

use crate::audit::Audited;
use crate::schema::quota;
use crate::types::{Doc, Id, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::{Stage, TaskType};
use serde::Serialize;

/// A cell with what is wanted in it.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = quota, treat_none_as_default_value = false)]
pub struct QuotaRow {
    /// Its id.
    pub id: Id,
    /// Its plan.
    pub plan_id: Id,
    /// The cell that it is a part of; none for the plan's own.
    pub parent_id: Option<Id>,
    /// What it is of, in one text.
    pub cell: String,
    /// 环节.
    pub stage: Word<Stage>,
    /// 任务类别.
    pub task_type: Word<TaskType>,
    /// Code of the campaign.
    pub campaign: Option<String>,
    /// The region whose subtree it covers.
    pub region: i32,
    /// Food class; none for every food.
    pub food_class: Option<String>,
    /// Codes of analytes, in order.
    pub panel: Doc,
    /// Samples that are wanted.
    pub samples: i32,
    /// Distinct producers that are wanted.
    pub producers: Option<i32>,
    /// For people.
    pub note: Option<String>,
    /// Grows with each change of it, and with each part and task that is given out of it.
    pub revision: i64,
}

impl Audited for QuotaRow {
    const TABLE: &'static str = "quota";
    fn key(&self) -> String {
        self.id.0.to_string()
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

/// Puts cells.
///
/// # Errors
/// [`Error::Duplicate`] when one is there already.
pub fn quotas_insert(conn: &mut Conn, rows: &[QuotaRow]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(quota::table).values(rows).execute(c))?;
    Ok(())
}

/// A cell.
///
/// # Errors
/// Those of the database.
pub fn quota_fetch(conn: &mut Conn, id: Id) -> Result<Option<QuotaRow>, Error> {
    Ok(on!(conn, c => quota::table.find(id).select(QuotaRow::as_select()).first(c).optional())?)
}

/// Every cell of a plan, or of all, in the order of what they are of.
///
/// # Errors
/// Those of the database.
pub fn quotas_of(conn: &mut Conn, plan: Option<Id>) -> Result<Vec<QuotaRow>, Error> {
    // A boxed query is of one database, so the two are written side by side inside of the dispatch.
    Ok(on!(conn, c => {
        let mut query = quota::table.into_boxed();
        if let Some(plan) = plan {
            query = query.filter(quota::plan_id.eq(plan));
        }
        query.order((quota::cell, quota::id)).select(QuotaRow::as_select()).load(c)
    })?)
}

/// The parts of a cell.
///
/// # Errors
/// Those of the database.
pub fn quota_parts(conn: &mut Conn, parent: Id) -> Result<Vec<QuotaRow>, Error> {
    Ok(on!(conn, c => quota::table.filter(quota::parent_id.eq(parent))
        .order((quota::cell, quota::id))
        .select(QuotaRow::as_select())
        .load(c))?)
}

/// Writes amount and note of a cell over the one whose revision is `seen`. Whether it was still that one.
///
/// # Errors
/// Those of the database.
pub fn quota_update(conn: &mut Conn, seen: i64, row: &QuotaRow) -> Result<bool, Error> {
    let found = quota::table.find(row.id).filter(quota::revision.eq(seen));
    let change = (
        quota::samples.eq(row.samples),
        quota::producers.eq(row.producers),
        quota::note.eq(row.note.clone()),
        quota::revision.eq(row.revision),
    );
    Ok(on!(conn, c => diesel::update(found).set(change).execute(c))? == 1)
}
