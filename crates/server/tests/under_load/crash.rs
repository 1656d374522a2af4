//! Servers and databases that are killed.

use crate::load::{Load, kills};
use crate::site::Site;
use hege_testkit::databases;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;

#[test]
fn a_server_that_is_killed_under_load_loses_and_doubles_nothing() {
    for db in databases() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::on(db.url(), folder.path());
        let mut served = Some(site.serve());
        let load = Load::new(std::slice::from_ref(&site));
        load.while_disturbed(|| {
            served.take().unwrap().kill();
            served = Some(site.serve());
        });
        eprint!("{}, server killed {} times: ", db.name(), kills());
        load.holds();
        assert!(load.told.unanswered.load(Ordering::Relaxed) > 0, "no kill hit a request");
        drop(served);
        site.verify();
    }
}

/// A PostgreSQL of its own, which may be broken.
struct Cluster {
    folder: tempfile::TempDir,
}

impl Cluster {
    fn tool(&self, act: &str) -> String {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/postgres.sh");
        let output = Command::new(tool).arg(act).arg(self.folder.path()).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "{act}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.tool("stop");
    }
}

#[test]
fn a_database_that_is_killed_under_load_loses_and_doubles_nothing_and_the_server_goes_on() {
    let cluster = Cluster { folder: tempfile::tempdir().unwrap() };
    // What is acknowledged is in the log, which outlives PostgreSQL; of the machine itself nothing is killed here.
    let url = format!("{}?options=-csynchronous_commit%3Don", cluster.tool("start"));
    let folder = tempfile::tempdir().unwrap();
    let site = Site::on(&url, folder.path());
    let served = site.serve();
    let load = Load::new(std::slice::from_ref(&site));
    load.while_disturbed(|| {
        cluster.tool("restart");
    });
    eprint!("PostgreSQL killed {} times: ", kills());
    load.holds();
    let spoilt = load.told.refused.load(Ordering::Relaxed);
    assert!(spoilt > 0, "no kill hit a request");
    assert_eq!(load.told.unanswered.load(Ordering::Relaxed), 0, "the server answers whatever becomes of its database");
    drop(served);
    site.verify();
}
