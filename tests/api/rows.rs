//! Whether anything was written: how many rows each table has, and how often they were changed.

use crate::forms::{Stand, spinach};
use crate::on_both;
use crate::people::{House, Who};
use crate::server::Server;
use hege_app::{Store, StoreError};

/// Every table that a request could write to, with what of its rows changes when one of them is changed.
const TABLES: [(&str, &str); 36] = [
    ("alert", "revision"),
    ("alert_event", "0"),
    ("amendment", "0"),
    ("attachment", "0"),
    ("audit", "0"),
    ("bulletin", "revision"),
    ("bulletin_entry", "revision"),
    ("calendar_day", "0"),
    ("conclusion", "0"),
    ("criterion", "revision"),
    ("custody_event", "0"),
    ("deadline_rule", "revision"),
    ("disposal", "revision"),
    ("form_no_counter", "next"),
    ("idempotency", "0"),
    ("indicator", "0"),
    ("indicator_evidence", "0"),
    ("item", "revision"),
    ("mail", "attempts"),
    ("objection", "revision"),
    ("organisation", "revision"),
    ("outbox", "0"),
    ("person", "revision"),
    ("plan", "revision"),
    ("quota", "revision"),
    ("rate_cell", "conforming + 3 * nonconforming + 5 * pending + 7 * voided"),
    ("refresh_token", "0"),
    ("sample", "revision"),
    ("seal", "0"),
    ("session", "CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END"),
    ("setting", "revision"),
    ("signing_key", "0"),
    ("subscription", "revision"),
    ("target", "0"),
    ("task", "revision"),
    ("task_outcome", "0"),
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
        for (table, changes) in TABLES {
            count(store, table, changes).unwrap();
        }
        Self(store)
    }

    /// The tables that have other rows now.
    fn changed(&self) -> Vec<&'static str> {
        let is_changed = |(table, changes): &(&str, &str)| match count(self.0, table, changes) {
            Err(StoreError::Duplicate(_)) => false,
            outcome => outcome.map(|()| true).unwrap(),
        };
        TABLES.into_iter().filter(is_changed).map(|(table, _)| table).collect()
    }

    /// That no table has other rows.
    #[track_caller]
    pub(crate) fn are_as_before(&self, after: &str) {
        assert_eq!(self.changed(), Vec::<&str>::new(), "after {after}");
    }
}

fn count(store: &Store, table: &str, changes: &str) -> Result<(), StoreError> {
    let sum = format!("coalesce(sum({changes}), 0)");
    store.execute(&format!("INSERT INTO counted SELECT '{table}', count(*) || ' ' || {sum} FROM {table}"))
}

#[test]
fn a_row_that_was_written_is_noticed() {
    on_both(|server| {
        let (inspector, checked) = (server.who(Who::Inspector), server.at(Stand::Checked));
        let approver = server.who(Who::Approver);
        let rows = Rows::of(server);
        assert_eq!(rows.changed(), Vec::<&str>::new());
        let sample = inspector.register(&spinach(server)).ok()["sample"].clone();
        let written = ["audit", "custody_event", "idempotency", "item", "rate_cell", "sample"];
        assert_eq!(rows.changed(), written);
        inspector.seal(&sample, &House::Laboratory.id().to_string()).ok();
        assert_eq!(rows.changed(), ["audit", "custody_event", "sample", "seal"]);
        approver.approve(&checked).ok();
        assert_eq!(rows.changed(), ["audit", "conclusion", "custody_event", "outbox", "rate_cell", "sample"]);
        approver.end();
        assert_eq!(rows.changed(), ["audit", "session"]);
    });
}
