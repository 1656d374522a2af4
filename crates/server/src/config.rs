//! Where the data are, and the key of personal data.

use anyhow::{Context, Result, bail};
use clap::Args;
use hege_app::{DataKey, Store};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Connections of a pool: more only wait for the same two cores.
const CONNECTIONS: u32 = 8;

/// Where the data are.
#[derive(Debug, Clone, Args)]
pub(crate) struct Database {
    /// `sqlite://FILE` or `postgres://...`; the scheme alone decides.
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite://data/hege.db", hide_env_values = true)]
    database_url: String,
}

impl Database {
    fn is_embedded(&self) -> bool {
        self.database_url.starts_with("sqlite://")
    }

    /// The file of the embedded database.
    pub(crate) fn embedded_file(&self) -> Option<&Path> {
        self.database_url.strip_prefix("sqlite://").map(Path::new)
    }

    /// Which database it is, for messages: the file, or host and name without who asks.
    pub(crate) fn name(&self) -> String {
        if let Some(file) = self.database_url.strip_prefix("sqlite://") {
            return file.to_owned();
        }
        let (scheme, rest) = self.database_url.split_once("://").unwrap_or(("postgres", ""));
        let rest = rest.split_once('?').map_or(rest, |(place, _)| place);
        format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, place)| place))
    }

    /// What speaks against the setting itself.
    pub(crate) fn objections(&self) -> Vec<String> {
        let known = ["sqlite://", "postgres://", "postgresql://"];
        let rest = known.iter().find_map(|scheme| self.database_url.strip_prefix(scheme));
        if rest.is_some_and(|rest| !rest.is_empty()) {
            return Vec::new();
        }
        vec!["DATABASE_URL: it is sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME".to_owned()]
    }

    /// Opens the database as it is; a database that does not fit this program is refused.
    pub(crate) fn open(&self) -> Result<Store> {
        self.connect(false)
    }

    /// Opens the database and brings its schema up to this program's: the embedded one by itself, PostgreSQL when told so.
    pub(crate) fn open_migrated(&self, migrate: bool) -> Result<Store> {
        self.connect(migrate || self.is_embedded())
    }

    fn connect(&self, migrate: bool) -> Result<Store> {
        if let Some(file) = self.database_url.strip_prefix("sqlite://") {
            let file = Path::new(file);
            if !migrate && !file.exists() {
                bail!("there is no database at {}: `hege serve` or `hege demo` makes one", file.display());
            }
            if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            }
            // It holds the keys that sign tokens, so that only its owner reads it; SQLite gives its journal the same mode.
            if !file.exists() {
                let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file);
                made.with_context(|| format!("cannot make the database {}", file.display()))?;
            }
        }
        crate::listen::refuse(&self.objections())?;
        let name = self.name();
        let store = Store::open(&self.database_url, CONNECTIONS);
        let store = store.with_context(|| format!("the database {name} cannot be opened"))?;
        if migrate {
            store.migrate().with_context(|| format!("the database {name} cannot be brought up to date"))?;
        } else if store
            .is_behind()
            .with_context(|| format!("the database {name} is none of Hege, or does not answer"))?
        {
            bail!("the database {name} is older than this program: run `hege serve --migrate` or `hege migrate`");
        }
        Ok(store)
    }
}

/// The key of personal data.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeyFile {
    /// File with the data key, 64 hexadecimal digits. The embedded database makes `data/data.key` beside itself.
    #[arg(long, env = "HEGE_DATA_KEY_FILE")]
    data_key_file: Option<PathBuf>,
}

impl KeyFile {
    /// What speaks against the setting itself.
    pub(crate) fn objections(&self, database: &Database) -> Vec<String> {
        let objection = match &self.data_key_file {
            Some(file) => read_key(file).err().map(|error| format!("HEGE_DATA_KEY_FILE: {error:#}")),
            None if database.is_embedded() || !database.objections().is_empty() => None,
            None => Some(NEEDED.to_owned()),
        };
        objection.into_iter().collect()
    }

    /// The key, which must be that with which the database began.
    pub(crate) fn load_for(&self, store: &Store, database: &Database) -> Result<DataKey> {
        let key = self.load(database)?;
        let words = "this is not the data key with which this database began: personal data would stand under two keys";
        hege_app::setup::check_data_key(store, &key).context(words)?;
        Ok(key)
    }

    /// The key that is there; none is made.
    pub(crate) fn load_existing(&self, database: &Database) -> Result<DataKey> {
        let beside = database.embedded_file().map(|file| file.with_file_name("data.key"));
        let file = self.data_key_file.clone().or(beside).context("HEGE_DATA_KEY_FILE names no data key")?;
        read_key(&file)
    }

    /// The key; made once for the embedded database, never for PostgreSQL: several servers must have the same.
    fn load(&self, database: &Database) -> Result<DataKey> {
        match &self.data_key_file {
            Some(file) => read_key(file),
            None if database.is_embedded() => {
                let file = database.database_url.trim_start_matches("sqlite://");
                let file = Path::new(file).with_file_name("data.key");
                make_key(&file)?;
                read_key(&file)
            }
            None => bail!(NEEDED),
        }
    }
}

const NEEDED: &str = "PostgreSQL needs HEGE_DATA_KEY_FILE: the key of personal data is never in the database";

fn read_key(file: &Path) -> Result<DataKey> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read the data key {}", file.display()))?;
    DataKey::parse(&text).with_context(|| format!("in {}", file.display()))
}

/// Makes a key file that only its owner reads; one that is there stays.
fn make_key(file: &Path) -> Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    match made {
        Ok(mut made) => {
            let key = DataKey::generate()?;
            writeln!(made, "{}", key.reveal())?;
            Ok(made.sync_all()?)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot make the data key {}", file.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// What a version of this program leaves that knows one migration more.
    const LATER: &str = "CREATE TABLE __diesel_schema_migrations (version TEXT PRIMARY KEY, run_on TIMESTAMP); \
         INSERT INTO __diesel_schema_migrations VALUES ('99990101000000', '2099-01-01')";

    #[test]
    fn the_embedded_database_makes_its_key_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database { database_url: format!("sqlite://{}/hege.db", folder.path().display()) };
        let keys = KeyFile { data_key_file: None };
        let first = keys.load(&database).unwrap().reveal();
        assert_eq!(keys.load(&database).unwrap().reveal(), first);
        let mode = fs::metadata(folder.path().join("data.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let postgres = Database { database_url: "postgres://nowhere/hege".to_owned() };
        assert!(keys.load(&postgres).is_err());
    }

    #[test]
    fn a_database_is_named_without_who_asks_and_one_of_no_kind_is_refused() {
        let named = |url: &str| Database { database_url: url.to_owned() };
        for (url, name) in [
            ("sqlite://data/hege.db", "data/hege.db"),
            ("postgres://hege:p@ss@db.example:5432/hege?sslmode=require", "postgres://db.example:5432/hege"),
            ("postgresql://localhost/hege", "postgresql://localhost/hege"),
        ] {
            assert_eq!(named(url).name(), name);
            assert_eq!(named(url).objections(), Vec::<String>::new());
        }
        for url in ["", "sqlite:", "sqlite://", "mysql://x/y", "hege.db"] {
            assert_eq!(named(url).objections().len(), 1, "{url}");
        }
    }

    #[test]
    fn another_key_than_the_first_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database { database_url: format!("sqlite://{}/hege.db", folder.path().display()) };
        let store = database.open_migrated(true).unwrap();
        let own = KeyFile { data_key_file: None };
        own.load_for(&store, &database).unwrap();
        own.load_for(&store, &database).unwrap();
        let file = folder.path().join("other.key");
        make_key(&file).unwrap();
        let other = KeyFile { data_key_file: Some(file) };
        assert!(other.load_for(&store, &database).is_err());
    }

    #[test]
    fn a_database_that_is_not_there_is_made_only_by_who_may_migrate() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database { database_url: format!("sqlite://{}/new/hege.db", folder.path().display()) };
        assert!(database.open().is_err());
        assert!(!folder.path().join("new").exists());
        database.open_migrated(false).unwrap();
        database.open().unwrap();
        let mode = fs::metadata(folder.path().join("new/hege.db")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(Database { database_url: "postgres:nonsense".to_owned() }.open().is_err());
    }

    #[test]
    fn a_file_that_is_no_database_or_another_programs_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hege.db");
        fs::write(&file, b"no database at all, but long enough to look like a file").unwrap();
        let database = Database { database_url: format!("sqlite://{}", file.display()) };
        assert!(database.open().is_err());
        assert!(database.open_migrated(true).is_err());
        for (name, sql) in [("other", "CREATE TABLE sample (id INTEGER)"), ("later", LATER)] {
            let url = format!("sqlite://{}/{name}.db", folder.path().display());
            Store::open(&url, 1).unwrap().execute(sql).unwrap();
            let database = Database { database_url: url };
            let refused = database.open_migrated(true).map(drop).unwrap_err();
            assert!(format!("{refused:#}").contains("another program's"), "{name}: {refused:#}");
            assert!(database.open().is_err());
        }
    }
}
