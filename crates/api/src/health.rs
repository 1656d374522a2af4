//! Whether the server lives, and whether it can work.

use crate::State;
use crate::problem::{Failure, ProblemBody};
use actix_web::{HttpResponse, get, web};
use hege_app::watch;
use hege_core::{Problem, Problems};
use std::time::Duration;
use tokio::time::timeout;

/// How long the database is waited for: whoever asks asks again soon.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

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
/// Answers 204 when the database answers and fits and the worker works; otherwise 503 with all that is amiss.
#[utoipa::path(operation_id = "readyz", tag = "operations",
    responses((status = 204, description = "ready"), (status = 503, description = "the database is away (`database_away`) or older than the program (`schema_behind`), or the worker has done nothing for minutes (`worker_stalled`)", body = ProblemBody, content_type = "application/problem+json")))]
#[get("/readyz")]
pub(crate) async fn readyz(state: web::Data<State>) -> Result<HttpResponse, Failure> {
    let mut problems = Problems::new();
    let looked = timeout(PATIENCE, state.run(|state| watch::is_behind(&state.store))).await;
    match looked {
        Ok(Ok(is_behind)) => problems.check(!is_behind, || {
            let words = ("数据库版本低于程序", "the database is older than the program: run `hege migrate`");
            Problem::new("", "schema_behind", words.0, words.1)
        }),
        Ok(Err(_)) | Err(_) => {
            problems.push(Problem::new("", "database_away", "数据库无响应", "the database does not answer"));
        }
    }
    problems.check(!state.edge.is_stalled(), || {
        let words = ("后台任务停滞", "the worker has done nothing for minutes");
        Problem::new("", "worker_stalled", words.0, words.1)
    });
    if problems.is_empty() { Ok(HttpResponse::NoContent().finish()) } else { Err(Failure::not_ready(&problems)) }
}
