//! 抽样单: what a form must hold, checked as a whole (docs/DOMAIN.md 2.1).

use hege_core::date::china_date;
use hege_core::identifiers::{self, Check};
use hege_core::region::RegionLevel;
use hege_core::{Problem, Problems, RegionCode, SampleId, SampleKind, Sector, Stage, TaskType, UserId, words};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

words! {
    /// 日期类型: which date the form states. It decides the edition (docs/DOMAIN.md 2.1).
    pub enum DateKind {
        Production = "production", "生产日期", "production";
        Processing = "processing", "加工日期", "processing";
        Purchase = "purchase", "购进日期", "purchase";
        Quarantine = "quarantine", "检疫日期", "quarantine";
        Disinfection = "disinfection", "消毒日期", "disinfection";
    }
}

words! {
    /// 包装分类.
    pub enum Packaging {
        Prepackaged = "prepackaged", "预包装", "pre-packaged";
        Bulk = "bulk", "散装", "bulk";
        Unpackaged = "unpackaged", "无包装", "unpackaged";
    }
}

/// A label's text: stated, or `/` where there is nothing to state, which is not the same as left blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stated {
    /// As printed.
    Text(String),
    /// `/`.
    Nothing,
}

/// A form as it came in: anything may be missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// The id made on the device.
    pub id: Option<SampleId>,
    /// 抽样单编号.
    pub form_no: Option<String>,
    /// 环节.
    pub stage: Option<Stage>,
    /// 农、林、渔, for the farm stage only.
    pub sector: Option<Sector>,
    /// 任务类别.
    pub task_type: Option<TaskType>,
    /// 样品类型.
    pub sample_kind: Option<SampleKind>,
    /// County of the sampling place.
    pub region: Option<RegionCode>,
    /// Food class.
    pub food_class: Option<String>,
    /// 样品名称.
    pub product_name: Option<String>,
    /// 被抽样单位.
    pub sampled_unit: Option<String>,
    /// 标称生产者.
    pub producer: Option<Stated>,
    /// 样品批号.
    pub batch_no: Option<Stated>,
    /// 包装分类.
    pub packaging: Option<Packaging>,
    /// 日期类型.
    pub date_kind: Option<DateKind>,
    /// That date.
    pub date: Option<Date>,
    /// When it was taken.
    pub sampled_at: Option<Timestamp>,
    /// 抽样人员, at least two.
    pub samplers: Vec<UserId>,
    /// 抽样数量.
    pub sample_qty: Option<Decimal>,
    /// 备样数量, in the same unit.
    pub backup_qty: Option<Decimal>,
    /// 单位 of both.
    pub qty_unit: Option<String>,
    /// 统一社会信用代码.
    pub uscc: Option<String>,
    /// 样品条码.
    pub barcode: Option<String>,
    /// 生产许可证编号.
    pub production_licence: Option<String>,
}

/// What is known of a region code on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionKnown {
    /// In force.
    InForce,
    /// It was one, or will be.
    NotInForce,
    /// Never heard of.
    Unknown,
}

/// What the outside knows.
pub struct Context<'a> {
    /// The server's clock.
    pub now: Timestamp,
    /// Looks a region up.
    pub region: &'a dyn Fn(RegionCode, Date) -> RegionKnown,
    /// Whether a food class is known.
    pub food_class: &'a dyn Fn(&str) -> bool,
}

/// How far a device's clock may be ahead of the server's.
const SKEW_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Nothing was sampled for this system before it.
const EARLIEST: Date = jiff::civil::date(2000, 1, 1);
/// Characters of a form number.
const FORM_NO_MAX: usize = 40;
/// Characters of a text field.
const TEXT_MAX: usize = 200;

/// Checks a form: the warnings when it holds, every problem at once when it does not.
///
/// # Errors
/// Each problem with its field, a stable code, and the words in Chinese and English.
pub fn check(draft: &Draft, context: &Context<'_>) -> Result<Problems, Problems> {
    let mut problems = Problems::new();
    required(draft, &mut problems);
    texts(draft, &mut problems);
    place(draft, context, &mut problems);
    times(draft, context, &mut problems);
    people_and_amounts(draft, &mut problems);
    problems.into_result(warnings(draft, context))
}

fn missing(field: &str) -> Problem {
    Problem::new(format!("/{field}"), "required", "必填", "required")
}

fn required(draft: &Draft, problems: &mut Problems) {
    let given = [
        ("id", draft.id.is_some()),
        ("form_no", draft.form_no.is_some()),
        ("stage", draft.stage.is_some()),
        ("task_type", draft.task_type.is_some()),
        ("sample_kind", draft.sample_kind.is_some()),
        ("region", draft.region.is_some()),
        ("food_class", draft.food_class.is_some()),
        ("product_name", draft.product_name.is_some()),
        ("sampled_unit", draft.sampled_unit.is_some()),
        ("producer", draft.producer.is_some()),
        ("batch_no", draft.batch_no.is_some()),
        ("packaging", draft.packaging.is_some()),
        ("date_kind", draft.date_kind.is_some()),
        ("date", draft.date.is_some()),
        ("sampled_at", draft.sampled_at.is_some()),
        ("sample_qty", draft.sample_qty.is_some()),
        ("qty_unit", draft.qty_unit.is_some()),
    ];
    for (field, is_given) in given {
        problems.check(is_given, || missing(field));
    }
    let is_farm = draft.stage == Some(Stage::Farm);
    problems.check(!is_farm || draft.sector.is_some(), || missing("sector"));
    problems.check(is_farm || draft.stage.is_none() || draft.sector.is_none(), || {
        Problem::new("/sector", "not_for_this_stage", "仅种植养殖环节填写", "for the farm stage only")
    });
    // A label carries them, so "/" would hide what can be read (docs/DOMAIN.md 2.1).
    if draft.packaging == Some(Packaging::Prepackaged) {
        for (field, value) in [("producer", &draft.producer), ("batch_no", &draft.batch_no)] {
            problems.check(value != &Some(Stated::Nothing), || {
                Problem::new(
                    format!("/{field}"),
                    "label_must_be_read",
                    "预包装食品须照标签填写",
                    "pre-packaged food states it on its label",
                )
            });
        }
    }
}

fn texts(draft: &Draft, problems: &mut Problems) {
    let stated = |value: &Option<Stated>| match value {
        Some(Stated::Text(text)) => Some(text.clone()),
        _ => None,
    };
    if let Some(form_no) = &draft.form_no {
        let printable = form_no.len() <= FORM_NO_MAX && form_no.bytes().all(|b| b.is_ascii_graphic());
        problems.check(printable, || {
            Problem::new(
                "/form_no",
                "bad_form_no",
                "须为 40 位以内的字母、数字或符号",
                "at most 40 printable characters, no spaces",
            )
        });
    }
    let fields = [
        ("form_no", draft.form_no.clone()),
        ("uscc", draft.uscc.clone()),
        ("barcode", draft.barcode.clone()),
        ("production_licence", draft.production_licence.clone()),
        ("food_class", draft.food_class.clone()),
        ("product_name", draft.product_name.clone()),
        ("sampled_unit", draft.sampled_unit.clone()),
        ("qty_unit", draft.qty_unit.clone()),
        ("producer", stated(&draft.producer)),
        ("batch_no", stated(&draft.batch_no)),
    ];
    for (field, text) in fields {
        let Some(text) = text else { continue };
        problems.check(!matches!(text.trim(), "" | "/"), || missing(field));
        problems.check(text.chars().count() <= TEXT_MAX && !text.chars().any(char::is_control), || {
            Problem::new(
                format!("/{field}"),
                "bad_text",
                "超过 200 字或含控制字符",
                "more than 200 characters, or control characters",
            )
        });
    }
}

fn place(draft: &Draft, context: &Context<'_>, problems: &mut Problems) {
    let on = draft.sampled_at.unwrap_or(context.now);
    if let Some(region) = draft.region {
        let problem = match (context.region)(region, china_date(on)) {
            RegionKnown::Unknown => Some(("region_unknown", "行政区划代码未知", "the region is not known")),
            RegionKnown::NotInForce => {
                Some(("region_abolished", "该日期此代码无效", "the region's code is not in force on that day"))
            }
            RegionKnown::InForce if region.level() != RegionLevel::County => {
                Some(("region_not_county", "须为县级代码", "a county is needed"))
            }
            RegionKnown::InForce => None,
        };
        if let Some((code, zh, en)) = problem {
            problems.push(Problem::new("/region", code, zh, en));
        }
        problems.check(draft.id.is_none_or(|id| id.city == region.city()), || {
            Problem::new(
                "/id",
                "city_mismatch",
                "编号中的城市与抽样地点不一致",
                "the id names another city than the place",
            )
        });
    }
    if let Some(food_class) = &draft.food_class {
        problems.check((context.food_class)(food_class), || {
            Problem::new("/food_class", "food_class_unknown", "食品类别未知", "the food class is not known")
        });
    }
}

fn times(draft: &Draft, context: &Context<'_>, problems: &mut Problems) {
    let Some(sampled_at) = draft.sampled_at else { return };
    let latest = context.now.checked_add(SKEW_MAX).unwrap_or(Timestamp::MAX);
    problems.check(sampled_at <= latest, || {
        Problem::new(
            "/sampled_at",
            "in_the_future",
            "抽样时间晚于当前时间 24 小时以上",
            "more than 24 hours ahead of the server's clock",
        )
    });
    let sampled_on = china_date(sampled_at);
    problems.check(sampled_on >= EARLIEST, || {
        Problem::new("/sampled_at", "too_early", "早于 2000 年", "before the year 2000")
    });
    if let Some(date) = draft.date {
        problems.check(date <= sampled_on, || {
            Problem::new("/date", "after_sampling", "晚于抽样日期", "later than the sampling date")
        });
        problems.check(date >= EARLIEST, || Problem::new("/date", "too_early", "早于 2000 年", "before the year 2000"));
    }
}

fn people_and_amounts(draft: &Draft, problems: &mut Problems) {
    let distinct: BTreeSet<&UserId> = draft.samplers.iter().collect();
    problems.check(distinct.len() >= 2, || {
        Problem::new("/samplers", "two_samplers_needed", "抽样人员不得少于 2 人", "at least two different samplers")
    });
    for (field, amount) in [("sample_qty", draft.sample_qty), ("backup_qty", draft.backup_qty)] {
        let fits = amount.is_none_or(|amount| amount > Decimal::ZERO && amount <= Decimal::from(1_000_000));
        problems.check(fits, || {
            Problem::new(format!("/{field}"), "out_of_range", "须大于 0 且不超过 1000000", "above 0, at most 1000000")
        });
    }
    if let (Some(sample), Some(backup)) = (draft.sample_qty, draft.backup_qty) {
        problems.check(backup <= sample, || {
            Problem::new(
                "/backup_qty",
                "backup_above_sample",
                "备样数量不得大于抽样数量",
                "the backup is more than the sample",
            )
        });
    }
}

type DigitCheck = fn(&str) -> Check;

/// Doubts that do not keep a form out: real identifiers fail their check now and then, and clocks drift.
fn warnings(draft: &Draft, context: &Context<'_>) -> Problems {
    let mut warnings = Problems::new();
    let identifiers: [(&str, &Option<String>, DigitCheck); 3] = [
        ("uscc", &draft.uscc, identifiers::uscc),
        ("barcode", &draft.barcode, identifiers::gtin),
        ("production_licence", &draft.production_licence, identifiers::production_licence),
    ];
    for (field, value, check) in identifiers {
        let doubtful = value.as_deref().is_some_and(|value| check(value) != Check::Valid);
        warnings.check(!doubtful, || {
            Problem::new(format!("/{field}"), "check_digit", "校验码不符，请核对", "the check digit does not fit")
        });
    }
    warnings.check(draft.sampled_at.is_none_or(|at| at <= context.now), || {
        Problem::new("/sampled_at", "clock_skew", "抽样时间晚于服务器时间", "ahead of the server's clock")
    });
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: &str = "2025-06-15T02:00:00Z";

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    /// A vegetable of a market stall: unpackaged, so its label data are "/".
    fn vegetable() -> Draft {
        Draft {
            id: "3301-0190b6c1-7e3a-7c11-9a5b-0123456789ab".parse().ok(),
            form_no: Some("NCP25330106000001".to_owned()),
            stage: Some(Stage::Farm),
            sector: Some(Sector::Agriculture),
            task_type: Some(TaskType::RoutineMonitoring),
            sample_kind: Some(SampleKind::PrimaryProduce),
            region: "330106".parse().ok(),
            food_class: Some("33.02".to_owned()),
            product_name: Some("菠菜".to_owned()),
            sampled_unit: Some("演示市场 12 号摊".to_owned()),
            producer: Some(Stated::Nothing),
            batch_no: Some(Stated::Nothing),
            packaging: Some(Packaging::Unpackaged),
            date_kind: Some(DateKind::Purchase),
            date: "2025-06-15".parse().ok(),
            sampled_at: NOW.parse().ok(),
            samplers: vec![user(1), user(2)],
            sample_qty: Some(Decimal::TWO),
            backup_qty: Some(Decimal::TWO),
            qty_unit: Some("kg".to_owned()),
            ..Draft::default()
        }
    }

    fn checked(draft: &Draft) -> Result<Problems, Problems> {
        let region = |code: RegionCode, _: Date| match code.get() {
            330_106 | 330_100 | 330_206 => RegionKnown::InForce,
            330_103 => RegionKnown::NotInForce,
            _ => RegionKnown::Unknown,
        };
        check(draft, &Context { now: NOW.parse().unwrap(), region: &region, food_class: &|code| code == "33.02" })
    }

    fn found(problems: &Problems) -> Vec<(&str, &str)> {
        problems.as_slice().iter().map(|problem| (problem.pointer.as_str(), problem.code)).collect()
    }

    fn problem(draft: Draft, pointer: &str, code: &str) {
        assert_eq!(found(&checked(&draft).unwrap_err()), [(pointer, code)]);
    }

    #[test]
    fn a_good_form_has_neither_problem_nor_warning() {
        assert_eq!(checked(&vegetable()), Ok(Problems::new()));
        let packed = Draft {
            stage: Some(Stage::Production),
            sector: None,
            packaging: Some(Packaging::Prepackaged),
            producer: Some(Stated::Text("演示食品厂".to_owned())),
            batch_no: Some(Stated::Text("20250601".to_owned())),
            backup_qty: None,
            ..vegetable()
        };
        assert_eq!(checked(&packed), Ok(Problems::new()));
    }

    #[test]
    fn an_empty_form_names_every_required_field_at_once() {
        let problems = checked(&Draft::default()).unwrap_err();
        let fields: Vec<&str> =
            found(&problems).into_iter().filter(|(_, code)| *code == "required").map(|(field, _)| field).collect();
        assert_eq!(fields.len(), 17, "{fields:?}");
        assert!(problems.at("/samplers"));
        for field in ["/id", "/form_no", "/region", "/sampled_at", "/sample_qty", "/qty_unit", "/producer"] {
            assert!(fields.contains(&field), "{field}");
        }
    }

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let wrong = Draft {
            region: "330103".parse().ok(),
            samplers: vec![user(1), user(1)],
            sample_qty: Some(-Decimal::ONE),
            date: "2029-01-01".parse().ok(),
            food_class: Some("99".to_owned()),
            product_name: Some(" ".to_owned()),
            ..vegetable()
        };
        let codes: Vec<&str> = checked(&wrong).unwrap_err().as_slice().iter().map(|problem| problem.code).collect();
        let expected = [
            "required",
            "region_abolished",
            "food_class_unknown",
            "after_sampling",
            "two_samplers_needed",
            "out_of_range",
            "backup_above_sample",
        ];
        assert_eq!(codes, expected);
    }

    #[test]
    fn a_place_must_be_a_county_in_force_of_the_ids_city() {
        let at = |region: &str| Draft { region: region.parse().ok(), ..vegetable() };
        problem(at("330100"), "/region", "region_not_county");
        problem(at("330103"), "/region", "region_abolished");
        problem(at("330199"), "/region", "region_unknown");
        problem(at("330206"), "/id", "city_mismatch");
    }

    #[test]
    fn times_lie_between_2000_and_a_day_ahead_of_now() {
        let at = |text: &str| Draft { sampled_at: text.parse().ok(), ..vegetable() };
        assert_eq!(found(&checked(&at("2025-06-16T02:00:00Z")).unwrap()), [("/sampled_at", "clock_skew")]);
        problem(at("2025-06-16T02:00:01Z"), "/sampled_at", "in_the_future");
        let dated = |date: &str| Draft { date: date.parse().ok(), ..vegetable() };
        problem(dated("2025-06-16"), "/date", "after_sampling");
        problem(dated("1900-01-01"), "/date", "too_early");
        let early = Draft { sampled_at: "1999-12-31T10:00:00Z".parse().ok(), ..dated("2000-01-01") };
        assert_eq!(found(&checked(&early).unwrap_err()), [("/sampled_at", "too_early"), ("/date", "after_sampling")]);
    }

    #[test]
    fn amounts_are_positive_and_the_backup_is_no_more_than_the_sample() {
        let amounts = |sample, backup| Draft { sample_qty: Some(sample), backup_qty: Some(backup), ..vegetable() };
        problem(amounts(Decimal::TWO, Decimal::from(3)), "/backup_qty", "backup_above_sample");
        problem(amounts(Decimal::TWO, Decimal::ZERO), "/backup_qty", "out_of_range");
        problem(amounts(Decimal::from(1_000_001), Decimal::ONE), "/sample_qty", "out_of_range");
        assert!(checked(&amounts(Decimal::from(1_000_000), Decimal::ONE)).is_ok());
    }

    #[test]
    fn a_label_is_read_where_there_is_one_and_a_sector_belongs_to_the_farm() {
        let packed = Draft { packaging: Some(Packaging::Prepackaged), ..vegetable() };
        let problems = checked(&packed).unwrap_err();
        assert_eq!(found(&problems), [("/producer", "label_must_be_read"), ("/batch_no", "label_must_be_read")]);
        problem(Draft { sector: None, ..vegetable() }, "/sector", "required");
        problem(Draft { stage: Some(Stage::Catering), ..vegetable() }, "/sector", "not_for_this_stage");
        problem(Draft { product_name: Some("a".repeat(201)), ..vegetable() }, "/product_name", "bad_text");
        problem(Draft { product_name: Some("a\u{0}".to_owned()), ..vegetable() }, "/product_name", "bad_text");
        assert!(checked(&Draft { product_name: Some("菜".repeat(200)), ..vegetable() }).is_ok());
        problem(Draft { samplers: vec![user(1)], ..vegetable() }, "/samplers", "two_samplers_needed");
    }

    #[test]
    fn a_slash_is_no_name_and_a_form_number_is_short_and_printable() {
        problem(Draft { product_name: Some("/".to_owned()), ..vegetable() }, "/product_name", "required");
        problem(Draft { producer: Some(Stated::Text("/".to_owned())), ..vegetable() }, "/producer", "required");
        let numbered = |form_no: &str| Draft { form_no: Some(form_no.to_owned()), ..vegetable() };
        assert!(checked(&numbered(&"A".repeat(40))).is_ok());
        problem(numbered(&"A".repeat(41)), "/form_no", "bad_form_no");
        problem(numbered("NCP 25"), "/form_no", "bad_form_no");
        problem(Draft { uscc: Some("9".repeat(201)), ..vegetable() }, "/uscc", "bad_text");
    }

    #[test]
    fn a_wrong_check_digit_warns_and_does_not_block() {
        let draft = Draft {
            uscc: Some("91350211M00013FA1N".to_owned()),
            barcode: Some("6921168509256".to_owned()),
            production_licence: Some("QS1".to_owned()),
            ..vegetable()
        };
        assert_eq!(
            found(&checked(&draft).unwrap()),
            [("/uscc", "check_digit"), ("/production_licence", "check_digit")]
        );
    }
}
