//! For tests only: an empty database of each kind for every test, a clock that stands still until it is told to move, and a mail
//! server.
//!
//! Every test of stored data runs on both databases, so a test asks for [`databases`] and loops. Each call gives
//! databases that nobody else has: a file of its own in a temporary folder, and a schema of its own in the PostgreSQL that
//! `HEGE_TEST_POSTGRES` names. Both are gone when the [`TestDb`] is dropped. Nothing is shared, so tests run side by side.
//!
//! Absent on purpose: Diesel, migrations and every crate of ours. What a test opens and fills is its own business, and a
//! crate that helps to test all of them may depend on none of them.

mod clock;
mod database;
mod mail;

pub use clock::Clock;
pub use database::{TestDb, databases};
pub use mail::MailServer;
