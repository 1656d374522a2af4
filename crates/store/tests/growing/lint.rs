//! The layout that lets a database grow past one machine: `sql/lint.sql` finds nothing in ours, and what it is for in a bad one.

use diesel::prelude::*;
use diesel::sql_types::Text;
use hege_store::{Error, Store, on};
use hege_testkit::TestDb;
use std::collections::BTreeSet;

const LINT: &str = include_str!("../../sql/lint.sql");
const DISTRIBUTE: &str = include_str!("../../sql/distribute.sql");

#[derive(QueryableByName)]
struct Fault {
    #[diesel(sql_type = Text)]
    what: String,
    #[diesel(sql_type = Text)]
    object: String,
}

/// What `lint.sql` finds, as `what: object`.
fn faults(store: &Store) -> BTreeSet<String> {
    let faults: Vec<Fault> = store
        .read(|conn| Ok::<_, Error>(on!(conn, c => diesel::sql_query(LINT.trim_end().trim_end_matches(';')).load(c))?))
        .unwrap();
    faults.into_iter().map(|fault| format!("{}: {}", fault.what, fault.object)).collect()
}

/// Our tables on PostgreSQL.
fn ours() -> (TestDb, Store) {
    let db = TestDb::postgres();
    let store = Store::open(db.url(), 2).unwrap();
    store.migrate().unwrap();
    (db, store)
}

#[test]
fn our_tables_have_no_fault() {
    let (_db, store) = ours();
    assert_eq!(faults(&store), BTreeSet::new());
}

/// One fault each, planted among our tables, and how it is called.
const PLANTED: [(&str, &str); 19] = [
    ("CREATE TABLE surprise (id uuid PRIMARY KEY)", "table without a class: surprise"),
    (
        "ALTER TABLE amendment DROP CONSTRAINT amendment_pkey; ALTER TABLE amendment ALTER COLUMN city DROP NOT NULL; \
         ALTER TABLE amendment ADD PRIMARY KEY (sample_id, seq)",
        "no city, or one that may be null or is generated: amendment",
    ),
    ("ALTER TABLE outbox ALTER COLUMN city TYPE bigint", "city of another type than integer: outbox"),
    ("ALTER TABLE outbox DROP CONSTRAINT outbox_pkey", "no primary key: outbox"),
    (
        "ALTER TABLE rate_cell DROP CONSTRAINT rate_cell_pkey; ALTER TABLE rate_cell ADD PRIMARY KEY (month, stage, city)",
        "primary key that does not begin with city: rate_cell",
    ),
    ("CREATE UNIQUE INDEX form_no_once ON sample (form_no)", "unique or exclusion index without city: form_no_once"),
    (
        "CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public; \
         ALTER TABLE audit ADD CONSTRAINT overlap EXCLUDE USING gist (city public.gist_int4_ops WITH OPERATOR(pg_catalog.<>), at public.gist_timestamptz_ops WITH OPERATOR(pg_catalog.=))",
        "exclusion constraint that does not compare city with =: overlap",
    ),
    (
        "CREATE UNIQUE INDEX swapped ON sample (id, city); ALTER TABLE conclusion ADD COLUMN other integer; \
         ALTER TABLE conclusion ADD CONSTRAINT crossed FOREIGN KEY (sample_id, other) REFERENCES sample (id, city)",
        "foreign key between growing tables that does not pair their cities: conclusion.crossed",
    ),
    (
        "ALTER TABLE alert ADD CONSTRAINT by_whom FOREIGN KEY (acknowledged_by) REFERENCES person (id)",
        "foreign key from a growing to a local table: alert.by_whom",
    ),
    (
        "ALTER TABLE plan ADD COLUMN city integer; \
         ALTER TABLE plan ADD CONSTRAINT first_sample FOREIGN KEY (city, id) REFERENCES sample (city, id)",
        "foreign key from a reference or local to a growing table: plan.first_sample",
    ),
    (
        "ALTER TABLE criterion ADD CONSTRAINT by_whom FOREIGN KEY (accepted_by) REFERENCES person (id)",
        "foreign key from a reference to a local table: criterion.by_whom",
    ),
    (
        "ALTER TABLE amendment ADD CONSTRAINT moves FOREIGN KEY (city, sample_id) REFERENCES sample (city, id) ON UPDATE CASCADE",
        "foreign key that would change city by itself: amendment.moves",
    ),
    (
        "ALTER TABLE amendment ADD CONSTRAINT later FOREIGN KEY (city, sample_id) REFERENCES sample (city, id) DEFERRABLE",
        "deferrable constraint: amendment.later",
    ),
    (
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
         CREATE TRIGGER after_sample AFTER INSERT ON sample EXECUTE FUNCTION nothing()",
        "trigger: sample.after_sample",
    ),
    ("CREATE RULE silent AS ON DELETE TO audit DO INSTEAD NOTHING", "rule: audit.silent"),
    ("ALTER TABLE audit ADD COLUMN n serial", "column that counts by a sequence: audit.n"),
    ("ALTER TABLE item ADD COLUMN note text COLLATE \"POSIX\"", "text that does not sort by its bytes: item.note"),
    ("CREATE TABLE elder (LIKE item); ALTER TABLE item INHERIT elder", "table that inherits: item"),
    (
        "CREATE FUNCTION hint() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM pg_notify(''a'', ''b''); END'",
        "function with a lock or a message of one machine: hint",
    ),
];

#[test]
fn each_fault_that_is_planted_is_found_by_its_name() {
    for (sql, fault) in PLANTED {
        let (_db, store) = ours();
        store.execute(sql).unwrap_or_else(|error| panic!("{fault}: {error:?}"));
        let found = faults(&store);
        assert!(found.contains(fault), "{fault} is not among {found:#?}");
    }
}

/// The tables that a class of `lint.sql` names, in its order.
fn classed(index: usize) -> Vec<&'static str> {
    let lists = LINT.split("ARRAY[").skip(1).map(|rest| rest.split(']').next().unwrap());
    let list = lists.collect::<Vec<_>>()[index];
    list.split('\'').skip(1).step_by(2).collect()
}

#[test]
fn what_is_distributed_is_what_the_lint_calls_so_with_references_first_and_parents_before_their_children() {
    let calls = |function: &'static str| {
        let calls = DISTRIBUTE.lines().filter(move |line| line.starts_with(&format!("SELECT {function}(")));
        calls.map(|line| line.split('\'').nth(1).unwrap()).collect::<Vec<_>>()
    };
    let (reference, distributed) = (calls("create_reference_table"), calls("create_distributed_table"));
    assert_eq!((&distributed, &reference), (&classed(0), &classed(1)));
    assert!(distributed.len() > 10 && reference.len() > 4);
    let place = |call: &str| DISTRIBUTE.find(call).unwrap();
    let last = |call: &str| DISTRIBUTE.rfind(call).unwrap();
    assert!(last("create_reference_table") < place("create_distributed_table"));
    // A parent stands before its children.
    let (_db, store) = ours();
    let sql = "SELECT one.relname::text AS what, other.relname::text AS object FROM pg_constraint k \
        JOIN pg_class one ON one.oid = k.conrelid JOIN pg_class other ON other.oid = k.confrelid \
        JOIN pg_namespace n ON n.oid = one.relnamespace WHERE k.contype = 'f' AND n.nspname = current_schema()";
    let keys: Vec<Fault> = store.read(|conn| Ok::<_, Error>(on!(conn, c => diesel::sql_query(sql).load(c))?)).unwrap();
    let order: Vec<&str> = reference.iter().chain(&distributed).copied().collect();
    let at = |table: &str| order.iter().position(|name| *name == table);
    let both = keys.iter().filter_map(|key| Some((key, at(&key.what)?, at(&key.object)?)));
    let both: Vec<_> = both.collect();
    assert!(both.len() > 5, "{}", both.len());
    for (key, child, parent) in both {
        // A part of a cell is a cell.
        assert!(parent < child || key.what == key.object, "{} stands before {}", key.what, key.object);
    }
}
