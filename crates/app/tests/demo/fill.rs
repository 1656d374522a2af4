//! The demonstration in a database: lives written at once are those that the use cases write.

use super::{ALL, CATALOGUE, reference, registered, roles, word};
use hege_app::demo::fill::{Filled, Secrets, fill, fill_some};
use hege_app::demo::{DemoAct, DemoSample, NOW};
use hege_app::personal::open;
use hege_app::results::enter;
use hege_app::samples::{Registration, register, step};
use hege_app::setup::{demo_now, is_demo_filled, load};
use hege_app::{Call, DataKey, Error, PROVINCE, Scope, StoreError, mail, organisations, people, plans};
use hege_auth::password::verify;
use hege_core::{Role, Stage, TaskType, UserId};
use hege_rates::Standing;
use hege_sampling::life_cycle::{Action, Actor};
use hege_store::Store;
use hege_store::audit::{AuditRow, audit_since, cities_unsealed};
use hege_store::cells::{CellRow, cells_between};
use hege_store::idempotency::{Answered, answered_fetch};
use hege_store::samples::{
    ConclusionRow, CustodyRow, Item, Sample, conclusions_of, custody_of, items_of, sample_fetch,
};
use hege_store::types::{Id, Ts};
use hege_store::verify::verify_city;
use hege_testkit::{TestDb, databases};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// What is stored of a sample: its row, items, custody, conclusions, record, and by what its registration is known again.
type Stored = (Sample, Vec<Item>, Vec<CustodyRow>, Vec<ConclusionRow>, Vec<AuditRow>, Answered);

/// What a store holds of samples, and its cells.
fn held(store: &Store, samples: &[&DemoSample]) -> (Vec<Stored>, Vec<CellRow>) {
    let mut audits: BTreeMap<String, Vec<AuditRow>> = BTreeMap::new();
    for audit in recorded(store) {
        let touched = audit.rows.0.pointer("/0/1").and_then(Value::as_str).unwrap().to_owned();
        audits.entry(touched).or_default().push(AuditRow { seal: None, ..audit });
    }
    let stored = samples.iter().map(|sample| {
        let id = sample.id;
        let read = store.read(|conn| {
            let row = sample_fetch(conn, id)?.unwrap();
            let answered = answered_fetch(conn, row.city, row.id)?.unwrap();
            Ok::<_, StoreError>((row, items_of(conn, id)?, custody_of(conn, id)?, conclusions_of(conn, id)?, answered))
        });
        let (row, items, custody, conclusions, answered) = read.unwrap();
        (row, items, custody, conclusions, audits.remove(&id.to_string()).unwrap(), answered)
    });
    let mut cells = store.read(|conn| cells_between(conn, 202_501, 202_512)).unwrap();
    cells.sort_by_key(|cell| format!("{cell:?}"));
    (stored.collect(), cells)
}

/// The record of every city, in the order of time.
fn recorded(store: &Store) -> Vec<AuditRow> {
    let mut all: BTreeMap<(Ts, Id), AuditRow> = BTreeMap::new();
    loop {
        let from = all.last_key_value().map_or(Timestamp::UNIX_EPOCH, |((at, _), _)| at.0);
        let known = all.len();
        let page = store.read(|conn| audit_since(conn, Ts(from))).unwrap();
        all.extend(page.into_iter().map(|row| ((row.at, row.id), row)));
        if all.len() == known {
            return all.into_values().filter(|row| row.city != 3300).collect();
        }
    }
}

/// Lives a sample's life by the use cases, under the ids and with the sealed data of `stored`.
fn live(store: &Store, sample: &DemoSample, stored: &Stored, roles: &BTreeMap<UserId, Role>) {
    let mut seen = 0;
    for (told, audit) in sample.steps.iter().zip(&stored.4) {
        let call = Call {
            actor: Actor { user: told.by, roles: BTreeSet::from([roles[&told.by]]) },
            organisation: told.organisation,
            scope: Scope { region: PROVINCE, stages: BTreeSet::new() },
            at: told.at,
            audit_id: audit.id.0,
        };
        let done = match &told.act {
            DemoAct::Register => {
                let (form, personal) = (registered(sample).0, stored.0.personal.clone());
                register(store, &call, &Registration { form, personal, items: sample.ordered.clone() })
            }
            DemoAct::Enter(values) => enter(store, &call, sample.id, (seen, values), &CATALOGUE),
            DemoAct::Step(action) => step(store, &call, sample.id, (seen, action)),
        };
        seen = done.unwrap_or_else(|error| panic!("{error} {:?} {sample:?}", told.act)).revision;
    }
}

/// Some of the samples: one of sixty, and all whose life is seldom.
fn some() -> Vec<&'static DemoSample> {
    let seldom = |sample: &DemoSample| match sample.steps.last().map(|step| &step.act) {
        Some(DemoAct::Register) => true,
        Some(DemoAct::Step(Action::Approve { agrees })) => !agrees.is_empty(),
        _ => false,
    };
    ALL.iter().enumerate().filter(move |(n, sample)| n % 60 == 0 || seldom(sample)).map(|(_, sample)| sample).collect()
}

/// Ids that grow.
fn new_id() -> Uuid {
    static LAST: AtomicU64 = AtomicU64::new(0);
    Uuid::from_u64_pair(0, LAST.fetch_add(1, Ordering::Relaxed))
}

const PASSWORD: &str = "演示口令-2025-12";

fn opened(db: &TestDb) -> Store {
    let store = Store::open(db.url(), 4).unwrap();
    store.migrate().unwrap();
    store
}

/// Fills a store with [`some`] of the samples, and says under which key.
fn filled(store: &Store) -> (DataKey, Filled) {
    load(store, NOW, &new_id).unwrap();
    let data_key = DataKey::generate().unwrap();
    let ids: BTreeSet<_> = some().iter().map(|sample| sample.id).collect();
    let secrets = Secrets { data_key: &data_key, password: PASSWORD };
    let filled = fill_some(store, secrets, (&new_id, &|_, _| {}), &|sample| ids.contains(&sample.id));
    (data_key, filled.unwrap())
}

#[test]
fn lives_written_at_once_are_those_that_the_use_cases_write_step_by_step() {
    let (roles, some) = (roles(), some());
    for (db, other) in databases().iter().zip(&databases()) {
        let (store, by_steps) = (opened(db), opened(other));
        let (data_key, told) = filled(&store);
        assert_eq!(usize::try_from(told.samples).unwrap(), some.len());
        let (stored, cells) = held(&store, &some);
        for (sample, stored) in some.iter().zip(&stored) {
            let personal = stored.0.personal.as_deref().map(|sealed| open(&data_key, sample.id, sealed).unwrap());
            assert_eq!(personal.unwrap_or_default(), registered(sample).0.personal());
            live(&by_steps, sample, stored, &roles);
        }
        let (again, cells_again) = held(&by_steps, &some);
        for (one, other) in stored.iter().zip(&again) {
            assert_eq!(one, other, "{}", db.name());
        }
        assert_eq!(cells, cells_again);
    }
}

#[test]
fn a_demonstration_leaves_a_record_that_is_whole_and_sealed_and_samples_that_stand_as_intended() {
    for db in databases() {
        let store = opened(&db);
        filled(&store);
        let mut statuses: BTreeSet<String> = BTreeSet::new();
        for (sample, (row, ..)) in some().iter().zip(held(&store, &some()).0) {
            let task_type: TaskType = word(sample, "task_type").unwrap();
            if row.status == "approved" && task_type != TaskType::RiskMonitoring {
                let conforms = row.standing.0 == Standing::Conforming;
                assert!(conforms || row.standing.0 == Standing::Nonconforming, "{row:?}");
                assert_eq!(sample.conforms, Some(conforms), "{row:?}");
            }
            statuses.insert(row.status);
        }
        assert!(statuses.len() >= 8, "{statuses:?}");
        for city in 3301..=3311 {
            assert_eq!(store.read(|conn| verify_city(conn, city)).unwrap(), [], "{city} {}", db.name());
        }
        assert!(store.read(cities_unsealed).unwrap().is_empty());
        assert_eq!(mail::list(&store, "waiting").unwrap(), [], "nobody is mailed what happened all year");
    }
}

/// The codes of what was refused.
fn refused(store: &Store, password: &str) -> Vec<&'static str> {
    let data_key = DataKey::generate().unwrap();
    match fill(store, &data_key, password, &new_id, &|_, _| {}) {
        Err(Error::Invalid(problems)) => problems.as_slice().iter().map(|problem| problem.code).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn everybody_logs_in_and_the_plan_of_the_demonstration_is_the_current_one() {
    let db = TestDb::sqlite();
    let store = opened(&db);
    filled(&store);
    let people = people::list(&store).unwrap();
    assert_eq!(people.len(), super::people(reference()).len());
    for person in &people {
        assert!(verify(PASSWORD, Some(&person.password_hash)), "{}", person.login);
    }
    assert_eq!(organisations::list(&store).unwrap().len(), 15);
    let plan = plans::fetch(&store, None).unwrap();
    assert_eq!((plan.year, plan.demo, plan.targets.len()), (2025, true, Stage::ALL.len()));
    assert_eq!((demo_now(&store).unwrap(), is_demo_filled(&store).unwrap()), (Some(NOW), true));
    assert_eq!(refused(&store, PASSWORD), ["database_not_empty"]);
}

#[test]
fn a_password_that_is_too_weak_is_refused_before_anything_is_written() {
    let db = TestDb::sqlite();
    let store = opened(&db);
    load(&store, NOW, &new_id).unwrap();
    assert_eq!(refused(&store, "九个字符不够用的啊"), ["password_short"]);
    assert_eq!(refused(&store, "inspector1"), ["password_weak"]);
    assert_eq!((people::list(&store).unwrap(), organisations::list(&store).unwrap()), (Vec::new(), Vec::new()));
}

#[test]
fn a_demonstration_that_was_broken_off_is_no_whole_one_and_is_refused() {
    let db = TestDb::sqlite();
    let store = opened(&db);
    load(&store, NOW, &new_id).unwrap();
    let data_key = DataKey::generate().unwrap();
    let secrets = Secrets { data_key: &data_key, password: PASSWORD };
    let broken = catch_unwind(AssertUnwindSafe(|| {
        fill_some(&store, secrets, (&new_id, &|_, _| panic!("broken off")), &|_| false)
    }));
    assert!(broken.is_err());
    // It is never taken for a province's own database: its people have a password that everybody knows.
    assert_eq!((demo_now(&store).unwrap(), is_demo_filled(&store).unwrap()), (Some(NOW), false));
    assert_eq!(refused(&store, PASSWORD), ["database_not_empty"]);
}
