//! 复检: applications, and what the bodies found.

use crate::audit::Audited;
use crate::samples::key;
use crate::schema::{reinspection, reinspection_item};
use crate::types::{Doc, Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::SampleId;
use hege_sampling::reinspection::{Applicant, Ground, ReinspectionState};
use serde::Serialize;

/// A re-inspection as it stands.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = reinspection, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct ReinspectionRow {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// 1, 2, ...
    pub seq: i32,
    /// Its state.
    pub state: Word<ReinspectionState>,
    /// Who applied.
    pub applicant: Word<Applicant>,
    /// When the application reached the department.
    pub applied_at: Ts,
    /// Codes of the items, in order.
    pub items: Doc,
    /// Why it was refused.
    pub ground: Option<Word<Ground>>,
    /// The body.
    pub body_id: Option<Id>,
    /// `{report_no, tested_by, checked_by}` of the body's report.
    pub report: Option<Doc>,
    /// The conclusion that is challenged, by its revision.
    pub conclusion_revision: i32,
    /// Grows with each change.
    pub revision: i64,
}

/// What a body found of an item. Never changed.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = reinspection_item, treat_none_as_default_value = false)]
pub struct ReinspectionItem {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// Of the re-inspection.
    pub seq: i32,
    /// The item.
    pub analyte: String,
    /// As reported.
    pub reported: String,
    /// Its unit.
    pub unit: Option<String>,
    /// The body's limit of detection.
    pub lod: Option<String>,
    /// 检验依据.
    pub method: Option<String>,
    /// The verdict's code.
    pub verdict: String,
    /// Why, by code.
    pub reason: String,
    /// `{criteria, steps}`.
    pub judgement: Doc,
}

impl Audited for ReinspectionRow {
    const TABLE: &'static str = "reinspection";
    fn key(&self) -> String {
        format!("{:04}-{}/{}", self.city, self.sample_id.0, self.seq)
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

impl Audited for ReinspectionItem {
    const TABLE: &'static str = "reinspection_item";
    fn key(&self) -> String {
        format!("{:04}-{}/{}/{}", self.city, self.sample_id.0, self.seq, self.analyte)
    }
}

/// Puts an application.
///
/// # Errors
/// [`Error::Duplicate`] when somebody was faster.
pub fn reinspection_insert(conn: &mut Conn, row: &ReinspectionRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(reinspection::table).values(row).execute(c))?;
    Ok(())
}

/// Writes a re-inspection over the one whose revision is `seen`. Whether it was still that one.
///
/// # Errors
/// Those of the database.
pub fn reinspection_update(conn: &mut Conn, seen: i64, row: &ReinspectionRow) -> Result<bool, Error> {
    let found = reinspection::table.find((row.city, row.sample_id, row.seq)).filter(reinspection::revision.eq(seen));
    Ok(on!(conn, c => diesel::update(found).set(row).execute(c))? == 1)
}

/// Puts what a body found.
///
/// # Errors
/// Those of the database.
pub fn reinspection_items_insert(conn: &mut Conn, rows: &[ReinspectionItem]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(reinspection_item::table).values(rows).execute(c))?;
    Ok(())
}

/// The re-inspections of a sample from the first.
///
/// # Errors
/// Those of the database.
pub fn reinspections_of(conn: &mut Conn, id: SampleId) -> Result<Vec<ReinspectionRow>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => reinspection::table
        .filter(reinspection::city.eq(city).and(reinspection::sample_id.eq(id)))
        .order(reinspection::seq)
        .select(ReinspectionRow::as_select())
        .load(c))?)
}

/// What the bodies found of a sample, by re-inspection and item.
///
/// # Errors
/// Those of the database.
pub fn reinspection_items_of(conn: &mut Conn, id: SampleId) -> Result<Vec<ReinspectionItem>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => reinspection_item::table
        .filter(reinspection_item::city.eq(city).and(reinspection_item::sample_id.eq(id)))
        .order((reinspection_item::seq, reinspection_item::analyte))
        .select(ReinspectionItem::as_select())
        .load(c))?)
}
