//! 异议: what operators say against the sampling or the result, and whether the named producer made the food at all
//! (docs/DOMAIN.md 1.1, row 14).
//!
//! The department records an objection, takes it on or refuses it on a ground, and another person answers it. What a
//! re-inspection can settle is none: the measured value itself is challenged there.

use crate::life_cycle::Actor;
use crate::reinspection::Applicant;
use hege_core::{Role, UserId, words};
use jiff::Timestamp;
use std::collections::BTreeSet;

words! {
    /// What is objected to.
    pub enum Subject {
        Sampling = "sampling", "抽样过程", "the sampling";
        Authenticity = "authenticity", "样品真实性", "that the named producer made it";
        Method = "method", "检验方法", "the method";
        Standard = "standard", "标准适用", "the standard";
    }
}

words! {
    /// Where an objection stands.
    pub enum ObjectionState {
        Raised = "raised", "已提出", "raised";
        Refused = "refused", "不予受理", "refused";
        Accepted = "accepted", "已受理", "accepted";
        Upheld = "upheld", "异议成立", "upheld";
        Dismissed = "dismissed", "异议不成立", "dismissed";
        Withdrawn = "withdrawn", "已撤回", "withdrawn";
    }
}

impl ObjectionState {
    /// Whether it is still open: the backup is kept, and nothing is published as final.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Raised | Self::Accepted)
    }

    /// Whether it was answered: the same is not objected to twice.
    #[must_use]
    pub const fn is_answered(self) -> bool {
        matches!(self, Self::Upheld | Self::Dismissed)
    }
}

words! {
    /// Why an objection is refused.
    pub enum ObjectionGround {
        Late = "late", "逾期提出异议", "it is late";
        Answered = "answered", "同一事项已答复", "the same was answered before";
        NoEvidence = "no_evidence", "未提交证明材料", "nothing is brought forward for it";
        NotEntitled = "not_entitled", "异议人无权提出", "it is not for them to object";
        ForReinspection = "for_reinspection", "属复检事项", "a re-inspection settles it";
    }
}

impl ObjectionGround {
    /// Whether the record tells if it holds, so that nobody decides it.
    const fn is_found(self) -> bool {
        matches!(self, Self::Late | Self::Answered)
    }
}

words! {
    /// Why an act about an objection is refused. Nothing has changed then.
    pub enum ObjectionDenial {
        WrongState = "wrong_state", "异议当前状态不允许此操作", "not in the objection's present state";
        WrongRole = "wrong_role", "没有此操作的角色", "the role for it is missing";
        SampleOut = "sample_out", "样品已拒收或作废", "the sample was refused or voided";
        NotNonconforming = "not_nonconforming", "样品结论并非不合格", "the sample's conclusion is not nonconforming";
        NotTheirs = "not_theirs", "真实性异议由标称生产者提出", "authenticity is the named producer's to deny";
        NoProducer = "no_producer", "未标称生产者", "no producer is named";
        AnotherOpen = "another_open", "同一异议正在办理", "the same objection is open";
        GroundHolds = "ground_holds", "存在不予受理情形", "it is to be refused on a ground that holds";
        GroundUnfounded = "ground_unfounded", "所述不予受理情形不成立", "the ground given does not hold";
        SecondPerson = "second_person_needed", "须由受理人以外的人答复", "another person than who accepted it has to answer";
        ReasonMissing = "reason_missing", "须说明原因", "the reason is missing";
    }
}

words! {
    /// 真实性: whether the named producer made it, as far as they said.
    pub enum Authenticity {
        NotAsked = "not_asked", "未告知", "not asked";
        Pending = "pending", "待答复", "asked, and in time";
        Confirmed = "confirmed", "已确认", "confirmed";
        Denied = "denied", "已否认", "denied, and under examination";
        Upheld = "upheld", "否认属实", "the denial was upheld";
        Dismissed = "dismissed", "否认不成立", "the denial was dismissed";
        Silent = "silent", "逾期未答复", "silent, which counts as confirmed";
    }
}

/// What is known of a sample when somebody objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// It was neither refused nor voided.
    pub is_in: bool,
    /// Its conclusion in force is nonconforming.
    pub is_nonconforming: bool,
    /// A producer is named.
    pub has_producer: bool,
    /// The first instant at which the objector is late; none where no clock runs, or nobody can tell.
    pub late_from: Option<Timestamp>,
    /// The same person's objection to the same is open.
    pub has_open: bool,
    /// It was answered before.
    pub was_answered: bool,
}

/// An objection as it was brought forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raised {
    /// To what.
    pub subject: Subject,
    /// By whom.
    pub objector: Applicant,
    /// When it reached the department.
    pub at: Timestamp,
}

impl Raised {
    /// Whether it can be recorded at all. Grounds of refusal are none of this: a late one is recorded and refused.
    ///
    /// # Errors
    /// [`ObjectionDenial`].
    pub fn check(&self, facts: &Facts, actor: &Actor) -> Result<(), ObjectionDenial> {
        use ObjectionDenial as Denial;
        let has = |holds: bool, denial| if holds { Ok(()) } else { Err(denial) };
        has(actor.roles.contains(&Role::Reviewer), Denial::WrongRole)?;
        has(facts.is_in, Denial::SampleOut)?;
        has(self.subject == Subject::Sampling || facts.is_nonconforming, Denial::NotNonconforming)?;
        let is_theirs = self.subject != Subject::Authenticity || self.objector == Applicant::Producer;
        has(is_theirs, Denial::NotTheirs)?;
        has(self.objector != Applicant::Producer || facts.has_producer, Denial::NoProducer)?;
        has(!facts.has_open, Denial::AnotherOpen)
    }

    /// The grounds that hold by what is on the record.
    #[must_use]
    pub fn grounds(&self, facts: &Facts) -> BTreeSet<ObjectionGround> {
        let holds = [
            (ObjectionGround::Late, facts.late_from.is_some_and(|late_from| self.at >= late_from)),
            (ObjectionGround::Answered, facts.was_answered),
        ];
        holds.into_iter().filter_map(|(ground, holds)| holds.then_some(ground)).collect()
    }
}

/// What is done about an objection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The department takes it on.
    Accept,
    /// The department refuses it.
    Refuse(ObjectionGround),
    /// It is answered.
    Answer {
        /// Whether it is right.
        is_upheld: bool,
        /// Why.
        reason: String,
    },
    /// The objector withdraws.
    Withdraw {
        /// Why.
        reason: String,
    },
}

/// An objection as an act finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Its state.
    pub state: ObjectionState,
    /// What was brought forward.
    pub raised: Raised,
    /// Who took it on.
    pub accepted_by: Option<UserId>,
}

/// Where an objection stands after an act.
///
/// # Errors
/// [`ObjectionDenial`].
pub fn apply(pending: &Pending, act: &Act, facts: &Facts, actor: &Actor) -> Result<ObjectionState, ObjectionDenial> {
    use ObjectionDenial as Denial;
    let next = next(pending.state, act).ok_or(Denial::WrongState)?;
    if !actor.roles.contains(&Role::Reviewer) {
        return Err(Denial::WrongRole);
    }
    let grounds = pending.raised.grounds(facts);
    match act {
        Act::Accept if !grounds.is_empty() => Err(Denial::GroundHolds),
        // What the record can tell is not claimed against it.
        Act::Refuse(ground) if ground.is_found() && !grounds.contains(ground) => Err(Denial::GroundUnfounded),
        Act::Answer { reason, .. } | Act::Withdraw { reason } if reason.trim().is_empty() => Err(Denial::ReasonMissing),
        Act::Answer { .. } if pending.accepted_by == Some(actor.user) => Err(Denial::SecondPerson),
        // What is out already, or is no failure any more, is not taken away again.
        Act::Answer { is_upheld: true, .. } if !facts.is_in => Err(Denial::SampleOut),
        Act::Answer { is_upheld: true, .. }
            if pending.raised.subject != Subject::Sampling && !facts.is_nonconforming =>
        {
            Err(Denial::NotNonconforming)
        }
        _ => Ok(next),
    }
}

/// The table of the states: none where the act does not belong.
const fn next(state: ObjectionState, act: &Act) -> Option<ObjectionState> {
    use ObjectionState::{Accepted, Dismissed, Raised, Refused, Upheld, Withdrawn};
    match (state, act) {
        (Raised, Act::Accept) => Some(Accepted),
        (Raised, Act::Refuse(_)) => Some(Refused),
        (Accepted, Act::Answer { is_upheld: true, .. }) => Some(Upheld),
        (Accepted, Act::Answer { is_upheld: false, .. }) => Some(Dismissed),
        (Raised | Accepted, Act::Withdraw { .. }) => Some(Withdrawn),
        _ => None,
    }
}

/// Whether the named producer made it, by what is on the record: their denials with the states, whether they confirmed it, when
/// they were first asked with proof, and from when on they are late.
#[must_use]
pub fn authenticity(
    denials: &[ObjectionState],
    is_confirmed: bool,
    (asked, late_from): (Option<Timestamp>, Option<Timestamp>),
    now: Timestamp,
) -> Authenticity {
    if denials.contains(&ObjectionState::Upheld) {
        Authenticity::Upheld
    } else if denials.iter().any(|state| state.is_open()) {
        Authenticity::Denied
    } else if is_confirmed {
        Authenticity::Confirmed
    } else if denials.contains(&ObjectionState::Dismissed) {
        Authenticity::Dismissed
    } else if asked.is_none() {
        Authenticity::NotAsked
    } else if late_from.is_some_and(|late_from| now >= late_from) {
        Authenticity::Silent
    } else {
        Authenticity::Pending
    }
}
