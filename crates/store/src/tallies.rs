//! Counts of samples by how they stand, for cuts that the cells do not hold: a county, a food class, a moment in the past.

use crate::types::{Ts, Word, sql};
use crate::{Conn, Error, on};
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
    /// County of the sampling place; 0 where it is not told apart.
    #[diesel(sql_type = Integer)]
    pub region: i32,
    /// Code of the food class; empty where it is not told apart.
    #[diesel(sql_type = Text)]
    pub food_class: String,
    /// How they stand.
    #[diesel(sql_type = Text)]
    pub standing: Word<Standing>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// What is told apart besides city, month and the words of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Nothing.
    #[default]
    None,
    /// The county.
    Region,
    /// The food class.
    FoodClass,
}

impl Detail {
    /// The columns `region` and `food_class`.
    const fn columns(self) -> &'static str {
        match self {
            Self::None => "0 AS region, '' AS food_class",
            Self::Region => "s.region AS region, '' AS food_class",
            Self::FoodClass => "0 AS region, s.food_class AS food_class",
        }
    }

    /// Those of them that are grouped by.
    const fn grouped(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Region => ", s.region",
            Self::FoodClass => ", s.food_class",
        }
    }
}

/// Months of sampling (`yyyymm`) and codes of counties, each from and until, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Months.
    pub months: (i32, i32),
    /// Regions.
    pub regions: (i32, i32),
    /// What is told apart.
    pub detail: Detail,
}

/// How the samples of a cut stand now.
///
/// # Errors
/// Those of the database.
pub fn tallies(conn: &mut Conn, cut: Cut) -> Result<Vec<TallyRow>, Error> {
    let (columns, grouped) = (cut.detail.columns(), cut.detail.grouped());
    let sql = format!(
        "SELECT s.city, s.stage, s.task_type, s.sample_kind, s.month, {columns}, s.standing, COUNT(*) AS count \
         FROM sample s WHERE s.month BETWEEN $1 AND $2 AND s.region BETWEEN $3 AND $4 \
         AND s.city BETWEEN $3 / 100 AND $4 / 100 \
         GROUP BY s.city, s.stage, s.task_type, s.sample_kind, s.month, s.standing{grouped}"
    );
    Ok(on!(conn, c => diesel::sql_query(sql)
        .bind::<Integer, _>(cut.months.0)
        .bind::<Integer, _>(cut.months.1)
        .bind::<Integer, _>(cut.regions.0)
        .bind::<Integer, _>(cut.regions.1)
        .load(c))?)
}

/// How the samples of a cut stood at an instant, by the revisions of their conclusions and by their custody.
///
/// # Errors
/// Those of the database.
pub fn tallies_as_of(conn: &mut Conn, cut: Cut, at: Ts) -> Result<Vec<TallyRow>, Error> {
    let columns = cut.detail.columns();
    let sql = format!(
        "SELECT t.city, t.stage, t.task_type, t.sample_kind, t.month, t.region, t.food_class, t.standing, \
         COUNT(*) AS count FROM (SELECT s.city, s.stage, s.task_type, s.sample_kind, s.month, {columns}, COALESCE( \
         (SELECT c.standing FROM conclusion c WHERE c.city = s.city AND c.sample_id = s.id AND c.decided_at <= $1 \
          ORDER BY c.revision DESC LIMIT 1), \
         (SELECT e.kind FROM custody_event e WHERE e.city = s.city AND e.sample_id = s.id \
          AND e.kind IN ('refused', 'voided') AND e.at <= $1 LIMIT 1), \
         CASE WHEN s.task_type = 'risk_monitoring' THEN 'risk' ELSE 'pending' END) AS standing \
         FROM sample s WHERE s.registered_at <= $1 AND s.month BETWEEN $2 AND $3 AND s.region BETWEEN $4 AND $5 \
         AND s.city BETWEEN $4 / 100 AND $5 / 100) t GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
    );
    Ok(on!(conn, c => diesel::sql_query(sql)
        .bind::<sql::Ts, _>(at)
        .bind::<Integer, _>(cut.months.0)
        .bind::<Integer, _>(cut.months.1)
        .bind::<Integer, _>(cut.regions.0)
        .bind::<Integer, _>(cut.regions.1)
        .load(c))?)
}
