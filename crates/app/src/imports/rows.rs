//! Rows of a file as cells by column, and what is wrong with a row whatever it means; the rows of a sample together.

use super::columns::{Column, Layout, Of, column};
use super::official::unfold;
use hege_core::date::read_date;
use hege_store::imports::ImportRow;
use hege_store::types::{Doc, Id};
use hege_tables::{CellKind, Row};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of one sample: more items than anybody tests, and what a write job may hold.
pub(super) const ROWS_MAX: usize = 200;
/// Characters of a cell.
const TEXT_MAX: usize = 2_000;
/// Digits that a number of a spreadsheet keeps.
const DIGITS: usize = 15;

/// Something said of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) column: String,
    pub(super) code: String,
    pub(super) zh: String,
    pub(super) en: String,
    /// It keeps the sample out.
    pub(super) refuses: bool,
}

impl Said {
    pub(super) fn refusal(column: &str, code: &str, (zh, en): (&str, &str)) -> Self {
        let (zh, en) = (zh.to_owned(), en.to_owned());
        Self { column: column.to_owned(), code: code.to_owned(), zh, en, refuses: true }
    }

    pub(super) fn doubt(column: &str, code: &str, words: (&str, &str)) -> Self {
        Self { refuses: false, ..Self::refusal(column, code, words) }
    }
}

/// A row of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct FileRow {
    pub(super) number: i64,
    pub(super) cells: BTreeMap<&'static str, String>,
    pub(super) said: Vec<Said>,
}

impl FileRow {
    /// Reads a row. Counts into `numbers` the values that were typed as numbers, whose last zeros are lost.
    pub(super) fn read(row: &Row<'_>, layout: &Layout, (is_text, numbers): (bool, &mut u64)) -> Self {
        let mut read = Self { number: i64::try_from(row.number).unwrap_or(i64::MAX), ..Self::default() };
        let width = layout.width();
        let beyond = row.cells.get(width..).unwrap_or_default();
        if beyond.iter().any(|cell| !cell.text.trim().is_empty()) || (is_text && !beyond.is_empty()) {
            let (zh, en) = (format!("多于表头的 {width} 列"), format!("more fields than the header's {width}"));
            read.said.push(Said::refusal("", "too_many_fields", (&zh, &en)));
        }
        if is_text && row.cells.len() < width {
            let (zh, en) = (format!("少于表头的 {width} 列"), format!("fewer fields than the header's {width}"));
            read.said.push(Said::refusal("", "too_few_fields", (&zh, &en)));
        }
        for (place, cell) in row.cells.iter().enumerate() {
            let Some(column) = layout.at(place) else { continue };
            let text = cell.text.trim();
            *numbers += u64::from(column.of == Of::Value && cell.kind == CellKind::Number);
            read.said.extend(wrong(column, text, cell.kind));
            if !text.is_empty() {
                // Two places of an official workbook may say the same: the first one that says something.
                read.cells.entry(column.code).or_insert_with(|| text.to_owned());
            }
        }
        if let Some(book) = layout.book() {
            unfold(book, &mut read.cells);
        }
        read
    }

    /// A cell's text; none where it is blank.
    pub(super) fn get(&self, code: &str) -> Option<&str> {
        self.cells.get(code).map(String::as_str)
    }

    /// A cell that states something.
    pub(super) fn stated(&self, code: &str) -> Option<&str> {
        self.get(code).filter(|text| !matches!(*text, "/" | "／" | "-" | "—" | "--" | "——"))
    }

    /// What is kept of what was said of the row; none where nothing was.
    pub(super) fn told(&self, (city, import): (i32, Id), layout: &Layout) -> Option<ImportRow> {
        if self.said.is_empty() {
            return None;
        }
        let verdict = if self.said.iter().any(|said| said.refuses) { "rejected" } else { "warned" };
        let problems = self.said.iter().map(|said| self.told_of(said, layout)).collect();
        Some(ImportRow {
            city,
            import_id: import,
            number: self.number,
            verdict: verdict.to_owned(),
            form_no: self.get("form_no").unwrap_or_default().chars().take(60).filter(|c| !c.is_control()).collect(),
            problems: Doc(Json::Array(problems)),
        })
    }

    fn told_of(&self, said: &Said, layout: &Layout) -> Json {
        // What a personal field holds is repeated nowhere, and neither is what no text can hold.
        let is_personal = column(&said.column).is_some_and(|column| column.of == Of::Personal);
        let value: String = match self.get(&said.column) {
            Some(_) if is_personal => "***".to_owned(),
            Some(text) => text.chars().take(200).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect(),
            None => String::new(),
        };
        let name = if said.column.is_empty() { "" } else { layout.name_of(&said.column) };
        json!({"column": name, "value": value, "code": said.code, "zh": said.zh, "en": said.en})
    }
}

/// What is wrong with a cell whatever it means.
fn wrong(column: &Column, text: &str, kind: CellKind) -> Option<Said> {
    let told = |code, words| Some(Said::refusal(column.code, code, words));
    let is_number_lost = |text: &str| {
        let mantissa = text.split(['E', 'e']).next().unwrap_or_default();
        let is_plain = !mantissa.is_empty() && mantissa.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        is_plain && mantissa.len() < text.len() && text.contains("E+")
    };
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    match kind {
        CellKind::Error => told("spreadsheet_error", ("单元格为错误值", "the cell holds an error of the spreadsheet")),
        CellKind::Formula if column.of == Of::Value => told(
            "formula",
            ("检验结果与限量不得为公式，请粘贴为数值", "a result or limit is no formula: paste it as a value"),
        ),
        CellKind::Date if column.of == Of::Value => {
            told("date_not_number", ("应为数值，却是日期", "a date stands where a number belongs"))
        }
        CellKind::Number if digits > DIGITS && column.of != Of::Value => told(
            "digits_lost",
            (
                "以数值存储的长编号已丢失末位数字，请设为文本",
                "a long number stored as a number has lost digits; make the cell text",
            ),
        ),
        _ if text.chars().count() > TEXT_MAX => told("bad_text", ("超过 2000 字", "more than 2000 characters")),
        _ if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) => {
            told("bad_text", ("含控制字符", "control characters"))
        }
        _ if column.of == Of::Value && !text.bytes().all(|b| b.is_ascii_digit()) && read_date(text).is_some() => {
            told("date_not_number", ("应为数值，却是日期", "a date stands where a number belongs"))
        }
        _ if !matches!(column.of, Of::Value | Of::Item) && is_number_lost(text) => {
            told("digits_lost", ("编号被表格软件写成科学记数法", "a spreadsheet has made a power of ten of the number"))
        }
        _ => None,
    }
}

/// Why the rows of a form number cannot be read as one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// They do not stand together.
    Scattered,
    /// There are too many.
    Long,
}

/// Looks at the form numbers before anything is read for good: what lies apart or has too many rows is known then. Eight
/// bytes a sample are kept while the file is gone through.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    seen: Vec<u64>,
    long: BTreeSet<u64>,
    last: Option<u64>,
    length: usize,
}

/// FNV-1a: the same on every machine, and no secret.
fn short(form_no: &str) -> u64 {
    form_no.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Numbers {
    pub(super) fn take(&mut self, form_no: &str) {
        let number = short(form_no);
        if self.last == Some(number) {
            self.length += 1;
        } else {
            self.seen.push(number);
            (self.last, self.length) = (Some(number), 1);
        }
        if self.length > ROWS_MAX {
            self.long.insert(number);
        }
    }

    /// The form numbers that are no one sample.
    pub(super) fn faults(mut self) -> Faults {
        self.seen.sort_unstable();
        let twice = self.seen.windows(2).filter_map(|pair| pair.first().filter(|first| pair.last() == Some(first)));
        let mut faults: BTreeMap<u64, Fault> = self.long.into_iter().map(|number| (number, Fault::Long)).collect();
        faults.extend(twice.map(|number| (*number, Fault::Scattered)));
        Faults(faults)
    }
}

/// The form numbers that are no one sample.
#[derive(Debug, Default)]
pub(super) struct Faults(BTreeMap<u64, Fault>);

impl Faults {
    /// What is said of each row of such a number.
    pub(super) fn of(&self, form_no: &str) -> Option<Said> {
        Some(match self.0.get(&short(form_no))? {
            Fault::Scattered => Said::refusal(
                "form_no",
                "not_consecutive",
                (
                    "同一抽样单的各行必须相邻，请按抽样单编号排序",
                    "the rows of one form must stand together: sort by form number",
                ),
            ),
            Fault::Long => {
                Said::refusal("form_no", "too_many_rows", ("一份抽样单超过 200 行", "one form has more than 200 rows"))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(numbers: &[&str]) -> Faults {
        let mut taken = Numbers::default();
        numbers.iter().for_each(|number| taken.take(number));
        taken.faults()
    }

    #[test]
    fn rows_that_stand_apart_are_told_wherever_they_stand() {
        let found = faults(&["a", "a", "b", "c", "b", "d"]);
        let code = |number| found.of(number).map(|said| said.code);
        assert_eq!(["a", "b", "c", "d"].map(code), [None, Some("not_consecutive".to_owned()), None, None]);
    }

    #[test]
    fn two_hundred_rows_are_a_sample_and_one_more_is_not() {
        assert_eq!(faults(&["a"; ROWS_MAX]).of("a"), None);
        assert_eq!(faults(&["a"; ROWS_MAX + 1]).of("a").unwrap().code, "too_many_rows");
    }

    #[test]
    fn a_cell_is_told_what_is_wrong_with_it_before_anybody_asks_what_it_means() {
        let code = |name: &str, text: &str, kind| wrong(column(name).unwrap(), text, kind).map(|said| said.code);
        let date = Some("date_not_number".to_owned());
        assert_eq!(code("result", "2019-08-05", CellKind::Date), date);
        assert_eq!(code("result", "2019/8/5", CellKind::Text), date);
        assert_eq!(code("result", "20190805", CellKind::Text), None);
        assert_eq!(code("date", "2019-08-05", CellKind::Date), None);
        assert_eq!(code("result", "2", CellKind::Formula).as_deref(), Some("formula"));
        assert_eq!(code("product_name", "2", CellKind::Formula), None);
        assert_eq!(code("result", "=1+1", CellKind::Text), None);
        assert_eq!(code("form_no", "1.23457E+13", CellKind::Text).as_deref(), Some("digits_lost"));
        assert_eq!(code("result", "1.2E+3", CellKind::Text), None);
        assert_eq!(code("form_no", "123456789012345", CellKind::Number), None);
        assert_eq!(code("form_no", "1234567890123456", CellKind::Number).as_deref(), Some("digits_lost"));
        assert_eq!(code("address", "a\u{1}b", CellKind::Text).as_deref(), Some("bad_text"));
        assert_eq!(code("address", &"演".repeat(2001), CellKind::Text).as_deref(), Some("bad_text"));
        assert_eq!(code("address", &"演".repeat(2000), CellKind::Text), None);
        assert_eq!(code("unit", "#DIV/0!", CellKind::Error).as_deref(), Some("spreadsheet_error"));
    }
}
