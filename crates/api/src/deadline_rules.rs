//! 期限规则: listed, and added as law of its own day.

use crate::State;
use crate::access::{Allowed, DeadlineRuleAdd, DeadlineRuleList};
use crate::answers::{NotValid, OutOfReach, Stale, Stranger};
use crate::body::{Body, Fields, FromFields};
use crate::problem::Failure;
use actix_web::{HttpResponse, get, post, web};
use hege_app::deadlines::{New, add, all};
use hege_core::Stage;
use hege_sampling::deadlines::{Period, Rule};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(deadline_rule_list).service(deadline_rule_add);
}

/// A rule of a deadline.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeadlineRuleView {
    #[schema(example = "order15-report")]
    code: String,
    #[schema(example = "report")]
    clock: &'static str,
    zh: &'static str,
    en: &'static str,
    /// `duty` has to be done, `window` may be done, `keep` is kept until then.
    #[schema(example = "duty")]
    kind: &'static str,
    /// What starts it.
    #[schema(example = "received")]
    started_by: &'static str,
    #[schema(example = 20)]
    amount: u16,
    /// `hours`, `days`, `working_days` or `months`.
    #[schema(example = "working_days")]
    unit: &'static str,
    /// Whether a last day that is not worked gives way to the next working day.
    rolls: bool,
    /// By how much it may be extended, in `unit`.
    extension: u16,
    #[schema(example = json!(["production", "circulation", "catering"]))]
    stages: Vec<&'static str>,
    /// The act.
    regime: String,
    #[schema(example = "market_regulation")]
    department: &'static str,
    /// The first sampling day for which it holds.
    from: String,
    /// The last one; null while it is in force.
    until: Option<String>,
    clause: String,
    /// `read` in the source, or general knowledge that is `high`, `medium` or `low`.
    #[schema(example = "read")]
    confidence: &'static str,
    /// To be sent back by a rule that supersedes it.
    revision: i64,
}

impl From<(Rule, i64)> for DeadlineRuleView {
    fn from((rule, revision): (Rule, i64)) -> Self {
        Self {
            clock: rule.clock.code(),
            zh: rule.clock.zh(),
            en: rule.clock.en(),
            kind: rule.clock.kind().code(),
            started_by: rule.clock.starts().code(),
            amount: rule.period.amount,
            unit: rule.period.unit.code(),
            rolls: rule.period.rolls,
            extension: rule.extension,
            stages: rule.stages.iter().map(|stage| stage.code()).collect(),
            regime: rule.regime,
            department: rule.department.code(),
            from: rule.from.to_string(),
            until: rule.until.map(|until| until.to_string()),
            clause: rule.clause,
            confidence: rule.confidence.code(),
            code: rule.code,
            revision,
        }
    }
}

/// Rules.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeadlineRuleListView {
    items: Vec<DeadlineRuleView>,
}

impl DeadlineRuleListView {
    fn of(rules: Vec<(Rule, i64)>) -> Self {
        Self { items: rules.into_iter().map(DeadlineRuleView::from).collect() }
    }
}

/// List the rules of deadlines.
///
/// By code, with those that are no longer in force: the sampling day decides which holds.
#[utoipa::path(operation_id = "deadline_rule_list", tag = "deadlines", security(("bearer" = [])),
    responses((status = 200, description = "every rule", body = DeadlineRuleListView), Stranger))]
#[get("/deadline-rules")]
pub(crate) async fn deadline_rule_list(
    state: web::Data<State>,
    _asked: Allowed<DeadlineRuleList>,
) -> Result<HttpResponse, Failure> {
    let rules = state.run(|state| all(&state.store)).await?;
    Ok(HttpResponse::Ok().json(DeadlineRuleListView::of(rules)))
}

/// The rule that another succeeds.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct SucceededBody {
    #[schema(example = "farm-report")]
    code: String,
    /// The revision that was seen.
    revision: i64,
}

struct Succeeded((String, i64));

impl FromFields for Succeeded {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let code = fields.needed("code", fields.text("code"));
        let revision = fields.revision();
        Some(Self((code?, revision?)))
    }
}

/// A rule to add.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into a rule")]
pub(crate) struct DeadlineRuleBody {
    /// 1 to 64 characters.
    #[schema(example = "farm-report-2027")]
    code: String,
    #[schema(example = "report")]
    clock: String,
    #[schema(minimum = 1, maximum = 1000, example = 15)]
    amount: u16,
    #[schema(example = "working_days")]
    unit: String,
    #[schema(default = false, required = false)]
    rolls: bool,
    #[schema(minimum = 0, maximum = 1000, default = 0, required = false)]
    extension: u16,
    #[schema(example = json!(["farm"]))]
    stages: Vec<String>,
    #[schema(example = "二〇二七年农产品质量安全监测方案")]
    regime: String,
    #[schema(example = "agriculture")]
    department: String,
    #[schema(example = "2027-01-01")]
    from: String,
    #[schema(example = "2027-12-31")]
    until: Option<String>,
    #[schema(example = "第三条")]
    clause: String,
    #[schema(example = "read")]
    confidence: String,
    /// The rule of the same clock that ends on the day before.
    supersedes: Option<SucceededBody>,
}

struct NewRule(New);

/// Characters of a code.
const CODE_MAX: usize = 64;

impl FromFields for NewRule {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let words = ("须为 2025-09-01 这样的日期", "a date is written 2025-09-01");
        let number = |name, low| Some(u16::try_from(fields.within(name, (low, 1000))?).unwrap_or(u16::MAX));
        let code = fields.needed("code", fields.text("code"));
        if code.as_ref().is_some_and(|code| code.chars().count() > CODE_MAX || code.contains('/')) {
            fields.problem("code", "bad_text", ("不超过 64 字，不含斜线", "at most 64 characters without a slash"));
        }
        let clock = fields.needed("clock", fields.word("clock"));
        let amount = fields.needed("amount", number("amount", 1));
        let unit = fields.needed("unit", fields.word("unit"));
        let (rolls, extension) = (fields.flag("rolls").unwrap_or_default(), number("extension", 0).unwrap_or_default());
        let unknown = ("不是规定的代码", "not one of the codes");
        let stages = fields.needed("stages", fields.parsed_list::<Stage>("stages", "unknown_word", unknown));
        let regime = fields.needed("regime", fields.text("regime"));
        let department = fields.needed("department", fields.word("department"));
        let from = fields.needed("from", fields.parsed::<Date>("from", "bad_date", words));
        let until = fields.parsed::<Date>("until", "bad_date", words);
        let clause = fields.needed("clause", fields.text("clause"));
        let confidence = fields.needed("confidence", fields.word("confidence"));
        let supersedes = fields.object::<Succeeded>("supersedes").map(|Succeeded(rule)| rule);
        let rule = Rule {
            code: code?,
            clock: clock?,
            stages: stages?.into_iter().collect(),
            regime: regime?,
            department: department?,
            from: from?,
            until,
            period: Period { amount: amount?, unit: unit?, rolls },
            extension,
            clause: clause?,
            confidence: confidence?,
        };
        Some(Self(New { rule, supersedes }))
    }
}

/// Rules to add, all or none.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into rules")]
pub(crate) struct DeadlineRulesBody {
    rows: Vec<DeadlineRuleBody>,
}

pub(crate) struct NewRules(Vec<New>);

impl FromFields for NewRules {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let rows = fields.needed("rows", fields.objects::<NewRule>("rows"))?;
        if rows.is_empty() {
            fields.problem("rows", "required", ("至少一行", "at least one row"));
        }
        Some(Self(rows.into_iter().map(|NewRule(new)| new).collect()))
    }
}

/// Add rules of deadlines.
///
/// All or none. No rule is changed in place: one that another succeeds ends on the day before. It is the sampling day that counts, so a
/// rule for days that are past moves what waits since then.
#[utoipa::path(operation_id = "deadline_rule_add", tag = "deadlines", request_body = DeadlineRulesBody, security(("bearer" = [])),
    responses((status = 201, description = "added", body = DeadlineRuleListView), OutOfReach, Stale, NotValid))]
#[post("/deadline-rules")]
pub(crate) async fn deadline_rule_add(
    state: web::Data<State>,
    asked: Allowed<DeadlineRuleAdd, Body<NewRules>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(NewRules(rows)), .. } = asked;
    let mark = state.mark(Some(person.actor.user));
    let added = state.run(move |state| add(&state.store, &rows, mark)).await?;
    Ok(HttpResponse::Created().json(DeadlineRuleListView::of(added)))
}
