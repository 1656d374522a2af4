//! 证据包: one ZIP whose parts stand in a manifest with their digests, written and read as a stream.
//!
//! The manifest is the last part but one; its own digest is the last. Nobody who changes a byte of a part leaves it whole.

use hege_core::words;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, Write};
use zip::read::ZipArchive;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};
use zip::{CompressionMethod, result::ZipError};

/// The part that names the others.
pub const MANIFEST: &str = "manifest.json";
/// The part that holds its digest.
pub const SEAL: &str = "manifest.sha256";
/// The most bytes of a manifest: some hundred parts.
const MANIFEST_MAX: u64 = 4 * 1024 * 1024;
/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

words! {
    /// What is wrong with a bundle, at a named place.
    pub enum BundleFault {
        NotABundle = "not_a_bundle", "不是证据包", "not an evidence bundle";
        ManifestDiffers = "manifest_differs", "清单被改动", "the manifest was altered";
        PartMissing = "part_missing", "文件缺失", "a part is missing";
        PartUnknown = "part_unknown", "清单之外的文件", "a part that the manifest does not name";
        PartDiffers = "part_differs", "内容被改动", "its content was altered";
        LineUnreadable = "line_unreadable", "此行无法识别", "a line cannot be read";
        RowDiffers = "row_differs", "与审计记录不符", "the row is not the one that was recorded";
        RowUnrecorded = "row_unrecorded", "审计记录中没有此行", "the row was never recorded";
        RowUnsealed = "row_unsealed", "记录此行的审计记录尚未入链，请稍后重新导出", "what records the row is in no link yet: take the evidence again";
        RowMissing = "row_missing", "审计记录中的此行缺失", "a recorded row is missing";
        AuditDiffers = "audit_differs", "审计记录与审计链不符", "the audit row is not the one that was sealed";
        AuditUnlinked = "audit_unlinked", "审计记录不在审计链中", "the audit row stands in no link of the chain";
        LinkBroken = "link_broken", "审计链断裂", "the link does not follow from the one before";
        HeadDiffers = "head_differs", "审计链末端与清单不符", "the chain does not end at the head that the manifest names";
        HeadUnknown = "head_unknown", "审计链中没有所给的链首", "the chain does not pass through the head that was given";
        FileMissing = "file_missing", "附件文件缺失或不符", "an attachment's file is missing or another";
    }
}

/// A fault and where it is: a part, or a line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which part, and which line or key of it.
    pub place: String,
    /// What is wrong.
    pub fault: BundleFault,
}

impl Fault {
    /// A fault at a place.
    #[must_use]
    pub fn new(place: impl Into<String>, fault: BundleFault) -> Self {
        Self { place: place.into(), fault }
    }
}

/// Why a bundle could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Where it is written to.
    #[error("the bundle cannot be written")]
    Io(#[from] io::Error),
    /// The archive.
    #[error("the bundle cannot be written")]
    Zip(#[from] ZipError),
}

/// A bundle that is being written, part by part, to what cannot go back.
pub struct BundleWriter<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    parts: Vec<Value>,
}

/// Counts and digests what goes through.
struct Digesting<W> {
    out: W,
    digest: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> BundleWriter<W> {
    /// Begins a bundle.
    pub fn new(out: W) -> Self {
        Self { zip: ZipWriter::new_stream(out), parts: Vec::new() }
    }

    /// Writes a part, as it is: in a packed one a bit may change that changes nothing.
    ///
    /// # Errors
    /// Those of writing, and of whoever writes it.
    pub fn part<E: From<WriteError>>(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        self.begin(name)?;
        let mut out = Digesting { out: &mut self.zip, digest: Sha256::new(), bytes: 0 };
        write(&mut out)?;
        let (bytes, sha256) = (out.bytes, hex::encode(out.digest.finalize()));
        self.parts.push(json!({"name": name, "bytes": bytes, "sha256": sha256}));
        Ok(())
    }

    fn begin(&mut self, name: &str) -> Result<(), WriteError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default());
        Ok(self.zip.start_file(name, options)?)
    }

    /// Ends it with its manifest: what is said of the whole, and every part.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self, mut of_whole: Map<String, Value>) -> Result<(), WriteError> {
        of_whole.insert("parts".to_owned(), Value::Array(std::mem::take(&mut self.parts)));
        let manifest = format!("{:#}\n", Value::Object(of_whole));
        self.begin(MANIFEST)?;
        self.zip.write_all(manifest.as_bytes())?;
        self.begin(SEAL)?;
        let sha256 = hex::encode(Sha256::digest(manifest.as_bytes()));
        self.zip.write_all(format!("{sha256}  {MANIFEST}\n").as_bytes())?;
        self.zip.finish()?;
        Ok(())
    }
}

/// A bundle that is being read.
pub struct Bundle<R> {
    archive: ZipArchive<R>,
    /// What it says of the whole.
    pub manifest: Value,
    parts: BTreeMap<String, (u64, String)>,
}

impl<R: Read + Seek> Bundle<R> {
    /// Opens a bundle: its manifest is whole, and its parts are those that it names.
    ///
    /// # Errors
    /// The first fault.
    pub fn open(file: R) -> Result<Self, Fault> {
        let not_one = |_: ZipError| Fault::new("", BundleFault::NotABundle);
        let mut archive = ZipArchive::new(file).map_err(not_one)?;
        let manifest = text(&mut archive, MANIFEST)?;
        let sealed = text(&mut archive, SEAL)?;
        let sha256 = hex::encode(Sha256::digest(manifest.as_bytes()));
        if sealed != format!("{sha256}  {MANIFEST}\n") {
            return Err(Fault::new(MANIFEST, BundleFault::ManifestDiffers));
        }
        let unreadable = || Fault::new(MANIFEST, BundleFault::ManifestDiffers);
        let manifest: Value = serde_json::from_str(&manifest).map_err(|_no_json| unreadable())?;
        let listed = manifest.get("parts").and_then(Value::as_array).ok_or_else(unreadable)?;
        let part = |part: &Value| {
            let text = |name: &str| part.get(name).and_then(Value::as_str).map(str::to_owned);
            Some((text("name")?, (part.get("bytes")?.as_u64()?, text("sha256")?)))
        };
        let parts: Option<BTreeMap<_, _>> = listed.iter().map(part).collect();
        let parts = parts.filter(|parts| parts.len() == listed.len()).ok_or_else(unreadable)?;
        let bundle = Self { archive, manifest, parts };
        bundle.whole().map(|()| bundle)
    }

    /// Whether the parts of the archive are those of the manifest.
    fn whole(&self) -> Result<(), Fault> {
        let mut names = Vec::with_capacity(self.archive.len());
        for name in self.archive.file_names() {
            let name = name.map_err(|_no_text| Fault::new("", BundleFault::NotABundle))?;
            if name != MANIFEST && name != SEAL && !self.parts.contains_key(name.as_ref()) {
                return Err(Fault::new(name, BundleFault::PartUnknown));
            }
            names.push(name.into_owned());
        }
        match self.parts.keys().find(|name| !names.contains(name)) {
            Some(name) => Err(Fault::new(name, BundleFault::PartMissing)),
            None => Ok(()),
        }
    }

    /// The names of the parts, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.parts.keys().cloned().collect()
    }

    /// The digest that the manifest gives for a part.
    #[must_use]
    pub fn sha256(&self, name: &str) -> Option<&str> {
        self.parts.get(name).map(|(_, sha256)| sha256.as_str())
    }

    /// Hands a part on piece by piece and holds it against its digest, no further than as many bytes as it may have.
    ///
    /// # Errors
    /// [`BundleFault::PartDiffers`] and what `sink` finds.
    pub fn read(&mut self, name: &str, sink: &mut dyn FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        let differs = || Fault::new(name, BundleFault::PartDiffers);
        let (bytes, sha256) =
            self.parts.get(name).cloned().ok_or_else(|| Fault::new(name, BundleFault::PartMissing))?;
        let mut part = self.archive.by_name(name).map_err(|_unreadable| differs())?;
        let (mut digest, mut piece, mut left) = (Sha256::new(), vec![0; PIECE], bytes);
        loop {
            let read = part.read(&mut piece).map_err(|_unreadable| differs())?;
            let read = piece.get(..read).unwrap_or_default();
            if read.is_empty() {
                break;
            }
            left = left.checked_sub(u64::try_from(read.len()).unwrap_or(u64::MAX)).ok_or_else(differs)?;
            digest.update(read);
            sink(read)?;
        }
        if left == 0 && hex::encode(digest.finalize()) == sha256 { Ok(()) } else { Err(differs()) }
    }
}

fn text<R: Read + Seek>(archive: &mut ZipArchive<R>, name: &str) -> Result<String, Fault> {
    let part = archive.by_name(name).map_err(|error| match error {
        ZipError::FileNotFound => Fault::new(name, BundleFault::NotABundle),
        _ => Fault::new(name, BundleFault::ManifestDiffers),
    })?;
    let mut text = String::new();
    let read = part.take(MANIFEST_MAX).read_to_string(&mut text);
    read.map(|_| text).map_err(|_unreadable| Fault::new(name, BundleFault::ManifestDiffers))
}
