//! An upload: let in, gone on with, finished.

use super::{AttachmentRow, Files, may_put, place_of};
use crate::record::audit;
use crate::{Call, DataKey, Error, Store, stored};
use hege_core::{Problem, SampleId};
use hege_files::content::{HEAD, check, media_type};
use hege_sampling::attachment::{AttachmentFault, Described, MediaType, SEQ_MAX};
use hege_store::attachments::{attachment_fetch, attachment_insert};
use hege_store::audit::Audited;
use hege_store::types::{Doc, Id, Ts, Word};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read as _};

/// Bytes that are looked at once.
const PIECE: usize = 64 * 1024;

/// A file that somebody wants to put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The sample.
    pub id: SampleId,
    /// The attachment's number, chosen by the device.
    pub seq: i32,
    /// What is said of it.
    pub described: Described,
}

/// What an upload finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Room {
    /// It was put before: the same file, and nothing is left to do.
    Done(Box<AttachmentRow>),
    /// So many bytes of it are there.
    Staged(u64),
}

/// Where the pieces of a person's file lie until it is whole: nobody goes on with another's.
fn place(call: &Call, (id, seq): (SampleId, i32), sha256: &str) -> String {
    format!("{id}/{seq}/{}/{sha256}", call.user())
}

fn keyed(key: &DataKey, sha256: &str) -> Result<String, Error> {
    key.digest("attachment", sha256.as_bytes()).map(hex::encode).map_err(|_digesting| Error::Personal)
}

/// How far the upload of a file is, for somebody who may put it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`]; [`Error::Taken`] when another file has the number; those of the storage of files.
pub fn staged(
    store: &Store,
    (files, key): (&Files, &DataKey),
    call: &Call,
    (at, sha256): ((SampleId, i32), &str),
) -> Result<Room, Error> {
    let before = store.read(|conn| {
        may_put(conn, call, at.0)?;
        Ok::<_, Error>(attachment_fetch(conn, at.0, at.1)?)
    })?;
    let Some(before) = before else { return Ok(Room::Staged(files.staged(&place(call, at, sha256))?)) };
    if before.stated == keyed(key, sha256)? { Ok(Room::Done(Box::new(before))) } else { Err(Error::Taken) }
}

/// Lets a file in, before its content comes.
///
/// # Errors
/// As [`staged`]; [`Error::Invalid`] with everything that speaks against what is said of it.
pub fn admit(store: &Store, kept: (&Files, &DataKey), call: &Call, asked: &Asked) -> Result<Room, Error> {
    let room = staged(store, kept, call, ((asked.id, asked.seq), &asked.described.sha256));
    // Whoever may not put anything learns nothing of what is wrong with it.
    if let Err(error @ (Error::NotFound | Error::Denied(_))) = room {
        return Err(error);
    }
    let mut problems = asked.described.problems(call.at);
    problems.check((1..=i32::from(SEQ_MAX)).contains(&asked.seq), || {
        Problem::new("{seq}", "out_of_range", format!("须为 1 至 {SEQ_MAX}"), format!("must be 1 to {SEQ_MAX}"))
    });
    problems.into_result(()).map_err(Error::Invalid)?;
    room
}

impl Asked {
    /// Puts a piece of it that begins with a byte.
    ///
    /// # Errors
    /// [`hege_files::Error::Taken`] when another request did, and those of the storage.
    pub fn stage(
        &self,
        files: &Files,
        call: &Call,
        (offset, piece): (u64, bytes::Bytes),
    ) -> Result<(), hege_files::Error> {
        files.stage(&place(call, (self.id, self.seq), &self.described.sha256), offset, piece)
    }
}

/// Finishes an upload of which every byte is there: its content is held against what was said, kept, and then its row is written.
/// What is refused is taken away, so that it can be sent anew.
///
/// # Errors
/// [`Error::Invalid`] for content that is not what was said; [`Error::Taken`]; those of storage and store.
pub fn finish(
    store: &Store,
    (files, key): (&Files, &DataKey),
    call: &Call,
    asked: &Asked,
) -> Result<AttachmentRow, Error> {
    let place = place(call, (asked.id, asked.seq), &asked.described.sha256);
    let row = match kept((files, key), call, (asked, &place)) {
        Ok(row) => row,
        Err(Error::Invalid(problems)) => {
            files.unstage(&place)?;
            return Err(Error::Invalid(problems));
        }
        Err(error) => return Err(error),
    };
    let put = || {
        store.write(|conn| {
            may_put(conn, call, asked.id)?;
            if let Some(before) = attachment_fetch(conn, asked.id, asked.seq)? {
                return if before.stated == row.stated { Ok(before) } else { Err(Error::Taken) };
            }
            attachment_insert(conn, &row)?;
            let detail = json!({
                "attachment": row.seq, "kind": row.kind.0.code(), "sha256": row.sha256, "personal": row.personal,
            });
            audit(conn, call, asked.id, ("attached", vec![row.touched()?], detail))?;
            Ok(row.clone())
        })
    };
    let put = match put() {
        Err(Error::Store(hege_store::Error::Duplicate(_))) => put(),
        outcome => outcome,
    }?;
    // Whoever swept the same content as an orphan, between its being written and its row, took it away: it is still at hand.
    if put.sha256 == row.sha256 && !files.has(&row.sha256)? {
        kept((files, key), call, (asked, &place))?;
    }
    files.unstage(&place)?;
    Ok(put)
}

fn fault(fault: AttachmentFault) -> Error {
    let at = match fault {
        AttachmentFault::DigestDiffers => "?sha256",
        AttachmentFault::BytesDiffer => "?bytes",
        _ => "",
    };
    Error::Invalid(Problem::new(at, fault.code(), fault.zh(), fault.en()).into())
}

/// Puts the content under its name, sealed where it shows a person, and gives the row that follows.
fn kept((files, key): (&Files, &DataKey), call: &Call, (asked, place): (&Asked, &str)) -> Result<AttachmentRow, Error> {
    let described = &asked.described;
    let media = looked_at(files, (described, place))?;
    let is_personal = described.is_personal();
    let mut row = AttachmentRow {
        city: stored(asked.id.city),
        sample_id: Id(asked.id.uuid),
        seq: asked.seq,
        kind: Word(described.kind),
        subject: described.subject.map(Word),
        name: described.name.clone().filter(|_| !is_personal),
        media_type: Word(media),
        bytes: i64::try_from(described.bytes).unwrap_or(i64::MAX),
        sha256: String::new(),
        stated: keyed(key, &described.sha256)?,
        personal: is_personal,
        taken_at: described.taken_at.map(Ts),
        position: described.position.map(|position| {
            Doc(json!({
                "latitude": position.latitude.to_string(),
                "longitude": position.longitude.to_string(),
                "accuracy_m": position.accuracy_m.to_string(),
            }))
        }),
        organisation_id: Id(call.organisation.0),
        recorded_by: Id(call.user().0),
        recorded_at: Ts(call.at),
    };
    let mut making = files.make(&call.audit_id.to_string())?;
    let mut staged = files.read_staged(place)?;
    let copied = if is_personal {
        key.seal_stream(&place_of(&row), staged, &mut making)
    } else {
        io::copy(&mut staged, &mut making).map(drop)
    };
    copied.map_err(hege_files::Error::from)?;
    row.sha256 = making.keep()?;
    Ok(row)
}

/// Holds content against what was said of it: its SHA-256, its type, and of a picture that it opens.
fn looked_at(files: &Files, (described, place): (&Described, &str)) -> Result<MediaType, Error> {
    let io = |error| Error::from(hege_files::Error::from(error));
    let mut staged = files.read_staged(place)?;
    let mut head = Vec::with_capacity(HEAD);
    staged.by_ref().take(u64::try_from(HEAD).unwrap_or(u64::MAX)).read_to_end(&mut head).map_err(io)?;
    let media = media_type(&head);
    // Only a picture is held whole: it has few bytes, and is opened.
    let is_picture = media.is_ok_and(|media| media.is_picture() && described.kind.takes(media));
    let (mut digest, mut bytes, mut picture) = (Sha256::new(), 0_u64, Vec::new());
    let mut piece = head;
    loop {
        digest.update(&piece);
        bytes = bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if bytes > described.bytes {
            return Err(fault(AttachmentFault::BytesDiffer));
        }
        if is_picture {
            picture.extend_from_slice(&piece);
        }
        piece.resize(PIECE, 0);
        let read = staged.read(&mut piece).map_err(io)?;
        if read == 0 {
            break;
        }
        piece.truncate(read);
    }
    if bytes != described.bytes {
        return Err(fault(AttachmentFault::BytesDiffer));
    }
    if hex::encode(digest.finalize()) != described.sha256 {
        return Err(fault(AttachmentFault::DigestDiffers));
    }
    let media = media.map_err(fault)?;
    if !described.kind.takes(media) {
        return Err(fault(AttachmentFault::TypeUnfit));
    }
    if is_picture {
        check(&picture).map_err(fault)?;
    }
    Ok(media)
}
