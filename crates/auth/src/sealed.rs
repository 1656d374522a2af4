//! Personal data at rest: XChaCha20-Poly1305 under a data key that is never in the database or a backup of it.

use crate::random::{self, NoRandomness};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::fmt;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The key of personal data. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct DataKey([u8; KEY_BYTES]);

/// Why something was not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not 64 hexadecimal digits.
    #[error("a data key is 64 hexadecimal digits")]
    Key,
    /// The operating system gave no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Another key, another place, or bytes that were altered.
    #[error("the sealed data do not open with this key")]
    Opening,
    /// The cipher refused, which data of this size give no reason for.
    #[error("the data could not be sealed")]
    Sealing,
}

impl DataKey {
    /// A fresh key.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        random::bytes().map(Self)
    }

    /// The key of a key file: 64 hexadecimal digits, space around them ignored.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut key = [0; KEY_BYTES];
        hex::decode_to_slice(text.trim(), &mut key).map_err(|_not_hexadecimal| Error::Key)?;
        Ok(Self(key))
    }

    /// As a key file holds it.
    #[must_use]
    pub fn reveal(&self) -> String {
        hex::encode(self.0)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.0))
    }

    /// Seals `plain` for one place (`sample/3301-...`): what was sealed for another place does not open there.
    ///
    /// # Errors
    /// [`Error`].
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE_BYTES] = random::bytes()?;
        let payload = Payload { msg: plain, aad: place.as_bytes() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_refused| Error::Sealing)?;
        Ok([nonce.as_slice(), sealed.as_slice()].concat())
    }

    /// A digest by which the same bytes are known again for one purpose, and which betrays nothing of them without the key:
    /// a plain digest of a telephone number is found by trying them all. HMAC-SHA-256 (RFC 2104).
    ///
    /// # Errors
    /// [`Error::Sealing`], which a key of this length gives no reason for.
    pub fn digest(&self, purpose: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let mut digest = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|_length| Error::Sealing)?;
        digest.update(purpose.as_bytes());
        // No purpose is the beginning of another one's text.
        digest.update(&[0]);
        digest.update(bytes);
        Ok(digest.finalize().into_bytes().to_vec())
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// [`Error::Opening`].
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(Error::Opening)?;
        let payload = Payload { msg: rest, aad: place.as_bytes() };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_altered| Error::Opening)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_its_key_at_its_place_only() {
        let key = DataKey::generate().unwrap();
        let sealed = key.seal("sample/1", "演示电话".as_bytes()).unwrap();
        assert_eq!(key.open("sample/1", &sealed).unwrap(), "演示电话".as_bytes());
        assert!(key.open("sample/2", &sealed).is_err());
        assert!(DataKey::generate().unwrap().open("sample/1", &sealed).is_err());
        let mut bent = sealed.clone();
        *bent.last_mut().unwrap() ^= 1;
        assert!(key.open("sample/1", &bent).is_err());
        assert!(key.open("sample/1", &sealed[..10]).is_err());
        assert_ne!(sealed, key.seal("sample/1", "演示电话".as_bytes()).unwrap());
    }

    #[test]
    fn a_digest_is_the_same_for_the_same_key_purpose_and_bytes_only() {
        let key = DataKey::parse(&"0b".repeat(32)).unwrap();
        let digest = key.digest("a", b"b").unwrap();
        assert_eq!(digest, key.digest("a", b"b").unwrap());
        assert_eq!(digest.len(), 32);
        for other in [key.digest("a", b"c"), key.digest("b", b"b"), key.digest("", b"a\0b"), key.digest("ab", b"")] {
            assert_ne!(digest, other.unwrap());
        }
        assert_ne!(digest, DataKey::generate().unwrap().digest("a", b"b").unwrap());
    }

    #[test]
    fn a_key_file_holds_sixty_four_digits() {
        let key = DataKey::generate().unwrap();
        let again = DataKey::parse(&format!(" {}\n", key.reveal())).unwrap();
        assert_eq!(again.reveal(), key.reveal());
        for text in ["", "ab", &"g".repeat(64), &"a".repeat(63)] {
            assert!(DataKey::parse(text).is_err(), "{text}");
        }
        assert_eq!(format!("{key:?}"), "DataKey(..)");
    }
}
