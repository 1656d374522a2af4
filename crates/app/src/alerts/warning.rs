//! Early warnings of the province's stages: one stream a stage, across plan years.

use super::change::{Changes, New};
use super::plan::{corrupt, counted, end, ended, reopen};
use crate::plans::{Target, YearPlan};
use crate::{Error, PROVINCE, Store};
use hege_alerts::cusum::{self, Held, Signal};
use hege_alerts::plan::Grade;
use hege_alerts::reconcile::{self, StoredWarning, Warning, WarningChange};
use hege_alerts::{Counted, Key, Rule};
use hege_core::{Month, Stage};
use hege_store::alerts::{AlertRow, alerts_by_rule};
use hege_store::types::Doc;
use jiff::Timestamp;
use serde_json::{Value, json};

/// What counts in a stage of the province, across plan years.
pub(super) struct Stream {
    stage: Stage,
    held: Vec<Held>,
    counted: Vec<Counted>,
}

impl Stream {
    /// The stream carries over the year's end; it is read from January of the year before the last plan's on, when its score was
    /// long since 0. `plans` are in the order of their years.
    fn load(store: &Store, plans: &[&YearPlan], stage: Stage) -> Result<Self, Error> {
        let targets: Vec<&Target> =
            plans.iter().flat_map(|plan| &plan.targets).filter(|target| target.stage == stage).collect();
        let held = targets.iter().map(|target| Held {
            valid_from: target.valid_from,
            target: target.basis_points,
            samples_a_year: target.planned_n,
        });
        let year = plans.last().map_or(0, |plan| plan.year);
        let month = |year, month| Month { year, month }.yyyymm();
        let counted = counted(store, stage, (month(year - 1, 1), month(year, 12)), targets.last().copied())?;
        Ok(Self { stage, held: held.collect(), counted })
    }

    fn signals(&self, now: Timestamp) -> Vec<Signal> {
        cusum::history(&self.held, &self.counted, now)
    }
}

/// The streams of every stage. `plans` are in the order of their years.
pub(super) fn streams(store: &Store, plans: &[&YearPlan]) -> Result<Vec<Stream>, Error> {
    Stage::ALL.iter().map(|stage| Stream::load(store, plans, *stage)).collect()
}

/// The instants at which a stage signalled.
pub(super) fn instants(streams: &[Stream], now: Timestamp) -> Vec<Timestamp> {
    streams.iter().flat_map(|stream| stream.signals(now)).map(|signal| signal.at).collect()
}

/// Looks at streams. New alerts are told under the plan that is looked at.
pub(super) fn look(changes: &mut Changes<'_>, streams: &[Stream]) -> Result<(), Error> {
    if streams.is_empty() {
        return Ok(());
    }
    let rows = changes.store.read(|conn| Ok::<_, Error>(alerts_by_rule(conn, Rule::Cusum.code())?))?;
    for stream in streams {
        let of_stage = |row: &&AlertRow| row.stage.is_some_and(|word| word.0 == stream.stage);
        let rows: Vec<AlertRow> = rows.iter().filter(of_stage).cloned().collect();
        let signals = stream.signals(changes.now);
        early_warnings(changes, (stream.stage, &signals), &rows)?;
    }
    Ok(())
}

/// What an early warning says: its last signal, and how many there were.
fn warned(warning: &Warning) -> Value {
    let last = &warning.last;
    json!({
        "signals": warning.signals,
        "last_at": last.at.to_string(),
        "score": last.score,
        "m": last.chart.m,
        "h": last.chart.h,
        "k": last.run.k,
        "n": last.run.n,
        "target_bp": last.target.get(),
        "zh": last.zh(),
        "en": last.en(),
    })
}

fn stored_warning(id: usize, row: &AlertRow) -> Result<StoredWarning<usize>, Error> {
    let field = |name: &str| row.evidence.0.get(name).ok_or(()).map_err(corrupt);
    let signals = field("signals")?.as_u64().and_then(|signals| u32::try_from(signals).ok());
    let last_at = field("last_at")?.as_str().and_then(|at| at.parse().ok());
    Ok(StoredWarning {
        id,
        opened_at: row.opened_at.0,
        signals: signals.ok_or(()).map_err(corrupt)?,
        last_at: last_at.ok_or(()).map_err(corrupt)?,
        ended: ended(row)?,
    })
}

fn early_warnings(
    changes: &mut Changes<'_>,
    (stage, signals): (Stage, &[Signal]),
    rows: &[AlertRow],
) -> Result<(), Error> {
    let now = changes.now;
    let name = format!("{}/{PROVINCE}", stage.code());
    let stored: Vec<_> = rows.iter().enumerate().map(|(id, row)| stored_warning(id, row)).collect::<Result<_, _>>()?;
    for change in reconcile::warnings(&stored, signals, now) {
        let happening = change.happening();
        let row = |id: usize| rows.get(id).cloned().ok_or(()).map_err(corrupt);
        match change {
            WarningChange::Raise(warning) => changes.raise(&New {
                key: Key { rule: Rule::Cusum, stream: &name, version: 0, opened_at: warning.first.at },
                stage: Some(stage),
                region: PROVINCE,
                subject: "",
                grade: Grade::Notice,
                evidence: warned(&warning),
                ended: warning.ended(),
            })?,
            WarningChange::Reopen { id, warning } => {
                let (mut row, evidence) = (row(id)?, warned(&warning));
                reopen(&mut row, &evidence);
                changes.change(row, happening, evidence)?;
            }
            WarningChange::Signals { id, warning } => {
                let (mut row, evidence) = (row(id)?, warned(&warning));
                row.evidence = Doc(evidence.clone());
                changes.change(row, happening, evidence)?;
            }
            WarningChange::End { id, ending, at } => {
                let mut row = row(id)?;
                end(&mut row, (ending, at), &Value::Null);
                changes.change(row, happening, Value::Null)?;
            }
        }
    }
    Ok(())
}
