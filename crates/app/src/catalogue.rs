//! 限量库 as it ships with the program: `data/*.csv`, described in `data/README.md`.

use csv::{Reader, StringRecord};
use hege_core::Problems;
use hege_lab::catalogue::{Catalogue, FoodTree, Row};

/// Why the shipped catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file is not CSV.
    #[error("a file of the catalogue is not CSV")]
    Csv(#[from] csv::Error),
    /// Rows have problems.
    #[error("the catalogue has {} problems, first {}", .0.as_slice().len(), .0.as_slice().first().map(ToString::to_string).unwrap_or_default())]
    Rows(Problems),
}

/// The catalogue that ships with the program.
///
/// # Errors
/// [`Error`]; a test holds that there is none.
pub fn shipped() -> Result<Catalogue, Error> {
    let mut foods = FoodTree::default();
    for record in records(include_str!("../data/food-classes.csv"))? {
        foods.class(field(&record, 0), field(&record, 1), field(&record, 2));
    }
    for record in records(include_str!("../data/food-synonyms.csv"))? {
        foods.synonym(field(&record, 0), field(&record, 1));
    }
    let mut analytes = Vec::new();
    for record in records(include_str!("../data/analytes.csv"))? {
        let code = field(&record, 0);
        analytes.extend([code, field(&record, 1), field(&record, 2)].map(|name| (name.to_owned(), code.to_owned())));
    }
    for record in records(include_str!("../data/analyte-synonyms.csv"))? {
        analytes.push((field(&record, 0).to_owned(), field(&record, 1).to_owned()));
    }
    let rows: Vec<Row> = records(include_str!("../data/limits.csv"))?.iter().map(row).collect();
    Catalogue::build(foods, &analytes, &rows).map_err(Error::Rows)
}

fn records(text: &str) -> Result<Vec<StringRecord>, csv::Error> {
    Reader::from_reader(text.as_bytes()).records().collect()
}

fn field(record: &StringRecord, index: usize) -> &str {
    record.get(index).unwrap_or_default()
}

/// The columns of `limits.csv`, in its order; confidence, evidence and `unverified_why` are for its readers.
fn row(record: &StringRecord) -> Row {
    let text = |index| field(record, index).to_owned();
    Row {
        id: text(0),
        food_class: text(1),
        analyte: text(2),
        declared_standard: text(3),
        kind: text(4),
        limit: text(5),
        limit_high: text(6),
        tolerance: text(7),
        n: text(8),
        c: text(9),
        m: text(10),
        upper: text(11),
        unit: text(12),
        matter: text(13),
        total_suffices: text(14),
        standard: text(15),
        valid_from: text(16),
        valid_to: text(17),
        verified: text(20),
    }
}
