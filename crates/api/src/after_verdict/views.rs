//! What follows a verdict, as it goes over the wire.

use hege_app::after_verdict::{ReinspectionItem, ReinspectionRow, ServiceRow};
use hege_app::samples::Seen;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A service of the result.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceView {
    seq: i32,
    #[schema(example = "sampled_unit")]
    addressee: &'static str,
    name: String,
    #[schema(example = "direct")]
    method: &'static str,
    served_at: String,
    proof: Option<String>,
    rights_told: bool,
    /// Whether a clock of the addressee runs from it.
    starts_clock: bool,
    recorded_by: String,
    recorded_at: String,
}

impl From<&ServiceRow> for ServiceView {
    fn from(row: &ServiceRow) -> Self {
        Self {
            seq: row.seq,
            addressee: row.addressee.0.code(),
            name: row.name.clone(),
            method: row.method.0.code(),
            served_at: row.served_at.0.to_string(),
            proof: row.proof.clone(),
            rights_told: row.rights_told,
            starts_clock: row.service().starts_clock(),
            recorded_by: row.recorded_by.0.to_string(),
            recorded_at: row.recorded_at.0.to_string(),
        }
    }
}

/// What a body found of an item.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReinspectionItemView {
    #[schema(example = "lead")]
    analyte: String,
    reported: String,
    unit: Option<String>,
    lod: Option<String>,
    method: Option<String>,
    #[schema(example = "conforming")]
    verdict: String,
    reason: String,
    /// Criteria and steps.
    #[schema(value_type = Object)]
    judgement: Value,
}

impl From<&ReinspectionItem> for ReinspectionItemView {
    fn from(row: &ReinspectionItem) -> Self {
        Self {
            analyte: row.analyte.clone(),
            reported: row.reported.clone(),
            unit: row.unit.clone(),
            lod: row.lod.clone(),
            method: row.method.clone(),
            verdict: row.verdict.clone(),
            reason: row.reason.clone(),
            judgement: row.judgement.0.clone(),
        }
    }
}

/// A re-inspection.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReinspectionView {
    seq: i32,
    #[schema(example = "applied")]
    state: &'static str,
    applicant: &'static str,
    applied_at: String,
    #[schema(value_type = Vec<String>)]
    items: Value,
    /// Why it was refused.
    ground: Option<&'static str>,
    body_id: Option<String>,
    /// Number and people of the body's report.
    #[schema(value_type = Option<Object>)]
    report: Option<Value>,
    results: Vec<ReinspectionItemView>,
    /// The conclusion that it challenges.
    conclusion_revision: i32,
}

impl ReinspectionView {
    pub(crate) fn of(seen: &Seen) -> Vec<Self> {
        let view = |row: &ReinspectionRow| Self {
            seq: row.seq,
            state: row.state.0.code(),
            applicant: row.applicant.0.code(),
            applied_at: row.applied_at.0.to_string(),
            items: row.items.0.clone(),
            ground: row.ground.map(|ground| ground.0.code()),
            body_id: row.body_id.map(|body| body.0.to_string()),
            report: row.report.as_ref().map(|doc| doc.0.clone()),
            results: seen.reinspected.iter().filter(|found| found.seq == row.seq).map(Into::into).collect(),
            conclusion_revision: row.conclusion_revision,
        };
        seen.reinspections.iter().map(view).collect()
    }
}
