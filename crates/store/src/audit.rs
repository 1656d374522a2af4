//! 审计: append-only, with the hash of each row touched; linked into a chain per city afterwards.

use crate::schema::{audit, audit_seal};
use crate::types::{Doc, Id, Ts};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

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

/// Which rows of the record are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// A shard; none for every one.
    pub city: Option<i32>,
    /// Who did it.
    pub person: Option<Id>,
    /// Part of `rows`: its table, and the row's key too where one row is meant.
    pub touched: Option<(String, Option<String>)>,
    /// The first instant.
    pub from: Option<Ts>,
    /// The last one.
    pub to: Option<Ts>,
    /// The last row of the page before: when it was written, and its id.
    pub after: Option<(Ts, Id)>,
}

/// How `rows` as text begins to tell of a row: JSON has one form in SQLite's text and another in PostgreSQL's jsonb.
fn telling(conn: &Conn, (table, key): &(String, Option<String>)) -> String {
    let comma = if matches!(conn, Conn::Pg(_)) { ", " } else { "," };
    let text = |text: &str| Value::from(text).to_string();
    match key {
        Some(key) => format!("[{}{comma}{}{comma}", text(table), text(key)),
        None => format!("[{}{comma}", text(table)),
    }
}

/// A page of the record, the newest first.
///
/// # Errors
/// Those of the database.
pub fn audit_list(conn: &mut Conn, filter: &AuditFilter, limit: i64) -> Result<Vec<AuditRow>, Error> {
    let told = filter.touched.as_ref().map(|touched| telling(conn, touched));
    Ok(on!(conn, c => {
        let mut query = audit::table.into_boxed();
        if let Some(city) = filter.city {
            query = query.filter(audit::city.eq(city));
        }
        if let Some(person) = filter.person {
            query = query.filter(audit::person_id.eq(Some(person)));
        }
        if let Some(told) = told {
            // A substring, and no pattern: a key may hold `_` or `%`.
            query = query.filter(diesel::dsl::sql::<Bool>(r#"REPLACE(CAST("audit"."rows" AS TEXT), "#)
                .bind::<Text, _>(told)
                .sql(r#", '') <> CAST("audit"."rows" AS TEXT)"#));
        }
        if let Some(from) = filter.from {
            query = query.filter(audit::at.ge(from));
        }
        if let Some(to) = filter.to {
            query = query.filter(audit::at.le(to));
        }
        if let Some((at, id)) = filter.after {
            query = query.filter(audit::at.lt(at).or(audit::at.eq(at).and(audit::id.lt(id))));
        }
        query.order((audit::at.desc(), audit::id.desc())).limit(limit).select(AuditRow::as_select()).load(c)
    })?)
}

/// The last link of each shard's chain, and how many rows are in none yet.
///
/// # Errors
/// Those of the database.
pub fn audit_heads(conn: &mut Conn) -> Result<Vec<(i32, Option<Seal>, i64)>, Error> {
    let waiting: Vec<(i32, i64)> = on!(conn, c => audit::table
        .filter(audit::seal.is_null())
        .group_by(audit::city)
        .select((audit::city, diesel::dsl::count_star()))
        .load(c))?;
    let mut cities: BTreeMap<i32, i64> =
        on!(conn, c => audit_seal::table.select(audit_seal::city).distinct().load::<i32>(c))?
            .into_iter()
            .map(|city| (city, 0))
            .collect();
    cities.extend(waiting);
    let mut heads = Vec::with_capacity(cities.len());
    for (city, waiting) in cities {
        let last = on!(conn, c => audit_seal::table
            .filter(audit_seal::city.eq(city))
            .order(audit_seal::seq.desc())
            .select(Seal::as_select())
            .first(c)
            .optional())?;
        heads.push((city, last, waiting));
    }
    Ok(heads)
}
