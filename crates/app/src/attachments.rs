//! 附件: put beside a sample piece by piece, seen by those who see the sample, opened with a purpose where it shows a person.
//!
//! A file is whole and under its name before its row is written, so that no row names a file that is not there.

mod put;
mod sweep;

pub use hege_files::{Error as FilesError, Files};
pub use hege_store::attachments::AttachmentRow;
pub use put::{Asked, Room, admit, finish, staged};
pub use sweep::sweep;

use crate::after_verdict::Found;
use crate::record::audit;
use crate::samples::is_seen_blind;
use crate::{Call, DataKey, Error, Store};
use hege_core::{Problem, Role, SampleId};
use hege_files::content;
use hege_store::Conn;
use hege_store::attachments::{attachment_fetch, attachments_of};
use hege_store::types::Id;
use serde_json::json;
use std::io::{Read, Write};

/// Roles that may look at what shows a person, each as far as they see the sample.
const UNMASKED: [Role; 7] =
    [Role::Inspector, Role::Receiver, Role::Tester, Role::Checker, Role::Approver, Role::Reviewer, Role::Auditor];
/// Characters of a purpose.
const PURPOSE_MAX: usize = 200;

/// The attachments of a sample that a person sees. A laboratory sees what it put itself: a photo of the stall tells whose food
/// it tests.
pub(crate) fn seen(
    conn: &mut Conn,
    call: &Call,
    (id, is_blind): (SampleId, bool),
) -> Result<Vec<AttachmentRow>, Error> {
    let mut rows = attachments_of(conn, id)?;
    rows.retain(|row| !is_blind || row.organisation_id == Id(call.organisation.0));
    Ok(rows)
}

/// An attachment that a person sees.
///
/// # Errors
/// [`Error::NotFound`].
pub fn fetch(store: &Store, call: &Call, (id, seq): (SampleId, i32)) -> Result<AttachmentRow, Error> {
    store.read(|conn| {
        let is_blind = is_seen_blind(conn, call, id)?;
        let row = attachment_fetch(conn, id, seq)?.ok_or(Error::NotFound)?;
        if is_blind && row.organisation_id != Id(call.organisation.0) {
            return Err(Error::NotFound);
        }
        Ok(row)
    })
}

/// Lets a person look at an attachment. A look at what shows a person is recorded with its purpose before anything is given.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Masked`] for a role from which people are masked; [`Error::Invalid`] without a purpose.
pub fn look(store: &Store, call: &Call, place: (SampleId, i32), purpose: Option<&str>) -> Result<AttachmentRow, Error> {
    let row = fetch(store, call, place)?;
    if !row.personal {
        return Ok(row);
    }
    if !UNMASKED.iter().any(|role| call.actor.roles.contains(role)) {
        return Err(Error::Masked);
    }
    let purpose = purpose.map(str::trim).filter(|purpose| (2..=PURPOSE_MAX).contains(&purpose.chars().count()));
    let purpose = purpose.ok_or_else(|| {
        let (zh, en) = (
            "查看含个人信息的附件须说明用途（2 至 200 字）",
            "it shows a person: say for what it is opened, in 2 to 200 characters",
        );
        Error::Invalid(Problem::new("?purpose", "purpose_missing", zh, en).into())
    })?;
    let detail = json!({"sample": place.0.to_string(), "attachment": place.1, "purpose": purpose});
    store.write(|conn| audit(conn, call, place.0, ("personal_viewed", Vec::new(), detail.clone())))?;
    Ok(row)
}

fn place_of(row: &AttachmentRow) -> String {
    format!("attachment/{:04}-{}/{}", row.city, row.sample_id.0, row.seq)
}

/// The content of an attachment, opened where it is sealed.
///
/// # Errors
/// Those of the storage of files.
pub fn content<'a>(files: &'a Files, key: &DataKey, row: &AttachmentRow) -> Result<Box<dyn Read + 'a>, Error> {
    let reading = files.read(&row.sha256)?;
    Ok(if row.personal { Box::new(key.open_stream(&place_of(row), reading)) } else { Box::new(reading) })
}

/// Writes the content of an attachment.
///
/// # Errors
/// Those of the storage of files, and of where it is written to.
pub fn write(files: &Files, key: &DataKey, (row, out): (&AttachmentRow, &mut dyn Write)) -> Result<(), Error> {
    let mut content = content(files, key, row)?;
    std::io::copy(&mut content, out).map_err(hege_files::Error::from)?;
    Ok(())
}

/// A picture as a small JPEG without EXIF.
///
/// # Errors
/// [`Error::Invalid`] for what is no picture; those of the storage of files.
pub fn small(files: &Files, key: &DataKey, (row, side): (&AttachmentRow, u32)) -> Result<Vec<u8>, Error> {
    let at = |code, zh, en| Error::Invalid(Problem::new("?size", code, zh, en).into());
    if !row.media_type.0.is_picture() {
        return Err(at("not_a_picture", "此附件不是图片", "this attachment is no picture"));
    }
    let mut bytes = Vec::new();
    content(files, key, row)?.read_to_end(&mut bytes).map_err(hege_files::Error::from)?;
    content::small(&bytes, side).map_err(|fault| at(fault.code(), fault.zh(), fault.en()))
}

/// What the caller may be to a sample that somebody puts a file beside.
fn may_put(conn: &mut Conn, call: &Call, id: SampleId) -> Result<(), Error> {
    let found = Found::load(conn, call, id)?;
    let may = [Role::Inspector, Role::Receiver, Role::Tester, Role::Reviewer];
    let is_allowed = may.iter().any(|role| found.actor.roles.contains(role));
    if is_allowed { Ok(()) } else { Err(hege_sampling::life_cycle::Denial::WrongRole.into()) }
}
