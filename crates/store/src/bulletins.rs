//! 公示: bulletins, what they list, and what is public of them.

use crate::audit::Audited;
use crate::samples::key;
use crate::schema::{bulletin, bulletin_entry};
use crate::types::{Doc, Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::{SampleId, Stage};
use hege_sampling::publication::BulletinState;
use serde::Serialize;

/// A bulletin as it stands.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = bulletin, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct BulletinRow {
    /// Its id, made by whoever drafts it.
    pub id: Id,
    /// The department that publishes it.
    pub organisation_id: Id,
    /// The smallest region that holds every sample listed.
    pub region: i32,
    /// Codes of the stages of the samples, separated by spaces.
    pub stages: String,
    /// Its title.
    pub title: String,
    /// Why it does not wait, in an emergency.
    pub emergency: Option<String>,
    /// Its state.
    pub state: Word<BulletinState>,
    /// Who drafted it.
    pub drafted_by: Id,
    /// When.
    pub drafted_at: Ts,
    /// Who found it right.
    pub reviewed_by: Option<Id>,
    /// When it became public.
    pub published_at: Option<Ts>,
    /// When it was taken back.
    pub withdrawn_at: Option<Ts>,
    /// `[{at, by, text}, ...]`: corrections, and why it was taken back.
    pub notes: Doc,
    /// Grows with each change.
    pub revision: i64,
}

/// A sample of a bulletin.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = bulletin_entry, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct BulletinEntry {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// The bulletin.
    pub bulletin_id: Id,
    /// 1, 2, ...
    pub position: i32,
    /// What is public of it.
    pub content: Doc,
    /// What has become of it since, by code.
    pub note: Option<String>,
    /// When.
    pub noted_at: Option<Ts>,
    /// Grows with each change.
    pub revision: i64,
}

impl Audited for BulletinRow {
    const TABLE: &'static str = "bulletin";
    fn key(&self) -> String {
        self.id.0.to_string()
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

impl Audited for BulletinEntry {
    const TABLE: &'static str = "bulletin_entry";
    fn key(&self) -> String {
        format!("{:04}-{}/{}", self.city, self.sample_id.0, self.bulletin_id.0)
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

/// Puts a bulletin with what it lists.
///
/// # Errors
/// [`Error::Duplicate`] when the id is taken.
pub fn bulletin_insert(conn: &mut Conn, row: &BulletinRow, entries: &[BulletinEntry]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(bulletin::table).values(row).execute(c))?;
    on!(conn, c => diesel::insert_into(bulletin_entry::table).values(entries).execute(c))?;
    Ok(())
}

/// Writes a bulletin over the one whose revision is `seen`. Whether it was still that one.
///
/// # Errors
/// Those of the database.
pub fn bulletin_update(conn: &mut Conn, seen: i64, row: &BulletinRow) -> Result<bool, Error> {
    let found = bulletin::table.find(row.id).filter(bulletin::revision.eq(seen));
    Ok(on!(conn, c => diesel::update(found).set(row).execute(c))? == 1)
}

/// One bulletin.
///
/// # Errors
/// Those of the database.
pub fn bulletin_fetch(conn: &mut Conn, id: Id) -> Result<Option<BulletinRow>, Error> {
    Ok(on!(conn, c => bulletin::table.find(id).select(BulletinRow::as_select()).first(c).optional())?)
}

/// Every bulletin, by id.
///
/// # Errors
/// Those of the database.
pub fn bulletins_list(conn: &mut Conn) -> Result<Vec<BulletinRow>, Error> {
    Ok(on!(conn, c => bulletin::table.order(bulletin::id).select(BulletinRow::as_select()).load(c))?)
}

/// The bulletins of a region's counties, the newest draft first, at most `limit`.
///
/// # Errors
/// Those of the database.
pub fn bulletins_in(
    conn: &mut Conn,
    ((low, high), hidden): ((i32, i32), &[Stage]),
    state: Option<BulletinState>,
    limit: i64,
) -> Result<Vec<BulletinRow>, Error> {
    let states: Vec<Word<BulletinState>> =
        state.map_or_else(|| BulletinState::ALL.to_vec(), |state| vec![state]).into_iter().map(Word).collect();
    Ok(on!(conn, c => {
        let mut query = bulletin::table
            .filter(bulletin::region.between(low, high).and(bulletin::state.eq_any(states)))
            .order((bulletin::drafted_at.desc(), bulletin::id.desc()))
            .limit(limit)
            .select(BulletinRow::as_select())
            .into_boxed();
        for stage in hidden {
            // No stage's code is part of another's.
            query = query.filter(bulletin::stages.not_like(format!("%{}%", stage.code())));
        }
        query.load(c)
    })?)
}

/// What a bulletin lists, in its order.
///
/// # Errors
/// Those of the database.
pub fn bulletin_entries(conn: &mut Conn, id: Id) -> Result<Vec<BulletinEntry>, Error> {
    Ok(on!(conn, c => bulletin_entry::table
        .filter(bulletin_entry::bulletin_id.eq(id))
        .order(bulletin_entry::position)
        .select(BulletinEntry::as_select())
        .load(c))?)
}

/// The entries of a sample with the bulletins that hold them.
///
/// # Errors
/// Those of the database.
pub fn entries_of(conn: &mut Conn, id: SampleId) -> Result<Vec<(BulletinEntry, BulletinRow)>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => bulletin_entry::table
        .inner_join(bulletin::table.on(bulletin::id.eq(bulletin_entry::bulletin_id)))
        .filter(bulletin_entry::city.eq(city).and(bulletin_entry::sample_id.eq(id)))
        .select((BulletinEntry::as_select(), BulletinRow::as_select()))
        .load(c))?)
}

/// Writes what has become of an entry over the one whose revision is `seen`. Whether it was still that one.
///
/// # Errors
/// Those of the database.
pub fn entry_update(conn: &mut Conn, seen: i64, row: &BulletinEntry) -> Result<bool, Error> {
    let found = bulletin_entry::table
        .find((row.city, row.sample_id, row.bulletin_id))
        .filter(bulletin_entry::revision.eq(seen));
    Ok(on!(conn, c => diesel::update(found).set(row).execute(c))? == 1)
}

/// A page of what is or was public, the newest first, after what was published at an instant under an id.
///
/// # Errors
/// Those of the database.
pub fn bulletins_public(conn: &mut Conn, after: Option<(Ts, Id)>, limit: i64) -> Result<Vec<BulletinRow>, Error> {
    let (at, id) = after.unwrap_or((Ts(jiff::Timestamp::MAX), Id(uuid::Uuid::max())));
    Ok(on!(conn, c => bulletin::table
        .filter(bulletin::published_at.is_not_null())
        .filter(bulletin::published_at.lt(Some(at))
            .or(bulletin::published_at.eq(Some(at)).and(bulletin::id.lt(id))).assume_not_null())
        .order((bulletin::published_at.desc(), bulletin::id.desc()))
        .limit(limit)
        .select(BulletinRow::as_select())
        .load(c))?)
}

/// How many samples each of these bulletins lists, and when something was noted of one of them last.
///
/// # Errors
/// Those of the database.
pub fn entry_counts(conn: &mut Conn, ids: &[Id]) -> Result<Vec<(Id, i64, Option<Ts>)>, Error> {
    Ok(on!(conn, c => bulletin_entry::table
        .filter(bulletin_entry::bulletin_id.eq_any(ids))
        .group_by(bulletin_entry::bulletin_id)
        .select((
            bulletin_entry::bulletin_id,
            diesel::dsl::count_star(),
            diesel::dsl::sql::<diesel::sql_types::Nullable<crate::types::sql::Ts>>("max(noted_at)"),
        ))
        .load(c))?)
}
