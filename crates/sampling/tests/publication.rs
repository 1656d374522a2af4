//! 公示: what may be listed when, and whose act each is.

use hege_core::{Role, UserId};
use hege_sampling::life_cycle::Actor;
use hege_sampling::publication::{
    Act, BulletinState as State, Facts, Hindrance, PublicationDenial as Denial, apply, hindrances,
};
use uuid::Uuid;

/// A failing sample of which everything is closed.
const CLOSED: Facts = Facts {
    is_conforming: false,
    is_nonconforming: true,
    is_risk: false,
    is_served: true,
    is_window_over: true,
    has_open_objection: false,
    has_open_reinspection: false,
    is_listed: false,
};

fn found(facts: Facts, is_emergency: bool) -> Vec<Hindrance> {
    hindrances(&facts, is_emergency).into_iter().collect()
}

#[test]
fn a_failing_sample_is_listed_when_service_objection_and_reinspection_are_closed() {
    assert_eq!(found(CLOSED, false), []);
    let open = [
        (Facts { is_served: false, ..CLOSED }, Hindrance::NotServed),
        (Facts { is_window_over: false, ..CLOSED }, Hindrance::WindowOpen),
        (Facts { has_open_objection: true, ..CLOSED }, Hindrance::ObjectionOpen),
        (Facts { has_open_reinspection: true, ..CLOSED }, Hindrance::ReinspectionOpen),
    ];
    for (facts, hindrance) in open {
        assert_eq!(found(facts, false), [hindrance]);
        assert_eq!(found(facts, true), [], "{hindrance} gives way in an emergency");
    }
}

#[test]
fn a_conforming_sample_waits_for_nobody_and_risk_monitoring_is_never_listed() {
    let passes =
        Facts { is_conforming: true, is_nonconforming: false, is_served: false, is_window_over: false, ..CLOSED };
    assert_eq!(found(passes, false), []);
    let out = Facts { is_nonconforming: false, ..CLOSED };
    let risk = Facts { is_risk: true, ..out };
    for is_emergency in [false, true] {
        assert_eq!(found(out, is_emergency), [Hindrance::NotConcluded]);
        assert_eq!(found(risk, is_emergency), [Hindrance::RiskMonitoring]);
        let twice = Facts { is_listed: true, ..CLOSED };
        assert_eq!(found(twice, is_emergency), [Hindrance::PublishedBefore]);
    }
}

#[test]
fn every_act_in_every_state_by_every_role() {
    use State::{Draft, Published, Reviewed, Withdrawn};
    let acts = [Act::Review, Act::Publish, Act::Correct, Act::Withdraw];
    let leads = |state| match state {
        Draft => [Some(Reviewed), None, None, Some(Withdrawn)],
        Reviewed => [None, Some(Published), None, Some(Withdrawn)],
        Published => [None, None, Some(Published), Some(Withdrawn)],
        Withdrawn => [None; 4],
    };
    let [drafter, other] = [1, 2].map(|n| UserId(Uuid::from_u128(n)));
    for state in State::ALL {
        for (act, to) in acts.into_iter().zip(leads(*state)) {
            for role in Role::ALL {
                let may = *role == Role::Publisher || (act == Act::Review && *role == Role::Reviewer);
                for user in [drafter, other] {
                    let expected = match to {
                        None => Err(Denial::WrongState),
                        Some(_) if !may => Err(Denial::WrongRole),
                        Some(_) if act == Act::Review && user == drafter => Err(Denial::SecondPerson),
                        Some(to) => Ok(to),
                    };
                    let actor = Actor { user, roles: [*role].into() };
                    assert_eq!(apply((*state, drafter), act, &actor), expected, "{state} {act:?} {role}");
                }
            }
        }
    }
}
