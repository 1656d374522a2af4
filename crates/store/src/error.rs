//! What can go wrong between the program and its database, told apart by what somebody can do about it.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as Diesel};

/// What can go wrong between the program and its database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `DATABASE_URL` names no database this program knows.
    #[error("the database URL must begin with sqlite:// or postgres://")]
    Url,
    /// No connection could be had.
    #[error("no connection to the database")]
    Pool(#[from] diesel::r2d2::PoolError),
    /// The database does not answer.
    #[error("the database cannot be reached")]
    Connection(#[from] diesel::ConnectionError),
    /// A migration failed.
    #[error("migration failed: {0}")]
    Migration(String),
    /// The database is another program's, or a later version of this one has brought it up to date.
    #[error("the database is another program's, or that of a later version of this one")]
    Foreign,
    /// A row with this key exists.
    #[error("a row with this key exists")]
    Duplicate(#[source] Diesel),
    /// PostgreSQL could not serialise the transaction; it may be run again.
    #[error("the transaction must be run again")]
    Retry(#[source] Diesel),
    /// The database is away or held by somebody else: the same may succeed later.
    #[error("the database is busy or away")]
    Busy(#[source] Diesel),
    /// Others have been writing for as long as a caller is made to wait.
    #[error("the database is busy")]
    Crowded,
    /// There is no room left for the SQLite file, or for PostgreSQL's.
    #[error("there is no room left for the database")]
    Full(#[source] Diesel),
    /// The SQLite file, its folder or its file system may not be written.
    #[error("the database may be read only: its file or its folder cannot be written")]
    ReadOnly(#[source] Diesel),
    /// The disk, or what it is reached by, failed while the SQLite file was read or written.
    #[error("the disk failed under the database")]
    Io(#[source] Diesel),
    /// The SQLite file that was opened is not at its place any more, or another one is.
    #[error("the database file was moved, removed or replaced while it was open")]
    Gone,
    /// PostgreSQL's connection broke while it was told to commit: it has, or it has not.
    #[error("the connection broke during the commit, whose outcome is not known")]
    Uncertain(#[source] Diesel),
    /// Anything else.
    #[error("database error")]
    Query(#[source] Diesel),
    /// A stored value is none of those the program writes.
    #[error("the database holds a value that is not understood in {0}")]
    Corrupt(&'static str),
}

impl Error {
    /// True for an error that says nothing of the connection it came from: of the data that were given, or of those found.
    /// After any other one nothing is known of what the transaction still holds: on a full disk SQLite takes it back by
    /// itself, and a statement that follows would stand alone.
    pub(crate) const fn is_of_the_job(&self) -> bool {
        match self {
            Self::Duplicate(_) | Self::Corrupt(_) => true,
            Self::Query(Diesel::DatabaseError(kind, _)) => matches!(
                kind,
                DatabaseErrorKind::ForeignKeyViolation
                    | DatabaseErrorKind::NotNullViolation
                    | DatabaseErrorKind::CheckViolation
                    | DatabaseErrorKind::RestrictViolation
                    | DatabaseErrorKind::ExclusionViolation
            ),
            Self::Query(
                Diesel::NotFound
                | Diesel::DeserializationError(_)
                | Diesel::SerializationError(_)
                | Diesel::QueryBuilderError(_)
                | Diesel::InvalidCString(_),
            ) => true,
            _ => false,
        }
    }

    /// True for an error of the database of which no more is known. PostgreSQL's deadlocks are among them in most languages,
    /// and so is what Citus says of a transaction that it could not serialise: Diesel does not hand SQLSTATE on, and the message is in the
    /// server's language.
    pub(crate) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Query(Diesel::DatabaseError(DatabaseErrorKind::Unknown, _)))
    }
}

/// Whether PostgreSQL says that a disk is full (SQLSTATE 53100), as far as that can be told without its code: by the words of its
/// machine's C library, or, where it wrote only a part, by its own hint; in English and in Chinese, of which `lc_messages` is
/// one. In another language it stays an unknown error.
fn is_disk_full(info: &(dyn DatabaseErrorInformation + Send + Sync)) -> bool {
    const WORDS: [&str; 4] = ["No space left on device", "设备上没有空间", "Disk quota exceeded", "超出磁盘限额"];
    const HINTS: [&str; 2] = ["Check free disk space.", "检查空闲磁盘控件."];
    WORDS.iter().any(|words| info.message().contains(words)) || info.hint().is_some_and(|hint| HINTS.contains(&hint))
}

impl From<Diesel> for Error {
    fn from(error: Diesel) -> Self {
        let of_the_commit = match &error {
            Diesel::RollbackErrorOnCommit { commit_error, .. } => commit_error,
            other => other,
        };
        let Diesel::DatabaseError(kind, info) = of_the_commit else { return Self::Query(error) };
        match kind {
            DatabaseErrorKind::UniqueViolation => Self::Duplicate(error),
            DatabaseErrorKind::SerializationFailure => Self::Retry(error),
            // After a failover the server that was written to takes no writes: another connection leads to the new one.
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ReadOnlyTransaction => Self::Busy(error),
            // SQLite's own words; it is compiled in and speaks no other language.
            DatabaseErrorKind::Unknown => match info.message() {
                "database or disk is full" => Self::Full(error),
                "attempt to write a readonly database" => Self::ReadOnly(error),
                "disk I/O error" => Self::Io(error),
                "database is locked" | "unable to open database file" | "out of memory" => Self::Busy(error),
                // PostgreSQL's, as far as it can be told from an unknown error, which is run again only once: two that are
                // turned back at the same moment may meet again.
                "deadlock detected" | "检测到死锁" => Self::Retry(error),
                _ if is_disk_full(&**info) => Self::Full(error),
                _ => Self::Query(error),
            },
            _ => Self::Query(error),
        }
    }
}
