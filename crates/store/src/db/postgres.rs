//! PostgreSQL: a pool that hands out no connection which is known to be broken, and transactions that are run again where that
//! is safe.

use super::{AsStoreError, Conn, sqlite::PATIENCE};
use crate::Error;
use diesel::connection::TransactionManager as _;
use diesel::r2d2::{ConnectionManager, Pool, PooledConnection, R2D2Connection as _, State};
use diesel::{Connection, PgConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How often a transaction that PostgreSQL could not serialise is run before its error is given back.
const ATTEMPTS_MAX: u32 = 5;

/// How often one that failed for a reason which is not known is run.
const ATTEMPTS_UNKNOWN_MAX: u32 = 2;

type Manager = <PgConnection as Connection>::TransactionManager;

/// A PostgreSQL database with its connections.
#[derive(Clone)]
pub struct Postgres {
    pool: Pool<ConnectionManager<PgConnection>>,
    /// How often a connection was found broken.
    breaks: Arc<AtomicU32>,
}

/// What stands beside a connection in the pool: how many breaks had been seen when it last answered.
struct Answered(u32);

impl Postgres {
    pub(super) fn open(url: &str, connections: u32) -> Result<Self, Error> {
        // A pool tries for seconds and says nothing of why; one connection says it at once.
        drop(PgConnection::establish(url)?);
        let pool = Pool::builder().max_size(connections).test_on_check_out(false).connection_timeout(PATIENCE);
        Ok(Self { pool: pool.build(ConnectionManager::new(url))?, breaks: Arc::default() })
    }

    /// How full its pool is.
    pub(crate) fn state(&self) -> State {
        self.pool.state()
    }

    /// A connection. When one broke, each of the others has to answer before it is used again: a server that was started
    /// again has broken them all.
    pub(super) fn get(&self) -> Result<PooledConnection<ConnectionManager<PgConnection>>, Error> {
        let mut broken = 0;
        loop {
            let mut conn = self.pool.get()?;
            let breaks = self.breaks.load(Ordering::Relaxed);
            if PooledConnection::extensions(&conn).get::<Answered>().is_some_and(|answered| answered.0 == breaks) {
                return Ok(conn);
            }
            match conn.ping() {
                Ok(()) => {
                    PooledConnection::extensions_mut(&mut conn).insert(Answered(breaks));
                    return Ok(conn);
                }
                Err(error) if broken > self.pool.max_size() => return Err(error.into()),
                Err(_) => {
                    broken += 1;
                    spoil(&mut conn);
                }
            }
        }
    }

    /// Takes note of a connection that broke.
    pub(super) fn look_after(&self, conn: &mut Conn) {
        if conn.is_broken() {
            self.breaks.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One transaction, run again where PostgreSQL asks for it and where that is safe: as long as nothing can have been
    /// committed.
    pub(super) fn write<T, E: From<Error> + AsStoreError>(
        &self,
        f: impl Fn(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut attempt = 1;
        loop {
            let mut conn = Conn::Pg(self.get()?);
            let outcome = transaction(&mut conn, &f);
            self.look_after(&mut conn);
            let attempts_max = match &outcome {
                Err(error) => error.as_store_error().map_or(1, attempts_max),
                Ok(_) => 1,
            };
            if attempt >= attempts_max {
                return outcome;
            }
            tracing::debug!(attempt, "transaction is tried again");
            attempt += 1;
        }
    }
}

const fn attempts_max(error: &Error) -> u32 {
    match error {
        Error::Retry(_) => ATTEMPTS_MAX,
        error if error.is_unknown() => ATTEMPTS_UNKNOWN_MAX,
        _ => 1,
    }
}

fn transaction<T, E: From<Error> + AsStoreError>(
    conn: &mut Conn,
    f: &impl Fn(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    let Conn::Pg(pg) = conn else { return f(conn) };
    Manager::begin_transaction(&mut **pg).map_err(Error::from)?;
    let outcome = f(conn);
    let Conn::Pg(pg) = conn else { return outcome };
    match outcome {
        Ok(value) => {
            commit(pg)?;
            Ok(value)
        }
        Err(error) => {
            let rolled_back = Manager::rollback_transaction(&mut **pg);
            // The pool closes what is spoilt: the next connection may lead to the server that takes writes.
            if rolled_back.is_err() || matches!(error.as_store_error(), Some(Error::Busy(_))) {
                spoil(pg);
            }
            Err(error)
        }
    }
}

/// Commits. A connection that breaks before the answer leaves it open whether the server had committed. The transaction is
/// not run again then: it would find its own rows and call them somebody else's. Whoever asked is told, and asks again with
/// the same ids and revisions, which cannot take effect twice.
fn commit(conn: &mut PgConnection) -> Result<(), Error> {
    Manager::commit_transaction(conn).map_err(|error| {
        let is_broken = Manager::is_broken_transaction_manager(conn);
        if is_broken { Error::Uncertain(error) } else { Error::from(error) }
    })
}

fn spoil(conn: &mut PgConnection) {
    Manager::transaction_manager_status_mut(conn).set_in_error();
}
