//! `/metrics`: what a Prometheus asks for. Counts and durations by route; no person, no path, no address.

use crate::State;
use crate::problem::Failure;
use actix_web::http::header::{FORWARDED, HeaderName, VIA};
use actix_web::{HttpRequest, HttpResponse, get, web};
use hege_app::watch::{self, Waiting};
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Upper bounds of the buckets of durations, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pool {
    pool: &'static str,
}

type Seconds = Gauge<f64, AtomicU64>;

/// What is counted while the server runs, and what is looked up when somebody asks.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Asked, Histogram, fn() -> Histogram>,
    pool_open: Family<Pool, Gauge>,
    pool_in_use: Family<Pool, Gauge>,
    writes: Gauge,
    database_up: Gauge,
    database_seconds: Seconds,
    outbox: Gauge,
    outbox_age: Seconds,
    unsealed: Gauge,
    unsealed_age: Seconds,
    alerts: Gauge,
    worker_age: Seconds,
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("hege"),
            requests: Family::default(),
            durations: Family::new_with_constructor(histogram),
            pool_open: Family::default(),
            pool_in_use: Family::default(),
            writes: Gauge::default(),
            database_up: Gauge::default(),
            database_seconds: Gauge::default(),
            outbox: Gauge::default(),
            outbox_age: Gauge::default(),
            unsealed: Gauge::default(),
            unsealed_age: Gauge::default(),
            alerts: Gauge::default(),
            worker_age: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let it = &mut self.registry;
        it.register("build", "The program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        it.register("http_requests", "Answers by route and status", self.requests.clone());
        it.register("http_request_seconds", "Time until an answer began, by route", self.durations.clone());
        it.register("database_connections_open", "Connections of each pool", self.pool_open.clone());
        it.register("database_connections_in_use", "Connections at work", self.pool_in_use.clone());
        it.register("database_up", "1 when the database answered this request", self.database_up.clone());
        it.register("database_answer_seconds", "Time for a connection and a look", self.database_seconds.clone());
        it.register("database_writes", "Transactions committed since the start", self.writes.clone());
        it.register("outbox_waiting", "Messages that have not left", self.outbox.clone());
        it.register("outbox_oldest_seconds", "How long the oldest is overdue", self.outbox_age.clone());
        it.register("audit_unsealed", "Audit rows in no link of the chain yet", self.unsealed.clone());
        it.register("audit_unsealed_oldest_seconds", "How old the oldest of them is", self.unsealed_age.clone());
        it.register("alerts_open", "Alerts that have not ended", self.alerts.clone());
        it.register("worker_last_success_seconds", "Since the worker last did its work", self.worker_age.clone());
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, (method, route, status): (&'static str, &str, u16), elapsed: Duration) {
        let route = route.to_owned();
        self.requests.get_or_create(&Answered { method, route: route.clone(), status }).inc();
        self.durations.get_or_create(&Asked { method, route }).observe(elapsed.as_secs_f64());
    }

    fn waits(&self, waiting: Option<Waiting>, now: Timestamp, took: Duration) {
        self.database_up.set(i64::from(waiting.is_some()));
        self.database_seconds.set(took.as_secs_f64());
        let Some(waiting) = waiting else { return };
        let age =
            |since: Option<_>| since.map_or(0.0, |since: Timestamp| now.duration_since(since).as_secs_f64().max(0.0));
        self.outbox.set(waiting.outbox);
        self.outbox_age.set(age(waiting.outbox_since.map(|since| since.0)));
        self.unsealed.set(waiting.unsealed);
        self.unsealed_age.set(age(waiting.unsealed_since.map(|since| since.0)));
        self.alerts.set(waiting.alerts);
    }

    fn text(&self) -> Result<String, Failure> {
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|_no_text| Failure::internal())?;
        Ok(text)
    }
}

/// Whether whoever asks may know: the machine itself, and who was named. A request that came through a proxy which is not
/// trusted is a stranger's, also where that proxy runs on this machine.
fn may_know(state: &State, request: &HttpRequest) -> bool {
    let settings = &state.edge.settings;
    let client = settings.proxies.client_of(request);
    let through = [FORWARDED, VIA, HeaderName::from_static("x-forwarded-for")];
    let is_direct = !through.iter().any(|name| request.headers().contains_key(name));
    (client.is_loopback() && is_direct) || settings.metrics_from.iter().any(|network| network.contains(&client))
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(scrape);
}

#[get("/metrics")]
async fn scrape(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Failure> {
    if !may_know(&state, &request) {
        return Err(Failure::not_found());
    }
    let began = std::time::Instant::now();
    let looked = tokio::time::timeout(crate::health::PATIENCE, state.run(|state| watch::waits(&state.store))).await;
    let metrics = &state.edge.metrics;
    metrics.waits(looked.ok().and_then(Result::ok), state.now(), began.elapsed());
    for pool in watch::pools(&state.store) {
        let label = Pool { pool: pool.pool };
        metrics.pool_open.get_or_create(&label).set(i64::from(pool.open));
        metrics.pool_in_use.get_or_create(&label).set(i64::from(pool.in_use));
    }
    metrics.writes.set(i64::try_from(watch::writes()).unwrap_or(i64::MAX));
    metrics.worker_age.set(state.edge.since_worked().map_or(0.0, |since| since.as_secs_f64()));
    Ok(HttpResponse::Ok().content_type(OPEN_METRICS).body(metrics.text()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_counted_by_its_route_and_status() {
        let metrics = Metrics::default();
        metrics.answered(("GET", "/api/v1/samples/{id}", 200), Duration::from_millis(3));
        metrics.answered(("GET", "/api/v1/samples/{id}", 404), Duration::from_millis(3));
        let text = metrics.text().unwrap();
        let line = "hege_http_requests_total{method=\"GET\",route=\"/api/v1/samples/{id}\",status=\"404\"} 1\n";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("hege_http_request_seconds_count{method=\"GET\",route=\"/api/v1/samples/{id}\"} 2\n"));
        assert!(text.contains("hege_build_info{version="), "{text}");
    }
}
