//! The shipped catalogue: whole, without overlap, and right on every edition vector.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_app::catalogue::shipped;
use hege_lab::Catalogue;
use hege_lab::case::{Case, judge_case};
use hege_lab::verdict::{ItemVerdict, Reason};
use serde_json::Value;
use std::collections::BTreeSet;

/// Two vectors rest on rows of general knowledge or on an edition whose value was not read: they judge only when accepted.
const ACCEPTED: [&str; 2] = ["L019", "L199a"];

fn vectors() -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../../tests/fixtures/vectors.json")).unwrap();
    all.get("edition_by_production_date").unwrap().as_array().unwrap().clone()
}

fn judged(catalogue: &Catalogue, vector: &Value) -> (ItemVerdict, Reason) {
    let text = |name: &str| vector.get(name).and_then(Value::as_str);
    let case = Case {
        food: text("food"),
        analyte: text("analyte"),
        date: text("production_date"),
        result: text("value"),
        unit: text("unit"),
        lod: None,
        ..Case::default()
    };
    let judgement = judge_case(&case, Some(catalogue));
    (judgement.verdict, judgement.reason)
}

#[test]
fn the_shipped_catalogue_loads_without_a_problem() {
    let (rows, usable) = shipped().unwrap().size();
    assert_eq!((rows, usable), (340, 181));
}

#[test]
fn the_edition_in_force_on_the_deciding_date_decides() {
    let mut catalogue = shipped().unwrap();
    assert_eq!(vectors().len(), 13);
    let before: Vec<_> = vectors().iter().map(|vector| judged(&catalogue, vector)).collect();
    let refused =
        before.iter().filter(|judged| **judged == (ItemVerdict::NotJudgeable, Reason::UnverifiedCriterion)).count();
    assert_eq!(refused, 2, "an unverified row does not judge: {before:?}");
    assert_eq!(catalogue.accept(&BTreeSet::from(ACCEPTED)), 2);
    for vector in vectors() {
        let expected =
            if vector.get("expect").unwrap() == "pass" { ItemVerdict::Conforming } else { ItemVerdict::Nonconforming };
        assert_eq!(judged(&catalogue, &vector).0, expected, "{vector}");
    }
}

#[test]
fn what_is_not_in_the_catalogue_is_not_judged() {
    let catalogue = shipped().unwrap();
    let find = |food, analyte, on: &str, declared| {
        catalogue
            .find(food, analyte, on.parse().unwrap(), declared)
            .map(|found| (found.national.map(|(id, _)| id.to_owned()), found.declared.map(|(id, _)| id.to_owned())))
    };
    assert_eq!(find("独角兽肉", "铅", "2025-06-01", None), Err(Reason::NoCriterion));
    assert_eq!(find("菠菜", "以太", "2025-06-01", None), Err(Reason::NoCriterion));
    assert_eq!(find("菠菜", "铅", "2025-06-01", None), Err(Reason::NoEditionInForce), "the row begins in 2026");
    assert_eq!(find("菠菜", "铅(以Pb计)", "2026-09-02", None).unwrap().0.as_deref(), Some("L028"));
    assert_eq!(find("豇豆", "克百威", "2025-06-01", None).unwrap().0.as_deref(), Some("L001"));
    assert_eq!(
        find("豇豆", "克百威", "2026-03-01", None),
        Err(Reason::NoEditionInForce),
        "never the edition before it by guess"
    );
    assert_eq!(find("上海青", "毒死蜱", "2025-06-01", None).unwrap().0.as_deref(), Some("L024"));
    assert_eq!(find("猪肉", "克伦特罗", "2025-06-01", None).unwrap().0.as_deref(), Some("L072"), "the class above it");
    assert_eq!(find("猪肉", "克伦特罗", "2013-06-01", None), Err(Reason::UnverifiedCriterion));
    let oil = find("芝麻香油", "酸价", "2025-06-01", Some("GB/T8233-2018")).unwrap();
    assert_eq!((oil.0.is_some(), oil.1.as_deref()), (true, Some("L140")));
    assert_eq!(find("芝麻香油", "酸价", "2025-06-01", Some("GB/T 0")).unwrap().1, None);
}
