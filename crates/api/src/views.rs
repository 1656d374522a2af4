//! Samples as they go over the wire.

use crate::after_verdict::{ReinspectionView, ServiceView};
use crate::attachments::AttachmentView;
use crate::custody_views::{GapView, WantingView};
use crate::deadlines::ClockView;
use crate::disposals::DisposalView;
use crate::objections::ObjectionView;
use crate::problem::Failure;
use crate::samples::cursor_text;
use hege_app::bulletins::report_token;
use hege_app::samples::{AmendmentRow, ConclusionRow, CustodyRow, Item, Page, Sample, Seen, form_of, id_of};
use hege_app::{DataKey, Error};
use hege_core::SampleId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The id of a path; what is none is not there.
pub(crate) fn path_id(text: &str) -> Result<SampleId, Failure> {
    text.parse().map_err(|_no_id| Failure::not_found())
}

/// A sample in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct SampleSummary {
    #[schema(example = "3301-0190b6c1-7e3a-7c11-9a5b-0123456789ab")]
    id: String,
    /// 抽样单编号.
    form_no: String,
    #[schema(example = "sealed")]
    status: String,
    /// How it stands for counting.
    #[schema(example = "pending")]
    standing: &'static str,
    stage: &'static str,
    sector: Option<&'static str>,
    task_type: &'static str,
    sample_kind: &'static str,
    /// County of the sampling place.
    #[schema(example = "330106")]
    region: String,
    food_class: String,
    product_name: String,
    /// 被抽样单位; null for the laboratory that tests it.
    sampled_unit: Option<String>,
    /// 标称生产者; null where none is stated, and for the laboratory that tests it.
    producer: Option<String>,
    lab_id: Option<String>,
    /// The task that it was taken for.
    #[schema(example = "3301-0190b6c1-7e3a-7c11-9a5b-0123456789ab")]
    task: Option<String>,
    sampling_org_id: String,
    sampled_at: String,
    registered_at: String,
    received_at: Option<String>,
    decided_at: Option<String>,
    /// The date that decides the edition.
    deciding_date: Option<String>,
    /// To be sent back with a change.
    revision: i64,
}

impl SampleSummary {
    pub(crate) fn of(row: &Sample, is_blind: bool) -> Result<Self, Error> {
        Ok(Self {
            id: id_of(row)?.to_string(),
            form_no: row.form_no.clone(),
            status: row.status.clone(),
            standing: row.standing.0.code(),
            stage: row.stage.0.code(),
            sector: row.sector.map(|word| word.0.code()),
            task_type: row.task_type.0.code(),
            sample_kind: row.sample_kind.0.code(),
            region: format!("{:06}", row.region),
            food_class: row.food_class.clone(),
            product_name: row.product_name.clone(),
            sampled_unit: (!is_blind).then(|| row.sampled_unit.clone()),
            producer: row.producer.clone().filter(|_| !is_blind),
            task: row.task_id.map(|task| format!("{:04}-{}", row.city, task.0)),
            lab_id: row.lab_id.map(|id| id.0.to_string()),
            sampling_org_id: row.sampling_org_id.0.to_string(),
            sampled_at: row.sampled_at.0.to_string(),
            registered_at: row.registered_at.0.to_string(),
            received_at: row.received_at.map(|at| at.0.to_string()),
            decided_at: row.decided_at.map(|at| at.0.to_string()),
            deciding_date: row.deciding_date.map(|day| day.0.to_string()),
            revision: row.revision,
        })
    }
}

/// A page of samples.
#[derive(Serialize, ToSchema)]
pub(crate) struct SampleListView {
    items: Vec<SampleSummary>,
    /// Null after the last page.
    next_cursor: Option<String>,
}

impl SampleListView {
    pub(crate) fn of(page: &Page) -> Result<Self, Error> {
        let items = page.items.iter().map(|(row, is_blind)| SampleSummary::of(row, *is_blind));
        Ok(Self { items: items.collect::<Result<_, _>>()?, next_cursor: page.next.map(cursor_text) })
    }
}

/// An item with its result and verdict.
#[derive(Serialize, ToSchema)]
pub(crate) struct ItemView {
    #[schema(example = "lead")]
    analyte: String,
    /// `supervised` or `risk`.
    purpose: String,
    /// As typed.
    #[schema(example = "0.050")]
    reported: Option<String>,
    unit: Option<String>,
    lod: Option<String>,
    method: Option<String>,
    /// What else was typed.
    #[schema(value_type = Option<Object>)]
    entry: Option<Value>,
    /// The row of the catalogue that it was held against.
    criterion_id: Option<String>,
    #[schema(example = "conforming")]
    verdict: Option<String>,
    /// Code of the reason.
    #[schema(example = "within_limit")]
    reason: Option<String>,
    /// Criteria and steps, in Chinese and English, that a person can repeat on paper.
    #[schema(value_type = Option<Object>)]
    judgement: Option<Value>,
    /// A criterion that the laboratory states itself, with who confirmed it.
    #[schema(value_type = Option<Object>)]
    stated: Option<Value>,
    /// 不判定: the reason, and who proposed and agreed to it.
    #[schema(value_type = Option<Object>)]
    left_out: Option<Value>,
    /// Confirmation of a nonconforming result.
    #[schema(value_type = Option<Object>)]
    confirmation: Option<Value>,
    entered_by: Option<String>,
    entered_at: Option<String>,
}

impl From<&Item> for ItemView {
    fn from(row: &Item) -> Self {
        Self {
            analyte: row.analyte.clone(),
            purpose: row.purpose.clone(),
            reported: row.reported.clone(),
            unit: row.unit.clone(),
            lod: row.lod.clone(),
            method: row.method.clone(),
            entry: row.entry.as_ref().map(|doc| doc.0.clone()),
            criterion_id: row.criterion_id.clone(),
            verdict: row.verdict.clone(),
            reason: row.reason.clone(),
            judgement: row.judgement.as_ref().map(|doc| doc.0.clone()),
            stated: row.stated.as_ref().map(|doc| doc.0.clone()),
            left_out: row.left_out.as_ref().map(|doc| doc.0.clone()),
            confirmation: row.confirmation.as_ref().map(|doc| doc.0.clone()),
            entered_by: row.entered_by.map(|id| id.0.to_string()),
            entered_at: row.entered_at.map(|at| at.0.to_string()),
        }
    }
}

/// A step of custody.
#[derive(Serialize, ToSchema)]
pub(crate) struct CustodyView {
    seq: i32,
    #[schema(example = "received")]
    kind: String,
    at: String,
    person_id: String,
    #[schema(value_type = Object)]
    detail: Value,
}

impl From<&CustodyRow> for CustodyView {
    fn from(row: &CustodyRow) -> Self {
        Self {
            seq: row.seq,
            kind: row.kind.clone(),
            at: row.at.0.to_string(),
            person_id: row.person_id.0.to_string(),
            detail: row.detail.0.clone(),
        }
    }
}

/// A correction of the form.
#[derive(Serialize, ToSchema)]
pub(crate) struct AmendmentView {
    seq: i32,
    /// Field, old, new; of a personal field only that it changed.
    #[schema(value_type = Vec<Object>)]
    changes: Value,
    reason: String,
    person_id: String,
    at: String,
}

impl From<&AmendmentRow> for AmendmentView {
    fn from(row: &AmendmentRow) -> Self {
        Self {
            seq: row.seq,
            changes: row.changes.0.clone(),
            reason: row.reason.clone(),
            person_id: row.person_id.0.to_string(),
            at: row.at.0.to_string(),
        }
    }
}

/// A conclusion in its revision; the last one is in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConclusionView {
    revision: i32,
    #[schema(example = "conforming")]
    standing: &'static str,
    decided_at: String,
    decided_by: String,
    reason: String,
}

impl From<&ConclusionRow> for ConclusionView {
    fn from(row: &ConclusionRow) -> Self {
        Self {
            revision: row.revision,
            standing: row.standing.0.code(),
            decided_at: row.decided_at.0.to_string(),
            decided_by: row.decided_by.0.to_string(),
            reason: row.reason.clone(),
        }
    }
}

/// A sample with everything that belongs to it.
#[derive(Serialize, ToSchema)]
pub(crate) struct SampleView {
    #[serde(flatten)]
    summary: SampleSummary,
    /// Seller and producer are withheld.
    blind: bool,
    /// The form as registered and amended; personal fields are not in it.
    #[schema(value_type = Object)]
    form: Value,
    /// By what anybody checks its report at `/public/reports/{token}`; null before there is one.
    #[schema(example = json!(null))]
    report_token: Option<String>,
    items: Vec<ItemView>,
    custody: Vec<CustodyView>,
    amendments: Vec<AmendmentView>,
    conclusions: Vec<ConclusionView>,
    /// Where custody is wanting: who held it, and when.
    custody_gaps: Vec<GapView>,
    /// What proof of the sampling is wanting; none for a laboratory.
    wanting: Vec<WantingView>,
    /// 附件 that the person sees.
    attachments: Vec<AttachmentView>,
    /// 送达; none for a laboratory.
    services: Vec<ServiceView>,
    /// 复检, with what the bodies found.
    reinspections: Vec<ReinspectionView>,
    /// 异议, from the first; none for a laboratory.
    objections: Vec<ObjectionView>,
    /// `not_asked`, `pending`, `confirmed`, `denied`, `upheld` (the denial), `dismissed`, `silent`; null where no producer is named,
    /// before a conclusion and for a laboratory.
    #[schema(example = "pending")]
    authenticity: Option<&'static str>,
    /// 核查处置, by side; none for a laboratory.
    disposals: Vec<DisposalView>,
    /// 期限: those that have begun, as they stand now.
    clocks: Vec<ClockView>,
}

impl SampleView {
    pub(crate) fn of(seen: &Seen, key: &DataKey) -> Result<Self, Error> {
        Ok(Self {
            summary: SampleSummary::of(&seen.sample, seen.is_blind)?,
            blind: seen.is_blind,
            form: form_of(&seen.sample),
            report_token: report_token(key, &seen.sample)?,
            items: seen.items.iter().map(ItemView::from).collect(),
            custody: seen.custody.iter().map(CustodyView::from).collect(),
            amendments: seen.amendments.iter().map(AmendmentView::from).collect(),
            conclusions: seen.conclusions.iter().map(ConclusionView::from).collect(),
            custody_gaps: seen.gaps.iter().map(GapView::from).collect(),
            wanting: seen.wanting.iter().map(|wanting| WantingView::from(*wanting)).collect(),
            attachments: seen.attachments.iter().map(AttachmentView::from).collect(),
            services: seen.services.iter().map(ServiceView::from).collect(),
            reinspections: ReinspectionView::of(seen),
            objections: seen.objections.iter().map(ObjectionView::from).collect(),
            authenticity: seen.authenticity.map(|said| said.code()),
            disposals: seen.disposals.iter().map(DisposalView::from).collect(),
            clocks: seen.clocks.iter().map(ClockView::from).collect(),
        })
    }
}
