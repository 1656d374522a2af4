//! 附件: files put beside a sample, piece by piece over networks that break, and given back.
//!
//! An upload goes on where it stopped: `GET .../upload` says which bytes are there, and the same `PUT` with `Upload-Offset` brings the
//! rest. The two headers are those of the IETF's draft for resumable uploads.

mod given;
mod taken;

pub(crate) use given::AttachmentView;

use crate::State;
use crate::access::{Allowed, AttachmentFetch, AttachmentOffset, AttachmentPut};
use crate::answers::{NoRole, NotThere, NotValid};
use crate::body::Query;
use crate::pipe;
use crate::problem::{Failure, ProblemBody};
use crate::views::path_id;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, put, web};
use given::{DescribedQuery, Describing, LookQuery, Looking, OffsetQuery, Offsetting, UploadView};
use hege_app::attachments::{self, Asked, AttachmentRow, Files, Room};
use hege_core::SampleId;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(attachment_put).service(attachment_offset).service(attachment_fetch);
}

/// Pictures that are opened, and uploads that are finished, at once: each may hold a picture of fifty million pixels.
const AT_ONCE: usize = 1;

/// Files, and whose turn it is to open one.
pub struct Shelf {
    /// Where they are kept.
    pub files: Files,
    turns: Arc<Semaphore>,
}

impl Shelf {
    /// Of these files.
    #[must_use]
    pub fn new(files: Files) -> Self {
        Self { files, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Waits for one's turn.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.turns).acquire_owned().await.map_err(|_closed| Failure::busy())
    }
}

/// The attachment of a path; what is none is not there.
fn place(path: &(String, String)) -> Result<(SampleId, i32), Failure> {
    Ok((path_id(&path.0)?, path.1.parse().map_err(|_no_number| Failure::not_found())?))
}

/// An answer to an upload: how many bytes are there, and whether those are all.
fn reached(mut answer: HttpResponseBuilder, (offset, is_whole): (u64, bool)) -> HttpResponseBuilder {
    answer.insert_header(("upload-offset", offset));
    answer.insert_header(("upload-complete", if is_whole { "?1" } else { "?0" }));
    answer
}

fn done(answer: HttpResponseBuilder, row: &AttachmentRow) -> HttpResponse {
    let bytes = u64::try_from(row.bytes).unwrap_or_default();
    reached(answer, (bytes, true)).json(AttachmentView::from(row))
}

/// Put an attachment.
///
/// The body is the file's bytes from `Upload-Offset` on (0 when absent). Whatever of them arrives is kept when the network breaks: ask
/// `GET .../upload` and send the rest with the same query. When all are there, the content must have the SHA-256 that was stated
/// and be of a type of its kind, whatever its name says: photo and signature JPEG, PNG or WebP, document PDF besides,
/// recording MP4, QuickTime, WebM, M4A or MP3; up to 20, 2, 30 and 512 MiB. The same file under the same number again changes
/// nothing. Signatures, recordings and what is said to show a person are sealed.
#[utoipa::path(operation_id = "attachment_put", tag = "attachments", security(("bearer" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "bytes of the file"),
    params(("id" = String, Path, description = "the sample's id"),
        ("seq" = i32, Path, description = "the attachment's number, chosen by the device: 1 to 200"), DescribedQuery,
        ("Upload-Offset" = Option<u64>, Header, description = "the byte of the file with which the body begins")),
    responses((status = 200, description = "it was there already", body = AttachmentView),
        (status = 201, description = "whole", body = AttachmentView),
        (status = 202, description = "more bytes are needed", body = UploadView),
        (status = 409, description = "the number is taken by another file, or the body begins with another byte than the next; \
            `Upload-Offset` says which that is", body = ProblemBody, content_type = "application/problem+json"),
        NoRole, NotThere, NotValid))]
#[put("/samples/{id}/attachments/{seq}")]
pub(crate) async fn attachment_put(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    asked: Allowed<AttachmentPut, (Query<Describing>, web::Payload)>,
) -> Result<HttpResponse, Failure> {
    let (id, seq) = place(&path)?;
    let Allowed { person, input: (Query(Describing(described)), payload), .. } = asked;
    let (call, asked) = (state.call(&person), Asked { id, seq, described });
    let begin = taken::offset(&request)?;
    let (call, asked, room) = state
        .run(move |state| {
            let room = attachments::admit(&state.store, (&state.shelf.files, &state.data_key), &call, &asked)?;
            Ok((call, asked, room))
        })
        .await?;
    let there = match room {
        Room::Done(row) => return Ok(done(HttpResponse::Ok(), &row)),
        Room::Staged(there) => there,
    };
    if there != begin {
        return Err(taken::another_offset(there));
    }
    let whole = asked.described.bytes;
    let there = taken::take((Arc::clone(&state), request), (call.clone(), asked.clone()), (payload, begin)).await?;
    if there < whole {
        let view = UploadView { offset: there, bytes: whole, complete: false };
        return Ok(reached(HttpResponse::Accepted(), (there, false)).json(view));
    }
    let turn = state.shelf.turn().await?;
    let finish = move |state: &State| {
        // Held by the work and not by who asked for it: they may be gone before it ends.
        let _turn = turn;
        attachments::finish(&state.store, (&state.shelf.files, &state.data_key), &call, &asked)
    };
    Ok(done(HttpResponse::Created(), &state.run(finish).await?))
}

/// See how far an upload is.
///
/// One's own of this content; the next byte that is needed also stands in `Upload-Offset`.
#[utoipa::path(operation_id = "attachment_offset", tag = "attachments", security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id"),
        ("seq" = i32, Path, description = "the attachment's number"), OffsetQuery),
    responses((status = 200, description = "how far", body = UploadView),
        (status = 409, description = "the number is taken by another file", body = ProblemBody, content_type = "application/problem+json"),
        NoRole, NotThere, NotValid))]
#[get("/samples/{id}/attachments/{seq}/upload")]
pub(crate) async fn attachment_offset(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    asked: Allowed<AttachmentOffset, Query<Offsetting>>,
) -> Result<HttpResponse, Failure> {
    let at = place(&path)?;
    let Allowed { person, input: Query(Offsetting { sha256, bytes }), .. } = asked;
    let call = state.call(&person);
    let room = state
        .run(move |state| {
            attachments::staged(&state.store, (&state.shelf.files, &state.data_key), &call, (at, &sha256))
        })
        .await?;
    let (offset, complete) = match room {
        Room::Done(row) => (u64::try_from(row.bytes).unwrap_or_default(), true),
        Room::Staged(there) => (there, false),
    };
    Ok(reached(HttpResponse::Ok(), (offset, complete)).json(UploadView { offset, bytes, complete }))
}

/// How a file is named where it is kept by whoever fetches it.
fn disposition(row: &AttachmentRow) -> ContentDisposition {
    let extension = row.media_type.0.code().rsplit('/').next().unwrap_or_default();
    let plain = format!("{}-{}.{extension}", row.kind.0.code(), row.seq);
    let named = row.name.as_ref().map(|name| {
        let value = name.clone().into_bytes();
        DispositionParam::FilenameExt(ExtendedValue {
            charset: Charset::Ext("UTF-8".to_owned()),
            language_tag: None,
            value,
        })
    });
    let parameters = std::iter::once(DispositionParam::Filename(plain)).chain(named);
    ContentDisposition { disposition: DispositionType::Attachment, parameters: parameters.collect() }
}

/// Get an attachment.
///
/// The original as it came; or, of a picture, a small JPEG without EXIF, upright (`preview` at most 1600 pixels a side, `thumbnail`
/// 320). What shows a person is opened for a purpose, which is recorded. A laboratory sees what it put itself.
#[utoipa::path(operation_id = "attachment_fetch", tag = "attachments", security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id"),
        ("seq" = i32, Path, description = "the attachment's number"), LookQuery),
    responses((status = 200, description = "the file", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"),
            (Vec<u8> = "image/webp"), (Vec<u8> = "application/pdf"), (Vec<u8> = "video/mp4"),
            (Vec<u8> = "video/quicktime"), (Vec<u8> = "video/webm"), (Vec<u8> = "audio/m4a"), (Vec<u8> = "audio/mpeg"))),
        (status = 403, description = "it shows a person, and is masked from this role", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json"),
        NotThere, NotValid))]
#[get("/samples/{id}/attachments/{seq}")]
pub(crate) async fn attachment_fetch(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    asked: Allowed<AttachmentFetch, Query<Looking>>,
) -> Result<HttpResponse, Failure> {
    let at = place(&path)?;
    let Allowed { person, input: Query(Looking { size, purpose }), .. } = asked;
    let call = state.call(&person);
    let row = state.run(move |state| attachments::look(&state.store, &call, at, purpose.as_deref())).await?;
    let mut answer = HttpResponse::Ok();
    if !row.personal {
        // It never changes.
        answer.insert_header((CACHE_CONTROL, "private, max-age=31536000, immutable"));
    }
    if let Some(side) = size.side() {
        let turn = state.shelf.turn().await?;
        let make = move |state: &State| {
            let _turn = turn;
            attachments::small(&state.shelf.files, &state.data_key, (&row, side))
        };
        let small = state.run(make).await?;
        return Ok(answer.insert_header((CONTENT_TYPE, "image/jpeg")).body(small));
    }
    answer.insert_header((CONTENT_TYPE, row.media_type.0.code())).insert_header(disposition(&row));
    answer.no_chunking(u64::try_from(row.bytes).unwrap_or_default());
    let give = move |state: &State, out: &mut (dyn std::io::Write + Send)| {
        attachments::write(&state.shelf.files, &state.data_key, (&row, out))
    };
    Ok(answer.streaming(pipe::written(&state, give)))
}
