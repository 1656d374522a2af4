//! Diesel on SQLite and PostgreSQL: connections, the one way to write, queries by noun.
//!
//! Invariants
//! - Every write goes through [`Store::write`]; its closure may run twice.
//! - A mutable row has a `revision`; an update that finds another one touches nothing and says so.
//! - Rows live here, domain types in the pure crates; nothing is decided here.

pub mod alerts;
pub mod amendments;
pub mod audit;
pub mod cells;
pub mod criteria;
pub mod db;
pub mod form_numbers;
pub mod idempotency;
pub mod listing;
pub mod lives;
pub mod outbox;
pub mod people;
pub mod plans;
pub mod regions;
pub mod samples;
pub mod schema;
pub mod sessions;
pub mod tallies;
pub mod trace;
pub mod types;
pub mod verify;

pub use db::{AsStoreError, Conn, Store};

use diesel::result::{DatabaseErrorKind, Error as Diesel};

/// What can go wrong between the program and its database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `DATABASE_URL` names no database this program knows.
    #[error("the database URL must begin with sqlite:// or postgres://")]
    Url,
    /// No connection could be had.
    #[error("no connection to the database")]
    Pool(#[from] diesel::r2d2::PoolError),
    /// The database does not answer.
    #[error("the database cannot be reached")]
    Connection(#[from] diesel::ConnectionError),
    /// A migration failed.
    #[error("migration failed: {0}")]
    Migration(String),
    /// The database is another program's, or a later version of this one has brought it up to date.
    #[error("the database is another program's, or that of a later version of this one")]
    Foreign,
    /// A row with this key exists.
    #[error("a row with this key exists")]
    Duplicate(#[source] Diesel),
    /// PostgreSQL could not serialise the transaction; it may be run again.
    #[error("the transaction must be run again")]
    Retry(#[source] Diesel),
    /// The database is away or held by somebody else: the same may succeed later.
    #[error("the database is busy or away")]
    Busy(#[source] Diesel),
    /// Anything else.
    #[error("database error")]
    Query(#[source] Diesel),
    /// A stored value is none of those the program writes.
    #[error("the database holds a value that is not understood in {0}")]
    Corrupt(&'static str),
}

impl Error {
    /// True when the same transaction may succeed if it is run again.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Retry(_))
    }
}

impl From<Diesel> for Error {
    fn from(error: Diesel) -> Self {
        match &error {
            Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::Duplicate(error),
            Diesel::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Self::Retry(error),
            Diesel::DatabaseError(_, info) if info.message().contains("deadlock detected") => Self::Retry(error),
            Diesel::DatabaseError(DatabaseErrorKind::ClosedConnection, _) => Self::Busy(error),
            // Another process holds SQLite's file for longer than the busy handler waits.
            Diesel::DatabaseError(_, info) if info.message().contains("database is locked") => Self::Busy(error),
            _ => Self::Query(error),
        }
    }
}
