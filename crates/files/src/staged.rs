//! What comes in pieces: each an object of its own, named by the byte it begins with, so that any server goes on where another
//! left off, and two that write the same piece at once are told.

use crate::kept::Reading;
use crate::{Error, Files};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{PutMode, PutOptions, PutPayload};
use std::collections::BTreeMap;
use std::io::{self, Read};

fn place_of(place: &str) -> Path {
    Path::from_iter(std::iter::once("staged").chain(place.split('/')))
}

impl Files {
    /// How many bytes of a file are there, from its beginning on without a gap.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn staged(&self, place: &str) -> Result<u64, Error> {
        Ok(self.pieces(place)?.last().map_or(0, |(offset, size)| offset + size))
    }

    /// The pieces that follow one another from the beginning: offset and bytes of each.
    fn pieces(&self, place: &str) -> Result<Vec<(u64, u64)>, Error> {
        let listed = self.objects.list(Some(&place_of(place)));
        let found: Vec<_> = self.handle.block_on(listed.try_collect())?;
        let pieces: BTreeMap<u64, u64> = found
            .into_iter()
            .filter_map(|found| Some((found.location.filename()?.parse().ok()?, found.size)))
            .collect();
        let mut next = 0;
        let follows = pieces.into_iter().map_while(|(offset, size)| {
            let is_next = offset == next;
            next = offset + size;
            is_next.then_some((offset, size))
        });
        Ok(follows.collect())
    }

    /// Puts a piece that begins with a byte of the file.
    ///
    /// # Errors
    /// [`Error::Taken`] when there is one, and those of the storage.
    pub fn stage(&self, place: &str, offset: u64, piece: Bytes) -> Result<(), Error> {
        let at = place_of(place).join(format!("{offset:020}"));
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.handle.block_on(self.objects.put_opts(&at, PutPayload::from_bytes(piece), options)) {
            Err(object_store::Error::AlreadyExists { .. }) => Err(Error::Taken),
            outcome => Ok(outcome.map(drop)?),
        }
    }

    /// Reads what is there of a file.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn read_staged(&self, place: &str) -> Result<impl Read + '_, Error> {
        let pieces = self.pieces(place)?;
        Ok(Pieces { files: self, place: place_of(place), rest: pieces.into_iter(), reading: None })
    }

    /// Takes away what is there of a file.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn unstage(&self, place: &str) -> Result<(), Error> {
        let listed = self.objects.list(Some(&place_of(place))).map_ok(|found| found.location).boxed();
        Ok(self.handle.block_on(self.objects.delete_stream(listed).try_for_each(|_| async { Ok(()) }))?)
    }
}

/// The pieces of a file, one after another.
struct Pieces<'a> {
    files: &'a Files,
    place: Path,
    rest: std::vec::IntoIter<(u64, u64)>,
    reading: Option<Reading<'a>>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(reading) = &mut self.reading {
                let read = reading.read(into)?;
                if read > 0 || into.is_empty() {
                    return Ok(read);
                }
            }
            let Some((offset, _)) = self.rest.next() else { return Ok(0) };
            let at = self.place.clone().join(format!("{offset:020}"));
            self.reading = Some(self.files.read_at(&at, "of an upload").map_err(io::Error::other)?);
        }
    }
}
