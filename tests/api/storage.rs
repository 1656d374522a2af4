//! Storage that fails under the server: what was asked is refused with a code of its own, nothing is half written, what was
//! stored is still read, and everything works again as soon as the cause is gone.

use crate::client::Answer;
use crate::forms::{CONFORMING, Stand, id, lead, spinach};
use crate::on_both;
use crate::people::Who;
use crate::rows::Rows;
use crate::server::Server;

/// Asks for each kind of write while storage fails, and again when it does not. `fail` makes the next write fail, `mend` has
/// what may be left of it end.
fn fails_and_mends(server: &Server, code: &str, fail: &dyn Fn(), mend: &dyn Fn()) {
    let [inspector, receiver, tester] = [Who::Inspector, Who::Receiver, Who::Tester].map(|who| server.who(who));
    let reviewer = server.who(Who::Reviewer);
    let (sealed, received) = (server.at(Stand::Sealed), server.at(Stand::Received));
    let registration = spinach(server);
    let register = || inspector.register(&registration);
    let receive = || receiver.receive(&sealed);
    let enter = || tester.enter(&received, &lead(CONFORMING));
    let writes: [(&str, &dyn Fn() -> Answer); 3] = [("register", &register), ("receive", &receive), ("enter", &enter)];
    let rows = Rows::of(server);
    for (what, write) in writes {
        fail();
        // What is stored is read meanwhile.
        assert_eq!(id(&inspector.sample(id(&sealed)).ok()), id(&sealed), "{what}");
        assert_eq!(reviewer.rates("").status, 200, "{what}");
        assert_eq!(inspector.samples("").ok()["items"].as_array().unwrap().len(), 2, "{what}");
        let refused = write();
        refused.refused(503, code);
        let told = ["title_zh", "title_en"].map(|title| refused.body[title].as_str().unwrap_or_default().to_owned());
        assert!(told.iter().all(|title| !title.is_empty()), "{told:?}");
        mend();
        rows.are_as_before(what);
    }
    for (what, write) in writes {
        let answer = write();
        assert!((200..300).contains(&answer.status), "{what}: {answer:#?}");
    }
    assert_eq!(inspector.samples("").ok()["items"].as_array().unwrap().len(), 3);
}

#[test]
fn a_full_or_read_only_sqlite_file_refuses_writes_by_name_and_still_reads() {
    for (pragma, code) in [("PRAGMA max_page_count = 1", "storage_full"), ("PRAGMA query_only = ON", "read_only")] {
        let server = Server::start_in(hege_testkit::TestDb::sqlite(), hege_api::edge::Settings::default());
        // The connection that writes keeps the bound until it meets it.
        fails_and_mends(&server, code, &|| server.execute(pragma), &|| {});
    }
}

/// Has each new row of the audit fail with the words of a disk that is full, or broken.
fn failing(server: &Server, words: [&str; 2]) -> String {
    match server.name {
        "sqlite" => {
            let [words, _] = words;
            format!("CREATE TRIGGER failing BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, '{words}'); END")
        }
        _ => {
            let [_, words] = words;
            format!(
                "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING {words}; \
                 END $$; CREATE TRIGGER failing BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION fail()"
            )
        }
    }
}

#[test]
fn a_disk_that_is_full_under_either_database_refuses_writes_by_name_and_still_reads() {
    on_both(|server| {
        let postgres = "ERRCODE = '53100', MESSAGE = 'could not extend file \"base/5/1\": No space left on device'";
        let failing = failing(server, ["database or disk is full", postgres]);
        let mend = if server.name == "sqlite" { "DROP TRIGGER failing" } else { "DROP TRIGGER failing ON audit" };
        let (fail, mend) = (|| server.execute(&failing), || server.execute(mend));
        fails_and_mends(server, "storage_full", &fail, &mend);
    });
}

#[test]
fn a_disk_that_breaks_under_a_sqlite_file_is_no_busy_database() {
    let server = Server::start_in(hege_testkit::TestDb::sqlite(), hege_api::edge::Settings::default());
    let failing = failing(&server, ["disk I/O error", ""]);
    let (fail, mend) = (|| server.execute(&failing), || server.execute("DROP TRIGGER failing"));
    fails_and_mends(&server, "storage_failed", &fail, &mend);
}
