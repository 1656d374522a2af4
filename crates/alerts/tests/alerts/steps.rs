//! The state machines, step by step, against the vectors and the rule's own words.

use hege_alerts::cusum::{Chart, run_length};
use hege_alerts::plan::{Event, Grade, Stream, Target, Transition};
use hege_alerts::{Ending, Window};
use hege_core::Month;
use hege_rates::exact::lower_tail;
use hege_rates::{BasisPoints, Tally};
use proptest::prelude::*;
use serde_json::Value;

fn group(name: &str, count: usize) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../../../tests/fixtures/vectors.json")).unwrap();
    let vectors = all[name].as_array().unwrap().clone();
    assert_eq!(vectors.len(), count);
    vectors
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

fn bp(basis_points: u16) -> BasisPoints {
    BasisPoints::new(basis_points).unwrap()
}

#[test]
fn run_lengths_agree_with_the_vectors() {
    for vector in group("cusum_arl", 8) {
        let chart = Chart { m: number(&vector["m"]), h: number(&vector["H"]) };
        let (got, expected) = (run_length(chart, vector["q"].as_f64().unwrap()), vector["arl"].as_f64().unwrap());
        assert!((got / expected - 1.0).abs() < 1e-8, "{vector}: {got}");
    }
    assert!(run_length(Chart { m: 1, h: 5 }, 0.1).is_infinite());
    assert!((run_length(Chart { m: 9, h: 5 }, 0.1) - 10.0).abs() < 1e-12);
}

#[test]
fn paths_agree_with_the_vectors_until_their_signal() {
    for vector in group("cusum", 4) {
        let chart = Chart { m: number(&vector["m"]), h: number(&vector["H"]) };
        let mut score = 0;
        let mut first = None;
        for (index, fail) in vector["fails"].as_array().unwrap().iter().enumerate() {
            let step = chart.step(score, fail == 0);
            if first.is_none() {
                assert_eq!(step.reached, number(&vector["S"][index]), "{vector}");
                assert_eq!(step.signal, step.reached >= chart.h);
            }
            if step.signal {
                assert_eq!(step.score, 0);
                first = first.or(Some(index + 1));
            } else {
                assert_eq!(step.score, step.reached);
            }
            score = step.score;
        }
        assert_eq!(first, vector["first_signal"].as_u64().map(|at| usize::try_from(at).unwrap()), "{vector}");
    }
}

#[test]
fn the_chart_of_a_stream_allows_one_false_signal_in_five_years() {
    assert_eq!(Chart::for_stream(bp(9600), 150_000), Some(Chart { m: 17, h: 201 }));
    for (target, m) in [(9600, 17), (9300, 10), (9000, 7)] {
        for volume in [100, 1_000, 20_000] {
            let chart = Chart::for_stream(bp(target), volume).unwrap();
            assert_eq!(chart.m, m);
            let q0 = 1.0 - bp(target).probability();
            assert!(run_length(chart, q0) >= 5.0 * f64::from(volume));
            assert!(run_length(Chart { h: chart.h - 1, ..chart }, q0) < 5.0 * f64::from(volume));
            assert!(chart.false_signals_a_year(bp(target), volume) <= 0.2);
        }
    }
    assert_eq!(Chart::for_stream(bp(9000), 1_000_000).map(|chart| chart.m), Some(7));
    for target in [4000, 5000, 5100, 5500] {
        assert_eq!(Chart::for_stream(bp(target), 1000), None, "{target}: a doubling of failures says nothing");
    }
}

#[test]
fn every_target_close_to_everything_has_a_chart_that_keeps_the_promise() {
    for target in [9900, 9990, 9999] {
        for volume in [1, 10_000, 1_000_000, u32::MAX] {
            let chart = Chart::for_stream(bp(target), volume).unwrap();
            let q0 = 1.0 - bp(target).probability();
            assert!(run_length(chart, q0) >= 5.0 * f64::from(volume), "{target} {volume} {chart:?}");
            let less = Chart { h: chart.h - 1, ..chart };
            assert!(chart.h == 1 || run_length(less, q0) < 5.0 * f64::from(volume), "{target} {volume} {chart:?}");
        }
    }
}

#[test]
fn close_to_everything_a_chart_asks_how_far_two_failures_are_apart() {
    let chart = Chart::for_stream(bp(9999), 10_000).unwrap();
    let second = |passes: u32| {
        let apart = (0..passes).fold(chart.step(0, false).score, |score, _| chart.step(score, true).score);
        chart.step(apart, false).signal
    };
    assert!(second(2252) && !second(2253), "{chart:?}");
}

/// E(s) by iterating the equations until they stand still.
fn run_length_by_iteration(chart: Chart, q: f64) -> f64 {
    let (reach, h) = (usize::try_from(chart.m - 1).unwrap(), usize::try_from(chart.h).unwrap());
    let mut mean = vec![0.0_f64; h];
    for _ in 0..20_000 {
        for score in 0..h {
            let raised = mean.get(score + reach).copied().unwrap_or_default();
            mean[score] = 1.0 + (1.0 - q) * mean[score.saturating_sub(1)] + q * raised;
        }
    }
    mean[0]
}

#[test]
fn run_lengths_solve_their_equations() {
    for m in [2, 3, 5, 9] {
        for h in [1, 2, 3, 7, 8, 9, 10, 16, 17, 18, 27] {
            let (chart, q) = (Chart { m, h }, 0.3);
            let (got, expected) = (run_length(chart, q), run_length_by_iteration(chart, q));
            assert!((got / expected - 1.0).abs() < 1e-9 || expected > 1e3, "{chart:?}: {got} {expected}");
        }
    }
}

#[test]
fn at_a_target_of_everything_each_failure_signals() {
    let chart = Chart::for_stream(bp(10_000), 1000).unwrap();
    assert!(chart.step(0, false).signal);
    assert!(!chart.step(0, true).signal);
}

fn month(n: i8) -> Month {
    Month::new(2025, n).unwrap()
}

fn farm() -> Stream {
    Stream::new(2025, Some(Target { basis_points: bp(9600), min_n: 30 }))
}

fn samples(stream: &mut Stream, at: Month, passes: u32, failures: u32) -> Vec<Transition> {
    let events = (0..passes).map(|_| true).chain((0..failures).map(|_| false));
    events.filter_map(|conforming| stream.step(Event::Concluded { month: at, conforming })).collect()
}

#[test]
fn a_stage_below_its_target_gets_one_notice_then_significance() {
    let mut stream = farm();
    assert_eq!(samples(&mut stream, month(1), 27, 2), []);
    let raised = samples(&mut stream, month(1), 0, 1);
    let [Transition::Raised(Grade::Notice, evidence)] = raised[..] else { panic!("{raised:?}") };
    assert_eq!((evidence.window, evidence.tally), (Window::YearToDate, Tally::new(27, 30).unwrap()));
    assert_eq!(samples(&mut stream, month(1), 0, 1), [], "one alert for an excursion");
    let escalated = samples(&mut stream, month(1), 0, 4);
    let [Transition::Escalated(evidence)] = escalated[..] else { panic!("{escalated:?}") };
    assert!(evidence.p_low <= 0.001);
    assert_eq!(samples(&mut stream, month(1), 0, 4), []);
}

#[test]
fn four_failures_in_ten_are_significant_at_once_and_three_are_not() {
    let mut stream = farm();
    assert_eq!(samples(&mut stream, month(1), 7, 3), []);
    let mut stream = farm();
    let raised = samples(&mut stream, month(1), 6, 4);
    assert!(matches!(raised[..], [Transition::Raised(Grade::Significant, _)]), "{raised:?}");
    let mut stream = farm();
    assert_eq!(samples(&mut stream, month(1), 0, 9), [], "nine samples say nothing");
}

#[test]
fn a_stage_on_its_target_is_not_below_it() {
    let mut stream = farm();
    assert_eq!(samples(&mut stream, month(1), 96, 4), []);
    assert!(matches!(samples(&mut stream, month(1), 0, 1)[..], [Transition::Raised(Grade::Notice, _)]));
}

#[test]
fn an_alert_clears_after_two_month_ends_on_target() {
    let mut stream = farm();
    assert_eq!(samples(&mut stream, month(1), 28, 2).len(), 1);
    assert_eq!(stream.step(Event::MonthEnd(month(1))), None);
    samples(&mut stream, month(2), 100, 0);
    assert_eq!(stream.step(Event::MonthEnd(month(2))), None);
    assert_eq!(stream.step(Event::MonthEnd(month(2))), None, "a month ends once");
    let cleared = stream.step(Event::MonthEnd(month(3)));
    assert!(matches!(cleared, Some(Transition::Ended(Ending::Recovered, _))), "{cleared:?}");
    assert_eq!(stream.open(), None);
    let again = samples(&mut stream, month(4), 0, 4);
    assert!(matches!(again[..], [Transition::Raised(Grade::Notice, _)]), "it fires again: {again:?}");
}

#[test]
fn a_month_end_below_target_starts_the_recovery_again() {
    let mut stream = farm();
    samples(&mut stream, month(1), 28, 2);
    samples(&mut stream, month(2), 20, 0);
    assert_eq!(stream.step(Event::MonthEnd(month(2))), None, "on target once");
    samples(&mut stream, month(3), 0, 1);
    assert_eq!(stream.step(Event::MonthEnd(month(3))), None, "below again");
    assert_eq!(stream.open(), Some(Grade::Notice));
    samples(&mut stream, month(4), 30, 0);
    assert_eq!(stream.step(Event::MonthEnd(month(4))), None, "on target once");
    assert!(matches!(stream.step(Event::MonthEnd(month(5))), Some(Transition::Ended(Ending::Recovered, _))));
}

#[test]
fn an_autumn_slide_is_found_by_the_trailing_three_months() {
    let mut stream = farm();
    for n in 1..=8 {
        samples(&mut stream, month(n), 197, 3);
        assert_eq!(stream.step(Event::MonthEnd(month(n))), None);
    }
    for n in 9..=11 {
        assert_eq!(samples(&mut stream, month(n), 184, 16), []);
        let transition = stream.step(Event::MonthEnd(month(n)));
        if n < 11 {
            assert_eq!(transition, None);
        } else {
            let Some(Transition::Raised(Grade::Significant, evidence)) = transition else { panic!("{transition:?}") };
            assert_eq!(evidence.window, Window::TrailingThree);
            assert_eq!(evidence.tally, Tally::new(552, 600).unwrap());
            assert_eq!(stream.year_to_date().meets(bp(9600)), Some(true), "the year itself is on its target");
        }
    }
}

#[test]
fn every_year_that_closes_below_its_target_is_told() {
    let mut stream = farm();
    samples(&mut stream, month(12), 9, 1);
    let closed = stream.step(Event::YearEnd);
    assert!(matches!(closed, Some(Transition::Ended(Ending::YearUnmet, _))), "{closed:?}");
    assert_eq!(stream.step(Event::YearEnd), None);
    assert_eq!(samples(&mut stream, month(12), 0, 40), [], "a closed year raises nothing");
    let mut good = farm();
    samples(&mut good, month(1), 96, 4);
    assert_eq!(good.step(Event::YearEnd), None, "nothing was open");
    let mut recovered = farm();
    samples(&mut recovered, month(1), 28, 2);
    samples(&mut recovered, month(2), 100, 0);
    assert!(matches!(recovered.step(Event::YearEnd), Some(Transition::Ended(Ending::YearMet, _))));
    assert_eq!(farm().step(Event::YearEnd), None, "no samples, no year");
}

#[test]
fn month_ends_that_do_not_follow_each_other_are_no_recovery() {
    let mut stream = farm();
    samples(&mut stream, month(1), 28, 2);
    samples(&mut stream, month(2), 100, 0);
    assert_eq!(stream.step(Event::MonthEnd(month(2))), None);
    assert_eq!(stream.step(Event::MonthEnd(month(4))), None, "March did not end for this stream");
    assert_eq!(stream.step(Event::MonthEnd(Month::new(2026, 1).unwrap())), None, "another year's");
    assert!(matches!(stream.step(Event::MonthEnd(month(5))), Some(Transition::Ended(Ending::Recovered, _))));
}

#[test]
fn a_changed_target_closes_an_alert_as_changed_and_not_as_recovered() {
    let mut stream = farm();
    samples(&mut stream, month(1), 28, 2);
    let lower = Some(Target { basis_points: bp(9000), min_n: 30 });
    let closed = stream.step(Event::TargetChanged(lower));
    let Some(Transition::Ended(Ending::TargetChanged, evidence)) = closed else { panic!("{closed:?}") };
    assert_eq!(evidence.target, bp(9600), "the figures are those against the old target");
    assert_eq!(stream.step(Event::TargetChanged(lower)), None);
    assert_eq!(samples(&mut stream, month(1), 1, 0), []);
    assert_eq!(stream.step(Event::TargetChanged(None)), None);
    assert_eq!(samples(&mut stream, month(1), 0, 90), [], "without a target there is no alert");
}

proptest! {
    #[test]
    fn a_pass_never_raises_a_notice(results in proptest::collection::vec(any::<bool>(), 0..200)) {
        let mut stream = farm();
        for conforming in results {
            let transition = stream.step(Event::Concluded { month: month(1), conforming });
            prop_assert!(transition.is_none() || !conforming || [10, 30].contains(&stream.year_to_date().n), "only when the number of samples becomes enough");
        }
    }

    /// The stream asks for a tail only where it can matter; whoever asks at each sample finds the same.
    #[test]
    fn what_the_stream_leaves_out_changes_nothing(
        results in proptest::collection::vec(0.0_f64..1.0, 0..400), failing in 0.0_f64..0.5, target in 0_u16..=10_000, min_n in 0_u32..40
    ) {
        let target = Target { basis_points: bp(target), min_n };
        let mut stream = Stream::new(2025, Some(target));
        let mut tally = Tally::default();
        let mut open = None;
        for conforming in results.iter().map(|result| *result >= failing) {
            tally = tally.with(conforming);
            let significant = tally.n >= 10 && lower_tail(tally, target.basis_points) <= 0.001;
            let below = tally.n >= min_n && tally.meets(target.basis_points) == Some(false);
            open = if significant { Some(Grade::Significant) } else { open.or(below.then_some(Grade::Notice)) };
            stream.step(Event::Concluded { month: month(1), conforming });
            prop_assert_eq!(stream.open(), open);
        }
    }
}
