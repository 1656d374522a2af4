//! 指标: what a plan names besides its targets, and the evidence of what is done.

use crate::audit::Audited;
use crate::schema::{indicator, indicator_evidence};
use crate::types::{Day, Doc, Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::Stage;
use hege_sampling::indicator::IndicatorKind;
use serde::Serialize;

/// An indicator of a plan. Never changed.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = indicator, treat_none_as_default_value = false)]
pub struct IndicatorRow {
    /// Its plan.
    pub plan_id: Id,
    /// Its code within the plan.
    pub code: String,
    /// How it is counted.
    pub kind: Word<IndicatorKind>,
    /// 名称.
    pub title: String,
    /// 环节, where it is of one.
    pub stage: Option<Word<Stage>>,
    /// Codes of food classes.
    pub food_classes: Doc,
    /// Codes of analytes.
    pub panel: Doc,
    /// Codes of kinds of regions; empty for all.
    pub region_types: Doc,
    /// How many the plan wants; none where it names no number.
    pub wanted: Option<i32>,
    /// The clause.
    pub clause: String,
    /// The plan's own words.
    pub words: String,
}

/// A row of evidence. Never changed.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = indicator_evidence, treat_none_as_default_value = false)]
pub struct EvidenceRow {
    /// The shard.
    pub city: i32,
    /// Its id.
    pub id: Id,
    /// The plan.
    pub plan_id: Id,
    /// The indicator.
    pub code: String,
    /// Where.
    pub region: i32,
    /// What was done or looked at.
    pub subject: String,
    /// On which day, in China.
    pub done_on: Day,
    /// Of an inspection, whether something was found.
    pub fault: Option<bool>,
    /// What shows it.
    pub evidence: String,
    /// The row that it takes back.
    pub withdraws: Option<Id>,
    /// Who recorded it.
    pub person_id: Id,
    /// When.
    pub recorded_at: Ts,
}

impl Audited for IndicatorRow {
    const TABLE: &'static str = "indicator";
    fn key(&self) -> String {
        format!("{}/{}", self.plan_id.0, self.code)
    }
}

impl Audited for EvidenceRow {
    const TABLE: &'static str = "indicator_evidence";
    fn key(&self) -> String {
        format!("{:04}-{}", self.city, self.id.0)
    }
}

/// Puts indicators.
///
/// # Errors
/// [`Error::Duplicate`] when one is there already.
pub fn indicators_insert(conn: &mut Conn, rows: &[IndicatorRow]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(indicator::table).values(rows).execute(c))?;
    Ok(())
}

/// The indicators of a plan, or of all, by code.
///
/// # Errors
/// Those of the database.
pub fn indicators_of(conn: &mut Conn, plan: Option<Id>) -> Result<Vec<IndicatorRow>, Error> {
    Ok(on!(conn, c => {
        let mut query = indicator::table.into_boxed();
        if let Some(plan) = plan {
            query = query.filter(indicator::plan_id.eq(plan));
        }
        query.order((indicator::plan_id, indicator::code)).select(IndicatorRow::as_select()).load(c)
    })?)
}

/// Puts a row of evidence.
///
/// # Errors
/// [`Error::Duplicate`] when its id is taken.
pub fn evidence_insert(conn: &mut Conn, row: &EvidenceRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(indicator_evidence::table).values(row).execute(c))?;
    Ok(())
}

/// The evidence of a plan or of one of its indicators, by indicator and id.
///
/// # Errors
/// Those of the database.
pub fn evidence_of(conn: &mut Conn, plan: Id, code: Option<&str>) -> Result<Vec<EvidenceRow>, Error> {
    Ok(on!(conn, c => {
        let mut query = indicator_evidence::table
            .filter(indicator_evidence::plan_id.eq(plan))
            .order((indicator_evidence::code, indicator_evidence::id))
            .select(EvidenceRow::as_select())
            .into_boxed();
        if let Some(code) = code {
            query = query.filter(indicator_evidence::code.eq(code));
        }
        query.load(c)
    })?)
}
