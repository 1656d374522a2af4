//! What the embedded database can tell of its own file: a copy at one moment, damage, and whether anybody has it open.

use crate::{Conn, Error, Store};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use std::time::Duration;

/// A line that SQLite answers.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Store {
    /// Writes the embedded database as it is at one moment into a file that is empty or not there, while others read and write on.
    ///
    /// # Errors
    /// [`Error::Url`] on PostgreSQL, which has its own means; those of the database.
    pub fn copy_into(&self, file: &str) -> Result<(), Error> {
        self.read(|conn| match conn {
            Conn::Sqlite(c) => {
                diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(file).execute(&mut **c)?;
                Ok(())
            }
            Conn::Pg(_) => Err(Error::Url),
        })
    }

    /// What is damaged in the embedded database's file, in SQLite's words; nothing when it is whole.
    ///
    /// # Errors
    /// [`Error::Url`] on PostgreSQL; those of the database, which a damaged file may raise too.
    pub fn damage(&self) -> Result<Vec<String>, Error> {
        const SQL: &str = "SELECT integrity_check AS line FROM pragma_integrity_check WHERE integrity_check <> 'ok' UNION ALL \
            SELECT 'a row of ' || \"table\" || ' points to none of ' || parent FROM pragma_foreign_key_check";
        self.read(|conn| match conn {
            Conn::Sqlite(c) => {
                let lines: Vec<Line> = diesel::sql_query(SQL).load(&mut **c)?;
                Ok(lines.into_iter().map(|line| line.line).collect())
            }
            Conn::Pg(_) => Err(Error::Url),
        })
    }
}

/// How long a file is waited for: whoever closed it just now may not be done.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// Takes an embedded database's journal into its file, which nobody else may have open: what is in it is then in the one file.
///
/// # Errors
/// [`Error::Busy`] while anybody has it open; those of the database, as for a file that is none.
pub fn settle(file: &str) -> Result<(), Error> {
    let mut waited = Duration::ZERO;
    loop {
        let mut conn = SqliteConnection::establish(file)?;
        // Leaving the write-ahead log needs the file for oneself.
        match conn.batch_execute("PRAGMA busy_timeout=0; PRAGMA journal_mode=DELETE; BEGIN EXCLUSIVE; COMMIT") {
            Ok(()) => return Ok(()),
            Err(error) => match Error::from(error) {
                Error::Busy(_) if waited < PATIENCE => {}
                error => return Err(error),
            },
        }
        std::thread::sleep(LOOK);
        waited += LOOK;
    }
}
