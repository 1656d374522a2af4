//! What the fields of a form say of one another, and what the outside says of them (docs/DOMAIN.md 2.1 and 5.2).

use crate::fields::{Condition, FIELDS, Field};
use crate::form::{Context, RegionKnown};
use crate::form_no::{FormNo, Prefix};
use crate::read::Values;
use crate::words::{Aseptic, DateKind, Packaging, PlaceType, RegionType, Signing};
use hege_core::date::china_date;
use hege_core::identifiers::{self, Check};
use hege_core::region::RegionLevel;
use hege_core::{Problem, Problems, RegionCode, SampleId, TaskType, UserId};
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use rust_decimal::Decimal;

/// How far a device's clock may be ahead of the server's.
const SKEW_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Nothing was sampled for this system before it.
const EARLIEST: Date = jiff::civil::date(2000, 1, 1);
/// What a label says of goods that are not for sale and so are not sampled (paper form, rule 14).
const TRIAL_MARKS: [&str; 2] = ["试制", "样品"];

/// Tells of everything that makes a form not hold.
pub(crate) fn problems(values: &Values, context: &Context<'_>, problems: &mut Problems) {
    label(values, problems);
    place(values, context, problems);
    kinds(values, problems);
    times(values, context, problems);
    people_and_amounts(values, problems);
    not_to_be_sampled(values, problems);
}

/// Of a sample of the past, told from a file: what keeps it out (where and when it was taken), and what is only doubtful,
/// because what was filed then cannot be asked again.
pub(crate) fn of_history(values: &Values, context: &Context<'_>, problems: &mut Problems) -> Problems {
    let mut doubts = warnings(values, context);
    place(values, context, problems);
    times(values, context, problems);
    label(values, &mut doubts);
    kinds(values, &mut doubts);
    amounts(values, &mut doubts);
    not_to_be_sampled(values, &mut doubts);
    doubts
}

/// A field is given where it has no place.
pub(crate) fn out_of_place(field: &Field, condition: Condition) -> Problem {
    let (code, zh, en) = match condition {
        Condition::Stage(stages) => {
            let names = |name: fn(hege_core::Stage) -> &'static str| {
                stages.iter().map(|stage| name(*stage)).collect::<Vec<_>>().join("/")
            };
            let zh = format!("仅{}环节填写", names(hege_core::Stage::zh));
            ("not_for_this_stage", zh, format!("for the {} stage only", names(hege_core::Stage::en)))
        }
        _ => ("not_for_this_form", "此抽样单不填写".to_owned(), "has no place on such a form".to_owned()),
    };
    Problem::new(field.pointer(), code, zh, en)
}

/// A label carries these, so "/" would hide what can be read.
fn label(values: &Values, problems: &mut Problems) {
    if values.get("packaging") != Some(Packaging::Prepackaged) {
        return;
    }
    for field in FIELDS.iter().filter(|field| field.on_label) {
        problems.check(values.text(field.code) != Some("/"), || {
            let (zh, en) = ("预包装食品须照标签填写", "pre-packaged food states it on its label");
            Problem::new(field.pointer(), "label_must_be_read", zh, en)
        });
    }
}

fn place(values: &Values, context: &Context<'_>, problems: &mut Problems) {
    let on = values.get::<Timestamp>("sampled_at").unwrap_or(context.now);
    if let Some(region) = values.get::<RegionCode>("region") {
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
        problems.check(values.get::<SampleId>("id").is_none_or(|id| id.city == region.city()), || {
            let (zh, en) = ("编号中的城市与抽样地点不一致", "the id names another city than the place");
            Problem::new("/id", "city_mismatch", zh, en)
        });
    }
    problems.check(values.text("food_class").is_none_or(|class| (context.food_class)(class)), || {
        Problem::new("/food_class", "food_class_unknown", "食品类别未知", "the food class is not known")
    });
}

/// The kinds of place, region and date that belong together.
fn kinds(values: &Values, problems: &mut Problems) {
    if let (Some(place), Some(stage)) = (values.get::<PlaceType>("place_type"), values.get("stage")) {
        problems.check(place.fits(stage), || {
            let zh = format!("{}不是{}环节的抽样地点", place.zh(), stage.zh());
            let en = format!("samples of the {} stage are not taken in: {}", stage.en(), place.en());
            Problem::new("/place_type", "place_not_of_stage", zh, en)
        });
    }
    let types: Vec<RegionType> = values.list("region_type");
    let plain = types.iter().filter(|kind| **kind != RegionType::Scenic).count();
    problems.check(types.is_empty() || plain == 1, || {
        let (zh, en) = ("城市与乡村须选且只选一项，景点另加", "either urban or rural, and scenic beside it");
        Problem::new("/region_type", "urban_or_rural", zh, en)
    });
    let kinds = (values.get("packaging"), values.get("sample_kind"), values.get("stage"));
    if let ((Some(packaging), Some(sample_kind), Some(stage)), Some(kind)) =
        (kinds, values.get::<DateKind>("date_kind"))
    {
        let fitting = DateKind::fitting(packaging, sample_kind, stage);
        problems.check(fitting.contains(&kind), || {
            let names = |name: fn(DateKind) -> &'static str| fitting.iter().map(|kind| name(*kind)).collect::<Vec<_>>();
            let zh = format!("此类样品的日期类型为{}", names(DateKind::zh).join("、"));
            let en = format!("such goods are dated by {}", names(DateKind::en).join(", "));
            Problem::new("/date_kind", "date_kind_unfit", zh, en)
        });
    }
}

fn times(values: &Values, context: &Context<'_>, problems: &mut Problems) {
    let Some(sampled_at) = values.get::<Timestamp>("sampled_at") else { return };
    let latest = context.now.checked_add(SKEW_MAX).unwrap_or(Timestamp::MAX);
    problems.check(sampled_at <= latest, || {
        let (zh, en) = ("抽样时间晚于当前时间 24 小时以上", "more than 24 hours ahead of the server's clock");
        Problem::new("/sampled_at", "in_the_future", zh, en)
    });
    let sampled_on = china_date(sampled_at);
    let too_early = |pointer| Problem::new(pointer, "too_early", "早于 2000 年", "before the year 2000");
    problems.check(sampled_on >= EARLIEST, || too_early("/sampled_at"));
    if let Some(date) = values.get::<Date>("date") {
        problems.check(date <= sampled_on, || {
            Problem::new("/date", "after_sampling", "晚于抽样日期", "later than the sampling date")
        });
        problems.check(date >= EARLIEST, || too_early("/date"));
    }
    problems.check(values.get::<Date>("send_by").is_none_or(|date| date >= sampled_on), || {
        Problem::new("/send_by", "before_sampling", "早于抽样日期", "earlier than the sampling date")
    });
}

fn people_and_amounts(values: &Values, problems: &mut Problems) {
    let samplers: Vec<UserId> = values.list("samplers");
    problems.check(samplers.len() >= 2 || problems.at("/samplers"), || {
        Problem::new("/samplers", "two_samplers_needed", "抽样人员不得少于 2 人", "at least two different samplers")
    });
    amounts(values, problems);
}

fn amounts(values: &Values, problems: &mut Problems) {
    let Some(sample) = values.get::<Decimal>("sample_qty") else { return };
    problems.check(values.get::<Decimal>("backup_qty").is_none_or(|backup| backup <= sample), || {
        let (zh, en) = ("备样数量不得大于抽样数量", "the backup is more than the sample");
        Problem::new("/backup_qty", "backup_above_sample", zh, en)
    });
    problems.check(values.get::<Decimal>("lot_size").is_none_or(|lot| lot >= sample), || {
        let (zh, en) = ("抽样基数不得小于抽样数量", "the lot is less than the sample");
        Problem::new("/lot_size", "lot_below_sample", zh, en)
    });
}

/// What may not be sampled at all (docs/DOMAIN.md 1.3; paper form, rule 14).
fn not_to_be_sampled(values: &Values, problems: &mut Problems) {
    problems.check(values.flag("exported") != Some(true), || {
        let (zh, en) = ("整批出口的产品不得抽样", "a lot wholly for export is not sampled");
        Problem::new("/exported", "export_lot", zh, en)
    });
    for code in ["product_name", "spec", "batch_no", "grade"] {
        let marked = values.text(code).is_some_and(|text| TRIAL_MARKS.iter().any(|mark| text.contains(mark)));
        problems.check(!marked, || {
            let (zh, en) = ("标有“试制”或“样品”的产品不得抽样", "goods marked as trial or as specimen are not sampled");
            Problem::new(format!("/{code}"), "trial_goods", zh, en)
        });
    }
    problems.check(is_fresh(values) || is_case(values), expired);
}

/// Whether the shelf life that the label states had not ended when it was sampled, as far as that can be read.
fn is_fresh(values: &Values) -> bool {
    let last_day = || {
        let date: Date = values.get("date")?;
        date.checked_add(shelf_life(values.stated("shelf_life")?)?).ok()
    };
    let sampled_at = values.get::<Timestamp>("sampled_at");
    sampled_at.zip(last_day()).is_none_or(|(at, last)| china_date(at) <= last)
}

/// Whether it is taken for a case: what is past its shelf life is not sampled to see whether it conforms, for selling it is the
/// offence.
fn is_case(values: &Values) -> bool {
    values.get("task_type") == Some(TaskType::Case)
}

fn expired() -> Problem {
    let (zh, en) = (
        "抽样时已过保质期：不得抽样，应按案件处理",
        "past its shelf life when it was sampled: it is no sample but a case",
    );
    Problem::new("/shelf_life", "expired", zh, en)
}

type DigitCheck = fn(&str) -> Check;

/// Doubts that do not keep a form out: real identifiers fail their check now and then, and clocks drift.
pub(crate) fn warnings(values: &Values, context: &Context<'_>) -> Problems {
    let mut warnings = Problems::new();
    let identifiers: [(&str, DigitCheck); 3] = [
        ("uscc", identifiers::uscc),
        ("barcode", identifiers::gtin),
        ("production_licence", identifiers::production_licence),
    ];
    for (code, check) in identifiers {
        warnings.check(values.stated(code).is_none_or(|value| check(value) == Check::Valid), || {
            Problem::new(format!("/{code}"), "check_digit", "校验码不符，请核对", "the check digit does not fit")
        });
    }
    let sampled_at = values.get::<Timestamp>("sampled_at");
    warnings.check(sampled_at.is_none_or(|at| at <= context.now), || {
        Problem::new("/sampled_at", "clock_skew", "抽样时间晚于服务器时间", "ahead of the server's clock")
    });
    warnings.check(numbered_as_made(values).unwrap_or(true), || {
        let (zh, en) = ("编号与任务类别、年份或县区不符", "made for another task type, year or county");
        Problem::new("/form_no", "form_no_differs", zh, en)
    });
    let is_aseptic = values.get("aseptic") != Some(Aseptic::NonAseptic);
    warnings.check(!context.microbiological || is_aseptic, || {
        let (zh, en) = ("微生物项目须无菌抽样", "microbiological items need aseptic sampling");
        Problem::new("/aseptic", "not_aseptic", zh, en)
    });
    warnings.check(is_fresh(values) || !is_case(values), expired);
    warnings.check(values.get("unit_signature") != Some(Signing::Refused), || {
        let (zh, en) =
            ("拒绝签字须由两名抽样人员签字并附全程录像", "two samplers sign, and the refusal is recorded on film");
        Problem::new("/unit_signature", "recording_needed", zh, en)
    });
    warnings
}

/// Whether a number that was made here belongs to this form. None for other systems' numbers, which are kept as printed.
fn numbered_as_made(values: &Values) -> Option<bool> {
    let number: FormNo = values.get("form_no")?;
    let year = china_date(values.get("sampled_at")?).year();
    Some(Prefix::new(values.get("task_type")?, year, values.get("region")?) == Ok(number.prefix))
}

/// 12个月, 18 月, 2年, 45天: the shelf lives that labels state plainly. None for any other text, which is not read by guess.
#[must_use]
pub fn shelf_life(text: &str) -> Option<Span> {
    let text: String = text.split_whitespace().collect();
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number: i64 = text.strip_suffix(unit)?.parse().ok().filter(|number| *number <= 10_000)?;
    match unit {
        "年" => Span::new().try_years(number).ok(),
        "月" | "个月" => Span::new().try_months(number).ok(),
        "天" | "日" => Span::new().try_days(number).ok(),
        _ => None,
    }
}
