//! The life of a sample: who may do what to it when, and where it stands afterwards.

mod items;

pub use items::{Items, Readiness};

use hege_core::{LabId, Role, UserId, words};
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// Where a sample stands (docs/DOMAIN.md 1.4).
    pub enum Status {
        Registered = "registered", "已登记", "registered";
        Sealed = "sealed", "已封样", "sealed";
        HandedOver = "handed_over", "流转中", "handed over";
        Received = "received", "已接样", "received";
        Refused = "refused", "拒收", "refused";
        Testing = "testing", "检验中", "testing";
        Entered = "entered", "待审核", "entered";
        Checked = "checked", "待批准", "checked";
        Approved = "approved", "已批准", "approved";
        Voided = "voided", "已作废", "voided";
    }
}

words! {
    /// Why a laboratory refuses a sample at its door (docs/DOMAIN.md 1.3).
    pub enum RefusalReason {
        SealBroken = "seal_broken", "封条破损或未签字", "the seal is broken or not signed";
        FormDiffers = "form_differs", "样品与抽样单不符", "form and sample differ";
        TooLittle = "too_little", "样品量不足或无备样", "too little, or no backup";
        Spoiled = "spoiled", "运输中变质或温度失控", "spoiled or out of temperature";
        Expired = "expired", "接样时已过保质期", "past its shelf life";
        Leaking = "leaking", "包装破漏或污染", "leaking or contaminated";
        NotAseptic = "not_aseptic", "微生物项目未无菌抽样", "not aseptically taken for microbiology";
        FewUnits = "few_units", "同批次份数不足 n", "fewer than n units of one batch";
        WrongClass = "wrong_class", "食品类别与任务不符", "wrong food class for the task";
        Late = "late", "送样超期影响结果", "delivered too late";
    }
}

/// What is done to a sample, with what it needs. Items are named by their analyte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The form is corrected, before the laboratory has accepted the sample.
    Amend,
    /// Portions are sealed and addressed to a laboratory.
    Seal {
        /// Whose it is from now on.
        lab: Option<LabId>,
        /// The seals' numbers, at least one.
        seals: Vec<String>,
    },
    /// From one known person to another.
    HandOver {
        /// Who takes it.
        to: UserId,
    },
    /// The laboratory accepts it.
    Receive,
    /// The laboratory refuses it, and says why.
    Refuse(RefusalReason),
    /// Results are entered.
    Enter {
        /// True when every ordered item has a result.
        complete: bool,
    },
    /// The results are checked.
    Check {
        /// Items whose criterion the laboratory stated itself, and the checker confirms.
        confirms: BTreeSet<String>,
        /// Items that are not judgeable and leave the conclusion (不判定), each with the reason.
        leaves_out: BTreeMap<String, String>,
    },
    /// The report is approved; the conclusion is in force.
    Approve {
        /// Items that the checker left out, and the approver agrees to.
        agrees: BTreeSet<String>,
    },
    /// Back to testing, with the reason.
    Return {
        /// Why.
        reason: String,
    },
    /// One approver asks that an approved sample be voided.
    RequestVoid {
        /// Why.
        reason: String,
    },
    /// Out of everything, with the reason. After the approval by another approver than the one who asked for it.
    Void {
        /// Why.
        reason: String,
    },
}

/// Who had which part in a sample so far, and how its items stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Who took it.
    pub samplers: BTreeSet<UserId>,
    /// Who entered a result.
    pub entered: BTreeSet<UserId>,
    /// Who checked it last.
    pub checked: Option<UserId>,
    /// Who asked that it be voided after its approval.
    pub void_requested: Option<UserId>,
    /// Its items.
    pub items: Items,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub user: UserId,
    /// What they may be.
    pub roles: BTreeSet<Role>,
}

words! {
    /// Why an action is refused. Nothing has changed then.
    pub enum Denial {
        WrongStatus = "wrong_status", "样品当前状态不允许此操作", "not in the sample's present status";
        WrongRole = "wrong_role", "没有此操作的角色", "the role for it is missing";
        SampledIt = "sampled_it", "抽样人员不得参与检验、审核和批准", "who sampled it may not test, check or approve it";
        EnteredIt = "entered_it", "检验人员不得审核或批准同一样品", "who entered a result may not check or approve it";
        CheckedIt = "checked_it", "审核人员不得批准同一样品", "who checked it may not approve it";
        NotConcluded = "not_concluded", "存在未判定项目", "an item is not judged";
        NotConfirmed = "not_confirmed", "不合格结果未经确认", "a nonconforming result is not confirmed";
        NotConfirmedCriterion = "criterion_not_confirmed", "自定判定依据未经审核人确认", "a criterion that the laboratory stated is not confirmed by name";
        LeftOutNotAgreed = "left_out_not_agreed", "不判定项目未经批准人同意", "an item left out is not agreed to by name";
        ItemMisnamed = "item_misnamed", "所列项目不属此类", "an item is named that is not of this kind";
        SecondPerson = "second_person_needed", "报告后作废须另一批准人先行提出", "after a report another approver has to ask for the void first";
        VoidRequested = "void_requested", "已提出作废", "the void has been asked for already";
        ReasonMissing = "reason_missing", "须说明原因", "the reason is missing";
        SealsMissing = "seals_missing", "须填写封条编号", "the seal numbers are missing";
        LabMissing = "lab_missing", "须指定检验机构", "the laboratory is missing";
        SamePerson = "same_person", "交接双方须为不同人员", "both sides of the handover are one person";
    }
}

/// Where the sample stands after an action.
///
/// # Errors
/// [`Denial`] when status, role, the separation of people or a missing datum forbid it.
pub fn apply(status: Status, action: &Action, past: &Past, actor: &Actor) -> Result<Status, Denial> {
    let next = next(status, action).ok_or(Denial::WrongStatus)?;
    let may = roles(status, action).iter().any(|role| actor.roles.contains(role));
    if !may {
        return Err(Denial::WrongRole);
    }
    separated(action, past, actor)?;
    complete(action, actor)?;
    match action {
        Action::Check { confirms, leaves_out } => checkable(confirms, leaves_out, &past.items)?,
        Action::Approve { agrees } => approvable(agrees, &past.items)?,
        Action::RequestVoid { .. } if past.void_requested.is_some() => return Err(Denial::VoidRequested),
        Action::Void { .. } if status == Status::Approved => match past.void_requested {
            Some(other) if other != actor.user => {}
            _ => return Err(Denial::SecondPerson),
        },
        _ => {}
    }
    Ok(next)
}

/// The table of the life: none where the action does not belong.
fn next(status: Status, action: &Action) -> Option<Status> {
    use Status::{Approved, Checked, Entered, HandedOver, Received, Refused, Registered, Sealed, Testing, Voided};
    match (status, action) {
        (Registered | Sealed | HandedOver, Action::Amend) => Some(status),
        (Registered, Action::Seal { .. }) => Some(Sealed),
        (Sealed | HandedOver, Action::HandOver { .. }) => Some(HandedOver),
        (Sealed | HandedOver, Action::Receive) => Some(Received),
        (Sealed | HandedOver, Action::Refuse(_)) => Some(Refused),
        (Received | Testing | Entered, Action::Enter { complete }) => Some(if *complete { Entered } else { Testing }),
        (Entered, Action::Check { .. }) => Some(Checked),
        (Checked, Action::Approve { .. }) => Some(Approved),
        (Entered | Checked, Action::Return { .. }) => Some(Testing),
        (Approved, Action::RequestVoid { .. }) => Some(Approved),
        (Refused | Voided, Action::Void { .. }) => None,
        (_, Action::Void { .. }) => Some(Voided),
        _ => None,
    }
}

fn roles(status: Status, action: &Action) -> &'static [Role] {
    match action {
        Action::Amend | Action::Seal { .. } => &[Role::Inspector],
        Action::HandOver { .. } => &[Role::Inspector, Role::Receiver],
        Action::Receive | Action::Refuse(_) => &[Role::Receiver],
        Action::Enter { .. } => &[Role::Tester],
        Action::Check { .. } => &[Role::Checker],
        Action::Approve { .. } | Action::RequestVoid { .. } => &[Role::Approver],
        Action::Return { .. } => &[Role::Checker, Role::Approver],
        // In the field it is the inspector's sample, in the laboratory the approver answers for it.
        Action::Void { .. } => match status {
            Status::Registered | Status::Sealed | Status::HandedOver => &[Role::Inspector],
            _ => &[Role::Approver],
        },
    }
}

fn separated(action: &Action, past: &Past, actor: &Actor) -> Result<(), Denial> {
    let judges = matches!(action, Action::Check { .. } | Action::Approve { .. });
    if (judges || matches!(action, Action::Enter { .. })) && past.samplers.contains(&actor.user) {
        return Err(Denial::SampledIt);
    }
    if judges && past.entered.contains(&actor.user) {
        return Err(Denial::EnteredIt);
    }
    if matches!(action, Action::Approve { .. }) && past.checked == Some(actor.user) {
        return Err(Denial::CheckedIt);
    }
    Ok(())
}

fn is_given(text: &str) -> bool {
    !text.trim().is_empty()
}

fn complete(action: &Action, actor: &Actor) -> Result<(), Denial> {
    match action {
        Action::Seal { lab: None, .. } => Err(Denial::LabMissing),
        Action::Seal { seals, .. } if !seals.iter().any(|seal| is_given(seal)) => Err(Denial::SealsMissing),
        Action::HandOver { to } if *to == actor.user => Err(Denial::SamePerson),
        Action::Return { reason } | Action::RequestVoid { reason } | Action::Void { reason } if !is_given(reason) => {
            Err(Denial::ReasonMissing)
        }
        _ => Ok(()),
    }
}

/// The checker confirms by name what the laboratory stated itself, and may leave out what is not judgeable, with a reason. What
/// the approver would have to refuse goes no further: a result without a verdict that is not left out, and a nonconforming one
/// that nobody tested again, go back to the bench.
fn checkable(confirms: &BTreeSet<String>, leaves_out: &BTreeMap<String, String>, items: &Items) -> Result<(), Denial> {
    if !confirms.is_subset(&items.stated) || !leaves_out.keys().all(|item| items.not_judgeable.contains(item)) {
        return Err(Denial::ItemMisnamed);
    }
    if !leaves_out.values().all(|reason| is_given(reason)) {
        return Err(Denial::ReasonMissing);
    }
    let is_settled = |item: &String| confirms.contains(item) || leaves_out.contains_key(item);
    if !items.stated.iter().all(is_settled) {
        return Err(Denial::NotConfirmedCriterion);
    }
    if !items.readiness.concluded && !items.open.iter().all(|item| leaves_out.contains_key(item)) {
        return Err(Denial::NotConcluded);
    }
    if items.readiness.confirmed { Ok(()) } else { Err(Denial::NotConfirmed) }
}

/// The approver agrees by name to each item that the checker left out, and to none besides.
fn approvable(agrees: &BTreeSet<String>, items: &Items) -> Result<(), Denial> {
    if !agrees.is_subset(&items.left_out) {
        return Err(Denial::ItemMisnamed);
    }
    if *agrees != items.left_out {
        return Err(Denial::LeftOutNotAgreed);
    }
    match items.readiness {
        Readiness { concluded: false, .. } => Err(Denial::NotConcluded),
        Readiness { confirmed: false, .. } => Err(Denial::NotConfirmed),
        Readiness { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(
            denied(Registered, Action::Seal { lab: None, seals: vec!["F1".to_owned()] }),
            Some(Denial::LabMissing)
        );
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
}
