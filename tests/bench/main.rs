//! How fast the product is beside the same statements sent raw, in one run: `make bench`.
//!
//! Each row is measured in rounds, the product and the raw limit in turn, on copies of the same database; what is printed is
//! the median of the rounds. Ratios mean something on any machine, times on this one only.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    reason = "a bench fails by panicking, prints what it measured, and measures in floats"
)]

mod data;
#[path = "../../crates/store/tests/growing/fill.rs"]
mod fill;
mod import;
mod inprocess;
mod load;
mod raw;
mod scale;
mod server;
mod thread;

use data::{Cluster, Data, Database};
use hege_store::trace::Unit;
use load::Took;
use std::io::Write as _;
use thread::Step;

/// Connections of a pool, as many as the product opens and as many as send raw.
pub(crate) const CONNECTIONS: u32 = 8;
/// Connections of clients.
const CLIENTS: usize = 32;
/// The data key of every database here.
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// How much is measured.
struct Size {
    /// Samples whose life is measured step by step.
    samples: usize,
    rounds: usize,
    /// Samples among which is read.
    among: &'static [u32],
    /// How often each question is asked.
    asked: usize,
    /// Rows of the files that are imported.
    rows: &'static [usize],
}

const WHOLE: Size =
    Size { samples: 4_000, rounds: 5, among: &[100_000, 1_000_000], asked: 200, rows: &[10_000, 100_000] };
/// `cargo test --benches` runs this too, to see that it runs.
const TRIAL: Size = Size { samples: 40, rounds: 1, among: &[2_000], asked: 2, rows: &[200] };

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let size = if arguments.iter().any(|argument| argument == "--bench") { WHOLE } else { TRIAL };
    let numbers: Vec<u32> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let is_name = |argument: &&String| !argument.starts_with('-') && argument.parse::<u32>().is_err();
    let named: Vec<&String> = arguments.iter().filter(is_name).collect();
    let chosen = |all: &[&str], one: &str| {
        let mut among = named.iter().filter(|name| all.contains(&name.as_str())).peekable();
        among.peek().is_none() || among.any(|name| name.as_str() == one)
    };
    let wants = |part: &str| chosen(&["flow", "http", "import", "scale"], part);
    let databases: Vec<(&str, Database)> = Database::ALL
        .into_iter()
        .filter(|(argument, ..)| chosen(&["sqlite", "postgres"], argument))
        .map(|(_, name, database)| (name, database))
        .collect();
    let mut key = tempfile::NamedTempFile::new().unwrap();
    writeln!(key, "{KEY}").unwrap();
    let cluster = Cluster::start();
    if wants("flow") || wants("http") {
        println!("| database | operation | product/s | raw/s | ratio | p50 | p95 | p99 |\n|--|--|--|--|--|--|--|--|");
        for (name, database) in &databases {
            let data = database.empty(&cluster);
            thread::settle(&data.url);
            if wants("flow") {
                flow(name, &data, &size);
            }
            if wants("http") {
                http(name, data, key.path(), &size);
            }
        }
    }
    if wants("import") {
        import::run((&cluster, &databases), key.path(), size.rows);
    }
    if wants("scale") {
        let among = if numbers.is_empty() { size.among } else { &numbers };
        scale::run((&cluster, &databases), key.path(), among, size.asked);
    }
}

/// The whole life of a sample in this process, from as many threads as there are clients and from one.
fn flow(name: &str, data: &Data, size: &Size) {
    let registrations = inprocess::registrations(size.samples / 4);
    let units = inprocess::recorded(&data.copy().url, &registrations);
    for threads in [1, CLIENTS] {
        let of = |took: std::time::Duration| registrations.len() as f64 / took.as_secs_f64();
        let rounds = (0..size.rounds).map(|_| {
            let (ours, theirs) = (data.copy(), data.copy());
            let took = inprocess::run(&ours.url, &registrations, threads);
            let lives = (registrations.len(), threads.min(CONNECTIONS as usize));
            (of(took), of(raw::send_lives(&theirs.url, &units, lives)))
        });
        let rounds: Vec<(f64, f64)> = rounds.collect();
        let [ours, raw, ratio] =
            [|round: &(f64, f64)| round.0, |round: &(f64, f64)| round.1, |round: &(f64, f64)| round.0 / round.1]
                .map(|pick| median(rounds.iter().map(pick).collect()));
        println!("| {name} | whole flow in process, {threads} threads | {ours:.0} | {raw:.0} | {ratio:.2} | | | |");
    }
}

/// Every step over HTTP; those that the figures name are measured, the others only done.
fn http(name: &str, mut data: Data, key: &std::path::Path, size: &Size) {
    let ids = thread::ids(size.samples);
    let mut hosts = Vec::new();
    for step in Step::ALL {
        let requests = thread::requests(step, &ids);
        let recording = data.copy();
        let units = server::recorded(&recording.url, KEY, |base| {
            let token = thread::token(base, step.role());
            drop(hege_store::trace::take());
            load::send(base, &token, &requests, CLIENTS);
        });
        if matches!(step, Step::Register | Step::Enter | Step::Approve) {
            let rounds = (0..size.rounds).map(|_| {
                let (ours, raw) = (data.copy(), data.copy());
                let serving = server::Serving::start(&ours.url, key);
                let idle = serving.memory();
                let token = thread::token(&serving.base, step.role());
                let took = load::send(&serving.base, &token, &requests, CLIENTS);
                hosts.push([serving.ready_after.as_secs_f64() * 1_000.0, idle, serving.memory()]);
                drop(serving);
                (took, size.samples as f64 / raw::send(&raw.url, &units, CONNECTIONS as usize).as_secs_f64())
            });
            print(name, step, &units, &rounds.collect::<Vec<_>>());
        }
        data = recording;
    }
    let [ready, idle, loaded] = [0, 1, 2].map(|of| median(hosts.iter().map(|host: &[f64; 3]| host[of]).collect()));
    println!(
        "| {name} | ready after {ready:.0} ms; memory {idle:.0} MiB idle, {loaded:.0} MiB after the load | | | | | | |"
    );
}

fn print(name: &str, step: Step, units: &[Unit], rounds: &[(Took, f64)]) {
    let of = |pick: &dyn Fn(&(Took, f64)) -> f64| median(rounds.iter().map(pick).collect());
    let (ours, raw) = (of(&|round| round.0.per_second), of(&|round| round.1));
    let ratio = of(&|round| round.0.per_second / round.1);
    let [p50, p95, p99] = [|took: &Took| took.p50, |took: &Took| took.p95, |took: &Took| took.p99]
        .map(|pick| of(&|round| pick(&round.0).as_secs_f64() * 1_000.0));
    let statements: usize = units.iter().map(|unit| unit.statements.len()).sum();
    println!(
        "| {name} | {step:?} ({statements} statements) | {ours:.0} | {raw:.0} | {ratio:.2} | {p50:.1} ms | {p95:.1} ms | {p99:.1} ms |"
    );
}
