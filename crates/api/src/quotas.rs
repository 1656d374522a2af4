//! 配额: cells of a plan, split down to counties.

use crate::State;
use crate::access::{Allowed, QuotaAdd, QuotaChange, QuotaList, QuotaSplit};
use crate::answers::{NoRole, NotThere, NotValid, Stale};
use crate::body::{Body, Fields, FromFields, Query};
use crate::keyed::{Keyed, answered, codes};
use crate::problem::{Failure, ProblemBody};
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use hege_app::known::{Known, is_within};
use hege_app::quotas::{self, Asked, New, Quota};
use hege_app::{Call, Error};
use hege_core::{PlanId, QuotaId, RegionCode, Stage, TaskType};
use hege_sampling::quota::{Amount, Cell, Part, SAMPLES_MAX};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(quota_list).service(quota_add).service(quota_change).service(quota_split);
}

const REGION: (&str, &str) = ("须为六位行政区划代码", "a region code has six digits");

/// Does something with what is known of regions, foods and analytes.
pub(crate) fn knowing<T>(state: &State, act: impl FnOnce(&Known<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let catalogue = state.catalogues.get(&state.store)?;
    let within = |food: &str, class: &str| is_within(&catalogue, food, class);
    act(&Known { regions: &state.regions, catalogue: &catalogue, is_within: &within })
}

/// How much is wanted.
pub(crate) fn amount(fields: &Fields<'_>) -> Option<Amount> {
    let most = i64::from(SAMPLES_MAX);
    let samples = fields.needed("samples", fields.within("samples", (1, most)));
    let producers = fields.within("producers", (1, most));
    Some(Amount {
        samples: u32::try_from(samples?).ok()?,
        producers: producers.and_then(|producers| u32::try_from(producers).ok()),
    })
}

/// A region's code.
pub(crate) fn region(fields: &Fields<'_>) -> Option<RegionCode> {
    fields.parsed("region", "bad_region", REGION)
}

/// A cell with how much of it is wanted and given out.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuotaView {
    #[schema(example = "0190b6c1-7e3a-7c11-9a5b-0123456789ab")]
    id: String,
    plan: String,
    /// The cell that it is a part of; null for one of the plan itself.
    parent: Option<String>,
    #[schema(example = "farm")]
    stage: &'static str,
    #[schema(example = "routine_monitoring")]
    task_type: &'static str,
    /// Code of the campaign.
    campaign: Option<String>,
    #[schema(example = "330100")]
    region: String,
    /// Null for every food.
    #[schema(example = "33.01")]
    food_class: Option<String>,
    /// Analytes that are ordered of every sample.
    panel: Value,
    /// Samples that are wanted.
    #[schema(example = 120)]
    samples: i32,
    /// Distinct producers that are wanted.
    producers: Option<i32>,
    /// Samples that its parts want.
    split: u64,
    /// Samples that its own tasks are to take; of a cancelled task what it took.
    planned: u64,
    /// Samples that are neither split nor given to a task.
    free: u64,
    note: Option<String>,
    /// To be sent back with a change, a split and a task: it grows with each of them.
    revision: i64,
}

impl From<&Quota> for QuotaView {
    fn from(quota: &Quota) -> Self {
        let row = &quota.row;
        Self {
            id: row.id.0.to_string(),
            plan: row.plan_id.0.to_string(),
            parent: row.parent_id.map(|parent| parent.0.to_string()),
            stage: row.stage.0.code(),
            task_type: row.task_type.0.code(),
            campaign: row.campaign.clone(),
            region: format!("{:06}", row.region),
            food_class: row.food_class.clone(),
            panel: row.panel.0.clone(),
            samples: row.samples,
            producers: row.producers,
            split: quota.split,
            planned: quota.planned,
            free: quota.free(),
            note: row.note.clone(),
            revision: row.revision,
        }
    }
}

/// Cells.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuotaListView {
    items: Vec<QuotaView>,
}

/// Which cells are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct QuotaQuery {
    /// A plan's id; the current plan when absent.
    plan: Option<String>,
    /// A cell's id: only its parts.
    parent: Option<String>,
    /// A region's subtree.
    region: Option<String>,
    stage: Option<String>,
}

pub(crate) struct QuotasAsked(Asked);

impl FromFields for QuotasAsked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let (plan, parent) = (fields.id::<PlanId>("plan"), fields.id::<QuotaId>("parent"));
        Some(Self(Asked { plan, parent, region: region(fields), stage: fields.word::<Stage>("stage") }))
    }
}

/// List cells.
///
/// Of a plan, those within the person's region and stages, each with what of it is split, planned and free.
#[utoipa::path(operation_id = "quota_list", tag = "planning", params(QuotaQuery), security(("bearer" = [])),
    responses((status = 200, description = "cells, in the order of what they are of", body = QuotaListView), NoRole, NotThere, NotValid))]
#[get("/quotas")]
pub(crate) async fn quota_list(
    state: web::Data<State>,
    asked: Allowed<QuotaList, Query<QuotasAsked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(QuotasAsked(asked)), .. } = asked;
    let call = state.call(&person);
    let found = state.run(move |state| quotas::list(&state.store, &call, &asked)).await?;
    Ok(HttpResponse::Ok().json(QuotaListView { items: found.iter().map(QuotaView::from).collect() }))
}

/// A cell of a plan.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct QuotaBody {
    /// A plan's id; the current plan when absent.
    #[schema(example = json!(null))]
    plan: Option<String>,
    #[schema(example = "farm")]
    stage: String,
    #[schema(example = "routine_monitoring")]
    task_type: String,
    /// Code of an indicator of the plan that is a campaign with samples; needed for, and only for, the task type `campaign`.
    #[schema(example = json!(null))]
    campaign: Option<String>,
    /// The region whose subtree it covers.
    #[schema(example = "330000")]
    region: String,
    /// A food class with all below it; every food when absent.
    #[schema(example = "33.01")]
    food_class: Option<String>,
    /// Analytes that are ordered of every sample.
    #[schema(example = json!(["chlorpyrifos"]), default = json!([]), required = false)]
    panel: Vec<String>,
    #[schema(minimum = 1, example = 1700)]
    samples: u32,
    /// Distinct producers, at most as many as samples.
    #[schema(minimum = 1, example = 300)]
    producers: Option<u32>,
    #[schema(example = json!(null))]
    note: Option<String>,
}

pub(crate) struct NewQuota(New);

impl FromFields for NewQuota {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let plan = fields.id::<PlanId>("plan");
        let stage = fields.needed("stage", fields.word::<Stage>("stage"));
        let task_type = fields.needed("task_type", fields.word::<TaskType>("task_type"));
        let region = fields.needed("region", region(fields));
        let (campaign, food_class, panel) =
            (fields.text("campaign"), fields.text("food_class"), codes(fields, "panel"));
        let (amount, note) = (amount(fields), fields.text("note"));
        let cell = Cell {
            stage: stage?,
            task_type: task_type?,
            campaign,
            region: region?,
            food_class,
            panel: panel?.into_iter().collect(),
        };
        Some(Self(New { plan, cell, amount: amount?, note }))
    }
}

/// Put a cell.
///
/// What a plan wants taken: a stage, a region, a food, a panel of analytes, and how many samples, optionally of how many distinct
/// producers. The same request under the same `Idempotency-Key` gives the answer of the first time.
#[utoipa::path(operation_id = "quota_add", tag = "planning", request_body = QuotaBody, security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "a UUID, which becomes the cell's id")),
    responses((status = 201, description = "put", body = QuotaView),
        (status = 409, description = "the key was used for another request", body = ProblemBody, content_type = "application/problem+json"),
        NoRole, NotValid))]
#[post("/quotas")]
pub(crate) async fn quota_add(
    state: web::Data<State>,
    request: HttpRequest,
    asked: Allowed<QuotaAdd, Body<Keyed<NewQuota>>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(body), .. } = asked;
    let (call, key) = (state.call(&person), body.key(&state, &request, "quotas")?);
    let NewQuota(new) = body.given;
    let put = move |state: &State| {
        let answer = |quota: &Quota| answered(QuotaView::from(quota));
        knowing(state, |known| quotas::add(&state.store, &call, (&new, &key), known, &answer))
    };
    Ok(HttpResponse::Created().json(state.run(put).await?))
}

/// Another amount of a cell.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct QuotaChangeBody {
    /// The revision that was seen.
    revision: i64,
    #[schema(minimum = 1, example = 150)]
    samples: u32,
    #[schema(example = json!(null))]
    producers: Option<u32>,
    note: Option<String>,
}

pub(crate) struct QuotaChanged {
    revision: i64,
    amount: Amount,
    note: Option<String>,
}

impl FromFields for QuotaChanged {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let (revision, amount, note) = (fields.revision(), amount(fields), fields.text("note"));
        Some(Self { revision: revision?, amount: amount?, note })
    }
}

fn quota_id(path: &str) -> Result<QuotaId, Failure> {
    path.parse().map_err(|_no_id| Failure::not_found())
}

/// Change a cell.
///
/// How much is wanted: not less than is split and given to tasks, not more than the cell above has left.
#[utoipa::path(operation_id = "quota_change", tag = "planning", request_body = QuotaChangeBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the cell's id")),
    responses((status = 200, description = "changed", body = QuotaView), NoRole, NotThere, Stale, NotValid))]
#[put("/quotas/{id}")]
pub(crate) async fn quota_change(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<QuotaChange, Body<QuotaChanged>>,
) -> Result<HttpResponse, Failure> {
    let id = quota_id(&path)?;
    let Allowed { person, input: Body(QuotaChanged { revision, amount, note }), .. } = asked;
    let call = state.call(&person);
    let change = move |state: &State| quotas::change(&state.store, &call, (id, revision), (amount, note.as_deref()));
    Ok(HttpResponse::Ok().json(QuotaView::from(&state.run(change).await?)))
}

/// A part of a cell.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct PartBody {
    /// A region of the cell's.
    #[schema(example = "330100")]
    region: String,
    /// The cell's food class or one below it; the cell's when absent.
    #[schema(example = json!(null))]
    food_class: Option<String>,
    /// Analytes besides those of the cell.
    #[schema(default = json!([]), required = false)]
    panel: Vec<String>,
    #[schema(minimum = 1, example = 120)]
    samples: u32,
    #[schema(example = json!(null))]
    producers: Option<u32>,
}

struct PartGiven(Part);

impl FromFields for PartGiven {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let region = fields.needed("region", region(fields));
        let (food_class, panel, amount) = (fields.text("food_class"), codes(fields, "panel"), amount(fields));
        Some(Self(Part { region: region?, food_class, panel: panel?.into_iter().collect(), amount: amount? }))
    }
}

/// The parts of a cell.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct SplitBody {
    /// The revision of the cell that was seen.
    revision: i64,
    parts: Vec<PartBody>,
}

pub(crate) struct Split {
    revision: i64,
    parts: Vec<Part>,
}

impl FromFields for Split {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let parts = fields.needed("parts", fields.objects::<PartGiven>("parts"));
        Some(Self { revision: revision?, parts: parts?.into_iter().map(|PartGiven(part)| part).collect() })
    }
}

/// A cell and the parts that were made.
#[derive(Serialize, ToSchema)]
pub(crate) struct SplitView {
    quota: QuotaView,
    parts: Vec<QuotaView>,
}

/// Split a cell.
///
/// Into regions, narrower foods or longer panels, all parts or none; together they want no more than the cell has free. What is not
/// split stays with the cell and is shown as `free`.
#[utoipa::path(operation_id = "quota_split", tag = "planning", request_body = SplitBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the cell's id")),
    responses((status = 201, description = "split", body = SplitView), NoRole, NotThere, Stale, NotValid))]
#[post("/quotas/{id}/split")]
pub(crate) async fn quota_split(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<QuotaSplit, Body<Split>>,
) -> Result<HttpResponse, Failure> {
    let id = quota_id(&path)?;
    let Allowed { person, input: Body(Split { revision, parts }), .. } = asked;
    let call: Call = state.call(&person);
    let ids: Vec<Uuid> = parts.iter().map(|_| state.new_id()).collect();
    let split = move |state: &State| {
        knowing(state, |known| quotas::split(&state.store, &call, (id, revision), (&parts, &ids), known))
    };
    let (whole, made) = state.run(split).await?;
    let view = SplitView { quota: QuotaView::from(&whole), parts: made.iter().map(QuotaView::from).collect() };
    Ok(HttpResponse::Created().json(view))
}
