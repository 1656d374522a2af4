//! Whether anything was written: how many rows each table has, and how often they were changed.

use crate::server::Server;
use hege_app::{Store, StoreError};

/// Every table that a request could write to, with whether its rows have a revision.
const TABLES: [(&str, bool); 19] = [
    ("setting", true),
    ("organisation", true),
    ("person", true),
    ("session", false),
    ("refresh_token", false),
    ("signing_key", false),
    ("criterion", true),
    ("plan", true),
    ("target", false),
    ("sample", true),
    ("item", true),
    ("conclusion", false),
    ("amendment", false),
    ("custody_event", false),
    ("alert", true),
    ("alert_event", false),
    ("audit", false),
    ("outbox", false),
    ("idempotency", false),
];

/// The rows as they were. They are counted by the database itself, in a table of their own: a count that stands there already
/// is refused, and that says that nothing changed.
pub(crate) struct Rows<'a>(&'a Store);

impl<'a> Rows<'a> {
    /// The rows now. The worker ends: from here on nothing is written that no request asked for.
    pub(crate) fn of(server: &'a Server) -> Self {
        server.stop_working();
        let store = &server.store;
        let table = "CREATE TABLE IF NOT EXISTS counted (name TEXT NOT NULL, n TEXT NOT NULL, PRIMARY KEY (name, n))";
        store.execute(&format!("{table}; DELETE FROM counted")).unwrap();
        for (table, revised) in TABLES {
            count(store, table, revised).unwrap();
        }
        Self(store)
    }

    /// That no table has another number of rows, or rows with other revisions.
    #[track_caller]
    pub(crate) fn are_as_before(&self, after: &str) {
        for (table, revised) in TABLES {
            match count(self.0, table, revised) {
                Err(StoreError::Duplicate(_)) => {}
                outcome => panic!("after {after}: `{table}` was written to ({outcome:?})"),
            }
        }
    }
}

fn count(store: &Store, table: &str, revised: bool) -> Result<(), StoreError> {
    let revisions = if revised { "coalesce(sum(revision), 0)" } else { "0" };
    store.execute(&format!("INSERT INTO counted SELECT '{table}', count(*) || ' ' || {revisions} FROM {table}"))
}
