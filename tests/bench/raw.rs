//! The same statements with the same values, sent without Diesel, without the product, and without HTTP.

use hege_store::trace::{Bind, Unit};
use postgres::types::{Format, IsNull, Kind, ToSql, Type, to_sql_checked};
use rusqlite::types::Value;
use std::collections::HashMap;
use std::error::Error;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Sends the units, each once, from so many connections; on SQLite one more writes. How long it took.
pub(crate) fn send(url: &str, units: &[Unit], connections: usize) -> Duration {
    send_in_order(url, units, (1, connections))
}

/// The same of so many lives, whose units stand in the order of the lives: those of a life are sent one after the other by the
/// same connection.
pub(crate) fn send_lives(url: &str, units: &[Unit], (lives, connections): (usize, usize)) -> Duration {
    assert_eq!(units.len() % lives, 0, "each life is as long as the others");
    send_in_order(url, units, (units.len() / lives, connections))
}

fn send_in_order(url: &str, units: &[Unit], (length, connections): (usize, usize)) -> Duration {
    match url.strip_prefix("sqlite://") {
        Some(path) => sqlite(path, (&prepared(units, sqlite_value), length), connections),
        None => postgres(url, (&prepared(units, |bind| Sent(bind.clone())), length), connections),
    }
}

/// A unit with its values as the driver takes them: what is made before the clock runs is not measured.
struct Raw<V> {
    is_transaction: bool,
    statements: Vec<(String, Vec<V>)>,
}

fn prepared<V>(units: &[Unit], value: impl Fn(&Bind) -> V) -> Vec<Raw<V>> {
    let raw = |unit: &Unit| Raw {
        is_transaction: unit.is_transaction,
        statements: unit.statements.iter().map(|s| (s.sql.clone(), s.binds.iter().map(&value).collect())).collect(),
    };
    units.iter().map(raw).collect()
}

/// Hands out units, so many at once, until there is none left.
fn share<U: Sync, C: Send>(
    (units, length): (&[U], usize),
    connections: Vec<C>,
    run: impl Fn(&mut C, &U) + Sync,
) -> Duration {
    let (next, lives) = (AtomicUsize::new(0), units.chunks(length).collect::<Vec<_>>());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for mut connection in connections {
            let (next, run, lives) = (&next, &run, &lives);
            scope.spawn(move || {
                while let Some(life) = lives.get(next.fetch_add(1, Ordering::Relaxed)) {
                    life.iter().for_each(|unit| run(&mut connection, unit));
                }
            });
        }
    });
    began.elapsed()
}

fn sqlite_open(path: &str) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    let pragmas = "PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
         PRAGMA foreign_keys=ON; PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY;";
    connection.execute_batch(pragmas).unwrap();
    // All of them stay prepared.
    connection.set_prepared_statement_cache_capacity(1_000);
    connection
}

fn sqlite(path: &str, units: (&[Raw<Value>], usize), connections: usize) -> Duration {
    let writer = Mutex::new(sqlite_open(path));
    let readers = (0..connections).map(|_| sqlite_open(path)).collect();
    share(units, readers, |reader: &mut rusqlite::Connection, unit| {
        if unit.is_transaction {
            let writer = writer.lock().unwrap();
            writer.execute_batch("BEGIN IMMEDIATE").unwrap();
            sqlite_run(&writer, unit);
            writer.execute_batch("COMMIT").unwrap();
        } else {
            sqlite_run(reader, unit);
        }
    })
}

fn sqlite_run(connection: &rusqlite::Connection, unit: &Raw<Value>) {
    for (sql, values) in &unit.statements {
        let mut prepared = connection.prepare_cached(sql).unwrap();
        let mut rows = prepared.query(rusqlite::params_from_iter(values)).unwrap();
        while rows.next().unwrap_or_else(|error| panic!("{error}: {sql} {values:?}")).is_some() {}
    }
}

fn sqlite_value(bind: &Bind) -> Value {
    match bind {
        Bind::Null => Value::Null,
        Bind::Bool(value) => Value::Integer(i64::from(*value)),
        Bind::Int(value) => Value::Integer(*value),
        Bind::Float(value) => Value::Real(*value),
        Bind::Text(text) | Bind::Document(text) => Value::Text(text.clone()),
        Bind::Id(id) => Value::Blob(id.as_bytes().to_vec()),
        Bind::Instant(at) => Value::Integer(at.as_microsecond()),
        Bind::Day(day) => Value::Text(day.to_string()),
        Bind::List(bytes) => Value::Blob(octets(bytes)),
        Bind::Unknown(text) => panic!("a value that cannot be read back: {text}"),
    }
}

fn octets(binds: &[Bind]) -> Vec<u8> {
    let octet = |bind: &Bind| match bind {
        Bind::Int(value) => u8::try_from(*value).unwrap(),
        other => panic!("no byte: {other:?}"),
    };
    binds.iter().map(octet).collect()
}

struct Postgres {
    client: postgres::Client,
    prepared: HashMap<String, postgres::Statement>,
}

fn postgres(url: &str, units: (&[Raw<Sent>], usize), connections: usize) -> Duration {
    let open = |_| Postgres { client: crate::data::postgres_client(url), prepared: HashMap::new() };
    share(units, (0..connections).map(open).collect(), |connection: &mut Postgres, unit| {
        if unit.is_transaction {
            connection.client.batch_execute("BEGIN").unwrap();
        }
        for (sql, values) in &unit.statements {
            let Postgres { client, prepared } = connection;
            let types: Vec<Type> = values.iter().map(|Sent(bind)| postgres_type(bind)).collect();
            let statement = prepared.entry(sql.clone()).or_insert_with(|| client.prepare_typed(sql, &types).unwrap());
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
            client.query(statement, &values).unwrap_or_else(|error| panic!("{error:?}: {sql} {values:?}"));
        }
        if unit.is_transaction {
            connection.client.batch_execute("COMMIT").unwrap();
        }
    })
}

/// A value as PostgreSQL reads it from text: its type is the statement's.
#[derive(Debug)]
struct Sent(Bind);

impl ToSql for Sent {
    fn to_sql(&self, kind: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(text) = postgres_text(&self.0, kind) else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// The type that has to be said, since a function takes several; else that of the place where the value goes.
fn postgres_type(bind: &Bind) -> Type {
    match bind {
        Bind::List(binds) if matches!(binds.first(), Some(Bind::Text(_))) => Type::TEXT_ARRAY,
        _ => Type::UNKNOWN,
    }
}

fn postgres_text(bind: &Bind, kind: &Type) -> Option<String> {
    Some(match bind {
        Bind::Null => return None,
        Bind::Bool(value) => value.to_string(),
        Bind::Int(value) => value.to_string(),
        Bind::Float(value) => value.to_string(),
        Bind::Text(text) | Bind::Document(text) => text.clone(),
        Bind::Id(id) => id.to_string(),
        Bind::Instant(at) => at.to_string(),
        Bind::Day(day) => day.to_string(),
        Bind::List(values) if *kind == Type::BYTEA => format!("\\x{}", hex::encode(octets(values))),
        Bind::List(values) => {
            let Kind::Array(element) = kind.kind() else { panic!("no array: {kind}") };
            let quoted = |bind| format!("\"{}\"", postgres_text(bind, element).unwrap().replace('"', "\\\""));
            format!("{{{}}}", values.iter().map(quoted).collect::<Vec<_>>().join(","))
        }
        Bind::Unknown(text) => panic!("a value that cannot be read back: {text}"),
    })
}
