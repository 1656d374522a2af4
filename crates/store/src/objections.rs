//! 异议: objections, and what became of them.

use crate::audit::Audited;
use crate::samples::key;
use crate::schema::objection;
use crate::types::{Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::SampleId;
use hege_sampling::objection::{ObjectionGround, ObjectionState, Subject};
use hege_sampling::reinspection::Applicant;
use serde::Serialize;

/// An objection as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = objection, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct ObjectionRow {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// 1, 2, ...
    pub seq: i32,
    /// To what.
    pub subject: Word<Subject>,
    /// By whom.
    pub objector: Word<Applicant>,
    /// When it reached the department.
    pub raised_at: Ts,
    /// What is said.
    pub reason: String,
    /// What is brought forward for it.
    pub evidence: Option<String>,
    /// Its state.
    pub state: Word<ObjectionState>,
    /// Why it was refused.
    pub ground: Option<Word<ObjectionGround>>,
    /// Who took it on.
    pub accepted_by: Option<Id>,
    /// What was answered, or why it was withdrawn.
    pub answer: Option<String>,
    /// The conclusion that it is about, by its revision; 0 before there is one.
    pub conclusion_revision: i32,
    /// Grows with each change.
    pub revision: i64,
}

impl Audited for ObjectionRow {
    const TABLE: &'static str = "objection";
    fn key(&self) -> String {
        format!("{:04}-{}/{}", self.city, self.sample_id.0, self.seq)
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

/// Puts an objection.
///
/// # Errors
/// [`Error::Duplicate`] when somebody was faster.
pub fn objection_insert(conn: &mut Conn, row: &ObjectionRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(objection::table).values(row).execute(c))?;
    Ok(())
}

/// Writes an objection over the one whose revision is `seen`. Whether it was still that one.
///
/// # Errors
/// Those of the database.
pub fn objection_update(conn: &mut Conn, seen: i64, row: &ObjectionRow) -> Result<bool, Error> {
    let found = objection::table.find((row.city, row.sample_id, row.seq)).filter(objection::revision.eq(seen));
    Ok(on!(conn, c => diesel::update(found).set(row).execute(c))? == 1)
}

/// The objections to a sample from the first.
///
/// # Errors
/// Those of the database.
pub fn objections_of(conn: &mut Conn, id: SampleId) -> Result<Vec<ObjectionRow>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => objection::table
        .filter(objection::city.eq(city).and(objection::sample_id.eq(id)))
        .order(objection::seq)
        .select(ObjectionRow::as_select())
        .load(c))?)
}
