//! 核查处置: sides, figures, and who may end one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_core::date::CHINA;
use hege_core::{Role, Stage, UserId};
use hege_sampling::disposal::{
    Dealing, DisposalDenial, DisposalFault, DisposalState, Done, Maker, Outcome, Penalty, PenaltyKind, Recall, Side,
    Step, apply, due_sides, faults, is_disposed, open, sides,
};
use hege_sampling::life_cycle::Actor;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

fn reviewer(n: u128) -> Actor {
    Actor { user: user(n), roles: [Role::Reviewer].into() }
}

fn at(day: Date, hour: i8) -> Timestamp {
    CHINA.to_timestamp(day.at(hour, 0, 0, 0)).unwrap()
}

const SINCE: Date = date(2025, 9, 1);

/// Open, by person 1, with everything on the record.
fn dealing(side: Side) -> Dealing {
    Dealing {
        side,
        state: DisposalState::Open,
        handlers: [user(1)].into(),
        done: [Done::Cause, Done::Measures, Done::Recall, Done::Penalty].into(),
        since: at(SINCE, 8),
        due_on: Some(date(2025, 11, 30)),
    }
}

fn closing(outcome: Outcome) -> Step {
    Step::Closing { outcome, note: None }
}

#[test]
fn each_stage_has_its_sides_and_a_producer_who_is_named_has_one() {
    use Maker::{Denied, Named, Unnamed};
    let of = |stage| [Named, Unnamed, Denied].map(|maker| due_sides(stage, maker).into_iter().collect::<Vec<_>>());
    let (made, sold, served) = (Side::Producer, Side::Seller, Side::Caterer);
    assert_eq!(of(Stage::Farm), [vec![made], vec![made], vec![sold]]);
    assert_eq!(of(Stage::Production), [[made], [made], [made]].map(Vec::from), "it was taken where it is made");
    assert_eq!(of(Stage::Circulation), [vec![made, sold], vec![sold], vec![sold]]);
    assert_eq!(of(Stage::Catering), [vec![made, served], vec![served], vec![served]]);
    assert!(sides(Stage::Farm, Named).contains(&sold), "farm monitoring is partly taken in markets");
    assert!(!sides(Stage::Farm, Denied).contains(&made));
    assert!(!sides(Stage::Production, Named).contains(&sold));
}

#[test]
fn a_sample_is_disposed_of_when_every_side_was_dealt_with_and_one_was_closed() {
    use DisposalState::{Closed, Open, Withdrawn};
    let due = due_sides(Stage::Circulation, Maker::Named);
    let is = |states: &[(Side, DisposalState)]| is_disposed(&due, &states.iter().copied().collect());
    assert!(is(&[(Side::Producer, Closed), (Side::Seller, Closed)]));
    assert!(is(&[(Side::Producer, Withdrawn), (Side::Seller, Closed)]));
    assert!(!is(&[(Side::Producer, Withdrawn), (Side::Seller, Withdrawn)]));
    assert!(!is(&[(Side::Producer, Closed), (Side::Seller, Open)]));
    assert!(!is(&[(Side::Seller, Closed)]));
    assert!(!is(&[]));
}

#[test]
fn one_is_opened_by_a_reviewer_for_a_side_that_is_there_and_once() {
    let all = sides(Stage::Circulation, Maker::Unnamed);
    let standing = BTreeMap::from([(Side::Seller, DisposalState::Open)]);
    let none = BTreeMap::new();
    assert_eq!(open(Side::Seller, (&all, &none), true, &reviewer(1)), Ok(()));
    assert_eq!(open(Side::Seller, (&all, &standing), true, &reviewer(1)), Err(DisposalDenial::SideOpen));
    assert_eq!(open(Side::Producer, (&all, &none), true, &reviewer(1)), Err(DisposalDenial::SideAbsent));
    assert_eq!(open(Side::Seller, (&all, &none), false, &reviewer(1)), Err(DisposalDenial::NotNonconforming));
    for role in Role::ALL.iter().copied().filter(|role| *role != Role::Reviewer) {
        let actor = Actor { user: user(1), roles: [role].into() };
        assert_eq!(open(Side::Seller, (&all, &none), true, &actor), Err(DisposalDenial::WrongRole), "{role}");
    }
}

#[test]
fn who_worked_on_it_neither_ends_it_nor_grants_more_time() {
    let dealing = dealing(Side::Producer);
    let more = Step::Extension { until: date(2026, 1, 1), reason: "演示".to_owned() };
    for step in [closing(Outcome::Completed), closing(Outcome::Transferred), more.clone()] {
        assert_eq!(apply(&dealing, &step, &reviewer(1)), Err(DisposalDenial::SecondPerson), "{step:?}");
    }
    assert_eq!(apply(&dealing, &closing(Outcome::Completed), &reviewer(2)), Ok(DisposalState::Closed));
    assert_eq!(apply(&dealing, &more, &reviewer(2)), Ok(DisposalState::Open));
    assert_eq!(apply(&dealing, &Step::Cause("演示".to_owned()), &reviewer(1)), Ok(DisposalState::Open));
}

#[test]
fn one_is_completed_with_everything_on_the_record_and_handed_over_without() {
    let wanted = [
        (Done::Cause, DisposalDenial::CauseMissing),
        (Done::Measures, DisposalDenial::MeasuresMissing),
        (Done::Recall, DisposalDenial::RecallMissing),
        (Done::Penalty, DisposalDenial::PenaltyMissing),
    ];
    for (missing, denial) in wanted {
        let mut short = dealing(Side::Seller);
        short.done.remove(&missing);
        assert_eq!(apply(&short, &closing(Outcome::Completed), &reviewer(2)), Err(denial));
        assert_eq!(apply(&short, &closing(Outcome::Transferred), &reviewer(2)), Ok(DisposalState::Closed));
    }
    let mut served = dealing(Side::Caterer);
    served.done.remove(&Done::Recall);
    assert_eq!(apply(&served, &closing(Outcome::Completed), &reviewer(2)), Ok(DisposalState::Closed));
}

#[test]
fn nothing_is_done_in_one_that_is_ended_and_nothing_by_another_role() {
    let steps = [Step::Cause("演示".to_owned()), closing(Outcome::Completed), closing(Outcome::Transferred)];
    for state in [DisposalState::Closed, DisposalState::Withdrawn] {
        for step in &steps {
            let ended = Dealing { state, ..dealing(Side::Producer) };
            assert_eq!(apply(&ended, step, &reviewer(2)), Err(DisposalDenial::WrongState));
        }
    }
    for role in Role::ALL.iter().copied().filter(|role| *role != Role::Reviewer) {
        let actor = Actor { user: user(2), roles: [role].into() };
        for step in &steps {
            assert_eq!(apply(&dealing(Side::Producer), step, &actor), Err(DisposalDenial::WrongRole), "{role}");
        }
    }
}

fn recall(figures: [&str; 4]) -> Vec<(&'static str, DisposalFault)> {
    let [made, sold, recalled, destroyed] = figures.map(|figure| figure.parse().unwrap());
    let step = Step::Recall(Recall { made, sold, recalled, destroyed, unit: "kg".to_owned() });
    faults(&step, &dealing(Side::Producer), at(SINCE, 9))
}

#[test]
fn the_figures_of_a_recall_fit_one_another() {
    assert_eq!(recall(["100", "60.5", "60.5", "100"]), [], "what came back and what was in stock is destroyed");
    assert_eq!(recall(["100", "60.5", "60.5", "100.01"]), [("/destroyed", DisposalFault::MoreDestroyedThanLeft)]);
    assert_eq!(recall(["100", "100", "0", "0"]), []);
    assert_eq!(recall(["100", "100.01", "0", "0"]), [("/sold", DisposalFault::MoreSoldThanMade)]);
    assert_eq!(recall(["100", "60", "60.01", "0"]), [("/recalled", DisposalFault::MoreRecalledThanSold)]);
    assert_eq!(
        recall(["-1", "-1", "0", "0"]),
        [("/made", DisposalFault::Negative), ("/sold", DisposalFault::Negative)]
    );
    let most = "79228162514264337593543950335";
    assert_eq!(recall([most, most, most, most]), [("/destroyed", DisposalFault::MoreDestroyedThanLeft)]);
}

#[test]
fn measures_come_between_the_result_and_now() {
    let of = |hour| Step::Measures { text: "演示".to_owned(), at: at(SINCE, hour) };
    let found = |hour| faults(&of(hour), &dealing(Side::Producer), at(SINCE, 10));
    assert_eq!((found(8), found(10)), (Vec::new(), Vec::new()));
    assert_eq!(found(7), [("/taken_at", DisposalFault::BeforeResult)]);
    assert_eq!(found(11), [("/taken_at", DisposalFault::InFuture)]);
}

#[test]
fn an_amount_belongs_to_a_fine_and_a_confiscation_only() {
    let of = |kind, amount: Option<&str>| {
        let penalty = Penalty { kind, amount: amount.map(|it| it.parse().unwrap()), document_no: "演示".to_owned() };
        faults(&Step::Penalty(penalty), &dealing(Side::Producer), at(SINCE, 9)).into_iter().map(|it| it.1).next()
    };
    for kind in PenaltyKind::ALL {
        let has_amount = matches!(kind, PenaltyKind::Fine | PenaltyKind::Confiscation);
        assert_eq!(of(*kind, None), has_amount.then_some(DisposalFault::AmountMissing), "{kind}");
        assert_eq!(of(*kind, Some("0")), (!has_amount).then_some(DisposalFault::AmountUnfit), "{kind}");
    }
    assert_eq!(of(PenaltyKind::Fine, Some("-0.01")), Some(DisposalFault::Negative));
}

#[test]
fn more_time_ends_later_than_the_time_there_is() {
    let found = |due_on: Option<Date>, until: Date| {
        let step = Step::Extension { until, reason: "演示".to_owned() };
        let dealing = Dealing { due_on, ..dealing(Side::Producer) };
        faults(&step, &dealing, at(SINCE, 9)).into_iter().map(|it| it.1).collect::<BTreeSet<_>>()
    };
    let (end, late) = (date(2025, 11, 30), BTreeSet::from([DisposalFault::NotLater]));
    assert_eq!(found(Some(end), end), late);
    assert_eq!(found(Some(end), date(2025, 12, 1)), BTreeSet::new());
    assert_eq!(found(None, SINCE), late, "where nobody knows the end it is later than today");
    assert_eq!(found(None, date(2025, 9, 2)), BTreeSet::new());
}
