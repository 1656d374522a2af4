//! 官方表格: the workbooks that laboratories exchange with the national system. Their headers repeat, so a column is known by
//! its place (`data/official-columns.csv`).

use super::columns::{Column, column, plain};
use crate::reference::{Row, rows};
use hege_core::units::fold;
use hege_core::{Problem, Problems};
use hege_sampling::words::DateKind;
use std::collections::BTreeMap;
use std::sync::LazyLock;

hege_core::words! {
    /// An official workbook.
    pub enum Book {
        SamplingForm = "sampling_form", "抽样单", "sampling form";
        Results = "results", "检验结果", "results";
    }
}

/// A column of an official workbook.
#[derive(Debug)]
pub(super) struct Place {
    /// As it is printed.
    pub(super) header: String,
    /// The column that it is; with `~` before it where it follows from others; empty where a sample keeps nothing of it.
    pub(super) code: String,
}

impl Place {
    /// The column that is read from it.
    pub(super) fn read(&self) -> Option<&'static Column> {
        // The date of production says the deciding date where that cell is empty.
        let code = if self.code == "~production_date" { "date" } else { self.code.as_str() };
        column(code)
    }
}

impl Book {
    /// Its columns in their order.
    pub(super) fn places(self) -> &'static [Place] {
        static BOOKS: LazyLock<BTreeMap<Book, Vec<Place>>> = LazyLock::new(|| {
            let mut problems = Problems::new();
            let table =
                rows(("official-columns", "place"), include_str!("../../data/official-columns.csv"), &mut problems);
            let of = |book: Book| table.iter().filter(|row| row.text("list") == book.code()).map(place).collect();
            Book::ALL.iter().map(|book| (*book, of(*book))).collect()
        });
        BOOKS.get(&self).map_or(&[], Vec::as_slice)
    }

    /// The book of a header, and what is wrong with it. A workbook of results that is not the official one to the letter is
    /// read by the names of its columns, which do not repeat; a sampling form cannot be.
    ///
    /// # Errors
    /// Each place of a sampling form at which another column stands.
    pub(super) fn of(header: &[&str]) -> Result<Option<Self>, Problems> {
        let width = header.iter().rposition(|name| !plain(name).is_empty()).map_or(0, |last| last + 1);
        let header = header.get(..width).unwrap_or_default();
        for book in Self::ALL.iter().copied() {
            let differing = book.differing(header);
            if differing.is_empty() {
                return Ok(Some(book));
            }
            let is_near = width.abs_diff(book.places().len()) <= 3 && differing.len() * 4 <= book.places().len();
            if book == Self::SamplingForm && is_near {
                let mut problems = Problems::new();
                differing.into_iter().for_each(|problem| problems.push(problem));
                return Err(problems);
            }
        }
        Ok(None)
    }

    fn differing(self, header: &[&str]) -> Vec<Problem> {
        let places = self.places();
        let beyond = header.len().saturating_sub(places.len());
        let wrong = places.iter().enumerate().filter(|(index, place)| {
            let name = header.get(*index).map_or("", |name| plain(name));
            fold(name) != fold(plain(&place.header))
        });
        let other = wrong.map(|(index, place)| {
            let expected = plain(&place.header);
            let (zh, en) =
                (format!("官方表格此列应为“{expected}”"), format!("\"{expected}\" stands here in the official form"));
            Problem::new(format!("/header/{}", index + 1), "column_out_of_place", zh, en)
        });
        let more = (0..beyond).map(|index| {
            let at = format!("/header/{}", places.len() + index + 1);
            Problem::new(at, "column_out_of_place", "官方表格没有此列", "the official form has no such column")
        });
        other.chain(more).collect()
    }
}

fn place(row: &Row) -> Place {
    Place { header: row.text("header").to_owned(), code: row.text("code").to_owned() }
}

/// The brackets in which the sector stands behind the stage.
const BRACKETS: [char; 2] = ['（', '('];

/// Takes apart what one official cell says of two fields: `种植养殖（农业）`, and in a sampling form `生产日期 2025-06-15`. A date
/// of a sampling form that says no kind is that of its header: of purchase.
pub(super) fn unfold(book: Book, cells: &mut BTreeMap<&'static str, String>) {
    if let Some((stage, sector)) = cells.get("stage").and_then(|text| text.split_once(BRACKETS)) {
        let (stage, sector) = (stage.trim().to_owned(), sector.trim_end_matches(['）', ')']).trim().to_owned());
        cells.insert("stage", stage);
        cells.insert("sector", sector);
    }
    if book != Book::SamplingForm {
        return;
    }
    if let Some(text) = cells.get("date").cloned() {
        let kind = DateKind::ALL.iter().find(|kind| text.starts_with(kind.zh()));
        let rest = kind.map_or(text.as_str(), |kind| text.trim_start_matches(kind.zh()));
        cells.insert("date", rest.trim_start_matches(['：', ':', ' ']).trim().to_owned());
        cells.insert("date_kind", kind.unwrap_or(&DateKind::Purchase).code().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(book: Book) -> Vec<&'static str> {
        book.places().iter().map(|place| place.header.as_str()).collect()
    }

    #[test]
    fn the_official_workbooks_have_77_and_86_columns_and_each_is_known_or_follows_or_is_passed_over() {
        assert_eq!([Book::SamplingForm, Book::Results].map(|book| book.places().len()), [77, 86]);
        for place in Book::ALL.iter().flat_map(|book| book.places()) {
            let is_known = place.code.is_empty() || place.code.starts_with('~') || column(&place.code).is_some();
            assert!(is_known, "{} is {}", place.header, place.code);
        }
        assert!(Book::SamplingForm.places().iter().all(|place| column(&place.code).is_some()), "nothing is lost");
    }

    #[test]
    fn a_book_is_known_by_its_places_and_a_column_out_of_place_is_named() {
        for book in Book::ALL.iter().copied() {
            let mut names = header(book);
            assert_eq!(Book::of(&names).unwrap(), Some(book));
            names.extend(["", " "]);
            assert_eq!(Book::of(&names).unwrap(), Some(book), "empty columns behind it");
        }
        let mut form = header(Book::SamplingForm);
        form[11] = "地址";
        form.push("更多");
        let problems = Book::of(&form).unwrap_err();
        let told: Vec<_> = problems.as_slice().iter().map(|problem| (problem.pointer.as_str(), problem.code)).collect();
        assert_eq!(told, [("/header/12", "column_out_of_place"), ("/header/78", "column_out_of_place")]);
        assert!(problems.as_slice()[0].zh.contains("单位地址"));
        form.swap(1, 2);
        assert_eq!(Book::of(&form).unwrap_err().as_slice().len(), 4);
        let mut results = header(Book::Results);
        results.swap(0, 1);
        assert_eq!(Book::of(&results).unwrap(), None, "read by names");
        assert_eq!(Book::of(&["抽样单编号", "检验项目"]).unwrap(), None);
        assert_eq!(Book::of(&[]).unwrap(), None);
    }

    #[test]
    fn one_cell_says_stage_and_sector_and_kind_and_date() {
        let unfolded = |book, stage: &str, date: &str| {
            let mut cells = BTreeMap::from([("stage", stage.to_owned()), ("date", date.to_owned())]);
            unfold(book, &mut cells);
            ["stage", "sector", "date_kind", "date"].map(|code| cells.get(code).cloned().unwrap_or_default())
        };
        use Book::{Results, SamplingForm};
        assert_eq!(
            unfolded(SamplingForm, "种植养殖（农业）", "生产日期 2025-06-15"),
            ["种植养殖", "农业", "production", "2025-06-15"]
        );
        assert_eq!(unfolded(SamplingForm, "流通", "2025-06-15"), ["流通", "", "purchase", "2025-06-15"]);
        assert_eq!(unfolded(SamplingForm, "farm(渔业)", "采收日期：45366"), ["farm", "渔业", "harvest", "45366"]);
        assert_eq!(unfolded(Results, "流通", "2025-06-15"), ["流通", "", "", "2025-06-15"]);
    }
}
