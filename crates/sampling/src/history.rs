//! A sample of the past as a file tells it. What was filed cannot be asked again, so less is needed than of a form that is
//! filled in today, and words may stand in Chinese; where, when and under which number it was taken must be known.

use crate::fields::{FIELDS, Field, Kind};
use crate::form::{Context, Fields, Raw, Stated, missing, part};
use crate::read::{Values, read};
use crate::rules;
use hege_core::date::{read_date, read_instant};
use hege_core::units::fold;
use hege_core::{Problem, Problems, RegionCode, SampleKind, Sector, Stage, TaskType};
use jiff::Timestamp;
use jiff::civil::Date;

/// Fields that a sample of the past must have. A farm sample has its sector besides.
pub const NEEDED: [&str; 9] =
    ["form_no", "stage", "sample_kind", "region", "food_class", "product_name", "sampled_unit", "date", "sampled_at"];

/// A sample of the past that can be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// 抽样单编号.
    pub form_no: String,
    /// 环节.
    pub stage: Stage,
    /// 农、林、渔, for the farm stage only.
    pub sector: Option<Sector>,
    /// 任务类别; unstated where the file does not say it.
    pub task_type: TaskType,
    /// 样品类型.
    pub sample_kind: SampleKind,
    /// County of the sampling place.
    pub region: RegionCode,
    /// Food class.
    pub food_class: String,
    /// 样品名称.
    pub product_name: String,
    /// 被抽样单位.
    pub sampled_unit: String,
    /// 标称生产者.
    pub producer: Stated,
    /// The date that decides the edition.
    pub date: Date,
    /// When it was taken; the first moment of its day where only that is known.
    pub sampled_at: Timestamp,
    values: Values,
}

impl History {
    /// Every field that is not personal, with its canonical text. Nobody with a login took the sample.
    #[must_use]
    pub fn document(&self) -> Fields {
        let mut document = part(&self.values, false);
        document.insert("samplers".to_owned(), Raw::List(Vec::new()));
        document
    }

    /// The personal fields.
    #[must_use]
    pub fn personal(&self) -> Fields {
        part(&self.values, true)
    }
}

/// Whether a field may stand in a file of the past: ids of people, organisations, tasks and samples are those of this database alone.
#[must_use]
pub const fn is_told(field: &Field) -> bool {
    !matches!(field.kind, Kind::SampleId | Kind::Persons | Kind::Organisation | Kind::Task)
}

/// Parses and checks a sample of the past, field by field as text: the sample with what is doubtful about it, or every
/// problem at once.
///
/// # Errors
/// Each problem with its field, a stable code, and the words in Chinese and English.
pub fn check<'a>(
    texts: impl IntoIterator<Item = (&'a str, &'a str)>,
    context: &Context<'_>,
) -> Result<(History, Problems), Problems> {
    let mut problems = Problems::new();
    let mut fields = Fields::new();
    for (code, text) in texts {
        let Some(field) = Field::find(code).filter(|field| is_told(field)) else { continue };
        match typed(field, text) {
            Ok(raw) => drop(fields.insert(code.to_owned(), raw)),
            Err(problem) => problems.push(problem),
        }
    }
    let values = read(&fields, &mut problems);
    needed(&values, &mut problems);
    let doubts = rules::of_history(&values, context, &mut problems);
    match history(values) {
        Some(history) => problems.into_result((history, doubts)),
        // Nothing typed without a problem that says why: every field below is asked for above.
        None => Err(problems),
    }
}

fn needed(values: &Values, problems: &mut Problems) {
    let farm = values.get("stage") == Some(Stage::Farm);
    let codes = NEEDED.iter().copied().chain(farm.then_some("sector"));
    for field in codes.filter_map(Field::find) {
        if !values.is_given(field.code) && !problems.at(&field.pointer()) {
            problems.push(missing(field));
        }
    }
    if !farm && values.is_given("stage") && values.is_given("sector") {
        let (zh, en) = ("仅种植养殖环节填写", "for the farm stage only");
        problems.push(Problem::new("/sector", "not_for_this_stage", zh, en));
    }
}

/// A cell's text as the field is read: words by code or name, dates in any spelling that has one reading.
fn typed(field: &Field, text: &str) -> Result<Raw, Problem> {
    let text = text.trim();
    Ok(match field.kind {
        Kind::Word(_) | Kind::Words(_) if text.is_empty() || text == "/" => Raw::Text(String::new()),
        Kind::Flag if text.is_empty() || text == "/" => Raw::Text(String::new()),
        Kind::Word(words) => Raw::Text(code_of(&words(), text)),
        Kind::Words(words) => {
            Raw::List(listed(text).flat_map(|word| word.split('/')).map(|word| code_of(&words(), word)).collect())
        }
        Kind::Texts => Raw::List(listed(text).map(str::to_owned).collect()),
        Kind::Date => Raw::Text(read_date(text).map_or_else(|| text.to_owned(), |date| date.to_string())),
        Kind::Instant => Raw::Text(read_instant(text).map_or_else(|| text.to_owned(), |at| at.to_string())),
        Kind::Flag => match fold(text).as_str() {
            "是" | "yes" | "true" | "1" => Raw::Flag(true),
            "否" | "no" | "false" | "0" => Raw::Flag(false),
            _ => return Err(Problem::new(field.pointer(), "bad_flag", "须为“是”或“否”", "yes or no")),
        },
        // A sum of money or an amount that nobody knows.
        Kind::Decimal { .. } if text == "/" => Raw::Text(String::new()),
        _ => Raw::Text(text.to_owned()),
    })
}

/// The code of a word by its code, its Chinese or its English name; the text itself when it is none, of which the check tells.
fn code_of(words: &[[&'static str; 3]], text: &str) -> String {
    let folded = fold(text);
    let names_it = |text: &str| words.iter().find(|word| word.iter().any(|name| fold(name) == text));
    let known = names_it(&folded).or_else(|| names_it(folded.strip_suffix("环节")?));
    known.map_or_else(|| text.to_owned(), |[code, ..]| (*code).to_owned())
}

/// The entries of a list in one cell.
fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '；', '、', ',', '，']).map(str::trim).filter(|entry| !entry.is_empty())
}

fn history(values: Values) -> Option<History> {
    let text = |code: &str| values.text(code).map(str::to_owned);
    Some(History {
        form_no: text("form_no")?,
        stage: values.get("stage")?,
        sector: values.get("sector"),
        task_type: values.get("task_type").unwrap_or(TaskType::Unstated),
        sample_kind: values.get("sample_kind")?,
        region: values.get("region")?,
        food_class: text("food_class")?,
        product_name: text("product_name")?,
        sampled_unit: text("sampled_unit")?,
        producer: values.stated("producer").map_or(Stated::Nothing, |name| Stated::Text(name.to_owned())),
        date: values.get("date")?,
        sampled_at: values.get("sampled_at")?,
        values,
    })
}

/// Every field that a file of the past may tell, in the order of the paper form.
pub fn fields() -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().filter(|field| is_told(field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::RegionKnown;
    use std::collections::BTreeMap;

    fn context() -> Context<'static> {
        Context {
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            region: &|code, _| if code.get() == 330_106 { RegionKnown::InForce } else { RegionKnown::Unknown },
            food_class: &|class| class == "33.02",
            microbiological: false,
        }
    }

    fn filed() -> BTreeMap<&'static str, &'static str> {
        BTreeMap::from([
            ("form_no", "GC14330106000001"),
            ("stage", "流通环节"),
            ("task_type", "评价性抽检"),
            ("sample_kind", "食用农产品"),
            ("region", "330106"),
            ("food_class", "33.02"),
            ("product_name", "韭菜"),
            ("sampled_unit", "演示市场"),
            ("date", "2014/5/26"),
            ("sampled_at", "2014年5月27日"),
            ("region_type", "城市、景点"),
            ("imported", "否"),
        ])
    }

    fn outcome(change: &[(&'static str, &'static str)]) -> Result<(History, Problems), Vec<(String, &'static str)>> {
        let mut filed = filed();
        filed.extend(change.iter().copied());
        check(filed, &context())
            .map_err(|found| found.into_vec().into_iter().map(|problem| (problem.pointer, problem.code)).collect())
    }

    #[test]
    fn words_stand_in_chinese_and_dates_in_any_spelling_with_one_reading() {
        let (history, doubts) = outcome(&[]).unwrap();
        assert_eq!((history.stage, history.task_type), (Stage::Circulation, TaskType::Evaluation));
        assert_eq!(history.date.to_string(), "2014-05-26");
        assert_eq!(history.sampled_at.to_string(), "2014-05-26T16:00:00Z");
        let document = history.document();
        assert_eq!(document.get("region_type"), Some(&Raw::List(vec!["urban".to_owned(), "scenic".to_owned()])));
        assert_eq!(document.get("imported"), Some(&Raw::Flag(false)));
        assert_eq!(document.get("samplers"), Some(&Raw::List(Vec::new())));
        assert!(doubts.is_empty(), "{doubts:?}");
    }

    #[test]
    fn each_needed_field_is_asked_for_and_no_other() {
        for code in NEEDED {
            assert_eq!(outcome(&[(code, "")]).unwrap_err(), [(format!("/{code}"), "required")], "{code}");
        }
        assert_eq!(outcome(&[("stage", "farm")]).unwrap_err(), [("/sector".to_owned(), "required")]);
        assert_eq!(outcome(&[("sector", "农业")]).unwrap_err(), [("/sector".to_owned(), "not_for_this_stage")]);
    }

    #[test]
    fn a_task_type_that_nobody_wrote_down_is_unstated_and_none_that_can_be_written() {
        assert_eq!(outcome(&[("task_type", "")]).unwrap().0.task_type, TaskType::Unstated);
        for text in ["unstated", "未注明", "抽检"] {
            assert_eq!(
                outcome(&[("task_type", text)]).unwrap_err(),
                [("/task_type".to_owned(), "unknown_word")],
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_asked_again_is_doubted_and_does_not_keep_a_sample_out() {
        let (_, doubts) = outcome(&[("place_type", "小吃店"), ("sample_qty", "1"), ("backup_qty", "2")]).unwrap();
        let codes: Vec<&str> = doubts.as_slice().iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["place_not_of_stage", "backup_above_sample"]);
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let wrong = [
            ("stage", "零售"),
            ("region", "330199"),
            ("date", "26/5/2014"),
            ("imported", "也许"),
            ("sampled_at", "1999-1-1"),
        ];
        let found = outcome(&wrong).unwrap_err();
        let expected = [
            ("/imported", "bad_flag"),
            ("/stage", "unknown_word"),
            ("/date", "bad_date"),
            ("/region", "region_unknown"),
            ("/sampled_at", "too_early"),
        ];
        assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }
}
