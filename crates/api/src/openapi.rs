//! The OpenAPI document, made from the handlers.

use crate::{
    alert_rules, alerts, audits, comparisons, criteria, custody, events, form_fields, health, impact, imports,
    organisations, people, plans, rates, reference, results, samples, sessions, subscriptions,
};
use actix_web::{HttpResponse, get, web};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
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

const UNREADABLE: [(&str, &str); 3] = [
    ("400", "the body was cut off, or is not what its kind says"),
    ("413", "the body is larger than 1 MiB, a file larger than the server takes"),
    ("415", "the body is of another kind"),
];

impl Modify for Unreadable {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let paths = document.paths.paths.values_mut();
        let operations = paths.flat_map(|path| [&mut path.post, &mut path.put].into_iter().flatten());
        for operation in operations.filter(|operation| operation.request_body.is_some()) {
            for (status, description) in UNREADABLE {
                let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
                let answer = ResponseBuilder::new().description(description);
                let answer = answer.content("application/problem+json", problem).build();
                operation.responses.responses.insert(status.to_owned(), answer.into());
            }
        }
    }
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Hege 合格", description = "Food-safety sampling inspection of a province."),
    modifiers(&Bearer, &WholePaths, &Unreadable),
    paths(
        sessions::session_begin, sessions::session_refresh, sessions::session_end, sessions::me, sessions::password_change,
        people::user_list, people::user_add, people::user_fetch, people::user_change,
        organisations::organisation_list, organisations::organisation_add, organisations::organisation_change,
        organisations::region_list,
        reference::food_class_list, reference::analyte_list, reference::calendar_fetch, reference::calendar_put,
        audits::audit_list, audits::audit_head,
        plans::plan_list, plans::plan_add, plans::plan_fetch, plans::plan_change, plans::target_list, plans::target_change,
        form_fields::form_field_list, samples::form_number_lease, samples::sample_register, samples::sample_list, samples::sample_fetch,
        samples::sample_amend,
        custody::sample_custody, custody::sample_receipt, custody::sample_return, custody::sample_void,
        results::result_enter, results::sample_check, results::sample_approve, results::verdict_preview,
        criteria::criterion_list, criteria::criterion_add, impact::criterion_impact, criteria::criterion_accept,
        rates::rate_list, comparisons::rate_cities, comparisons::rate_trend,
        alert_rules::alert_rule_list, alert_rules::alert_rule_preview,
        alerts::alert_list, alerts::alert_fetch, alerts::alert_acknowledge, alerts::alert_assign, alerts::alert_close,
        subscriptions::subscription_fetch, subscriptions::subscription_change,
        subscriptions::user_subscription_fetch, subscriptions::user_subscription_change,
        imports::import_begin, imports::import_list, imports::import_fetch, imports::import_errors,
        imports::export_samples, imports::export_template,
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
    Document::openapi().to_pretty_json()
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
