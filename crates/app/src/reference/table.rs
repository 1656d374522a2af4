//! A CSV table with a header, read by the names of its columns; what cannot be read becomes a problem of its row.

use hege_core::{Problem, Problems};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// A row, with the place it is named by: `/regions/330106`.
pub(crate) struct Row {
    pub(crate) at: String,
    fields: BTreeMap<String, String>,
}

/// The rows of a table; each is named by its field in the column `key`.
pub(crate) fn rows((name, key): (&str, &str), text: &str, problems: &mut Problems) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    let mut rows: Vec<Row> = Vec::new();
    for (index, record) in reader.records().enumerate() {
        // A record of another length than the header is an error of the reader's.
        let Ok(record) = record else {
            problems.push(unreadable(format!("/{name}/line {}", index + 2)));
            continue;
        };
        let fields: BTreeMap<_, _> = header.iter().zip(&record).map(|(h, f)| (h.to_owned(), f.to_owned())).collect();
        let at = format!("/{name}/{}", fields.get(key).map_or("", String::as_str));
        problems.check(rows.iter().all(|row| row.at != at), || {
            Problem::new(&at, "row_twice", "同一行出现两次", "the row stands twice")
        });
        rows.push(Row { at, fields });
    }
    problems
        .check(!rows.is_empty(), || Problem::new(format!("/{name}"), "table_empty", "表为空", "the table is empty"));
    rows
}

fn unreadable(at: String) -> Problem {
    Problem::new(at, "unreadable", "不能识别", "cannot be read")
}

impl Row {
    /// A field's text; empty where there is none.
    pub(crate) fn text(&self, column: &str) -> &str {
        self.fields.get(column).map_or("", String::as_str)
    }

    /// A text that must be there.
    pub(crate) fn needed(&self, column: &str, problems: &mut Problems) -> String {
        let text = self.text(column);
        problems
            .check(!text.is_empty(), || Problem::new(format!("{}/{column}", self.at), "required", "必填", "required"));
        text.to_owned()
    }

    /// A field that must be there and be read.
    pub(crate) fn parse<T: FromStr>(&self, column: &str, problems: &mut Problems) -> Option<T> {
        let value = self.text(column).parse().ok();
        problems.check(value.is_some(), || unreadable(format!("{}/{column}", self.at)));
        value
    }

    /// A field that may be empty: none then, and `Some(None)` only when it is.
    pub(crate) fn optional<T: FromStr>(&self, column: &str, problems: &mut Problems) -> Option<Option<T>> {
        if self.text(column).is_empty() { Some(None) } else { self.parse(column, problems).map(Some) }
    }

    /// `yes` or `no`.
    pub(crate) fn flag(&self, column: &str, problems: &mut Problems) -> Option<bool> {
        let value = match self.text(column) {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        problems.check(value.is_some(), || unreadable(format!("{}/{column}", self.at)));
        value
    }

    /// Words separated by spaces, at least one.
    pub(crate) fn words<T: FromStr + Ord>(&self, column: &str, problems: &mut Problems) -> Option<BTreeSet<T>> {
        let words: Option<_> = self.text(column).split_whitespace().map(|word| word.parse().ok()).collect();
        let words = words.filter(|words: &BTreeSet<T>| !words.is_empty());
        problems.check(words.is_some(), || unreadable(format!("{}/{column}", self.at)));
        words
    }

    /// A problem of one of its fields.
    pub(crate) fn problem(&self, column: &str, (code, zh, en): (&'static str, &str, &str)) -> Problem {
        Problem::new(format!("{}/{column}", self.at), code, zh, en)
    }
}
