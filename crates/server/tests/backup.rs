//! `hege backup` and `hege restore` as a program.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_app::organisations::{self, found};
use hege_app::reference::OrganisationKind;
use hege_app::{Mark, PROVINCE, Store, setup};
use jiff::Timestamp;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tempfile::TempDir;
use uuid::Uuid;

/// A folder with a database, its key, and room beside it.
struct Place {
    folder: TempDir,
}

impl Place {
    /// With a database that was served once, so that it knows its key.
    fn new() -> Self {
        let place = Self::empty();
        place.hege(&["migrate"]).is_done();
        let key = hege_app::DataKey::generate().unwrap();
        fs::write(place.file("data.key"), key.reveal()).unwrap();
        setup::check_data_key(&place.store(), &key).unwrap();
        place
    }

    fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn store(&self) -> Store {
        Store::open(&self.url(), 2).unwrap()
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.file("hege.db").display())
    }

    fn hege(&self, arguments: &[&str]) -> Ran {
        hege(&self.url(), arguments)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect();
        // A pool of this process closes its files when it comes to it.
        names.retain(|name| !name.starts_with("hege.db-"));
        names.sort();
        names
    }

    fn organisations(&self) -> usize {
        organisations::list(&self.store()).unwrap().len()
    }
}

fn hege(url: &str, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hege"));
    command.env("DATABASE_URL", url).env("HEGE_LOG", "error").env_remove("HEGE_DATA_KEY_FILE");
    Ran(command.args(arguments).output().unwrap())
}

struct Ran(Output);

impl Ran {
    fn said(&self) -> String {
        format!("{}{}", String::from_utf8_lossy(&self.0.stdout), String::from_utf8_lossy(&self.0.stderr))
    }

    #[track_caller]
    fn is_done(&self) -> String {
        assert!(self.0.status.success(), "{}", self.said());
        self.said()
    }

    #[track_caller]
    fn is_refused(&self, because: &str) {
        assert_eq!(self.0.status.code(), Some(1), "{}", self.said());
        assert!(self.said().contains(because), "{because} is not in: {}", self.said());
    }
}

fn add(store: &Store) {
    let mark = Mark { person: None, at: Timestamp::now(), audit_id: Uuid::now_v7() };
    let id = Uuid::now_v7();
    found(store, (OrganisationKind::Laboratory, &format!("演示{id}"), PROVINCE), (id, mark)).unwrap();
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

#[test]
fn a_backup_comes_back_in_another_place_with_its_key_and_verifies() {
    let (here, there) = (Place::new(), Place::empty());
    add(&here.store());
    let file = here.file("copy.db");
    let said = here.hege(&["backup", path(&file)]).is_done();
    assert!(said.contains("data key is not in it"), "{said}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let key = fs::read_to_string(here.file("data.key")).unwrap();
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let copy = fs::read(&file).unwrap();
    assert!(holds(&copy, "演示") && !holds(&copy, key.trim()), "the data are in it and the key is not");
    assert!(!copy.windows(32).any(|window| window == hex(&key)), "nor its bytes");
    there.hege(&["restore", path(&file)]).is_refused("data key");
    assert_eq!(there.names(), Vec::<String>::new(), "what was refused leaves nothing, and makes no key");
    fs::copy(here.file("data.key"), there.file("data.key")).unwrap();
    there.hege(&["restore", path(&file)]).is_done();
    assert_eq!(there.names(), ["data.key", "hege.db"]);
    assert_eq!(fs::metadata(there.file("hege.db")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(there.organisations(), 1);
    there.hege(&["verify"]).is_done();
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.trim().chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit)).collect()
}

#[test]
fn a_backup_during_writes_holds_one_moment_and_everything_from_before_it_began() {
    let (here, there) = (Place::new(), Place::empty());
    let (written, ends, file) = (AtomicUsize::new(0), AtomicBool::new(false), here.file("copy.db"));
    let (before, after) = std::thread::scope(|scope| {
        let store = here.store();
        let writing = scope.spawn({
            let (written, ends) = (&written, &ends);
            move || {
                while !ends.load(Ordering::SeqCst) {
                    add(&store);
                    written.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        while written.load(Ordering::SeqCst) < 5 && !writing.is_finished() {
            std::thread::yield_now();
        }
        let before = written.load(Ordering::SeqCst);
        let backed_up = here.hege(&["backup", path(&file)]);
        let after = written.load(Ordering::SeqCst);
        // Before anything can panic: whoever writes would write for ever.
        ends.store(true, Ordering::SeqCst);
        backed_up.is_done();
        writing.join().unwrap();
        (before, after)
    });
    assert!(after > before, "nobody wrote meanwhile");
    fs::copy(here.file("data.key"), there.file("data.key")).unwrap();
    there.hege(&["restore", path(&file)]).is_done();
    there.hege(&["verify"]).is_done();
    let held = there.organisations();
    assert!(before <= held && held <= after + 1, "{before} <= {held} <= {after} + 1");
}

#[test]
fn a_backup_overwrites_nothing() {
    let here = Place::new();
    let file = here.file("copy.db");
    fs::write(&file, "mine").unwrap();
    here.hege(&["backup", path(&file)]).is_refused("is there already");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert_eq!(here.names(), ["copy.db", "data.key", "hege.db"]);
    Place::empty().hege(&["backup", path(&file)]).is_refused("there is no database");
}

#[test]
fn a_database_that_is_there_gives_way_only_when_told_and_is_kept_aside() {
    let here = Place::new();
    add(&here.store());
    let file = here.file("copy.db");
    here.hege(&["backup", path(&file)]).is_done();
    add(&here.store());
    here.hege(&["restore", path(&file)]).is_refused("--replace");
    assert_eq!(here.organisations(), 2);
    here.hege(&["restore", "--replace", path(&file)]).is_done();
    assert_eq!(here.organisations(), 1);
    let names = here.names();
    let aside = names.iter().find(|name| name.starts_with("hege.db.before-")).unwrap();
    let aside = Store::open(&format!("sqlite://{}", here.file(aside).display()), 1).unwrap();
    assert_eq!(organisations::list(&aside).unwrap().len(), 2);
}

#[test]
fn a_database_that_somebody_has_open_stays() {
    let here = Place::new();
    let file = here.file("copy.db");
    here.hege(&["backup", path(&file)]).is_done();
    let open = here.store();
    add(&open);
    here.hege(&["restore", "--replace", path(&file)]).is_refused("stop the server");
    add(&open);
    drop(open);
    assert_eq!(here.organisations(), 2);
    here.hege(&["restore", "--replace", path(&file)]).is_done();
    assert_eq!(here.organisations(), 0);
}

#[test]
fn what_is_no_backup_or_a_damaged_one_or_of_another_key_is_refused_and_changes_nothing() {
    let here = Place::new();
    add(&here.store());
    let (file, bad) = (here.file("copy.db"), here.file("bad.db"));
    here.hege(&["backup", path(&file)]).is_done();
    let refused = |because: &str| {
        let before = here.names();
        here.hege(&["restore", "--replace", path(&bad)]).is_refused(because);
        assert_eq!(here.names(), before, "{because}");
        assert_eq!(here.organisations(), 1);
        let _gone = fs::remove_file(&bad);
    };
    refused("cannot read");
    fs::write(&bad, "no database at all, but long enough to look like a file").unwrap();
    refused("no database");
    fs::write(&bad, "").unwrap();
    refused("no backup of Hege");
    let foreign = |sql: &str| {
        Store::open(&format!("sqlite://{}", bad.display()), 1).unwrap().execute(sql).unwrap();
        refused("no backup of Hege");
    };
    foreign("CREATE TABLE sample (id INTEGER)");
    foreign(
        "CREATE TABLE __diesel_schema_migrations (version TEXT PRIMARY KEY, run_on TIMESTAMP); \
         INSERT INTO __diesel_schema_migrations VALUES ('99990101000000', '2099-01-01')",
    );
    // A page in the middle is overwritten.
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes.get_mut(middle..middle + 4096).unwrap().fill(0xA5);
    fs::write(&bad, &bytes).unwrap();
    refused("damaged");
    // Cut off.
    fs::write(&bad, fs::read(&file).unwrap().get(..middle).unwrap()).unwrap();
    refused("");
    let other = Place::new();
    other.hege(&["backup", path(&bad)]).is_done();
    refused("another data key");
}

#[test]
fn on_postgresql_both_name_its_own_means() {
    let url = "postgres://nowhere/hege";
    hege(url, &["backup", "copy.dump"]).is_refused("pg_dump --format custom --file FILE");
    hege(url, &["restore", "copy.dump"]).is_refused("pg_restore");
}
