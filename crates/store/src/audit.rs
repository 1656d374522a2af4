//! 审计: append-only, with the hash of each row touched; linked into a chain per city afterwards.

use crate::schema::{audit, audit_seal};
use crate::types::{Doc, Id, Ts};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A row whose state is hashed into the audit.
pub trait Audited: Serialize {
    /// Its table.
    const TABLE: &'static str;
    /// Its key as printed.
    fn key(&self) -> String;

    /// Which of the row's states this is: of two recorded ones the higher is the last, whatever the clocks said. 0 for a row that
    /// never changes.
    fn revision(&self) -> i64 {
        0
    }

    /// `[table, key, hash, revision]` as it stands in an audit row.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the row cannot be written as JSON.
    fn touched(&self) -> Result<Value, Error> {
        let state = serde_json::to_value(self).map_err(|_not_json| Error::Corrupt(Self::TABLE))?;
        Ok(json!([Self::TABLE, self.key(), hash(&state), self.revision()]))
    }
}

/// An audit row.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = audit, treat_none_as_default_value = false)]
pub struct AuditRow {
    /// The shard.
    pub city: i32,
    /// UUIDv7, so that rows of one instant keep their order.
    pub id: Id,
    /// When.
    pub at: Ts,
    /// Who; none for the clock.
    pub person_id: Option<Id>,
    /// What was done.
    pub action: String,
    /// `[[table, key, hash, revision], ...]`: the new state of each row it touched.
    pub rows: Doc,
    /// Reason, old and new where they are told.
    pub detail: Doc,
    /// Which seal holds it; none in the unsealed tail. No part of the row's own hash.
    #[serde(skip)]
    pub seal: Option<i64>,
}

/// A link of a city's chain.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_seal)]
pub struct Seal {
    /// The shard.
    pub city: i32,
    /// 1, 2, ...
    pub seq: i64,
    /// `[[audit id, hash], ...]`.
    pub entries: Doc,
    /// The hash of the link before; empty for the first.
    pub previous: Vec<u8>,
    /// SHA-256 over city, seq, previous and entries.
    pub hash: Vec<u8>,
    /// When it was sealed.
    pub at: Ts,
}

/// SHA-256 of a JSON value in its canonical form: keys sorted, no spaces. Hexadecimal.
#[must_use]
pub fn hash(value: &Value) -> String {
    hex::encode(Sha256::digest(canonical(value)))
}

/// A JSON value in its canonical form.
pub(crate) fn canonical(value: &Value) -> String {
    // A value has text for its keys and no number that JSON does not know: nothing in it can fail to be written.
    serde_json::to_string(&Sorted(value)).unwrap_or_default()
}

/// Writes a value with its keys sorted, without a copy of it: every row that is touched is written so.
struct Sorted<'a>(&'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => {
                let mut fields: Vec<(&String, &Value)> = map.iter().collect();
                fields.sort_by_key(|(name, _)| *name);
                serializer.collect_map(fields.into_iter().map(|(name, value)| (name, Sorted(value))))
            }
            Value::Array(values) => serializer.collect_seq(values.iter().map(Sorted)),
            other => other.serialize(serializer),
        }
    }
}

/// The hash of an audit row itself.
///
/// # Errors
/// [`Error::Corrupt`] when it cannot be written as JSON.
pub fn row_hash(row: &AuditRow) -> Result<String, Error> {
    serde_json::to_value(row).map(|state| hash(&state)).map_err(|_not_json| Error::Corrupt("audit"))
}

/// The hash of a link.
#[must_use]
pub fn seal_hash(city: i32, seq: i64, previous: &[u8], entries: &Value) -> Vec<u8> {
    let link = json!([city, seq, hex::encode(previous), entries]);
    Sha256::digest(canonical(&link)).to_vec()
}

/// The link of a city's rows after its last one.
///
/// # Errors
/// [`Error::Corrupt`] when a row cannot be written as JSON.
pub fn seal_of(city: i32, last: Option<&Seal>, (rows, at): (&[AuditRow], Ts)) -> Result<Seal, Error> {
    let (seq, previous) = last.map_or((1, Vec::new()), |seal| (seal.seq + 1, seal.hash.clone()));
    let entries =
        rows.iter().map(|row| Ok(json!([row.id.0.to_string(), row_hash(row)?]))).collect::<Result<_, Error>>()?;
    let entries = Value::Array(entries);
    let hash = seal_hash(city, seq, &previous, &entries);
    Ok(Seal { city, seq, entries: Doc(entries), previous, hash, at })
}

/// Appends a row. Called in the transaction that it records.
///
/// # Errors
/// [`Error::Duplicate`] when the id is taken.
pub fn audit_append(conn: &mut Conn, row: &AuditRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(audit::table).values(row).execute(c))?;
    Ok(())
}

/// Seals up to `limit` rows of a city's unsealed tail, oldest first; the number sealed. Two sealers at once: one of them gets
/// [`Error::Duplicate`] for its link and changes nothing.
///
/// # Errors
/// Those of the database.
pub fn audit_seal(conn: &mut Conn, city: i32, at: Ts, limit: i64) -> Result<usize, Error> {
    let rows: Vec<AuditRow> = on!(conn, c => audit::table
        .filter(audit::city.eq(city).and(audit::seal.is_null()))
        .order((audit::at, audit::id))
        .limit(limit)
        .select(AuditRow::as_select())
        .load(c))?;
    if rows.is_empty() {
        return Ok(0);
    }
    let last: Option<Seal> = on!(conn, c => audit_seal::table
        .filter(audit_seal::city.eq(city))
        .order(audit_seal::seq.desc())
        .select(Seal::as_select())
        .first(c)
        .optional())?;
    let seal = seal_of(city, last.as_ref(), (&rows, at))?;
    let seq = seal.seq;
    on!(conn, c => diesel::insert_into(audit_seal::table).values(&seal).execute(c))?;
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    on!(conn, c => diesel::update(audit::table.filter(audit::city.eq(city).and(audit::id.eq_any(ids))))
        .set(audit::seal.eq(Some(seq)))
        .execute(c))?;
    Ok(rows.len())
}

/// The rows from an instant on, at most 1000, oldest first.
///
/// # Errors
/// Those of the database.
pub fn audit_since(conn: &mut Conn, from: Ts) -> Result<Vec<AuditRow>, Error> {
    Ok(on!(conn, c => audit::table
        .filter(audit::at.ge(from))
        .order((audit::at, audit::id))
        .limit(1000)
        .select(AuditRow::as_select())
        .load(c))?)
}

/// The cities with rows that are in no link yet.
///
/// # Errors
/// Those of the database.
pub fn cities_unsealed(conn: &mut Conn) -> Result<Vec<i32>, Error> {
    Ok(on!(conn, c => audit::table.filter(audit::seal.is_null()).select(audit::city).distinct().load(c))?)
}

/// The instant of the latest row whose action is none of `except`.
///
/// # Errors
/// Those of the database.
pub fn audit_latest(conn: &mut Conn, except: &[&str]) -> Result<Option<Ts>, Error> {
    Ok(on!(conn, c => audit::table
        .filter(audit::action.ne_all(except.to_vec()).and(audit::person_id.is_not_null()))
        .order(audit::at.desc())
        .select(audit::at)
        .first(c)
        .optional())?)
}
