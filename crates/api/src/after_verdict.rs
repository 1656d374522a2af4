//! What follows a verdict: 送达, 复检.

mod views;

pub(crate) use views::{ReinspectionView, ServiceView};

use crate::State;
use crate::access::{
    Allowed, ReinspectionApply, ReinspectionBody, ReinspectionDecide, ReinspectionHandOver, ReinspectionReport,
    ReinspectionWithdraw, ServiceAdd,
};
use crate::answers::{NoRole, NotThere, NotValid, WrongMoment};
use crate::body::{Body, Fields, FromFields};
use crate::custody::ReasonBody;
use crate::problem::Failure;
use crate::results::{Entered, ResultBody};
use crate::views::{SampleSummary, path_id};
use actix_web::{HttpResponse, post, web};
use hege_app::after_verdict::{self, Applied, Reported, Told};
use hege_app::samples::Sample;
use hege_app::{Call, Error};
use hege_core::{OrganisationId, SampleId};
use hege_sampling::reinspection::{Applicant, Ground};
use hege_sampling::service::{Addressee, Method, Service};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::str::FromStr;
use utoipa::ToSchema;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(service_add)
        .service(reinspection_apply)
        .service(reinspection_decide)
        .service(reinspection_body)
        .service(reinspection_hand_over)
        .service(reinspection_report)
        .service(reinspection_withdraw);
}

/// Does an act and answers with the sample as it is afterwards.
pub(crate) async fn done(
    state: &web::Data<State>,
    call: Call,
    act: impl FnOnce(&State, &Call) -> Result<Sample, Error> + Send + 'static,
) -> Result<HttpResponse, Failure> {
    let (sample, is_laboratory) = state
        .run(move |state| {
            let sample = act(state, &call)?;
            Ok((sample, call.actor.roles.iter().all(|role| role.is_laboratory())))
        })
        .await?;
    Ok(HttpResponse::Ok().json(SampleSummary::of(&sample, is_laboratory).map_err(Failure::from)?))
}

/// The re-inspection of a path; what is none is not there.
pub(crate) fn place(path: &(String, String)) -> Result<(SampleId, i32), Failure> {
    Ok((path_id(&path.0)?, path.1.parse().map_err(|_no_number| Failure::not_found())?))
}

pub(crate) fn instant(fields: &Fields<'_>, name: &'static str) -> Option<Timestamp> {
    let words = ("须为 RFC 3339 时间", "an instant is written by RFC 3339");
    fields.needed(name, fields.parsed(name, "bad_instant", words))
}

/// A service of a result.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct ServiceBody {
    /// The revision that was seen.
    revision: i64,
    #[schema(example = "sampled_unit")]
    addressee: String,
    /// As they are called.
    #[schema(example = "演示农贸市场")]
    name: String,
    #[schema(example = "direct")]
    method: String,
    /// When it arrived, by the proof.
    #[schema(example = "2025-09-12T02:00:00Z")]
    served_at: String,
    /// What proves it: a receipt, a tracking number. Without it no clock of the addressee runs.
    proof: Option<String>,
    /// Whether they were told that they may object and apply for a re-inspection. If not, no clock of theirs runs.
    rights_told: bool,
}

pub(crate) struct ServiceGiven {
    revision: i64,
    told: Told,
}

impl FromFields for ServiceGiven {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let addressee = fields.needed("addressee", fields.word::<Addressee>("addressee"));
        let name = fields.needed("name", fields.text("name"));
        let method = fields.needed("method", fields.word::<Method>("method"));
        let at = instant(fields, "served_at");
        let rights_told = fields.needed("rights_told", fields.flag("rights_told"));
        let service = Service {
            addressee: addressee?,
            method: method?,
            at: at?,
            proof: fields.text("proof"),
            rights_told: rights_told?,
        };
        Some(Self { revision: revision?, told: Told { service, name: name? } })
    }
}

/// Record a service.
///
/// That a result was told to sampled unit, producer, market operator or platform. The addressee's clocks run from a service that
/// is proven and told them their rights; without one nobody is ever late.
#[utoipa::path(operation_id = "service_add", tag = "after the verdict", request_body = ServiceBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "recorded", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/services")]
pub(crate) async fn service_add(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<ServiceAdd, Body<ServiceGiven>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(ServiceGiven { revision, told }), .. } = asked;
    done(&state, state.call(&person), move |state, call| {
        after_verdict::serve(&state.store, call, id, (revision, &told))
    })
    .await
}

/// An application for a re-inspection.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct ApplicationBody {
    /// The revision that was seen.
    revision: i64,
    /// `sampled_unit` or `producer`, who agree on one.
    #[schema(example = "sampled_unit")]
    applicant: String,
    /// When it reached the department.
    #[schema(example = "2025-09-15T02:00:00Z")]
    applied_at: String,
    /// The failing items that are to be tested again.
    #[schema(example = json!(["lead"]))]
    items: Vec<String>,
}

pub(crate) struct ApplicationGiven {
    revision: i64,
    applied: Applied,
}

impl FromFields for ApplicationGiven {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let applicant = fields.needed("applicant", fields.word::<Applicant>("applicant"));
        let at = instant(fields, "applied_at");
        let items: BTreeSet<String> = fields.needed("items", fields.texts("items"))?.into_iter().collect();
        Some(Self { revision: revision?, applied: Applied { applicant: applicant?, at: at?, items } })
    }
}

/// Record an application for a re-inspection.
///
/// One that comes late or cannot be granted is recorded too: the department refuses it, with the ground.
#[utoipa::path(operation_id = "reinspection_apply", tag = "after the verdict", request_body = ApplicationBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "recorded", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/reinspections")]
pub(crate) async fn reinspection_apply(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<ReinspectionApply, Body<ApplicationGiven>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(ApplicationGiven { revision, applied }), .. } = asked;
    done(&state, state.call(&person), move |state, call| {
        after_verdict::apply_for(&state.store, call, id, (revision, &applied))
    })
    .await
}

/// The department's decision on an application.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct DecisionBody {
    /// The revision of the sample that was seen.
    revision: i64,
    accepted: bool,
    /// Why it is refused: `microbiological`, `backup_expired`, `late`, `backup_unusable`, `no_agreement`, `reinspected`.
    #[schema(example = json!(null))]
    ground: Option<String>,
}

pub(crate) struct Decision<G> {
    pub(crate) revision: i64,
    pub(crate) refused: Option<G>,
}

impl<G: FromStr> FromFields for Decision<G> {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let accepted = fields.needed("accepted", fields.flag("accepted"));
        let ground = fields.word::<G>("ground");
        let refused = if accepted? {
            if fields.value("ground").is_some() {
                fields.problem("ground", "not_for_acceptance", ("受理时不填理由", "only for a refusal"));
            }
            None
        } else {
            Some(fields.needed("ground", ground)?)
        };
        Some(Self { revision: revision?, refused })
    }
}

/// Decide on an application.
///
/// What the law refuses cannot be accepted (409 `ground_holds`), and a ground that the record denies cannot be given (409
/// `ground_unfounded`). Also refuses later, when the backup cannot serve.
#[utoipa::path(operation_id = "reinspection_decide", tag = "after the verdict", request_body = DecisionBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id"), ("seq" = i32, Path, description = "its re-inspection")),
    responses((status = 200, description = "decided", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/reinspections/{seq}/decision")]
pub(crate) async fn reinspection_decide(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    asked: Allowed<ReinspectionDecide, Body<Decision<Ground>>>,
) -> Result<HttpResponse, Failure> {
    let place = place(&path)?;
    let Allowed { person, input: Body(Decision { revision, refused }), .. } = asked;
    done(&state, state.call(&person), move |state, call| {
        after_verdict::decide(&state.store, call, place, (revision, refused))
    })
    .await
}

/// The body that tests again.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct BodyNamedBody {
    /// The revision of the sample that was seen.
    revision: i64,
    /// A laboratory other than the first.
    #[schema(example = "0190b6c1-7e3a-7c11-9a5b-0123456789ab")]
    body_id: String,
}

pub(crate) struct BodyNamed {
    revision: i64,
    body: OrganisationId,
}

impl FromFields for BodyNamed {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let body = fields.needed("body_id", fields.id::<OrganisationId>("body_id"));
        Some(Self { revision: revision?, body: body? })
    }
}

/// Name the re-inspection body.
///
/// A laboratory other than the first; another may be named until one has the backup. From then on the body sees the sample as
/// a laboratory does, without the names of seller and producer.
#[utoipa::path(operation_id = "reinspection_body", tag = "after the verdict", request_body = BodyNamedBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id"), ("seq" = i32, Path, description = "its re-inspection")),
    responses((status = 200, description = "named", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/reinspections/{seq}/body")]
pub(crate) async fn reinspection_body(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    asked: Allowed<ReinspectionBody, Body<BodyNamed>>,
) -> Result<HttpResponse, Failure> {
    let place = place(&path)?;
    let Allowed { person, input: Body(BodyNamed { revision, body }), .. } = asked;
    done(&state, state.call(&person), move |state, call| {
        after_verdict::name_body(&state.store, call, place, (revision, body))
    })
    .await
}

/// The revision that was seen.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct RevisionBody {
    /// The revision of the sample that was seen.
    revision: i64,
}

pub(crate) struct Revision(pub(crate) i64);

impl FromFields for Revision {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        fields.revision().map(Self)
    }
}

/// Hand the backup over to the body.
///
/// By the first laboratory.
#[utoipa::path(operation_id = "reinspection_hand_over", tag = "after the verdict", request_body = RevisionBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id"), ("seq" = i32, Path, description = "its re-inspection")),
    responses((status = 200, description = "handed over", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/reinspections/{seq}/handover")]
pub(crate) async fn reinspection_hand_over(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    asked: Allowed<ReinspectionHandOver, Body<Revision>>,
) -> Result<HttpResponse, Failure> {
    let place = place(&path)?;
    let Allowed { person, input: Body(Revision(revision)), .. } = asked;
    done(&state, state.call(&person), move |state, call| after_verdict::hand_over(&state.store, call, place, revision))
        .await
}

/// What the body reports.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct ReportBody {
    /// The revision of the sample that was seen.
    revision: i64,
    #[schema(example = "FJ-2025-001")]
    report_no: String,
    /// Who tested.
    #[schema(example = "演示甲")]
    tested_by: String,
    /// Who checked: another person.
    #[schema(example = "演示乙")]
    checked_by: String,
    /// A value for each item applied for, judged by the criteria of the first report.
    results: Vec<ResultBody>,
}

pub(crate) struct ReportGiven {
    revision: i64,
    reported: Reported,
}

impl FromFields for ReportGiven {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let text = |name| fields.needed(name, fields.text(name));
        let [report_no, tested_by, checked_by] = ["report_no", "tested_by", "checked_by"].map(text);
        let results = fields.needed("results", fields.objects::<Entered>("results"))?;
        let results = results.into_iter().map(|Entered(value)| value).collect();
        let (report_no, tested_by, checked_by) = (report_no?, tested_by?, checked_by?);
        Some(Self { revision: revision?, reported: Reported { report_no, tested_by, checked_by, results } })
    }
}

/// Report a re-inspection.
///
/// By the body's approver. What it finds is final: where the sample conforms now its conclusion is revised, and rates and alerts
/// follow. The first results stay as they are.
#[utoipa::path(operation_id = "reinspection_report", tag = "after the verdict", request_body = ReportBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id"), ("seq" = i32, Path, description = "its re-inspection")),
    responses((status = 200, description = "reported", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/reinspections/{seq}/report")]
pub(crate) async fn reinspection_report(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    asked: Allowed<ReinspectionReport, Body<ReportGiven>>,
) -> Result<HttpResponse, Failure> {
    let place = place(&path)?;
    let Allowed { person, input: Body(ReportGiven { revision, reported }), .. } = asked;
    done(&state, state.call(&person), move |state, call| {
        let catalogue = state.catalogues.get(&state.store)?;
        after_verdict::report(&state.store, call, place, (revision, &reported), &catalogue)
    })
    .await
}

/// Withdraw an application.
///
/// By who applied, as the department records it; before the body has reported.
#[utoipa::path(operation_id = "reinspection_withdraw", tag = "after the verdict", request_body = ReasonBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id"), ("seq" = i32, Path, description = "its re-inspection")),
    responses((status = 200, description = "withdrawn", body = SampleSummary), NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/reinspections/{seq}/withdrawal")]
pub(crate) async fn reinspection_withdraw(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    asked: Allowed<ReinspectionWithdraw, Body<ReasonBody>>,
) -> Result<HttpResponse, Failure> {
    let place = place(&path)?;
    let Allowed { person, input: Body(ReasonBody { revision, reason }), .. } = asked;
    done(&state, state.call(&person), move |state, call| {
        after_verdict::take_back(&state.store, call, place, (revision, &reason))
    })
    .await
}
