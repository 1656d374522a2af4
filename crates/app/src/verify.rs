//! Recomputing what the database says of itself.

use crate::attachments::Files;
use crate::{Error, Store};
use hege_store::attachments::attachments_after;
use hege_store::audit::Audited as _;
pub use hege_store::verify::Finding;
use hege_store::verify::verify_each;

/// The shards that hold anything recorded.
///
/// # Errors
/// Those of the store.
pub fn cities(store: &Store) -> Result<Vec<i32>, Error> {
    store.read(|conn| Ok(hege_store::verify::cities(conn)?))
}

/// What of a shard is not as the record says.
///
/// # Errors
/// Those of the store.
pub fn city(store: &Store, city: i32) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    each(store, city, |finding| findings.push(finding))?;
    Ok(findings)
}

/// Attachments of a page.
const PAGE: i64 = 250;

/// Hands on each attachment of a shard whose file is gone, or is not the one that its row names.
///
/// # Errors
/// Those of the store and of the storage of files.
pub fn files(store: &Store, files: &Files, city: i32, mut found: impl FnMut(Finding)) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = store.read(|conn| Ok::<_, Error>(attachments_after(conn, city, after, PAGE)?))?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.sample_id, last.seq));
        for row in &page {
            let digest = files.digest(&row.sha256)?;
            if digest.as_ref() != Some(&row.sha256) {
                found(Finding::File { key: row.key(), missing: digest.is_none() });
            }
        }
    }
}

/// Hands on whatever of a shard is not as the record says, as soon as it is found.
///
/// # Errors
/// Those of the store.
pub fn each(store: &Store, city: i32, mut found: impl FnMut(Finding)) -> Result<(), Error> {
    store.snapshot(|conn| Ok(verify_each(conn, city, &mut found)?))
}
