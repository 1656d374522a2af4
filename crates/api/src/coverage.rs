//! 覆盖: how far a plan is, and what is to be expected of it.

use crate::State;
use crate::access::{Allowed, PlanCoverage};
use crate::answers::{NoRole, NotThere, NotValid};
use crate::body::{Fields, FromFields, Query};
use crate::problem::Failure;
use crate::quotas::region;
use actix_web::{HttpResponse, get, web};
use hege_app::coverage::{Asked, Coverage, Group, GroupBy, coverage};
use hege_core::{PlanId, RegionCode, Stage};
use hege_sampling::forecast::METHOD;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(plan_coverage);
}

/// Visits that yielded no sample, by why.
#[derive(Serialize, ToSchema)]
pub(crate) struct VisitsView {
    /// 企业拒检.
    refused: u64,
    /// 未抽到样品.
    nothing_to_take: u64,
    /// 关闭或停业.
    closed: u64,
}

/// What is to be expected of a quota.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForecastView {
    /// `met`, `on_course`, `uncertain`, `behind`, `too_early`, `unmet` (the year is over) or `no_quota`.
    #[schema(example = "on_course")]
    outlook: &'static str,
    zh: &'static str,
    en: &'static str,
    /// Days of the year after today.
    days_left: u16,
    /// The lower projection to 31 December; null where nothing is projected.
    projected_low: Option<u64>,
    projected_high: Option<u64>,
    /// Samples a week that would still meet it; null where nothing is missing or no day is left.
    needed_a_week: Option<u64>,
}

/// Cells of a plan, told together.
#[derive(Serialize, ToSchema)]
pub(crate) struct CoverageView {
    /// What the cells have in common; empty where they leave it open, and for all together.
    #[schema(example = "330100")]
    key: String,
    /// Samples that are wanted.
    #[schema(example = 1700)]
    wanted: u64,
    /// Samples that tasks are to take.
    planned: u64,
    /// Wanted, and given to no task yet.
    unplanned: u64,
    /// Taken, without those that were lost.
    taken: u64,
    /// Refused by a laboratory or voided: to be taken again.
    lost: u64,
    /// Of `taken`, received by a laboratory.
    received: u64,
    /// Of `received`, with a report.
    concluded: u64,
    without_sample: VisitsView,
    /// Still missing. What is over in one cell fills no other.
    shortfall: u64,
    /// Distinct producers that are wanted; null where none are.
    producers_wanted: Option<u64>,
    /// Distinct producers as the forms name them.
    producers: Option<u64>,
    forecast: ForecastView,
}

impl From<&Group> for CoverageView {
    fn from(group: &Group) -> Self {
        let (figures, counted, forecast) = (&group.figures, &group.figures.counted, &group.forecast);
        Self {
            key: group.key.clone(),
            wanted: figures.wanted,
            planned: counted.planned,
            unplanned: figures.unplanned,
            taken: counted.taken,
            lost: counted.lost,
            received: counted.received,
            concluded: counted.concluded,
            without_sample: VisitsView {
                refused: counted.refused,
                nothing_to_take: counted.nothing_to_take,
                closed: counted.closed,
            },
            shortfall: figures.shortfall,
            producers_wanted: group.producers.map(|(wanted, _)| wanted),
            producers: group.producers.map(|(_, found)| found),
            forecast: ForecastView {
                outlook: forecast.outlook.code(),
                zh: forecast.outlook.zh(),
                en: forecast.outlook.en(),
                days_left: forecast.days_left,
                projected_low: forecast.projected.map(|(low, _)| low),
                projected_high: forecast.projected.map(|(_, high)| high),
                needed_a_week: forecast.needed_a_week,
            },
        }
    }
}

/// How far a plan is.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlanCoverageView {
    plan: String,
    #[schema(example = 2026)]
    year: i16,
    /// Today in China, by which it is counted.
    #[schema(example = "2026-06-30")]
    as_of: String,
    #[schema(example = "stage")]
    group_by: &'static str,
    items: Vec<CoverageView>,
    total: CoverageView,
    /// Samples of the year that were taken for no task and cover no cell; null for a single county.
    without_task: Option<u64>,
    /// How the forecast is made.
    method_zh: &'static str,
    method_en: &'static str,
}

impl PlanCoverageView {
    fn of(coverage: &Coverage, by: GroupBy) -> Self {
        Self {
            plan: coverage.plan.to_string(),
            year: coverage.year,
            as_of: coverage.today.to_string(),
            group_by: by.code(),
            items: coverage.groups.iter().map(CoverageView::from).collect(),
            total: CoverageView::from(&coverage.total),
            without_task: coverage.without_task,
            method_zh: METHOD.0,
            method_en: METHOD.1,
        }
    }
}

/// What is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct CoverageQuery {
    /// `stage` (when absent), `city`, `county`, `food_class`, `task_type`, `campaign` or `cell`.
    group_by: Option<String>,
    /// A region's subtree.
    region: Option<String>,
    stage: Option<String>,
}

pub(crate) struct CoverageAsked {
    by: GroupBy,
    region: Option<RegionCode>,
    stage: Option<Stage>,
}

impl FromFields for CoverageAsked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let by = fields.word::<GroupBy>("group_by").unwrap_or(GroupBy::Stage);
        Some(Self { by, region: region(fields), stage: fields.word::<Stage>("stage") })
    }
}

/// See how far a plan is.
///
/// Wanted, planned, taken, received, concluded and missing, at this moment, by what is asked for. A cell stands for what it has not
/// split, so the groups add up to the total. Visits without a sample stand beside it and fulfil nothing.
#[utoipa::path(operation_id = "plan_coverage", tag = "planning", params(("id" = String, Path, description = "the plan's id"), CoverageQuery),
    security(("bearer" = [])),
    responses((status = 200, description = "coverage", body = PlanCoverageView), NoRole, NotThere, NotValid))]
#[get("/plans/{id}/coverage")]
pub(crate) async fn plan_coverage(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<PlanCoverage, Query<CoverageAsked>>,
) -> Result<HttpResponse, Failure> {
    let plan: PlanId = path.parse().map_err(|_no_id| Failure::not_found())?;
    let Allowed { person, input: Query(CoverageAsked { by, region, stage }), .. } = asked;
    let call = state.call(&person);
    let found = state.run(move |state| coverage(&state.store, &call, &Asked { plan, by, region, stage })).await?;
    Ok(HttpResponse::Ok().json(PlanCoverageView::of(&found, by)))
}
