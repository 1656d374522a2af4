//! Mail from its rows to the server: taken by lease, sent outside every transaction, tried again, never dropped.
//!
//! A mail whose worker dies between the server's answer and its own note is sent again after the lease, under the same
//! Message-ID. Everything else is sent once.

mod letter;

use crate::notify::{TRIED_FOR, tried_until};
use crate::{Error, Store};
pub use hege_mail::post::{BadSettings, Post, Settings};
use hege_mail::post::{Letter, Refused, WHOLE};
pub use hege_store::mail::Mail;
use hege_store::mail::{Taking, mail_list, mail_retry, mail_settle, mail_take};
use hege_store::people::person_fetch;
use hege_store::types::Ts;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// How long a mail is in one worker's hands: longer than any conversation with a server.
const LEASE: SignedDuration = SignedDuration::from_secs(180);
/// The first wait after a failure; each one waits twice as long.
const FIRST_WAIT_SECONDS: i64 = 15;
/// The longest wait.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

// A lease that ended while the server still may answer would send twice.
const _: () = assert!(WHOLE.as_secs().saturating_mul(2) < 180, "the lease outlasts a conversation");

/// Where mail leaves, and what its links begin with.
pub struct Office {
    /// The way to the server.
    pub post: Post,
    /// The address that people use, without a slash at its end.
    pub public_url: String,
}

/// What a round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Round {
    /// Mails that left.
    pub sent: usize,
    /// Mails that were given up: people have to look (`hege mail`).
    pub failed: usize,
    /// What is wrong with the server, so that the round ended early.
    pub trouble: Option<String>,
}

/// What becomes of a mail.
enum Outcome {
    Sent,
    Failed(String),
    Later(String),
    Trouble(String),
}

impl From<Result<(), Refused>> for Outcome {
    fn from(answer: Result<(), Refused>) -> Self {
        match answer {
            Ok(()) => Self::Sent,
            Err(refused @ Refused::ForGood(_)) => Self::Failed(refused.to_string()),
            Err(refused @ Refused::ForNow(_)) => Self::Later(refused.to_string()),
            Err(refused @ Refused::Server(_)) => Self::Trouble(refused.to_string()),
        }
    }
}

/// 15, 30, 60 ... seconds and up to as much again, at most an hour. What is added follows from the mail, so that those that
/// failed together do not come again together.
fn wait(row: &Mail) -> SignedDuration {
    let doublings = u32::try_from(row.attempts.clamp(1, 12)).unwrap_or(1) - 1;
    let seconds = FIRST_WAIT_SECONDS << doublings;
    let (_, low) = row.id.0.as_u64_pair();
    let more = low.rotate_left(doublings).checked_rem(seconds.unsigned_abs()).unwrap_or_default();
    SignedDuration::from_secs(seconds.saturating_add_unsigned(more)).min(LONGEST_WAIT)
}

impl Outcome {
    /// The row as it is to be written.
    fn settles(&self, row: &Mail, now: Timestamp) -> Mail {
        let put_off = now.checked_add(wait(row)).unwrap_or(Timestamp::MAX);
        let (state, due_at, why) = match self {
            Self::Sent => ("sent", row.due_at, None),
            Self::Failed(why) => ("failed", row.due_at, Some(why.clone())),
            Self::Later(why) | Self::Trouble(why) => ("waiting", Ts(put_off), Some(why.clone())),
        };
        Mail { state: state.to_owned(), due_at, last_error: why, ..row.clone() }
    }
}

fn taking(now: Timestamp) -> Taking {
    Taking { now: Ts(now), lease: LEASE, longest_wait: LONGEST_WAIT }
}

/// Sends what is due, one after the other, until nothing is due or the server is in trouble. `clock` is asked before and after
/// each mail, for a server may take its time; when it gives none, the worker is to stop and no other mail is begun.
///
/// # Errors
/// Those of the store. What was taken is then tried again after its lease.
pub fn send(store: &Store, office: &Office, clock: &dyn Fn() -> Option<Timestamp>) -> Result<Round, Error> {
    let mut round = Round::default();
    while let Some(now) = clock() {
        let Some(row) = store.write(|conn| Ok::<_, Error>(mail_take(conn, taking(now))?))? else { return Ok(round) };
        let outcome = deliver(store, office, (&row, now))?;
        let settled = outcome.settles(&row, clock().unwrap_or(now));
        store.write(|conn| Ok::<_, Error>(mail_settle(conn, &settled)?))?;
        match outcome {
            Outcome::Sent => round.sent += 1,
            Outcome::Failed(_) => round.failed += 1,
            Outcome::Later(_) => {}
            Outcome::Trouble(why) => return Ok(Round { trouble: Some(why), ..round }),
        }
    }
    Ok(round)
}

fn deliver(store: &Store, office: &Office, (row, now): (&Mail, Timestamp)) -> Result<Outcome, Error> {
    if row.given_up_at.0 < now {
        let days = TRIED_FOR.as_hours() / 24;
        let why = row.last_error.clone().unwrap_or_else(|| "nothing sent mail".to_owned());
        return Ok(Outcome::Failed(format!("given up after {days} days: {why}")));
    }
    match letter::letter(store, office, row)? {
        Some(letter) => Ok(office.post.send(&letter).into()),
        None => Ok(Outcome::Failed("it concerns the person no longer, or they have no address".to_owned())),
    }
}

/// A mail as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The mail.
    pub mail: Mail,
    /// The login of whom it is for.
    pub login: String,
}

/// The mail in a state, the oldest first.
///
/// # Errors
/// Those of the store.
pub fn list(store: &Store, state: &str) -> Result<Vec<Listed>, Error> {
    store.read(|conn| {
        let mut listed = Vec::new();
        for mail in mail_list(conn, state)? {
            let login = person_fetch(conn, mail.person_id)?.map(|person| person.login).unwrap_or_default();
            listed.push(Listed { mail, login });
        }
        Ok(listed)
    })
}

/// Lets all that failed be tried again. How many.
///
/// # Errors
/// Those of the store.
pub fn retry(store: &Store, now: Timestamp) -> Result<usize, Error> {
    store.write(|conn| Ok(mail_retry(conn, Ts(now), Ts(tried_until(now)))?))
}

/// Sends a mail that says that mail works.
///
/// # Errors
/// What speaks against it.
pub fn test(office: &Office, address: &str, id: uuid::Uuid) -> Result<(), Refused> {
    office.post.send(&Letter {
        id,
        thread: "test".to_owned(),
        name: String::new(),
        address: address.to_owned(),
        subject: "[合格] 测试邮件 test mail".to_owned(),
        body: format!("邮件发送正常。\nMail works.\n\n{}\n", office.public_url),
    })
}

/// How long a whole conversation with a server may take.
pub const CONVERSATION: Duration = WHOLE;

#[cfg(test)]
mod tests {
    use super::*;
    use hege_store::types::Id;
    use uuid::Uuid;

    #[test]
    fn each_failure_waits_about_twice_as_long_up_to_an_hour_and_no_two_mails_the_same() {
        let row = |id: u128, attempts| Mail {
            city: 3300,
            id: Id(Uuid::from_u128(id)),
            alert_id: Id(Uuid::nil()),
            seq: 1,
            person_id: Id(Uuid::nil()),
            state: "waiting".to_owned(),
            attempts,
            due_at: Ts(Timestamp::UNIX_EPOCH),
            given_up_at: Ts(Timestamp::UNIX_EPOCH),
            leased_until: None,
            last_error: None,
        };
        for (attempts, least, most) in
            [(1, 15, 29), (2, 30, 59), (3, 60, 119), (8, 1920, 3600), (9, 3600, 3600), (99, 3600, 3600)]
        {
            let waited = wait(&row(0x9e37_79b9_7f4a_7c15, attempts)).as_secs();
            assert!((least..=most).contains(&waited), "{attempts}: {waited}");
        }
        assert_ne!(wait(&row(1, 3)), wait(&row(2, 3)));
    }
}
