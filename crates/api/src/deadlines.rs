//! 期限: what waits, by when it is due, and the clocks of a sample as they go over the wire.

use crate::State;
use crate::access::{Allowed, DeadlineList, DeadlineSummary};
use crate::answers::{NoRole, NotValid, Stranger};
use crate::body::{Fields, FromFields, Query};
use crate::problem::Failure;
use crate::views::SampleSummary;
use actix_web::{HttpResponse, get, web};
use hege_app::Error;
use hege_app::deadlines::{Asked, Clocked, Cursor, Line, Page, Summary, Waits, list, summary};
use hege_core::{City, LabId, Stage};
use hege_sampling::deadlines::State as Standing;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(deadline_summary).service(deadline_list);
}

/// The rule by which a clock runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClockRuleView {
    #[schema(example = "order15-report")]
    code: String,
    /// The act.
    #[schema(example = "食品安全抽样检验管理办法（市场监管总局令第15号）")]
    regime: String,
    #[schema(example = "market_regulation")]
    department: &'static str,
    #[schema(example = "第24条")]
    clause: String,
    /// How sure that is: `read` in the source, or general knowledge that is `high`, `medium` or `low`.
    #[schema(example = "read")]
    confidence: &'static str,
    #[schema(example = 20)]
    amount: u16,
    /// `hours`, `days`, `working_days` or `months`.
    #[schema(example = "working_days")]
    unit: &'static str,
}

/// A clock of a sample.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClockView {
    #[schema(example = "report")]
    clock: &'static str,
    /// `duty` has to be done, `window` may be done, `keep` is kept until then.
    #[schema(example = "duty")]
    kind: &'static str,
    /// What started it.
    #[schema(example = "received")]
    started_by: &'static str,
    started_at: String,
    /// The last day, in China; null where it is undetermined.
    #[schema(example = "2025-07-14")]
    due_on: Option<String>,
    /// The first instant that is too late.
    #[schema(example = "2025-07-14T16:00:00Z")]
    due_at: Option<String>,
    /// The year whose calendar is missing.
    #[schema(example = json!(null))]
    missing_year: Option<i16>,
    done_at: Option<String>,
    /// `due`, `soon`, `overdue`, `undetermined`; `met` or `late`; `unrecorded` where what ends it is not recorded here; `lapsed`
    /// of what may be done; `held`, `kept` or `over` of what is kept.
    #[schema(example = "due")]
    state: &'static str,
    rule: ClockRuleView,
}

impl From<&Clocked> for ClockView {
    fn from(clocked: &Clocked) -> Self {
        let rule = &clocked.rule;
        Self {
            clock: rule.clock.code(),
            kind: rule.clock.kind().code(),
            started_by: rule.clock.starts().code(),
            started_at: clocked.started_at.to_string(),
            due_on: clocked.due.ok().map(|due| due.on.to_string()),
            due_at: clocked.due.ok().map(|due| due.at.to_string()),
            missing_year: clocked.due.err().map(|missing| missing.0),
            done_at: clocked.done_at.map(|at| at.to_string()),
            state: clocked.state.code(),
            rule: ClockRuleView {
                code: rule.code.clone(),
                regime: rule.regime.clone(),
                department: rule.department.code(),
                clause: rule.clause.clone(),
                confidence: rule.confidence.code(),
                amount: rule.period.amount,
                unit: rule.period.unit.code(),
            },
        }
    }
}

/// A sample that waits.
#[derive(Serialize, ToSchema)]
pub(crate) struct WaitingView {
    sample: SampleSummary,
    clock: ClockView,
}

impl WaitingView {
    fn of(waits: &Waits) -> Result<Self, Error> {
        let sample = SampleSummary::of(&waits.sample, waits.is_blind)?;
        Ok(Self { sample, clock: ClockView::from(&waits.clock) })
    }
}

/// A page of what waits.
#[derive(Serialize, ToSchema)]
pub(crate) struct WaitingListView {
    items: Vec<WaitingView>,
    /// Null after the last page.
    next_cursor: Option<String>,
}

impl WaitingListView {
    fn of(page: &Page) -> Result<Self, Error> {
        let items = page.items.iter().map(WaitingView::of).collect::<Result<_, _>>()?;
        Ok(Self { items, next_cursor: page.next.map(cursor_text) })
    }
}

/// A cursor's text: day, microseconds and id.
fn cursor_text(cursor: Cursor) -> String {
    format!("{}.{}.{}", cursor.key, cursor.at.as_microsecond(), cursor.id.simple())
}

fn parse_cursor(text: &str) -> Option<Cursor> {
    let (key, rest) = text.split_once('.')?;
    let (at, id) = rest.split_once('.')?;
    // Nothing was sampled before 1970, and PostgreSQL knows no instant before -4713.
    let at = Timestamp::from_microsecond(at.parse().ok().filter(|at| *at >= 0)?).ok()?;
    Some(Cursor { key: key.parse().ok()?, at, id: Uuid::try_parse(id).ok()? })
}

/// Whose, and of what, one asks.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct DeadlineQuery {
    /// `overdue`, `soon`, `due` or `undetermined`.
    state: Option<String>,
    /// A laboratory's id.
    lab: Option<String>,
    /// A city's four digits.
    #[param(example = "3301")]
    city: Option<String>,
    stage: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100; 50 when absent.
    limit: Option<u8>,
}

/// The states of what waits.
const WAITING: [Standing; 4] = [Standing::Overdue, Standing::Soon, Standing::Due, Standing::Undetermined];

fn asked(fields: &Fields<'_>) -> Asked {
    Asked {
        state: None,
        lab: fields.id::<LabId>("lab"),
        city: fields.parsed::<City>("city", "bad_region", ("须为四位设区市代码", "a city has four digits")),
        stage: fields.word::<Stage>("stage"),
        after: None,
    }
}

pub(crate) struct ListAsked {
    asked: Asked,
    limit: u8,
}

impl FromFields for ListAsked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let state = fields.word::<Standing>("state");
        if state.is_some_and(|state| !WAITING.contains(&state)) {
            fields.problem("state", "unknown_word", ("不是等待中的状态", "not a state of what waits"));
        }
        let cursor = fields.text("cursor");
        let after = cursor.as_deref().and_then(parse_cursor);
        if cursor.is_some() && after.is_none() {
            fields.problem("cursor", "bad_cursor", ("不是有效的游标", "not a cursor of this list"));
        }
        let limit = fields.within("limit", (1, 100)).unwrap_or(50);
        Some(Self { asked: Asked { state, after, ..asked(fields) }, limit: u8::try_from(limit).ok()? })
    }
}

/// List what waits.
///
/// Samples that wait for delivery or for their report, of those that the person sees, what is due first first. What is
/// undetermined stands where it would be due at the earliest.
#[utoipa::path(operation_id = "deadline_list", tag = "deadlines", params(DeadlineQuery), security(("bearer" = [])),
    responses((status = 200, description = "a page", body = WaitingListView), Stranger, NotValid))]
#[get("/deadlines")]
pub(crate) async fn deadline_list(
    state: web::Data<State>,
    asked: Allowed<DeadlineList, Query<ListAsked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(ListAsked { asked, limit }), .. } = asked;
    let call = state.call(&person);
    let page = state.run(move |state| list(&state.store, &call, &asked, limit)).await?;
    Ok(HttpResponse::Ok().json(WaitingListView::of(&page).map_err(Failure::from)?))
}

/// What waits for one step, at one laboratory, from one city.
#[derive(Serialize, ToSchema)]
pub(crate) struct LineView {
    /// `delivery` or `report`.
    #[schema(example = "report")]
    clock: &'static str,
    /// Null before a sample is addressed to one.
    lab_id: Option<String>,
    #[schema(example = "3301")]
    city: String,
    /// Neither near nor over.
    due: u64,
    /// The last day is at most two working days away.
    soon: u64,
    overdue: u64,
    /// A calendar is missing.
    undetermined: u64,
    /// Of those that are not over, those whose last day comes until `until`.
    breaches: u64,
}

impl From<&Line> for LineView {
    fn from(line: &Line) -> Self {
        Self {
            clock: line.clock.code(),
            lab_id: line.lab.map(|lab| lab.to_string()),
            city: line.city.to_string(),
            due: line.due,
            soon: line.soon,
            overdue: line.overdue,
            undetermined: line.undetermined,
            breaches: line.breaches,
        }
    }
}

/// A day on which something is due.
#[derive(Serialize, ToSchema)]
pub(crate) struct DueDayView {
    #[schema(example = "2025-07-14")]
    on: String,
    count: u64,
}

/// What waits, counted.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeadlineSummaryView {
    as_of: String,
    /// The last of the working days that were asked for; null where the calendar ends before it, and nothing is forecast.
    #[schema(example = "2025-07-14")]
    until: Option<String>,
    /// By clock, laboratory and city; those that have any.
    items: Vec<LineView>,
    /// What will be overdue after each day, if nobody does anything.
    breaches: Vec<DueDayView>,
    /// The years whose calendar is missing for something that waits.
    #[schema(example = json!([]))]
    missing_years: Vec<i16>,
}

impl DeadlineSummaryView {
    fn of(summary: &Summary, as_of: Timestamp) -> Self {
        Self {
            as_of: as_of.to_string(),
            until: summary.until.map(|until| until.to_string()),
            items: summary.lines.iter().map(LineView::from).collect(),
            breaches: summary.days.iter().map(|(on, count)| DueDayView { on: on.to_string(), count: *count }).collect(),
            missing_years: summary.missing.clone(),
        }
    }
}

/// Of what one wants the count.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct SummaryQuery {
    /// A laboratory's id.
    lab: Option<String>,
    /// A city's four digits.
    #[param(example = "3301")]
    city: Option<String>,
    stage: Option<String>,
    /// How many working days are looked ahead, from today on: 1 to 60; 5 when absent.
    days: Option<u16>,
}

pub(crate) struct SummaryAsked {
    asked: Asked,
    days: u16,
}

impl FromFields for SummaryAsked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let days = fields.within("days", (1, 60)).unwrap_or(5);
        Some(Self { asked: asked(fields), days: u16::try_from(days).ok()? })
    }
}

/// Count what waits.
///
/// By step, laboratory and city: in time, near, overdue, undetermined, and what will be overdue within the next working days.
#[utoipa::path(operation_id = "deadline_summary", tag = "deadlines", params(SummaryQuery), security(("bearer" = [])),
    responses((status = 200, description = "the counts", body = DeadlineSummaryView), NoRole, NotValid))]
#[get("/deadlines/summary")]
pub(crate) async fn deadline_summary(
    state: web::Data<State>,
    asked: Allowed<DeadlineSummary, Query<SummaryAsked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(SummaryAsked { asked, days }), .. } = asked;
    let call = state.call(&person);
    let at = call.at;
    let summary = state.run(move |state| summary(&state.store, &call, &asked, days)).await?;
    Ok(HttpResponse::Ok().json(DeadlineSummaryView::of(&summary, at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_is_one() {
        let text = "2025-07-14.1750000000000000.0190b6c17e3a7c119a5b0123456789ab";
        assert_eq!(parse_cursor(text).map(cursor_text).as_deref(), Some(text));
        for wrong in [
            "",
            "2025-07-14",
            "2025-07-14.1",
            "x.1.0190b6c17e3a7c119a5b0123456789ab",
            "2025-07-14.-1.0190b6c17e3a7c119a5b0123456789ab",
        ] {
            assert_eq!(parse_cursor(wrong), None, "{wrong}");
        }
    }
}
