//! 限量: the catalogue, what is added to it, and the acceptance of what is unverified.

use crate::State;
use crate::access::{Allowed, CriterionAccept, CriterionAdd, CriterionList};
use crate::answers::{NotThere, NotValid, OutOfReach, Stale, Stranger};
use crate::body::{Body, Fields, FromFields, Query};
use crate::problem::{Failure, FieldProblem};
use actix_web::{HttpResponse, get, post, web};
use hege_app::catalogue::criterion_json;
use hege_app::criteria::{CriterionRow, New, accept, add};
use hege_lab::catalogue::Row;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(criterion_list).service(criterion_add).service(criterion_accept);
}

/// What criteria are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct CriterionQuery {
    /// A food class, by code or name.
    food: String,
    /// An analyte, by code or name.
    analyte: String,
    /// Only what is in force on this date.
    on: Option<String>,
}

pub(crate) struct Asked {
    food: String,
    analyte: String,
    on: Option<Date>,
}

impl FromFields for Asked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let food = fields.needed("food", fields.text("food"));
        let analyte = fields.needed("analyte", fields.text("analyte"));
        let on = fields.parsed("on", "bad_date", ("须为 2025-09-01 这样的日期", "a date is written 2025-09-01"));
        Some(Self { food: food?, analyte: analyte?, on })
    }
}

/// A criterion with whether it may judge.
#[derive(Serialize, ToSchema)]
pub(crate) struct CriterionView {
    /// False while it is unverified and no administrator has accepted it: it judges nothing then.
    accepted: bool,
    /// Row, standard, clause, validity, kind and limits, in words too.
    #[schema(value_type = Object)]
    criterion: Value,
}

/// Criteria, those of the food's own class first, then of the classes above it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CriterionListView {
    items: Vec<CriterionView>,
}

/// List criteria.
///
/// Every edition for a food and an analyte, or those in force on a date.
#[utoipa::path(operation_id = "criterion_list", tag = "criteria", params(CriterionQuery), security(("bearer" = [])),
    responses((status = 200, description = "criteria", body = CriterionListView), Stranger, NotValid))]
#[get("/criteria")]
pub(crate) async fn criterion_list(
    state: web::Data<State>,
    asked: Allowed<CriterionList, Query<Asked>>,
) -> Result<HttpResponse, Failure> {
    let Query(Asked { food, analyte, on }) = asked.input;
    let catalogue = state.run(|state| state.catalogues.get(&state.store)).await?;
    let editions = catalogue.editions(&food, &analyte);
    let asked = editions.into_iter().filter(|edition| on.is_none_or(|on| edition.criterion.basis.in_force(on)));
    let items = asked
        .map(|edition| CriterionView { accepted: edition.accepted, criterion: criterion_json(&edition.criterion) });
    Ok(HttpResponse::Ok().json(CriterionListView { items: items.collect() }))
}

/// An acceptance.
#[derive(ToSchema)]
pub(crate) struct AcceptBody {
    /// The revision that was seen: 1 for a row that nobody accepted.
    revision: i64,
}

impl FromFields for AcceptBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self { revision: fields.revision()? })
    }
}

/// A row of the catalogue.
#[derive(Serialize, ToSchema)]
pub(crate) struct CriterionRowView {
    #[schema(example = "L019")]
    id: String,
    food_class: String,
    analyte: String,
    verified: bool,
    accepted_by: Option<String>,
    accepted_at: Option<String>,
    revision: i64,
    /// Its text fields.
    #[schema(value_type = Object)]
    row: Value,
}

impl From<CriterionRow> for CriterionRowView {
    fn from(row: CriterionRow) -> Self {
        Self {
            id: row.id,
            food_class: row.food_class,
            analyte: row.analyte,
            verified: row.verified,
            accepted_by: row.accepted_by.map(|id| id.0.to_string()),
            accepted_at: row.accepted_at.map(|at| at.0.to_string()),
            revision: row.revision,
            row: row.row.0,
        }
    }
}

/// Accept a criterion.
///
/// An administrator takes an unverified row for good: it judges from now on, on every server.
#[utoipa::path(operation_id = "criterion_accept", tag = "criteria", request_body = AcceptBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the row's id")),
    responses((status = 200, description = "accepted", body = CriterionRowView), OutOfReach, NotThere, Stale, NotValid))]
#[post("/criteria/{id}/acceptance")]
pub(crate) async fn criterion_accept(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<CriterionAccept, Body<AcceptBody>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(AcceptBody { revision }), .. } = asked;
    let (id, mark) = (path.into_inner(), state.mark(Some(person.actor.user)));
    let row = state.run(move |state| accept(&state.store, (&id, revision), mark)).await?;
    Ok(HttpResponse::Ok().json(CriterionRowView::from(row)))
}

/// The row that another succeeds.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct SupersedesBody {
    #[schema(example = "L019")]
    id: String,
    /// The revision that was seen.
    revision: i64,
}

struct Supersedes((String, i64));

impl FromFields for Supersedes {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let id = fields.needed("id", fields.text("id"));
        let revision = fields.revision();
        Some(Self((id?, revision?)))
    }
}

/// Rows to add, all or none.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into rows")]
pub(crate) struct CriteriaBody {
    /// The text fields of a row of the catalogue by name (`id`, `food_class`, `analyte`, `kind`, `limit`, `unit`, `standard`,
    /// `valid_from`, ...), and `supersedes` for the row that ends on the day before.
    #[schema(value_type = Vec<Object>, example = json!([{
        "id": "N001", "food_class": "33.01.02.02", "analyte": "lead", "kind": "max", "limit": "0.2", "unit": "mg/kg",
        "standard": "GB 2762-2025", "valid_from": "2026-09-02", "supersedes": {"id": "L019", "revision": 1}}]))]
    rows: Vec<SupersedesBody>,
}

struct NewRow(New);

/// What an adder does not say: whether a row may judge.
const UNSAID: [&str; 2] = ["verified", "unverified_why"];

impl FromFields for NewRow {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let said = Row::FIELDS.iter().filter(|name| !UNSAID.contains(name));
        let texts: Vec<(&str, String)> = said.map(|name| (*name, fields.text(name).unwrap_or_default())).collect();
        for name in ["id", "food_class", "analyte", "kind", "standard"] {
            fields.needed(name, texts.iter().find(|(known, text)| *known == name && !text.is_empty()));
        }
        let supersedes = fields.object::<Supersedes>("supersedes").map(|Supersedes(row)| row);
        let text = |name| texts.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text.as_str());
        Some(Self(New { row: Row::read(text), supersedes }))
    }
}

pub(crate) struct NewRows(Vec<New>);

impl FromFields for NewRows {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let rows = fields.needed("rows", fields.objects::<NewRow>("rows"))?;
        if rows.is_empty() {
            fields.problem("rows", "required", ("至少一行", "at least one row"));
        }
        Some(Self(rows.into_iter().map(|NewRow(new)| new).collect()))
    }
}

/// What was added.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedView {
    items: Vec<CriterionRowView>,
    /// Days on which nothing will be judged.
    warnings: Vec<FieldProblem>,
}

/// Add criteria.
///
/// Rows of a new edition, all or none. No limit is ever changed in place: a row that another succeeds ends on the day before. What
/// is added judges nothing until it is accepted.
#[utoipa::path(operation_id = "criterion_add", tag = "criteria", request_body = CriteriaBody, security(("bearer" = [])),
    responses((status = 201, description = "added", body = AddedView), OutOfReach, Stale, NotValid))]
#[post("/criteria")]
pub(crate) async fn criterion_add(
    state: web::Data<State>,
    asked: Allowed<CriterionAdd, Body<NewRows>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(NewRows(rows)), .. } = asked;
    let mark = state.mark(Some(person.actor.user));
    let (added, warnings) = state.run(move |state| add(&state.store, &rows, mark)).await?;
    Ok(HttpResponse::Created().json(AddedView {
        items: added.into_iter().map(CriterionRowView::from).collect(),
        warnings: warnings.iter().map(FieldProblem::from).collect(),
    }))
}
