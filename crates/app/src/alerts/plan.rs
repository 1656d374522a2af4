//! Plan alerts of the province's stages.

use super::change::{Changes, New};
use crate::plans::{Target, YearPlan};
use crate::{Error, PROVINCE, Store};
use hege_alerts::plan::{self as year, Excursion, Grade, PlanYear, TargetVersion};
use hege_alerts::reconcile::{self, Change, Stored};
use hege_alerts::{AlertStatus, Counted, Ending, Evidence, Happening, Key, Rule};
use hege_core::{Month, Stage};
use hege_rates::Standing;
use hege_store::Error as StoreError;
use hege_store::alerts::AlertRow;
use hege_store::samples::concluded;
use hege_store::types::{Doc, Ts};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The streams of every stage.
pub(super) fn streams(store: &Store, plan: &YearPlan) -> Result<Vec<Stream>, Error> {
    Stage::ALL.iter().map(|stage| Stream::load(store, plan, *stage)).collect()
}

/// Looks at streams.
pub(super) fn look(changes: &mut Changes<'_>, streams: &[Stream], stored: &[AlertRow]) -> Result<(), Error> {
    for stream in streams {
        let of = |rule: Rule| {
            let is_meant =
                move |row: &&AlertRow| row.rule == rule.code() && row.stage.is_some_and(|word| word.0 == stream.stage);
            stored.iter().filter(is_meant).cloned().collect::<Vec<_>>()
        };
        plan_alerts(changes, stream, &of(Rule::BelowTarget))?;
    }
    Ok(())
}

/// The instants at which something would have changed.
pub(super) fn instants(streams: &[Stream], now: Timestamp) -> Vec<Timestamp> {
    let mut instants = Vec::new();
    for stream in streams {
        for excursion in stream.excursions(now) {
            instants.push(excursion.opened_at);
            instants.extend(excursion.escalated.map(|step| step.at));
            instants.extend(excursion.ended.map(|(_, step)| step.at));
        }
    }
    instants
}

/// What counts in a stage of the province in a plan year.
pub(super) struct Stream {
    stage: Stage,
    year: i16,
    targets: Vec<Target>,
    counted: Vec<Counted>,
    /// The name of the stream in an alert's key.
    name: String,
}

impl Stream {
    fn load(store: &Store, plan: &YearPlan, stage: Stage) -> Result<Self, Error> {
        let month = |year, month| Month { year, month }.yyyymm();
        // Of the year before only November and December count, in the trailing window.
        let months = (month(plan.year - 1, 11), month(plan.year, 12));
        let targets: Vec<Target> = plan.targets.iter().filter(|target| target.stage == stage).cloned().collect();
        let counted = counted(store, stage, months, targets.last())?;
        let name = format!("{}/{}/{PROVINCE}", plan.id, stage.code());
        Ok(Self { stage, year: plan.year, targets, counted, name })
    }

    fn excursions(&self, now: Timestamp) -> Vec<Excursion> {
        let version = |target: &Target| TargetVersion {
            valid_from: target.valid_from,
            version: target.version,
            target: target.basis_points.map(|basis_points| year::Target { basis_points, min_n: target.min_n }),
        };
        let plan_year = PlanYear { year: self.year, targets: self.targets.iter().map(version).collect() };
        year::history(&plan_year, &self.counted, now)
    }
}

/// What of a stage counts, concluded for these months of sampling. What counts by the last version counts for all of them: two
/// rules in one year would give two figures.
pub(super) fn counted(
    store: &Store,
    stage: Stage,
    months: (i32, i32),
    target: Option<&Target>,
) -> Result<Vec<Counted>, Error> {
    let rows = store.read(|conn| Ok::<_, Error>(concluded(conn, stage, months)?))?;
    let counts = rows
        .iter()
        .filter(|row| target.is_some_and(|target| target.counting.counts(row.task_type.0, row.sample_kind.0)));
    let counted = counts.map(|row| {
        let month = Month::from_yyyymm(row.month).map_err(|_no_month| StoreError::Corrupt("sample"))?;
        Ok(Counted { at: row.at.0, month, conforming: row.standing.0 == Standing::Conforming })
    });
    counted.collect()
}

pub(super) fn corrupt<E>(_cause: E) -> Error {
    StoreError::Corrupt("alert").into()
}

pub(super) fn ended(row: &AlertRow) -> Result<Option<(Ending, Timestamp)>, Error> {
    let Some(at) = row.ended_at else { return Ok(None) };
    let why = row.ended_why.as_deref().unwrap_or_default().parse().map_err(corrupt)?;
    Ok(Some((why, at.0)))
}

/// The figures as they are stored, sent and shown.
fn figures(evidence: &Evidence) -> Value {
    json!({
        "window": evidence.window.code(),
        "k": evidence.tally.k,
        "n": evidence.tally.n,
        "target_bp": evidence.target.get(),
        "p": hege_alerts::evidence::probability(evidence.p_low),
        "zh": evidence.zh(),
        "en": evidence.en(),
    })
}

fn plan_alerts(changes: &mut Changes<'_>, stream: &Stream, rows: &[AlertRow]) -> Result<(), Error> {
    let now = changes.now;
    let stored = rows.iter().enumerate().map(|(id, row)| {
        Ok::<_, Error>(Stored {
            id,
            opened_at: row.opened_at.0,
            version: row.target_version.unwrap_or_default(),
            grade: row.grade.parse().map_err(corrupt)?,
            ended: ended(row)?,
        })
    });
    let stored = stored.collect::<Result<Vec<_>, _>>()?;
    // The rows as they become: one look may change an alert twice.
    let mut rows = rows.to_vec();
    for change in reconcile::plan(&stored, &stream.excursions(now), now) {
        let happening = change.happening();
        match change {
            Change::Raise(excursion) => changes.raise(&raised(stream, &excursion))?,
            Change::Reopen { id, evidence } => {
                next(changes, &mut rows, (id, happening, figures(&evidence)), &reopen)?;
            }
            Change::Escalate { id, evidence, .. } => {
                next(changes, &mut rows, (id, happening, figures(&evidence)), &|row, evidence| {
                    if row.ended_at.is_some() {
                        open_anew(row);
                    }
                    row.unanswered_at = None;
                    regrade(row, Grade::Significant, evidence);
                })?;
            }
            Change::Lower { id, evidence } => {
                let lower = |row: &mut AlertRow, evidence: &Value| regrade(row, Grade::Notice, evidence);
                next(changes, &mut rows, (id, happening, figures(&evidence)), &lower)?;
            }
            Change::End { id, ending, at, evidence } => {
                let evidence = evidence.map_or(Value::Null, |evidence| figures(&evidence));
                let over = |row: &mut AlertRow, evidence: &Value| end(row, (ending, at), evidence);
                next(changes, &mut rows, (id, happening, evidence), &over)?;
            }
        }
    }
    Ok(())
}

/// Changes the alert at a place among `rows`, and stores it.
fn next(
    changes: &mut Changes<'_>,
    rows: &mut [AlertRow],
    (id, happening, evidence): (usize, Happening, Value),
    edit: &dyn Fn(&mut AlertRow, &Value),
) -> Result<(), Error> {
    let row = rows.get_mut(id).ok_or(()).map_err(corrupt)?;
    edit(row, &evidence);
    changes.change(row.clone(), happening, evidence)?;
    row.revision += 1;
    Ok(())
}

fn raised<'a>(stream: &'a Stream, excursion: &Excursion) -> New<'a> {
    New {
        key: Key {
            rule: Rule::BelowTarget,
            stream: &stream.name,
            version: excursion.version,
            opened_at: excursion.opened_at,
        },
        stage: Some(stream.stage),
        region: PROVINCE,
        subject: "",
        grade: excursion.reached(),
        evidence: figures(&excursion.latest()),
        ended: excursion.ended.map(|(ending, step)| (ending, step.at)),
    }
}

/// An alert that is over is open again, and nobody has answered it yet.
pub(super) fn open_anew(row: &mut AlertRow) {
    AlertStatus::Open.code().clone_into(&mut row.status);
    (row.ended_at, row.ended_why) = (None, None);
    (row.acknowledged_by, row.acknowledged_at, row.note) = (None, None, None);
    (row.closed_by, row.closing_note, row.unanswered_at) = (None, None, None);
}

pub(super) fn reopen(row: &mut AlertRow, evidence: &Value) {
    let is_known = row.acknowledged_at.is_some();
    let status = if is_known { AlertStatus::Acknowledged } else { AlertStatus::Open };
    status.code().clone_into(&mut row.status);
    (row.ended_at, row.ended_why, row.unanswered_at) = (None, None, None);
    row.evidence = Doc(evidence.clone());
}

fn regrade(row: &mut AlertRow, grade: Grade, evidence: &Value) {
    grade.code().clone_into(&mut row.grade);
    row.evidence = Doc(evidence.clone());
}

pub(super) fn end(row: &mut AlertRow, (ending, at): (Ending, Timestamp), evidence: &Value) {
    ending.status().code().clone_into(&mut row.status);
    (row.ended_at, row.ended_why) = (Some(Ts(at)), Some(ending.code().to_owned()));
    if !evidence.is_null() {
        row.evidence = Doc(evidence.clone());
    }
}
