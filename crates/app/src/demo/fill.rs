//! The demonstration in an empty database, in seconds. Each life is worked out in memory by what the use cases themselves are
//! made of, and a few hundred are written at once; then the alerts, as if the board had been watched all year.
//!
//! The setting that makes the database a demonstration is written last: what was broken off is none, and is refused.

mod lives;

use super::story::STREAMS;
use super::{DemoSample, NOW, SEED, people, samples};
use crate::alerts::{self, NewId};
use crate::criteria::Catalogues;
use crate::organisations::found;
use crate::people::{Profile, add};
use crate::reference::Reference;
use crate::setup::{set_demo_filled, set_demo_now, shipped, year_plan};
use crate::{DataKey, Error, Mark, plans, worker};
use hege_auth::password::objection;
use hege_core::{PlanId, Problem, Problems, SampleKind, Stage, TaskType};
use hege_rates::Cell;
use hege_store::Store;
use hege_store::cells::CellRow;
use hege_store::lives::{Lives, cells_insert, is_untouched, lives_insert};
use hege_store::samples::Sample;
use lives::Living;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// Lives written in one transaction.
const BATCH: usize = 200;
/// Batches worked out ahead of the writer.
const AHEAD: usize = 2;

/// What was filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// Samples.
    pub samples: u64,
    /// Changes of alerts over the year.
    pub alerts: usize,
}

/// The secrets of a demonstration.
#[derive(Debug, Clone, Copy)]
pub struct Secrets<'a> {
    /// Under which personal data are sealed.
    pub data_key: &'a DataKey,
    /// With which everybody logs in.
    pub password: &'a str,
}

/// Told how many samples are done, and of how many.
pub type Progress<'a> = &'a dyn Fn(u64, u64);

/// Fills a database that holds what [`crate::setup::load`] loads and nothing else.
///
/// # Errors
/// [`Error::Invalid`] with `database_not_empty` for a database that holds a sample, a person or an organisation, be it from a
/// demonstration that was broken off, and for a password that is none; those of the store.
pub fn fill(
    store: &Store,
    data_key: &DataKey,
    password: &str,
    new_id: NewId<'_>,
    progress: Progress<'_>,
) -> Result<Filled, Error> {
    fill_some(store, Secrets { data_key, password }, (new_id, progress), &|_| true)
}

/// Fills a database with some of the samples, and all the rest.
///
/// # Errors
/// As [`fill`].
pub fn fill_some(
    store: &Store,
    secrets: Secrets<'_>,
    (new_id, progress): (NewId<'_>, Progress<'_>),
    is_meant: &dyn Fn(&DemoSample) -> bool,
) -> Result<Filled, Error> {
    let reference = shipped()?;
    refuse(store, reference, secrets.password)?;
    // From here on the database can only be a demonstration, also when what follows is broken off.
    set_demo_now(store, NOW)?;
    let plan = province(store, reference, secrets.password, new_id)?;
    let catalogue = Catalogues::default().get(store)?;
    let living = Living::new(reference, &catalogue, (secrets.data_key, new_id));
    let samples = write(store, (living, is_meant), progress)?;
    let alerts = alerts::watch(store, plan, NOW, new_id)?;
    worker::seal(store, NOW)?;
    set_demo_filled(store)?;
    Ok(Filled { samples, alerts })
}

/// Refuses a database that holds a sample, a person or an organisation.
///
/// # Errors
/// [`Error::Invalid`] with `database_not_empty`; those of the store.
pub fn refuse_used(store: &Store) -> Result<(), Error> {
    if store.read(is_untouched)? {
        return Ok(());
    }
    let zh = "数据库中已有数据，或有未完成的演示；演示只写入空数据库";
    let en = "the database holds data, or a demonstration that was broken off; one goes into an empty database only";
    Err(Error::Invalid(Problem::new("", "database_not_empty", zh, en).into()))
}

/// Whatever speaks against filling is found before anything is written.
fn refuse(store: &Store, reference: &Reference, password: &str) -> Result<(), Error> {
    refuse_used(store)?;
    let mut problems = Problems::new();
    let weak = people(reference).iter().find_map(|person| objection(password, person.login, "/password"));
    weak.into_iter().for_each(|problem| problems.push(problem));
    problems.into_result(()).map_err(Error::Invalid)
}

/// Organisations, people and the year's plan.
fn province(store: &Store, reference: &Reference, password: &str, new_id: NewId<'_>) -> Result<PlanId, Error> {
    let plan = reference.plans.iter().find(|plan| plan.demo);
    let plan = year_plan(plan.ok_or_else(|| Error::Internal("no plan of the demonstration ships".to_owned()))?, true);
    let began = plan.targets.iter().map(|target| target.valid_from).min().unwrap_or(NOW);
    let mark = || Mark { person: None, at: began, audit_id: new_id() };
    for organisation in reference.organisations.iter().filter(|organisation| organisation.demo) {
        let what = (organisation.kind, organisation.name.as_str(), organisation.region);
        found(store, what, (organisation.id.0, mark()))?;
    }
    for person in people(reference) {
        let profile = Profile {
            name: person.name.to_owned(),
            organisation: person.organisation,
            region: person.region,
            roles: BTreeSet::from([person.role]),
            stages: BTreeSet::new(),
        };
        add(store, (person.login, password), &profile, (person.id, mark()))?;
    }
    plans::put(store, &plan, mark())?;
    Ok(plan.id)
}

/// Works the lives out while those before are written; how many.
fn write(
    store: &Store,
    (mut living, is_meant): (Living<'_>, &dyn Fn(&DemoSample) -> bool),
    progress: Progress<'_>,
) -> Result<u64, Error> {
    let all = STREAMS.iter().flat_map(|stream| stream.volume).map(u64::from).sum();
    let (mut made, mut written) = (0, 0);
    thread::scope(|scope| {
        let (sender, take) = sync_channel(AHEAD);
        let writer = scope.spawn(|| keep(store, take));
        let mut give = |lives: Lives, made| {
            written += lives.samples.len();
            progress(made, all);
            sender.send(lives).is_ok()
        };
        let mut lives = Lives::default();
        for sample in samples(living.reference, living.catalogue, SEED).map_err(Error::Invalid)? {
            made += 1;
            if is_meant(&sample) {
                living.live(&sample, &mut lives)?;
            }
            // Who takes nothing more has failed, and says why.
            if lives.samples.len() == BATCH && !give(living.sealed(std::mem::take(&mut lives))?, made) {
                break;
            }
        }
        give(living.sealed(lives)?, made);
        // The writer ends when nobody gives any more.
        drop(sender);
        writer.join().map_err(|_panic| Error::Internal("the writer broke off".to_owned()))?
    })?;
    Ok(u64::try_from(written).unwrap_or(u64::MAX))
}

/// Writes what it is given, and then the cells.
fn keep(store: &Store, take: Receiver<Lives>) -> Result<(), Error> {
    let mut cells = BTreeMap::new();
    for lives in take {
        store.write(|conn| lives_insert(conn, &lives))?;
        count(&mut cells, &lives.samples);
    }
    let cells: Vec<CellRow> = cells.into_values().collect();
    Ok(store.write(|conn| cells_insert(conn, &cells))?)
}

/// What tells a cell from the others.
type Key = (i32, Stage, String, TaskType, SampleKind, i32);

/// Counts samples into their cells.
fn count(cells: &mut BTreeMap<Key, CellRow>, samples: &[Sample]) {
    for sample in samples {
        let row = CellRow::of(sample, Cell::change(None, Some(sample.standing.0)));
        let key = (row.city, row.stage.0, row.sector.clone(), row.task_type.0, row.sample_kind.0, row.month);
        let cell = cells.get(&key).map_or_else(Cell::default, CellRow::cell).plus(row.cell());
        cells.insert(key, CellRow::of(sample, cell));
    }
}
