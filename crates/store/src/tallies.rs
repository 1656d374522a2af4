//! Counts of samples by how they stand, for cuts that the cells do not hold: a county, a moment in the past.

use crate::schema::sample;
use crate::types::{Ts, Word, sql};
use crate::{Conn, Error, on};
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use hege_core::{SampleKind, Stage, TaskType};
use hege_rates::Standing;

/// How many samples of one kind stand in one way.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, QueryableByName)]
pub struct TallyRow {
    /// The city.
    #[diesel(sql_type = Integer)]
    pub city: i32,
    /// 环节.
    #[diesel(sql_type = Text)]
    pub stage: Word<Stage>,
    /// 任务类别.
    #[diesel(sql_type = Text)]
    pub task_type: Word<TaskType>,
    /// 样品类型.
    #[diesel(sql_type = Text)]
    pub sample_kind: Word<SampleKind>,
    /// Month of sampling, `yyyymm`.
    #[diesel(sql_type = Integer)]
    pub month: i32,
    /// How they stand.
    #[diesel(sql_type = Text)]
    pub standing: Word<Standing>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// Months of sampling (`yyyymm`) and codes of counties, each from and until, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Months.
    pub months: (i32, i32),
    /// Regions.
    pub regions: (i32, i32),
}

/// How the samples of a cut stand now.
///
/// # Errors
/// Those of the database.
pub fn tallies(conn: &mut Conn, cut: Cut) -> Result<Vec<TallyRow>, Error> {
    let kinds = (sample::city, sample::stage, sample::task_type, sample::sample_kind, sample::month, sample::standing);
    Ok(on!(conn, c => sample::table
        .filter(sample::month.between(cut.months.0, cut.months.1))
        .filter(sample::city.between(cut.regions.0 / 100, cut.regions.1 / 100))
        .filter(sample::region.between(cut.regions.0, cut.regions.1))
        .group_by(kinds)
        .select((sample::city, sample::stage, sample::task_type, sample::sample_kind, sample::month, sample::standing, count_star()))
        .load(c))?)
}

/// How the samples of a cut stood at an instant, by the revisions of their conclusions and by their custody.
///
/// # Errors
/// Those of the database.
pub fn tallies_as_of(conn: &mut Conn, cut: Cut, at: Ts) -> Result<Vec<TallyRow>, Error> {
    const SQL: &str = "SELECT s.city, s.stage, s.task_type, s.sample_kind, s.month, COALESCE( \
        (SELECT c.standing FROM conclusion c WHERE c.city = s.city AND c.sample_id = s.id AND c.decided_at <= $1 \
         ORDER BY c.revision DESC LIMIT 1), \
        (SELECT e.kind FROM custody_event e WHERE e.city = s.city AND e.sample_id = s.id \
         AND e.kind IN ('refused', 'voided') AND e.at <= $1 LIMIT 1), \
        CASE WHEN s.task_type = 'risk_monitoring' THEN 'risk' ELSE 'pending' END) AS standing, COUNT(*) AS count \
        FROM sample s WHERE s.registered_at <= $1 AND s.month BETWEEN $2 AND $3 AND s.region BETWEEN $4 AND $5 \
        AND s.city BETWEEN $4 / 100 AND $5 / 100 \
        GROUP BY 1, 2, 3, 4, 5, 6";
    Ok(on!(conn, c => diesel::sql_query(SQL)
        .bind::<sql::Ts, _>(at)
        .bind::<Integer, _>(cut.months.0)
        .bind::<Integer, _>(cut.months.1)
        .bind::<Integer, _>(cut.regions.0)
        .bind::<Integer, _>(cut.regions.1)
        .load(c))?)
}
