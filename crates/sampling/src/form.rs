//! 抽样单: parsed and checked as a whole (docs/DOMAIN.md 2.1). A [`Form`] is one that holds.

use crate::fields::{Condition, FIELDS, Field};
use crate::read::{Values, read};
use crate::rules;
use crate::words::{DateKind, Packaging};
use hege_core::{
    OrganisationId, Problem, Problems, RegionCode, SampleId, SampleKind, Sector, Stage, TaskId, TaskType, UserId,
};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;

pub use crate::read::{Fields, Raw};

/// A label's text: stated, or `/` where there is nothing to state, which is not the same as left blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stated {
    /// As printed.
    Text(String),
    /// `/`.
    Nothing,
}

impl Stated {
    /// What is stated.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// A form that was checked and holds: what a sample's row needs as types, and every field with its canonical text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The id made on the device.
    pub id: SampleId,
    /// 抽样单编号.
    pub form_no: String,
    /// 环节.
    pub stage: Stage,
    /// 农、林、渔, for the farm stage only.
    pub sector: Option<Sector>,
    /// 任务类别.
    pub task_type: TaskType,
    /// 抽检任务 that it was taken for.
    pub task: Option<TaskId>,
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
    /// 包装分类.
    pub packaging: Packaging,
    /// 日期类型.
    pub date_kind: DateKind,
    /// That date, which decides the edition.
    pub date: Date,
    /// When it was taken.
    pub sampled_at: Timestamp,
    /// 抽样人员, at least two.
    pub samplers: BTreeSet<UserId>,
    /// 抽样单位, where the form names it.
    pub sampling_org: Option<OrganisationId>,
    values: Values,
}

impl Form {
    /// Every field that is not personal, with its canonical text: the document that is stored.
    #[must_use]
    pub fn document(&self) -> Fields {
        part(&self.values, false)
    }

    /// The personal fields: stored apart, under the data key.
    #[must_use]
    pub fn personal(&self) -> Fields {
        part(&self.values, true)
    }
}

/// The fields that are personal, or those that are not.
pub(crate) fn part(values: &Values, personal: bool) -> Fields {
    let fields = FIELDS.iter().filter(|field| field.personal == personal);
    fields.filter_map(|field| Some((field.code.to_owned(), values.0.get(field.code)?.clone()))).collect()
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
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The server's clock.
    pub now: Timestamp,
    /// Looks a region up.
    pub region: &'a dyn Fn(RegionCode, Date) -> RegionKnown,
    /// Whether a food class is known.
    pub food_class: &'a dyn Fn(&str) -> bool,
    /// Whether an ordered item is microbiological.
    pub microbiological: bool,
}

/// Parses and checks a form: the form with its warnings when it holds, every problem at once when it does not.
///
/// # Errors
/// Each problem with its field, a stable code, and the words in Chinese and English.
pub fn check(raw: &Fields, context: &Context<'_>) -> Result<(Form, Problems), Problems> {
    let mut problems = Problems::new();
    let values = read(raw, &mut problems);
    needed(&values, &mut problems);
    rules::problems(&values, context, &mut problems);
    let warnings = rules::warnings(&values, context);
    match typed(values) {
        Some(form) => problems.into_result((form, warnings)),
        // Nothing typed without a problem that says why: every field below is asked for above.
        None => Err(problems),
    }
}

fn needed(values: &Values, problems: &mut Problems) {
    for field in FIELDS {
        let is_given = values.is_given(field.code);
        let excludes = |condition: &&Condition| values.is_given(condition.asks_of()) && !condition.holds(values);
        if let Some(condition) = field.only.iter().find(excludes).filter(|_| is_given) {
            problems.push(rules::out_of_place(field, *condition));
        }
        if !is_given && field.needed.holds(values) && !problems.at(&field.pointer()) {
            problems.push(missing(field));
        }
    }
}

pub(crate) fn missing(field: &Field) -> Problem {
    Problem::new(field.pointer(), "required", "必填", "required")
}

/// The typed form; none when a field that every form has is missing.
fn typed(values: Values) -> Option<Form> {
    let text = |code: &str| values.text(code).map(str::to_owned);
    let producer = text("producer")?;
    Some(Form {
        id: values.get("id")?,
        form_no: text("form_no")?,
        stage: values.get("stage")?,
        sector: values.get("sector"),
        task_type: values.get("task_type")?,
        task: values.get("task"),
        sample_kind: values.get("sample_kind")?,
        region: values.get("region")?,
        food_class: text("food_class")?,
        product_name: text("product_name")?,
        sampled_unit: text("sampled_unit")?,
        producer: if producer == "/" { Stated::Nothing } else { Stated::Text(producer) },
        packaging: values.get("packaging")?,
        date_kind: values.get("date_kind")?,
        date: values.get("date")?,
        sampled_at: values.get("sampled_at")?,
        samplers: values.list("samplers").into_iter().collect(),
        sampling_org: values.get("sampling_org"),
        values,
    })
}
