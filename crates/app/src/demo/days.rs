//! Working days and office hours of the demonstration's year, in China's time.

use hege_core::calendar::{Calendar, MissingYear};
use hege_core::date::CHINA;
use jiff::civil::{Date, Time};
use jiff::{Timestamp, ToSpan};

pub(super) struct WorkingDays(Vec<Date>);

impl WorkingDays {
    /// Every working day from `first` to `last`.
    pub(super) fn between(calendar: &Calendar, first: Date, last: Date) -> Result<Self, MissingYear> {
        let mut days = Vec::new();
        for day in first.series(1.day()).take_while(|day| *day <= last) {
            if calendar.is_working_day(day)? {
                days.push(day);
            }
        }
        Ok(Self(days))
    }

    /// Those of a month up to a day.
    pub(super) fn of_month(&self, month: i8, until: Date) -> Vec<Date> {
        self.0.iter().copied().filter(|day| day.month() == month && *day <= until).collect()
    }

    /// The `n`th working day after a day; none beyond the last one.
    pub(super) fn after(&self, day: Date, n: u32) -> Option<Date> {
        let next = self.0.partition_point(|other| *other <= day);
        let n = usize::try_from(n).ok()?;
        if n == 0 { Some(day) } else { self.0.get(next + n - 1).copied() }
    }
}

/// An instant of a day in China: minutes after midnight.
pub(super) fn at(day: Date, minute: u32) -> Option<Timestamp> {
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    CHINA.to_timestamp(day.to_datetime(Time::new(hour, minute, 0, 0).ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_by_the_calendar() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let calendar = &crate::reference::shipped().unwrap().calendar;
        let days = WorkingDays::between(calendar, date("2025-01-01"), date("2025-12-31")).unwrap();
        assert_eq!(days.0.len(), 248);
        assert_eq!(days.after(date("2025-09-30"), 1), Some(date("2025-10-09")));
        assert_eq!(days.after(date("2025-10-01"), 1), Some(date("2025-10-09")), "from a holiday too");
        assert_eq!(days.after(date("2025-10-09"), 0), Some(date("2025-10-09")));
        assert_eq!(days.after(date("2025-12-31"), 1), None);
        assert_eq!(
            days.of_month(2, date("2025-02-09")),
            [date("2025-02-05"), date("2025-02-06"), date("2025-02-07"), date("2025-02-08")]
        );
        assert_eq!(at(date("2025-01-01"), 450), "2024-12-31T23:30:00Z".parse().ok());
    }
}
