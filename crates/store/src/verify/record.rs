//! What a city's record says of its rows, laid out by key on the disk: a record has no order in which it could be held against
//! rows page by page, and may be larger than memory.

use crate::Error;
use crate::audit::AuditRow;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::sqlite::SqliteConnection;
use diesel::upsert::excluded;
use serde_json::Value;
use std::collections::BTreeMap;

diesel::table! {
    /// Of each row its last revision, when that was recorded, and its hash.
    recorded (owner, key) {
        owner -> Text,
        key -> Text,
        revision -> BigInt,
        at -> BigInt,
        hash -> Text,
    }
}

diesel::table! {
    /// Entries of links: which audit row has which hash, the `n`th of its link.
    linked (audit_id, seq, n) {
        audit_id -> Text,
        seq -> BigInt,
        n -> BigInt,
        hash -> Text,
    }
}

/// From a key on, and before another one; none for the last of all.
pub(super) type Keys = (String, Option<String>);

/// A city's record by key, in a file that SQLite makes where it keeps what is temporary (`SQLITE_TMPDIR`, `TMPDIR`) and
/// takes away by itself. As much of it as fits into its cache is never written.
pub(super) struct Record(SqliteConnection);

/// A field of an entry, as it stands in JSON.
fn text(entry: &Value, index: usize) -> &str {
    entry.get(index).and_then(Value::as_str).unwrap_or_default()
}

impl Record {
    /// An empty one.
    pub(super) fn new() -> Result<Self, Error> {
        let mut conn = SqliteConnection::establish("")?;
        conn.batch_execute(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16384; PRAGMA temp_store=FILE;
             CREATE TABLE recorded (owner TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, at INTEGER NOT NULL,
                 hash TEXT NOT NULL, PRIMARY KEY (owner, key)) STRICT, WITHOUT ROWID;
             CREATE TABLE linked (audit_id TEXT NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL, hash TEXT NOT NULL,
                 PRIMARY KEY (audit_id, seq, n)) STRICT, WITHOUT ROWID;
             BEGIN;",
        )?;
        Ok(Self(conn))
    }

    /// Takes note of the entries of a link.
    pub(super) fn link(&mut self, link: i64, entries: &Value) -> Result<(), Error> {
        for (nth, entry) in (0_i64..).zip(entries.as_array().into_iter().flatten()) {
            diesel::insert_into(linked::table)
                .values((
                    linked::audit_id.eq(text(entry, 0)),
                    linked::seq.eq(link),
                    linked::n.eq(nth),
                    linked::hash.eq(text(entry, 1)),
                ))
                .execute(&mut self.0)?;
        }
        Ok(())
    }

    /// Takes note of what an audit row recorded: of two states of a row the higher revision is the last, and of one revision
    /// the later record.
    pub(super) fn note(&mut self, audit: &AuditRow) -> Result<(), Error> {
        for row in audit.rows.0.as_array().into_iter().flatten() {
            let put = diesel::insert_into(recorded::table)
                .values((
                    recorded::owner.eq(text(row, 0)),
                    recorded::key.eq(text(row, 1)),
                    recorded::revision.eq(row.get(3).and_then(Value::as_i64).unwrap_or_default()),
                    recorded::at.eq(audit.at.0.as_microsecond()),
                    recorded::hash.eq(text(row, 2)),
                ))
                .on_conflict((recorded::owner, recorded::key))
                .do_update()
                .set((
                    recorded::revision.eq(excluded(recorded::revision)),
                    recorded::at.eq(excluded(recorded::at)),
                    recorded::hash.eq(excluded(recorded::hash)),
                ));
            let (revision, at) = (excluded(recorded::revision), excluded(recorded::at));
            let is_later = revision.eq(recorded::revision).and(at.ge(recorded::at));
            methods::FilterDsl::filter(put, revision.gt(recorded::revision).or(is_later)).execute(&mut self.0)?;
        }
        Ok(())
    }

    /// The entries of links whose audit ids lie between these: id, link, hash.
    pub(super) fn links(&mut self, keys: &Keys) -> Result<Vec<(String, i64, String)>, Error> {
        let mut query = linked::table.filter(linked::audit_id.ge(&keys.0)).into_boxed();
        if let Some(before) = &keys.1 {
            query = query.filter(linked::audit_id.lt(before));
        }
        let entries = query.order((linked::seq, linked::n)).select((linked::audit_id, linked::seq, linked::hash));
        Ok(entries.load(&mut self.0)?)
    }

    /// Of each recorded row of a table whose key lies between these the hash.
    pub(super) fn rows(&mut self, table: &str, keys: &Keys) -> Result<BTreeMap<String, String>, Error> {
        let mut query = recorded::table.filter(recorded::owner.eq(table).and(recorded::key.ge(&keys.0))).into_boxed();
        if let Some(before) = &keys.1 {
            query = query.filter(recorded::key.lt(before));
        }
        let rows: Vec<(String, String)> = query.select((recorded::key, recorded::hash)).load(&mut self.0)?;
        Ok(rows.into_iter().collect())
    }

    /// The tables of which rows were recorded.
    pub(super) fn tables(&mut self) -> Result<Vec<String>, Error> {
        let tables = recorded::table.select(recorded::owner).distinct().order(recorded::owner);
        Ok(tables.load(&mut self.0)?)
    }
}
