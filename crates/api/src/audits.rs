//! 审计.

use crate::State;
use crate::access::{Allowed, AuditHeads, AuditList};
use crate::answers::{NotThere, NotValid, OutOfReach};
use crate::body::{Fields, FromFields, Query};
use crate::problem::Failure;
use crate::samples::{cursor, cursor_text, limit};
use actix_web::{HttpResponse, get, web};
use hege_app::audits::{AuditRow, Head, Search, heads, list};
use hege_app::samples::Cursor;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(audit_list).service(audit_head);
}

/// What of the record is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct AuditQuery {
    /// A city's four digits, or `3300` for what belongs to the province as a whole; everything that the person sees when absent.
    city: Option<String>,
    /// Who did it.
    person: Option<String>,
    /// A table whose rows were touched: `sample`, `item`, `person`, `target`, ...
    table: Option<String>,
    /// One row's key, as a row of the record names it; only together with `table`.
    row: Option<String>,
    /// The first instant, RFC 3339.
    from: Option<String>,
    /// The last one.
    to: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100; 50 when absent.
    limit: Option<u8>,
}

pub(crate) struct Asked {
    search: Search,
    limit: u8,
}

fn instant(fields: &Fields<'_>, name: &'static str) -> Option<Timestamp> {
    let words = ("须为 RFC 3339 时间", "an instant is written by RFC 3339");
    let instant = fields.parsed::<Timestamp>(name, "bad_instant", words);
    if instant.is_some_and(|instant| instant < Timestamp::UNIX_EPOCH) {
        fields.problem(name, "too_early", ("早于 1970 年", "before the year 1970"));
    }
    instant
}

impl FromFields for Asked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let (table, row) = (fields.text("table"), fields.text("row"));
        if table.is_none() && row.is_some() {
            fields.problem("table", "required", ("须同时指定表", "the row's table is needed too"));
        }
        let search = Search {
            city: fields.parsed("city", "bad_region", ("须为四位代码", "a city has four digits")),
            person: fields.id("person"),
            touched: table.map(|table| (table, row)),
            from: instant(fields, "from"),
            to: instant(fields, "to"),
            after: cursor(fields).map(|cursor| (cursor.at, cursor.id)),
        };
        Some(Self { search, limit: limit(fields) })
    }
}

/// A row that was touched.
#[derive(Serialize, ToSchema)]
pub(crate) struct TouchedView {
    #[schema(example = "sample")]
    table: String,
    key: String,
    /// SHA-256 of its new state, hexadecimal.
    hash: String,
    revision: i64,
}

/// A row of the record.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditView {
    #[schema(example = "3301")]
    city: String,
    id: String,
    at: String,
    /// Null for the clock and the command line.
    person_id: Option<String>,
    #[schema(example = "approved")]
    action: String,
    rows: Vec<TouchedView>,
    /// Reason, old and new where they are told.
    #[schema(value_type = Object)]
    detail: Value,
    /// The link of the chain that holds it; null while it is in none yet.
    seal: Option<i64>,
}

fn touched(row: &Value) -> TouchedView {
    let text = |index: usize| row.get(index).and_then(Value::as_str).unwrap_or_default().to_owned();
    let revision = row.get(3).and_then(Value::as_i64).unwrap_or_default();
    TouchedView { table: text(0), key: text(1), hash: text(2), revision }
}

impl From<&AuditRow> for AuditView {
    fn from(row: &AuditRow) -> Self {
        Self {
            city: format!("{:04}", row.city),
            id: row.id.0.to_string(),
            at: row.at.0.to_string(),
            person_id: row.person_id.map(|id| id.0.to_string()),
            action: row.action.clone(),
            rows: row.rows.0.as_array().map(|rows| rows.iter().map(touched).collect()).unwrap_or_default(),
            detail: row.detail.0.clone(),
            seal: row.seal,
        }
    }
}

/// A page of the record.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditListView {
    items: Vec<AuditView>,
    /// Null after the last page.
    next_cursor: Option<String>,
}

/// Read the record.
///
/// The newest first, with the hash of each row that was touched. For those who see a whole city with every stage.
#[utoipa::path(operation_id = "audit_list", tag = "administration", params(AuditQuery), security(("bearer" = [])),
    responses((status = 200, description = "a page of the record", body = AuditListView), OutOfReach, NotThere, NotValid))]
#[get("/audit")]
pub(crate) async fn audit_list(
    state: web::Data<State>,
    asked: Allowed<AuditList, Query<Asked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(Asked { search, limit }), .. } = asked;
    let page = state.run(move |state| list(&state.store, &person.scope, (&search, limit))).await?;
    let next_cursor = page.next.map(|(at, id)| cursor_text(Cursor { at, id }));
    Ok(HttpResponse::Ok().json(AuditListView { items: page.items.iter().map(AuditView::from).collect(), next_cursor }))
}

/// The end of a chain.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeadView {
    #[schema(example = "3301")]
    city: String,
    /// The number of its last link; 0 where nothing is sealed yet.
    seq: i64,
    /// SHA-256 of the last link, hexadecimal; null where nothing is sealed yet.
    hash: Option<String>,
    /// When it was sealed.
    at: Option<String>,
    /// Rows that are in no link yet.
    unsealed: i64,
}

impl From<Head> for HeadView {
    fn from(head: Head) -> Self {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Self {
            city: head.city.to_string(),
            seq: head.last.as_ref().map_or(0, |seal| seal.seq),
            hash: head.last.as_ref().map(|seal| hex(&seal.hash)),
            at: head.last.map(|seal| seal.at.0.to_string()),
            unsealed: head.unsealed,
        }
    }
}

/// The ends of the chains.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeadListView {
    items: Vec<HeadView>,
}

/// See the heads of the chains.
///
/// Printed and kept where nobody of the system can change them, they show later whether a chain was written anew.
#[utoipa::path(operation_id = "audit_heads", tag = "administration", security(("bearer" = [])),
    responses((status = 200, description = "one for each shard that the person sees", body = HeadListView), OutOfReach))]
#[get("/audit/head")]
pub(crate) async fn audit_head(state: web::Data<State>, asked: Allowed<AuditHeads>) -> Result<HttpResponse, Failure> {
    let heads = state.run(move |state| heads(&state.store, &asked.person.scope)).await?;
    Ok(HttpResponse::Ok().json(HeadListView { items: heads.into_iter().map(HeadView::from).collect() }))
}
