//! An empty database that one test owns.

use std::process::Command;
use tempfile::TempDir;
use uuid::Uuid;

/// Names the PostgreSQL the tests may make schemas in; `make test` sets it.
const POSTGRES_URL: &str = "HEGE_TEST_POSTGRES";

/// An empty database that one test owns; gone when dropped.
#[derive(Debug)]
pub struct TestDb {
    name: &'static str,
    url: String,
    _home: Home,
}

/// Where the database lives. Dropping it removes it.
#[derive(Debug)]
enum Home {
    Folder { _folder: TempDir },
    Schema { _schema: Schema },
}

/// One empty database of each kind, SQLite first.
///
/// # Panics
/// As [`TestDb::sqlite`] and [`TestDb::postgres`] do.
#[must_use]
pub fn databases() -> [TestDb; 2] {
    [TestDb::sqlite(), TestDb::postgres()]
}

impl TestDb {
    /// A SQLite file that is not there yet, in a temporary folder of its own.
    ///
    /// # Panics
    /// When the machine gives no temporary folder, or one whose path is not UTF-8.
    #[must_use]
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let file = folder.path().join("hege.db");
        let path = file.to_str().unwrap_or_else(|| panic!("a temporary folder outside UTF-8: {}", file.display()));
        Self { name: "sqlite", url: format!("sqlite://{path}"), _home: Home::Folder { _folder: folder } }
    }

    /// An empty schema in the PostgreSQL that `HEGE_TEST_POSTGRES` names. The URL selects it by `search_path`, so what a
    /// test creates without a schema's name lands there and is found there.
    ///
    /// # Panics
    /// When `HEGE_TEST_POSTGRES` is not set or `psql` cannot make the schema. A test that has no database fails: one that
    /// is skipped would pass for the wrong reason.
    #[must_use]
    pub fn postgres() -> Self {
        let server = std::env::var(POSTGRES_URL).unwrap_or_else(|_| {
            panic!("{POSTGRES_URL} is not set: run `make test`, or export the URL that `tests/tools/postgres.sh start DIR` prints")
        });
        let schema = Schema::create(server);
        Self { name: "postgres", url: schema.url(), _home: Home::Schema { _schema: schema } }
    }

    /// `sqlite` or `postgres`, for messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What `DATABASE_URL` would hold.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// A schema with a name of its own. A schema and not a database: making a database takes a lock on the whole cluster.
#[derive(Debug)]
struct Schema {
    server: String,
    name: String,
}

impl Schema {
    fn create(server: String) -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        psql(&server, &format!("CREATE SCHEMA {name}"))
            .unwrap_or_else(|error| panic!("no schema for this test: {error}"));
        Self { server, name }
    }

    fn url(&self) -> String {
        let joint = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{joint}options=-csearch_path%3D{}", self.server, self.name)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // With a bound on the wait: a test that still holds a transaction open shall fail, not hang.
        let sql =
            format!("SET client_min_messages = warning; SET lock_timeout = '10s'; DROP SCHEMA {} CASCADE", self.name);
        // A second panic would abort the process and hide the first.
        if let (Err(error), false) = (psql(&self.server, &sql), std::thread::panicking()) {
            panic!("schema {} is left behind: {error}", self.name);
        }
    }
}

/// Runs one statement through PostgreSQL's own client, and gives what it printed. It is there wherever PostgreSQL is, and
/// spares this crate a driver.
fn psql(url: &str, sql: &str) -> Result<String, String> {
    let output = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command", sql, url])
        .output()
        .map_err(|error| format!("psql does not run: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    #[test]
    fn each_call_gives_databases_of_its_own() {
        let (first, second) = (databases(), databases());
        let urls: BTreeSet<&str> = first.iter().chain(&second).map(TestDb::url).collect();
        assert_eq!(urls.len(), 4);
        assert_eq!(first.each_ref().map(TestDb::name), ["sqlite", "postgres"]);
    }

    #[test]
    fn a_sqlite_file_is_not_there_yet_and_its_folder_goes_with_it() {
        let database = TestDb::sqlite();
        let file = PathBuf::from(database.url().strip_prefix("sqlite://").unwrap());
        assert!(file.is_absolute() && !file.exists());
        std::fs::write(&file, b"").unwrap();
        drop(database);
        assert!(!file.parent().unwrap().exists());
    }

    #[test]
    fn a_table_made_through_the_url_lands_in_the_schema_and_goes_with_it() {
        let database = TestDb::postgres();
        let server = std::env::var(POSTGRES_URL).unwrap();
        let schema = psql(database.url(), "SELECT current_schema()").unwrap();
        let tables = format!("SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}' AND tablename = 'sample'");
        let schemas = format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{schema}'");
        psql(database.url(), "CREATE TABLE sample (id int)").unwrap();
        assert_eq!([&tables, &schemas].map(|sql| psql(&server, sql).unwrap()), ["1", "1"]);
        drop(database);
        assert_eq!([&tables, &schemas].map(|sql| psql(&server, sql).unwrap()), ["0", "0"]);
    }

    #[test]
    fn a_statement_that_fails_says_why() {
        let error = psql(TestDb::postgres().url(), "SELECT * FROM nothing_here").unwrap_err();
        assert!(error.contains("nothing_here"), "{error}");
    }
}
