//! What everybody may read without an account: bulletins, their feed, and whether a report is genuine. Caches and robots are
//! answered politely: each answer says when it changed and how long it holds, and what has not changed is 304.

use crate::State;
use crate::answers::{NotThere, NotValid};
use crate::body::{Fields, FromFields, Query};
use crate::problem::Failure;
use actix_web::http::header::{
    CacheControl, CacheDirective, ETag, EntityTag, Header as _, HttpDate, IfModifiedSince, IfNoneMatch, LastModified,
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use atom_syndication::{Entry, Feed, Link, Person, Text};
use hege_app::bulletins::{self, PublicCursor, PublicPage, Published, public_notes};
use hege_sampling::publication::BulletinState;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::hash::{DefaultHasher, Hasher as _};
use std::time::{Duration, SystemTime};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(public_bulletin_list).service(public_feed).service(public_bulletin_fetch).service(public_report);
}

/// How long an answer may be shown again without asking, in seconds: a note on what fell is seen within it.
const HOLDS: u32 = 60;
/// The kind of a feed.
const ATOM: &str = "application/atom+xml";
const JSON: &str = "application/json";

/// A note on a bulletin.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicNote {
    at: String,
    #[schema(example = "更正：第3批规格应为500g")]
    text: String,
}

/// A bulletin that was published.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicBulletinSummary {
    #[schema(example = "0190b6c1-7e3a-7c11-9a5b-0123456789ab")]
    id: String,
    #[schema(example = "食品安全监督抽检信息公告（2025年第1期）")]
    title: String,
    /// Who published it.
    organisation: String,
    /// `published`, or `withdrawn` when it was taken back.
    #[schema(example = "published")]
    state: &'static str,
    published_at: String,
    /// When something of it changed last.
    changed_at: String,
    /// How many samples it lists.
    samples: i64,
    /// Corrections, and why it was taken back.
    notes: Vec<PublicNote>,
}

impl From<&Published> for PublicBulletinSummary {
    fn from(published: &Published) -> Self {
        let row = &published.row;
        Self {
            id: row.id.0.to_string(),
            title: row.title.clone(),
            organisation: published.organisation.clone(),
            state: row.state.0.code(),
            published_at: row.published_at.map_or(published.changed_at, |at| at.0).to_string(),
            changed_at: published.changed_at.to_string(),
            samples: published.samples,
            notes: public_notes(row).into_iter().map(|(at, text)| PublicNote { at, text }).collect(),
        }
    }
}

/// A sample of a bulletin: the columns of the official lists.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicEntry {
    #[schema(value_type = Object)]
    content: Value,
    /// `reinspection`, `voided` or `objection_...` where its conclusion fell since.
    #[schema(example = json!(null))]
    note: Option<String>,
    noted_at: Option<String>,
}

/// A bulletin with what it lists.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicBulletinView {
    #[serde(flatten)]
    summary: PublicBulletinSummary,
    entries: Vec<PublicEntry>,
}

impl From<&Published> for PublicBulletinView {
    fn from(published: &Published) -> Self {
        let entry = |entry: &bulletins::BulletinEntry| PublicEntry {
            content: entry.content.0.clone(),
            note: entry.note.clone(),
            noted_at: entry.noted_at.map(|at| at.0.to_string()),
        };
        Self { summary: published.into(), entries: published.entries.iter().map(entry).collect() }
    }
}

/// A page of bulletins.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicListView {
    items: Vec<PublicBulletinSummary>,
    /// Null after the last page.
    next_cursor: Option<String>,
}

fn cursor_text(cursor: PublicCursor) -> String {
    format!("{}.{}", cursor.at.as_microsecond(), cursor.id.simple())
}

fn parse_cursor(text: &str) -> Option<PublicCursor> {
    let (at, id) = text.split_once('.')?;
    let at = Timestamp::from_microsecond(at.parse().ok().filter(|at| *at >= 0)?).ok()?;
    Some(PublicCursor { at, id: Uuid::try_parse(id).ok()? })
}

/// Which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct PublicQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100; 20 when absent.
    limit: Option<u8>,
}

pub(crate) struct PageAsked {
    after: Option<PublicCursor>,
    limit: u8,
}

impl FromFields for PageAsked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let cursor = fields.text("cursor");
        let after = cursor.as_deref().and_then(parse_cursor);
        if cursor.is_some() && after.is_none() {
            fields.problem("cursor", "bad_cursor", ("不是有效的游标", "not a cursor of this list"));
        }
        let limit = fields.within("limit", (1, 100)).unwrap_or(20);
        Some(Self { after, limit: u8::try_from(limit).ok()? })
    }
}

/// Answers with a text, or that it has not changed since the client has it.
fn polite(request: &HttpRequest, (kind, text): (&'static str, String), changed_at: Option<Timestamp>) -> HttpResponse {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    // Weak: it goes compressed or not.
    let tag = EntityTag::new_weak(format!("{:016x}", hasher.finish()));
    let changed = changed_at.and_then(|at| u64::try_from(at.as_second()).ok());
    let changed = changed.map(|second| SystemTime::UNIX_EPOCH + Duration::from_secs(second));
    let is_known = is_known(request, &tag, changed);
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header(ETag(tag));
    answer.insert_header(CacheControl(vec![CacheDirective::Public, CacheDirective::MaxAge(HOLDS)]));
    if let Some(changed) = changed {
        answer.insert_header(LastModified(HttpDate::from(changed)));
    }
    if is_known { answer.finish() } else { answer.content_type(kind).body(text) }
}

/// Whether the client has it already. Its tag decides, and the time only where it sends none (RFC 9110, 13.2.2).
fn is_known(request: &HttpRequest, tag: &EntityTag, changed: Option<SystemTime>) -> bool {
    use actix_web::http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
    if request.headers().contains_key(IF_NONE_MATCH) {
        return match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
            Err(_) => false,
        };
    }
    let since = request.headers().contains_key(IF_MODIFIED_SINCE).then(|| IfModifiedSince::parse(request).ok());
    let since = since.flatten().map(|IfModifiedSince(since)| SystemTime::from(since));
    since.zip(changed).is_some_and(|(since, changed)| changed <= since)
}

fn json<T: Serialize>(value: &T) -> Result<(&'static str, String), Failure> {
    let text = serde_json::to_string(value).map_err(|_not_json| Failure::internal())?;
    Ok((JSON, text))
}

/// List public bulletins.
///
/// The newest first. Without an account.
#[utoipa::path(operation_id = "public_bulletin_list", tag = "public", params(PublicQuery),
    responses((status = 200, description = "a page", body = PublicListView), (status = 304, description = "not changed"), NotValid))]
#[get("/public/bulletins")]
pub(crate) async fn public_bulletin_list(
    state: web::Data<State>,
    request: HttpRequest,
    asked: Query<PageAsked>,
) -> Result<HttpResponse, Failure> {
    let Query(PageAsked { after, limit }) = asked;
    let page = state.run(move |state| bulletins::bulletins(&state.store, after, limit)).await?;
    let view =
        PublicListView { items: page.items.iter().map(Into::into).collect(), next_cursor: page.next.map(cursor_text) };
    Ok(polite(&request, json(&view)?, page.items.iter().map(|item| item.changed_at).max()))
}

/// Read a public bulletin.
///
/// The columns of the official lists: who was sampled, who is named as its producer, what it is, and for each failing item result,
/// limit and unit, with both results where it was re-inspected. Nothing personal, and nothing of risk monitoring. A sample whose
/// conclusion fell carries its note at once; a bulletin that was taken back lists nothing.
#[utoipa::path(operation_id = "public_bulletin_fetch", tag = "public",
    params(("id" = String, Path, description = "the bulletin's id")),
    responses((status = 200, description = "the bulletin", body = PublicBulletinView), (status = 304, description = "not changed"), NotThere))]
#[get("/public/bulletins/{id}")]
pub(crate) async fn public_bulletin_fetch(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let id = Uuid::try_parse(&path).map_err(|_no_id| Failure::not_found())?;
    let published = state.run(move |state| bulletins::bulletin(&state.store, id)).await?;
    Ok(polite(&request, json(&PublicBulletinView::from(&published))?, Some(published.changed_at)))
}

/// Follow public bulletins.
///
/// An Atom feed (RFC 4287) of the twenty newest.
#[utoipa::path(operation_id = "public_feed", tag = "public",
    responses((status = 200, description = "the feed", body = String, content_type = "application/atom+xml"), (status = 304, description = "not changed")))]
#[get("/public/bulletins/feed")]
pub(crate) async fn public_feed(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let page = state.run(|state| bulletins::bulletins(&state.store, None, 20)).await?;
    let changed_at = page.items.iter().map(|item| item.changed_at).max();
    let origin = state.edge.settings.public_origin.clone().unwrap_or_default();
    let feed = feed(&page, (&origin, changed_at.unwrap_or(Timestamp::UNIX_EPOCH)));
    Ok(polite(&request, (ATOM, feed.to_string()), changed_at))
}

fn feed(page: &PublicPage, (origin, changed_at): (&str, Timestamp)) -> Feed {
    let at = |at: Timestamp| at.to_string().parse().unwrap_or_default();
    let link = |href: String, rel: &str| Link { href, rel: rel.to_owned(), ..Link::default() };
    let entry = |published: &Published| {
        let id = published.row.id.0;
        let is_withdrawn = published.row.state.0 == BulletinState::Withdrawn;
        let title =
            if is_withdrawn { format!("（已撤回）{}", published.row.title) } else { published.row.title.clone() };
        Entry {
            title: Text::plain(title),
            id: format!("urn:uuid:{id}"),
            updated: at(published.changed_at),
            published: published.row.published_at.map(|published| at(published.0)),
            authors: vec![Person { name: published.organisation.clone(), ..Person::default() }],
            links: vec![link(format!("{origin}/api/v1/public/bulletins/{id}"), "alternate")],
            ..Entry::default()
        }
    };
    Feed {
        title: Text::plain("食品安全抽检信息公示"),
        id: "urn:hege:bulletins".to_owned(),
        updated: at(changed_at),
        links: vec![link(format!("{origin}/api/v1/public/bulletins/feed"), "self")],
        entries: page.items.iter().map(entry).collect(),
        ..Feed::default()
    }
}

/// Whether a report is genuine.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportCheck {
    /// `genuine`, `superseded` or `withdrawn`.
    #[schema(example = "genuine")]
    state: &'static str,
    #[schema(example = "报告真实有效")]
    zh: &'static str,
    #[schema(example = "genuine, and in force")]
    en: &'static str,
    /// The bulletin that lists its sample, once there is one; before it nothing is told of the result.
    #[schema(example = json!(null))]
    bulletin_id: Option<String>,
}

/// Check a report.
///
/// By the token that stands on it: genuine and in force, genuine with another conclusion by now, or withdrawn, and no more.
#[utoipa::path(operation_id = "public_report", tag = "public",
    params(("token" = String, Path, description = "the report's token")),
    responses((status = 200, description = "what it is", body = ReportCheck), (status = 304, description = "not changed"), NotThere))]
#[get("/public/reports/{token}")]
pub(crate) async fn public_report(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let token = path.into_inner();
    let (checked, bulletin) = state.run(move |state| bulletins::report(&state.store, &state.data_key, &token)).await?;
    let view = ReportCheck {
        state: checked.code(),
        zh: checked.zh(),
        en: checked.en(),
        bulletin_id: bulletin.map(|id| id.to_string()),
    };
    Ok(polite(&request, json(&view)?, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_is_one() {
        let text = "1750000000000000.0190b6c17e3a7c119a5b0123456789ab";
        assert_eq!(parse_cursor(text).map(cursor_text).as_deref(), Some(text));
        for wrong in ["", "1", "1.2", "-1.0190b6c17e3a7c119a5b0123456789ab"] {
            assert_eq!(parse_cursor(wrong), None, "{wrong}");
        }
    }
}
