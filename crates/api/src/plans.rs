//! 计划、目标.

use crate::State;
use crate::access::{Allowed, PlanAdd, PlanChange, PlanFetch, PlanList, TargetChange, TargetList};
use crate::answers::{NotThere, NotValid, OutOfReach, Stale, Stranger};
use crate::body::{Body, Fields, FromFields, Query};
use crate::problem::Failure;
use actix_web::{HttpResponse, get, post, put, web};
use hege_app::plans::{self, Target, YearPlan};
use hege_core::date::CHINA;
use hege_core::{PlanId, SampleKind, Stage, TaskType};
use hege_rates::{BasisPoints, Counting};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(plan_list)
        .service(plan_add)
        .service(plan_fetch)
        .service(plan_change)
        .service(target_list)
        .service(target_change);
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
    /// To be sent back with a change; a change of a target has its own version.
    revision: i64,
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
            revision: plan.revision,
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

/// The fields of a target but its version.
fn target(fields: &Fields<'_>) -> Option<Target> {
    let stage = fields.needed("stage", fields.word::<Stage>("stage"));
    let basis_points = fields.within("target_bp", (0, 10_000));
    let min_n = fields.needed("min_n", fields.within("min_n", (1, 100_000)));
    let planned_n = fields.needed("planned_n", fields.within("planned_n", (1, 10_000_000)));
    let unknown = ("不是规定的代码", "not one of the codes");
    let types = fields.parsed_list::<TaskType>("task_types", "unknown_word", unknown);
    let kinds = fields.parsed_list::<SampleKind>("sample_kinds", "unknown_word", unknown);
    let (types, kinds) = (fields.needed("task_types", types), fields.needed("sample_kinds", kinds));
    let clause = fields.needed("clause", fields.text("clause"));
    Some(Target {
        stage: stage?,
        version: 1,
        basis_points: basis_points.and_then(|bp| u16::try_from(bp).ok()).and_then(BasisPoints::new),
        min_n: u32::try_from(min_n?).ok()?,
        planned_n: u32::try_from(planned_n?).ok()?,
        counting: Counting { task_types: types?.into_iter().collect(), sample_kinds: kinds?.into_iter().collect() },
        clause: clause?,
        valid_from: Timestamp::UNIX_EPOCH,
    })
}

pub(crate) struct NewTarget(Target);

impl FromFields for NewTarget {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let version = fields.needed("version", fields.within("version", (1, 1_000_000)));
        let target = target(fields);
        Some(Self(Target { version: i32::try_from(version?).ok()?, ..target? }))
    }
}

/// What a stage is held to in a new plan.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into a target")]
pub(crate) struct FirstTargetBody {
    #[schema(example = "farm")]
    stage: String,
    /// Basis points; absent for a stage that is held to no number.
    target_bp: Option<u16>,
    min_n: u32,
    planned_n: u32,
    task_types: Vec<String>,
    sample_kinds: Vec<String>,
    clause: String,
}

struct FirstTarget(Target);

impl FromFields for FirstTarget {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        target(fields).map(Self)
    }
}

/// A new plan of a year, each stage once.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into a plan")]
pub(crate) struct PlanBody {
    #[schema(example = 2027)]
    year: i16,
    title: String,
    /// Whether it takes the place of the current one; no when absent.
    current: Option<bool>,
    targets: Vec<FirstTargetBody>,
}

pub(crate) struct NewPlan {
    year: i16,
    title: String,
    current: bool,
    targets: Vec<Target>,
}

impl FromFields for NewPlan {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let year = fields.needed("year", fields.within("year", (2000, 2100)));
        let title = fields.needed("title", fields.text("title"));
        let current = fields.flag("current").unwrap_or(false);
        let targets = fields.needed("targets", fields.objects::<FirstTarget>("targets"));
        Some(Self {
            year: i16::try_from(year?).ok()?,
            title: title?,
            current,
            targets: targets?.into_iter().map(|FirstTarget(target)| target).collect(),
        })
    }
}

impl NewPlan {
    /// The plan under its id: its targets are held from the first instant of the year in China.
    fn plan(self, id: PlanId) -> YearPlan {
        let first = jiff::civil::date(self.year, 1, 1).at(0, 0, 0, 0);
        let valid_from = CHINA.to_timestamp(first).unwrap_or(Timestamp::UNIX_EPOCH);
        let Self { year, title, current, targets } = self;
        let targets = targets.into_iter().map(|target| Target { valid_from, ..target }).collect();
        YearPlan { id, year, title, demo: false, current, revision: 1, targets }
    }
}

/// Another title or place of a plan.
#[derive(ToSchema)]
pub(crate) struct PlanChangeBody {
    /// The revision that was seen.
    revision: i64,
    title: String,
    /// True makes it the current one; the one that is current stays so until another is.
    current: bool,
}

impl FromFields for PlanChangeBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let title = fields.needed("title", fields.text("title"));
        let current = fields.needed("current", fields.flag("current"));
        Some(Self { revision: revision?, title: title?, current: current? })
    }
}

/// The id of a plan in a path; what is none is not there.
pub(crate) fn plan_id(path: &str) -> Result<PlanId, Failure> {
    path.parse().map_err(|_no_id| Failure::not_found())
}

/// List plans.
///
/// Every plan with every version of its targets.
#[utoipa::path(operation_id = "plan_list", tag = "plans", security(("bearer" = [])),
    responses((status = 200, description = "every plan, the newest year first", body = PlanListView), Stranger))]
#[get("/plans")]
pub(crate) async fn plan_list(state: web::Data<State>, _asked: Allowed<PlanList>) -> Result<HttpResponse, Failure> {
    let plans = state.run(|state| plans::list(&state.store)).await?;
    Ok(HttpResponse::Ok().json(PlanListView { items: plans.iter().map(PlanView::from).collect() }))
}

/// Put a plan.
///
/// Of a year that has none, with what each stage is held to and what counts, from the year's beginning.
#[utoipa::path(operation_id = "plan_add", tag = "plans", request_body = PlanBody, security(("bearer" = [])),
    responses((status = 201, description = "put", body = PlanView), OutOfReach, NotValid))]
#[post("/plans")]
pub(crate) async fn plan_add(
    state: web::Data<State>,
    asked: Allowed<PlanAdd, Body<NewPlan>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(plan), .. } = asked;
    let (plan, mark) = (plan.plan(PlanId(state.new_id())), state.mark(Some(person.actor.user)));
    let plan = state.run(move |state| plans::add(&state.store, &plan, mark)).await?;
    Ok(HttpResponse::Created().json(PlanView::from(&plan)))
}

/// See a plan.
///
/// With every version of its targets.
#[utoipa::path(operation_id = "plan_fetch", tag = "plans", security(("bearer" = [])),
    params(("id" = String, Path, description = "the plan's id")),
    responses((status = 200, description = "the plan", body = PlanView), Stranger, NotThere))]
#[get("/plans/{id}")]
pub(crate) async fn plan_fetch(
    state: web::Data<State>,
    path: web::Path<String>,
    _asked: Allowed<PlanFetch>,
) -> Result<HttpResponse, Failure> {
    let id = plan_id(&path)?;
    let plan = state.run(move |state| plans::fetch(&state.store, Some(id))).await?;
    Ok(HttpResponse::Ok().json(PlanView::from(&plan)))
}

/// Change a plan.
///
/// Its title, or that it is the current one. What a stage is held to changes by another version of its target.
#[utoipa::path(operation_id = "plan_change", tag = "plans", request_body = PlanChangeBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the plan's id")),
    responses((status = 200, description = "changed", body = PlanView), OutOfReach, NotThere, Stale, NotValid))]
#[put("/plans/{id}")]
pub(crate) async fn plan_change(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<PlanChange, Body<PlanChangeBody>>,
) -> Result<HttpResponse, Failure> {
    let id = plan_id(&path)?;
    let Allowed { person, input: Body(PlanChangeBody { revision, title, current }), .. } = asked;
    let mark = state.mark(Some(person.actor.user));
    let plan = state.run(move |state| plans::change(&state.store, id, (revision, &title, current), mark)).await?;
    Ok(HttpResponse::Ok().json(PlanView::from(&plan)))
}

/// Which targets are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct TargetQuery {
    /// A plan's id; the current plan when absent.
    plan: Option<String>,
    /// One stage.
    stage: Option<String>,
    /// Only the version held at this instant (RFC 3339); every version when absent.
    at: Option<String>,
}

pub(crate) struct TargetsAsked {
    plan: Option<PlanId>,
    stage: Option<Stage>,
    at: Option<Timestamp>,
}

impl FromFields for TargetsAsked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let instant = ("须为 RFC 3339 时间", "an instant is written by RFC 3339");
        let at = fields.parsed("at", "bad_instant", instant);
        Some(Self { plan: fields.id("plan"), stage: fields.word("stage"), at })
    }
}

/// Targets.
#[derive(Serialize, ToSchema)]
pub(crate) struct TargetListView {
    plan: String,
    items: Vec<TargetView>,
}

/// List targets.
///
/// Of a plan, every version by stage, or the one that is held at an instant.
#[utoipa::path(operation_id = "target_list", tag = "plans", params(TargetQuery), security(("bearer" = [])),
    responses((status = 200, description = "targets", body = TargetListView), Stranger, NotThere, NotValid))]
#[get("/targets")]
pub(crate) async fn target_list(
    state: web::Data<State>,
    asked: Allowed<TargetList, Query<TargetsAsked>>,
) -> Result<HttpResponse, Failure> {
    let Query(TargetsAsked { plan, stage, at }) = asked.input;
    let plan = state.run(move |state| plans::fetch(&state.store, plan)).await?;
    let is_held = |target: &Target| {
        at.is_none_or(|at| plan.target(target.stage, at).is_some_and(|held| held.version == target.version))
    };
    let asked = plan.targets.iter().filter(|target| stage.is_none_or(|stage| stage == target.stage) && is_held(target));
    let items = asked.map(TargetView::from).collect();
    Ok(HttpResponse::Ok().json(TargetListView { plan: plan.id.to_string(), items }))
}

/// Change a target.
///
/// Puts another version, held from now on. Open alerts of the stage close as "target changed"; earlier as-of dates keep the
/// version before.
#[utoipa::path(operation_id = "target_change", tag = "plans", request_body = TargetBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the plan's id")),
    responses((status = 201, description = "changed", body = TargetView), OutOfReach, NotThere, Stale, NotValid))]
#[post("/plans/{id}/targets")]
pub(crate) async fn target_change(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<TargetChange, Body<NewTarget>>,
) -> Result<HttpResponse, Failure> {
    let id = plan_id(&path)?;
    let Allowed { person, input: Body(NewTarget(target)), .. } = asked;
    let mark = state.mark(Some(person.actor.user));
    let target =
        state.run(move |state| plans::change_target(&state.store, id, (target.version, &target), mark)).await?;
    Ok(HttpResponse::Created().json(TargetView::from(&target)))
}
