//! Load over HTTP: prepared requests, each sent once, from so many connections that are kept.

use hdrhistogram::Histogram;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use ureq::http::{Request, header};

/// Prepared requests of one kind.
pub(crate) struct Requests {
    pub(crate) method: &'static str,
    /// Path and body of each.
    pub(crate) each: Vec<(String, String)>,
}

/// What a load took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p95: Duration,
    pub(crate) p99: Duration,
}

/// Sends every request with a token to a server; all must succeed.
pub(crate) fn send(base: &str, token: &str, requests: &Requests, connections: usize) -> Took {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let times = std::thread::scope(|scope| {
        let run = || client(base, token, requests, &next);
        let clients: Vec<_> = (0..connections).map(|_| scope.spawn(run)).collect();
        let times = clients.into_iter().map(|client| client.join().unwrap_or_else(|e| std::panic::resume_unwind(e)));
        times.reduce(|all, times| all + times).unwrap()
    });
    let per_second = requests.each.len() as f64 / began.elapsed().as_secs_f64();
    let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|q| Duration::from_micros(times.value_at_quantile(q)));
    Took { per_second, p50, p95, p99 }
}

/// One connection, until nothing is left to send: how long each request took, in microseconds.
fn client(base: &str, token: &str, requests: &Requests, next: &AtomicUsize) -> Histogram<u64> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut times = Histogram::new(3).unwrap();
    while let Some((path, body)) = requests.each.get(next.fetch_add(1, Ordering::Relaxed)) {
        let request = Request::builder().method(requests.method).uri(format!("{base}{path}"));
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body.as_str()).unwrap();
        let began = Instant::now();
        let mut answer = agent.run(request).unwrap_or_else(|error| panic!("{path}: {error}"));
        let text = answer.body_mut().read_to_string().unwrap();
        times.record(u64::try_from(began.elapsed().as_micros()).unwrap()).unwrap();
        assert!(answer.status().is_success(), "{path}: {} {text}", answer.status());
    }
    times
}
