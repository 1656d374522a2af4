//! 导入: files that somebody imported, what was said of their rows, and where imported samples came from.

use crate::audit::Audited;
use crate::listing::{Along, Columns};
use crate::samples::{Item, Sample};
use crate::schema::{import, import_row, item, sample, sample_import};
use crate::types::{Doc, Id, Ts, Word, sql};
use crate::{Conn, Error, on};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{Float, Integer, Text};
use hege_core::Stage;
use serde::Serialize;

/// An imported file. Everything that is counted is counted in its rows, but `samples`.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = import, treat_none_as_default_value = false)]
pub struct Import {
    /// The province's own shard.
    pub city: i32,
    /// Its id.
    pub id: Id,
    /// `running`, `done` or `failed`.
    pub state: String,
    /// Nothing is stored but what was said of the rows.
    pub dry_run: bool,
    /// As it was called.
    pub file_name: String,
    /// SHA-256 of the file, hexadecimal.
    pub digest: String,
    /// Who imports it.
    pub person_id: Id,
    /// When it began.
    pub started_at: Ts,
    /// Its last sign of life, by the machine's clock.
    pub seen_at: Ts,
    /// When it ended.
    pub finished_at: Option<Ts>,
    /// Rows of the file without its header.
    pub total: i64,
    /// Rows that are dealt with.
    pub rows: i64,
    /// Rows that went in.
    pub accepted: i64,
    /// Rows that did not.
    pub rejected: i64,
    /// Rows that were there already.
    pub unchanged: i64,
    /// Rows that went in with a doubt.
    pub warned: i64,
    /// Samples that went in.
    pub samples: i64,
    /// What is said of the file as a whole: `[{code, zh, en}]`.
    pub notes: Doc,
}

/// Until a table has so many rows by PostgreSQL's own count, a file may fill it many times over between two looks of autovacuum.
const YOUNG: f32 = 10_000.0;

/// Lets PostgreSQL count what an import fills while its tables are young; whether they still are. Without statistics it checks
/// foreign keys along any index that begins with the city, which reads the whole city for each row.
///
/// # Errors
/// Those of the database.
pub fn statistics_renew(conn: &mut Conn) -> Result<bool, Error> {
    let Conn::Pg(c) = conn else { return Ok(false) };
    let counted = diesel::dsl::sql::<Float>("SELECT reltuples FROM pg_class WHERE oid = 'sample'::regclass");
    let is_young = counted.get_result::<f32>(&mut **c)? < YOUNG;
    if is_young {
        c.batch_execute("ANALYZE sample, item, conclusion, custody_event, sample_import, import, name_gram")?;
    }
    Ok(is_young)
}

/// What was said of a row that is not plainly accepted.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = import_row)]
pub struct ImportRow {
    /// The province's own shard.
    pub city: i32,
    /// The import.
    pub import_id: Id,
    /// Its number in the file.
    pub number: i64,
    /// `rejected` or `warned`.
    pub verdict: String,
    /// 抽样单编号, where it has one.
    pub form_no: String,
    /// `[{column, value, code, zh, en}]`.
    pub problems: Doc,
}

/// Where an imported sample came from. Never changed.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = sample_import)]
pub struct SampleImport {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// The import.
    pub import_id: Id,
    /// SHA-256 of the file, hexadecimal.
    pub file_digest: String,
    /// SHA-256 of what was filed, by which the same is known again.
    pub content_digest: String,
    /// The first row of it in the file.
    pub first_row: i64,
    /// What the file itself says of results and people.
    pub filed: Doc,
}

impl Audited for SampleImport {
    const TABLE: &'static str = "sample_import";
    fn key(&self) -> String {
        format!("{:04}-{}", self.city, self.sample_id.0)
    }
}

/// Puts an import that begins.
///
/// # Errors
/// [`Error::Duplicate`] when the id is taken.
pub fn import_insert(conn: &mut Conn, row: &Import) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(import::table).values(row).execute(c))?;
    Ok(())
}

/// Writes how far an import is.
///
/// # Errors
/// Those of the database.
pub fn import_update(conn: &mut Conn, row: &Import) -> Result<(), Error> {
    on!(conn, c => diesel::update(import::table.find((row.city, row.id)))
        .set((
            import::state.eq(&row.state),
            import::seen_at.eq(row.seen_at),
            import::finished_at.eq(row.finished_at),
            import::rows.eq(row.rows),
            import::accepted.eq(row.accepted),
            import::rejected.eq(row.rejected),
            import::unchanged.eq(row.unchanged),
            import::warned.eq(row.warned),
            import::samples.eq(row.samples),
            import::notes.eq(&row.notes),
        ))
        .execute(c))?;
    Ok(())
}

/// One import.
///
/// # Errors
/// Those of the database.
pub fn import_fetch(conn: &mut Conn, city: i32, id: Id) -> Result<Option<Import>, Error> {
    Ok(on!(conn, c => import::table.find((city, id)).select(Import::as_select()).first(c).optional())?)
}

/// The latest imports, of one person where one is named.
///
/// # Errors
/// Those of the database.
pub fn imports_list(conn: &mut Conn, city: i32, person: Option<Id>, limit: i64) -> Result<Vec<Import>, Error> {
    Ok(on!(conn, c => {
        let mut query = import::table.filter(import::city.eq(city)).select(Import::as_select()).into_boxed();
        if let Some(person) = person {
            query = query.filter(import::person_id.eq(person));
        }
        query.order((import::started_at.desc(), import::id.desc())).limit(limit).load(c)
    })?)
}

/// Puts what is said of rows.
///
/// # Errors
/// [`Error::Duplicate`] for a row that was spoken of before.
pub fn import_rows_insert(conn: &mut Conn, rows: &[ImportRow]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(import_row::table).values(rows).execute(c))?;
    Ok(())
}

/// What was said of the rows after a number, in their order.
///
/// # Errors
/// Those of the database.
pub fn import_rows_after(
    conn: &mut Conn,
    (city, id): (i32, Id),
    after: i64,
    limit: i64,
) -> Result<Vec<ImportRow>, Error> {
    Ok(on!(conn, c => import_row::table
        .filter(import_row::city.eq(city).and(import_row::import_id.eq(id)).and(import_row::number.gt(after)))
        .order(import_row::number)
        .limit(limit)
        .select(ImportRow::as_select())
        .load(c))?)
}

/// Puts where samples came from.
///
/// # Errors
/// [`Error::Duplicate`] for a sample that came from elsewhere.
pub fn sample_imports_insert(conn: &mut Conn, rows: &[SampleImport]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(sample_import::table).values(rows).execute(c))?;
    Ok(())
}

/// Of these form numbers of a city those that are taken, each with the digest of what was filed where it was imported.
///
/// # Errors
/// Those of the database.
pub fn forms_taken(conn: &mut Conn, city: i32, form_nos: &[&str]) -> Result<Vec<(String, Option<String>)>, Error> {
    Ok(on!(conn, c => sample::table
        .left_join(sample_import::table
            .on(sample_import::city.eq(sample::city).and(sample_import::sample_id.eq(sample::id))))
        .filter(sample::city.eq(city).and(sample::form_no.eq_any(form_nos)))
        .select((sample::form_no, sample_import::content_digest.nullable()))
        .load(c))?)
}

/// What is exported.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// These stages; every one when empty.
    pub stages: Vec<Stage>,
    /// Codes of regions, from and until.
    pub regions: Vec<(i32, i32)>,
    /// Taken at this instant or later.
    pub from: Option<Ts>,
    /// Taken before this instant.
    pub until: Option<Ts>,
}

/// A sample with its items by analyte and where it came from.
pub type Whole = (Sample, Vec<Item>, Option<SampleImport>);

/// The first city from `from` on with a sample, of those that the regions lie in.
fn next_city(conn: &mut Conn, wanted: &Wanted, from: i32) -> Result<Option<i32>, Error> {
    // A city's own code and its counties' begin with the city.
    let low = wanted.regions.iter().map(|(low, _)| low / 100).max().unwrap_or(i32::MIN).max(from);
    let high = wanted.regions.iter().map(|(_, high)| high / 100).min().unwrap_or(i32::MAX);
    Ok(on!(conn, c => sample::table
        .filter(sample::city.between(low, high))
        .order(sample::city)
        .select(sample::city)
        .first(c)
        .optional())?)
}

/// A page of samples in the order of their ids, after one of them: all of one city, and none only after the last of all. A city is
/// read along its key, so that a page costs the same wherever it begins.
///
/// # Errors
/// Those of the database.
pub fn samples_whole(
    conn: &mut Conn,
    wanted: &Wanted,
    after: Option<(i32, Id)>,
    limit: i64,
) -> Result<Vec<Whole>, Error> {
    let (mut from, mut id) = after.map_or((i32::MIN, None), |(city, id)| (city, Some(id)));
    while let Some(city) = next_city(conn, wanted, from)? {
        let samples = samples_of_city(conn, wanted, (city, id.filter(|_| city == from)), limit)?;
        if !samples.is_empty() {
            return with_items(conn, city, samples);
        }
        let Some(next) = city.checked_add(1) else { break };
        (from, id) = (next, None);
    }
    Ok(Vec::new())
}

type Sampled = (Sample, Option<SampleImport>);

fn samples_of_city(
    conn: &mut Conn,
    wanted: &Wanted,
    (city, after): (i32, Option<Id>),
    limit: i64,
) -> Result<Vec<Sampled>, Error> {
    let columns = Columns::of(conn, Along::Keys);
    Ok(on!(conn, c => {
        let mut query = sample::table
            .left_join(sample_import::table
                .on(sample_import::city.eq(sample::city).and(sample_import::sample_id.eq(sample::id))))
            .select((Sample::as_select(), Option::<SampleImport>::as_select()))
            .filter(sample::city.eq(city))
            .into_boxed();
        if let Some(id) = after {
            query = query.filter(sample::id.gt(id));
        }
        if !wanted.stages.is_empty() {
            let stages: Vec<Word<Stage>> = wanted.stages.iter().copied().map(Word).collect();
            query = query.filter(columns.column::<Text>("sample.stage", Along::Never).eq_any(stages));
        }
        for (low, high) in &wanted.regions {
            query = query.filter(columns.column::<Integer>("sample.region", Along::Never).between(*low, *high));
        }
        if let Some(from) = wanted.from {
            query = query.filter(columns.column::<sql::Ts>("sample.sampled_at", Along::Never).ge(from));
        }
        if let Some(until) = wanted.until {
            query = query.filter(columns.column::<sql::Ts>("sample.sampled_at", Along::Never).lt(until));
        }
        query.order((sample::city, sample::id)).limit(limit).load(c)
    })?)
}

fn with_items(conn: &mut Conn, city: i32, samples: Vec<Sampled>) -> Result<Vec<Whole>, Error> {
    let ids: Vec<Id> = samples.iter().map(|(sample, _)| sample.id).collect();
    let mut items: Vec<Item> = on!(conn, c => item::table
        .filter(item::city.eq(city).and(item::sample_id.eq_any(&ids)))
        .order((item::sample_id.desc(), item::analyte.desc()))
        .select(Item::as_select())
        .load(c))?;
    let mut whole = Vec::with_capacity(samples.len());
    for (sample, origin) in samples {
        let from = items.iter().rposition(|item| item.sample_id != sample.id).map_or(0, |last| last + 1);
        let mut own = items.split_off(from);
        own.reverse();
        whole.push((sample, own, origin));
    }
    Ok(whole)
}
