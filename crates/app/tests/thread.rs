//! A sample from the field to the commission's alert, on both databases.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use hege_alerts::plan::{Event, Grade, Stream, Target, Transition};
use hege_app::rates::{GroupBy, Question, Rate, rates};
use hege_app::results::{Confirmation, StatedCriterion, Value, enter};
use hege_app::samples::{Registration, register, step};
use hege_app::setup::{shipped, year_plan};
use hege_app::{Call, Error, PROVINCE, Scope};
use hege_core::{LabId, Month, OrganisationId, Role, SampleId, Stage, UserId};
use hege_lab::Catalogue;
use hege_rates::{BasisPoints, RateState, Tally};
use hege_sampling::examples::produce;
use hege_sampling::form::{Context, Raw, RegionKnown, check};
use hege_sampling::life_cycle::{Action, Actor, Denial, RefusalReason};
use hege_store::Store;
use hege_store::audit::audit_seal;
use hege_store::outbox::messages_take;
use hege_store::samples::{Item, Sample, custody_of, items_of};
use hege_store::types::Ts;
use hege_store::verify::verify_city;
use hege_testkit::databases;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A province of six people, one for each part in a sample's life.
struct Province {
    store: Store,
    calls: Cell<u128>,
}

const TAKER: Uuid = Uuid::from_u128(88);
const LABORATORY: Uuid = Uuid::from_u128(77);
const INSPECTOR: u128 = 1;
const RECEIVER: u128 = 3;
const TESTER: u128 = 4;
const CHECKER: u128 = 5;
const APPROVER: u128 = 6;
const SECOND_APPROVER: u128 = 7;
/// A second inspector who also works in the laboratory: allowed nowhere near this sample's results.
const BOTH: u128 = 2;

fn on_both(test: impl Fn(&Province)) {
    for db in databases() {
        let store = Store::open(db.url(), 4).unwrap();
        store.migrate().unwrap();
        test(&Province { store, calls: Cell::new(0) });
    }
}

fn roles(person: u128) -> BTreeSet<Role> {
    let roles: &[Role] = match person {
        INSPECTOR => &[Role::Inspector],
        RECEIVER => &[Role::Receiver],
        TESTER => &[Role::Tester],
        CHECKER => &[Role::Checker],
        APPROVER | SECOND_APPROVER => &[Role::Approver],
        _ => &[Role::Inspector, Role::Tester, Role::Checker, Role::Approver],
    };
    roles.iter().copied().collect()
}

fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

impl Province {
    fn call(&self, person: u128) -> Call {
        let n = self.calls.get() + 1;
        self.calls.set(n);
        let at = jiff::Timestamp::from_second(1_750_000_000 + i64::try_from(n).unwrap()).unwrap();
        let organisation = OrganisationId(if person == INSPECTOR { TAKER } else { LABORATORY });
        Call {
            actor: Actor { user: user(person), roles: roles(person) },
            organisation,
            scope: Scope { region: PROVINCE, stages: BTreeSet::new() },
            at,
            audit_id: Uuid::from_u128(1_000_000 + n),
        }
    }

    fn register(&self, n: u128) -> Sample {
        register(&self.store, &self.call(INSPECTOR), &registration(n)).unwrap()
    }

    fn step(&self, person: u128, sample: &Sample, action: &Action) -> Result<Sample, Error> {
        step(&self.store, &self.call(person), id(sample), (sample.revision, action))
    }

    fn enter(&self, person: u128, sample: &Sample, reported: &str, confirmed: bool) -> Result<Sample, Error> {
        self.enter_as(&self.call(person), sample, &[value(reported, confirmed)])
    }

    fn enter_as(&self, call: &Call, sample: &Sample, values: &[Value]) -> Result<Sample, Error> {
        enter(&self.store, call, id(sample), (sample.revision, values), &Catalogue::default())
    }

    /// Registered, sealed, received: on the laboratory's bench.
    fn received(&self, n: u128) -> Sample {
        let sample = self.step(INSPECTOR, &self.register(n), &seal()).unwrap();
        self.step(RECEIVER, &sample, &Action::Receive).unwrap()
    }

    fn approved(&self, n: u128, reported: &str) -> Sample {
        let sample = self.enter(TESTER, &self.received(n), reported, true).unwrap();
        let sample = self.step(CHECKER, &sample, &looked_at()).unwrap();
        self.step(APPROVER, &sample, &approve()).unwrap()
    }

    fn farm(&self) -> Rate {
        let scope = Scope { region: PROVINCE, stages: BTreeSet::new() };
        let question = Question {
            stage: Some(Stage::Farm),
            region: PROVINCE,
            months: ("2025-01".parse().unwrap(), "2025-12".parse().unwrap()),
            as_of: None,
            group_by: GroupBy::Stage,
        };
        let plan = shipped().unwrap().plans.iter().find(|plan| plan.demo).map(|plan| year_plan(plan, true)).unwrap();
        rates(&self.store, &scope, (&plan, self.call(INSPECTOR).at), &question).unwrap().remove(0)
    }

    fn tally(&self) -> (u32, u32) {
        let tally = self.farm().assessment.tally;
        (tally.k, tally.n)
    }
}

fn seal() -> Action {
    Action::Seal { lab: Some(LabId(LABORATORY)), seals: vec!["F0001".to_owned()] }
}

/// The values of these tests carry a criterion of the laboratory's own, which the checker confirms.
fn looked_at() -> Action {
    Action::Check { confirms: names(&["lead"]), leaves_out: BTreeMap::new() }
}

fn approve() -> Action {
    Action::Approve { agrees: BTreeSet::new() }
}

fn names(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn id(sample: &Sample) -> SampleId {
    SampleId { city: "3301".parse().unwrap(), uuid: sample.id.0 }
}

/// Lead by a criterion that the laboratory states.
fn value(reported: &str, confirmed: bool) -> Value {
    let text = |text: &str| Some(text.to_owned());
    let stated = StatedCriterion {
        kind: "max".to_owned(),
        limit: text("0.3"),
        unit: text("mg/kg"),
        standard: "GB 2762-2022".to_owned(),
        reason: "演示".to_owned(),
        ..StatedCriterion::default()
    };
    let retest = Confirmation { value: reported.to_owned(), person: "演示".to_owned(), ..Confirmation::default() };
    Value {
        analyte: "lead".to_owned(),
        reported: reported.to_owned(),
        unit: text("mg/kg"),
        lod: text("0.02"),
        criterion: Some(stated),
        confirmation: confirmed.then_some(retest),
        ..Value::default()
    }
}

fn registration(n: u128) -> Registration {
    let mut raw = produce();
    let id = SampleId { city: "3301".parse().unwrap(), uuid: Uuid::from_u128(n) };
    raw.insert("id".to_owned(), Raw::Text(id.to_string()));
    raw.insert("form_no".to_owned(), Raw::Text(format!("NCP25330106{n:06}")));
    raw.insert("samplers".to_owned(), Raw::List([INSPECTOR, BOTH].map(|person| user(person).to_string()).to_vec()));
    raw.remove("stall");
    let now = "2025-06-15T02:00:00Z".parse().unwrap();
    let region = |_, _| RegionKnown::InForce;
    let context = Context { now, region: &region, food_class: &|_| true, microbiological: false };
    let (form, _) = check(&raw, &context).unwrap();
    Registration { form, personal: None, items: vec![("lead".to_owned(), false)] }
}

fn denied(outcome: Result<Sample, Error>) -> Denial {
    match outcome {
        Err(Error::Denied(denial) | Error::DeniedFor(denial, _)) => denial,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sample_moves_its_stage_by_exactly_itself_at_once() {
    on_both(|province| {
        assert_eq!(province.tally(), (0, 0));
        let first = province.register(1);
        assert_eq!((province.tally(), province.farm().counters.pending), ((0, 0), 1));
        assert_eq!(first.revision, 1);
        province.approved(2, "0.3");
        assert_eq!((province.tally(), province.farm().counters.pending), ((1, 1), 1));
        province.approved(3, "0.31");
        assert_eq!(province.tally(), (1, 2));
        assert_eq!(province.farm().counted.1, "counts: routine monitoring (primary produce)");
    });
}

#[test]
fn every_step_stands_in_custody_and_the_record_is_whole() {
    on_both(|province| {
        let sample = province.approved(1, "0.31");
        let store = &province.store;
        let custody = store.read(|conn| custody_of(conn, id(&sample))).unwrap();
        let kinds: Vec<&str> = custody.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["registered", "sealed", "received", "entered", "checked", "approved"]);
        let items = store.read(|conn| items_of(conn, id(&sample))).unwrap();
        let verdicts: Vec<_> = items.iter().map(|item| (item.reported.as_deref(), item.verdict.as_deref())).collect();
        assert_eq!(verdicts, [(Some("0.31"), Some("nonconforming"))]);
        let city = i32::from(id(&sample).city.get());
        assert_eq!(store.read(|conn| verify_city(conn, city)).unwrap(), []);
        assert_eq!(store.write(|conn| audit_seal(conn, city, Ts(jiff::Timestamp::UNIX_EPOCH), 100)).unwrap(), 6);
        assert_eq!(store.read(|conn| verify_city(conn, city)).unwrap(), []);
    });
}

#[test]
fn who_sampled_entered_or_checked_it_does_not_do_the_next_part() {
    on_both(|province| {
        let sample = province.received(1);
        assert_eq!(denied(province.enter(BOTH, &sample, "0.1", false)), Denial::SampledIt);
        assert_eq!(denied(province.enter(RECEIVER, &sample, "0.1", false)), Denial::WrongRole);
        let elsewhere = Call { organisation: OrganisationId(Uuid::from_u128(78)), ..province.call(TESTER) };
        let outcome = province.enter_as(&elsewhere, &sample, &[value("0.1", false)]);
        assert!(matches!(outcome, Err(Error::NotFound)), "another laboratory's sample is not there: {outcome:?}");
        let outsider = Call { organisation: OrganisationId(LABORATORY), ..province.call(INSPECTOR) };
        let outcome = step(&province.store, &outsider, id(&sample), (sample.revision, &looked_at()));
        assert!(
            matches!(outcome, Err(Error::NotFound)),
            "an inspector's role gives nothing in a laboratory: {outcome:?}"
        );
        let sample = province.enter(TESTER, &sample, "0.1", false).unwrap();
        assert_eq!(denied(province.step(BOTH, &sample, &looked_at())), Denial::SampledIt);
        assert_eq!(denied(province.step(TESTER, &sample, &looked_at())), Denial::WrongRole);
        let sample = province.step(CHECKER, &sample, &looked_at()).unwrap();
        assert_eq!(denied(province.step(BOTH, &sample, &approve())), Denial::SampledIt);
        assert_eq!(province.tally(), (0, 0), "nothing that was denied has changed anything");
    });
}

#[test]
fn a_nonconforming_result_is_confirmed_and_every_item_judged_before_the_check() {
    on_both(|province| {
        let entered = |n, reported| province.enter(TESTER, &province.received(n), reported, false).unwrap();
        let unconfirmed = entered(1, "0.31");
        let lead = names(&["lead"]);
        let outcome = province.step(CHECKER, &unconfirmed, &looked_at());
        assert!(
            matches!(&outcome, Err(Error::DeniedFor(Denial::NotConfirmed, items)) if *items == lead),
            "{outcome:?}"
        );
        let unreadable = entered(2, "1/58");
        let outcome = province.step(CHECKER, &unreadable, &looked_at());
        assert!(
            matches!(&outcome, Err(Error::DeniedFor(Denial::NotConcluded, items)) if *items == lead),
            "{outcome:?}"
        );
        let back = province.step(CHECKER, &unreadable, &Action::Return { reason: "小数点".to_owned() }).unwrap();
        let again = province.enter(TESTER, &back, "0.158", false).unwrap();
        let again = province.step(CHECKER, &again, &looked_at()).unwrap();
        province.step(APPROVER, &again, &approve()).unwrap();
        assert_eq!(province.tally(), (1, 1));
    });
}

#[test]
fn of_two_approvers_at_once_one_is_told_and_the_sample_counts_once() {
    on_both(|province| {
        let sample = province.enter(TESTER, &province.received(1), "0.1", false).unwrap();
        let sample = province.step(CHECKER, &sample, &looked_at()).unwrap();
        let calls = [province.call(APPROVER), province.call(APPROVER)];
        let (store, sample) = (&province.store, &sample);
        let outcomes = std::thread::scope(|scope| {
            let threads =
                calls.map(|call| scope.spawn(move || step(store, &call, id(sample), (sample.revision, &approve()))));
            threads.map(|thread| thread.join().unwrap())
        });
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert_eq!(province.tally(), (1, 1));
        assert_eq!(store.read(|conn| verify_city(conn, 3301)).unwrap(), []);
    });
}

#[test]
fn the_same_registration_twice_is_one_sample() {
    on_both(|province| {
        let first = province.register(1);
        let again = register(&province.store, &province.call(INSPECTOR), &registration(1)).unwrap();
        assert_eq!(again, first, "the row as it stands, and nothing new");
        assert_eq!(province.farm().counters.pending, 1);
        assert_eq!(province.store.read(|conn| verify_city(conn, 3301)).unwrap(), []);
        let other = Registration { items: vec![("cadmium".to_owned(), false)], ..registration(1) };
        let outcome = register(&province.store, &province.call(INSPECTOR), &other);
        assert!(matches!(outcome, Err(Error::Idempotency)), "another order under the same id: {outcome:?}");
        let outcome = register(&province.store, &province.call(BOTH), &registration(1));
        assert!(matches!(outcome, Err(Error::Idempotency)), "another person under the same id: {outcome:?}");
        let outcome = register(&province.store, &province.call(TESTER), &registration(2));
        assert!(matches!(outcome, Err(Error::Denied(Denial::WrongRole))));
    });
}

#[test]
fn of_many_who_send_one_registration_at_once_all_get_the_same_sample() {
    on_both(|province| {
        let calls = [(); 6].map(|()| province.call(INSPECTOR));
        let store = &province.store;
        let rows = std::thread::scope(|scope| {
            let threads = calls.map(|call| scope.spawn(move || register(store, &call, &registration(1)).unwrap()));
            threads.map(|thread| thread.join().unwrap())
        });
        assert!(rows.iter().all(|row| *row == rows[0]), "{rows:?}");
        assert_eq!(province.farm().counters.pending, 1);
    });
}

#[test]
fn refused_and_voided_samples_stand_beside_the_rate() {
    on_both(|province| {
        let sample = province.step(INSPECTOR, &province.register(1), &seal()).unwrap();
        province.step(RECEIVER, &sample, &Action::Refuse(RefusalReason::SealBroken)).unwrap();
        let approved = province.approved(2, "0.31");
        let void = Action::Void { reason: "封样争议".to_owned() };
        assert_eq!(denied(province.step(APPROVER, &approved, &void)), Denial::SecondPerson);
        let asked = Action::RequestVoid { reason: "封样争议".to_owned() };
        let asked = province.step(APPROVER, &approved, &asked).unwrap();
        assert_eq!((asked.status.as_str(), province.farm().counters.nonconforming), ("approved", 1));
        assert_eq!(denied(province.step(APPROVER, &asked, &void)), Denial::SecondPerson);
        let voided = province.step(SECOND_APPROVER, &asked, &void).unwrap();
        assert_eq!((voided.status.as_str(), voided.conclusion_revision), ("voided", 2));
        let counters = province.farm().counters;
        assert_eq!((counters.refused, counters.voided, counters.nonconforming, counters.pending), (1, 1, 0, 0));
        assert_eq!(province.store.read(|conn| verify_city(conn, 3301)).unwrap(), []);
    });
}

#[test]
fn each_decision_about_a_sample_leaves_one_message() {
    on_both(|province| {
        let sample = province.step(INSPECTOR, &province.register(1), &seal()).unwrap();
        province.step(RECEIVER, &sample, &Action::Refuse(RefusalReason::SealBroken)).unwrap();
        let approved = province.approved(2, "0.1");
        let void = |action: fn(String) -> Action| action("封样争议".to_owned());
        let asked = province.step(APPROVER, &approved, &void(|reason| Action::RequestVoid { reason })).unwrap();
        province.step(SECOND_APPROVER, &asked, &void(|reason| Action::Void { reason })).unwrap();
        province.register(3);
        let far = Ts("2030-01-01T00:00:00Z".parse().unwrap());
        let messages = province.store.write(|conn| messages_take(conn, "concluded", (far, far), 100)).unwrap();
        let told: Vec<_> = messages.iter().map(|message| (message.topic.as_str(), message.payload.0.clone())).collect();
        let about = |n: u128| serde_json::json!({"sample": format!("3301-{}", Uuid::from_u128(n)), "stage": "farm"});
        assert_eq!(told, [("concluded", about(1)), ("concluded", about(2)), ("concluded", about(2))]);
    });
}

fn item(province: &Province, sample: &Sample) -> Item {
    province.store.read(|conn| items_of(conn, id(sample))).unwrap().remove(0)
}

#[test]
fn a_criterion_that_the_laboratory_stated_is_confirmed_by_the_checker_and_anew_after_a_return() {
    on_both(|province| {
        let sample = province.enter(TESTER, &province.received(1), "0.1", false).unwrap();
        let stated = item(province, &sample).stated.unwrap().0;
        let silent = Action::Check { confirms: BTreeSet::new(), leaves_out: BTreeMap::new() };
        assert_eq!(denied(province.step(CHECKER, &sample, &silent)), Denial::NotConfirmedCriterion);
        let checked = province.step(CHECKER, &sample, &looked_at()).unwrap();
        let confirmed = item(province, &checked).stated.unwrap().0;
        assert_eq!(confirmed["confirmed_by"], user(CHECKER).to_string());
        assert_eq!(confirmed["standard"], stated["standard"]);
        let back = province.step(APPROVER, &checked, &Action::Return { reason: "依据有误".to_owned() }).unwrap();
        assert_eq!(item(province, &back).stated.unwrap().0, stated);
        assert_eq!(province.store.read(|conn| verify_city(conn, 3301)).unwrap(), []);
    });
}

#[test]
fn an_item_left_out_leaves_the_conclusion_when_the_approver_agrees() {
    on_both(|province| {
        let two = vec![("lead".to_owned(), false), ("tin".to_owned(), false)];
        let registration = Registration { items: two, ..registration(1) };
        let sample = register(&province.store, &province.call(INSPECTOR), &registration).unwrap();
        let sample = province.step(INSPECTOR, &sample, &seal()).unwrap();
        let sample = province.step(RECEIVER, &sample, &Action::Receive).unwrap();
        let values = [value("0.1", false), Value { analyte: "tin".to_owned(), ..value("1/58", false) }];
        let call = province.call(TESTER);
        let sample = province.enter_as(&call, &sample, &values).unwrap();
        let leaving = |item: &str| Action::Check {
            confirms: names(&["lead"]),
            leaves_out: BTreeMap::from([(item.to_owned(), " 样品用尽 ".to_owned())]),
        };
        assert_eq!(denied(province.step(CHECKER, &sample, &leaving("lead"))), Denial::ItemMisnamed);
        let checked = province.step(CHECKER, &sample, &leaving("tin")).unwrap();
        assert_eq!(denied(province.step(APPROVER, &checked, &approve())), Denial::LeftOutNotAgreed);
        let agreeing = Action::Approve { agrees: names(&["tin"]) };
        province.step(APPROVER, &checked, &agreeing).unwrap();
        assert_eq!(province.tally(), (1, 1));
        let items = province.store.read(|conn| items_of(conn, id(&checked))).unwrap();
        let left_out = items[1].left_out.as_ref().unwrap();
        assert_eq!(left_out.0["reason"], "样品用尽");
        assert_eq!(left_out.0["left_out_by"], user(CHECKER).to_string());
        assert_eq!(left_out.0["agreed_by"], user(APPROVER).to_string());
        assert_eq!(items[0].left_out, None);
        assert_eq!(province.store.read(|conn| verify_city(conn, 3301)).unwrap(), []);
    });
}

#[test]
fn what_is_left_out_comes_back_when_the_sample_is_returned() {
    on_both(|province| {
        let sample = province.enter(TESTER, &province.received(1), "1/58", false).unwrap();
        let leaves_out = BTreeMap::from([("lead".to_owned(), "样品用尽".to_owned())]);
        let checked =
            province.step(CHECKER, &sample, &Action::Check { confirms: BTreeSet::new(), leaves_out }).unwrap();
        let agreeing = Action::Approve { agrees: names(&["lead"]) };
        assert_eq!(denied(province.step(APPROVER, &checked, &agreeing)), Denial::NotConcluded, "nothing is left");
        let back = province.step(APPROVER, &checked, &Action::Return { reason: "尚有备样".to_owned() }).unwrap();
        assert_eq!(item(province, &back).left_out, None);
        assert_eq!(province.store.read(|conn| verify_city(conn, 3301)).unwrap(), []);
    });
}

#[test]
fn values_for_items_that_are_not_ordered_or_stand_twice_are_told_together() {
    on_both(|province| {
        let sample = province.received(1);
        let values =
            [value("0.1", false), value("0.2", false), Value { analyte: "cadmium".to_owned(), ..value("1", false) }];
        let outcome = province.enter_as(&province.call(TESTER), &sample, &values);
        let Err(Error::Invalid(problems)) = outcome else { panic!("{outcome:?}") };
        let found: Vec<_> =
            problems.as_slice().iter().map(|problem| (problem.pointer.as_str(), problem.code)).collect();
        assert_eq!(found, [("/results/1/analyte", "item_twice"), ("/results/2/analyte", "item_not_ordered")]);
    });
}

#[test]
fn enough_nonconforming_samples_raise_one_notice_and_then_significance() {
    on_both(|province| {
        let target = Target { basis_points: BasisPoints::new(9600).unwrap(), min_n: 30 };
        let mut stream = Stream::new(2025, Some(target));
        let mut told = Vec::new();
        for n in 0..40 {
            let conforming = n < 27;
            let sample = province.approved(100 + n, if conforming { "0.1" } else { "0.5" });
            let month = Month::from_yyyymm(sample.month).unwrap();
            told.extend(stream.step(Event::Concluded { month, conforming }));
            let (k, n) = province.tally();
            assert_eq!(stream.year_to_date(), Tally::new(k, n).unwrap(), "the stream and the cells agree");
        }
        assert!(matches!(told[..], [Transition::Raised(Grade::Notice, _), Transition::Escalated(_)]), "{told:?}");
        let farm = province.farm().assessment;
        assert_eq!((farm.below_target, farm.state), (Some(true), RateState::SignificantlyBelow));
    });
}
