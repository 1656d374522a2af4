//! What must leave after the commit: put in the transaction, taken by state with a lease, tried again, never dropped.

use crate::schema::outbox;
use crate::types::{Doc, Id, Ts};
use crate::{Conn, Error, on};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::SignedDuration;

/// A message.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub struct Message {
    /// The shard.
    pub city: i32,
    /// Its id.
    pub id: Id,
    /// What it is about.
    pub topic: String,
    /// Its data.
    pub payload: Doc,
    /// `waiting`, `done`, `failed`.
    pub state: String,
    /// How often it was taken.
    pub attempts: i32,
    /// Not before.
    pub due_at: Ts,
    /// Somebody works on it until then.
    pub leased_until: Option<Ts>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// Puts a message.
///
/// # Errors
/// [`Error::Duplicate`] when the id is taken.
pub fn message_put(conn: &mut Conn, message: &Message) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(outbox::table).values(message).execute(c))?;
    Ok(())
}

/// Nobody leases a message or puts it off for longer, other servers' clocks included.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// Takes up to `limit` messages of a topic that are due and in nobody's hands, oldest first, and leases them until `until`. To be called
/// in a transaction; two workers never take the same message.
///
/// A time that lies further ahead than anybody ever puts it was written by a clock that has been set back since: it holds
/// nothing up.
///
/// # Errors
/// Those of the database.
pub fn messages_take(conn: &mut Conn, topic: &str, (now, until): (Ts, Ts), limit: i64) -> Result<Vec<Message>, Error> {
    let bent = Ts(now.0.checked_add(LONGEST_WAIT).unwrap_or(jiff::Timestamp::MAX));
    let free = || {
        let over = outbox::leased_until.le(now).or(outbox::leased_until.gt(bent)).assume_not_null();
        outbox::leased_until.is_null().or(over)
    };
    let is_due = outbox::due_at.le(now).or(outbox::due_at.gt(bent));
    let due = on!(conn, c => outbox::table
        .filter(outbox::topic.eq(topic).and(outbox::state.eq("waiting")).and(is_due).and(free()))
        .order((outbox::due_at, outbox::id))
        .limit(limit)
        .select(Message::as_select())
        .load(c))?;
    let mut taken = Vec::with_capacity(due.len());
    for message in due {
        // The condition is asked again under the row's lock: of two workers that saw the message, one changes a row.
        let leased = on!(conn, c => diesel::update(outbox::table.find((message.city, message.id)))
            .filter(outbox::state.eq("waiting").and(free()))
            .set((outbox::leased_until.eq(Some(until)), outbox::attempts.eq(outbox::attempts + 1)))
            .returning(Message::as_returning())
            .get_result(c)
            .optional())?;
        taken.extend(leased);
    }
    Ok(taken)
}

/// The message has left.
///
/// # Errors
/// Those of the database.
pub fn message_done(conn: &mut Conn, city: i32, id: Id) -> Result<(), Error> {
    on!(conn, c => diesel::update(outbox::table.find((city, id)))
        .set((outbox::state.eq("done"), outbox::leased_until.eq(None::<Ts>)))
        .execute(c))?;
    Ok(())
}

/// The message did not leave: it is tried again at `due_at`.
///
/// # Errors
/// Those of the database.
pub fn message_retry(conn: &mut Conn, key: (i32, Id), due_at: Ts, why: &str) -> Result<(), Error> {
    on!(conn, c => diesel::update(outbox::table.find(key))
        .set((outbox::due_at.eq(due_at), outbox::leased_until.eq(None::<Ts>), outbox::last_error.eq(Some(why))))
        .execute(c))?;
    Ok(())
}

/// Takes away up to `limit` messages that have left and were due before `before`, the oldest first; how many. What has not left stays.
///
/// # Errors
/// Those of the database.
pub fn messages_purge(conn: &mut Conn, before: Ts, limit: i64) -> Result<usize, Error> {
    let old: Vec<(i32, Id)> = on!(conn, c => outbox::table
        // In the words of the index, which both databases need to see that it holds what is asked for.
        .filter(sql::<Bool>("state = 'done'").and(outbox::due_at.lt(before)))
        .order(outbox::due_at)
        .limit(limit)
        .select((outbox::city, outbox::id))
        .load(c))?;
    for key in &old {
        on!(conn, c => diesel::delete(outbox::table.find(*key)).execute(c))?;
    }
    Ok(old.len())
}
