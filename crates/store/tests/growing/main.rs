//! What grows with samples: search, and the layout that keeps them on their shard. On SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod fill;
mod lint;
mod plans;
mod samples;
mod search;
