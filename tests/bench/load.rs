//! Load over HTTP by `wrk`: prepared requests, each sent once, from so many connections.

use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

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
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for (path, body) in &requests.each {
        writeln!(file, "{path}\t{body}").unwrap();
    }
    file.flush().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/requests.lua");
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{connections}"), "-d120s", "--timeout", "30s", "-s", script, base, "--", requests.method])
        .arg(file.path())
        .arg(token)
        .output()
        .unwrap_or_else(|error| panic!("wrk does not run: {error}; tests/tools/bench.sh installs it"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("wrk: {text} {output:?}"));
    let told: serde_json::Value = serde_json::from_str(line).unwrap();
    let count = |field: &str| told[field].as_u64().unwrap();
    assert_eq!((count("refused"), count("broken")), (0, 0), "{}: {line}", requests.each[0].0);
    let after = |field: &str| Duration::from_micros(count(field));
    let per_second = requests.each.len() as f64 / after("us").as_secs_f64();
    Took { per_second, p50: after("p50_us"), p95: after("p95_us"), p99: after("p99_us") }
}
