//! The server: the program itself when it is measured, and inside this process when what it sends is recorded.

use hege_api::State;
use hege_api::attachments::Shelf;
use hege_api::edge::Edge;
use hege_api::upload::{BYTES_MAX, Uploads};
use hege_app::attachments::Files;
use hege_app::criteria::Catalogues;
use hege_app::sessions::Keys;
use hege_app::{DataKey, Store, setup};
use hege_store::trace::{self, Unit};
use jiff::{SignedDuration, Timestamp};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The release build of the program.
pub(crate) fn program() -> Command {
    Command::new(std::env::var_os("HEGE_BIN").unwrap_or_else(|| panic!("HEGE_BIN names the program: run `make bench`")))
}

/// `hege serve` on a database.
pub(crate) struct Serving {
    child: Child,
    pub(crate) base: String,
    /// From its start until it was ready.
    pub(crate) ready_after: Duration,
}

impl Serving {
    pub(crate) fn start(url: &str, key: &Path) -> Self {
        let began = Instant::now();
        let mut child = program()
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--limit-login", "off", "--limit-public", "off", "--limit-requests", "off"])
            .env("DATABASE_URL", url)
            .env("HEGE_DATA_KEY_FILE", key)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let base = lines.find_map(|line| line.strip_prefix("hege: ").map(str::to_owned));
        let base = base.unwrap_or_else(|| panic!("`hege serve` did not start"));
        while ureq::get(format!("{base}/readyz")).call().is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "`hege serve` does not become ready");
            std::thread::yield_now();
        }
        Self { child, base, ready_after: began.elapsed() }
    }

    /// Memory that it holds and that nobody else does, in MiB.
    pub(crate) fn memory(&self) -> f64 {
        resident(self.child.id())
    }
}

/// Memory that a process holds and that nobody else does, in MiB; none when it has ended.
pub(crate) fn resident(process: u32) -> f64 {
    let told = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or("0 kB");
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib / 1024.0
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What the server sends to its database while `act` asks it something.
pub(crate) fn recorded(url: &str, key: &str, act: impl FnOnce(&str)) -> Vec<Unit> {
    trace::record().unwrap();
    let store = Store::open(url, crate::CONNECTIONS).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let files = tempfile::tempdir().unwrap();
    let state = State {
        keys: Keys::load(&store, Timestamp::now()).unwrap(),
        regions: setup::regions(&store).unwrap(),
        store,
        catalogues: Catalogues::default(),
        data_key: DataKey::parse(key).unwrap(),
        shelf: Shelf::new(Files::open(files.path().to_str().unwrap()).unwrap()),
        hints: hege_api::events::Hints::default(),
        passwords: hege_api::passwords::Passwords::default(),
        uploads: Uploads::new(BYTES_MAX),
        edge: Edge::default(),
        offset: SignedDuration::ZERO,
    };
    let (stop, told_to_stop) = oneshot::channel::<()>();
    let serving = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stop = async { drop(told_to_stop.await) };
        let served = hege_api::server::serve(listener, Arc::new(state), stop);
        tokio::task::LocalSet::new().block_on(&runtime, served).unwrap();
    });
    drop(trace::take());
    act(&base);
    let units = trace::take();
    let _told = stop.send(());
    serving.join().unwrap();
    trace::stop().unwrap();
    drop(trace::take());
    units
}
