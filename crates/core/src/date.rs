//! Months, and China's civil time: instants are UTC, but dates, months and working days are UTC+8 the whole year.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use std::fmt;
use std::str::FromStr;

/// China Standard Time, without daylight saving since 1992.
pub const CHINA: Offset = Offset::constant(8);

/// The date in China at an instant.
#[must_use]
pub fn china_date(at: Timestamp) -> Date {
    CHINA.to_datetime(at).date()
}

/// A month of a year, `2025-09`. Ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Four digits.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
}

/// Text or number that is no month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a month is written 2025-09")]
pub struct BadMonth;

impl Month {
    /// A month of the years 1900 to 9999.
    ///
    /// # Errors
    /// [`BadMonth`] outside them, or when `month` is not 1 to 12.
    pub const fn new(year: i16, month: i8) -> Result<Self, BadMonth> {
        if year >= 1900 && year <= 9999 && month >= 1 && month <= 12 { Ok(Self { year, month }) } else { Err(BadMonth) }
    }

    /// The month of a date.
    #[must_use]
    pub fn of(date: Date) -> Self {
        Self { year: date.year(), month: date.month() }
    }

    /// As stored: `202509`.
    #[must_use]
    pub fn yyyymm(self) -> i32 {
        i32::from(self.year) * 100 + i32::from(self.month)
    }

    /// From its stored form.
    ///
    /// # Errors
    /// [`BadMonth`] when it is none.
    pub fn from_yyyymm(number: i32) -> Result<Self, BadMonth> {
        let year = i16::try_from(number / 100).map_err(|_out_of_range| BadMonth)?;
        let month = i8::try_from(number % 100).map_err(|_out_of_range| BadMonth)?;
        Self::new(year, month)
    }

    /// The month after it.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.month == 12 {
            Self { year: self.year + 1, month: 1 }
        } else {
            Self { year: self.year, month: self.month + 1 }
        }
    }

    /// The month before it.
    #[must_use]
    pub const fn previous(self) -> Self {
        if self.month == 1 {
            Self { year: self.year - 1, month: 12 }
        } else {
            Self { year: self.year, month: self.month - 1 }
        }
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> Date {
        jiff::civil::date(self.year, self.month, 1)
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> Date {
        self.first_day().last_of_month()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = BadMonth;
    fn from_str(text: &str) -> Result<Self, BadMonth> {
        let parse = || {
            let (year, month) = text.split_once('-')?;
            let plain = |part: &str, len| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
            (plain(year, 4) && plain(month, 2)).then_some(())?;
            Self::new(year.parse().ok()?, month.parse().ok()?).ok()
        };
        parse().ok_or(BadMonth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_knows_its_neighbours_and_its_days() {
        let december = Month::new(2025, 12).unwrap();
        assert_eq!(december.next(), Month::new(2026, 1).unwrap());
        assert_eq!(december.next().previous(), december);
        assert_eq!(Month::new(2024, 2).unwrap().last_day().to_string(), "2024-02-29");
        assert_eq!(Month::from_yyyymm(december.yyyymm()), Ok(december));
        assert_eq!("2025-12".parse(), Ok(december));
        assert_eq!("2025-13".parse::<Month>(), Err(BadMonth));
        assert_eq!("2025-1".parse::<Month>(), Err(BadMonth));
    }

    #[test]
    fn the_date_in_china_is_eight_hours_ahead() {
        let at: Timestamp = "2025-12-31T16:00:00Z".parse().unwrap();
        assert_eq!(china_date(at).to_string(), "2026-01-01");
    }
}
