//! 行政区划, 节假日, settings: what is loaded once and read often.

use crate::schema::{calendar_day, region, setting};
use crate::types::{Day, Doc};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use diesel::upsert::excluded;

/// A region with the days its code was good.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = region, treat_none_as_default_value = false)]
pub struct Region {
    /// GB/T 2260.
    pub code: i32,
    /// 名称.
    pub name: String,
    /// First day; none where it always was.
    pub valid_from: Option<Day>,
    /// Last day; none while it is.
    pub valid_to: Option<Day>,
}

/// A day that differs from Monday to Friday.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calendar_day)]
pub struct CalendarDay {
    /// The day.
    pub day: Day,
    /// The year whose calendar it belongs to.
    pub year: i32,
    /// `holiday` or `workday`.
    pub kind: String,
    /// Where that is written.
    pub source: String,
}

/// Puts regions that are not there yet; those that are stay as they are.
///
/// # Errors
/// Those of the database.
pub fn regions_put(conn: &mut Conn, rows: &[Region]) -> Result<(), Error> {
    // Row by row: SQLite knows no "on conflict" for many at once in Diesel.
    for row in rows {
        on!(conn, c => diesel::insert_into(region::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    Ok(())
}

/// Every region, by code.
///
/// # Errors
/// Those of the database.
pub fn regions_list(conn: &mut Conn) -> Result<Vec<Region>, Error> {
    Ok(on!(conn, c => region::table.order(region::code).select(Region::as_select()).load(c))?)
}

/// Puts days that are not there yet.
///
/// # Errors
/// Those of the database.
pub fn calendar_put(conn: &mut Conn, rows: &[CalendarDay]) -> Result<(), Error> {
    // Row by row: SQLite knows no "on conflict" for many at once in Diesel.
    for row in rows {
        on!(conn, c => diesel::insert_into(calendar_day::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    Ok(())
}

/// The days of the years that are loaded, from a day on.
///
/// # Errors
/// Those of the database.
pub fn calendar_since(conn: &mut Conn, day: Day) -> Result<Vec<CalendarDay>, Error> {
    Ok(on!(conn, c => calendar_day::table
        .filter(calendar_day::day.ge(day))
        .order(calendar_day::day)
        .select(CalendarDay::as_select())
        .load(c))?)
}

/// The days of every year that is loaded.
///
/// # Errors
/// Those of the database.
pub fn calendar_list(conn: &mut Conn) -> Result<Vec<CalendarDay>, Error> {
    Ok(on!(conn, c => calendar_day::table.order(calendar_day::day).select(CalendarDay::as_select()).load(c))?)
}

/// Replaces the days of a year.
///
/// # Errors
/// Those of the database.
pub fn calendar_replace(conn: &mut Conn, year: i32, rows: &[CalendarDay]) -> Result<(), Error> {
    on!(conn, c => diesel::delete(calendar_day::table.filter(calendar_day::year.eq(year))).execute(c))?;
    on!(conn, c => diesel::insert_into(calendar_day::table).values(rows).execute(c))?;
    Ok(())
}

/// How often a setting was set; 0 where it never was.
///
/// # Errors
/// Those of the database.
pub fn setting_revision(conn: &mut Conn, key: &str) -> Result<i64, Error> {
    let revision = on!(conn, c => setting::table.find(key).select(setting::revision).first(c).optional())?;
    Ok(revision.unwrap_or_default())
}

/// Sets a setting that still has the revision `seen`, 0 for one that never was set. False when somebody was faster.
///
/// # Errors
/// [`Error::Duplicate`] when somebody set it for the first time meanwhile.
pub fn setting_put_seen(conn: &mut Conn, key: &str, value: serde_json::Value, seen: i64) -> Result<bool, Error> {
    let value = Doc(value);
    let changed = if seen == 0 {
        let row = (setting::key.eq(key), setting::value.eq(value), setting::revision.eq(1_i64));
        on!(conn, c => diesel::insert_into(setting::table).values(&row).execute(c))?
    } else {
        on!(conn, c => diesel::update(setting::table.find(key).filter(setting::revision.eq(seen)))
            .set((setting::value.eq(value), setting::revision.eq(seen + 1)))
            .execute(c))?
    };
    Ok(changed == 1)
}

/// A setting's value.
///
/// # Errors
/// Those of the database.
pub fn setting_get(conn: &mut Conn, key: &str) -> Result<Option<serde_json::Value>, Error> {
    let value: Option<Doc> = on!(conn, c => setting::table.find(key).select(setting::value).first(c).optional())?;
    Ok(value.map(|Doc(value)| value))
}

/// Sets a setting.
///
/// # Errors
/// Those of the database.
pub fn setting_put(conn: &mut Conn, key: &str, value: serde_json::Value) -> Result<(), Error> {
    let row = (setting::key.eq(key), setting::value.eq(Doc(value)), setting::revision.eq(1_i64));
    on!(conn, c => diesel::insert_into(setting::table).values(&row)
        .on_conflict(setting::key)
        .do_update()
        .set((setting::value.eq(excluded(setting::value)), setting::revision.eq(setting::revision + 1)))
        .execute(c))?;
    Ok(())
}
