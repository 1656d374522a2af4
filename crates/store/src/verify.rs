//! `hege verify`: recomputes what the database says of itself and names what differs.

use crate::alerts::{AlertEvent, AlertRow};
use crate::amendments::AmendmentRow;
use crate::audit::{AuditRow, Audited, Seal, row_hash, seal_hash};
use crate::cells::CellRow;
use crate::criteria::criteria_list;
use crate::deadlines::deadline_rules_list;
use crate::imports::SampleImport;
use crate::people::{organisations_list, people_list};
use crate::plans::{plans_list, targets_of};
use crate::samples::{ConclusionRow, CustodyRow, Item, Sample};
use crate::schema::{
    alert, alert_event, amendment, audit, audit_seal, conclusion, custody_event, item, rate_cell, sample, sample_import,
};
use crate::subscriptions::subscriptions_list;
use crate::types::Word;
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_rates::{Cell, Standing};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Something that is not as the record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A row's state is not the one that was recorded last.
    Altered {
        /// Its table.
        table: String,
        /// Its key.
        key: String,
    },
    /// A row that was never recorded.
    Unrecorded {
        /// Its table.
        table: String,
        /// Its key.
        key: String,
    },
    /// A recorded row is gone.
    Missing {
        /// Its table.
        table: String,
        /// Its key.
        key: String,
    },
    /// A cell does not hold what the samples say.
    Cell(String),
    /// A sealed audit row was altered or is gone.
    Audit(String),
    /// A link of the chain does not follow from the one before.
    Chain(String),
}

/// Verifies one city: rows against their last recorded hash, cells against samples, audit rows against the chain.
///
/// # Errors
/// Those of the database.
pub fn verify_city(conn: &mut Conn, city: i32) -> Result<Vec<Finding>, Error> {
    let audits: Vec<AuditRow> = on!(conn, c => audit::table
        .filter(audit::city.eq(city))
        .order((audit::at, audit::id))
        .select(AuditRow::as_select())
        .load(c))?;
    let mut findings = Vec::new();
    rows(conn, city, &audits, &mut findings)?;
    cells(conn, city, &mut findings)?;
    chain(conn, city, &audits, &mut findings)?;
    Ok(findings)
}

/// The shards that hold anything recorded.
///
/// # Errors
/// Those of the database.
pub fn cities(conn: &mut Conn) -> Result<Vec<i32>, Error> {
    let mut cities: BTreeSet<i32> =
        on!(conn, c => audit::table.select(audit::city).distinct().load(c))?.into_iter().collect();
    // Also where the record itself was taken away.
    cities.extend(on!(conn, c => sample::table.select(sample::city).distinct().load::<i32>(c))?);
    cities.extend(on!(conn, c => rate_cell::table.select(rate_cell::city).distinct().load::<i32>(c))?);
    cities.extend(on!(conn, c => alert::table.select(alert::city).distinct().load::<i32>(c))?);
    cities.extend(on!(conn, c => audit_seal::table.select(audit_seal::city).distinct().load::<i32>(c))?);
    Ok(cities.into_iter().collect())
}

/// Of each row by table and key its last revision, and the hash of that.
type Recorded = BTreeMap<(String, String), (i64, String)>;

fn recorded(audits: &[AuditRow]) -> Recorded {
    let mut last = Recorded::new();
    for row in audits.iter().filter_map(|audit| audit.rows.0.as_array()).flatten() {
        let text = |index: usize| row.get(index).and_then(Value::as_str).unwrap_or_default().to_owned();
        let revision = row.get(3).and_then(Value::as_i64).unwrap_or_default();
        let known = last.entry((text(0), text(1))).or_insert((revision, String::new()));
        if revision >= known.0 {
            *known = (revision, text(2));
        }
    }
    last
}

fn rows(conn: &mut Conn, city: i32, audits: &[AuditRow], findings: &mut Vec<Finding>) -> Result<(), Error> {
    let mut recorded = recorded(audits);
    let samples: Vec<Sample> =
        on!(conn, c => sample::table.filter(sample::city.eq(city)).select(Sample::as_select()).load(c))?;
    compare(&samples, &mut recorded, findings)?;
    let items: Vec<Item> = on!(conn, c => item::table.filter(item::city.eq(city)).select(Item::as_select()).load(c))?;
    compare(&items, &mut recorded, findings)?;
    let conclusions: Vec<ConclusionRow> =
        on!(conn, c => conclusion::table.filter(conclusion::city.eq(city)).select(ConclusionRow::as_select()).load(c))?;
    compare(&conclusions, &mut recorded, findings)?;
    let custody: Vec<CustodyRow> = on!(conn, c => custody_event::table.filter(custody_event::city.eq(city)).select(CustodyRow::as_select()).load(c))?;
    compare(&custody, &mut recorded, findings)?;
    let amendments: Vec<AmendmentRow> =
        on!(conn, c => amendment::table.filter(amendment::city.eq(city)).select(AmendmentRow::as_select()).load(c))?;
    compare(&amendments, &mut recorded, findings)?;
    let imports: Vec<SampleImport> = on!(conn, c => sample_import::table.filter(sample_import::city.eq(city)).select(SampleImport::as_select()).load(c))?;
    compare(&imports, &mut recorded, findings)?;
    let alerts: Vec<AlertRow> =
        on!(conn, c => alert::table.filter(alert::city.eq(city)).select(AlertRow::as_select()).load(c))?;
    compare(&alerts, &mut recorded, findings)?;
    let alert_events: Vec<AlertEvent> =
        on!(conn, c => alert_event::table.filter(alert_event::city.eq(city)).select(AlertEvent::as_select()).load(c))?;
    compare(&alert_events, &mut recorded, findings)?;
    if city % 100 == 0 {
        provinces_own(conn, &mut recorded, findings)?;
    }
    findings.extend(recorded.into_keys().map(|(table, key)| Finding::Missing { table, key }));
    Ok(())
}

/// What stands under the province's own shard: people with their subscriptions, organisations, targets, criteria and rules of
/// deadlines.
fn provinces_own(conn: &mut Conn, recorded: &mut Recorded, findings: &mut Vec<Finding>) -> Result<(), Error> {
    compare(&people_list(conn)?, recorded, findings)?;
    compare(&subscriptions_list(conn)?, recorded, findings)?;
    compare(&organisations_list(conn)?, recorded, findings)?;
    compare(&criteria_list(conn)?, recorded, findings)?;
    compare(&deadline_rules_list(conn)?, recorded, findings)?;
    for plan in plans_list(conn)? {
        compare(&targets_of(conn, plan.id)?, recorded, findings)?;
    }
    Ok(())
}

/// Compares rows with what was recorded of them, and takes them out of the record.
fn compare<R: Audited>(rows: &[R], recorded: &mut Recorded, findings: &mut Vec<Finding>) -> Result<(), Error> {
    for row in rows {
        let (table, key) = (R::TABLE.to_owned(), row.key());
        let now = row.touched()?;
        match recorded.remove(&(table.clone(), key.clone())) {
            None => findings.push(Finding::Unrecorded { table, key }),
            Some((_, hash)) if now.get(2).and_then(Value::as_str) != Some(hash.as_str()) => {
                findings.push(Finding::Altered { table, key });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

type CellKey = (String, String, String, String, i32);

fn cells(conn: &mut Conn, city: i32, findings: &mut Vec<Finding>) -> Result<(), Error> {
    let samples: Vec<Sample> =
        on!(conn, c => sample::table.filter(sample::city.eq(city)).select(Sample::as_select()).load(c))?;
    let mut expected: BTreeMap<CellKey, Cell> = BTreeMap::new();
    for row in samples {
        let sector = row.sector.map(|Word(sector)| sector.code()).unwrap_or_default().to_owned();
        let words = (row.stage.0.code(), row.task_type.0.code(), row.sample_kind.0.code());
        let key = (words.0.to_owned(), sector, words.1.to_owned(), words.2.to_owned(), row.month);
        let cell = expected.entry(key).or_default();
        *cell = cell.plus(Cell::change(None::<Standing>, Some(row.standing.0)));
    }
    let stored: Vec<CellRow> =
        on!(conn, c => rate_cell::table.filter(rate_cell::city.eq(city)).select(CellRow::as_select()).load(c))?;
    for row in stored {
        let words = (row.stage.0.code(), row.task_type.0.code(), row.sample_kind.0.code());
        let key = (words.0.to_owned(), row.sector.clone(), words.1.to_owned(), words.2.to_owned(), row.month);
        if expected.remove(&key).unwrap_or_default() != row.cell() {
            findings.push(Finding::Cell(format!("{city:04} {key:?}")));
        }
    }
    findings.extend(expected.keys().map(|key| Finding::Cell(format!("{city:04} {key:?}"))));
    Ok(())
}

fn chain(conn: &mut Conn, city: i32, audits: &[AuditRow], findings: &mut Vec<Finding>) -> Result<(), Error> {
    let seals: Vec<Seal> = on!(conn, c => audit_seal::table
        .filter(audit_seal::city.eq(city))
        .order(audit_seal::seq)
        .select(Seal::as_select())
        .load(c))?;
    let mut hashes = BTreeMap::new();
    for row in audits {
        hashes.insert(row.id.0.to_string(), row_hash(row)?);
    }
    let mut linked: BTreeSet<(i64, String)> = BTreeSet::new();
    let mut previous: Vec<u8> = Vec::new();
    for (seal, seq) in seals.iter().zip(1_i64..) {
        let follows = seal.seq == seq && seal.previous == previous;
        if !follows || seal.hash != seal_hash(city, seal.seq, &seal.previous, &seal.entries.0) {
            findings.push(Finding::Chain(format!("{city:04}/{}", seal.seq)));
        }
        previous.clone_from(&seal.hash);
        for entry in seal.entries.0.as_array().into_iter().flatten() {
            let text = |index: usize| entry.get(index).and_then(Value::as_str).unwrap_or_default();
            linked.insert((seal.seq, text(0).to_owned()));
            if hashes.get(text(0)).map(String::as_str) != Some(text(1)) {
                findings.push(Finding::Audit(text(0).to_owned()));
            }
        }
    }
    // A row that claims a link which does not hold it was never sealed.
    let is_strange = |row: &&AuditRow| row.seal.is_some_and(|seal| !linked.contains(&(seal, row.id.0.to_string())));
    findings.extend(audits.iter().filter(is_strange).map(|row| Finding::Audit(row.id.0.to_string())));
    Ok(())
}
