//! From a plan's cell to its tasks and its coverage: what is split never exceeds its parent, figures add up, forecasts can be worked
//! out on paper.
#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use hege_core::{Problems, RegionCode, Stage, TaskType};
use hege_sampling::coverage::{Counted, Figures};
use hege_sampling::forecast::{EARLIEST_DAYS, Outlook, forecast};
use hege_sampling::quota::{Amount, Cell, Part, change, split};
use hege_sampling::task::{Assignment, period_faults};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn region(code: &str) -> RegionCode {
    code.parse().unwrap()
}

fn cell(region: &str) -> Cell {
    Cell {
        stage: Stage::Farm,
        task_type: TaskType::RoutineMonitoring,
        campaign: None,
        region: self::region(region),
        food_class: Some("33".to_owned()),
        panel: BTreeSet::new(),
    }
}

fn amount(samples: u32) -> Amount {
    Amount { samples, producers: None }
}

fn part(region: &str, samples: u32) -> Part {
    Part { region: self::region(region), food_class: None, panel: BTreeSet::new(), amount: amount(samples) }
}

/// Codes of classes are paths here.
fn is_within(food: &str, class: &str) -> bool {
    food == class || food.starts_with(&format!("{class}."))
}

fn found(problems: Problems) -> Vec<(String, &'static str)> {
    problems.into_vec().into_iter().map(|problem| (problem.pointer, problem.code)).collect()
}

fn at(pairs: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    pairs.iter().map(|(pointer, code)| ((*pointer).to_owned(), *code)).collect()
}

#[test]
fn parts_may_take_all_that_is_free_and_not_one_sample_more() {
    let parts = [part("330100", 60), part("330200", 40)];
    assert_eq!(found(split(&cell("330000"), (100, &[]), &parts, &is_within)), []);
    assert_eq!(found(split(&cell("330000"), (99, &[]), &parts, &is_within)), at(&[("/parts", "exceeds_cell")]));
    assert_eq!(found(split(&cell("330000"), (99, &[]), &[], &is_within)), at(&[("/parts", "required")]));
}

#[test]
fn a_part_lies_within_its_cell_is_not_the_cell_itself_and_stands_once() {
    let whole = cell("330100");
    let mut narrower = part("330100", 1);
    narrower.food_class = Some("33.01".to_owned());
    let mut longer = part("330100", 1);
    longer.panel.insert("lead".to_owned());
    assert_eq!(found(split(&whole, (10, &[]), &[narrower.clone(), longer, part("330106", 1)], &is_within)), []);
    let mut other_food = part("330106", 1);
    other_food.food_class = Some("330".to_owned());
    let parts = [part("330200", 1), other_food, part("330100", 1), narrower.clone(), narrower.clone()];
    let expected = [
        ("/parts/0/region", "outside_cell"),
        ("/parts/1/food_class", "outside_cell"),
        ("/parts/2", "same_cell"),
        ("/parts/4", "given_twice"),
    ];
    assert_eq!(found(split(&whole, (10, &[]), &parts, &is_within)), at(&expected));
    let there = [whole.part(&narrower)];
    assert_eq!(found(split(&whole, (10, &there), &[narrower], &is_within)), at(&[("/parts/0", "given_twice")]));
}

#[test]
fn producers_are_at_most_as_many_as_samples_and_nothing_is_wanted_zero_times() {
    let faults = |samples, producers| found(Amount { samples, producers }.faults(""));
    assert_eq!(faults(1, Some(1)), []);
    assert_eq!(faults(1, Some(2)), at(&[("/producers", "out_of_range")]));
    assert_eq!(faults(1, Some(0)), at(&[("/producers", "out_of_range")]));
    assert_eq!(faults(0, None), at(&[("/samples", "out_of_range")]));
    assert_eq!((faults(10_000_000, None), faults(10_000_001, None)), (vec![], at(&[("/samples", "out_of_range")])));
}

#[test]
fn a_cell_keeps_what_it_gave_and_takes_no_more_than_its_parent_has() {
    assert_eq!(found(change(amount(50), (50, Some(50)))), []);
    assert_eq!(found(change(amount(49), (50, None))), at(&[("/samples", "below_given")]));
    assert_eq!(found(change(amount(51), (50, Some(50)))), at(&[("/samples", "exceeds_cell")]));
}

#[test]
fn a_task_stands_in_a_city_or_county_of_its_cell_within_the_year() {
    let task = |region: &str, samples, (from, until): (Date, Date)| {
        let assignment = Assignment {
            region: self::region(region),
            food_class: None,
            amount: amount(samples),
            starts_on: from,
            ends_on: until,
        };
        found(assignment.faults(&cell("330000"), (20, 2026), &is_within))
    };
    let year = (date(2026, 1, 1), date(2026, 12, 31));
    assert_eq!(task("330100", 20, year), []);
    assert_eq!(task("330106", 21, year), at(&[("/samples", "exceeds_cell")]));
    assert_eq!(task("330000", 1, year), at(&[("/region", "not_split")]));
    assert_eq!(task("310100", 1, year), at(&[("/region", "outside_cell")]));
    let days = |from, until| found(period_faults((from, until), 2026));
    assert_eq!(days(date(2026, 5, 1), date(2026, 5, 1)), []);
    assert_eq!(days(date(2026, 5, 2), date(2026, 5, 1)), at(&[("/ends_on", "ends_before_it_begins")]));
    assert_eq!(
        days(date(2025, 12, 31), date(2027, 1, 1)),
        at(&[("/starts_on", "outside_plan_year"), ("/ends_on", "outside_plan_year"),])
    );
}

fn taken(taken: u64, recent: u64) -> Counted {
    Counted { taken, recent, ..Counted::default() }
}

#[test]
fn what_is_over_in_one_cell_fills_no_other() {
    let mut both = Figures::of(10, taken(15, 0));
    both += Figures::of(10, taken(5, 0));
    assert_eq!((both.wanted, both.counted.taken, both.shortfall), (20, 20, 5));
}

#[test]
fn a_forecast_can_be_worked_out_on_paper() {
    // 30 June: 181 days past, 184 left. 181 samples are one a day, 90 in 90 days too.
    let on = |wanted, all, recent| forecast(&Figures::of(wanted, taken(all, recent)), 2026, date(2026, 6, 30));
    let steady = on(365, 181, 90);
    assert_eq!((steady.outlook, steady.days_left, steady.projected), (Outlook::OnCourse, 184, Some((365, 365))));
    assert_eq!(steady.needed_a_week, Some(7), "184 samples in 184 days");
    assert_eq!(on(366, 181, 90).outlook, Outlook::Behind, "one more is out of reach");
    assert_eq!(on(365, 181, 91).projected, Some((365, 367)));
    assert_eq!(on(366, 181, 91).outlook, Outlook::Uncertain, "the paces disagree");
    assert_eq!(on(365, 365, 0).outlook, Outlook::Met);
    assert_eq!(on(0, 5, 5).outlook, Outlook::NoQuota);
}

#[test]
fn nothing_is_said_in_the_first_thirty_days_and_a_year_that_is_over_is_met_or_not() {
    let on = |year, day| forecast(&Figures::of(10, taken(9, 9)), year, day);
    assert_eq!(date(2026, 1, 29).day_of_year() + 1, i16::try_from(EARLIEST_DAYS).unwrap());
    assert_eq!(on(2026, date(2026, 1, 29)).outlook, Outlook::TooEarly);
    assert_eq!(on(2026, date(2026, 1, 30)).outlook, Outlook::OnCourse);
    assert_eq!(on(2027, date(2026, 12, 31)).outlook, Outlook::TooEarly);
    let last = on(2026, date(2026, 12, 31));
    assert_eq!((last.outlook, last.days_left, last.needed_a_week), (Outlook::Behind, 0, None));
    assert_eq!(on(2026, date(2027, 1, 1)).outlook, Outlook::Unmet);
    assert_eq!(forecast(&Figures::of(9, taken(9, 9)), 2026, date(2027, 1, 1)).outlook, Outlook::Met);
}

proptest! {
    #[test]
    fn parts_that_are_allowed_never_want_more_than_was_free(free in 0_u64..200, wanted in proptest::collection::vec(1_u32..60, 1..6)) {
        let parts: Vec<Part> = wanted.iter().enumerate().map(|(n, samples)| part(&format!("3301{:02}", n + 2), *samples)).collect();
        let together: u64 = wanted.iter().map(|n| u64::from(*n)).sum();
        prop_assert_eq!(split(&cell("330100"), (free, &[]), &parts, &is_within).is_empty(), together <= free);
    }

    #[test]
    fn figures_add_up_however_they_are_grouped(cells in proptest::collection::vec((0_u64..50, 0_u64..50, 0_u64..50), 0..12), cut in 0_usize..12) {
        let all: Vec<Figures> = cells.iter().map(|(wanted, all, recent)| Figures::of(*wanted, taken(*all, *recent))).collect();
        let sum = |of: &[Figures]| of.iter().fold(Figures::default(), |mut sum, one| { sum += *one; sum });
        let (left, right) = all.split_at(cut.min(all.len()));
        let mut both = sum(left);
        both += sum(right);
        prop_assert_eq!(both, sum(&all));
        prop_assert!(both.wanted <= both.shortfall + both.counted.taken);
        prop_assert!(both.shortfall <= both.wanted);
    }

    #[test]
    fn more_taken_never_makes_a_forecast_worse(wanted in 1_u64..500, all in 0_u64..500, recent in 0_u64..500, day in 30_i16..365) {
        let today = date(2026, 1, 1).checked_add(jiff::Span::new().days(day - 1)).unwrap();
        let of = |all: u64, recent: u64| forecast(&Figures::of(wanted, taken(all, recent)), 2026, today);
        let rank = |outlook| match outlook {
            Outlook::Behind => 0,
            Outlook::Uncertain => 1,
            Outlook::OnCourse => 2,
            Outlook::Met => 3,
            other => panic!("{other:?}"),
        };
        let recent = recent.min(all);
        prop_assert!(rank(of(all + 1, recent + 1).outlook) >= rank(of(all, recent).outlook));
        let (low, high) = of(all, recent).projected.unwrap_or((wanted, wanted));
        prop_assert!(low <= high && all.min(wanted) <= low);
    }
}
