//! 复检: another body tests the backup of a sample that does not conform, and what it finds is final (docs/DOMAIN.md 1.1, row 13;
//! 食品安全法 art. 88).
//!
//! The operator applies, the department decides and names the body, the first laboratory hands the backup over, the body
//! reports. Grounds on which the law refuses an application are found here and not left to anybody.

use crate::life_cycle::Actor;
use crate::service::Addressee;
use hege_core::{LabId, OrganisationId, Role, words};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;

words! {
    /// Where a re-inspection stands.
    pub enum ReinspectionState {
        Applied = "applied", "已申请", "applied for";
        Refused = "refused", "不予受理", "refused";
        Accepted = "accepted", "已受理", "accepted";
        BodyNamed = "body_named", "已确定复检机构", "body named";
        BackupHandedOver = "backup_handed_over", "备样已移交", "backup handed over";
        Upheld = "upheld", "维持初检结论", "first conclusion upheld";
        Overturned = "overturned", "改判合格", "overturned";
        Withdrawn = "withdrawn", "已撤回", "withdrawn";
    }
}

impl ReinspectionState {
    /// Whether it is still open: the backup is kept, and nothing is published as final.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Applied | Self::Accepted | Self::BodyNamed | Self::BackupHandedOver)
    }

    /// Whether a body has reported: nobody tests again after it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Upheld | Self::Overturned)
    }
}

words! {
    /// Who applies. Sampled unit and producer agree on one of them.
    pub enum Applicant {
        SampledUnit = "sampled_unit", "被抽样单位", "sampled unit";
        Producer = "producer", "标称生产者", "named producer";
    }
}

impl Applicant {
    /// On whom a result is served for their clocks to run.
    #[must_use]
    pub const fn addressee(self) -> Addressee {
        match self {
            Self::SampledUnit => Addressee::SampledUnit,
            Self::Producer => Addressee::Producer,
        }
    }
}

words! {
    /// Why an application is refused (docs/DOMAIN.md 1.1).
    pub enum Ground {
        Microbiological = "microbiological", "不合格项目为微生物指标", "the failing item is microbiological";
        BackupExpired = "backup_expired", "备样超过保质期", "the backup is past its shelf life";
        Late = "late", "逾期提出申请", "the application is late";
        BackupUnusable = "backup_unusable", "备样无法实现复检目的", "the backup cannot serve";
        NoAgreement = "no_agreement", "申请人未达成一致", "sampled unit and producer do not agree on one applicant";
        Reinspected = "reinspected", "已经复检", "it was re-inspected before";
    }
}

words! {
    /// Why an act in a re-inspection is refused. Nothing has changed then.
    pub enum ReinspectionDenial {
        WrongState = "wrong_state", "复检当前状态不允许此操作", "not in the re-inspection's present state";
        WrongRole = "wrong_role", "没有此操作的角色", "the role for it is missing";
        NotNonconforming = "not_nonconforming", "样品结论并非不合格", "the sample's conclusion is not nonconforming";
        AnotherOpen = "another_open", "已有复检在进行", "another re-inspection is open";
        ItemNotFailing = "item_not_failing", "所列项目并非不合格项目", "an item is named that does not fail";
        ItemsMissing = "items_missing", "须列明复检项目", "the items are missing";
        GroundHolds = "ground_holds", "存在法定不予受理情形", "the law refuses it on a ground that holds";
        GroundUnfounded = "ground_unfounded", "所述不予受理情形不成立", "the ground given does not hold";
        SameLaboratory = "same_laboratory", "复检机构不得为初检机构", "the body is the first laboratory";
        ResultMissing = "result_missing", "复检项目须逐项报告", "every item applied for is reported, and no other";
        NotJudgeable = "not_judgeable", "复检结果无法判定", "a result of the re-inspection is not judgeable";
        ReasonMissing = "reason_missing", "须说明原因", "the reason is missing";
    }
}

words! {
    /// What is wrong with a body's report itself.
    pub enum ReportFault {
        SamePerson = "same_person", "审核人须不同于检验人", "who checked is not who tested";
    }
}

/// Whether a body's report has two signers. They are people of another house, known here by their names only.
///
/// # Errors
/// [`ReportFault::SamePerson`].
pub fn signed_by_two(tested_by: &str, checked_by: &str) -> Result<(), ReportFault> {
    let (tested_by, checked_by) = (tested_by.trim(), checked_by.trim());
    let is_one = !tested_by.is_empty() && tested_by == checked_by;
    if is_one { Err(ReportFault::SamePerson) } else { Ok(()) }
}

/// What is known of a sample when somebody applies or decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whether its conclusion in force is nonconforming.
    pub is_nonconforming: bool,
    /// Items that fail.
    pub failing: BTreeSet<String>,
    /// Those of them that are microbiological.
    pub microbiological: BTreeSet<String>,
    /// The last day of the shelf life, where it can be read.
    pub shelf_life_ends: Option<Date>,
    /// The first instant at which the applicant is late; none where no proven service has begun the clock, or nobody can tell.
    pub late_from: Option<Timestamp>,
    /// Whether another re-inspection of it is open.
    pub has_open: bool,
    /// Whether a body has reported on it before.
    pub was_reinspected: bool,
    /// The laboratory of the first report.
    pub first_lab: Option<LabId>,
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Who applies.
    pub applicant: Applicant,
    /// When it reached the department.
    pub at: Timestamp,
    /// The items that are to be tested again.
    pub items: BTreeSet<String>,
}

impl Application {
    /// Whether it can be recorded at all. Grounds of refusal are none of this: a late application is recorded and refused.
    ///
    /// # Errors
    /// [`ReinspectionDenial`].
    pub fn check(&self, facts: &Facts, actor: &Actor) -> Result<(), ReinspectionDenial> {
        use ReinspectionDenial as Denial;
        let has = |holds: bool, denial| if holds { Ok(()) } else { Err(denial) };
        has(actor.roles.contains(&Role::Reviewer), Denial::WrongRole)?;
        has(facts.is_nonconforming, Denial::NotNonconforming)?;
        has(!facts.has_open, Denial::AnotherOpen)?;
        has(!self.items.is_empty(), Denial::ItemsMissing)?;
        has(self.items.is_subset(&facts.failing), Denial::ItemNotFailing)
    }

    /// The grounds that hold by what is on the record; `today` is China's.
    #[must_use]
    pub fn grounds(&self, facts: &Facts, today: Date) -> BTreeSet<Ground> {
        let holds = [
            (Ground::Microbiological, !self.items.is_disjoint(&facts.microbiological)),
            (Ground::BackupExpired, facts.shelf_life_ends.is_some_and(|end| end < today)),
            (Ground::Late, facts.late_from.is_some_and(|late_from| self.at >= late_from)),
            (Ground::Reinspected, facts.was_reinspected),
        ];
        holds.into_iter().filter_map(|(ground, holds)| holds.then_some(ground)).collect()
    }
}

/// What is done in a re-inspection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The department takes the application on.
    Accept,
    /// The department refuses it.
    Refuse(Ground),
    /// The department names the body.
    NameBody(OrganisationId),
    /// The first laboratory hands the backup over.
    HandOver,
    /// The body reports: its items, and whether all of them, one, or none can be judged.
    Report(Finding),
    /// The applicant withdraws.
    Withdraw {
        /// Why.
        reason: String,
    },
}

/// What a body found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The items it reports on.
    pub items: BTreeSet<String>,
    /// Whether any of them cannot be judged.
    pub not_judgeable: bool,
    /// Whether the sample as a whole conforms, its other items standing as they stood.
    pub conforms: bool,
}

/// A re-inspection as an act finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proceeding {
    /// Its state.
    pub state: ReinspectionState,
    /// What was applied for.
    pub application: Application,
    /// The body, once it is named.
    pub body: Option<OrganisationId>,
}

/// Where a re-inspection stands after an act of somebody of an organisation; `today` is China's.
///
/// # Errors
/// [`ReinspectionDenial`].
pub fn apply(
    proceeding: &Proceeding,
    (act, facts): (&Act, &Facts),
    (actor, organisation): (&Actor, OrganisationId),
    today: Date,
) -> Result<ReinspectionState, ReinspectionDenial> {
    use ReinspectionDenial as Denial;
    let next = next(proceeding.state, act).ok_or(Denial::WrongState)?;
    if !may(proceeding, (act, facts), (actor, organisation)) {
        return Err(Denial::WrongRole);
    }
    // A sample that was voided meanwhile, or whose conclusion is another by now, is tested no further: only ended.
    let is_ending = matches!(act, Act::Refuse(_) | Act::Withdraw { .. });
    if !facts.is_nonconforming && !is_ending {
        return Err(Denial::NotNonconforming);
    }
    let grounds = proceeding.application.grounds(facts, today);
    let is_found = |ground: &Ground| !matches!(ground, Ground::BackupUnusable | Ground::NoAgreement);
    match act {
        Act::Accept if !grounds.is_empty() => Err(Denial::GroundHolds),
        // What the record can tell is not claimed against it.
        Act::Refuse(ground) if is_found(ground) && !grounds.contains(ground) => Err(Denial::GroundUnfounded),
        Act::NameBody(body) if facts.first_lab.is_some_and(|lab| lab.0 == body.0) => Err(Denial::SameLaboratory),
        Act::Report(finding) if finding.items != proceeding.application.items => Err(Denial::ResultMissing),
        Act::Report(finding) if finding.not_judgeable => Err(Denial::NotJudgeable),
        Act::Withdraw { reason } if reason.trim().is_empty() => Err(Denial::ReasonMissing),
        _ => Ok(next),
    }
}

/// The table of the states: none where the act does not belong.
fn next(state: ReinspectionState, act: &Act) -> Option<ReinspectionState> {
    use ReinspectionState::{Accepted, Applied, BackupHandedOver, BodyNamed, Overturned, Refused, Upheld, Withdrawn};
    match (state, act) {
        (Applied, Act::Accept) => Some(Accepted),
        (Applied, Act::Refuse(_)) => Some(Refused),
        // Another body may be named until one has the backup.
        (Accepted | BodyNamed, Act::NameBody(_)) => Some(BodyNamed),
        (BodyNamed, Act::HandOver) => Some(BackupHandedOver),
        (BackupHandedOver, Act::Report(finding)) => Some(if finding.conforms { Overturned } else { Upheld }),
        // A body that cannot test it says so: the department refuses it then.
        (Accepted | BodyNamed | BackupHandedOver, Act::Refuse(Ground::BackupUnusable)) => Some(Refused),
        (state, Act::Withdraw { .. }) if state.is_open() => Some(Withdrawn),
        _ => None,
    }
}

/// Whether it is this person's act: the department's, the first laboratory's, or the body's.
fn may(proceeding: &Proceeding, (act, facts): (&Act, &Facts), (actor, organisation): (&Actor, OrganisationId)) -> bool {
    match act {
        Act::Accept | Act::Refuse(_) | Act::NameBody(_) | Act::Withdraw { .. } => actor.roles.contains(&Role::Reviewer),
        Act::HandOver => {
            let is_first = facts.first_lab.is_some_and(|lab| lab.0 == organisation.0);
            is_first && actor.roles.contains(&Role::Receiver)
        }
        Act::Report(_) => proceeding.body == Some(organisation) && actor.roles.contains(&Role::Approver),
    }
}
