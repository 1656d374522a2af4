//! Use cases: one function for each thing a person does. Each is one transaction, with its custody, audit and cells in it.
//!
//! Invariants
//! - Nothing is decided here that a pure crate can decide; nothing is queried here that a noun of the store does not offer.
//! - Time and new ids come in with the [`Call`]; a use case may run twice and gives the same rows.

pub mod after_verdict;
pub mod alerts;
pub mod amendments;
pub mod attachments;
pub mod audits;
pub mod bulletins;
pub mod calendars;
pub mod catalogue;
pub mod coverage;
pub mod criteria;
pub mod custody;
pub mod deadlines;
pub mod demo;
pub mod evidence;
pub mod fields;
pub mod form_numbers;
pub mod hints;
pub mod imports;
pub mod indicators;
pub mod known;
pub mod mail;
pub mod once;
pub mod organisations;
pub mod people;
pub mod personal;
pub mod plans;
pub mod quotas;
pub mod rates;
pub mod reference;
pub mod results;
pub mod samples;
pub mod sessions;
pub mod setup;
pub mod subscriptions;
pub mod tasks;
pub mod verify;
pub mod watch;
pub mod worker;

mod attempts;
mod given;
mod keys;
mod notify;
mod record;

pub use hege_auth::sealed::DataKey;
pub use hege_store::backup::settle;
pub use hege_store::{Error as StoreError, Store};

use hege_core::region::RegionLevel;
use hege_core::{City, OrganisationId, Problem, Problems, RegionCode, Stage, UserId};
use hege_sampling::disposal::DisposalDenial;
use hege_sampling::life_cycle::{Actor, Denial};
use hege_sampling::objection::ObjectionDenial;
use hege_sampling::publication::PublicationDenial;
use hege_sampling::reinspection::ReinspectionDenial;
use hege_store::AsStoreError;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The province: its region, under whose shard stands what belongs to it as a whole.
pub const PROVINCE: RegionCode = match RegionCode::new(330_000) {
    Ok(code) => code,
    Err(_) => panic!("six digits"),
};

/// How far a person sees: 权限范围.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The region whose subtree is seen.
    pub region: RegionCode,
    /// The stages that are seen; empty for every one.
    pub stages: BTreeSet<Stage>,
}

impl Scope {
    /// Whether a stage is seen.
    #[must_use]
    pub fn sees_stage(&self, stage: Stage) -> bool {
        self.stages.is_empty() || self.stages.contains(&stage)
    }

    /// What speaks against a form of this stage and region.
    #[must_use]
    pub fn objection(&self, stage: Stage, region: RegionCode) -> Option<Problem> {
        let at = match (self.sees_stage(stage), self.sees_region(region)) {
            (true, true) => return None,
            (false, _) => "/stage",
            (true, false) => "/region",
        };
        Some(Problem::new(at, "outside_scope", "不在您的权限范围内", "outside your scope"))
    }

    /// Whether nothing can be seen that is not seen here.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let stages = self.stages.is_empty() || (!other.stages.is_empty() && other.stages.is_subset(&self.stages));
        stages && self.sees_region(other.region)
    }

    /// Whether it is the whole province with every stage.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.stages.is_empty() && self.region == PROVINCE
    }

    /// Whether a region is seen.
    #[must_use]
    pub const fn sees_region(&self, region: RegionCode) -> bool {
        self.region.contains(region)
    }
}

/// Who changes something that is no sample's, when, and under which new id the audit row is written. Nobody for the command
/// line and the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The person.
    pub person: Option<UserId>,
    /// The clock.
    pub at: Timestamp,
    /// A UUIDv7.
    pub audit_id: Uuid,
}

/// Who calls, when, and under which new id its audit row is written.
#[derive(Debug, Clone)]
pub struct Call {
    /// The person with their roles.
    pub actor: Actor,
    /// The organisation the person acts for: a sampling organisation or a laboratory. Samples of others are not there for them.
    pub organisation: OrganisationId,
    /// How far the person sees.
    pub scope: Scope,
    /// The clock.
    pub at: Timestamp,
    /// A UUIDv7 for the audit row; a call that is repeated with it has one effect.
    pub audit_id: Uuid,
}

impl Call {
    /// The person.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.actor.user
    }

    /// The person as the author of a change that is no sample's.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        Mark { person: Some(self.actor.user), at: self.at, audit_id: self.audit_id }
    }
}

/// Why a use case did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is wrong, field by field.
    #[error("the input has problems")]
    Invalid(Problems),
    /// No such sample, or not for this person.
    #[error("not found")]
    NotFound,
    /// The life cycle forbids it.
    #[error("denied: {0}")]
    Denied(Denial),
    /// The life cycle forbids it because of these items, named by their analyte.
    #[error("denied: {0}")]
    DeniedFor(Denial, BTreeSet<String>),
    /// The rules of re-inspection forbid it.
    #[error("denied: {0}")]
    Reinspection(ReinspectionDenial),
    /// The rules of objections forbid it.
    #[error("denied: {0}")]
    Objection(ObjectionDenial),
    /// The rules of publication forbid it.
    #[error("denied: {0}")]
    Publication(PublicationDenial),
    /// The rules of disposal forbid it.
    #[error("denied: {0}")]
    Disposal(DisposalDenial),
    /// It would reach beyond what the person sees: 403 `outside_scope`.
    #[error("outside the scope of the person")]
    OutsideScope,
    /// Somebody was faster: what was seen has another revision by now.
    #[error("it has changed meanwhile")]
    Conflict,
    /// Too many ask for the same: whoever comes again after this long is listened to.
    #[error("too many attempts; come again in {0:#}")]
    Wait(SignedDuration),
    /// Nobody is let in.
    #[error("not let in: {0}")]
    Unauthorized(sessions::Refusal),
    /// Something is wrong with the program or its machine, and with nothing that was given.
    #[error("internal: {0}")]
    Internal(String),
    /// The key of this request was used for another one: 409 `idempotency_conflict`.
    #[error("the id was used for another registration")]
    Idempotency,
    /// Another file has the number of this attachment: 409 `attachment_taken`.
    #[error("another file has this number")]
    Taken,
    /// What shows a person is masked from this role: 403 `masked`.
    #[error("masked from this role")]
    Masked,
    /// The storage of files.
    #[error(transparent)]
    Files(#[from] hege_files::Error),
    /// Personal data that cannot be opened, or that came without being sealed.
    #[error("personal data cannot be opened or sealed")]
    Personal,
    /// The database.
    #[error(transparent)]
    Store(#[from] hege_store::Error),
}

impl Error {
    /// What the life cycle forbids, with the items that it is about.
    pub(crate) fn denied(denial: Denial, items: BTreeSet<String>) -> Self {
        if items.is_empty() { Self::Denied(denial) } else { Self::DeniedFor(denial, items) }
    }
}

impl AsStoreError for Error {
    fn as_store_error(&self) -> Option<&hege_store::Error> {
        if let Self::Store(error) = self { Some(error) } else { None }
    }
}

impl From<ReinspectionDenial> for Error {
    fn from(denial: ReinspectionDenial) -> Self {
        Self::Reinspection(denial)
    }
}

impl From<ObjectionDenial> for Error {
    fn from(denial: ObjectionDenial) -> Self {
        Self::Objection(denial)
    }
}

impl From<PublicationDenial> for Error {
    fn from(denial: PublicationDenial) -> Self {
        Self::Publication(denial)
    }
}

impl From<DisposalDenial> for Error {
    fn from(denial: DisposalDenial) -> Self {
        Self::Disposal(denial)
    }
}

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

/// The stored form of a city.
fn stored(city: City) -> i32 {
    i32::from(city.get())
}

/// The codes of a region's counties, from and until, as stored.
fn counties(region: RegionCode) -> (i32, i32) {
    let code = i32::try_from(region.get()).unwrap_or(i32::MAX);
    match region.level() {
        RegionLevel::Province => (code, code.saturating_add(9_999)),
        RegionLevel::City => (code, code.saturating_add(99)),
        RegionLevel::County => (code, code),
    }
}
