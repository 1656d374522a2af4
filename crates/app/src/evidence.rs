//! 证据包: everything that is on record of a sample, with the proof that nobody changed it since.
//!
//! Rows are written as the record hashed them, personal data as ciphertext; audit rows that tell of them, and the links of the city's
//! chain from the first that holds one of these to its head. Whoever has the bundle and a head that was printed when it was made
//! checks it with `hege verify-bundle`, without a database and without trusting whoever hands it over.

mod check;
mod readable;

pub use check::{Checked, check};
pub use hege_files::bundle::{Bundle, BundleFault, Fault};

use crate::attachments::Files;
use crate::record::audit;
use crate::samples::is_seen_blind;
use crate::{Call, Error, Store};
use hege_core::SampleId;
use hege_files::bundle::{BundleWriter, WriteError};
use hege_store::Conn;
use hege_store::attachments::{AttachmentRow, attachments_of};
use hege_store::audit::{AuditRow, Seal};
use hege_store::evidence::{RowState, audits_about, links_after, rows_of};
use hege_store::people::person_fetch;
use hege_store::samples::{CustodyRow, Sample, custody_of, sample_fetch};
use hege_store::types::{Id, Ts};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Seek as _, Write};
use uuid::Uuid;

/// What the manifest says that the file is.
const FORMAT: &str = "hege-evidence-1";
/// Links of a page.
const PAGE: i64 = 10;
/// Parts of a bundle, besides a part for each table and each file.
const AUDIT: &str = "audit.jsonl";
const CHAIN: &str = "chain.jsonl";
const ATTACHMENTS: &str = "attachments/";
const README: &str = "README.txt";
const README_TEXT: &str = include_str!("evidence/readme.txt");

/// Why no bundle was written.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The use case.
    #[error(transparent)]
    App(#[from] Error),
    /// The file.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<hege_store::Error> for EvidenceError {
    fn from(error: hege_store::Error) -> Self {
        Self::App(error.into())
    }
}

impl From<std::io::Error> for EvidenceError {
    fn from(error: std::io::Error) -> Self {
        Self::Write(error.into())
    }
}

/// Lets a person take the evidence of a sample, and records that they did.
///
/// # Errors
/// [`Error::NotFound`] for a sample that is not there for them, or that they see without seller and producer only.
pub fn ask(store: &Store, call: &Call, id: SampleId) -> Result<(), Error> {
    store.write(|conn| {
        if is_seen_blind(conn, call, id)? {
            return Err(Error::NotFound);
        }
        audit(conn, call, id, ("evidence_exported", Vec::new(), json!({"sample": id.to_string()})))
    })
}

/// A file's name.
#[must_use]
pub fn file_name(id: SampleId) -> String {
    format!("evidence-{id}.zip")
}

/// What a bundle holds besides files and chain, as of one moment.
struct Moment {
    sample: Sample,
    rows: Vec<RowState>,
    audits: Vec<AuditRow>,
    attachments: Vec<AttachmentRow>,
    custody: Vec<CustodyRow>,
    people: String,
    head: Option<Value>,
}

/// Writes the bundle of a sample as of one moment. It streams: memory grows with the sample's own rows and with no file or chain.
/// Nothing is held of the database while the taker is waited for: the chain lies in a temporary file, and files never change.
///
/// # Errors
/// [`Error::NotFound`]; those of store, storage and of where it is written to.
pub fn write(
    store: &Store,
    files: &Files,
    (id, at): (SampleId, Timestamp),
    out: &mut (dyn Write + Send),
) -> Result<(), EvidenceError> {
    let mut chain = tempfile::tempfile()?;
    let moment = store.snapshot(|conn| moment(conn, id, &mut chain))?;
    chain.rewind()?;
    let Moment { sample, rows, audits, attachments, custody, people, head } = &moment;
    let mut bundle = BundleWriter::new(out);
    let text = |text: String| move |out: &mut dyn Write| Ok::<_, EvidenceError>(out.write_all(text.as_bytes())?);
    bundle.part(README, text(README_TEXT.to_owned()))?;
    bundle.part("readable.txt", text(readable::readable((sample, id), (rows, custody))))?;
    bundle.part("people.json", text(people.clone()))?;
    bundle.part("rows.jsonl", |out| lines(out, rows.iter().map(row_line)))?;
    bundle.part(AUDIT, |out| audit_lines(out, audits))?;
    bundle.part(CHAIN, |out| std::io::copy(&mut chain, out).map(drop).map_err(EvidenceError::from))?;
    for row in attachments {
        attached(&mut bundle, files, row)?;
    }
    let unsealed = audits.iter().filter(|row| row.seal.is_none()).map(|row| row.id.0.to_string());
    let of_whole = json!({
        "format": FORMAT,
        "sample": id.to_string(),
        "form_no": sample.form_no,
        "city": sample.city,
        "made_at": at.to_string(),
        "head": head,
        "unsealed": unsealed.collect::<Vec<_>>(),
    });
    let Value::Object(of_whole) = of_whole else { return Ok(()) };
    Ok(bundle.finish(of_whole)?)
}

/// How far the clocks of two servers may lie apart: a row may have been recorded by one before another had registered it.
const APART: SignedDuration = SignedDuration::from_hours(24);

fn moment(conn: &mut Conn, id: SampleId, chain: &mut File) -> Result<Moment, EvidenceError> {
    let sample = sample_fetch(conn, id)?.ok_or(Error::NotFound)?;
    let rows = rows_of(conn, &sample, id)?;
    // Nothing of a sample is recorded before it was registered.
    let from = Ts(sample.registered_at.0.checked_sub(APART).unwrap_or(Timestamp::MIN));
    let audits = audits_about(conn, (sample.city, from), &id.to_string())?;
    let mut out = BufWriter::new(chain);
    let head = chain_lines(conn, (&sample, &audits), &mut out)?;
    out.flush()?;
    let (attachments, custody) = (attachments_of(conn, id)?, custody_of(conn, id)?);
    let people = people(conn, &audits)?;
    Ok(Moment { sample, rows, audits, attachments, custody, people, head })
}

fn row_line(row: &RowState) -> Value {
    json!({"table": row.table, "key": row.key, "row": row.state})
}

fn lines(out: &mut dyn Write, lines: impl Iterator<Item = Value>) -> Result<(), EvidenceError> {
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn audit_lines(out: &mut dyn Write, audits: &[AuditRow]) -> Result<(), EvidenceError> {
    for audit in audits {
        let row = serde_json::to_value(audit).map_err(|_not_json| hege_store::Error::Corrupt("audit"))?;
        writeln!(out, "{}", json!({"row": row, "seal": audit.seal}))?;
    }
    Ok(())
}

fn link_line(link: &Seal) -> Value {
    json!({
        "city": link.city,
        "seq": link.seq,
        "previous": hex::encode(&link.previous),
        "entries": link.entries.0,
        "hash": hex::encode(&link.hash),
        "at": link.at.0.to_string(),
    })
}

/// Writes the links from the first that holds one of these rows to the head, page by page. The head as the manifest names it.
fn chain_lines(
    conn: &mut Conn,
    (sample, audits): (&Sample, &[AuditRow]),
    out: &mut dyn Write,
) -> Result<Option<Value>, EvidenceError> {
    let Some(first) = audits.iter().filter_map(|row| row.seal).min() else { return Ok(None) };
    let (mut after, mut head) = (first - 1, None);
    loop {
        let links = links_after(conn, sample.city, after, PAGE)?;
        let Some(last) = links.last() else { return Ok(head) };
        after = last.seq;
        head = Some(json!({"seq": last.seq, "hash": hex::encode(&last.hash), "at": last.at.0.to_string()}));
        lines(out, links.iter().map(link_line))?;
    }
}

/// The name of an attachment's file in the bundle.
pub(crate) fn file_of(row: &Value) -> Option<String> {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let extension = text("media_type")?.rsplit('/').next()?;
    let sealed = if row.get("personal")?.as_bool()? { ".sealed" } else { "" };
    Some(format!("{ATTACHMENTS}{}-{}.{extension}{sealed}", row.get("seq")?.as_i64()?, text("kind")?))
}

fn attached<W: Write>(bundle: &mut BundleWriter<W>, files: &Files, row: &AttachmentRow) -> Result<(), EvidenceError> {
    let state = serde_json::to_value(row).map_err(|_not_json| hege_store::Error::Corrupt("attachment"))?;
    let name = file_of(&state).ok_or(hege_store::Error::Corrupt("attachment"))?;
    bundle.part(&name, |out| {
        let mut reading = files.read(&row.sha256).map_err(Error::from)?;
        std::io::copy(&mut reading, out)?;
        Ok(())
    })
}

/// Names of who acted, for reading: the proof is of their ids.
fn people(conn: &mut Conn, audits: &[AuditRow]) -> Result<String, EvidenceError> {
    let ids: BTreeSet<Uuid> = audits.iter().filter_map(|row| row.person_id).map(|id| id.0).collect();
    let mut people = Map::new();
    for id in ids {
        if let Some(person) = person_fetch(conn, Id(id))? {
            let organisation = person.organisation_id.0.to_string();
            people.insert(id.to_string(), json!({"name": person.name, "organisation_id": organisation}));
        }
    }
    Ok(format!("{:#}\n", Value::Object(people)))
}

/// The instant of a stored time, for reading.
fn instant(time: &Value) -> Option<Timestamp> {
    time.as_str()?.parse().ok()
}
