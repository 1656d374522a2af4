//! What nobody needs any more: uploads that were given up, and files that no row names.
//!
//! A file is written before its row, so that a young one may be waiting for it. An old one that no row names is moved aside and
//! asked for once more before it goes: whoever wrote the same content anew and its row in between finds it again.

use crate::{Error, Files, kept_at};
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt as _};
use std::collections::BTreeSet;
use std::fs::DirEntry;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

/// Names that are asked for at once.
const BATCH: usize = 200;

/// What was swept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Files that no row named.
    pub files: usize,
    /// Pieces of uploads that were given up.
    pub pieces: usize,
}

/// Which of these names a row has.
type Known<'a, E> = &'a dyn Fn(&[String]) -> Result<BTreeSet<String>, E>;

impl Files {
    /// Takes away files that no row names and what is left of uploads, as far as they were written before an instant, in seconds
    /// since 1970.
    ///
    /// # Errors
    /// Those of the storage, and of whoever knows the rows.
    pub fn sweep<E: From<Error>>(&self, before: i64, known: Known<'_, E>) -> Result<Swept, E> {
        let mut swept = Swept::default();
        // Left by a sweep that was cut short.
        for aside in self.listed("swept", i64::MAX)? {
            swept.files += usize::from(self.settled(&aside, known)?);
        }
        for folder in ["staged", "making"] {
            for piece in self.listed(folder, before)? {
                self.take(&piece)?;
                swept.pieces += 1;
            }
        }
        swept.pieces += self.sweep_broken_off(before)?;
        let mut names: Vec<String> = Vec::with_capacity(BATCH);
        let mut kept = self.objects.list(Some(&Path::from("kept")));
        while let Some(found) = self.handle.block_on(kept.next()) {
            let found = found.map_err(Error::from)?;
            names.extend(is_before(&found, before).then(|| found.location.filename().map(str::to_owned)).flatten());
            if names.len() == BATCH {
                swept.files += self.sweep_these(&std::mem::take(&mut names), known)?;
            }
        }
        swept.files += self.sweep_these(&names, known)?;
        Ok(swept)
    }

    /// Takes away what was being written in a folder when the machine stopped. It is listed by nobody: whoever writes a file calls it
    /// by its name with `#` and a number until it is whole. A bucket forgets such parts by a rule of its own.
    fn sweep_broken_off(&self, before: i64) -> Result<usize, Error> {
        let Some(folder) = &self.folder else { return Ok(0) };
        let mut swept = 0;
        let mut folders: Vec<PathBuf> = ["making", "staged", "kept"].map(|name| folder.join(name)).into();
        while let Some(next) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&next) else { continue };
            for entry in entries {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() && is_broken_off(&entry, before)? {
                    std::fs::remove_file(entry.path())?;
                    swept += 1;
                }
            }
        }
        Ok(swept)
    }

    fn sweep_these<E: From<Error>>(&self, names: &[String], known: Known<'_, E>) -> Result<usize, E> {
        if names.is_empty() {
            return Ok(0);
        }
        let named = known(names)?;
        let mut swept = 0;
        for name in names.iter().filter(|name| !named.contains(*name)) {
            let aside = Path::from_iter(["swept", name]);
            self.handle.block_on(self.objects.rename(&kept_at(name), &aside)).map_err(Error::from)?;
            swept += usize::from(self.settled(&aside, known)?);
        }
        Ok(swept)
    }

    /// Asks once more for what was moved aside: it goes, or comes back. Whether it went.
    fn settled<E: From<Error>>(&self, aside: &Path, known: Known<'_, E>) -> Result<bool, E> {
        let name = aside.filename().unwrap_or_default().to_owned();
        let is_known = known(std::slice::from_ref(&name))?.contains(&name);
        if is_known {
            self.handle.block_on(self.objects.rename(aside, &kept_at(&name))).map_err(Error::from)?;
        } else {
            self.take(aside)?;
        }
        Ok(!is_known)
    }

    fn take(&self, at: &Path) -> Result<(), Error> {
        match self.handle.block_on(self.objects.delete(at)) {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    fn listed(&self, folder: &str, before: i64) -> Result<Vec<Path>, Error> {
        let listed = self.objects.list(Some(&Path::from(folder)));
        let found: Vec<ObjectMeta> = self.handle.block_on(listed.try_collect())?;
        Ok(found.into_iter().filter(|found| is_before(found, before)).map(|found| found.location).collect())
    }
}

fn is_broken_off(entry: &DirEntry, before: i64) -> Result<bool, Error> {
    let name = entry.file_name();
    let number = name.to_str().and_then(|name| name.rsplit_once('#')).map(|(_, number)| number.to_owned());
    let is_unfinished = number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
    let written = entry.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Ok(is_unfinished && i64::try_from(written).is_ok_and(|written| written < before))
}

fn is_before(found: &ObjectMeta, before: i64) -> bool {
    found.last_modified.timestamp() < before
}
