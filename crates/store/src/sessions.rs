//! Sessions: families of refresh tokens by their digests, and the keys that sign access tokens.

use crate::people::Person;
use crate::schema::{person, refresh_token, session, signing_key};
use crate::types::{Id, Ts};
use crate::{Conn, Error, on};
use diesel::prelude::*;

/// One login on one device.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = session, treat_none_as_default_value = false)]
pub struct Session {
    /// Its id.
    pub id: Id,
    /// Whose.
    pub person_id: Id,
    /// Digest of the refresh token given out last.
    pub current_hash: Vec<u8>,
    /// Digest of the one that was exchanged last. It, and every token that was given for it, is good until one of those is used.
    pub previous_hash: Option<Vec<u8>>,
    /// When it began.
    pub created_at: Ts,
    /// When it ends by itself.
    pub expires_at: Ts,
    /// When it was ended.
    pub revoked_at: Option<Ts>,
}

/// A refresh token that was given out.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_token, treat_none_as_default_value = false)]
pub struct GivenToken {
    /// Its digest.
    pub digest: Vec<u8>,
    /// Its session.
    pub session_id: Id,
    /// When.
    pub given_at: Ts,
    /// Digest of the one that it was given for; none for the first.
    pub parent: Option<Vec<u8>>,
}

/// A key that signs.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_key)]
pub struct KeyRow {
    /// Its name.
    pub kid: String,
    /// Its bytes.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created_at: Ts,
}

/// Begins a session with its first token.
///
/// # Errors
/// Those of the database.
pub fn session_insert(conn: &mut Conn, row: &Session) -> Result<(), Error> {
    let digest = row.current_hash.clone();
    let given = GivenToken { digest, session_id: row.id, given_at: row.created_at, parent: None };
    on!(conn, c => diesel::insert_into(session::table).values(row).execute(c))?;
    on!(conn, c => diesel::insert_into(refresh_token::table).values(&given).execute(c))?;
    Ok(())
}

/// The session in which a token of this digest was ever given out, and that token. To be called in a transaction that goes on to rotate:
/// on PostgreSQL the row is locked, so that two refreshes at once follow one another.
///
/// # Errors
/// Those of the database.
pub fn session_of_token(conn: &mut Conn, digest: &[u8]) -> Result<Option<(Session, GivenToken)>, Error> {
    let given: Option<GivenToken> = on!(conn, c => refresh_token::table.find(digest)
        .select(GivenToken::as_select()).first(c).optional())?;
    let Some(given) = given else { return Ok(None) };
    let id = given.session_id;
    let session: Option<Session> = match conn {
        Conn::Pg(c) => session::table.find(id).select(Session::as_select()).for_update().first(&mut **c).optional(),
        // SQLite has one writer.
        Conn::Sqlite(c) => session::table.find(id).select(Session::as_select()).first(&mut **c).optional(),
    }?;
    Ok(session.map(|session| (session, given)))
}

/// Stores a fresh token as current and the presented one as previous.
///
/// # Errors
/// Those of the database.
pub fn session_rotate(conn: &mut Conn, id: Id, (current, previous): (&[u8], &[u8]), at: Ts) -> Result<(), Error> {
    let given = GivenToken { digest: current.to_vec(), session_id: id, given_at: at, parent: Some(previous.to_vec()) };
    on!(conn, c => diesel::insert_into(refresh_token::table).values(&given).execute(c))?;
    on!(conn, c => diesel::update(session::table.find(id))
        .set((session::current_hash.eq(current), session::previous_hash.eq(Some(previous))))
        .execute(c))?;
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// Those of the database.
pub fn session_revoke(conn: &mut Conn, id: Id, at: Ts) -> Result<(), Error> {
    on!(conn, c => diesel::update(session::table.find(id).filter(session::revoked_at.is_null()))
        .set(session::revoked_at.eq(Some(at)))
        .execute(c))?;
    Ok(())
}

/// Ends every session of a person but `except`.
///
/// # Errors
/// Those of the database.
pub fn sessions_revoke(conn: &mut Conn, person: Id, except: Option<Id>, at: Ts) -> Result<(), Error> {
    let except = except.unwrap_or(Id(uuid::Uuid::nil()));
    on!(conn, c => diesel::update(session::table
            .filter(session::person_id.eq(person).and(session::id.ne(except)).and(session::revoked_at.is_null())))
        .set(session::revoked_at.eq(Some(at)))
        .execute(c))?;
    Ok(())
}

/// Takes away up to `limit` sessions that ended by themselves before `before`, with every token they gave out; how many. A token of
/// theirs that comes back is then one that was never known.
///
/// # Errors
/// Those of the database.
pub fn sessions_purge(conn: &mut Conn, before: Ts, limit: i64) -> Result<usize, Error> {
    let old: Vec<Id> = on!(conn, c => session::table
        .filter(session::expires_at.lt(before))
        .order(session::expires_at)
        .limit(limit)
        .select(session::id)
        .load(c))?;
    on!(conn, c => diesel::delete(refresh_token::table.filter(refresh_token::session_id.eq_any(&old))).execute(c))?;
    on!(conn, c => diesel::delete(session::table.filter(session::id.eq_any(&old))).execute(c))?;
    Ok(old.len())
}

/// The active person of a session that was not ended and has not expired at `now`.
///
/// # Errors
/// Those of the database.
pub fn session_person(conn: &mut Conn, (session, person): (Id, Id), now: Ts) -> Result<Option<Person>, Error> {
    Ok(on!(conn, c => session::table.inner_join(person::table)
        .filter(session::id.eq(session).and(person::id.eq(person)).and(person::active.eq(true)))
        .filter(session::revoked_at.is_null().and(session::expires_at.gt(now)))
        .select(Person::as_select())
        .first(c)
        .optional())?)
}

/// Puts a key unless one of that name is there, so that two servers that start at once agree on what they read afterwards.
///
/// # Errors
/// Those of the database.
pub fn key_put(conn: &mut Conn, row: &KeyRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(signing_key::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// Every key, the newest first.
///
/// # Errors
/// Those of the database.
pub fn keys(conn: &mut Conn) -> Result<Vec<KeyRow>, Error> {
    Ok(on!(conn, c => signing_key::table.order((signing_key::created_at.desc(), signing_key::kid))
        .select(KeyRow::as_select()).load(c))?)
}

/// Takes a key away.
///
/// # Errors
/// Those of the database.
pub fn key_delete(conn: &mut Conn, kid: &str) -> Result<(), Error> {
    on!(conn, c => diesel::delete(signing_key::table.find(kid)).execute(c))?;
    Ok(())
}
