//! 食品类别、检验项目、工作日历.

use crate::State;
use crate::access::{Allowed, AnalyteList, CalendarFetch, CalendarPut, FoodClassList};
use crate::answers::{NotThere, NotValid, OutOfReach, Stale, Stranger};
use crate::body::{Body, Fields, FromFields, Query};
use crate::problem::Failure;
use actix_web::{HttpResponse, get, put, web};
use hege_app::calendars;
use hege_app::reference::{CalendarDay, DayKind};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(food_class_list).service(analyte_list).service(calendar_fetch).service(calendar_put);
}

/// What is looked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct NameQuery {
    /// Part of a code or of any name; everything when absent.
    q: Option<String>,
}

pub(crate) struct Named(String);

impl FromFields for Named {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self(fields.text("q").unwrap_or_default()))
    }
}

/// A food class.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoodClassView {
    #[schema(example = "33.01.02.02")]
    code: String,
    /// The class above it; null at the top.
    parent: Option<String>,
    #[schema(example = "普通白菜")]
    zh: String,
    /// Every name that leads to it, folded: its own and the further ones.
    names: Vec<String>,
}

/// Food classes.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoodClassListView {
    items: Vec<FoodClassView>,
}

/// List food classes.
///
/// With their names, or those that have a text in code or name, in the order of the codes.
#[utoipa::path(operation_id = "food_class_list", tag = "administration", params(NameQuery), security(("bearer" = [])),
    responses((status = 200, description = "food classes", body = FoodClassListView), Stranger, NotValid))]
#[get("/food-classes")]
pub(crate) async fn food_class_list(
    state: web::Data<State>,
    asked: Allowed<FoodClassList, Query<Named>>,
) -> Result<HttpResponse, Failure> {
    let Query(Named(text)) = asked.input;
    let catalogue = state.run(|state| state.catalogues.get(&state.store)).await?;
    let foods = catalogue.foods();
    let items = foods.holding(&text).into_iter().map(|class| FoodClassView {
        code: class.code.clone(),
        parent: Some(class.parent.clone()).filter(|parent| !parent.is_empty()),
        zh: class.zh.clone(),
        names: foods.names_of(&class.code).map(str::to_owned).collect(),
    });
    Ok(HttpResponse::Ok().json(FoodClassListView { items: items.collect() }))
}

/// An analyte.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnalyteView {
    #[schema(example = "lead")]
    code: String,
    #[schema(example = "铅")]
    zh: String,
    en: String,
    /// Its use in food is forbidden: a finding alerts by itself.
    banned: bool,
    /// A finding alerts by itself, and it needs aseptic sampling.
    pathogen: bool,
    /// Every name that leads to it, folded: its own and the further ones.
    names: Vec<String>,
}

/// Analytes.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnalyteListView {
    items: Vec<AnalyteView>,
}

/// List analytes.
///
/// With their names, or those that have a text in code or name, in the order of the codes.
#[utoipa::path(operation_id = "analyte_list", tag = "administration", params(NameQuery), security(("bearer" = [])),
    responses((status = 200, description = "analytes", body = AnalyteListView), Stranger, NotValid))]
#[get("/analytes")]
pub(crate) async fn analyte_list(
    state: web::Data<State>,
    asked: Allowed<AnalyteList, Query<Named>>,
) -> Result<HttpResponse, Failure> {
    let Query(Named(text)) = asked.input;
    let catalogue = state.run(|state| state.catalogues.get(&state.store)).await?;
    let analytes = catalogue.analytes();
    let items = analytes.holding(&text).into_iter().map(|analyte| AnalyteView {
        code: analyte.code.clone(),
        zh: analyte.zh.clone(),
        en: analyte.en.clone(),
        banned: analyte.banned,
        pathogen: analyte.pathogen,
        names: analytes.names_of(&analyte.code).map(str::to_owned).collect(),
    });
    Ok(HttpResponse::Ok().json(AnalyteListView { items: items.collect() }))
}

/// The years of which a calendar can be asked.
const YEARS: (i64, i64) = (2000, 2100);

/// Of which year.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct YearQuery {
    year: i16,
}

pub(crate) struct Year(i16);

impl FromFields for Year {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let year = fields.needed("year", fields.within("year", YEARS));
        Some(Self(i16::try_from(year?).ok()?))
    }
}

/// A day that differs from Monday to Friday.
#[derive(Serialize, ToSchema)]
pub(crate) struct DayView {
    #[schema(example = "2026-02-28")]
    day: String,
    /// `holiday` or `workday`, a weekend day that is worked.
    #[schema(example = "workday")]
    kind: &'static str,
    /// The notice.
    source: String,
}

/// A year's calendar.
#[derive(Serialize, ToSchema)]
pub(crate) struct CalendarView {
    year: i16,
    /// False while nothing is known of the year: what falls due in it is undetermined.
    loaded: bool,
    /// To be sent back with a change; 0 for a year that nobody loaded yet.
    revision: i64,
    days: Vec<DayView>,
}

impl From<calendars::Year> for CalendarView {
    fn from(year: calendars::Year) -> Self {
        let day =
            |day: &CalendarDay| DayView { day: day.day.to_string(), kind: day.kind.code(), source: day.source.clone() };
        Self {
            year: year.year,
            loaded: !year.days.is_empty(),
            revision: year.revision,
            days: year.days.iter().map(day).collect(),
        }
    }
}

/// See a year's working days.
///
/// The days that differ from Monday to Friday.
#[utoipa::path(operation_id = "calendar_fetch", tag = "administration", params(YearQuery), security(("bearer" = [])),
    responses((status = 200, description = "the year, also when it is not loaded", body = CalendarView), Stranger, NotValid))]
#[get("/calendar")]
pub(crate) async fn calendar_fetch(
    state: web::Data<State>,
    asked: Allowed<CalendarFetch, Query<Year>>,
) -> Result<HttpResponse, Failure> {
    let Query(Year(year)) = asked.input;
    let year = state.run(move |state| calendars::fetch(&state.store, year)).await?;
    Ok(HttpResponse::Ok().json(CalendarView::from(year)))
}

/// A day to load.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into a day")]
pub(crate) struct DayBody {
    #[schema(example = "2027-01-01")]
    day: String,
    #[schema(example = "holiday")]
    kind: String,
    source: String,
}

struct Day(CalendarDay);

impl FromFields for Day {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let words = ("须为 2025-09-01 这样的日期", "a date is written 2025-09-01");
        let day = fields.needed("day", fields.parsed::<Date>("day", "bad_date", words));
        let kind = fields.needed("kind", fields.word::<DayKind>("kind"));
        let source = fields.needed("source", fields.text("source"));
        Some(Self(CalendarDay { day: day?, kind: kind?, source: source? }))
    }
}

/// A year's days, all of them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into days")]
pub(crate) struct CalendarBody {
    /// The revision that was seen; 0 for a year that nobody loaded yet.
    revision: i64,
    days: Vec<DayBody>,
}

pub(crate) struct Days {
    revision: i64,
    days: Vec<CalendarDay>,
}

impl FromFields for Days {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.needed("revision", fields.within("revision", (0, i64::from(i32::MAX))));
        let days = fields.needed("days", fields.objects::<Day>("days"));
        Some(Self { revision: revision?, days: days?.into_iter().map(|Day(day)| day).collect() })
    }
}

/// Load a year's working days.
///
/// By the State Council's notice, in the place of what is there: they must add up to the year's paid holidays.
#[utoipa::path(operation_id = "calendar_put", tag = "administration", request_body = CalendarBody, security(("bearer" = [])),
    params(("year" = i16, Path, description = "the year")),
    responses((status = 200, description = "loaded", body = CalendarView), OutOfReach, NotThere, Stale, NotValid))]
#[put("/calendar/{year}")]
pub(crate) async fn calendar_put(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<CalendarPut, Body<Days>>,
) -> Result<HttpResponse, Failure> {
    let year: Option<i16> = path.parse().ok();
    let year = year.filter(|year| (YEARS.0..=YEARS.1).contains(&i64::from(*year))).ok_or_else(Failure::not_found)?;
    let Allowed { person, input: Body(Days { revision, days }), .. } = asked;
    let mark = state.mark(Some(person.actor.user));
    let year = state.run(move |state| calendars::put(&state.store, year, (revision, &days), mark)).await?;
    Ok(HttpResponse::Ok().json(CalendarView::from(year)))
}
