//! 任务: given out of cells, seen by who takes, tests and oversees; visits without a sample.

use crate::State;
use crate::access::{Allowed, TaskAdd, TaskCancel, TaskChange, TaskFetch, TaskList, TaskOutcomeAdd};
use crate::answers::{NoRole, NotThere, NotValid, Stale, Stranger, WrongMoment};
use crate::body::{Body, Fields, FromFields, Query};
use crate::custody::ReasonBody;
use crate::keyed::{Keyed, answered, codes};
use crate::problem::Failure;
use crate::quotas::{amount, knowing, region};
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use hege_app::tasks::{self, Asked, Given, New, OutcomeRow, Terms};
use hege_core::{LabId, OrganisationId, PlanId, QuotaId, Stage, TaskId};
use hege_sampling::task::{Outcome, OutcomeKind, TaskState};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(task_list)
        .service(task_add)
        .service(task_fetch)
        .service(task_change)
        .service(task_cancel)
        .service(task_outcome_add);
}

/// A visit that yielded no sample.
#[derive(Serialize, ToSchema)]
pub(crate) struct OutcomeView {
    id: String,
    /// `refused`, `nothing_to_take` or `closed`.
    #[schema(example = "closed")]
    kind: &'static str,
    zh: &'static str,
    en: &'static str,
    at: String,
    #[schema(example = "330106")]
    region: String,
    place: String,
    unit: String,
    evidence: String,
    person_id: String,
    recorded_at: String,
}

impl From<&OutcomeRow> for OutcomeView {
    fn from(row: &OutcomeRow) -> Self {
        Self {
            id: row.id.0.to_string(),
            kind: row.kind.0.code(),
            zh: row.kind.0.zh(),
            en: row.kind.0.en(),
            at: row.at.0.to_string(),
            region: format!("{:06}", row.region),
            place: row.place.clone(),
            unit: row.unit.clone(),
            evidence: row.evidence.clone(),
            person_id: row.person_id.0.to_string(),
            recorded_at: row.recorded_at.0.to_string(),
        }
    }
}

/// A task with how far it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskView {
    /// The city and a UUID; a form names it as `task`.
    #[schema(example = "3301-0190b6c1-7e3a-7c11-9a5b-0123456789ab")]
    id: String,
    quota_id: String,
    plan: String,
    title: String,
    #[schema(example = "farm")]
    stage: &'static str,
    #[schema(example = "routine_monitoring")]
    task_type: &'static str,
    campaign: Option<String>,
    #[schema(example = "330106")]
    region: String,
    food_class: Option<String>,
    /// Analytes that every sample orders.
    panel: Value,
    samples: i32,
    producers: Option<i32>,
    inspecting_org_id: String,
    lab_id: String,
    #[schema(example = "2026-03-01")]
    starts_on: String,
    #[schema(example = "2026-05-31")]
    ends_on: String,
    /// `open` or `cancelled`.
    #[schema(example = "open")]
    state: &'static str,
    note: Option<String>,
    /// Why it was cancelled.
    cancelled_why: Option<String>,
    /// Samples taken, without those that were refused by the laboratory or voided.
    taken: u64,
    /// Samples refused by the laboratory or voided: they have to be taken again.
    lost: u64,
    /// Visits that yielded no sample. They fulfil nothing.
    without_sample: u64,
    /// Samples that are still to be taken; 0 for a cancelled task.
    missing: u64,
    created_at: String,
    /// To be sent back with a change.
    revision: i64,
}

impl From<&Given> for TaskView {
    fn from(given: &Given) -> Self {
        let (row, progress) = (&given.row, &given.progress);
        let wanted = if row.state.0 == TaskState::Open { u64::try_from(row.samples).unwrap_or(0) } else { 0 };
        Self {
            id: format!("{:04}-{}", row.city, row.id.0),
            quota_id: row.quota_id.0.to_string(),
            plan: row.plan_id.0.to_string(),
            title: row.title.clone(),
            stage: row.stage.0.code(),
            task_type: row.task_type.0.code(),
            campaign: row.campaign.clone(),
            region: format!("{:06}", row.region),
            food_class: row.food_class.clone(),
            panel: row.panel.0.clone(),
            samples: row.samples,
            producers: row.producers,
            inspecting_org_id: row.inspecting_org_id.0.to_string(),
            lab_id: row.lab_id.0.to_string(),
            starts_on: row.starts_on.0.to_string(),
            ends_on: row.ends_on.0.to_string(),
            state: row.state.0.code(),
            note: row.note.clone(),
            cancelled_why: row.cancelled_why.clone(),
            taken: progress.taken,
            lost: progress.lost,
            without_sample: progress.without_sample,
            missing: wanted.saturating_sub(progress.taken),
            created_at: row.created_at.0.to_string(),
            revision: row.revision,
        }
    }
}

/// A task with its visits that yielded no sample.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskWholeView {
    #[serde(flatten)]
    task: TaskView,
    /// The first first.
    outcomes: Vec<OutcomeView>,
}

impl TaskWholeView {
    /// As a person sees it: a laboratory is not told at whose door nobody was let in.
    fn of(given: &Given, is_laboratory: bool) -> Self {
        let shown = given.outcomes.iter().filter(|_| !is_laboratory);
        Self { task: TaskView::from(given), outcomes: shown.map(OutcomeView::from).collect() }
    }
}

/// Tasks.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskListView {
    items: Vec<TaskView>,
    /// Null after the last page.
    next_cursor: Option<String>,
}

/// Which tasks are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct TaskQuery {
    /// A plan's id.
    plan: Option<String>,
    /// A cell's id.
    quota: Option<String>,
    /// A region's subtree.
    region: Option<String>,
    stage: Option<String>,
    /// `open` or `cancelled`.
    state: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100; 50 when absent.
    limit: Option<u8>,
}

pub(crate) struct TasksAsked {
    asked: Asked,
    limit: u8,
}

impl FromFields for TasksAsked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let after = fields.parsed::<Uuid>("cursor", "bad_cursor", ("不是有效的游标", "not a cursor"));
        let asked = Asked {
            plan: fields.id::<PlanId>("plan"),
            quota: fields.id::<QuotaId>("quota"),
            region: region(fields),
            stage: fields.word::<Stage>("stage"),
            state: fields.word::<TaskState>("state"),
            after,
        };
        let limit = fields.within("limit", (1, 100)).and_then(|limit| u8::try_from(limit).ok()).unwrap_or(50);
        Some(Self { asked, limit })
    }
}

/// List tasks.
///
/// The newest first: for inspectors those of their organisation, for laboratories those that name it, for the others those of their
/// region.
#[utoipa::path(operation_id = "task_list", tag = "planning", params(TaskQuery), security(("bearer" = [])),
    responses((status = 200, description = "a page", body = TaskListView), Stranger, NotValid))]
#[get("/tasks")]
pub(crate) async fn task_list(
    state: web::Data<State>,
    asked: Allowed<TaskList, Query<TasksAsked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(TasksAsked { asked, limit }), .. } = asked;
    let call = state.call(&person);
    let (found, next) = state.run(move |state| tasks::list(&state.store, &call, &asked, limit)).await?;
    let items = found.iter().map(TaskView::from).collect();
    Ok(HttpResponse::Ok().json(TaskListView { items, next_cursor: next.map(|id| id.to_string()) }))
}

/// What may change of a task.
fn terms(fields: &Fields<'_>) -> Option<Terms> {
    let day = ("须为 2025-09-01 这样的日期", "a date is written 2025-09-01");
    let title = fields.needed("title", fields.text("title"));
    let amount = amount(fields);
    let inspecting = fields.needed("inspecting_org_id", fields.id::<OrganisationId>("inspecting_org_id"));
    let lab = fields.needed("lab_id", fields.id::<LabId>("lab_id"));
    let starts_on = fields.needed("starts_on", fields.parsed::<Date>("starts_on", "bad_date", day));
    let ends_on = fields.needed("ends_on", fields.parsed::<Date>("ends_on", "bad_date", day));
    let note = fields.text("note");
    Some(Terms {
        title: title?,
        amount: amount?,
        inspecting: inspecting?,
        lab: lab?,
        period: (starts_on?, ends_on?),
        note,
    })
}

/// A task to give.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct TaskBody {
    /// The cell that it is given out of.
    #[schema(example = "0190b6c1-7e3a-7c11-9a5b-0123456789ab")]
    quota_id: String,
    /// The revision of the cell that was seen.
    revision: i64,
    /// A city or county of the cell's; the cell's when absent.
    #[schema(example = "330106")]
    region: Option<String>,
    #[schema(example = json!(null))]
    food_class: Option<String>,
    /// Analytes besides those of the cell.
    #[schema(default = json!([]), required = false)]
    panel: Vec<String>,
    #[schema(example = "西湖区三月叶菜例行监测")]
    title: String,
    #[schema(minimum = 1, example = 20)]
    samples: u32,
    #[schema(example = json!(null))]
    producers: Option<u32>,
    #[schema(example = "0190b6c1-0000-7000-8000-000000000001")]
    inspecting_org_id: String,
    #[schema(example = "0190b6c1-0000-7000-8000-000000000002")]
    lab_id: String,
    #[schema(example = "2026-03-01")]
    starts_on: String,
    #[schema(example = "2026-05-31")]
    ends_on: String,
    note: Option<String>,
}

pub(crate) struct NewTask(New);

impl FromFields for NewTask {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let quota = fields.needed("quota_id", fields.id::<QuotaId>("quota_id"));
        let (seen, region, panel) = (fields.revision(), region(fields), codes(fields, "panel"));
        let (food_class, terms) = (fields.text("food_class"), terms(fields));
        let panel = panel?.into_iter().collect();
        Some(Self(New { quota: quota?, seen: seen?, region, food_class, panel, terms: terms? }))
    }
}

/// Give a task.
///
/// Out of a cell, at most what the cell has free, in a city or a county, to an inspecting organisation and a laboratory. It carries
/// the cell's revision. The same request under the same `Idempotency-Key` gives the answer of the first time.
#[utoipa::path(operation_id = "task_add", tag = "planning", request_body = TaskBody, security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "a UUID, which becomes the UUID part of the task's id")),
    responses((status = 201, description = "given", body = TaskWholeView), NoRole, Stale, NotValid))]
#[post("/tasks")]
pub(crate) async fn task_add(
    state: web::Data<State>,
    request: HttpRequest,
    asked: Allowed<TaskAdd, Body<Keyed<NewTask>>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(body), .. } = asked;
    let (call, key) = (state.call(&person), body.key(&state, &request, "tasks")?);
    let NewTask(new) = body.given;
    let give = move |state: &State| {
        let answer = |given: &Given| answered(TaskWholeView::of(given, false));
        knowing(state, |known| tasks::add(&state.store, &call, (&new, &key), known, &answer))
    };
    Ok(HttpResponse::Created().json(state.run(give).await?))
}

fn task_id(path: &str) -> Result<TaskId, Failure> {
    path.parse().map_err(|_no_id| Failure::not_found())
}

/// See a task.
///
/// With how far it is and the visits that yielded no sample.
#[utoipa::path(operation_id = "task_fetch", tag = "planning", security(("bearer" = [])),
    params(("id" = String, Path, description = "the task's id")),
    responses((status = 200, description = "the task", body = TaskWholeView), Stranger, NotThere))]
#[get("/tasks/{id}")]
pub(crate) async fn task_fetch(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<TaskFetch>,
) -> Result<HttpResponse, Failure> {
    let (id, call) = (task_id(&path)?, state.call(&asked.person));
    let is_laboratory = call.actor.roles.iter().all(|role| role.is_laboratory());
    let given = state.run(move |state| tasks::fetch(&state.store, &call, id)).await?;
    Ok(HttpResponse::Ok().json(TaskWholeView::of(&given, is_laboratory)))
}

/// Other terms of a task.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct TaskChangeBody {
    /// The revision that was seen.
    revision: i64,
    #[schema(example = "西湖区三月叶菜例行监测")]
    title: String,
    #[schema(minimum = 1, example = 25)]
    samples: u32,
    #[schema(example = json!(null))]
    producers: Option<u32>,
    #[schema(example = "0190b6c1-0000-7000-8000-000000000001")]
    inspecting_org_id: String,
    #[schema(example = "0190b6c1-0000-7000-8000-000000000002")]
    lab_id: String,
    #[schema(example = "2026-03-01")]
    starts_on: String,
    #[schema(example = "2026-06-30")]
    ends_on: String,
    note: Option<String>,
}

pub(crate) struct TaskChanged {
    revision: i64,
    terms: Terms,
}

impl FromFields for TaskChanged {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let (revision, terms) = (fields.revision(), terms(fields));
        Some(Self { revision: revision?, terms: terms? })
    }
}

/// Change a task.
///
/// Title, amount, who takes and tests it, its days. What it is of never changes: another food or place is another task.
#[utoipa::path(operation_id = "task_change", tag = "planning", request_body = TaskChangeBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the task's id")),
    responses((status = 200, description = "changed", body = TaskWholeView), NoRole, NotThere, Stale, NotValid))]
#[put("/tasks/{id}")]
pub(crate) async fn task_change(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<TaskChange, Body<TaskChanged>>,
) -> Result<HttpResponse, Failure> {
    let id = task_id(&path)?;
    let Allowed { person, input: Body(TaskChanged { revision, terms }), .. } = asked;
    let call = state.call(&person);
    let given = state.run(move |state| tasks::change(&state.store, &call, (id, revision), &terms)).await?;
    Ok(HttpResponse::Ok().json(TaskWholeView::of(&given, false)))
}

/// Cancel a task.
///
/// What it has not taken goes back to its cell. The samples that it took stay its own.
#[utoipa::path(operation_id = "task_cancel", tag = "planning", request_body = ReasonBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the task's id")),
    responses((status = 200, description = "cancelled", body = TaskWholeView), NoRole, NotThere, Stale, NotValid))]
#[post("/tasks/{id}/cancellation")]
pub(crate) async fn task_cancel(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<TaskCancel, Body<ReasonBody>>,
) -> Result<HttpResponse, Failure> {
    let id = task_id(&path)?;
    let Allowed { person, input: Body(ReasonBody { revision, reason }), .. } = asked;
    let call = state.call(&person);
    let given = state.run(move |state| tasks::cancel(&state.store, &call, (id, revision), &reason)).await?;
    Ok(HttpResponse::Ok().json(TaskWholeView::of(&given, false)))
}

/// A visit that yielded no sample.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct OutcomeBody {
    /// `refused`, `nothing_to_take` or `closed`.
    #[schema(example = "closed")]
    kind: String,
    #[schema(example = "2026-03-12T02:00:00Z")]
    at: String,
    /// The county.
    #[schema(example = "330106")]
    region: String,
    /// Where.
    #[schema(example = "文三路 1 号")]
    place: String,
    /// Whom.
    #[schema(example = "演示副食品店")]
    unit: String,
    /// What shows it.
    #[schema(example = "卷帘门紧闭，张贴停业通知，照片 2 张")]
    evidence: String,
}

pub(crate) struct OutcomeGiven(Outcome);

impl FromFields for OutcomeGiven {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let kind = fields.needed("kind", fields.word::<OutcomeKind>("kind"));
        let instant = ("须为 RFC 3339 时间", "an instant is written by RFC 3339");
        let at = fields.needed("at", fields.parsed::<Timestamp>("at", "bad_instant", instant));
        let region = fields.needed("region", region(fields));
        let [place, unit, evidence] = ["place", "unit", "evidence"].map(|name| fields.needed(name, fields.text(name)));
        Some(Self(Outcome { kind: kind?, at: at?, region: region?, place: place?, unit: unit?, evidence: evidence? }))
    }
}

/// Record a visit without a sample.
///
/// The unit refused, there was nothing to take, or it was closed: with time, place and what shows it. It stands beside the samples
/// of the cell and fulfils nothing. The same request under the same `Idempotency-Key` gives the answer of the first time.
#[utoipa::path(operation_id = "task_outcome_add", tag = "planning", request_body = OutcomeBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the task's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "a UUID, which becomes the visit's id")),
    responses((status = 201, description = "recorded", body = TaskWholeView), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/tasks/{id}/outcomes")]
pub(crate) async fn task_outcome_add(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
    asked: Allowed<TaskOutcomeAdd, Body<Keyed<OutcomeGiven>>>,
) -> Result<HttpResponse, Failure> {
    let id = task_id(&path)?;
    let Allowed { person, input: Body(body), .. } = asked;
    let (call, key) = (state.call(&person), body.key(&state, &request, &format!("tasks/{id}/outcomes"))?);
    let OutcomeGiven(outcome) = body.given;
    let record = move |state: &State| {
        let answer = |given: &Given| answered(TaskWholeView::of(given, false));
        tasks::outcome_add((&state.store, &state.regions), &call, (id, &outcome), &key, &answer)
    };
    Ok(HttpResponse::Created().json(state.run(record).await?))
}
