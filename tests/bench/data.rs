//! Databases that are made, copied and thrown away: a step is measured on copies of one and the same state.

use std::process::Command;
use tempfile::TempDir;

/// A database.
pub(crate) struct Data {
    pub(crate) url: String,
    place: Place,
}

enum Place {
    Folder { _folder: TempDir },
    Database { server: String, name: String },
}

/// What is measured.
#[derive(Clone, Copy)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    /// As it is named among the arguments, and in a table.
    pub(crate) const ALL: [(&'static str, &'static str, Self); 2] =
        [("sqlite", "SQLite FULL", Self::Sqlite), ("postgres", "PostgreSQL", Self::Postgres)];

    /// An empty one.
    pub(crate) fn empty(self, cluster: &Cluster) -> Data {
        match self {
            Self::Sqlite => Data::sqlite(),
            Self::Postgres => Data::postgres(&cluster.url),
        }
    }
}

/// One client of PostgreSQL.
pub(crate) fn postgres_client(url: &str) -> postgres::Client {
    postgres::Client::connect(url, postgres::NoTls).unwrap_or_else(|error| panic!("{error}"))
}

impl Data {
    /// An empty SQLite file.
    pub(crate) fn sqlite() -> Self {
        // Beside the target and not among the temporary files, which may live in memory.
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let url = format!("sqlite://{}/hege.db", folder.path().to_str().unwrap());
        Self { url, place: Place::Folder { _folder: folder } }
    }

    /// An empty database on a server, whose URL ends with the name of another one.
    pub(crate) fn postgres(server: &str) -> Self {
        Self::made(server, "template0")
    }

    fn made(server: &str, template: &str) -> Self {
        let name = format!("bench_{}", uuid::Uuid::now_v7().simple());
        postgres_client(server).batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        Self { url: format!("{base}/{name}"), place: Place::Database { server: server.to_owned(), name } }
    }

    /// The same again. Nobody may use this one meanwhile.
    pub(crate) fn copy(&self) -> Self {
        match &self.place {
            Place::Folder { .. } => {
                let copy = Self::sqlite();
                let [from, to] = [self, &copy].map(|data| data.url.trim_start_matches("sqlite://").to_owned());
                rusqlite::Connection::open(from).unwrap().execute("VACUUM INTO ?", [to]).unwrap();
                copy
            }
            Place::Database { server, name } => Self::made(server, name),
        }
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        if let Place::Database { server, name } = &self.place {
            drop(postgres_client(server).batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")));
        }
    }
}

/// A PostgreSQL that keeps its promises (fsync), until it is dropped.
pub(crate) struct Cluster {
    folder: TempDir,
    pub(crate) url: String,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let output = postgres_sh(["start", folder.path().to_str().unwrap(), "durable"].as_slice());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { url: String::from_utf8_lossy(&output.stdout).trim().to_owned(), folder }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(postgres_sh(["stop", self.folder.path().to_str().unwrap()].as_slice()));
    }
}

fn postgres_sh(arguments: &[&str]) -> std::process::Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/postgres.sh");
    Command::new(script).args(arguments).output().unwrap()
}
