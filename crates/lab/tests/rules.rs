//! Rules that the vectors do not reach: bounds on both sides, censored values, dry matter, totals, declared values.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_core::decimal::parse;
use hege_core::units::Unit;
use hege_lab::criterion::{Basis, Compare, Criterion, Matter, MicroPlan, Origin, Rule};
use hege_lab::judge::{Entry, Judgement, judge, stricter};
use hege_lab::verdict::ItemVerdict::{Conforming, Nonconforming, NotJudgeable};
use hege_lab::verdict::{ItemVerdict, Reason};
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::sync::Arc;

fn dec(text: &str) -> Decimal {
    parse(text).unwrap()
}

fn criterion(rule: Rule) -> Criterion {
    let basis = Basis {
        standard: "GB 0".to_owned(),
        clause: None,
        valid_from: None,
        valid_to: None,
        row: None,
        origin: Origin::Catalogue,
    };
    Criterion { rule, unit: None, compare: Compare::Full, matter: Matter::AsIs, total_suffices: false, basis }
}

fn of(rule: Rule) -> Arc<Criterion> {
    Arc::new(criterion(rule))
}

fn entry(result: &str) -> Entry<'_> {
    Entry { result, ..Entry::default() }
}

fn check(rule: &Rule, result: &str, verdict: ItemVerdict, reason: Reason) {
    let judgement = judge(&entry(result), &of(rule.clone()));
    assert_eq!((judgement.verdict, judgement.reason), (verdict, reason), "{rule:?} {result}");
}

#[test]
fn both_bounds_of_a_range_conform() {
    let salt = Rule::Range { low: dec("18"), high: dec("33") };
    for (result, verdict, reason) in [
        ("18", Conforming, Reason::WithinLimit),
        ("33", Conforming, Reason::WithinLimit),
        ("17.9", Nonconforming, Reason::BeyondLimit),
        ("33.0001", Nonconforming, Reason::BeyondLimit),
        ("<18", Nonconforming, Reason::BeyondLimit),
        ("<18.1", NotJudgeable, Reason::Undecided),
        (">33", Nonconforming, Reason::BeyondLimit),
        (">32", NotJudgeable, Reason::Undecided),
    ] {
        check(&salt, result, verdict, reason);
    }
}

#[test]
fn a_non_detect_fails_a_minimum_only_when_its_lod_lies_below_it() {
    let at = |lod| judge(&Entry { lod: Some(lod), ..entry("ND") }, &of(Rule::Min(dec("0.5")))).verdict;
    assert_eq!(at("0.4"), Nonconforming);
    assert_eq!(at("0.5"), NotJudgeable);
    assert_eq!(at("0.6"), NotJudgeable);
}

#[test]
fn a_number_is_a_failure_of_what_must_not_be_detected_even_without_a_lod() {
    let rule = Rule::NotDetected { required_lod: Some(dec("0.5")) };
    check(&rule, "0.46", Nonconforming, Reason::Detected);
    check(&rule, "检出", Nonconforming, Reason::Detected);
    check(&rule, ">1", Nonconforming, Reason::Detected);
    check(&rule, "ND", NotJudgeable, Reason::LodMissing);
    check(&rule, "未检出(<0.5)", Conforming, Reason::NotDetected);
    check(&rule, "未检出(<0.6)", NotJudgeable, Reason::LodAboveRequired);
    check(&rule, "<0.5", Conforming, Reason::NotDetected);
    check(&rule, "<0.6", NotJudgeable, Reason::LodAboveRequired);
    check(&rule, "-1", NotJudgeable, Reason::NotAValue);
    check(&rule, "<LOQ", NotJudgeable, Reason::Trace);
    let traced = judge(&Entry { lod: Some("0.1"), ..entry("<0.3") }, &of(rule.clone()));
    assert_eq!(traced.reason, Reason::Trace);
    let at_lod = judge(&Entry { lod: Some("0.3"), ..entry("0.3") }, &of(rule));
    assert_eq!(at_lod.reason, Reason::Detected);
    check(&Rule::NotDetected { required_lod: None }, "ND", NotJudgeable, Reason::LodMissing);
    check(&Rule::NotDetected { required_lod: None }, "0", NotJudgeable, Reason::LodMissing);
    let salmonella =
        Arc::new(Criterion { unit: Unit::parse("/25g"), ..criterion(Rule::NotDetected { required_lod: None }) });
    let found = |result| judge(&Entry { unit: Some("/25g"), ..entry(result) }, &salmonella).verdict;
    assert_eq!((found("未检出"), found("检出")), (Conforming, Nonconforming));
    check(&Rule::Max(dec("1")), "<-5", NotJudgeable, Reason::NotAValue);
    check(&Rule::Max(dec("1")), "未检出(<-5)", NotJudgeable, Reason::LodUnreadable);
}

#[test]
fn censored_counts_are_intervals() {
    let plan = |c, upper: Option<&str>| Rule::Micro(MicroPlan { n: 3, c, m: dec("10"), upper: upper.map(dec) });
    check(&plan(1, Some("100")), "<10;<10;<10", Conforming, Reason::WithinLimit);
    check(&plan(1, Some("100")), "<20;5;5", Conforming, Reason::WithinLimit);
    check(&plan(0, Some("100")), "<20;5;5", NotJudgeable, Reason::Undecided);
    check(&plan(1, Some("100")), ">50;5;5", NotJudgeable, Reason::Undecided);
    check(&plan(1, Some("100")), ">100;5;5", Nonconforming, Reason::BeyondLimit);
    check(&plan(1, None), "5000;5;5", Conforming, Reason::WithinLimit);
    check(&plan(1, None), "5000;11;5", Nonconforming, Reason::BeyondLimit);
    check(&plan(1, None), "未检出;0;5", Conforming, Reason::WithinLimit);
    check(&plan(1, None), "1,234,5", NotJudgeable, Reason::AmbiguousComma);
    check(&plan(1, None), "1,234", NotJudgeable, Reason::AmbiguousComma);
    check(&plan(1, None), "1;234", NotJudgeable, Reason::CountNumber);
    check(&plan(1, None), "1;234;5", Conforming, Reason::WithinLimit);
    check(&plan(1, None), "-1;5;5", NotJudgeable, Reason::NotAValue);
}

#[test]
fn a_part_that_was_not_detected_counts_nothing_only_below_its_own_maximum() {
    let rule = Rule::RatioSum { maxima: vec![dec("0.5"), dec("1.0")], total: Decimal::ONE };
    let at = |result, lod| judge(&Entry { lod, ..entry(result) }, &of(rule.clone()));
    assert_eq!(at("ND;1.0", Some("0.5;0.1")).verdict, Conforming);
    assert_eq!(at("ND;1.0", Some("0.6;0.1")).reason, Reason::LodAboveLimit);
    assert_eq!(at("ND;1.0", Some("0.1")).verdict, Conforming);
    assert_eq!(at("ND;1.0", None).reason, Reason::LodMissing);
    assert_eq!(at("ND;1.01", Some("0.5")).verdict, Nonconforming);
    assert_eq!(at("0.1", None).reason, Reason::PartNumber);
    assert_eq!(at("0.1;x", None).reason, Reason::BadPart);
    assert_eq!(at("0.1;-0.1", None).reason, Reason::BadPart);
}

#[test]
fn a_text_conforms_only_when_it_is_the_required_one() {
    let rule = Rule::Qualitative { required: "符合".to_owned() };
    check(&rule, "符合", Conforming, Reason::WithinLimit);
    check(&rule, " 符 合 ", Conforming, Reason::WithinLimit);
    check(&rule, "不符合", Nonconforming, Reason::BeyondLimit);
    check(&rule, "基本符合", NotJudgeable, Reason::NotAValue);
    check(&rule, "", NotJudgeable, Reason::Empty);
}

#[test]
fn a_declared_value_holds_within_its_tolerance() {
    let wine = of(Rule::Declared { tolerance: dec("1.0") });
    let at = |result, declared| judge(&Entry { declared, ..entry(result) }, &wine);
    for (result, verdict) in
        [("11.0", Conforming), ("13.0", Conforming), ("10.9", Nonconforming), ("13.1", Nonconforming)]
    {
        assert_eq!(at(result, Some("12")).verdict, verdict, "{result}");
    }
    for declared in [None, Some(" "), Some("x"), Some("1 2")] {
        assert_eq!(at("12", declared).reason, Reason::DeclaredMissing, "{declared:?}");
    }
    let huge = Some("79228162514264337593543950335");
    assert_eq!(at("12", huge).reason, Reason::TooManyDigits);
}

#[test]
fn dry_matter_is_compared_without_dividing() {
    let dry = Arc::new(Criterion { matter: Matter::Dry, ..criterion(Rule::Max(dec("100"))) });
    let at = |result, moisture| judge(&Entry { moisture, ..entry(result) }, &dry);
    // 70 mg/kg with 30 % of water is exactly 100 mg/kg on dry matter.
    assert_eq!(at("70", Some("30")).verdict, Conforming);
    assert_eq!(at("70.1", Some("30")).verdict, Nonconforming);
    assert_eq!(at("100", Some("0")).verdict, Conforming);
    for moisture in [None, Some("100"), Some("-1")] {
        assert_eq!(at("70", moisture).reason, Reason::MoistureMissing, "{moisture:?}");
    }
}

#[test]
fn a_total_within_the_limit_of_its_species_suffices() {
    let arsenic = Arc::new(Criterion { total_suffices: true, ..criterion(Rule::Max(dec("0.2"))) });
    let at = |result, total| judge(&Entry { total, ..entry(result) }, &arsenic);
    assert_eq!(at("", Some("0.2")).verdict, Conforming);
    assert_eq!(at("", Some("0.3")).reason, Reason::Empty);
    assert_eq!(at("0.25", Some("0.1")).verdict, Nonconforming, "a total does not excuse the species that was measured");
    assert_eq!(at("0.15", Some("0.3")).verdict, Conforming);
    assert_eq!(at("0.25", Some("0.3")).verdict, Nonconforming);
    assert_eq!(judge(&Entry { total: Some("0.1"), ..entry("") }, &of(Rule::Max(dec("0.2")))).reason, Reason::Empty);
}

#[test]
fn the_stricter_of_two_standards_is_honoured() {
    let one = |verdict| Judgement { verdict, reason: Reason::WithinLimit, steps: Vec::new() };
    for (national, declared, verdict) in [
        (Conforming, Nonconforming, Nonconforming),
        (Nonconforming, Conforming, Nonconforming),
        (Conforming, NotJudgeable, NotJudgeable),
        (NotJudgeable, Conforming, NotJudgeable),
        (NotJudgeable, Nonconforming, Nonconforming),
        (Conforming, Conforming, Conforming),
    ] {
        assert_eq!(stricter(one(national), one(declared)).verdict, verdict);
    }
    let both = stricter(Judgement::refused(Reason::LodMissing), Judgement::refused(Reason::UnverifiedCriterion));
    assert_eq!(both.reason, Reason::LodMissing, "the national one speaks first");
}

#[test]
fn rounding_to_a_stated_interval_happens_once() {
    let rounded = Arc::new(Criterion { compare: Compare::Rounded(Some(dec("0.1"))), ..criterion(Rule::Max(dec("1"))) });
    assert_eq!(judge(&entry("1.05"), &rounded).verdict, Conforming);
    assert_eq!(judge(&entry("1.06"), &rounded).verdict, Nonconforming);
}

#[test]
fn counts_and_parts_are_taken_in_the_criterions_unit() {
    let plan = Rule::Micro(MicroPlan { n: 2, c: 0, m: dec("10"), upper: None });
    let counted = Arc::new(Criterion { unit: Unit::parse("CFU/g"), ..criterion(plan) });
    let count = |result, unit, lod| judge(&Entry { unit, lod, ..entry(result) }, &counted).reason;
    assert_eq!(count("5;5", Some("CFU/g"), None), Reason::WithinLimit);
    assert_eq!(count("5CFU/g;5CFU/g", None, None), Reason::WithinLimit);
    assert_eq!(count("5;5", Some("CFU/mL"), None), Reason::UnitMismatch);
    assert_eq!(count("5;5", None, None), Reason::UnitMissing);
    assert_eq!(count("5CFU/mL;5", Some("CFU/g"), None), Reason::UnitsConflict);
    assert_eq!(count("ND;ND", Some("CFU/g"), Some("20")), Reason::Undecided, "not detected below 20 may be 15");
    assert_eq!(count("ND;5", Some("CFU/g"), None), Reason::WithinLimit);
    let sum = Rule::RatioSum { maxima: vec![dec("500"), dec("1000")], total: Decimal::ONE };
    let ratio = Arc::new(Criterion { unit: Unit::parse("mg/kg"), ..criterion(sum) });
    let part = |result, unit, lod| judge(&Entry { unit, lod, ..entry(result) }, &ratio).reason;
    assert_eq!(part("0.25;0.5", Some("g/kg"), None), Reason::WithinLimit);
    assert_eq!(part("1;0", Some("g/kg"), None), Reason::BeyondLimit);
    assert_eq!(part("0.25;0.5", None, None), Reason::UnitMissing);
    assert_eq!(part("<0.5;0.5", Some("g/kg"), None), Reason::Undecided);
    assert_eq!(part("<0.1;0.5", Some("g/kg"), Some("0.1")), Reason::WithinLimit);
    assert_eq!(part("ND;0.5", Some("g/kg"), Some("-1")), Reason::LodUnreadable);
}

#[test]
fn a_criterion_that_contradicts_itself_judges_nothing() {
    let plan = |c, upper: Option<&str>| Rule::Micro(MicroPlan { n: 2, c, m: dec("10"), upper: upper.map(dec) });
    check(&plan(2, None), "5;5", NotJudgeable, Reason::BadCriterion);
    check(&plan(1, Some("9")), "5;5", NotJudgeable, Reason::BadCriterion);
    check(&plan(1, Some("10")), "5;5", Conforming, Reason::WithinLimit);
    let backwards = of(Rule::Declared { tolerance: dec("-1") });
    let judged = judge(&Entry { declared: Some("12"), ..entry("12") }, &backwards);
    assert_eq!(judged.reason, Reason::BadCriterion);
}

#[test]
fn a_value_is_held_against_its_own_lod_before_it_is_rounded() {
    let rounded = Arc::new(Criterion { compare: Compare::Rounded(None), ..criterion(Rule::Max(dec("0.1"))) });
    let at = |result, lod| judge(&Entry { lod: Some(lod), ..entry(result) }, &rounded).reason;
    assert_eq!(at("0.14", "0.12"), Reason::WithinLimit);
    assert_eq!(at("0.09", "0.095"), Reason::BelowOwnLod);
}

proptest! {
    #[test]
    fn equal_conforms_and_one_digit_more_does_not(mantissa in 1_i64..1_000_000, scale in 0_u32..6) {
        let limit = Decimal::new(mantissa, scale);
        let above = Decimal::new(mantissa * 10 + 1, scale + 1);
        let verdict = |value: Decimal, rule| judge(&entry(&value.to_string()), &of(rule)).verdict;
        prop_assert_eq!(verdict(limit, Rule::Max(limit)), Conforming);
        prop_assert_eq!(verdict(limit, Rule::Min(limit)), Conforming);
        prop_assert_eq!(verdict(above, Rule::Max(limit)), Nonconforming);
        prop_assert_eq!(verdict(limit, Rule::Min(above)), Nonconforming);
    }

    #[test]
    fn a_unit_changes_no_verdict(mantissa in 1_i64..100_000, limit in 1_i64..100_000) {
        let milligrams = Arc::new(Criterion { unit: Unit::parse("mg/kg"), ..criterion(Rule::Max(Decimal::new(limit, 3))) });
        let micrograms = mantissa.to_string();
        let judged = judge(&Entry { unit: Some("ug/kg"), ..entry(&micrograms) }, &milligrams);
        prop_assert_eq!(judged.verdict == Conforming, mantissa <= limit);
    }

    #[test]
    fn no_text_makes_a_verdict_panic(result in ".{0,20}", lod in ".{0,6}", unit in ".{0,6}") {
        for rule in [Rule::Max(Decimal::ONE), Rule::NotDetected { required_lod: None }, Rule::Qualitative { required: "符合".to_owned() }] {
            let _judged = judge(&Entry { lod: Some(&lod), unit: Some(&unit), ..entry(&result) }, &of(rule));
        }
    }
}
