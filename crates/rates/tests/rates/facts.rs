//! What holds of every tally, not only of those in the vectors.

use hege_rates::compare::{Funnel, centre, compare};
use hege_rates::exact::{clopper_pearson, lower_tail, quantile, upper_tail, wilson};
use hege_rates::weighted::benjamini_hochberg;
use hege_rates::{BasisPoints, RateState, Tally, assess};
use proptest::prelude::*;

fn bp(basis_points: u16) -> BasisPoints {
    BasisPoints::new(basis_points).unwrap()
}

fn tally(k: u32, n: u32) -> Tally {
    Tally::new(k, n).unwrap()
}

/// P(X <= k), term by term.
fn summed(k: u32, n: u32, share: f64) -> f64 {
    let mut term = (1.0 - share).powi(i32::try_from(n).unwrap());
    let mut sum = term;
    for x in 1..=k {
        term *= share / (1.0 - share) * f64::from(n - x + 1) / f64::from(x);
        sum += term;
    }
    sum
}

#[test]
fn a_quantile_is_the_smallest_number_that_reaches_its_level() {
    for n in [1, 2, 10, 57] {
        for share in [0.04, 0.5, 0.93] {
            for level in [0.001, 0.025, 0.4, 0.975, 0.999] {
                let k = quantile(n, share, level);
                assert!(summed(k, n, share) >= level - 1e-12, "{n} {share} {level}: {k}");
                assert!(k == 0 || summed(k - 1, n, share) < level, "{n} {share} {level}: {k}");
            }
        }
    }
    assert_eq!([0.0, 1.0].map(|share| quantile(7, share, 0.5)), [0, 7]);
    assert_eq!(quantile(0, 0.5, 0.5), 0);
}

#[test]
fn a_funnel_narrows_with_the_number_of_samples() {
    let funnel = Funnel::at(100, 0.96);
    assert_eq!((funnel.usual, funnel.extreme), ((92, 99), (89, 100)));
    let wide = |n: u32| f64::from(Funnel::at(n, 0.96).usual.1 - Funnel::at(n, 0.96).usual.0) / f64::from(n);
    assert!(wide(1000) < wide(100) && wide(100) < wide(20));
}

#[test]
fn cities_are_compared_with_their_numbers_in_view() {
    let cities = [(1, tally(880, 1000)), (2, tally(4, 6)), (3, tally(300, 300)), (4, Tally::default())];
    let compared = compare(&cities, Some(bp(9600)));
    assert_eq!(compared.iter().map(|one| one.id).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let [bad, small, good, none] = compared.try_into().unwrap();
    assert_eq!((bad.rate.unwrap().to_string(), bad.below_target), ("88.00".to_owned(), Some(true)));
    assert_eq!((bad.interval, bad.p_low), (wilson(bad.tally), Some(lower_tail(bad.tally, bp(9600)))));
    assert_eq!(bad.adjusted, Some(bad.p_low.unwrap() * 3.0), "three were tested");
    assert!(small.adjusted.unwrap() > small.p_low.unwrap());
    assert_eq!(small.adjusted, Some(small.p_low.unwrap() * 3.0 / 2.0));
    assert_eq!((good.below_target, good.adjusted), (Some(false), Some(1.0)));
    assert!(bad.tally.k < bad.funnel.unwrap().extreme.0);
    assert_eq!((none.rate, none.interval, none.below_target, none.p_low), (None, None, None, None));
    assert_eq!((none.adjusted, none.funnel), (None, None));
}

#[test]
fn without_a_target_the_funnel_is_drawn_around_all_together() {
    let cities = [(1, tally(90, 100)), (2, tally(280, 300))];
    assert_eq!(centre(&cities, None), Some(0.925));
    assert_eq!(centre(&cities, Some(bp(9600))), Some(0.96));
    assert_eq!(centre(&[(1, Tally::default())], None), None);
    let compared = compare(&cities, None);
    assert!(compared.iter().all(|one| one.p_low.is_none() && one.adjusted.is_none() && one.below_target.is_none()));
    assert_eq!(compared.first().unwrap().funnel, Some(Funnel::at(100, 0.925)));
}

fn tallies() -> impl Strategy<Value = Tally> {
    (0_u32..600, 0_u32..100).prop_map(|(k, failures)| tally(k, k + failures))
}

/// From the worst to the best, of one number of samples.
fn order(state: RateState) -> u8 {
    match state {
        RateState::SignificantlyBelow => 0,
        RateState::Below | RateState::Insufficient => 1,
        RateState::Meets => 2,
        RateState::SignificantlyAbove => 3,
        RateState::NoData | RateState::NoTarget => u8::MAX,
    }
}

proptest! {
    #[test]
    fn an_interval_holds_the_share_that_was_seen(tally in tallies()) {
        prop_assume!(tally.n > 0);
        let share = f64::from(tally.k) / f64::from(tally.n);
        for (low, high) in [wilson(tally).unwrap(), clopper_pearson(tally).unwrap()] {
            prop_assert!(0.0 <= low && low <= share && share <= high && high <= 1.0, "{low} {share} {high}");
            prop_assert!(low < high);
        }
    }

    #[test]
    fn one_more_pass_never_makes_a_state_worse(n in 1_u32..500, share in 0.0_f64..1.0, target in 0_u16..=10_000) {
        let state = |k: u32| assess(tally(k, n), Some(bp(target))).state;
        let k = quantile(n, share, 0.5).min(n - 1);
        prop_assert!(order(state(k)) <= order(state(k + 1)), "{:?} {:?}", state(k), state(k + 1));
    }

    #[test]
    fn a_state_that_is_significant_agrees_with_the_fact(tally in tallies(), target in 0_u16..=10_000) {
        let assessed = assess(tally, Some(bp(target)));
        match assessed.state {
            RateState::SignificantlyBelow | RateState::Below => prop_assert_eq!(assessed.below_target, Some(true)),
            RateState::Meets | RateState::SignificantlyAbove => prop_assert_eq!(assessed.below_target, Some(false)),
            RateState::Insufficient => prop_assert!(tally.n < 30),
            RateState::NoData => prop_assert_eq!(tally.n, 0),
            RateState::NoTarget => prop_assert!(false, "there is a target"),
        }
    }

    #[test]
    fn tails_are_probabilities_and_move_with_the_passes(tally_ in tallies(), target in 1_u16..10_000) {
        let (low, high) = (lower_tail(tally_, bp(target)), upper_tail(tally_, bp(target)));
        prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
        prop_assert!(low + high >= 1.0 - 1e-9, "both hold what was seen");
        let more = tally(tally_.k, tally_.n + 1);
        prop_assert!(lower_tail(more, bp(target)) <= low + 1e-12, "a failure never raises p");
        let more = tally(tally_.k + 1, tally_.n + 1);
        prop_assert!(lower_tail(more, bp(target)) >= low - 1e-12, "a pass never lowers p");
    }

    #[test]
    fn adjusted_values_keep_the_order_and_are_never_smaller(p_values in proptest::collection::vec(0.0_f64..=1.0, 0..40)) {
        let adjusted = benjamini_hochberg(&p_values);
        prop_assert_eq!(adjusted.len(), p_values.len());
        for (p, a) in p_values.iter().zip(&adjusted) {
            prop_assert!(p <= a && *a <= 1.0);
            for (other, b) in p_values.iter().zip(&adjusted) {
                prop_assert!(p > other || a <= b, "{p} {other}: {a} {b}");
            }
        }
    }

    #[test]
    fn what_lies_outside_the_funnel_is_as_rare_as_it_says(n in 1_u32..400, target in 1_u16..10_000) {
        let funnel = Funnel::at(n, bp(target).probability());
        for ((low, high), tail) in [(funnel.usual, 0.025), (funnel.extreme, 0.001)] {
            prop_assert!(low <= high && high <= n);
            prop_assert!(low == 0 || lower_tail(tally(low - 1, n), bp(target)) < tail);
            prop_assert!(high == n || upper_tail(tally(high + 1, n), bp(target)) <= tail + 1e-12);
        }
        prop_assert!(funnel.extreme.0 <= funnel.usual.0 && funnel.usual.1 <= funnel.extreme.1);
    }
}
