//! 流转: sealed, handed over, received or refused, returned, voided.

use crate::State;
use crate::access::{Allowed, SampleCustody, SampleReceipt, SampleReturn, SampleVoid};
use crate::answers::{NoRole, NotThere, NotValid, WrongMoment};
use crate::body::{Body, Fields, FromFields};
use crate::problem::{Failure, FieldProblem};
use crate::views::{SampleSummary, path_id};
use actix_web::{HttpResponse, post, web};
use hege_app::organisations;
use hege_app::people::is_active;
use hege_app::samples::{seal_doubts, step_with};
use hege_app::{Call, Error};
use hege_core::{LabId, Problem, SampleId, UserId};
use hege_sampling::custody::Particulars;
use hege_sampling::life_cycle::{Action, RefusalReason};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(sample_custody).service(sample_receipt).service(sample_return).service(sample_void);
}

impl State {
    /// Whether an id is an active laboratory's: a sample addressed to anything else would reach nobody.
    async fn is_laboratory(self: &Arc<Self>, lab: LabId) -> Result<(), Failure> {
        self.run(move |state| {
            let found = organisations::fetch(&state.store, lab.into())?;
            let is_laboratory = found.is_some_and(|found| found.active && found.kind == "laboratory");
            let (zh, en) = ("不是在用的检验机构", "not a laboratory that takes part");
            let problem = || Error::Invalid(Problem::new("/lab_id", "laboratory_unknown", zh, en).into());
            is_laboratory.then_some(()).ok_or_else(problem)
        })
        .await
    }

    /// Whether a person whom a field names is there.
    async fn is_there(self: &Arc<Self>, to: UserId, at: &'static str) -> Result<(), Failure> {
        self.run(move |state| {
            let known = is_active(&state.store, to)?;
            let (zh, en) = ("不是在用的人员", "nobody with a login");
            let problem = || Error::Invalid(Problem::new(at, "person_unknown", zh, en).into());
            known.then_some(()).ok_or_else(problem)
        })
        .await
    }
}

/// A step of custody, with what is said of the sample besides.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into an action")]
pub(crate) struct CustodyBody {
    /// The revision that was seen.
    revision: i64,
    /// In the field `sealed`, `handed_over` to a person, `dispatched` to a carrier, `measured` by who has it; in the laboratory
    /// `stored`, `opened`, `measured`, and `destroyed` before a witness.
    #[schema(example = "sealed")]
    kind: String,
    /// The laboratory that it is addressed to; for `sealed`.
    lab_id: Option<String>,
    /// The seals' numbers; for `sealed`.
    #[schema(example = json!(["F250001"]))]
    seals: Option<Vec<String>>,
    /// Those of them that are on the backup; for `sealed`.
    #[schema(example = json!([]))]
    backup_seals: Option<Vec<String>>,
    /// Who takes it; for `handed_over`.
    to: Option<String>,
    /// For `dispatched`.
    carrier: Option<String>,
    /// For `dispatched`.
    waybill: Option<String>,
    /// `test` or `backup`; for `opened` and `destroyed`.
    portion: Option<String>,
    /// `discarded`, `used_up` or `returned`; for `destroyed`.
    ending: Option<String>,
    /// Who saw it end; for `destroyed`.
    witness: Option<String>,
    #[serde(flatten)]
    said: SaidBody,
}

/// What is said of a sample at a step.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field")]
pub(crate) struct SaidBody {
    /// When it happened, where it is recorded later.
    happened_at: Option<String>,
    /// Degrees Celsius.
    #[schema(example = "4.5")]
    temperature_c: Option<String>,
    /// `intact`, `seal_damaged`, `package_damaged`, `leaking`, `thawed` or `spoiled`.
    #[schema(example = "intact")]
    condition: Option<String>,
    /// Where it is; needed for `stored`.
    #[schema(example = "3 号冷库")]
    place: Option<String>,
}

/// What is said at a step, beside what is done.
fn said(fields: &Fields<'_>) -> Particulars {
    Particulars {
        happened_at: fields.parsed(
            "happened_at",
            "bad_instant",
            ("须为 RFC 3339 时间", "an instant is written by RFC 3339"),
        ),
        temperature_c: fields.parsed("temperature_c", "bad_number", ("须为十进制数", "a decimal number")),
        condition: fields.word("condition"),
        place: fields.text("place"),
        ..Particulars::default()
    }
}

pub(crate) struct Step {
    pub(crate) revision: i64,
    pub(crate) action: Action,
    pub(crate) said: Particulars,
}

impl Step {
    /// Does it and answers with the sample.
    pub(crate) async fn done(
        self,
        state: &web::Data<State>,
        call: Call,
        id: SampleId,
    ) -> Result<HttpResponse, Failure> {
        let (sample, is_laboratory) = state
            .run(move |state| {
                let sample = step_with(&state.store, &call, id, (self.revision, &self.action, &self.said))?;
                let is_laboratory = call.actor.roles.iter().all(|role| role.is_laboratory());
                Ok((sample, is_laboratory))
            })
            .await?;
        Ok(HttpResponse::Ok().json(SampleSummary::of(&sample, is_laboratory).map_err(Failure::from)?))
    }
}

pub(crate) struct CustodyStep(Step);

impl FromFields for CustodyStep {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let kind = fields.needed("kind", fields.text("kind"));
        let lab = fields.id::<LabId>("lab_id");
        let seals = fields.texts("seals");
        let backup_seals = fields.texts("backup_seals").unwrap_or_default();
        let (to, witness) = (fields.id::<UserId>("to"), fields.id::<UserId>("witness"));
        let (carrier, waybill) = (fields.text("carrier"), fields.text("waybill"));
        let (portion, ending) = (fields.word("portion"), fields.word("ending"));
        let said = Particulars { backup_seals, ..said(fields) };
        let action = match kind.as_deref()? {
            "sealed" => {
                Action::Seal { lab: Some(fields.needed("lab_id", lab)?), seals: fields.needed("seals", seals)? }
            }
            "handed_over" => Action::HandOver { to: fields.needed("to", to)? },
            "dispatched" => {
                let (carrier, waybill) = (fields.needed("carrier", carrier), fields.needed("waybill", waybill));
                Action::Dispatch { carrier: carrier?, waybill: waybill? }
            }
            "measured" => Action::Measure,
            "stored" => Action::Store { place: fields.needed("place", said.place.clone())? },
            "opened" => Action::Open { portion: fields.needed("portion", portion)? },
            "destroyed" => {
                let (portion, ending) = (fields.needed("portion", portion), fields.needed("ending", ending));
                let witness = fields.needed("witness", witness);
                Action::Destroy { portion: portion?, ending: ending?, witness: witness? }
            }
            _ => {
                let zh = "须为 sealed、handed_over、dispatched、measured、stored、opened 或 destroyed";
                let en = "sealed, handed_over, dispatched, measured, stored, opened or destroyed";
                fields.problem("kind", "unknown_word", (zh, en));
                return None;
            }
        };
        Some(Self(Step { revision: revision?, action, said }))
    }
}

/// A sample after a step in the field, with what is doubtful about it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CustodyStepView {
    #[serde(flatten)]
    sample: SampleSummary,
    /// Doubts that kept nothing back: `seal_used_before`.
    warnings: Vec<FieldProblem>,
}

/// Record a step of custody.
///
/// Sealing addresses the sample to a laboratory; test portion and backup are sealed apart. The backup is destroyed once its time is over
/// (`clocks`) and nothing is open: 409 `retention_running` or `retention_held` before.
#[utoipa::path(operation_id = "sample_custody", tag = "samples", request_body = CustodyBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "done", body = CustodyStepView),
        NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/custody")]
pub(crate) async fn sample_custody(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<SampleCustody, Body<CustodyStep>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(CustodyStep(Step { revision, action, said })), .. } = asked;
    match &action {
        Action::Seal { lab: Some(lab), .. } => state.is_laboratory(*lab).await?,
        Action::HandOver { to } => state.is_there(*to, "/to").await?,
        Action::Destroy { witness, .. } => state.is_there(*witness, "/witness").await?,
        _ => {}
    }
    let seals = if let Action::Seal { seals, .. } = &action { seals.clone() } else { Vec::new() };
    let call = state.call(&person);
    let is_laboratory = call.actor.roles.iter().all(|role| role.is_laboratory());
    let (sample, doubts) = state
        .run(move |state| {
            let sample = step_with(&state.store, &call, id, (revision, &action, &said))?;
            Ok((sample, seal_doubts(&state.store, id, &seals)?))
        })
        .await?;
    let sample = SampleSummary::of(&sample, is_laboratory).map_err(Failure::from)?;
    let warnings = doubts.iter().map(FieldProblem::from).collect();
    Ok(HttpResponse::Ok().json(CustodyStepView { sample, warnings }))
}

/// Receipt at the laboratory: accepted, or refused with its reason.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into an action")]
pub(crate) struct ReceiptBody {
    /// The revision that was seen.
    revision: i64,
    accepted: bool,
    /// Code of the reason; for a refusal.
    #[schema(example = "seal_broken")]
    reason: Option<String>,
    /// Who brought it; where nobody is named, `custody_gaps` asks who held it before.
    delivered_by: Option<String>,
    /// Whether the carrier brought it to whom it was dispatched.
    by_carrier: Option<bool>,
    /// The seals' numbers as they are found.
    #[schema(example = json!(["F250001"]))]
    seals_found: Option<Vec<String>>,
    #[serde(flatten)]
    said: SaidBody,
}

pub(crate) struct ReceiptStep(Step);

impl FromFields for ReceiptStep {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let accepted = fields.needed("accepted", fields.flag("accepted"));
        let reason = fields.word::<RefusalReason>("reason");
        let said = Particulars {
            delivered_by: fields.id::<UserId>("delivered_by"),
            by_carrier: fields.flag("by_carrier").unwrap_or(false),
            seals_found: fields.texts("seals_found").unwrap_or_default(),
            ..said(fields)
        };
        let action = if accepted? {
            if fields.value("reason").is_some() {
                fields.problem("reason", "not_for_acceptance", ("接样时不填拒收原因", "only for a refusal"));
            }
            Action::Receive
        } else {
            Action::Refuse(fields.needed("reason", reason)?)
        };
        Some(Self(Step { revision: revision?, action, said }))
    }
}

/// Accept or refuse.
///
/// At the laboratory's door; a refusal says why.
#[utoipa::path(operation_id = "sample_receipt", tag = "samples", request_body = ReceiptBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "done", body = SampleSummary),
        NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/receipt")]
pub(crate) async fn sample_receipt(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<SampleReceipt, Body<ReceiptStep>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(ReceiptStep(step)), .. } = asked;
    if let Some(person) = step.said.delivered_by {
        state.is_there(person, "/delivered_by").await?;
    }
    step.done(&state, state.call(&person), id).await
}

/// Why it goes back or out.
#[derive(ToSchema)]
pub(crate) struct ReasonBody {
    /// The revision that was seen.
    pub(crate) revision: i64,
    #[schema(example = "平行样偏差过大")]
    pub(crate) reason: String,
}

impl FromFields for ReasonBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let reason = fields.needed("reason", fields.text("reason"));
        Some(Self { revision: revision?, reason: reason? })
    }
}

/// Send back.
///
/// To testing, by checker or approver, with the reason.
#[utoipa::path(operation_id = "sample_return", tag = "results", request_body = ReasonBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "done", body = SampleSummary),
        NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/return")]
pub(crate) async fn sample_return(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<SampleReturn, Body<ReasonBody>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(ReasonBody { revision, reason }), .. } = asked;
    let step = Step { revision, action: Action::Return { reason }, said: Particulars::default() };
    step.done(&state, state.call(&person), id).await
}

/// A void, or the first of its two acts.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into an action")]
pub(crate) struct VoidBody {
    /// The revision that was seen.
    revision: i64,
    reason: String,
    /// True to ask for the void of an approved sample; another approver then voids it.
    #[schema(default = false)]
    request: Option<bool>,
}

pub(crate) struct VoidStep(Step);

impl FromFields for VoidStep {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let request = fields.flag("request").unwrap_or(false);
        let ReasonBody { revision, reason } = ReasonBody::read(fields)?;
        let action = if request { Action::RequestVoid { reason } } else { Action::Void { reason } };
        Some(Self(Step { revision, action, said: Particulars::default() }))
    }
}

/// Void.
///
/// Out of everything, with the reason. After an approval it takes two approvers: one asks (`request`), the other voids. An
/// imported sample of no known laboratory is voided in the same way by two administrators of its region.
#[utoipa::path(operation_id = "sample_void", tag = "results", request_body = VoidBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "done", body = SampleSummary),
        NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/void")]
pub(crate) async fn sample_void(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<SampleVoid, Body<VoidStep>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(VoidStep(step)), .. } = asked;
    step.done(&state, state.call(&person), id).await
}
