//! 计划、目标.

use crate::State;
use crate::access::{Allowed, PlanList, TargetChange};
use crate::body::{Body, Fields, FromFields};
use crate::problem::{Failure, ProblemBody};
use actix_web::{HttpResponse, get, post, web};
use hege_app::plans::{self, Target, YearPlan};
use hege_core::{PlanId, SampleKind, Stage, TaskType};
use hege_rates::{BasisPoints, Counting};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(plan_list).service(target_change);
}

/// What counts for a stage.
#[derive(Serialize, ToSchema)]
pub(crate) struct CountingView {
    #[schema(example = json!(["routine_monitoring"]))]
    task_types: Vec<&'static str>,
    #[schema(example = json!(["primary_produce"]))]
    sample_kinds: Vec<&'static str>,
    zh: String,
    en: String,
}

/// A stage's target in a version.
#[derive(Serialize, ToSchema)]
pub(crate) struct TargetView {
    #[schema(example = "farm")]
    stage: &'static str,
    version: i32,
    /// The pass rate in basis points; null where the plan names no number.
    #[schema(example = 9600)]
    target_bp: Option<u16>,
    /// Fewest samples for a notice.
    min_n: u32,
    /// Countable samples that the year is planned to have.
    planned_n: u32,
    counting: CountingView,
    /// The clause of the plan, with its words.
    clause: String,
    /// RFC 3339, UTC.
    valid_from: String,
}

impl From<&Target> for TargetView {
    fn from(target: &Target) -> Self {
        let counting = &target.counting;
        Self {
            stage: target.stage.code(),
            version: target.version,
            target_bp: target.basis_points.map(BasisPoints::get),
            min_n: target.min_n,
            planned_n: target.planned_n,
            counting: CountingView {
                task_types: counting.task_types.iter().map(|word| word.code()).collect(),
                sample_kinds: counting.sample_kinds.iter().map(|word| word.code()).collect(),
                zh: counting.zh(),
                en: counting.en(),
            },
            clause: target.clause.clone(),
            valid_from: target.valid_from.to_string(),
        }
    }
}

/// A year's plan.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlanView {
    id: String,
    #[schema(example = 2013)]
    year: i16,
    title: String,
    demo: bool,
    current: bool,
    /// Every version, by stage.
    targets: Vec<TargetView>,
}

impl From<&YearPlan> for PlanView {
    fn from(plan: &YearPlan) -> Self {
        Self {
            id: plan.id.to_string(),
            year: plan.year,
            title: plan.title.clone(),
            demo: plan.demo,
            current: plan.current,
            targets: plan.targets.iter().map(TargetView::from).collect(),
        }
    }
}

/// Plans.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlanListView {
    items: Vec<PlanView>,
}

/// Another target of a stage, held from now on.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into a target")]
pub(crate) struct TargetBody {
    #[schema(example = "farm")]
    stage: String,
    /// The last version that was seen.
    version: i32,
    /// Basis points; absent for a stage that is held to no number.
    target_bp: Option<u16>,
    min_n: u32,
    planned_n: u32,
    task_types: Vec<String>,
    sample_kinds: Vec<String>,
    clause: String,
}

pub(crate) struct NewTarget(Target);

impl FromFields for NewTarget {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let stage = fields.needed("stage", fields.word::<Stage>("stage"));
        let version = fields.needed("version", fields.within("version", (1, 1_000_000)));
        let basis_points = fields.within("target_bp", (0, 10_000));
        let min_n = fields.needed("min_n", fields.within("min_n", (1, 100_000)));
        let planned_n = fields.needed("planned_n", fields.within("planned_n", (1, 10_000_000)));
        let unknown = ("不是规定的代码", "not one of the codes");
        let types = fields.parsed_list::<TaskType>("task_types", "unknown_word", unknown);
        let kinds = fields.parsed_list::<SampleKind>("sample_kinds", "unknown_word", unknown);
        let (types, kinds) = (fields.needed("task_types", types), fields.needed("sample_kinds", kinds));
        let clause = fields.needed("clause", fields.text("clause"));
        Some(Self(Target {
            stage: stage?,
            version: i32::try_from(version?).ok()?,
            basis_points: basis_points.and_then(|bp| u16::try_from(bp).ok()).and_then(BasisPoints::new),
            min_n: u32::try_from(min_n?).ok()?,
            planned_n: u32::try_from(planned_n?).ok()?,
            counting: Counting { task_types: types?.into_iter().collect(), sample_kinds: kinds?.into_iter().collect() },
            clause: clause?,
            valid_from: Timestamp::UNIX_EPOCH,
        }))
    }
}

/// List plans.
///
/// Every plan with every version of its targets.
#[utoipa::path(operation_id = "plan_list", tag = "plans", security(("bearer" = [])),
    responses((status = 200, description = "every plan, the newest year first", body = PlanListView),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json")))]
#[get("/plans")]
pub(crate) async fn plan_list(state: web::Data<State>, _asked: Allowed<PlanList>) -> Result<HttpResponse, Failure> {
    let plans = state.run(|state| plans::list(&state.store)).await?;
    Ok(HttpResponse::Ok().json(PlanListView { items: plans.iter().map(PlanView::from).collect() }))
}

/// Change a target.
///
/// Puts another version, held from now on. Open alerts of the stage close as "target changed"; earlier as-of dates keep the
/// version before.
#[utoipa::path(operation_id = "target_change", tag = "plans", request_body = TargetBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the plan's id")),
    responses((status = 201, description = "changed", body = TargetView),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "the role is missing, or it reaches beyond the person's scope", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "no such plan", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "what was given is not valid", body = ProblemBody, content_type = "application/problem+json")))]
#[post("/plans/{id}/targets")]
pub(crate) async fn target_change(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<TargetChange, Body<NewTarget>>,
) -> Result<HttpResponse, Failure> {
    let id: PlanId = path.parse().map_err(|_no_id| Failure::not_found())?;
    let Allowed { person, input: Body(NewTarget(target)), .. } = asked;
    let mark = state.mark(Some(person.actor.user));
    let target =
        state.run(move |state| plans::change_target(&state.store, id, (target.version, &target), mark)).await?;
    Ok(HttpResponse::Created().json(TargetView::from(&target)))
}
