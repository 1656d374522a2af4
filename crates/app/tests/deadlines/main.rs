//! The clocks of samples, and what waits by when it is due, on both databases.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod late;

use hege_app::deadlines::{self, Asked, Cursor, Line, Page, Summary};
use hege_app::results::{Confirmation, StatedCriterion, Value, enter};
use hege_app::samples::{Registration, Seen, fetch, register, step};
use hege_app::{Call, Error, PROVINCE, Scope, setup};
use hege_core::calendar::MissingYear;
use hege_core::date::{CHINA, china_date};
use hege_core::{LabId, Month, OrganisationId, RegionCode, Role, SampleId, SampleKind, Stage, TaskType, UserId};
use hege_lab::Catalogue;
use hege_rates::Standing;
use hege_sampling::deadlines::{Clock, Confidence, Period, Rule, State};
use hege_sampling::examples::packaged;
use hege_sampling::form::{Context, Raw, RegionKnown, check};
use hege_sampling::life_cycle::{Action, Actor};
use hege_store::Store;
use hege_store::samples::{Sample, sample_insert};
use hege_store::types::{Doc, Id, Ts, Word};
use hege_store::verify::{Finding, verify_city};
use hege_testkit::databases;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

const TAKER: Uuid = Uuid::from_u128(88);
const OTHER_TAKER: Uuid = Uuid::from_u128(89);
const LABORATORY: Uuid = Uuid::from_u128(77);
const OTHER_LABORATORY: Uuid = Uuid::from_u128(78);

static NEXT: AtomicU64 = AtomicU64::new(1);

fn next() -> Uuid {
    Uuid::from_u128((0xA << 64) + u128::from(NEXT.fetch_add(1, Ordering::Relaxed)))
}

fn on_both(test: impl Fn(&Store)) {
    for db in databases() {
        let store = Store::open(db.url(), 4).unwrap();
        store.migrate().unwrap();
        setup::load(&store, at("2025-01-01T00:00"), &next).unwrap();
        test(&store);
    }
}

/// An instant of China's clock.
fn at(text: &str) -> Timestamp {
    CHINA.to_timestamp(text.parse().unwrap()).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// Somebody of a role, for an organisation, in a region, at an instant.
fn call(role: Role, organisation: Uuid, region: RegionCode, now: &str) -> Call {
    Call {
        actor: Actor { user: UserId(Uuid::from_u128(1_000 + u128::from(role.is_laboratory()))), roles: [role].into() },
        organisation: OrganisationId(organisation),
        scope: Scope { region, stages: BTreeSet::new() },
        at: at(now),
        audit_id: next(),
    }
}

fn reviewer(now: &str) -> Call {
    call(Role::Reviewer, Uuid::nil(), PROVINCE, now)
}

// The clocks of one sample.

fn bread() -> SampleId {
    SampleId { city: "3301".parse().unwrap(), uuid: Uuid::from_u128(1) }
}

/// Bread of 2025-06-01 with a shelf life of 30 days, taken on Sunday 2025-06-15.
fn taken(store: &Store) -> Sample {
    let mut fields = packaged();
    fields.insert("id".to_owned(), Raw::Text(bread().to_string()));
    let context = Context {
        now: at("2025-06-15T12:00"),
        region: &|_, _| RegionKnown::InForce,
        food_class: &|_| true,
        microbiological: false,
    };
    let (form, _) = check(&fields, &context).unwrap();
    let by = call(Role::Inspector, TAKER, PROVINCE, "2025-06-15T12:00");
    let registration = Registration { form, personal: Some(vec![0]), items: vec![("lead".to_owned(), false)] };
    register(store, &by, &registration).unwrap()
}

fn done(store: &Store, (role, now): (Role, &str), sample: &Sample, action: &Action) -> Sample {
    let organisation = if role == Role::Inspector { TAKER } else { LABORATORY };
    let mut by = call(role, organisation, PROVINCE, now);
    by.actor.user = UserId(next());
    step(store, &by, bread(), (sample.revision, action)).unwrap()
}

fn received(store: &Store) -> Sample {
    let seal = Action::Seal { lab: Some(LabId(LABORATORY)), seals: vec!["F1".to_owned()] };
    let sample = done(store, (Role::Inspector, "2025-06-15T13:00"), &taken(store), &seal);
    done(store, (Role::Receiver, "2025-06-18T10:00"), &sample, &Action::Receive)
}

/// With lead by a criterion that the laboratory states, approved on 2025-07-17.
fn approved(store: &Store, reported: &str) -> Sample {
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
    let value = Value {
        analyte: "lead".to_owned(),
        reported: reported.to_owned(),
        unit: text("mg/kg"),
        lod: text("0.02"),
        criterion: Some(stated),
        confirmation: Some(retest),
        ..Value::default()
    };
    let sample = received(store);
    let mut by = call(Role::Tester, LABORATORY, PROVINCE, "2025-07-15T10:00");
    by.actor.user = UserId(next());
    let sample = enter(store, &by, bread(), (sample.revision, &[value]), &Catalogue::default()).unwrap();
    let look = Action::Check { confirms: BTreeSet::from(["lead".to_owned()]), leaves_out: BTreeMap::new() };
    let sample = done(store, (Role::Checker, "2025-07-16T10:00"), &sample, &look);
    done(store, (Role::Approver, "2025-07-17T10:00"), &sample, &Action::Approve { agrees: BTreeSet::new() })
}

fn seen(store: &Store, now: &str) -> Seen {
    fetch(store, &reviewer(now), bread()).unwrap()
}

/// The sample's clocks: code, last day, state.
fn told(store: &Store, now: &str) -> Vec<(&'static str, String, &'static str)> {
    let clocks = seen(store, now).clocks;
    clocks.iter().map(|it| (it.rule.clock.code(), it.due.unwrap().on.to_string(), it.state.code())).collect()
}

fn owned<'a>(clocks: &[(&'a str, &str, &'a str)]) -> Vec<(&'a str, String, &'a str)> {
    clocks.iter().map(|(clock, on, state)| (*clock, (*on).to_owned(), *state)).collect()
}

#[test]
fn a_samples_clocks_follow_its_way_from_the_field_to_its_report() {
    on_both(|store| {
        taken(store);
        let delivery = |now: &str| told(store, now)[0].clone();
        assert_eq!(delivery("2025-06-17T23:59"), ("delivery", "2025-06-20".to_owned(), "due"));
        assert_eq!(delivery("2025-06-18T00:00").2, "soon");
        assert_eq!(delivery("2025-06-20T23:59").2, "soon");
        assert_eq!(delivery("2025-06-21T00:00").2, "overdue");
    });
    on_both(|store| {
        approved(store, "0.1");
        assert_eq!(
            told(store, "2025-07-18T00:00"),
            owned(&[
                ("delivery", "2025-06-20", "met"),
                ("report", "2025-07-16", "late"),
                ("send_conforming", "2025-07-28", "met"),
                ("sampling_objection", "2025-06-24", "lapsed"),
                ("backup_conforming", "2025-07-01", "over"),
                ("records", "2027-06-15", "kept"),
            ]),
            "the backup ends with its shelf life; nobody is told of what conforms, nor deals with it"
        );
        let report = seen(store, "2025-07-18T00:00").clocks.remove(1);
        assert_eq!(report.started_at, at("2025-06-18T10:00"));
        assert_eq!(report.done_at, Some(at("2025-07-17T10:00")));
        assert_eq!((report.rule.code.as_str(), report.rule.clause.as_str()), ("order15-report", "第24条"));
    });
}

#[test]
fn a_failure_keeps_its_backup_longer_and_a_void_that_is_asked_for_holds_it() {
    on_both(|store| {
        let sample = approved(store, "0.5");
        let codes =
            |now: &str| told(store, now).into_iter().map(|(clock, _, state)| (clock, state)).collect::<Vec<_>>();
        assert!(codes("2025-07-18T00:00").contains(&("send_nonconforming", "met")), "its approval sends it");
        assert!(codes("2025-07-18T00:00").contains(&("notice", "due")));
        assert!(codes("2025-07-18T00:00").contains(&("disposal", "due")));
        assert!(codes("2025-07-18T00:00").contains(&("backup_nonconforming", "over")), "its shelf life is over");
        assert!(!codes("2025-07-18T00:00").iter().any(|(clock, _)| *clock == "send_urgent"), "lead is not banned");
        let reason = || "封样争议".to_owned();
        let asked = Action::RequestVoid { reason: reason() };
        let sample = done(store, (Role::Approver, "2025-07-18T10:00"), &sample, &asked);
        assert!(codes("2025-07-19T00:00").contains(&("backup_nonconforming", "held")));
        done(store, (Role::Approver, "2025-07-20T10:00"), &sample, &Action::Void { reason: reason() });
        let done = [("delivery", "met"), ("report", "late"), ("send_nonconforming", "met")];
        assert_eq!(codes("2025-07-21T00:00"), done, "nothing is owed any more");
    });
}

#[test]
fn rules_are_loaded_once_and_one_that_was_bent_is_named() {
    on_both(|store| {
        setup::load(store, at("2025-02-01T00:00"), &next).unwrap();
        let rules = store.read(deadlines::rules).unwrap();
        assert_eq!(rules.as_slice().len(), deadlines::shipped().unwrap().as_slice().len());
        assert_eq!(store.read(|conn| verify_city(conn, 3300)).unwrap(), []);
        store.execute("UPDATE deadline_rule SET amount = 30 WHERE code = 'order15-report'").unwrap();
        let findings = store.read(|conn| verify_city(conn, 3300)).unwrap();
        let (table, key) = ("deadline_rule".to_owned(), "order15-report".to_owned());
        assert_eq!(findings, [Finding::Altered { table, key }]);
    });
}

/// A period of ten days for the report at farms from a day on, in the place of the rule that ships.
fn ten_days(from: &str, seen: i64) -> deadlines::New {
    let shipped = deadlines::shipped().unwrap().as_slice();
    let old = shipped.iter().find(|rule| rule.code == "farm-report").unwrap();
    let rule = Rule {
        code: "farm-report-2026".to_owned(),
        from: day(from),
        period: Period { amount: 10, ..old.period },
        regime: "二〇二六年监测方案".to_owned(),
        confidence: Confidence::Read,
        ..old.clone()
    };
    deadlines::New { rule, supersedes: Some(("farm-report".to_owned(), seen)) }
}

#[test]
fn a_rule_of_the_year_takes_the_place_of_another_from_its_day_on() {
    on_both(|store| {
        let mark = || hege_app::Mark { person: None, at: at("2025-12-01T10:00"), audit_id: next() };
        let add = |new: &[deadlines::New]| deadlines::add(store, new, mark());
        let faults = |new: &[deadlines::New]| match add(new) {
            Err(Error::Invalid(problems)) => {
                problems.into_vec().into_iter().map(|problem| (problem.pointer, problem.code)).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        let fault = |pointer: &str, code: &'static str| vec![(pointer.to_owned(), code)];
        let beside = deadlines::New { supersedes: None, ..ten_days("2026-01-01", 1) };
        assert_eq!(faults(&[beside]), fault("/rows/0/from", "overlap"));
        let unknown = deadlines::New { supersedes: Some(("x".to_owned(), 1)), ..ten_days("2026-01-01", 1) };
        assert_eq!(faults(&[unknown])[0], ("/rows/0/supersedes/code".to_owned(), "rule_unknown"));
        let other = deadlines::New { supersedes: Some(("farm-delivery".to_owned(), 1)), ..ten_days("2026-01-01", 1) };
        assert_eq!(faults(&[other])[0], ("/rows/0/supersedes/code".to_owned(), "other_clock"));
        assert_eq!(faults(&[ten_days("2015-02-01", 1)])[0], ("/rows/0/from".to_owned(), "not_in_force"));
        assert!(matches!(add(&[ten_days("2026-01-01", 2)]), Err(Error::Conflict)));
        assert_eq!(add(&[ten_days("2026-01-01", 1)]).unwrap().len(), 1);
        let rules = store.read(deadlines::rules).unwrap();
        let amount = |on: &str| rules.find(Clock::Report, Stage::Farm, day(on)).map(|rule| rule.period.amount);
        assert_eq!((amount("2025-12-31"), amount("2026-01-01")), (Some(20), Some(10)));
        assert!(matches!(add(&[ten_days("2027-01-01", 1)]), Err(Error::Conflict)), "it was seen before it ended");
        let again = deadlines::New { supersedes: None, ..ten_days("2026-01-01", 2) };
        assert!(faults(&[again]).contains(&("/rows/0/code".to_owned(), "given_twice")));
        assert_eq!(store.read(|conn| verify_city(conn, 3300)).unwrap(), []);
        setup::load(store, at("2026-02-01T00:00"), &next).unwrap();
        assert_eq!(store.read(deadlines::rules).unwrap(), rules, "what ships does not come back");
    });
}

// What waits.

/// A sample of production in a county of Hangzhou that stands somewhere.
fn row(n: u128, status: &str, (sampled, received): (&str, Option<&str>)) -> Sample {
    let taken = at(sampled);
    let date = china_date(taken);
    let has_lab = !matches!(status, "registered");
    Sample {
        city: 3301,
        id: Id(Uuid::from_u128(n)),
        form_no: format!("XBJ25330106{n:06}"),
        status: status.to_owned(),
        standing: Word(Standing::Pending),
        stage: Word(Stage::Production),
        sector: None,
        task_type: Word(TaskType::Supervision),
        sample_kind: Word(SampleKind::IndustriallyProcessed),
        region: 330_106,
        food_class: "24.03".to_owned(),
        product_name: "演示面包".to_owned(),
        sampled_unit: "演示食品厂".to_owned(),
        producer: Some("演示食品厂".to_owned()),
        lab_id: has_lab.then_some(Id(LABORATORY)),
        sampling_org_id: Id(TAKER),
        sampled_at: Ts(taken),
        month: Month::of(date).yyyymm(),
        deciding_date: None,
        form: Doc(json!({"version": 1})),
        personal: None,
        registered_by: Id(Uuid::nil()),
        registered_at: Ts(taken),
        received_at: received.map(|text| Ts(at(text))),
        decided_at: None,
        conclusion_revision: 0,
        revision: 1,
        task_id: None,
    }
}

/// Samples in every status and place, around 2025-06-18 (a Wednesday).
fn rows() -> Vec<Sample> {
    let mut rows = vec![
        row(1, "registered", ("2025-06-09T10:00", None)),
        row(2, "sealed", ("2025-06-11T10:00", None)),
        row(3, "handed_over", ("2025-06-12T00:00", None)),
        row(4, "registered", ("2025-06-18T09:00", None)),
        row(5, "received", ("2025-05-12T10:00", Some("2025-05-20T10:00"))),
        row(6, "testing", ("2025-05-12T10:00", Some("2025-05-21T10:00"))),
        row(7, "entered", ("2025-06-02T10:00", Some("2025-06-10T10:00"))),
        row(8, "checked", ("2025-06-02T10:00", Some("2025-06-10T09:00"))),
        row(9, "approved", ("2025-05-02T10:00", Some("2025-05-10T09:00"))),
        row(10, "refused", ("2025-05-02T10:00", None)),
        row(11, "voided", ("2025-05-02T10:00", Some("2025-05-10T09:00"))),
        // A year without a calendar, and its last day, whose fifth working day is the next year's.
        row(12, "sealed", ("2024-06-03T10:00", None)),
        row(13, "sealed", ("2024-12-31T10:00", None)),
        // Neither delivery nor report had a period then.
        row(14, "registered", ("2013-06-03T10:00", None)),
        // The law of 2014, and still on the bench.
        row(15, "testing", ("2013-06-03T10:00", Some("2025-06-03T10:00"))),
        row(16, "testing", ("2015-06-03T10:00", Some("2025-06-03T10:00"))),
    ];
    rows[3].city = 3302;
    rows[3].region = 330_203;
    rows[6].lab_id = Some(Id(OTHER_LABORATORY));
    rows[7].stage = Word(Stage::Farm);
    rows[2].region = 330_102;
    rows[1].sampling_org_id = Id(OTHER_TAKER);
    rows
}

const NOW: &str = "2025-06-18T10:00";

fn filled(store: &Store) {
    store.write(|conn| sample_insert(conn, &rows())).unwrap();
}

fn told_of(page: &Page) -> Vec<(u128, String, &'static str)> {
    let due = |waits: &deadlines::Waits| match waits.clock.due {
        Ok(due) => due.on.to_string(),
        Err(MissingYear(year)) => format!("{year}?"),
    };
    page.items.iter().map(|it| (it.sample.id.0.as_u128(), due(it), it.clock.state.code())).collect()
}

fn listed(store: &Store, call: &Call, asked: &Asked) -> Vec<u128> {
    told_of(&deadlines::list(store, call, asked, 50).unwrap()).into_iter().map(|(n, ..)| n).collect()
}

#[test]
fn what_waits_is_listed_by_when_it_is_due_and_the_undetermined_where_it_would_be_at_the_earliest() {
    on_both(|store| {
        filled(store);
        let page = deadlines::list(store, &reviewer(NOW), &Asked::default(), 50).unwrap();
        assert_eq!(page.next, None);
        let of = |n, due: &str, state| (n, due.to_owned(), state);
        assert_eq!(
            told_of(&page),
            [
                of(12, "2024?", "undetermined"),
                of(13, "2025-01-08", "overdue"),
                of(1, "2025-06-16", "overdue"),
                of(5, "2025-06-18", "soon"),
                of(2, "2025-06-18", "soon"),
                of(6, "2025-06-19", "soon"),
                of(3, "2025-06-19", "soon"),
                of(4, "2025-06-25", "due"),
                of(16, "2025-07-01", "due"),
                of(8, "2025-07-08", "due"),
                of(7, "2025-07-08", "due"),
            ],
            "what is approved, refused or voided waits for nothing, and for 2013 no period is known"
        );
    });
}

#[test]
fn pages_of_any_size_are_the_list_cut_into_pieces() {
    on_both(|store| {
        filled(store);
        let states = [None, Some(State::Overdue), Some(State::Soon), Some(State::Due), Some(State::Undetermined)];
        for state in states {
            let asked = Asked { state, ..Asked::default() };
            let whole = deadlines::list(store, &reviewer(NOW), &asked, 50).unwrap();
            let all = deadlines::list(store, &reviewer(NOW), &Asked::default(), 50).unwrap();
            let of_state = |it: &(u128, String, &'static str)| state.is_none_or(|state| it.2 == state.code());
            let expected: Vec<_> = told_of(&all).into_iter().filter(of_state).collect();
            assert!(!expected.is_empty());
            assert_eq!(told_of(&whole), expected, "{state:?}");
            for limit in [1, 2, 3, 10] {
                let (mut after, mut pieces): (Option<Cursor>, Vec<_>) = (None, Vec::new());
                loop {
                    let page =
                        deadlines::list(store, &reviewer(NOW), &Asked { after, ..asked.clone() }, limit).unwrap();
                    assert!(page.items.len() <= usize::from(limit));
                    pieces.extend(told_of(&page));
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                    assert_eq!(page.items.len(), usize::from(limit));
                }
                assert_eq!(pieces, expected, "{state:?} by {limit}");
            }
        }
    });
}

#[test]
fn everybody_sees_what_waits_of_their_own_samples() {
    on_both(|store| {
        filled(store);
        let seen = |by: &Call| listed(store, by, &Asked::default());
        let hangzhou: RegionCode = "330100".parse().unwrap();
        assert_eq!(seen(&call(Role::Inspector, TAKER, hangzhou, NOW)), [12, 13, 1, 5, 6, 3, 4, 16, 8, 7]);
        assert_eq!(seen(&call(Role::Inspector, OTHER_TAKER, hangzhou, NOW)), [2]);
        assert_eq!(seen(&call(Role::Tester, LABORATORY, hangzhou, NOW)), [12, 13, 5, 2, 6, 3, 16, 8]);
        assert_eq!(seen(&call(Role::Tester, OTHER_LABORATORY, hangzhou, NOW)), [7]);
        assert_eq!(seen(&call(Role::Reviewer, TAKER, hangzhou, NOW)), [12, 13, 1, 5, 2, 6, 3, 16, 8, 7]);
        assert_eq!(seen(&call(Role::Reviewer, TAKER, "330102".parse().unwrap(), NOW)), [3]);
        let mut both = call(Role::Inspector, OTHER_TAKER, hangzhou, NOW);
        both.actor.roles.insert(Role::Tester);
        assert_eq!(seen(&both), [2]);
        both.organisation = OrganisationId(OTHER_LABORATORY);
        assert_eq!(seen(&both), [7]);
        let mut farm = reviewer(NOW);
        farm.scope.stages = BTreeSet::from([Stage::Farm]);
        assert_eq!(seen(&farm), [8]);
        let blind =
            deadlines::list(store, &call(Role::Tester, LABORATORY, hangzhou, NOW), &Asked::default(), 50).unwrap();
        assert!(blind.items.iter().all(|it| it.is_blind && it.sample.sampled_unit.is_empty()));
        let asked = |asked: Asked| listed(store, &reviewer(NOW), &asked);
        assert_eq!(asked(Asked { lab: Some(LabId(OTHER_LABORATORY)), ..Asked::default() }), [7]);
        assert_eq!(asked(Asked { city: Some("3302".parse().unwrap()), ..Asked::default() }), [4]);
        assert_eq!(asked(Asked { stage: Some(Stage::Farm), ..Asked::default() }), [8]);
        assert_eq!(asked(Asked { stage: Some(Stage::Catering), ..Asked::default() }), Vec::<u128>::new());
    });
}

fn line(clock: Clock, lab: Option<Uuid>, city: &str, counts: [u64; 5]) -> Line {
    let [due, soon, overdue, undetermined, breaches] = counts;
    Line { clock, lab: lab.map(LabId), city: city.parse().unwrap(), due, soon, overdue, undetermined, breaches }
}

#[test]
fn the_summary_counts_by_step_laboratory_and_city_and_says_what_will_be_overdue() {
    on_both(|store| {
        filled(store);
        let of = |by: &Call, days| deadlines::summary(store, by, &Asked::default(), days).unwrap();
        let all = of(&reviewer(NOW), 5);
        let (lab, other) = (Some(LABORATORY), Some(OTHER_LABORATORY));
        assert_eq!(
            all.lines,
            [
                line(Clock::Delivery, None, "3301", [0, 0, 1, 0, 0]),
                line(Clock::Delivery, None, "3302", [1, 0, 0, 0, 1]),
                line(Clock::Delivery, lab, "3301", [0, 2, 1, 1, 2]),
                line(Clock::Report, lab, "3301", [2, 2, 0, 0, 2]),
                line(Clock::Report, other, "3301", [1, 0, 0, 0, 0]),
            ]
        );
        assert_eq!(all.until, Some(day("2025-06-25")));
        assert_eq!(all.days, [(day("2025-06-18"), 2), (day("2025-06-19"), 2), (day("2025-06-25"), 1)]);
        assert_eq!(all.missing, [2024]);
        let breaches = |summary: &Summary| summary.lines.iter().map(|line| line.breaches).sum::<u64>();
        assert_eq!(breaches(&of(&reviewer(NOW), 4)), 4, "the fifth working day is the 25th");
        assert_eq!(breaches(&of(&reviewer("2025-06-19T00:00"), 4)), 3, "what is over is no forecast");
        let county = of(&call(Role::Reviewer, TAKER, "330102".parse().unwrap(), NOW), 5);
        assert_eq!(county.lines, [line(Clock::Delivery, lab, "3301", [0, 1, 0, 0, 1])]);
    });
}

#[test]
fn where_the_calendar_ends_nothing_is_forecast_and_what_crosses_it_is_undetermined() {
    on_both(|store| {
        let begun = row(1, "received", ("2026-12-01T10:00", Some("2026-12-03T10:00")));
        let late = row(2, "received", ("2026-12-01T10:00", Some("2026-12-04T10:00")));
        store.write(|conn| sample_insert(conn, &[begun.clone(), late.clone()])).unwrap();
        let now = reviewer("2026-12-30T10:00");
        let summary = deadlines::summary(store, &now, &Asked::default(), 5).unwrap();
        assert_eq!((summary.until, summary.missing.as_slice()), (None, &[2027][..]));
        assert_eq!(summary.lines, [line(Clock::Report, Some(LABORATORY), "3301", [0, 1, 0, 1, 0])]);
        let page = deadlines::list(store, &now, &Asked::default(), 50).unwrap();
        let of = |n, due: &str, state| (n, due.to_owned(), state);
        assert_eq!(told_of(&page), [of(1, "2026-12-31", "soon"), of(2, "2027?", "undetermined")]);
    });
}

// What is told of it.
