//! Data alerts about deadlines: too many steps that were not done in time, and a calendar that is missing for one.

use super::change::Changes;
use super::condition::{Condition, is_open, settle};
use super::{NewId, data, stored};
use crate::deadlines::{late_steps, missing_years};
use crate::{Error, PROVINCE, Store, plans, setup};
use hege_alerts::Rule;
use hege_alerts::data::{OVERDUE, calendar_missing};
use hege_core::date::china_date;
use jiff::Timestamp;
use jiff::civil::date;

/// How many days back a step may have fallen due to be counted.
const WINDOW: i32 = 30;

/// Looks at what fell due and at what waits, under the current plan. It reads a month of samples, and so is done now and then, not
/// after each conclusion. How many alerts were changed.
///
/// # Errors
/// Those of the store.
pub fn look_at_deadlines(store: &Store, now: Timestamp, new_id: NewId<'_>) -> Result<usize, Error> {
    let plan = match plans::fetch(store, None) {
        Ok(plan) => plan,
        Err(Error::NotFound) => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut changes = Changes::new(store, &plan, now, new_id);
    let (known, today) = (stored(store, &plan)?, china_date(now));
    let (late, missing, calendar) = store.read(|conn| {
        Ok::<_, Error>((late_steps(conn, today, WINDOW)?, missing_years(conn, today)?, setup::calendar_of(conn)?))
    })?;
    let mut conditions: Vec<Condition> = Vec::new();
    for (stage, (part, whole)) in late {
        let finding = OVERDUE.look(part, whole, is_open(&known, (Rule::Overdue, Some(stage), PROVINCE)));
        conditions.extend(finding.map(|finding| data::condition(&finding, Some(stage), PROVINCE)));
    }
    // One alert tells of the first year that is missing: when it is loaded and another is missing still, it stays.
    let own = calendar.is_working_day(date(today.year(), 1, 1)).is_ok();
    let first = missing.into_iter().chain((!own).then_some(today.year())).min();
    let finding = first.and_then(|year| calendar_missing(year, false));
    conditions.extend(finding.map(|finding| data::condition(&finding, None, PROVINCE)));
    settle(&mut changes, &known, &[Rule::Overdue, Rule::CalendarMissing], &conditions)?;
    Ok(changes.made())
}
