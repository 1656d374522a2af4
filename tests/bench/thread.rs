//! The main job as prepared requests: samples of spinach with twelve items, step by step, each step by whom it belongs to.

use crate::load::Requests;
use hege_app::people::Profile;
use hege_app::plans::{Target, YearPlan};
use hege_app::reference::OrganisationKind;
use hege_app::{Mark, PROVINCE, Store, organisations, people, plans, setup};
use hege_core::date::{CHINA, china_date};
use hege_core::{OrganisationId, PlanId, Role, UserId};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

const PASSWORD: &str = "a-password-for-benches";
/// Analytes that spinach is tested for; the laboratory states the limit of each.
pub(crate) const ANALYTES: [&str; 12] = [
    "abamectin",
    "acephate",
    "acetamiprid",
    "aldicarb",
    "bifenthrin",
    "cadmium",
    "carbendazim",
    "carbofuran",
    "chlorpyrifos",
    "clothianidin",
    "cyhalothrin",
    "lead",
];

/// Who takes samples with the inspector.
pub(crate) const COLLEAGUE: UserId = UserId(Uuid::from_u128(9));

/// A step of a sample's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Register,
    Seal,
    Receive,
    Enter,
    Check,
    Approve,
}

impl Step {
    pub(crate) const ALL: [Self; 6] =
        [Self::Register, Self::Seal, Self::Receive, Self::Enter, Self::Check, Self::Approve];

    /// What a sample's revision is when this step is due.
    const fn revision(self) -> u32 {
        match self {
            Self::Register => 0,
            Self::Seal => 1,
            Self::Receive => 2,
            Self::Enter => 3,
            Self::Check => 4,
            Self::Approve => 5,
        }
    }

    pub(crate) const fn role(self) -> Role {
        match self {
            Self::Register | Self::Seal => Role::Inspector,
            Self::Receive => Role::Receiver,
            Self::Enter => Role::Tester,
            Self::Check => Role::Checker,
            Self::Approve => Role::Approver,
        }
    }
}

pub(crate) fn house(kind: OrganisationKind) -> Uuid {
    Uuid::from_u128(match kind {
        OrganisationKind::Laboratory => 1,
        OrganisationKind::Inspecting => 2,
        _ => 3,
    })
}

pub(crate) fn person(role: Role) -> UserId {
    UserId(Uuid::from_u128(10 + role as u128))
}

fn mark() -> Mark {
    Mark { person: None, at: Timestamp::now(), audit_id: Uuid::now_v7() }
}

/// A plan of this year, so that what is sampled now counts.
fn plan() -> YearPlan {
    let shipped = setup::shipped().unwrap().plans.iter().find(|plan| plan.demo).unwrap();
    let year = china_date(Timestamp::now()).year();
    let valid_from = CHINA.to_timestamp(jiff::civil::date(year, 1, 1).at(0, 0, 0, 0)).unwrap();
    let plan = setup::year_plan(shipped, true);
    let targets = plan.targets.into_iter().map(|target| Target { valid_from, ..target }).collect();
    YearPlan { id: PlanId(Uuid::now_v7()), year, targets, ..plan }
}

/// Fills an empty database with what ships, one person for each role, a second sampler, and this year's plan.
pub(crate) fn settle(url: &str) {
    let store = Store::open(url, 2).unwrap();
    store.migrate().unwrap();
    setup::load(&store, Timestamp::now(), &Uuid::now_v7).unwrap();
    for kind in [OrganisationKind::Laboratory, OrganisationKind::Inspecting, OrganisationKind::Department] {
        let name = format!("演示{kind:?}");
        organisations::found(&store, (kind, &name, PROVINCE), (house(kind), mark())).unwrap();
    }
    for role in Role::ALL.iter().copied() {
        let kind = match role {
            Role::Inspector => OrganisationKind::Inspecting,
            Role::Reviewer | Role::Publisher | Role::Administrator | Role::Auditor => OrganisationKind::Department,
            _ => OrganisationKind::Laboratory,
        };
        add(&store, (role.code(), role), kind, person(role));
    }
    add(&store, ("colleague", Role::Inspector), OrganisationKind::Inspecting, COLLEAGUE);
    plans::put(&store, &plan(), mark()).unwrap();
}

fn add(store: &Store, (login, role): (&str, Role), kind: OrganisationKind, id: UserId) {
    let profile = Profile {
        name: "演示".to_owned(),
        organisation: OrganisationId(house(kind)),
        region: PROVINCE,
        roles: BTreeSet::from([role]),
        stages: BTreeSet::new(),
    };
    people::add(store, (login, PASSWORD), &profile, (id, mark())).unwrap();
}

/// The token of whoever has a role.
pub(crate) fn token(base: &str, role: Role) -> String {
    let body = json!({"login": role.code(), "password": PASSWORD});
    let mut answer = ureq::post(format!("{base}/api/v1/session")).send_json(&body).unwrap();
    let session: Value = answer.body_mut().read_json().unwrap();
    session["access_token"].as_str().unwrap().to_owned()
}

/// Ids of samples to be.
pub(crate) fn ids(count: usize) -> Vec<String> {
    (0..count).map(|_| format!("3301-{}", Uuid::now_v7())).collect()
}

/// A step of every sample as prepared requests.
pub(crate) fn requests(step: Step, ids: &[String]) -> Requests {
    let revision = step.revision();
    let act = |act: &str, body: Value| {
        let body = body.to_string();
        ids.iter().map(|id| (format!("/api/v1/samples/{id}/{act}"), body.clone())).collect()
    };
    let each = match step {
        Step::Register => {
            let body = |(serial, id): (usize, &String)| registration(id, serial).to_string();
            ids.iter().enumerate().map(|numbered| ("/api/v1/samples".to_owned(), body(numbered))).collect()
        }
        // Each with a seal of its own: a seal is on one sample only.
        Step::Seal => ids.iter().map(|id| (format!("/api/v1/samples/{id}/custody"), seal(id, revision))).collect(),
        Step::Receive => act("receipt", json!({"accepted": true, "revision": revision})),
        Step::Enter => act("results", json!({"results": results(), "revision": revision})),
        Step::Check => act("check", json!({"confirms": ANALYTES, "revision": revision})),
        Step::Approve => act("approval", json!({"revision": revision})),
    };
    Requests { method: if step == Step::Enter { "PUT" } else { "POST" }, each }
}

fn seal(id: &str, revision: u32) -> String {
    let lab = house(OrganisationKind::Laboratory).to_string();
    json!({"kind": "sealed", "lab_id": lab, "seals": [format!("F{id}")], "revision": revision}).to_string()
}

fn registration(id: &str, serial: usize) -> Value {
    let mut form = Value::Object(hege_app::fields::object_of(&hege_sampling::examples::produce()));
    let now = Timestamp::now();
    let today = china_date(now);
    form["id"] = json!(id);
    form["form_no"] = json!(format!("NCP{:02}330106{:06}", today.year() % 100, serial + 1));
    form["samplers"] = json!([person(Role::Inspector).to_string(), COLLEAGUE.to_string()]);
    for code in ["task_source", "deploying_org"] {
        form[code] = json!(house(OrganisationKind::Department).to_string());
    }
    form["date"] = json!(today.to_string());
    form["sampled_at"] = json!(now.to_string());
    json!({"form": form, "items": ANALYTES.map(|analyte| json!({"analyte": analyte}))})
}

fn results() -> Value {
    let stated = json!({"kind": "max", "limit": "0.3", "unit": "mg/kg", "standard": "GB 2763-2021", "reason": "演示"});
    let result = |(index, analyte): (usize, &&str)| json!({"analyte": analyte, "reported": format!("0.0{}", index + 10), "unit": "mg/kg", "lod": "0.002", "criterion": stated});
    ANALYTES.iter().enumerate().map(result).collect()
}
