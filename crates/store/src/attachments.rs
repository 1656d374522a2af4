//! 附件: which file lies beside which form.

use crate::audit::Audited;
use crate::samples::key;
use crate::schema::attachment;
use crate::types::{Doc, Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::SampleId;
use hege_sampling::attachment::{AttachmentKind, MediaType, Subject};
use serde::Serialize;
use std::collections::BTreeSet;
use uuid::Uuid;

/// An attachment. Never changed.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = attachment, treat_none_as_default_value = false)]
pub struct AttachmentRow {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// Chosen by the device: 1 to 200.
    pub seq: i32,
    /// What it is to the sample.
    pub kind: Word<AttachmentKind>,
    /// What it shows.
    pub subject: Option<Word<Subject>>,
    /// What it was called; none for a personal file.
    pub name: Option<String>,
    /// What it is by its content.
    pub media_type: Word<MediaType>,
    /// Bytes of its content.
    pub bytes: i64,
    /// SHA-256 of what is stored, hexadecimal: the name of the file.
    pub sha256: String,
    /// Keyed digest of the SHA-256 that was stated, hexadecimal: by it the same file is known again.
    pub stated: String,
    /// Whether it is sealed under the data key.
    pub personal: bool,
    /// When it was taken, as the device says.
    pub taken_at: Option<Ts>,
    /// `{latitude, longitude, accuracy_m}`, as the device says.
    pub position: Option<Doc>,
    /// For whom it was put.
    pub organisation_id: Id,
    /// Who put it.
    pub recorded_by: Id,
    /// When it was whole.
    pub recorded_at: Ts,
}

impl Audited for AttachmentRow {
    const TABLE: &'static str = "attachment";
    fn key(&self) -> String {
        format!("{:04}-{}/{}", self.city, self.sample_id.0, self.seq)
    }
}

/// Puts an attachment.
///
/// # Errors
/// [`Error::Duplicate`] when its number is taken.
pub fn attachment_insert(conn: &mut Conn, row: &AttachmentRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(attachment::table).values(row).execute(c))?;
    Ok(())
}

/// An attachment of a sample.
///
/// # Errors
/// Those of the database.
pub fn attachment_fetch(conn: &mut Conn, id: SampleId, seq: i32) -> Result<Option<AttachmentRow>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => attachment::table
        .find((city, id, seq))
        .select(AttachmentRow::as_select())
        .first(c)
        .optional())?)
}

/// The attachments of a sample by their numbers.
///
/// # Errors
/// Those of the database.
pub fn attachments_of(conn: &mut Conn, id: SampleId) -> Result<Vec<AttachmentRow>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => attachment::table
        .filter(attachment::city.eq(city).and(attachment::sample_id.eq(id)))
        .order(attachment::seq)
        .select(AttachmentRow::as_select())
        .load(c))?)
}

/// A page of a city's attachments after one of them, by sample and number.
///
/// # Errors
/// Those of the database.
pub fn attachments_after(
    conn: &mut Conn,
    city: i32,
    after: Option<(Id, i32)>,
    limit: i64,
) -> Result<Vec<AttachmentRow>, Error> {
    let (sample, seq) = after.unwrap_or((Id(Uuid::nil()), 0));
    let later = attachment::sample_id.gt(sample).or(attachment::sample_id.eq(sample).and(attachment::seq.gt(seq)));
    Ok(on!(conn, c => attachment::table
        .filter(attachment::city.eq(city).and(later))
        .order((attachment::sample_id, attachment::seq))
        .limit(limit)
        .select(AttachmentRow::as_select())
        .load(c))?)
}

/// Which of these files some row names.
///
/// # Errors
/// Those of the database.
pub fn files_named(conn: &mut Conn, names: &[String]) -> Result<BTreeSet<String>, Error> {
    let named: Vec<String> = on!(conn, c => attachment::table
        .filter(attachment::sha256.eq_any(names.to_vec()))
        .select(attachment::sha256)
        .distinct()
        .load(c))?;
    Ok(named.into_iter().collect())
}
