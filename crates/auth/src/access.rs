//! Access tokens: JWT signed by HMAC-SHA-256, good for minutes, named by the key that signed them.

use crate::random::{self, NoRandomness};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// How long a token is good.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// How far the clock of another server may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

const ISSUER: &str = "hege";

/// A key that signs. `Debug` shows its name alone.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its name in a token's header.
    pub kid: String,
    /// 32 random bytes.
    pub secret: Vec<u8>,
}

impl SigningKey {
    /// A fresh key.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self { kid: hex::encode(random::bytes::<8>()?), secret: random::bytes::<32>()?.to_vec() })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

/// Whom a token speaks for. What they may do is asked of the store at each request, so that a change counts at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// The person.
    pub person: Uuid,
    /// The session, which may have been ended since.
    pub session: Uuid,
    /// From this instant on the token is no good.
    pub expires: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    sid: String,
    iat: i64,
    exp: i64,
}

/// Why a token is no good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// No token of ours: another form, key, issuer or algorithm (`none` among them).
    #[error("not a token of this system")]
    Forged,
    /// Too old.
    #[error("the token has expired")]
    Expired,
}

/// A token for `person` in `session`, good for [`LIFETIME`] from `now`.
///
/// # Errors
/// [`Rejected::Forged`] when the library cannot sign, which a key of 32 bytes gives no reason for.
pub fn issue(
    key: &SigningKey,
    (person, session): (Uuid, Uuid),
    now: Timestamp,
) -> Result<(String, Timestamp), Rejected> {
    let expires = now.checked_add(LIFETIME).map_err(|_end_of_time| Rejected::Expired)?;
    let claims = Claims {
        iss: ISSUER.to_owned(),
        sub: person.to_string(),
        sid: session.to_string(),
        iat: now.as_second(),
        exp: expires.as_second(),
    };
    let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::HS256) };
    let token =
        encode(&header, &claims, &EncodingKey::from_secret(&key.secret)).map_err(|_library| Rejected::Forged)?;
    Ok((token, expires))
}

/// The name of the key that a token says it is signed by.
///
/// # Errors
/// [`Rejected::Forged`] when it says none.
pub fn kid(token: &str) -> Result<String, Rejected> {
    decode_header(token).ok().and_then(|header| header.kid).ok_or(Rejected::Forged)
}

/// Whom a token speaks for at `now`, when `key` signed it.
///
/// # Errors
/// [`Rejected`].
pub fn verify(token: &str, key: &SigningKey, now: Timestamp) -> Result<Bearer, Rejected> {
    let mut validation = Validation::new(Algorithm::HS256);
    // The library would ask the machine's clock; the time is an argument here and is compared below.
    validation.validate_exp = false;
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "iss", "sub"]);
    let decoded = decode::<Claims>(token, &DecodingKey::from_secret(&key.secret), &validation);
    let claims = decoded.map_err(|_reason_is_nobodys_business| Rejected::Forged)?.claims;
    let expires = Timestamp::from_second(claims.exp).map_err(|_no_such_time| Rejected::Forged)?;
    // Issued by a clock that was ahead: it would be good for longer than any token is. Its holder refreshes.
    let is_from_ahead = expires.duration_since(now) > LIFETIME + AHEAD;
    if now >= expires || is_from_ahead {
        return Err(Rejected::Expired);
    }
    let id = |text: &str| Uuid::try_parse(text).map_err(|_not_an_id| Rejected::Forged);
    Ok(Bearer { person: id(&claims.sub)?, session: id(&claims.sid)?, expires })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: Uuid = Uuid::from_u128(1);
    const SESSION: Uuid = Uuid::from_u128(2);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_750_000_000 + second).unwrap()
    }

    fn key(n: u8) -> SigningKey {
        SigningKey { kid: format!("k{n}"), secret: vec![n; 32] }
    }

    fn signed(header: &Header, iss: &str) -> String {
        let claims = Claims {
            iss: iss.to_owned(),
            sub: PERSON.to_string(),
            sid: SESSION.to_string(),
            iat: 0,
            exp: at(600).as_second(),
        };
        encode(header, &claims, &EncodingKey::from_secret(&key(1).secret)).unwrap()
    }

    #[test]
    fn a_token_speaks_for_its_person_until_it_expires() {
        let (token, expires) = issue(&key(1), (PERSON, SESSION), at(0)).unwrap();
        assert_eq!(kid(&token).unwrap(), "k1");
        let bearer = Bearer { person: PERSON, session: SESSION, expires };
        assert_eq!(verify(&token, &key(1), at(0)), Ok(bearer));
        assert_eq!(verify(&token, &key(1), at(599)), Ok(bearer));
        assert_eq!(verify(&token, &key(1), at(600)), Err(Rejected::Expired));
    }

    #[test]
    fn another_key_issuer_or_algorithm_and_none_at_all_are_forged() {
        let (token, _) = issue(&key(1), (PERSON, SESSION), at(0)).unwrap();
        assert_eq!(verify(&token, &key(2), at(0)), Err(Rejected::Forged));
        let hs256 = Header::new(Algorithm::HS256);
        assert!(verify(&signed(&hs256, "hege"), &key(1), at(0)).is_ok());
        assert_eq!(verify(&signed(&hs256, "other"), &key(1), at(0)), Err(Rejected::Forged));
        let hs512 = Header::new(Algorithm::HS512);
        assert_eq!(verify(&signed(&hs512, "hege"), &key(1), at(0)), Err(Rejected::Forged));
        // {"alg":"none"} with the claims of the good token and no signature.
        let claims = token.split('.').nth(1).unwrap();
        assert_eq!(verify(&format!("eyJhbGciOiJub25lIn0.{claims}."), &key(1), at(0)), Err(Rejected::Forged));
        for text in ["", "a.b.c", "....", "\u{0}", token.trim_end_matches(|c| c != '.')] {
            assert_eq!(verify(text, &key(1), at(0)), Err(Rejected::Forged), "{text}");
        }
    }

    #[test]
    fn a_token_without_the_name_of_its_key_is_forged() {
        assert_eq!(kid(&signed(&Header::new(Algorithm::HS256), "hege")), Err(Rejected::Forged));
        assert_eq!(kid("nonsense"), Err(Rejected::Forged));
    }

    #[test]
    fn a_key_prints_its_name_and_not_its_secret() {
        let key = SigningKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.kid));
        assert_eq!(key.secret.len(), 32);
        assert_ne!(key, SigningKey::generate().unwrap());
    }

    #[test]
    fn a_token_from_a_clock_that_was_far_ahead_is_refreshed_and_one_of_a_minute_ahead_is_not() {
        let (token, expires) = issue(&key(1), (PERSON, SESSION), at(60)).unwrap();
        let bearer = Bearer { person: PERSON, session: SESSION, expires };
        assert_eq!(verify(&token, &key(1), at(0)), Ok(bearer));
        assert_eq!(verify(&token, &key(1), at(-1)), Err(Rejected::Expired));
        assert_eq!(verify(&token, &key(1), at(-86_400)), Err(Rejected::Expired));
    }

    #[test]
    fn a_token_lives_ten_minutes() {
        assert_eq!(LIFETIME.as_secs(), 600);
    }
}
