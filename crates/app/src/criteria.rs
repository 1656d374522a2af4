//! 限量: the catalogue as the database holds it, what is added to it, and the acceptance of what is unverified.

mod add;
mod impact;

pub use add::{New, add};
pub use impact::{Changed, Page, Question, Supposed, impact};

use crate::catalogue::{build, row_json, shipped_rows};
use crate::record::audit_own;
use crate::{Error, Mark, Store};
use hege_lab::Catalogue;
use hege_lab::catalogue::Row;
use hege_store::audit::Audited;
pub use hege_store::criteria::CriterionRow;
use hege_store::criteria::{criteria_list, criteria_put, criteria_version, criterion_accept};
use hege_store::types::{Doc, Id, Ts};
use hege_store::{Conn, Error as StoreError};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(error.to_string())
}

/// Loads the shipped rows that are not there yet.
///
/// # Errors
/// Those of the store.
pub fn load(store: &Store, mark: Mark) -> Result<(), Error> {
    let (_, _, rows) = shipped_rows().map_err(internal)?;
    let rows: Vec<CriterionRow> = rows.iter().map(stored_row).collect();
    store.write(|conn| {
        let known: BTreeSet<String> = criteria_list(conn)?.into_iter().map(|row| row.id).collect();
        let new: Vec<CriterionRow> = rows.iter().filter(|row| !known.contains(&row.id)).cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        criteria_put(conn, &new)?;
        let touched = new.iter().map(Audited::touched).collect::<Result<Vec<_>, StoreError>>()?;
        audit_own(conn, &mark, ("criteria_loaded", touched, json!({"rows": new.len()})))
    })
}

fn stored_row(row: &Row) -> CriterionRow {
    CriterionRow {
        id: row.id.clone(),
        food_class: row.food_class.clone(),
        analyte: row.analyte.clone(),
        row: Doc(row_json(row)),
        verified: row.verified == "yes",
        accepted_by: None,
        accepted_at: None,
        revision: 1,
    }
}

fn catalogue(conn: &mut Conn) -> Result<Catalogue, Error> {
    let stored = criteria_list(conn)?;
    let rows = add::read(&stored)?;
    let accepted = stored.iter().filter(|row| row.accepted_by.is_some()).map(|row| row.id.as_str()).collect();
    let (catalogue, _warnings) = build(&rows, &accepted).map_err(internal)?;
    Ok(catalogue)
}

/// How often the rows had changed when a catalogue was built of them.
type Version = (i64, i64);

/// The catalogue in memory. It asks each time whether the database has another one by now, so that several servers agree.
#[derive(Debug, Default)]
pub struct Catalogues(RwLock<Option<(Version, Arc<Catalogue>)>>);

impl Catalogues {
    /// The catalogue in force.
    ///
    /// # Errors
    /// Those of the store; [`Error::Internal`] when its rows make no catalogue.
    pub fn get(&self, store: &Store) -> Result<Arc<Catalogue>, Error> {
        let version = store.read(|conn| Ok::<_, Error>(criteria_version(conn)?))?;
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, catalogue)) = known.filter(|(of, _)| *of == version) {
            return Ok(catalogue);
        }
        let built = Arc::new(store.read(catalogue)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((version, Arc::clone(&built)));
        Ok(built)
    }
}

/// The rows of a food class and an analyte, by code; every row when neither is named.
///
/// # Errors
/// Those of the store.
pub fn list(store: &Store, food_class: Option<&str>, analyte: Option<&str>) -> Result<Vec<CriterionRow>, Error> {
    let rows = store.read(|conn| Ok::<_, Error>(criteria_list(conn)?))?;
    let is_asked = |row: &CriterionRow| {
        food_class.is_none_or(|code| row.food_class == code) && analyte.is_none_or(|code| row.analyte == code)
    };
    Ok(rows.into_iter().filter(is_asked).collect())
}

/// An administrator accepts an unverified row: from now on it judges.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] when it changed meanwhile or needs no acceptance.
pub fn accept(store: &Store, (id, seen): (&str, i64), mark: Mark) -> Result<CriterionRow, Error> {
    let person = mark.person.ok_or(Error::NotFound)?;
    store.write(|conn| {
        let row = criteria_list(conn)?.into_iter().find(|row| row.id == id).ok_or(Error::NotFound)?;
        if row.verified || row.accepted_by.is_some() {
            return Err(Error::Conflict);
        }
        let row = criterion_accept(conn, (id, seen), (Id(person.0), Ts(mark.at)))?.ok_or(Error::Conflict)?;
        audit_own(conn, &mark, ("criterion_accepted", vec![row.touched()?], json!({"id": id})))?;
        Ok(row)
    })
}
