//! The clocks of one sample, from what has happened to it so far.

use super::due::{Due, due, is_soon};
use super::rule::{Period, Rule, Rules};
use super::words::{Clock, ClockKind, Event, State};
use hege_core::Stage;
use hege_core::calendar::{Calendar, MissingYear};
use hege_core::date::china_date;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// What has happened to a sample so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// When what happened, by the record.
    pub events: BTreeMap<Event, Timestamp>,
    /// The events that this program records at all: of others it does not know that they have not happened.
    pub recorded: BTreeSet<Event>,
    /// The clocks that were extended, as far as their rule allows.
    pub extended: BTreeSet<Clock>,
    /// The last day to which a clock was put off by whoever may, where it is later than the rule's.
    pub put_off: BTreeMap<Clock, Date>,
    /// The last day of the backup's shelf life, where it is known.
    pub shelf_end: Option<Date>,
    /// Something about the result is open, so that the backup is kept whatever the time.
    pub is_open: bool,
    /// The sample is refused or voided: nobody owes it anything any more.
    pub is_out: bool,
}

/// A clock of a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running<'r> {
    /// The rule by which it runs.
    pub rule: &'r Rule,
    /// Since when.
    pub started_at: Timestamp,
    /// By when.
    pub due: Result<Due, MissingYear>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// Where it stands.
    pub state: State,
}

/// The clocks of a sample that have begun, in the order of [`Clock`]. Which rules hold is decided by stage and sampling day.
#[must_use]
pub fn clocks<'r>(
    rules: &'r Rules,
    (stage, sampled_on): (Stage, Date),
    course: &Course,
    calendar: &Calendar,
    now: Timestamp,
) -> Vec<Running<'r>> {
    let clock = |clock: &Clock| {
        let rule = rules.find(*clock, stage, sampled_on)?;
        // Every result is sent; who made or sold is told of a failure alone, and only a failure is dealt with.
        let follows_failure = matches!(clock, Clock::Notice | Clock::Disposal);
        if follows_failure && !course.events.contains_key(&Event::Nonconforming) {
            return None;
        }
        let started_at = *course.events.get(&clock.starts())?;
        let due = bound(rule, started_at, (course, calendar));
        let done_at = clock.ends().and_then(|ends| course.events.get(&ends)).copied();
        // What can no longer be done is owed no more.
        if course.is_out && done_at.is_none() {
            return None;
        }
        let state = state((*clock, due, done_at), course, (calendar, now));
        Some(Running { rule, started_at, due, done_at, state })
    };
    Clock::ALL.iter().filter_map(clock).collect()
}

fn bound(rule: &Rule, start: Timestamp, (course, calendar): (&Course, &Calendar)) -> Result<Due, MissingYear> {
    let is_extended = course.extended.contains(&rule.clock);
    let period: Period = if is_extended { rule.period.longer(rule.extension) } else { rule.period };
    let due = due(period, start, calendar)?;
    if let Some(until) = course.put_off.get(&rule.clock).filter(|until| **until > due.on) {
        return Due::end_of(*until);
    }
    let is_backup = matches!(rule.clock, Clock::BackupConforming | Clock::BackupNonconforming);
    match course.shelf_end.filter(|_| is_backup) {
        Some(end) => Due::end_of(due.on.min(end)),
        None => Ok(due),
    }
}

fn state(
    (clock, due, done_at): (Clock, Result<Due, MissingYear>, Option<Timestamp>),
    course: &Course,
    (calendar, now): (&Calendar, Timestamp),
) -> State {
    let is_backup = matches!(clock, Clock::BackupConforming | Clock::BackupNonconforming);
    if is_backup && course.is_open {
        return State::Held;
    }
    let duty = duty(due, done_at, (calendar, now));
    if done_at.is_some() || duty == State::Undetermined {
        return duty;
    }
    let is_over = duty == State::Overdue;
    let is_recorded = clock.ends().is_none_or(|ends| course.recorded.contains(&ends));
    match clock.kind() {
        ClockKind::Keep if is_over => State::Over,
        ClockKind::Keep => State::Kept,
        ClockKind::Duty | ClockKind::Window if !is_recorded => State::Unrecorded,
        ClockKind::Window if is_over => State::Lapsed,
        ClockKind::Duty | ClockKind::Window => duty,
    }
}

/// Where something stands that has to be done by then.
#[must_use]
pub fn duty(
    due: Result<Due, MissingYear>,
    done_at: Option<Timestamp>,
    (calendar, now): (&Calendar, Timestamp),
) -> State {
    match (due, done_at) {
        (Err(_), _) => State::Undetermined,
        (Ok(due), Some(done_at)) if due.is_met_by(done_at) => State::Met,
        (Ok(_), Some(_)) => State::Late,
        (Ok(due), None) if !due.is_met_by(now) => State::Overdue,
        (Ok(due), None) if is_soon(china_date(now), due.on, calendar) => State::Soon,
        (Ok(_), None) => State::Due,
    }
}
