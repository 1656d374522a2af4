//! Months, and China's civil time: instants are UTC, but dates, months and working days are UTC+8 the whole year.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use std::fmt;
use std::str::FromStr;
use unicode_normalization::UnicodeNormalization as _;

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

/// A date as files write it: `2014-05-26`, `2014-5-26`, `2014/5/26`, `2014.5.26`, `20140526`, `2014年5月26日`, also in full-width
/// characters and with a time of midnight behind it, as spreadsheets write dates. The year comes first and has four digits:
/// `5/26/14` has two readings and so none.
#[must_use]
pub fn read_date(text: &str) -> Option<Date> {
    // The form that programs write takes no detour.
    if let Some(date) = (text.len() == 10).then(|| text.parse().ok()).flatten() {
        return Some(date);
    }
    let (day, time) = day_and_time(text)?;
    time.is_none_or(|time| time == (0, 0, 0)).then_some(day)
}

/// An instant as files write it: RFC 3339 with an offset, or China's time as a date of [`read_date`] with `10:30` or `10:30:00`
/// behind it. A date alone is its first moment.
#[must_use]
pub fn read_instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.trim().parse() {
        return Some(at);
    }
    let (day, time) = day_and_time(text)?;
    let (hour, minute, second) = time.unwrap_or_default();
    let at = jiff::civil::Time::new(hour, minute, second, 0).ok()?;
    CHINA.to_timestamp(day.to_datetime(at)).ok()
}

type Clock = (i8, i8, i8);

fn day_and_time(text: &str) -> Option<(Date, Option<Clock>)> {
    let text: String = text.trim().nfkc().collect();
    let (day, time) = match text.split_once([' ', 'T', '\t']) {
        Some((day, time)) => (day, Some(clock(time.trim())?)),
        None => (text.as_str(), None),
    };
    Some((day_of(day)?, time))
}

/// Two digits of an hour may be one.
fn clock(text: &str) -> Option<Clock> {
    let text = text.strip_suffix(".0").or_else(|| text.strip_suffix(".000")).unwrap_or(text);
    let mut parts = text.split(':').map(|part| digits(part, 1..=2));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let narrow = |number: i16| i8::try_from(number).ok();
    (parts.next().is_none()).then_some((narrow(hour)?, narrow(minute)?, narrow(second)?))
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<i16> {
    let plain = length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn day_of(text: &str) -> Option<Date> {
    let parts: Vec<&str> = if let Some(rest) = text.strip_suffix('日') {
        let (year, rest) = rest.split_once('年')?;
        let (month, day) = rest.split_once('月')?;
        vec![year, month, day]
    } else if text.len() == 8 && text.is_ascii() {
        let (year, rest) = text.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        if rest.bytes().all(|byte| byte.is_ascii_digit()) { vec![year, month, day] } else { separated(text)? }
    } else {
        separated(text)?
    };
    let [year, month, day] = parts.as_slice() else { return None };
    let (month, day) = (digits(month, 1..=2)?, digits(day, 1..=2)?);
    Date::new(digits(year, 4..=4)?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Three parts with one separator between them.
fn separated(text: &str) -> Option<Vec<&str>> {
    let separator = ['-', '/', '.'].into_iter().find(|separator| text.contains(*separator))?;
    Some(text.split(separator).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_in_every_spelling_that_has_one_reading() {
        for text in [
            "2014-05-26",
            "2014-5-26",
            "2014/5/26",
            "2014/05/26",
            "2014.5.26",
            "20140526",
            "2014年5月26日",
            "2014年05月26日",
            "２０１４／５／２６",
            " 2014-05-26 ",
            "2014-05-26 00:00:00",
            "2014/5/26 0:00",
            "2014-05-26T00:00:00",
        ] {
            assert_eq!(read_date(text).map(|date| date.to_string()).as_deref(), Some("2014-05-26"), "{text}");
        }
        for text in [
            "",
            "/",
            "26/5/2014",
            "5/26/14",
            "14-5-26",
            "2014-5",
            "2014526",
            "2014-13-01",
            "2014-02-30",
            "2014/5-26",
            "41785",
            "2014-05-26 10:30",
            "2014-05-26-01",
            "2014年5月",
            "201405261",
            "2014 5 26",
            "+2014-05-26",
            "二〇一四年五月",
            "2014-5-2x",
        ] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }

    #[test]
    fn an_instant_without_an_offset_is_chinas() {
        let at = |text| read_instant(text).map(|at| at.to_string());
        assert_eq!(at("2014-05-26T10:30:00+08:00").as_deref(), Some("2014-05-26T02:30:00Z"));
        assert_eq!(at("2014/5/26 10:30").as_deref(), Some("2014-05-26T02:30:00Z"));
        assert_eq!(at("2014年5月26日 9:05:07").as_deref(), Some("2014-05-26T01:05:07Z"));
        assert_eq!(at("2014-5-26").as_deref(), Some("2014-05-25T16:00:00Z"));
        for text in ["10:30", "2014-5-26 24:00", "2014-5-26 10", "2014-5-26 10:30:00:00", "2014-5-26 10:60"] {
            assert_eq!(at(text), None, "{text}");
        }
    }

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
