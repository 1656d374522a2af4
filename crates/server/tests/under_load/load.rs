//! Clients that take samples from the field to their reports, and remember what they were told.

use crate::site::{PASSWORD, ROLES, Site, house, person};
use hege_core::Role;
use hege_core::date::china_date;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

const CLIENTS: u32 = 8;
/// How long the load runs between two disturbances, at least.
const BETWEEN: Duration = Duration::from_millis(900);
/// Why a step that was done is not done again.
const REPEATED: [&str; 2] = ["revision_conflict", "wrong_status"];
const STEPS: [&str; 6] = ["registered", "sealed", "received", "entered", "checked", "approved"];

/// How often the load is disturbed.
pub(crate) fn kills() -> u32 {
    std::env::var("HEGE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// What the clients were told.
#[derive(Default)]
pub(crate) struct Told {
    /// Each acknowledged sample with how far it was acknowledged, as an index of [`STEPS`].
    acknowledged: Mutex<BTreeMap<String, usize>>,
    /// Every id that was ever sent.
    sent: Mutex<BTreeSet<String>>,
    requests: AtomicU32,
    pub(crate) unanswered: AtomicU32,
    pub(crate) refused: AtomicU32,
}

/// The clients, who ask the servers of one database in turn.
pub(crate) struct Load {
    agent: ureq::Agent,
    bases: Vec<String>,
    turn: AtomicUsize,
    tokens: Vec<String>,
    pub(crate) told: Told,
    /// Whether each request that succeeded is sent once more, to the server whose turn it is then.
    pub(crate) repeats: bool,
    ending: AtomicBool,
    serial: AtomicU32,
}

impl Load {
    pub(crate) fn new(sites: &[Site]) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent: ureq::Agent = config.timeout_global(Some(Duration::from_secs(30))).build().into();
        let mut load = Self {
            agent,
            bases: sites.iter().map(Site::base).collect(),
            turn: AtomicUsize::new(0),
            tokens: Vec::new(),
            told: Told::default(),
            repeats: false,
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
        let base = &self.bases[self.turn.fetch_add(1, Ordering::Relaxed) % self.bases.len()];
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{base}{path}"));
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
    pub(crate) fn ask(&self, method: &str, path: &str, (who, body): (usize, Option<&Value>)) -> (u16, Value) {
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
        // One in five fails.
        let reported = if sample["form_no"].as_str().unwrap().ends_with(['0', '5']) { "0.5" } else { "0.1" };
        let result = json!([{
            "analyte": "lead", "reported": reported, "unit": "mg/kg", "lod": "0.02", "criterion": stated,
            "confirmation": {"value": reported, "person": "演示"},
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

    /// Registers a sample. With repeats twice at the same moment: one of the two does it, and both are told the same.
    fn register(&self, form: &Value) -> (u16, Value) {
        let send = || self.ask("POST", "/samples", (0, Some(form)));
        if !self.repeats {
            return send();
        }
        let [first, second] = std::thread::scope(|scope| {
            [scope.spawn(send), scope.spawn(send)]
                .map(|sent| sent.join().unwrap_or_else(|e| std::panic::resume_unwind(e)))
        });
        assert_eq!(first, second, "the same request twice");
        first
    }

    /// The token of a person.
    pub(crate) fn token(&self, who: usize) -> &str {
        &self.tokens[who]
    }

    fn work(&self) {
        while !self.ending.load(Ordering::Relaxed) {
            self.step();
        }
    }

    /// Registers a sample and takes it to its report.
    pub(crate) fn step(&self) {
        let form = self.form();
        self.told.sent.lock().unwrap().insert(form["form"]["id"].as_str().unwrap().to_owned());
        let (status, answer) = self.register(&form);
        assert_eq!(status, 201, "{answer}");
        let mut sample = answer["sample"].clone();
        self.acknowledge(&sample);
        while sample["status"] != "approved" {
            let (method, path, who, body) = Self::next(&sample);
            let (status, answer) = self.ask(method, &path, (who, Some(&body)));
            if self.repeats {
                let (status, again) = self.ask(method, &path, (who, Some(&body)));
                let code = again["code"].as_str().unwrap_or_default();
                assert!(status == 409 && REPEATED.contains(&code), "{path} again: {status} {again}");
            }
            let reread = |id: &Value| self.ask("GET", &format!("/samples/{}", id.as_str().unwrap()), (0, None));
            sample = match (status, answer["code"].as_str()) {
                (200 | 201, _) => answer,
                // Done before, and its answer was lost.
                (409, Some(code)) if REPEATED.contains(&code) => reread(&sample["id"]).1,
                _ => panic!("{path}: {status} {answer}"),
            };
            self.acknowledge(&sample);
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
    pub(crate) fn runs(&self) {
        let (began, before) = (Instant::now(), self.told.requests.load(Ordering::Relaxed));
        while began.elapsed() < BETWEEN || self.told.requests.load(Ordering::Relaxed) < before + 20 {
            assert!(began.elapsed() < Duration::from_secs(60), "the load does not get on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Runs the clients while `disturb` does its work, and lets each end what it has begun.
    pub(crate) fn while_disturbed(&self, mut disturb: impl FnMut()) {
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| self.work());
            }
            for _ in 0..kills() {
                self.runs();
                disturb();
            }
            self.runs();
            self.ending.store(true, Ordering::Relaxed);
        });
    }

    /// That what is there is what was told, and no more than was sent.
    pub(crate) fn holds(&self) {
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
