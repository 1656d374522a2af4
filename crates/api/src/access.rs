//! 权限: which role may do what. The permission stands in the handler's type: without it there is no person to act for.

use crate::State;
use crate::edge::observe::LetIn;
use crate::edge::{Edge, cookies};
use crate::problem::Failure;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use hege_app::sessions::{self, Admitted, Refusal};
use hege_core::Role;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

/// An operation of the API that needs a login.
pub trait Operation {
    /// Its `operationId` in the OpenAPI document.
    const ID: &'static str;
    /// Any of these roles suffices. What of it a person sees is decided by their scope.
    const ROLES: &'static [Role];
    /// Whether it touches everybody, so that only those may do it who see the whole province and every stage.
    const WHOLE: bool;
}

/// The roles that may do an operation: a list of them, or `anybody` with a login.
macro_rules! roles {
    (anybody) => { Role::ALL };
    ([$($role:ident),+]) => { &[$(Role::$role),+] };
}

macro_rules! operations {
    ($($(#[$meta:meta])* $name:ident = $id:literal, $roles:tt $($whole:literal)?;)+) => {
        $($(#[$meta])* pub struct $name;
        impl Operation for $name {
            const ID: &'static str = $id;
            const ROLES: &'static [Role] = roles!($roles);
            const WHOLE: bool = {
                const SAID: &[&str] = &[$($whole)?];
                !SAID.is_empty()
            };
        })+
        /// Every operation with the roles that may do it.
        pub const TABLE: &[(&str, &[Role])] = &[$(($name::ID, $name::ROLES)),+];
    };
}

/// Operations that anybody may call.
pub const PUBLIC: &[&str] = &[
    "session_begin",
    "session_refresh",
    "public_bulletin_list",
    "public_bulletin_fetch",
    "public_feed",
    "public_report",
    "healthz",
    "readyz",
    "openapi_document",
];

operations! {
    /// End one's session.
    SessionEnd = "session_end", anybody;
    /// Who am I.
    Me = "me", anybody;
    /// Change one's password.
    PasswordChange = "password_change", anybody;
    /// List people.
    UserList = "user_list", [Administrator, Auditor];
    /// Add a person.
    UserAdd = "user_add", [Administrator];
    /// See a person.
    UserFetch = "user_fetch", [Administrator, Auditor];
    /// Change a person.
    UserChange = "user_change", [Administrator];
    /// List organisations.
    OrganisationList = "organisation_list", anybody;
    /// Found an organisation.
    OrganisationAdd = "organisation_add", [Administrator] "whole province";
    /// Change an organisation.
    OrganisationChange = "organisation_change", [Administrator] "whole province";
    /// List regions.
    RegionList = "region_list", anybody;
    /// List plans.
    PlanList = "plan_list", anybody;
    /// See a plan.
    PlanFetch = "plan_fetch", anybody;
    /// Put a plan.
    PlanAdd = "plan_add", [Administrator] "whole province";
    /// Change a plan.
    PlanChange = "plan_change", [Administrator] "whole province";
    /// See how far a plan is.
    PlanCoverage = "plan_coverage", [Reviewer, Administrator, Auditor];
    /// See a plan's page.
    PlanPage = "plan_page", [Reviewer, Administrator, Auditor];
    /// Put an indicator.
    IndicatorAdd = "indicator_add", [Administrator] "whole province";
    /// Record evidence of an indicator.
    IndicatorEvidenceAdd = "indicator_evidence_add", [Inspector, Reviewer];
    /// List cells.
    QuotaList = "quota_list", [Reviewer, Administrator, Auditor];
    /// Put a cell.
    QuotaAdd = "quota_add", [Administrator];
    /// Change a cell.
    QuotaChange = "quota_change", [Administrator];
    /// Split a cell.
    QuotaSplit = "quota_split", [Administrator];
    /// List tasks.
    TaskList = "task_list", anybody;
    /// Give a task.
    TaskAdd = "task_add", [Reviewer, Administrator];
    /// See a task.
    TaskFetch = "task_fetch", anybody;
    /// Change a task.
    TaskChange = "task_change", [Reviewer, Administrator];
    /// Cancel a task.
    TaskCancel = "task_cancel", [Reviewer, Administrator];
    /// Record a visit without a sample.
    TaskOutcomeAdd = "task_outcome_add", [Inspector];
    /// List targets.
    TargetList = "target_list", anybody;
    /// Change a target.
    TargetChange = "target_change", [Administrator] "whole province";
    /// Read rates.
    RateList = "rate_list", [Reviewer, Administrator, Auditor];
    /// Compare cities.
    RateCities = "rate_cities", [Reviewer, Administrator, Auditor];
    /// See months.
    RateTrend = "rate_trend", [Reviewer, Administrator, Auditor];
    /// List food classes.
    FoodClassList = "food_class_list", anybody;
    /// List analytes.
    AnalyteList = "analyte_list", anybody;
    /// See a year's working days.
    CalendarFetch = "calendar_fetch", anybody;
    /// Load a year's working days.
    CalendarPut = "calendar_put", [Administrator] "whole province";
    /// Read the record.
    AuditList = "audit_list", [Administrator, Auditor];
    /// See the heads of the chains.
    AuditHeads = "audit_heads", [Administrator, Auditor];
    /// List the fields of the sampling form.
    FormFieldList = "form_field_list", anybody;
    /// Lease form numbers.
    FormNumberLease = "form_number_lease", [Inspector];
    /// Register a sample.
    SampleRegister = "sample_register", [Inspector];
    /// List samples.
    SampleList = "sample_list", anybody;
    /// See a sample.
    SampleFetch = "sample_fetch", anybody;
    /// Correct a form.
    SampleAmend = "sample_amend", [Inspector];
    /// Seal or hand over.
    SampleCustody = "sample_custody", [Inspector, Receiver];
    /// Accept or refuse.
    SampleReceipt = "sample_receipt", [Receiver];
    /// Enter results.
    ResultEnter = "result_enter", [Tester];
    /// Check results.
    SampleCheck = "sample_check", [Checker];
    /// Approve a report.
    SampleApprove = "sample_approve", [Approver];
    /// Send back.
    SampleReturn = "sample_return", [Checker, Approver];
    /// Void, or ask for it.
    SampleVoid = "sample_void", [Inspector, Approver, Administrator];
    /// Put a file beside a sample.
    AttachmentPut = "attachment_put", [Inspector, Receiver, Tester, Reviewer];
    /// See how far an upload is.
    AttachmentOffset = "attachment_offset", [Inspector, Receiver, Tester, Reviewer];
    /// Get a file.
    AttachmentFetch = "attachment_fetch", anybody;
    /// Take the evidence of a sample.
    SampleEvidence = "sample_evidence", [Reviewer, Administrator, Auditor];
    /// Record a service.
    ServiceAdd = "service_add", [Reviewer];
    /// Record an application for a re-inspection.
    ReinspectionApply = "reinspection_apply", [Reviewer];
    /// Decide on it.
    ReinspectionDecide = "reinspection_decide", [Reviewer];
    /// Name the body.
    ReinspectionBody = "reinspection_body", [Reviewer];
    /// Hand the backup over.
    ReinspectionHandOver = "reinspection_hand_over", [Receiver];
    /// Report what the body found.
    ReinspectionReport = "reinspection_report", [Approver];
    /// Withdraw an application.
    ReinspectionWithdraw = "reinspection_withdraw", [Reviewer];
    /// Record an objection.
    ObjectionRaise = "objection_raise", [Reviewer];
    /// Take it on, or refuse it.
    ObjectionDecide = "objection_decide", [Reviewer];
    /// Answer it.
    ObjectionAnswer = "objection_answer", [Reviewer];
    /// Withdraw it.
    ObjectionWithdraw = "objection_withdraw", [Reviewer];
    /// Record that a producer confirmed.
    AuthenticityConfirm = "authenticity_confirm", [Reviewer];
    /// Open a disposal.
    DisposalOpen = "disposal_open", [Reviewer];
    /// Do a step of a disposal.
    DisposalStep = "disposal_step", [Reviewer];
    /// List disposals.
    DisposalList = "disposal_list", [Reviewer, Administrator, Auditor];
    /// Draft a bulletin.
    BulletinDraft = "bulletin_draft", [Publisher];
    /// List bulletins.
    BulletinList = "bulletin_list", [Reviewer, Publisher, Administrator, Auditor];
    /// See a bulletin.
    BulletinFetch = "bulletin_fetch", [Reviewer, Publisher, Administrator, Auditor];
    /// Find a draft right.
    BulletinReview = "bulletin_review", [Reviewer, Publisher];
    /// Publish.
    BulletinPublish = "bulletin_publish", [Publisher];
    /// Correct what is public.
    BulletinCorrect = "bulletin_correct", [Publisher];
    /// Take a bulletin back.
    BulletinWithdraw = "bulletin_withdraw", [Publisher];
    /// List what waits.
    DeadlineList = "deadline_list", anybody;
    /// Count what waits.
    DeadlineSummary = "deadline_summary", [Reviewer, Administrator, Auditor];
    /// List the rules of deadlines.
    DeadlineRuleList = "deadline_rule_list", anybody;
    /// Add rules of deadlines.
    DeadlineRuleAdd = "deadline_rule_add", [Administrator] "whole province";
    /// Judge without storing.
    VerdictPreview = "verdict_preview", [Tester, Checker, Approver, Reviewer, Administrator, Auditor];
    /// List criteria.
    CriterionList = "criterion_list", anybody;
    /// Add criteria.
    CriterionAdd = "criterion_add", [Administrator] "whole province";
    /// See what a criterion would change.
    CriterionImpact = "criterion_impact", [Reviewer, Administrator, Auditor];
    /// Accept a criterion.
    CriterionAccept = "criterion_accept", [Administrator] "whole province";
    /// List the rules of alerts.
    AlertRuleList = "alert_rule_list", [Reviewer, Administrator, Auditor];
    /// Try a rule on a year.
    AlertRulePreview = "alert_rule_preview", [Reviewer, Administrator, Auditor];
    /// List alerts.
    AlertList = "alert_list", [Reviewer, Administrator, Auditor];
    /// See an alert.
    AlertFetch = "alert_fetch", [Reviewer, Administrator, Auditor];
    /// Acknowledge an alert.
    AlertAcknowledge = "alert_acknowledge", [Reviewer];
    /// Assign an alert.
    AlertAssign = "alert_assign", [Reviewer];
    /// Close an alert.
    AlertClose = "alert_close", [Reviewer];
    /// See one's subscription.
    SubscriptionFetch = "subscription_fetch", anybody;
    /// Change one's subscription.
    SubscriptionChange = "subscription_change", anybody;
    /// See a person's subscription.
    UserSubscriptionFetch = "user_subscription_fetch", [Administrator];
    /// Change a person's subscription.
    UserSubscriptionChange = "user_subscription_change", [Administrator];
    /// Import a file.
    ImportBegin = "import_begin", [Administrator];
    /// List imports.
    ImportList = "import_list", [Administrator, Auditor];
    /// See an import.
    ImportFetch = "import_fetch", [Administrator, Auditor];
    /// What was said of its rows.
    ImportErrors = "import_errors", [Administrator, Auditor];
    /// Export samples.
    ExportSamples = "export_samples", [Reviewer, Administrator, Auditor];
    /// Export an official workbook.
    ExportOfficial = "export_official", [Reviewer, Administrator, Auditor];
    /// A file to fill in.
    ExportTemplate = "export_template", [Reviewer, Administrator, Auditor];
    /// Hints of what changed.
    EventStream = "event_stream", anybody;
}

/// A person who may do `P`, and what the request carries besides: a [`crate::body::Body`], a [`crate::body::Query`], or
/// nothing. It is read only after the person was let in, so that a stranger learns nothing from how it is refused.
pub struct Allowed<P, T = ()> {
    /// The person.
    pub person: Admitted,
    /// What the request carries.
    pub input: T,
    operation: PhantomData<P>,
}

fn bearer(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.split_once(' '));
    token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim().to_owned())
}

/// The token of a request: as a header, or else as a browser's cookie. With a header no cookie counts.
fn token(request: &HttpRequest, edge: &Edge) -> Result<String, Failure> {
    let missing = || hege_app::Error::Unauthorized(Refusal::TokenMissing).into();
    if request.headers().contains_key(AUTHORIZATION) {
        return bearer(request).ok_or_else(missing);
    }
    let token = cookies::access(edge, request).ok_or_else(missing)?;
    // Browsers send cookies along with what other sites ask for.
    if request.method().is_safe() || edge.is_own_page(request) { Ok(token) } else { Err(Failure::origin_mismatch()) }
}

impl<P: Operation, T: FromRequest<Error: Into<actix_web::Error>> + 'static> FromRequest for Allowed<P, T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let person = admitted(&request).await?;
            if !P::ROLES.iter().any(|role| person.actor.roles.contains(role)) {
                return Err(Failure::role_missing().into());
            }
            if P::WHOLE && !person.scope.is_whole() {
                return Err(Failure::from(hege_app::Error::OutsideScope).into());
            }
            let input = T::from_request(&request, &mut payload).await.map_err(Into::into)?;
            Ok(Self { person, input, operation: PhantomData })
        })
    }
}

async fn admitted(request: &HttpRequest) -> Result<Admitted, Failure> {
    let state = request.app_data::<web::Data<State>>().cloned().ok_or_else(Failure::not_found)?;
    let token = token(request, &state.edge)?;
    let admit = move |state: &State| sessions::admit(&state.store, &state.keys, &token, state.machine_now());
    let person = state.run(admit).await?;
    request.extensions_mut().insert(LetIn(person.actor.user.0));
    Ok(person)
}
