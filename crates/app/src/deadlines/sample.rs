//! The clocks of one sample, from its rows.

use super::rules::rules_on;
use crate::catalogue::shipped_analytes;
use crate::fields::stored_fields;
use crate::{Error, setup};
use hege_core::calendar::MissingYear;
use hege_core::date::china_date;
use hege_lab::ItemVerdict;
use hege_rates::Standing;
use hege_sampling::deadlines::{Clock, Course, Due, Event, Rule, Running, State, clocks};
use hege_sampling::form::{Fields, Raw};
use hege_sampling::life_cycle::Status;
use hege_sampling::shelf_life;
use hege_sampling::words::DateKind;
use hege_store::Conn;
use hege_store::samples::{ConclusionRow, CustodyRow, Item, Sample};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

/// A clock as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clocked {
    /// The rule by which it runs.
    pub rule: Rule,
    /// Since when.
    pub started_at: Timestamp,
    /// By when.
    pub due: Result<Due, MissingYear>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// Where it stands.
    pub state: State,
}

impl From<Running<'_>> for Clocked {
    fn from(running: Running<'_>) -> Self {
        let Running { rule, started_at, due, done_at, state } = running;
        Self { rule: rule.clone(), started_at, due, done_at, state }
    }
}

/// The events that this program records of a sample. Whoever records more of them adds them here.
const RECORDED: [Event; 19] = [
    Event::Sampled,
    Event::Delivered,
    Event::Received,
    Event::Reported,
    Event::Sent,
    Event::Served,
    Event::ReinspectionApplied,
    Event::ReinspectionDecided,
    Event::ReinspectionAccepted,
    Event::BodyNamed,
    Event::BackupHandedOver,
    Event::ReinspectionReported,
    Event::ReinspectionTold,
    Event::SamplingObjected,
    Event::SamplingAnswered,
    Event::ResultObjected,
    Event::ResultAnswered,
    Event::Controlled,
    Event::Disposed,
];

/// The clocks of a sample at an instant. Of imported history nobody wrote down when it was delivered, received or reported: it
/// has none.
pub(crate) fn clocks_of(
    conn: &mut Conn,
    (sample, items, custody): (&Sample, &[Item], &[CustodyRow]),
    conclusions: &[ConclusionRow],
    at: Timestamp,
) -> Result<Vec<Clocked>, Error> {
    if custody.iter().any(|event| event.kind == "imported") {
        return Ok(Vec::new());
    }
    let sampled_on = china_date(sample.sampled_at.0);
    let (rules, calendar) = (rules_on(conn, sampled_on)?, setup::calendar_from(conn, sampled_on)?);
    let course = course((sample, items, custody), conclusions)?;
    Ok(clocks(&rules, (sample.stage.0, sampled_on), &course, &calendar, at).into_iter().map(Clocked::from).collect())
}

fn course(
    (sample, items, custody): (&Sample, &[Item], &[CustodyRow]),
    conclusions: &[ConclusionRow],
) -> Result<Course, Error> {
    let first =
        |kinds: &[&str]| custody.iter().find(|event| kinds.contains(&event.kind.as_str())).map(|event| event.at.0);
    let has = |kind: &str| custody.iter().any(|event| event.kind == kind);
    let concluded = |of: Standing| {
        let last = conclusions.iter().rfind(|row| row.standing.0 != Standing::Voided);
        last.filter(|row| row.standing.0 == of).map(|row| row.decided_at.0)
    };
    let failed = concluded(Standing::Nonconforming);
    let reinspected = first(&["reinspection_reported"]);
    let (sampling, result) = (objected(custody, "sampling"), objected(custody, "result"));
    let happened = [
        (Event::Sampled, Some(sample.sampled_at.0)),
        (Event::Delivered, first(&["received", "refused"])),
        (Event::Received, first(&["received"])),
        (Event::Reported, first(&["approved"])),
        // Whoever oversees the place reads the report from its approval on: nothing else is sent.
        (Event::Sent, first(&["approved"])),
        (Event::Conforming, concluded(Standing::Conforming)),
        (Event::Nonconforming, failed),
        (Event::Urgent, if is_urgent(items)? { failed } else { None }),
        (Event::Served, served(custody, None)),
        (Event::ReinspectionApplied, first(&["reinspection_applied"])),
        (Event::ReinspectionDecided, first(&["reinspection_accepted", "reinspection_refused"])),
        (Event::ReinspectionAccepted, first(&["reinspection_accepted"])),
        (Event::BodyNamed, first(&["reinspection_body_named"])),
        (Event::BackupHandedOver, first(&["backup_handed_over"])),
        (Event::ReinspectionReported, reinspected),
        (Event::ReinspectionTold, reinspected.and_then(|at| served(custody, Some(at)))),
        (Event::SamplingObjected, sampling.map(|of| of.0)),
        (Event::SamplingAnswered, sampling.and_then(|of| of.1)),
        (Event::ResultObjected, result.map(|of| of.0)),
        (Event::ResultAnswered, result.and_then(|of| of.1)),
        (Event::Controlled, controlled(custody)),
        (Event::Disposed, disposed(custody)),
    ];
    Ok(Course {
        events: happened.into_iter().filter_map(|(event, at)| Some((event, at?))).collect(),
        recorded: RECORDED.into_iter().collect(),
        put_off: put_off(custody),
        shelf_end: shelf_end(sample),
        is_open: has("void_requested") || is_reinspected(custody) || is_open(sampling) || is_open(result),
        is_out: [Status::Refused.code(), Status::Voided.code()].contains(&sample.status.as_str()),
        ..Course::default()
    })
}

/// When the result was first served, not before `since`, so that a clock runs: the instant of the proof, not that of its recording.
fn served(custody: &[CustodyRow], since: Option<Timestamp>) -> Option<Timestamp> {
    let proven = custody.iter().filter(|event| {
        event.kind == "served" && event.detail.0.get("starts_clock").and_then(Value::as_bool) == Some(true)
    });
    let at = |event: &CustodyRow| event.detail.0.get("served_at").and_then(Value::as_str)?.parse().ok();
    proven.filter_map(at).filter(|at: &Timestamp| since.is_none_or(|since| *at >= since)).min()
}

fn said<'a>(event: &'a CustodyRow, name: &str) -> Option<&'a str> {
    event.detail.0.get(name).and_then(Value::as_str)
}

/// When one objected to this, and when that was answered: the first objection that waits for its answer, or else the first.
type Objection = Option<(Timestamp, Option<Timestamp>)>;

fn objected(custody: &[CustodyRow], to: &str) -> Objection {
    let (raising, answering) = (format!("{to}_objected"), format!("{to}_answered"));
    let number = |event: &CustodyRow| event.detail.0.get("objection").and_then(Value::as_i64);
    let answered = |seq: Option<i64>| {
        let mut answers = custody.iter().filter(|event| event.kind == answering);
        answers.find(|event| number(event) == seq).map(|event| event.at.0)
    };
    let raised = custody.iter().filter(|event| event.kind == raising);
    let all: Vec<(Timestamp, Option<Timestamp>)> =
        raised.filter_map(|event| Some((said(event, "raised_at")?.parse().ok()?, answered(number(event))))).collect();
    all.iter().find(|(_, answered)| answered.is_none()).or(all.first()).copied()
}

fn is_open(objection: Objection) -> bool {
    objection.is_some_and(|(_, answered)| answered.is_none())
}

/// When an operator first took measures, by what the department recorded.
fn controlled(custody: &[CustodyRow]) -> Option<Timestamp> {
    let recorded = custody.iter().filter(|event| event.kind == "disposal_recorded");
    recorded.filter_map(|event| said(event, "taken_at")?.parse().ok()).min()
}

/// When the last side that was due was dealt with, unless another one was opened after it.
fn disposed(custody: &[CustodyRow]) -> Option<Timestamp> {
    let is_last = |event: &&CustodyRow| event.detail.0.get("disposed").and_then(Value::as_bool) == Some(true);
    let last = custody.iter().rfind(is_last)?;
    let is_open_again = custody.iter().any(|event| event.seq > last.seq && event.kind == "disposal_opened");
    (!is_open_again).then_some(last.at.0)
}

/// The clocks that were put off: that of the disposal, to the latest end that was granted for a side.
fn put_off(custody: &[CustodyRow]) -> BTreeMap<Clock, Date> {
    let granted = custody.iter().filter(|event| event.kind == "disposal_extended");
    let last = granted.filter_map(|event| said(event, "until")?.parse().ok()).max();
    last.map(|until| (Clock::Disposal, until)).into_iter().collect()
}

/// Whether a re-inspection is open: its last step ends none.
fn is_reinspected(custody: &[CustodyRow]) -> bool {
    const STEPS: [&str; 4] =
        ["reinspection_applied", "reinspection_accepted", "reinspection_body_named", "backup_handed_over"];
    const ENDS: [&str; 3] = ["reinspection_refused", "reinspection_reported", "reinspection_withdrawn"];
    let mut steps = custody.iter().rev().map(|event| event.kind.as_str());
    steps.find(|kind| STEPS.contains(kind) || ENDS.contains(kind)).is_some_and(|kind| STEPS.contains(&kind))
}

/// Whether a banned substance or a pathogen was found: a hazard that is reported at once.
fn is_urgent(items: &[Item]) -> Result<bool, Error> {
    let analytes = shipped_analytes()?;
    let is_hazard = |code: &str| analytes.get(code).is_some_and(|analyte| analyte.banned || analyte.pathogen);
    let failed = |item: &&Item| item.verdict.as_deref() == Some(ItemVerdict::Nonconforming.code());
    Ok(items.iter().filter(failed).any(|item| is_hazard(&item.analyte)))
}

/// The last day of the shelf life that the label states, counted from the day of production; none where it cannot be read.
pub(crate) fn shelf_end(sample: &Sample) -> Option<Date> {
    let fields: Fields = stored_fields(&sample.form.0)?;
    let text = |field: &str| match fields.get(field) {
        Some(Raw::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let is_made = text("date_kind")? == DateKind::Production.code();
    let made = sample.deciding_date.filter(|_| is_made)?;
    made.0.checked_add(shelf_life(text("shelf_life")?)?).ok()
}
