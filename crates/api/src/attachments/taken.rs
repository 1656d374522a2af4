//! Bytes of an upload as they come: kept in pieces, so that a network that breaks costs one of them at most.

use crate::State;
use crate::edge::patience::Patience;
use crate::problem::Failure;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, rt};
use hege_app::attachments::Asked;
use hege_app::{Call, Error};
use hege_core::Problem;
use std::sync::Arc;

/// Bytes of a piece: what a slow network brings in some seconds, and few enough to be held for each upload.
const PIECE: usize = 1024 * 1024;

/// The byte with which a body begins.
pub(super) fn offset(request: &HttpRequest) -> Result<u64, Failure> {
    let Some(header) = request.headers().get("upload-offset") else { return Ok(0) };
    let offset = header.to_str().ok().and_then(|text| text.trim().parse().ok());
    offset.ok_or_else(|| {
        let (zh, en) = ("须为不小于 0 的整数", "a whole number, 0 or more");
        Failure::invalid(&Problem::new("Upload-Offset", "bad_number", zh, en).into())
    })
}

/// The body begins with another byte than the next.
pub(super) fn another_offset(there: u64) -> Failure {
    let words = (
        "上传位置不符，请从 Upload-Offset 继续",
        "the body begins with another byte than the next: go on from Upload-Offset",
    );
    Failure::new(StatusCode::CONFLICT, "offset_mismatch", words).with_offset(there)
}

/// Keeps what comes of a body. How many bytes of the file are there afterwards.
///
/// It is a task of its own: when the client is gone, what arrived is kept all the same.
pub(super) async fn take(
    (state, request): (Arc<State>, HttpRequest),
    asked: (Call, Asked),
    (payload, begin): (Payload, u64),
) -> Result<u64, Failure> {
    let patience = Patience::with(&request);
    let taking = Taking { state, asked: Arc::new(asked), there: begin, piece: Vec::new() };
    let ended = rt::spawn(taking.all(payload, patience)).await;
    ended.unwrap_or_else(|panicked| Err(Error::Internal(panicked.to_string()).into()))
}

struct Taking {
    state: Arc<State>,
    asked: Arc<(Call, Asked)>,
    there: u64,
    piece: Vec<u8>,
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Taking {
    async fn all(mut self, mut payload: Payload, mut patience: Patience) -> Result<u64, Failure> {
        let whole = self.asked.1.described.bytes;
        loop {
            let next = patience.next(&mut payload).await;
            match next {
                Ok(Some(bytes)) if self.there + length(&self.piece) + length(&bytes) > whole => {
                    let (zh, en) = ("内容多于所报字节数", "there are more bytes than were stated");
                    return Err(Failure::invalid(&Problem::new("?bytes", "bytes_differ", zh, en).into()));
                }
                Ok(Some(bytes)) => {
                    self.piece.extend_from_slice(&bytes);
                    if self.piece.len() >= PIECE {
                        self.keep().await?;
                    }
                }
                Ok(None) => {
                    self.keep().await?;
                    return Ok(self.there);
                }
                Err(broken) => {
                    self.keep().await?;
                    return Err(broken.with_offset(self.there));
                }
            }
        }
    }

    /// Puts what has come since the last piece.
    async fn keep(&mut self) -> Result<(), Failure> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.piece));
        let (asked, begin, size) = (Arc::clone(&self.asked), self.there, length(&piece));
        let stage = move |state: &State| Ok(asked.1.stage(&state.shelf.files, &asked.0, (begin, piece))?);
        self.state.run(stage).await?;
        self.there += size;
        Ok(())
    }
}
