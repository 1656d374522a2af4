//! Refresh tokens: opaque, kept only as digests, exchanged at every use (RFC 9700, 4.14.2).

use crate::random::{self, NoRandomness};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// How long a refresh token may be exchanged after it was given out.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A token as its holder keeps it: 64 hexadecimal digits of 32 random bytes. Debug shows nothing of it.
pub struct RefreshToken(String);

impl RefreshToken {
    /// A fresh one.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self(hex::encode(random::bytes::<32>()?)))
    }

    /// The text to hand to its holder, once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    #[must_use]
    pub fn digest(&self) -> RefreshDigest {
        RefreshDigest::of(&self.0)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(..)")
    }
}

/// SHA-256 of a token. A token has 256 random bits, so that a plain digest cannot be searched back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshDigest(pub [u8; 32]);

impl RefreshDigest {
    /// The digest of the text that was presented, whatever it is.
    #[must_use]
    pub fn of(presented: &str) -> Self {
        Self(Sha256::digest(presented.as_bytes()).into())
    }
}

/// What is stored of a session: a family of tokens, each the successor of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// The token given out last.
    pub current: RefreshDigest,
    /// The one that was exchanged last.
    pub previous: Option<RefreshDigest>,
    /// From this instant on nothing is exchanged.
    pub expires: Timestamp,
    /// The session was ended.
    pub revoked: bool,
}

/// What to do with a presented token of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Give out a fresh token and store it as `current`, with this as the `previous`.
    Rotate {
        /// The predecessor to store: it stays good until its successor is used.
        previous: RefreshDigest,
    },
    /// A token that was replaced is used again: end the whole session, for one of two holders is a thief.
    Revoke,
    /// The session was ended before.
    Revoked,
    /// The session is too old.
    Expired,
}

/// A token that was presented, known to have been given out in this family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented {
    /// Itself.
    pub digest: RefreshDigest,
    /// The one that it was given for; none for the first.
    pub parent: Option<RefreshDigest>,
}

/// Decides on a token that was presented.
///
/// The predecessor is exchanged again until a successor is used: an answer lost on the way to a phone in a market hall must
/// not log its inspector out. Each of the successors that were given for it is good until then, for nobody knows which
/// answer arrived last: two tabs of one browser share what it keeps, and ask at the same time.
#[must_use]
pub fn rotate(family: &Family, presented: Presented, now: Timestamp) -> Outcome {
    let Presented { digest, parent } = presented;
    let is_last_used = family.previous == Some(digest);
    let is_child_of_last_used = parent.is_some() && parent == family.previous;
    if family.revoked {
        Outcome::Revoked
    } else if now >= family.expires {
        Outcome::Expired
    } else if digest == family.current || is_last_used || is_child_of_last_used {
        Outcome::Rotate { previous: digest }
    } else {
        Outcome::Revoke
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: RefreshDigest = RefreshDigest([1; 32]);
    const B: RefreshDigest = RefreshDigest([2; 32]);
    const C: RefreshDigest = RefreshDigest([3; 32]);

    fn family(current: RefreshDigest, previous: Option<RefreshDigest>) -> Family {
        Family { current, previous, expires: Timestamp::from_second(1_000).unwrap(), revoked: false }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn first(digest: RefreshDigest) -> Presented {
        Presented { digest, parent: None }
    }

    fn child(digest: RefreshDigest, parent: RefreshDigest) -> Presented {
        Presented { digest, parent: Some(parent) }
    }

    #[test]
    fn the_current_token_is_exchanged() {
        assert_eq!(rotate(&family(A, None), first(A), at(0)), Outcome::Rotate { previous: A });
        assert_eq!(rotate(&family(B, Some(A)), child(B, A), at(0)), Outcome::Rotate { previous: B });
    }

    #[test]
    fn the_predecessor_is_exchanged_until_its_successor_is_used() {
        assert_eq!(rotate(&family(B, Some(A)), first(A), at(0)), Outcome::Rotate { previous: A });
        assert_eq!(rotate(&family(C, Some(B)), first(A), at(0)), Outcome::Revoke);
    }

    #[test]
    fn of_two_successors_of_one_token_each_is_good_until_one_is_used() {
        // Both were given for A, C after B.
        assert_eq!(rotate(&family(C, Some(A)), child(B, A), at(0)), Outcome::Rotate { previous: B });
        assert_eq!(rotate(&family(C, Some(A)), child(C, A), at(0)), Outcome::Rotate { previous: C });
        // C was used: whoever still holds B is a thief, or was robbed.
        let d = RefreshDigest([4; 32]);
        assert_eq!(rotate(&family(d, Some(C)), child(B, A), at(0)), Outcome::Revoke);
        assert_eq!(rotate(&family(d, Some(C)), first(A), at(0)), Outcome::Revoke);
    }

    #[test]
    fn a_session_ends_at_its_instant_and_not_a_second_before() {
        assert_eq!(rotate(&family(A, None), first(A), at(999)), Outcome::Rotate { previous: A });
        assert_eq!(rotate(&family(A, None), first(A), at(1_000)), Outcome::Expired);
        assert_eq!(rotate(&family(A, None), first(B), at(1_000)), Outcome::Expired);
    }

    #[test]
    fn a_token_that_no_family_expects_ends_it() {
        assert_eq!(rotate(&family(C, None), first(B), at(0)), Outcome::Revoke);
        assert_eq!(rotate(&family(C, None), child(B, A), at(0)), Outcome::Revoke);
    }

    #[test]
    fn an_ended_session_exchanges_nothing() {
        let ended = Family { revoked: true, ..family(A, None) };
        assert_eq!(rotate(&ended, first(A), at(0)), Outcome::Revoked);
        assert_eq!(rotate(&ended, first(B), at(2_000)), Outcome::Revoked);
    }

    #[test]
    fn a_token_is_sixty_four_digits_stored_as_its_digest_and_never_printed() {
        let token = RefreshToken::generate().unwrap();
        assert_eq!(token.reveal().len(), 64);
        assert_eq!(token.digest(), RefreshDigest::of(token.reveal()));
        assert_ne!(token.digest(), RefreshToken::generate().unwrap().digest());
        assert_eq!(format!("{token:?}"), "RefreshToken(..)");
    }

    #[test]
    fn the_digest_is_sha_256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex::encode(RefreshDigest::of("abc").0), expected);
    }

    #[test]
    fn a_token_lives_thirty_days() {
        assert_eq!(LIFETIME.as_secs(), 2_592_000);
    }
}
