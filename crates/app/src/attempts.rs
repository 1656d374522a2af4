//! Attempts to log in: after a few that failed the login waits, ever longer. Counted in the database, so that servers share it,
//! and by what was typed, so that a login that does not exist is answered like one that does.

use crate::record::audit_own;
use crate::{Error, Mark, Store};
use hege_core::UserId;
use hege_store::Conn;
use hege_store::logins::{
    LoginAttempt, login_attempt_clear, login_attempt_hold, login_attempt_set, login_attempts_purge,
};
use hege_store::types::{Id, Ts};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// How many may fail before the login waits (NIST SP 800-63B, 3.2.2 allows up to 100 in a row).
const FREE: i32 = 5;
/// How long it waits then; twice as long after each further one.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(15);
/// The longest wait: whoever knows the password gets in before a quarter of an hour is over.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(15);
/// After this long without a failure they are forgotten.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

/// What is recorded, once, when a login begins to wait.
pub(crate) const TOO_MANY: &str = "login_waits";

fn digest(login: &str) -> [u8; 32] {
    Sha256::digest(login.as_bytes()).into()
}

/// How long a login waits after its last failure.
fn wait(failures: i32) -> Option<SignedDuration> {
    let further = u32::try_from(failures.checked_sub(FREE)?).ok()?;
    let wait = 1_i32.checked_shl(further.min(16)).and_then(|times| FIRST_WAIT.checked_mul(times));
    Some(wait.map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT)))
}

/// The row after one attempt more, or how long to wait before it is looked at.
fn counted(row: LoginAttempt, now: Timestamp) -> Result<LoginAttempt, SignedDuration> {
    if let Some(until) = row.blocked_until {
        let left = until.0.duration_since(now);
        // More than the longest wait was set by a clock that was ahead: it must lock nobody out for a day.
        if left.is_positive() && left <= LONGEST_WAIT {
            return Err(left);
        }
    }
    let is_forgotten = now.duration_since(row.last_at.0) >= FORGOTTEN;
    let failures = if is_forgotten { 1 } else { row.failures.saturating_add(1) };
    let blocked_until = wait(failures).and_then(|wait| now.checked_add(wait).ok());
    Ok(LoginAttempt { failures, last_at: Ts(now), blocked_until: blocked_until.map(Ts), ..row })
}

/// Counts an attempt, before it is looked at: many at once are as many as one after the other.
///
/// # Errors
/// [`Error::Wait`] when the login waits.
pub(crate) fn count(store: &Store, login: &str, now: Timestamp) -> Result<LoginAttempt, Error> {
    let digest = digest(login);
    store.write(|conn| {
        let row = counted(login_attempt_hold(conn, &digest, Ts(now))?, now).map_err(Error::Wait)?;
        login_attempt_set(conn, &row)?;
        Ok(row)
    })
}

/// The attempt failed. Recorded once, when a login that there is begins to wait; for one that is none as much is written, so
/// that the time of an answer says nothing of which there are.
///
/// # Errors
/// Those of the store.
pub(crate) fn failed(store: &Store, attempt: &LoginAttempt, (person, mark): (Option<Id>, Mark)) -> Result<(), Error> {
    if attempt.failures != FREE {
        return Ok(());
    }
    let mark = Mark { person: person.map(|person| UserId(person.0)), ..mark };
    store.write(|conn| match person {
        Some(_) => audit_own(conn, &mark, (TOO_MANY, Vec::new(), json!({"failures": attempt.failures}))),
        None => Ok(login_attempt_set(conn, attempt)?),
    })
}

/// Forgets a login's attempts: somebody got in, or gave it another password.
///
/// # Errors
/// Those of the store.
pub(crate) fn clear(conn: &mut Conn, login: &str) -> Result<(), Error> {
    Ok(login_attempt_clear(conn, &digest(login))?)
}

/// Takes away what is forgotten.
///
/// # Errors
/// Those of the store.
pub(crate) fn purge(store: &Store, now: Timestamp) -> Result<(), Error> {
    let before = now.checked_sub(FORGOTTEN).unwrap_or(Timestamp::MIN);
    store.write(|conn| Ok(login_attempts_purge(conn, Ts(before)).map(drop)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_750_000_000 + second).unwrap()
    }

    fn row(failures: i32, last: i64, until: Option<i64>) -> LoginAttempt {
        LoginAttempt {
            login_digest: Vec::new(),
            failures,
            last_at: Ts(at(last)),
            blocked_until: until.map(|second| Ts(at(second))),
        }
    }

    #[test]
    fn the_fifth_failure_waits_and_each_further_one_twice_as_long_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<Option<i64>> =
            [0, 4, 5, 6, 10, 11, 12, i32::MAX].map(|failures| wait(failures).map(|wait| wait.as_secs())).into();
        assert_eq!(seconds, [None, None, Some(15), Some(30), Some(480), Some(900), Some(900), Some(900)]);
        assert_eq!(counted(row(3, 0, None), at(1)), Ok(row(4, 1, None)));
        assert_eq!(counted(row(4, 0, None), at(1)), Ok(row(5, 1, Some(16))));
    }

    #[test]
    fn what_waits_is_looked_at_when_its_time_is_over_and_no_second_before() {
        assert_eq!(counted(row(5, 0, Some(15)), at(14)), Err(SignedDuration::from_secs(1)));
        assert_eq!(counted(row(5, 0, Some(15)), at(15)), Ok(row(6, 15, Some(45))));
    }

    #[test]
    fn failures_are_forgotten_after_a_day_and_not_before() {
        assert_eq!(counted(row(9, 0, None), at(86_399)).map(|row| row.failures), Ok(10));
        assert_eq!(counted(row(9, 0, None), at(86_400)).map(|row| row.failures), Ok(1));
    }

    #[test]
    fn a_clock_that_jumped_locks_nobody_out_for_longer_than_the_longest_wait() {
        // It was a day ahead when it set this, and was put right.
        assert!(counted(row(12, 86_400, Some(87_300)), at(0)).is_ok());
        assert_eq!(counted(row(12, 0, Some(900)), at(0)), Err(LONGEST_WAIT));
        assert!(counted(row(12, 0, Some(901)), at(0)).is_ok());
        // It jumps a day ahead.
        assert!(counted(row(12, 0, Some(900)), at(86_400)).is_ok());
    }
}
