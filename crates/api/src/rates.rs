//! 合格率.

use crate::State;
use crate::access::{Allowed, RateList};
use crate::answers::{NoRole, NotThere, NotValid};
use crate::body::{Fields, FromFields, Query};
use crate::problem::Failure;
use actix_web::{HttpResponse, get, web};
use hege_app::criteria::Catalogues;
use hege_app::plans::{YearPlan, fetch};
use hege_app::rates::{Group, GroupBy, Question, Rate, Weighed, Weights, rates, weigh, year_to_date};
use hege_app::reference::Regions;
use hege_app::{Error, Scope, Store};
use hege_core::{Month, PlanId, RegionCode, Stage};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(rate_list);
}

/// What is asked.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct WindowQuery {
    /// A plan's id; the current plan when absent.
    plan: Option<String>,
    /// One stage.
    stage: Option<String>,
    /// A region's subtree; the person's own when absent.
    region: Option<String>,
    /// First month of sampling, `2025-01`; the plan year's January when absent.
    from: Option<String>,
    /// Last month of sampling; the month of the board's clock when absent.
    to: Option<String>,
    /// By the record as it stood at this instant (RFC 3339).
    as_of: Option<String>,
}

/// How rates are given.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct RateQuery {
    /// `stage`, `city`, `region` (counties), `month`, `food_class`, `task_type` or `sample_kind`.
    group_by: Option<String>,
    /// Strata with their weights, `city:3301=0.6,3302=0.4`; by `city`, `region` or `food_class`. Not together with `group_by`.
    weights: Option<String>,
}

/// Plan, stage, place, months and instant, as every question about rates names them.
pub(crate) struct Window {
    pub(crate) plan: Option<PlanId>,
    stage: Option<Stage>,
    region: Option<RegionCode>,
    from: Option<Month>,
    to: Option<Month>,
    pub(crate) as_of: Option<Timestamp>,
}

impl FromFields for Window {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let month =
            |name| fields.parsed::<Month>(name, "bad_month", ("须为 2025-09 这样的月份", "a month is written 2025-09"));
        let region = ("须为六位行政区划代码", "a region code has six digits");
        let instant = ("须为 RFC 3339 时间", "an instant is written by RFC 3339");
        let asked = Self {
            plan: fields.id("plan"),
            stage: fields.word("stage"),
            region: fields.parsed("region", "bad_region", region),
            from: month("from"),
            to: month("to"),
            as_of: fields.parsed("as_of", "bad_instant", instant),
        };
        if asked.as_of.is_some_and(|as_of| as_of < Timestamp::UNIX_EPOCH) {
            fields.problem("as_of", "too_early", ("早于 1970 年", "before the year 1970"));
        }
        if asked.from.zip(asked.to).is_some_and(|(from, to)| to < from) {
            fields.problem("to", "before_from", ("早于起始月份", "before `from`"));
        }
        Some(asked)
    }
}

impl Window {
    pub(crate) fn question(&self, plan: &YearPlan, own: RegionCode, now: Timestamp) -> Question {
        let (first, last) = year_to_date(plan, now);
        let from = self.from.unwrap_or(first);
        Question {
            stage: self.stage,
            region: self.region.unwrap_or(own),
            months: (from, self.to.unwrap_or(last.max(from))),
            as_of: self.as_of,
            group_by: GroupBy::Stage,
        }
    }
}

pub(crate) struct Asked {
    window: Window,
    group_by: GroupBy,
    weights: Option<Weights>,
}

/// Most strata.
const STRATA_MAX: usize = 500;

/// `city:3301=0.6,3302=0.4`.
fn read_weights(text: &str) -> Option<Weights> {
    let (by, strata) = text.split_once(':')?;
    let by = by.trim().parse().ok()?;
    if !matches!(by, GroupBy::City | GroupBy::Region | GroupBy::FoodClass) {
        return None;
    }
    let mut of = BTreeMap::new();
    for stratum in strata.split(',') {
        let (name, weight) = stratum.split_once('=')?;
        if of.len() == STRATA_MAX || of.insert(name.trim().to_owned(), weight.trim().parse().ok()?).is_some() {
            return None;
        }
    }
    Some(Weights { by, of })
}

impl FromFields for Asked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let window = Window::read(fields);
        let group_by = fields.word("group_by");
        let text = fields.text("weights");
        let weights = text.as_deref().and_then(read_weights);
        if text.is_some() && weights.is_none() {
            let words =
                ("须形如 city:3301=0.6,3302=0.4，每层一次", "written city:3301=0.6,3302=0.4, each stratum once");
            fields.problem("weights", "bad_weights", words);
        }
        if text.is_some() && group_by.is_some_and(|by| by != GroupBy::Stage) {
            fields.problem("group_by", "not_with_weights", ("不能与权重同时使用", "not together with weights"));
        }
        Some(Self { window: window?, group_by: group_by.unwrap_or(GroupBy::Stage), weights })
    }
}

/// What stands beside a rate and is in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Beside {
    /// 待结论.
    pub pending: i64,
    /// 未能判定.
    pub not_judgeable: i64,
    /// 拒收.
    pub refused: i64,
    /// 作废.
    pub voided: i64,
    /// 风险监测: never counts.
    pub risk: i64,
    /// Concluded samples of task types or kinds that the plan does not count.
    pub not_counted: i64,
}

/// The rate over strata by the weights that were asked for.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WeightedView {
    /// `city`, `region` or `food_class`.
    pub by: &'static str,
    /// The weighted share, in 0..1 at six decimals; null while a stratum has fewer than two samples.
    pub share: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// How many samples of a plain rate would say as much.
    pub n_effective: Option<f64>,
    /// Strata with a weight and fewer than two samples.
    pub too_few: Vec<String>,
}

/// A rate.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RateView {
    /// 环节.
    #[schema(example = "farm")]
    pub stage: &'static str,
    /// Four digits; null when not grouped by city.
    pub city: Option<String>,
    /// Six digits; null when not grouped by county.
    pub region: Option<String>,
    /// `2025-09`; null when not grouped by month.
    pub month: Option<String>,
    /// Its code; null when not grouped by food class.
    pub food_class: Option<String>,
    /// Null when not grouped by task type.
    pub task_type: Option<&'static str>,
    /// Null when not grouped by sample kind.
    pub sample_kind: Option<&'static str>,
    /// Conforming and nonconforming samples that count.
    pub n: u32,
    /// Conforming ones.
    pub k: u32,
    /// Percent with two decimals; null without samples. It never crosses the target by rounding.
    #[schema(example = "95.99")]
    pub rate: Option<String>,
    /// Wilson's 95 % interval, in 0..1 at six decimals; null without samples.
    pub interval: Option<[f64; 2]>,
    /// Basis points; null where the plan names no number.
    pub target_bp: Option<u16>,
    /// `k*10000 < bp*n`, a fact; null without target or samples.
    pub below_target: Option<bool>,
    /// How sure the evidence is.
    #[schema(example = "below")]
    pub state: &'static str,
    /// Fewer than 95 % of its samples are final.
    pub provisional: bool,
    /// Counted beside it.
    pub beside: Beside,
    /// What counts, in Chinese.
    pub counted: String,
    /// What counts, in English.
    pub counted_en: String,
    /// By the weights that were asked for; null without.
    pub weighted: Option<WeightedView>,
    /// The clause that the target rests on.
    pub clause: String,
    /// The instant whose record it rests on; RFC 3339, UTC.
    pub as_of: String,
}

/// A share with as many decimals as are sent.
pub(crate) fn six_decimals(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

/// An interval as it is sent.
pub(crate) fn interval((low, high): (f64, f64)) -> [f64; 2] {
    [six_decimals(low), six_decimals(high)]
}

impl WeightedView {
    fn of(weighed: Weighed, by: GroupBy) -> Self {
        Self {
            by: by.code(),
            share: weighed.rate.map(|rate| six_decimals(rate.share)),
            interval: weighed.rate.map(|rate| interval(rate.interval)),
            n_effective: weighed.rate.map(|rate| six_decimals(rate.n_effective)),
            too_few: weighed.too_few,
        }
    }
}

impl RateView {
    /// A rate as it goes over the wire and out of `hege rates`.
    #[must_use]
    pub fn of(rate: &Rate, as_of: Timestamp) -> Self {
        let assessment = &rate.assessment;
        let counters = &rate.counters;
        Self {
            stage: rate.stage.code(),
            city: if let Group::City(city) = rate.group { Some(city.to_string()) } else { None },
            region: if let Group::Region(region) = rate.group { Some(region.to_string()) } else { None },
            month: if let Group::Month(month) = rate.group { Some(month.to_string()) } else { None },
            food_class: if let Group::FoodClass(code) = &rate.group { Some(code.clone()) } else { None },
            task_type: if let Group::TaskType(word) = rate.group { Some(word.code()) } else { None },
            sample_kind: if let Group::SampleKind(word) = rate.group { Some(word.code()) } else { None },
            n: assessment.tally.n,
            k: assessment.tally.k,
            rate: assessment.rate.map(|rate| rate.to_string()),
            interval: assessment.interval.map(interval),
            target_bp: assessment.target.map(hege_rates::BasisPoints::get),
            below_target: assessment.below_target,
            state: assessment.state.code(),
            provisional: rate.provisional,
            beside: Beside {
                pending: counters.pending,
                not_judgeable: counters.not_judgeable,
                refused: counters.refused,
                voided: counters.voided,
                risk: rate.outside.risk,
                not_counted: rate.outside.not_counted,
            },
            counted: rate.counted.0.clone(),
            counted_en: rate.counted.1.clone(),
            weighted: None,
            clause: rate.clause.clone(),
            as_of: as_of.to_string(),
        }
    }
}

/// Rates.
#[derive(Serialize, ToSchema)]
pub(crate) struct RateListView {
    items: Vec<RateView>,
}

/// Whether each stratum of weights is one: cities and counties that the person sees, food classes that are known.
fn known(
    weights: &Weights,
    (regions, scope): (&Regions, &Scope),
    (catalogues, store): (&Catalogues, &Store),
) -> Result<(), Error> {
    let catalogue = catalogues.get(store)?;
    let region = |code: String| {
        let code: Option<RegionCode> = code.parse().ok();
        code.is_some_and(|code| scope.sees_region(code) && regions.get(code).is_some())
    };
    let is_known = |stratum: &str| match weights.by {
        GroupBy::City => region(format!("{stratum}00")),
        GroupBy::Region => region(stratum.to_owned()),
        _ => catalogue.foods().class(stratum).is_some(),
    };
    weights.problems(is_known).into_result(()).map_err(Error::Invalid)
}

impl Asked {
    fn answer(&self, state: &State, scope: &Scope, now: Timestamp) -> Result<Vec<RateView>, Error> {
        let plan = fetch(&state.store, self.window.plan)?;
        let question = Question { group_by: self.group_by, ..self.window.question(&plan, scope.region, now) };
        let as_of = self.window.as_of.unwrap_or(now);
        let answer = rates(&state.store, scope, (&plan, now), &question)?;
        let mut views: Vec<RateView> = answer.iter().map(|rate| RateView::of(rate, as_of)).collect();
        let Some(weights) = &self.weights else { return Ok(views) };
        known(weights, (&state.regions, scope), (&state.catalogues, &state.store))?;
        let catalogue = state.catalogues.get(&state.store)?;
        let weighed = weigh(&state.store, scope, (&plan, now), (&question, weights, &catalogue))?;
        for (view, weighed) in views.iter_mut().zip(weighed) {
            view.weighted = Some(WeightedView::of(weighed, weights.by));
        }
        Ok(views)
    }
}

/// Read rates.
///
/// By default the current plan's year to date, by stage. Each says what it counted and how sure it is.
#[utoipa::path(operation_id = "rate_list", tag = "rates", params(WindowQuery, RateQuery), security(("bearer" = [])),
    responses((status = 200, description = "the rates of what the person sees", body = RateListView), NoRole, NotThere, NotValid))]
#[get("/rates")]
pub(crate) async fn rate_list(
    state: web::Data<State>,
    asked: Allowed<RateList, Query<Asked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(asked), .. } = asked;
    let now = state.now();
    let items = state.run(move |state| asked.answer(state, &person.scope, now)).await?;
    Ok(HttpResponse::Ok().json(RateListView { items }))
}

/// That one stage is asked for.
pub(crate) fn one_stage(fields: &Fields<'_>, window: &Window) {
    if window.stage.is_none() && fields.value("stage").is_none() {
        fields.problem("stage", "required", ("必填", "required"));
    }
}
