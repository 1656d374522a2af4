//! No list, board, search or worker reads a growing table whole: on SQLite by what `EXPLAIN QUERY PLAN` says of the very statements
//! that were sent, on PostgreSQL by what it counts of the very reads that it did.

use crate::cases::{Case, Read, alert_lists, alerts, boards, exports, lab, lists, others, searches, waiting};
use crate::fill::{NOW, Wanted, fill};
use crate::samples::id;
use diesel::connection::SimpleConnection as _;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use hege_core::Stage;
use hege_store::alerts::{AlertFilter, AlertRow, alert_insert, alert_list};
use hege_store::audit::{AuditRow, Audited, audit_append};
use hege_store::plans::{Plan, plan_insert};
use hege_store::types::{Doc, Ts, Word};
use hege_store::{Conn, Error, Store, on};
use hege_testkit::databases;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::cell::RefCell;

/// Tables that grow with samples.
const GROWING: [&str; 12] = [
    "sample",
    "item",
    "conclusion",
    "amendment",
    "custody_event",
    "name_gram",
    "alert",
    "alert_event",
    "audit",
    "audit_seal",
    "outbox",
    "idempotency",
];

thread_local! {
    /// What this thread sent, while it listens.
    static SENT: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

struct Listening;

impl Instrumentation for Listening {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            SENT.with_borrow_mut(|sent| sent.iter_mut().for_each(|sent| sent.push(query.to_string())));
        }
    }
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// What SQLite says of the statements of a read that goes through a growing table.
fn scans_on_sqlite(conn: &mut Conn, read: &Read) -> Result<Vec<String>, Error> {
    SENT.set(Some(Vec::new()));
    let outcome = read(conn);
    let sent = SENT.take().unwrap();
    outcome?;
    let mut found = Vec::new();
    for statement in sent {
        let sql = statement.split(" -- binds").next().unwrap();
        if !["SELECT", "UPDATE", "DELETE"].iter().any(|verb| sql.starts_with(verb)) {
            continue;
        }
        let explained = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"));
        let steps: Vec<Step> = on!(conn, c => explained.load(c))?;
        // What waits has indexes of its own: any other would be followed through everything that waits no more.
        if sql.contains("status IN ('") && !steps.iter().any(|step| step.detail.contains("COVERING INDEX sample_un")) {
            found.push(format!("no index of what waits in {sql}"));
        }
        let is_ordered = !steps.iter().any(|step| step.detail == "USE TEMP B-TREE FOR ORDER BY");
        for step in steps {
            let detail = step.detail.as_str();
            let scanned = GROWING.iter().any(|table| {
                detail == format!("SCAN {table}")
                    || (detail.starts_with(&format!("SCAN {table} ")) && !(is_ordered && sql.contains("LIMIT")))
            });
            // Nothing is unsealed but the newest: that index is as short as its tail.
            if scanned && !detail.contains("audit_unsealed") {
                found.push(format!("{detail} in {}", sql.split(" FROM ").last().unwrap_or(sql)));
            }
            if detail == "USE TEMP B-TREE FOR ORDER BY" && sql.contains("LIMIT") {
                found.push(format!("{detail} in {}", sql.split(" FROM ").last().unwrap_or(sql)));
            }
        }
    }
    Ok(found)
}

#[derive(QueryableByName)]
struct Scanned {
    #[diesel(sql_type = Text)]
    relname: String,
    #[diesel(sql_type = BigInt)]
    scans: i64,
}

/// The growing tables of which PostgreSQL read rows without an index. An empty one it rightly reads so.
fn scans_on_postgres(conn: &mut Conn, read: &Read) -> Result<Vec<String>, Error> {
    let sql = "SELECT relname::text, seq_tup_read AS scans FROM pg_stat_xact_user_tables WHERE schemaname = current_schema() ORDER BY relname";
    let counted = |conn: &mut Conn| Ok::<Vec<Scanned>, Error>(on!(conn, c => diesel::sql_query(sql).load(c))?);
    let before = counted(conn)?;
    read(conn)?;
    let after = counted(conn)?;
    let is_read = |(one, other): (&Scanned, Scanned)| (one.scans < other.scans).then_some(other.relname);
    let read = before.iter().zip(after).filter_map(is_read);
    Ok(read.filter(|table| GROWING.contains(&table.as_str())).collect())
}

fn faults(store: &Store) -> Vec<String> {
    let mut faults = Vec::new();
    for Case { name, whole, read } in lists()
        .into_iter()
        .chain(searches())
        .chain(boards())
        .chain(alert_lists())
        .chain(alerts())
        .chain(others())
        .chain(exports())
        .chain(waiting())
    {
        let found = store.write(|conn| match conn {
            Conn::Pg(_) => scans_on_postgres(conn, &read),
            Conn::Sqlite(_) => scans_on_sqlite(conn, &read),
        });
        if whole.is_none() {
            faults.extend(found.unwrap().into_iter().map(|found| format!("{name}: {found}")));
        }
    }
    faults
}

#[track_caller]
fn none(faults: &[String], of: &str) {
    assert!(faults.is_empty(), "{of}, {} times: {}", faults.len(), faults.join("\n"));
}

#[test]
fn no_growing_table_is_read_whole_by_lists_boards_searches_or_the_worker() {
    set_default_instrumentation(|| Some(Box::new(Listening))).unwrap();
    for db in databases() {
        let store = Store::open(db.url(), 2).unwrap();
        store.migrate().unwrap();
        if matches!(store, Store::Pg(_)) {
            // The server tends its tables whenever it likes, which decides between plans that cost nearly the same: here it is
            // done once, below, and by nobody else meanwhile.
            for table in GROWING {
                store.execute(&format!("ALTER TABLE {table} SET (autovacuum_enabled = off)")).unwrap();
            }
        }
        let takers = std::array::from_fn(|n| id(0x100 + n as u128));
        fill(&store, &Wanted { samples: 20_000, takers, labs: &[lab(), id(801)] });
        fill_alerts(&store);
        // SQLite is never told to count: it must find its way without statistics, and with them.
        if matches!(store, Store::Sqlite { .. }) {
            none(&faults(&store), "SQLite without statistics");
        }
        if matches!(store, Store::Pg(_)) {
            let mut own = diesel::PgConnection::establish(db.url()).unwrap();
            GROWING.iter().for_each(|table| own.batch_execute(&format!("VACUUM {table}")).unwrap());
        }
        // PostgreSQL counts a sample of the rows that it draws; of so many it draws all, and chooses the same each time.
        let drawn = if matches!(store, Store::Pg(_)) { "SET LOCAL default_statistics_target = 1000; " } else { "" };
        store.execute(&format!("{drawn}ANALYZE")).unwrap();
        none(&faults(&store), db.name());
        let counted = store.write(|conn| match conn {
            Conn::Pg(_) => scans_on_postgres(conn, &whole_table()),
            Conn::Sqlite(_) => scans_on_sqlite(conn, &whole_table()),
        });
        assert_eq!(counted.unwrap().len(), 1, "{}: what reads everything is noticed", db.name());
        pages_hold_each_alert_once(&store);
        // What was filled is whole.
        for city in store.read(hege_store::verify::cities).unwrap() {
            assert_eq!(store.read(|conn| hege_store::verify::verify_city(conn, city)).unwrap(), []);
        }
    }
}

/// The plan that alerts are of.
pub(crate) fn plan() -> Plan {
    Plan { id: id(7), year: 2025, title: "演示".to_owned(), demo: true, current: true, revision: 1 }
}

/// The `n`th alert back from now; the newest are open.
pub(crate) fn alert(n: u32) -> AlertRow {
    let at = Ts(NOW - SignedDuration::from_mins(i64::from(n)));
    AlertRow {
        city: 3300,
        id: id(u128::from(n)),
        kind: "event".to_owned(),
        rule: "banned_substance".to_owned(),
        plan_id: plan().id,
        target_version: None,
        stage: Some(Word(if n.is_multiple_of(2) { Stage::Farm } else { Stage::Catering })),
        region: 330_102,
        subject: n.to_string(),
        status: if n < 50 { "open" } else { "closed" }.to_owned(),
        grade: "notice".to_owned(),
        opened_at: at,
        raised_at: at,
        evidence: Doc(json!({})),
        acknowledged_by: None,
        acknowledged_at: None,
        note: None,
        ended_at: None,
        ended_why: None,
        revision: 1,
        assigned_to: None,
        closed_by: None,
        closing_note: None,
        unanswered_at: None,
    }
}

/// More alerts than PostgreSQL would rather read whole, on the record.
fn fill_alerts(store: &Store) {
    let rows: Vec<AlertRow> = (1..=3_000).map(alert).collect();
    let touched: Vec<Value> = rows.iter().map(|row| row.touched().unwrap()).collect();
    let audit = AuditRow {
        city: 3300,
        id: id(1),
        at: Ts(NOW),
        person_id: None,
        action: "filled".to_owned(),
        rows: Doc(Value::Array(touched)),
        detail: Doc(json!({})),
        seal: None,
    };
    let put = |conn: &mut Conn| {
        plan_insert(conn, &plan())?;
        rows.iter().try_for_each(|row| alert_insert(conn, row))?;
        audit_append(conn, &audit)
    };
    store.write(put).unwrap();
}

/// Each filter's alerts by pages of 51, the newest first.
fn pages_hold_each_alert_once(store: &Store) {
    let all = AlertFilter { plan: id(7), status: None, regions: (330_000, 339_999), stages: Vec::new(), after: None };
    let open = AlertFilter { status: Some("open".to_owned()), ..all.clone() };
    let farm = AlertFilter { stages: vec![Stage::Farm], regions: (330_102, 330_102), ..all.clone() };
    let elsewhere = AlertFilter { regions: (330_103, 330_103), ..all.clone() };
    let other = AlertFilter { plan: id(8), ..all.clone() };
    for (mut filter, n) in [(all, 3_000), (open, 49), (farm, 1_500), (elsewhere, 0), (other, 0)] {
        let mut found = Vec::new();
        loop {
            let page = store.read(|conn| alert_list(conn, &filter, 51)).unwrap();
            let Some(last) = page.last() else { break };
            filter.after = Some((last.raised_at, last.id));
            found.extend(page.into_iter().map(|alert| alert.raised_at));
        }
        assert!(found.len() == n && found.is_sorted_by(|one, next| one > next), "{filter:?}: {}", found.len());
    }
}

/// Reads every sample.
fn whole_table() -> Read {
    Box::new(|conn| {
        let sql = "SELECT food_class AS detail FROM sample WHERE sample_kind = 'additive'";
        on!(conn, c => diesel::sql_query(sql).load::<Step>(c))?;
        Ok(())
    })
}
