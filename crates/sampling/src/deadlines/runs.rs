//! Which days of a beginning lead to which last day: what a worklist of many samples is ordered and counted by.

use super::due::{is_soon, last_day};
use super::rule::Period;
use super::words::State;
use hege_core::calendar::{Calendar, MissingYear};
use jiff::ToSpan;
use jiff::civil::{Date, date};

/// Days of a beginning that have the same last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first of them.
    pub first: Date,
    /// The last of them.
    pub last: Date,
    /// The last day of what began on any of them.
    pub due: Result<Date, MissingYear>,
}

impl Run {
    /// By what runs are ordered: the last day or, where it is undetermined, the earliest that it can be. It never falls from
    /// one day of a beginning to the next.
    #[must_use]
    pub fn key(&self) -> Date {
        self.due.unwrap_or_else(|MissingYear(year)| date(year, 1, 1).max(self.first))
    }

    /// Where what is not done yet stands on a day.
    #[must_use]
    pub fn state(&self, today: Date, calendar: &Calendar) -> State {
        match self.due {
            Err(_) => State::Undetermined,
            Ok(last) if last < today => State::Overdue,
            Ok(last) if is_soon(today, last, calendar) => State::Soon,
            Ok(_) => State::Due,
        }
    }
}

/// The runs of the days from `first` to `last`, in order and without a gap. For periods in days and months.
#[must_use]
pub fn runs(period: Period, (first, last): (Date, Date), calendar: &Calendar) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut day = first;
    while day <= last {
        let due = last_day(period, day, calendar);
        match runs.last_mut() {
            Some(run) if run.due == due => run.last = day,
            _ => runs.push(Run { first: day, last: day, due }),
        }
        let Ok(next) = day.checked_add(1.day()) else { break };
        day = next;
    }
    runs
}
