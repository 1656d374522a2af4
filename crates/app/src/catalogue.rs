//! 限量库 as it ships with the program (`data/*.csv`, described in `data/README.md`), and its rows and criteria as JSON.

use csv::{Reader, StringRecord};
use hege_core::{Problem, Problems};
use hege_lab::catalogue::{Analyte, Analytes, Catalogue, FoodClass, FoodTree, Row};
use hege_lab::{Criterion, Rule};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Why a catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file is not CSV.
    #[error("a file of the catalogue is not CSV")]
    Csv(#[from] csv::Error),
    /// Rows, names or classes have problems.
    #[error("the catalogue has {} problems, first {}", .0.as_slice().len(), .0.as_slice().first().map(ToString::to_string).unwrap_or_default())]
    Rows(Problems),
    /// Rows were to be accepted that are not there, with their ids.
    #[error("the catalogue has no row {0}")]
    Accepted(String),
}

impl From<Problems> for Error {
    fn from(problems: Problems) -> Self {
        Self::Rows(problems)
    }
}

/// The food classes, analytes and rows that ship with the program, as a database is filled with them.
///
/// # Errors
/// [`Error`]; a test holds that there is none.
pub fn shipped_rows() -> Result<(FoodTree, Analytes, Vec<Row>), Error> {
    let (foods, analytes) = shipped_names()?;
    let file = Table::read(include_str!("../data/limits.csv"))?;
    let rows = file.rows.iter().map(|record| Row::read(|name| file.field(record, name))).collect();
    Ok((foods, analytes, rows))
}

/// The analytes that ship with the program, read once.
///
/// # Errors
/// [`crate::Error::Internal`]; a test holds that there is none.
pub fn shipped_analytes() -> Result<&'static Analytes, crate::Error> {
    static SHIPPED: LazyLock<Result<Analytes, String>> =
        LazyLock::new(|| shipped_names().map(|(_, analytes)| analytes).map_err(|error| error.to_string()));
    SHIPPED.as_ref().map_err(|error| crate::Error::Internal(error.clone()))
}

fn shipped_names() -> Result<(FoodTree, Analytes), Error> {
    let classes = listed(include_str!("../data/food-classes.csv"), |field| FoodClass {
        code: field("code"),
        parent: field("parent"),
        zh: field("zh"),
    })?;
    let analytes = listed(include_str!("../data/analytes.csv"), |field| Analyte {
        code: field("code"),
        zh: field("zh"),
        en: field("en"),
        banned: field("banned") == "yes",
        pathogen: field("pathogen") == "yes",
    })?;
    let food_names =
        listed(include_str!("../data/food-synonyms.csv"), |field| (field("synonym"), field("food_class")))?;
    let names = listed(include_str!("../data/analyte-synonyms.csv"), |field| (field("synonym"), field("analyte")))?;
    Ok((FoodTree::build(&classes, &food_names)?, Analytes::build(&analytes, &names)?))
}

/// A catalogue of rows with the shipped names, in which the unverified rows named in `accepted` judge too. Beside it stand the
/// warnings of [`Catalogue::build`].
///
/// # Errors
/// [`Error::Rows`], and [`Error::Accepted`] when an accepted id is no row's.
pub fn build(rows: &[Row], accepted: &BTreeSet<&str>) -> Result<(Catalogue, Vec<Problem>), Error> {
    let (foods, analytes) = shipped_names()?;
    let (mut catalogue, warnings) = Catalogue::build(foods, analytes, rows)?;
    if catalogue.accept(accepted) == accepted.len() {
        return Ok((catalogue, warnings));
    }
    let known = |id: &&&str| rows.iter().any(|row| row.id == ***id);
    Err(Error::Accepted(accepted.iter().filter(|id| !known(id)).copied().collect::<Vec<_>>().join(", ")))
}

/// The catalogue that ships with the program, with nothing accepted.
///
/// # Errors
/// [`Error`]; a test holds that there is none.
pub fn shipped() -> Result<Catalogue, Error> {
    let (foods, analytes, rows) = shipped_rows()?;
    Ok(Catalogue::build(foods, analytes, &rows)?.0)
}

/// A CSV file with its header.
struct Table {
    header: StringRecord,
    rows: Vec<StringRecord>,
}

impl Table {
    fn read(text: &str) -> Result<Self, csv::Error> {
        let mut reader = Reader::from_reader(text.as_bytes());
        Ok(Self { header: reader.headers()?.clone(), rows: reader.records().collect::<Result<_, _>>()? })
    }

    fn field<'a>(&self, record: &'a StringRecord, name: &str) -> &'a str {
        let place = self.header.iter().position(|column| column == name);
        place.and_then(|place| record.get(place)).unwrap_or_default()
    }
}

fn listed<T>(text: &str, one: impl Fn(&dyn Fn(&str) -> String) -> T) -> Result<Vec<T>, csv::Error> {
    let table = Table::read(text)?;
    Ok(table.rows.iter().map(|record| one(&|name| table.field(record, name).to_owned())).collect())
}

/// A row as JSON: its fields by name; empty ones are left out.
#[must_use]
pub fn row_json(row: &Row) -> Value {
    let filled = row.fields().filter(|(_, text)| !text.is_empty());
    Value::Object(filled.map(|(name, text)| (name.to_owned(), json!(text))).collect())
}

/// The row of a JSON object. Whether it can judge shows when a catalogue is built of it.
///
/// # Errors
/// At `/{field}`: a field that no row has, or that is no text.
pub fn row_of_json(object: &Map<String, Value>) -> Result<Row, Problems> {
    let mut problems = Problems::new();
    for (name, value) in object {
        let at = || format!("/{name}");
        problems.check(Row::FIELDS.contains(&name.as_str()), || {
            Problem::new(at(), "unknown_field", "未知字段", "a row has no such field")
        });
        problems.check(value.is_string(), || Problem::new(at(), "not_text", "应为文本", "must be text"));
    }
    problems.into_result(Row::read(|name| object.get(name).and_then(Value::as_str).unwrap_or_default()))
}

/// A criterion as JSON: its row, law, kind and limits, with the words of both languages; decimals keep their digits.
#[must_use]
pub fn criterion_json(criterion: &Criterion) -> Value {
    let basis = &criterion.basis;
    let mut object = json!({
        "row": basis.row,
        "standard": basis.standard,
        "clause": basis.clause,
        "valid_from": basis.valid_from.map(|date| date.to_string()),
        "valid_to": basis.valid_to.map(|date| date.to_string()),
        "origin": basis.origin.code(),
        "kind": criterion.rule.kind().code(),
        "unit": criterion.unit.map(|unit| unit.to_string()),
        "matter": criterion.matter.code(),
        "total_suffices": criterion.total_suffices,
    });
    let limits = match &criterion.rule {
        Rule::Max(limit) | Rule::Min(limit) => json!({"limit": limit.to_string()}),
        Rule::Range { low, high } => json!({"limit": low.to_string(), "limit_high": high.to_string()}),
        Rule::NotDetected { required_lod } | Rule::NotUsed { required_lod } => {
            json!({"required_lod": required_lod.map(|lod| lod.to_string())})
        }
        Rule::Micro(plan) => {
            let upper = plan.upper.map(|upper| upper.to_string());
            json!({"n": plan.n, "c": plan.c, "m": plan.m.to_string(), "upper": upper})
        }
        Rule::Declared { tolerance } => json!({"tolerance": tolerance.to_string()}),
        Rule::RatioSum { maxima, total } => {
            let maxima: Vec<String> = maxima.iter().map(ToString::to_string).collect();
            json!({"maxima": maxima, "limit": total.to_string()})
        }
        Rule::Qualitative { required } => json!({"limit": required}),
    };
    if let (Some(object), Value::Object(limits)) = (object.as_object_mut(), limits) {
        object.extend(limits);
    }
    object
}
