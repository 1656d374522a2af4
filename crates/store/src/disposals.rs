//! 核查处置: disposals of nonconforming samples, and the worklist of them.

use crate::audit::Audited;
use crate::samples::{Sample, key};
use crate::schema::{disposal, sample};
use crate::types::{Day, Doc, Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::{SampleId, Stage};
use hege_sampling::disposal::{DisposalState, Side};
use serde::Serialize;

/// A disposal as it stands.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = disposal, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct DisposalRow {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// Whose part it is about.
    pub side: Word<Side>,
    /// Its state.
    pub state: Word<DisposalState>,
    /// The county whose department deals with it.
    pub region: i32,
    /// Who it is about, as they are called.
    pub name: String,
    /// Since when its clock runs.
    pub since: Ts,
    /// The last day, where more time was granted.
    pub extended_until: Option<Day>,
    /// `{cause, measures, recall, penalties, extension, closing}`, those that were recorded.
    pub record: Doc,
    /// Why it was withdrawn.
    pub withdrawn_why: Option<String>,
    /// Grows with each change.
    pub revision: i64,
}

impl Audited for DisposalRow {
    const TABLE: &'static str = "disposal";
    fn key(&self) -> String {
        format!("{:04}-{}/{}", self.city, self.sample_id.0, self.side.0)
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

/// Puts a disposal.
///
/// # Errors
/// [`Error::Duplicate`] when somebody was faster.
pub fn disposal_insert(conn: &mut Conn, row: &DisposalRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(disposal::table).values(row).execute(c))?;
    Ok(())
}

/// Writes a disposal over the one whose revision is `seen`. Whether it was still that one.
///
/// # Errors
/// Those of the database.
pub fn disposal_update(conn: &mut Conn, seen: i64, row: &DisposalRow) -> Result<bool, Error> {
    let found = disposal::table.find((row.city, row.sample_id, row.side)).filter(disposal::revision.eq(seen));
    Ok(on!(conn, c => diesel::update(found).set(row).execute(c))? == 1)
}

/// The disposals of a sample by side.
///
/// # Errors
/// Those of the database.
pub fn disposals_of(conn: &mut Conn, id: SampleId) -> Result<Vec<DisposalRow>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => disposal::table
        .filter(disposal::city.eq(city).and(disposal::sample_id.eq(id)))
        .order(disposal::side)
        .select(DisposalRow::as_select())
        .load(c))?)
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Their state.
    pub state: DisposalState,
    /// The stages of the samples, at least one.
    pub stages: Vec<Stage>,
    /// Counties, both included: what is dealt with there, or was taken there.
    pub theirs: (i32, i32),
    /// Counties, both included, whose departments deal with it.
    pub regions: Option<(i32, i32)>,
    /// The last row of the page before.
    pub after: Option<(Ts, Id, Side)>,
}

/// Disposals with their samples, whose clock began first first.
///
/// # Errors
/// Those of the database.
pub fn disposal_list(conn: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<(DisposalRow, Sample)>, Error> {
    let stages: Vec<Word<Stage>> = filter.stages.iter().copied().map(Word).collect();
    let (low, high) = filter.theirs;
    let (from, until) = filter.regions.unwrap_or((0, i32::MAX));
    let (at, id, side) = filter.after.map_or((Ts(jiff::Timestamp::UNIX_EPOCH), Id(uuid::Uuid::nil()), None), |after| {
        (after.0, after.1, Some(after.2))
    });
    let side = side.map_or("", Side::code);
    Ok(on!(conn, c => disposal::table
        .inner_join(sample::table.on(sample::city.eq(disposal::city).and(sample::id.eq(disposal::sample_id))))
        .filter(disposal::state.eq(Word(filter.state)).and(sample::stage.eq_any(stages)))
        .filter(disposal::region.between(low, high).or(sample::region.between(low, high)))
        .filter(disposal::region.between(from, until))
        .filter(disposal::since.gt(at).or(disposal::since.eq(at).and(
            disposal::sample_id.gt(id).or(disposal::sample_id.eq(id).and(disposal::side.gt(side))))))
        .order((disposal::since, disposal::sample_id, disposal::side))
        .limit(limit)
        .select((DisposalRow::as_select(), Sample::as_select()))
        .load(c))?)
}
