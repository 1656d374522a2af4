//! The edge of the server: who reaches it from where, how often, and what is told of it.
//!
//! Invariants
//! - A header that a stranger can send decides nothing: the client's address comes from the socket, or from a proxy that is
//!   trusted by its address.
//! - What is logged and counted names routes and never paths, people by their id and never by name, and no token.

pub mod address;
pub mod limits;
pub mod metrics;

pub(crate) mod cookies;
pub(crate) mod docs;
pub(crate) mod examples;
pub(crate) mod observe;
pub(crate) mod patience;

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, ORIGIN};
use address::Proxies;
use ipnet::IpNet;
use limits::{Limits, PerMinute};
use metrics::Metrics;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After this long without a success the worker counts as stalled: a look at the alerts of a large province takes a while.
const STALLED: Duration = Duration::from_secs(300);

/// What the server is told of its surroundings. By default it stands alone on loopback, and nothing is limited.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The origin that people use, such as `https://hege.example`; without one it is the host that a request names.
    pub public_origin: Option<String>,
    /// Keys and certificates when the server ends TLS itself.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The proxies in front of it.
    pub proxies: Proxies,
    /// How often an address may ask.
    pub limits: PerMinute,
    /// Who may read `/metrics` besides the machine itself.
    pub metrics_from: Vec<IpNet>,
}

/// The edge while the server runs.
#[derive(Debug)]
pub struct Edge {
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    /// When the worker last did its work; none where no worker is expected.
    worked: Mutex<Option<Instant>>,
}

impl Default for Edge {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl Edge {
    /// The edge of a server in these surroundings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let limits = Limits::new(settings.limits);
        Self { settings, limits, metrics: Metrics::default(), worked: Mutex::default() }
    }

    /// Whether whatever people send reaches it, or its proxy, under TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        let is_https = |origin: &String| origin.starts_with("https://");
        self.settings.tls.is_some() || self.settings.public_origin.as_ref().is_some_and(is_https)
    }

    /// Whether a request was sent by a page of this site. One that names no origin was not.
    pub(crate) fn is_own_page(&self, request: &HttpRequest) -> bool {
        let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let (Some(origin), 1) = (text(ORIGIN), request.headers().get_all(ORIGIN).count()) else { return false };
        match &self.settings.public_origin {
            Some(public) => origin.eq_ignore_ascii_case(public),
            None => {
                let scheme = if self.settings.tls.is_some() { "https" } else { "http" };
                text(HOST).is_some_and(|host| origin.eq_ignore_ascii_case(&format!("{scheme}://{host}")))
            }
        }
    }

    /// The worker has done its work. From the first time on it is missed when it does not.
    pub fn worked(&self) {
        *self.worked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// How long ago the worker last did its work; none where no worker is expected.
    pub(crate) fn since_worked(&self) -> Option<Duration> {
        self.worked.lock().unwrap_or_else(PoisonError::into_inner).map(|at| at.elapsed())
    }

    /// Whether the worker is missed.
    pub(crate) fn is_stalled(&self) -> bool {
        self.since_worked().is_some_and(|since| since >= STALLED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn is_own(edge: &Edge, headers: &[(&'static str, &'static str)]) -> bool {
        let request = headers.iter().fold(TestRequest::post(), |request, header| request.append_header(*header));
        edge.is_own_page(&request.to_http_request())
    }

    #[test]
    fn a_page_is_its_own_by_the_public_origin_or_else_by_the_host_and_never_without_an_origin() {
        let plain = Edge::default();
        assert!(is_own(&plain, &[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")]));
        assert!(!is_own(&plain, &[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8081")]));
        assert!(!is_own(&plain, &[("host", "127.0.0.1:8080"), ("origin", "https://127.0.0.1:8080")]));
        assert!(!is_own(&plain, &[("host", "127.0.0.1:8080")]));
        assert!(!is_own(&plain, &[("host", "127.0.0.1:8080"), ("origin", "null")]));
        let settings = Settings { public_origin: Some("https://hege.example".to_owned()), ..Settings::default() };
        let public = Edge::new(settings);
        assert!(public.is_secure() && !plain.is_secure());
        assert!(is_own(&public, &[("host", "10.0.0.1"), ("origin", "https://hege.example")]));
        assert!(!is_own(&public, &[("host", "evil.example"), ("origin", "https://evil.example")]));
        assert!(!is_own(&public, &[("origin", "https://hege.example.evil.example")]));
        assert!(!is_own(&public, &[("origin", "https://hege.example"), ("origin", "https://evil.example")]));
    }

    #[test]
    fn a_worker_that_never_worked_is_not_missed() {
        let edge = Edge::default();
        assert!(!edge.is_stalled());
        edge.worked();
        assert!(edge.since_worked().is_some() && !edge.is_stalled());
        *edge.worked.lock().unwrap() = Instant::now().checked_sub(STALLED);
        assert!(edge.is_stalled());
    }
}
