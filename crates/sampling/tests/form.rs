//! The sampling form as a whole.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_core::{Problems, RegionCode, Stage};
use hege_sampling::examples::{packaged, produce};
use hege_sampling::fields::{FIELDS, Kind};
use hege_sampling::form::{Context, Fields, Form, Raw, RegionKnown, Stated, check};
use hege_sampling::words::{DateKind, Packaging};
use jiff::civil::Date;
use proptest::prelude::*;

const NOW: &str = "2025-06-15T02:00:00Z";

fn checked_with(form: &Fields, microbiological: bool) -> Result<(Form, Problems), Problems> {
    let region = |code: RegionCode, _: Date| match code.get() {
        330_106 | 330_100 | 330_206 => RegionKnown::InForce,
        330_103 => RegionKnown::NotInForce,
        _ => RegionKnown::Unknown,
    };
    let food_class = |code: &str| ["33.01.02.03", "24.03"].contains(&code);
    check(form, &Context { now: NOW.parse().unwrap(), region: &region, food_class: &food_class, microbiological })
}

fn checked(form: &Fields) -> Result<(Form, Problems), Problems> {
    checked_with(form, false)
}

fn with(mut form: Fields, changes: &[(&str, &str)]) -> Fields {
    form.extend(changes.iter().map(|(code, text)| ((*code).to_owned(), Raw::Text((*text).to_owned()))));
    form
}

fn without(mut form: Fields, code: &str) -> Fields {
    form.remove(code);
    form
}

fn put(mut form: Fields, code: &str, raw: Raw) -> Fields {
    form.insert(code.to_owned(), raw);
    form
}

fn list(texts: &[&str]) -> Raw {
    Raw::List(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn told(problems: &Problems) -> Vec<(&str, &str)> {
    problems.as_slice().iter().map(|problem| (problem.pointer.as_str(), problem.code)).collect()
}

#[track_caller]
fn refused(form: &Fields, expected: &[(&str, &str)]) {
    assert_eq!(told(&checked(form).unwrap_err()), expected);
}

#[track_caller]
fn warned(form: &Fields, expected: &[(&str, &str)]) {
    assert_eq!(told(&checked(form).unwrap().1), expected);
}

#[test]
fn a_good_form_has_neither_problem_nor_warning() {
    warned(&produce(), &[]);
    warned(&packaged(), &[]);
}

#[test]
fn a_form_that_holds_is_typed_and_complete() {
    let (form, _) = checked(&produce()).unwrap();
    assert_eq!((form.stage, form.packaging, form.date_kind), (Stage::Farm, Packaging::Unpackaged, DateKind::Purchase));
    assert_eq!((form.producer.text(), form.samplers.len()), (None, 2));
    let (form, _) = checked(&packaged()).unwrap();
    assert_eq!(form.producer, Stated::Text("演示食品厂".to_owned()));
    assert_eq!(form.producer.text(), Some("演示食品厂"));
    assert_eq!(form.date, "2025-06-01".parse().unwrap());
}

#[test]
fn what_is_typed_is_trimmed_and_has_one_spelling() {
    let typed = with(
        produce(),
        &[
            ("product_name", "  菠菜\u{3000}"),
            ("brand", "／"),
            ("sample_qty", "+2.50"),
            ("sampled_at", "2025-06-15T10:00:00+08:00"),
        ],
    );
    let document = checked(&typed).unwrap().0.document();
    let text = |code: &str| document[code].clone();
    assert_eq!(text("product_name"), Raw::Text("菠菜".to_owned()));
    assert_eq!(text("brand"), Raw::Text("/".to_owned()));
    assert_eq!(text("sample_qty"), Raw::Text("2.50".to_owned()));
    assert_eq!(text("sampled_at"), Raw::Text("2025-06-15T02:00:00Z".to_owned()));
    assert_eq!(text("region_type"), list(&["urban"]));
}

#[test]
fn the_document_holds_everything_but_what_is_personal() {
    let (form, _) = checked(&packaged()).unwrap();
    let personal = form.personal();
    assert_eq!(personal.keys().map(String::as_str).collect::<Vec<_>>(), ["contact_name", "contact_phone"]);
    assert!(form.document().keys().all(|code| !personal.contains_key(code)));
    assert_eq!(form.document().len() + personal.len(), packaged().len());
}

#[test]
fn an_empty_form_names_every_field_that_all_forms_have() {
    let problems = checked(&Fields::new()).unwrap_err();
    assert!(told(&problems).iter().all(|(_, code)| *code == "required"));
    for field in ["/id", "/form_no", "/region", "/sampled_at", "/sample_qty", "/qty_unit", "/producer", "/samplers"] {
        assert!(problems.at(field), "{field}");
    }
    for field in ["/sector", "/uscc", "/platform", "/third_party", "/remark", "/lot_size"] {
        assert!(!problems.at(field), "{field} depends on others or is optional");
    }
    assert_eq!(problems.as_slice().len(), 34);
}

#[test]
fn each_field_that_an_example_gives_is_needed_or_optional_as_the_table_says() {
    for code in produce().keys() {
        match code.as_str() {
            "stall" | "backup_qty" => warned(&without(produce(), code), &[]),
            _ => refused(&without(produce(), code), &[(&format!("/{code}"), "required")]),
        }
    }
    for code in packaged().keys() {
        refused(&without(packaged(), code), &[(&format!("/{code}"), "required")]);
    }
}

#[test]
fn what_depends_on_the_stage_is_asked_for_there_and_refused_elsewhere() {
    refused(&without(produce(), "sector"), &[("/sector", "required")]);
    refused(&with(packaged(), &[("sector", "fishery")]), &[("/sector", "not_for_this_stage")]);
    refused(&with(produce(), &[("annual_sales", "100")]), &[("/annual_sales", "not_for_this_stage")]);
    warned(&with(packaged(), &[("annual_sales", "0")]), &[]);
    refused(&without(packaged(), "unit_price"), &[("/unit_price", "required")]);
}

#[test]
fn a_complaint_comes_from_no_programme() {
    let mut complaint = with(produce(), &[("task_type", "complaint"), ("form_no", "TS25330106000001")]);
    for code in ["task_source", "deploying_org", "programme_a", "programme_b"] {
        refused(&without(produce(), code), &[(&format!("/{code}"), "required")]);
        complaint.remove(code);
    }
    warned(&complaint, &[]);
}

#[test]
fn sampling_online_asks_for_platform_shop_and_order() {
    let online = with(produce(), &[("sampling_kind", "online")]);
    refused(&online, &[("/platform", "required"), ("/shop_url", "required"), ("/order_no", "required")]);
    let order = [("platform", "演示平台"), ("shop_url", "https://example.invalid/1"), ("order_no", "1")];
    warned(&with(online, &order), &[]);
    let misplaced = with(produce(), &[("order_no", "1")]);
    refused(&misplaced, &[("/order_no", "not_for_this_form")]);
}

#[test]
fn what_goes_together_is_given_together() {
    refused(&with(produce(), &[("third_party", "演示商行")]), &[("/third_party_kind", "required")]);
    refused(&with(produce(), &[("third_party_kind", "agent")]), &[("/third_party", "required")]);
    refused(&with(produce(), &[("licence_no", "JY1")]), &[("/licence_type", "required")]);
    refused(&with(produce(), &[("licence_type", "食品经营许可证")]), &[("/licence_no", "required")]);
    refused(&with(produce(), &[("unit_price", "3.50")]), &[("/price_unit", "required")]);
}

#[test]
fn a_label_is_read_where_there_is_one_and_a_slash_is_no_name() {
    let slashed = with(packaged(), &[("producer", "/"), ("batch_no", "/")]);
    refused(&slashed, &[("/batch_no", "label_must_be_read"), ("/producer", "label_must_be_read")]);
    warned(&with(packaged(), &[("grade", "/"), ("brand", "/"), ("barcode", "/"), ("production_licence", "/")]), &[]);
    refused(&with(produce(), &[("product_name", "/")]), &[("/product_name", "required")]);
    refused(&with(produce(), &[("sampled_unit", " ")]), &[("/sampled_unit", "required")]);
    refused(&with(produce(), &[("brand", "")]), &[("/brand", "required")]);
    refused(&with(produce(), &[("form_no", "/")]), &[("/form_no", "required")]);
}

#[test]
fn a_value_of_another_type_is_refused_and_not_read_by_guess() {
    for raw in [Raw::Other, Raw::Flag(true), list(&["菠菜"])] {
        refused(&put(produce(), "product_name", raw), &[("/product_name", "wrong_type")]);
    }
    refused(&with(produce(), &[("imported", "false")]), &[("/imported", "wrong_type")]);
    refused(&with(produce(), &[("samplers", "x")]), &[("/samplers", "wrong_type")]);
    refused(&put(produce(), "sample_qty", Raw::Other), &[("/sample_qty", "wrong_type")]);
}

#[test]
fn a_field_that_the_form_does_not_have_is_named() {
    refused(&with(produce(), &[("colour", "red")]), &[("/colour", "unknown_field")]);
    refused(&with(produce(), &[("a/b~c", "red")]), &[("/a~1b~0c", "unknown_field")]);
    let mut many = produce();
    many.extend((0..100).map(|n| (format!("x{n:03}"), Raw::Other)));
    assert_eq!(checked(&many).unwrap_err().as_slice().len(), 20);
}

#[test]
fn each_kind_of_value_has_one_way_to_be_written() {
    let cases = [
        ("date", "2025-6-15", "bad_date"),
        ("date", "20250615", "bad_date"),
        ("date", "45823.0", "bad_date"),
        ("date", "2025-02-30", "bad_date"),
        ("sampled_at", "2025-06-15 02:00", "bad_instant"),
        ("sample_qty", "2,5", "bad_decimal"),
        ("sample_qty", "1e3", "bad_decimal"),
        ("sample_qty", "0", "out_of_range"),
        ("sample_qty", "1000001", "out_of_range"),
        ("stage", "种植养殖", "unknown_word"),
        ("stage", "Farm", "unknown_word"),
        ("region_type", "county", "unknown_word"),
        ("region", "33010", "bad_region"),
        ("id", "0190b6c1-7e3a-7c11-9a5b-0123456789ab", "bad_id"),
        ("task_source", "省食安办", "bad_id"),
        ("form_no", "NCP 25", "bad_form_no"),
        ("product_name", "a\u{0}b", "bad_text"),
        ("product_name", "a\nb", "bad_text"),
        ("product_name", "a\u{202e}b", "bad_text"),
        ("product_name", "a\u{200b}b", "bad_text"),
    ];
    for (code, text, expected) in cases {
        let problems = checked(&with(produce(), &[(code, text)])).unwrap_err();
        assert!(told(&problems).contains(&(&format!("/{code}"), expected)), "{code} {text}: {problems:?}");
        assert!(!problems.as_slice().iter().any(|problem| problem.code == "required"), "{code}: {problems:?}");
    }
}

#[test]
fn lengths_are_bounded() {
    let long = |code: &str, text: &str, n: usize| with(produce(), &[(code, &text.repeat(n))]);
    warned(&long("product_name", "菜", 200), &[]);
    refused(&long("product_name", "菜", 201), &[("/product_name", "bad_text")]);
    warned(&long("remark", "菜", 500), &[]);
    refused(&long("remark", "菜", 501), &[("/remark", "bad_text")]);
    warned(&long("form_no", "A", 40), &[]);
    refused(&long("form_no", "A", 41), &[("/form_no", "bad_form_no")]);
    let seals = |n: usize| put(produce(), "seal_no", Raw::List((0..n).map(|n| n.to_string()).collect()));
    warned(&seals(20), &[]);
    refused(&seals(21), &[("/seal_no", "too_many")]);
}

#[test]
fn two_different_people_sample() {
    let one = "00000000-0000-0000-0000-000000000001";
    refused(&put(produce(), "samplers", list(&[one, one])), &[("/samplers", "two_samplers_needed")]);
    refused(&put(produce(), "samplers", list(&[one, "张三"])), &[("/samplers", "bad_id")]);
    refused(&put(produce(), "samplers", list(&[])), &[("/samplers", "required")]);
}

#[test]
fn a_place_must_be_a_county_in_force_of_the_ids_city() {
    let at = |region: &str| with(produce(), &[("region", region)]);
    refused(&at("330100"), &[("/region", "region_not_county")]);
    refused(&at("330103"), &[("/region", "region_abolished")]);
    refused(&at("330199"), &[("/region", "region_unknown")]);
    refused(&at("330206"), &[("/id", "city_mismatch")]);
    refused(&with(produce(), &[("food_class", "99")]), &[("/food_class", "food_class_unknown")]);
}

#[test]
fn a_place_fits_its_stage_and_a_scenic_spot_is_urban_or_rural() {
    refused(&with(produce(), &[("place_type", "canteen_school")]), &[("/place_type", "place_not_of_stage")]);
    for (types, holds) in [(&["scenic", "rural"][..], true), (&["scenic"], false), (&["urban", "rural"], false)] {
        let outcome = checked(&put(produce(), "region_type", list(types)));
        assert_eq!(
            outcome.map_err(|problems| told(&problems) == [("/region_type", "urban_or_rural")]).map(drop),
            if holds { Ok(()) } else { Err(true) }
        );
    }
}

#[test]
fn the_kind_of_date_fits_the_goods() {
    refused(&with(packaged(), &[("date_kind", "purchase")]), &[("/date_kind", "date_kind_unfit")]);
    refused(&with(produce(), &[("date_kind", "disinfection")]), &[("/date_kind", "date_kind_unfit")]);
    warned(&with(produce(), &[("date_kind", "harvest")]), &[]);
}

#[test]
fn times_lie_between_2000_and_a_day_ahead_of_now() {
    let at = |text: &str| with(produce(), &[("sampled_at", text)]);
    warned(&at("2025-06-15T02:00:00Z"), &[]);
    warned(&at("2025-06-15T02:00:01Z"), &[("/sampled_at", "clock_skew")]);
    warned(&at("2025-06-16T02:00:00Z"), &[("/sampled_at", "clock_skew")]);
    refused(&at("2025-06-16T02:00:01Z"), &[("/sampled_at", "in_the_future")]);
    let dated = |date: &str| with(produce(), &[("date", date)]);
    refused(&dated("2025-06-16"), &[("/date", "after_sampling")]);
    refused(&dated("2029-01-01"), &[("/date", "after_sampling")]);
    refused(&dated("1999-12-31"), &[("/date", "too_early")]);
    refused(&dated("1900-01-01"), &[("/date", "too_early")]);
    warned(&dated("2000-01-01"), &[]);
    let early = with(produce(), &[("sampled_at", "1999-12-31T10:00:00Z"), ("date", "2000-01-01")]);
    refused(&early, &[("/sampled_at", "too_early"), ("/date", "after_sampling")]);
    warned(&with(produce(), &[("send_by", "2025-06-15")]), &[]);
    refused(&with(produce(), &[("send_by", "2025-06-14")]), &[("/send_by", "before_sampling")]);
}

#[test]
fn the_backup_is_no_more_than_the_sample_and_the_lot_no_less() {
    warned(&with(produce(), &[("backup_qty", "2")]), &[]);
    refused(&with(produce(), &[("backup_qty", "2.01")]), &[("/backup_qty", "backup_above_sample")]);
    refused(&with(produce(), &[("backup_qty", "0")]), &[("/backup_qty", "out_of_range")]);
    warned(&with(produce(), &[("lot_size", "2")]), &[]);
    refused(&with(produce(), &[("lot_size", "1.99")]), &[("/lot_size", "lot_below_sample")]);
}

#[test]
fn lots_for_export_and_trial_goods_are_not_sampled() {
    refused(&put(packaged(), "exported", Raw::Flag(true)), &[("/exported", "export_lot")]);
    for (code, text) in [("product_name", "面包（试制）"), ("grade", "样品")] {
        refused(&with(packaged(), &[(code, text)]), &[(&format!("/{code}"), "trial_goods")]);
    }
    warned(&with(packaged(), &[("remark", "样品完好")]), &[]);
}

#[test]
fn doubts_warn_and_do_not_block() {
    let doubtful = [("uscc", "91350211M00013FA1N"), ("barcode", "6921168509255"), ("production_licence", "QS1")];
    let codes = [("/uscc", "check_digit"), ("/barcode", "check_digit"), ("/production_licence", "check_digit")];
    warned(&with(packaged(), &doubtful), &codes);
    for form_no in ["NCP24330106000001", "NCP25330105000001", "JD25330106000001"] {
        warned(&with(produce(), &[("form_no", form_no)]), &[("/form_no", "form_no_differs")]);
    }
    warned(&with(produce(), &[("form_no", "DC19130400000001")]), &[]);
    let with_micro = |form: &Fields| checked_with(form, true).unwrap().1;
    assert_eq!(told(&with_micro(&produce())), [("/aseptic", "not_aseptic")]);
    assert_eq!(told(&with_micro(&with(produce(), &[("aseptic", "aseptic")]))), []);
}

#[test]
fn goods_past_their_shelf_life_are_no_sample_but_a_case_when_it_is_plainly_stated() {
    let lives = [
        ("14天", false),
        ("13 日", true),
        ("13日", true),
        ("1年", false),
        ("十二个月", false),
        ("0个月", true),
        ("0月", true),
        ("0年", true),
        ("见包装", false),
    ];
    for (life, expired) in lives {
        let expected = if expired { vec![("/shelf_life", "expired")] } else { vec![] };
        let found = checked(&with(packaged(), &[("shelf_life", life)]));
        assert_eq!(found.as_ref().map_or_else(told, |(_, warnings)| told(warnings)), expected, "{life}");
        assert_eq!(found.is_err(), expired, "{life}");
        let case = with(packaged(), &[("shelf_life", life), ("task_type", "case"), ("form_no", "DC19130400000001")]);
        assert_eq!(told(&checked(&case).unwrap().1), expected, "{life}");
    }
}

#[test]
fn a_refusal_to_sign_is_an_outcome_that_needs_a_recording() {
    warned(&with(produce(), &[("unit_signature", "signed")]), &[]);
    warned(&with(produce(), &[("unit_signature", "refused")]), &[("/unit_signature", "recording_needed")]);
}

#[test]
fn account_payment_and_arrival_are_told_of_what_is_bought_online_only() {
    for (code, text) in [("buyer_account", "a"), ("payment_no", "1"), ("delivered_at", "2025-06-15T02:00:00Z")] {
        let pointer = format!("/{code}");
        refused(&with(produce(), &[(code, text)]), &[(&pointer, "not_for_this_form")]);
    }
}

#[test]
fn every_wrong_field_is_told_at_once() {
    let wrong = [
        ("region", "330103"),
        ("sample_qty", "-1"),
        ("date", "2029-01-01"),
        ("food_class", "99"),
        ("product_name", " "),
        ("place_type", "snack_bar"),
        ("colour", "red"),
    ];
    let mut codes: Vec<&str> =
        checked(&with(produce(), &wrong)).unwrap_err().into_vec().iter().map(|p| p.code).collect();
    codes.sort_unstable();
    let expected = [
        "after_sampling",
        "food_class_unknown",
        "out_of_range",
        "place_not_of_stage",
        "region_abolished",
        "required",
        "unknown_field",
    ];
    assert_eq!(codes, expected);
}

fn raw() -> impl Strategy<Value = Raw> {
    let text = prop_oneof![
        "\\PC{0,12}",
        "[0-9./+-]{0,8}",
        Just("/".to_owned()),
        Just("2025-06-15".to_owned()),
        Just("9999-12-31T23:59:59Z".to_owned()),
        Just("-009999-01-02T00:00:00Z".to_owned()),
        Just("99999999999999999999个月".to_owned()),
        Just("10000年".to_owned()),
        Just("prepackaged".to_owned()),
        Just("production".to_owned()),
        Just("online".to_owned()),
    ];
    prop_oneof![
        8 => text.prop_map(Raw::Text),
        1 => any::<bool>().prop_map(Raw::Flag),
        1 => proptest::collection::vec("\\PC{0,8}", 0..25).prop_map(Raw::List),
        1 => Just(Raw::Other),
    ]
}

fn code() -> impl Strategy<Value = String> {
    prop_oneof![9 => proptest::sample::select(FIELDS).prop_map(|field| field.code.to_owned()), 1 => "\\PC{0,6}"]
}

proptest! {
    #[test]
    fn whatever_is_typed_gives_a_form_or_problems(
        changes in proptest::collection::btree_map(code(), raw(), 0..12), base in 0..3,
    ) {
        let mut form = match base { 0 => Fields::new(), 1 => produce(), _ => packaged() };
        form.extend(changes);
        match checked(&form) {
            Err(problems) => prop_assert!(!problems.is_empty()),
            Ok((form, _)) => {
                // What is stored is read again to the same form.
                let stored: Fields = form.document().into_iter().chain(form.personal()).collect();
                prop_assert_eq!(checked(&stored).map(|(again, _)| again), Ok(form));
            }
        }
    }

    #[test]
    fn one_changed_field_is_told_of_at_that_field_or_another_but_never_silently_dropped(field in proptest::sample::select(FIELDS), raw in raw()) {
        let form = put(packaged(), field.code, raw.clone());
        if let Ok((form, _)) = checked(&form) {
            let stored: Fields = form.document().into_iter().chain(form.personal()).collect();
            let is_blank = match &raw {
                Raw::Text(text) => matches!(text.trim(), "" | "/" | "／") && !matches!(field.kind, Kind::Label(_))
                    || text.trim().is_empty(),
                Raw::List(texts) => texts.iter().all(|text| text.trim().is_empty()),
                _ => false,
            };
            prop_assert_eq!(stored.contains_key(field.code), !is_blank, "{} {:?}", field.code, raw);
        }
    }
}
