//! A city that is larger than a page: whatever was bent in it is named, and once.

use crate::cases::lab;
use crate::fill::{Wanted, fill};
use crate::samples::{id, on_both};
use diesel::prelude::*;
use diesel::sql_types::Text;
use hege_store::verify::{Finding, verify_city};
use hege_store::{Conn, Error, Store, on};
use std::collections::BTreeSet;

/// More than two pages of samples in the largest city, and fewer than one in the others.
const SAMPLES: u32 = 3_000;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    key: String,
}

/// The ids of a city's samples, or of its audit rows, in their order.
fn ids(store: &Store, table: &str, city: i32) -> Vec<String> {
    let id = if matches!(store, Store::Pg(_)) { "id::text" } else { "lower(hex(id))" };
    let sql = format!("SELECT {id} AS key FROM {table} WHERE city = {city} ORDER BY id");
    let lines: Vec<Line> =
        store.read(|conn: &mut Conn| Ok::<_, Error>(on!(conn, c => diesel::sql_query(&sql).load(c))?)).unwrap();
    lines.iter().map(|line| line.key.parse::<uuid::Uuid>().unwrap().to_string()).collect()
}

fn is_it(store: &Store, column: &str, id: &str) -> String {
    if matches!(store, Store::Pg(_)) {
        format!("{column} = '{id}'")
    } else {
        format!("{column} = x'{}'", id.replace('-', ""))
    }
}

#[test]
fn what_was_bent_on_any_page_is_named_once() {
    on_both(|store| {
        let takers = std::array::from_fn(|n| id(0x100 + n as u128));
        fill(store, &Wanted { samples: SAMPLES, takers, labs: &[lab()] });
        let (samples, audits) = (ids(store, "sample", 3301), ids(store, "audit", 3301));
        assert!(samples.len() > 500 && audits.len() == samples.len(), "{}", samples.len());
        let found = || store.snapshot(|conn| verify_city(conn, 3301)).unwrap();
        assert_eq!(found(), []);
        // The first and the last of all, and those on both sides of where pages of samples and of audit rows end.
        let bent: Vec<usize> = vec![0, 1, 249, 250, 251, 499, 500, samples.len() - 1];
        let mut expected = BTreeSet::new();
        for n in &bent {
            let sample = &samples[*n];
            store
                .execute(&format!("UPDATE item SET method = 'x' WHERE {}", is_it(store, "sample_id", sample)))
                .unwrap();
            expected.insert(format!("{:?}", altered("item", format!("3301-{sample}/lead"))));
        }
        for n in [0, 49, 50, 51, 99, 100, audits.len() - 1] {
            store.execute(&format!("UPDATE audit SET action = 'x' WHERE {}", is_it(store, "id", &audits[n]))).unwrap();
            expected.insert(format!("{:?}", Finding::Audit(audits[n].clone())));
        }
        let gone = &samples[300];
        store
            .execute(&format!("DELETE FROM custody_event WHERE seq = 1 AND {}", is_it(store, "sample_id", gone)))
            .unwrap();
        let table = "custody_event".to_owned();
        expected.insert(format!("{:?}", Finding::Missing { table, key: format!("3301-{gone}/1") }));
        let findings = found();
        assert_eq!(findings.len(), expected.len(), "each once");
        assert_eq!(findings.iter().map(|finding| format!("{finding:?}")).collect::<BTreeSet<_>>(), expected);
        for city in 3302..=3311 {
            assert_eq!(store.snapshot(|conn| verify_city(conn, city)).unwrap(), [], "{city}");
        }
    });
}

fn altered(table: &str, key: String) -> Finding {
    Finding::Altered { table: table.to_owned(), key }
}

#[test]
fn a_city_that_was_bent_or_emptied_as_a_whole_is_named_row_by_row() {
    on_both(|store| {
        let takers = std::array::from_fn(|n| id(0x100 + n as u128));
        fill(store, &Wanted { samples: SAMPLES, takers, labs: &[lab()] });
        let samples = ids(store, "sample", 3301).len();
        let found = || store.snapshot(|conn| verify_city(conn, 3301)).unwrap();
        store.execute("UPDATE sample SET product_name = 'x' WHERE city = 3301").unwrap();
        assert_eq!(found().len(), samples);
        store.execute("DELETE FROM conclusion WHERE city = 3301").unwrap();
        let missing = found().iter().filter(|finding| matches!(finding, Finding::Missing { .. })).count();
        assert!(missing > samples / 2 && missing < samples, "{missing}");
        store.execute("DELETE FROM audit WHERE city = 3301").unwrap();
        let findings = found();
        let unrecorded = findings.iter().filter(|finding| matches!(finding, Finding::Unrecorded { .. })).count();
        let audits = findings.iter().filter(|finding| matches!(finding, Finding::Audit(_))).count();
        assert!(unrecorded > samples * 2 && audits == samples && unrecorded + audits == findings.len());
    });
}
