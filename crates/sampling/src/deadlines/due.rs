//! By when: periods counted from an instant.

use super::rule::Period;
use super::words::Unit;
use hege_core::calendar::{Calendar, MissingYear};
use hege_core::date::{CHINA, china_date};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// By when something has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The last day, in China.
    pub on: Date,
    /// The first instant that is too late: the end of that day, or the very hour.
    pub at: Timestamp,
}

/// From which working day before the last one on a deadline is near: the two days before it, and itself.
const SOON: u8 = 2;

impl Due {
    /// Until the end of a day in China.
    ///
    /// # Errors
    /// [`MissingYear`] at the end of all calendars.
    pub fn end_of(on: Date) -> Result<Self, MissingYear> {
        let next = on.checked_add(1.day()).map_err(|_end_of_time| MissingYear(on.year()))?;
        let at = CHINA.to_timestamp(next.at(0, 0, 0, 0)).map_err(|_end_of_time| MissingYear(on.year()))?;
        Ok(Self { on, at })
    }

    /// Whether something that is done at this instant is done in time.
    #[must_use]
    pub fn is_met_by(self, done_at: Timestamp) -> bool {
        done_at < self.at
    }
}

/// The last day of a period of days or months that began on `start`, which is not counted.
pub(super) fn last_day(period: Period, start: Date, calendar: &Calendar) -> Result<Date, MissingYear> {
    let amount = i64::from(period.amount);
    let span = match period.unit {
        Unit::WorkingDays => return calendar.add_working_days(start, period.amount),
        Unit::Hours => amount.hours(),
        Unit::Days => amount.days(),
        Unit::Months => amount.months(),
    };
    let last = start.checked_add(span).map_err(|_end_of_time| MissingYear(start.year()))?;
    if !period.rolls || calendar.is_working_day(last)? { Ok(last) } else { calendar.add_working_days(last, 1) }
}

/// The end of a period that began at `start`. Days are China's; that of the beginning is not counted.
///
/// # Errors
/// [`MissingYear`] when the calendar of a year is not loaded that has to be known.
pub fn due(period: Period, start: Timestamp, calendar: &Calendar) -> Result<Due, MissingYear> {
    if period.unit == Unit::Hours {
        let hours = SignedDuration::from_hours(i64::from(period.amount));
        let at = start.checked_add(hours).map_err(|_end_of_time| MissingYear(china_date(start).year()))?;
        return Ok(Due { on: china_date(at), at });
    }
    Due::end_of(last_day(period, china_date(start), calendar)?)
}

/// Whether no more than two working days lie between `today` and the last day, which is counted. Days of a year whose calendar
/// is missing are taken for none: the warning comes early then.
#[must_use]
pub fn is_soon(today: Date, last: Date, calendar: &Calendar) -> bool {
    let mut worked = 0;
    let mut day = today;
    while day < last {
        let Ok(next) = day.checked_add(1.day()) else { return true };
        day = next;
        worked += u8::from(calendar.is_working_day(day).unwrap_or_default());
        if worked > SOON {
            return false;
        }
    }
    true
}
