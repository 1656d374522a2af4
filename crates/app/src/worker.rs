//! What the clock does: alerts after conclusions and month ends, links of the audit chain. Any number of servers may do it at
//! once.

use crate::alerts::{self, NewId};
use crate::record::CONCLUDED;
use crate::{Error, Store, attempts};
use hege_store::Error as StoreError;
use hege_store::audit::{audit_seal, cities_unsealed};
use hege_store::mail::mail_purge;
use hege_store::outbox::{Message, message_done, message_retry, messages_purge, messages_take};
use hege_store::sessions::sessions_purge;
use hege_store::types::Ts;
use jiff::{SignedDuration, Timestamp};

/// How long a message is in one worker's hands before another may take it.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How many messages are taken at once: one look answers all of them.
const BATCH: i64 = 500;
/// How many audit rows one link holds.
const LINK: i64 = 500;

/// How long a message is kept that has left.
const MESSAGES_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a session is kept that is over: long enough for a clock that was wrong to be put right.
const SESSIONS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a mail is kept that was sent: whoever looks back at the year of an alert still sees whom it reached.
const MAIL_KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// How many rows of each kind are taken away at once.
const PURGED: i64 = 200;

/// The clocks of a tick: a demonstration's board has a time of its own, leases and seals go by the machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// The machine's.
    pub now: Timestamp,
    /// The board's.
    pub board: Timestamp,
}

/// Answers what was concluded since, or looks in any case when `look` says so (a month may have ended). How many alerts
/// changed.
///
/// # Errors
/// Those of the store; what was taken is then tried again later.
pub fn alert(store: &Store, clocks: Clocks, look: bool, new_id: NewId<'_>) -> Result<usize, Error> {
    let until = clocks.now.checked_add(LEASE).unwrap_or(Timestamp::MAX);
    let taken: Vec<Message> =
        store.write(|conn| Ok::<_, Error>(messages_take(conn, CONCLUDED, (Ts(clocks.now), Ts(until)), BATCH)?))?;
    if taken.is_empty() && !look {
        return Ok(0);
    }
    let outcome = alerts::refresh(store, clocks.board, new_id);
    store.write(|conn| {
        for message in &taken {
            match &outcome {
                Ok(_) => message_done(conn, message.city, message.id)?,
                Err(error) => {
                    let due = clocks.now.checked_add(back_off(message.attempts)).unwrap_or(Timestamp::MAX);
                    message_retry(conn, (message.city, message.id), Ts(due), &error.to_string())?;
                }
            }
        }
        Ok::<_, Error>(())
    })?;
    outcome
}

/// 2, 4, 8 ... seconds, at most about a quarter of an hour.
fn back_off(attempts: i32) -> SignedDuration {
    let doublings = u32::try_from(attempts.clamp(1, 10)).unwrap_or(1);
    SignedDuration::from_secs(1_i64 << doublings)
}

/// Links what is not linked yet into the chain of its city. How many rows were linked.
///
/// # Errors
/// Those of the store. Another sealer's link is none of them: it did the work.
pub fn seal(store: &Store, now: Timestamp) -> Result<usize, Error> {
    let mut linked = 0;
    for city in store.read(|conn| Ok::<_, Error>(cities_unsealed(conn)?))? {
        loop {
            let rows = match store.write(|conn| audit_seal(conn, city, Ts(now), LINK)) {
                Ok(rows) => rows,
                Err(StoreError::Duplicate(_)) => break,
                Err(error) => return Err(error.into()),
            };
            linked += rows;
            if rows == 0 {
                break;
            }
        }
    }
    Ok(linked)
}

/// Takes away what nobody asks for any more: messages that have left, sessions that are over, mail that was sent, attempts to log in
/// that are forgotten; `PURGED` of each of the first three at once. How many of these.
///
/// # Errors
/// Those of the store.
pub fn purge(store: &Store, now: Timestamp) -> Result<usize, Error> {
    attempts::purge(store, now)?;
    let before = |kept: SignedDuration| Ts(now.checked_sub(kept).unwrap_or(Timestamp::UNIX_EPOCH));
    store.write(|conn| {
        let messages = messages_purge(conn, before(MESSAGES_KEPT), PURGED)?;
        let sessions = sessions_purge(conn, before(SESSIONS_KEPT), PURGED)?;
        Ok(messages + sessions + mail_purge(conn, before(MAIL_KEPT), PURGED)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_waits_twice_as_long_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<i64> = [0, 1, 2, 9, 10, 11, 1000].map(|attempts| back_off(attempts).as_secs()).into();
        assert_eq!(seconds, [2, 2, 4, 512, 1024, 1024, 1024]);
    }
}
