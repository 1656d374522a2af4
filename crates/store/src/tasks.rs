//! 任务: what organisations are to take, and visits that yielded no sample.

use crate::audit::Audited;
use crate::schema::{sample, task, task_outcome};
use crate::types::{Day, Doc, Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::{Stage, TaskId, TaskType};
use hege_sampling::task::{OutcomeKind, TaskState};
use serde::Serialize;

/// A task.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = task, treat_none_as_default_value = false)]
pub struct TaskRow {
    /// The shard: the city where it is carried out.
    pub city: i32,
    /// Its id within it.
    pub id: Id,
    /// The cell that it is given out of.
    pub quota_id: Id,
    /// The cell's plan.
    pub plan_id: Id,
    /// As people call it.
    pub title: String,
    /// 环节.
    pub stage: Word<Stage>,
    /// 任务类别.
    pub task_type: Word<TaskType>,
    /// Code of the campaign.
    pub campaign: Option<String>,
    /// City or county.
    pub region: i32,
    /// Food class; none for every food.
    pub food_class: Option<String>,
    /// Codes of analytes, in order.
    pub panel: Doc,
    /// Samples to take.
    pub samples: i32,
    /// Of how many distinct producers.
    pub producers: Option<i32>,
    /// Who takes them.
    pub inspecting_org_id: Id,
    /// Who tests them.
    pub lab_id: Id,
    /// The first day.
    pub starts_on: Day,
    /// The last day.
    pub ends_on: Day,
    /// Whether it goes on.
    pub state: Word<TaskState>,
    /// For people.
    pub note: Option<String>,
    /// Why it was cancelled.
    pub cancelled_why: Option<String>,
    /// Who gave it.
    pub created_by: Id,
    /// When.
    pub created_at: Ts,
    /// Grows with each change.
    pub revision: i64,
}

/// A visit that yielded no sample. Never changed.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = task_outcome)]
pub struct OutcomeRow {
    /// The shard.
    pub city: i32,
    /// The task.
    pub task_id: Id,
    /// Its id, made on the device.
    pub id: Id,
    /// Why.
    pub kind: Word<OutcomeKind>,
    /// When.
    pub at: Ts,
    /// The county.
    pub region: i32,
    /// Where.
    pub place: String,
    /// Whom.
    pub unit: String,
    /// What shows it.
    pub evidence: String,
    /// Who was there.
    pub person_id: Id,
    /// When the server took it.
    pub recorded_at: Ts,
}

impl Audited for TaskRow {
    const TABLE: &'static str = "task";
    fn key(&self) -> String {
        format!("{:04}-{}", self.city, self.id.0)
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

impl Audited for OutcomeRow {
    const TABLE: &'static str = "task_outcome";
    fn key(&self) -> String {
        format!("{:04}-{}/{}", self.city, self.task_id.0, self.id.0)
    }
}

/// The key of a task.
fn key(id: TaskId) -> (i32, Id) {
    (i32::from(id.city.get()), Id(id.uuid))
}

/// Puts a task.
///
/// # Errors
/// [`Error::Duplicate`] when its id is taken.
pub fn task_insert(conn: &mut Conn, row: &TaskRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(task::table).values(row).execute(c))?;
    Ok(())
}

/// A task.
///
/// # Errors
/// Those of the database.
pub fn task_fetch(conn: &mut Conn, id: TaskId) -> Result<Option<TaskRow>, Error> {
    Ok(on!(conn, c => task::table.find(key(id)).select(TaskRow::as_select()).first(c).optional())?)
}

/// Writes what may change of a task over the one whose revision is `seen`. Whether it was still that one.
///
/// # Errors
/// Those of the database.
pub fn task_update(conn: &mut Conn, seen: i64, row: &TaskRow) -> Result<bool, Error> {
    let found = task::table.find((row.city, row.id)).filter(task::revision.eq(seen));
    let who = (task::inspecting_org_id.eq(row.inspecting_org_id), task::lab_id.eq(row.lab_id));
    let when = (task::starts_on.eq(row.starts_on), task::ends_on.eq(row.ends_on));
    let much = (task::samples.eq(row.samples), task::producers.eq(row.producers));
    let said = (task::title.eq(&row.title), task::note.eq(row.note.clone()));
    let ended = (task::state.eq(row.state), task::cancelled_why.eq(row.cancelled_why.clone()));
    let change = (who, when, much, said, ended, task::revision.eq(row.revision));
    Ok(on!(conn, c => diesel::update(found).set(change).execute(c))? == 1)
}

/// The tasks that were given out of a cell.
///
/// # Errors
/// Those of the database.
pub fn tasks_of(conn: &mut Conn, quota: Id) -> Result<Vec<TaskRow>, Error> {
    Ok(on!(conn, c => task::table.filter(task::quota_id.eq(quota))
        .order((task::city, task::id))
        .select(TaskRow::as_select())
        .load(c))?)
}

/// Whose tasks, and which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Only those of an organisation that takes, or of a laboratory, or of either.
    pub of: (Option<Id>, Option<Id>),
    /// Only those in these regions, both included.
    pub regions: Option<(i32, i32)>,
    /// Only those in these regions too.
    pub within: Option<(i32, i32)>,
    /// Stages; empty for every one.
    pub stages: Vec<Stage>,
    /// One plan.
    pub plan: Option<Id>,
    /// One cell.
    pub quota: Option<Id>,
    /// One state.
    pub state: Option<TaskState>,
    /// The last task of the page before.
    pub after: Option<Id>,
}

/// A page of tasks, the newest first.
///
/// # Errors
/// Those of the database.
pub fn task_list(conn: &mut Conn, filter: &TaskFilter, limit: i64) -> Result<Vec<TaskRow>, Error> {
    let stages: Vec<Word<Stage>> = filter.stages.iter().copied().map(Word).collect();
    Ok(on!(conn, c => {
        let mut query = task::table.into_boxed();
        query = match filter.of {
            (Some(taker), Some(lab)) => query.filter(task::inspecting_org_id.eq(taker).or(task::lab_id.eq(lab))),
            (Some(taker), None) => query.filter(task::inspecting_org_id.eq(taker)),
            (None, Some(lab)) => query.filter(task::lab_id.eq(lab)),
            (None, None) => query,
        };
        for (low, high) in [filter.regions, filter.within].into_iter().flatten() {
            query = query.filter(task::region.between(low, high));
        }
        if !stages.is_empty() {
            query = query.filter(task::stage.eq_any(stages));
        }
        if let Some(plan) = filter.plan {
            query = query.filter(task::plan_id.eq(plan));
        }
        if let Some(quota) = filter.quota {
            query = query.filter(task::quota_id.eq(quota));
        }
        if let Some(state) = filter.state {
            query = query.filter(task::state.eq(Word(state)));
        }
        if let Some(after) = filter.after {
            query = query.filter(task::id.lt(after));
        }
        query.order(task::id.desc()).limit(limit).select(TaskRow::as_select()).load(c)
    })?)
}

/// How many samples of a task there are by status.
///
/// # Errors
/// Those of the database.
pub fn task_samples(conn: &mut Conn, id: TaskId) -> Result<Vec<(String, i64)>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => sample::table.filter(sample::city.eq(city).and(sample::task_id.eq(id)))
        .group_by(sample::status)
        .select((sample::status, diesel::dsl::count_star()))
        .load(c))?)
}

/// Puts a visit.
///
/// # Errors
/// [`Error::Duplicate`] when its id is taken.
pub fn outcome_insert(conn: &mut Conn, row: &OutcomeRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(task_outcome::table).values(row).execute(c))?;
    Ok(())
}

/// The visits of a task, the first first.
///
/// # Errors
/// Those of the database.
pub fn outcomes_of(conn: &mut Conn, id: TaskId) -> Result<Vec<OutcomeRow>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => task_outcome::table
        .filter(task_outcome::city.eq(city).and(task_outcome::task_id.eq(id)))
        .order((task_outcome::at, task_outcome::id))
        .select(OutcomeRow::as_select())
        .load(c))?)
}
