//! `/api/docs`: a page that shows the OpenAPI document. Its scripts are in the binary, and it asks nobody else.

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, get, web};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Where the page stands.
pub(crate) const PATH: &str = "/api/docs";

/// What the page may do: run its own scripts, ask its own server. Swagger UI sets style attributes, which cannot be told by a
/// hash; pictures are in its style sheet.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let page = Config::from("/api/openapi.json").validator_url("none").use_base_layout().display_operation_id(true);
    config.service(to_the_page).service(SwaggerUi::new("/api/docs/{_:.*}").config(page));
}

#[get("/api/docs")]
async fn to_the_page() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/api/docs/")).finish()
}
