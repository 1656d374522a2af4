//! Registration, amendments and form numbers, on both databases.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use hege_app::amendments::{Correction, Vault, amend};
use hege_app::form_numbers::{Lease, Wanted, lease};
use hege_app::samples::{Registration, register, step};
use hege_app::{Call, Error, PROVINCE, Scope};
use hege_core::{LabId, Month, OrganisationId, Role, SampleId, Stage, TaskType, UserId};
use hege_sampling::examples::{packaged, produce};
use hege_sampling::form::{Context, Fields, Form, Raw, RegionKnown, check};
use hege_sampling::form_no::Block;
use hege_sampling::life_cycle::{Action, Actor, Denial};
use hege_store::Store;
use hege_store::amendments::amendments_of;
use hege_store::cells::cells_between;
use hege_store::samples::{Sample, custody_of};
use hege_store::verify::{Finding, verify_city};
use hege_testkit::databases;
use serde_json::json;
use std::cell::Cell;
use std::collections::BTreeSet;
use uuid::Uuid;

const TAKER: Uuid = Uuid::from_u128(88);
const LABORATORY: Uuid = Uuid::from_u128(77);

struct Field {
    store: Store,
    calls: Cell<u128>,
}

fn on_both(test: impl Fn(&Field)) {
    for db in databases() {
        let store = Store::open(db.url(), 8).unwrap();
        store.migrate().unwrap();
        test(&Field { store, calls: Cell::new(0) });
    }
}

impl Field {
    fn call(&self, role: Role) -> Call {
        let n = self.calls.get() + 1;
        self.calls.set(n);
        let at = jiff::Timestamp::from_second(1_750_000_000 + i64::try_from(n).unwrap()).unwrap();
        let organisation = OrganisationId(if role.is_laboratory() { LABORATORY } else { TAKER });
        let actor = Actor { user: UserId(Uuid::from_u128(1)), roles: BTreeSet::from([role]) };
        let scope = Scope { region: PROVINCE, stages: BTreeSet::new() };
        Call { actor, organisation, scope, at, audit_id: Uuid::from_u128(1_000_000 + n) }
    }

    fn register(&self, n: u128) -> Sample {
        register(&self.store, &self.call(Role::Inspector), &registration(n)).unwrap()
    }

    fn amend(&self, call: &Call, sample: &Sample, changes: &[(&str, &str)]) -> Result<Sample, Error> {
        let changes = texts(changes);
        let context = context();
        let correction = Correction {
            seen: sample.revision,
            changes: &changes,
            reason: " 笔误 ",
            context: &context,
            is_within: &|food, class| food == class,
            vault: Vault { open: &open, seal: &seal },
        };
        amend(&self.store, call, id(sample), &correction).map(|(sample, _)| sample)
    }

    fn pending(&self, month: &str) -> i64 {
        let month = month.parse::<Month>().unwrap().yyyymm();
        let cells = self.store.read(|conn| cells_between(conn, month, month)).unwrap();
        cells.iter().filter(|cell| cell.stage.0 == Stage::Farm).map(|cell| cell.pending).sum()
    }

    fn whole(&self) {
        assert_eq!(self.store.read(|conn| verify_city(conn, 3301)).unwrap(), []);
    }
}

fn context() -> Context<'static> {
    let region = &|_, _| RegionKnown::InForce;
    let now = "2025-06-15T02:00:00Z".parse().unwrap();
    Context { now, region, food_class: &|_| true, microbiological: false }
}

fn texts(texts: &[(&str, &str)]) -> Fields {
    texts.iter().map(|(code, text)| ((*code).to_owned(), Raw::Text((*text).to_owned()))).collect()
}

/// A seal that anybody can open, for tests.
fn seal(personal: &Fields) -> Option<Vec<u8>> {
    let lines = personal.iter().map(|(code, raw)| {
        let Raw::Text(text) = raw else { panic!("{code}") };
        format!("{code}={text}")
    });
    Some(lines.collect::<Vec<_>>().join("\n").into_bytes())
}

fn open(sealed: &[u8]) -> Option<Fields> {
    let text = std::str::from_utf8(sealed).ok()?;
    let pairs: Vec<(&str, &str)> = text.lines().map(|line| line.split_once('=')).collect::<Option<_>>()?;
    Some(texts(&pairs))
}

fn form(n: u128) -> Form {
    let mut raw = produce();
    let id = format!("3301-{}", Uuid::from_u128(n));
    raw.extend(texts(&[("id", &id), ("form_no", &format!("NCP25330106{n:06}"))]));
    check(&raw, &context()).unwrap().0
}

fn registration(n: u128) -> Registration {
    let form = form(n);
    let personal = seal(&form.personal());
    Registration { form, personal, items: vec![("lead".to_owned(), false)] }
}

fn id(sample: &Sample) -> SampleId {
    SampleId { city: "3301".parse().unwrap(), uuid: sample.id.0 }
}

fn told<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Vec<(String, &'static str)> {
    match outcome {
        Err(Error::Invalid(problems)) => {
            problems.into_vec().into_iter().map(|problem| (problem.pointer, problem.code)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_ordered_is_something_and_each_item_once() {
    on_both(|field| {
        let outcome = |items: &[&str]| {
            let items = items.iter().map(|item| ((*item).to_owned(), false)).collect();
            told(register(&field.store, &field.call(Role::Inspector), &Registration { items, ..registration(1) }))
        };
        assert_eq!(outcome(&[]), [("/items".to_owned(), "items_missing")]);
        let expected = [("/items/1".to_owned(), "item_twice"), ("/items/2".to_owned(), "bad_text")];
        assert_eq!(outcome(&["lead", "lead", " "]), expected);
        field.register(1);
    });
}

#[test]
fn a_form_number_that_is_taken_is_told_at_its_field() {
    on_both(|field| {
        field.register(1);
        let mut raw = form(2).document();
        raw.extend(texts(&[("form_no", "NCP25330106000001")]));
        let (form, _) = check(&raw, &context()).unwrap();
        let second = Registration { form, personal: None, ..registration(2) };
        let outcome = register(&field.store, &field.call(Role::Inspector), &second);
        assert_eq!(told(outcome), [("/form_no".to_owned(), "form_no_taken")]);
        assert_eq!(field.pending("2025-06"), 1);
        field.whole();
    });
}

#[test]
fn two_forms_with_one_number_at_once_are_one_sample_and_one_problem() {
    on_both(|field| {
        let forms = [1, 2].map(|n| {
            let mut raw = form(n).document();
            raw.extend(texts(&[("form_no", "NCP25330106000009")]));
            Registration { form: check(&raw, &context()).unwrap().0, personal: None, ..registration(n) }
        });
        let calls = [field.call(Role::Inspector), field.call(Role::Inspector)];
        let store = &field.store;
        let outcomes = std::thread::scope(|scope| {
            let [a, b] = &forms;
            let [one, two] = &calls;
            let threads = [(one, a), (two, b)].map(|(call, form)| scope.spawn(move || register(store, call, form)));
            threads.map(|thread| thread.join().unwrap())
        });
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        let problem = outcomes.into_iter().find(Result::is_err).unwrap();
        assert_eq!(told(problem), [("/form_no".to_owned(), "form_no_taken")]);
    });
}

#[test]
fn a_sample_is_taken_for_ones_own_organisation_and_personal_data_come_sealed() {
    on_both(|field| {
        let mut raw = form(1).document();
        raw.extend(texts(&[("sampling_org", &Uuid::from_u128(5).to_string())]));
        let (other, _) = check(&raw, &context()).unwrap();
        let other = Registration { form: other, personal: None, ..registration(1) };
        let outcome = register(&field.store, &field.call(Role::Inspector), &other);
        assert_eq!(told(outcome), [("/sampling_org".to_owned(), "other_organisation")]);
        let open = Registration { personal: None, ..registration(1) };
        let outcome = register(&field.store, &field.call(Role::Inspector), &open);
        assert!(matches!(outcome, Err(Error::Personal)), "{outcome:?}");
    });
}

#[test]
fn an_amendment_changes_row_document_record_and_cell_together() {
    on_both(|field| {
        let sample = field.register(1);
        let changes = [
            ("sector", "forestry"),
            ("product_name", "芹菜"),
            ("sampled_at", "2025-05-31T02:00:00Z"),
            ("date", "2025-05-30"),
        ];
        let amended = field.amend(&field.call(Role::Inspector), &sample, &changes).unwrap();
        assert_eq!((amended.product_name.as_str(), amended.month, amended.revision), ("芹菜", 202_505, 2));
        assert_eq!(amended.form.0["product_name"], "芹菜");
        assert_eq!(amended.personal, sample.personal, "no personal field changed");
        assert_eq!((field.pending("2025-05"), field.pending("2025-06")), (1, 0));
        let amendments = field.store.read(|conn| amendments_of(conn, id(&sample))).unwrap();
        let expected = json!([
            {"field": "sector", "old": "agriculture", "new": "forestry"},
            {"field": "product_name", "old": "菠菜", "new": "芹菜"},
            {"field": "date", "old": "2025-06-15", "new": "2025-05-30"},
            {"field": "sampled_at", "old": "2025-06-15T02:00:00Z", "new": "2025-05-31T02:00:00Z"},
        ]);
        assert_eq!(amendments.iter().map(|row| (row.seq, &row.changes.0)).collect::<Vec<_>>(), [(1, &expected)]);
        assert_eq!(amendments[0].reason, "笔误");
        let custody = field.store.read(|conn| custody_of(conn, id(&sample))).unwrap();
        assert_eq!(custody.last().unwrap().kind, "amended");
        let again = field.amend(&field.call(Role::Inspector), &amended, &[("brand", "演示")]).unwrap();
        assert_eq!((again.revision, again.month), (3, 202_505));
        field.whole();
        field.store.execute("UPDATE amendment SET reason = 'x' WHERE seq = 2").unwrap();
        let bent = Finding::Altered { table: "amendment".to_owned(), key: format!("3301-{}/2", sample.id.0) };
        assert_eq!(field.store.read(|conn| verify_city(conn, 3301)).unwrap(), [bent]);
    });
}

#[test]
fn a_personal_field_is_sealed_again_and_its_values_stand_nowhere_else() {
    on_both(|field| {
        let sample = field.register(1);
        let amended = field.amend(&field.call(Role::Inspector), &sample, &[("stall", "13 号摊")]).unwrap();
        assert_eq!(open(&amended.personal.unwrap()), Some(texts(&[("stall", "13 号摊")])));
        let amendments = field.store.read(|conn| amendments_of(conn, id(&sample))).unwrap();
        assert_eq!(amendments[0].changes.0, json!([{"field": "stall", "personal": true}]));
        assert_eq!(amended.form, sample.form);
        let again = Sample { revision: 2, ..sample };
        let emptied = field.amend(&field.call(Role::Inspector), &again, &[("stall", "")]).unwrap();
        assert_eq!(emptied.personal, None);
        field.whole();
    });
}

#[test]
fn only_an_inspector_of_the_taker_amends_and_only_before_receipt() {
    on_both(|field| {
        let change = [("brand", "演示")];
        let sample = field.register(1);
        let stranger = Call { organisation: OrganisationId(LABORATORY), ..field.call(Role::Inspector) };
        assert!(matches!(field.amend(&stranger, &sample, &change), Err(Error::NotFound)));
        let auditor = field.call(Role::Auditor);
        assert!(matches!(field.amend(&auditor, &sample, &change), Err(Error::Denied(Denial::WrongRole))));
        let seal = Action::Seal { lab: Some(LabId(LABORATORY)), seals: vec!["F1".to_owned()] };
        let sealed = step(&field.store, &field.call(Role::Inspector), id(&sample), (sample.revision, &seal)).unwrap();
        assert!(matches!(field.amend(&field.call(Role::Inspector), &sample, &change), Err(Error::Conflict)));
        let amended = field.amend(&field.call(Role::Inspector), &sealed, &change).unwrap();
        let received = (amended.revision, &Action::Receive);
        let received = step(&field.store, &field.call(Role::Receiver), id(&sample), received).unwrap();
        let late = field.amend(&field.call(Role::Inspector), &received, &[("brand", "/")]);
        assert!(matches!(late, Err(Error::Denied(Denial::WrongStatus))), "{late:?}");
        let told = told(field.amend(&field.call(Role::Inspector), &field.register(2), &[("date", "2025-07-01")]));
        assert_eq!(told, [("/date".to_owned(), "after_sampling")]);
        field.whole();
    });
}

#[test]
fn a_laboratory_role_is_one_in_the_laboratory_that_the_sample_is_sent_to() {
    on_both(|field| {
        let sample = field.register(1);
        let seal = Action::Seal { lab: Some(LabId(LABORATORY)), seals: vec!["F1".to_owned()] };
        let sealed = step(&field.store, &field.call(Role::Inspector), id(&sample), (1, &seal)).unwrap();
        let receive = |call: &Call| step(&field.store, call, id(&sample), (sealed.revision, &Action::Receive));
        let mut both = field.call(Role::Inspector);
        both.actor.roles.insert(Role::Receiver);
        assert!(matches!(receive(&both), Err(Error::Denied(Denial::WrongRole))), "the taker has a bench of its own");
        both.organisation = OrganisationId(LABORATORY);
        assert!(receive(&both).is_ok());
    });
}

fn wanted(county: &str, count: u32) -> Wanted {
    Wanted { county: county.parse().unwrap(), year: 2025, task_type: TaskType::RoutineMonitoring, count }
}

#[test]
fn leases_follow_one_another_for_each_county_year_and_task_type() {
    on_both(|field| {
        let take = |wanted| {
            let Lease { prefix, block } = lease(&field.store, &field.call(Role::Inspector), wanted).unwrap();
            (prefix, block.first, block.last)
        };
        assert_eq!(take(wanted("330106", 20)), ("NCP25330106".to_owned(), 1, 20));
        assert_eq!(take(wanted("330106", 1)), ("NCP25330106".to_owned(), 21, 21));
        assert_eq!(take(wanted("330105", 500)), ("NCP25330105".to_owned(), 1, 500));
        let next_year = Wanted { year: 2026, ..wanted("330106", 5) };
        assert_eq!(take(next_year), ("NCP26330106".to_owned(), 1, 5));
        let other = Wanted { task_type: TaskType::Supervision, ..wanted("330106", 5) };
        assert_eq!(take(other), ("JD25330106".to_owned(), 1, 5));
        field.whole();
    });
}

#[test]
fn devices_that_lease_at_once_never_get_the_same_number() {
    on_both(|field| {
        let store = &field.store;
        let calls: Vec<Call> = (0..8).map(|_| field.call(Role::Inspector)).collect();
        let blocks: Vec<Block> = std::thread::scope(|scope| {
            let take = |call: Call| move || lease(store, &call, wanted("330106", 7)).unwrap().block;
            let threads: Vec<_> = calls.into_iter().map(|call| scope.spawn(take(call))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let serials: BTreeSet<u32> = blocks.iter().flat_map(|block| block.first..=block.last).collect();
        assert_eq!(serials, (1..=56).collect());
    });
}

#[test]
fn a_lease_is_an_inspectors_and_within_its_bounds() {
    on_both(|field| {
        let told = |wanted| told(lease(&field.store, &field.call(Role::Inspector), wanted));
        for count in [0, 501] {
            assert_eq!(told(wanted("330106", count)), [("/count".to_owned(), "out_of_range")]);
        }
        assert_eq!(told(wanted("330100", 1)), [("/county".to_owned(), "region_not_county")]);
        for year in [2024, 2027] {
            assert_eq!(told(Wanted { year, ..wanted("330106", 1) }), [("/year".to_owned(), "bad_year")]);
        }
        let outcome = lease(&field.store, &field.call(Role::Receiver), wanted("330106", 1));
        assert!(matches!(outcome, Err(Error::Denied(Denial::WrongRole))));
        lease(&field.store, &field.call(Role::Inspector), wanted("330106", 1)).unwrap();
        field.store.execute("UPDATE form_no_counter SET next = 999999").unwrap();
        assert_eq!(told(wanted("330106", 2)), [("/count".to_owned(), "form_nos_exhausted")]);
        let last = lease(&field.store, &field.call(Role::Inspector), wanted("330106", 1)).unwrap();
        assert_eq!(last.block, Block { first: 999_999, last: 999_999 });
    });
}

#[test]
fn the_example_forms_are_of_food_classes_that_ship() {
    let classes = include_str!("../data/food-classes.csv");
    for example in [produce(), packaged()] {
        let Some(Raw::Text(class)) = example.get("food_class") else { panic!("{example:?}") };
        assert!(classes.lines().any(|line| line.starts_with(&format!("{class},"))), "{class}");
    }
}
