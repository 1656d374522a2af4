//! 检验结果: entered and judged, checked, approved; judged without storing.

use crate::State;
use crate::access::{Allowed, ResultEnter, SampleApprove, SampleCheck, VerdictPreview};
use crate::answers::{NoRole, NotThere, NotValid, OtherPart, WrongMoment};
use crate::body::{Body, Fields, FromFields};
use crate::custody::Step;
use crate::problem::Failure;
use crate::views::{SampleSummary, SampleView, path_id};
use actix_web::{HttpResponse, post, put, web};
use hege_app::results::{Beside, Confirmation, StatedCriterion, Value, enter, preview};
use hege_app::samples::fetch;
use hege_lab::case::Case;
use hege_sampling::custody::Particulars;
use hege_sampling::life_cycle::Action;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(result_enter).service(sample_check).service(sample_approve).service(verdict_preview);
}

/// One value as the laboratory reports it; everything is kept as typed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into a value")]
pub(crate) struct ResultBody {
    #[schema(example = "lead")]
    analyte: String,
    /// Several counts or parts are separated by `;`.
    #[schema(example = "0.050")]
    reported: Option<String>,
    #[schema(example = "mg/kg")]
    unit: Option<String>,
    #[schema(example = "0.02")]
    lod: Option<String>,
    lod_unit: Option<String>,
    loq: Option<String>,
    /// 检验依据.
    method: Option<String>,
    /// Percent of water in the sample.
    moisture: Option<String>,
    /// Percent of water in the fresh food.
    fresh_moisture: Option<String>,
    /// 脱水率, percent.
    dehydration: Option<String>,
    /// The total, where the limit is of a species.
    total: Option<String>,
    /// 标签明示值.
    declared: Option<String>,
    /// Analytes of a sum of ratios, by `;`.
    parts: Option<String>,
    /// A criterion that the laboratory states itself; the checker must confirm it.
    criterion: Option<StatedBody>,
    /// The retest of a nonconforming result.
    confirmation: Option<ConfirmationBody>,
}

/// A criterion that the laboratory states for a concrete product.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct StatedBody {
    #[schema(example = "max")]
    kind: String,
    limit: Option<String>,
    limit_high: Option<String>,
    tolerance: Option<String>,
    n: Option<String>,
    c: Option<String>,
    m: Option<String>,
    upper: Option<String>,
    unit: Option<String>,
    matter: Option<String>,
    total_suffices: Option<String>,
    compare: Option<String>,
    /// The standard with its edition.
    standard: String,
    clause: Option<String>,
    /// Why the laboratory states it.
    reason: String,
}

/// The retest of a nonconforming result.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct ConfirmationBody {
    value: String,
    /// Who tested again.
    person: String,
    qc_batch: Option<String>,
    at: Option<String>,
}

struct Stated(StatedCriterion);

impl FromFields for Stated {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let kind = fields.needed("kind", fields.text("kind"));
        let standard = fields.needed("standard", fields.text("standard"));
        let reason = fields.needed("reason", fields.text("reason"));
        let rest = StatedCriterion {
            limit: fields.text("limit"),
            limit_high: fields.text("limit_high"),
            tolerance: fields.text("tolerance"),
            n: fields.text("n"),
            c: fields.text("c"),
            m: fields.text("m"),
            upper: fields.text("upper"),
            unit: fields.text("unit"),
            matter: fields.text("matter"),
            total_suffices: fields.text("total_suffices"),
            compare: fields.text("compare"),
            clause: fields.text("clause"),
            ..StatedCriterion::default()
        };
        Some(Self(StatedCriterion { kind: kind?, standard: standard?, reason: reason?, ..rest }))
    }
}

struct Retest(Confirmation);

impl FromFields for Retest {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let value = fields.needed("value", fields.text("value"));
        let person = fields.needed("person", fields.text("person"));
        let (qc_batch, at) = (fields.text("qc_batch"), fields.text("at"));
        Some(Self(Confirmation { value: value?, person: person?, qc_batch, at }))
    }
}

pub(crate) struct Entered(pub(crate) Value);

impl FromFields for Entered {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let analyte = fields.needed("analyte", fields.text("analyte"));
        let value = Value {
            analyte: String::new(),
            reported: fields.text("reported").unwrap_or_default(),
            unit: fields.text("unit"),
            lod: fields.text("lod"),
            method: fields.text("method"),
            beside: Beside {
                lod_unit: fields.text("lod_unit"),
                loq: fields.text("loq"),
                moisture: fields.text("moisture"),
                fresh_moisture: fields.text("fresh_moisture"),
                dehydration: fields.text("dehydration"),
                total: fields.text("total"),
                declared: fields.text("declared"),
                parts: fields.text("parts"),
            },
            criterion: fields.object::<Stated>("criterion").map(|Stated(criterion)| criterion),
            confirmation: fields.object::<Retest>("confirmation").map(|Retest(confirmation)| confirmation),
        };
        Some(Self(Value { analyte: analyte?, ..value }))
    }
}

/// Results of a sample; only the items named are replaced.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into values")]
pub(crate) struct ResultsBody {
    /// The revision that was seen.
    revision: i64,
    results: Vec<ResultBody>,
}

pub(crate) struct Results {
    revision: i64,
    values: Vec<Value>,
}

impl FromFields for Results {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let results = fields.needed("results", fields.objects::<Entered>("results"));
        let values: Vec<Value> = results?.into_iter().map(|Entered(value)| value).collect();
        if values.is_empty() {
            fields.problem("results", "required", ("至少一项结果", "at least one result"));
        }
        Some(Self { revision: revision?, values })
    }
}

/// Enter results.
///
/// Values as reported, replacing only the items named; the answer carries each item's verdict with its reason and steps. What
/// cannot be read without guessing is kept and is not judgeable.
#[utoipa::path(operation_id = "result_enter", tag = "results", request_body = ResultsBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "entered and judged", body = SampleView),
        OtherPart, NotThere, WrongMoment, NotValid))]
#[put("/samples/{id}/results")]
pub(crate) async fn result_enter(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<ResultEnter, Body<Results>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(Results { revision, values }), .. } = asked;
    let call = state.call(&person);
    let seen = state
        .run(move |state| {
            let catalogue = state.catalogues.get(&state.store)?;
            enter(&state.store, &call, id, (revision, &values), &catalogue)?;
            fetch(&state.store, &call, id)
        })
        .await?;
    Ok(HttpResponse::Ok().json(SampleView::of(&seen, &state.data_key).map_err(Failure::from)?))
}

/// A check of the results.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into an action")]
pub(crate) struct CheckBody {
    /// The revision that was seen.
    revision: i64,
    /// Items whose criterion the laboratory states itself, confirmed by name.
    confirms: Option<Vec<String>>,
    /// Items that are not judgeable and leave the conclusion (不判定), each with its reason.
    leaves_out: Option<Vec<LeftOutBody>>,
}

/// An item that leaves the conclusion.
#[derive(ToSchema)]
pub(crate) struct LeftOutBody {
    analyte: String,
    reason: String,
}

impl FromFields for LeftOutBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let analyte = fields.needed("analyte", fields.text("analyte"));
        let reason = fields.needed("reason", fields.text("reason"));
        Some(Self { analyte: analyte?, reason: reason? })
    }
}

pub(crate) struct CheckStep(Step);

impl FromFields for CheckStep {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let confirms = fields.texts("confirms").unwrap_or_default();
        let left_out = fields.objects::<LeftOutBody>("leaves_out").unwrap_or_default();
        let leaves_out: BTreeMap<String, String> =
            left_out.into_iter().map(|left_out| (left_out.analyte, left_out.reason)).collect();
        let action = Action::Check { confirms: confirms.into_iter().collect(), leaves_out };
        Some(Self(Step { revision: revision?, action, said: Particulars::default() }))
    }
}

/// Check results.
///
/// By another person than who entered them, and none who took the sample.
#[utoipa::path(operation_id = "sample_check", tag = "results", request_body = CheckBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "done", body = SampleSummary),
        OtherPart, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/check")]
pub(crate) async fn sample_check(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<SampleCheck, Body<CheckStep>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(CheckStep(step)), .. } = asked;
    step.done(&state, state.call(&person), id).await
}

/// An approval of the report.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into an action")]
pub(crate) struct ApprovalBody {
    /// The revision that was seen.
    revision: i64,
    /// Items that the checker left out, agreed to by name.
    agrees: Option<Vec<String>>,
}

pub(crate) struct ApprovalStep(Step);

impl FromFields for ApprovalStep {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let agrees = fields.texts("agrees").unwrap_or_default();
        Some(Self(Step {
            revision: revision?,
            action: Action::Approve { agrees: agrees.into_iter().collect() },
            said: Particulars::default(),
        }))
    }
}

/// Approve a report.
///
/// By a third person. The conclusion is in force at once, and the stage's rate moves by exactly this sample.
#[utoipa::path(operation_id = "sample_approve", tag = "results", request_body = ApprovalBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "done", body = SampleSummary),
        OtherPart, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/approval")]
pub(crate) async fn sample_approve(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<SampleApprove, Body<ApprovalStep>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(ApprovalStep(step)), .. } = asked;
    step.done(&state, state.call(&person), id).await
}

/// A case to judge: the columns of `hege judge`, each a text.
pub(crate) struct OwnedCase(Vec<Option<String>>);

impl FromFields for OwnedCase {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self(Case::COLUMNS.iter().map(|name| fields.text(name)).collect()))
    }
}

impl OwnedCase {
    fn case(&self) -> Case<'_> {
        let mut columns = self.0.iter().map(Option::as_deref);
        Case::read(|| columns.next().flatten())
    }
}

/// Cases to judge: results with a criterion of their own (`kind`, `limit`, ...), or with `food`, `analyte` and `date` to ask the
/// catalogue.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into cases")]
pub(crate) struct PreviewBody {
    #[schema(value_type = Vec<Object>, example = json!([{"result": "0.14", "unit": "mg/kg", "kind": "max", "limit": "0.1"}]))]
    cases: Vec<BTreeMap<String, String>>,
}

pub(crate) struct Cases(Vec<OwnedCase>);

impl FromFields for Cases {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        fields.needed("cases", fields.objects("cases")).map(Self)
    }
}

/// A verdict with its reason and steps.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerdictView {
    #[schema(example = "nonconforming")]
    verdict: &'static str,
    #[schema(example = "beyond_limit")]
    reason: &'static str,
    reason_zh: &'static str,
    reason_en: &'static str,
    steps_zh: Vec<String>,
    steps_en: Vec<String>,
}

/// Verdicts, in the order of the cases.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerdictListView {
    items: Vec<VerdictView>,
}

/// Judge without storing.
///
/// At most 500 cases.
#[utoipa::path(operation_id = "verdict_preview", tag = "results", request_body = PreviewBody, security(("bearer" = [])),
    responses((status = 200, description = "judged", body = VerdictListView),
        NoRole, NotValid))]
#[post("/verdicts/preview")]
pub(crate) async fn verdict_preview(
    state: web::Data<State>,
    asked: Allowed<VerdictPreview, Body<Cases>>,
) -> Result<HttpResponse, Failure> {
    let Body(Cases(cases)) = asked.input;
    let items = state
        .run(move |state| {
            let catalogue = state.catalogues.get(&state.store)?;
            let cases: Vec<Case<'_>> = cases.iter().map(OwnedCase::case).collect();
            let judged = preview(&catalogue, &cases).into_iter().map(|judgement| VerdictView {
                verdict: judgement.verdict.code(),
                reason: judgement.reason.code(),
                reason_zh: judgement.reason.zh(),
                reason_en: judgement.reason.en(),
                steps_zh: judgement.steps.iter().map(|step| step.zh()).collect(),
                steps_en: judgement.steps.iter().map(|step| step.en()).collect(),
            });
            Ok(judged.collect())
        })
        .await?;
    Ok(HttpResponse::Ok().json(VerdictListView { items }))
}
