//! What grows with samples: search, and the layout that keeps them on their shard. On SQLite and on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test fails by panicking; made-up numbers are small"
)]

mod cases;
mod fill;
mod lint;
mod plans;
mod purge;
mod samples;
mod search;
mod verify;
