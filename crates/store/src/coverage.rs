//! 覆盖: what happened under the tasks of a plan's cells, counted by the database.

use crate::types::{Id, Ts, Word, sql};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use hege_core::Stage;
use hege_sampling::task::{OutcomeKind, TaskState};

/// Samples that the tasks of a cell are to take.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Planned {
    /// The cell.
    #[diesel(sql_type = sql::Id)]
    pub quota_id: Id,
    /// Of tasks in this state.
    #[diesel(sql_type = Text)]
    pub state: Word<TaskState>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub samples: i64,
}

/// Samples of a cell's tasks that stand at one status.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Taken {
    /// The cell.
    #[diesel(sql_type = sql::Id)]
    pub quota_id: Id,
    /// Of tasks in this state.
    #[diesel(sql_type = Text)]
    pub state: Word<TaskState>,
    /// Their status.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub n: i64,
    /// How many of them were taken lately.
    #[diesel(sql_type = BigInt)]
    pub recent: i64,
}

/// Visits of a cell's tasks without a sample.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Visits {
    /// The cell.
    #[diesel(sql_type = sql::Id)]
    pub quota_id: Id,
    /// Why.
    #[diesel(sql_type = Text)]
    pub kind: Word<OutcomeKind>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub n: i64,
}

/// A producer of whom a cell's tasks have taken something.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Producer {
    /// The cell.
    #[diesel(sql_type = sql::Id)]
    pub quota_id: Id,
    /// As the forms call them.
    #[diesel(sql_type = Text)]
    pub producer: String,
}

/// Samples of a city and a stage that name a task.
#[derive(Debug, Clone, QueryableByName)]
pub struct TakenThere {
    /// The city.
    #[diesel(sql_type = Integer)]
    pub city: i32,
    /// The stage.
    #[diesel(sql_type = Text)]
    pub stage: Word<Stage>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub n: i64,
}

/// What the tasks of a plan are to take, by cell.
///
/// # Errors
/// Those of the database.
pub fn planned(conn: &mut Conn, plan: Id) -> Result<Vec<Planned>, Error> {
    let sql = "SELECT quota_id, state, CAST(SUM(samples) AS BIGINT) AS samples FROM task WHERE plan_id = $1 \
               GROUP BY quota_id, state";
    Ok(on!(conn, c => diesel::sql_query(sql).bind::<sql::Id, _>(plan).load(c))?)
}

/// What was taken for a plan, by cell; lately is from an instant on.
///
/// # Errors
/// Those of the database.
pub fn taken(conn: &mut Conn, plan: Id, since: Ts) -> Result<Vec<Taken>, Error> {
    // SQLite numbers parameters by where they first stand.
    let sql = "SELECT t.quota_id, t.state, s.status, COUNT(*) AS n, \
               CAST(SUM(CASE WHEN s.sampled_at >= $1 THEN 1 ELSE 0 END) AS BIGINT) AS recent \
               FROM task t JOIN sample s ON s.city = t.city AND s.task_id = t.id AND s.task_id IS NOT NULL \
               WHERE t.plan_id = $2 GROUP BY t.quota_id, t.state, s.status";
    Ok(on!(conn, c => diesel::sql_query(sql).bind::<sql::Ts, _>(since).bind::<sql::Id, _>(plan).load(c))?)
}

/// Samples of some months that name a task, both months included.
///
/// # Errors
/// Those of the database.
pub fn taken_by_place(conn: &mut Conn, (from, to): (i32, i32)) -> Result<Vec<TakenThere>, Error> {
    let sql = "SELECT s.city, s.stage, COUNT(*) AS n FROM task t \
               JOIN sample s ON s.city = t.city AND s.task_id = t.id AND s.task_id IS NOT NULL \
               WHERE s.month >= $1 AND s.month <= $2 AND s.status NOT IN ('refused', 'voided') GROUP BY s.city, s.stage";
    Ok(on!(conn, c => diesel::sql_query(sql).bind::<Integer, _>(from).bind::<Integer, _>(to).load(c))?)
}

/// Visits without a sample for a plan, by cell.
///
/// # Errors
/// Those of the database.
pub fn visits(conn: &mut Conn, plan: Id) -> Result<Vec<Visits>, Error> {
    let sql = "SELECT t.quota_id, o.kind, COUNT(*) AS n FROM task t \
               JOIN task_outcome o ON o.city = t.city AND o.task_id = t.id \
               WHERE t.plan_id = $1 GROUP BY t.quota_id, o.kind";
    Ok(on!(conn, c => diesel::sql_query(sql).bind::<sql::Id, _>(plan).load(c))?)
}

/// Whose produce was taken for the cells of a plan, each once for a cell. It reads the samples themselves.
///
/// # Errors
/// Those of the database.
pub fn producers(conn: &mut Conn, plan: Id) -> Result<Vec<Producer>, Error> {
    let sql = "SELECT DISTINCT t.quota_id, s.producer FROM task t \
               JOIN sample s ON s.city = t.city AND s.task_id = t.id AND s.task_id IS NOT NULL \
               WHERE t.plan_id = $1 AND s.producer IS NOT NULL \
               AND s.status NOT IN ('refused', 'voided')";
    Ok(on!(conn, c => diesel::sql_query(sql).bind::<sql::Id, _>(plan).load(c))?)
}
