//! 核查处置: opened for a side, worked on step by step, ended by another person, and withdrawn when its conclusion falls.

use super::Found;
use crate::deadlines::{rules, rules_on};
use crate::reference::Regions;
use crate::samples::Sample;
use crate::{Call, Error, PROVINCE, Store, counties, setup};
use hege_core::calendar::{Calendar, MissingYear};
use hege_core::date::china_date;
use hege_core::region::RegionLevel;
use hege_core::{Problem, Problems, RegionCode, Role, SampleId, Stage, UserId};
use hege_rates::Standing;
use hege_sampling::deadlines::{Clock, Due, Rules, State, due, duty};
use hege_sampling::disposal::{
    self, Dealing, DisposalDenial, DisposalState, Done, Maker, Side, Step, apply, due_sides, faults, is_disposed, sides,
};
use hege_sampling::form::RegionKnown;
use hege_sampling::life_cycle::{Actor, Status};
use hege_store::Conn;
use hege_store::audit::Audited;
use hege_store::disposals::{DisposalRow, Filter, disposal_insert, disposal_list, disposal_update, disposals_of};
use hege_store::types::{Day, Doc, Id, Ts, Word};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What a disposal is opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Whose part.
    pub side: Side,
    /// The county whose department deals with it; that of the sampling place where none is given.
    pub region: Option<RegionCode>,
    /// Who it is about, as they are called.
    pub name: String,
}

/// Opens the disposal of a side.
///
/// # Errors
/// [`Error::Disposal`], [`Error::Invalid`], [`Error::Conflict`], [`Error::NotFound`].
pub fn open(
    store: &Store,
    call: &Call,
    id: SampleId,
    (seen, opening): (i64, &Opening),
    regions: &Regions,
) -> Result<Sample, Error> {
    store.write(|conn| {
        let found = Found::load(conn, call, id)?;
        let sample = &found.sample;
        let side = opening.side;
        // Food whose producer is another than the one named fails all the same.
        let is_nonconforming = sample.standing.0 == Standing::Nonconforming
            || (found.is_denied() && sample.status == Status::Approved.code());
        let all = sides(sample.stage.0, found.maker());
        disposal::open(side, (&all, &states(&found.disposals)), is_nonconforming, &found.actor)?;
        county(opening.region, (regions, call)).into_result(()).map_err(Error::Invalid)?;
        let row = DisposalRow {
            city: sample.city,
            sample_id: sample.id,
            side: Word(side),
            state: Word(DisposalState::Open),
            region: opening.region.map_or(sample.region, |region| counties(region).0),
            name: opening.name.clone(),
            since: sample.decided_at.ok_or(DisposalDenial::NotNonconforming)?,
            extended_until: None,
            record: Doc(json!({"opened": signed(call, json!({}))})),
            withdrawn_why: None,
            revision: 1,
        };
        disposal_insert(conn, &row)?;
        let detail = json!({"side": side.code()});
        found.note(conn, (call, id, seen), ("disposal_opened", detail, vec![row.touched()?]))
    })
}

/// A department outside the province is none of this program's: what is theirs is handed over.
fn county(region: Option<RegionCode>, (regions, call): (&Regions, &Call)) -> Problems {
    let mut problems = Problems::new();
    let is_county = |region: RegionCode| {
        let is_known = regions.known(region, china_date(call.at)) == RegionKnown::InForce;
        region.level() == RegionLevel::County && PROVINCE.contains(region) && is_known
    };
    problems.check(region.is_none_or(is_county), || {
        Problem::new("/region", "region_unknown", "须为本省现行县级代码", "a county of the province that is in force")
    });
    problems
}

/// What somebody recorded, with who and when.
fn signed(call: &Call, what: Value) -> Value {
    with(with(what, "by", json!(call.user().to_string())), "at", json!(call.at.to_string()))
}

/// An object with one more field.
pub(super) fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
    object
}

/// Does a step of a disposal. What was recorded before stays: each step is added.
///
/// # Errors
/// [`Error::Disposal`], [`Error::Invalid`], [`Error::Conflict`], [`Error::NotFound`].
pub fn step(
    store: &Store,
    call: &Call,
    (id, side): (SampleId, Side),
    (seen, step): (i64, &Step),
) -> Result<Sample, Error> {
    store.write(|conn| {
        let found = Found::load(conn, call, id)?;
        let before = found.disposals.iter().find(|row| row.side.0 == side).ok_or(Error::NotFound)?;
        let sampled_on = china_date(found.sample.sampled_at.0);
        let law = (&rules_on(conn, sampled_on)?, &setup::calendar_from(conn, sampled_on)?);
        let clock = clock(&found.sample, before, law);
        let dealing = dealing(before, clock)?;
        let state = apply(&dealing, step, &acting(&found, before, call))?;
        problems(&faults(step, &dealing, call.at)).into_result(()).map_err(Error::Invalid)?;
        let row = DisposalRow {
            state: Word(state),
            extended_until: if let Step::Extension { until, .. } = step {
                Some(Day(*until))
            } else {
                before.extended_until
            },
            record: Doc(recorded(&before.record.0, step, call)),
            revision: before.revision + 1,
            ..before.clone()
        };
        if !disposal_update(conn, before.revision, &row)? {
            return Err(Error::Conflict);
        }
        let touched = vec![row.touched()?];
        let (kind, detail) = told(step, side);
        let detail = with(detail, "disposed", json!(found.is_disposed_with(row.side.0, state)));
        found.note(conn, (call, id, seen), (kind, detail, touched))
    })
}

fn problems(faults: &[(&'static str, disposal::DisposalFault)]) -> Problems {
    let mut problems = Problems::new();
    for (at, fault) in faults {
        problems.push(Problem::new(*at, fault.code(), fault.zh(), fault.en()));
    }
    problems
}

impl Found {
    /// Whether the sample is disposed of once a side stands so.
    fn is_disposed_with(&self, side: Side, state: DisposalState) -> bool {
        let mut states = states(&self.disposals);
        states.insert(side, state);
        is_disposed(&due_sides(self.sample.stage.0, self.maker()), &states)
    }

    /// Whether the sample is disposed of now that the named producer has nothing to do with it.
    pub(super) fn is_disposed_without_producer(&self) -> bool {
        let mut states = states(&self.disposals);
        states.remove(&Side::Producer);
        is_disposed(&due_sides(self.sample.stage.0, Maker::Denied), &states)
    }

    /// Whether it is known who made it.
    fn maker(&self) -> Maker {
        match self.sample.producer {
            _ if self.is_denied() => Maker::Denied,
            Some(_) => Maker::Named,
            None => Maker::Unnamed,
        }
    }
}

fn states(rows: &[DisposalRow]) -> BTreeMap<Side, DisposalState> {
    rows.iter().map(|row| (row.side.0, row.state.0)).collect()
}

/// Whether somebody deals with one of these, of a sample of this stage: a reviewer of its county.
pub(crate) fn is_of(rows: &[DisposalRow], stage: Stage, call: &Call) -> bool {
    call.scope.sees_stage(stage) && rows.iter().any(|row| is_handled(row, call))
}

fn is_handled(row: &DisposalRow, call: &Call) -> bool {
    let region = u32::try_from(row.region).ok().and_then(|code| RegionCode::new(code).ok());
    call.actor.roles.contains(&Role::Reviewer) && region.is_some_and(|region| call.scope.sees_region(region))
}

/// What the caller may be to a disposal: who oversees the sampling place, or the county that deals with this side.
fn acting(found: &Found, row: &DisposalRow, call: &Call) -> Actor {
    let mut actor = found.actor.clone();
    if is_handled(row, call) && call.scope.sees_stage(found.sample.stage.0) {
        actor.roles.insert(Role::Reviewer);
    }
    actor
}

const LISTS: [(&str, Option<Done>); 5] = [
    ("causes", Some(Done::Cause)),
    ("measures", Some(Done::Measures)),
    ("recalls", Some(Done::Recall)),
    ("penalties", Some(Done::Penalty)),
    ("extensions", None),
];

fn dealing(row: &DisposalRow, clock: Option<Result<Due, MissingYear>>) -> Result<Dealing, Error> {
    let corrupt = || hege_store::Error::Corrupt("disposal");
    let entries = |list: &str| row.record.0.get(list).and_then(Value::as_array).into_iter().flatten();
    let of = |(list, done): (&str, Option<Done>)| done.filter(|_| entries(list).next().is_some());
    let mut handlers = BTreeSet::new();
    let opened = row.record.0.get("opened").ok_or_else(corrupt)?;
    let worked = LISTS.into_iter().filter(|(_, done)| done.is_some()).flat_map(|(list, _)| entries(list));
    for entry in worked.chain([opened]) {
        let by: Option<UserId> = entry.get("by").and_then(Value::as_str).and_then(|by| by.parse().ok());
        handlers.insert(by.ok_or_else(corrupt)?);
    }
    Ok(Dealing {
        side: row.side.0,
        state: row.state.0,
        handlers,
        done: LISTS.into_iter().filter_map(of).collect(),
        since: row.since.0,
        due_on: clock.and_then(Result::ok).map(|due| due.on),
    })
}

/// The record with one more entry.
fn recorded(record: &Value, step: &Step, call: &Call) -> Value {
    let (list, entry) = match step {
        Step::Cause(text) => ("causes", json!({"text": text})),
        Step::Measures { text, at } => ("measures", json!({"text": text, "taken_at": at.to_string()})),
        Step::Recall(recall) => (
            "recalls",
            json!({
                "made": recall.made.to_string(), "sold": recall.sold.to_string(),
                "recalled": recall.recalled.to_string(), "destroyed": recall.destroyed.to_string(),
                "unit": recall.unit,
            }),
        ),
        Step::Penalty(penalty) => (
            "penalties",
            json!({
                "kind": penalty.kind.code(), "amount": penalty.amount.map(|amount| amount.to_string()),
                "document_no": penalty.document_no,
            }),
        ),
        Step::Extension { until, reason } => ("extensions", json!({"until": until.to_string(), "reason": reason})),
        Step::Closing { outcome, note } => ("closing", json!({"outcome": outcome.code(), "note": note})),
    };
    let entry = signed(call, entry);
    if list == "closing" {
        return with(record.clone(), list, entry);
    }
    let mut entries = record.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
    entries.push(entry);
    with(record.clone(), list, Value::Array(entries))
}

/// What the timeline tells of a step: no words, for a laboratory reads it too and is not told whose food it tests.
fn told(step: &Step, side: Side) -> (&'static str, Value) {
    let side = side.code();
    match step {
        Step::Cause(_) => ("disposal_recorded", json!({"side": side, "step": "cause"})),
        Step::Measures { at, .. } => {
            ("disposal_recorded", json!({"side": side, "step": "measures", "taken_at": at.to_string()}))
        }
        Step::Recall(_) => ("disposal_recorded", json!({"side": side, "step": "recall"})),
        Step::Penalty(_) => ("disposal_recorded", json!({"side": side, "step": "penalty"})),
        Step::Extension { until, .. } => ("disposal_extended", json!({"side": side, "until": until.to_string()})),
        Step::Closing { outcome, .. } => ("disposal_closed", json!({"side": side, "outcome": outcome.code()})),
    }
}

/// Withdraws disposals, of one side or all, because what they rest on fell; they keep what was recorded. The rows are added to
/// `touched`, their sides to `detail`.
pub(crate) fn withdraw(
    conn: &mut Conn,
    rows: &[DisposalRow],
    (why, of): (&str, Option<Side>),
    (touched, detail): (&mut Vec<Value>, &mut Value),
) -> Result<(), Error> {
    let is_to_go =
        |row: &&DisposalRow| row.state.0 != DisposalState::Withdrawn && of.is_none_or(|side| side == row.side.0);
    let mut sides = Vec::new();
    for row in rows.iter().filter(is_to_go) {
        let next = DisposalRow {
            state: Word(DisposalState::Withdrawn),
            withdrawn_why: Some(why.to_owned()),
            revision: row.revision + 1,
            ..row.clone()
        };
        if !disposal_update(conn, row.revision, &next)? {
            return Err(Error::Conflict);
        }
        touched.push(next.touched()?);
        sides.push(row.side.0.code());
    }
    if !sides.is_empty() {
        *detail = with(detail.take(), "disposals_withdrawn", json!(sides));
    }
    Ok(())
}

/// A disposal with its clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Dealt {
    /// Its row.
    pub row: DisposalRow,
    /// By when; none where the law knows no period.
    pub due: Option<Result<Due, MissingYear>>,
    /// Where the clock stands; none for one that was withdrawn, and without a period.
    pub state: Option<State>,
}

impl Dealt {
    fn of(row: DisposalRow, sample: &Sample, (rules, calendar, now): (&Rules, &Calendar, Timestamp)) -> Self {
        let due = clock(sample, &row, (rules, calendar));
        let closed = row.record.0.get("closing").and_then(|closing| closing.get("at")).and_then(Value::as_str);
        let closed = closed.and_then(|at| at.parse().ok());
        let runs = row.state.0 != DisposalState::Withdrawn;
        let state = due.filter(|_| runs).map(|due| duty(due, closed, (calendar, now)));
        Self { row, due, state }
    }
}

/// The end of a disposal's time, by the rule of the sampling day and what was granted.
fn clock(
    sample: &Sample,
    row: &DisposalRow,
    (rules, calendar): (&Rules, &Calendar),
) -> Option<Result<Due, MissingYear>> {
    let rule = rules.find(Clock::Disposal, sample.stage.0, china_date(sample.sampled_at.0))?;
    let by_rule = due(rule.period, row.since.0, calendar);
    Some(match row.extended_until {
        Some(Day(until)) if by_rule.is_ok_and(|due| until > due.on) => Due::end_of(until),
        _ => by_rule,
    })
}

/// The disposals of a sample.
pub(crate) fn dealt_of(
    conn: &mut Conn,
    sample: &Sample,
    (id, now): (SampleId, Timestamp),
) -> Result<Vec<Dealt>, Error> {
    let rows = disposals_of(conn, id)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let sampled_on = china_date(sample.sampled_at.0);
    let (rules, calendar) = (rules_on(conn, sampled_on)?, setup::calendar_from(conn, sampled_on)?);
    Ok(rows.into_iter().map(|row| Dealt::of(row, sample, (&rules, &calendar, now))).collect())
}

/// Where a page ends: the next one begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Since when its last clock runs.
    pub since: Timestamp,
    /// The sample's id within its city.
    pub id: Uuid,
    /// The side.
    pub side: Side,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Those that stand so.
    pub state: DisposalState,
    /// Those that departments of a region's subtree deal with.
    pub region: Option<RegionCode>,
    /// Samples of one stage.
    pub stage: Option<Stage>,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

/// A page of disposals with their samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Whose clock began first first.
    pub items: Vec<(Dealt, Sample)>,
    /// Where the next page begins; none after the last.
    pub next: Option<Cursor>,
}

/// A page of the disposals that a person sees: of samples of their region, and of those that their region deals with.
///
/// # Errors
/// Those of the store.
pub fn list(store: &Store, call: &Call, asked: &Asked, limit: u8) -> Result<Page, Error> {
    let is_seen = |stage: &Stage| call.scope.sees_stage(*stage) && asked.stage.is_none_or(|of| of == *stage);
    let filter = Filter {
        state: asked.state,
        stages: Stage::ALL.iter().copied().filter(is_seen).collect(),
        theirs: counties(call.scope.region),
        regions: asked.region.map(counties),
        after: asked.after.map(|after| (Ts(after.since), Id(after.id), after.side)),
    };
    store.read(|conn| {
        let mut rows = disposal_list(conn, &filter, i64::from(limit) + 1)?;
        let is_more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let cursor = |row: &DisposalRow| Cursor { since: row.since.0, id: row.sample_id.0, side: row.side.0 };
        let next = rows.last().filter(|_| is_more).map(|(row, _)| cursor(row));
        let (rules, calendar) = (rules(conn)?, setup::calendar_of(conn)?);
        let dealt = |(row, sample): (DisposalRow, Sample)| {
            let dealt = Dealt::of(row, &sample, (&rules, &calendar, call.at));
            (dealt, sample)
        };
        Ok(Page { items: rows.into_iter().map(dealt).collect(), next })
    })
}
