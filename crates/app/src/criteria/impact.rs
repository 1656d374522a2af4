//! What a new limit would change: stored results judged again as if it had been law all the time. Nothing is written.

use super::add::read;
use crate::results::{judged_word, rejudged};
use crate::{Error, Scope, Store, counties};
use hege_core::{City, Month, Problem, Problems, SampleId};
use hege_lab::Catalogue;
use hege_lab::catalogue::Row;
use hege_store::Error as StoreError;
use hege_store::criteria::criteria_list;
use hege_store::judged::{Judged, JudgedFilter, judged_items};
use hege_store::types::Id;

/// What is supposed to be law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supposed {
    /// A row of the catalogue, accepted or not, with another limit where one is given.
    Row {
        /// Its id.
        id: String,
        /// Another limit, in the row's unit.
        limit: Option<String>,
    },
    /// Every row of a standard, as the rows name it with its edition.
    Standard(String),
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is supposed to be law.
    pub supposed: Supposed,
    /// Months of sampling, both included.
    pub months: (Month, Month),
    /// Where the page before ended: sample and analyte.
    pub after: Option<(SampleId, String)>,
}

/// A result that would be judged otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The sample.
    pub sample: SampleId,
    /// 抽样单编号.
    pub form_no: String,
    /// The analyte.
    pub analyte: String,
    /// As reported, with its unit.
    pub reported: (Option<String>, Option<String>),
    /// Verdict and reason as stored.
    pub before: (String, String),
    /// Verdict and reason as they would be.
    pub after: (&'static str, &'static str),
}

/// A page of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Results of the page that were judged again.
    pub examined: usize,
    /// Those that would be judged otherwise.
    pub changed: Vec<Changed>,
    /// Where the next page begins; none after the last.
    pub next: Option<(SampleId, String)>,
}

/// Results that are read for a page.
const PAGE: usize = 1_000;

/// Judges a page of stored results again. Results held against a criterion that the laboratory stated are not asked about.
///
/// # Errors
/// [`Error::NotFound`] when there is no such row or standard; [`Error::Invalid`] at `?limit` for a limit that the row cannot have.
pub fn impact(store: &Store, scope: &Scope, (question, now): (&Question, &Catalogue)) -> Result<Page, Error> {
    let rows = supposed(store, &question.supposed)?;
    let then = now.supposing(&rows).map_err(|problems| Error::Invalid(at_limit(&problems)))?;
    let filter = JudgedFilter {
        months: (question.months.0.yyyymm(), question.months.1.yyyymm()),
        regions: counties(scope.region),
        stages: scope.stages.iter().copied().collect(),
        analytes: rows.iter().map(|row| row.analyte.clone()).collect(),
        after: question.after.as_ref().map(|(id, analyte)| (i32::from(id.city.get()), Id(id.uuid), analyte.clone())),
    };
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let judged = store.read(|conn| Ok::<_, Error>(judged_items(conn, &filter, limit)?))?;
    let last = judged.last().filter(|_| judged.len() == PAGE);
    let next = last.map(|last| Ok::<_, Error>((sample_of(last)?, last.analyte.clone()))).transpose()?;
    let is_about = |item: &&Judged| {
        let is_of = |row: &Row| {
            row.analyte == item.analyte && now.foods().path(&item.food_class).any(|class| class == row.food_class)
        };
        rows.iter().any(is_of)
    };
    let (mut examined, mut changed) = (0, Vec::new());
    for item in judged.iter().filter(is_about) {
        examined += 1;
        let judgement = rejudged(item, &then);
        let after = judged_word(judgement.verdict, &item.purpose);
        let before = (item.verdict.clone().unwrap_or_default(), item.reason.clone().unwrap_or_default());
        if before.0 != after {
            changed.push(Changed {
                sample: sample_of(item)?,
                form_no: item.form_no.clone(),
                analyte: item.analyte.clone(),
                reported: (item.reported.clone(), item.unit.clone()),
                before,
                after: (after, judgement.reason.code()),
            });
        }
    }
    Ok(Page { examined, changed, next })
}

fn sample_of(item: &Judged) -> Result<SampleId, Error> {
    let city = u16::try_from(item.city).ok().and_then(|city| City::new(city).ok());
    Ok(SampleId { city: city.ok_or(StoreError::Corrupt("sample"))?, uuid: item.id.0 })
}

fn at_limit(problems: &Problems) -> Problems {
    let mut moved = Problems::new();
    for problem in problems.as_slice() {
        moved.push(Problem { pointer: "?limit".to_owned(), ..problem.clone() });
    }
    moved
}

fn supposed(store: &Store, supposed: &Supposed) -> Result<Vec<Row>, Error> {
    let stored = store.read(|conn| Ok::<_, Error>(criteria_list(conn)?))?;
    let mut rows = read(&stored)?;
    match supposed {
        Supposed::Row { id, limit } => {
            rows.retain(|row| row.id == *id);
            if let Some((row, limit)) = rows.first_mut().zip(limit.as_ref()) {
                row.limit.clone_from(limit);
            }
        }
        Supposed::Standard(standard) => rows.retain(|row| row.standard == *standard),
    }
    if rows.is_empty() { Err(Error::NotFound) } else { Ok(rows) }
}
