//! Alerts of steps that were late, and of calendars that are missing.

use crate::{NOW, at, next, on_both, row};
use hege_app::alerts::{self, look_at_deadlines};
use hege_app::{PROVINCE, Scope};
use hege_core::Stage;
use hege_rates::Standing;
use hege_store::Store;
use hege_store::samples::{ConclusionRow, Sample, conclusion_insert, sample_insert};
use hege_store::types::{Id, Ts, Word};
use hege_store::verify::verify_city;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The alerts about deadlines of the current plan: rule, stage, status, and what they say.
fn alarms(store: &Store) -> Vec<(String, Option<Stage>, String, String)> {
    let scope = Scope { region: PROVINCE, stages: BTreeSet::new() };
    let rows = alerts::list(store, &scope, (&alerts::Filter::default(), 50)).unwrap().items;
    let said = |row: alerts::AlertRow| {
        let words = row.evidence.0["en"].as_str().unwrap_or_default().to_owned();
        (row.rule, row.stage.map(|stage| stage.0), row.status, words)
    };
    rows.into_iter().map(said).collect()
}

fn look(store: &Store, now: &str) -> usize {
    look_at_deadlines(store, at(now), &next).unwrap()
}

fn told_as(
    rule: &str,
    stage: Option<Stage>,
    status: &str,
    words: &str,
) -> Vec<(String, Option<Stage>, String, String)> {
    vec![(rule.to_owned(), stage, status.to_owned(), words.to_owned())]
}

#[test]
fn too_many_deliveries_that_were_late_or_never_came_raise_an_alert_of_their_stage() {
    on_both(|store| {
        // Due on 2025-06-09.
        let taken = "2025-06-02T10:00";
        let mut rows: Vec<Sample> = (1..=18).map(|n| row(n, "testing", (taken, Some("2025-06-09T23:59")))).collect();
        rows.extend((19..=20).map(|n| row(n, "sealed", (taken, None))));
        // None of these is a step of which anybody knows that it was late.
        rows.extend((31..=40).map(|n| row(n, "approved", (taken, None))));
        for (n, standing) in [(41, Standing::Refused), (42, Standing::Voided)] {
            rows.push(Sample { standing: Word(standing), ..row(n, standing.code(), (taken, None)) });
        }
        store.write(|conn| sample_insert(conn, &rows)).unwrap();
        assert_eq!(look(store, NOW), 0, "two of twenty are ten in a hundred, and that is allowed");
        let late = row(21, "testing", (taken, Some("2025-06-10T00:00")));
        store.write(|conn| sample_insert(conn, std::slice::from_ref(&late))).unwrap();
        assert_eq!(look(store, NOW), 1);
        let words = "3 of 21 steps overdue, 14.28 % (at most 10 %)";
        assert_eq!(alarms(store), told_as("overdue", Some(Stage::Production), "open", words));
        assert_eq!(look(store, NOW), 0, "it is told once");
        assert_eq!(store.read(|conn| verify_city(conn, 3300)).unwrap(), []);
    });
}

#[test]
fn steps_count_from_the_day_after_their_last_day_and_for_thirty_days() {
    on_both(|store| {
        let rows: Vec<Sample> = (1..=20).map(|n| row(n, "sealed", ("2025-06-02T10:00", None))).collect();
        store.write(|conn| sample_insert(conn, &rows)).unwrap();
        assert_eq!(look(store, "2025-06-09T23:59"), 0);
        assert_eq!(look(store, "2025-06-10T00:00"), 1);
        assert_eq!(look(store, "2025-07-09T23:59"), 0);
        assert_eq!(alarms(store)[0].2, "open");
        assert_eq!(look(store, "2025-07-10T00:00"), 1);
        assert_eq!(alarms(store)[0].2, "cleared");
    });
}

#[test]
fn a_report_is_late_by_its_first_conclusion_whatever_became_of_it() {
    on_both(|store| {
        // Delivered long ago; the report was due on 2025-06-10.
        let times = ("2025-05-05T10:00", Some("2025-05-12T10:00"));
        for n in 1..=20_u128 {
            let decided = Ts(at(if n <= 2 { "2025-06-11T00:00" } else { "2025-06-10T23:59" }));
            let now = if n == 3 { Ts(at("2025-06-17T10:00")) } else { decided };
            let sample = Sample { stage: Word(Stage::Catering), decided_at: Some(now), ..row(n, "approved", times) };
            let conclusion = ConclusionRow {
                city: sample.city,
                sample_id: sample.id,
                revision: 1,
                standing: Word(Standing::Conforming),
                decided_at: decided,
                decided_by: Id(Uuid::nil()),
                reason: String::new(),
            };
            store
                .write(|conn| {
                    sample_insert(conn, std::slice::from_ref(&sample))?;
                    conclusion_insert(conn, &conclusion)
                })
                .unwrap();
        }
        assert_eq!(look(store, NOW), 0, "two of twenty");
        let open = Sample { stage: Word(Stage::Catering), ..row(21, "checked", times) };
        store.write(|conn| sample_insert(conn, std::slice::from_ref(&open))).unwrap();
        assert_eq!(look(store, NOW), 1);
        let words = "3 of 21 steps overdue, 14.28 % (at most 10 %)";
        assert_eq!(alarms(store), told_as("overdue", Some(Stage::Catering), "open", words));
    });
}

#[test]
fn a_calendar_that_something_which_waits_needs_is_told_before_its_year_begins() {
    on_both(|store| {
        let first = row(1, "received", ("2026-12-01T10:00", Some("2026-12-03T10:00")));
        store.write(|conn| sample_insert(conn, std::slice::from_ref(&first))).unwrap();
        assert_eq!(look(store, "2026-12-04T10:00"), 0, "due on the last day of the year that is loaded");
        let second = row(2, "received", ("2026-12-01T10:00", Some("2026-12-04T10:00")));
        store.write(|conn| sample_insert(conn, std::slice::from_ref(&second))).unwrap();
        assert_eq!(look(store, "2026-12-04T10:00"), 1);
        let words = "no calendar of 2027: deadlines are undetermined";
        assert_eq!(alarms(store), told_as("calendar_missing", None, "open", words));
    });
}
