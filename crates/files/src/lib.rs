//! Files beside the database: kept by the SHA-256 of their content, in a folder or in what speaks S3.
//!
//! Invariants
//! - A file is whole under its name or not there at all, and on the disk before anybody is told so.
//! - What comes in pieces lies apart until it is whole; whichever server takes the next piece knows what there is.
//! - Nothing is held in memory but pieces; a picture that is looked at is bounded.

pub mod bundle;
pub mod content;

mod kept;
mod staged;
mod sweep;

pub use kept::{Making, Reading};
pub use sweep::Swept;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::{Builder, Handle, Runtime};
use url::Url;

/// Threads that wait for the storage. Whoever asks waits too, so that few are enough.
const THREADS: usize = 2;

/// Why the storage of files did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The setting names no place.
    #[error("HEGE_FILES: {0}")]
    Setting(String),
    /// A file that a row names is not there.
    #[error("the file {0} is not there")]
    Missing(String),
    /// Another request wrote this piece.
    #[error("another request wrote this piece")]
    Taken,
    /// The storage failed.
    #[error("the storage of files failed")]
    Storage(#[from] object_store::Error),
    /// The machine.
    #[error("the storage of files failed")]
    Io(#[from] std::io::Error),
}

/// Where files are kept. Its methods wait: they are called on threads that may.
pub struct Files {
    objects: Arc<dyn ObjectStore>,
    /// The folder, where it is one.
    folder: Option<PathBuf>,
    handle: Handle,
    /// Taken when it is dropped.
    runtime: Option<Runtime>,
}

impl Files {
    /// Opens a folder, which is made, or `s3://BUCKET/PREFIX` with region, endpoint and credentials from the environment (`AWS_*`).
    ///
    /// # Errors
    /// [`Error::Setting`]; [`Error::Io`] for a folder that cannot be made.
    pub fn open(setting: &str) -> Result<Self, Error> {
        let is_folder = !setting.starts_with("s3://");
        let objects: Arc<dyn ObjectStore> =
            if is_folder { Arc::new(folder(setting)?) } else { Arc::new(bucket(setting)?) };
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).thread_name("files").enable_all().build()?;
        let folder = is_folder.then(|| PathBuf::from(setting));
        Ok(Self { objects, folder, handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Whether a file is there.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn has(&self, sha256: &str) -> Result<bool, Error> {
        match self.handle.block_on(self.objects.head(&kept_at(sha256))) {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // Dropped where waiting is forbidden, inside of another runtime, it would panic.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn kept_at(sha256: &str) -> Path {
    let folder = sha256.get(..2).unwrap_or("00");
    Path::from_iter(["kept", folder, sha256])
}

fn folder(setting: &str) -> Result<LocalFileSystem, Error> {
    if setting.trim().is_empty() || setting.contains("://") {
        return Err(Error::Setting(format!("`{setting}` is neither a folder nor s3://BUCKET/PREFIX")));
    }
    // Photos are nobody's on this machine but ours, as the database is.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(setting)?;
    Ok(LocalFileSystem::new_with_prefix(setting)?.with_fsync(true).with_automatic_cleanup(true))
}

fn bucket(setting: &str) -> Result<PrefixStore<object_store::aws::AmazonS3>, Error> {
    let url = Url::parse(setting).map_err(|error| Error::Setting(error.to_string()))?;
    // Whoever installed one before us has the same reason.
    drop(rustls::crypto::ring::default_provider().install_default());
    let bucket = url.host_str().filter(|host| !host.is_empty());
    let bucket = bucket.ok_or_else(|| Error::Setting(format!("`{setting}` names no bucket")))?;
    let store = AmazonS3Builder::from_env().with_bucket_name(bucket).build();
    let store = store.map_err(|error| Error::Setting(error.to_string()))?;
    Ok(PrefixStore::new(store, Path::from(url.path().trim_matches('/'))))
}
