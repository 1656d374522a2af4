//! Re-inspection and service: every act in every state by every role, the grounds of refusal at their borders.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_core::{LabId, OrganisationId, Role, UserId};
use hege_sampling::life_cycle::Actor;
use hege_sampling::reinspection::{
    Act, Applicant, Application, Facts, Finding, Ground, Proceeding, ReinspectionDenial as Denial,
    ReinspectionState as State, ReportFault, apply, signed_by_two,
};
use hege_sampling::service::{Addressee, Method, Service, ServiceFault};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use std::collections::BTreeSet;
use uuid::Uuid;

const DEPARTMENT: u128 = 1;
const FIRST: u128 = 2;
const BODY: u128 = 3;
const TODAY: Date = date(2025, 9, 10);

fn organisation(n: u128) -> OrganisationId {
    OrganisationId(Uuid::from_u128(n))
}

fn actor(role: Role) -> Actor {
    Actor { user: UserId(Uuid::from_u128(9)), roles: BTreeSet::from([role]) }
}

fn names(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn facts() -> Facts {
    Facts {
        is_nonconforming: true,
        failing: names(&["lead", "cadmium"]),
        microbiological: BTreeSet::new(),
        shelf_life_ends: None,
        late_from: None,
        has_open: false,
        was_reinspected: false,
        first_lab: Some(LabId(Uuid::from_u128(FIRST))),
    }
}

fn application() -> Application {
    let at = instant("2025-09-01T08:00:00+08:00");
    Application { applicant: Applicant::SampledUnit, at, items: names(&["lead"]) }
}

fn finding(conforms: bool) -> Finding {
    Finding { items: names(&["lead"]), not_judgeable: false, conforms }
}

fn acts() -> Vec<Act> {
    vec![
        Act::Accept,
        Act::Refuse(Ground::BackupUnusable),
        Act::Refuse(Ground::NoAgreement),
        Act::NameBody(organisation(BODY)),
        Act::HandOver,
        Act::Report(finding(true)),
        Act::Report(finding(false)),
        Act::Withdraw { reason: "演示".to_owned() },
    ]
}

/// The table as the law has it, written a second time: from which state which act leads where, and whose act it is.
fn expected(state: State, act: &Act) -> Option<(State, Role, u128)> {
    let department = |next| Some((next, Role::Reviewer, DEPARTMENT));
    match (state, act) {
        (State::Applied, Act::Accept) => department(State::Accepted),
        (State::Applied, Act::Refuse(_)) => department(State::Refused),
        (State::Accepted | State::BodyNamed, Act::NameBody(_)) => department(State::BodyNamed),
        (State::Accepted | State::BodyNamed | State::BackupHandedOver, Act::Refuse(Ground::BackupUnusable)) => {
            department(State::Refused)
        }
        (State::BodyNamed, Act::HandOver) => Some((State::BackupHandedOver, Role::Receiver, FIRST)),
        (State::BackupHandedOver, Act::Report(finding)) => {
            let next = if finding.conforms { State::Overturned } else { State::Upheld };
            Some((next, Role::Approver, BODY))
        }
        (State::Applied | State::Accepted | State::BodyNamed | State::BackupHandedOver, Act::Withdraw { .. }) => {
            department(State::Withdrawn)
        }
        _ => None,
    }
}

#[test]
fn every_act_in_every_state_by_every_role_of_every_side_is_as_the_table_says() {
    let mut tried = 0;
    for state in State::ALL.iter().copied() {
        for act in acts() {
            for role in Role::ALL.iter().copied() {
                for side in [DEPARTMENT, FIRST, BODY] {
                    let body = Some(organisation(BODY));
                    let proceeding = Proceeding { state, application: application(), body };
                    let who = (&actor(role), organisation(side));
                    let found = apply(&proceeding, (&act, &facts()), who, TODAY);
                    let wanted = match expected(state, &act) {
                        None => Err(Denial::WrongState),
                        // A reviewer of whichever department has the region, which is no rule of the life.
                        Some((next, Role::Reviewer, _)) if role == Role::Reviewer => Ok(next),
                        Some((next, of, at)) if role == of && side == at => Ok(next),
                        Some(_) => Err(Denial::WrongRole),
                    };
                    assert_eq!(found, wanted, "{state:?} {act:?} {role:?} {side}");
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, State::ALL.len() * 8 * Role::ALL.len() * 3);
}

#[test]
fn what_does_not_fail_any_more_is_tested_no_further_and_can_only_be_ended() {
    let voided = Facts { is_nonconforming: false, ..facts() };
    for state in State::ALL.iter().copied() {
        for act in acts() {
            let Some((next, role, side)) = expected(state, &act) else { continue };
            let proceeding = Proceeding { state, application: application(), body: Some(organisation(BODY)) };
            let found = apply(&proceeding, (&act, &voided), (&actor(role), organisation(side)), TODAY);
            let ends = matches!(next, State::Refused | State::Withdrawn);
            assert_eq!(found, if ends { Ok(next) } else { Err(Denial::NotNonconforming) }, "{state:?} {act:?}");
        }
    }
}

#[test]
fn an_application_is_late_from_the_first_instant_on_and_the_backup_expired_after_its_last_day() {
    let at = application().at;
    let second = jiff::SignedDuration::from_secs(1);
    let late = |late_from| application().grounds(&Facts { late_from, ..facts() }, TODAY).contains(&Ground::Late);
    assert!(!late(None), "without a clock nobody is late");
    assert!(!late(Some(at + second)), "before it is too late it is in time");
    assert!(late(Some(at)));
    let expired = |ends| {
        application().grounds(&Facts { shelf_life_ends: ends, ..facts() }, TODAY).contains(&Ground::BackupExpired)
    };
    assert!(!expired(None));
    assert!(!expired(Some(TODAY)), "on its last day it serves");
    assert!(expired(Some(date(2025, 9, 9))));
}

#[test]
fn what_the_law_refuses_cannot_be_accepted_and_what_the_record_denies_cannot_be_claimed() {
    let proceeding = Proceeding { state: State::Applied, application: application(), body: None };
    let decide = |act: &Act, facts: &Facts| {
        apply(&proceeding, (act, facts), (&actor(Role::Reviewer), organisation(DEPARTMENT)), TODAY)
    };
    let of_ground = |ground| match ground {
        Ground::Microbiological => Facts { microbiological: names(&["lead"]), ..facts() },
        Ground::BackupExpired => Facts { shelf_life_ends: Some(date(2025, 9, 9)), ..facts() },
        Ground::Late => Facts { late_from: Some(instant("2025-08-31T08:00:00+08:00")), ..facts() },
        Ground::Reinspected => Facts { was_reinspected: true, ..facts() },
        Ground::BackupUnusable | Ground::NoAgreement => facts(),
    };
    for ground in Ground::ALL.iter().copied() {
        let is_judgement = matches!(ground, Ground::BackupUnusable | Ground::NoAgreement);
        let (holds, act) = (of_ground(ground), Act::Refuse(ground));
        assert_eq!(decide(&act, &holds), Ok(State::Refused), "{ground:?}");
        let wanted = if is_judgement { Ok(State::Refused) } else { Err(Denial::GroundUnfounded) };
        assert_eq!(decide(&act, &facts()), wanted, "{ground:?}");
        let wanted = if is_judgement { Ok(State::Accepted) } else { Err(Denial::GroundHolds) };
        assert_eq!(decide(&Act::Accept, &holds), wanted, "{ground:?}");
    }
    let other = Facts { microbiological: names(&["cadmium"]), ..facts() };
    assert_eq!(decide(&Act::Accept, &other), Ok(State::Accepted), "only of the items applied for");
}

#[test]
fn an_application_names_failing_items_of_a_failing_sample_that_has_no_other_open() {
    let with = |items: &[&str]| Application { items: names(items), ..application() };
    let check = |application: &Application, facts: &Facts, role| application.check(facts, &actor(role));
    assert_eq!(check(&with(&["lead", "cadmium"]), &facts(), Role::Reviewer), Ok(()));
    assert_eq!(check(&application(), &facts(), Role::Inspector), Err(Denial::WrongRole));
    let conforms = Facts { is_nonconforming: false, ..facts() };
    assert_eq!(check(&application(), &conforms, Role::Reviewer), Err(Denial::NotNonconforming));
    assert_eq!(check(&application(), &Facts { has_open: true, ..facts() }, Role::Reviewer), Err(Denial::AnotherOpen));
    assert_eq!(check(&with(&[]), &facts(), Role::Reviewer), Err(Denial::ItemsMissing));
    assert_eq!(check(&with(&["lead", "nitrite"]), &facts(), Role::Reviewer), Err(Denial::ItemNotFailing));
    assert_eq!(check(&application(), &Facts { was_reinspected: true, ..facts() }, Role::Reviewer), Ok(()));
}

#[test]
fn a_body_is_another_laboratory_and_reports_each_item_so_that_it_can_be_judged() {
    let accepted = Proceeding { state: State::Accepted, application: application(), body: None };
    let name = |n| {
        let act = Act::NameBody(organisation(n));
        apply(&accepted, (&act, &facts()), (&actor(Role::Reviewer), organisation(DEPARTMENT)), TODAY)
    };
    assert_eq!(name(FIRST), Err(Denial::SameLaboratory));
    assert_eq!(name(BODY), Ok(State::BodyNamed));
    let tested = Proceeding { state: State::BackupHandedOver, body: Some(organisation(BODY)), ..accepted.clone() };
    let report = |finding: Finding| {
        apply(&tested, (&Act::Report(finding), &facts()), (&actor(Role::Approver), organisation(BODY)), TODAY)
    };
    assert_eq!(report(Finding { items: names(&["lead", "cadmium"]), ..finding(true) }), Err(Denial::ResultMissing));
    assert_eq!(report(Finding { items: BTreeSet::new(), ..finding(true) }), Err(Denial::ResultMissing));
    assert_eq!(report(Finding { not_judgeable: true, ..finding(true) }), Err(Denial::NotJudgeable));
    assert_eq!(report(finding(true)), Ok(State::Overturned));
    let nameless = Proceeding { body: None, ..tested.clone() };
    let act = Act::Report(finding(true));
    let outcome = apply(&nameless, (&act, &facts()), (&actor(Role::Approver), organisation(BODY)), TODAY);
    assert_eq!(outcome, Err(Denial::WrongRole));
    let act = Act::Withdraw { reason: " ".to_owned() };
    let outcome = apply(&tested, (&act, &facts()), (&actor(Role::Reviewer), organisation(DEPARTMENT)), TODAY);
    assert_eq!(outcome, Err(Denial::ReasonMissing));
}

#[test]
fn open_and_final_states_are_told_apart() {
    let open: Vec<&str> = State::ALL.iter().filter(|state| state.is_open()).map(|state| state.code()).collect();
    assert_eq!(open, ["applied", "accepted", "body_named", "backup_handed_over"]);
    let last: Vec<&str> = State::ALL.iter().filter(|state| state.is_final()).map(|state| state.code()).collect();
    assert_eq!(last, ["upheld", "overturned"]);
}

#[test]
fn a_service_starts_a_clock_with_proof_and_rights_only_and_lies_between_report_and_now() {
    let at = instant("2025-09-01T08:00:00+08:00");
    let second = jiff::SignedDuration::from_secs(1);
    let served = Service {
        addressee: Addressee::SampledUnit,
        method: Method::Direct,
        at,
        proof: Some("SD-1".to_owned()),
        rights_told: true,
    };
    assert!(served.starts_clock());
    assert!(!Service { proof: None, ..served.clone() }.starts_clock());
    assert!(!Service { rights_told: false, ..served.clone() }.starts_clock());
    assert_eq!(served.faults(Some(at), at), []);
    assert_eq!(served.faults(Some(at + second), at), [ServiceFault::BeforeReport]);
    assert_eq!(served.faults(Some(at), at - second), [ServiceFault::InFuture]);
    let bad = Service { proof: Some(" ".to_owned()), ..served };
    let all = [ServiceFault::NoReport, ServiceFault::InFuture, ServiceFault::ProofBlank];
    assert_eq!(bad.faults(None, at - second), all);
}

#[test]
fn who_tested_and_who_checked_are_two_whatever_blanks_stand_around_their_names() {
    assert_eq!(signed_by_two("演示甲", "演示乙"), Ok(()));
    for (tested, checked) in [("演示甲", "演示甲"), (" 演示甲", "演示甲 ")] {
        assert_eq!(signed_by_two(tested, checked), Err(ReportFault::SamePerson));
    }
    assert_eq!(signed_by_two(" ", ""), Ok(()), "a name that is missing is told as missing");
}
