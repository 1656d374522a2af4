//! How long lists, searches, boards and alerts take to read among many samples, in process:
//! `HEGE_FILL=1000000 HEGE_FILL_URL=postgres://... cargo bench -p hege-store --bench reads`. Without them it is 100,000 samples
//! in a SQLite file of its own. The database must be empty, or filled by this before.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    reason = "a bench fails by panicking and prints what it measured; made-up numbers are small"
)]

#[path = "../tests/growing/cases.rs"]
#[expect(dead_code, reason = "the test of query plans asks for more than is measured")]
mod cases;
#[path = "../tests/growing/fill.rs"]
mod fill;
#[path = "../tests/growing/samples.rs"]
#[expect(dead_code, reason = "tests of search have samples of their own")]
mod samples;

use crate::cases::{everyone, found_by, lab, lists, taker};
use crate::fill::{Wanted, fill};
use crate::samples::id;
use hege_core::Stage;
use hege_store::cells::cells_between;
use hege_store::listing::Theirs;
use hege_store::samples::{concluded, failed_items, last_registered};
use hege_store::{Conn, Error, Store};
use std::time::{Duration, Instant};

type Read<'a> = &'a dyn Fn(&mut Conn) -> Result<(), Error>;

fn measured(store: &Store, name: &str, rounds: usize, read: Read<'_>) {
    let mut took: Vec<Duration> = (0..rounds)
        .map(|_| {
            let began = Instant::now();
            store.read(read).unwrap();
            began.elapsed()
        })
        .collect();
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1_000.0;
    println!("{name:60} p50 {:9.2}  p95 {:9.2}  p99 {:9.2} ms", at(50), at(95), at(99));
}

fn main() {
    let samples: u32 = std::env::var("HEGE_FILL").map_or(100_000, |samples| samples.parse().unwrap());
    let own = hege_testkit::TestDb::sqlite();
    let url = std::env::var("HEGE_FILL_URL").unwrap_or_else(|_| own.url().to_owned());
    let store = Store::open(&url, 4).unwrap();
    store.migrate().unwrap();
    let began = Instant::now();
    if store.read(|conn| last_registered(conn, Stage::Farm)).unwrap().is_none() {
        let takers = std::array::from_fn(|n| id(0x100 + n as u128));
        fill(&store, &Wanted { samples, takers, labs: &[lab(), id(801)] });
        if matches!(store, Store::Pg(_)) {
            store.execute("ANALYZE").unwrap();
        }
        println!("filled {samples} in {:.1} s", began.elapsed().as_secs_f64());
    }
    measured(&store, "board: cells of a year", 200, &|conn| cells_between(conn, 202_501, 202_512).map(drop));
    for case in lists() {
        measured(&store, &case.name, 20, &*case.read);
    }
    for text in [
        "市场",
        "演示",
        "龙井",
        "雪菜",
        "鲸",
        "百禾",
        "菜",
        "西湖 龙井",
        "演示 市场 雪菜",
        "XBJ25330102",
        "2000000000017",
    ] {
        for (who, theirs) in [
            ("province", Theirs::In(330_000, 339_999)),
            ("taker", Theirs::TakenBy(taker())),
            ("lab", Theirs::SentTo(lab())),
        ] {
            let filter = everyone(theirs);
            measured(&store, &format!("search of a {who} for {text}"), 20, &|conn| found_by(conn, &filter, text));
        }
    }
    measured(&store, "alerts: conclusions of a stage", 3, &|conn| {
        concluded(conn, Stage::Farm, (202_501, 202_512)).map(drop)
    });
    measured(&store, "alerts: failures of the year", 3, &|conn| failed_items(conn, (202_501, 202_512)).map(drop));
}
