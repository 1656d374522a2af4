//! What each rule promises about false alarms, against every possible year.

use hege_alerts::Rule;
use hege_alerts::cusum::Chart;
use hege_alerts::false_alarms::{self, Stream, a_year, notice, significant};
use hege_alerts::plan::{self, Event, Grade, Target};
use hege_core::Month;
use hege_rates::BasisPoints;

fn target(basis_points: u16, min_n: u32) -> Target {
    Target { basis_points: BasisPoints::new(basis_points).unwrap(), min_n }
}

/// The probability that the real rule reaches a grade in a year of so few samples that every year can be tried.
fn tried(target: Target, samples: u32, grade: Grade) -> f64 {
    let p0 = target.basis_points.probability();
    let mut sum = 0.0;
    for year in 0..1_u32 << samples {
        let mut stream = plan::Stream::new(2025, Some(target));
        let (mut probability, mut reached, mut seen) = (1.0, None, 0);
        for month in 1..=12 {
            let now = Month::new(2025, month).unwrap();
            let until = samples * u32::try_from(month).unwrap() / 12;
            for bit in seen..until {
                let conforming = year & (1 << bit) == 0;
                probability *= if conforming { p0 } else { 1.0 - p0 };
                stream.step(Event::Concluded { month: now, conforming });
                reached = reached.max(stream.open());
            }
            seen = until;
            stream.step(Event::MonthEnd(now));
            reached = reached.max(stream.open());
        }
        if reached >= Some(grade) {
            sum += probability;
        }
    }
    sum
}

#[test]
fn the_share_of_years_with_a_notice_is_exact() {
    for (basis_points, min_n, samples) in [(5000, 1, 9), (7000, 4, 10), (9600, 3, 10)] {
        let target = target(basis_points, min_n);
        let (got, expected) = (notice(target, samples), tried(target, samples, Grade::Notice));
        assert!((got - expected).abs() < 1e-12, "{basis_points}: {got} {expected}");
    }
    assert!(notice(target(9600, 30), 29) < 1e-12, "too few for a notice");
    assert!(notice(target(9600, 30), 5000) > 0.9, "a stage on its target has a notice in most years");
}

#[test]
fn the_share_of_years_that_are_falsely_significant_is_exact_for_the_year_to_date() {
    for (basis_points, samples) in [(5000, 12), (9600, 12)] {
        // No notice: it takes more samples than there are.
        let target = target(basis_points, 100);
        let (got, expected) = (significant(target.basis_points, samples), tried(target, samples, Grade::Significant));
        assert!((got - expected).abs() < 1e-12 && expected > 0.0, "{basis_points}: {got} {expected}");
    }
}

/// By simulation 3 to 6 % of years (docs/DOMAIN.md 7.6); what is printed is an upper bound.
#[test]
fn few_years_on_target_are_falsely_significant() {
    for (basis_points, samples) in [(9600, 2400), (9300, 2400), (9000, 1200)] {
        let share = significant(target(basis_points, 30).basis_points, samples);
        assert!((0.03..0.10).contains(&share), "{basis_points}: {share}");
    }
}

#[test]
fn every_rule_prints_its_false_alarms() {
    let stream = Stream { target: target(9600, 30), samples_a_year: 1000, looks_a_year: 12 };
    let chart = Chart::for_stream(stream.target.basis_points, 1000).unwrap();
    for rule in Rule::ALL {
        let expected = match rule {
            Rule::BelowTarget => significant(stream.target.basis_points, 1000),
            Rule::Cusum => chart.false_signals_a_year(stream.target.basis_points, 1000),
            Rule::CityBelow => 1.2,
            Rule::NoFailures => 12.0 * 0.006_737_946_999_085_467,
            _ => 0.0,
        };
        let got = a_year(*rule, &stream);
        assert!((got - expected).abs() < 1e-12, "{rule}: {got}");
    }
    assert!((false_alarms::cusum(stream.target.basis_points, 1000) - 1000.0 / 5_030.232_696).abs() < 1e-6);
    assert!(false_alarms::cusum(BasisPoints::new(4000).unwrap(), 1000).abs() < 1e-12, "no chart, no signal");
}
