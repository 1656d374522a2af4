//! `hege serve` killed under load, and its database: nothing that was acknowledged is lost, nothing is there twice, nothing
//! is half there. `make crash` kills twenty times each; `HEGE_KILLS` says how often.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking; a JSON value that lacks a field gives null"
)]
#![expect(clippy::print_stderr, reason = "it tells how much it has proved")]

use hege_app::people::{self, Profile};
use hege_app::reference::OrganisationKind;
use hege_app::{Mark, PROVINCE, Store, organisations, setup};
use hege_core::date::china_date;
use hege_core::{OrganisationId, Role, UserId};
use hege_testkit::databases;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

const PASSWORD: &str = "a-password-for-tests";
const CLIENTS: u32 = 8;
/// How long the load runs between two kills, at least.
const BETWEEN: Duration = Duration::from_millis(900);
const ROLES: [Role; 6] =
    [Role::Inspector, Role::Inspector, Role::Receiver, Role::Tester, Role::Checker, Role::Approver];
const STEPS: [&str; 6] = ["registered", "sealed", "received", "entered", "checked", "approved"];

fn kills() -> u32 {
    std::env::var("HEGE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

fn house(role: Role) -> Uuid {
    Uuid::from_u128(if role == Role::Inspector { 1 } else { 2 })
}

fn person(n: usize) -> Uuid {
    Uuid::from_u128(11 + u128::try_from(n).unwrap())
}

/// People and their houses in an empty database.
fn people(store: &Store) {
    store.migrate().unwrap();
    let mark = || Mark { person: None, at: Timestamp::now(), audit_id: Uuid::now_v7() };
    setup::load(store, Timestamp::now(), &Uuid::now_v7).unwrap();
    for (kind, id) in [(OrganisationKind::Inspecting, 1), (OrganisationKind::Laboratory, 2)] {
        let name = format!("演示{id}");
        organisations::found(store, (kind, &name, PROVINCE), (Uuid::from_u128(id), mark())).unwrap();
    }
    for (n, role) in ROLES.into_iter().enumerate() {
        let profile = Profile {
            name: "演示".to_owned(),
            organisation: OrganisationId(house(role)),
            region: PROVINCE,
            roles: BTreeSet::from([role]),
            stages: BTreeSet::new(),
        };
        people::add(store, (&format!("person{n}"), PASSWORD), &profile, (UserId(person(n)), mark())).unwrap();
    }
}

/// `hege serve`, always at the same address.
struct Served {
    child: Child,
}

struct Site {
    url: String,
    key: PathBuf,
    port: u16,
}

impl Site {
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hege"));
        command.env("DATABASE_URL", &self.url).env("HEGE_DATA_KEY_FILE", &self.key).env("HEGE_LOG", "off");
        // All clients have one address here.
        command.env("HEGE_LIMIT_REQUESTS", "off");
        command
    }

    fn serve(&self) -> Served {
        let listen = format!("127.0.0.1:{}", self.port);
        let mut command = self.command();
        let mut child = command.args(["serve", "--listen", &listen]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains(&listen), "it did not start: {line}");
        Served { child }
    }

    fn verify(&self) {
        let output = self.command().arg("verify").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

impl Served {
    /// SIGKILL: nothing is written, flushed or closed any more.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What the clients were told.
#[derive(Default)]
struct Told {
    /// Each acknowledged sample with how far it was acknowledged, as an index of [`STEPS`].
    acknowledged: Mutex<BTreeMap<String, usize>>,
    /// Every id that was ever sent.
    sent: Mutex<BTreeSet<String>>,
    requests: AtomicU32,
    unanswered: AtomicU32,
    refused: AtomicU32,
}

struct Load {
    agent: ureq::Agent,
    base: String,
    tokens: Vec<String>,
    told: Told,
    ending: AtomicBool,
    serial: AtomicU32,
}

impl Load {
    fn new(site: &Site) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent: ureq::Agent = config.timeout_global(Some(Duration::from_secs(30))).build().into();
        let base = format!("http://127.0.0.1:{}/api/v1", site.port);
        let mut load = Self {
            agent,
            base,
            tokens: Vec::new(),
            told: Told::default(),
            ending: AtomicBool::new(false),
            serial: AtomicU32::new(0),
        };
        for n in 0..ROLES.len() {
            let login = json!({"login": format!("person{n}"), "password": PASSWORD});
            let (status, answer) = load.send("POST", "/session", (None, Some(&login))).unwrap();
            assert_eq!(status, 201, "{answer}");
            load.tokens.push(answer["access_token"].as_str().unwrap().to_owned());
        }
        load
    }

    /// None when no whole answer came.
    fn send(&self, method: &str, path: &str, (who, body): (Option<usize>, Option<&Value>)) -> Option<(u16, Value)> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(who) = who {
            request = request.header("authorization", format!("Bearer {}", self.tokens[who]));
        }
        let sent = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string()).unwrap())
            }
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut answer = sent.ok()?;
        let text = answer.body_mut().read_to_string().ok()?;
        Some((answer.status().as_u16(), serde_json::from_str(&text).ok()?))
    }

    /// Asks until there is an answer; every refusal on the way is a clear one.
    fn ask(&self, method: &str, path: &str, (who, body): (usize, Option<&Value>)) -> (u16, Value) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            self.told.requests.fetch_add(1, Ordering::Relaxed);
            match self.send(method, path, (Some(who), body)) {
                None => self.told.unanswered.fetch_add(1, Ordering::Relaxed),
                Some((503, problem)) => {
                    let code = problem["code"].as_str().unwrap_or_default();
                    assert!(["busy", "outcome_unknown"].contains(&code), "{problem}");
                    self.told.refused.fetch_add(1, Ordering::Relaxed)
                }
                Some(answered) => return answered,
            };
            assert!(Instant::now() < deadline, "{method} {path} is never answered");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn form(&self) -> Value {
        let mut form = Value::Object(hege_app::fields::object_of(&hege_sampling::examples::produce()));
        let (now, serial) = (Timestamp::now(), self.serial.fetch_add(1, Ordering::Relaxed) + 1);
        let today = china_date(now);
        form["id"] = json!(format!("3301-{}", Uuid::now_v7()));
        form["form_no"] = json!(format!("NCP{:02}330106{serial:06}", today.year() % 100));
        form["samplers"] = json!([person(0).to_string(), person(1).to_string()]);
        for code in ["task_source", "deploying_org"] {
            form[code] = json!(house(Role::Inspector).to_string());
        }
        form["date"] = json!(today.to_string());
        form["sampled_at"] = json!(now.to_string());
        json!({"form": form, "items": [{"analyte": "lead"}]})
    }

    /// The request that takes a sample from one step to the next.
    fn next(sample: &Value) -> (&'static str, String, usize, Value) {
        let (id, revision) = (sample["id"].as_str().unwrap(), &sample["revision"]);
        let stated =
            json!({"kind": "max", "limit": "0.3", "unit": "mg/kg", "standard": "GB 2762-2022", "reason": "演示"});
        let result = json!([{
            "analyte": "lead", "reported": "0.1", "unit": "mg/kg", "lod": "0.02", "criterion": stated,
            "confirmation": {"value": "0.1", "person": "演示"},
        }]);
        let lab = house(Role::Tester).to_string();
        let (method, act, who, body) = match sample["status"].as_str().unwrap() {
            "registered" => ("POST", "custody", 0, json!({"kind": "sealed", "lab_id": lab, "seals": ["F1"]})),
            "sealed" => ("POST", "receipt", 2, json!({"accepted": true})),
            "received" => ("PUT", "results", 3, json!({"results": result})),
            "entered" => ("POST", "check", 4, json!({"confirms": ["lead"]})),
            _ => ("POST", "approval", 5, json!({})),
        };
        let mut body = body;
        body["revision"] = revision.clone();
        (method, format!("/samples/{id}/{act}"), who, body)
    }

    fn acknowledge(&self, sample: &Value) {
        let (id, status) = (sample["id"].as_str().unwrap(), sample["status"].as_str().unwrap());
        let reached = STEPS.iter().position(|step| *step == status).unwrap();
        self.told.acknowledged.lock().unwrap().insert(id.to_owned(), reached);
    }

    /// Registers samples and takes each to its report, until told to end.
    fn work(&self) {
        while !self.ending.load(Ordering::Relaxed) {
            let form = self.form();
            self.told.sent.lock().unwrap().insert(form["form"]["id"].as_str().unwrap().to_owned());
            let (status, answer) = self.ask("POST", "/samples", (0, Some(&form)));
            assert_eq!(status, 201, "{answer}");
            let mut sample = answer["sample"].clone();
            self.acknowledge(&sample);
            while sample["status"] != "approved" {
                let (method, path, who, body) = Self::next(&sample);
                let (status, answer) = self.ask(method, &path, (who, Some(&body)));
                let reread = |id: &Value| self.ask("GET", &format!("/samples/{}", id.as_str().unwrap()), (0, None));
                sample = match (status, answer["code"].as_str()) {
                    (200 | 201, _) => answer,
                    // Done before, and its answer was lost.
                    (409, Some("revision_conflict" | "wrong_status")) => reread(&sample["id"]).1,
                    _ => panic!("{path}: {status} {answer}"),
                };
                self.acknowledge(&sample);
            }
        }
    }

    /// Every sample that is there, each once.
    fn there(&self) -> BTreeSet<String> {
        let (mut ids, mut cursor) = (BTreeSet::new(), String::new());
        loop {
            let (status, page) = self.ask("GET", &format!("/samples?limit=100{cursor}"), (0, None));
            assert_eq!(status, 200, "{page}");
            for sample in page["items"].as_array().unwrap() {
                let id = sample["id"].as_str().unwrap();
                assert!(ids.insert(id.to_owned()), "{id} is there twice");
            }
            let Some(next) = page["next_cursor"].as_str() else { return ids };
            cursor = format!("&cursor={next}");
        }
    }

    /// Waits for a while, and until the clients have got on.
    fn runs(&self) {
        let (began, before) = (Instant::now(), self.told.requests.load(Ordering::Relaxed));
        while began.elapsed() < BETWEEN || self.told.requests.load(Ordering::Relaxed) < before + 20 {
            assert!(began.elapsed() < Duration::from_secs(60), "the load does not get on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Runs the clients while `kill` does its work, and lets each end what it has begun.
    fn while_killing(&self, mut kill: impl FnMut()) {
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| self.work());
            }
            for _ in 0..kills() {
                self.runs();
                kill();
            }
            self.runs();
            self.ending.store(true, Ordering::Relaxed);
        });
    }

    /// That what is there is what was told, and no more than was sent.
    fn holds(&self) {
        let acknowledged = self.told.acknowledged.lock().unwrap();
        let sent = self.told.sent.lock().unwrap();
        for (id, reached) in acknowledged.iter() {
            let (status, sample) = self.ask("GET", &format!("/samples/{id}"), (0, None));
            assert_eq!(status, 200, "{id} was acknowledged and is lost");
            let steps: Vec<&str> =
                sample["custody"].as_array().unwrap().iter().map(|s| s["kind"].as_str().unwrap()).collect();
            assert_eq!(steps, STEPS[..steps.len()], "{id}: each step once and in its order");
            assert!(steps.len() > *reached, "{id} was acknowledged as {} and stands at {steps:?}", STEPS[*reached]);
        }
        assert_eq!(self.there(), *sent, "each that was sent is there once, and nothing else");
        eprintln!(
            "{} samples, {} requests, {} without an answer, {} refused as busy or unknown",
            acknowledged.len(),
            self.told.requests.load(Ordering::Relaxed),
            self.told.unanswered.load(Ordering::Relaxed),
            self.told.refused.load(Ordering::Relaxed)
        );
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn site(url: &str, folder: &Path) -> Site {
    let key = folder.join("data.key");
    std::fs::write(&key, "0b".repeat(32)).unwrap();
    people(&Store::open(url, 2).unwrap());
    Site { url: url.to_owned(), key, port: free_port() }
}

#[test]
fn a_server_that_is_killed_under_load_loses_and_doubles_nothing() {
    for db in databases() {
        let folder = tempfile::tempdir().unwrap();
        let site = site(db.url(), folder.path());
        let mut served = Some(site.serve());
        let load = Load::new(&site);
        load.while_killing(|| {
            served.take().unwrap().kill();
            served = Some(site.serve());
        });
        eprint!("{}, server killed {} times: ", db.name(), kills());
        load.holds();
        assert!(load.told.unanswered.load(Ordering::Relaxed) > 0, "no kill hit a request");
        drop(served);
        site.verify();
    }
}

/// A PostgreSQL of its own, which may be broken.
struct Cluster {
    folder: tempfile::TempDir,
}

impl Cluster {
    fn tool(&self, act: &str) -> String {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/postgres.sh");
        let output = Command::new(tool).arg(act).arg(self.folder.path()).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "{act}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.tool("stop");
    }
}

#[test]
fn a_database_that_is_killed_under_load_loses_and_doubles_nothing_and_the_server_goes_on() {
    let cluster = Cluster { folder: tempfile::tempdir().unwrap() };
    // What is acknowledged is in the log, which outlives PostgreSQL; of the machine itself nothing is killed here.
    let url = format!("{}?options=-csynchronous_commit%3Don", cluster.tool("start"));
    let folder = tempfile::tempdir().unwrap();
    let site = site(&url, folder.path());
    let served = site.serve();
    let load = Load::new(&site);
    load.while_killing(|| {
        cluster.tool("restart");
    });
    eprint!("PostgreSQL killed {} times: ", kills());
    load.holds();
    let spoilt = load.told.refused.load(Ordering::Relaxed);
    assert!(spoilt > 0, "no kill hit a request");
    assert_eq!(load.told.unanswered.load(Ordering::Relaxed), 0, "the server answers whatever becomes of its database");
    drop(served);
    site.verify();
}
