//! 合格率.

use crate::State;
use crate::access::{Allowed, RateList};
use crate::body::{Fields, FromFields, Query};
use crate::problem::{Failure, ProblemBody};
use actix_web::{HttpResponse, get, web};
use hege_app::plans::{YearPlan, fetch};
use hege_app::rates::{GroupBy, Question, Rate, rates};
use hege_core::date::china_date;
use hege_core::{Month, PlanId, RegionCode, Stage};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(rate_list);
}

/// What is asked.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct RateQuery {
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
    /// `stage`, `city` or `month`.
    group_by: Option<String>,
    /// By the record as it stood at this instant (RFC 3339).
    as_of: Option<String>,
}

pub(crate) struct Asked {
    plan: Option<PlanId>,
    stage: Option<Stage>,
    region: Option<RegionCode>,
    from: Option<Month>,
    to: Option<Month>,
    group_by: Option<GroupBy>,
    as_of: Option<Timestamp>,
}

impl FromFields for Asked {
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
            group_by: fields.word("group_by"),
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

impl Asked {
    fn question(&self, plan: &YearPlan, own: RegionCode, now: Timestamp) -> Question {
        let at = |month| Month { year: plan.year, month };
        let until = Month::of(china_date(now)).min(at(12)).max(at(1));
        let from = self.from.unwrap_or(at(1));
        Question {
            stage: self.stage,
            region: self.region.unwrap_or(own),
            months: (from, self.to.unwrap_or(until.max(from))),
            as_of: self.as_of,
            group_by: self.group_by.unwrap_or(GroupBy::Stage),
        }
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
}

/// A rate.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RateView {
    /// 环节.
    #[schema(example = "farm")]
    pub stage: &'static str,
    /// Four digits; null when not grouped by city.
    pub city: Option<String>,
    /// `2025-09`; null when not grouped by month.
    pub month: Option<String>,
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
    /// The clause that the target rests on.
    pub clause: String,
    /// The instant whose record it rests on; RFC 3339, UTC.
    pub as_of: String,
}

fn six_decimals(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

impl RateView {
    /// A rate as it goes over the wire and out of `hege rates`.
    #[must_use]
    pub fn of(rate: &Rate, as_of: Timestamp) -> Self {
        let assessment = &rate.assessment;
        let counters = &rate.counters;
        Self {
            stage: rate.stage.code(),
            city: rate.city.map(|city| city.to_string()),
            month: rate.month.map(|month| month.to_string()),
            n: assessment.tally.n,
            k: assessment.tally.k,
            rate: assessment.rate.map(|rate| rate.to_string()),
            interval: assessment.interval.map(|(low, high)| [six_decimals(low), six_decimals(high)]),
            target_bp: assessment.target.map(hege_rates::BasisPoints::get),
            below_target: assessment.below_target,
            state: assessment.state.code(),
            provisional: rate.provisional,
            beside: Beside {
                pending: counters.pending,
                not_judgeable: counters.not_judgeable,
                refused: counters.refused,
                voided: counters.voided,
            },
            counted: rate.counted.0.clone(),
            counted_en: rate.counted.1.clone(),
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

/// Read rates.
///
/// By default the current plan's year to date, by stage. Each says what it counted and how sure it is.
#[utoipa::path(operation_id = "rate_list", tag = "rates", params(RateQuery), security(("bearer" = [])),
    responses((status = 200, description = "the rates of what the person sees", body = RateListView),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "the role is missing", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "no such plan, or a region outside the person's scope", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "what was asked is not valid", body = ProblemBody, content_type = "application/problem+json")))]
#[get("/rates")]
pub(crate) async fn rate_list(
    state: web::Data<State>,
    asked: Allowed<RateList, Query<Asked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(asked), .. } = asked;
    let now = state.now();
    let as_of = asked.as_of.unwrap_or(now);
    let answer = state
        .run(move |state| {
            let plan = fetch(&state.store, asked.plan)?;
            let question = asked.question(&plan, person.scope.region, now);
            rates(&state.store, &person.scope, (&plan, now), &question)
        })
        .await?;
    let items = answer.iter().map(|rate| RateView::of(rate, as_of)).collect();
    Ok(HttpResponse::Ok().json(RateListView { items }))
}
