//! What of the files nobody needs any more.

use super::Files;
use crate::{Error, Store};
use hege_files::Swept;
use hege_store::attachments::files_named;
use jiff::{SignedDuration, Timestamp};

/// How long a file waits for its row, and an upload for its next piece: a device may be without a network for days.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Takes away files that no row names and uploads that were given up.
///
/// # Errors
/// Those of storage and store.
pub fn sweep(store: &Store, files: &Files, now: Timestamp) -> Result<Swept, Error> {
    let before = now.checked_sub(KEPT).unwrap_or(Timestamp::UNIX_EPOCH).as_second();
    files.sweep(before, &|names| store.read(|conn| Ok::<_, Error>(files_named(conn, names)?)))
}
