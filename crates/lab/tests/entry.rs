//! What is typed beside a result: limits of quantification, water, the field that is wrong; and that any text is answered.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_lab::case::{Case, judge_case};
use hege_lab::catalogue::{Analyte, Analytes, Catalogue, FoodClass, FoodTree, Row};
use hege_lab::verdict::ItemVerdict::{Conforming, Nonconforming, NotJudgeable};
use hege_lab::verdict::{ItemVerdict, Reason};
use hege_lab::{Judgement, Step};
use proptest::prelude::*;

fn max<'a>(result: &'a str, limit: &'a str) -> Case<'a> {
    Case { result: Some(result), kind: Some("max"), limit: Some(limit), ..Case::default() }
}

fn absent(result: &str) -> Case<'_> {
    Case { result: Some(result), kind: Some("not_detected"), ..Case::default() }
}

fn answer(case: &Case<'_>) -> (ItemVerdict, Reason) {
    let judgement = judge_case(case, None);
    (judgement.verdict, judgement.reason)
}

fn reason(case: &Case<'_>) -> Reason {
    judge_case(case, None).reason
}

fn steps(judgement: &Judgement) -> Vec<String> {
    judgement.steps.iter().map(Step::zh).collect()
}

#[test]
fn a_value_between_detection_and_quantification_is_a_trace() {
    let at = |result| answer(&Case { lod: Some("0.1"), loq: Some("0.3"), ..absent(result) });
    assert_eq!(at("0.09"), (NotJudgeable, Reason::BelowOwnLod));
    assert_eq!(at("0.1"), (NotJudgeable, Reason::Trace));
    assert_eq!(at("0.29"), (NotJudgeable, Reason::Trace));
    assert_eq!(at("0.3"), (Nonconforming, Reason::Detected));
    assert_eq!(at("<LOQ"), (NotJudgeable, Reason::Trace));
    assert_eq!(at("<0.1"), (Conforming, Reason::NotDetected));
    assert_eq!(at("<0.11"), (NotJudgeable, Reason::Trace));
    let by_loq = |result| answer(&Case { loq: Some("0.3"), ..absent(result) });
    assert_eq!(by_loq("0.29"), (NotJudgeable, Reason::Trace));
    assert_eq!(by_loq("0.3"), (Nonconforming, Reason::Detected));
    assert_eq!(by_loq("<0.3"), (NotJudgeable, Reason::Trace), "below quantification is not below detection");
    assert_eq!(by_loq("<0.2"), (Conforming, Reason::NotDetected));
    assert_eq!(at("0"), (NotJudgeable, Reason::BelowOwnLod), "nothing found is not written as 0");
}

#[test]
fn below_quantification_reaches_from_nothing_to_the_limit_of_quantification() {
    let at = |limit| answer(&Case { loq: Some("0.3"), ..max("<LOQ", limit) });
    assert_eq!(at("0.3"), (Conforming, Reason::WithinLimit));
    assert_eq!(at("0.29"), (NotJudgeable, Reason::Undecided));
    assert_eq!(answer(&max("<LOQ", "0.3")), (NotJudgeable, Reason::Trace));
    let least = |limit| answer(&Case { kind: Some("min"), loq: Some("0.3"), ..max("<LOQ", limit) });
    assert_eq!(least("0.3"), (Nonconforming, Reason::BeyondLimit));
    assert_eq!(least("0.29"), (NotJudgeable, Reason::Undecided));
    assert_eq!(answer(&Case { loq: Some("0.3"), ..max("0.2", "0.2") }), (Conforming, Reason::WithinLimit));
}

#[test]
fn detection_lies_at_or_below_quantification_in_their_own_unit() {
    let at = |lod, loq| reason(&Case { lod: Some(lod), loq: Some(loq), ..max("1", "2") });
    assert_eq!(at("0.3", "0.3"), Reason::WithinLimit);
    assert_eq!(at("0.31", "0.3"), Reason::LodAboveLoq);
    assert_eq!(at("0.1", "0"), Reason::LoqUnreadable);
    assert_eq!(at("0.1", "x"), Reason::LoqUnreadable);
    assert_eq!(at("0", "1"), Reason::LodUnreadable);
    assert_eq!(
        reason(&Case { loq: Some("0.4"), ..max("未检出(<0.5)", "2") }),
        Reason::LodAboveLoq,
        "its own stands first"
    );
    assert_eq!(reason(&Case { lod: Some("9"), loq: Some("0.5"), ..max("未检出(<0.5)", "2") }), Reason::WithinLimit);
    let unit = Case { unit: Some("mg/kg"), lod_unit: Some("ug/kg"), ..max("1", "2") };
    assert_eq!(reason(&Case { lod: Some("900"), loq: Some("1000"), ..unit }), Reason::WithinLimit);
    assert_eq!(reason(&Case { lod: Some("1001"), ..unit }), Reason::BelowOwnLod);
    assert_eq!(reason(&Case { lod: Some("1"), lod_unit: Some("furlong"), ..unit }), Reason::LodUnreadable);
    assert_eq!(reason(&Case { lod: Some("1"), lod_unit: Some("mg/L"), ..unit }), Reason::UnitMismatch);
}

#[test]
fn the_limits_of_detection_stand_in_the_steps() {
    let unit =
        Case { unit: Some("ug/kg"), limit: Some("0.5"), lod: Some("0.0003"), lod_unit: Some("mg/kg"), ..absent("ND") };
    let expected = [
        "判定依据: -, 不得检出 检出限≤0.5 μg/kg (检验机构给出)",
        "检验结果：未检出",
        "检出限：0.3 μg/kg，定量限：1 μg/kg",
        "比较：0.3 <= 0.5 成立",
    ];
    let judged = judge_case(&Case { loq: Some("0.001"), ..unit }, None);
    assert_eq!(steps(&judged), expected);
    let english: Vec<String> = judged.steps.iter().map(Step::en).collect();
    assert_eq!(english[2..], ["LOD: 0.3 μg/kg, LOQ: 1 μg/kg", "0.3 <= 0.5 holds"]);
    let only_loq = judge_case(&Case { loq: Some("1"), ..max("2", "3") }, None);
    assert_eq!(steps(&only_loq)[2], "定量限：1");
}

#[test]
fn each_bound_is_shown_with_whether_it_holds() {
    let range = |result| Case { kind: Some("range"), limit_high: Some("33"), ..max(result, "18") };
    let shown = |result| steps(&judge_case(&range(result), None)).split_off(2);
    assert_eq!(shown("18"), ["比较：18 >= 18 成立", "比较：18 <= 33 成立"]);
    assert_eq!(shown("17.9"), ["比较：17.9 >= 18 不成立", "比较：17.9 <= 33 成立"]);
    assert_eq!(shown("33.1"), ["比较：33.1 >= 18 成立", "比较：33.1 <= 33 不成立"]);
    assert_eq!(shown(">30"), ["比较：30 >= 18 成立", "比较：30 <= 33 不成立"], "it has no upper end");
}

#[test]
fn what_was_not_detected_needs_a_limit_of_detection_within_the_limit() {
    let at = |lod| reason(&Case { lod: Some(lod), ..max("ND", "0.5") });
    assert_eq!((at("0.5"), at("0.51")), (Reason::WithinLimit, Reason::LodAboveLimit));
    assert_eq!(reason(&max("<0.51", "0.5")), Reason::Undecided);
    assert_eq!(
        reason(&Case { lod: Some("0.3"), ..max("0.3", "0.5") }),
        Reason::WithinLimit,
        "at its own limit it is seen"
    );
}

#[test]
fn a_unit_may_stand_behind_the_value_and_beside_it() {
    let both = |result, unit| reason(&Case { unit: Some(unit), limit_unit: Some("mg/kg"), ..max(result, "2") });
    assert_eq!((both("1mg/kg", "mg/kg"), both("1 MG／kg", "mg/kg")), (Reason::WithinLimit, Reason::WithinLimit));
    assert_eq!(both("1mg/kg", "ug/kg"), Reason::UnitsConflict);
    let same = judge_case(&Case { unit: Some("mg/kg"), ..max("1", "2") }, None);
    assert_eq!(steps(&same)[1..], ["检验结果：1", "比较：1 <= 2 成立"], "nothing is converted");
}

#[test]
fn counts_that_are_not_sure_are_shown_from_surely_to_possibly() {
    let plan = Case { kind: Some("micro"), n: Some("3"), c: Some("1"), m: Some("10"), ..Case::default() };
    let shown = |upper, result| {
        let judged = judge_case(&Case { upper, result: Some(result), ..plan }, None);
        let step = judged.steps.last().unwrap();
        [step.zh(), step.en()]
    };
    let three =
        ["n=3，超过 m=10 的 1~2 份（允许 c=1），超过 M=100 的 0~1 份", "n=3, above m=10: 1~2 (c=1), above M=100: 0~1"];
    assert_eq!(shown(Some("100"), "11;5;检出"), three);
    assert_eq!(shown(None, "11;5;5"), ["n=3，超过 m=10 的 1 份（允许 c=1）", "n=3, above m=10: 1 (c=1)"]);
}

#[test]
fn dried_goods_are_held_against_the_limit_of_the_fresh_food() {
    let dried = |result| Case { matter: Some("fresh"), ..max(result, "0.2") };
    assert_eq!(answer(&dried("0.2")), (Conforming, Reason::WithinLimit), "below the fresh limit even dried");
    assert_eq!(answer(&dried("0.21")), (NotJudgeable, Reason::DryingMissing));
    assert_eq!(answer(&Case { lod: Some("0.3"), ..dried("ND") }), (NotJudgeable, Reason::DryingMissing));
    // Nine tenths were lost in drying: 2.0 in the dried is 0.20 in the fresh.
    let by_rate = |result| Case { dehydration: Some("90"), ..dried(result) };
    assert_eq!(answer(&by_rate("2.0")), (Conforming, Reason::WithinLimit));
    assert_eq!(answer(&by_rate("2.01")), (Nonconforming, Reason::BeyondLimit));
    assert_eq!(answer(&Case { lod: Some("2"), ..by_rate("ND") }), (Conforming, Reason::WithinLimit));
    // 10 % of solids fresh and 80 % dried: eight times.
    let by_water = |result| Case { moisture: Some("20%"), fresh_moisture: Some("90 ％"), ..dried(result) };
    assert_eq!(answer(&by_water("1.6")), (Conforming, Reason::WithinLimit));
    assert_eq!(answer(&by_water("1.61")), (Nonconforming, Reason::BeyondLimit));
    assert_eq!(
        steps(&judge_case(&by_water("1.6"), None))[2..],
        ["以鲜品计：1.6 × 10 ÷ 80，限量两边同乘", "比较：16.0 <= 16.0 成立"]
    );
    assert_eq!(reason(&Case { fresh_moisture: Some("20"), ..by_water("1") }), Reason::BeyondLimit, "nothing was lost");
    for fresh in ["19", "100", "-1", "x", "1 0"] {
        assert_eq!(reason(&Case { fresh_moisture: Some(fresh), ..by_water("1") }), Reason::DryingMissing, "{fresh}");
    }
    assert_eq!(reason(&Case { dehydration: Some("100"), ..by_water("1") }), Reason::DryingMissing);
    assert_eq!(reason(&Case { dehydration: Some("0"), ..by_water("1") }), Reason::BeyondLimit);
    let least = Case { kind: Some("min"), ..dried("0.3") };
    assert_eq!(reason(&least), Reason::DryingMissing, "a minimum is not met by drying");
    assert_eq!(answer(&Case { dehydration: Some("50"), ..least }), (Nonconforming, Reason::BeyondLimit));
}

#[test]
fn water_is_a_percentage_below_the_whole() {
    let dry = |moisture| reason(&Case { matter: Some("dry"), moisture: Some(moisture), ..max("70", "100") });
    assert_eq!((dry("30"), dry("30%"), dry("３０")), (Reason::WithinLimit, Reason::WithinLimit, Reason::WithinLimit));
    assert_eq!(dry("30.1"), Reason::BeyondLimit);
    assert_eq!((dry("0"), dry("99.99")), (Reason::WithinLimit, Reason::BeyondLimit));
    for moisture in ["100", "-0.1", "wet", ""] {
        assert_eq!(dry(moisture), Reason::MoistureMissing, "{moisture}");
    }
    let long = "0.0000000000000000000000000001";
    assert_eq!(reason(&Case { matter: Some("dry"), moisture: Some(long), ..max("70", "100") }), Reason::TooManyDigits);
}

#[test]
fn an_amount_is_not_negative_and_a_bare_number_may_be() {
    let unit = |unit| reason(&Case { unit, ..max("-0.1", "1") });
    assert_eq!((unit(Some("mg/kg")), unit(None)), (Reason::NotAValue, Reason::WithinLimit));
    assert_eq!(reason(&Case { unit: Some("mg/kg"), ..max("-0", "1") }), Reason::WithinLimit);
}

#[test]
fn a_criterion_names_the_field_that_is_wrong() {
    let base = max("1", "2");
    let micro = Case { kind: Some("micro"), n: Some("5"), c: Some("2"), m: Some("10"), upper: Some("100"), ..base };
    let cases = [
        (Case { kind: Some("maximum"), ..base }, "kind"),
        (Case { limit: None, ..base }, "limit"),
        (Case { limit: Some("1,5"), ..base }, "limit"),
        (Case { limit: Some("1 5"), ..base }, "limit"),
        (Case { kind: Some("min"), limit: None, ..base }, "limit"),
        (Case { kind: Some("range"), ..base }, "limit_high"),
        (Case { kind: Some("range"), limit_high: Some("1.9"), ..base }, "limit_high"),
        (Case { kind: Some("range"), limit: Some("x"), ..base }, "limit"),
        (Case { kind: Some("not_detected"), limit: Some("x"), ..base }, "limit"),
        (Case { kind: Some("not_used"), limit: Some("x"), ..base }, "limit"),
        (Case { kind: Some("declared"), ..base }, "tolerance"),
        (Case { kind: Some("declared"), tolerance: Some("-1"), ..base }, "tolerance"),
        (Case { kind: Some("ratio_sum"), limit: Some("1;x"), ..base }, "limit"),
        (Case { kind: Some("ratio_sum"), limit: None, ..base }, "limit"),
        (Case { kind: Some("ratio_sum"), limit: Some("1;0"), ..base }, "limit"),
        (Case { kind: Some("qualitative"), limit: Some(" "), ..base }, "limit"),
        (Case { compare: Some("loosely"), ..base }, "compare"),
        (Case { matter: Some("wet"), ..base }, "matter"),
        (Case { total_suffices: Some("maybe"), ..base }, "total_suffices"),
        (Case { n: Some("0"), ..micro }, "c"),
        (Case { n: Some("five"), ..micro }, "n"),
        (Case { c: Some("5"), ..micro }, "c"),
        (Case { c: None, ..micro }, "c"),
        (Case { m: Some("-1"), ..micro }, "m"),
        (Case { m: None, ..micro }, "m"),
        (Case { upper: Some("9"), ..micro }, "M"),
        (Case { upper: Some("x"), ..micro }, "M"),
    ];
    for (case, field) in cases {
        let judgement = judge_case(&case, None);
        assert_eq!((judgement.reason, judgement.steps), (Reason::BadCriterion, vec![Step::Field(field)]), "{case:?}");
    }
    let unit = judge_case(&Case { limit_unit: Some("furlong"), ..base }, None);
    assert_eq!(
        (unit.reason, steps(&unit)),
        (Reason::UnknownUnit, vec!["判定依据中缺失或不能识别的字段：limit_unit".to_owned()])
    );
    for case in [
        Case { c: Some("4"), result: Some("0;0;0;0;0"), ..micro },
        Case { m: Some("0"), upper: Some("0"), result: Some("0;0;0;0;0"), ..micro },
        Case { kind: Some("range"), limit_high: Some("2"), result: Some("2"), ..base },
        Case { kind: Some("declared"), tolerance: Some("0"), declared: Some("1"), ..base },
        Case {
            kind: Some("ＭＡＸ"),
            limit: Some("２．０"),
            compare: Some("Ｆull"),
            matter: Some("As_Is"),
            total_suffices: Some("NO"),
            ..base
        },
    ] {
        assert_eq!(reason(&case), Reason::WithinLimit, "{case:?}");
    }
}

#[test]
fn a_criterion_that_is_stated_shows_its_law() {
    let stated =
        Case { standard: Some("Q/ABC 0001S-2024"), clause: Some("表2"), unit: Some("mg/kg"), ..max("1", "2") };
    assert_eq!(steps(&judge_case(&stated, None))[0], "判定依据: Q/ABC 0001S-2024 表2, ≤2 mg/kg (检验机构给出)");
}

#[test]
fn a_total_excuses_only_a_species_that_says_so() {
    let species = Case { kind: Some("max"), limit: Some("0.2"), total: Some("0.2"), ..Case::default() };
    assert_eq!(reason(&Case { total_suffices: Some("yes"), ..species }), Reason::WithinLimit);
    assert_eq!(reason(&Case { total_suffices: Some("yes"), total: Some("0.21"), ..species }), Reason::Empty);
    assert_eq!(reason(&Case { total_suffices: Some("yes"), total: Some(" "), ..species }), Reason::Empty);
    assert_eq!(reason(&species), Reason::Empty);
}

#[test]
fn counts_and_parts_below_quantification_are_as_wide_as_it() {
    let plan = Case { kind: Some("micro"), n: Some("2"), c: Some("0"), m: Some("10"), ..Case::default() };
    let counts = |result, loq| reason(&Case { result: Some(result), loq, ..plan });
    assert_eq!(counts("<LOQ;5", Some("10")), Reason::WithinLimit);
    assert_eq!(counts("<LOQ;5", Some("11")), Reason::Undecided);
    assert_eq!(counts("<LOQ;5", None), Reason::Trace);
    assert_eq!(counts("<-1;5", None), Reason::NotAValue);
    assert_eq!(counts("ND(<-1);5", None), Reason::NotAValue);
    let sum = Case { kind: Some("ratio_sum"), limit: Some("0.5;1"), ..Case::default() };
    let parts = |result, lod| reason(&Case { result: Some(result), lod, ..sum });
    assert_eq!(parts("<LOQ;0.1", Some("0.1")), Reason::Trace);
    assert_eq!(parts("0.05;0.1", Some("0.1")), Reason::BelowOwnLod);
    assert_eq!(parts("0.1;0", Some("0.1")), Reason::WithinLimit);
    assert_eq!(parts("<0.1;0.1", Some("0.1")), Reason::WithinLimit);
    assert_eq!(parts("<0.11;0.1", Some("0.1")), Reason::Undecided);
    assert_eq!(parts("ND(<0.5);0.1", None), Reason::WithinLimit);
    assert_eq!(parts("ND(<0.51);0.1", None), Reason::LodAboveLimit);
    assert_eq!(parts(">0.1;0.1", None), Reason::BadPart);
    assert_eq!(parts("ND;ND", Some("0.1;")), Reason::LodMissing, "the second has none");
    assert_eq!(parts("0.1;ND", Some("0.1")), Reason::WithinLimit, "one stands for all");
    assert_eq!(parts("ND;ND", Some("0.1;0.1;0.1")), Reason::WithinLimit);
    let units = Case { unit: Some("g/kg"), limit_unit: Some("g/kg"), lod_unit: Some("mg/kg"), ..sum };
    let parts = |lod| reason(&Case { result: Some("ND;0.6"), lod: Some(lod), ..units });
    assert_eq!((parts("500"), parts("501")), (Reason::WithinLimit, Reason::LodAboveLimit));
}

fn catalogue() -> Catalogue {
    let class = FoodClass { code: "1".into(), zh: "食".into(), ..FoodClass::default() };
    let analyte = Analyte { code: "lead".into(), zh: "铅".into(), en: "lead".into(), ..Analyte::default() };
    let row = Row {
        id: "A".into(),
        food_class: "1".into(),
        analyte: "lead".into(),
        kind: "max".into(),
        limit: "1".into(),
        standard: "GB 0".into(),
        verified: "yes".into(),
        ..Row::default()
    };
    let names = (FoodTree::build(&[class], &[]).unwrap(), Analytes::build(&[analyte], &[]).unwrap());
    Catalogue::build(names.0, names.1, &[row]).unwrap().0
}

/// What people and instruments put into a field, good and bad, and anything else.
fn field() -> impl Strategy<Value = Option<String>> {
    let words = [
        "max",
        "min",
        "range",
        "not_detected",
        "micro",
        "declared",
        "ratio_sum",
        "qualitative",
        "full",
        "rounded",
        "dry",
        "fresh",
        "yes",
        "食",
        "铅",
        "2025-06-01",
        "0",
        "1",
        "5",
        "-1",
        "0.50",
        "<0.1",
        "ND",
        "未检出(<0.5)",
        "<LOQ",
        "mg/kg",
        "ug/kg",
        "1;2",
        "1,234,5",
        "1/58",
        "5.3×103",
        "10⁵",
        "79228162514264337593543950335",
        "0.0000000000000000000000000001",
        "１．５",
        "１e9",
        "99999999999",
        "1e-28",
        "符合",
        ";;",
        "100",
        "90%",
    ];
    prop_oneof![
        1 => Just(None),
        4 => prop::sample::select(words.to_vec()).prop_map(|word| Some(word.to_owned())),
        1 => any::<String>().prop_map(Some),
        1 => "[0-9.,;<>()eE×^/ μmgkND未检出-]{0,24}".prop_map(Some),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_in_any_column_is_answered_and_explained(fields in prop::collection::vec(field(), Case::COLUMNS.len())) {
        let mut columns = fields.iter().map(Option::as_deref);
        let case = Case::read(|| columns.next().flatten());
        let judgement = judge_case(&case, Some(&catalogue()));
        for step in &judgement.steps {
            prop_assert!(!step.zh().is_empty() && !step.en().is_empty());
        }
        if judgement.verdict != NotJudgeable {
            prop_assert!(judgement.criteria().count() > 0, "a verdict has a criterion");
        }
    }

    #[test]
    fn a_bad_field_alone_is_answered(column in 0..Case::COLUMNS.len(), text in any::<String>()) {
        for good in ["max", "micro", "ratio_sum", "not_detected", "declared", ""] {
            let mut columns = Case::COLUMNS.iter().enumerate().map(|(index, name)| match *name {
                _ if index == column => Some(text.as_str()),
                "kind" => Some(good),
                "food" => Some("食"),
                "analyte" => Some("铅"),
                "date" => Some("2025-06-01"),
                "result" | "declared" | "tolerance" => Some("1"),
                "limit" | "n" | "m" => Some("2"),
                "c" => Some("0"),
                _ => None,
            });
            let case = Case::read(|| columns.next().flatten());
            let judgement = judge_case(&case, Some(&catalogue()));
            prop_assert!(judgement.steps.iter().all(|step| !step.zh().is_empty()));
        }
    }
}
