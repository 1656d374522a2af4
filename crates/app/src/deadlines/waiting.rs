//! What waits for a step, by when it is due: page by page, and counted by laboratory and city.
//!
//! Under one rule a sample whose clock began later is never due earlier ([`Run::key`]). So what waits is read along the index of
//! the beginnings, one stream for each rule, and the streams are merged.

use super::{Clocked, rules};
use crate::samples::{Sample, shown, theirs};
use crate::{Call, Error, PROVINCE, Scope, Store, counties, setup, stored};
use hege_core::calendar::Calendar;
use hege_core::date::{CHINA, china_date};
use hege_core::{City, LabId, Stage};
use hege_sampling::deadlines::{Clock, Due, Rule, Run, State, runs};
use hege_store::deadlines::{Awaited, Waiting, WaitingCount, step_counts, waiting_counts, waiting_list};
use hege_store::listing::Theirs;
use hege_store::types::{Id, Ts};
use hege_store::{Conn, Error as StoreError};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The clocks whose beginning and end are both recorded, so that something can wait for them.
const WATCHED: [(Clock, Awaited); 2] = [(Clock::Delivery, Awaited::Delivery), (Clock::Report, Awaited::Report)];

/// Where a page ends: the next one begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// By when its last sample is due, as it was ordered.
    pub key: Date,
    /// When that sample's clock began.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// One state of `overdue`, `soon`, `due`, `undetermined`; any other has nothing that waits.
    pub state: Option<State>,
    /// A laboratory.
    pub lab: Option<LabId>,
    /// A city.
    pub city: Option<City>,
    /// One stage.
    pub stage: Option<Stage>,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

/// A sample that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Waits {
    /// The sample.
    pub sample: Sample,
    /// Seller and producer are withheld.
    pub is_blind: bool,
    /// What it waits for.
    pub clock: Clocked,
}

/// A page of what waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The samples, what is due first first; what is undetermined stands where it would at the earliest.
    pub items: Vec<Waits>,
    /// Where the next page begins; none after the last.
    pub next: Option<Cursor>,
}

/// What waits under one rule.
struct Stream {
    rule: Rule,
    runs: Vec<Run>,
    waiting: Waiting,
}

/// The first instant of a day in China.
fn midnight(day: Date) -> Ts {
    Ts(CHINA.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX))
}

fn next_day(day: Date) -> Date {
    day.checked_add(1.day()).unwrap_or(Date::MAX)
}

/// Whose samples are looked at, and on which day.
struct Viewer {
    theirs: Theirs,
    scope: Scope,
    today: Date,
}

impl Viewer {
    fn of(call: &Call) -> Self {
        Self { theirs: theirs(call), scope: call.scope.clone(), today: china_date(call.at) }
    }

    /// Whoever looks after the whole province.
    fn province(today: Date) -> Self {
        let (low, high) = counties(PROVINCE);
        Self { theirs: Theirs::In(low, high), scope: Scope { region: PROVINCE, stages: BTreeSet::new() }, today }
    }
}

/// The streams of what somebody sees of what is asked.
fn streams(conn: &mut Conn, viewer: &Viewer, (asked, calendar): (&Asked, &Calendar)) -> Result<Vec<Stream>, Error> {
    let tomorrow = next_day(viewer.today);
    let mut streams = Vec::new();
    for rule in rules(conn)?.as_slice() {
        let Some((_, awaited)) = WATCHED.iter().find(|(clock, _)| *clock == rule.clock) else { continue };
        let is_asked = |stage: &Stage| asked.stage.is_none_or(|of| of == *stage) && viewer.scope.sees_stage(*stage);
        let stages: Vec<Stage> = rule.stages.iter().copied().filter(is_asked).collect();
        if stages.is_empty() || rule.from > tomorrow {
            continue;
        }
        // A device's clock may be a day ahead.
        let last = if *awaited == Awaited::Delivery { rule.until.unwrap_or(tomorrow).min(tomorrow) } else { tomorrow };
        let waiting = Waiting {
            awaited: *awaited,
            theirs: viewer.theirs.clone(),
            stages,
            regions: asked.city.map(|city| counties(city.region())),
            lab: asked.lab.map(|lab| Id(lab.0)),
            sampled: (midnight(rule.from), rule.until.map_or(Ts(Timestamp::MAX), |until| midnight(next_day(until)))),
            begun: (midnight(rule.from), midnight(next_day(last))),
            after: None,
        };
        streams.push(Stream { runs: runs(rule.period, (rule.from, last), calendar), rule: rule.clone(), waiting });
    }
    Ok(streams)
}

impl Stream {
    fn run(&self, begun: Timestamp) -> Option<&Run> {
        let day = china_date(begun);
        self.runs.get(self.runs.partition_point(|run| run.last < day))
    }

    /// From where on a page goes, which ended at a cursor; none when nothing is left.
    fn after(&self, cursor: Option<Cursor>) -> Option<(Ts, Option<(Ts, Id)>)> {
        let Some(cursor) = cursor else { return Some((self.waiting.begun.0, None)) };
        let first =
            |of: &dyn Fn(Date) -> bool| self.runs.iter().find(|run| of(run.key())).map(|run| midnight(run.first));
        let same = first(&|key| key >= cursor.key)?;
        let next = first(&|key| key > cursor.key).unwrap_or(self.waiting.begun.1);
        let at = Ts(cursor.at);
        Some(if at < same {
            (same, None)
        } else if at < next {
            (at, Some((at, Id(cursor.id))))
        } else {
            (next, None)
        })
    }

    /// The spans of beginnings that have a state now, or all.
    fn spans(&self, state: Option<State>, (today, calendar): (Date, &Calendar)) -> Vec<(Ts, Ts)> {
        let mut spans: Vec<(Date, Date)> = Vec::new();
        for run in self.runs.iter().filter(|run| state.is_none_or(|state| run.state(today, calendar) == state)) {
            match spans.last_mut() {
                Some(span) if next_day(span.1) == run.first => span.1 = run.last,
                _ => spans.push((run.first, run.last)),
            }
        }
        spans.into_iter().map(|(first, last)| (midnight(first), midnight(next_day(last)))).collect()
    }

    /// The first of the stream, at most `limit`.
    fn page(
        &self,
        conn: &mut Conn,
        asked: &Asked,
        (today, calendar): (Date, &Calendar),
        limit: usize,
    ) -> Result<Vec<(Cursor, Sample, Clocked)>, Error> {
        let Some((from, after)) = self.after(asked.after) else { return Ok(Vec::new()) };
        let mut page = Vec::new();
        for (first, end) in self.spans(asked.state, (today, calendar)) {
            let left = limit.saturating_sub(page.len());
            if left == 0 {
                break;
            }
            let begun = (first.max(from), end);
            if begun.0 >= begun.1 {
                continue;
            }
            let waiting = Waiting { begun, after, ..self.waiting.clone() };
            for sample in waiting_list(conn, &waiting, i64::try_from(left).unwrap_or(i64::MAX))? {
                page.push(self.waits(sample, (today, calendar))?);
            }
        }
        Ok(page)
    }

    fn waits(&self, sample: Sample, (today, calendar): (Date, &Calendar)) -> Result<(Cursor, Sample, Clocked), Error> {
        let corrupt = || StoreError::Corrupt("sample");
        let started_at = match self.waiting.awaited {
            Awaited::Delivery => sample.sampled_at.0,
            Awaited::Report => sample.received_at.ok_or_else(corrupt)?.0,
        };
        let run = self.run(started_at).ok_or_else(corrupt)?;
        let state = run.state(today, calendar);
        let due = run.due.and_then(Due::end_of);
        let clock = Clocked { rule: self.rule.clone(), started_at, due, done_at: None, state };
        Ok((Cursor { key: run.key(), at: started_at, id: sample.id.0 }, sample, clock))
    }
}

/// A page of what waits for delivery or report among the samples that a person sees, what is due first first.
///
/// # Errors
/// Those of the store.
pub fn list(store: &Store, call: &Call, asked: &Asked, limit: u8) -> Result<Page, Error> {
    let (limit, today) = (usize::from(limit), china_date(call.at));
    let mut rows = store.read(|conn| {
        let calendar = setup::calendar_of(conn)?;
        let mut rows = Vec::new();
        for stream in streams(conn, &Viewer::of(call), (asked, &calendar))? {
            rows.extend(stream.page(conn, asked, (today, &calendar), limit + 1)?);
        }
        Ok::<_, Error>(rows)
    })?;
    rows.sort_by_key(|(cursor, ..)| (cursor.key, cursor.at, cursor.id));
    let is_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| is_more).map(|(cursor, ..)| *cursor);
    let waits = |(_, sample, clock)| {
        let (sample, is_blind) = shown(sample, call)?;
        Some(Waits { sample, is_blind, clock })
    };
    Ok(Page { items: rows.into_iter().filter_map(waits).collect(), next })
}

/// How many samples wait for one step at one laboratory from one city.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// What they wait for.
    pub clock: Clock,
    /// The laboratory; none before they are addressed to one.
    pub lab: Option<LabId>,
    /// The city where they were taken.
    pub city: City,
    /// Neither near nor over.
    pub due: u64,
    /// Near.
    pub soon: u64,
    /// Over.
    pub overdue: u64,
    /// Not known, for want of a calendar.
    pub undetermined: u64,
    /// Of those that are not over, those whose last day comes within the days that were asked: they will be over if nobody does
    /// anything.
    pub breaches: u64,
}

/// What waits, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The last of the working days that were asked for; none where the calendar ends before it.
    pub until: Option<Date>,
    /// By clock, laboratory and city, in this order; those that have any.
    pub lines: Vec<Line>,
    /// The last days until then on which anything is due, with how much.
    pub days: Vec<(Date, u64)>,
    /// The years whose calendar is missing for something that waits.
    pub missing: Vec<i16>,
}

/// What waits for delivery or report in a person's region, counted as it stands now, with what becomes overdue within so many
/// working days from today on.
///
/// # Errors
/// Those of the store.
pub fn summary(store: &Store, call: &Call, asked: &Asked, days: u16) -> Result<Summary, Error> {
    store.read(|conn| counted(conn, &Viewer::of(call), (asked, days)))
}

fn counted(conn: &mut Conn, viewer: &Viewer, (asked, days): (&Asked, u16)) -> Result<Summary, Error> {
    let (calendar, today) = (setup::calendar_of(conn)?, viewer.today);
    let mut sum = Sum { today, until: calendar.add_working_days(today, days).ok(), ..Sum::default() };
    for stream in streams(conn, viewer, (asked, &calendar))? {
        for count in waiting_counts(conn, &stream.waiting)? {
            sum.add(&stream, &count, &calendar)?;
        }
    }
    Ok(Summary {
        until: sum.until,
        lines: sum.lines.into_values().collect(),
        days: sum.days.into_iter().collect(),
        missing: sum.missing.into_keys().collect(),
    })
}

/// The years whose calendar is missing for something that waits anywhere in the province.
pub(crate) fn missing_years(conn: &mut Conn, today: Date) -> Result<Vec<i16>, Error> {
    Ok(counted(conn, &Viewer::province(today), (&Asked::default(), 0))?.missing)
}

/// Of the steps whose last day was within so many days before today, how many were not done by then, and of how many, by stage.
/// What was accepted more than [`SLACK`] days after it was taken is not looked at for its report.
pub(crate) fn late_steps(conn: &mut Conn, today: Date, days: i32) -> Result<BTreeMap<Stage, (u32, u32)>, Error> {
    let calendar = setup::calendar_of(conn)?;
    let earliest = today.checked_sub(days.days()).unwrap_or(Date::MIN);
    let is_within = |run: &&Run| run.due.is_ok_and(|due| earliest <= due && due < today);
    let mut late: BTreeMap<Stage, (u32, u32)> = BTreeMap::new();
    for stream in streams(conn, &Viewer::province(today), (&Asked::default(), &calendar))? {
        let mut within = stream.runs.iter().filter(is_within);
        let Some(first) = within.next() else { continue };
        let begun = (midnight(first.first), midnight(next_day(within.next_back().unwrap_or(first).last)));
        let taken = midnight(first.first.checked_sub(SLACK.days()).unwrap_or(Date::MIN));
        let sampled = (stream.waiting.sampled.0.max(taken), stream.waiting.sampled.1.min(begun.1));
        for row in step_counts(conn, stream.waiting.awaited, (sampled, begun))? {
            let run = day(row.began).and_then(|day| stream.run(midnight(day).0)).filter(is_within);
            let (Some(run), true) = (run, stream.rule.stages.contains(&row.stage.0)) else { continue };
            let n = u32::try_from(row.count).map_err(|_negative| StoreError::Corrupt("sample"))?;
            let in_time = row.done.and_then(day).is_some_and(|done| run.due.is_ok_and(|due| done <= due));
            let sum = late.entry(row.stage.0).or_default();
            *sum = (sum.0 + if in_time { 0 } else { n }, sum.1 + n);
        }
    }
    Ok(late)
}

/// How many days a sample may have been on its way for its report to be counted by [`late_steps`].
const SLACK: i32 = 30;

/// A day that is counted from the first of 1970.
fn day(count: i64) -> Option<Date> {
    Date::new(1970, 1, 1).ok()?.checked_add(jiff::Span::new().try_days(count).ok()?).ok()
}

#[derive(Default)]
struct Sum {
    today: Date,
    until: Option<Date>,
    lines: BTreeMap<(Clock, Option<LabId>, City), Line>,
    days: BTreeMap<Date, u64>,
    missing: BTreeMap<i16, u64>,
}

impl Sum {
    fn add(&mut self, stream: &Stream, row: &WaitingCount, calendar: &Calendar) -> Result<(), Error> {
        let corrupt = || StoreError::Corrupt("sample");
        let run = day(row.day).and_then(|day| stream.run(midnight(day).0)).ok_or_else(corrupt)?;
        let city = u16::try_from(row.city).ok().and_then(|city| City::new(city).ok()).ok_or_else(corrupt)?;
        debug_assert_eq!(stored(city), row.city);
        let n = u64::try_from(row.count).map_err(|_negative| corrupt())?;
        let (clock, lab) = (stream.rule.clock, row.lab_id.map(|lab| LabId(lab.0)));
        let new = Line { clock, lab, city, due: 0, soon: 0, overdue: 0, undetermined: 0, breaches: 0 };
        let line = self.lines.entry((clock, lab, city)).or_insert(new);
        match run.state(self.today, calendar) {
            State::Overdue => line.overdue += n,
            State::Soon => line.soon += n,
            State::Undetermined => line.undetermined += n,
            _ => line.due += n,
        }
        match run.due {
            Err(missing) => *self.missing.entry(missing.0).or_default() += n,
            Ok(on) if on >= self.today && self.until.is_some_and(|until| on <= until) => {
                line.breaches += n;
                *self.days.entry(on).or_default() += n;
            }
            Ok(_) => {}
        }
        Ok(())
    }
}
