//! 节假日与调休: the days of a year that differ from Monday to Friday, as the State Council's notice gives them.

use super::table::rows;
use hege_core::calendar::Calendar;
use hege_core::{Problem, Problems, words};
use jiff::civil::{Date, Weekday};
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// What a day of the calendar is.
    pub enum DayKind {
        Holiday = "holiday", "放假", "public holiday";
        Workday = "workday", "调休上班", "weekend day that is worked";
    }
}

/// A day that differs from Monday to Friday. A holiday may fall on a weekend; a worked day always does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarDay {
    /// The day.
    pub day: Date,
    /// Which way it differs.
    pub kind: DayKind,
    /// The notice.
    pub source: String,
}

/// Days that a year gives as paid holidays besides weekends: 11 from 2008, 13 from 2025 (全国年节及纪念日放假办法).
const fn statutory(year: i16) -> i32 {
    if year >= 2025 { 13 } else { 11 }
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

pub(super) fn parse(text: &str, problems: &mut Problems) -> (Vec<CalendarDay>, Calendar) {
    let mut years: BTreeMap<i16, Vec<CalendarDay>> = BTreeMap::new();
    for row in rows(("calendar", "day"), text, problems) {
        let source = row.needed("source", problems);
        let (day, kind) = (row.parse::<Date>("day", problems), row.parse("kind", problems));
        let (Some(day), Some(kind)) = (day, kind) else { continue };
        problems.check(kind == DayKind::Holiday || is_weekend(day), || {
            row.problem("kind", ("not_a_weekend", "调休上班日须为周末", "a day worked in exchange is a weekend day"))
        });
        years.entry(day.year()).or_default().push(CalendarDay { day, kind, source });
    }
    let mut calendar = Calendar::default();
    for (year, days) in &years {
        let of = |kind| days.iter().filter(move |day| day.kind == kind).map(|day| day.day);
        calendar.load(*year, of(DayKind::Holiday), of(DayKind::Workday));
        problems.check(is_complete(*year, days), || {
            Problem::new(
                format!("/calendar/{year}"),
                "year_incomplete",
                "该年节假日安排不完整",
                "the year's days do not add up to its paid holidays",
            )
        });
    }
    (years.into_values().flatten().collect(), calendar)
}

/// What speaks against a year's days, at `/days/{index}/...` or `/days`: a day of another year or that stands twice, a worked
/// day that is no weekend day, days that do not add up to the year's paid holidays.
#[must_use]
pub fn check(year: i16, days: &[CalendarDay]) -> Problems {
    let mut problems = Problems::new();
    let mut seen = BTreeSet::new();
    for (index, day) in days.iter().enumerate() {
        let at = |field: &str| format!("/days/{index}/{field}");
        problems.check(day.day.year() == year, || {
            Problem::new(at("day"), "other_year", "不属于该年", "a day of another year")
        });
        problems.check(seen.insert(day.day), || Problem::new(at("day"), "given_twice", "日期重复", "given twice"));
        problems.check(day.kind == DayKind::Holiday || is_weekend(day.day), || {
            let (zh, en) = ("调休上班日须为周末", "a day worked in exchange is a weekend day");
            Problem::new(at("kind"), "not_a_weekend", zh, en)
        });
    }
    // Of days that are wrong one by one nobody knows what they add up to.
    let whole = !problems.is_empty() || is_complete(year, days);
    problems.check(whole, || {
        let (zh, en) = ("该年节假日安排不完整", "the year's days do not add up to its paid holidays");
        Problem::new("/days", "year_incomplete", zh, en)
    });
    problems
}

/// Whatever is exchanged, a year has its paid holidays and no more: weekdays off less weekend days worked.
fn is_complete(year: i16, days: &[CalendarDay]) -> bool {
    let balance: i32 = days
        .iter()
        .map(|day| match day.kind {
            DayKind::Holiday => i32::from(!is_weekend(day.day)),
            DayKind::Workday => -1,
        })
        .sum();
    balance == statutory(year)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hege_core::calendar::MissingYear;
    use serde_json::Value;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn shipped() -> &'static super::super::Reference {
        super::super::shipped().unwrap()
    }

    #[test]
    fn the_working_day_vectors_hold_with_the_shipped_calendar() {
        let vectors: Value = serde_json::from_str(include_str!("../../../../tests/fixtures/vectors.json")).unwrap();
        let cases = vectors["workdays"].as_array().unwrap();
        assert_eq!(cases.len(), 6);
        for case in cases {
            let text = |name: &str| date(case[name].as_str().unwrap());
            let n = u16::try_from(case["n"].as_u64().unwrap()).unwrap();
            assert_eq!(shipped().calendar.add_working_days(text("start"), n), Ok(text("expect")), "{case}");
        }
    }

    #[test]
    fn three_years_are_whole_and_no_other_is_guessed() {
        let rows = |year| shipped().days.iter().filter(|day| day.day.year() == year).count();
        assert_eq!([2013, 2025, 2026].map(rows), [41, 33, 39]);
        assert_eq!(shipped().days.len(), 113);
        let working = |day| shipped().calendar.is_working_day(date(day));
        assert_eq!(working("2025-01-26"), Ok(true), "a Sunday worked for the Spring Festival");
        assert_eq!(working("2025-01-28"), Ok(false));
        assert_eq!(working("2025-10-08"), Ok(false));
        assert_eq!(working("2025-10-09"), Ok(true));
        assert_eq!(working("2026-02-28"), Ok(true), "a Saturday worked for the Spring Festival");
        assert_eq!(working("2026-02-23"), Ok(false));
        assert_eq!(working("2024-05-06"), Err(MissingYear(2024)));
        assert_eq!(working("2027-01-04"), Err(MissingYear(2027)));
    }

    #[test]
    fn a_year_that_misses_a_day_is_refused() {
        let all = include_str!("../../data/calendar.csv");
        let found = |text: &str| {
            let mut problems = Problems::new();
            parse(text, &mut problems);
            problems.into_vec().into_iter().map(|p| (p.pointer, p.code)).collect::<Vec<_>>()
        };
        assert_eq!(found(all), []);
        for day in ["2025-10-08,", "2013-02-16,", "2026-01-04,"] {
            let without: Vec<&str> = all.lines().filter(|line| !line.starts_with(day)).collect();
            let year = day.split('-').next().unwrap();
            assert_eq!(found(&without.join("\n")), [(format!("/calendar/{year}"), "year_incomplete")], "{day}");
        }
        let monday = "day,kind,source\n2025-03-03,workday,x\n";
        assert_eq!(found(monday).first(), Some(&("/calendar/2025-03-03/kind".to_owned(), "not_a_weekend")));
    }
}
