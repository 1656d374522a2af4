//! Whether the server lives, and whether it can work.

use crate::State;
use crate::problem::{Failure, ProblemBody};
use actix_web::{HttpResponse, get, web};
use hege_app::plans;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(healthz).service(readyz);
}

/// Alive.
///
/// Answers as long as the process does.
#[utoipa::path(operation_id = "healthz", tag = "operations", responses((status = 204, description = "alive")))]
#[get("/healthz")]
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// Ready.
///
/// Answers when the database does.
#[utoipa::path(operation_id = "readyz", tag = "operations",
    responses((status = 204, description = "ready"), (status = 503, description = "the database does not answer", body = ProblemBody, content_type = "application/problem+json")))]
#[get("/readyz")]
pub(crate) async fn readyz(state: web::Data<State>) -> Result<HttpResponse, Failure> {
    state.run(|state| plans::list(&state.store)).await?;
    Ok(HttpResponse::NoContent().finish())
}
