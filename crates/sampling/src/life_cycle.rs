//! The life of a sample: who may do what to it when, and where it stands afterwards.

use hege_core::{LabId, Role, UserId, words};
use std::collections::BTreeSet;

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

/// What is done to a sample, with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
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
    Check,
    /// The report is approved; the conclusion is in force.
    Approve(Readiness),
    /// Back to testing, with the reason.
    Return {
        /// Why.
        reason: String,
    },
    /// Out of everything, with the reason; after a report only with a second person.
    Void {
        /// Why.
        reason: String,
        /// Who agrees.
        second: Option<UserId>,
    },
}

/// What the results say of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// A conclusion follows from the items.
    pub concluded: bool,
    /// Every nonconforming result has been confirmed (retest value, person, QC batch).
    pub confirmed: bool,
}

/// Who had which part in a sample so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Who took it.
    pub samplers: BTreeSet<UserId>,
    /// Who entered a result.
    pub entered: BTreeSet<UserId>,
    /// Who checked it last.
    pub checked: Option<UserId>,
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
        NotConcluded = "not_concluded", "存在未判定项目，不能批准", "an item is not judged";
        NotConfirmed = "not_confirmed", "不合格结果未经确认", "a nonconforming result is not confirmed";
        SecondPerson = "second_person_needed", "报告后作废须第二人同意", "after a report a void needs a second person";
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
pub fn apply(status: Status, action: &Action, people: &People, actor: &Actor) -> Result<Status, Denial> {
    let next = next(status, action).ok_or(Denial::WrongStatus)?;
    let may = roles(status, action).iter().any(|role| actor.roles.contains(role));
    if !may {
        return Err(Denial::WrongRole);
    }
    separated(action, people, actor)?;
    complete(status, action, actor)?;
    Ok(next)
}

/// The table of the life: none where the action does not belong.
fn next(status: Status, action: &Action) -> Option<Status> {
    use Status::{Approved, Checked, Entered, HandedOver, Received, Refused, Registered, Sealed, Testing, Voided};
    match (status, action) {
        (Registered, Action::Seal { .. }) => Some(Sealed),
        (Sealed | HandedOver, Action::HandOver { .. }) => Some(HandedOver),
        (Sealed | HandedOver, Action::Receive) => Some(Received),
        (Sealed | HandedOver, Action::Refuse(_)) => Some(Refused),
        (Received | Testing | Entered, Action::Enter { complete }) => Some(if *complete { Entered } else { Testing }),
        (Entered, Action::Check) => Some(Checked),
        (Checked, Action::Approve(_)) => Some(Approved),
        (Entered | Checked, Action::Return { .. }) => Some(Testing),
        (Refused | Voided, Action::Void { .. }) => None,
        (_, Action::Void { .. }) => Some(Voided),
        _ => None,
    }
}

fn roles(status: Status, action: &Action) -> &'static [Role] {
    match action {
        Action::Seal { .. } => &[Role::Inspector],
        Action::HandOver { .. } => &[Role::Inspector, Role::Receiver],
        Action::Receive | Action::Refuse(_) => &[Role::Receiver],
        Action::Enter { .. } => &[Role::Tester],
        Action::Check => &[Role::Checker],
        Action::Approve(_) => &[Role::Approver],
        Action::Return { .. } => &[Role::Checker, Role::Approver],
        // In the field it is the inspector's sample, in the laboratory the approver answers for it.
        Action::Void { .. } => match status {
            Status::Registered | Status::Sealed | Status::HandedOver => &[Role::Inspector],
            _ => &[Role::Approver],
        },
    }
}

fn separated(action: &Action, people: &People, actor: &Actor) -> Result<(), Denial> {
    let in_laboratory = matches!(action, Action::Enter { .. } | Action::Check | Action::Approve(_));
    if in_laboratory && people.samplers.contains(&actor.user) {
        return Err(Denial::SampledIt);
    }
    if matches!(action, Action::Check | Action::Approve(_)) && people.entered.contains(&actor.user) {
        return Err(Denial::EnteredIt);
    }
    if matches!(action, Action::Approve(_)) && people.checked == Some(actor.user) {
        return Err(Denial::CheckedIt);
    }
    Ok(())
}

fn complete(status: Status, action: &Action, actor: &Actor) -> Result<(), Denial> {
    let given = |text: &String| !text.trim().is_empty();
    match action {
        Action::Seal { lab: None, .. } => Err(Denial::LabMissing),
        Action::Seal { seals, .. } if !seals.iter().any(given) => Err(Denial::SealsMissing),
        Action::HandOver { to } if *to == actor.user => Err(Denial::SamePerson),
        Action::Approve(Readiness { concluded: false, .. }) => Err(Denial::NotConcluded),
        Action::Approve(Readiness { confirmed: false, .. }) => Err(Denial::NotConfirmed),
        Action::Return { reason } | Action::Void { reason, .. } if !given(reason) => Err(Denial::ReasonMissing),
        Action::Void { second, .. } if status == Status::Approved => match second {
            Some(second) if *second != actor.user => Ok(()),
            _ => Err(Denial::SecondPerson),
        },
        _ => Ok(()),
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

    fn people() -> People {
        People {
            samplers: BTreeSet::from([user(1), user(2)]),
            entered: BTreeSet::from([user(3)]),
            checked: Some(user(4)),
        }
    }

    const READY: Readiness = Readiness { concluded: true, confirmed: true };

    fn actions() -> [Action; 10] {
        let reason = || "演示".to_owned();
        [
            Action::Seal { lab: Some(LabId(Uuid::from_u128(9))), seals: vec!["F1".to_owned()] },
            Action::HandOver { to: user(8) },
            Action::Receive,
            Action::Refuse(RefusalReason::Spoiled),
            Action::Enter { complete: false },
            Action::Enter { complete: true },
            Action::Check,
            Action::Approve(READY),
            Action::Return { reason: reason() },
            Action::Void { reason: reason(), second: Some(user(7)) },
        ]
    }

    #[test]
    fn every_status_allows_what_its_row_says_and_nothing_else() {
        let table: [(Status, [Option<Status>; 10]); 10] = {
            let v = Some(Voided);
            let t = Some(Testing);
            let e = Some(Entered);
            let h = Some(HandedOver);
            let r = Some(Received);
            let f = Some(Refused);
            let n = None;
            [
                (Registered, [Some(Sealed), n, n, n, n, n, n, n, n, v]),
                (Sealed, [n, h, r, f, n, n, n, n, n, v]),
                (HandedOver, [n, h, r, f, n, n, n, n, n, v]),
                (Received, [n, n, n, n, t, e, n, n, n, v]),
                (Refused, [n; 10]),
                (Testing, [n, n, n, n, t, e, n, n, n, v]),
                (Entered, [n, n, n, n, t, e, Some(Checked), n, t, v]),
                (Checked, [n, n, n, n, n, n, n, Some(Approved), t, v]),
                (Approved, [n, n, n, n, n, n, n, n, n, v]),
                (Voided, [n; 10]),
            ]
        };
        assert_eq!(table.len(), Status::ALL.len());
        for (status, row) in table {
            for (action, expected) in actions().iter().zip(row) {
                let outcome = apply(status, action, &people(), &actor(5));
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
        ];
        for (status, action, allowed) in cases {
            for role in Role::ALL {
                let actor = Actor { user: user(5), roles: BTreeSet::from([*role]) };
                let outcome = apply(status, &actions()[action], &people(), &actor);
                let may = allowed.split(' ').any(|code| code == role.code());
                assert_eq!(outcome.err(), (!may).then_some(Denial::WrongRole), "{status} {action} {role}");
            }
        }
    }

    #[test]
    fn entry_check_and_approval_are_three_people_none_of_whom_sampled_it() {
        let denied = |status, action: usize, n| apply(status, &actions()[action], &people(), &actor(n)).err();
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
        let denied = |status, action: Action| apply(status, &action, &people(), &actor(5)).err();
        let lab = Some(LabId(Uuid::from_u128(9)));
        assert_eq!(
            denied(Registered, Action::Seal { lab: None, seals: vec!["F1".to_owned()] }),
            Some(Denial::LabMissing)
        );
        assert_eq!(denied(Registered, Action::Seal { lab, seals: vec![" ".to_owned()] }), Some(Denial::SealsMissing));
        assert_eq!(denied(Sealed, Action::HandOver { to: user(5) }), Some(Denial::SamePerson));
        let approve = |concluded, confirmed| denied(Checked, Action::Approve(Readiness { concluded, confirmed }));
        assert_eq!(approve(false, true), Some(Denial::NotConcluded));
        assert_eq!(approve(true, false), Some(Denial::NotConfirmed));
        assert_eq!(denied(Checked, Action::Return { reason: String::new() }), Some(Denial::ReasonMissing));
        let void = |status, reason: &str, second| denied(status, Action::Void { reason: reason.to_owned(), second });
        assert_eq!(void(Received, " ", None), Some(Denial::ReasonMissing));
        assert_eq!(void(Received, "破损", None), None);
        assert_eq!(void(Approved, "破损", None), Some(Denial::SecondPerson));
        assert_eq!(void(Approved, "破损", Some(user(5))), Some(Denial::SecondPerson));
        assert_eq!(void(Approved, "破损", Some(user(6))), None);
    }
}
