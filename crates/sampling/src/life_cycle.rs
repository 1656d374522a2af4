//! The life of a sample: who may do what to it when, and where it stands afterwards.

mod items;
#[cfg(test)]
mod tests;

pub use items::{Items, Readiness};

use crate::custody::{Ending, Portion};
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
    /// To a carrier.
    Dispatch {
        /// Who carries it.
        carrier: String,
        /// By which waybill.
        waybill: String,
    },
    /// Whoever has it looks at it: how warm, in what condition.
    Measure,
    /// The laboratory accepts it.
    Receive,
    /// The laboratory refuses it, and says why.
    Refuse(RefusalReason),
    /// The laboratory puts it where it is kept.
    Store {
        /// Where.
        place: String,
    },
    /// The laboratory opens a portion's seal.
    Open {
        /// Which.
        portion: Portion,
    },
    /// A portion ends, before a witness. The backup not before its time is over.
    Destroy {
        /// Which.
        portion: Portion,
        /// How.
        ending: Ending,
        /// Who saw it.
        witness: UserId,
    },
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
    /// One of two people asks that an approved sample be voided.
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
    /// Whether a laboratory answers for it. What was imported may be of one that nobody knows any more.
    pub laboratory: bool,
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
        SecondPerson = "second_person_needed", "报告后作废须另一有权人员先行提出", "after a report another person who may void has to ask for it first";
        VoidRequested = "void_requested", "已提出作废", "the void has been asked for already";
        ReasonMissing = "reason_missing", "须说明原因", "the reason is missing";
        SealsMissing = "seals_missing", "须填写封条编号", "the seal numbers are missing";
        LabMissing = "lab_missing", "须指定检验机构", "the laboratory is missing";
        CarrierMissing = "carrier_missing", "须填写承运人和运单号", "carrier and waybill are missing";
        PlaceMissing = "place_missing", "须填写存放地点", "the place is missing";
        WitnessSame = "witness_same", "监督人须为另一人员", "the witness is whoever does it";
        RetentionRunning = "retention_running", "备样留存期未满，不得处置", "the backup is kept: its time is not over";
        RetentionHeld = "retention_held", "存在未结异议、复检或作废申请，备样须继续留存", "the backup is kept while something is open";
        RetentionUnknown = "retention_unknown", "备样留存期无法确定，不得处置", "nobody can tell until when the backup is kept";
        PortionGone = "portion_gone", "该样品部分已处置", "this portion has ended before";
        SamePerson = "same_person", "交接双方须为不同人员", "both sides of the handover are one person";
    }
}

/// Where the sample stands after an action.
///
/// # Errors
/// [`Denial`] when status, role, the separation of people or a missing datum forbid it.
pub fn apply(status: Status, action: &Action, past: &Past, actor: &Actor) -> Result<Status, Denial> {
    let next = next(status, action).ok_or(Denial::WrongStatus)?;
    let may = roles(status, action, past.laboratory).iter().any(|role| actor.roles.contains(role));
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
        (Sealed | HandedOver, Action::HandOver { .. } | Action::Dispatch { .. }) => Some(HandedOver),
        (Sealed | HandedOver, Action::Measure) => Some(status),
        (Received | Testing | Entered | Checked | Approved, Action::Measure | Action::Store { .. }) => Some(status),
        (Received | Testing | Entered | Checked, Action::Open { .. }) => Some(status),
        (Approved | Refused | Voided, Action::Destroy { .. }) => Some(status),
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

fn roles(status: Status, action: &Action, laboratory: bool) -> &'static [Role] {
    match action {
        Action::Amend | Action::Seal { .. } | Action::Dispatch { .. } => &[Role::Inspector],
        Action::HandOver { .. } | Action::Measure => &[Role::Inspector, Role::Receiver],
        Action::Receive | Action::Refuse(_) | Action::Store { .. } | Action::Destroy { .. } => &[Role::Receiver],
        Action::Open { .. } => &[Role::Receiver, Role::Tester],
        Action::Enter { .. } => &[Role::Tester],
        Action::Check { .. } => &[Role::Checker],
        Action::Approve { .. } => &[Role::Approver],
        Action::Return { .. } => &[Role::Checker, Role::Approver],
        // In the field it is the inspector's sample, in the laboratory the approver answers for it, and for a report of the past
        // whose laboratory is not known those who had it filed.
        Action::RequestVoid { .. } | Action::Void { .. } => match status {
            Status::Registered | Status::Sealed | Status::HandedOver => &[Role::Inspector],
            Status::Approved if !laboratory => &[Role::Administrator],
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
        Action::Dispatch { carrier, waybill } if !is_given(carrier) || !is_given(waybill) => {
            Err(Denial::CarrierMissing)
        }
        Action::Store { place } if !is_given(place) => Err(Denial::PlaceMissing),
        Action::Destroy { witness, .. } if *witness == actor.user => Err(Denial::WitnessSame),
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
