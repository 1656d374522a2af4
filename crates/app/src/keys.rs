//! The keys that sign access tokens: rows of the database, so that servers agree, and as many as are still in use.

use crate::record::audit_own;
use crate::sessions::Refusal;
use crate::{Error, Mark, Store};
use hege_auth::access::SigningKey;
use hege_store::sessions::{KeyRow, key_delete, key_put, keys};
use hege_store::types::Ts;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::sync::{PoisonError, RwLock};

/// How old the key that signs grows before another one takes its place.
const ROTATED_AFTER: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long a key is kept after it was replaced. Its tokens live ten minutes; other servers notice within one.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// How often in a second the table is read again for names that are not known: anybody can make them up.
const READS_A_SECOND: u32 = 20;

/// What is recorded of a new key.
const ROTATED: &str = "signing_key_rotated";

/// The keys that sign, as the database holds them; read again when a token names one that is not known yet.
#[derive(Debug, Default)]
pub struct Keys(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The newest first.
    keys: Vec<SigningKey>,
    /// Within the second that began then the table was read so often for an unknown name.
    asked: Option<(Timestamp, u32)>,
}

fn fresh(at: Timestamp) -> Result<KeyRow, Error> {
    let key = SigningKey::generate().map_err(|error| Error::Internal(error.to_string()))?;
    Ok(KeyRow { kid: key.kid, secret: key.secret, created_at: Ts(at) })
}

/// Those that were replaced long ago.
fn outlived(rows: &[KeyRow], now: Timestamp) -> Vec<String> {
    let pairs = rows.iter().zip(rows.iter().skip(1));
    let gone = pairs.filter(|(next, _)| now.duration_since(next.created_at.0) >= OVERLAP);
    gone.map(|(_, old)| old.kid.clone()).collect()
}

/// Makes another key sign from now on; tokens of those before stay good until they expire.
///
/// # Errors
/// Those of the store and of the machine's randomness.
pub fn rotate(store: &Store, mark: Mark) -> Result<String, Error> {
    let row = fresh(mark.at)?;
    store.write(|conn| {
        key_put(conn, &row)?;
        audit_own(conn, &mark, (ROTATED, Vec::new(), json!({"kid": row.kid})))
    })?;
    Ok(row.kid)
}

impl Keys {
    /// Reads the keys, after making the first one where there is none.
    ///
    /// # Errors
    /// Those of the store and of the machine's randomness.
    pub fn load(store: &Store, at: Timestamp) -> Result<Self, Error> {
        let loaded = Self::default();
        if loaded.read_again(store)?.is_empty() {
            let row = fresh(at)?;
            store.write(|conn| Ok::<_, Error>(key_put(conn, &row)?))?;
            loaded.read_again(store)?;
        }
        Ok(loaded)
    }

    /// Reads them again, makes a new one when the newest is old, and takes away what nobody needs any more. To be called once a
    /// minute by each server.
    ///
    /// # Errors
    /// Those of the store and of the machine's randomness.
    pub fn renew(&self, store: &Store, mark: Mark) -> Result<(), Error> {
        let rows = self.read_again(store)?;
        let is_old = rows.first().is_none_or(|newest| mark.at.duration_since(newest.created_at.0) >= ROTATED_AFTER);
        let gone = outlived(&rows, mark.at);
        if is_old {
            rotate(store, mark)?;
        }
        if !gone.is_empty() {
            store.write(|conn| gone.iter().try_for_each(|kid| Ok::<_, Error>(key_delete(conn, kid)?)))?;
        }
        if is_old || !gone.is_empty() {
            self.read_again(store)?;
        }
        Ok(())
    }

    fn read_again(&self, store: &Store) -> Result<Vec<KeyRow>, Error> {
        let rows = store.read(|conn| Ok::<_, Error>(keys(conn)?))?;
        let read = rows.iter().map(|row| SigningKey { kid: row.kid.clone(), secret: row.secret.clone() }).collect();
        self.0.write().unwrap_or_else(PoisonError::into_inner).keys = read;
        Ok(rows)
    }

    fn known(&self, kid: &str) -> Option<SigningKey> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.keys.iter().find(|key| key.kid == kid).cloned()
    }

    /// The key that signs: the newest.
    pub(crate) fn signing(&self) -> Result<SigningKey, Error> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.keys.first().cloned().ok_or_else(|| Error::Internal("no signing key".to_owned()))
    }

    /// Whether the table may be read once more in this second.
    fn may_ask(&self, now: Timestamp) -> bool {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let second = SignedDuration::from_secs(1);
        let (since, times) = match known.asked {
            Some((since, times)) if now >= since && now.duration_since(since) < second => (since, times + 1),
            _ => (now, 1),
        };
        known.asked = Some((since, times));
        times <= READS_A_SECOND
    }

    /// The key of a name.
    ///
    /// # Errors
    /// [`Refusal::TokenForged`] for a name that no key has; [`Error::Wait`] when too many such names are asked for.
    pub(crate) fn named(&self, store: &Store, kid: &str, now: Timestamp) -> Result<SigningKey, Error> {
        if let Some(key) = self.known(kid) {
            return Ok(key);
        }
        if !self.may_ask(now) {
            return Err(Error::Wait(SignedDuration::from_secs(1)));
        }
        self.read_again(store)?;
        self.known(kid).ok_or(Error::Unauthorized(Refusal::TokenForged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_750_000_000 + second).unwrap()
    }

    fn row(kid: &str, created: i64) -> KeyRow {
        KeyRow { kid: kid.to_owned(), secret: Vec::new(), created_at: Ts(at(created)) }
    }

    #[test]
    fn a_key_is_kept_for_a_day_after_it_was_replaced_and_the_newest_always() {
        let rows = [row("c", 1_000), row("b", 500), row("a", 0)];
        let day = 86_400;
        assert_eq!(outlived(&rows, at(day + 499)), Vec::<String>::new());
        assert_eq!(outlived(&rows, at(day + 500)), ["a"]);
        assert_eq!(outlived(&rows, at(day + 1_000)), ["b", "a"]);
        assert_eq!(outlived(&rows[..1], at(day * 1_000)), Vec::<String>::new());
    }

    #[test]
    fn names_that_nobody_knows_are_looked_for_twenty_times_a_second() {
        let keys = Keys::default();
        for _ in 0..READS_A_SECOND {
            assert!(keys.may_ask(at(0)));
        }
        assert!(!keys.may_ask(at(0)));
        assert!(keys.may_ask(at(1)));
        // A clock that goes back begins another second.
        assert!(keys.may_ask(at(-86_400)));
    }
}
