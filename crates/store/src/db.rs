//! The run-time choice of PostgreSQL or SQLite: one enum, one dispatch macro, one way to write.

mod postgres;
mod sqlite;
mod writer;

pub use postgres::Postgres;
pub use sqlite::{Lite, Sqlite};

use crate::Error;
use crate::names::names_fill;
use diesel::backend::Backend;
use diesel::connection::{Connection, SimpleConnection as _, TransactionManager as _};
use diesel::migration::{Migration, MigrationSource as _, MigrationVersion};
use diesel::query_builder::SqlQuery;
use diesel::query_dsl::LoadQuery;
use diesel::r2d2::{ConnectionManager, PooledConnection};
use diesel::sql_types::BigInt;
use diesel::{PgConnection, QueryableByName, RunQueryDsl as _, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::sync::Arc;

const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// A connection to either database.
pub enum Conn {
    /// PostgreSQL.
    Pg(PooledConnection<ConnectionManager<PgConnection>>),
    /// SQLite.
    Sqlite(Lite),
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

impl Conn {
    /// Whether it is of no use any more, as far as is known. A pool closes it then.
    fn is_broken(&mut self) -> bool {
        on!(self, c => manager(c).transaction_depth().is_err())
    }

    /// Has its pool close it.
    fn spoil(&mut self) {
        on!(self, c => manager(c).set_in_error());
    }
}

fn manager<C: Connection>(conn: &mut C) -> &mut diesel::connection::TransactionManagerStatus {
    C::TransactionManager::transaction_manager_status_mut(conn)
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

/// Either database with its connections.
#[derive(Clone)]
pub enum Store {
    /// PostgreSQL.
    Pg(Postgres),
    /// SQLite.
    Sqlite(Arc<Sqlite>),
}

impl Store {
    /// Opens `postgres://...` or `sqlite://path`. The scheme alone decides: a mistyped URL creates no file.
    ///
    /// # Errors
    /// [`Error::Url`] for another scheme, [`Error::Connection`] when the database cannot be reached, [`Error::ReadOnly`] and
    /// [`Error::Full`] when a SQLite file cannot be written.
    pub fn open(url: &str, connections: u32) -> Result<Self, Error> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Pg(Postgres::open(url, connections)?));
        }
        let path = url.strip_prefix("sqlite://").filter(|path| !path.is_empty()).ok_or(Error::Url)?;
        Ok(Self::Sqlite(Arc::new(Sqlite::open(path, connections)?)))
    }

    /// Brings the schema up to this program's.
    ///
    /// # Errors
    /// [`Error::Migration`] when a migration fails; the database then stands at the one before.
    /// [`Error::Foreign`] for a database of another program, or of a later one.
    pub fn migrate(&self) -> Result<(), Error> {
        self.refuse_foreign()?;
        let migrated = match self {
            Self::Pg(pg) => pg.get()?.run_pending_migrations(POSTGRES_MIGRATIONS).map(drop),
            Self::Sqlite(lite) => lite.own()?.run_pending_migrations(SQLITE_MIGRATIONS).map(drop),
        };
        migrated.map_err(|e| Error::Migration(e.to_string()))?;
        names_fill(self)
    }

    /// Refuses a database with tables that no migration of ours made, or with migrations that this program does not know.
    fn refuse_foreign(&self) -> Result<(), Error> {
        match self {
            Self::Pg(pg) => refuse_foreign(
                &mut *pg.get()?,
                "SELECT count(*) AS tables, count(*) FILTER (WHERE table_name = '__diesel_schema_migrations') AS marks \
                 FROM information_schema.tables WHERE table_schema = current_schema()",
                POSTGRES_MIGRATIONS,
            ),
            Self::Sqlite(lite) => refuse_foreign(
                &mut lite.own()?,
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
            Self::Pg(pg) => pg.get()?.has_pending_migration(POSTGRES_MIGRATIONS),
            Self::Sqlite(lite) => lite.own()?.has_pending_migration(SQLITE_MIGRATIONS),
        };
        pending.map_err(|e| Error::Migration(e.to_string()))
    }

    /// Takes every migration back: the tables go, and what is in them. For tests.
    ///
    /// # Errors
    /// [`Error::Migration`].
    pub fn revert(&self) -> Result<(), Error> {
        let reverted = match self {
            Self::Pg(pg) => pg.get()?.revert_all_migrations(POSTGRES_MIGRATIONS).map(drop),
            Self::Sqlite(lite) => lite.own()?.revert_all_migrations(SQLITE_MIGRATIONS).map(drop),
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
        match self {
            Self::Pg(pg) => {
                let mut conn = Conn::Pg(pg.get()?);
                let outcome = f(&mut conn);
                pg.look_after(&mut conn);
                outcome
            }
            Self::Sqlite(lite) => f(&mut lite.reader()?),
        }
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
            if on!(conn, c => c.batch_execute("ROLLBACK")).is_err() {
                conn.spoil();
            }
            outcome
        })
    }

    /// The one way to write: one transaction, committed when `f` succeeds and taken back when it fails. It answers when that
    /// is certain.
    ///
    /// `f` may run several times, each time on what the others have committed: PostgreSQL may ask for it (40001, 40P01), and on
    /// SQLite a storage error undoes those who share a commit. So it hands on every error of the store that it meets, takes
    /// times and ids from outside, and does nothing outside the database. Ids and revisions that its caller chose
    /// also make the whole of it safe to be asked for again after [`Error::Uncertain`].
    ///
    /// # Errors
    /// Those of `f`, or of the database. With any but [`Error::Uncertain`] nothing was written.
    pub fn write<T, E: From<Error> + AsStoreError>(&self, f: impl Fn(&mut Conn) -> Result<T, E>) -> Result<T, E> {
        let written = match self {
            Self::Pg(pg) => pg.write(f),
            Self::Sqlite(lite) => lite.writer.write(f),
        };
        written.inspect(|_| crate::gauges::written())
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
