//! Diesel on SQLite and PostgreSQL: connections, the one way to write, queries by noun.
//!
//! Invariants
//! - Every write goes through [`Store::write`]; its closure may run twice.
//! - A mutable row has a `revision`; an update that finds another one touches nothing and says so.
//! - Rows live here, domain types in the pure crates; nothing is decided here.

pub mod alerts;
pub mod amendments;
pub mod attachments;
pub mod audit;
pub mod backup;
pub mod batches;
pub mod bulletins;
pub mod cells;
pub mod coverage;
pub mod criteria;
pub mod db;
pub mod deadlines;
pub mod disposals;
pub mod evidence;
pub mod form_numbers;
pub mod gauges;
pub mod idempotency;
pub mod imports;
pub mod indicators;
pub mod judged;
pub mod listing;
pub mod lives;
pub mod logins;
pub mod mail;
mod names;
pub mod objections;
pub mod outbox;
pub mod people;
pub mod plans;
pub mod quotas;
pub mod regions;
pub mod reinspections;
pub mod samples;
pub mod schema;
pub mod seals;
pub mod search;
pub mod services;
pub mod sessions;
pub mod subscriptions;
pub mod tallies;
pub mod tasks;
pub mod trace;
pub mod types;
pub mod verify;

mod error;

pub use db::{AsStoreError, Conn, Store};
pub use error::Error;
