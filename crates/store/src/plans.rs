//! 计划、目标: plans of a year and what each stage is held to, by version.

use crate::audit::Audited;
use crate::schema::{plan, target};
use crate::types::{Doc, Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::Stage;
use serde::Serialize;

/// A year's plan.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = plan)]
pub struct Plan {
    /// Its id.
    pub id: Id,
    /// Its year.
    pub year: i32,
    /// 名称.
    pub title: String,
    /// Whether it is a demonstration.
    pub demo: bool,
    /// Whether it is the one that is shown first.
    pub current: bool,
    /// Grows with each change.
    pub revision: i64,
}

/// A stage's target in a version. Never changed: another target is another version.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = target, treat_none_as_default_value = false)]
pub struct TargetRow {
    /// Its plan.
    pub plan_id: Id,
    /// Its stage.
    pub stage: Word<Stage>,
    /// 1, 2, ...
    pub version: i32,
    /// The pass rate in basis points; none where the plan names no number.
    pub basis_points: Option<i32>,
    /// Fewest samples for a notice.
    pub min_n: i32,
    /// How many countable samples the year is planned to have.
    pub planned_n: i32,
    /// `{"task_types": [..], "sample_kinds": [..]}`.
    pub counting: Doc,
    /// The clause of the plan, with its words.
    pub clause: String,
    /// From when it is held.
    pub valid_from: Ts,
}

impl Audited for Plan {
    const TABLE: &'static str = "plan";
    fn key(&self) -> String {
        self.id.0.to_string()
    }
}

impl Audited for TargetRow {
    const TABLE: &'static str = "target";
    fn key(&self) -> String {
        format!("{}/{}/{}", self.plan_id.0, self.stage.0.code(), self.version)
    }
}

/// Puts a plan.
///
/// # Errors
/// [`Error::Duplicate`] when its id is taken.
pub fn plan_insert(conn: &mut Conn, row: &Plan) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(plan::table).values(row).execute(c))?;
    Ok(())
}

/// Every plan, the newest year first.
///
/// # Errors
/// Those of the database.
pub fn plans_list(conn: &mut Conn) -> Result<Vec<Plan>, Error> {
    Ok(on!(conn, c => plan::table.order((plan::year.desc(), plan::id)).select(Plan::as_select()).load(c))?)
}

/// Makes one plan the current one and every other not.
///
/// # Errors
/// Those of the database.
pub fn plan_make_current(conn: &mut Conn, id: Id) -> Result<(), Error> {
    on!(conn, c => diesel::update(plan::table.filter(plan::current.ne(plan::id.eq(id))))
        .set((plan::current.eq(plan::id.eq(id)), plan::revision.eq(plan::revision + 1)))
        .execute(c))?;
    Ok(())
}

/// Gives a plan that still has the revision `seen` another title. None when somebody was faster.
///
/// # Errors
/// Those of the database.
pub fn plan_retitle(conn: &mut Conn, id: Id, (seen, title): (i64, &str)) -> Result<Option<Plan>, Error> {
    Ok(on!(conn, c => diesel::update(plan::table.find(id).filter(plan::revision.eq(seen)))
        .set((plan::title.eq(title), plan::revision.eq(seen + 1)))
        .returning(Plan::as_returning())
        .get_result(c)
        .optional())?)
}

/// Puts a version of a target.
///
/// # Errors
/// [`Error::Duplicate`] when somebody was faster.
pub fn target_insert(conn: &mut Conn, row: &TargetRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(target::table).values(row).execute(c))?;
    Ok(())
}

/// Every version of every target of a plan, by stage and version.
///
/// # Errors
/// Those of the database.
pub fn targets_of(conn: &mut Conn, plan: Id) -> Result<Vec<TargetRow>, Error> {
    Ok(on!(conn, c => target::table.filter(target::plan_id.eq(plan))
        .order((target::stage, target::version))
        .select(TargetRow::as_select())
        .load(c))?)
}
