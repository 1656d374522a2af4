//! 预警: alerts and what happened to them.

use crate::audit::Audited;
use crate::schema::{alert, alert_event};
use crate::types::{Doc, Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::Stage;
use serde::Serialize;

/// An alert.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = alert, primary_key(city, id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct AlertRow {
    /// The shard.
    pub city: i32,
    /// Its id, which follows from what raised it.
    pub id: Id,
    /// `plan`, `early_warning`, `event`, `data`.
    pub kind: String,
    /// Which rule.
    pub rule: String,
    /// The plan it is held against.
    pub plan_id: Id,
    /// The version of the target.
    pub target_version: Option<i32>,
    /// The stage.
    pub stage: Option<Word<Stage>>,
    /// Its scope.
    pub region: i32,
    /// What it is about, where that is neither stage nor region.
    pub subject: String,
    /// `open`, `acknowledged`, `cleared`, `closed`, `withdrawn`.
    pub status: String,
    /// `notice`, `significant`.
    pub grade: String,
    /// When what it tells of began, by the record.
    pub opened_at: Ts,
    /// When it was raised.
    pub raised_at: Ts,
    /// The figures, with their words.
    pub evidence: Doc,
    /// Who acknowledged it.
    pub acknowledged_by: Option<Id>,
    /// When.
    pub acknowledged_at: Option<Ts>,
    /// What they noted.
    pub note: Option<String>,
    /// When it was over.
    pub ended_at: Option<Ts>,
    /// Why.
    pub ended_why: Option<String>,
    /// Grows with each change.
    pub revision: i64,
    /// Who shall answer it. Here and below: what is absent is no part of what is hashed, for these came with a later version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<Id>,
    /// Who closed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<Id>,
    /// What they noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing_note: Option<String>,
    /// When it was told that nobody answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered_at: Option<Ts>,
}

/// A step in an alert's life. Never changed.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = alert_event, treat_none_as_default_value = false)]
pub struct AlertEvent {
    /// The shard.
    pub city: i32,
    /// The alert.
    pub alert_id: Id,
    /// 1, 2, ...
    pub seq: i32,
    /// A code of what happened: `raised`, `escalated`, `acknowledged`, `closed` ...
    pub kind: String,
    /// When.
    pub at: Ts,
    /// Who; none for the clock or a conclusion.
    pub person_id: Option<Id>,
    /// The figures or the note.
    pub evidence: Doc,
}

impl Audited for AlertRow {
    const TABLE: &'static str = "alert";
    fn key(&self) -> String {
        format!("{:04}-{}", self.city, self.id.0)
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

impl Audited for AlertEvent {
    const TABLE: &'static str = "alert_event";
    fn key(&self) -> String {
        format!("{:04}-{}/{}", self.city, self.alert_id.0, self.seq)
    }
}

/// Puts an alert.
///
/// # Errors
/// [`Error::Duplicate`] when another server raised it first.
pub fn alert_insert(conn: &mut Conn, row: &AlertRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(alert::table).values(row).execute(c))?;
    Ok(())
}

/// Replaces an alert that still has the revision before `row`'s; false when somebody was faster: nothing is changed then.
///
/// # Errors
/// Those of the database.
pub fn alert_update(conn: &mut Conn, row: &AlertRow) -> Result<bool, Error> {
    let changed = on!(conn, c => diesel::update(
            alert::table.find((row.city, row.id)).filter(alert::revision.eq(row.revision - 1)))
        .set(row)
        .execute(c))?;
    Ok(changed == 1)
}

/// One alert.
///
/// # Errors
/// Those of the database.
pub fn alert_fetch(conn: &mut Conn, (city, id): (i32, Id)) -> Result<Option<AlertRow>, Error> {
    Ok(on!(conn, c => alert::table.find((city, id)).select(AlertRow::as_select()).first(c).optional())?)
}

/// The alerts of a plan, the newest first.
///
/// # Errors
/// Those of the database.
pub fn alerts_of(conn: &mut Conn, plan: Id) -> Result<Vec<AlertRow>, Error> {
    Ok(on!(conn, c => alert::table.filter(alert::plan_id.eq(plan))
        .order((alert::raised_at.desc(), alert::id))
        .select(AlertRow::as_select())
        .load(c))?)
}

/// Which alerts are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFilter {
    /// The plan.
    pub plan: Id,
    /// A status.
    pub status: Option<String>,
    /// Regions of their scope, both included.
    pub regions: (i32, i32),
    /// Stages, beside what is of none; empty for every one.
    pub stages: Vec<Stage>,
    /// The last row of the page before: when it was raised, and its id.
    pub after: Option<(Ts, Id)>,
}

/// A page of alerts, the newest first.
///
/// # Errors
/// Those of the database.
pub fn alert_list(conn: &mut Conn, filter: &AlertFilter, limit: i64) -> Result<Vec<AlertRow>, Error> {
    let (low, high) = filter.regions;
    // Also of the first page: an index is entered where a page begins, or SQLite would rather sort all rows.
    let (at, id) = filter.after.unwrap_or((Ts(jiff::Timestamp::MAX), Id(uuid::Uuid::max())));
    Ok(on!(conn, c => {
        let mut query = alert::table
            .filter(alert::plan_id.eq(filter.plan).and(alert::region.between(low, high)))
            .filter(alert::raised_at.le(at))
            .filter(alert::raised_at.lt(at).or(alert::id.lt(id)))
            .into_boxed();
        if let Some(status) = &filter.status {
            query = query.filter(alert::status.eq(status));
        }
        if !filter.stages.is_empty() {
            let stages: Vec<Word<Stage>> = filter.stages.iter().copied().map(Word).collect();
            query = query.filter(alert::stage.is_null().or(alert::stage.eq_any(stages).assume_not_null()));
        }
        query
            .order((alert::raised_at.desc(), alert::id.desc()))
            .limit(limit)
            .select(AlertRow::as_select())
            .load(c)
    })?)
}

/// The open alerts raised until an instant of which it was not told yet that nobody answers.
///
/// # Errors
/// Those of the database.
pub fn alerts_unanswered(conn: &mut Conn, raised_until: Ts) -> Result<Vec<AlertRow>, Error> {
    Ok(on!(conn, c => alert::table
        .filter(alert::status.eq("open").and(alert::unanswered_at.is_null()).and(alert::raised_at.le(raised_until)))
        .order((alert::raised_at, alert::id))
        .select(AlertRow::as_select())
        .load(c))?)
}

/// The alerts of a rule, of whatever plan, the newest first.
///
/// # Errors
/// Those of the database.
pub fn alerts_by_rule(conn: &mut Conn, rule: &str) -> Result<Vec<AlertRow>, Error> {
    Ok(on!(conn, c => alert::table.filter(alert::rule.eq(rule))
        .order((alert::raised_at.desc(), alert::id))
        .select(AlertRow::as_select())
        .load(c))?)
}

/// Puts a step.
///
/// # Errors
/// [`Error::Duplicate`] when somebody was faster.
pub fn alert_event_insert(conn: &mut Conn, row: &AlertEvent) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(alert_event::table).values(row).execute(c))?;
    Ok(())
}

/// An alert's steps from its beginning.
///
/// # Errors
/// Those of the database.
pub fn alert_events_of(conn: &mut Conn, (city, id): (i32, Id)) -> Result<Vec<AlertEvent>, Error> {
    Ok(on!(conn, c => alert_event::table
        .filter(alert_event::city.eq(city).and(alert_event::alert_id.eq(id)))
        .order(alert_event::seq)
        .select(AlertEvent::as_select())
        .load(c))?)
}
