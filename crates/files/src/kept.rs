//! Files by their content: written aside, then put under their name; read as a stream.

use crate::{Error, Files, kept_at};
use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, WriteMultipart};
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Write};

/// Parts that are on their way at once; each has five megabytes.
const PARTS: usize = 2;
/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// A file that is being written. Dropped before it is kept it leaves nothing that anybody finds.
pub struct Making<'a> {
    files: &'a Files,
    upload: Option<WriteMultipart>,
    at: Path,
    digest: Sha256,
}

impl Files {
    /// Begins a file. `id` is nobody else's.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn make(&self, id: &str) -> Result<Making<'_>, Error> {
        let at = Path::from_iter(["making", id]);
        let _inside = self.handle.enter();
        let upload = WriteMultipart::new(self.handle.block_on(self.objects.put_multipart(&at))?);
        Ok(Making { files: self, upload: Some(upload), at, digest: Sha256::new() })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Missing`], and those of the storage.
    pub fn read(&self, sha256: &str) -> Result<Reading<'_>, Error> {
        self.read_at(&kept_at(sha256), sha256)
    }

    pub(crate) fn read_at(&self, at: &Path, name: &str) -> Result<Reading<'_>, Error> {
        let found = match self.handle.block_on(self.objects.get(at)) {
            Err(object_store::Error::NotFound { .. }) => return Err(Error::Missing(name.to_owned())),
            outcome => outcome?,
        };
        Ok(Reading { files: self, stream: found.into_stream(), piece: Bytes::new() })
    }

    /// The SHA-256 of what stands under a name; none when nothing does.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn digest(&self, sha256: &str) -> Result<Option<String>, Error> {
        let mut reading = match self.read(sha256) {
            Err(Error::Missing(_)) => return Ok(None),
            outcome => outcome?,
        };
        let (mut digest, mut piece) = (Sha256::new(), vec![0; PIECE]);
        loop {
            let read = reading.read(&mut piece)?;
            if read == 0 {
                return Ok(Some(hex::encode(digest.finalize())));
            }
            digest.update(piece.get(..read).unwrap_or_default());
        }
    }
}

impl Making<'_> {
    /// Puts it under its name, the SHA-256 of what was written, and gives that. A file that is there already is written anew: it
    /// is the same, and young again for whoever sweeps.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn keep(mut self) -> Result<String, Error> {
        let sha256 = hex::encode(std::mem::take(&mut self.digest).finalize());
        let Some(upload) = self.upload.take() else { return Err(Error::Missing(sha256)) };
        self.files.handle.block_on(async {
            upload.finish().await?;
            self.files.objects.rename(&self.at, &kept_at(&sha256)).await
        })?;
        Ok(sha256)
    }
}

impl Write for Making<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(upload) = &mut self.upload else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let _inside = self.files.handle.enter();
        self.files.handle.block_on(upload.wait_for_capacity(PARTS)).map_err(io::Error::other)?;
        upload.write(bytes);
        self.digest.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        if let Some(upload) = self.upload.take() {
            // What stays behind of it is swept.
            drop(self.files.handle.block_on(upload.abort()));
        }
    }
}

/// A file that is being read, piece by piece.
pub struct Reading<'a> {
    files: &'a Files,
    stream: BoxStream<'static, object_store::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Reading<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.files.handle.block_on(self.stream.next()) {
                Some(piece) => self.piece = piece.map_err(io::Error::other)?,
                None => return Ok(0),
            }
        }
        let read = self.piece.len().min(into.len());
        self.piece.copy_to_slice(into.get_mut(..read).unwrap_or_default());
        Ok(read)
    }
}
