//! Tokens as cookies, for browsers: no script can read them.

use crate::edge::Edge;
use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use hege_app::sessions::{ACCESS_LIFETIME, Admission, REFRESH_LIFETIME};
use jiff::SignedDuration;

/// A cookie of ours: its name, and the path that it is sent to where it needs no prefix.
struct Named(&'static str, &'static str);

const ACCESS: Named = Named("hege_access", "/api/v1");
const REFRESH: Named = Named("hege_refresh", "/api/v1/session");

impl Named {
    /// Under TLS no neighbour of the same domain may set or shadow it (`__Host-`), which needs the path `/`.
    fn name(&self, edge: &Edge) -> String {
        if edge.is_secure() { format!("__Host-{}", self.0) } else { self.0.to_owned() }
    }

    fn cookie(&self, edge: &Edge, value: String, lives: SignedDuration) -> Cookie<'static> {
        let is_secure = edge.is_secure();
        Cookie::build(self.name(edge), value)
            .path(if is_secure { "/" } else { self.1 })
            .max_age(Duration::seconds(lives.as_secs()))
            .http_only(true)
            .secure(is_secure)
            .same_site(SameSite::Strict)
            .finish()
    }

    fn of(&self, edge: &Edge, request: &HttpRequest) -> Option<String> {
        request.cookie(&self.name(edge)).map(|cookie| cookie.value().to_owned())
    }
}

/// The cookies of somebody who was let in.
pub(crate) fn given(edge: &Edge, admission: &Admission) -> [Cookie<'static>; 2] {
    [
        ACCESS.cookie(edge, admission.access.clone(), ACCESS_LIFETIME),
        REFRESH.cookie(edge, admission.refresh.reveal().to_owned(), REFRESH_LIFETIME),
    ]
}

/// What makes a browser forget them.
pub(crate) fn cleared(edge: &Edge) -> [Cookie<'static>; 2] {
    [ACCESS, REFRESH].map(|named| named.cookie(edge, String::new(), SignedDuration::ZERO))
}

/// The access token of a browser.
pub(crate) fn access(edge: &Edge, request: &HttpRequest) -> Option<String> {
    ACCESS.of(edge, request)
}

/// The refresh token of a browser.
pub(crate) fn refresh(edge: &Edge, request: &HttpRequest) -> Option<String> {
    REFRESH.of(edge, request)
}
