//! Attempts to log in that did not succeed, by the digest of what was typed: whether or not there is such a login.

use crate::schema::login_attempt;
use crate::types::Ts;
use crate::{Conn, Error, on};
use diesel::prelude::*;

/// What is remembered of a login's attempts.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = login_attempt, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct LoginAttempt {
    /// SHA-256 of the login as typed.
    pub login_digest: Vec<u8>,
    /// How many in a row.
    pub failures: i32,
    /// When the last one was.
    pub last_at: Ts,
    /// Until when no other is looked at.
    pub blocked_until: Option<Ts>,
}

/// What is remembered of a login; a blank row where nothing was. To be called in a transaction that goes on to
/// [`login_attempt_set`]: the row is there and locked afterwards, so that of attempts at once each is counted.
///
/// # Errors
/// Those of the database.
pub fn login_attempt_hold(conn: &mut Conn, digest: &[u8], now: Ts) -> Result<LoginAttempt, Error> {
    let blank = LoginAttempt { login_digest: digest.to_vec(), failures: 0, last_at: now, blocked_until: None };
    on!(conn, c => diesel::insert_into(login_attempt::table).values(&blank).on_conflict_do_nothing().execute(c))?;
    let row = login_attempt::table.find(digest);
    Ok(match conn {
        Conn::Pg(c) => row.select(LoginAttempt::as_select()).for_update().first(&mut **c),
        // SQLite has one writer.
        Conn::Sqlite(c) => row.select(LoginAttempt::as_select()).first(&mut **c),
    }?)
}

/// Replaces what is remembered of a login.
///
/// # Errors
/// Those of the database.
pub fn login_attempt_set(conn: &mut Conn, row: &LoginAttempt) -> Result<(), Error> {
    on!(conn, c => diesel::update(login_attempt::table.find(&row.login_digest)).set(row).execute(c))?;
    Ok(())
}

/// Forgets a login's attempts.
///
/// # Errors
/// Those of the database.
pub fn login_attempt_clear(conn: &mut Conn, digest: &[u8]) -> Result<(), Error> {
    on!(conn, c => diesel::delete(login_attempt::table.find(digest)).execute(c))?;
    Ok(())
}

/// Forgets what was last tried before an instant.
///
/// # Errors
/// Those of the database.
pub fn login_attempts_purge(conn: &mut Conn, before: Ts) -> Result<usize, Error> {
    Ok(on!(conn, c => diesel::delete(login_attempt::table.filter(login_attempt::last_at.lt(before))).execute(c))?)
}
