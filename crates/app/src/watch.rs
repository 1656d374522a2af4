//! What is watched from outside: whether the database answers and fits, how full its pools are, what waits in it.

pub use hege_store::gauges::{PoolState, Waiting, writes};

use crate::{Error, Store};
use hege_store::gauges::waiting;

/// The connections of each pool.
#[must_use]
pub fn pools(store: &Store) -> Vec<PoolState> {
    store.pools()
}

/// What waits in the database.
///
/// # Errors
/// Those of the store.
pub fn waits(store: &Store) -> Result<Waiting, Error> {
    store.read(|conn| Ok(waiting(conn)?))
}

/// Whether the database's schema is older than this program's.
///
/// # Errors
/// Those of the store.
pub fn is_behind(store: &Store) -> Result<bool, Error> {
    Ok(store.is_behind()?)
}
