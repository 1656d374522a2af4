//! The writer, with those who wait in its line counted, so that who shares a commit with whom is no matter of luck.

use super::{JOBS_MAX, OPEN_MAX, PATIENCE, lock};
use crate::{Conn, Error, Store, on};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use hege_testkit::TestDb;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn sql(conn: &mut Conn, text: &str) -> Result<(), Error> {
    Ok(on!(conn, c => c.batch_execute(text))?)
}

fn put(conn: &mut Conn, n: i64) -> Result<(), Error> {
    sql(conn, &format!("INSERT INTO t (n) VALUES ({n})"))
}

/// How often a number is there, for whoever looks through `conn`.
fn count(conn: &mut Conn, n: i64) -> Result<i64, Error> {
    let query = diesel::sql_query(format!("SELECT count(*) AS n FROM t WHERE n = {n}"));
    Ok(on!(conn, c => query.get_result::<Count>(c))?.n)
}

fn seen(store: &Store, n: i64) -> i64 {
    store.read(|conn| count(conn, n)).unwrap()
}

fn store() -> (Store, TestDb) {
    let db = TestDb::sqlite();
    let store = Store::open(db.url(), 2).unwrap();
    store.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, more BLOB) STRICT").unwrap();
    store.execute("CREATE TABLE child (n INTEGER REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED) STRICT").unwrap();
    (store, db)
}

/// Waits until `n` stand in line.
fn until_waiting(store: &Store, n: usize) {
    let Store::Sqlite(lite) = store else { panic!("not SQLite") };
    let deadline = Instant::now() + Duration::from_secs(20);
    while lock(&lite.writer.line).waiting.len() != n {
        assert!(Instant::now() < deadline, "never {n} in line");
        std::thread::yield_now();
    }
}

type Job<'a> = &'a (dyn Fn(&mut Conn) -> Result<(), Error> + Sync);

/// Runs jobs in one group, in their order: each stands in line before the first begins.
fn in_a_group(store: &Store, jobs: &[Job<'_>]) -> Vec<std::thread::Result<Result<(), Error>>> {
    std::thread::scope(|scope| {
        let running = RefCell::new(Vec::new());
        let hold_the_turn = |_: &mut Conn| {
            let began = Instant::now();
            for (before, job) in jobs.iter().enumerate() {
                running.borrow_mut().push(scope.spawn(move || store.write(job)));
                until_waiting(store, before + 1);
            }
            // Nobody joins this one's own group.
            while began.elapsed() < OPEN_MAX {
                std::thread::yield_now();
            }
            Ok::<_, Error>(())
        };
        store.write(hold_the_turn).unwrap();
        running.into_inner().into_iter().map(ScopedJoinHandle::join).collect()
    })
}

/// Fills what it lets the file have, and more.
fn overfill(conn: &mut Conn) -> Result<(), Error> {
    sql(conn, "PRAGMA max_page_count = 1")?;
    sql(conn, "INSERT INTO t (n, more) VALUES (9, zeroblob(1000000))")
}

#[test]
fn jobs_that_wait_while_one_runs_share_a_commit() {
    let (store, _db) = store();
    let outcomes = in_a_group(
        &store,
        &[&|conn| put(conn, 1), &|conn| {
            assert_eq!((count(conn, 1)?, seen(&store, 1)), (1, 0), "in the transaction, and for nobody else");
            put(conn, 2)
        }],
    );
    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap().is_ok()));
    assert_eq!([1, 2].map(|n| seen(&store, n)), [1, 1]);
}

#[test]
fn a_group_takes_no_more_than_its_bound_of_jobs() {
    let (store, _db) = store();
    let unseen = AtomicU32::new(0);
    let job = |n: u32| {
        let (store, unseen) = (&store, &unseen);
        move |conn: &mut Conn| {
            if n > 0 && seen(store, i64::from(n - 1)) == 0 {
                unseen.fetch_add(1, Ordering::Relaxed);
            }
            put(conn, i64::from(n))
        }
    };
    let jobs: Vec<_> = (0..=JOBS_MAX).map(job).collect();
    let jobs: Vec<Job<'_>> = jobs.iter().map(|job| -> Job<'_> { job }).collect();
    assert!(in_a_group(&store, &jobs).into_iter().all(|outcome| outcome.unwrap().is_ok()));
    assert_eq!(unseen.load(Ordering::Relaxed), JOBS_MAX - 1, "the last one saw what the one before it had committed");
}

#[test]
fn a_job_that_fails_by_its_own_takes_back_its_own_and_nothing_else() {
    let (store, _db) = store();
    let runs = AtomicU32::new(0);
    let mut outcomes = in_a_group(
        &store,
        &[
            &|conn| {
                runs.fetch_add(1, Ordering::Relaxed);
                put(conn, 1)
            },
            &|conn| put(conn, 2).and_then(|()| put(conn, 1)),
            &|conn| put(conn, 2).and_then(|()| put(conn, 3)),
        ],
    );
    let failed = outcomes.remove(1).unwrap();
    assert!(matches!(failed, Err(Error::Duplicate(_))), "{failed:?}");
    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap().is_ok()));
    assert_eq!([1, 2, 3].map(|n| seen(&store, n)), [1, 1, 1]);
    assert_eq!(runs.load(Ordering::Relaxed), 1, "nobody ran again");
}

#[test]
fn a_storage_error_undoes_the_group_and_each_runs_again_alone() {
    let (store, _db) = store();
    let runs = AtomicU32::new(0);
    let mut outcomes = in_a_group(
        &store,
        &[
            &|conn| {
                runs.fetch_add(1, Ordering::Relaxed);
                put(conn, 1)
            },
            &|conn| put(conn, 2).and_then(|()| overfill(conn)),
            &|conn| put(conn, 3),
        ],
    );
    let failed = outcomes.remove(1).unwrap();
    assert!(matches!(failed, Err(Error::Full(_))), "{failed:?}");
    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap().is_ok()));
    assert_eq!([1, 2, 3, 9].map(|n| seen(&store, n)), [1, 0, 1, 0]);
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    store.write(|conn| put(conn, 4)).unwrap();
}

#[test]
fn a_storage_error_that_a_job_keeps_to_itself_is_found_all_the_same() {
    let (store, _db) = store();
    let outcomes = in_a_group(
        &store,
        &[&|conn| put(conn, 1), &|conn| {
            put(conn, 2)?;
            // Nobody should: it is what a library might do.
            let _hidden = overfill(conn);
            Ok(())
        }],
    );
    let outcomes: Vec<bool> = outcomes.into_iter().map(|outcome| outcome.unwrap().is_ok()).collect();
    assert_eq!(outcomes, [true, false]);
    assert_eq!([1, 2, 9].map(|n| seen(&store, n)), [1, 0, 0]);
}

#[test]
fn a_commit_that_fails_undoes_the_group_and_each_runs_again_alone() {
    let (store, _db) = store();
    let mut outcomes = in_a_group(
        &store,
        &[
            &|conn| put(conn, 1),
            // It shows at the commit only.
            &|conn| put(conn, 2).and_then(|()| sql(conn, "INSERT INTO child VALUES (77)")),
            &|conn| put(conn, 3),
        ],
    );
    let failed = outcomes.remove(1).unwrap();
    assert!(matches!(failed, Err(Error::Query(_))), "{failed:?}");
    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap().is_ok()));
    assert_eq!([1, 2, 3].map(|n| seen(&store, n)), [1, 0, 1]);
}

#[test]
fn an_answer_that_rests_on_what_was_undone_is_not_given() {
    let (store, _db) = store();
    // The first one puts it in the group only; alone it would not.
    let runs = AtomicU32::new(0);
    let outcomes = in_a_group(
        &store,
        &[
            &|conn| if runs.fetch_add(1, Ordering::Relaxed) == 0 { put(conn, 1) } else { Ok(()) },
            &|conn| put(conn, 1),
            &|conn| overfill(conn),
        ],
    );
    let outcomes: Vec<bool> = outcomes.into_iter().map(|outcome| outcome.unwrap().is_ok()).collect();
    assert_eq!(outcomes, [true, true, false], "in the group the second one was refused as a duplicate");
    assert_eq!(seen(&store, 1), 1);
}

#[test]
fn a_job_that_panics_takes_nobody_down() {
    let (store, _db) = store();
    let mut outcomes = in_a_group(
        &store,
        &[
            &|conn| put(conn, 1),
            &|conn| {
                put(conn, 2)?;
                panic!("on purpose")
            },
            &|conn| put(conn, 3),
        ],
    );
    let panic = outcomes.remove(1).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"on purpose"), "the caller has it");
    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap().is_ok()));
    assert_eq!([1, 2, 3].map(|n| seen(&store, n)), [1, 0, 1]);
    store.write(|conn| put(conn, 4)).unwrap();
}

#[test]
fn who_waits_for_another_process_for_too_long_is_told_so_and_the_next_goes_on() {
    let (store, db) = store();
    let other = &mut diesel::SqliteConnection::establish(db.url()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let failed = std::thread::scope(|scope| {
        [1, 2]
            .map(|n| {
                scope.spawn({
                    let store = &store;
                    move || store.write(|conn| put(conn, n))
                })
            })
            .map(|job| job.join().unwrap())
    });
    assert!(failed.iter().all(|outcome| matches!(outcome, Err(Error::Busy(_) | Error::Crowded))), "{failed:?}");
    assert!((PATIENCE..PATIENCE * 3).contains(&began.elapsed()), "{:?}", began.elapsed());
    other.batch_execute("COMMIT").unwrap();
    store.write(|conn| put(conn, 3)).unwrap();
    assert_eq!([1, 2, 3].map(|n| seen(&store, n)), [0, 0, 1]);
}

#[test]
fn a_full_file_says_so_and_goes_on_when_there_is_room() {
    let (store, _db) = store();
    let full = store.write(|conn| put(conn, 1).and_then(|()| overfill(conn)));
    assert!(matches!(full, Err(Error::Full(_))), "{full:?}");
    // The connection that has the bound is gone.
    store.write(|conn| put(conn, 2)).unwrap();
    assert_eq!([1, 2].map(|n| seen(&store, n)), [0, 1]);
}

#[test]
fn a_file_that_may_only_be_read_says_so() {
    let (store, _db) = store();
    let refused = store.write(|conn| sql(conn, "PRAGMA query_only = ON").and_then(|()| put(conn, 1)));
    assert!(matches!(refused, Err(Error::ReadOnly(_))), "{refused:?}");
    store.write(|conn| put(conn, 1)).unwrap();
}

#[test]
fn a_file_that_was_moved_away_or_replaced_is_neither_read_nor_written_nor_made_anew() {
    let (store, db) = store();
    let file = std::path::Path::new(db.url().strip_prefix("sqlite://").unwrap());
    let aside = file.with_extension("aside");
    let refused = |n| {
        let write = store.write(|conn| put(conn, n));
        let read = store.read(|conn| count(conn, n));
        assert!(matches!((&write, &read), (Err(Error::Gone), Err(Error::Gone))), "{write:?} {read:?}");
    };
    std::fs::rename(file, &aside).unwrap();
    refused(1);
    assert!(!file.exists());
    std::fs::write(file, "").unwrap();
    refused(2);
    std::fs::rename(&aside, file).unwrap();
    store.write(|conn| put(conn, 3)).unwrap();
    assert_eq!([1, 2, 3].map(|n| seen(&store, n)), [0, 0, 1]);
}
