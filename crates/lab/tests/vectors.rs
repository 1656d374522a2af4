//! Every verdict vector of the field, judged through the row that `hege judge` reads.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use hege_core::decimal::parse;
use hege_lab::case::{Case, judge_case};
use hege_lab::rounding::round;
use hege_lab::verdict::{ItemVerdict, Reason};
use serde_json::Value;

fn group(name: &str, count: usize) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../../tests/fixtures/vectors.json")).unwrap();
    let vectors = all[name].as_array().unwrap().clone();
    assert_eq!(vectors.len(), count, "{name}");
    vectors
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `pass`, `fail`, and `invalid: ...` or `review: ...` as verdicts.
fn expected(value: &Value) -> ItemVerdict {
    match value.as_str().unwrap() {
        "pass" => ItemVerdict::Conforming,
        "fail" => ItemVerdict::Nonconforming,
        other if other.starts_with("invalid") || other.starts_with("review") => ItemVerdict::NotJudgeable,
        other => panic!("{other}"),
    }
}

fn check(case: &Case<'_>, verdict: ItemVerdict, vector: &Value) {
    let judgement = judge_case(case, None);
    assert_eq!(judgement.verdict, verdict, "{vector}: {:?}", judgement.reason);
    assert!(verdict == ItemVerdict::NotJudgeable || judgement.steps.len() > 1, "a verdict explains itself: {vector}");
    assert!(judgement.steps.iter().all(|step| !step.zh().is_empty() && !step.en().is_empty()));
}

#[test]
fn rounding_follows_gb_t_8170() {
    for vector in group("round_gb8170", 26) {
        let rounded = round(parse(&text(&vector["x"])).unwrap(), parse(&text(&vector["interval"])).unwrap()).unwrap();
        assert_eq!(rounded.to_string(), text(&vector["expect"]), "{vector}");
    }
}

#[test]
fn a_value_is_compared_in_full_or_rounded() {
    for vector in group("compare", 21) {
        let (x, limit) = (text(&vector["x"]), text(&vector["limit"]));
        let kind = if vector["op"] == "<=" { "max" } else { "min" };
        for (compare, field) in [("full", "full_value_pass"), ("rounded", "rounded_pass")] {
            let verdict = if vector[field] == true { ItemVerdict::Conforming } else { ItemVerdict::Nonconforming };
            let case = Case {
                result: Some(&x),
                kind: Some(kind),
                limit: Some(&limit),
                compare: Some(compare),
                ..Case::default()
            };
            check(&case, verdict, &vector);
        }
    }
}

#[test]
fn microbiological_plans_count_units() {
    for vector in group("micro", 14) {
        let counts: Vec<String> = vector["values"].as_array().unwrap().iter().map(text).collect();
        let number = |name: &str| (!vector[name].is_null()).then(|| text(&vector[name]));
        let (n, c, m, upper) = (number("n"), number("c"), number("m"), number("M"));
        for separator in [";", "；", "， ", "、", " "] {
            let result = counts.join(separator);
            let plan =
                Case { n: n.as_deref(), c: c.as_deref(), m: m.as_deref(), upper: upper.as_deref(), ..Case::default() };
            check(&Case { result: Some(&result), kind: Some("micro"), ..plan }, expected(&vector["expect"]), &vector);
        }
    }
}

#[test]
fn ratios_are_summed_exactly() {
    for vector in group("ratio", 7) {
        let column = |index: usize| {
            vector["parts"].as_array().unwrap().iter().map(|part| text(&part[index])).collect::<Vec<_>>().join(";")
        };
        let (result, limit) = (column(0), column(1));
        let case = Case { result: Some(&result), kind: Some("ratio_sum"), limit: Some(&limit), ..Case::default() };
        check(&case, expected(&vector["expect"]), &vector);
    }
}

#[test]
fn what_must_not_be_detected_needs_a_method_that_sees_enough() {
    for vector in group("not_detected", 7) {
        let (result, lod, required) = (text(&vector["reported"]), text(&vector["lod"]), text(&vector["required_lod"]));
        for kind in ["not_detected", "not_used"] {
            let case = Case {
                result: Some(&result),
                kind: Some(kind),
                limit: Some(&required),
                lod: Some(&lod),
                ..Case::default()
            };
            check(&case, expected(&vector["expect"]), &vector);
        }
    }
}

#[test]
fn a_non_detect_conforms_to_a_maximum_only_when_its_lod_does() {
    for vector in group("max_with_nd", 5) {
        let (result, lod, limit) = (text(&vector["reported"]), text(&vector["lod"]), text(&vector["limit"]));
        let case =
            Case { result: Some(&result), kind: Some("max"), limit: Some(&limit), lod: Some(&lod), ..Case::default() };
        check(&case, expected(&vector["expect"]), &vector);
    }
}

#[test]
fn a_row_that_cannot_be_judged_says_why() {
    let max = Case { result: Some("1"), kind: Some("max"), limit: Some("2"), ..Case::default() };
    let cases = [
        (max, Reason::WithinLimit),
        (Case { result: None, ..max }, Reason::Empty),
        (Case { kind: None, ..max }, Reason::NoCriterion),
        (Case { kind: Some("maximum"), ..max }, Reason::BadCriterion),
        (Case { limit: None, ..max }, Reason::BadCriterion),
        (Case { limit: Some("2mg"), ..max }, Reason::BadCriterion),
        (Case { compare: Some("loosely"), ..max }, Reason::BadCriterion),
        (Case { kind: Some("range"), limit: Some("3"), limit_high: Some("2"), ..max }, Reason::BadCriterion),
        (Case { unit: Some("furlong"), ..max }, Reason::UnknownUnit),
        (Case { limit_unit: Some("mg/kg"), ..max }, Reason::UnitMissing),
        (Case { unit: Some("mmol/kg"), limit_unit: Some("g/100g"), ..max }, Reason::UnitMismatch),
        (Case { result: Some("1ug/kg"), unit: Some("mg/kg"), ..max }, Reason::UnitsConflict),
        (Case { result: Some("1,234"), ..max }, Reason::AmbiguousComma),
        (Case { result: Some("1/58"), ..max }, Reason::AmbiguousSlash),
        (Case { result: Some("5.3×103"), ..max }, Reason::LostExponent),
        (Case { result: Some("Jan-82"), ..max }, Reason::NotAValue),
        (Case { result: Some("ND"), ..max }, Reason::LodMissing),
        (Case { result: Some("ND"), lod: Some("abc"), ..max }, Reason::LodUnreadable),
        (Case { result: Some("检出"), ..max }, Reason::Undecided),
        (Case { result: Some(">1"), ..max }, Reason::Undecided),
        (Case { result: Some(">2"), ..max }, Reason::BeyondLimit),
        (Case { result: Some("<LOQ"), ..max }, Reason::Trace),
    ];
    for (case, reason) in cases {
        assert_eq!(judge_case(&case, None).reason, reason, "{case:?}");
    }
}

#[test]
fn units_are_converted_before_values_are_compared() {
    let case = |result, unit| {
        let limit = Case { kind: Some("max"), limit: Some("0.1"), limit_unit: Some("mg/kg"), ..Case::default() };
        judge_case(&Case { result: Some(result), unit: Some(unit), ..limit }, None)
    };
    assert_eq!(case("100", "ug/kg").verdict, ItemVerdict::Conforming);
    let steps: Vec<String> = case("100.1", "μg/kg").steps.iter().map(hege_lab::Step::zh).collect();
    let expected = [
        "判定依据: -, ≤0.1 mg/kg (检验机构给出)",
        "检验结果：100.1",
        "单位换算：100.1 μg/kg = 0.1001 mg/kg",
        "比较：0.1001 <= 0.1 不成立",
    ];
    assert_eq!(steps, expected);
}
