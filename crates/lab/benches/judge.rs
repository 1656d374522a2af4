//! How many items a core judges in a second. `cargo bench -p hege-lab` prints items per second for each kind of item.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use hege_core::decimal::parse;
use hege_core::units::Unit;
use hege_lab::case::{Case, judge_case};
use hege_lab::catalogue::{Analyte, Analytes, Catalogue, FoodClass, FoodTree, Row};
use hege_lab::criterion::{Basis, Compare, Criterion, Matter, Origin, Rule};
use hege_lab::steps::Language;
use hege_lab::{Entry, judge};
use std::sync::Arc;

fn main() {
    divan::main();
}

fn maximum() -> Arc<Criterion> {
    let basis = Basis {
        row: Some("A".to_owned()),
        standard: "GB 2762-2022".to_owned(),
        clause: None,
        valid_from: "2023-06-30".parse().ok(),
        valid_to: None,
        origin: Origin::Catalogue,
    };
    let (unit, matter) = (Unit::parse("mg/kg"), Matter::AsIs);
    let rule = Rule::Max(parse("0.1").unwrap());
    Arc::new(Criterion { rule, unit, compare: Compare::Full, matter, total_suffices: false, basis })
}

const VALUES: [&str; 8] = ["0.013", "0.1", "0.14", "12.5", "0.0030", "<0.002", "ND", "0.09"];

fn judged(bencher: Bencher<'_, '_>, unit: &str) {
    let criterion = maximum();
    bencher.counter(ItemsCount::new(VALUES.len())).bench_local(|| {
        for result in VALUES {
            let entry = Entry { result, unit: Some(unit), lod: Some("0.002"), ..Entry::default() };
            black_box(judge(black_box(&entry), &criterion));
        }
    });
}

#[divan::bench]
fn a_value_in_the_unit_of_its_limit(bencher: Bencher<'_, '_>) {
    judged(bencher, "mg/kg");
}

#[divan::bench]
fn a_value_that_is_converted(bencher: Bencher<'_, '_>) {
    judged(bencher, "ug/kg");
}

/// A row with its own criterion, as `hege judge` reads it.
#[divan::bench]
fn a_row_that_states_its_criterion(bencher: Bencher<'_, '_>) {
    let case =
        Case { kind: Some("max"), limit: Some("0.1"), unit: Some("mg/kg"), lod: Some("0.002"), ..Case::default() };
    bencher.counter(ItemsCount::new(VALUES.len())).bench_local(|| {
        for result in VALUES {
            black_box(judge_case(black_box(&Case { result: Some(result), ..case }), None));
        }
    });
}

/// A row whose criterion the catalogue finds, with its steps written out.
#[divan::bench]
fn a_row_of_the_catalogue_with_its_steps(bencher: Bencher<'_, '_>) {
    let class = FoodClass { code: "1".into(), zh: "蔬菜".into(), ..FoodClass::default() };
    let analyte = Analyte { code: "lead".into(), zh: "铅".into(), en: "lead".into(), ..Analyte::default() };
    let row = Row::read(|field| match field {
        "id" | "food_class" => "1",
        "analyte" => "lead",
        "kind" => "max",
        "limit" => "0.1",
        "unit" => "mg/kg",
        "standard" => "GB 2762-2022",
        "valid_from" => "2023-06-30",
        "verified" => "yes",
        _ => "",
    });
    let names = (FoodTree::build(&[class], &[]).unwrap(), Analytes::build(&[analyte], &[]).unwrap());
    let catalogue = Catalogue::build(names.0, names.1, &[row]).unwrap().0;
    let case = Case { food: Some("蔬菜"), analyte: Some("铅"), date: Some("2025-06-01"), ..Case::default() };
    let case = Case { unit: Some("mg/kg"), lod: Some("0.002"), ..case };
    let mut text = String::new();
    bencher.counter(ItemsCount::new(VALUES.len())).bench_local(|| {
        for result in VALUES {
            text.clear();
            for step in judge_case(black_box(&Case { result: Some(result), ..case }), Some(&catalogue)).steps {
                step.write(Language::Zh, &mut text).unwrap();
            }
            black_box(&text);
        }
    });
}
