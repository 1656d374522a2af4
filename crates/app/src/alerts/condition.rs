//! Alerts that tell of a condition: raised when it holds, cleared when it holds no more.

use super::change::{Changes, New};
use super::plan::open_anew;
use crate::Error;
use hege_alerts::plan::Grade;
use hege_alerts::{Ending, Happening, Key, Rule};
use hege_core::date::{CHINA, china_date};
use hege_core::{RegionCode, Stage};
use hege_store::Error as StoreError;
use hege_store::alerts::AlertRow;
use hege_store::types::Ts;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A condition that holds, told from others by its rule, stage and region.
pub(super) struct Condition {
    pub(super) rule: Rule,
    pub(super) stage: Option<Stage>,
    pub(super) region: RegionCode,
    pub(super) grade: Grade,
    pub(super) evidence: Value,
}

/// How long a person's closing is respected while the condition goes on.
const RESPECTED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether a stored alert tells of this condition.
fn tells(row: &AlertRow, condition: &Condition) -> bool {
    row.rule == condition.rule.code()
        && row.stage.map(|stage| stage.0) == condition.stage
        && row.region == i32::try_from(condition.region.get()).unwrap_or(i32::MAX)
}

/// Whether the alert of such a condition is open.
pub(super) fn is_open(rows: &[AlertRow], (rule, stage, region): (Rule, Option<Stage>, RegionCode)) -> bool {
    let probe = Condition { rule, stage, region, grade: Grade::Notice, evidence: Value::Null };
    rows.iter().any(|row| row.ended_at.is_none() && tells(row, &probe))
}

/// The day's first instant in China: two servers that find a condition on one day raise one alert.
fn day_of(now: Timestamp) -> Timestamp {
    let midnight = china_date(now).at(0, 0, 0, 0);
    CHINA.to_timestamp(midnight).unwrap_or(now)
}

/// Makes the stored alerts of `rules` say what holds now.
pub(super) fn settle(
    changes: &mut Changes<'_>,
    rows: &[AlertRow],
    rules: &[Rule],
    conditions: &[Condition],
) -> Result<(), Error> {
    let now = changes.now;
    for condition in conditions {
        let told: Vec<&AlertRow> = rows.iter().filter(|row| tells(row, condition)).collect();
        if told.iter().any(|row| row.ended_at.is_none() || is_respected(row, now)) {
            continue;
        }
        let today = told.iter().find(|row| row.opened_at.0 == day_of(now));
        match today {
            Some(row) => reopen(changes, row, condition)?,
            None => raise(changes, condition)?,
        }
    }
    let is_ours = |row: &&AlertRow| row.ended_at.is_none() && rules.iter().any(|rule| rule.code() == row.rule);
    for row in rows.iter().filter(is_ours) {
        if conditions.iter().all(|condition| !tells(row, condition)) {
            clear(changes, row)?;
        }
    }
    Ok(())
}

fn is_respected(row: &AlertRow, now: Timestamp) -> bool {
    let by_person = row.ended_why.as_deref() == Some(Ending::ByPerson.code());
    by_person && row.ended_at.is_some_and(|at| now.duration_since(at.0) < RESPECTED)
}

fn raise(changes: &mut Changes<'_>, condition: &Condition) -> Result<(), Error> {
    let stage = condition.stage.map(Stage::code).unwrap_or_default();
    let stream = format!("{}/{stage}/{}", changes.plan.id, condition.region);
    changes.raise(&New {
        key: Key { rule: condition.rule, stream: &stream, version: 0, opened_at: day_of(changes.now) },
        stage: condition.stage,
        region: condition.region,
        subject: "",
        grade: condition.grade,
        evidence: condition.evidence.clone(),
        ended: None,
    })
}

fn reopen(changes: &mut Changes<'_>, row: &AlertRow, condition: &Condition) -> Result<(), Error> {
    let mut row = row.clone();
    open_anew(&mut row);
    row.evidence = hege_store::types::Doc(condition.evidence.clone());
    changes.change(row, Happening::Reopened, condition.evidence.clone())
}

fn clear(changes: &mut Changes<'_>, row: &AlertRow) -> Result<(), Error> {
    let mut row = row.clone();
    let ending = Ending::Recovered;
    ending.status().code().clone_into(&mut row.status);
    (row.ended_at, row.ended_why) = (Some(Ts(changes.now)), Some(ending.code().to_owned()));
    changes.change(row, ending.happening(), Value::Null)
}

/// The region of a stored code.
pub(super) fn region(code: i32) -> Result<RegionCode, Error> {
    let code = u32::try_from(code).ok().and_then(|code| RegionCode::new(code).ok());
    code.ok_or_else(|| StoreError::Corrupt("region").into())
}
