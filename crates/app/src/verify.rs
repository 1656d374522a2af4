//! Recomputing what the database says of itself.

use crate::{Error, Store};
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

/// Hands on whatever of a shard is not as the record says, as soon as it is found.
///
/// # Errors
/// Those of the store.
pub fn each(store: &Store, city: i32, mut found: impl FnMut(Finding)) -> Result<(), Error> {
    store.snapshot(|conn| Ok(verify_each(conn, city, &mut found)?))
}
