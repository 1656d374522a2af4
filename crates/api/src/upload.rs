//! A file as it comes: written to a temporary file piece by piece, never held in memory, and no larger than is allowed.

use crate::State;
use crate::body::bad_request;
use crate::problem::Failure;
use actix_multipart::Multipart;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::{Stream, StreamExt as _};
use std::future::Future;
use std::io::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use tempfile::NamedTempFile;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Imports that run at once on one server; each has a reader and waits for the one writer.
const AT_ONCE: usize = 2;

/// What uploads are allowed.
#[derive(Debug, Clone)]
pub struct Uploads {
    /// The most bytes of a file.
    pub bytes_max: u64,
    turns: Arc<Semaphore>,
}

impl Uploads {
    /// Up to so many bytes a file.
    #[must_use]
    pub fn new(bytes_max: u64) -> Self {
        Self { bytes_max, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// One's turn to import; 503 when too many do already.
    pub(crate) fn turn(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.turns).try_acquire_owned().map_err(|_all_taken| Failure::busy())
    }
}

/// Half a gigabyte is millions of rows.
pub const BYTES_MAX: u64 = 512 * 1024 * 1024;

impl Default for Uploads {
    fn default() -> Self {
        Self::new(BYTES_MAX)
    }
}

/// A file that was taken whole. It goes when it is dropped.
pub(crate) struct Upload {
    pub(crate) file: NamedTempFile,
    /// As the sender calls it.
    pub(crate) name: String,
}

const RAW: [&str; 4] = [
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/octet-stream",
    "text/plain",
];

impl FromRequest for Upload {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = request.app_data::<web::Data<State>>().cloned().ok_or_else(Failure::not_found)?;
            let most = state.uploads.bytes_max;
            let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            if kind == "multipart/form-data" {
                let parts = Multipart::from_request(&request, &mut payload).await;
                return multipart(parts.map_err(|_unreadable| cut_off())?, most).await;
            }
            if !RAW.contains(&kind.as_str()) {
                let zh = "内容类型须为 text/csv、.xlsx 的类型、application/octet-stream 或 multipart/form-data";
                let en =
                    "the content type must be text/csv, that of .xlsx, application/octet-stream or multipart/form-data";
                return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", (zh, en)));
            }
            let payload = web::Payload::from_request(&request, &mut payload).await.map_err(|_none| cut_off())?;
            let name = if kind.ends_with("sheet") { "upload.xlsx" } else { "upload.csv" };
            taken(payload, most).await.map(|file| Self { file, name: name.to_owned() })
        })
    }
}

fn cut_off() -> Failure {
    bad_request("body_cut_off", "内容不完整", "the body was cut off")
}

fn internal(error: &std::io::Error) -> Failure {
    hege_app::Error::Internal(format!("an upload cannot be kept: {error}")).into()
}

/// The one part named `file`.
async fn multipart(mut parts: Multipart, most: u64) -> Result<Upload, Failure> {
    let mut found = None;
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_unreadable| cut_off())?;
        let is_file = part.name() == Some("file");
        if !is_file || found.is_some() {
            return Err(bad_request(
                "one_file",
                "须且只能有一个名为 file 的部分",
                "exactly one part, named file, is needed",
            ));
        }
        let name = part.content_disposition().and_then(|sent| sent.get_filename()).unwrap_or("upload").to_owned();
        found = Some(Upload { file: taken(part, most).await?, name });
    }
    found.ok_or_else(|| bad_request("body_missing", "没有文件", "there is no file"))
}

async fn taken<E>(stream: impl Stream<Item = Result<Bytes, E>>, most: u64) -> Result<NamedTempFile, Failure> {
    let mut file = NamedTempFile::new().map_err(|error| internal(&error))?;
    let mut size = 0_u64;
    let mut stream = std::pin::pin!(stream);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_cut| cut_off())?;
        size += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if size > most {
            let (zh, en) = (format!("文件超过 {most} 字节"), format!("the file has more than {most} bytes"));
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", (&zh, &en)));
        }
        file = web::block(move || file.write_all(&chunk).map(|()| file))
            .await
            .map_err(|_ended| cut_off())?
            .map_err(|error| internal(&error))?;
    }
    Ok(file)
}
