//! Mail that must leave: a row for each step of an alert and each person, taken by state with a lease, never dropped.

use crate::schema::mail;
use crate::types::{Id, Ts};
use crate::{Conn, Error, on};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use jiff::SignedDuration;

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = mail, treat_none_as_default_value = false)]
pub struct Mail {
    /// The shard.
    pub city: i32,
    /// Its id, which follows from step and person.
    pub id: Id,
    /// The alert.
    pub alert_id: Id,
    /// Its step.
    pub seq: i32,
    /// Whom it is for.
    pub person_id: Id,
    /// `waiting`, `sent`, `failed`.
    pub state: String,
    /// How often it was taken.
    pub attempts: i32,
    /// Not before.
    pub due_at: Ts,
    /// Not after: by then it failed.
    pub given_up_at: Ts,
    /// Somebody works on it until then.
    pub leased_until: Option<Ts>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// How a mail is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taking {
    /// The clock.
    pub now: Ts,
    /// How long it is then in one worker's hands.
    pub lease: SignedDuration,
    /// Nobody puts a mail off for longer.
    pub longest_wait: SignedDuration,
}

/// How many rows are tried at once: of as many workers each finds one.
const TRIED: i64 = 16;

fn later(now: Ts, by: SignedDuration) -> Ts {
    Ts(now.0.checked_add(by).unwrap_or(jiff::Timestamp::MAX))
}

/// Puts mail.
///
/// # Errors
/// [`Error::Duplicate`] when a person was already mailed the step.
pub fn mail_insert(conn: &mut Conn, rows: &[Mail]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(mail::table).values(rows).execute(c))?;
    Ok(())
}

/// Takes the mail that is due first and in nobody's hands, and leases it; none when nothing is due. A person hears of an alert's
/// steps in their order: what follows a mail that still waits, waits too. To be called in a transaction; two workers never
/// take the same.
///
/// A time that lies further ahead than twice what anybody puts it was written by a clock that has been set back since: it holds
/// nothing up. Twice, because another server's clock may be ahead, or have been read later.
///
/// # Errors
/// Those of the database.
pub fn mail_take(conn: &mut Conn, taking: Taking) -> Result<Option<Mail>, Error> {
    let Taking { now, lease, longest_wait } = taking;
    let (leased, bent_lease, bent_wait) = (later(now, lease), later(now, lease * 2), later(now, longest_wait * 2));
    let free = || {
        let over = mail::leased_until.le(now).or(mail::leased_until.gt(bent_lease)).assume_not_null();
        mail::leased_until.is_null().or(over)
    };
    let due = || mail::due_at.le(now).or(mail::due_at.gt(bent_wait));
    let before = diesel::alias!(mail as before);
    let is_before = before
        .field(mail::city)
        .eq(mail::city)
        .and(before.field(mail::alert_id).eq(mail::alert_id))
        .and(before.field(mail::person_id).eq(mail::person_id))
        .and(before.field(mail::seq).lt(mail::seq))
        .and(before.field(mail::state).eq("waiting"));
    let keys: Vec<(i32, Id)> = on!(conn, c => mail::table
        .filter(mail::state.eq("waiting").and(due()).and(free()))
        .filter(not(exists(before.filter(is_before))))
        .order((mail::due_at, mail::id))
        .limit(TRIED)
        .select((mail::city, mail::id))
        .load(c))?;
    for key in keys {
        // The condition is asked again under the row's lock: of two workers that saw the mail, one changes the row.
        let taken = on!(conn, c => diesel::update(mail::table.find(key))
            .filter(mail::state.eq("waiting").and(free()))
            .set((mail::leased_until.eq(Some(leased)), mail::attempts.eq(mail::attempts + 1)))
            .returning(Mail::as_returning())
            .get_result(c)
            .optional())?;
        if taken.is_some() {
            return Ok(taken);
        }
    }
    Ok(None)
}

/// Writes what became of a mail that was taken: its state, when it is due again, what went wrong. False when another worker has
/// taken it since: then nothing is written.
///
/// # Errors
/// Those of the database.
pub fn mail_settle(conn: &mut Conn, row: &Mail) -> Result<bool, Error> {
    let is_ours = mail::state.eq("waiting").and(mail::attempts.eq(row.attempts));
    let changed = on!(conn, c => diesel::update(mail::table.find((row.city, row.id)).filter(is_ours))
        .set((
            mail::state.eq(&row.state),
            mail::due_at.eq(row.due_at),
            mail::leased_until.eq(None::<Ts>),
            mail::last_error.eq(&row.last_error),
        ))
        .execute(c))?;
    Ok(changed == 1)
}

/// The mail in a state, the oldest first.
///
/// # Errors
/// Those of the database.
pub fn mail_list(conn: &mut Conn, state: &str) -> Result<Vec<Mail>, Error> {
    Ok(on!(conn, c => mail::table.filter(mail::state.eq(state))
        .order((mail::due_at, mail::id)).select(Mail::as_select()).load(c))?)
}

/// The mail about an alert, by step and person.
///
/// # Errors
/// Those of the database.
pub fn mail_of_alert(conn: &mut Conn, (city, alert): (i32, Id)) -> Result<Vec<Mail>, Error> {
    Ok(on!(conn, c => mail::table.filter(mail::city.eq(city).and(mail::alert_id.eq(alert)))
        .order((mail::seq, mail::person_id)).select(Mail::as_select()).load(c))?)
}

/// Lets what failed wait again from `now` on, until `given_up_at`. How many.
///
/// # Errors
/// Those of the database.
pub fn mail_retry(conn: &mut Conn, now: Ts, given_up_at: Ts) -> Result<usize, Error> {
    Ok(on!(conn, c => diesel::update(mail::table.filter(mail::state.eq("failed")))
        .set((
            mail::state.eq("waiting"),
            mail::due_at.eq(now),
            mail::given_up_at.eq(given_up_at),
            mail::leased_until.eq(None::<Ts>),
        ))
        .execute(c))?)
}

/// Takes away up to `limit` mails that were sent and were due before `before`, the oldest first; how many. What waits or failed
/// stays, and so does the step that it told of.
///
/// # Errors
/// Those of the database.
pub fn mail_purge(conn: &mut Conn, before: Ts, limit: i64) -> Result<usize, Error> {
    let old: Vec<(i32, Id)> = on!(conn, c => mail::table
        .filter(mail::state.eq("sent").and(mail::due_at.lt(before)))
        .order(mail::due_at)
        .limit(limit)
        .select((mail::city, mail::id))
        .load(c))?;
    for key in &old {
        on!(conn, c => diesel::delete(mail::table.find(*key)).execute(c))?;
    }
    Ok(old.len())
}
