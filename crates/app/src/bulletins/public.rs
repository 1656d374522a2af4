//! What everybody may read, without a login: bulletins that were published, and whether a report is what it looks like.

use super::{BulletinEntry, BulletinRow, organisation};
use crate::samples::{Sample, id_of};
use crate::{DataKey, Error, Store};
use hege_core::{SampleId, words};
use hege_rates::Standing;
use hege_sampling::life_cycle::Status;
use hege_sampling::publication::BulletinState;
use hege_store::Conn;
use hege_store::bulletins::{bulletin_entries, bulletin_fetch, bulletins_public, entries_of, entry_counts};
use hege_store::samples::sample_fetch;
use hege_store::types::{Id, Ts};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A bulletin as it is public.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Its row.
    pub row: BulletinRow,
    /// Who published it.
    pub organisation: String,
    /// When something of it changed last.
    pub changed_at: Timestamp,
    /// How many samples it lists.
    pub samples: i64,
    /// What it lists; nothing once it was taken back, and in a list.
    pub entries: Vec<BulletinEntry>,
}

/// Where a page ends: the next one begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicCursor {
    /// When its last bulletin was published.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

/// A page of what is public.
#[derive(Debug, Clone, PartialEq)]
pub struct PublicPage {
    /// The newest first.
    pub items: Vec<Published>,
    /// Where the next page begins; none after the last.
    pub next: Option<PublicCursor>,
}

/// When something of a bulletin changed last: it was published, noted upon, taken back, or the conclusion of a sample fell.
fn changed_at(row: &BulletinRow, noted: Option<Ts>) -> Timestamp {
    let notes = row.notes.0.as_array().into_iter().flatten();
    let notes = notes.filter_map(|note| note.get("at")?.as_str()?.parse().ok());
    let moments = [row.published_at, row.withdrawn_at, noted].into_iter().flatten().map(|at| at.0);
    moments.chain(notes).max().unwrap_or(row.drafted_at.0)
}

/// A page of the bulletins that were published, the newest first.
///
/// # Errors
/// Those of the store.
pub fn bulletins(store: &Store, after: Option<PublicCursor>, limit: u8) -> Result<PublicPage, Error> {
    store.read(|conn| {
        let after = after.map(|after| (Ts(after.at), Id(after.id)));
        let mut rows = bulletins_public(conn, after, i64::from(limit) + 1)?;
        let is_more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let last = rows.last().filter(|_| is_more);
        let next = last.and_then(|row| Some(PublicCursor { at: row.published_at?.0, id: row.id.0 }));
        let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
        let counts = entry_counts(conn, &ids)?.into_iter().map(|(id, count, noted)| (id, (count, noted)));
        let counts: BTreeMap<Id, (i64, Option<Ts>)> = counts.collect();
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let (samples, noted) = counts.get(&row.id).copied().unwrap_or_default();
            let (organisation, changed_at) = (organisation(conn, &row)?, changed_at(&row, noted));
            items.push(Published { row, organisation, changed_at, samples, entries: Vec::new() });
        }
        Ok(PublicPage { items, next })
    })
}

/// One bulletin that was published.
///
/// # Errors
/// [`Error::NotFound`] for one that never was.
pub fn bulletin(store: &Store, id: Uuid) -> Result<Published, Error> {
    store.read(|conn| {
        let row = bulletin_fetch(conn, Id(id))?.filter(|row| row.published_at.is_some()).ok_or(Error::NotFound)?;
        let mut entries = bulletin_entries(conn, row.id)?;
        let samples = i64::try_from(entries.len()).unwrap_or(i64::MAX);
        let changed_at = changed_at(&row, entries.iter().filter_map(|entry| entry.noted_at).max());
        if row.state.0 == BulletinState::Withdrawn {
            entries.clear();
        }
        Ok(Published { organisation: organisation(conn, &row)?, row, changed_at, samples, entries })
    })
}

words! {
    /// What a report is.
    pub enum Checked {
        Genuine = "genuine", "报告真实有效", "genuine, and in force";
        Superseded = "superseded", "报告真实，结论已变更", "genuine, and its conclusion is another by now";
        Withdrawn = "withdrawn", "报告已作废", "withdrawn";
    }
}

/// Octets of a token that prove that it was made here.
const PROOF: usize = 16;

/// The token by which anybody checks a report: its sample, the revision of its conclusion, and what only this server can add.
/// None before there is a report.
///
/// # Errors
/// [`Error::Personal`].
pub fn report_token(key: &DataKey, sample: &Sample) -> Result<Option<String>, Error> {
    if sample.conclusion_revision == 0 {
        return Ok(None);
    }
    token(key, (id_of(sample)?, sample.conclusion_revision)).map(Some)
}

fn token(key: &DataKey, (id, revision): (SampleId, i32)) -> Result<String, Error> {
    let named = format!("{id}.{revision}");
    let proof = key.digest("report", named.as_bytes()).map_err(|_digesting| Error::Personal)?;
    let proof: String = proof.iter().take(PROOF).map(|octet| format!("{octet:02x}")).collect();
    Ok(format!("{named}.{proof}"))
}

/// Whether a report is genuine, superseded or withdrawn, and the bulletin that lists its sample, once that is public.
///
/// # Errors
/// [`Error::NotFound`] for a token that was not made here.
pub fn report(store: &Store, key: &DataKey, text: &str) -> Result<(Checked, Option<Uuid>), Error> {
    let read = || {
        let (id, rest) = text.split_once('.')?;
        let (revision, _) = rest.split_once('.')?;
        Some((id.parse::<SampleId>().ok()?, revision.parse::<i32>().ok()?))
    };
    let (id, revision) = read().ok_or(Error::NotFound)?;
    if !is_same(&token(key, (id, revision))?, text) {
        return Err(Error::NotFound);
    }
    store.read(|conn: &mut Conn| {
        let sample = sample_fetch(conn, id)?.ok_or(Error::NotFound)?;
        let is_void = sample.status == Status::Voided.code() || sample.standing.0 == Standing::Voided;
        let checked = if is_void {
            Checked::Withdrawn
        } else if sample.conclusion_revision == revision {
            Checked::Genuine
        } else {
            Checked::Superseded
        };
        let listed = entries_of(conn, id)?.into_iter().find(|(_, row)| row.state.0 == BulletinState::Published);
        Ok((checked, listed.map(|(_, row)| row.id.0)))
    })
}

/// Whether two texts are one, in a time that tells nothing of where they differ.
fn is_same(one: &str, other: &str) -> bool {
    let differ = one.bytes().zip(other.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    one.len() == other.len() && differ == 0
}

/// A note of a bulletin as it is public: when and what, not by whom.
#[must_use]
pub fn public_notes(row: &BulletinRow) -> Vec<(String, String)> {
    let text = |note: &Value, name: &str| note.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let notes = row.notes.0.as_array().into_iter().flatten();
    notes.map(|note| (text(note, "at"), text(note, "text"))).collect()
}
