//! 名称: the names that samples bear, known for search in the transaction that writes the sample.

use crate::regions::{setting_get, setting_put};
use crate::schema::{name_gram, sample};
use crate::types::Word;
use crate::{Conn, Error, Store, on};
use diesel::prelude::*;
use hege_core::names::{NameKind, grams};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Under this key stands that every name of every sample is known.
const NAMES_KNOWN: &str = "names_known";
/// Names that are filled in at once.
const FILLED: i64 = 500;
/// Rows of a statement.
const ROWS_MAX: usize = 1_000;

/// A pair of characters of a name.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = name_gram)]
struct Gram<'a> {
    city: i32,
    gram: String,
    kind: Word<NameKind>,
    name: &'a str,
}

/// Makes names known that are not yet: of each its city, what bears it, and the name.
///
/// # Errors
/// Those of the database.
pub(crate) fn names_put<'a>(
    conn: &mut Conn,
    names: impl IntoIterator<Item = (i32, NameKind, &'a str)>,
) -> Result<(), Error> {
    let mut by_city: BTreeMap<i32, BTreeSet<(NameKind, &str)>> = BTreeMap::new();
    for (city, kind, name) in names {
        by_city.entry(city).or_default().insert((kind, name));
    }
    for (city, mut names) in by_city {
        let asked: BTreeSet<&str> = names.iter().map(|(_, name)| *name).collect();
        let known: Vec<(Word<NameKind>, String)> = on!(conn, c => name_gram::table
            .filter(name_gram::city.eq(city).and(name_gram::gram.eq("")))
            .filter(name_gram::kind.eq_any(NameKind::ALL.iter().copied().map(Word)))
            .filter(name_gram::name.eq_any(asked))
            .select((name_gram::kind, name_gram::name))
            .load(c))?;
        for (Word(kind), name) in &known {
            names.remove(&(*kind, name.as_str()));
        }
        let of_name = |(kind, name)| {
            let grams = grams(name).into_iter().chain([String::new()]);
            grams.map(move |gram| Gram { city, gram, kind: Word(kind), name })
        };
        let rows: Vec<Gram<'_>> = names.into_iter().flat_map(of_name).collect();
        for rows in rows.chunks(ROWS_MAX) {
            match conn {
                // Somebody may make the same name known at this moment.
                Conn::Pg(c) => {
                    diesel::insert_into(name_gram::table).values(rows).on_conflict_do_nothing().execute(&mut **c)?
                }
                // Nobody else writes.
                Conn::Sqlite(c) => diesel::insert_into(name_gram::table).values(rows).execute(&mut **c)?,
            };
        }
    }
    Ok(())
}

/// The names of a sample's row.
pub(crate) fn names_of<'a>(
    city: i32,
    (product, unit, producer): (&'a str, &'a str, Option<&'a str>),
) -> impl Iterator<Item = (i32, NameKind, &'a str)> {
    let producer = producer.map(|name| (city, NameKind::Producer, name));
    [(city, NameKind::Product, product), (city, NameKind::Unit, unit)].into_iter().chain(producer)
}

/// Makes the names of samples known that were registered before there was a search. A part of them in each transaction, so that
/// it may be broken off and begun again.
///
/// # Errors
/// Those of the database.
pub(crate) fn names_fill(store: &Store) -> Result<(), Error> {
    if store.read(|conn| setting_get(conn, NAMES_KNOWN))?.is_some() {
        return Ok(());
    }
    let cities: Vec<i32> =
        store.read(|conn| Ok::<_, Error>(on!(conn, c => sample::table.select(sample::city).distinct().load(c))?))?;
    for city in cities {
        for kind in NameKind::ALL {
            let mut last = None;
            loop {
                let names = store.read(|conn| names_after(conn, (city, *kind), last.as_deref()))?;
                let Some(newest) = names.last().cloned() else { break };
                store.write(|conn| names_put(conn, names.iter().map(|name| (city, *kind, name.as_str()))))?;
                last = Some(newest);
            }
        }
    }
    store.write(|conn| setting_put(conn, NAMES_KNOWN, json!(true)))
}

/// The names that samples of a city bear, those after `last` in the order of their characters.
fn names_after(conn: &mut Conn, (city, kind): (i32, NameKind), last: Option<&str>) -> Result<Vec<String>, Error> {
    macro_rules! after {
        ($conn:expr, $column:expr) => {
            sample::table
                .filter(sample::city.eq(city).and($column.gt(last.unwrap_or_default())))
                .select($column)
                .distinct()
                .order($column)
                .limit(FILLED)
                .load::<String>($conn)
        };
    }
    Ok(match kind {
        NameKind::Product => on!(conn, c => after!(c, sample::product_name)),
        NameKind::Unit => on!(conn, c => after!(c, sample::sampled_unit)),
        NameKind::Producer => on!(conn, c => after!(c, sample::producer.assume_not_null())),
    }?)
}
