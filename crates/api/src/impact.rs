//! What a new limit would change.

use crate::State;
use crate::access::{Allowed, CriterionImpact};
use crate::answers::{NoRole, NotThere, NotValid};
use crate::body::{Fields, FromFields, Query};
use crate::problem::Failure;
use actix_web::{HttpResponse, get, web};
use hege_app::criteria::{Changed, Question, Supposed, impact};
use hege_core::date::china_date;
use hege_core::{Month, SampleId};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(criterion_impact);
}

/// What is supposed, and of which results.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct ImpactQuery {
    /// A row's id; this or `edition`.
    criterion: Option<String>,
    /// A standard with its edition, as its rows name it: all of them.
    edition: Option<String>,
    /// Another limit than the row has, in its unit; only with `criterion`.
    limit: Option<String>,
    /// First month of sampling; eleven months before `to` when absent.
    from: Option<String>,
    /// Last month of sampling; the month of the board's clock when absent.
    to: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

pub(crate) struct Asked {
    supposed: Supposed,
    from: Option<Month>,
    to: Option<Month>,
    after: Option<(SampleId, String)>,
}

impl FromFields for Asked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let month = ("须为 2025-09 这样的月份", "a month is written 2025-09");
        let (from, to) = (fields.parsed("from", "bad_month", month), fields.parsed("to", "bad_month", month));
        if from.zip(to).is_some_and(|(from, to): (Month, Month)| to < from) {
            fields.problem("to", "before_from", ("早于起始月份", "before `from`"));
        }
        let cursor = fields.text("cursor");
        let parse = |text: &str| {
            let (id, analyte) = text.split_once('/')?;
            Some((id.parse().ok()?, analyte.to_owned()))
        };
        let after = cursor.as_deref().and_then(parse);
        if cursor.is_some() && after.is_none() {
            fields.problem("cursor", "bad_cursor", ("不是有效的游标", "not a cursor of this list"));
        }
        let limit = fields.text("limit");
        let supposed = match (fields.text("criterion"), fields.text("edition"), limit) {
            (Some(id), None, limit) => Some(Supposed::Row { id, limit }),
            (None, Some(standard), None) => Some(Supposed::Standard(standard)),
            (None, Some(_), Some(_)) => {
                fields.problem("limit", "not_with_edition", ("只用于单条限量", "only for one row"));
                None
            }
            _ => {
                fields.problem(
                    "criterion",
                    "one_of",
                    ("须恰好给出限量或版本之一", "exactly one of criterion and edition"),
                );
                None
            }
        };
        Some(Self { supposed: supposed?, from, to, after })
    }
}

/// A result that would be judged otherwise.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangedView {
    sample_id: String,
    form_no: String,
    analyte: String,
    /// As typed.
    reported: Option<String>,
    unit: Option<String>,
    /// As stored.
    #[schema(example = "conforming")]
    verdict: String,
    reason: String,
    /// As it would be.
    #[schema(example = "nonconforming")]
    verdict_then: &'static str,
    reason_then: &'static str,
}

impl From<Changed> for ChangedView {
    fn from(changed: Changed) -> Self {
        Self {
            sample_id: changed.sample.to_string(),
            form_no: changed.form_no,
            analyte: changed.analyte,
            reported: changed.reported.0,
            unit: changed.reported.1,
            verdict: changed.before.0,
            reason: changed.before.1,
            verdict_then: changed.after.0,
            reason_then: changed.after.1,
        }
    }
}

/// A page of what would change.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImpactView {
    /// Results of this page that were judged again; the sum over the pages is what the figures rest on.
    examined: usize,
    /// Those of this page that would be judged otherwise.
    items: Vec<ChangedView>,
    /// Null after the last page. A page may be without items and not be the last.
    next_cursor: Option<String>,
}

/// See what a criterion would change.
///
/// Stored results of a window that would be judged otherwise if the row, or every row of the edition, had been law all that time,
/// in the order of the samples. Nothing is changed.
#[utoipa::path(operation_id = "criterion_impact", tag = "criteria", params(ImpactQuery), security(("bearer" = [])),
    responses((status = 200, description = "a page of what would change", body = ImpactView), NoRole, NotThere, NotValid))]
#[get("/criteria/impact")]
pub(crate) async fn criterion_impact(
    state: web::Data<State>,
    asked: Allowed<CriterionImpact, Query<Asked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(Asked { supposed, from, to, after }), .. } = asked;
    let to = to.unwrap_or_else(|| Month::of(china_date(state.now())));
    let year = std::iter::successors(Some(to), |month| Some(month.previous())).nth(11).unwrap_or(to);
    let question = Question { supposed, months: (from.unwrap_or(year), to), after };
    let page = state
        .run(move |state| {
            let catalogue = state.catalogues.get(&state.store)?;
            impact(&state.store, &person.scope, (&question, &catalogue))
        })
        .await?;
    Ok(HttpResponse::Ok().json(ImpactView {
        examined: page.examined,
        items: page.changed.into_iter().map(ChangedView::from).collect(),
        next_cursor: page.next.map(|(sample, analyte)| format!("{sample}/{analyte}")),
    }))
}
