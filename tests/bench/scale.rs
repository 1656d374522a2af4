//! Boards, lists and searches among many samples, over HTTP, beside the same statements sent raw.

use crate::data::{Cluster, Data, Database};
use crate::fill::{Wanted, fill};
use crate::load::{self, Requests};
use crate::{KEY, raw, server, thread};
use hege_core::Role;
use hege_store::Store;
use hege_store::types::Id;
use uuid::Uuid;

/// Whoever may ask, and what: the board of a year, its months and cities, lists, and words that are common, rare and in none.
const ASKED: [(Role, &str, &str); 12] = [
    (Role::Reviewer, "board", "/rates?from=2025-01&to=2025-12"),
    (Role::Reviewer, "board by month", "/rates?from=2025-01&to=2025-12&group_by=month&stage=catering"),
    (Role::Reviewer, "board by city", "/rates?from=2025-01&to=2025-12&group_by=city&stage=production"),
    (Role::Reviewer, "trend", "/rates/trend?from=2025-01&to=2025-12&stage=farm"),
    (Role::Reviewer, "list, newest", "/samples?limit=50"),
    (Role::Reviewer, "list, a county's catering", "/samples?limit=50&region=330106&stage=catering"),
    (Role::Tester, "list, a laboratory's received", "/samples?limit=50&status=received"),
    (Role::Reviewer, "search 市场 (every second)", "/samples?limit=50&q=%E5%B8%82%E5%9C%BA"),
    (Role::Reviewer, "search 龙井 (one in fifty)", "/samples?limit=50&q=%E9%BE%99%E4%BA%95"),
    (Role::Reviewer, "search 雪菜 (one in 5,000)", "/samples?limit=50&q=%E9%9B%AA%E8%8F%9C"),
    (Role::Reviewer, "search 鲸 (none)", "/samples?limit=50&q=%E9%B2%B8"),
    (Role::Reviewer, "search by form number", "/samples?limit=50&q=XBJ253301020000000"),
];

/// Measures every question on both databases at each size.
pub(crate) fn run(
    (cluster, databases): (&Cluster, &[(&str, Database)]),
    key: &std::path::Path,
    sizes: &[u32],
    asked: usize,
) {
    println!("| database | samples | question | p50 | p95 | p99 | raw, mean | p50 / raw |\n|--|--|--|--|--|--|--|--|");
    for samples in sizes {
        for (name, database) in databases {
            let data = database.empty(cluster);
            filled(&data.url, *samples);
            questions(&format!("{name} | {samples}"), &data, key, asked);
        }
    }
}

fn filled(url: &str, samples: u32) {
    thread::settle(url);
    let store = Store::open(url, 2).unwrap();
    let takers = [Id(thread::house(hege_app::reference::OrganisationKind::Inspecting)); 11];
    let labs = [Id(thread::house(hege_app::reference::OrganisationKind::Laboratory)), Id(Uuid::from_u128(801))];
    if matches!(store, Store::Sqlite(_)) {
        // Keys that are thrown are written all over the file: the writer of a bulk load keeps a gigabyte of it.
        store.execute("PRAGMA cache_size=-1000000").unwrap();
    }
    fill(&store, &Wanted { samples, takers, labs: &labs });
    store.execute("ANALYZE").unwrap();
}

fn questions(place: &str, data: &Data, key: &std::path::Path, asked: usize) {
    for (role, name, path) in ASKED {
        let ask = |count| Requests { method: "GET", each: vec![(format!("/api/v1{path}"), String::new()); count] };
        let units = server::recorded(&data.url, KEY, |base| {
            let token = thread::token(base, role);
            // What is read once for all is not part of a question.
            load::send(base, &token, &ask(1), 1);
            drop(hege_store::trace::take());
            load::send(base, &token, &ask(asked), 1);
        });
        let serving = server::Serving::start(&data.url, key);
        let token = thread::token(&serving.base, role);
        load::send(&serving.base, &token, &ask(5), 1);
        let took = load::send(&serving.base, &token, &ask(asked), 1);
        drop(serving);
        let raw = raw::send(&data.url, &units, 1).as_secs_f64() * 1_000.0 / asked as f64;
        let [p50, p95, p99] = [took.p50, took.p95, took.p99].map(|time| time.as_secs_f64() * 1_000.0);
        println!("| {place} | {name} | {p50:.2} ms | {p95:.2} ms | {p99:.2} ms | {raw:.2} ms | {:.2} |", p50 / raw);
    }
}
