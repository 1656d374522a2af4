use super::*;
use Status::{Approved, Checked, Entered, HandedOver, Received, Refused, Registered, Sealed, Testing, Voided};
use uuid::Uuid;

fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

fn actor(n: u128) -> Actor {
    Actor { user: user(n), roles: Role::ALL.iter().copied().collect() }
}

const READY: Readiness = Readiness { concluded: true, confirmed: true };

fn past() -> Past {
    let items = Items {
        stated: names(""),
        not_judgeable: names(""),
        left_out: names(""),
        open: names(""),
        unconfirmed: names(""),
        readiness: READY,
    };
    Past {
        samplers: BTreeSet::from([user(1), user(2)]),
        entered: BTreeSet::from([user(3)]),
        checked: Some(user(4)),
        void_requested: None,
        laboratory: true,
        items,
    }
}

/// `"lead cadmium"` as a set.
fn names(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn check(confirms: &str, leaves_out: &[(&str, &str)]) -> Action {
    let leaves_out = leaves_out.iter().map(|(item, reason)| ((*item).to_owned(), (*reason).to_owned())).collect();
    Action::Check { confirms: names(confirms), leaves_out }
}

fn actions() -> [Action; 12] {
    let reason = || "演示".to_owned();
    [
        Action::Seal { lab: Some(LabId(Uuid::from_u128(9))), seals: vec!["F1".to_owned()] },
        Action::HandOver { to: user(8) },
        Action::Receive,
        Action::Refuse(RefusalReason::Spoiled),
        Action::Enter { complete: false },
        Action::Enter { complete: true },
        check("", &[]),
        Action::Approve { agrees: names("") },
        Action::Return { reason: reason() },
        Action::Void { reason: reason() },
        Action::Amend,
        Action::RequestVoid { reason: reason() },
    ]
}

#[test]
fn every_status_allows_what_its_row_says_and_nothing_else() {
    let table: [(Status, [Option<Status>; 12]); 10] = {
        let v = Some(Voided);
        let t = Some(Testing);
        let e = Some(Entered);
        let h = Some(HandedOver);
        let r = Some(Received);
        let f = Some(Refused);
        let s = Some(Sealed);
        let a = Some(Approved);
        let n = None;
        [
            (Registered, [s, n, n, n, n, n, n, n, n, v, Some(Registered), n]),
            (Sealed, [n, h, r, f, n, n, n, n, n, v, s, n]),
            (HandedOver, [n, h, r, f, n, n, n, n, n, v, h, n]),
            (Received, [n, n, n, n, t, e, n, n, n, v, n, n]),
            (Refused, [n; 12]),
            (Testing, [n, n, n, n, t, e, n, n, n, v, n, n]),
            (Entered, [n, n, n, n, t, e, Some(Checked), n, t, v, n, n]),
            (Checked, [n, n, n, n, n, n, n, a, t, v, n, n]),
            (Approved, [n, n, n, n, n, n, n, n, n, v, n, a]),
            (Voided, [n; 12]),
        ]
    };
    assert_eq!(table.len(), Status::ALL.len());
    for (status, row) in table {
        for (action, expected) in actions().iter().zip(row) {
            let is_void = matches!(action, Action::Void { .. });
            let past = Past { void_requested: is_void.then(|| user(6)), ..past() };
            let outcome = apply(status, action, &past, &actor(5));
            assert_eq!(outcome, expected.ok_or(Denial::WrongStatus), "{status} {action:?}");
        }
    }
}

#[test]
fn each_action_belongs_to_its_role() {
    let cases = [
        (Registered, 0, "inspector"),
        (Sealed, 1, "inspector receiver"),
        (Sealed, 2, "receiver"),
        (Sealed, 3, "receiver"),
        (Received, 5, "tester"),
        (Entered, 6, "checker"),
        (Checked, 7, "approver"),
        (Checked, 8, "checker approver"),
        (Registered, 9, "inspector"),
        (HandedOver, 9, "inspector"),
        (Received, 9, "approver"),
        (Approved, 9, "approver"),
        (HandedOver, 10, "inspector"),
        (Approved, 11, "approver"),
    ];
    for (status, action, allowed) in cases {
        for role in Role::ALL {
            let actor = Actor { user: user(5), roles: BTreeSet::from([*role]) };
            let asked = (status == Approved && action == 9).then(|| user(6));
            let outcome = apply(status, &actions()[action], &Past { void_requested: asked, ..past() }, &actor);
            let may = allowed.split(' ').any(|code| code == role.code());
            assert_eq!(outcome.err(), (!may).then_some(Denial::WrongRole), "{status} {action} {role}");
        }
    }
}

#[test]
fn entry_check_and_approval_are_three_people_none_of_whom_sampled_it() {
    let denied = |status, action: usize, n| apply(status, &actions()[action], &past(), &actor(n)).err();
    for n in [1, 2] {
        assert_eq!(denied(Received, 5, n), Some(Denial::SampledIt));
        assert_eq!(denied(Entered, 6, n), Some(Denial::SampledIt));
        assert_eq!(denied(Checked, 7, n), Some(Denial::SampledIt));
    }
    assert_eq!(denied(Entered, 5, 3), None, "who entered may correct before the check");
    assert_eq!(denied(Entered, 6, 3), Some(Denial::EnteredIt));
    assert_eq!(denied(Checked, 7, 3), Some(Denial::EnteredIt));
    assert_eq!(denied(Checked, 7, 4), Some(Denial::CheckedIt));
    assert_eq!(denied(Checked, 8, 4), None, "who checked may send back");
}

#[test]
fn what_an_action_needs_must_be_given() {
    let denied = |status, action: Action| apply(status, &action, &past(), &actor(5)).err();
    let lab = Some(LabId(Uuid::from_u128(9)));
    assert_eq!(denied(Registered, Action::Seal { lab: None, seals: vec!["F1".to_owned()] }), Some(Denial::LabMissing));
    assert_eq!(denied(Registered, Action::Seal { lab, seals: vec![" ".to_owned()] }), Some(Denial::SealsMissing));
    assert_eq!(denied(Sealed, Action::HandOver { to: user(5) }), Some(Denial::SamePerson));
    assert_eq!(denied(Checked, Action::Return { reason: String::new() }), Some(Denial::ReasonMissing));
    assert_eq!(denied(Approved, Action::RequestVoid { reason: " ".to_owned() }), Some(Denial::ReasonMissing));
    assert_eq!(denied(Received, Action::Void { reason: " ".to_owned() }), Some(Denial::ReasonMissing));
    assert_eq!(denied(Received, Action::Void { reason: "破损".to_owned() }), None);
}

#[test]
fn after_the_approval_a_void_is_asked_for_by_one_and_done_by_another() {
    let reason = || "封样争议".to_owned();
    let outcome = |action: Action, asked: Option<u128>, n| {
        apply(Approved, &action, &Past { void_requested: asked.map(user), ..past() }, &actor(n))
    };
    let (request, void) = (Action::RequestVoid { reason: reason() }, Action::Void { reason: reason() });
    assert_eq!(outcome(void.clone(), None, 5), Err(Denial::SecondPerson));
    assert_eq!(outcome(request.clone(), None, 5), Ok(Approved));
    assert_eq!(outcome(request, Some(5), 6), Err(Denial::VoidRequested));
    assert_eq!(outcome(void.clone(), Some(5), 5), Err(Denial::SecondPerson));
    assert_eq!(outcome(void, Some(5), 6), Ok(Voided));
}

#[test]
fn a_report_of_the_past_without_a_known_laboratory_is_voided_by_two_administrators_and_no_other_is() {
    let outcome = |action: Action, (laboratory, asked): (bool, Option<u128>), (role, n): (Role, u128)| {
        let past = Past { laboratory, void_requested: asked.map(user), ..past() };
        apply(Approved, &action, &past, &Actor { user: user(n), roles: [role].into() })
    };
    let (request, void) =
        (Action::RequestVoid { reason: "重复导入".to_owned() }, Action::Void { reason: "重复导入".to_owned() });
    for role in Role::ALL.iter().copied() {
        let (may, of_laboratory) = (role == Role::Administrator, role == Role::Approver);
        let denied = |may: bool, next| if may { Ok(next) } else { Err(Denial::WrongRole) };
        assert_eq!(outcome(request.clone(), (false, None), (role, 5)), denied(may, Approved), "{role}");
        assert_eq!(outcome(void.clone(), (false, Some(5)), (role, 6)), denied(may, Voided), "{role}");
        assert_eq!(outcome(void.clone(), (true, Some(5)), (role, 6)), denied(of_laboratory, Voided), "{role}");
    }
    assert_eq!(outcome(void.clone(), (false, None), (Role::Administrator, 5)), Err(Denial::SecondPerson));
    assert_eq!(outcome(void.clone(), (false, Some(5)), (Role::Administrator, 5)), Err(Denial::SecondPerson));
    // Before its approval a sample without a laboratory is the field's.
    let administrator = Actor { user: user(5), roles: [Role::Administrator].into() };
    let early = Past { laboratory: false, void_requested: Some(user(6)), ..past() };
    for status in [Registered, Sealed, Received, Checked] {
        assert_eq!(apply(status, &void, &early, &administrator), Err(Denial::WrongRole), "{status}");
    }
}

#[test]
fn a_stated_criterion_is_confirmed_by_name_and_only_what_is_not_judgeable_is_left_out() {
    let items = Items { stated: names("lead tin"), not_judgeable: names("tin zinc"), ..past().items };
    let past = Past { items, ..past() };
    let denied = |action: Action| apply(Entered, &action, &past, &actor(5)).err();
    assert_eq!(denied(check("lead tin", &[])), None);
    assert_eq!(denied(check("lead", &[("tin", "样品用尽")])), None, "what is left out needs no criterion");
    assert_eq!(denied(check("lead tin", &[("zinc", "样品用尽")])), None);
    assert_eq!(denied(check("lead", &[])), Some(Denial::NotConfirmedCriterion));
    assert_eq!(denied(check("lead tin zinc", &[])), Some(Denial::ItemMisnamed), "zinc has no stated criterion");
    assert_eq!(denied(check("tin", &[("lead", "样品用尽")])), Some(Denial::ItemMisnamed), "lead is judged");
    assert_eq!(denied(check("lead tin", &[("zinc", " ")])), Some(Denial::ReasonMissing));
}

#[test]
fn a_check_refuses_what_an_approval_would_and_names_the_items() {
    let denied = |action: Action, items: &Items| {
        let past = Past { items: items.clone(), ..past() };
        let denial = apply(Entered, &action, &past, &actor(5)).err();
        denial.map(|denial| (denial, items.at_fault(denial, &action)))
    };
    let open = Items {
        not_judgeable: names("tin zinc"),
        open: names("tin zinc"),
        readiness: Readiness { concluded: false, ..READY },
        ..past().items
    };
    assert_eq!(denied(check("", &[]), &open), Some((Denial::NotConcluded, names("tin zinc"))));
    let one = check("", &[("tin", "样品用尽")]);
    assert_eq!(denied(one, &open), Some((Denial::NotConcluded, names("tin zinc"))), "zinc is open still");
    assert_eq!(denied(check("", &[("tin", "样品用尽"), ("zinc", "样品用尽")]), &open), None);
    let failed = Items { readiness: READY, ..open };
    assert_eq!(denied(check("", &[]), &failed), None, "another item has failed: the sample is concluded");
    let unconfirmed =
        Items { unconfirmed: names("lead"), readiness: Readiness { confirmed: false, ..READY }, ..past().items };
    assert_eq!(denied(check("", &[]), &unconfirmed), Some((Denial::NotConfirmed, names("lead"))));
    let agreed = Items { left_out: names("tin zinc"), ..past().items };
    let approval = Action::Approve { agrees: names("tin") };
    assert_eq!(agreed.at_fault(Denial::LeftOutNotAgreed, &approval), names("zinc"));
}

#[test]
fn an_approval_agrees_to_each_item_left_out_and_rests_on_a_conclusion() {
    let denied = |agrees: &str, readiness| {
        let items = Items { left_out: names("tin zinc"), readiness, ..past().items };
        apply(Checked, &Action::Approve { agrees: names(agrees) }, &Past { items, ..past() }, &actor(5)).err()
    };
    assert_eq!(denied("tin zinc", READY), None);
    assert_eq!(denied("tin", READY), Some(Denial::LeftOutNotAgreed));
    assert_eq!(denied("", READY), Some(Denial::LeftOutNotAgreed));
    assert_eq!(denied("tin zinc lead", READY), Some(Denial::ItemMisnamed));
    assert_eq!(denied("tin zinc", Readiness { concluded: false, ..READY }), Some(Denial::NotConcluded));
    assert_eq!(denied("tin zinc", Readiness { confirmed: false, ..READY }), Some(Denial::NotConfirmed));
}
