//! The OpenAPI document, made from the handlers.

use crate::{
    after_verdict, alert_rules, alerts, attachments, audits, bulletins, comparisons, coverage, criteria, custody,
    deadline_rules, deadlines, disposals, events, evidence, form_fields, health, impact, imports, indicators,
    objections, organisations, people, plans, public, quotas, rates, reference, results, samples, sessions,
    subscriptions, tasks,
};
use actix_web::{HttpResponse, get, web};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        let cookie = ApiKeyValue::with_description(
            "__Host-hege_access",
            "For browsers. Without TLS, on loopback, its name is `hege_access`. What changes something needs an `Origin` of this \
             site; with an `Authorization` header no cookie counts.",
        );
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        for operation in operations(document).filter(|operation| operation.security.is_some()) {
            let by_cookie = SecurityRequirement::new("cookie", Vec::<String>::new());
            operation.security.get_or_insert_default().push(by_cookie);
        }
    }
}

fn operations(document: &mut utoipa::openapi::OpenApi) -> impl Iterator<Item = &mut Operation> {
    let paths = document.paths.paths.values_mut();
    paths.flat_map(|path| [&mut path.get, &mut path.post, &mut path.put, &mut path.delete].into_iter().flatten())
}

/// Says that an operation may be refused so, unless it says so itself.
fn may_answer(operation: &mut Operation, (status, description): (&str, &str)) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
    let answer = ResponseBuilder::new().description(description);
    let answer = answer.content("application/problem+json", problem).build();
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| answer.into());
}

/// Handlers name their path inside its scope; a client needs the whole one.
struct WholePaths;

/// What stands outside the versioned scope.
const UNVERSIONED: [&str; 3] = ["/healthz", "/readyz", "/api/openapi.json"];

impl Modify for WholePaths {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let paths = std::mem::take(&mut document.paths.paths);
        let whole = |path: String| if UNVERSIONED.contains(&path.as_str()) { path } else { format!("/api/v1{path}") };
        document.paths.paths = paths.into_iter().map(|(path, item)| (whole(path), item)).collect();
    }
}

/// What every body and every query may be answered, said once: it is refused before a handler sees it.
struct Unreadable;

const UNREADABLE: [(&str, &str); 4] = [
    ("400", "the body was cut off, or is not what its kind says"),
    ("408", "the body came too slowly"),
    ("413", "the body is larger than 1 MiB, a file larger than the server takes"),
    ("415", "the body is of another kind"),
];

impl Modify for Unreadable {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for operation in operations(document).filter(|operation| operation.request_body.is_some()) {
            UNREADABLE.into_iter().for_each(|answer| may_answer(operation, answer));
        }
    }
}

/// What the edge, or a database that fails, may answer in place of any operation.
struct Refused;

impl Modify for Refused {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let is_asked = |operation: &&mut Operation| operation.operation_id.as_deref() != Some("healthz");
        operations(document).filter(is_asked).for_each(|operation| {
            may_answer(operation, ("429", "too many requests or attempts; `Retry-After` says when to come again"));
            may_answer(operation, ("503", "the database is busy, away, full or read-only; the code says which"));
        });
        let paths = document.paths.paths.values_mut();
        let changes = paths.flat_map(|path| [&mut path.post, &mut path.put, &mut path.delete].into_iter().flatten());
        for operation in changes {
            may_answer(operation, ("403", "not for these roles, or a cookie came without an `Origin` of this site"));
        }
    }
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Hege 合格", description = "Food-safety sampling inspection of a province."),
    modifiers(&Bearer, &WholePaths, &Unreadable, &Refused),
    paths(
        sessions::session_begin, sessions::session_refresh, sessions::session_end, sessions::me, sessions::password_change,
        people::user_list, people::user_add, people::user_fetch, people::user_change,
        organisations::organisation_list, organisations::organisation_add, organisations::organisation_change,
        organisations::region_list,
        reference::food_class_list, reference::analyte_list, reference::calendar_fetch, reference::calendar_put,
        audits::audit_list, audits::audit_head,
        plans::plan_list, plans::plan_add, plans::plan_fetch, plans::plan_change, plans::target_list, plans::target_change,
        coverage::plan_coverage, indicators::plan_page, indicators::indicator_add, indicators::indicator_evidence_add,
        quotas::quota_list, quotas::quota_add, quotas::quota_change, quotas::quota_split,
        tasks::task_list, tasks::task_add, tasks::task_fetch, tasks::task_change, tasks::task_cancel, tasks::task_outcome_add,
        form_fields::form_field_list, samples::form_number_lease, samples::sample_register, samples::sample_list, samples::sample_fetch,
        samples::sample_amend,
        custody::sample_custody, custody::sample_receipt, custody::sample_return, custody::sample_void,
        attachments::attachment_put, attachments::attachment_offset, attachments::attachment_fetch, evidence::sample_evidence,
        after_verdict::service_add, after_verdict::reinspection_apply, after_verdict::reinspection_decide,
        after_verdict::reinspection_body, after_verdict::reinspection_hand_over, after_verdict::reinspection_report,
        after_verdict::reinspection_withdraw,
        objections::objection_raise, objections::objection_decide, objections::objection_answer,
        objections::objection_withdraw, objections::authenticity_confirm,
        disposals::disposal_open, disposals::disposal_step, disposals::disposal_list,
        bulletins::bulletin_draft, bulletins::bulletin_list, bulletins::bulletin_fetch, bulletins::bulletin_review,
        bulletins::bulletin_publish, bulletins::bulletin_correct, bulletins::bulletin_withdraw,
        public::public_bulletin_list, public::public_bulletin_fetch, public::public_feed, public::public_report,
        results::result_enter, results::sample_check, results::sample_approve, results::verdict_preview,
        deadlines::deadline_list, deadlines::deadline_summary,
        deadline_rules::deadline_rule_list, deadline_rules::deadline_rule_add,
        criteria::criterion_list, criteria::criterion_add, impact::criterion_impact, criteria::criterion_accept,
        rates::rate_list, comparisons::rate_cities, comparisons::rate_trend,
        alert_rules::alert_rule_list, alert_rules::alert_rule_preview,
        alerts::alert_list, alerts::alert_fetch, alerts::alert_acknowledge, alerts::alert_assign, alerts::alert_close,
        subscriptions::subscription_fetch, subscriptions::subscription_change,
        subscriptions::user_subscription_fetch, subscriptions::user_subscription_change,
        imports::import_begin, imports::import_list, imports::import_fetch, imports::import_errors,
        imports::export_samples, imports::export_official, imports::export_template,
        events::event_stream,
        health::healthz, health::readyz, openapi_document,
    )
)]
struct Document;

/// The document as JSON, indented.
///
/// # Errors
/// When it cannot be written as JSON, which a test holds it can.
pub fn document() -> Result<String, serde_json::Error> {
    let mut document = serde_json::to_value(Document::openapi())?;
    crate::edge::examples::fill(&mut document);
    serde_json::to_string_pretty(&document)
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(openapi_document);
}

/// This document.
///
/// OpenAPI 3.1, made from the handlers.
#[utoipa::path(operation_id = "openapi_document", tag = "operations",
    responses((status = 200, description = "the document", content_type = "application/json")))]
#[get("/api/openapi.json")]
pub(crate) async fn openapi_document() -> HttpResponse {
    document().map_or_else(
        |_not_json| HttpResponse::InternalServerError().finish(),
        |text| HttpResponse::Ok().content_type("application/json").body(text),
    )
}
