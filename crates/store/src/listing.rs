//! Lists of samples: filtered by who asks and what for, the newest sampling first, page by page.
//!
//! Each list is read along one index that gives the order of time, so that a page costs the same however many samples there are.
//! PostgreSQL finds it by its statistics; SQLite, which has none, is told by `Columns`.

use crate::samples::Sample;
use crate::schema::sample;
use crate::types::{Id, Ts, Word, sql};
use crate::{Conn, Error, on};
use diesel::dsl::sql as literal;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Nullable, Text};
use hege_core::{Stage, TaskType};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The status that most samples have at last: no index leads to it.
const APPROVED: &str = "approved";

/// Who asks: what of the samples is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Theirs {
    /// What an organisation took.
    TakenBy(Id),
    /// What is addressed to a laboratory.
    SentTo(Id),
    /// Both, of one organisation or another.
    Either(Id, Id),
    /// What was taken in these counties, both included.
    In(i32, i32),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What is theirs.
    pub theirs: Theirs,
    /// Stages; empty for every one.
    pub stages: Vec<Stage>,
    /// Counties, both included.
    pub regions: Option<(i32, i32)>,
    /// Status.
    pub status: Option<String>,
    /// Task type.
    pub task_type: Option<TaskType>,
    /// The last row of the page before: when it was taken, and its id.
    pub after: Option<(Ts, Id)>,
}

/// What of a sample tells whether it is found, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = sample)]
pub struct Named {
    /// The shard.
    pub city: i32,
    /// The part of the id made on the device.
    pub id: Id,
    /// When it was taken.
    pub sampled_at: Ts,
    /// 抽样单编号.
    pub form_no: String,
    /// 环节.
    pub stage: Word<Stage>,
    /// County of the sampling place.
    pub region: i32,
    /// 样品名称.
    pub product_name: String,
    /// 被抽样单位.
    pub sampled_unit: String,
    /// 标称生产者.
    pub producer: Option<String>,
    /// The laboratory.
    pub lab_id: Option<Id>,
    /// 抽样单位.
    pub sampling_org_id: Id,
}

/// Along which index a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Along {
    Status,
    Lab,
    Org,
    County,
    City,
    TaskType,
    Time,
    /// The keys of the rows are known.
    Keys,
    /// Along none: of a column that is only checked.
    Never,
}

/// One county or one city, which an index leads to; none for more.
const fn place((low, high): (i32, i32)) -> Option<Along> {
    match high - low {
        0 => Some(Along::County),
        1..=99 if low / 100 == high / 100 => Some(Along::City),
        _ => None,
    }
}

/// Whether few samples are of a task type, so that those of one laboratory or county are soon found among them; else a whole
/// laboratory would be looked through for what it may never have had.
const fn is_rare(task_type: TaskType) -> bool {
    !matches!(
        task_type,
        TaskType::RoutineMonitoring | TaskType::Supervision | TaskType::Evaluation | TaskType::RiskMonitoring
    )
}

impl Filter {
    fn along(&self) -> Along {
        let of_region = self.regions.and_then(place);
        match &self.theirs {
            _ if self.status.as_deref().is_some_and(|status| status != APPROVED) => Along::Status,
            _ if self.task_type.is_some_and(is_rare) => Along::TaskType,
            _ if of_region == Some(Along::County) => Along::County,
            Theirs::SentTo(_) => Along::Lab,
            Theirs::TakenBy(_) => Along::Org,
            Theirs::In(low, high) => place((*low, *high)).or(of_region).unwrap_or_else(|| self.beside()),
            Theirs::Either(..) => of_region.unwrap_or_else(|| self.beside()),
        }
    }

    fn beside(&self) -> Along {
        if self.task_type.is_some() { Along::TaskType } else { Along::Time }
    }

    /// The same, of which each part has an index of its own: what is one or the other's is asked for one by one.
    fn parts(&self) -> Vec<Self> {
        match self.theirs {
            Theirs::Either(taker, lab) => {
                let part = |theirs| Self { theirs, ..self.clone() };
                vec![part(Theirs::TakenBy(taker)), part(Theirs::SentTo(lab))]
            }
            _ => vec![self.clone()],
        }
    }
}

/// Columns as conditions name them. SQLite, which keeps no statistics, would take any equality for the most selective one: a
/// plus before a column keeps it from an index that was not meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns {
    is_sqlite: bool,
    along: Along,
}

impl Columns {
    pub(crate) fn of(conn: &Conn, along: Along) -> Self {
        Self { is_sqlite: matches!(conn, Conn::Sqlite(_)), along }
    }

    pub(crate) fn column<T: diesel::expression::TypedExpressionType>(self, name: &str, along: Along) -> SqlLiteral<T> {
        literal(&if self.is_sqlite && self.along != along { format!("+{name}") } else { name.to_owned() })
    }
}

/// A query of samples with the conditions of a filter, apart from where its page begins.
macro_rules! filtered {
    ($filter:expr, $columns:expr) => {{
        let (filter, columns): (&Filter, Columns) = ($filter, $columns);
        let mut query = sample::table.into_boxed();
        for (low, high) in filter.places() {
            query = match place((low, high)) {
                Some(Along::County) => query.filter(columns.column::<Integer>("region", Along::County).eq(low)),
                Some(_) => query.filter(columns.column::<Integer>("city", Along::City).eq(low / 100)),
                None => query.filter(columns.column::<Integer>("region", Along::Never).between(low, high)),
            };
        }
        query = match filter.theirs {
            Theirs::TakenBy(id) => query.filter(columns.column::<sql::Id>("sampling_org_id", Along::Org).eq(id)),
            Theirs::SentTo(id) => query.filter(columns.column::<Nullable<sql::Id>>("lab_id", Along::Lab).eq(Some(id))),
            Theirs::Either(taker, lab) => {
                let taken = columns.column::<sql::Id>("sampling_org_id", Along::Org).eq(taker);
                query.filter(
                    taken.or(columns.column::<Nullable<sql::Id>>("lab_id", Along::Lab).eq(Some(lab)).assume_not_null()),
                )
            }
            Theirs::In(..) => query,
        };
        if !filter.stages.is_empty() {
            let stages: Vec<Word<Stage>> = filter.stages.iter().copied().map(Word).collect();
            query = query.filter(columns.column::<Text>("stage", Along::Never).eq_any(stages));
        }
        if let Some(status) = &filter.status {
            query = query.filter(columns.column::<Text>("status", Along::Status).eq(status.clone()));
            if status != APPROVED {
                // In the words of the index, which both databases need to see that it holds what is asked for.
                query = query.filter(literal::<Bool>("status <> 'approved'"));
            }
        }
        if let Some(task_type) = filter.task_type {
            query = query.filter(columns.column::<Text>("task_type", Along::TaskType).eq(Word(task_type)));
        }
        query
    }};
}

/// A page of a filter, in the order of time.
macro_rules! page {
    ($conn:expr, $filter:expr, $limit:expr, $row:ty) => {{
        let columns = Columns::of($conn, $filter.along());
        // Also of the first page: an index is entered where a page begins, or SQLite would rather sort all rows.
        let (at, id) = $filter.after.unwrap_or((Ts(jiff::Timestamp::MAX), Id(uuid::Uuid::max())));
        on!($conn, c => {
            filtered!($filter, columns)
                .filter(sample::sampled_at.le(at))
                .filter(sample::sampled_at.lt(at).or(sample::id.lt(id)))
                .order((sample::sampled_at.desc(), sample::id.desc()))
                .limit($limit)
                .select(<$row>::as_select())
                .load::<$row>(c)
        })?
    }};
}

/// Merges pages of the parts of a filter.
macro_rules! pages {
    ($conn:expr, $filter:expr, $limit:expr, $row:ty) => {{
        let mut rows: Vec<$row> = Vec::new();
        for part in $filter.parts() {
            rows.extend(page!($conn, &part, $limit, $row));
        }
        rows.sort_by_key(|row| Reverse((row.sampled_at, row.id)));
        rows.dedup_by_key(|row| (row.city, row.id));
        rows.truncate(usize::try_from($limit).unwrap_or_default());
        rows
    }};
}

impl Filter {
    /// The places that a sample must lie in.
    fn places(&self) -> impl Iterator<Item = (i32, i32)> + use<> {
        let own = if let Theirs::In(low, high) = self.theirs { Some((low, high)) } else { None };
        own.into_iter().chain(self.regions)
    }
}

/// A page of samples.
///
/// # Errors
/// Those of the database.
pub fn sample_list(conn: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<Sample>, Error> {
    Ok(pages!(conn, filter, limit, Sample))
}

/// A page of samples, with no more of them than is needed to find some.
///
/// # Errors
/// Those of the database.
pub(crate) fn named_list(conn: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<Named>, Error> {
    Ok(pages!(conn, filter, limit, Named))
}

/// Ids of samples by their cities: each city is asked for by itself, as its shard will be.
pub(crate) type Keys = BTreeMap<i32, Vec<Id>>;

/// Those of the samples that a filter lets through, whatever its page, in the order of time.
///
/// # Errors
/// Those of the database.
pub(crate) fn named_of(conn: &mut Conn, filter: &Filter, keys: Keys) -> Result<Vec<Named>, Error> {
    let columns = Columns::of(conn, Along::Keys);
    let mut rows: Vec<Named> = Vec::new();
    for (city, ids) in keys {
        rows.extend(on!(conn, c => filtered!(filter, columns)
            .filter(sample::city.eq(city).and(sample::id.eq_any(ids)))
            .select(Named::as_select())
            .load::<Named>(c))?);
    }
    rows.sort_by_key(|row| Reverse((row.sampled_at, row.id)));
    Ok(rows)
}

/// Samples by their keys, in the order of time.
///
/// # Errors
/// Those of the database.
pub(crate) fn samples_of(conn: &mut Conn, keys: Keys) -> Result<Vec<Sample>, Error> {
    let mut rows: Vec<Sample> = Vec::new();
    for (city, ids) in keys {
        rows.extend(on!(conn, c => sample::table
            .filter(sample::city.eq(city).and(sample::id.eq_any(ids)))
            .select(Sample::as_select())
            .load::<Sample>(c))?);
    }
    rows.sort_by_key(|row| Reverse((row.sampled_at, row.id)));
    Ok(rows)
}
