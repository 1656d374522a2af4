//! The shipped catalogue: whole, without overlap, and right on every edition vector.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_app::catalogue::{Error, build, row_json, row_of_json, shipped, shipped_rows};
use hege_lab::Criterion;
use hege_lab::case::{Case, judge_case};
use hege_lab::catalogue::{Catalogue, Row};
use hege_lab::verdict::{ItemVerdict, Reason};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

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
    assert_eq!((rows, usable), (436, 184));
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
    let row = |criterion: Arc<Criterion>| criterion.basis.row.clone().unwrap();
    let both = |food: &str, analyte: &str, on: &str, declared| {
        let found = catalogue.find(food, analyte, on.parse().unwrap(), declared);
        (found.national.map(row), found.declared.map(|found| found.map(row)))
    };
    let find = |food, analyte, on| both(food, analyte, on, None).0;
    let id = |id: &str| Ok(id.to_owned());
    assert_eq!(find("独角兽肉", "铅", "2025-06-01"), Err(Reason::NoCriterion));
    assert_eq!(find("菠菜", "以太", "2025-06-01"), Err(Reason::NoCriterion));
    assert_eq!(find("菠菜", "铅", "2025-06-01"), Err(Reason::NoEditionInForce), "the row begins in 2026");
    assert_eq!(find("菠菜", "铅(以Pb计)", "2026-09-02"), id("L028"));
    assert_eq!(find("豇豆", "克百威", "2025-06-01"), id("L001"));
    assert_eq!(
        find("豇豆", "克百威", "2026-03-01"),
        Err(Reason::NoEditionInForce),
        "never the edition before by guess"
    );
    assert_eq!(find("豇豆", "克百威", "2013-06-15"), Err(Reason::UnverifiedCriterion), "the ban of 2002");
    assert_eq!(find("上海青", "毒死蜱", "2025-06-01"), id("L024"));
    assert_eq!(find("猪肉", "克伦特罗", "2025-06-01"), id("L072"), "the class above it");
    assert_eq!(find("猪肉", "克伦特罗", "2013-06-01"), Err(Reason::UnverifiedCriterion));
    let oil = both("芝麻香油", "酸价", "2025-06-01", Some("GB/T8233-2018"));
    assert_eq!((oil.0.is_ok(), oil.1), (true, Some(id("L140"))));
    assert_eq!(both("芝麻香油", "酸价", "2025-06-01", Some("GB/T 0")).1, None);
}

#[test]
fn the_files_have_the_columns_that_are_read() {
    let header = |text: &'static str| text.lines().next().unwrap();
    assert_eq!(header(include_str!("../data/limits.csv")), Row::FIELDS.join(","));
    assert_eq!(header(include_str!("../data/food-classes.csv")), "code,parent,zh");
    assert_eq!(header(include_str!("../data/food-synonyms.csv")), "synonym,food_class");
    assert_eq!(header(include_str!("../data/analytes.csv")), "code,zh,en,banned,pathogen");
    assert_eq!(header(include_str!("../data/analyte-synonyms.csv")), "synonym,analyte");
    let (foods, analytes, rows) = shipped_rows().unwrap();
    assert_eq!(foods.class("33.01.07").unwrap().zh, "豆芽");
    let (banned, pathogen) = (analytes.get("clenbuterol").unwrap(), analytes.get("salmonella").unwrap());
    assert_eq!((banned.banned, banned.pathogen, pathogen.banned, pathogen.pathogen), (true, false, false, true));
    assert!(
        rows.iter().all(|row| (row.verified == "yes") == row.unverified_why.is_empty()),
        "who may not judge says why"
    );
    let general = rows.iter().filter(|row| matches!(row.confidence.as_str(), "C" | "D"));
    assert!(general.clone().count() > 100 && general.clone().all(|row| row.verified == "no"));
}

#[test]
fn a_row_cites_one_edition_and_a_gap_is_told() {
    let (_, _, rows) = shipped_rows().unwrap();
    assert!(rows.iter().all(|row| !row.standard.contains(" / ") && !row.standard.contains("/20")), "merged editions");
    let (catalogue, warnings) = build(&rows, &BTreeSet::from(["L019"])).unwrap();
    assert_eq!(catalogue.size().1, 185);
    let codes: BTreeSet<&str> = warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, BTreeSet::from(["ends", "gap"]));
    assert!(warnings.iter().any(|warning| warning.pointer == "/limits/L001/valid_to" && warning.code == "ends"));
    let refused = build(&rows, &BTreeSet::from(["L0", "L009"])).map(drop).unwrap_err();
    assert!(matches!(&refused, Error::Accepted(ids) if ids == "L0"), "{refused}");
}

#[test]
fn rows_travel_as_json() {
    let (_, _, rows) = shipped_rows().unwrap();
    for row in &rows {
        assert_eq!(&row_of_json(row_json(row).as_object().unwrap()).unwrap(), row);
    }
    let odd = json!({"id": 1, "colour": "red"});
    let problems = row_of_json(odd.as_object().unwrap()).unwrap_err();
    let found: Vec<_> = problems.as_slice().iter().map(|problem| (problem.pointer.as_str(), problem.code)).collect();
    assert_eq!(found, [("/id", "not_text"), ("/colour", "unknown_field")]);
}

#[test]
fn a_method_that_sees_too_little_answers_nothing() {
    let catalogue = shipped().unwrap();
    let fish = |lod| {
        let base =
            Case {
                food: Some("淡水鱼"), analyte: Some("孔雀石绿"), date: Some("2025-06-01"), ..Case::default()
            };
        judge_case(&Case { result: Some("ND"), lod: Some(lod), unit: Some("ug/kg"), ..base }, Some(&catalogue)).reason
    };
    assert_eq!(fish("0.5"), Reason::NotDetected);
    assert_eq!(fish("0.6"), Reason::LodAboveRequired);
}

#[test]
fn a_sum_of_ratios_takes_the_maxima_of_its_parts() {
    let mut catalogue = shipped().unwrap();
    let judged = |catalogue: &Catalogue, result, parts| {
        let base =
            Case {
                food: Some("酱腌菜"), analyte: Some("防腐剂比例之和"), date: Some("2025-06-01"), ..Case::default()
            };
        judge_case(&Case { result: Some(result), unit: Some("g/kg"), parts, ..base }, Some(catalogue))
    };
    let parts = Some("苯甲酸及其钠盐;脱氢乙酸");
    assert_eq!(judged(&catalogue, "0.5;0.15", parts).reason, Reason::WithinLimit);
    assert_eq!(judged(&catalogue, "0.6;0.15", parts).reason, Reason::BeyondLimit);
    assert_eq!(judged(&catalogue, "0.6;0.15", None).reason, Reason::PartsMissing);
    assert_eq!(judged(&catalogue, "0.6", parts).reason, Reason::PartNumber);
    assert_eq!(judged(&catalogue, "0.6;0.1", Some("苯甲酸及其钠盐;独角")).reason, Reason::NoCriterion);
    let step = judged(&catalogue, "0.5;0.15", parts).steps.first().unwrap().zh();
    assert_eq!(step, "判定依据: GB 2760-2024 附录A.2 [2025-02-08~], Σ≤1 g/kg (限量库)");
    assert_eq!(catalogue.accept(&BTreeSet::from(["L182b"])), 1);
}
