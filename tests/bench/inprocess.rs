//! A sample's whole life in this process, without HTTP: registration, seal, receipt, twelve results, check, approval.

use crate::thread::{ANALYTES, house, person};
use hege_app::reference::OrganisationKind;
use hege_app::results::{StatedCriterion, Value, enter};
use hege_app::samples::{Registration, register, step};
use hege_app::{Call, PROVINCE, Scope, Store};
use hege_core::{LabId, OrganisationId, Role, SampleId};
use hege_lab::Catalogue;
use hege_sampling::examples::produce;
use hege_sampling::form::{Context, Raw, RegionKnown, check};
use hege_sampling::life_cycle::{Action, Actor};
use hege_store::trace::{self, Unit};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Samples to be, with their forms checked before the clock runs.
pub(crate) fn registrations(count: usize) -> Vec<Registration> {
    (0..count).map(registration).collect()
}

fn registration(n: usize) -> Registration {
    let mut raw = produce();
    let id = SampleId { city: "3301".parse().unwrap(), uuid: Uuid::now_v7() };
    raw.insert("id".to_owned(), Raw::Text(id.to_string()));
    raw.insert("form_no".to_owned(), Raw::Text(format!("NCP25330106{n:06}")));
    let samplers = [person(Role::Inspector), crate::thread::COLLEAGUE].map(|person| person.to_string());
    raw.insert("samplers".to_owned(), Raw::List(samplers.to_vec()));
    raw.remove("stall");
    let now = "2025-06-15T02:00:00Z".parse().unwrap();
    let region = |_, _| RegionKnown::InForce;
    let context = Context { now, region: &region, food_class: &|_| true, microbiological: false };
    let (form, _) = check(&raw, &context).unwrap();
    let items = ANALYTES.iter().map(|analyte| ((*analyte).to_owned(), false)).collect();
    Registration { form, personal: None, items }
}

/// Takes every sample through its life, from so many threads. How long it took.
pub(crate) fn run(url: &str, registrations: &[Registration], threads: usize) -> Duration {
    lives(&Store::open(url, crate::CONNECTIONS).unwrap(), registrations, threads)
}

fn lives(store: &Store, registrations: &[Registration], threads: usize) -> Duration {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(registration) = registrations.get(next.fetch_add(1, Ordering::Relaxed)) {
                    live(store, registration);
                }
            });
        }
    });
    began.elapsed()
}

/// What is sent to the database for them, one life after the other.
pub(crate) fn recorded(url: &str, registrations: &[Registration]) -> Vec<Unit> {
    trace::record().unwrap();
    let store = Store::open(url, 1).unwrap();
    // What a connection asks once for all is part of no life.
    lives(&store, &[registration(999_999)], 1);
    drop(trace::take());
    lives(&store, registrations, 1);
    let units = trace::take();
    trace::stop().unwrap();
    units
}

fn call(role: Role) -> Call {
    let kind = if role == Role::Inspector { OrganisationKind::Inspecting } else { OrganisationKind::Laboratory };
    Call {
        actor: Actor { user: person(role), roles: BTreeSet::from([role]) },
        organisation: OrganisationId(house(kind)),
        scope: Scope { region: PROVINCE, stages: BTreeSet::new() },
        at: Timestamp::now(),
        audit_id: Uuid::now_v7(),
    }
}

fn live(store: &Store, registration: &Registration) {
    let sample = register(store, &call(Role::Inspector), registration).unwrap();
    let id = SampleId { city: "3301".parse().unwrap(), uuid: sample.id.0 };
    let seal = Action::Seal { lab: Some(LabId(house(OrganisationKind::Laboratory))), seals: vec![format!("F{id}")] };
    let go = |role, revision, action: &Action| step(store, &call(role), id, (revision, action)).unwrap();
    let sample = go(Role::Inspector, sample.revision, &seal);
    let sample = go(Role::Receiver, sample.revision, &Action::Receive);
    let sample = enter(store, &call(Role::Tester), id, (sample.revision, &values()), &Catalogue::default()).unwrap();
    let confirms = ANALYTES.iter().map(|analyte| (*analyte).to_owned()).collect();
    let sample = go(Role::Checker, sample.revision, &Action::Check { confirms, leaves_out: BTreeMap::new() });
    go(Role::Approver, sample.revision, &Action::Approve { agrees: BTreeSet::new() });
}

fn values() -> Vec<Value> {
    let text = |text: &str| Some(text.to_owned());
    let stated = StatedCriterion {
        kind: "max".to_owned(),
        limit: text("0.3"),
        unit: text("mg/kg"),
        standard: "GB 2763-2021".to_owned(),
        reason: "演示".to_owned(),
        ..StatedCriterion::default()
    };
    let value = |(index, analyte): (usize, &&str)| Value {
        analyte: (*analyte).to_owned(),
        reported: format!("0.0{}", index + 10),
        unit: text("mg/kg"),
        lod: text("0.002"),
        criterion: Some(stated.clone()),
        ..Value::default()
    };
    ANALYTES.iter().enumerate().map(value).collect()
}
