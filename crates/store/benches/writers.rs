//! How much callers at once gain from sharing commits: a sample with twelve items, its step of custody, its audit row and its
//! cell in one transaction, by the writer of the store and by one connection that callers take turns with, each with
//! a commit of its own. `cargo bench -p hege-store --bench writers` prints transactions per second and the slowest of a
//! hundred, medians of five rounds, and the ratio.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking and prints what it measured")]

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _};
use diesel::r2d2::{ConnectionManager, Pool};
use diesel::{Connection as _, SqliteConnection};
use hege_core::{SampleKind, Sector, Stage, TaskType};
use hege_rates::{Cell, Standing};
use hege_store::audit::{AuditRow, Audited as _, audit_append};
use hege_store::cells::{CellRow, cell_apply};
use hege_store::db::Lite;
use hege_store::samples::{CustodyRow, Item, Sample, custody_insert, items_insert, sample_insert};
use hege_store::types::{Day, Doc, Id, Ts, Word};
use hege_store::{Conn, Error, Store};
use hege_testkit::TestDb;
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
const PRAGMAS: &str = "PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
    PRAGMA foreign_keys=ON; PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY;";

struct Rows {
    sample: Sample,
    items: Vec<Item>,
    custody: CustodyRow,
    audit: AuditRow,
}

fn rows(n: u32) -> Rows {
    let (id, at) = (Id(Uuid::from_u128(u128::from(n))), Ts(jiff::Timestamp::UNIX_EPOCH));
    let sample = Sample {
        city: 3301,
        id,
        form_no: format!("NCP25330106{n:06}"),
        status: "registered".to_owned(),
        standing: Word(Standing::Pending),
        stage: Word(Stage::Farm),
        sector: Some(Word(Sector::Agriculture)),
        task_type: Word(TaskType::RoutineMonitoring),
        sample_kind: Word(SampleKind::PrimaryProduce),
        region: 330_106,
        food_class: "33.02".to_owned(),
        product_name: "菠菜".to_owned(),
        sampled_unit: "演示市场".to_owned(),
        producer: None,
        lab_id: None,
        sampling_org_id: id,
        sampled_at: at,
        month: 202_506,
        deciding_date: Some(Day("2025-06-15".parse().unwrap())),
        form: Doc(json!({"unit_price": "3.50", "samplers": ["a", "b"], "address": "演示路 1 号"})),
        personal: None,
        registered_by: id,
        registered_at: at,
        received_at: None,
        decided_at: None,
        conclusion_revision: 0,
        revision: 1,
        task_id: None,
    };
    let item = |n: u32| Item {
        city: 3301,
        sample_id: id,
        analyte: format!("analyte-{n}"),
        purpose: "supervised".to_owned(),
        reported: Some("0.50".to_owned()),
        unit: Some("mg/kg".to_owned()),
        lod: Some("0.01".to_owned()),
        method: None,
        criterion_id: Some("L018".to_owned()),
        verdict: Some("conforming".to_owned()),
        reason: None,
        entry: None,
        stated: None,
        left_out: None,
        judgement: None,
        confirmation: None,
        entered_by: None,
        entered_at: None,
        revision: 1,
    };
    let items: Vec<Item> = (0..12).map(item).collect();
    let (kind, person_id, detail) = ("registered".to_owned(), id, Doc(json!({})));
    let custody = CustodyRow { city: 3301, sample_id: id, seq: 1, kind, at, person_id, detail };
    let touched = json!([sample.touched().unwrap(), custody.touched().unwrap()]);
    let audit = AuditRow {
        city: 3301,
        id,
        at,
        person_id: Some(id),
        action: "registered".to_owned(),
        rows: Doc(touched),
        detail: Doc(json!({})),
        seal: None,
    };
    Rows { sample, items, custody, audit }
}

fn put(conn: &mut Conn, rows: &Rows) -> Result<(), Error> {
    sample_insert(conn, std::slice::from_ref(&rows.sample))?;
    items_insert(conn, &rows.items)?;
    custody_insert(conn, &rows.custody)?;
    audit_append(conn, &rows.audit)?;
    cell_apply(conn, &CellRow::of(&rows.sample, Cell::change(None, Some(Standing::Pending))))
}

/// Transactions per second, and the time that one of a hundred exceeds.
type Figures = (f64, Duration);

fn round(threads: u32, write: &(impl Fn(&Rows) + Sync)) -> Figures {
    static SERIAL: AtomicU32 = AtomicU32::new(0);
    let until = Instant::now() + ROUND;
    let mut taken: Vec<Duration> = std::thread::scope(|scope| {
        let one = || {
            let mut taken = Vec::new();
            while Instant::now() < until {
                let rows = rows(SERIAL.fetch_add(1, Ordering::Relaxed));
                let began = Instant::now();
                write(&rows);
                taken.push(began.elapsed());
            }
            taken
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    taken.sort_unstable();
    let n = u32::try_from(taken.len()).unwrap();
    let slow = taken.get(taken.len() * 99 / 100).copied().unwrap();
    (f64::from(n) / ROUND.as_secs_f64(), slow)
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap());
    values.get(values.len() / 2).copied().unwrap()
}

fn fresh() -> (Store, TestDb) {
    let db = TestDb::sqlite();
    let store = Store::open(db.url(), 2).unwrap();
    store.migrate().unwrap();
    (store, db)
}

/// One connection that is taken from a pool of one, and a commit for each.
fn in_turns(threads: u32) -> Figures {
    let (_store, db) = fresh();
    let path = db.url().strip_prefix("sqlite://").unwrap();
    SqliteConnection::establish(path).unwrap();
    let pool = Pool::builder()
        .max_size(1)
        .test_on_check_out(false)
        .build(ConnectionManager::<SqliteConnection>::new(path))
        .unwrap();
    pool.get().unwrap().batch_execute(PRAGMAS).unwrap();
    round(threads, &|rows| {
        let mut conn = Conn::Sqlite(Lite::Reader(pool.get().unwrap()));
        let lite = |conn: &mut Conn, act: &dyn Fn(&mut SqliteConnection)| match conn {
            Conn::Sqlite(lite) => act(lite),
            Conn::Pg(_) => {}
        };
        lite(&mut conn, &|c| AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE").unwrap());
        put(&mut conn, rows).unwrap();
        lite(&mut conn, &|c| AnsiTransactionManager::commit_transaction(c).unwrap());
    })
}

fn sharing(threads: u32) -> Figures {
    let (store, _db) = fresh();
    round(threads, &|rows| store.write(|conn| put(conn, rows)).unwrap())
}

fn main() {
    for threads in [1, 8, 32] {
        let rounds: Vec<(Figures, Figures)> = (0..ROUNDS).map(|_| (in_turns(threads), sharing(threads))).collect();
        let each = |of: &dyn Fn(&(Figures, Figures)) -> Figures| {
            let (rates, slow) = rounds.iter().map(of).unzip::<f64, Duration, Vec<_>, Vec<_>>();
            (median(rates), median(slow))
        };
        let (turns, shared) = (each(&|round| round.0), each(&|round| round.1));
        let ratio = median(rounds.iter().map(|(turns, shared)| shared.0 / turns.0).collect());
        println!(
            "{threads:>2} threads: in turns {:.0}/s, slowest of 100 {:?}; sharing {:.0}/s, {:?}; ratio {ratio:.2}",
            turns.0, turns.1, shared.0, shared.1
        );
    }
}
