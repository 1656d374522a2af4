//! The store, every test on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use diesel::prelude::*;
use diesel::sql_types::Text;
use hege_core::{SampleId, SampleKind, Sector, Stage, TaskType};
use hege_rates::{Cell, Standing};
use hege_store::audit::{AuditRow, Audited, audit_append, audit_seal};
use hege_store::cells::{CellRow, cell_apply, cells_between};
use hege_store::outbox::{Message, message_done, message_put, message_retry, messages_take};
use hege_store::samples::{
    ConclusionRow, CustodyRow, Item, Sample, SampleProgress, conclusion_insert, custody_insert, custody_of,
    items_insert, items_of, sample_fetch, sample_insert, sample_progress,
};
use hege_store::types::{Day, Doc, Id, Ts, Word};
use hege_store::verify::{Finding, verify_city};
use hege_store::{Error, Store, on};
use hege_testkit::{TestDb, databases};
use serde_json::json;
use uuid::Uuid;

/// Runs a test on an empty, migrated database of each kind.
fn on_both(test: impl Fn(&Store)) {
    for db in databases() {
        let store = open(&db);
        store.migrate().unwrap();
        test(&store);
    }
}

fn open(db: &TestDb) -> Store {
    Store::open(db.url(), 4).unwrap()
}

fn id(n: u128) -> Id {
    Id(Uuid::from_u128(n))
}

fn at(seconds: i64) -> Ts {
    Ts(jiff::Timestamp::from_microsecond(1_750_000_000_123_456 + seconds * 1_000_000).unwrap())
}

fn sample_id(n: u128) -> SampleId {
    SampleId { city: "3301".parse().unwrap(), uuid: Uuid::from_u128(n) }
}

fn sample(n: u128) -> Sample {
    Sample {
        city: 3301,
        id: id(n),
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
        sampling_org_id: id(900),
        sampled_at: at(0),
        month: 202_506,
        deciding_date: Some(Day("2025-06-15".parse().unwrap())),
        form: Doc(json!({"unit_price": "3.50", "samplers": 2})),
        personal: Some(vec![0, 255, 7]),
        registered_by: id(901),
        registered_at: at(1),
        received_at: None,
        decided_at: None,
        conclusion_revision: 0,
        revision: 1,
        task_id: None,
    }
}

fn item(n: u128, analyte: &str) -> Item {
    Item {
        city: 3301,
        sample_id: id(n),
        analyte: analyte.to_owned(),
        purpose: "supervised".to_owned(),
        reported: Some("0.50".to_owned()),
        unit: Some("mg/kg".to_owned()),
        lod: None,
        method: None,
        criterion_id: None,
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
    }
}

fn cell(sample: &Sample, change: Cell) -> CellRow {
    CellRow::of(sample, change)
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Every column as `table.column required`, from the database's own catalogue.
fn columns(store: &Store) -> Vec<String> {
    let sqlite = "SELECT m.name || '.' || c.name || ' ' || (c.\"notnull\" OR c.pk > 0) AS line FROM sqlite_schema m, \
        pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE '%diesel%' ORDER BY line";
    let postgres = "SELECT table_name || '.' || column_name || ' ' || (CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END) AS line \
        FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE '%diesel%' \
        ORDER BY (table_name || '.' || column_name) COLLATE \"C\"";
    let sql = if matches!(store, Store::Pg(_)) { postgres } else { sqlite };
    let lines: Vec<Line> = store.read(|conn| Ok::<_, Error>(on!(conn, c => diesel::sql_query(sql).load(c))?)).unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

#[test]
fn both_databases_have_the_same_columns_and_nothing_is_left_after_going_back() {
    let both = databases().map(|db| {
        let store = open(&db);
        store.migrate().unwrap();
        let once = columns(&store);
        assert!(once.len() > 150, "{}", once.len());
        store.revert().unwrap();
        assert_eq!(columns(&store), Vec::<String>::new());
        store.migrate().unwrap();
        assert_eq!(columns(&store), once);
        once
    });
    assert_eq!(both[0], both[1]);
}

#[test]
fn a_url_of_no_known_scheme_opens_nothing() {
    for url in ["postgres:x", "mysql://x", "hege.db", "sqlite://", ""] {
        assert!(matches!(Store::open(url, 1), Err(Error::Url)), "{url}");
    }
}

#[test]
fn a_sample_comes_back_as_it_was_put() {
    on_both(|store| {
        let put = sample(1);
        store.write(|conn| sample_insert(conn, &[put.clone(), sample(2)])).unwrap();
        let items = [item(1, "pb"), item(1, "cd")];
        store.write(|conn| items_insert(conn, &items)).unwrap();
        let got = store.read(|conn| sample_fetch(conn, sample_id(1))).unwrap().unwrap();
        assert_eq!(got, put);
        let got = store.read(|conn| items_of(conn, sample_id(1))).unwrap();
        assert_eq!(got, [items[1].clone(), items[0].clone()]);
        assert_eq!(store.read(|conn| sample_fetch(conn, sample_id(3))).unwrap(), None);
        let elsewhere = SampleId { city: "3302".parse().unwrap(), ..sample_id(1) };
        assert_eq!(store.read(|conn| sample_fetch(conn, elsewhere)).unwrap(), None);
    });
}

#[test]
fn a_number_that_is_taken_in_its_city_is_a_duplicate_and_nothing_is_half_written() {
    on_both(|store| {
        store.write(|conn| sample_insert(conn, &[sample(1)])).unwrap();
        let same_number = Sample { form_no: sample(1).form_no, ..sample(2) };
        let outcome = store.write(|conn| {
            sample_insert(conn, &[sample(3)])?;
            sample_insert(conn, std::slice::from_ref(&same_number))
        });
        assert!(matches!(outcome, Err(Error::Duplicate(_))), "{outcome:?}");
        assert_eq!(store.read(|conn| sample_fetch(conn, sample_id(3))).unwrap(), None);
        let elsewhere = Sample { city: 3302, ..same_number.clone() };
        store.write(|conn| sample_insert(conn, std::slice::from_ref(&elsewhere))).unwrap();
    });
}

#[test]
fn a_word_or_an_order_that_is_unknown_does_not_enter_the_database() {
    on_both(|store| {
        store.write(|conn| sample_insert(conn, &[sample(1)])).unwrap();
        let bent = Sample { status: "lost".to_owned(), ..sample(2) };
        assert!(store.write(|conn| sample_insert(conn, std::slice::from_ref(&bent))).is_err());
        assert!(store.write(|conn| items_insert(conn, &[item(9, "pb")])).is_err(), "an item without its sample");
        store.write(|conn| sample_insert(conn, &[sample(2)])).unwrap();
    });
}

fn received() -> SampleProgress {
    SampleProgress {
        status: "received".to_owned(),
        standing: Word(Standing::Pending),
        lab_id: Some(id(7)),
        received_at: Some(at(60)),
        decided_at: None,
        conclusion_revision: 0,
    }
}

#[test]
fn of_two_changes_to_one_revision_the_second_changes_nothing() {
    on_both(|store| {
        store.write(|conn| sample_insert(conn, &[sample(1)])).unwrap();
        let change = |seen| store.write(|conn| sample_progress(conn, sample_id(1), seen, &received())).unwrap();
        let first = change(1).unwrap();
        assert_eq!((first.status.as_str(), first.revision, first.received_at), ("received", 2, Some(at(60))));
        assert_eq!(change(1), None);
        assert_eq!(change(2).unwrap().revision, 3);
    });
}

#[test]
fn eight_people_at_once_count_every_sample_once() {
    on_both(|store| {
        std::thread::scope(|scope| {
            for person in 0..8_u128 {
                scope.spawn(move || {
                    for n in 0..10 {
                        let row = sample(person * 100 + n);
                        let change = Cell::change(None, Some(Standing::Pending));
                        store
                            .write(|conn| {
                                sample_insert(conn, std::slice::from_ref(&row))?;
                                cell_apply(conn, &cell(&row, change))
                            })
                            .unwrap();
                    }
                });
            }
        });
        let cells = store.read(|conn| cells_between(conn, 202_506, 202_506)).unwrap();
        assert_eq!(cells.iter().map(|row| row.pending).collect::<Vec<_>>(), [80]);
    });
}

#[test]
fn a_cell_is_the_sum_of_its_changes() {
    on_both(|store| {
        let steps = [
            (None, Some(Standing::Pending)),
            (None, Some(Standing::Pending)),
            (Some(Standing::Pending), Some(Standing::Nonconforming)),
            (Some(Standing::Nonconforming), Some(Standing::Conforming)),
        ];
        for (before, after) in steps {
            store.write(|conn| cell_apply(conn, &cell(&sample(1), Cell::change(before, after)))).unwrap();
        }
        let other = Sample { month: 202_507, sector: None, stage: Word(Stage::Catering), ..sample(1) };
        store.write(|conn| cell_apply(conn, &cell(&other, Cell::change(None, Some(Standing::Risk))))).unwrap();
        let june = store.read(|conn| cells_between(conn, 202_501, 202_506)).unwrap();
        assert_eq!(
            june.iter().map(CellRow::cell).collect::<Vec<_>>(),
            [Cell { conforming: 1, pending: 1, ..Cell::default() }]
        );
        assert_eq!(store.read(|conn| cells_between(conn, 202_506, 202_507)).unwrap().len(), 2);
    });
}

fn message(n: u128, due: Ts) -> Message {
    Message {
        city: 3301,
        id: id(n),
        topic: "conclusion".to_owned(),
        payload: Doc(json!({"n": 1})),
        state: "waiting".to_owned(),
        attempts: 0,
        due_at: due,
        leased_until: None,
        last_error: None,
    }
}

#[test]
fn a_message_is_in_one_hand_at_a_time_and_comes_back_when_the_hand_is_gone() {
    on_both(|store| {
        for (n, due) in [(2, 20), (1, 10), (3, 500)] {
            store.write(|conn| message_put(conn, &message(n, at(due)))).unwrap();
        }
        let take = |now, limit| {
            let taken = store.write(|conn| messages_take(conn, "conclusion", (at(now), at(now + 60)), limit)).unwrap();
            taken.into_iter().map(|message| (message.id, message.attempts)).collect::<Vec<_>>()
        };
        assert_eq!(take(5, 10), []);
        assert_eq!(take(30, 1), [(id(1), 1)], "the oldest first");
        assert_eq!(take(30, 10), [(id(2), 1)]);
        assert_eq!(take(89, 10), [], "both are leased");
        assert_eq!(take(90, 10), [(id(1), 2), (id(2), 2)], "the leases ran out");
        store.write(|conn| message_done(conn, 3301, id(1))).unwrap();
        store.write(|conn| message_retry(conn, (3301, id(2)), at(200), "the mail server hung up")).unwrap();
        assert_eq!(take(199, 10), []);
        assert_eq!(take(200, 10), [(id(2), 3)]);
    });
}

#[test]
fn two_workers_at_once_never_take_the_same_message() {
    on_both(|store| {
        for n in 0..40 {
            store.write(|conn| message_put(conn, &message(n, at(0)))).unwrap();
        }
        let take = || store.write(|conn| messages_take(conn, "conclusion", (at(10), at(70)), 40)).unwrap();
        let (one, two) = std::thread::scope(|scope| {
            let other = scope.spawn(take);
            (take(), other.join().unwrap())
        });
        let mut ids: Vec<Id> = one.into_iter().chain(two).map(|message| message.id).collect();
        ids.sort();
        assert_eq!(ids, (0..40).map(id).collect::<Vec<_>>());
    });
}

/// A sample from registration to its conclusion, on the record and sealed.
fn recorded(store: &Store) {
    let row = sample(1);
    let event = CustodyRow {
        city: 3301,
        sample_id: id(1),
        seq: 1,
        kind: "registered".to_owned(),
        at: at(1),
        person_id: id(901),
        detail: Doc(json!({})),
    };
    let conclusion = ConclusionRow {
        city: 3301,
        sample_id: id(1),
        revision: 1,
        standing: Word(Standing::Pending),
        decided_at: at(2),
        decided_by: id(902),
        reason: String::new(),
    };
    store
        .write(|conn| {
            sample_insert(conn, std::slice::from_ref(&row))?;
            items_insert(conn, &[item(1, "pb")])?;
            custody_insert(conn, &event)?;
            conclusion_insert(conn, &conclusion)?;
            let rows = json!([row.touched()?, item(1, "pb").touched()?, event.touched()?, conclusion.touched()?]);
            let audit = |n, action: &str, rows| AuditRow {
                city: 3301,
                id: id(n),
                at: at(3),
                person_id: Some(id(901)),
                action: action.to_owned(),
                rows: Doc(rows),
                detail: Doc(json!({"b": 1, "a": [2]})),
                seal: None,
            };
            audit_append(conn, &audit(50, "registered", rows))?;
            audit_append(conn, &audit(51, "looked", json!([])))?;
            cell_apply(conn, &cell(&row, Cell::change(None, Some(Standing::Pending))))
        })
        .unwrap();
    for (limit, sealed) in [(1, 1), (10, 1), (10, 0)] {
        assert_eq!(store.write(|conn| audit_seal(conn, 3301, at(4), limit)).unwrap(), sealed);
    }
    assert_eq!(store.read(|conn| custody_of(conn, sample_id(1))).unwrap(), [event]);
}

#[test]
fn a_row_that_was_bent_by_hand_is_named() {
    let key = format!("3301-{}", id(1).0);
    let altered = |table: &str, key: String| vec![Finding::Altered { table: table.to_owned(), key }];
    let missing = |table: &str, key: String| vec![Finding::Missing { table: table.to_owned(), key }];
    let cases = [
        ("UPDATE sample SET product_name = 'x'", altered("sample", key.clone())),
        ("UPDATE item SET reported = '0.05'", altered("item", format!("{key}/pb"))),
        ("UPDATE conclusion SET reason = 'x'", altered("conclusion", format!("{key}/1"))),
        ("UPDATE custody_event SET kind = 'x'", altered("custody_event", format!("{key}/1"))),
        ("DELETE FROM custody_event", missing("custody_event", format!("{key}/1"))),
        ("UPDATE audit SET action = 'x' WHERE action = 'looked'", vec![Finding::Audit(id(51).0.to_string())]),
        ("DELETE FROM audit WHERE action = 'looked'", vec![Finding::Audit(id(51).0.to_string())]),
    ];
    for (sql, expected) in cases {
        on_both(|store| {
            recorded(store);
            assert_eq!(store.read(|conn| verify_city(conn, 3301)).unwrap(), []);
            store.execute(sql).unwrap();
            assert_eq!(store.read(|conn| verify_city(conn, 3301)).unwrap(), expected, "{sql}");
            assert_eq!(store.read(|conn| verify_city(conn, 3302)).unwrap(), []);
        });
    }
}

#[test]
fn a_cell_or_a_link_that_was_bent_is_named() {
    for sql in ["UPDATE rate_cell SET pending = 0, conforming = 1", "DELETE FROM rate_cell"] {
        on_both(|store| {
            recorded(store);
            store.execute(sql).unwrap();
            let findings = store.read(|conn| verify_city(conn, 3301)).unwrap();
            assert!(matches!(&findings[..], [Finding::Cell(cell)] if cell.contains("farm")), "{sql}: {findings:?}");
        });
    }
    on_both(|store| {
        recorded(store);
        store.execute("DELETE FROM audit_seal WHERE seq = 1").unwrap();
        let expected = [Finding::Chain("3301/2".to_owned()), Finding::Audit(id(50).0.to_string())];
        assert_eq!(store.read(|conn| verify_city(conn, 3301)).unwrap(), expected);
    });
}

#[test]
fn a_database_that_a_later_version_brought_up_to_date_is_refused() {
    on_both(|store| {
        store.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')").unwrap();
        assert!(matches!(store.migrate(), Err(Error::Foreign)));
        assert!(matches!(store.is_behind(), Err(Error::Foreign)));
        store.execute("DELETE FROM __diesel_schema_migrations WHERE version = '99990101000000'").unwrap();
        assert!(!store.is_behind().unwrap());
    });
}
