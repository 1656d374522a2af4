//! 机构、行政区划.

use crate::State;
use crate::access::{Allowed, OrganisationAdd, OrganisationChange, OrganisationList, RegionList};
use crate::answers::{NotThere, NotValid, OutOfReach, Stale, Stranger};
use crate::body::{Body, Fields, FromFields, Query};
use crate::problem::Failure;
use actix_web::{HttpResponse, get, post, put, web};
use hege_app::organisations::{self, Change};
use hege_app::reference::{OrganisationKind, Region};
use hege_core::region::RegionLevel;
use hege_core::{OrganisationId, RegionCode};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(organisation_list).service(organisation_add).service(organisation_change).service(region_list);
}

/// An organisation.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrganisationView {
    id: String,
    #[schema(example = "laboratory")]
    kind: String,
    #[schema(example = "演示检验中心")]
    name: String,
    region: String,
    active: bool,
    revision: i64,
}

impl OrganisationView {
    fn of(row: organisations::Organisation) -> Self {
        Self {
            id: row.id.0.to_string(),
            kind: row.kind,
            name: row.name,
            region: format!("{:06}", row.region),
            active: row.active,
            revision: row.revision,
        }
    }
}

/// Organisations.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrganisationListView {
    items: Vec<OrganisationView>,
}

/// A new organisation.
#[derive(ToSchema)]
pub(crate) struct OrganisationBody {
    #[schema(value_type = String, example = "inspecting")]
    kind: OrganisationKind,
    name: String,
    #[schema(value_type = String, example = "330100")]
    region: RegionCode,
}

impl FromFields for OrganisationBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let kind = fields.needed("kind", fields.word("kind"));
        let name = fields.needed("name", fields.text("name"));
        let words = ("须为六位行政区划代码", "a region code has six digits");
        let region = fields.needed("region", fields.parsed("region", "bad_region", words));
        Some(Self { kind: kind?, name: name?, region: region? })
    }
}

/// List organisations.
///
/// Departments, inspecting organisations and laboratories.
#[utoipa::path(operation_id = "organisation_list", tag = "administration", security(("bearer" = [])),
    responses((status = 200, description = "every organisation", body = OrganisationListView), Stranger))]
#[get("/organisations")]
pub(crate) async fn organisation_list(
    state: web::Data<State>,
    _asked: Allowed<OrganisationList>,
) -> Result<HttpResponse, Failure> {
    let organisations = state.run(|state| organisations::list(&state.store)).await?;
    let items = organisations.into_iter().map(OrganisationView::of).collect();
    Ok(HttpResponse::Ok().json(OrganisationListView { items }))
}

/// Found an organisation.
///
/// A department, an inspecting organisation or a laboratory.
#[utoipa::path(operation_id = "organisation_add", tag = "administration", request_body = OrganisationBody, security(("bearer" = [])),
    responses((status = 201, description = "founded", body = OrganisationView), OutOfReach, NotValid))]
#[post("/organisations")]
pub(crate) async fn organisation_add(
    state: web::Data<State>,
    asked: Allowed<OrganisationAdd, Body<OrganisationBody>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(OrganisationBody { kind, name, region }), .. } = asked;
    let (id, mark) = (state.new_id(), state.mark(Some(person.actor.user)));
    let row = state.run(move |state| organisations::found(&state.store, (kind, &name, region), (id, mark))).await?;
    Ok(HttpResponse::Created().json(OrganisationView::of(row)))
}

/// What may change of an organisation.
#[derive(ToSchema)]
pub(crate) struct OrganisationChangeBody {
    /// The revision that was seen.
    revision: i64,
    name: String,
    #[schema(value_type = String, example = "330100")]
    region: RegionCode,
    active: bool,
}

impl FromFields for OrganisationChangeBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let name = fields.needed("name", fields.text("name"));
        let words = ("须为六位行政区划代码", "a region code has six digits");
        let region = fields.needed("region", fields.parsed("region", "bad_region", words));
        let active = fields.needed("active", fields.flag("active"));
        Some(Self { revision: revision?, name: name?, region: region?, active: active? })
    }
}

/// Change an organisation.
///
/// Its name, its seat, and whether it takes part. What it is never changes.
#[utoipa::path(operation_id = "organisation_change", tag = "administration", request_body = OrganisationChangeBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the organisation's id")),
    responses((status = 200, description = "changed", body = OrganisationView), OutOfReach, NotThere, Stale, NotValid))]
#[put("/organisations/{id}")]
pub(crate) async fn organisation_change(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<OrganisationChange, Body<OrganisationChangeBody>>,
) -> Result<HttpResponse, Failure> {
    let id: OrganisationId = path.parse().map_err(|_no_id| Failure::not_found())?;
    let Allowed { person, input: Body(OrganisationChangeBody { revision, name, region, active }), .. } = asked;
    let mark = state.mark(Some(person.actor.user));
    let change = Change { name, region, active };
    let row = state.run(move |state| organisations::change(&state.store, id, (revision, &change), mark)).await?;
    Ok(HttpResponse::Ok().json(OrganisationView::of(row)))
}

/// A region with the days its code is good.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegionView {
    #[schema(example = "330106")]
    code: String,
    #[schema(example = "西湖区")]
    name: String,
    /// First day; null where it always was.
    valid_from: Option<String>,
    /// Last day; null while it is.
    valid_to: Option<String>,
}

/// Regions.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegionListView {
    items: Vec<RegionView>,
}

/// Which regions are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct RegionQuery {
    /// `province`, `city` or `county`.
    level: Option<String>,
    /// A region's subtree, the region itself included.
    within: Option<String>,
    /// Only codes in force on this day.
    on: Option<String>,
    /// Part of a name.
    q: Option<String>,
}

/// The level of a code.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Level(RegionLevel);

impl std::str::FromStr for Level {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "province" => Ok(Self(RegionLevel::Province)),
            "city" => Ok(Self(RegionLevel::City)),
            "county" => Ok(Self(RegionLevel::County)),
            _ => Err(()),
        }
    }
}

pub(crate) struct RegionsAsked {
    level: Option<Level>,
    within: Option<RegionCode>,
    on: Option<Date>,
    q: Option<String>,
}

impl FromFields for RegionsAsked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self {
            level: fields.word("level"),
            within: fields.parsed("within", "bad_region", ("须为六位行政区划代码", "a region code has six digits")),
            on: fields.parsed("on", "bad_date", ("须为 2025-09-01 这样的日期", "a date is written 2025-09-01")),
            q: fields.text("q"),
        })
    }
}

impl RegionsAsked {
    fn is_asked(&self, region: &Region) -> bool {
        self.level.is_none_or(|Level(level)| region.code.level() == level)
            && self.within.is_none_or(|within| within.contains(region.code))
            && self.on.is_none_or(|on| region.is_in_force(on))
            && self.q.as_ref().is_none_or(|q| region.name.contains(q))
    }
}

/// List regions.
///
/// GB/T 2260 codes with their validity, abolished ones included unless a day is named.
#[utoipa::path(operation_id = "region_list", tag = "administration", params(RegionQuery), security(("bearer" = [])),
    responses((status = 200, description = "the regions asked for, in the order of the codes", body = RegionListView), Stranger, NotValid))]
#[get("/regions")]
pub(crate) async fn region_list(
    state: web::Data<State>,
    asked: Allowed<RegionList, Query<RegionsAsked>>,
) -> Result<HttpResponse, Failure> {
    let Query(asked) = asked.input;
    let day = |day: Option<Date>| day.map(|day| day.to_string());
    let items = state.regions.iter().filter(|region| asked.is_asked(region)).map(|region| RegionView {
        code: region.code.to_string(),
        name: region.name.clone(),
        valid_from: day(region.valid_from),
        valid_to: day(region.valid_to),
    });
    Ok(HttpResponse::Ok().json(RegionListView { items: items.collect() }))
}
