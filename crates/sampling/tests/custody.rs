//! Custody as evidence: who held a sample from when to when, and what may be said of a step.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_core::{Role, UserId};
use hege_sampling::custody::{Does, Ending, Gap, GapKind, Holder, Link, Particulars, Portion, gaps};
use hege_sampling::life_cycle::{Action, Actor, Denial, Items, Past, Readiness, Status, apply};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use uuid::Uuid;

const fn person(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

const ANNA: UserId = person(1);
const BEN: UserId = person(2);
const DRIVER: UserId = person(3);
const RECEIVER: UserId = person(4);
const TESTER: UserId = person(5);

/// A time of the day.
fn at(hour: i64, minute: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000).unwrap() + SignedDuration::from_mins(60 * hour + minute)
}

fn link(time: (i64, i64), by: UserId, does: Does) -> Link {
    Link { at: at(time.0, time.1), by, does }
}

fn seals(numbers: &[&str]) -> BTreeSet<String> {
    numbers.iter().map(|number| (*number).to_owned()).collect()
}

fn arrives(from: Option<Holder>, found: &[&str]) -> Does {
    Does::Arrives { from, seals: seals(found) }
}

fn taken_and_sealed() -> Vec<Link> {
    vec![link((9, 0), ANNA, Does::Taken), link((9, 20), BEN, Does::Sealed(seals(&["F1", "F2"])))]
}

fn told(more: &[Link]) -> Vec<Gap> {
    gaps(&[taken_and_sealed(), more.to_vec()].concat(), &[ANNA, BEN].into())
}

fn kinds(more: &[Link]) -> Vec<GapKind> {
    told(more).into_iter().map(|gap| gap.kind).collect()
}

#[test]
fn a_chain_of_hands_without_a_gap_is_told_as_none() {
    let by_hand = [
        link((14, 0), BEN, Does::GoesTo(Holder::Person(DRIVER))),
        link((15, 0), DRIVER, Does::Holds),
        link((17, 30), RECEIVER, arrives(Some(Holder::Person(DRIVER)), &["F1", "F2"])),
        link((18, 0), TESTER, Does::Holds),
    ];
    assert_eq!(told(&by_hand), []);
    let handed_to_the_receiver =
        [link((14, 0), ANNA, Does::GoesTo(Holder::Person(RECEIVER))), link((17, 30), RECEIVER, arrives(None, &[]))];
    assert_eq!(told(&handed_to_the_receiver), []);
    let by_carrier = [
        link((14, 0), ANNA, Does::GoesTo(Holder::Carrier("SF 1".to_owned()))),
        link((17, 30), RECEIVER, arrives(Some(Holder::Carrier(String::new())), &[])),
    ];
    assert_eq!(told(&by_carrier), []);
    let brought_by_a_sampler = [link((17, 30), RECEIVER, arrives(Some(Holder::Person(ANNA)), &[]))];
    assert_eq!(told(&brought_by_a_sampler), []);
}

#[test]
fn who_held_it_between_fourteen_hundred_and_half_past_five_is_asked_by_name() {
    let more = [link((14, 0), BEN, Does::GoesTo(Holder::Person(DRIVER))), link((17, 30), RECEIVER, arrives(None, &[]))];
    let gap = Gap {
        kind: GapKind::HolderUnknown,
        from: at(14, 0),
        until: at(17, 30),
        last: Holder::Person(DRIVER),
        next: RECEIVER,
    };
    assert_eq!(told(&more), [gap]);
}

#[test]
fn somebody_who_was_never_given_it_and_acts_on_it_leaves_a_gap_and_has_it_from_then_on() {
    let more =
        [link((12, 0), DRIVER, Does::Holds), link((17, 30), RECEIVER, arrives(Some(Holder::Person(DRIVER)), &[]))];
    assert_eq!(kinds(&more), [GapKind::HolderUnknown]);
    let brought_by_another = [link((17, 30), RECEIVER, arrives(Some(Holder::Person(DRIVER)), &[]))];
    assert_eq!(kinds(&brought_by_another), [GapKind::HolderUnknown]);
    let no_carrier_had_it = [link((17, 30), RECEIVER, arrives(Some(Holder::Carrier("SF 1".to_owned())), &[]))];
    assert_eq!(kinds(&no_carrier_had_it), [GapKind::HolderUnknown]);
}

#[test]
fn steps_out_of_order_and_other_seals_are_told() {
    let early = [link((9, 19), ANNA, Does::Holds)];
    assert_eq!(kinds(&early), [GapKind::OutOfOrder]);
    assert_eq!(kinds(&[link((9, 20), ANNA, Does::Holds)]), []);
    let other = [link((17, 30), RECEIVER, arrives(Some(Holder::Person(ANNA)), &["F1", "F3"]))];
    assert_eq!(kinds(&other), [GapKind::SealsDiffer]);
    assert_eq!(gaps(&[], &[ANNA].into()), []);
}

#[test]
fn what_is_said_of_a_step_is_held_within_its_bounds() {
    let codes = |particulars: &Particulars, seals: &[&str]| -> Vec<&'static str> {
        let seals: Vec<String> = seals.iter().map(|seal| (*seal).to_owned()).collect();
        let problems = particulars.problems(&seals, at(9, 0), at(10, 0)).into_vec();
        problems.into_iter().map(|problem| problem.code).collect()
    };
    let temperature = |value: i64| Particulars { temperature_c: Some(Decimal::from(value)), ..Particulars::default() };
    assert_eq!(codes(&temperature(200), &[]), Vec::<&str>::new());
    assert_eq!(codes(&temperature(201), &[]), ["out_of_range"]);
    assert_eq!(codes(&temperature(-200), &[]), Vec::<&str>::new());
    assert_eq!(codes(&temperature(-201), &[]), ["out_of_range"]);
    let happened = |hour, minute| Particulars { happened_at: Some(at(hour, minute)), ..Particulars::default() };
    assert_eq!(codes(&happened(9, 0), &[]), Vec::<&str>::new());
    assert_eq!(codes(&happened(8, 59), &[]), ["before_sampling"]);
    assert_eq!(codes(&happened(34, 0), &[]), Vec::<&str>::new());
    assert_eq!(codes(&happened(34, 1), &[]), ["in_the_future"]);
    let backup = |number: &str| Particulars { backup_seals: vec![number.to_owned()], ..Particulars::default() };
    assert_eq!(codes(&backup("F2"), &["F1", "F2"]), Vec::<&str>::new());
    assert_eq!(codes(&backup("F2"), &["F2"]), ["sealed_together"]);
    assert_eq!(codes(&backup("F3"), &["F1", "F2"]), ["seal_unknown"]);
}

/// What is done to a sample in this status by somebody of every role.
fn done(status: Status, action: &Action) -> Result<Status, Denial> {
    let items = Items {
        stated: BTreeSet::new(),
        not_judgeable: BTreeSet::new(),
        left_out: BTreeSet::new(),
        open: BTreeSet::new(),
        unconfirmed: BTreeSet::new(),
        readiness: Readiness { concluded: true, confirmed: true },
    };
    let past = Past {
        samplers: [ANNA, BEN].into(),
        entered: BTreeSet::new(),
        checked: None,
        void_requested: None,
        laboratory: true,
        items,
    };
    apply(status, action, &past, &Actor { user: RECEIVER, roles: Role::ALL.iter().copied().collect() })
}

#[test]
fn a_sample_is_dispatched_measured_stored_opened_and_ends_where_it_may() {
    use Status::{Approved, Checked, Entered, HandedOver, Received, Refused, Registered, Sealed, Testing, Voided};
    let dispatch = |waybill: &str| Action::Dispatch { carrier: "演示快递".to_owned(), waybill: waybill.to_owned() };
    let destroy = |witness| Action::Destroy { portion: Portion::Test, ending: Ending::UsedUp, witness };
    let open = Action::Open { portion: Portion::Test };
    let store = |place: &str| Action::Store { place: place.to_owned() };
    let table = [
        (dispatch("1"), vec![Sealed, HandedOver]),
        (Action::Measure, vec![Sealed, HandedOver, Received, Testing, Entered, Checked, Approved]),
        (store("冷库"), vec![Received, Testing, Entered, Checked, Approved]),
        (open, vec![Received, Testing, Entered, Checked]),
        (destroy(TESTER), vec![Refused, Approved, Voided]),
    ];
    assert_eq!(Status::ALL.len(), 10);
    for (action, allowed) in &table {
        for status in Status::ALL {
            let next = if matches!(action, Action::Dispatch { .. }) { HandedOver } else { *status };
            let expected = if allowed.contains(status) { Ok(next) } else { Err(Denial::WrongStatus) };
            assert_eq!(done(*status, action), expected, "{status} {action:?}");
        }
    }
    assert_eq!(done(Registered, &dispatch("1")), Err(Denial::WrongStatus));
    assert_eq!(done(Sealed, &dispatch(" ")), Err(Denial::CarrierMissing));
    assert_eq!(done(Received, &store(" ")), Err(Denial::PlaceMissing));
    assert_eq!(done(Approved, &destroy(RECEIVER)), Err(Denial::WitnessSame));
}
