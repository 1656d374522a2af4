//! New limits: rows that are added, and the last day of those that they succeed. No row is changed in anything else.

use super::{CriterionRow, stored_row};
use crate::catalogue::{self, build, row_json, row_of_json};
use crate::given::placed;
use crate::record::audit_own;
use crate::{Error, Mark, Store};
use hege_core::{Problem, Problems};
use hege_lab::catalogue::Row;
use hege_store::Error as StoreError;
use hege_store::audit::Audited;
use hege_store::criteria::{criteria_list, criteria_put, criterion_end};
use hege_store::types::Doc;
use jiff::civil::Date;
use serde_json::json;
use std::collections::BTreeSet;

/// A row to add, with the row that it succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// The row. Whether it may judge is not the adder's to say: it is unverified until it is accepted.
    pub row: Row,
    /// Id and seen revision of the row that ends on the day before this one begins.
    pub supersedes: Option<(String, i64)>,
}

/// Why a row that was added may not judge yet.
const WHY: &str = "新增，待管理员接受 / added, to be accepted by an administrator";

/// Adds rows, all or none. Beside them stand the warnings that they bring: days without an edition.
///
/// # Errors
/// [`Error::Invalid`] with every problem of every row at `/rows/{index}/{field}`: what cannot be read, an id that is taken, a
/// class or analyte that is not known, two rows in force on one day, a succession that fits not; [`Error::Conflict`] when a row
/// that is superseded changed meanwhile.
pub fn add(store: &Store, new: &[New], mark: Mark) -> Result<(Vec<CriterionRow>, Vec<Problem>), Error> {
    let given: Vec<Row> = new
        .iter()
        .map(|new| Row { verified: "no".to_owned(), unverified_why: WHY.to_owned(), ..new.row.clone() })
        .collect();
    store.write(|conn| {
        let stored = criteria_list(conn)?;
        let mut problems = Problems::new();
        let mut rows = read(&stored)?;
        let (_, before) = build(&rows, &BTreeSet::new()).map_err(|error| Error::Internal(error.to_string()))?;
        let mut ended: Vec<(String, i64, Doc)> = Vec::new();
        for (index, (row, new)) in given.iter().zip(new).enumerate() {
            problems.check(is_id(&row.id), || at(index, "id", BAD_ID));
            problems.check(stored.iter().all(|known| known.id != row.id), || at(index, "id", TAKEN));
            let Some((id, seen)) = &new.supersedes else { continue };
            let Some(old) = rows.iter_mut().find(|old| old.id == *id) else {
                problems.push(at(index, "supersedes/id", NOT_THERE));
                continue;
            };
            if stored.iter().any(|known| known.id == *id && known.revision != *seen) {
                return Err(Error::Conflict);
            }
            match succeeded(old, row) {
                Ok(last) => {
                    old.valid_to = last.to_string();
                    ended.push((id.clone(), *seen, Doc(row_json(old))));
                }
                Err(problem) => problems.push(at(index, problem.0, (problem.1, problem.2, problem.3))),
            }
        }
        rows.extend(given.iter().cloned());
        let in_given = |id: &str| given.iter().position(|row| row.id == id);
        let after = match build(&rows, &BTreeSet::new()) {
            Ok((_, warnings)) => warnings,
            Err(catalogue::Error::Rows(found)) => {
                found.into_vec().into_iter().for_each(|problem| problems.push(placed(problem, in_given)));
                Vec::new()
            }
            Err(error) => return Err(Error::Internal(error.to_string())),
        };
        problems.into_result(()).map_err(Error::Invalid)?;
        let mut touched = Vec::new();
        for (id, seen, row) in ended {
            touched.push(criterion_end(conn, (&id, seen), row)?.ok_or(Error::Conflict)?.touched()?);
        }
        let added: Vec<CriterionRow> = given.iter().map(stored_row).collect();
        // Somebody who took an id meanwhile would be passed over in silence otherwise.
        if criteria_put(conn, &added)? != added.len() {
            return Err(Error::Conflict);
        }
        for row in &added {
            touched.push(row.touched()?);
        }
        let superseded: Vec<_> = new.iter().filter_map(|new| new.supersedes.as_ref().map(|(id, _)| id)).collect();
        let detail = json!({"ids": given.iter().map(|row| &row.id).collect::<Vec<_>>(), "superseded": superseded});
        audit_own(conn, &mark, ("criteria_added", touched, detail))?;
        let fresh = after.into_iter().filter(|warning| !before.contains(warning));
        Ok((added, fresh.map(|warning| placed(warning, in_given)).collect()))
    })
}

type Words = (&'static str, &'static str, &'static str);

const BAD_ID: Words =
    ("bad_id", "须为 1 至 32 位字母、数字、点、横线或下划线", "1 to 32 letters, digits, dots, hyphens or underscores");
const TAKEN: Words = ("id_taken", "编号已使用", "the id is taken");
const NOT_THERE: Words = ("criterion_unknown", "限量不存在", "there is no such row");

fn at(index: usize, field: &str, (code, zh, en): Words) -> Problem {
    Problem::new(format!("/rows/{index}/{field}"), code, zh, en)
}

fn is_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (1..=32).contains(&id.len()) && id.bytes().all(plain)
}

pub(super) fn read(stored: &[CriterionRow]) -> Result<Vec<Row>, Error> {
    let corrupt = || Error::from(StoreError::Corrupt("criterion"));
    let row = |stored: &CriterionRow| row_of_json(stored.row.0.as_object()?).ok();
    stored.iter().map(|stored| row(stored).ok_or_else(corrupt)).collect()
}

/// The last day of a row that another succeeds; or the field at fault with code and words.
fn succeeded(old: &Row, new: &Row) -> Result<Date, (&'static str, &'static str, &'static str, &'static str)> {
    let place = |row: &Row| [&row.food_class, &row.analyte, &row.declared_standard].map(|text| text.trim().to_owned());
    if place(old) != place(new) {
        let words = ("不是同一食品、项目与标准的限量", "not a limit of the same food, analyte and declared standard");
        return Err(("supersedes/id", "other_limit", words.0, words.1));
    }
    let from: Option<Date> = new.valid_from.trim().parse().ok();
    let last = from.and_then(|from| from.yesterday().ok());
    let last = last.ok_or(("valid_from", "required", "须填生效日期", "the first day in force is needed"))?;
    let begins: Option<Date> = old.valid_from.trim().parse().ok();
    let ends: Option<Date> = old.valid_to.trim().parse().ok();
    if begins.is_some_and(|begins| last < begins) || ends.is_some_and(|ends| ends < last) {
        let words = ("被取代的限量当日不在有效期内", "the row that is superseded is not in force on the day before");
        return Err(("valid_from", "not_in_force", words.0, words.1));
    }
    Ok(last)
}
