//! What an empty database is given: regions, calendars, the plan of 2013, rules of deadlines, the catalogue of limits. Loading twice
//! changes nothing.

use crate::alerts::NewId;
use crate::criteria;
use crate::deadlines;
use crate::indicators;
use crate::plans::{self, Target, YearPlan};
use crate::reference::{self, Reference, Region, Regions};
use crate::sessions::SESSION_ACTIONS;
use crate::{DataKey, Error, Mark};
use hege_core::RegionCode;
use hege_core::calendar::Calendar;
use hege_store::audit::audit_latest;
use hege_store::plans::plans_list;
use hege_store::regions::{
    CalendarDay, Region as RegionRow, calendar_list, calendar_put, calendar_since, regions_list, regions_put,
    setting_get, setting_put,
};
use hege_store::types::Day;
use hege_store::{Conn, Error as StoreError, Store};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Under this key the database says whose it is.
const PROGRAM: &str = "program";
/// Under this key stands the clock of a demonstration's worker and board.
const DEMO_NOW: &str = "demo_now";
/// Under this key stands something sealed, so that another key is noticed before it seals anything.
const DATA_KEY: &str = "data_key";
/// Under this key a demonstration says that it is whole.
const DEMO_FILLED: &str = "demo_filled";

/// The reference data that ship with the program.
///
/// # Errors
/// [`Error::Internal`]; a test holds that there is none.
pub fn shipped() -> Result<&'static Reference, Error> {
    reference::shipped().map_err(|problems| {
        Error::Internal(format!("the shipped reference data have {} problems", problems.as_slice().len()))
    })
}

/// Loads what is not there yet.
///
/// # Errors
/// Those of the store.
pub fn load(store: &Store, at: Timestamp, new_id: NewId<'_>) -> Result<(), Error> {
    let mark = || Mark { person: None, at, audit_id: new_id() };
    let shipped = shipped()?;
    let regions: Vec<RegionRow> = shipped.regions.iter().map(region_row).collect();
    let days = shipped.days.iter().map(|day| CalendarDay {
        day: Day(day.day),
        year: i32::from(day.day.year()),
        kind: day.kind.code().to_owned(),
        source: day.source.clone(),
    });
    let days: Vec<CalendarDay> = days.collect();
    store.write(|conn| {
        if setting_get(conn, PROGRAM)?.is_none() {
            setting_put(conn, PROGRAM, json!("hege"))?;
        }
        regions_put(conn, &regions)?;
        // A year that is there may have been loaded anew since: it is whole as it is.
        let known: BTreeSet<i32> = calendar_list(conn)?.into_iter().map(|day| day.year).collect();
        let new: Vec<CalendarDay> = days.iter().filter(|day| !known.contains(&day.year)).cloned().collect();
        Ok::<_, Error>(calendar_put(conn, &new)?)
    })?;
    let known = store.read(|conn| Ok::<_, Error>(plans_list(conn)?))?;
    for plan in shipped.plans.iter().filter(|plan| !plan.demo) {
        if known.iter().all(|known| known.id.0 != plan.id.0) {
            match plans::put(store, &year_plan(plan, known.is_empty()), mark()) {
                // Another server that starts at the same time has put it.
                Ok(()) | Err(Error::Store(StoreError::Duplicate(_))) => {}
                Err(error) => return Err(error),
            }
        }
    }
    for plan in shipped.plans.iter().filter(|plan| plan.year == 2013) {
        indicators::load(store, plan.id, mark())?;
    }
    deadlines::load(store, mark())?;
    criteria::load(store, mark())
}

/// Refuses another data key than that with which the database began; remembers the first.
///
/// # Errors
/// [`Error::Personal`] for another key; those of the store.
pub fn check_data_key(store: &Store, key: &DataKey) -> Result<(), Error> {
    let place = format!("setting/{DATA_KEY}");
    let sealed = key.seal(&place, PROGRAM.as_bytes()).map_err(|_refused| Error::Personal)?;
    store.write(|conn| match setting_get(conn, DATA_KEY)? {
        None => Ok(setting_put(conn, DATA_KEY, json!(sealed))?),
        Some(known) => {
            let known: Vec<u8> = serde_json::from_value(known).map_err(|_altered| StoreError::Corrupt("setting"))?;
            key.open(&place, &known).map(drop).map_err(|_other_key| Error::Personal)
        }
    })
}

/// Whether the database says that it is this program's.
///
/// # Errors
/// Those of the store.
pub fn is_ours(store: &Store) -> Result<bool, Error> {
    Ok(store.read(|conn| Ok::<_, Error>(setting_get(conn, PROGRAM)?))? == Some(json!("hege")))
}

fn region_row(region: &Region) -> RegionRow {
    RegionRow {
        code: i32::try_from(region.code.get()).unwrap_or(i32::MAX),
        name: region.name.clone(),
        valid_from: region.valid_from.map(Day),
        valid_to: region.valid_to.map(Day),
    }
}

/// A shipped plan with the first version of its targets, held from the beginning of its year.
#[must_use]
pub fn year_plan(plan: &reference::Plan, current: bool) -> YearPlan {
    let first = date(plan.year, 1, 1).at(0, 0, 0, 0);
    let valid_from = hege_core::date::CHINA.to_timestamp(first).unwrap_or(Timestamp::UNIX_EPOCH);
    let targets = plan.targets.iter().map(|target| Target {
        stage: target.stage,
        version: 1,
        basis_points: target.basis_points,
        min_n: target.min_n,
        planned_n: target.planned_n,
        counting: target.counting.clone(),
        clause: format!("{} {}", target.clause, target.words),
        valid_from,
    });
    YearPlan {
        id: plan.id,
        year: plan.year,
        title: plan.title.clone(),
        demo: plan.demo,
        current,
        revision: 1,
        targets: targets.collect(),
    }
}

/// The regions as the database knows them.
///
/// # Errors
/// Those of the store.
pub fn regions(store: &Store) -> Result<Regions, Error> {
    let rows = store.read(|conn| Ok::<_, Error>(regions_list(conn)?))?;
    let region = |row: RegionRow| {
        let code = u32::try_from(row.code).ok().and_then(|code| RegionCode::new(code).ok());
        Ok::<_, Error>(Region {
            code: code.ok_or(StoreError::Corrupt("region"))?,
            name: row.name,
            valid_from: row.valid_from.map(|day| day.0),
            valid_to: row.valid_to.map(|day| day.0),
            source: String::new(),
        })
    };
    rows.into_iter().map(region).collect()
}

/// The calendar of working days as the database knows it.
///
/// # Errors
/// Those of the store.
pub fn calendar(store: &Store) -> Result<Calendar, Error> {
    store.read(calendar_of)
}

/// The same within a transaction.
pub(crate) fn calendar_of(conn: &mut Conn) -> Result<Calendar, Error> {
    in_years(&calendar_list(conn)?)
}

/// The same from the year of a day on: nothing that follows that day asks for more.
pub(crate) fn calendar_from(conn: &mut Conn, day: Date) -> Result<Calendar, Error> {
    in_years(&calendar_since(conn, Day(day.first_of_year()))?)
}

fn in_years(days: &[CalendarDay]) -> Result<Calendar, Error> {
    let mut calendar = Calendar::default();
    let mut years: Vec<i32> = days.iter().map(|day| day.year).collect();
    years.dedup();
    for year in years {
        let of = |kind: &'static str| days.iter().filter(move |day| day.year == year && day.kind == kind);
        let year = i16::try_from(year).map_err(|_no_year| StoreError::Corrupt("calendar_day"))?;
        calendar.load(year, of("holiday").map(|day| day.day.0), of("workday").map(|day| day.day.0));
    }
    Ok(calendar)
}

/// The clock of a demonstration's worker and board; none where the database is no demonstration.
///
/// # Errors
/// Those of the store.
pub fn demo_now(store: &Store) -> Result<Option<Timestamp>, Error> {
    let value = store.read(|conn| Ok::<_, Error>(setting_get(conn, DEMO_NOW)?))?;
    let instant = |value: Value| value.as_str().and_then(|text| text.parse().ok());
    value.map(|value| instant(value).ok_or(StoreError::Corrupt("setting").into())).transpose()
}

/// Where a demonstration's clock goes on: at `demo_now`, or after whatever a person did since. None where the database is no
/// demonstration.
///
/// # Errors
/// Those of the store.
pub fn demo_clock(store: &Store) -> Result<Option<Timestamp>, Error> {
    let Some(begins) = demo_now(store)? else { return Ok(None) };
    let latest = store.read(|conn| Ok::<_, Error>(audit_latest(conn, &SESSION_ACTIONS)?))?;
    Ok(Some(latest.map_or(begins, |latest| latest.0.max(begins))))
}

/// Whether the database is a demonstration that was filled to its end.
///
/// # Errors
/// Those of the store.
pub fn is_demo_filled(store: &Store) -> Result<bool, Error> {
    Ok(store.read(|conn| Ok::<_, Error>(setting_get(conn, DEMO_FILLED)?))?.is_some())
}

/// Says that the demonstration is whole.
///
/// # Errors
/// Those of the store.
pub fn set_demo_filled(store: &Store) -> Result<(), Error> {
    store.write(|conn| Ok::<_, Error>(setting_put(conn, DEMO_FILLED, json!(true))?))
}

/// Makes the database a demonstration whose clock stands at `now`.
///
/// # Errors
/// Those of the store.
pub fn set_demo_now(store: &Store, now: Timestamp) -> Result<(), Error> {
    store.write(|conn| Ok::<_, Error>(setting_put(conn, DEMO_NOW, json!(now.to_string()))?))
}
