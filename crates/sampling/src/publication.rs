//! 公示: bulletins of results. Nothing about a result is public before (docs/DOMAIN.md 1.1, row 16).

use crate::life_cycle::Actor;
use hege_core::{Role, UserId, words};
use std::collections::BTreeSet;

words! {
    /// Where a bulletin stands.
    pub enum BulletinState {
        Draft = "draft", "草稿", "draft";
        Reviewed = "reviewed", "已审核", "reviewed";
        Published = "published", "已公示", "published";
        Withdrawn = "withdrawn", "已撤回", "withdrawn";
    }
}

words! {
    /// Why a sample cannot be listed.
    pub enum Hindrance {
        NotConcluded = "not_concluded", "尚无结论或结论已失效", "there is no conclusion in force";
        RiskMonitoring = "risk_monitoring", "风险监测不予公示", "risk monitoring is never published";
        NotServed = "not_served", "结果尚未送达或无送达凭证", "the result was not served, or nothing proves it";
        WindowOpen = "window_open", "异议、复检期限未满或无法确定", "the time to object or apply is not over, or not known";
        ObjectionOpen = "objection_open", "异议尚未办结", "an objection is open";
        ReinspectionOpen = "reinspection_open", "复检尚未办结", "a re-inspection is open";
        PublishedBefore = "published_before", "已在其他公告中公示", "another bulletin lists it";
    }
}

impl Hindrance {
    /// Whether an emergency, which two people answer for, overrides it.
    #[must_use]
    pub const fn gives_way(self) -> bool {
        matches!(self, Self::NotServed | Self::WindowOpen | Self::ObjectionOpen | Self::ReinspectionOpen)
    }
}

words! {
    /// Why an act about a bulletin is refused. Nothing has changed then.
    pub enum PublicationDenial {
        WrongState = "wrong_state", "公告当前状态不允许此操作", "not in the bulletin's present state";
        WrongRole = "wrong_role", "没有此操作的角色", "the role for it is missing";
        SecondPerson = "second_person_needed", "须由起草人以外的人审核", "another person than who drafted it has to review it";
        Changed = "changed_since_draft", "起草后样品有变化，须重新起草", "a sample has changed since the draft: draft it again";
    }
}

/// What is known of a sample that is to be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Its conclusion in force is conforming.
    pub is_conforming: bool,
    /// It is nonconforming, or fails as food of another producer than the one named.
    pub is_nonconforming: bool,
    /// It is of risk monitoring.
    pub is_risk: bool,
    /// Everybody was told the result whom it concerns, with proof and their rights.
    pub is_served: bool,
    /// Their time to object and to apply for a re-inspection is over.
    pub is_window_over: bool,
    /// An objection is open.
    pub has_open_objection: bool,
    /// A re-inspection is open.
    pub has_open_reinspection: bool,
    /// Another bulletin lists it, as a draft or published.
    pub is_listed: bool,
}

/// What keeps a sample from being listed, in an emergency or not.
#[must_use]
pub fn hindrances(facts: &Facts, is_emergency: bool) -> BTreeSet<Hindrance> {
    let failing = facts.is_nonconforming;
    let holds = [
        (Hindrance::NotConcluded, !facts.is_risk && !facts.is_conforming && !failing),
        (Hindrance::RiskMonitoring, facts.is_risk),
        (Hindrance::NotServed, failing && !facts.is_served),
        (Hindrance::WindowOpen, failing && facts.is_served && !facts.is_window_over),
        (Hindrance::ObjectionOpen, facts.has_open_objection),
        (Hindrance::ReinspectionOpen, facts.has_open_reinspection),
        (Hindrance::PublishedBefore, facts.is_listed),
    ];
    let found = holds.into_iter().filter_map(|(hindrance, holds)| holds.then_some(hindrance));
    found.filter(|hindrance| !is_emergency || !hindrance.gives_way()).collect()
}

/// What is done about a bulletin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A second person finds it right.
    Review,
    /// It becomes public.
    Publish,
    /// A note corrects what is public.
    Correct,
    /// It is taken back, with a note.
    Withdraw,
}

/// Where a bulletin stands after an act, drafted by somebody.
///
/// # Errors
/// [`PublicationDenial`].
pub fn apply(
    (state, drafted_by): (BulletinState, UserId),
    act: Act,
    actor: &Actor,
) -> Result<BulletinState, PublicationDenial> {
    use BulletinState::{Draft, Published, Reviewed, Withdrawn};
    let next = match (state, act) {
        (Draft, Act::Review) => Reviewed,
        (Reviewed, Act::Publish) | (Published, Act::Correct) => Published,
        (Draft | Reviewed | Published, Act::Withdraw) => Withdrawn,
        _ => return Err(PublicationDenial::WrongState),
    };
    let may = match act {
        Act::Review => actor.roles.contains(&Role::Reviewer) || actor.roles.contains(&Role::Publisher),
        Act::Publish | Act::Correct | Act::Withdraw => actor.roles.contains(&Role::Publisher),
    };
    if !may {
        Err(PublicationDenial::WrongRole)
    } else if act == Act::Review && actor.user == drafted_by {
        Err(PublicationDenial::SecondPerson)
    } else {
        Ok(next)
    }
}
