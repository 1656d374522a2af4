//! 公示 for those who work on it: drafted, reviewed, published, corrected, taken back.

use crate::State;
use crate::access::{
    Allowed, BulletinCorrect, BulletinDraft, BulletinFetch, BulletinList, BulletinPublish, BulletinReview,
    BulletinWithdraw,
};
use crate::after_verdict::{Revision, RevisionBody};
use crate::answers::{NoRole, NotThere, NotValid, WrongMoment};
use crate::body::{Body, Fields, FromFields, Query};
use crate::custody::ReasonBody;
use crate::problem::Failure;
use actix_web::{HttpResponse, get, post, web};
use hege_app::Call;
use hege_app::bulletins::{self, BulletinEntry, BulletinRow, Draft, Seen};
use hege_core::SampleId;
use hege_sampling::publication::{Act, BulletinState};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(bulletin_draft)
        .service(bulletin_list)
        .service(bulletin_fetch)
        .service(bulletin_review)
        .service(bulletin_publish)
        .service(bulletin_correct)
        .service(bulletin_withdraw);
}

/// A bulletin in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulletinSummary {
    #[schema(example = "0190b6c1-7e3a-7c11-9a5b-0123456789ab")]
    id: String,
    #[schema(example = "食品安全监督抽检信息公告（2025年第1期）")]
    title: String,
    organisation_id: String,
    /// The smallest region that holds every sample listed.
    #[schema(example = "330100")]
    region: String,
    /// `draft`, `reviewed`, `published`, `withdrawn`.
    #[schema(example = "draft")]
    state: &'static str,
    /// Why it does not wait for service, objection and re-inspection.
    #[schema(example = json!(null))]
    emergency: Option<String>,
    drafted_by: String,
    drafted_at: String,
    reviewed_by: Option<String>,
    published_at: Option<String>,
    withdrawn_at: Option<String>,
    /// `{at, by, text}` each.
    #[schema(value_type = Vec<Object>)]
    notes: Value,
    /// To be sent back with a change.
    revision: i64,
}

impl From<&BulletinRow> for BulletinSummary {
    fn from(row: &BulletinRow) -> Self {
        Self {
            id: row.id.0.to_string(),
            title: row.title.clone(),
            organisation_id: row.organisation_id.0.to_string(),
            region: format!("{:06}", row.region),
            state: row.state.0.code(),
            emergency: row.emergency.clone(),
            drafted_by: row.drafted_by.0.to_string(),
            drafted_at: row.drafted_at.0.to_string(),
            reviewed_by: row.reviewed_by.map(|by| by.0.to_string()),
            published_at: row.published_at.map(|at| at.0.to_string()),
            withdrawn_at: row.withdrawn_at.map(|at| at.0.to_string()),
            notes: row.notes.0.clone(),
            revision: row.revision,
        }
    }
}

/// What a bulletin says of a sample.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryView {
    #[schema(example = "3301-0190b6c1-7e3a-7c11-9a5b-0123456789ab")]
    sample_id: String,
    /// What is public of it.
    #[schema(value_type = Object)]
    content: Value,
    /// `reinspection`, `voided` or `objection_...` where its conclusion fell since.
    #[schema(example = json!(null))]
    note: Option<String>,
    noted_at: Option<String>,
}

impl From<&BulletinEntry> for EntryView {
    fn from(entry: &BulletinEntry) -> Self {
        Self {
            sample_id: format!("{:04}-{}", entry.city, entry.sample_id.0),
            content: entry.content.0.clone(),
            note: entry.note.clone(),
            noted_at: entry.noted_at.map(|at| at.0.to_string()),
        }
    }
}

/// A bulletin with what it lists.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulletinView {
    #[serde(flatten)]
    summary: BulletinSummary,
    entries: Vec<EntryView>,
}

impl From<&Seen> for BulletinView {
    fn from(seen: &Seen) -> Self {
        Self { summary: (&seen.row).into(), entries: seen.entries.iter().map(Into::into).collect() }
    }
}

/// A draft.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct DraftBody {
    /// Made by the client: the same draft sent twice is one.
    #[schema(example = "0190b6c1-7e3a-7c11-9a5b-0123456789ab")]
    id: String,
    #[schema(example = "食品安全监督抽检信息公告（2025年第1期）")]
    title: String,
    /// Why failing samples do not wait for service, objection and re-inspection.
    #[schema(example = json!(null))]
    emergency: Option<String>,
    /// Ids of 1 to 200 samples, in order.
    #[schema(example = json!(["3301-0190b6c1-7e3a-7c11-9a5b-0123456789ab"]))]
    samples: Vec<String>,
}

impl FromFields for Draft {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let id = fields.needed("id", fields.id::<Uuid>("id"));
        let title = fields.needed("title", fields.text("title"));
        let emergency = fields.text("emergency");
        let words = ("不是有效的编号", "not an id");
        let samples = fields.needed("samples", fields.parsed_list::<SampleId>("samples", "bad_id", words));
        Some(Self { id: id?, title: title?, emergency, samples: samples? })
    }
}

/// Draft a bulletin.
///
/// From concluded samples that the person's department organised. A failing one is listed when it was served with proof, the time to
/// object and to apply is over and nothing is open, or in an emergency; risk monitoring never. What speaks against a sample is
/// told at `/samples/{index}`, of all at once. Conforming samples are listed without values.
#[utoipa::path(operation_id = "bulletin_draft", tag = "publication", request_body = DraftBody, security(("bearer" = [])),
    responses((status = 200, description = "drafted", body = BulletinView), NoRole, WrongMoment, NotValid))]
#[post("/bulletins")]
pub(crate) async fn bulletin_draft(
    state: web::Data<State>,
    asked: Allowed<BulletinDraft, Body<Draft>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(draft), .. } = asked;
    let call = state.call(&person);
    let seen = state.run(move |state| bulletins::draft(&state.store, &call, &draft)).await?;
    Ok(HttpResponse::Ok().json(BulletinView::from(&seen)))
}

/// Bulletins of the person's region.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulletinListView {
    items: Vec<BulletinSummary>,
}

/// Which bulletins one asks for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct BulletinQuery {
    /// `draft`, `reviewed`, `published`, `withdrawn`.
    status: Option<String>,
}

pub(crate) struct ListAsked(Option<BulletinState>);

impl FromFields for ListAsked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self(fields.word::<BulletinState>("status")))
    }
}

/// List bulletins.
///
/// The newest drafts first, at most 200, of those whose samples all lie in the person's region and stages.
#[utoipa::path(operation_id = "bulletin_list", tag = "publication", params(BulletinQuery), security(("bearer" = [])),
    responses((status = 200, description = "bulletins", body = BulletinListView), NoRole, NotValid))]
#[get("/bulletins")]
pub(crate) async fn bulletin_list(
    state: web::Data<State>,
    asked: Allowed<BulletinList, Query<ListAsked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(ListAsked(status)), .. } = asked;
    let call = state.call(&person);
    let rows = state.run(move |state| bulletins::list(&state.store, &call, status)).await?;
    Ok(HttpResponse::Ok().json(BulletinListView { items: rows.iter().map(Into::into).collect() }))
}

fn path_uuid(text: &str) -> Result<Uuid, Failure> {
    Uuid::try_parse(text).map_err(|_no_id| Failure::not_found())
}

/// See a bulletin.
///
/// With what it says of each sample.
#[utoipa::path(operation_id = "bulletin_fetch", tag = "publication", security(("bearer" = [])),
    params(("id" = String, Path, description = "the bulletin's id")),
    responses((status = 200, description = "the bulletin", body = BulletinView), NoRole, NotThere))]
#[get("/bulletins/{id}")]
pub(crate) async fn bulletin_fetch(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<BulletinFetch>,
) -> Result<HttpResponse, Failure> {
    let (id, call) = (path_uuid(&path)?, state.call(&asked.person));
    let seen = state.run(move |state| bulletins::fetch(&state.store, &call, id)).await?;
    Ok(HttpResponse::Ok().json(BulletinView::from(&seen)))
}

async fn act(
    state: &web::Data<State>,
    call: Call,
    id: Uuid,
    (revision, act, note): (i64, Act, Option<String>),
) -> Result<HttpResponse, Failure> {
    let seen =
        state.run(move |state| bulletins::act(&state.store, &call, id, (revision, act, note.as_deref()))).await?;
    Ok(HttpResponse::Ok().json(BulletinView::from(&seen)))
}

/// Find a draft right.
///
/// By another person than who drafted it, publisher or reviewer. Its samples have to stand as they were drafted (409
/// `changed_since_draft`).
#[utoipa::path(operation_id = "bulletin_review", tag = "publication", request_body = RevisionBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the bulletin's id")),
    responses((status = 200, description = "reviewed", body = BulletinView), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/bulletins/{id}/review")]
pub(crate) async fn bulletin_review(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<BulletinReview, Body<Revision>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(Revision(revision)), .. } = asked;
    act(&state, state.call(&person), path_uuid(&path)?, (revision, Act::Review, None)).await
}

/// Publish.
///
/// What was reviewed, if its samples stand as they were drafted. From then on everybody reads it.
#[utoipa::path(operation_id = "bulletin_publish", tag = "publication", request_body = RevisionBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the bulletin's id")),
    responses((status = 200, description = "published", body = BulletinView), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/bulletins/{id}/publication")]
pub(crate) async fn bulletin_publish(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<BulletinPublish, Body<Revision>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(Revision(revision)), .. } = asked;
    act(&state, state.call(&person), path_uuid(&path)?, (revision, Act::Publish, None)).await
}

/// Correct what is public.
///
/// By a note that stands beside it: `reason` is public.
#[utoipa::path(operation_id = "bulletin_correct", tag = "publication", request_body = ReasonBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the bulletin's id")),
    responses((status = 200, description = "noted", body = BulletinView), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/bulletins/{id}/correction")]
pub(crate) async fn bulletin_correct(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<BulletinCorrect, Body<ReasonBody>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(ReasonBody { revision, reason }), .. } = asked;
    act(&state, state.call(&person), path_uuid(&path)?, (revision, Act::Correct, Some(reason))).await
}

/// Take a bulletin back.
///
/// A draft, or what is public: its page stays with the note, `reason`, and lists nothing any more.
#[utoipa::path(operation_id = "bulletin_withdraw", tag = "publication", request_body = ReasonBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the bulletin's id")),
    responses((status = 200, description = "taken back", body = BulletinView), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/bulletins/{id}/withdrawal")]
pub(crate) async fn bulletin_withdraw(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<BulletinWithdraw, Body<ReasonBody>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(ReasonBody { revision, reason }), .. } = asked;
    act(&state, state.call(&person), path_uuid(&path)?, (revision, Act::Withdraw, Some(reason))).await
}
