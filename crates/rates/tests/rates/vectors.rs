//! Intervals, tails, states and weights against computed vectors and the tables of docs/DOMAIN.md 7.

use hege_rates::exact::{clopper_pearson, lower_tail, upper_tail, wilson};
use hege_rates::weighted::{benjamini_hochberg, weighted};
use hege_rates::{BasisPoints, RateState, Tally, assess};
use serde_json::Value;

fn group(name: &str, count: usize) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../../../tests/fixtures/vectors.json")).unwrap();
    let vectors = all[name].as_array().unwrap().clone();
    assert_eq!(vectors.len(), count);
    vectors
}

fn tally(vector: &Value) -> Tally {
    let number = |name: &str| u32::try_from(vector[name].as_u64().unwrap()).unwrap();
    Tally::new(number("k"), number("n")).unwrap()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

fn bp(basis_points: u16) -> BasisPoints {
    BasisPoints::new(basis_points).unwrap()
}

#[test]
fn intervals_agree_with_the_vectors() {
    for vector in group("intervals", 23) {
        let bounds = |name: &str| (vector[name][0].as_f64().unwrap(), vector[name][1].as_f64().unwrap());
        let (wilson, exact) = (wilson(tally(&vector)).unwrap(), clopper_pearson(tally(&vector)).unwrap());
        for (got, expected) in [(wilson, bounds("wilson95")), (exact, bounds("clopper_pearson95"))] {
            assert!(close(got.0, expected.0, 1e-9) && close(got.1, expected.1, 1e-9), "{vector}: {got:?}");
        }
    }
    assert_eq!(wilson(Tally::default()), None);
    assert_eq!(clopper_pearson(Tally::default()), None);
}

#[test]
fn lower_tails_agree_with_the_vectors() {
    for vector in group("exact_lower_tail", 18) {
        let target = bp((vector["p0"].as_f64().unwrap() * 10_000.0).round() as u16);
        let (got, expected) = (lower_tail(tally(&vector), target), vector["p"].as_f64().unwrap());
        assert!(close(got, expected, expected * 1e-9), "{vector}: {got}");
    }
}

#[test]
fn both_tails_share_the_observed_value() {
    let at = |k| Tally::new(k, 40).unwrap();
    for k in 1..40 {
        let total = lower_tail(at(k - 1), bp(9300)) + upper_tail(at(k), bp(9300));
        assert!(close(total, 1.0, 1e-12), "{k}: {total}");
    }
    assert!(close(upper_tail(at(40), bp(9300)), 0.93_f64.powi(40), 1e-14));
    assert!(close(lower_tail(at(40), bp(9300)), 1.0, 0.0) && close(upper_tail(at(0), bp(9300)), 1.0, 0.0));
    assert!(close(lower_tail(at(39), bp(10_000)), 0.0, 0.0) && close(upper_tail(at(39), bp(10_000)), 1.0, 0.0));
    assert!(close(lower_tail(at(1), bp(0)), 1.0, 0.0) && close(upper_tail(at(1), bp(0)), 0.0, 0.0));
}

/// docs/DOMAIN.md 7.3: fewest failures that make a stage significantly below.
#[test]
fn the_fewest_failures_that_are_significant_are_those_of_the_table() {
    let table = [
        (30, [5, 7, 8]),
        (50, [7, 9, 11]),
        (100, [10, 14, 19]),
        (200, [16, 24, 31]),
        (500, [32, 50, 67]),
        (1000, [56, 90, 124]),
        (2000, [102, 168, 233]),
        (5000, [234, 394, 551]),
    ];
    for (n, row) in table {
        for (target, failures) in [9600, 9300, 9000].into_iter().zip(row) {
            let state = |failures| assess(Tally::new(n - failures, n).unwrap(), Some(bp(target))).state;
            assert_eq!(state(failures), RateState::SignificantlyBelow, "{n} {target}");
            assert_ne!(state(failures - 1), RateState::SignificantlyBelow, "{n} {target}");
        }
    }
}

#[test]
fn a_stage_without_a_failure_is_significantly_above_from_its_number_on() {
    for (target, n) in [(9600, 91), (9300, 51), (9000, 36)] {
        let state = |n| assess(Tally::new(n, n).unwrap(), Some(bp(target))).state;
        assert_eq!(state(n), RateState::SignificantlyAbove);
        assert_eq!(state(n - 1), RateState::Meets);
    }
}

#[test]
fn few_samples_are_insufficient_unless_they_are_glaring() {
    let state = |k, n| assess(Tally::new(k, n).unwrap(), Some(bp(9600))).state;
    assert_eq!(state(6, 10), RateState::SignificantlyBelow);
    assert_eq!(state(7, 10), RateState::Insufficient);
    assert_eq!(state(0, 9), RateState::Insufficient);
    assert_eq!(state(29, 29), RateState::Insufficient);
    assert_eq!(state(30, 30), RateState::Meets);
    assert_eq!(state(28, 30), RateState::Below);
    assert_eq!(state(96, 100), RateState::Meets);
    assert_eq!(state(95, 100), RateState::Below);
    assert_eq!(assess(Tally::default(), Some(bp(9600))).state, RateState::NoData);
    assert_eq!(assess(Tally::new(1, 1).unwrap(), None).state, RateState::NoTarget);
}

#[test]
fn an_assessment_bundles_fact_and_evidence() {
    let below = assess(Tally::new(92, 100).unwrap(), Some(bp(9600)));
    assert_eq!(below.below_target, Some(true));
    assert_eq!(below.rate.unwrap().to_string(), "92.00");
    assert!(close(below.p_low.unwrap(), 0.047_512_050_73, 1e-9));
    let none = assess(Tally::default(), Some(bp(9600)));
    assert_eq!((none.rate, none.interval, none.below_target, none.p_low), (None, None, None, None));
    assert_eq!(assess(Tally::new(1, 2).unwrap(), None).below_target, None);
}

#[test]
fn a_weighted_rate_may_lie_on_the_other_side_of_the_target() {
    let strata =
        [(0.5, 396, 400), (0.3, 190, 200), (0.2, 88, 100)].map(|(weight, k, n)| (weight, Tally::new(k, n).unwrap()));
    let rate = weighted(&strata).unwrap();
    assert!(close(rate.share, 0.956, 1e-12));
    assert!(close(rate.standard_error, 0.008_388, 5e-7));
    assert!(close(rate.n_effective, 597.907, 5e-4));
    assert!(close(rate.interval.0, 0.936_446, 5e-7) && close(rate.interval.1, 0.969_732, 5e-7));
    let doubled: Vec<(f64, Tally)> = strata.iter().map(|(weight, tally)| (weight * 2.0, *tally)).collect();
    assert!(close(weighted(&doubled).unwrap().share, rate.share, 1e-12));
    assert_eq!(weighted(&[]), None);
    assert_eq!(weighted(&[(1.0, Tally::new(1, 1).unwrap())]), None);
    for weight in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(weighted(&[(2.0, strata[0].1), (weight, strata[1].1)]), None, "{weight}");
    }
    assert_eq!(weighted(&[(0.0, strata[0].1), (0.0, strata[1].1)]), None);
    let one = weighted(&[(2.0, strata[0].1), (0.0, strata[1].1)]).unwrap();
    assert!(close(one.share, 0.99, 1e-12) && close(one.n_effective, 399.0, 1e-9), "a weight of 0 leaves a stratum out");
}

#[test]
fn a_weighted_rate_of_which_nothing_varies_still_has_an_interval() {
    let strata = [(0.75, Tally::new(11, 11).unwrap()), (0.25, Tally::new(2, 2).unwrap())];
    let rate = weighted(&strata).unwrap();
    assert!(close(rate.share, 1.0, 0.0) && close(rate.standard_error, 0.0, 0.0));
    assert!(close(rate.n_effective, 1.0 / (0.75 * 0.75 / 10.0 + 0.25 * 0.25), 1e-12), "{rate:?}");
    assert!(close(rate.interval.1, 1.0, 1e-12) && rate.interval.0 > 0.6, "{rate:?}");
    let mixed = weighted(&[(0.5, Tally::new(2, 2).unwrap()), (0.5, Tally::new(0, 2).unwrap())]).unwrap();
    assert!(close(mixed.share, 0.5, 0.0) && close(mixed.n_effective, 2.0, 1e-12));
}

#[test]
fn many_comparisons_are_corrected() {
    let adjusted = benjamini_hochberg(&[0.019, 0.0008, 0.012, 0.041, 0.09, 0.21, 0.33, 0.48, 0.55, 0.71, 0.93]);
    for (got, expected) in adjusted.iter().zip([0.069_666_667, 0.0088, 0.066, 0.11275]) {
        assert!(close(*got, expected, 1e-9), "{adjusted:?}");
    }
    assert_eq!(adjusted.iter().filter(|p| **p <= 0.1).count(), 3);
    assert!(close(adjusted[10], 0.93, 1e-12));
    assert!(benjamini_hochberg(&[]).is_empty());
}
