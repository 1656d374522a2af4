//! Use cases: one function for each thing a person does. Each is one transaction, with its custody, audit and cells in it.
//!
//! Invariants
//! - Nothing is decided here that a pure crate can decide; nothing is queried here that a noun of the store does not offer.
//! - Time and new ids come in with the [`Call`]; a use case may run twice and gives the same rows.

pub mod catalogue;
pub mod demo;
pub mod rates;
pub mod reference;
pub mod results;
pub mod samples;

mod record;

use hege_core::{City, OrganisationId, Problems, UserId};
use hege_sampling::life_cycle::{Actor, Denial};
use hege_store::AsStoreError;
use jiff::Timestamp;
use uuid::Uuid;

/// Who calls, when, and under which new id its audit row is written.
#[derive(Debug, Clone)]
pub struct Call {
    /// The person with their roles.
    pub actor: Actor,
    /// The organisation the person acts for: a sampling organisation or a laboratory. Samples of others are not there for them.
    pub organisation: OrganisationId,
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
    /// Somebody was faster: the sample has another revision by now.
    #[error("the sample has changed meanwhile")]
    Conflict,
    /// The database.
    #[error(transparent)]
    Store(#[from] hege_store::Error),
}

impl AsStoreError for Error {
    fn as_store_error(&self) -> Option<&hege_store::Error> {
        if let Self::Store(error) = self { Some(error) } else { None }
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
