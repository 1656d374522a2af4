//! 工作日历: the working days of a year, loaded from the State Council's notice. A year that is not loaded stays undetermined.

use crate::record::audit_own;
use crate::reference::{CalendarDay, check_calendar};
use crate::{Error, Mark};
use hege_core::{Problem, Problems};
use hege_store::regions::{CalendarDay as DayRow, calendar_list, calendar_replace, setting_put_seen, setting_revision};
use hege_store::types::Day;
use hege_store::{Conn, Error as StoreError, Store};
use serde_json::{Value, json};

/// A year's days that differ from Monday to Friday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Year {
    /// The year.
    pub year: i16,
    /// In order; empty while the year is not loaded.
    pub days: Vec<CalendarDay>,
    /// How often somebody loaded it; 0 for one that ships with the program or is not there.
    pub revision: i64,
}

/// Under this key stands how often a year was loaded.
fn key(year: i16) -> String {
    format!("calendar/{year}")
}

fn read(conn: &mut Conn, year: i16) -> Result<Year, Error> {
    let rows = calendar_list(conn)?.into_iter().filter(|row| row.year == i32::from(year));
    let day = |row: DayRow| {
        let kind = row.kind.parse().map_err(|_unknown| StoreError::Corrupt("calendar_day"))?;
        Ok::<_, Error>(CalendarDay { day: row.day.0, kind, source: row.source })
    };
    let days = rows.map(day).collect::<Result<_, _>>()?;
    Ok(Year { year, days, revision: setting_revision(conn, &key(year))? })
}

/// A year as it is loaded.
///
/// # Errors
/// Those of the store.
pub fn fetch(store: &Store, year: i16) -> Result<Year, Error> {
    store.read(|conn| read(conn, year))
}

fn listed(days: &[CalendarDay]) -> Value {
    days.iter().map(|day| json!([day.day.to_string(), day.kind.code()])).collect()
}

/// Loads a year, in the place of what was loaded of it at revision `seen`.
///
/// # Errors
/// [`Error::Invalid`] with every problem of the year; [`Error::Conflict`] when somebody was faster.
pub fn put(store: &Store, year: i16, (seen, days): (i64, &[CalendarDay]), mark: Mark) -> Result<Year, Error> {
    let mut problems: Problems = check_calendar(year, days);
    for (index, day) in days.iter().enumerate() {
        problems.check(!day.source.trim().is_empty(), || {
            Problem::new(format!("/days/{index}/source"), "required", "必填", "required")
        });
    }
    problems.into_result(()).map_err(Error::Invalid)?;
    let row = |day: &CalendarDay| DayRow {
        day: Day(day.day),
        year: i32::from(year),
        kind: day.kind.code().to_owned(),
        source: day.source.clone(),
    };
    let rows: Vec<DayRow> = days.iter().map(row).collect();
    let put = store.write(|conn| {
        let before = read(conn, year)?;
        if before.revision != seen || !setting_put_seen(conn, &key(year), json!(listed(days)), seen)? {
            return Err(Error::Conflict);
        }
        calendar_replace(conn, i32::from(year), &rows)?;
        let detail = json!({"year": year, "before": listed(&before.days), "after": listed(days)});
        audit_own(conn, &mark, ("calendar_loaded", Vec::new(), detail))?;
        read(conn, year)
    });
    match put {
        // Somebody loaded it for the first time after we had looked.
        Err(Error::Store(StoreError::Duplicate(_))) => Err(Error::Conflict),
        outcome => outcome,
    }
}
