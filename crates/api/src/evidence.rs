//! 证据包: everything on record of a sample with its proof, as one file.

use crate::State;
use crate::access::{Allowed, SampleEvidence};
use crate::answers::{NoRole, NotThere};
use crate::pipe;
use crate::problem::Failure;
use crate::views::path_id;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpResponse, get, web};
use hege_app::evidence;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(sample_evidence);
}

/// Take the evidence of a sample.
///
/// One ZIP with every row on record, personal data as ciphertext, the attachments as they are stored, the audit rows that tell of them,
/// and the links of the audit chain up to its head; `hege verify-bundle` checks it without a database. That it was taken is
/// recorded.
#[utoipa::path(operation_id = "sample_evidence", tag = "samples", security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "the bundle", content((Vec<u8> = "application/zip"))), NoRole, NotThere))]
#[get("/samples/{id}/evidence")]
pub(crate) async fn sample_evidence(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<SampleEvidence>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let call = state.call(&asked.person);
    let at = call.at;
    state.run(move |state| evidence::ask(&state.store, &call, id)).await?;
    let write = move |state: &State, out: &mut (dyn std::io::Write + Send)| {
        evidence::write(&state.store, &state.shelf.files, (id, at), out)
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/zip"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", evidence::file_name(id))))
        .streaming(pipe::written(&state, write)))
}
