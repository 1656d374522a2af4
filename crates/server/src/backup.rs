//! `hege backup` and `hege restore`: the embedded database in one file, and back.

use crate::config::{Database, KeyFile};
use crate::files::KeptIn;
use anyhow::{Context, Result, bail};
use hege_app::{Store, StoreError, setup};
use jiff::Timestamp;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What a backup is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Backup {
    /// Where the copy goes; nothing may be there yet.
    file: PathBuf,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    files: KeptIn,
}

/// What a restore is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Restore {
    /// A file that `hege backup` wrote.
    file: PathBuf,
    /// Put it in the place of the database that is there, which is kept aside.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    key_file: KeyFile,
}

impl Backup {
    /// Copies the database as it is at one moment; a server may go on writing.
    pub(crate) fn run(&self) -> Result<()> {
        if self.database.embedded_file().is_none() {
            bail!("PostgreSQL has its own backup: pg_dump --format custom --file FILE \"$DATABASE_URL\"");
        }
        let store = self.database.open()?;
        let part = beside(&self.file, "part")?;
        if self.file.exists() {
            bail!("{} is there already and stays as it is: name another file", self.file.display());
        }
        let copy = new_file(&part).with_context(|| format!("cannot write {}", part.display()))?;
        let copied = store.copy_into(text(&part)?).context("the database cannot be copied").and_then(|()| {
            copy.sync_all()?;
            // A link, unlike a renaming, takes nobody's place.
            fs::hard_link(&part, &self.file).with_context(|| format!("cannot make {}", self.file.display()))
        });
        fs::remove_file(&part)?;
        copied?;
        sync_folder(&self.file)?;
        say(&format!(
            "{}: the whole database, and whoever reads it can act as anybody. The data key is not in it: keep a copy of the key \
             elsewhere, or personal data cannot be read again. Files are not in it either: copy {} after this, so that every \
             file that it names is in the copy.",
            self.file.display(),
            self.files.place(&self.database),
        ))
    }
}

impl Restore {
    /// Puts a backup into the database's place.
    pub(crate) fn run(&self) -> Result<()> {
        let Some(place) = self.database.embedded_file() else {
            bail!(
                "PostgreSQL has its own return: pg_restore --exit-on-error --no-owner --dbname \"$DATABASE_URL\" FILE"
            );
        };
        let there = place.exists();
        if there && !self.replace {
            bail!("there is a database at {}: with --replace it is kept aside", place.display());
        }
        if let Some(folder) = place.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let copy = beside(place, "restoring")?;
        let restored = self.copied(&copy).and_then(|()| {
            let aside = if there { Some(put_aside(place)?) } else { None };
            fs::rename(&copy, place).with_context(|| format!("cannot make {}", place.display()))?;
            Ok(aside)
        });
        for left in ["", "-wal", "-shm"] {
            remove_if_there(&PathBuf::from(format!("{}{left}", copy.display())))?;
        }
        let aside = restored?;
        sync_folder(place)?;
        if let Some(aside) = aside {
            say(&format!("{} is what was there before", aside.display()))?;
        }
        say(&format!(
            "{} is back; bring its files too, and run `hege verify` before people work on it",
            place.display()
        ))
    }

    /// A copy of the backup beside the database's place, held to be whole, ours, and of the data key that is here.
    fn copied(&self, copy: &Path) -> Result<()> {
        let mut from = File::open(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let mut to = new_file(copy).with_context(|| format!("cannot write {}", copy.display()))?;
        std::io::copy(&mut from, &mut to)?;
        let name = self.file.display();
        let store = Store::open(&format!("sqlite://{}", text(copy)?), 1);
        let store = store.with_context(|| format!("{name} is no database"))?;
        // An older one is brought up to this program when it is opened next.
        store.is_behind().with_context(|| format!("{name} is no backup of Hege, or that of a later version"))?;
        let damage = store.damage().with_context(|| format!("{name} is damaged"))?;
        if let Some(first) = damage.first() {
            bail!("{name} is damaged: {first}");
        }
        if !setup::is_ours(&store).unwrap_or(false) {
            bail!("{name} is no backup of Hege");
        }
        let key = self.key_file.load_existing(&self.database)?;
        setup::check_data_key(&store, &key)
            .context("it began with another data key than the one here: bring its key first")?;
        drop(store);
        hege_app::settle(text(copy)?)?;
        Ok(to.sync_all()?)
    }
}

/// Keeps the database that is there under another name.
fn put_aside(place: &Path) -> Result<PathBuf> {
    let aside = beside(place, &format!("before-{}", Timestamp::now().strftime("%Y%m%dT%H%M%S%fZ")))?;
    // What cannot be read any more is kept as it is, with its journal.
    if let Err(StoreError::Busy(_)) = hege_app::settle(text(place)?) {
        bail!("{} is open: stop the server first", place.display());
    }
    for part in ["-wal", "-shm", ""] {
        let name = |path: &Path| PathBuf::from(format!("{}{part}", path.display()));
        match fs::rename(name(place), name(&aside)) {
            Err(error) if error.kind() != ErrorKind::NotFound || part.is_empty() => return Err(error.into()),
            _ => {}
        }
    }
    Ok(aside)
}

fn remove_if_there(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// A file that was not there, for its owner alone.
fn new_file(file: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(file)
}

/// A name in the same folder.
fn beside(file: &Path, ending: &str) -> Result<PathBuf> {
    let name = file.file_name().and_then(|name| name.to_str()).context("a file needs a name")?;
    Ok(file.with_file_name(format!("{name}.{ending}")))
}

fn text(file: &Path) -> Result<&str> {
    file.to_str().context("SQLite needs a path in UTF-8")
}

/// What was written under a name is there after a power cut too.
fn sync_folder(file: &Path) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(folder)?.sync_all()?)
}

fn say(line: &str) -> Result<()> {
    Ok(writeln!(stdout().lock(), "{line}")?)
}
