//! Personal files at rest: sealed in segments, so that a film needs no memory of its size. Each segment is sealed for its number
//! and for whether it is the last, so that none can be left out, moved, or cut off.

use crate::sealed::{DataKey, Error};
use std::io::{self, Read, Write};

/// Bytes of a segment before it is sealed.
const SEGMENT: usize = 64 * 1024;
/// What sealing adds to one: nonce and tag.
const ADDED: usize = 24 + 16;

fn place(of: &str, number: u64, is_last: bool) -> String {
    format!("{of}#{number}{}", if is_last { "." } else { "" })
}

/// Reads until the buffer is full or nothing comes any more.
fn filled(from: &mut impl Read, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size);
    from.take(u64::try_from(size).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn failed(error: Error) -> io::Error {
    io::Error::other(error)
}

impl DataKey {
    /// Seals whatever is read for one place.
    ///
    /// # Errors
    /// Those of reading and writing, and of the machine's randomness.
    pub fn seal_stream(&self, of: &str, mut from: impl Read, mut to: impl Write) -> io::Result<()> {
        let mut segment = filled(&mut from, SEGMENT)?;
        for number in 0_u64.. {
            let next = if segment.len() == SEGMENT { filled(&mut from, SEGMENT)? } else { Vec::new() };
            let is_last = next.is_empty();
            to.write_all(&self.seal(&place(of, number, is_last), &segment).map_err(failed)?)?;
            if is_last {
                break;
            }
            segment = next;
        }
        Ok(())
    }

    /// Opens what was sealed for a place; it is read piece by piece, each of which was held against its seal.
    pub fn open_stream<R: Read>(&self, of: &str, from: R) -> Opening<R> {
        Opening {
            key: self.clone(),
            of: of.to_owned(),
            from,
            next: None,
            number: 0,
            open: io::Cursor::default(),
            ended: false,
        }
    }
}

/// A sealed file that is being read. What was altered or cut off ends in an error.
pub struct Opening<R> {
    key: DataKey,
    of: String,
    from: R,
    next: Option<Vec<u8>>,
    number: u64,
    open: io::Cursor<Vec<u8>>,
    ended: bool,
}

impl<R: Read> Opening<R> {
    fn open_next(&mut self) -> io::Result<()> {
        let sealed = match self.next.take() {
            Some(sealed) => sealed,
            None => filled(&mut self.from, SEGMENT + ADDED)?,
        };
        let next = if sealed.len() == SEGMENT + ADDED { filled(&mut self.from, SEGMENT + ADDED)? } else { Vec::new() };
        self.ended = next.is_empty();
        let open = self.key.open(&place(&self.of, self.number, self.ended), &sealed).map_err(failed)?;
        (self.open, self.next, self.number) = (io::Cursor::new(open), Some(next), self.number + 1);
        Ok(())
    }
}

impl<R: Read> Read for Opening<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.open.read(into)?;
            if read > 0 || into.is_empty() || self.ended {
                return Ok(read);
            }
            self.open_next()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(key: &DataKey, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        key.seal_stream("attachment/1", plain, &mut out).unwrap();
        out
    }

    fn opened(key: &DataKey, of: &str, sealed: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        key.open_stream(of, sealed).read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn what_was_sealed_in_segments_opens_whatever_its_length() {
        let key = DataKey::generate().unwrap();
        for length in [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 2 * SEGMENT + 7] {
            let plain: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let sealed = sealed(&key, &plain);
            assert_eq!(sealed.len(), length + ADDED * length.div_ceil(SEGMENT).max(1));
            assert!(opened(&key, "attachment/1", &sealed).unwrap() == plain, "{length}");
        }
    }

    #[test]
    fn what_was_cut_off_bent_exchanged_or_sealed_for_another_place_does_not_open() {
        let key = DataKey::generate().unwrap();
        let plain = vec![7; 2 * SEGMENT + 7];
        let whole = sealed(&key, &plain);
        let part = SEGMENT + ADDED;
        for cut in [0, 10, part, 2 * part, whole.len() - 1] {
            assert!(opened(&key, "attachment/1", &whole[..cut]).is_err(), "cut at {cut}");
        }
        assert!(opened(&key, "attachment/2", &whole).is_err());
        let exchanged = [&whole[part..2 * part], &whole[..part], &whole[2 * part..]].concat();
        assert!(opened(&key, "attachment/1", &exchanged).is_err());
        for at in [0, 30, part, whole.len() - 1] {
            let mut bent = whole.clone();
            bent[at] ^= 1;
            assert!(opened(&key, "attachment/1", &bent).is_err(), "bent at {at}");
        }
    }
}
