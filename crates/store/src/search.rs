//! Search: samples by the words of their names, by form number, barcode, credit code or id, the newest first.
//!
//! A word leads to the few names that hold it (`name_gram`), and each name by an index to its samples in the order of time. A word
//! that too many names hold is in so many samples that they are met by going back in time. Either way each row is held against
//! every word before it is found, and no page looks at more than [`EXAMINED_MAX`] rows: what is left is the next page's.

use crate::listing::{Filter, Keys, Named, named_list, named_of, samples_of};
use crate::samples::Sample;
use crate::schema::{name_gram, sample};
use crate::types::{Id, Ts, Word as Stored};
use crate::{Conn, Error, on};
use diesel::dsl::sql as literal;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};
use hege_core::SampleId;
use hege_core::names::{NameKind, Needle, Query, Word, folded, needles};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Rows that are looked at for one page.
pub const EXAMINED_MAX: usize = 10_000;
/// Names, or form numbers, that are followed one by one; more are met in the order of time.
const FOLLOWED_MAX: usize = 500;
/// Rows looked at in one step.
const STEP_MAX: usize = 2_000;
/// Characters of a form number that are looked up.
const FORM_NO_MIN: usize = 4;

/// Who searches for what.
pub struct Search<'a> {
    /// What they see, and what is asked for besides.
    pub filter: &'a Filter,
    /// Cities whose names are looked up, both included.
    pub cities: (i32, i32),
    /// Whether names of units and producers, and their codes, are looked up: some of the samples are seen with them.
    pub by_names: bool,
    /// Whether a sample is seen without the names of unit and producer, so that it is not found by them.
    pub is_blind: &'a dyn Fn(&Named) -> bool,
    /// What is searched for; none for form numbers alone.
    pub query: Option<&'a Query>,
    /// The beginning of a form number.
    pub form_no: Option<&'a str>,
}

/// A page of what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The samples, the newest sampling first.
    pub samples: Vec<Sample>,
    /// Where the next page begins, if there may be one. A page may hold fewer than were asked for and have a next one.
    pub next: Option<(Ts, Id)>,
}

/// Where a sample stands in the order of time, and its city.
type Key = (Ts, Id, i32);

/// What leads to samples in the order of time.
enum Source {
    Names(NameKind, BTreeMap<i32, Vec<String>>),
    /// A field of the form, and its value.
    Code(&'static str, String),
    /// All of them, the newest first.
    Keys(Vec<Key>),
}

/// How samples are gone through.
struct Way {
    sources: Vec<Source>,
    /// How many names and form numbers that are.
    followed: usize,
}

/// What was typed when it is a code that stands for itself.
#[derive(PartialEq, Eq)]
enum Code<'a> {
    Id(SampleId),
    Field(&'static str, &'a str),
}

fn code(query: &Query) -> Option<Code<'_>> {
    let [word] = query.words.as_slice() else { return None };
    if let Ok(id) = query.text.to_lowercase().parse() {
        return Some(Code::Id(id));
    }
    let code = word.code.as_str();
    let digits = code.bytes().all(|b| b.is_ascii_digit());
    match code.len() {
        8 | 12 | 13 | 14 if digits => Some(Code::Field("barcode", code)),
        18 if code.bytes().all(|b| b.is_ascii_alphanumeric()) => Some(Code::Field("uscc", code)),
        _ => None,
    }
}

/// The beginning of a form number that a word may be.
fn form_no(word: &Word) -> Option<&str> {
    let is_one = word.code.len() >= FORM_NO_MIN && word.code.bytes().all(|b| b.is_ascii_graphic());
    is_one.then_some(word.code.as_str())
}

/// A page of samples that hold every word.
///
/// # Errors
/// Those of the database.
pub fn sample_search(conn: &mut Conn, search: &Search<'_>, limit: usize) -> Result<Found, Error> {
    let way = way(conn, search)?;
    let (mut found, mut after, mut examined, mut step) = (Vec::new(), search.filter.after, 0, limit + 1);
    let next = loop {
        let met = candidates(conn, search, (way.as_ref(), after), step)?;
        examined += step;
        found.extend(met.rows.into_iter().filter(|(row, by_code)| is_found(search, row, *by_code)).map(|(row, _)| row));
        if found.len() > limit {
            found.truncate(limit);
            break found.last().map(|row| (row.sampled_at, row.id));
        }
        if met.is_all || examined >= EXAMINED_MAX {
            break met.last.filter(|_| !met.is_all);
        }
        (after, step) = (met.last, (step * 4).min(STEP_MAX));
    };
    let samples = samples_of(conn, keyed(found.iter().map(|row| (row.city, row.id))))?;
    Ok(Found { samples, next })
}

/// Keys by their cities.
fn keyed(rows: impl Iterator<Item = (i32, Id)>) -> Keys {
    let mut keys = Keys::new();
    for (city, id) in rows {
        keys.entry(city).or_default().push(id);
    }
    keys
}

/// Whether a row holds what is searched for, by what may be seen of it.
fn is_found(search: &Search<'_>, row: &Named, by_code: bool) -> bool {
    if search.form_no.is_some_and(|beginning| !row.form_no.starts_with(beginning)) {
        return false;
    }
    let Some(query) = search.query else { return true };
    let is_blind = (search.is_blind)(row);
    let hidden = [Some(&row.sampled_unit), row.producer.as_ref()].into_iter().flatten().filter(|_| !is_blind);
    let names: Vec<String> = hidden.chain([&row.product_name]).map(|name| folded(name)).collect();
    let holds = |word: &Word| word.is_in(&names) || form_no(word).is_some_and(|code| row.form_no.starts_with(code));
    match code(query) {
        Some(Code::Id(id)) => (row.city, row.id) == crate::samples::key(id),
        Some(Code::Field(..)) if by_code => !is_blind,
        _ => query.words.iter().all(holds),
    }
}

/// How to go through the samples: from the word that leads to the fewest names; none when every word is in very many, and samples
/// are gone through in the order of time.
fn way(conn: &mut Conn, search: &Search<'_>) -> Result<Option<Way>, Error> {
    let mut ways = Vec::new();
    if let Some(beginning) = search.form_no {
        let keys = numbered(conn, beginning)?;
        ways.extend(keys.map(|keys| Way { followed: keys.len(), sources: vec![Source::Keys(keys)] }));
    }
    let Some(query) = search.query else { return Ok(ways.pop()) };
    match code(query) {
        Some(Code::Id(id)) => {
            let (city, id) = crate::samples::key(id);
            let at: Option<Ts> =
                on!(conn, c => sample::table.find((city, id)).select(sample::sampled_at).first(c).optional())?;
            let keys: Vec<Key> = at.map(|at| (at, id, city)).into_iter().collect();
            ways.push(Way { followed: 0, sources: vec![Source::Keys(keys)] });
        }
        Some(Code::Field(field, value)) if search.by_names => {
            let mut way = Way { followed: 0, sources: vec![Source::Code(field, value.to_owned())] };
            if let Some(keys) = numbered(conn, value)? {
                way.sources.push(Source::Keys(keys));
            }
            ways.push(way);
        }
        _ => {
            for word in &query.words {
                ways.extend(way_of(conn, search, word)?);
            }
        }
    }
    Ok(ways.into_iter().min_by_key(|way| way.followed))
}

/// How a word leads to samples; none when too many names hold it.
fn way_of(conn: &mut Conn, search: &Search<'_>, word: &Word) -> Result<Option<Way>, Error> {
    let Some(names) = names_with(conn, search, word)? else { return Ok(None) };
    let mut followed = names.len();
    let mut by_kind: BTreeMap<NameKind, BTreeMap<i32, Vec<String>>> = BTreeMap::new();
    for (city, kind, name) in names {
        by_kind.entry(kind).or_default().entry(city).or_default().push(name);
    }
    let mut sources: Vec<Source> = by_kind.into_iter().map(|(kind, names)| Source::Names(kind, names)).collect();
    if let Some(beginning) = form_no(word) {
        let Some(keys) = numbered(conn, beginning)? else { return Ok(None) };
        followed += keys.len();
        sources.push(Source::Keys(keys));
    }
    Ok(Some(Way { sources, followed }))
}

/// Samples whose form number begins so, the newest first; none for too many.
fn numbered(conn: &mut Conn, beginning: &str) -> Result<Option<Vec<Key>>, Error> {
    let most = i64::try_from(FOLLOWED_MAX).unwrap_or(i64::MAX);
    // A form number is printable ASCII: everything that begins with it lies below it with a DEL behind.
    let mut keys: Vec<Key> = on!(conn, c => sample::table
        .filter(sample::form_no.between(beginning, format!("{beginning}\u{7f}")))
        .order(sample::form_no)
        .limit(most + 1)
        .select((sample::sampled_at, sample::id, sample::city))
        .load(c))?;
    keys.sort_by(|one, other| other.cmp(one));
    Ok((keys.len() <= FOLLOWED_MAX).then_some(keys))
}

/// A name of a city.
type Name = (i32, NameKind, String);

/// The names that hold a word; none for too many. Of a word in several runs those that hold one of them: the rows tell the rest.
fn names_with(conn: &mut Conn, search: &Search<'_>, word: &Word) -> Result<Option<BTreeSet<Name>>, Error> {
    for run in &word.runs {
        for needle in needles(run) {
            let known = with_gram(conn, search, needle)?;
            if known.len() <= FOLLOWED_MAX {
                return Ok(Some(
                    known.into_iter().filter(|(_, _, name)| folded(name).contains(run.as_str())).collect(),
                ));
            }
        }
    }
    Ok(None)
}

/// Names with a pair, one more than are followed at most.
fn with_gram(conn: &mut Conn, search: &Search<'_>, needle: Needle) -> Result<BTreeSet<Name>, Error> {
    let most = i64::try_from(FOLLOWED_MAX).unwrap_or(i64::MAX);
    let cities: Vec<i32> = (search.cities.0..=search.cities.1).collect();
    let kinds = if search.by_names { NameKind::ALL } else { &[NameKind::Product] };
    let kinds: Vec<Stored<NameKind>> = kinds.iter().copied().map(Stored).collect();
    let (from, until) = match needle {
        Needle::Pair(pair) => (pair.clone(), pair),
        Needle::Beginning(first) => (first.clone(), format!("{first}{}", char::MAX)),
    };
    let rows: Vec<(i32, Stored<NameKind>, String)> = on!(conn, c => {
        let query = name_gram::table
            .filter(name_gram::city.eq_any(cities).and(name_gram::kind.eq_any(kinds)))
            .select((name_gram::city, name_gram::kind, name_gram::name))
            .limit(most + 1)
            .into_boxed();
        if from == until {
            query.filter(name_gram::gram.eq(from)).load(c)
        } else {
            query.filter(name_gram::gram.between(from, until)).load(c)
        }
    })?;
    Ok(rows.into_iter().map(|(city, Stored(kind), name)| (city, kind, name)).collect())
}

/// What was met on the way.
struct Met {
    /// Rows that the filter lets through, each with whether a code led to it.
    rows: Vec<(Named, bool)>,
    /// Where the next step begins.
    last: Option<(Ts, Id)>,
    /// There is nothing behind.
    is_all: bool,
}

/// The next rows on the way, up to `step` of them and so many of which the filter lets through.
fn candidates(
    conn: &mut Conn,
    search: &Search<'_>,
    (way, after): (Option<&Way>, Option<(Ts, Id)>),
    step: usize,
) -> Result<Met, Error> {
    let limit = i64::try_from(step).unwrap_or(i64::MAX);
    let Some(way) = way else {
        let rows = named_list(conn, &Filter { after, ..search.filter.clone() }, limit)?;
        let last = rows.last().map(|row| (row.sampled_at, row.id));
        let is_all = rows.len() < step;
        return Ok(Met { rows: rows.into_iter().map(|row| (row, false)).collect(), last, is_all });
    };
    let after = after.unwrap_or((Ts(jiff::Timestamp::MAX), Id(Uuid::max())));
    let (mut keys, mut by_code) = (Vec::new(), BTreeSet::new());
    for source in &way.sources {
        match source {
            Source::Names(kind, names) => keys.extend(of_names(conn, (*kind, names), after, limit)?),
            Source::Code(field, value) => {
                let coded = of_code(conn, (field, value), after, limit)?;
                by_code.extend(coded.iter().copied());
                keys.extend(coded);
            }
            Source::Keys(all) => keys.extend(all.iter().filter(|(at, id, _)| (*at, *id) < after).take(step)),
        }
    }
    keys.sort_by(|one, other| other.cmp(one));
    keys.dedup();
    let is_all = keys.len() < step;
    keys.truncate(step);
    let last = keys.last().map(|(at, id, _)| (*at, *id));
    let rows = named_of(conn, search.filter, keyed(keys.iter().map(|(_, id, city)| (*city, *id))))?;
    let with_code = |row: Named| {
        let by_code = by_code.contains(&(row.sampled_at, row.id, row.city));
        (row, by_code)
    };
    Ok(Met { rows: rows.into_iter().map(with_code).collect(), last, is_all })
}

/// Rows of an index that begin after a place.
macro_rules! newest {
    ($conn:expr, $condition:expr, $after:expr, $limit:expr) => {
        sample::table
            .filter($condition)
            .filter(sample::sampled_at.le($after.0))
            .filter(sample::sampled_at.lt($after.0).or(sample::id.lt($after.1)))
            .order((sample::sampled_at.desc(), sample::id.desc()))
            .limit($limit)
            .select((sample::sampled_at, sample::id, sample::city))
            .load::<Key>($conn)
    };
}

/// The newest samples whose form has a value.
fn of_code(conn: &mut Conn, (field, value): (&str, &str), after: (Ts, Id), limit: i64) -> Result<Vec<Key>, Error> {
    let column = || literal::<Nullable<Text>>(&format!("(form ->> '{field}')"));
    Ok(on!(conn, c => newest!(c, column().eq(Some(value)), after, limit))?)
}

/// A sample that a name leads to.
#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = crate::types::sql::Ts)]
    sampled_at: Ts,
    #[diesel(sql_type = crate::types::sql::Id)]
    id: Id,
}

/// The newest samples with one of these names.
fn of_names(
    conn: &mut Conn,
    (kind, names): (NameKind, &BTreeMap<i32, Vec<String>>),
    after: (Ts, Id),
    limit: i64,
) -> Result<Vec<Key>, Error> {
    let mut keys: Vec<Key> = Vec::new();
    for (city, names) in names {
        match conn {
            Conn::Pg(c) => {
                let column = match kind {
                    NameKind::Product => "product_name",
                    NameKind::Unit => "sampled_unit",
                    NameKind::Producer => "producer",
                };
                let sql = format!(
                    "SELECT x.sampled_at, x.id FROM unnest($1) AS n(name) CROSS JOIN LATERAL \
                     (SELECT s.sampled_at, s.id FROM sample s WHERE s.city = $2 AND s.{column} = n.name \
                     AND s.sampled_at <= $3 AND (s.sampled_at < $3 OR s.id < $4) \
                     ORDER BY s.sampled_at DESC, s.id DESC LIMIT $5) x ORDER BY 1 DESC, 2 DESC LIMIT $5"
                );
                let rows: Vec<Newest> = diesel::sql_query(sql)
                    .bind::<Array<Text>, _>(names)
                    .bind::<Integer, _>(*city)
                    .bind::<crate::types::sql::Ts, _>(after.0)
                    .bind::<crate::types::sql::Id, _>(after.1)
                    .bind::<BigInt, _>(limit)
                    .load(&mut **c)?;
                keys.extend(rows.into_iter().map(|row| (row.sampled_at, row.id, *city)));
            }
            // A statement in the same process costs so little that each name has its own.
            Conn::Sqlite(c) => {
                let c = &mut **c;
                for name in names {
                    let of_city = sample::city.eq(*city);
                    keys.extend(match kind {
                        NameKind::Product => newest!(c, of_city.and(sample::product_name.eq(name)), after, limit),
                        NameKind::Unit => newest!(c, of_city.and(sample::sampled_unit.eq(name)), after, limit),
                        NameKind::Producer => {
                            newest!(c, of_city.and(sample::producer.eq(Some(name)).assume_not_null()), after, limit)
                        }
                    }?);
                }
            }
        }
    }
    Ok(keys)
}
