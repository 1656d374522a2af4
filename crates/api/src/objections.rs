//! 异议, and what the named producer says of the food's authenticity.

use crate::State;
use crate::access::{
    Allowed, AuthenticityConfirm, ObjectionAnswer, ObjectionDecide, ObjectionRaise, ObjectionWithdraw,
};
use crate::after_verdict::{Decision, done, instant, place};
use crate::answers::{NoRole, NotThere, NotValid, WrongMoment};
use crate::body::{Body, Fields, FromFields};
use crate::custody::ReasonBody;
use crate::problem::Failure;
use crate::views::{SampleSummary, path_id};
use actix_web::{HttpResponse, post, web};
use hege_app::after_verdict::ObjectionRow;
use hege_app::after_verdict::objections::{self, Objected};
use hege_sampling::objection::{Act, ObjectionGround, Raised, Subject};
use hege_sampling::reinspection::Applicant;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(objection_raise)
        .service(objection_decide)
        .service(objection_answer)
        .service(objection_withdraw)
        .service(authenticity_confirm);
}

/// An objection.
#[derive(Serialize, ToSchema)]
pub(crate) struct ObjectionView {
    seq: i32,
    /// `sampling`, `authenticity`, `method` or `standard`.
    #[schema(example = "method")]
    subject: &'static str,
    #[schema(example = "sampled_unit")]
    objector: &'static str,
    raised_at: String,
    reason: String,
    evidence: Option<String>,
    /// `raised`, `refused`, `accepted`, `upheld`, `dismissed`, `withdrawn`.
    #[schema(example = "raised")]
    state: &'static str,
    /// Why it was refused.
    #[schema(example = json!(null))]
    ground: Option<&'static str>,
    accepted_by: Option<String>,
    /// What was answered, or why it was withdrawn.
    answer: Option<String>,
    /// The conclusion that it is about; 0 before there was one.
    conclusion_revision: i32,
}

impl From<&ObjectionRow> for ObjectionView {
    fn from(row: &ObjectionRow) -> Self {
        Self {
            seq: row.seq,
            subject: row.subject.0.code(),
            objector: row.objector.0.code(),
            raised_at: row.raised_at.0.to_string(),
            reason: row.reason.clone(),
            evidence: row.evidence.clone(),
            state: row.state.0.code(),
            ground: row.ground.map(|ground| ground.0.code()),
            accepted_by: row.accepted_by.map(|by| by.0.to_string()),
            answer: row.answer.clone(),
            conclusion_revision: row.conclusion_revision,
        }
    }
}

/// An objection as it reached the department.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct ObjectionBody {
    /// The revision of the sample that was seen.
    revision: i64,
    /// `sampling`, `method`, `standard`; `authenticity` is the named producer's to deny.
    #[schema(example = "method")]
    subject: String,
    /// `sampled_unit` or `producer`.
    #[schema(example = "sampled_unit")]
    objector: String,
    /// When it reached the department.
    #[schema(example = "2025-09-15T02:00:00Z")]
    raised_at: String,
    #[schema(example = "检验方法不适用于该基质")]
    reason: String,
    /// What is brought forward for it: a document's number.
    evidence: Option<String>,
}

pub(crate) struct ObjectionGiven {
    revision: i64,
    objected: Objected,
}

impl FromFields for ObjectionGiven {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let subject = fields.needed("subject", fields.word::<Subject>("subject"));
        let objector = fields.needed("objector", fields.word::<Applicant>("objector"));
        let at = instant(fields, "raised_at");
        let reason = fields.needed("reason", fields.text("reason"));
        let evidence = fields.text("evidence");
        let raised = Raised { subject: subject?, objector: objector?, at: at? };
        Some(Self { revision: revision?, objected: Objected { raised, reason: reason?, evidence } })
    }
}

/// Record an objection.
///
/// To the sampling at any time, to the rest of a nonconforming result. One that comes late is recorded too: the department
/// refuses it, with the ground. While it is open the backup is kept.
#[utoipa::path(operation_id = "objection_raise", tag = "after the verdict", request_body = ObjectionBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "recorded", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/objections")]
pub(crate) async fn objection_raise(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<ObjectionRaise, Body<ObjectionGiven>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(ObjectionGiven { revision, objected }), .. } = asked;
    done(&state, state.call(&person), move |state, call| {
        objections::object(&state.store, call, id, (revision, &objected))
    })
    .await
}

/// The department's decision to take an objection on.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct ObjectionDecisionBody {
    /// The revision of the sample that was seen.
    revision: i64,
    accepted: bool,
    /// Why it is refused: `late`, `answered`, `no_evidence`, `not_entitled`, `for_reinspection`.
    #[schema(example = json!(null))]
    ground: Option<String>,
}

/// Take an objection on, or refuse it.
///
/// One that is late or was answered before cannot be accepted (409 `ground_holds`), and neither can be claimed against the
/// record (409 `ground_unfounded`).
#[utoipa::path(operation_id = "objection_decide", tag = "after the verdict", request_body = ObjectionDecisionBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id"), ("seq" = i32, Path, description = "its objection")),
    responses((status = 200, description = "decided", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/objections/{seq}/decision")]
pub(crate) async fn objection_decide(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    asked: Allowed<ObjectionDecide, Body<Decision<ObjectionGround>>>,
) -> Result<HttpResponse, Failure> {
    let place = place(&path)?;
    let Allowed { person, input: Body(Decision { revision, refused }), .. } = asked;
    done(&state, state.call(&person), move |state, call| {
        objections::act(&state.store, call, place, (revision, &objections::decision(refused)))
    })
    .await
}

/// What is answered to an objection.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct AnswerBody {
    /// The revision of the sample that was seen.
    revision: i64,
    upheld: bool,
    #[schema(example = "方法经验证适用")]
    reason: String,
}

pub(crate) struct AnswerGiven {
    revision: i64,
    act: Act,
}

impl FromFields for AnswerGiven {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let is_upheld = fields.needed("upheld", fields.flag("upheld"));
        let reason = fields.needed("reason", fields.text("reason"));
        Some(Self { revision: revision?, act: Act::Answer { is_upheld: is_upheld?, reason: reason? } })
    }
}

/// Answer an objection.
///
/// By another person than who took it on. One that is upheld takes the sample out of the rates at once, and alerts follow: it is
/// voided, but where only the named producer is another it stays a failure of who sold it, with `standing` `voided` and
/// `status` `approved`.
#[utoipa::path(operation_id = "objection_answer", tag = "after the verdict", request_body = AnswerBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id"), ("seq" = i32, Path, description = "its objection")),
    responses((status = 200, description = "answered", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/objections/{seq}/answer")]
pub(crate) async fn objection_answer(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    asked: Allowed<ObjectionAnswer, Body<AnswerGiven>>,
) -> Result<HttpResponse, Failure> {
    let place = place(&path)?;
    let Allowed { person, input: Body(AnswerGiven { revision, act }), .. } = asked;
    done(&state, state.call(&person), move |state, call| objections::act(&state.store, call, place, (revision, &act)))
        .await
}

/// Withdraw an objection.
///
/// By who objected, as the department records it; before it is answered.
#[utoipa::path(operation_id = "objection_withdraw", tag = "after the verdict", request_body = ReasonBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id"), ("seq" = i32, Path, description = "its objection")),
    responses((status = 200, description = "withdrawn", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/objections/{seq}/withdrawal")]
pub(crate) async fn objection_withdraw(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    asked: Allowed<ObjectionWithdraw, Body<ReasonBody>>,
) -> Result<HttpResponse, Failure> {
    let place = place(&path)?;
    let Allowed { person, input: Body(ReasonBody { revision, reason }), .. } = asked;
    done(&state, state.call(&person), move |state, call| {
        objections::act(&state.store, call, place, (revision, &Act::Withdraw { reason }))
    })
    .await
}

/// The named producer's word that they made it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct AuthenticityBody {
    /// The revision of the sample that was seen.
    revision: i64,
    #[schema(example = "2025-09-15T02:00:00Z")]
    confirmed_at: String,
    /// What proves it: the number of their letter.
    #[schema(example = "演示函〔2025〕1号")]
    proof: String,
}

pub(crate) struct Confirmed {
    revision: i64,
    at: Timestamp,
    proof: String,
}

impl FromFields for Confirmed {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let at = instant(fields, "confirmed_at");
        let proof = fields.needed("proof", fields.text("proof"));
        Some(Self { revision: revision?, at: at?, proof: proof? })
    }
}

/// Record that the named producer confirmed the food.
///
/// Who was served with proof and stays silent over their time counts as having confirmed it (`authenticity` `silent`); who denies
/// it objects with subject `authenticity`.
#[utoipa::path(operation_id = "authenticity_confirm", tag = "after the verdict", request_body = AuthenticityBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "recorded", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/authenticity")]
pub(crate) async fn authenticity_confirm(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<AuthenticityConfirm, Body<Confirmed>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(Confirmed { revision, at, proof }), .. } = asked;
    done(&state, state.call(&person), move |state, call| {
        objections::confirm(&state.store, call, id, (revision, (at, &proof)))
    })
    .await
}
