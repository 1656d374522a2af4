//! Deadlines: periods, rules as dated law, a sample's clocks, and what worklists are ordered by.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use hege_core::Stage;
use hege_core::calendar::{Calendar, MissingYear};
use hege_core::date::{CHINA, china_date};
use hege_sampling::deadlines::{
    Clock, ClockKind, Confidence, Course, Department, Due, Event, Period, Rule, Rules, Run, State, Unit, clocks, due,
    is_soon, runs,
};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/fixtures/vectors.json")).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// An instant of China's clock.
fn at(text: &str) -> Timestamp {
    CHINA.to_timestamp(text.parse().unwrap()).unwrap()
}

/// The calendars of 2013 and 2025, and no other: of 2025 the new year, the Spring Festival and the October week.
fn calendar() -> Calendar {
    let vectors = vectors();
    let days = |name: &str| {
        let days = vectors["calendar_2013"][name].as_array().unwrap();
        days.iter().map(|text| day(text.as_str().unwrap())).collect::<Vec<_>>()
    };
    let mut calendar = Calendar::default();
    calendar.load(2013, days("holidays"), days("makeup_workdays"));
    let holidays = ["2025-01-01", "2025-01-28", "2025-01-29", "2025-01-30", "2025-01-31", "2025-02-03", "2025-02-04"];
    let october = (1..=8).map(|n| Date::new(2025, 10, n).unwrap());
    let worked = ["2025-01-26", "2025-02-08", "2025-09-28", "2025-10-11"].map(day);
    calendar.load(2025, holidays.map(day).into_iter().chain(october), worked);
    calendar
}

const fn period(amount: u16, unit: Unit) -> Period {
    Period { amount, unit, rolls: false }
}

const fn rolling(amount: u16, unit: Unit) -> Period {
    Period { amount, unit, rolls: true }
}

fn last(period: Period, start: &str) -> Result<Date, MissingYear> {
    due(period, at(start), &calendar()).map(|due| due.on)
}

fn rule(code: &str, clock: Clock, period: Period) -> Rule {
    Rule {
        code: code.to_owned(),
        clock,
        stages: BTreeSet::from([Stage::Production, Stage::Catering]),
        regime: "演示办法".to_owned(),
        department: Department::MarketRegulation,
        from: day("2012-01-01"),
        until: None,
        period,
        extension: 0,
        clause: "第一条".to_owned(),
        confidence: Confidence::Read,
    }
}

#[test]
fn working_days_hold_every_vector_from_the_first_and_the_last_moment_of_the_day() {
    let cases = vectors()["workdays"].as_array().unwrap().clone();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let n = u16::try_from(case["n"].as_u64().unwrap()).unwrap();
        let (start, expected) = (case["start"].as_str().unwrap(), day(case["expect"].as_str().unwrap()));
        for time in ["00:00:00", "23:59:59.999999"] {
            assert_eq!(last(period(n, Unit::WorkingDays), &format!("{start}T{time}")), Ok(expected), "{case} {time}");
        }
    }
}

#[test]
fn the_last_day_is_whole_and_the_next_one_is_too_late() {
    let due = due(period(20, Unit::WorkingDays), at("2013-02-06T09:30"), &calendar()).unwrap();
    assert_eq!(due, Due { on: day("2013-03-11"), at: at("2013-03-12T00:00") });
    assert!(due.is_met_by(at("2013-03-11T23:59:59.999999")));
    assert!(!due.is_met_by(at("2013-03-12T00:00")));
}

#[test]
fn hours_run_through_nights_and_holidays_and_end_at_their_hour() {
    let due = due(period(24, Unit::Hours), at("2024-02-08T22:15"), &calendar()).unwrap();
    assert_eq!(due, Due { on: day("2024-02-09"), at: at("2024-02-09T22:15") });
    assert!(due.is_met_by(at("2024-02-09T22:14:59.999999")));
    assert!(!due.is_met_by(at("2024-02-09T22:15")));
}

#[test]
fn calendar_days_and_months_end_on_their_day_and_need_no_calendar_unless_they_roll() {
    assert_eq!(last(period(90, Unit::Days), "2023-11-01T08:00"), Ok(day("2024-01-30")));
    assert_eq!(last(period(3, Unit::Months), "2023-11-30T08:00"), Ok(day("2024-02-29")));
    assert_eq!(last(period(6, Unit::Months), "2024-08-31T08:00"), Ok(day("2025-02-28")));
    assert_eq!(last(rolling(90, Unit::Days), "2023-11-01T08:00"), Err(MissingYear(2024)));
    assert_eq!(last(rolling(5, Unit::Days), "2013-02-04T08:00"), Ok(day("2013-02-16")), "the festival's first day");
    assert_eq!(last(period(5, Unit::Days), "2013-02-04T08:00"), Ok(day("2013-02-09")));
    assert_eq!(last(rolling(4, Unit::Days), "2013-02-04T08:00"), Ok(day("2013-02-08")), "a day that is worked");
    assert_eq!(last(rolling(1, Unit::Months), "2013-01-17T08:00"), Ok(day("2013-02-17")), "a Sunday that is worked");
    assert_eq!(last(rolling(1, Unit::Months), "2013-01-23T08:00"), Ok(day("2013-02-25")), "a Saturday that is not");
}

#[test]
fn a_year_without_a_calendar_leaves_a_deadline_undetermined_from_its_first_day_on() {
    let five = period(5, Unit::WorkingDays);
    assert_eq!(last(five, "2013-12-24T12:00"), Ok(day("2013-12-31")));
    assert_eq!(last(five, "2013-12-25T12:00"), Err(MissingYear(2014)));
    assert_eq!(last(five, "2024-12-31T12:00"), Ok(day("2025-01-08")), "the new year's first day is a holiday");
    assert_eq!(last(five, "2024-12-30T12:00"), Err(MissingYear(2024)));
    assert_eq!(last(rolling(1, Unit::Days), "2013-12-31T12:00"), Err(MissingYear(2014)));
}

#[test]
fn the_day_is_chinas_whatever_the_instant_is_called() {
    let utc = |text: &str| text.parse::<Timestamp>().unwrap();
    let on = |text: &str| due(period(1, Unit::WorkingDays), utc(text), &calendar()).unwrap().on;
    assert_eq!(on("2025-03-03T15:59:59Z"), day("2025-03-04"));
    assert_eq!(on("2025-03-03T16:00:00Z"), day("2025-03-05"));
}

#[test]
fn two_working_days_before_the_last_day_a_deadline_is_near() {
    let soon = |today: &str, last: &str| is_soon(day(today), day(last), &calendar());
    assert!(soon("2013-03-11", "2013-03-11"));
    assert!(soon("2013-03-07", "2013-03-11"), "a Thursday: Friday and Monday lie between");
    assert!(!soon("2013-03-06", "2013-03-11"));
    assert!(soon("2013-02-08", "2013-02-17"), "over the Spring Festival, whose last weekend is worked");
    assert!(!soon("2013-02-07", "2013-02-17"));
    assert!(soon("2013-12-30", "2014-02-01"), "a year that is not known warns early");
    assert!(soon("2013-03-12", "2013-03-11"), "what is over is not far");
}

#[test]
fn the_rule_in_force_on_the_sampling_day_holds_for_its_stage() {
    let old =
        Rule { until: Some(day("2013-05-31")), ..rule("old", Clock::ReinspectionApplication, rolling(15, Unit::Days)) };
    let new =
        Rule { from: day("2013-06-01"), ..rule("new", Clock::ReinspectionApplication, period(7, Unit::WorkingDays)) };
    let farm = Rule {
        stages: BTreeSet::from([Stage::Farm]),
        ..rule("farm", Clock::ReinspectionApplication, rolling(5, Unit::Days))
    };
    let rules = Rules::new(vec![old, new, farm]).unwrap();
    assert_eq!(rules.as_slice().len(), 3);
    let found = |clock, stage, on: &str| rules.find(clock, stage, day(on)).map(|rule| rule.code.as_str());
    let application = Clock::ReinspectionApplication;
    assert_eq!(found(application, Stage::Production, "2011-12-31"), None);
    assert_eq!(found(application, Stage::Production, "2012-01-01"), Some("old"));
    assert_eq!(found(application, Stage::Production, "2013-05-31"), Some("old"));
    assert_eq!(found(application, Stage::Production, "2013-06-01"), Some("new"));
    assert_eq!(found(application, Stage::Farm, "2013-06-01"), Some("farm"));
    assert_eq!(found(application, Stage::Circulation, "2013-06-01"), None, "the law knows no period");
    assert_eq!(found(Clock::Report, Stage::Production, "2013-06-01"), None);
}

#[test]
fn rules_that_do_not_fit_together_are_refused_with_every_problem() {
    let good = rule("a", Clock::Report, period(20, Unit::WorkingDays));
    let wrong = vec![
        good.clone(),
        Rule { from: day("2013-01-01"), ..good.clone() },
        Rule { code: "b".to_owned(), period: period(0, Unit::Hours), until: Some(day("2011-12-31")), ..good.clone() },
        Rule { code: "c".to_owned(), stages: BTreeSet::new(), ..good.clone() },
    ];
    let problems = Rules::new(wrong).unwrap_err();
    let found: Vec<_> = problems.as_slice().iter().map(|p| (p.pointer.as_str(), p.code)).collect();
    assert_eq!(
        found,
        [
            ("/deadline-rules/a/code", "given_twice"),
            ("/deadline-rules/a/from", "overlap"),
            ("/deadline-rules/b/amount", "out_of_range"),
            ("/deadline-rules/b/until", "out_of_range"),
            ("/deadline-rules/b/unit", "by_day"),
            ("/deadline-rules/c/stages", "required"),
        ]
    );
    let next = |from: &str| {
        let first = Rule { until: Some(day("2013-05-31")), ..good.clone() };
        let second = Rule { code: "b".to_owned(), from: day(from), ..good.clone() };
        Rules::new(vec![second.clone(), first.clone()]).is_ok() && Rules::new(vec![first, second]).is_ok()
    };
    assert!(next("2013-06-01"));
    assert!(!next("2013-05-31"), "the last day of one and the first of the next");
    let one_day = Rule { until: Some(good.from), ..good.clone() };
    assert!(Rules::new(vec![one_day]).is_ok(), "a rule of one day");
    let urgent = rule("urgent", Clock::SendUrgent, period(24, Unit::Hours));
    assert!(Rules::new(vec![urgent]).is_ok(), "no worklist is ordered by it");
}

/// A course with these events, all of which are recorded.
fn course(events: &[(Event, &str)]) -> Course {
    Course {
        events: events.iter().map(|(event, text)| (*event, at(text))).collect(),
        recorded: Event::ALL.iter().copied().collect(),
        ..Course::default()
    }
}

/// The clocks of a sample of production in 2013, by code with their states.
fn states(rules: &Rules, course: &Course, now: &str) -> BTreeMap<&'static str, &'static str> {
    let running = clocks(rules, (Stage::Production, day("2013-02-06")), course, &calendar(), at(now));
    running.iter().map(|running| (running.rule.clock.code(), running.state.code())).collect()
}

#[test]
fn a_duty_runs_is_near_is_overdue_and_is_done_in_time_or_late() {
    let rules = Rules::new(vec![rule("report", Clock::Report, period(20, Unit::WorkingDays))]).unwrap();
    let received = (Event::Received, "2013-02-06T10:00");
    let state = |events: &[(Event, &str)], now: &str| states(&rules, &course(events), now).get("report").copied();
    assert_eq!(state(&[(Event::Sampled, "2013-02-05T10:00")], "2013-02-06T10:00"), None, "it has not begun");
    assert_eq!(state(&[received], "2013-03-06T23:59:59"), Some("due"));
    assert_eq!(state(&[received], "2013-03-07T00:00"), Some("soon"));
    assert_eq!(state(&[received], "2013-03-11T23:59:59"), Some("soon"));
    assert_eq!(state(&[received], "2013-03-12T00:00"), Some("overdue"));
    let done = |text| [received, (Event::Reported, text)];
    assert_eq!(state(&done("2013-03-11T23:59:59"), "2013-05-01T00:00"), Some("met"));
    assert_eq!(state(&done("2013-03-12T00:00"), "2013-05-01T00:00"), Some("late"));
    let unknown = [(Event::Received, "2013-12-25T10:00")];
    assert_eq!(state(&unknown, "2014-06-01T00:00"), Some("undetermined"));
    let done = [unknown[0], (Event::Reported, "2013-12-26T10:00")];
    assert_eq!(state(&done, "2014-06-01T00:00"), Some("undetermined"), "nobody knows whether in time");
}

#[test]
fn what_ends_a_clock_and_is_not_recorded_is_never_said_to_be_overdue() {
    let rules = Rules::new(vec![
        rule("send", Clock::SendNonconforming, period(2, Unit::WorkingDays)),
        rule("objection", Clock::SamplingObjection, period(7, Unit::WorkingDays)),
    ])
    .unwrap();
    let mut course = course(&[(Event::Sampled, "2013-02-06T10:00"), (Event::Nonconforming, "2013-02-08T10:00")]);
    assert_eq!(
        states(&rules, &course, "2013-02-18T00:00"),
        BTreeMap::from([("send_nonconforming", "overdue"), ("sampling_objection", "soon")])
    );
    course.recorded.remove(&Event::Sent);
    course.recorded.remove(&Event::SamplingObjected);
    assert_eq!(
        states(&rules, &course, "2013-02-18T00:00"),
        BTreeMap::from([("send_nonconforming", "unrecorded"), ("sampling_objection", "unrecorded")])
    );
}

#[test]
fn a_right_that_nobody_used_lapses_and_nothing_is_overdue() {
    let rules = Rules::new(vec![rule("apply", Clock::ReinspectionApplication, period(7, Unit::WorkingDays))]).unwrap();
    let state = |events: &[(Event, &str)], now: &str| {
        states(&rules, &course(events), now).get("reinspection_application").copied()
    };
    let served = (Event::Served, "2013-06-07T10:00");
    let concluded = (Event::Nonconforming, "2013-06-01T10:00");
    assert_eq!(state(&[concluded], "2013-12-01T10:00"), None, "no proof of service, no clock");
    assert_eq!(state(&[concluded, served], "2013-06-17T10:00"), Some("soon"));
    assert_eq!(state(&[served], "2013-06-19T23:59:59"), Some("soon"));
    assert_eq!(state(&[served], "2013-06-20T00:00"), Some("lapsed"));
    let applied = |text| [served, (Event::ReinspectionApplied, text)];
    assert_eq!(state(&applied("2013-06-19T23:59:59"), "2013-07-01T00:00"), Some("met"));
    assert_eq!(state(&applied("2013-06-20T00:00"), "2013-07-01T00:00"), Some("late"));
}

#[test]
fn a_backup_is_kept_for_its_months_or_its_shelf_life_and_held_while_anything_is_open() {
    let rules = Rules::new(vec![
        rule("pass", Clock::BackupConforming, period(3, Unit::Months)),
        rule("fail", Clock::BackupNonconforming, period(6, Unit::Months)),
    ])
    .unwrap();
    let pass = course(&[(Event::Conforming, "2013-11-30T10:00")]);
    let fail = course(&[(Event::Nonconforming, "2013-11-30T10:00")]);
    let state = |course: &Course, now: &str| states(&rules, course, now).into_values().next();
    assert_eq!(state(&pass, "2014-02-28T23:59:59"), Some("kept"));
    assert_eq!(state(&pass, "2014-03-01T00:00"), Some("over"));
    assert_eq!(state(&fail, "2014-05-30T23:59:59"), Some("kept"));
    assert_eq!(state(&fail, "2014-05-31T00:00"), Some("over"));
    let short = Course { shelf_end: Some(day("2013-12-24")), ..pass.clone() };
    assert_eq!(state(&short, "2013-12-24T23:59:59"), Some("kept"));
    assert_eq!(state(&short, "2013-12-25T00:00"), Some("over"));
    let long = Course { shelf_end: Some(day("2014-12-24")), ..pass.clone() };
    assert_eq!(state(&long, "2014-03-01T00:00"), Some("over"), "three months at most");
    let open = Course { is_open: true, ..short };
    assert_eq!(state(&open, "2019-01-01T00:00"), Some("held"));
    let report = Rules::new(vec![rule("report", Clock::Report, period(20, Unit::WorkingDays))]).unwrap();
    let busy = Course {
        is_open: true,
        shelf_end: Some(day("2013-02-07")),
        ..course(&[(Event::Received, "2013-02-06T10:00")])
    };
    assert_eq!(states(&report, &busy, "2013-02-06T11:00").get("report"), Some(&"due"), "shelf life ends no duty");
}

#[test]
fn an_extension_counts_only_where_it_was_given() {
    let body = Rule { extension: 5, ..rule("body", Clock::ReinspectionBody, period(5, Unit::WorkingDays)) };
    let other = Rule { extension: 3, ..rule("backup", Clock::BackupHandover, period(3, Unit::WorkingDays)) };
    let rules = Rules::new(vec![body, other]).unwrap();
    let last = |course: &Course| {
        let running =
            clocks(&rules, (Stage::Production, day("2013-02-06")), course, &calendar(), at("2013-07-01T00:00"));
        running.iter().map(|running| running.due.unwrap().on.to_string()).collect::<Vec<_>>()
    };
    let mut course =
        course(&[(Event::ReinspectionAccepted, "2013-07-01T10:00"), (Event::BodyNamed, "2013-07-02T10:00")]);
    assert_eq!(last(&course), ["2013-07-08", "2013-07-05"]);
    course.extended.insert(Clock::ReinspectionBody);
    assert_eq!(last(&course), ["2013-07-15", "2013-07-05"]);
}

#[test]
fn of_a_voided_sample_only_what_was_done_is_left() {
    let rules = Rules::new(vec![
        rule("delivery", Clock::Delivery, period(5, Unit::WorkingDays)),
        rule("report", Clock::Report, period(20, Unit::WorkingDays)),
        rule("records", Clock::Records, period(24, Unit::Months)),
    ])
    .unwrap();
    let events = [
        (Event::Sampled, "2013-02-05T10:00"),
        (Event::Delivered, "2013-02-06T10:00"),
        (Event::Received, "2013-02-06T10:00"),
    ];
    let voided = Course { is_out: true, ..course(&events) };
    assert_eq!(states(&rules, &voided, "2013-06-01T00:00"), BTreeMap::from([("delivery", "met")]));
    let running = states(&rules, &course(&events), "2013-06-01T00:00");
    assert_eq!(running, BTreeMap::from([("delivery", "met"), ("report", "overdue"), ("records", "kept")]));
}

#[test]
fn every_clock_but_what_is_kept_is_ended_by_another_event_than_starts_it() {
    for clock in Clock::ALL {
        assert_eq!(clock.ends().is_none(), clock.kind() == ClockKind::Keep, "{clock}");
        assert_ne!(clock.ends(), Some(clock.starts()), "{clock}");
    }
    let windows = Clock::ALL.iter().filter(|clock| clock.kind() == ClockKind::Window).count();
    assert_eq!(windows, 4, "applying, after a rapid test too, and objecting to two things");
}

#[test]
fn runs_tell_of_each_day_what_its_deadline_is() {
    let found = runs(period(5, Unit::WorkingDays), (day("2013-12-20"), day("2014-01-02")), &calendar());
    let told: Vec<_> = found.iter().map(|run| (run.first.to_string(), run.last.to_string(), run.due)).collect();
    let known = |first: &str, last: &str, due: &str| (first.to_owned(), last.to_owned(), Ok(day(due)));
    assert_eq!(
        told,
        [
            known("2013-12-20", "2013-12-22", "2013-12-27"),
            known("2013-12-23", "2013-12-23", "2013-12-30"),
            known("2013-12-24", "2013-12-24", "2013-12-31"),
            ("2013-12-25".to_owned(), "2014-01-02".to_owned(), Err(MissingYear(2014))),
        ]
    );
    assert_eq!(
        found.iter().map(|run| run.key().to_string()).collect::<Vec<_>>(),
        ["2013-12-27", "2013-12-30", "2013-12-31", "2014-01-01"]
    );
    let state = |run: &Run, today: &str| run.state(day(today), &calendar());
    assert_eq!(state(&found[0], "2013-12-25"), State::Soon);
    assert_eq!(state(&found[0], "2013-12-24"), State::Due);
    assert_eq!(state(&found[0], "2013-12-27"), State::Soon);
    assert_eq!(state(&found[0], "2013-12-28"), State::Overdue);
    assert_eq!(state(&found[3], "2019-01-01"), State::Undetermined);
}

fn units() -> impl Strategy<Value = Period> {
    let unit = prop::sample::select(vec![Unit::Days, Unit::WorkingDays, Unit::Months]);
    (1_u16..40, unit, any::<bool>()).prop_map(|(amount, unit, rolls)| Period { amount, unit, rolls })
}

proptest! {
    #[test]
    fn a_later_beginning_is_never_due_earlier(period in units(), first in 0_i64..900, days in 0_i64..500) {
        let first = day("2012-06-01").checked_add(first.days()).unwrap();
        let last = first.checked_add(days.days()).unwrap();
        let found = runs(period, (first, last), &calendar());
        prop_assert_eq!(found.first().map(|run| run.first), Some(first));
        prop_assert_eq!(found.last().map(|run| run.last), Some(last));
        for pair in found.windows(2) {
            prop_assert_eq!(pair[0].last.checked_add(1.day()).unwrap(), pair[1].first);
            prop_assert!(pair[0].key() <= pair[1].key(), "{:?}", pair);
            prop_assert_ne!(pair[0].due, pair[1].due);
        }
    }

    #[test]
    fn a_run_says_of_its_days_what_the_clock_of_a_sample_says(
        period in units(), start in 0_i64..(3 * 365 * 24), later in 0_i64..(90 * 24),
    ) {
        let started = at("2012-06-01T00:30").checked_add(SignedDuration::from_hours(start)).unwrap();
        let now = started.checked_add(SignedDuration::from_hours(later)).unwrap();
        let report = Rule { from: day("2000-01-01"), ..rule("report", Clock::Report, period) };
        let rules = Rules::new(vec![report]).unwrap();
        let course = Course {
            events: BTreeMap::from([(Event::Received, started)]),
            recorded: BTreeSet::from([Event::Reported]),
            ..Course::default()
        };
        let calendar = calendar();
        let of_sample = clocks(&rules, (Stage::Catering, china_date(started)), &course, &calendar, now);
        let run = runs(period, (china_date(started), china_date(started)), &calendar)[0];
        prop_assert_eq!(of_sample[0].state, run.state(china_date(now), &calendar));
        prop_assert_eq!(of_sample[0].due.map(|due| due.on), run.due);
    }

    #[test]
    fn a_period_ends_at_the_end_of_a_day_after_its_beginning(period in units(), start in 0_i64..(360 * 24)) {
        let start = at("2013-01-01T00:00").checked_add(SignedDuration::from_hours(start)).unwrap();
        if let Ok(due) = due(period, start, &calendar()) {
            prop_assert!(due.at > start);
            prop_assert_eq!(china_date(due.at), due.on.tomorrow().unwrap());
            prop_assert!(!period.rolls || period.unit == Unit::WorkingDays || calendar().is_working_day(due.on) == Ok(true));
        }
    }
}

#[test]
fn a_clock_that_was_put_off_ends_later_and_never_sooner() {
    let rules = Rules::new(vec![rule("disposal", Clock::Disposal, period(90, Unit::Days))]).unwrap();
    let failed = (Event::Nonconforming, "2013-02-06T10:00");
    let begun = course(&[failed, (Event::Sent, "2013-02-06T10:00")]);
    let to = |text| Course { put_off: BTreeMap::from([(Clock::Disposal, day(text))]), ..begun.clone() };
    let state = |course: &Course, now: &str| states(&rules, course, now).get("disposal").copied();
    assert_eq!(state(&course(&[(Event::Sent, "2013-02-06T10:00")]), "2013-02-07T00:00"), None, "it conforms");
    assert_eq!(state(&begun, "2013-05-07T23:59:59"), Some("soon"));
    assert_eq!(state(&begun, "2013-05-08T00:00"), Some("overdue"));
    assert_eq!(state(&to("2013-06-07"), "2013-06-07T23:59:59"), Some("soon"));
    assert_eq!(state(&to("2013-06-07"), "2013-06-08T00:00"), Some("overdue"));
    assert_eq!(state(&to("2013-05-06"), "2013-05-07T23:59:59"), Some("soon"), "no end comes sooner than the law's");
}
