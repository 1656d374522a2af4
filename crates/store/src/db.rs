//! The run-time choice of PostgreSQL or SQLite: one enum, one dispatch macro, one way to write.

use crate::Error;
use crate::names::names_fill;
use diesel::backend::Backend;
use diesel::connection::{AnsiTransactionManager, Connection, SimpleConnection, TransactionManager};
use diesel::migration::{Migration, MigrationSource as _, MigrationVersion};
use diesel::query_builder::SqlQuery;
use diesel::query_dsl::LoadQuery;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};
use diesel::sql_types::BigInt;
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::time::Duration;

const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// How often a transaction that PostgreSQL could not serialise is run again before its error is given back.
const ATTEMPTS_MAX: u32 = 5;

/// A connection to either database.
pub enum Conn {
    /// PostgreSQL.
    Pg(PooledConnection<ConnectionManager<PgConnection>>),
    /// SQLite.
    Sqlite(PooledConnection<ConnectionManager<SqliteConnection>>),
}

/// `on!(conn, c => <diesel expression using c>)`: the same expression, compiled for each database.
#[macro_export]
macro_rules! on {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::db::Conn::Pg($c) => {
                let $c = &mut **$c;
                $body
            }
            $crate::db::Conn::Sqlite($c) => {
                let $c = &mut **$c;
                $body
            }
        }
    };
}

type PgTm = <PgConnection as Connection>::TransactionManager;

impl Conn {
    fn begin(&mut self) -> QueryResult<()> {
        match self {
            Self::Pg(c) => PgTm::begin_transaction(&mut **c),
            // IMMEDIATE takes the write lock at once: a reader that becomes a writer could only fail.
            Self::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(&mut **c, "BEGIN IMMEDIATE"),
        }
    }

    fn commit(&mut self) -> QueryResult<()> {
        on!(self, c => commit(c))
    }

    fn rollback(&mut self) -> QueryResult<()> {
        on!(self, c => rollback(c))
    }
}

fn commit<C: Connection>(conn: &mut C) -> QueryResult<()> {
    C::TransactionManager::commit_transaction(conn)
}

fn rollback<C: Connection>(conn: &mut C) -> QueryResult<()> {
    C::TransactionManager::rollback_transaction(conn)
}

#[derive(Debug)]
struct Pragmas;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Pragmas {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        // FULL: an acknowledged write survives a power cut.
        conn.batch_execute(
            "PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
             PRAGMA foreign_keys=ON; PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY;",
        )
        .map_err(diesel::r2d2::Error::QueryError)
    }
}

/// How many tables there are, and whether one says which migrations ran.
#[derive(QueryableByName)]
struct Tables {
    #[diesel(sql_type = BigInt)]
    tables: i64,
    #[diesel(sql_type = BigInt)]
    marks: i64,
}

fn refuse_foreign<C, DB>(conn: &mut C, asked: &str, ours: EmbeddedMigrations) -> Result<(), Error>
where
    DB: Backend,
    C: MigrationHarness<DB> + Connection<Backend = DB>,
    SqlQuery: for<'a> LoadQuery<'a, C, Tables>,
{
    let there: Tables = sql_query(asked).get_result(conn)?;
    if there.marks == 0 {
        return if there.tables == 0 { Ok(()) } else { Err(Error::Foreign) };
    }
    let unreadable = |e: Box<dyn std::error::Error + Send + Sync>| Error::Migration(e.to_string());
    let applied = conn.applied_migrations().map_err(unreadable)?;
    let known: Vec<Box<dyn Migration<DB>>> = ours.migrations().map_err(unreadable)?;
    let is_known = |version: &MigrationVersion<'_>| known.iter().any(|known| known.name().version() == *version);
    if applied.iter().all(is_known) { Ok(()) } else { Err(Error::Foreign) }
}

/// Either database with its pools.
#[derive(Clone)]
pub enum Store {
    /// PostgreSQL.
    Pg(Pool<ConnectionManager<PgConnection>>),
    /// SQLite: one writer, so that nobody starves in the busy handler, and several readers.
    Sqlite {
        /// The one connection that writes.
        write: Pool<ConnectionManager<SqliteConnection>>,
        /// Connections that read.
        read: Pool<ConnectionManager<SqliteConnection>>,
    },
}

impl Store {
    /// Opens `postgres://...` or `sqlite://path`. The scheme alone decides: a mistyped URL creates no file.
    ///
    /// # Errors
    /// [`Error::Url`] for another scheme, [`Error::Pool`] when the database cannot be reached.
    pub fn open(url: &str, connections: u32) -> Result<Self, Error> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // A pool tries for half a minute and says nothing of why; one connection says it at once.
            drop(PgConnection::establish(url)?);
            return Ok(Self::Pg(builder(connections).build(ConnectionManager::new(url))?));
        }
        let path = url.strip_prefix("sqlite://").filter(|path| !path.is_empty()).ok_or(Error::Url)?;
        Pragmas.on_acquire(&mut SqliteConnection::establish(path)?).map_err(|error| match error {
            diesel::r2d2::Error::ConnectionError(error) => Error::Connection(error),
            diesel::r2d2::Error::QueryError(error) => Error::Query(error),
        })?;
        let build = |size| {
            Pool::builder()
                .max_size(size)
                .test_on_check_out(false)
                .connection_timeout(Duration::from_secs(30))
                .connection_customizer(Box::new(Pragmas))
                .build(ConnectionManager::new(path))
        };
        // The writer first: it creates the file and switches it to WAL before any reader opens it.
        let write = build(1)?;
        Ok(Self::Sqlite { write, read: build(connections)? })
    }

    /// Brings the schema up to this program's.
    ///
    /// # Errors
    /// [`Error::Migration`] when a migration fails; the database then stands at the one before.
    /// [`Error::Foreign`] for a database of another program, or of a later one.
    pub fn migrate(&self) -> Result<(), Error> {
        self.refuse_foreign()?;
        let migrated = match self {
            Self::Pg(pool) => pool.get()?.run_pending_migrations(POSTGRES_MIGRATIONS).map(drop),
            Self::Sqlite { write, .. } => write.get()?.run_pending_migrations(SQLITE_MIGRATIONS).map(drop),
        };
        migrated.map_err(|e| Error::Migration(e.to_string()))?;
        names_fill(self)
    }

    /// Refuses a database with tables that no migration of ours made, or with migrations that this program does not know.
    fn refuse_foreign(&self) -> Result<(), Error> {
        match self {
            Self::Pg(pool) => refuse_foreign(
                &mut *pool.get()?,
                "SELECT count(*) AS tables, count(*) FILTER (WHERE table_name = '__diesel_schema_migrations') AS marks \
                 FROM information_schema.tables WHERE table_schema = current_schema()",
                POSTGRES_MIGRATIONS,
            ),
            Self::Sqlite { write, .. } => refuse_foreign(
                &mut *write.get()?,
                "SELECT count(*) AS tables, count(*) FILTER (WHERE name = '__diesel_schema_migrations') AS marks \
                 FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'",
                SQLITE_MIGRATIONS,
            ),
        }
    }

    /// Whether the schema is older than this program's.
    ///
    /// # Errors
    /// [`Error::Foreign`] for a database of another program, or of a later one.
    /// [`Error::Migration`] when that cannot be told.
    pub fn is_behind(&self) -> Result<bool, Error> {
        self.refuse_foreign()?;
        let pending = match self {
            Self::Pg(pool) => pool.get()?.has_pending_migration(POSTGRES_MIGRATIONS),
            Self::Sqlite { write, .. } => write.get()?.has_pending_migration(SQLITE_MIGRATIONS),
        };
        pending.map_err(|e| Error::Migration(e.to_string()))
    }

    /// Takes every migration back: the tables go, and what is in them. For tests.
    ///
    /// # Errors
    /// [`Error::Migration`].
    pub fn revert(&self) -> Result<(), Error> {
        let reverted = match self {
            Self::Pg(pool) => pool.get()?.revert_all_migrations(POSTGRES_MIGRATIONS).map(drop),
            Self::Sqlite { write, .. } => write.get()?.revert_all_migrations(SQLITE_MIGRATIONS).map(drop),
        };
        reverted.map_err(|e| Error::Migration(e.to_string()))
    }

    /// Runs SQL as it is, for checks of the schema and for tests that bend rows by hand.
    ///
    /// # Errors
    /// Those of the database.
    pub fn execute(&self, sql: &str) -> Result<(), Error> {
        self.write(|conn| on!(conn, c => c.batch_execute(sql)).map_err(Error::from))
    }

    /// Reads. What is read in one call is not one snapshot; what must be consistent is read in [`Store::write`].
    ///
    /// # Errors
    /// Those of `f`, or [`Error::Pool`].
    pub fn read<T, E: From<Error>>(&self, f: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E> {
        let mut conn = match self {
            Self::Pg(pool) => Conn::Pg(pool.get().map_err(Error::from)?),
            Self::Sqlite { read, .. } => Conn::Sqlite(read.get().map_err(Error::from)?),
        };
        f(&mut conn)
    }

    /// Reads in one snapshot: what is read later is of the same moment as what was read first.
    ///
    /// # Errors
    /// Those of `f`, or [`Error::Pool`].
    pub fn snapshot<T, E: From<Error>>(&self, f: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E> {
        self.read(|conn| {
            let begin = match conn {
                Conn::Pg(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                Conn::Sqlite(_) => "BEGIN",
            };
            on!(conn, c => c.batch_execute(begin)).map_err(Error::from)?;
            let outcome = f(conn);
            on!(conn, c => c.batch_execute("ROLLBACK")).map_err(Error::from)?;
            outcome
        })
    }

    /// The one way to write: one transaction, committed when `f` succeeds and taken back when it fails.
    /// `f` may run several times: PostgreSQL may ask for a transaction to be tried again (40001, 40P01).
    ///
    /// # Errors
    /// Those of `f`, or [`Error::Pool`], or the commit's.
    pub fn write<T, E: From<Error> + AsStoreError>(&self, f: impl Fn(&mut Conn) -> Result<T, E>) -> Result<T, E> {
        let mut conn = match self {
            Self::Pg(pool) => Conn::Pg(pool.get().map_err(Error::from)?),
            Self::Sqlite { write, .. } => Conn::Sqlite(write.get().map_err(Error::from)?),
        };
        let mut attempt = 1;
        loop {
            match transaction(&mut conn, &f) {
                Err(error) if attempt < ATTEMPTS_MAX && error.as_store_error().is_some_and(Error::is_retryable) => {
                    tracing::debug!(attempt, "transaction is tried again");
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }
}

/// Lets [`Store::write`] see a storage error inside an error of the layer above.
pub trait AsStoreError {
    /// The storage error, if it is one.
    fn as_store_error(&self) -> Option<&Error>;
}

impl AsStoreError for Error {
    fn as_store_error(&self) -> Option<&Error> {
        Some(self)
    }
}

fn transaction<T, E: From<Error>>(conn: &mut Conn, f: &impl Fn(&mut Conn) -> Result<T, E>) -> Result<T, E> {
    conn.begin().map_err(Error::from)?;
    match f(conn) {
        Ok(value) => {
            conn.commit().map_err(Error::from)?;
            Ok(value)
        }
        Err(error) => {
            if let Err(rollback) = conn.rollback() {
                tracing::warn!(error = %rollback, "a transaction could not be rolled back; its connection ends it");
            }
            Err(error)
        }
    }
}

fn builder(connections: u32) -> diesel::r2d2::Builder<ConnectionManager<PgConnection>> {
    Pool::builder().max_size(connections).test_on_check_out(false).connection_timeout(Duration::from_secs(30))
}
