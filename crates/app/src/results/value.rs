//! A value as a laboratory enters it, and what must be said of it before it is judged.

use crate::Call;
use hege_core::{Problem, Problems};
use hege_lab::case::Case;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// One value as the laboratory reports it; everything is kept as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Value {
    /// Code of the ordered item.
    pub analyte: String,
    /// The result; several counts or parts by `;`.
    pub reported: String,
    /// Its unit.
    pub unit: Option<String>,
    /// The laboratory's limit of detection.
    pub lod: Option<String>,
    /// 检验依据.
    pub method: Option<String>,
    /// What else was typed.
    #[serde(flatten)]
    pub beside: Beside,
    /// A criterion that the laboratory states itself; without it the catalogue is asked.
    pub criterion: Option<StatedCriterion>,
    /// Confirmation of a nonconforming result.
    pub confirmation: Option<Confirmation>,
}

/// What is typed beside a result where the criterion needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Beside {
    /// Unit of the limits of detection and quantification; that of the result when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lod_unit: Option<String>,
    /// The limit of quantification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loq: Option<String>,
    /// Percent of water in the sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moisture: Option<String>,
    /// Percent of water in the fresh food.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fresh_moisture: Option<String>,
    /// 脱水率, percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dehydration: Option<String>,
    /// The total, where the limit is of a species.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// 标签明示值.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<String>,
    /// Analytes of a sum of ratios, by `;`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<String>,
}

/// A criterion that the laboratory states for a concrete product, with the law it rests on and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatedCriterion {
    /// Code of a kind.
    pub kind: String,
    /// The limit, lower bound, required LOD, required text, or `;`-list of maxima.
    pub limit: Option<String>,
    /// Upper bound of a range.
    pub limit_high: Option<String>,
    /// Tolerance of a declared value.
    pub tolerance: Option<String>,
    /// Plan: units.
    pub n: Option<String>,
    /// Plan: units allowed above m.
    pub c: Option<String>,
    /// Plan: m.
    pub m: Option<String>,
    /// Plan: M.
    pub upper: Option<String>,
    /// Unit of the limit.
    pub unit: Option<String>,
    /// `as_is`, `dry` or `fresh`.
    pub matter: Option<String>,
    /// `yes` where a total suffices.
    pub total_suffices: Option<String>,
    /// `full` or `rounded`.
    pub compare: Option<String>,
    /// The standard with its edition.
    pub standard: String,
    /// The clause or table in it.
    pub clause: Option<String>,
    /// Why the laboratory states it.
    pub reason: String,
}

/// 确认: the retest of a nonconforming result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Confirmation {
    /// The value of the retest, judged like the result.
    pub value: String,
    /// Who tested again.
    pub person: String,
    /// The quality control batch.
    pub qc_batch: Option<String>,
    /// When, RFC 3339; the time of entry when none.
    pub at: Option<String>,
}

/// What of a sample decides its criteria.
pub(super) struct Product {
    pub(super) food_class: String,
    pub(super) date: Option<String>,
    pub(super) declared_standard: Option<String>,
}

impl Value {
    /// The value as a case to judge.
    pub(super) fn case<'a>(&'a self, product: &'a Product) -> Case<'a> {
        let beside = &self.beside;
        let own = Case {
            food: Some(&product.food_class),
            analyte: Some(&self.analyte),
            date: product.date.as_deref(),
            declared_standard: product.declared_standard.as_deref(),
            result: Some(&self.reported),
            unit: self.unit.as_deref(),
            lod: self.lod.as_deref(),
            loq: beside.loq.as_deref(),
            lod_unit: beside.lod_unit.as_deref(),
            declared: beside.declared.as_deref(),
            moisture: beside.moisture.as_deref(),
            fresh_moisture: beside.fresh_moisture.as_deref(),
            dehydration: beside.dehydration.as_deref(),
            total: beside.total.as_deref(),
            parts: beside.parts.as_deref(),
            ..Case::default()
        };
        self.criterion.as_ref().map_or(own, |stated| stated.beside(own))
    }

    /// What is missing or cannot be read, at `/results/{index}/...`. A result that cannot be judged is none of it: it is kept
    /// as reported, with its reason.
    pub(crate) fn problems(&self, index: usize) -> Problems {
        let mut problems = Problems::new();
        let at = |field: &str| format!("/results/{index}/{field}");
        let blank = |text: &str| text.trim().is_empty();
        let missing = |field: &str| Problem::new(at(field), "missing", "必填", "must be given");
        let by_total = self.beside.total.as_deref().is_some_and(|total| !blank(total));
        problems.check(by_total || !blank(&self.reported), || missing("reported"));
        if let Some(stated) = &self.criterion {
            problems.check(!blank(&stated.standard), || missing("criterion/standard"));
            problems.check(!blank(&stated.reason), || missing("criterion/reason"));
            if let Err(field) = stated.beside(Case::default()).criterion() {
                let field = match field {
                    "M" => "upper",
                    "limit_unit" => "unit",
                    other => other,
                };
                let pointer = at(&format!("criterion/{field}"));
                problems.push(Problem::new(pointer, "unreadable", "缺失或不能识别", "missing or cannot be read"));
            }
        }
        if let Some(confirmation) = &self.confirmation {
            problems.check(!blank(&confirmation.value), || missing("confirmation/value"));
            problems.check(!blank(&confirmation.person), || missing("confirmation/person"));
            let readable = confirmation.at.as_deref().is_none_or(|at| at.parse::<Timestamp>().is_ok());
            problems
                .check(readable, || Problem::new(at("confirmation/at"), "unreadable", "时间不能识别", "is no time"));
        }
        problems
    }
}

impl StatedCriterion {
    /// The case with this criterion beside its result.
    fn beside<'a>(&'a self, case: Case<'a>) -> Case<'a> {
        Case {
            kind: Some(&self.kind),
            limit: self.limit.as_deref(),
            limit_high: self.limit_high.as_deref(),
            tolerance: self.tolerance.as_deref(),
            n: self.n.as_deref(),
            c: self.c.as_deref(),
            m: self.m.as_deref(),
            upper: self.upper.as_deref(),
            limit_unit: self.unit.as_deref(),
            matter: self.matter.as_deref(),
            total_suffices: self.total_suffices.as_deref(),
            compare: self.compare.as_deref(),
            standard: Some(&self.standard),
            clause: self.clause.as_deref(),
            ..case
        }
    }

    /// As it is stored: with who stated it, and nobody yet who confirmed it.
    pub(super) fn document(&self, call: &Call) -> Json {
        json!({
            "criterion": self,
            "stated_by": call.user().to_string(),
            "stated_at": call.at.to_string(),
            "confirmed_by": null,
            "confirmed_at": null,
        })
    }
}
