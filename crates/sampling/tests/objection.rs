//! 异议: every act in every state by every role, the grounds at their borders, and what a producer said.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_core::{Role, UserId};
use hege_sampling::life_cycle::Actor;
use hege_sampling::objection::{
    Act, Authenticity, Facts, ObjectionDenial as Denial, ObjectionGround as Ground, ObjectionState as State, Pending,
    Raised, Subject, apply, authenticity,
};
use hege_sampling::reinspection::Applicant;
use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    at("2025-09-10T04:00:00Z")
}

fn actor(user: u128, role: Role) -> Actor {
    Actor { user: UserId(Uuid::from_u128(user)), roles: [role].into() }
}

const FACTS: Facts = Facts {
    is_in: true,
    is_nonconforming: true,
    has_producer: true,
    late_from: None,
    has_open: false,
    was_answered: false,
};

fn raised(subject: Subject, objector: Applicant) -> Raised {
    Raised { subject, objector, at: noon() }
}

fn pending(state: State) -> Pending {
    let accepted_by = Some(UserId(Uuid::from_u128(1)));
    Pending { state, raised: raised(Subject::Method, Applicant::Producer), accepted_by }
}

fn acts() -> Vec<Act> {
    let reason = || "演示".to_owned();
    vec![
        Act::Accept,
        Act::Refuse(Ground::NoEvidence),
        Act::Answer { is_upheld: true, reason: reason() },
        Act::Answer { is_upheld: false, reason: reason() },
        Act::Withdraw { reason: reason() },
    ]
}

#[test]
fn every_act_in_every_state_leads_where_the_table_says_and_is_a_reviewers() {
    use State::{Accepted, Dismissed, Raised, Refused, Upheld, Withdrawn};
    let leads = |state: State| match state {
        Raised => [Some(Accepted), Some(Refused), None, None, Some(Withdrawn)],
        Accepted => [None, None, Some(Upheld), Some(Dismissed), Some(Withdrawn)],
        _ => [None; 5],
    };
    for state in State::ALL {
        for (act, to) in acts().iter().zip(leads(*state)) {
            for role in Role::ALL {
                let expected = match to {
                    None => Err(Denial::WrongState),
                    Some(_) if *role != Role::Reviewer => Err(Denial::WrongRole),
                    Some(to) => Ok(to),
                };
                assert_eq!(apply(&pending(*state), act, &FACTS, &actor(2, *role)), expected, "{state} {act:?} {role}");
            }
        }
        assert_eq!(state.is_open(), leads(*state).iter().any(Option::is_some), "{state}");
    }
}

#[test]
fn who_accepted_it_does_not_answer_it_and_an_answer_has_a_reason() {
    let answer = |is_upheld, reason: &str| Act::Answer { is_upheld, reason: reason.to_owned() };
    for is_upheld in [true, false] {
        let answered = |user, reason| {
            apply(&pending(State::Accepted), &answer(is_upheld, reason), &FACTS, &actor(user, Role::Reviewer))
        };
        assert_eq!(answered(1, "演示"), Err(Denial::SecondPerson));
        assert!(answered(2, "演示").is_ok());
        assert_eq!(answered(2, " "), Err(Denial::ReasonMissing));
    }
}

#[test]
fn what_is_out_already_or_fails_no_more_is_only_dismissed() {
    let answer = |is_upheld| Act::Answer { is_upheld, reason: "演示".to_owned() };
    let out = Facts { is_in: false, is_nonconforming: false, ..FACTS };
    let passes = Facts { is_nonconforming: false, ..FACTS };
    let reviewer = actor(2, Role::Reviewer);
    assert_eq!(apply(&pending(State::Accepted), &answer(true), &out, &reviewer), Err(Denial::SampleOut));
    assert_eq!(apply(&pending(State::Accepted), &answer(true), &passes, &reviewer), Err(Denial::NotNonconforming));
    assert_eq!(apply(&pending(State::Accepted), &answer(false), &out, &reviewer), Ok(State::Dismissed));
    let sampling = Pending { raised: raised(Subject::Sampling, Applicant::SampledUnit), ..pending(State::Accepted) };
    assert_eq!(apply(&sampling, &answer(true), &passes, &reviewer), Ok(State::Upheld));
}

#[test]
fn one_is_recorded_by_a_reviewer_about_what_can_be_objected_to_by_whom_it_concerns() {
    let check = |subject, objector, facts: Facts| raised(subject, objector).check(&facts, &actor(1, Role::Reviewer));
    use Applicant::{Producer, SampledUnit};
    assert_eq!(check(Subject::Method, SampledUnit, FACTS), Ok(()));
    assert_eq!(check(Subject::Authenticity, Producer, FACTS), Ok(()));
    assert_eq!(check(Subject::Authenticity, SampledUnit, FACTS), Err(Denial::NotTheirs));
    let passes = Facts { is_nonconforming: false, ..FACTS };
    assert_eq!(check(Subject::Standard, SampledUnit, passes), Err(Denial::NotNonconforming));
    assert_eq!(check(Subject::Sampling, SampledUnit, passes), Ok(()), "the sampling before there is a result");
    let nobody = Facts { has_producer: false, ..FACTS };
    assert_eq!(check(Subject::Method, Producer, nobody), Err(Denial::NoProducer));
    assert_eq!(check(Subject::Sampling, SampledUnit, Facts { is_in: false, ..FACTS }), Err(Denial::SampleOut));
    assert_eq!(check(Subject::Method, Producer, Facts { has_open: true, ..FACTS }), Err(Denial::AnotherOpen));
    let other = raised(Subject::Method, Producer).check(&FACTS, &actor(1, Role::Publisher));
    assert_eq!(other, Err(Denial::WrongRole));
}

#[test]
fn it_is_late_from_the_first_instant_after_its_period_and_the_record_decides() {
    let reviewer = actor(1, Role::Reviewer);
    let (late, just) = (noon(), noon() + 1.microsecond());
    let with = |late_from| Facts { late_from: Some(late_from), ..FACTS };
    let refuse = |ground, facts: &Facts| apply(&pending(State::Raised), &Act::Refuse(ground), facts, &reviewer);
    assert_eq!(refuse(Ground::Late, &with(late)), Ok(State::Refused));
    assert_eq!(refuse(Ground::Late, &with(just)), Err(Denial::GroundUnfounded));
    assert_eq!(apply(&pending(State::Raised), &Act::Accept, &with(late), &reviewer), Err(Denial::GroundHolds));
    assert_eq!(apply(&pending(State::Raised), &Act::Accept, &with(just), &reviewer), Ok(State::Accepted));
    let again = Facts { was_answered: true, ..FACTS };
    assert_eq!(apply(&pending(State::Raised), &Act::Accept, &again, &reviewer), Err(Denial::GroundHolds));
    assert_eq!(refuse(Ground::Answered, &again), Ok(State::Refused));
    assert_eq!(refuse(Ground::Answered, &FACTS), Err(Denial::GroundUnfounded));
    for ground in [Ground::NoEvidence, Ground::NotEntitled, Ground::ForReinspection] {
        assert_eq!(refuse(ground, &FACTS), Ok(State::Refused), "{ground} is the department's to judge");
    }
}

#[test]
fn a_producer_who_was_asked_is_pending_until_they_are_late_and_then_silent() {
    let said = |denials: &[State], confirmed, asked: Option<Timestamp>, late_from| {
        authenticity(denials, confirmed, (asked, late_from), noon())
    };
    let asked = Some(at("2025-09-01T00:00:00Z"));
    assert_eq!(said(&[], false, None, None), Authenticity::NotAsked);
    assert_eq!(said(&[], false, asked, None), Authenticity::Pending, "no law tells when they are late");
    assert_eq!(said(&[], false, asked, Some(noon() + 1.microsecond())), Authenticity::Pending);
    assert_eq!(said(&[], false, asked, Some(noon())), Authenticity::Silent);
    assert_eq!(said(&[], true, asked, Some(noon())), Authenticity::Confirmed);
    assert_eq!(said(&[State::Raised], false, asked, None), Authenticity::Denied);
    assert_eq!(said(&[State::Refused, State::Accepted], true, asked, None), Authenticity::Denied);
    assert_eq!(said(&[State::Upheld], true, asked, None), Authenticity::Upheld);
    assert_eq!(said(&[State::Dismissed], false, asked, Some(noon())), Authenticity::Dismissed);
    assert_eq!(said(&[State::Refused, State::Withdrawn], false, asked, Some(noon())), Authenticity::Silent);
}
