//! A whole year run again from its conclusions.

use hege_alerts::cusum::{self, Chart, Held};
use hege_alerts::plan::{self, Excursion, Grade, PlanYear, Target, TargetVersion, closing_of};
use hege_alerts::{Counted, Ending, Window};
use hege_core::Month;
use hege_rates::{BasisPoints, Tally};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn china(text: &str) -> Timestamp {
    at(&format!("{text}+08:00"))
}

fn version(version: i32, valid_from: &str, basis_points: u16) -> TargetVersion {
    let target = Target { basis_points: BasisPoints::new(basis_points).unwrap(), min_n: 30 };
    TargetVersion { valid_from: china(valid_from), version, target: Some(target) }
}

fn farm() -> PlanYear {
    PlanYear { year: 2025, targets: vec![version(1, "2024-12-20T00:00:00", 9600)] }
}

/// Samples of a month, concluded one a second from `from` on: passes first.
fn concluded(from: &str, month: &str, passes: u32, failures: u32) -> Vec<Counted> {
    let month: Month = month.parse().unwrap();
    let results = (0..passes).map(|_| true).chain((0..failures).map(|_| false));
    let seconds = (0..).map(SignedDuration::from_secs);
    results.zip(seconds).map(|(conforming, after)| Counted { at: china(from) + after, month, conforming }).collect()
}

fn end_of(excursion: &Excursion) -> (Ending, Timestamp) {
    let (ending, step) = excursion.ended.unwrap();
    (ending, step.at)
}

const LATER: &str = "2026-12-31T00:00:00";

#[test]
fn an_excursion_tells_when_it_opened_escalated_and_ended() {
    let mut conclusions = concluded("2025-01-10T08:00:00", "2025-01", 28, 2);
    conclusions.extend(concluded("2025-01-20T08:00:00", "2025-01", 0, 5));
    conclusions.extend(concluded("2025-02-10T08:00:00", "2025-02", 300, 0));
    let excursions = plan::history(&farm(), &conclusions, china(LATER));
    let [excursion] = excursions[..] else { panic!("{excursions:?}") };
    assert_eq!((excursion.opened_at, excursion.grade), (china("2025-01-10T08:00:29"), Grade::Notice));
    assert_eq!((excursion.version, excursion.evidence.tally), (1, Tally::new(28, 30).unwrap()));
    let escalated = excursion.escalated.unwrap();
    assert_eq!((escalated.at, escalated.evidence.tally), (china("2025-01-20T08:00:04"), Tally::new(28, 35).unwrap()));
    assert_eq!(excursion.reached(), Grade::Significant);
    assert_eq!(end_of(&excursion), (Ending::Recovered, china("2025-04-01T00:00:00")));
    assert_eq!(excursion.latest().tally, Tally::new(328, 335).unwrap());
}

#[test]
fn nothing_is_known_after_now() {
    let conclusions = concluded("2025-01-10T08:00:00", "2025-01", 28, 2);
    let until = |now: &str| plan::history(&farm(), &conclusions, china(now));
    assert_eq!(until("2025-01-10T08:00:28"), []);
    let open = until("2025-01-10T08:00:29");
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].ended, open[0].latest()), (None, open[0].evidence));
    assert_eq!(until("2026-02-28T23:59:59")[0].ended, None, "the year is not closed yet");
    assert_eq!(end_of(&until("2026-03-01T00:00:00")[0]), (Ending::YearUnmet, closing_of(2025).unwrap()));
}

#[test]
fn the_year_closes_with_the_first_of_march_in_china() {
    assert_eq!(closing_of(2025), Some(at("2026-02-28T16:00:00Z")));
    assert_eq!(closing_of(i16::MAX), None);
    let mut late = concluded("2026-02-28T23:59:30", "2025-12", 28, 2);
    let excursions = plan::history(&farm(), &late, china(LATER));
    assert_eq!(end_of(&excursions[0]).0, Ending::YearUnmet, "late conclusions enter their own year");
    late.iter_mut().for_each(|counted| counted.at = china("2026-03-01T00:00:00"));
    assert_eq!(plan::history(&farm(), &late, china(LATER)), [], "nothing is raised for a closed year");
}

#[test]
fn a_year_that_closes_below_with_few_samples_is_an_excursion_of_an_instant() {
    let excursions = plan::history(&farm(), &concluded("2025-05-01T08:00:00", "2025-05", 9, 1), china(LATER));
    let [excursion] = excursions[..] else { panic!("{excursions:?}") };
    assert_eq!((excursion.opened_at, excursion.grade), (closing_of(2025).unwrap(), Grade::Notice));
    assert_eq!(end_of(&excursion), (Ending::YearUnmet, excursion.opened_at));
}

#[test]
fn a_conclusion_of_the_first_instant_of_a_month_comes_after_the_month_before_has_ended() {
    let mut conclusions = concluded("2025-01-10T08:00:00", "2025-01", 28, 2);
    conclusions.extend(concluded("2025-02-01T00:00:00", "2025-01", 30, 0));
    conclusions[30..].iter_mut().for_each(|counted| counted.at = china("2025-02-01T00:00:00"));
    let excursions = plan::history(&farm(), &conclusions, china(LATER));
    assert_eq!(end_of(&excursions[0]), (Ending::Recovered, china("2025-04-01T00:00:00")), "February and March");
    conclusions[30..].iter_mut().for_each(|counted| counted.at = china("2025-01-31T23:59:59"));
    let excursions = plan::history(&farm(), &conclusions, china(LATER));
    assert_eq!(end_of(&excursions[0]), (Ending::Recovered, china("2025-03-01T00:00:00")), "January and February");
}

#[test]
fn last_november_and_december_count_in_the_trailing_window_only() {
    let mut conclusions = concluded("2024-11-20T08:00:00", "2024-11", 180, 20);
    conclusions.extend(concluded("2024-12-20T08:00:00", "2024-12", 180, 20));
    assert_eq!(plan::history(&farm(), &conclusions, china("2025-01-31T23:59:59")), []);
    conclusions.extend(concluded("2025-01-10T08:00:00", "2025-01", 96, 4));
    let excursions = plan::history(&farm(), &conclusions, china("2025-02-01T00:00:00"));
    let [excursion] = excursions[..] else { panic!("{excursions:?}") };
    assert_eq!(excursion.evidence.window, Window::TrailingThree);
    assert_eq!(excursion.evidence.tally, Tally::new(456, 500).unwrap());
    assert_eq!((excursion.opened_at, excursion.grade), (china("2025-02-01T00:00:00"), Grade::Significant));
    assert_eq!(excursion.reached(), Grade::Significant);
}

#[test]
fn a_new_target_closes_the_alert_of_the_old_and_is_looked_at_at_once() {
    let mut year = farm();
    year.targets.push(version(3, "2025-08-01T00:00:00", 9000));
    year.targets.push(version(2, "2025-06-01T00:00:00", 9500));
    let conclusions = concluded("2025-01-10T08:00:00", "2025-01", 94, 6);
    let excursions = plan::history(&year, &conclusions, china("2025-09-01T00:00:00"));
    let [first, second] = excursions[..] else { panic!("{excursions:?}") };
    assert_eq!((first.version, end_of(&first)), (1, (Ending::TargetChanged, china("2025-06-01T00:00:00"))));
    assert_eq!((second.version, second.opened_at), (2, china("2025-06-01T00:00:00")));
    assert_eq!(end_of(&second), (Ending::TargetChanged, china("2025-08-01T00:00:00")));
    assert_eq!(second.latest().target, BasisPoints::new(9500).unwrap());
}

#[test]
fn another_version_with_the_same_target_changes_nothing() {
    let mut year = farm();
    year.targets.push(version(2, "2025-06-01T00:00:00", 9600));
    let conclusions = concluded("2025-01-10T08:00:00", "2025-01", 94, 6);
    let excursions = plan::history(&year, &conclusions, china("2025-09-01T00:00:00"));
    assert_eq!(excursions.len(), 1);
    assert_eq!((excursions[0].version, excursions[0].ended), (1, None));
}

#[test]
fn without_a_target_nothing_is_raised() {
    let conclusions = concluded("2025-01-10T08:00:00", "2025-01", 0, 90);
    let none = TargetVersion { target: None, ..version(1, "2025-01-01T00:00:00", 9600) };
    for targets in [vec![], vec![none], vec![version(1, "2027-01-01T00:00:00", 9600)]] {
        assert_eq!(plan::history(&PlanYear { year: 2025, targets }, &conclusions, china(LATER)), []);
    }
}

fn held(valid_from: &str, target: u16, samples_a_year: u32) -> Held {
    Held { valid_from: china(valid_from), target: BasisPoints::new(target), samples_a_year }
}

/// The farm chart of 1000 samples a year: 5030 / 5.
fn charted() -> Held {
    held("2025-01-01T00:00:00", 9600, 1000)
}

#[test]
fn signals_carry_the_run_that_brought_them() {
    assert_eq!(Chart::for_stream(charted().target.unwrap(), 1000), Some(Chart { m: 17, h: 91 }));
    let mut conclusions = concluded("2025-03-01T08:00:00", "2025-03", 10, 3);
    conclusions.extend(concluded("2025-03-02T08:00:00", "2025-03", 5, 3));
    assert_eq!(cusum::history(&[charted()], &conclusions[..20], china(LATER)), [], "16 * 5 - 5 = 75");
    conclusions.extend(concluded("2025-03-03T08:00:00", "2025-03", 0, 7));
    let signals = cusum::history(&[charted()], &conclusions, china(LATER));
    assert_eq!(signals.len(), 2);
    let (first, second) = (signals[0], signals[1]);
    assert_eq!((first.at, first.score), (china("2025-03-02T08:00:07"), 91));
    assert_eq!((first.run_since, first.run), (china("2025-03-01T08:00:10"), Tally::new(5, 11).unwrap()));
    assert_eq!((second.at, second.score), (china("2025-03-03T08:00:05"), 96), "from 0 again");
    assert_eq!(first.zh(), "自 2025-03-01 起 11 批中 6 批不合格，累积和 91 ≥ 91，目标 96 %");
    assert_eq!(first.en(), "6 of 11 samples failed since 2025-03-01, cumulative sum 91 >= 91, target 96 %");
    assert_eq!(cusum::history(&[charted()], &conclusions, first.at), [first]);
}

#[test]
fn the_early_warning_carries_over_the_years_end_while_its_chart_stays() {
    let mut conclusions = concluded("2025-12-31T23:59:00", "2025-12", 0, 5);
    conclusions.extend(concluded("2026-01-01T00:00:00", "2026-01", 0, 1));
    let signals = |next: Held| cusum::history(&[next, charted()], &conclusions, china(LATER));
    let same = signals(held("2026-01-01T00:00:00", 9600, 1000));
    assert_eq!(same.len(), 1);
    assert_eq!((same[0].target_since, same[0].target_until), (charted().valid_from, None));
    assert_eq!(signals(held("2026-01-01T00:00:00", 9600, 5000)), [], "H changed, so it began again");
    assert_eq!(signals(held("2026-01-01T00:00:00", 9601, 1000)), [], "the target changed, so it began again");
    assert_eq!(signals(held("2026-01-01T00:00:01", 9600, 5000)).len(), 1, "too late for the chart that signalled");
}

#[test]
fn a_signal_knows_until_when_its_target_was_held() {
    let mut conclusions = concluded("2025-03-01T08:00:00", "2025-03", 0, 12);
    conclusions.extend(concluded("2025-07-01T08:00:00", "2025-07", 0, 12));
    let none = Held { target: None, ..charted() };
    let signals = cusum::history(&[none], &conclusions, china(LATER));
    assert_eq!(signals, [], "without a target there is no early warning");
    let second = held("2025-06-01T00:00:00", 9300, 1000);
    let signals = cusum::history(&[charted(), second], &conclusions, china(LATER));
    let targets: Vec<_> = signals.iter().map(|signal| (signal.target_since, signal.target_until)).collect();
    let (old, new) = ((charted().valid_from, Some(second.valid_from)), (second.valid_from, None));
    assert_eq!(targets, [old, old, new], "{signals:?}");
    let before = cusum::history(&[charted(), second], &conclusions, china("2025-05-31T00:00:00"));
    assert_eq!(before[0].target_until, None, "nothing is known after now");
}

#[test]
fn at_a_target_of_everything_each_failure_is_a_signal() {
    let conclusions = concluded("2025-03-01T08:00:00", "2025-03", 100, 3);
    let signals = cusum::history(&[held("2025-01-01T00:00:00", 10_000, 1000)], &conclusions, china(LATER));
    assert_eq!(signals.iter().map(|signal| signal.run).collect::<Vec<_>>(), [Tally::new(0, 1).unwrap(); 3]);
}

proptest! {
    #[test]
    fn excursions_follow_each_other_and_only_the_last_is_open(
        results in proptest::collection::vec((0_i64..400, 1_i8..=12, 0.0_f64..1.0), 0..300), failing in 0.0_f64..0.15, change in 0_i64..500
    ) {
        let start = china("2025-01-05T08:00:00");
        let day = |days: i64| start + SignedDuration::from_hours(24 * days);
        let mut conclusions: Vec<Counted> = results.iter().map(|(after, month, result)| Counted {
            at: day(*after), month: Month::new(2025, *month).unwrap(), conforming: *result >= failing,
        }).collect();
        let mut year = farm();
        year.targets.push(TargetVersion { valid_from: day(change), ..version(2, "2025-01-01T00:00:00", 9300) });
        let excursions = plan::history(&year, &conclusions, china(LATER));
        for pair in excursions.windows(2) {
            prop_assert!(end_of(&pair[0]).1 <= pair[1].opened_at);
        }
        for excursion in &excursions {
            prop_assert!(excursion.ended.is_some(), "the year is closed");
            prop_assert!(excursion.opened_at <= end_of(excursion).1);
            let cut = plan::history(&year, &conclusions, excursion.opened_at);
            prop_assert!(cut.iter().any(|known| known.opened_at == excursion.opened_at && known.evidence == excursion.evidence));
        }
        // Of one instant the order is the caller's; otherwise the order is that of time, however they are given.
        conclusions.sort_by_key(|counted| counted.at);
        prop_assert_eq!(&plan::history(&year, &conclusions, china(LATER)), &excursions);
        conclusions.rotate_left(results.len() / 2);
        conclusions.dedup_by_key(|counted| counted.at);
        let mut sorted = conclusions.clone();
        sorted.sort_by_key(|counted| counted.at);
        prop_assert_eq!(plan::history(&year, &sorted, china(LATER)), plan::history(&year, &conclusions, china(LATER)));
    }
}
