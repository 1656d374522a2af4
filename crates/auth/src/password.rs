//! Passwords: argon2id with OWASP's parameters, compared in constant time, the same work for a login that does not exist.

use crate::random::{self, NoRandomness};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use hege_core::Problem;

/// Fewest characters of a password (NIST SP 800-63B, 3.1.1.2 asks for at least 8 and recommends 15 where it stands alone).
pub const CHARACTERS_MIN: usize = 10;
/// Most characters: hashing longer ones would be work that anybody can ask for.
pub const CHARACTERS_MAX: usize = 128;

/// Memory 19 MiB, two passes, one lane: OWASP's first choice for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Why no hash was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system gave no salt.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The algorithm refused, which its fixed parameters do not give reason for.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| Error::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// What speaks against a password, at `pointer`: too short, too long, the login itself, one character over and over.
#[must_use]
pub fn objection(password: &str, login: &str, pointer: &str) -> Option<Problem> {
    let characters = password.chars().count();
    let problem = |code, zh: &str, en: &str| Some(Problem::new(pointer, code, zh, en));
    if characters < CHARACTERS_MIN {
        return problem("password_short", "密码至少 10 位", "a password has at least 10 characters");
    }
    if characters > CHARACTERS_MAX {
        return problem("password_long", "密码至多 128 位", "a password has at most 128 characters");
    }
    let first = password.chars().next();
    if password.eq_ignore_ascii_case(login) || password.chars().all(|c| Some(c) == first) {
        return problem("password_weak", "密码过于简单", "the password is too easily guessed");
    }
    None
}

/// The hash of a password in PHC form, with a salt of its own.
///
/// # Errors
/// [`Error`] when there is no salt to be had.
pub fn hash(password: &str) -> Result<String, Error> {
    let salt = random::bytes::<16>()?;
    let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|hash: PasswordHash| hash.to_string()).map_err(|error| Error::Hash(error.to_string()))
}

/// True when `password` is the one of `hash`. A hash that is none (or none at all, for an unknown login) costs the same
/// work and is false, so that the time of an answer says nothing of which logins exist.
#[must_use]
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    // The hash of a random text that nobody knows.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$8MHIxsnLzM3Oz9DR0tPU1Q$1uLZ0nVbO5Cyk1l0H8pPMGpLQw1Ggu1bYVQyu2cQ7Zw";
    if password.chars().count() > CHARACTERS_MAX {
        return false;
    }
    let known = hash.and_then(|hash| PasswordHash::new(hash).ok());
    let is_known = known.is_some();
    let Some(parsed) = known.or_else(|| PasswordHash::new(NOBODY).ok()) else {
        return false;
    };
    argon2().is_ok_and(|argon2| argon2.verify_password(password.as_bytes(), &parsed).is_ok()) && is_known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_and_no_other() {
        let first = hash("演示口令-2025").unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert!(verify("演示口令-2025", Some(&first)));
        assert!(!verify("演示口令-2026", Some(&first)));
        assert_ne!(first, hash("演示口令-2025").unwrap(), "every hash has a salt of its own");
    }

    #[test]
    fn no_hash_or_a_broken_one_lets_nobody_in() {
        assert!(!verify("演示口令-2025", None));
        assert!(!verify("演示口令-2025", Some("")));
        assert!(!verify("", Some("plain")));
        assert!(!verify(&"a".repeat(129), Some(&hash(&"a".repeat(129)).unwrap())));
    }

    #[test]
    fn the_hash_for_unknown_logins_can_be_read_and_so_costs_the_same() {
        let nobody =
            "$argon2id$v=19$m=19456,t=2,p=1$8MHIxsnLzM3Oz9DR0tPU1Q$1uLZ0nVbO5Cyk1l0H8pPMGpLQw1Ggu1bYVQyu2cQ7Zw";
        assert!(PasswordHash::new(nobody).is_ok());
    }

    #[test]
    fn a_password_is_ten_to_a_hundred_and_twenty_eight_characters_and_not_the_login() {
        let code = |password: &str| objection(password, "inspector1", "/password").map(|problem| problem.code);
        assert_eq!(code("九个字符不够用的啊"), Some("password_short"));
        assert_eq!(code("十个字符刚好够用的啊"), None);
        assert_eq!(code(&"ab".repeat(64)), None);
        assert_eq!(code(&format!("{}c", "ab".repeat(64))), Some("password_long"));
        assert_eq!(code("INSPECTOR1"), Some("password_weak"));
        assert_eq!(code("aaaaaaaaaa"), Some("password_weak"));
        assert_eq!(objection("", "x", "/new_password").unwrap().pointer, "/new_password");
    }
}
