//! 公示: bulletins drafted from concluded samples, reviewed by a second person, published, corrected and taken back; and what of
//! them is public.

mod content;
mod public;

pub use hege_store::bulletins::{BulletinEntry, BulletinRow};
pub use public::{
    Checked, PublicCursor, PublicPage, Published, bulletin, bulletins, public_notes, report, report_token,
};

use crate::after_verdict::Found;
use crate::record::{audit_at, audit_own};
use crate::samples::{Sample, is_in_scope};
use crate::{Call, Error, Scope, Store, counties};
use content::content;
use hege_core::{City, Problem, Problems, RegionCode, Role, SampleId, Stage, UserId};
use hege_sampling::life_cycle::Actor;
use hege_sampling::publication::{Act, BulletinState, PublicationDenial, apply, hindrances};
use hege_store::Conn;
use hege_store::audit::Audited;
use hege_store::bulletins::{
    bulletin_entries, bulletin_fetch, bulletin_insert, bulletin_update, bulletins_in, entries_of, entry_update,
};
use hege_store::people::organisation_fetch;
use hege_store::types::{Doc, Id, Ts, Word};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Most samples of a bulletin.
pub const SAMPLES_MAX: usize = 200;

/// What a draft is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its id, by which the same draft sent twice is known again.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// Why it does not wait for service, objection and re-inspection.
    pub emergency: Option<String>,
    /// What it lists, in order, each once.
    pub samples: Vec<SampleId>,
}

/// A bulletin as those see it who work on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its row.
    pub row: BulletinRow,
    /// What it lists.
    pub entries: Vec<BulletinEntry>,
}

/// Drafts a bulletin. The same draft by the same person again gives what is there.
///
/// # Errors
/// [`Error::Publication`] without the role; [`Error::Invalid`] at `/samples/{index}` for each sample that cannot be listed, with
/// everything that speaks against it; [`Error::Idempotency`] for another draft under the id.
pub fn draft(store: &Store, call: &Call, draft: &Draft) -> Result<Seen, Error> {
    if !call.actor.roles.contains(&Role::Publisher) {
        return Err(PublicationDenial::WrongRole.into());
    }
    store.write(|conn| {
        if let Some(before) = bulletin_fetch(conn, Id(draft.id))? {
            return same(conn, call, (draft, before));
        }
        let found = listed(conn, call, draft).map_err(|refused| match refused {
            Refused::Problems(problems) => Error::Invalid(problems),
            Refused::Error(error) => error,
        })?;
        let samples: Vec<&Sample> = found.iter().map(|found| &found.sample).collect();
        let row = BulletinRow {
            id: Id(draft.id),
            organisation_id: Id(call.organisation.0),
            region: common_region(&samples),
            stages: stages_of(&samples),
            title: draft.title.clone(),
            emergency: draft.emergency.clone(),
            state: Word(BulletinState::Draft),
            drafted_by: Id(call.user().0),
            drafted_at: Ts(call.at),
            reviewed_by: None,
            published_at: None,
            withdrawn_at: None,
            notes: Doc(json!([])),
            revision: 1,
        };
        let mut entries = Vec::with_capacity(found.len());
        for (found, position) in found.iter().zip(1..) {
            entries.push(entry(conn, found, (Id(draft.id), position))?);
        }
        bulletin_insert(conn, &row, &entries)?;
        record(conn, call, ("bulletin_drafted", &row, &entries))?;
        Ok(Seen { row, entries })
    })
}

fn entry(conn: &mut Conn, found: &Found, (bulletin_id, position): (Id, i32)) -> Result<BulletinEntry, Error> {
    Ok(BulletinEntry {
        city: found.sample.city,
        sample_id: found.sample.id,
        bulletin_id,
        position,
        content: Doc(content(conn, found)?),
        note: None,
        noted_at: None,
        revision: 1,
    })
}

/// The draft of before, if it is this one.
fn same(conn: &mut Conn, call: &Call, (draft, row): (&Draft, BulletinRow)) -> Result<Seen, Error> {
    let entries = bulletin_entries(conn, row.id)?;
    let listed: Vec<(i32, Uuid)> = entries.iter().map(|entry| (entry.city, entry.sample_id.0)).collect();
    let asked: Vec<(i32, Uuid)> = draft.samples.iter().map(|id| (crate::stored(id.city), id.uuid)).collect();
    let is_same = row.drafted_by.0 == call.user().0
        && (&row.title, &row.emergency) == (&draft.title, &draft.emergency)
        && listed == asked;
    if is_same { Ok(Seen { row, entries }) } else { Err(Error::Idempotency) }
}

enum Refused {
    Problems(Problems),
    Error(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// The samples of a draft, or everything that speaks against each.
fn listed(conn: &mut Conn, call: &Call, draft: &Draft) -> Result<Vec<Found>, Refused> {
    let (mut problems, mut found) = (Problems::new(), Vec::new());
    let fits = (1..=SAMPLES_MAX).contains(&draft.samples.len());
    problems.check(fits, || Problem::new("/samples", "out_of_range", "须列 1 至 200 批", "1 to 200 samples"));
    let mut seen = BTreeSet::new();
    for (index, id) in draft.samples.iter().enumerate().take(SAMPLES_MAX) {
        let at = format!("/samples/{index}");
        if !seen.insert(*id) {
            problems.push(Problem::new(at, "given_twice", "样品重复", "the sample stands twice"));
            continue;
        }
        match Found::load(conn, call, *id) {
            // What is not theirs and what is not there are not told apart.
            Err(Error::NotFound) => problems.push(outside(at)),
            Err(error) => return Err(error.into()),
            // Who deals with one side of a sample sees it, and publishes nothing of it.
            Ok(sample) if !is_in_scope((sample.sample.stage, sample.sample.region), call) => {
                problems.push(outside(at));
            }
            Ok(sample) => {
                problems.extend(speaks_against(conn, call, (&sample, draft, &at))?);
                found.push(sample);
            }
        }
    }
    problems.into_result(found).map_err(Refused::Problems)
}

fn outside(at: String) -> Problem {
    Problem::new(at, "outside_scope", "不存在或不在权限范围内", "not there, or outside your scope")
}

fn speaks_against(conn: &mut Conn, call: &Call, (found, draft, at): (&Found, &Draft, &str)) -> Result<Problems, Error> {
    let mut problems = Problems::new();
    let deploying = found.sample.form.0.get("deploying_org").and_then(Value::as_str);
    let organisation = call.organisation.to_string();
    problems.check(deploying.is_none_or(|org| org == organisation), || {
        Problem::new(at, "other_organisation", "由组织抽检的部门公示", "the department that organised it publishes it")
    });
    let facts = found.publication_facts(conn, (call.at, Some(draft.id)))?;
    for hindrance in hindrances(&facts, draft.emergency.is_some()) {
        problems.push(Problem::new(at, hindrance.code(), hindrance.zh(), hindrance.en()));
    }
    Ok(problems)
}

/// The smallest region that holds the places of all samples: their county, their city, or the province.
fn common_region(samples: &[&Sample]) -> i32 {
    let first = samples.first().map_or(0, |sample| sample.region);
    let all = |of: i32| samples.iter().all(|sample| sample.region / of == first / of);
    if all(1) {
        first
    } else if all(100) {
        first / 100 * 100
    } else {
        first / 10_000 * 10_000
    }
}

fn stages_of(samples: &[&Sample]) -> String {
    let stages: BTreeSet<Stage> = samples.iter().map(|sample| sample.stage.0).collect();
    stages.into_iter().map(Stage::code).collect::<Vec<_>>().join(" ")
}

/// Records a bulletin under the province's own shard, and each of its entries under its city.
fn record(
    conn: &mut Conn,
    call: &Call,
    (kind, row, entries): (&str, &BulletinRow, &[BulletinEntry]),
) -> Result<(), Error> {
    let detail = json!({"bulletin": row.id.0.to_string(), "state": row.state.0.code()});
    let mut cities: BTreeMap<i32, Vec<Value>> = BTreeMap::new();
    for entry in entries {
        cities.entry(entry.city).or_default().push(entry.touched()?);
    }
    for (city, touched) in cities {
        audit_at(conn, city, &call.mark(), (kind, touched, detail.clone()))?;
    }
    audit_own(conn, &call.mark(), (kind, vec![row.touched()?], detail))
}

/// Whether a bulletin lies in a person's scope: its region, and each of its stages.
fn is_visible(row: &BulletinRow, scope: &Scope) -> bool {
    let region = u32::try_from(row.region).ok().and_then(|code| RegionCode::new(code).ok());
    let sees = |code: &str| code.parse::<Stage>().is_ok_and(|stage| scope.sees_stage(stage));
    region.is_some_and(|region| scope.sees_region(region)) && row.stages.split(' ').all(sees)
}

/// A bulletin for those who work on it.
///
/// # Errors
/// [`Error::NotFound`] when it is not there for this person.
pub fn fetch(store: &Store, call: &Call, id: Uuid) -> Result<Seen, Error> {
    store.read(|conn| seen(conn, call, id))
}

fn seen(conn: &mut Conn, call: &Call, id: Uuid) -> Result<Seen, Error> {
    let row = bulletin_fetch(conn, Id(id))?.filter(|row| is_visible(row, &call.scope)).ok_or(Error::NotFound)?;
    let entries = bulletin_entries(conn, row.id)?;
    Ok(Seen { row, entries })
}

/// The bulletins of a person's region and stages, the newest first; at most 200.
///
/// # Errors
/// Those of the store.
pub fn list(store: &Store, call: &Call, state: Option<BulletinState>) -> Result<Vec<BulletinRow>, Error> {
    let hidden: Vec<Stage> = Stage::ALL.iter().copied().filter(|stage| !call.scope.sees_stage(*stage)).collect();
    store.read(|conn| Ok(bulletins_in(conn, (counties(call.scope.region), &hidden), state, 200)?))
}

/// Does an act about a bulletin. What is reviewed and published is held against the samples as they are now.
///
/// # Errors
/// [`Error::Publication`], [`Error::Conflict`], [`Error::NotFound`].
pub fn act(
    store: &Store,
    call: &Call,
    id: Uuid,
    (revision, act, note): (i64, Act, Option<&str>),
) -> Result<Seen, Error> {
    store.write(|conn| {
        let Seen { row: before, entries } = seen(conn, call, id)?;
        let actor = Actor { user: call.user(), roles: call.actor.roles.clone() };
        let state = apply((before.state.0, UserId(before.drafted_by.0)), act, &actor)?;
        if before.revision != revision {
            return Err(Error::Conflict);
        }
        if matches!(act, Act::Review | Act::Publish) {
            is_as_drafted(conn, call, (&before, &entries))?;
        }
        let row = next(&before, (act, state, note), call);
        if !bulletin_update(conn, before.revision, &row)? {
            return Err(Error::Conflict);
        }
        let kind = match act {
            Act::Review => "bulletin_reviewed",
            Act::Publish => "bulletin_published",
            Act::Correct => "bulletin_corrected",
            Act::Withdraw => "bulletin_withdrawn",
        };
        record(conn, call, (kind, &row, &[]))?;
        Ok(Seen { row, entries })
    })
}

fn next(before: &BulletinRow, (act, state, note): (Act, BulletinState, Option<&str>), call: &Call) -> BulletinRow {
    let mut notes = before.notes.0.as_array().cloned().unwrap_or_default();
    if let Some(text) = note {
        notes.push(json!({"at": call.at.to_string(), "by": call.user().to_string(), "text": text}));
    }
    BulletinRow {
        state: Word(state),
        reviewed_by: if act == Act::Review { Some(Id(call.user().0)) } else { before.reviewed_by },
        published_at: if act == Act::Publish { Some(Ts(call.at)) } else { before.published_at },
        withdrawn_at: if act == Act::Withdraw { Some(Ts(call.at)) } else { before.withdrawn_at },
        notes: Doc(Value::Array(notes)),
        revision: before.revision + 1,
        ..before.clone()
    }
}

/// Whether everything that a bulletin lists stands as it was drafted, and may still be listed.
fn is_as_drafted(conn: &mut Conn, call: &Call, (row, entries): (&BulletinRow, &[BulletinEntry])) -> Result<(), Error> {
    for entry in entries {
        let city = u16::try_from(entry.city).ok().and_then(|city| City::new(city).ok());
        let city = city.ok_or(hege_store::Error::Corrupt("bulletin_entry"))?;
        let found = Found::load(conn, call, SampleId { city, uuid: entry.sample_id.0 })?;
        let facts = found.publication_facts(conn, (call.at, Some(row.id.0)))?;
        let is_hindered = !hindrances(&facts, row.emergency.is_some()).is_empty();
        if is_hindered || content(conn, &found)? != entry.content.0 {
            return Err(PublicationDenial::Changed.into());
        }
    }
    Ok(())
}

/// Notes at once in what is public of a sample that its conclusion fell. The rows are added to `touched`.
pub(crate) fn note(
    conn: &mut Conn,
    call: &Call,
    (id, why): (SampleId, &str),
    touched: &mut Vec<Value>,
) -> Result<(), Error> {
    for (entry, bulletin) in entries_of(conn, id)? {
        // In one that is only drafted too: it may be published at this very moment, and nothing then writes the note again.
        if bulletin.state.0 == BulletinState::Withdrawn {
            continue;
        }
        let next = BulletinEntry {
            note: Some(why.to_owned()),
            noted_at: Some(Ts(call.at)),
            revision: entry.revision + 1,
            ..entry.clone()
        };
        if !entry_update(conn, entry.revision, &next)? {
            return Err(Error::Conflict);
        }
        touched.push(next.touched()?);
    }
    Ok(())
}

/// The name of the organisation that publishes a bulletin.
fn organisation(conn: &mut Conn, row: &BulletinRow) -> Result<String, Error> {
    Ok(organisation_fetch(conn, row.organisation_id)?.map(|found| found.name).unwrap_or_default())
}
