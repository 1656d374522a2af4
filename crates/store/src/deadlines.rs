//! 期限规则 as loaded, and worklists: what waits for a step, by when its clock began.

use crate::audit::Audited;
use crate::schema::deadline_rule;
use crate::types::Day;
use crate::{Conn, Error, on};
use diesel::prelude::*;
use serde::Serialize;

/// A rule of a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = deadline_rule, treat_none_as_default_value = false)]
pub struct DeadlineRule {
    /// Its name among the rules.
    pub code: String,
    /// What it limits.
    pub clock: String,
    /// How long, in `unit`.
    pub amount: i32,
    /// `hours`, `days`, `working_days`, `months`.
    pub unit: String,
    /// Whether a last day that is not worked gives way to the next working day.
    pub rolls: bool,
    /// By how much it may be extended, in `unit`.
    pub extension: i32,
    /// Codes of the stages, separated by spaces.
    pub stages: String,
    /// The act.
    pub regime: String,
    /// Whose act.
    pub department: String,
    /// The first sampling day for which it holds.
    pub valid_from: Day,
    /// The last one.
    pub valid_until: Option<Day>,
    /// Where the act says so.
    pub clause: String,
    /// How sure that is.
    pub confidence: String,
    /// Grows with each change.
    pub revision: i64,
}

impl Audited for DeadlineRule {
    const TABLE: &'static str = "deadline_rule";
    fn key(&self) -> String {
        self.code.clone()
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

/// Puts rules.
///
/// # Errors
/// [`Error::Duplicate`] when a code is taken.
pub fn deadline_rules_insert(conn: &mut Conn, rows: &[DeadlineRule]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(deadline_rule::table).values(rows).execute(c))?;
    Ok(())
}

/// Every rule, by code.
///
/// # Errors
/// Those of the database.
pub fn deadline_rules_list(conn: &mut Conn) -> Result<Vec<DeadlineRule>, Error> {
    Ok(on!(conn, c => deadline_rule::table.order(deadline_rule::code).select(DeadlineRule::as_select()).load(c))?)
}
