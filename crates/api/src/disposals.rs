//! 核查处置: opened, worked on and ended, and what is under way.

use crate::State;
use crate::access::{Allowed, DisposalList, DisposalOpen, DisposalStep};
use crate::after_verdict::{done, instant};
use crate::answers::{NoRole, NotThere, NotValid, WrongMoment};
use crate::body::{Body, Fields, FromFields, Query};
use crate::problem::Failure;
use crate::views::{SampleSummary, path_id};
use actix_web::{HttpResponse, get, post, web};
use hege_app::Error;
use hege_app::after_verdict::disposals::{self, Asked, Cursor, Dealt, Opening, Page};
use hege_core::{RegionCode, Stage};
use hege_sampling::disposal::{DisposalState, Outcome, Penalty, PenaltyKind, Recall, Side, Step};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(disposal_open).service(disposal_step).service(disposal_list);
}

/// A disposal of one side.
#[derive(Serialize, ToSchema)]
pub(crate) struct DisposalView {
    /// `producer`, `seller` or `caterer`.
    #[schema(example = "producer")]
    side: &'static str,
    /// `open`, `closed` or `withdrawn`.
    #[schema(example = "open")]
    state: &'static str,
    /// The county whose department deals with it.
    #[schema(example = "330106")]
    region: String,
    /// Who it is about.
    name: String,
    since: String,
    /// The last day, in China; null where no law or calendar tells it.
    #[schema(example = "2025-11-30")]
    due_on: Option<String>,
    /// The year whose calendar is missing.
    #[schema(example = json!(null))]
    missing_year: Option<i16>,
    /// `due`, `soon`, `overdue`, `undetermined`, `met`, `late`.
    #[schema(example = "due")]
    clock: Option<&'static str>,
    /// `causes`, `measures`, `recalls`, `penalties`, `extensions`: each entry as recorded, with `by` and `at`, of which the last
    /// holds; `opened` and `closing`.
    #[schema(value_type = Object)]
    record: Value,
    /// Why it was withdrawn.
    #[schema(example = json!(null))]
    withdrawn_why: Option<String>,
}

impl From<&Dealt> for DisposalView {
    fn from(dealt: &Dealt) -> Self {
        let row = &dealt.row;
        let due = dealt.due.and_then(Result::ok);
        Self {
            side: row.side.0.code(),
            state: row.state.0.code(),
            region: format!("{:06}", row.region),
            name: row.name.clone(),
            since: row.since.0.to_string(),
            due_on: due.map(|due| due.on.to_string()),
            missing_year: dealt.due.and_then(Result::err).map(|missing| missing.0),
            clock: dealt.state.map(|state| state.code()),
            record: row.record.0.clone(),
            withdrawn_why: row.withdrawn_why.clone(),
        }
    }
}

/// What opens a disposal.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct OpeningBody {
    /// The revision of the sample that was seen.
    revision: i64,
    /// `producer`, `seller` or `caterer`.
    #[schema(example = "producer")]
    side: String,
    /// Who it is about, as they are called.
    #[schema(example = "演示种植合作社")]
    name: String,
    /// The county whose department deals with it; that of the sampling place where none is given.
    #[schema(example = "330106")]
    region: Option<String>,
}

pub(crate) struct Opened {
    revision: i64,
    opening: Opening,
}

impl FromFields for Opened {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let side = fields.needed("side", fields.word::<Side>("side"));
        let name = fields.needed("name", fields.text("name"));
        let region = fields.parsed::<RegionCode>("region", "bad_region", ("须为行政区划代码", "a code of a region"));
        Some(Self { revision: revision?, opening: Opening { side: side?, region, name: name? } })
    }
}

/// Open the disposal of a side.
///
/// Once for each side of a nonconforming sample. Objection and re-inspection do not hold it up; when one of them overturns the
/// conclusion, or the sample is voided, it is withdrawn by itself and keeps its record.
#[utoipa::path(operation_id = "disposal_open", tag = "after the verdict", request_body = OpeningBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "opened", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/disposals")]
pub(crate) async fn disposal_open(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<DisposalOpen, Body<Opened>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(Opened { revision, opening }), .. } = asked;
    done(&state, state.call(&person), move |state, call| {
        disposals::open(&state.store, call, id, (revision, &opening), &state.regions)
    })
    .await
}

/// A step of a disposal: `step` says which, and the fields of that step are given, no others.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct DisposalStepBody {
    /// The revision of the sample that was seen.
    revision: i64,
    /// `cause` (`text`), `measures` (`text`, `taken_at`), `recall` (`made`, `sold`, `recalled`, `destroyed`, `unit`), `penalty`
    /// (`kind`, `amount`, `document_no`), `extension` (`until`, `reason`), `closing` (`outcome`, `note`).
    #[schema(example = "recall")]
    step: String,
    /// The cause that was found, or the measures that were taken.
    #[schema(example = json!(null))]
    text: Option<String>,
    /// When the measures were taken.
    #[schema(example = json!(null))]
    taken_at: Option<String>,
    /// Made, or bought in.
    #[schema(example = "500")]
    made: Option<String>,
    #[schema(example = "320.5")]
    sold: Option<String>,
    #[schema(example = "120.5")]
    recalled: Option<String>,
    /// Of what was taken back or in stock.
    #[schema(example = "300")]
    destroyed: Option<String>,
    /// The unit of all four.
    #[schema(example = "kg")]
    unit: Option<String>,
    /// `none`, `warning`, `fine`, `confiscation`, `suspension`, `revocation`, `criminal`.
    #[schema(example = json!(null))]
    kind: Option<String>,
    /// Yuan, of a fine and a confiscation.
    #[schema(example = json!(null))]
    amount: Option<String>,
    /// The number of the document that decides the penalty, or that there is none.
    #[schema(example = json!(null))]
    document_no: Option<String>,
    /// The new last day.
    #[schema(example = json!(null))]
    until: Option<String>,
    #[schema(example = json!(null))]
    reason: Option<String>,
    /// `completed` or `transferred`.
    #[schema(example = json!(null))]
    outcome: Option<String>,
    /// Of a transfer, to whom.
    #[schema(example = json!(null))]
    note: Option<String>,
}

hege_core::words! {
    /// Which step is done.
    enum StepKind {
        Cause = "cause", "不合格原因", "cause";
        Measures = "measures", "风险控制措施", "measures";
        Recall = "recall", "召回", "recall";
        Penalty = "penalty", "行政处罚", "penalty";
        Extension = "extension", "延期", "extension";
        Closing = "closing", "结案", "closing";
    }
}

/// The fields of all steps.
const FIELDS: [&str; 14] = [
    "text",
    "taken_at",
    "made",
    "sold",
    "recalled",
    "destroyed",
    "unit",
    "kind",
    "amount",
    "document_no",
    "until",
    "reason",
    "outcome",
    "note",
];

impl StepKind {
    /// The fields of this step.
    const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Cause => &["text"],
            Self::Measures => &["text", "taken_at"],
            Self::Recall => &["made", "sold", "recalled", "destroyed", "unit"],
            Self::Penalty => &["kind", "amount", "document_no"],
            Self::Extension => &["until", "reason"],
            Self::Closing => &["outcome", "note"],
        }
    }
}

pub(crate) struct Stepped {
    revision: i64,
    step: Step,
}

fn decimal(fields: &Fields<'_>, name: &'static str) -> Option<Decimal> {
    let text = fields.text(name)?;
    let parsed = hege_core::decimal::parse(&text).ok();
    if parsed.is_none() {
        fields.problem(name, "bad_decimal", ("须为十进制数", "a plain decimal number"));
    }
    parsed
}

fn recall(fields: &Fields<'_>) -> Option<Recall> {
    let figure = |name| fields.needed(name, decimal(fields, name));
    let [made, sold, recalled, destroyed] = ["made", "sold", "recalled", "destroyed"].map(figure);
    let unit = fields.needed("unit", fields.text("unit"));
    Some(Recall { made: made?, sold: sold?, recalled: recalled?, destroyed: destroyed?, unit: unit? })
}

fn penalty(fields: &Fields<'_>) -> Option<Penalty> {
    let kind = fields.needed("kind", fields.word::<PenaltyKind>("kind"));
    let amount = decimal(fields, "amount");
    let document_no = fields.needed("document_no", fields.text("document_no"));
    Some(Penalty { kind: kind?, amount, document_no: document_no? })
}

fn step(fields: &Fields<'_>, kind: StepKind) -> Option<Step> {
    let text = |name| fields.needed(name, fields.text(name));
    match kind {
        StepKind::Cause => text("text").map(Step::Cause),
        StepKind::Measures => {
            let (text, at) = (text("text"), instant(fields, "taken_at"));
            Some(Step::Measures { text: text?, at: at? })
        }
        StepKind::Recall => recall(fields).map(Step::Recall),
        StepKind::Penalty => penalty(fields).map(Step::Penalty),
        StepKind::Extension => {
            let day = ("须为 2025-06-15 形式的日期", "a date is written 2025-06-15");
            let until = fields.needed("until", fields.parsed::<Date>("until", "bad_date", day));
            let reason = text("reason");
            Some(Step::Extension { until: until?, reason: reason? })
        }
        StepKind::Closing => {
            let outcome = fields.needed("outcome", fields.word::<Outcome>("outcome"));
            let note = fields.text("note");
            let note = if outcome == Some(Outcome::Transferred) { Some(fields.needed("note", note)?) } else { note };
            Some(Step::Closing { outcome: outcome?, note })
        }
    }
}

impl FromFields for Stepped {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let kind = fields.needed("step", fields.word::<StepKind>("step"));
        let step = kind.and_then(|kind| step(fields, kind));
        let own = kind.map_or(&[][..], StepKind::fields);
        for name in FIELDS.into_iter().filter(|name| !own.contains(name)) {
            // Of a step that is not known no field is wrong.
            if fields.value(name).is_some() && kind.is_some() {
                fields.problem(name, "not_for_step", ("该步骤不填此项", "not for this step"));
            }
        }
        Some(Self { revision: revision?, step: step? })
    }
}

/// Do a step of a disposal.
///
/// What was recorded stays, and the last of each kind holds. An extension and the closing are another person's than those who
/// worked on it. A completed disposal has cause, measures, recall (not of a caterer) and a penalty, be it `none`; one that is
/// transferred needs only to whom. The sample's clock ends when every side that is due was dealt with.
#[utoipa::path(operation_id = "disposal_step", tag = "after the verdict", request_body = DisposalStepBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id"), ("side" = String, Path, description = "`producer`, `seller` or `caterer`")),
    responses((status = 200, description = "done", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/disposals/{side}/steps")]
pub(crate) async fn disposal_step(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    asked: Allowed<DisposalStep, Body<Stepped>>,
) -> Result<HttpResponse, Failure> {
    let place = (path_id(&path.0)?, path.1.parse().map_err(|_no_side| Failure::not_found())?);
    let Allowed { person, input: Body(Stepped { revision, step }), .. } = asked;
    done(&state, state.call(&person), move |state, call| disposals::step(&state.store, call, place, (revision, &step)))
        .await
}

/// A disposal with its sample.
#[derive(Serialize, ToSchema)]
pub(crate) struct DisposalOfView {
    sample: SampleSummary,
    disposal: DisposalView,
}

/// A page of disposals.
#[derive(Serialize, ToSchema)]
pub(crate) struct DisposalListView {
    items: Vec<DisposalOfView>,
    /// Null after the last page.
    next_cursor: Option<String>,
}

impl DisposalListView {
    fn of(page: &Page) -> Result<Self, Error> {
        let view = |(dealt, sample): &(Dealt, _)| {
            Ok::<_, Error>(DisposalOfView { sample: SampleSummary::of(sample, false)?, disposal: dealt.into() })
        };
        let items = page.items.iter().map(view).collect::<Result<_, _>>()?;
        Ok(Self { items, next_cursor: page.next.map(cursor_text) })
    }
}

fn cursor_text(cursor: Cursor) -> String {
    format!("{}.{}.{}", cursor.since.as_microsecond(), cursor.id.simple(), cursor.side)
}

fn parse_cursor(text: &str) -> Option<Cursor> {
    let (since, rest) = text.split_once('.')?;
    let (id, side) = rest.split_once('.')?;
    let since = Timestamp::from_microsecond(since.parse().ok().filter(|at| *at >= 0)?).ok()?;
    Some(Cursor { since, id: Uuid::try_parse(id).ok()?, side: side.parse().ok()? })
}

/// Which disposals one asks for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct DisposalQuery {
    /// `open`, `closed` or `withdrawn`; open when absent.
    status: Option<String>,
    /// Those that departments of this region's subtree deal with.
    region: Option<String>,
    stage: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100; 50 when absent.
    limit: Option<u8>,
}

pub(crate) struct ListAsked {
    asked: Asked,
    limit: u8,
}

impl FromFields for ListAsked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let state = fields.word::<DisposalState>("status").unwrap_or(DisposalState::Open);
        let region = fields.parsed::<RegionCode>("region", "bad_region", ("须为行政区划代码", "a code of a region"));
        let stage = fields.word::<Stage>("stage");
        let cursor = fields.text("cursor");
        let after = cursor.as_deref().and_then(parse_cursor);
        if cursor.is_some() && after.is_none() {
            fields.problem("cursor", "bad_cursor", ("不是有效的游标", "not a cursor of this list"));
        }
        let limit = fields.within("limit", (1, 100)).unwrap_or(50);
        Some(Self { asked: Asked { state, region, stage, after }, limit: u8::try_from(limit).ok()? })
    }
}

/// List disposals.
///
/// Of samples of the person's region, and those that departments of their region deal with; whose clock began first first.
#[utoipa::path(operation_id = "disposal_list", tag = "after the verdict", params(DisposalQuery), security(("bearer" = [])),
    responses((status = 200, description = "a page", body = DisposalListView), NoRole, NotValid))]
#[get("/disposals")]
pub(crate) async fn disposal_list(
    state: web::Data<State>,
    asked: Allowed<DisposalList, Query<ListAsked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(ListAsked { asked, limit }), .. } = asked;
    let call = state.call(&person);
    let page = state.run(move |state| disposals::list(&state.store, &call, &asked, limit)).await?;
    Ok(HttpResponse::Ok().json(DisposalListView::of(&page).map_err(Failure::from)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_is_one() {
        let text = "1750000000000000.0190b6c17e3a7c119a5b0123456789ab.seller";
        assert_eq!(parse_cursor(text).map(cursor_text).as_deref(), Some(text));
        for wrong in ["", "1", "1.2", "-1.0190b6c17e3a7c119a5b0123456789ab.seller", "1.x.seller"] {
            assert_eq!(parse_cursor(wrong), None, "{wrong}");
        }
    }
}
