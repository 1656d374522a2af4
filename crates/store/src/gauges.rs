//! What is watched of a database from outside: how full its pools are, and what waits in it. Counts only.

use crate::schema::{alert, audit, outbox};
use crate::types::Ts;
use crate::{Conn, Error, Store, on};
use diesel::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Transactions that were committed by this process.
static WRITES: AtomicU64 = AtomicU64::new(0);

/// One more was committed.
pub(crate) fn written() {
    WRITES.fetch_add(1, Ordering::Relaxed);
}

/// How many transactions this process has committed.
#[must_use]
pub fn writes() -> u64 {
    WRITES.load(Ordering::Relaxed)
}

/// The connections of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    /// `read`, or `all` where one pool serves both.
    pub pool: &'static str,
    /// How many are open.
    pub open: u32,
    /// How many of them are at work.
    pub in_use: u32,
}

impl PoolState {
    fn of(pool: &'static str, state: &diesel::r2d2::State) -> Self {
        Self { pool, open: state.connections, in_use: state.connections.saturating_sub(state.idle_connections) }
    }
}

impl Store {
    /// The connections of each pool.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolState> {
        match self {
            Self::Pg(postgres) => vec![PoolState::of("all", &postgres.state())],
            // One connection writes, always.
            Self::Sqlite(sqlite) => vec![PoolState::of("read", &sqlite.state())],
        }
    }
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Messages that have not left.
    pub outbox: i64,
    /// Since when the oldest of them could have.
    pub outbox_since: Option<Ts>,
    /// Audit rows in no link yet.
    pub unsealed: i64,
    /// When the oldest of them was written.
    pub unsealed_since: Option<Ts>,
    /// Alerts that have not ended.
    pub alerts: i64,
}

/// What waits.
///
/// # Errors
/// Those of the database.
pub fn waiting(conn: &mut Conn) -> Result<Waiting, Error> {
    use diesel::dsl::count_star;
    let messages = || outbox::table.filter(outbox::state.eq("waiting"));
    let rows = || audit::table.filter(audit::seal.is_null());
    Ok(Waiting {
        outbox: on!(conn, c => messages().select(count_star()).first(c))?,
        outbox_since: on!(conn, c => messages().select(outbox::due_at).order(outbox::due_at).first(c).optional())?,
        unsealed: on!(conn, c => rows().select(count_star()).first(c))?,
        unsealed_since: on!(conn, c => rows().select(audit::at).order(audit::at).first(c).optional())?,
        alerts: on!(conn, c => alert::table.filter(alert::ended_at.is_null()).select(count_star()).first(c))?,
    })
}
