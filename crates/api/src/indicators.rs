//! 指标: each figure of a plan with its clause, its words and how far it is; evidence of what is done.

use crate::State;
use crate::access::{Allowed, IndicatorAdd, IndicatorEvidenceAdd, PlanPage};
use crate::answers::{NoRole, NotThere, NotValid, OutOfReach, WrongMoment};
use crate::body::{Body, Fields, FromFields};
use crate::coverage::CoverageView;
use crate::keyed::{Keyed, answered, codes};
use crate::plans::{PlanView, plan_id};
use crate::problem::Failure;
use crate::quotas::{knowing, region};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use hege_app::Error;
use hege_app::indicators::{self, Indicator, New, Page, Put};
use hege_core::{Problem, Problems, Stage};
use hege_sampling::indicator::IndicatorKind;
use hege_sampling::words::RegionType;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(plan_page).service(indicator_add).service(indicator_evidence_add);
}

/// Something that a plan names besides its targets.
#[derive(Serialize, ToSchema)]
pub(crate) struct IndicatorView {
    #[schema(example = "renewed_markets")]
    code: String,
    /// `sampling` is counted by samples, `inspection` by what was looked at, `count` by distinct subjects.
    #[schema(example = "count")]
    kind: &'static str,
    #[schema(example = "农贸市场改造提升")]
    title: String,
    stage: Option<&'static str>,
    food_classes: Value,
    panel: Value,
    /// Kinds of regions that it is about; empty for all.
    region_types: Value,
    /// How many the plan wants; null where it names no number.
    #[schema(example = 300)]
    wanted: Option<i32>,
    #[schema(example = "四(十二)")]
    clause: String,
    /// The plan's own words.
    #[schema(example = "改造提升300家农贸市场")]
    words: String,
    /// Distinct subjects that evidence shows: what counts against `wanted`.
    reached: u64,
    /// What was looked at, of an inspection; rows of evidence otherwise.
    looked_at: u64,
    /// Of those, where something was found: the finding rate is `faults` of `looked_at`, and no pass rate.
    faults: u64,
    /// Of a campaign with samples, how far its cells are, within the person's region; null where it has none there.
    coverage: Option<CoverageView>,
}

impl From<&Indicator> for IndicatorView {
    fn from(indicator: &Indicator) -> Self {
        let (row, reached) = (&indicator.row, indicator.reached);
        Self {
            code: row.code.clone(),
            kind: row.kind.0.code(),
            title: row.title.clone(),
            stage: row.stage.map(|stage| stage.0.code()),
            food_classes: row.food_classes.0.clone(),
            panel: row.panel.0.clone(),
            region_types: row.region_types.0.clone(),
            wanted: row.wanted,
            clause: row.clause.clone(),
            words: row.words.clone(),
            reached: reached.subjects,
            looked_at: reached.rows,
            faults: reached.faults,
            coverage: indicator.coverage.as_ref().map(CoverageView::from),
        }
    }
}

/// Every figure of a plan.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlanPageView {
    /// With the targets, each with its clause and words. How a stage stands against its target is told by `GET /rates`.
    plan: PlanView,
    /// How far each stage is, within the person's region.
    stages: Vec<CoverageView>,
    indicators: Vec<IndicatorView>,
}

impl From<&Page> for PlanPageView {
    fn from(page: &Page) -> Self {
        Self {
            plan: PlanView::from(&page.plan),
            stages: page.stages.iter().map(CoverageView::from).collect(),
            indicators: page.indicators.iter().map(IndicatorView::from).collect(),
        }
    }
}

/// See a plan's page.
///
/// Every figure of the plan with its clause, the plan's own words, what is wanted and how far it is.
#[utoipa::path(operation_id = "plan_page", tag = "planning", security(("bearer" = [])),
    params(("id" = String, Path, description = "the plan's id")),
    responses((status = 200, description = "the page", body = PlanPageView), NoRole, NotThere))]
#[get("/plans/{id}/page")]
pub(crate) async fn plan_page(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<PlanPage>,
) -> Result<HttpResponse, Failure> {
    let (plan, call) = (plan_id(&path)?, state.call(&asked.person));
    let page = state.run(move |state| indicators::page(&state.store, &call, plan)).await?;
    Ok(HttpResponse::Ok().json(PlanPageView::from(&page)))
}

/// Something that a plan names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct IndicatorBody {
    /// 1 to 64 small letters, digits and underscores.
    #[schema(example = "renewed_markets")]
    code: String,
    #[schema(example = "count")]
    kind: String,
    #[schema(example = "农贸市场改造提升")]
    title: String,
    #[schema(example = "circulation")]
    stage: Option<String>,
    #[schema(default = json!([]), required = false, example = json!([]))]
    food_classes: Vec<String>,
    #[schema(default = json!([]), required = false, example = json!([]))]
    panel: Vec<String>,
    #[schema(default = json!([]), required = false, example = json!([]))]
    region_types: Vec<String>,
    #[schema(minimum = 1, example = 300)]
    wanted: Option<u32>,
    #[schema(example = "四(十二)")]
    clause: String,
    #[schema(example = "改造提升300家农贸市场")]
    words: String,
}

pub(crate) struct NewIndicator(Put);

impl FromFields for NewIndicator {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let code = fields.needed("code", fields.text("code"));
        let fits = |code: &str| {
            (1..=64).contains(&code.len())
                && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if code.as_deref().is_some_and(|code| !fits(code)) {
            let words = ("须为 1 至 64 位小写字母、数字或下划线", "1 to 64 small letters, digits and underscores");
            fields.problem("code", "bad_text", words);
        }
        let kind = fields.needed("kind", fields.word::<IndicatorKind>("kind"));
        let stage = fields.word::<Stage>("stage");
        let unknown = ("不是规定的代码", "not one of the codes");
        let region_types = match fields.value("region_types") {
            None => Some(Vec::new()),
            Some(_) => fields.parsed_list::<RegionType>("region_types", "unknown_word", unknown),
        };
        let (food_classes, panel) = (codes(fields, "food_classes"), codes(fields, "panel"));
        let wanted = fields.within("wanted", (1, 10_000_000));
        let [title, clause, words] = ["title", "clause", "words"].map(|name| fields.needed(name, fields.text(name)));
        Some(Self(Put {
            code: code?,
            kind: kind?,
            title: title?,
            stage,
            food_classes: food_classes?,
            panel: panel?,
            region_types: region_types?,
            wanted: wanted.and_then(|wanted| i32::try_from(wanted).ok()),
            clause: clause?,
            words: words?,
        }))
    }
}

/// Foods and analytes that are not known.
fn unknown(state: &State, put: &Put) -> Result<(), Error> {
    knowing(state, |known| {
        let mut problems = Problems::new();
        for (index, class) in put.food_classes.iter().enumerate() {
            problems.check(known.catalogue.foods().class(class).is_some(), || {
                let at = format!("/food_classes/{index}");
                Problem::new(at, "food_class_unknown", "食品分类未知", "the class is not known")
            });
        }
        for (index, analyte) in put.panel.iter().enumerate() {
            problems.check(known.catalogue.analytes().get(analyte).is_some(), || {
                let at = format!("/panel/{index}");
                Problem::new(at, "analyte_unknown", "检验项目未知", "the analyte is not known")
            });
        }
        problems.into_result(()).map_err(Error::Invalid)
    })
}

/// Put an indicator.
///
/// What a plan names besides its targets: a campaign with samples, an inspection, or a count to reach, with clause and words. It is
/// never changed.
#[utoipa::path(operation_id = "indicator_add", tag = "planning", request_body = IndicatorBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the plan's id")),
    responses((status = 201, description = "put", body = IndicatorView), OutOfReach, NotThere, WrongMoment, NotValid))]
#[post("/plans/{id}/indicators")]
pub(crate) async fn indicator_add(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<IndicatorAdd, Body<NewIndicator>>,
) -> Result<HttpResponse, Failure> {
    let plan = plan_id(&path)?;
    let Allowed { person, input: Body(NewIndicator(put)), .. } = asked;
    let mark = state.mark(Some(person.actor.user));
    let add = move |state: &State| {
        unknown(state, &put)?;
        indicators::add(&state.store, (plan, &put), mark)
    };
    Ok(HttpResponse::Created().json(IndicatorView::from(&state.run(add).await?)))
}

/// Evidence of what is done.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct EvidenceBody {
    /// City or county.
    #[schema(example = "330106")]
    region: String,
    /// What was done or looked at, by its name: a name counts once.
    #[schema(example = "演示农贸市场")]
    subject: String,
    #[schema(example = "2026-06-30")]
    done_on: String,
    /// Of an inspection, whether something was found; absent otherwise.
    #[schema(example = json!(null))]
    fault: Option<bool>,
    /// What shows it.
    #[schema(example = "验收报告 2026-17 号")]
    evidence: String,
    /// Id of evidence of the same city that was recorded wrongly: it counts no more, and this row shows nothing itself.
    #[schema(example = json!(null))]
    withdraws: Option<String>,
}

pub(crate) struct EvidenceGiven(New);

impl FromFields for EvidenceGiven {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let day = ("须为 2025-09-01 这样的日期", "a date is written 2025-09-01");
        let region = fields.needed("region", region(fields));
        let subject = fields.needed("subject", fields.text("subject"));
        let done_on = fields.needed("done_on", fields.parsed::<Date>("done_on", "bad_date", day));
        let (fault, withdraws) = (fields.flag("fault"), fields.id::<Uuid>("withdraws"));
        let evidence = fields.needed("evidence", fields.text("evidence"));
        Some(Self(New { region: region?, subject: subject?, done_on: done_on?, fault, evidence: evidence?, withdraws }))
    }
}

/// Record evidence.
///
/// That one more market was renewed, or what an inspection found. The same request under the same `Idempotency-Key` gives the answer
/// of the first time.
#[utoipa::path(operation_id = "indicator_evidence_add", tag = "planning", request_body = EvidenceBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the plan's id"), ("code" = String, Path, description = "the indicator's code"),
        ("Idempotency-Key" = Option<String>, Header, description = "a UUID, which becomes the id of the evidence")),
    responses((status = 201, description = "recorded", body = IndicatorView), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/plans/{id}/indicators/{code}/evidence")]
pub(crate) async fn indicator_evidence_add(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    asked: Allowed<IndicatorEvidenceAdd, Body<Keyed<EvidenceGiven>>>,
) -> Result<HttpResponse, Failure> {
    let (plan, code) = path.into_inner();
    let plan = plan_id(&plan)?;
    let Allowed { person, input: Body(body), .. } = asked;
    let key = body.key(&state, &request, &format!("plans/{plan}/indicators/{code}/evidence"))?;
    let (call, EvidenceGiven(new)) = (state.call(&person), body.given);
    let show = move |state: &State| {
        let answer = |indicator: &Indicator| answered(IndicatorView::from(indicator));
        indicators::show((&state.store, &state.regions), &call, (plan, &code, &new), &key, &answer)
    };
    Ok(HttpResponse::Created().json(state.run(show).await?))
}
