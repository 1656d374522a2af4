//! Cities side by side, and months one after another.

use crate::State;
use crate::access::{Allowed, RateCities, RateTrend};
use crate::answers::{NoRole, NotThere, NotValid};
use crate::body::{Fields, FromFields, Query};
use crate::problem::Failure;
use crate::rates::{RateView, Window, WindowQuery, interval, one_stage, six_decimals};
use actix_web::{HttpResponse, get, web};
use hege_app::Error;
use hege_app::plans::fetch;
use hege_app::rates::{CityRate, Comparison, MonthRate, Question, Trend, compare_cities, trend};
use hege_core::date::china_date;
use hege_core::region::RegionLevel;
use hege_core::{City, Month};
use hege_rates::{Assessment, BasisPoints};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(rate_cities).service(rate_trend);
}

/// Figures of a share against its target.
#[derive(Serialize, ToSchema)]
pub(crate) struct FiguresView {
    /// Conforming and nonconforming samples that count.
    n: u32,
    /// Conforming ones.
    k: u32,
    /// Percent with two decimals; null without samples.
    #[schema(example = "95.99")]
    rate: Option<String>,
    /// Wilson's 95 % interval, in 0..1 at six decimals; null without samples.
    interval: Option<[f64; 2]>,
    /// A fact; null without target or samples.
    below_target: Option<bool>,
    /// The exact lower tail against the target, at six decimals; null without target or samples.
    p: Option<f64>,
    /// How sure the evidence is.
    #[schema(example = "below")]
    state: &'static str,
}

impl From<&Assessment> for FiguresView {
    fn from(assessment: &Assessment) -> Self {
        Self {
            n: assessment.tally.n,
            k: assessment.tally.k,
            rate: assessment.rate.map(|rate| rate.to_string()),
            interval: assessment.interval.map(interval),
            below_target: assessment.below_target,
            p: assessment.p_low.map(six_decimals),
            state: assessment.state.code(),
        }
    }
}

/// A city among all that were compared.
#[derive(Serialize, ToSchema)]
pub(crate) struct CityRateView {
    #[schema(example = "3301")]
    city: String,
    #[schema(example = "杭州市")]
    name: String,
    #[serde(flatten)]
    figures: FiguresView,
    /// `p`, adjusted for all that were compared (Benjamini and Hochberg); null without target or samples.
    adjusted: Option<f64>,
    /// Fewest and most conforming samples that chance alone explains in 95 % of cases; null without samples.
    usual: Option<[u32; 2]>,
    /// The same in 99.8 % of cases.
    extreme: Option<[u32; 2]>,
    /// `within`, `below_usual`, `below_extreme`, `above_usual` or `above_extreme`; null without samples.
    #[schema(example = "within")]
    position: Option<&'static str>,
    /// 待结论.
    pending: i64,
}

/// The cities of a stage.
#[derive(Serialize, ToSchema)]
pub(crate) struct CityRateListView {
    stage: &'static str,
    /// Basis points; null where the plan names no number.
    target_bp: Option<u16>,
    /// The share that the funnel is drawn around, in 0..1: the target, or without one the share of all together.
    centre: Option<f64>,
    /// First and last month of sampling.
    #[schema(example = json!(["2025-01", "2025-09"]))]
    months: [String; 2],
    /// What counts, in Chinese.
    counted: String,
    /// What counts, in English.
    counted_en: String,
    /// The clause that the target rests on.
    clause: String,
    as_of: String,
    /// In the order of the codes, which is no ranking.
    items: Vec<CityRateView>,
}

impl CityRateListView {
    fn of(state: &State, (comparison, question): (&Comparison, &Question), as_of: Timestamp) -> Self {
        let name = |city: City| state.regions.get(city.region()).map(|region| region.name.clone()).unwrap_or_default();
        let view = |rate: &CityRate| {
            let funnel = rate.compared.funnel;
            CityRateView {
                city: rate.compared.id.to_string(),
                name: name(rate.compared.id),
                figures: FiguresView::from(&rate.assessment),
                adjusted: rate.compared.adjusted.map(six_decimals),
                usual: funnel.map(|funnel| funnel.usual.into()),
                extreme: funnel.map(|funnel| funnel.extreme.into()),
                position: funnel.map(|funnel| funnel.position(rate.compared.tally.k).code()),
                pending: rate.counters.pending,
            }
        };
        let target = &comparison.target;
        Self {
            stage: target.stage.code(),
            target_bp: target.basis_points.map(BasisPoints::get),
            centre: comparison.centre.map(six_decimals),
            months: [question.months.0, question.months.1].map(|month| month.to_string()),
            counted: target.counting.zh(),
            counted_en: target.counting.en(),
            clause: target.clause.clone(),
            as_of: as_of.to_string(),
            items: comparison.cities.iter().map(view).collect(),
        }
    }
}

pub(crate) struct OneStage(Window);

impl FromFields for OneStage {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let window = Window::read(fields)?;
        one_stage(fields, &window);
        Some(Self(window))
    }
}

/// Compare cities.
///
/// The cities of one stage, each with its interval, its test corrected for having looked at all, and what chance alone explains
/// at its number of samples. It is no ranking: those with few samples stand at both ends of one.
#[utoipa::path(operation_id = "rate_cities", tag = "rates", params(WindowQuery), security(("bearer" = [])),
    responses((status = 200, description = "the cities that the person sees", body = CityRateListView), NoRole, NotThere, NotValid))]
#[get("/rates/cities")]
pub(crate) async fn rate_cities(
    state: web::Data<State>,
    asked: Allowed<RateCities, Query<OneStage>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(OneStage(window)), .. } = asked;
    let now = state.now();
    let view = state
        .run(move |state| {
            let plan = fetch(&state.store, window.plan)?;
            let question = window.question(&plan, person.scope.region, now);
            let as_of = window.as_of.unwrap_or(now);
            let cities: Vec<City> = state
                .regions
                .in_force(RegionLevel::City, china_date(as_of))
                .map(|region| region.code)
                .filter(|code| question.region.contains(*code))
                .map(hege_core::RegionCode::city)
                .collect();
            let comparison = compare_cities(&state.store, &person.scope, (&plan, now), (&question, &cities))?;
            Ok(CityRateListView::of(state, (&comparison, &question), as_of))
        })
        .await?;
    Ok(HttpResponse::Ok().json(view))
}

/// A month with the windows that end with it.
#[derive(Serialize, ToSchema)]
pub(crate) struct MonthRateView {
    /// The month alone, with its `provisional` mark.
    #[serde(flatten)]
    rate: RateView,
    /// From January of its year.
    year_to_date: FiguresView,
    /// With the two months before it.
    trailing_three: FiguresView,
}

/// The months of a stage.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrendView {
    stage: &'static str,
    /// Basis points; null where the plan names no number.
    target_bp: Option<u16>,
    /// Every month asked for, those without samples too.
    months: Vec<MonthRateView>,
}

/// Trends, stage by stage.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrendListView {
    items: Vec<TrendView>,
}

fn trend_view(trend: &Trend, as_of: Timestamp) -> TrendView {
    let month = |month: &MonthRate| MonthRateView {
        rate: RateView::of(&month.rate, as_of),
        year_to_date: FiguresView::from(&month.year_to_date),
        trailing_three: FiguresView::from(&month.trailing_three),
    };
    TrendView {
        stage: trend.stage.code(),
        target_bp: trend.target.basis_points.map(BasisPoints::get),
        months: trend.months.iter().map(month).collect(),
    }
}

/// Most months of a trend.
const MONTHS_MAX: usize = 120;

/// Whether a span has no more months than are given at once.
fn fits((from, to): (Month, Month)) -> Result<(), Error> {
    let mut months = std::iter::successors(Some(from), |month| Some(month.next())).take_while(|month| *month <= to);
    let problem = || hege_core::Problem::new("?to", "too_many", "超过 120 个月", "more than 120 months");
    if months.nth(MONTHS_MAX).is_none() { Ok(()) } else { Err(Error::Invalid(problem().into())) }
}

/// See months.
///
/// Each month of sampling with its interval and whether it is provisional, the year to date and the trailing three months that
/// end with it, and the target. At most 120 months.
#[utoipa::path(operation_id = "rate_trend", tag = "rates", params(WindowQuery), security(("bearer" = [])),
    responses((status = 200, description = "the months of what the person sees", body = TrendListView), NoRole, NotThere, NotValid))]
#[get("/rates/trend")]
pub(crate) async fn rate_trend(
    state: web::Data<State>,
    asked: Allowed<RateTrend, Query<Window>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(window), .. } = asked;
    let now = state.now();
    let items = state
        .run(move |state| {
            let plan = fetch(&state.store, window.plan)?;
            let question = window.question(&plan, person.scope.region, now);
            fits(question.months)?;
            let trends = trend(&state.store, &person.scope, (&plan, now), &question)?;
            let as_of = window.as_of.unwrap_or(now);
            Ok(trends.iter().map(|trend| trend_view(trend, as_of)).collect())
        })
        .await?;
    Ok(HttpResponse::Ok().json(TrendListView { items }))
}
