//! SQLite: one file, one connection that writes, several that read.

use super::Conn;
use super::writer::Writer;
use crate::Error;
use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection, State};
use diesel::result::Error as Diesel;
use diesel::{Connection as _, SqliteConnection};
use std::fs;
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

/// How long anybody waits for a connection, for the writer's turn or for another process that holds the file, before the
/// request fails: long enough for what is written in one piece, short enough for whoever waits for the answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A connection of the pool of readers, or the writer's own.
pub enum Lite {
    /// One that reads.
    Reader(PooledConnection<ConnectionManager<SqliteConnection>>),
    /// The one that writes.
    Writer(Box<SqliteConnection>),
}

impl Deref for Lite {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self {
            Self::Reader(conn) => conn,
            Self::Writer(conn) => conn,
        }
    }
}

impl DerefMut for Lite {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Reader(conn) => conn,
            Self::Writer(conn) => conn,
        }
    }
}

/// A file that is there. It is never made anew: where it is missing, an empty one in its place would be taken for the data.
#[derive(Debug, Clone)]
pub(super) struct File {
    path: String,
    /// Device and inode.
    identity: (u64, u64),
}

fn identity(path: &str) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

impl File {
    /// As a URI that opens it and makes none.
    fn uri(&self) -> String {
        let path = self.path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        format!("file:{path}?mode=rw")
    }

    /// That the file which was opened is still at its place. SQLite itself would go on writing into one that was removed, and
    /// what it acknowledged would be gone with the process.
    pub(super) fn is_there(&self) -> Result<(), Error> {
        if identity(&self.path) == Some(self.identity) { Ok(()) } else { Err(Error::Gone) }
    }

    /// A connection of its own.
    pub(super) fn connect(&self) -> Result<SqliteConnection, Error> {
        self.is_there()?;
        let mut conn = SqliteConnection::establish(&self.uri())?;
        prepare(&mut conn)?;
        Ok(conn)
    }
}

fn prepare(conn: &mut SqliteConnection) -> Result<(), Diesel> {
    // FULL: an acknowledged write survives a power cut.
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout={}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
         PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY;",
        PATIENCE.as_millis()
    ))
}

#[derive(Debug)]
struct Prepared;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Prepared {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        prepare(conn).map_err(diesel::r2d2::Error::QueryError)
    }
}

/// A SQLite database with its connections.
pub struct Sqlite {
    file: File,
    pub(super) writer: Writer,
    readers: Pool<ConnectionManager<SqliteConnection>>,
}

impl Sqlite {
    /// Opens the file at `path`, which is made when it is missing.
    pub(super) fn open(path: &str, readers: u32) -> Result<Self, Error> {
        // The first connection makes the file and switches it to WAL before any reader opens it.
        let mut first = SqliteConnection::establish(path)?;
        prepare(&mut first)?;
        writable(&mut first)?;
        let file = File { path: path.to_owned(), identity: identity(path).ok_or(Error::Gone)? };
        let readers = Pool::builder()
            .max_size(readers)
            .test_on_check_out(false)
            .connection_timeout(PATIENCE)
            .connection_customizer(Box::new(Prepared))
            .build(ConnectionManager::new(file.uri()))?;
        Ok(Self { writer: Writer::new(file.clone(), first), file, readers })
    }

    /// How full the pool of those that read is.
    pub(crate) fn state(&self) -> State {
        self.readers.state()
    }

    /// A connection that reads.
    pub(super) fn reader(&self) -> Result<Conn, Error> {
        self.file.is_there()?;
        Ok(Conn::Sqlite(Lite::Reader(self.readers.get()?)))
    }

    /// A connection of its own for what is done before anything else: the schema.
    pub(super) fn own(&self) -> Result<SqliteConnection, Error> {
        self.file.connect()
    }
}

/// That the file can be written: SQLite opens one that cannot without a word. Somebody who writes it just now proves it too.
fn writable(conn: &mut SqliteConnection) -> Result<(), Error> {
    let tried = conn.batch_execute("PRAGMA busy_timeout=0; BEGIN IMMEDIATE; ROLLBACK;").map_err(Error::from);
    conn.batch_execute(&format!("PRAGMA busy_timeout={}", PATIENCE.as_millis()))?;
    match tried {
        Err(error @ (Error::ReadOnly(_) | Error::Full(_))) => Err(error),
        _ => Ok(()),
    }
}
