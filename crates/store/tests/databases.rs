//! What holds of the databases themselves: the schema, whose it is, and what becomes of a transaction when they fail.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use hege_store::{Conn, Error, Store, on};
use hege_testkit::{TestDb, databases};
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(conn: &mut Conn, sql: &str) -> Result<Vec<String>, Error> {
    let lines: Vec<Line> = on!(conn, c => diesel::sql_query(sql).load(c))?;
    Ok(lines.into_iter().map(|line| line.line).collect())
}

fn sql(conn: &mut Conn, text: &str) -> Result<(), Error> {
    Ok(on!(conn, c => c.batch_execute(text))?)
}

fn open(db: &TestDb, connections: u32) -> Store {
    Store::open(db.url(), connections).unwrap()
}

/// An empty PostgreSQL with one table.
fn postgres(connections: u32) -> (Store, TestDb) {
    let db = TestDb::postgres();
    let store = open(&db, connections);
    store.execute("CREATE TABLE t (n integer PRIMARY KEY, seen integer NOT NULL DEFAULT 0)").unwrap();
    (store, db)
}

fn seen(store: &Store, n: i32) -> usize {
    let asked = format!("SELECT n::text AS line FROM t WHERE n = {n}");
    store.read(|conn| lines(conn, &asked)).unwrap().len()
}

/// Every column as `table.column type required`.
const COLUMNS: [&str; 2] = [
    "SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || (c.\"notnull\" OR c.pk > 0) AS line FROM sqlite_schema m, \
     pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE '%diesel%'",
    "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || (is_nullable = 'NO')::integer AS line \
     FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE '%diesel%'",
];

/// Everything else that the migrations make: tables with their checks, indexes, keys.
const DEFINITIONS: [&str; 2] = [
    "SELECT sql AS line FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE '%diesel%'",
    "SELECT i.indexdef AS line FROM pg_indexes i WHERE i.schemaname = current_schema() AND i.tablename NOT LIKE '%diesel%' \
     UNION ALL SELECT c.conrelid::regclass || ' ' || pg_get_constraintdef(c.oid) FROM pg_constraint c \
     WHERE c.connamespace = current_schema()::regnamespace AND c.conrelid::regclass::text NOT LIKE '%diesel%'",
];

fn catalogue(store: &Store, asked: [&str; 2]) -> BTreeSet<String> {
    let sql = asked.get(usize::from(matches!(store, Store::Pg(_)))).unwrap();
    store.read(|conn| lines(conn, sql)).unwrap().into_iter().collect()
}

/// The types of a column on SQLite and on PostgreSQL.
fn types(diesel: &str) -> [&'static str; 2] {
    match diesel {
        "Text" => ["TEXT", "text"],
        "Integer" => ["INTEGER", "integer"],
        "BigInt" => ["INTEGER", "bigint"],
        "Bool" => ["INTEGER", "boolean"],
        "Binary" => ["BLOB", "bytea"],
        "Id" => ["BLOB", "uuid"],
        "Ts" => ["INTEGER", "timestamp with time zone"],
        "Day" => ["TEXT", "date"],
        "Doc" => ["TEXT", "jsonb"],
        other => panic!("no catalogue knows {other}"),
    }
}

/// The columns of `schema.rs` as the catalogue of one of the databases would tell them.
fn written(postgres: bool) -> BTreeSet<String> {
    let mut table = "";
    let mut columns = BTreeSet::new();
    let schema = concat!(
        include_str!("../src/schema.rs"),
        include_str!("../src/schema/rules.rs"),
        include_str!("../src/schema/after_verdict.rs"),
        include_str!("../src/schema/planning.rs"),
        include_str!("../src/schema/evidence.rs")
    );
    for line in schema.lines().map(str::trim) {
        if let Some((name, _)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            table = name;
        } else if let Some((column, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            let [lite, pg] = types(inner.unwrap_or(kind));
            let kind = if postgres { pg } else { lite };
            columns.insert(format!("{table}.{column} {kind} {}", i32::from(inner.is_none())));
        }
    }
    columns
}

#[test]
fn the_schema_that_queries_are_written_against_is_that_of_both_catalogues() {
    for db in databases() {
        let store = open(&db, 1);
        store.migrate().unwrap();
        let found = catalogue(&store, COLUMNS);
        assert!(found.len() > 150, "{}", found.len());
        let written = written(matches!(store, Store::Pg(_)));
        assert_eq!(found.symmetric_difference(&written).collect::<Vec<_>>(), Vec::<&String>::new(), "{}", db.name());
    }
}

#[test]
fn migrations_that_were_taken_back_and_made_again_leave_the_same() {
    for db in databases() {
        let store = open(&db, 1);
        store.migrate().unwrap();
        let (columns, definitions) = (catalogue(&store, COLUMNS), catalogue(&store, DEFINITIONS));
        assert!(definitions.len() > 25, "{}", definitions.len());
        store.revert().unwrap();
        assert_eq!((catalogue(&store, COLUMNS), catalogue(&store, DEFINITIONS)), Default::default(), "{}", db.name());
        store.migrate().unwrap();
        assert_eq!((catalogue(&store, COLUMNS), catalogue(&store, DEFINITIONS)), (columns, definitions));
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    for db in databases() {
        let store = open(&db, 1);
        store.execute("CREATE TABLE theirs (n integer)").unwrap();
        assert!(matches!(store.is_behind(), Err(Error::Foreign)), "{}", db.name());
        assert!(matches!(store.migrate(), Err(Error::Foreign)), "{}", db.name());
        let names: BTreeSet<String> = catalogue(&store, COLUMNS);
        assert_eq!(names.len(), 1, "{names:?}");
    }
}

#[test]
fn of_two_that_lock_each_other_out_both_succeed() {
    let (store, _db) = postgres(4);
    store.execute("INSERT INTO t (n) VALUES (1), (2)").unwrap();
    let (both_have_one, runs) = (Barrier::new(2), AtomicU32::new(0));
    let change = |first: i32, then: i32| {
        let is_first_run = AtomicU32::new(0);
        store.write(|conn| {
            runs.fetch_add(1, Ordering::Relaxed);
            sql(conn, &format!("UPDATE t SET seen = seen + 1 WHERE n = {first}"))?;
            if is_first_run.fetch_add(1, Ordering::Relaxed) == 0 {
                both_have_one.wait();
            }
            sql(conn, &format!("UPDATE t SET seen = seen + 1 WHERE n = {then}"))
        })
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| change(2, 1));
        change(1, 2).unwrap();
        other.join().unwrap().unwrap();
    });
    let counted = store.read(|conn| lines(conn, "SELECT seen::text AS line FROM t ORDER BY n")).unwrap();
    assert_eq!(counted, ["2", "2"]);
    // On a busy machine PostgreSQL may turn back both.
    let runs = runs.load(Ordering::Relaxed);
    assert!(runs >= 3, "one of them was turned back: {runs}");
}

#[test]
fn how_often_a_transaction_is_run_depends_on_what_postgresql_says_of_it() {
    let (store, _db) = postgres(1);
    // Serialisation, a deadlock in a language that is read here and in another, an error inside, a check.
    let cases = [
        ("40001", "x", 5),
        ("40P01", "deadlock detected", 5),
        ("40P01", "检测到死锁", 5),
        ("40P01", "Verklemmung entdeckt", 2),
        ("XX000", "x", 2),
        ("23514", "x", 1),
    ];
    for (state, message, expected) in cases {
        let runs = AtomicU32::new(0);
        let failed = store.write(|conn| {
            runs.fetch_add(1, Ordering::Relaxed);
            sql(conn, &format!("DO $$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = '{state}'; END $$"))
        });
        assert!(failed.is_err());
        assert_eq!(runs.load(Ordering::Relaxed), expected, "{state} {message}");
    }
}

#[test]
fn a_full_disk_of_postgresql_is_told_as_full_in_either_language_and_not_tried_again() {
    let (store, _db) = postgres(1);
    let cases = [
        ("could not extend file \"base/5/16384\": No space left on device", "", true),
        ("无法扩展文件 \"base/5/16384\": 设备上没有空间", "", true),
        ("could not extend file \"base/5/16384\": wrote only 4096 of 8192 bytes", "Check free disk space.", true),
        ("could not extend file \"base/5/16384\": Input/output error", "Check free memory.", false),
    ];
    for (message, hint, is_full) in cases {
        let runs = AtomicU32::new(0);
        let failed = store.write(|conn| {
            runs.fetch_add(1, Ordering::Relaxed);
            let using = format!("ERRCODE = '53100', MESSAGE = '{message}', HINT = '{hint}'");
            sql(conn, &format!("DO $$ BEGIN RAISE EXCEPTION USING {using}; END $$"))
        });
        assert_eq!(matches!(failed, Err(Error::Full(_))), is_full, "{message}: {failed:?}");
        assert_eq!(runs.load(Ordering::Relaxed) == 1, is_full, "{message}");
    }
    store.execute("INSERT INTO t (n) VALUES (1)").unwrap();
}

#[test]
fn a_connection_that_broke_is_told_as_busy_and_not_handed_out_again() {
    let (store, db) = postgres(4);
    let one = store.write(|conn| sql(conn, "SELECT pg_terminate_backend(pg_backend_pid())"));
    assert!(matches!(one, Err(Error::Busy(_))), "{one:?}");
    store.execute("INSERT INTO t (n) VALUES (1)").unwrap();
    // Every connection of the pool at once, as when the server is started again.
    let path = db.url().split_once("search_path%3D").unwrap().1;
    let theirs = format!(
        "SELECT pg_terminate_backend(a.pid)::text AS line FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
         WHERE l.locktype = 'relation' AND l.relation = '{path}.t'::regclass AND a.pid <> pg_backend_pid()"
    );
    let all_at_once = Barrier::new(5);
    let broken = std::thread::scope(|scope| {
        let hold = || {
            store.read(|conn| {
                sql(conn, "BEGIN; SELECT * FROM t")?;
                all_at_once.wait();
                all_at_once.wait();
                sql(conn, "ROLLBACK")
            })
        };
        let holding: Vec<_> = (0..4).map(|_| scope.spawn(hold)).collect();
        let outside = open(&db, 1);
        all_at_once.wait();
        assert_eq!(outside.read(|conn| lines(conn, &theirs)).unwrap().len(), 4);
        all_at_once.wait();
        holding.into_iter().map(|thread| thread.join().unwrap()).filter(Result::is_err).count()
    });
    assert_eq!(broken, 4);
    for n in 2..20 {
        store.execute(&format!("INSERT INTO t (n) VALUES ({n})")).unwrap();
    }
}

#[test]
fn connections_that_broke_while_they_rested_cost_one_request_at_most() {
    let db = TestDb::postgres();
    let name = db.url().split_once("search_path%3D").unwrap().1.to_owned();
    let store = Store::open(&format!("{}&application_name={name}", db.url()), 4).unwrap();
    let one = "SELECT '1' AS line";
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| store.read(|conn| lines(conn, one)).unwrap());
        }
    });
    let theirs = format!(
        "SELECT pg_terminate_backend(pid)::text AS line FROM pg_stat_activity WHERE application_name = '{name}'"
    );
    let broken = open(&db, 1).read(|conn| lines(conn, &theirs)).unwrap();
    assert_eq!(broken.len(), 4);
    let failed = (0..20).filter(|_| store.read(|conn| lines(conn, one)).is_err()).count();
    assert!(failed <= 1, "{failed}");
}

#[test]
fn a_server_that_takes_no_writes_any_more_is_told_as_busy_and_left() {
    let (store, _db) = postgres(1);
    let pid = || store.read(|conn| lines(conn, "SELECT pg_backend_pid()::text AS line")).unwrap();
    let before = pid();
    store.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").unwrap();
    let refused = store.execute("INSERT INTO t (n) VALUES (1)");
    assert!(matches!(refused, Err(Error::Busy(_))), "{refused:?}");
    assert_ne!(pid(), before);
    store.execute("INSERT INTO t (n) VALUES (1)").unwrap();
    assert_eq!(seen(&store, 1), 1);
}

#[test]
fn a_commit_that_the_server_did_not_live_to_do_is_told_as_uncertain() {
    let (store, _db) = postgres(1);
    store
        .execute(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER last AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW \
             WHEN (NEW.n = 1) EXECUTE FUNCTION die()",
        )
        .unwrap();
    let runs = AtomicU32::new(0);
    let outcome = store.write(|conn| {
        runs.fetch_add(1, Ordering::Relaxed);
        sql(conn, "INSERT INTO t (n) VALUES (1)")
    });
    assert!(matches!(outcome, Err(Error::Uncertain(_))), "{outcome:?}");
    assert_eq!((seen(&store, 1), runs.load(Ordering::Relaxed)), (0, 1));
    store.execute("INSERT INTO t (n) VALUES (2)").unwrap();
}

/// Hands everything on, and hangs up on the client before it hears that the server has committed what holds `mark`.
fn hang_up_at_the_commit(server: &str, mark: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (server, mark) = (server.to_owned(), mark.to_owned());
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (server, mark) = (TcpStream::connect(&server).unwrap(), mark.clone());
            let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || {
                let (mut buffer, mut is_marked) = ([0; 65_536], false);
                let has = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
                while let Ok(n @ 1..) = from_client.read(&mut buffer) {
                    let bytes = buffer.get(..n).unwrap();
                    is_marked |= has(bytes, &mark);
                    if is_marked && has(bytes, "COMMIT") {
                        // The answer of the server finds nobody.
                        from_client.shutdown(Shutdown::Both).unwrap();
                    }
                    to_server.write_all(bytes).unwrap();
                }
            });
            let (mut from_server, mut to_client) = (server, client);
            std::thread::spawn(move || drop(std::io::copy(&mut from_server, &mut to_client)));
        }
    });
    port
}

#[test]
fn a_commit_whose_answer_was_lost_is_told_as_uncertain_and_the_same_again_has_no_second_effect() {
    let (store, db) = postgres(1);
    let (before, rest) = db.url().split_once('@').unwrap();
    let (server, path) = rest.split_once('/').unwrap();
    let port = hang_up_at_the_commit(server, "INTO t (n) VALUES (7)");
    let far = Store::open(&format!("{before}@127.0.0.1:{port}/{path}"), 1).unwrap();
    let put = |n: i32| far.write(|conn| sql(conn, &format!("INSERT INTO t (n) VALUES ({n})")));
    put(1).unwrap();
    let outcome = put(7);
    assert!(matches!(outcome, Err(Error::Uncertain(_))), "{outcome:?}");
    let deadline = Instant::now() + Duration::from_secs(20);
    while seen(&store, 7) == 0 {
        assert!(Instant::now() < deadline, "never committed");
        std::thread::yield_now();
    }
    let again = store.execute("INSERT INTO t (n) VALUES (7)");
    assert!(matches!(again, Err(Error::Duplicate(_))), "{again:?}");
    put(2).unwrap();
}

#[test]
fn who_waits_for_a_connection_is_told_within_seconds_that_there_is_none() {
    for db in databases() {
        let store = open(&db, 1);
        let began = Instant::now();
        let nobody = store.read(|_| {
            let second: Result<(), Error> = store.read(|_| Ok(()));
            Ok::<_, Error>(second)
        });
        assert!(matches!(nobody, Ok(Err(Error::Pool(_)))), "{}: {nobody:?}", db.name());
        assert!((3..15).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }
}
