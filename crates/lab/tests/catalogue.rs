//! The catalogue on a small one of its own: who decides, who is refused, and what is not let in.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_core::Problem;
use hege_lab::case::{Case, judge_case};
use hege_lab::catalogue::{Analyte, Analytes, Catalogue, FoodClass, FoodTree, Row};
use hege_lab::verdict::{ItemVerdict, Reason};
use hege_lab::{Entry, judge};
use std::collections::BTreeSet;
use std::slice;

fn foods() -> FoodTree {
    let class =
        |code: &str, parent: &str, zh: &str| FoodClass { code: code.into(), parent: parent.into(), zh: zh.into() };
    let classes =
        [class("1", "", "蔬菜"), class("1.1", "1", "叶菜"), class("1.1.1", "1.1", "菠菜"), class("2", "", "食用油")];
    FoodTree::build(&classes, &[("菠薐".into(), "1.1.1".into())]).unwrap()
}

fn analyte(code: &str, zh: &str) -> Analyte {
    Analyte { code: code.into(), zh: zh.into(), en: format!("{code} en"), ..Analyte::default() }
}

fn analytes() -> Analytes {
    let all =
        [analyte("lead", "铅"), analyte("acid", "酸价"), analyte("a", "甲"), analyte("b", "乙"), analyte("sum", "和")];
    Analytes::build(&all, &[("铅(以Pb计)".into(), "lead".into())]).unwrap()
}

/// `class analyte limit from to`, verified; `-` for an open end.
fn row(id: &str, text: &str) -> Row {
    let fields: Vec<String> =
        text.split(' ').map(|field| if field == "-" { String::new() } else { field.into() }).collect();
    let [food_class, analyte, limit, valid_from, valid_to] = <[String; 5]>::try_from(fields).unwrap();
    Row {
        id: id.into(),
        food_class,
        analyte,
        kind: "max".into(),
        limit,
        unit: "mg/kg".into(),
        standard: format!("GB {id}"),
        valid_from,
        valid_to,
        verified: "yes".into(),
        ..Row::default()
    }
}

fn build(rows: &[Row]) -> (Catalogue, Vec<Problem>) {
    Catalogue::build(foods(), analytes(), rows).unwrap()
}

fn said(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| format!("{} {}", problem.pointer, problem.code)).collect()
}

fn refused(rows: &[Row]) -> Vec<String> {
    said(Catalogue::build(foods(), analytes(), rows).unwrap_err().as_slice())
}

/// The row that decides nationally.
fn national(catalogue: &Catalogue, food: &str, on: &str) -> Result<String, Reason> {
    let found = catalogue.find(food, "铅", on.parse().unwrap(), None);
    assert_eq!(found.declared, None);
    found.national.map(|criterion| criterion.basis.row.clone().unwrap())
}

#[test]
fn the_most_specific_class_decides_by_any_of_its_names() {
    let (catalogue, _) = build(&[row("A", "1 lead 0.1 - -"), row("B", "1.1 lead 0.3 - -")]);
    for (food, expected) in [("菠菜", "B"), ("菠薐", "B"), ("1.1.1", "B"), ("叶菜", "B"), (" 蔬 菜 ", "A")] {
        assert_eq!(national(&catalogue, food, "2025-01-01"), Ok(expected.to_owned()), "{food}");
    }
    assert_eq!(national(&catalogue, "食用油", "2025-01-01"), Err(Reason::NoCriterion));
    assert_eq!(national(&catalogue, "肉", "2025-01-01"), Err(Reason::NoCriterion));
    assert_eq!(catalogue.find("菠菜", "汞", "2025-01-01".parse().unwrap(), None).national, Err(Reason::NoCriterion));
    let ids: Vec<_> = catalogue.editions("菠菜", "铅").iter().map(|edition| edition.food_class.as_str()).collect();
    assert_eq!(ids, ["1.1", "1"], "the food's own class first");
    assert!(catalogue.editions("菠菜", "汞").is_empty());
}

#[test]
fn an_edition_is_in_force_on_its_first_and_last_day() {
    let rows = [row("A", "1 lead 0.1 2013-06-01 2017-09-16"), row("B", "1 lead 0.2 2017-09-17 2023-06-29")];
    let (catalogue, warnings) = build(&rows);
    let on = |day| national(&catalogue, "菠菜", day);
    assert_eq!(on("2013-05-31"), Err(Reason::NoEditionInForce));
    assert_eq!((on("2013-06-01"), on("2017-09-16")), (Ok("A".into()), Ok("A".into())));
    assert_eq!((on("2017-09-17"), on("2023-06-29")), (Ok("B".into()), Ok("B".into())));
    assert_eq!(on("2023-06-30"), Err(Reason::NoEditionInForce));
    assert_eq!(said(&warnings), ["/limits/B/valid_to ends"]);
}

#[test]
fn two_rows_of_one_day_are_refused_and_a_gap_of_one_day_is_told() {
    let second = |from| row("B", &format!("1 lead 0.2 {from} -"));
    let first = row("A", "1 lead 0.1 2013-06-01 2017-09-16");
    assert_eq!(refused(&[second("2017-09-16"), first.clone()]), ["/limits/A/valid_to overlap"]);
    assert_eq!(refused(&[first.clone(), second("-")]), ["/limits/B/valid_to overlap"], "open ends meet everything");
    assert_eq!(refused(&[row("A", "1 lead 0.1 - -"), second("2017-09-17")]), ["/limits/A/valid_to overlap"]);
    assert_eq!(said(&build(&[first.clone(), second("2017-09-17")]).1), Vec::<String>::new());
    let (catalogue, warnings) = build(&[first, second("2017-09-18")]);
    assert_eq!(said(&warnings), ["/limits/A/valid_to gap"]);
    assert_eq!(national(&catalogue, "菠菜", "2017-09-17"), Err(Reason::NoEditionInForce));
}

#[test]
fn an_unverified_row_is_never_passed_over_and_judges_once_accepted() {
    let unverified = Row { verified: "no".into(), ..row("B", "1.1 lead 0.3 2020-01-01 -") };
    let (mut catalogue, _) = build(&[row("A", "1 lead 0.1 - -"), unverified]);
    assert_eq!(catalogue.size(), (2, 1));
    let day = "2025-01-01";
    assert_eq!(national(&catalogue, "菠菜", day), Err(Reason::UnverifiedCriterion));
    assert_eq!(
        national(&catalogue, "菠菜", "2019-12-31"),
        Err(Reason::NoEditionInForce),
        "nor when it is not in force"
    );
    assert_eq!(national(&catalogue, "蔬菜", day), Ok("A".into()));
    assert_eq!(catalogue.accept(&BTreeSet::from(["B", "C"])), 1);
    assert_eq!((catalogue.size(), national(&catalogue, "菠菜", day)), ((2, 2), Ok("B".into())));
}

#[test]
fn the_stricter_of_national_and_declared_standard_holds_and_both_are_shown() {
    let of_label = |id: &str, standard: &str, limit: &str| Row {
        declared_standard: standard.into(),
        standard: standard.into(),
        ..row(id, &format!("2 acid {limit} 2019-01-01 -"))
    };
    let rows = [row("N", "2 acid 3 - -"), of_label("S", "GB/T 1535-2017", "0.5"), of_label("L", "GB/T 8235-2019", "4")];
    let (catalogue, _) = build(&rows);
    let judged = |date, label, result| {
        let case = Case { food: Some("食用油"), analyte: Some("酸价"), date: Some(date), ..Case::default() };
        let case = Case { declared_standard: label, result: Some(result), unit: Some("mg/kg"), ..case };
        judge_case(&case, Some(&catalogue))
    };
    let verdict = |label, result| judged("2025-01-01", Some(label), result).verdict;
    for label in [
        "GB/T 1535-2017",
        "GB/T1535—2017",
        "ＧＢ／Ｔ 1535",
        "gb/t 1535 － 2017",
        "执行标准：GB/T 1535（一级）、GB 2716",
        "GB/T 1535-best",
    ] {
        assert_eq!(verdict(label, "0.5"), ItemVerdict::Conforming, "{label}");
        assert_eq!(verdict(label, "0.51"), ItemVerdict::Nonconforming, "{label}: beyond the declared one");
    }
    assert_eq!(verdict("GB/T 8235-2019", "3"), ItemVerdict::Conforming);
    assert_eq!(verdict("GB/T 8235-2019", "3.1"), ItemVerdict::Nonconforming, "a laxer label excuses nothing");
    for label in ["", " ", "GB/T 1535-2003", "GB/T 15352017", "GB/T 1535.2", "SGB/T 1535", "1GB/T 1535", "/"] {
        assert_eq!(verdict(label, "3"), ItemVerdict::Conforming, "{label}: national only");
        assert_eq!(judged("2025-01-01", Some(label), "3").criteria().count(), 1, "{label}");
    }
    let ended = row("E", "1 lead 0.1 - 2020-01-01");
    let of = |on: &str| build(slice::from_ref(&ended)).0.find("1", "lead", on.parse().unwrap(), None).national;
    let shown = judge(&Entry { result: "x", ..Entry::default() }, &of("2020-01-01").unwrap()).steps[0].zh();
    assert_eq!(shown, "判定依据: GB E [~2020-01-01], ≤0.1 mg/kg (限量库)");
    let both = judged("2025-01-01", Some("GB/T 1535"), "0.5");
    assert_eq!(both.steps[0].zh(), "判定依据: GB N, ≤3 mg/kg (限量库)");
    assert_eq!(both.steps[3].zh(), "判定依据: GB/T 1535-2017 [2019-01-01~], ≤0.5 mg/kg (明示标准)");
    let shown: Vec<_> = both.criteria().map(|criterion| criterion.basis.standard.as_str()).collect();
    assert_eq!(shown, ["GB N", "GB/T 1535-2017"]);
    let before = |result| judged("2018-12-31", Some("GB/T 1535"), result);
    assert_eq!((before("3").verdict, before("3").reason), (ItemVerdict::NotJudgeable, Reason::NoEditionInForce));
    assert_eq!(before("3.1").verdict, ItemVerdict::Nonconforming, "what fails nationally fails");
}

#[test]
fn a_label_alone_suffices_where_there_is_no_national_limit() {
    let own = Row { declared_standard: "Q/1".into(), ..row("S", "2 acid 0.5 - -") };
    let (catalogue, _) = build(&[own]);
    let found = |label| catalogue.find("2", "acid", "2025-01-01".parse().unwrap(), label);
    assert_eq!((found(None).national, found(None).declared), (Err(Reason::NoCriterion), None));
    assert!(found(Some("Q/1")).declared.unwrap().is_ok());
    for (own, label) in [("Q-ABCD", "Q"), ("Q-12345", "Q"), ("Q-2024", "Q-20245"), ("Q-2024", "Q-2023")] {
        let (catalogue, _) = build(&[Row { declared_standard: own.into(), ..row("S", "2 acid 0.5 - -") }]);
        let found = catalogue.find("2", "acid", "2025-01-01".parse().unwrap(), Some(label));
        assert_eq!(found.declared, None, "{own} {label}");
    }
    let case = Case { food: Some("2"), analyte: Some("acid"), date: Some("２０２５-01-01"), ..Case::default() };
    let case = Case { result: Some("0.6"), unit: Some("mg/kg"), declared_standard: Some("Q/1"), ..case };
    assert_eq!(judge_case(&case, Some(&catalogue)).reason, Reason::BeyondLimit);
    assert_eq!(judge_case(&Case { declared_standard: None, ..case }, Some(&catalogue)).reason, Reason::NoCriterion);
    assert_eq!(judge_case(&Case { date: None, ..case }, Some(&catalogue)).reason, Reason::BadDate);
    assert_eq!(judge_case(&Case { date: Some("2025-13-01"), ..case }, Some(&catalogue)).reason, Reason::BadDate);
    assert_eq!(judge_case(&Case { food: None, ..case }, Some(&catalogue)).reason, Reason::NoCriterion);
    assert_eq!(judge_case(&case, None).reason, Reason::NoCriterion);
}

#[test]
fn parts_of_a_sum_bring_their_own_maxima_in_one_unit() {
    let sum = Row { kind: "ratio_sum".into(), unit: String::new(), ..row("S", "2 sum - - -") };
    let ban = Row { kind: "not_used".into(), ..row("L", "2 lead - - -") };
    let grams = Row { unit: "g/kg".into(), ..row("C", "2 acid 1 - -") };
    let (catalogue, _) = build(&[sum, ban, grams, row("A", "2 a 1 - -"), row("B", "2 b 0.5 - -")]);
    let reason = |parts, result| {
        let case = Case { food: Some("2"), analyte: Some("sum"), date: Some("2025-01-01"), parts, ..Case::default() };
        judge_case(&Case { result: Some(result), unit: Some("mg/kg"), ..case }, Some(&catalogue)).reason
    };
    assert_eq!(reason(Some("甲;乙"), "0.5;0.25"), Reason::WithinLimit);
    assert_eq!(reason(Some("甲；乙"), "0.5;0.26"), Reason::BeyondLimit);
    assert_eq!(reason(Some("甲;铅"), "0.5;0.1"), Reason::PartLimit, "what must not be used has no share");
    assert_eq!(reason(Some("甲;酸价"), "0.5;0.1"), Reason::PartLimit, "another unit");
    assert_eq!(reason(Some("甲;丙"), "0.5;0.1"), Reason::NoCriterion);
    assert_eq!(reason(Some(" "), "0.5;0.1"), Reason::PartsMissing);
    let own = Row { kind: "ratio_sum".into(), ..row("T", "1 sum 1;0.5 - -") };
    let case = Case { food: Some("1"), analyte: Some("sum"), date: Some("2025-01-01"), ..Case::default() };
    let case = Case { result: Some("0.5;0.25"), unit: Some("mg/kg"), ..case };
    assert_eq!(
        judge_case(&case, Some(&build(&[own]).0)).reason,
        Reason::WithinLimit,
        "maxima of its own need no parts"
    );
    let limit = catalogue.find("2", "a", "2025-01-01".parse().unwrap(), None).national.unwrap();
    let no_sum = catalogue.ratio_sum(&limit, ("2", "2025-01-01".parse().unwrap()), &["甲"]);
    assert_eq!(no_sum, Err(Reason::BadCriterion));
}

#[test]
fn every_problem_of_every_row_is_told() {
    let good = row("A", "1 lead 0.1 - -");
    let odd = |change: fn(&mut Row)| {
        let mut row = good.clone();
        change(&mut row);
        refused(&[row])
    };
    assert_eq!(odd(|row| row.food_class = "9".into()), ["/limits/A/food_class unknown"]);
    assert_eq!(odd(|row| row.analyte = "铅".into()), ["/limits/A/analyte unknown"], "a code, not a name");
    assert_eq!(odd(|row| row.kind = "most".into()), ["/limits/A/kind unreadable"]);
    assert_eq!(odd(|row| row.limit = "0,1".into()), ["/limits/A/limit unreadable"]);
    assert_eq!(odd(|row| row.unit = "furlong".into()), ["/limits/A/unit unreadable"]);
    assert_eq!(odd(|row| row.matter = "wet".into()), ["/limits/A/matter unreadable"]);
    assert_eq!(odd(|row| row.total_suffices = "maybe".into()), ["/limits/A/total_suffices unreadable"]);
    assert_eq!(odd(|row| row.standard.clear()), ["/limits/A/standard unreadable"]);
    assert_eq!(odd(|row| row.verified.clear()), ["/limits/A/verified unreadable"]);
    assert_eq!(odd(|row| row.valid_from = "2025-02-30".into()), ["/limits/A/valid_from unreadable"]);
    assert_eq!(odd(|row| row.valid_to = "soon".into()), ["/limits/A/valid_to unreadable"]);
    let empty = [
        "/limits//id twice",
        "/limits//food_class unknown",
        "/limits//analyte unknown",
        "/limits//standard unreadable",
    ];
    assert_eq!(refused(&[Row::default()]), empty);
}

#[test]
fn a_span_that_ends_before_it_begins_and_an_id_that_stands_twice_are_refused() {
    assert_eq!(refused(&[row("A", "1 lead 0.1 2020-01-02 2020-01-01")]), ["/limits/A/valid_to unreadable"]);
    assert_eq!(said(&build(&[row("A", "1 lead 0.1 2020-01-01 2020-01-01")]).1), ["/limits/A/valid_to ends"]);
    assert_eq!(refused(&[row("A", "1 lead 0.1 - -"), row("A", "2 lead 0.1 - -")]), ["/limits/A/id twice"]);
}

#[test]
fn a_tree_has_known_parents_no_cycle_and_one_class_for_a_name() {
    let class =
        |code: &str, parent: &str, zh: &str| FoodClass { code: code.into(), parent: parent.into(), zh: zh.into() };
    let refused = |classes: &[FoodClass], synonyms: &[(&str, &str)]| {
        let synonyms: Vec<_> = synonyms.iter().map(|(name, code)| (String::from(*name), String::from(*code))).collect();
        FoodTree::build(classes, &synonyms).map_or_else(|problems| said(problems.as_slice()), |_tree| Vec::new())
    };
    let (oil, salt) = (class("1", "", "油"), class("2", "", "盐"));
    assert_eq!(refused(&[class("1", "9", "油")], &[]), ["/food_classes/1/parent unknown"]);
    assert_eq!(refused(&[class("1", "1", "油")], &[]), ["/food_classes/1/parent cycle"]);
    let circle = [class("1", "2", "油"), class("2", "1", "盐"), class("3", "", "糖")];
    assert_eq!(refused(&circle, &[]), ["/food_classes/1/parent cycle", "/food_classes/2/parent cycle"]);
    let chain = [class("1", "2", "油"), class("2", "3", "盐"), class("3", "", "糖")];
    assert_eq!(refused(&chain, &[]), Vec::<String>::new(), "a parent may come later");
    assert_eq!(refused(&[oil.clone(), class("1", "", "盐")], &[]), ["/food_classes/1/code twice"]);
    assert_eq!(refused(&[class("", "", "油")], &[]), ["/food_classes//code missing", "/food_classes//parent cycle"]);
    assert_eq!(refused(&[class("1", "", "")], &[]), ["/food_classes/ missing"]);
    assert_eq!(
        refused(&[oil.clone(), class("2", "", "Ｏil"), class("3", "", "OIL")], &[]),
        ["/food_classes/OIL two_meanings"]
    );
    assert_eq!(refused(slice::from_ref(&oil), &[("油/脂~", "9")]), ["/food_synonyms/油~1脂~0 unknown"]);
    let both = [oil.clone(), salt.clone()];
    assert_eq!(refused(&both, &[("油", "2")]), ["/food_synonyms/油 two_meanings"]);
    assert_eq!(refused(&both, &[("2", "1")]), ["/food_synonyms/2 two_meanings"], "another class's code");
    assert_eq!(refused(&both, &[("油", "1"), ("脂", "1"), ("脂", "1")]), Vec::<String>::new());
}

#[test]
fn names_are_found_by_how_they_begin() {
    let foods = foods();
    let found = |prefix, most| foods.starting(prefix, most).iter().map(|class| class.zh.as_str()).collect::<Vec<_>>();
    assert_eq!(found("菠", 9), ["菠菜"], "once, though two names begin so");
    assert_eq!(found("1.1", 9), ["叶菜", "菠菜"]);
    assert_eq!(found("1", 2), ["蔬菜", "叶菜"]);
    assert_eq!(found("肉", 9), Vec::<&str>::new());
    let analytes = analytes();
    let code = |prefix| analytes.starting(prefix, 9).iter().map(|analyte| analyte.code.as_str()).collect::<Vec<_>>();
    assert_eq!(code("铅（"), ["lead"]);
    assert_eq!(code("LEAD E"), ["lead"]);
    assert_eq!(analytes.get("lead").map(|analyte| analyte.zh.as_str()), Some("铅"));
    assert_eq!(analytes.resolve("甲"), Some("a"));
    assert_eq!(foods.class("1.1").map(|class| class.parent.as_str()), Some("1"));
}

#[test]
fn analytes_have_one_code_for_a_name() {
    let refused = |analytes: &[Analyte], synonym: (&str, &str)| {
        let synonyms = [(String::from(synonym.0), String::from(synonym.1))];
        Analytes::build(analytes, &synonyms).map_or_else(|problems| said(problems.as_slice()), |_names| Vec::new())
    };
    let (lead, zinc) = (analyte("lead", "铅"), analyte("zinc", "锌"));
    assert_eq!(refused(&[lead.clone(), zinc.clone()], ("铅", "zinc")), ["/analyte_synonyms/铅 two_meanings"]);
    assert_eq!(refused(slice::from_ref(&lead), ("汞", "mercury")), ["/analyte_synonyms/汞 unknown"]);
    assert_eq!(refused(&[lead.clone(), lead], ("锡", "lead")), ["/analytes/lead/code twice"]);
}
