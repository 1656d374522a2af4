//! Working days by the State Council's calendar, which is data: a year that is not loaded is an error, never Monday to Friday.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use std::collections::{BTreeMap, BTreeSet};

/// The days of the loaded years that differ from Monday to Friday.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeMap<i16, Year>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Year {
    holidays: BTreeSet<Date>,
    workdays: BTreeSet<Date>,
}

/// The calendar of this year is not loaded: a deadline that needs it is undetermined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no calendar is loaded for {0}")]
pub struct MissingYear(pub i16);

impl Calendar {
    /// Loads (or loads again) a year: its public holidays, and the weekend days that are worked for them.
    pub fn load(
        &mut self,
        year: i16,
        holidays: impl IntoIterator<Item = Date>,
        workdays: impl IntoIterator<Item = Date>,
    ) {
        let of_year = |date: &Date| date.year() == year;
        let year_days = Year {
            holidays: holidays.into_iter().filter(of_year).collect(),
            workdays: workdays.into_iter().filter(of_year).collect(),
        };
        self.years.insert(year, year_days);
    }

    /// True when `date` is worked.
    ///
    /// # Errors
    /// [`MissingYear`] when its year is not loaded.
    pub fn is_working_day(&self, date: Date) -> Result<bool, MissingYear> {
        let year = self.years.get(&date.year()).ok_or(MissingYear(date.year()))?;
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        Ok(year.workdays.contains(&date) || (!weekend && !year.holidays.contains(&date)))
    }

    /// The `n`th working day after `start`; counting begins on the day after it (docs/DOMAIN.md 1.1). `n` = 0 is `start`.
    ///
    /// # Errors
    /// [`MissingYear`] when a year on the way is not loaded.
    pub fn add_working_days(&self, start: Date, n: u16) -> Result<Date, MissingYear> {
        let mut date = start;
        let mut left = n;
        while left > 0 {
            date = date.checked_add(1.day()).map_err(|_end_of_time| MissingYear(date.year()))?;
            if self.is_working_day(date)? {
                left -= 1;
            }
        }
        Ok(date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../tests/fixtures/vectors.json")).unwrap()
    }

    fn dates(value: &Value) -> Vec<Date> {
        value.as_array().unwrap().iter().map(date).collect()
    }

    fn date(value: &Value) -> Date {
        value.as_str().unwrap().parse().unwrap()
    }

    fn of_2013() -> Calendar {
        let vectors = vectors();
        let mut calendar = Calendar::default();
        let days = &vectors["calendar_2013"];
        calendar.load(2013, dates(&days["holidays"]), dates(&days["makeup_workdays"]));
        calendar
    }

    #[test]
    fn working_days_are_counted_by_the_calendar_of_the_year() {
        let cases = vectors()["workdays"].as_array().unwrap().clone();
        assert_eq!(cases.len(), 6);
        for case in cases {
            let n = u16::try_from(case["n"].as_u64().unwrap()).unwrap();
            assert_eq!(of_2013().add_working_days(date(&case["start"]), n), Ok(date(&case["expect"])), "{case}");
        }
    }

    #[test]
    fn a_year_that_is_not_loaded_is_an_error() {
        let start = "2013-12-30".parse().unwrap();
        assert_eq!(of_2013().add_working_days(start, 1), Ok("2013-12-31".parse().unwrap()));
        assert_eq!(of_2013().add_working_days(start, 2), Err(MissingYear(2014)));
        assert_eq!(of_2013().is_working_day("2012-12-31".parse().unwrap()), Err(MissingYear(2012)));
    }

    #[test]
    fn a_weekend_day_worked_for_a_holiday_is_a_working_day() {
        assert_eq!(of_2013().is_working_day("2013-02-17".parse().unwrap()), Ok(true));
        assert_eq!(of_2013().is_working_day("2013-02-23".parse().unwrap()), Ok(false));
        assert_eq!(of_2013().is_working_day("2013-02-11".parse().unwrap()), Ok(false));
        assert_eq!(of_2013().is_working_day("2013-02-18".parse().unwrap()), Ok(true));
    }

    proptest! {
        #[test]
        fn the_nth_working_day_has_n_working_days_behind_it(day in 1_i16..250, n in 0_u16..60) {
            let calendar = of_2013();
            let start = Date::new(2013, 1, 1).unwrap().checked_add(i64::from(day).days()).unwrap();
            let end = calendar.add_working_days(start, n).unwrap();
            let mut counted = 0;
            let mut at = start;
            while at < end {
                at = at.checked_add(1.day()).unwrap();
                counted += u16::from(calendar.is_working_day(at).unwrap());
            }
            prop_assert_eq!(counted, n);
            prop_assert!(n == 0 || calendar.is_working_day(end).unwrap());
        }
    }
}
