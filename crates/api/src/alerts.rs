//! 预警.

use crate::State;
use crate::access::{AlertAcknowledge, AlertAssign, AlertClose, AlertFetch, AlertList, Allowed};
use crate::answers::{NoRole, NotThere, NotValid, WrongMoment};
use crate::body::{Body, Fields, FromFields, Query};
use crate::problem::Failure;
use crate::samples::{cursor, cursor_text, limit};
use crate::views::path_id;
use actix_web::{HttpResponse, get, post, web};
use hege_alerts::{AlertStatus, Happening, Rule};
use hege_app::Call;
use hege_app::alerts::{Act, AlertEvent, AlertRow, Filter, Life, act, fetch, list};
use hege_core::{PlanId, SampleId, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(alert_list)
        .service(alert_fetch)
        .service(alert_acknowledge)
        .service(alert_assign)
        .service(alert_close);
}

/// What alerts are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct AlertQuery {
    /// A plan's id; the current plan when absent.
    plan: Option<String>,
    /// `open`, `acknowledged`, `cleared`, `closed`, `withdrawn`.
    status: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100; 50 when absent.
    limit: Option<u8>,
}

pub(crate) struct Asked {
    filter: Filter,
    limit: u8,
}

impl FromFields for Asked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let filter = Filter {
            plan: fields.id::<PlanId>("plan"),
            status: fields.word::<AlertStatus>("status"),
            after: cursor(fields),
        };
        Some(Self { filter, limit: limit(fields) })
    }
}

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertView {
    /// Shard and UUID.
    #[schema(example = "3300-5f0c2c58-30ab-8b1c-9f60-1d1d8a3b2c1d")]
    pub id: String,
    /// `plan`, `early_warning`, `event`, `data`.
    pub kind: String,
    /// Code of the rule.
    #[schema(example = "below_target")]
    pub rule: String,
    /// Its name in Chinese.
    pub rule_zh: &'static str,
    /// Its name in English.
    pub rule_en: &'static str,
    /// The plan.
    pub plan: String,
    /// Version of the target.
    pub target_version: Option<i32>,
    /// 环节.
    pub stage: Option<&'static str>,
    /// Its scope.
    #[schema(example = "330000")]
    pub region: String,
    /// What it is about, where that is neither stage nor region.
    pub subject: String,
    /// `open`, `acknowledged`, `cleared`, `closed`, `withdrawn`.
    #[schema(example = "open")]
    pub status: String,
    /// `notice`, `significant`.
    #[schema(example = "notice")]
    pub grade: String,
    /// When what it tells of began, by the record.
    pub opened_at: String,
    /// When it was raised.
    pub raised_at: String,
    /// The figures, with their words in `zh` and `en`.
    #[schema(value_type = Object)]
    pub evidence: Value,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// When.
    pub acknowledged_at: Option<String>,
    /// What they noted.
    pub note: Option<String>,
    /// Who shall answer it.
    pub assigned_to: Option<String>,
    /// When it was told that nobody acknowledged it in time.
    pub unanswered_at: Option<String>,
    /// Who closed it, where a person did.
    pub closed_by: Option<String>,
    /// What they noted.
    pub closing_note: Option<String>,
    /// When it was over.
    pub ended_at: Option<String>,
    /// Why.
    #[schema(example = "recovered")]
    pub ended_why: Option<String>,
    /// To be sent back with a change.
    pub revision: i64,
}

impl From<&AlertRow> for AlertView {
    fn from(row: &AlertRow) -> Self {
        let rule = row.rule.parse::<Rule>();
        Self {
            id: format!("{:04}-{}", row.city, row.id.0),
            kind: row.kind.clone(),
            rule: row.rule.clone(),
            rule_zh: rule.map(Rule::zh).unwrap_or_default(),
            rule_en: rule.map(Rule::en).unwrap_or_default(),
            plan: row.plan_id.0.to_string(),
            target_version: row.target_version,
            stage: row.stage.map(|word| word.0.code()),
            region: format!("{:06}", row.region),
            subject: row.subject.clone(),
            status: row.status.clone(),
            grade: row.grade.clone(),
            opened_at: row.opened_at.0.to_string(),
            raised_at: row.raised_at.0.to_string(),
            evidence: row.evidence.0.clone(),
            acknowledged_by: row.acknowledged_by.map(|id| id.0.to_string()),
            acknowledged_at: row.acknowledged_at.map(|at| at.0.to_string()),
            note: row.note.clone(),
            assigned_to: row.assigned_to.map(|id| id.0.to_string()),
            unanswered_at: row.unanswered_at.map(|at| at.0.to_string()),
            closed_by: row.closed_by.map(|id| id.0.to_string()),
            closing_note: row.closing_note.clone(),
            ended_at: row.ended_at.map(|at| at.0.to_string()),
            ended_why: row.ended_why.clone(),
            revision: row.revision,
        }
    }
}

/// A page of alerts, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertListView {
    items: Vec<AlertView>,
    /// Null after the last page.
    next_cursor: Option<String>,
}

/// A step in an alert's life.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertEventView {
    seq: i32,
    #[schema(example = "raised")]
    kind: String,
    /// In Chinese.
    #[schema(example = "发出")]
    kind_zh: &'static str,
    /// In English.
    kind_en: &'static str,
    at: String,
    /// Null for the clock or a conclusion.
    person_id: Option<String>,
    /// 姓名.
    person_name: Option<String>,
    /// What the person noted.
    note: Option<String>,
    /// The figures, and what the alert became: its grade, and why it ended.
    #[schema(value_type = Object)]
    evidence: Value,
}

impl AlertEventView {
    fn of(row: &AlertEvent, life: &Life) -> Self {
        let kind = row.kind.parse::<Happening>();
        Self {
            seq: row.seq,
            kind: row.kind.clone(),
            kind_zh: kind.map(Happening::zh).unwrap_or_default(),
            kind_en: kind.map(Happening::en).unwrap_or_default(),
            at: row.at.0.to_string(),
            person_id: row.person_id.map(|id| id.0.to_string()),
            person_name: row.person_id.and_then(|id| life.names.get(&id).cloned()),
            note: row.evidence.0.get("note").and_then(Value::as_str).map(str::to_owned),
            evidence: row.evidence.0.clone(),
        }
    }
}

/// A mail about a step of an alert.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertMailView {
    /// The step.
    seq: i32,
    person_id: String,
    /// 姓名.
    person_name: Option<String>,
    /// `waiting`, `sent`, `failed`.
    #[schema(example = "sent")]
    state: String,
}

/// An alert with its steps, and to whom they were told.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertDetailView {
    #[serde(flatten)]
    alert: AlertView,
    events: Vec<AlertEventView>,
    mail: Vec<AlertMailView>,
}

impl From<&Life> for AlertDetailView {
    fn from(life: &Life) -> Self {
        let mail = life.mail.iter().map(|mail| AlertMailView {
            seq: mail.seq,
            person_id: mail.person_id.0.to_string(),
            person_name: life.names.get(&mail.person_id).cloned(),
            state: mail.state.clone(),
        });
        Self {
            alert: AlertView::from(&life.alert),
            events: life.events.iter().map(|event| AlertEventView::of(event, life)).collect(),
            mail: mail.collect(),
        }
    }
}

/// List alerts.
///
/// Those in the person's scope, the newest first, page by page.
#[utoipa::path(operation_id = "alert_list", tag = "alerts", params(AlertQuery), security(("bearer" = [])),
    responses((status = 200, description = "a page", body = AlertListView),
        NoRole, NotThere, NotValid))]
#[get("/alerts")]
pub(crate) async fn alert_list(
    state: web::Data<State>,
    asked: Allowed<AlertList, Query<Asked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(Asked { filter, limit }), .. } = asked;
    let page = state.run(move |state| list(&state.store, &person.scope, (&filter, limit))).await?;
    let next_cursor = page.next.map(cursor_text);
    Ok(HttpResponse::Ok().json(AlertListView { items: page.items.iter().map(AlertView::from).collect(), next_cursor }))
}

/// See an alert.
///
/// With everything that happened to it, who did it, and to whom it was told by mail.
#[utoipa::path(operation_id = "alert_fetch", tag = "alerts", security(("bearer" = [])),
    params(("id" = String, Path, description = "the alert's id")),
    responses((status = 200, description = "the alert", body = AlertDetailView),
        NoRole, NotThere))]
#[get("/alerts/{id}")]
pub(crate) async fn alert_fetch(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<AlertFetch>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let life = state.run(move |state| fetch(&state.store, &asked.person.scope, id)).await?;
    Ok(HttpResponse::Ok().json(AlertDetailView::from(&life)))
}

/// What a person says of an alert.
#[derive(ToSchema)]
pub(crate) struct NoteBody {
    /// The revision that was seen.
    revision: i64,
    #[schema(example = "已通知省农业农村厅核查")]
    note: String,
}

impl FromFields for NoteBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let note = fields.needed("note", fields.text("note"));
        Some(Self { revision: revision?, note: note? })
    }
}

/// Who shall answer an alert.
#[derive(ToSchema)]
pub(crate) struct AssignBody {
    /// The revision that was seen.
    revision: i64,
    /// A reviewer who sees the alert.
    #[schema(value_type = String)]
    person_id: UserId,
    #[schema(example = "请三日内核查")]
    note: Option<String>,
}

impl FromFields for AssignBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let person = fields.needed("person_id", fields.id("person_id"));
        let note = fields.text("note");
        Some(Self { revision: revision?, person_id: person?, note })
    }
}

async fn done(
    state: web::Data<State>,
    (call, id): (Call, SampleId),
    (what, NoteBody { revision, note }): (Act, NoteBody),
) -> Result<HttpResponse, Failure> {
    let alert = state.run(move |state| act(&state.store, &call, id, (revision, what, &note))).await?;
    Ok(HttpResponse::Ok().json(AlertView::from(&alert)))
}

/// Acknowledge an alert.
///
/// A named person takes note; reminders stop, the alert stays open.
#[utoipa::path(operation_id = "alert_acknowledge", tag = "alerts", request_body = NoteBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the alert's id")),
    responses((status = 200, description = "acknowledged", body = AlertView),
        NoRole, NotThere, WrongMoment, NotValid))]
#[post("/alerts/{id}/acknowledge")]
pub(crate) async fn alert_acknowledge(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<AlertAcknowledge, Body<NoteBody>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let call = state.call(&asked.person);
    done(state, (call, id), (Act::Acknowledge, asked.input.0)).await
}

/// Assign an alert.
///
/// Says which reviewer shall answer it, and tells them by mail. It stays open until it is acknowledged.
#[utoipa::path(operation_id = "alert_assign", tag = "alerts", request_body = AssignBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the alert's id")),
    responses((status = 200, description = "assigned", body = AlertView),
        NoRole, NotThere, WrongMoment, NotValid))]
#[post("/alerts/{id}/assign")]
pub(crate) async fn alert_assign(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<AlertAssign, Body<AssignBody>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let call = state.call(&asked.person);
    let AssignBody { revision, person_id, note } = asked.input.0;
    done(state, (call, id), (Act::Assign(person_id), NoteBody { revision, note: note.unwrap_or_default() })).await
}

/// Close an alert.
///
/// By a person, with a note. The same excursion is not raised again.
#[utoipa::path(operation_id = "alert_close", tag = "alerts", request_body = NoteBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the alert's id")),
    responses((status = 200, description = "closed", body = AlertView),
        NoRole, NotThere, WrongMoment, NotValid))]
#[post("/alerts/{id}/close")]
pub(crate) async fn alert_close(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<AlertClose, Body<NoteBody>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let call = state.call(&asked.person);
    done(state, (call, id), (Act::Close, asked.input.0)).await
}
