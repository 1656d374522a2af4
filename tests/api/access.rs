//! The matrix of access: every operation by every role, region, stage and organisation, held against a table of rules that is
//! written by hand (`hege_api::reach`) and not against the code that decides.

use crate::client::Answer;
use crate::contract::{self, Operation, operations};
use crate::forms::{NONCONFORMING, Stand, id, spinach};
use crate::people::{House, PASSWORD, Who};
use crate::server::Server;
use crate::{indicators, on_both, planning, until};
use hege_api::access::{PUBLIC, TABLE};
use hege_api::reach::{self, Beyond, RULES, Reach, Rule};
use hege_app::people::{self, Change, Profile};
use hege_core::{OrganisationId, RegionCode, Role, Stage};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn rule(operation: &str) -> &'static Rule {
    reach::rule(operation).unwrap_or_else(|| panic!("{operation} has no rule of access"))
}

#[test]
fn every_operation_stands_in_the_table_of_permissions_and_in_the_document() {
    let documented: BTreeSet<&str> = operations().iter().map(|operation| operation.id).collect();
    assert_eq!(documented.len(), operations().len(), "an operationId stands twice");
    let permitted: BTreeSet<&str> = TABLE.iter().map(|(id, _)| *id).chain(PUBLIC.iter().copied()).collect();
    assert_eq!(permitted.len(), TABLE.len() + PUBLIC.len(), "an operation is permitted twice");
    assert_eq!(documented, permitted);
    let ruled: BTreeSet<&str> = RULES.iter().map(|rule| rule.operation).collect();
    assert_eq!((documented, ruled.len()), (ruled, RULES.len()), "an operation has no rule of access, or two");
    for operation in operations() {
        let rule = rule(operation.id);
        assert_ne!(operation.needs_login(), rule.reach == Reach::Public, "{}: security", operation.id);
        let says = |status: &str| operation.says["responses"][status].is_object();
        assert!(rule.reach == Reach::Public || says("401"), "{} does not say that it needs a login", operation.id);
        let excludes = Role::ALL.iter().any(|role| !rule.is_for(*role)) || rule.beyond == Beyond::Outside;
        assert!(!excludes || says("403"), "{} does not say that a role or scope may be missing", operation.id);
    }
}

#[test]
fn the_page_about_the_api_holds_the_table_of_access() {
    let page = include_str!("../../docs/API-DESIGN.md");
    assert!(page.contains(&reach::table()), "docs/API-DESIGN.md needs this table:\n\n{}", reach::table());
}

/// Where the sample is that everything is asked about.
const CITY: u32 = 330_100;

/// Somebody of a role, as far as they see and for whom they act.
#[derive(Debug, Clone, Copy)]
struct Somebody {
    role: Role,
    /// The sample's city, another, or the province.
    region: u32,
    /// The sample's stage, another, or every one.
    stage: Option<Stage>,
    /// Whether their organisation took the sample, or it is addressed to their laboratory.
    own: bool,
}

impl Somebody {
    fn everybody() -> impl Iterator<Item = Self> {
        Role::ALL.iter().flat_map(|role| {
            [CITY, 330_200, 330_000].into_iter().flat_map(move |region| {
                [Some(Stage::Farm), Some(Stage::Production), None]
                    .into_iter()
                    .flat_map(move |stage| [true, false].map(|own| Self { role: *role, region, stage, own }))
            })
        })
    }

    fn house(self) -> House {
        match (self.role, self.own) {
            (Role::Inspector, true) => House::Sampling,
            (Role::Inspector, false) => House::OtherSampling,
            (role, true) if role.is_laboratory() => House::Laboratory,
            (role, false) if role.is_laboratory() => House::OtherLaboratory,
            (_, true) => House::Commission,
            (_, false) => House::OtherCommission,
        }
    }

    /// Gives the person of the role this scope and organisation; their session goes on.
    fn appear(self, server: &Server) {
        let profile = Profile {
            name: "演示".to_owned(),
            organisation: OrganisationId(self.house().id()),
            region: RegionCode::new(self.region).unwrap(),
            roles: [self.role].into(),
            stages: self.stage.into_iter().collect(),
        };
        let change = (None, &Change::Profile(profile));
        people::change(&server.store, Who::with_only(self.role).id(), change, crate::server::mark()).unwrap();
    }

    fn sees_stage(self) -> bool {
        self.stage.is_none_or(|stage| stage == Stage::Farm)
    }

    /// Whether the object of the requests lies within the reach of an operation.
    fn reaches(self, reach: Reach) -> bool {
        let (province, in_region) = (self.region == 330_000, self.region != 330_200);
        match reach {
            Reach::Public | Reach::Own | Reach::Common => true,
            Reach::Sample | Reach::Task if self.role == Role::Inspector || self.role.is_laboratory() => {
                self.own && self.sees_stage()
            }
            Reach::Sample | Reach::Task | Reach::RegionStage => in_region && self.sees_stage(),
            Reach::Region => in_region,
            // The alert is the province's, of the farm stage.
            Reach::ProvinceStage | Reach::Alert => province && self.sees_stage(),
            Reach::Stage => self.sees_stage(),
            // The person sees a county of the city, with every stage.
            Reach::Within => in_region && self.stage.is_none(),
            Reach::AllStages => self.stage.is_none(),
            Reach::Whole => province && self.stage.is_none(),
        }
    }
}

/// How a request was answered, as far as access goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Allowed,
    RoleMissing,
    Beyond(Beyond),
}

/// What is asked of an operation: a request that is well formed, about something that is there, and changes nothing.
struct Request {
    path: String,
    body: Option<Value>,
    /// What the answer of a list holds when the object is in it.
    marker: Option<String>,
}

impl Request {
    fn class(&self, answer: &Answer) -> Class {
        let at_field =
            |code: &str| answer.body["errors"].as_array().into_iter().flatten().any(|error| error["code"] == code);
        match (answer.status, answer.code()) {
            (401, code) if code.starts_with("token") || code == "session_ended" => panic!("{answer:#?}"),
            (403, "role_missing") => Class::RoleMissing,
            (403, "outside_scope") => Class::Beyond(Beyond::Outside),
            (404, _) => Class::Beyond(Beyond::NotThere),
            (422, _) if at_field("outside_scope") || at_field("region_unknown") => Class::Beyond(Beyond::Field),
            (200, _) if self.marker.as_ref().is_some_and(|marker| !answer.body.to_string().contains(marker)) => {
                Class::Beyond(Beyond::NotThere)
            }
            _ => Class::Allowed,
        }
    }
}

/// What there is to ask about.
struct Things {
    sample: String,
    waiting: String,
    alert: String,
    person: String,
    import: String,
    quota: String,
    task: String,
    /// One that is public.
    bulletin: String,
    token: String,
    registration: Value,
}

impl Things {
    fn of(server: &Server) -> Self {
        // The plan asks for five samples: with the fifth the stage lies below its target.
        let mut samples = (0..5).map(|_| {
            let registration = spinach(server);
            (server.bring(&registration, NONCONFORMING, Stand::Approved), registration)
        });
        let (sample, registration) = samples.by_ref().last().unwrap();
        let alerts = || server.who(Who::Reviewer).alerts().ok()["items"].clone();
        let below =
            |alerts: &Value| alerts.as_array().unwrap().iter().find(|alert| alert["rule"] == "below_target").cloned();
        let alert = below(&until("an alert", alerts, |alerts| below(alerts).is_some())).unwrap();
        server.stop_working();
        crate::reinspection::applied(server, id(&sample), "lead");
        crate::disposals::opened(server, id(&sample));
        crate::objections::raised(server, id(&sample), "method", "sampled_unit");
        let bulletin = crate::bulletins::published(server, &[&crate::disposals::failing(server)]);
        let bulletin = bulletin["id"].as_str().unwrap().to_owned();
        let token = crate::reinspection::reviewed(server, id(&sample))["report_token"].as_str().unwrap().to_owned();
        // Whoever sees the sample sees what its laboratory put beside it.
        crate::attachments::photo(server, Who::Receiver, id(&sample), 1);
        let waiting = id(&server.at(Stand::Received)).to_owned();
        server.hire(Who::CountyInspector);
        let person = Who::CountyInspector.id().to_string();
        // Begun by somebody who is none of those who ask for it, and who stays as administrator of the province.
        let import = crate::imports::tried(&server.who(Who::SecondAdministrator));
        let administrator = server.who(Who::SecondAdministrator);
        administrator.post(&format!("/plans/{}/indicators", server.plan), &indicators::markets()).ok();
        let quota = administrator.post("/quotas", &planning::cell("330106", 5)).ok();
        let task = id(&administrator.post("/tasks", &planning::task(&quota, "330106", 1)).ok()).to_owned();
        let (sample, alert, quota) = (id(&sample).to_owned(), id(&alert).to_owned(), id(&quota).to_owned());
        Self { sample, waiting, alert, person, import, quota, task, bulletin, token, registration }
    }

    /// The path of an operation, about what there is.
    fn path(&self, server: &Server, operation: &Operation<'_>) -> String {
        let (place, query) = match operation.path.split('/').nth(3).unwrap_or_default() {
            "samples" => (self.sample.clone(), ""),
            "alerts" => (self.alert.clone(), ""),
            "users" => (self.person.clone(), ""),
            "imports" => (self.import.clone(), ""),
            "quotas" => (self.quota.clone(), ""),
            "tasks" => (self.task.clone(), ""),
            "public" if operation.id == "public_report" => (self.token.clone(), ""),
            "bulletins" | "public" => (self.bulletin.clone(), ""),
            "plans" => (server.plan.to_string(), ""),
            "organisations" => (House::Laboratory.id().to_string(), ""),
            "criteria" => ("L009".to_owned(), "food=33.01.01.01&analyte=phorate"),
            "calendar" => ("2027".to_owned(), "year=2027"),
            "rates" => (String::new(), "region=330100&stage=farm"),
            _ => (String::new(), ""),
        };
        let query = match operation.id {
            "criterion_impact" => "criterion=L009",
            "attachment_put" => crate::attachments::UNFINISHED,
            "attachment_offset" => crate::attachments::ASKED,
            _ => query,
        };
        let path = operation.path_with(&place);
        if query.is_empty() || operation.method == "POST" || operation.id == "calendar_put" {
            path
        } else {
            format!("{path}?{query}")
        }
    }

    /// The body of an operation: well formed, and never done, because its revision was seen by nobody or its rule forbids it.
    fn body(&self, operation: &str) -> Value {
        let stale = |mut with: Value| {
            with["revision"] = json!(999);
            with
        };
        let profile = json!({"name": "演示", "organisation_id": House::Sampling.id().to_string(), "region": "330106", "roles": ["inspector"]});
        let mut taken = profile.clone();
        taken["login"] = json!("inspector");
        taken["password"] = json!(PASSWORD);
        match operation {
            "user_add" => taken,
            "user_change" => stale(json!({"active": true})),
            "organisation_add" => json!({"kind": "laboratory", "name": "演示Laboratory", "region": "330000"}),
            "organisation_change" => stale(json!({"name": "演示", "region": "330000", "active": true})),
            "calendar_put" => {
                json!({"revision": 0, "days": [{"day": "2027-01-01", "kind": "holiday", "source": "演示"}]})
            }
            "quota_add" => planning::cell("330106", 5),
            "task_outcome_add" => planning::early_visit(),
            "indicator_add" => indicators::markets(),
            "indicator_evidence_add" => indicators::renewed("2000-01-01"),
            "plan_add" => json!({"year": 2013, "title": "演示", "targets": []}),
            "plan_change" => stale(json!({"title": "演示", "current": true})),
            "target_change" => json!({"stage": "farm", "version": 999, "min_n": 5, "planned_n": 5, "clause": "演示",
                "task_types": ["supervision"], "sample_kinds": ["primary_produce"]}),
            "form_number_lease" => json!({"county": "330106", "year": 2026, "task_type": "supervision", "count": 1}),
            "sample_register" => {
                let mut other = self.registration.clone();
                other["items"] = json!([{"analyte": "cadmium"}]);
                other
            }
            "sample_amend" => stale(json!({"changes": {"product_name": "菠菜"}, "reason": "演示"})),
            "sample_custody" => stale(json!({"kind": "handed_over", "to": self.person})),
            "sample_receipt" => stale(json!({"accepted": true})),
            "result_enter" => stale(json!({"results": crate::forms::lead("0.1")})),
            "sample_check" | "sample_approve" | "criterion_accept" => stale(json!({})),
            "sample_return" => stale(json!({"reason": "演示"})),
            "service_add" => stale(crate::reinspection::service("sampled_unit", Some("演示"))),
            "reinspection_apply" => stale(crate::reinspection::application("sampled_unit", "lead")),
            "reinspection_decide" => stale(json!({"accepted": true})),
            "reinspection_body" => stale(json!({"body_id": House::OtherLaboratory.id().to_string()})),
            "reinspection_hand_over" => stale(json!({})),
            "reinspection_report" => stale(crate::reinspection::report("0.1")),
            "reinspection_withdraw" => stale(json!({"reason": "演示"})),
            "objection_raise" => stale(crate::objections::objection("sampling", "sampled_unit")),
            "objection_decide" => stale(json!({"accepted": true})),
            "objection_answer" => stale(json!({"upheld": false, "reason": "演示"})),
            "objection_withdraw" => stale(json!({"reason": "演示"})),
            "authenticity_confirm" => stale(json!({"confirmed_at": "2020-01-01T00:00:00Z", "proof": "演示"})),
            "disposal_open" => stale(json!({"side": "seller", "name": "演示"})),
            "disposal_step" => stale(json!({"step": "cause", "text": "演示"})),
            // A sample that stands twice is never listed.
            "bulletin_draft" => crate::bulletins::draft(&[&self.sample, &self.sample], Some("演示")),
            "bulletin_review" | "bulletin_publish" => stale(json!({})),
            "bulletin_correct" | "bulletin_withdraw" => stale(json!({"reason": "演示"})),
            "sample_void" => stale(json!({"reason": "演示", "request": false})),
            "verdict_preview" => json!({"cases": []}),
            "criterion_add" => {
                json!({"rows": [{"id": "L009", "food_class": "33", "analyte": "lead", "kind": "max", "standard": "演示"}]})
            }
            "deadline_rule_add" => {
                json!({"rows": [{"code": "farm-report", "clock": "report", "amount": 10, "unit": "working_days",
                "stages": ["farm"], "regime": "演示", "department": "agriculture", "from": "2026-01-01", "clause": "演示",
                "confidence": "low"}]})
            }
            "alert_rule_preview" => json!({"stage": "farm"}),
            "alert_acknowledge" | "alert_close" => stale(json!({"note": "演示"})),
            "alert_assign" => stale(json!({"person_id": Who::Reviewer.id().to_string()})),
            "subscription_change" | "user_subscription_change" => stale(json!({"kinds": []})),
            // A password is hashed before it is refused: these two are asked with nothing.
            _ => planning::asked(operation, &self.quota).map_or_else(|| json!({}), stale),
        }
    }

    fn request(&self, server: &Server, operation: &Operation<'_>) -> Request {
        let marker = match operation.id {
            "sample_list" | "disposal_list" => Some(self.sample.clone()),
            "quota_list" => Some(self.quota.clone()),
            "task_list" => Some(self.task.clone()),
            "plan_coverage" => Some("\"farm\"".to_owned()),
            "deadline_list" => Some(self.waiting.clone()),
            "deadline_summary" => Some("\"city\":\"3301\"".to_owned()),
            "alert_list" => Some(self.alert.clone()),
            "bulletin_list" => Some(self.bulletin.clone()),
            "user_list" => Some(self.person.clone()),
            "import_list" => Some(self.import.clone()),
            "export_samples" | "export_official" => Some("菠菜".to_owned()),
            "rate_list" | "rate_trend" | "alert_rule_list" => Some("\"farm\"".to_owned()),
            _ => None,
        };
        let body = operation.takes_body().then(|| self.body(operation.id));
        Request { path: self.path(server, operation), body, marker }
    }
}

fn ask(server: &Server, token: Option<&str>, (operation, request): (&Operation<'_>, &Request)) -> Answer {
    let client = token.map_or_else(|| server.stranger(), |token| server.with_token(token));
    let body = request.body.as_ref().map(ToString::to_string);
    let body = body.as_ref().map(|body| ("application/json", body.as_bytes()));
    client.send(&operation.method, &request.path, body)
}

/// What the rules say.
fn expected(somebody: Somebody, rule: &Rule) -> Class {
    if rule.reach == Reach::Public {
        Class::Allowed
    } else if !rule.is_for(somebody.role) {
        Class::RoleMissing
    } else if somebody.reaches(rule.reach) || rule.operation == "criterion_impact" {
        // What a limit would change is told of results within the scope; held in a test of its own.
        Class::Allowed
    } else {
        Class::Beyond(rule.beyond)
    }
}

#[test]
fn whoever_asks_gets_what_role_region_stage_and_organisation_give_and_nothing_else() {
    on_both(|server| {
        let things = Things::of(server);
        let tokens: BTreeMap<Role, String> =
            Role::ALL.iter().map(|role| (*role, server.who(Who::with_only(*role)).token.unwrap())).collect();
        let operations = operations();
        let requests: Vec<_> =
            operations.iter().map(|operation| (operation, things.request(server, operation))).collect();
        for (operation, request) in &requests {
            let stranger = ask(server, None, (operation, request));
            let is_public = rule(operation.id).reach == Reach::Public;
            assert_eq!(stranger.code() != "token_missing", is_public, "{}: {stranger:#?}", operation.id);
        }
        let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
        let mut wrong = Vec::new();
        for somebody in Somebody::everybody() {
            somebody.appear(server);
            for (operation, request) in &requests {
                // A session that is ended is a new one each time.
                let fresh = (operation.id == "session_end").then(|| server.session(Who::with_only(somebody.role)));
                let fresh = fresh.as_ref().map(|session| session["access_token"].as_str().unwrap());
                let token = fresh.or_else(|| tokens.get(&somebody.role).map(String::as_str));
                let answer = ask(server, token, (operation, request));
                let (found, expected) = (request.class(&answer), expected(somebody, rule(operation.id)));
                if found != expected {
                    wrong.push(format!("{}: {somebody:?}: {expected:?} and not {found:?}: {answer:?}", operation.id));
                }
                *tried.entry(operation.id).or_default() += 1;
            }
        }
        assert!(
            wrong.is_empty(),
            "{} answers are not by the rules, the first:\n{}",
            wrong.len(),
            wrong[..wrong.len().min(12)].join("\n")
        );
        println!("{}", server.name);
        for rule in RULES {
            let (roles, reach, beyond) = (rule.roles, rule.reach, rule.beyond);
            println!("{:20} {:4} tried  {roles} | {reach} | {beyond}", rule.operation, tried[rule.operation]);
            assert_eq!(tried[rule.operation], Role::ALL.len() * 3 * 3 * 2);
        }
        println!("{} operations, {} combinations", tried.len(), tried.values().sum::<usize>());
    });
}

#[test]
fn what_is_no_operation_is_not_there() {
    on_both(|server| {
        let administrator = server.who(Who::Administrator);
        for path in
            ["/", "/api/v1", "/api/v1/", "/api/v2/me", "/me", "/api/v1/users/x/y", "/api/v1/%00", "/favicon.ico"]
        {
            administrator.send("GET", path, None).refused(404, "not_found");
        }
        for (method, path) in [("POST", "/api/v1/me"), ("DELETE", "/api/v1/users"), ("PATCH", "/api/v1/samples")] {
            administrator.send(method, path, None).refused(404, "not_found");
        }
        assert_eq!(server.stranger().send("GET", "/api/openapi.json", None).ok(), *contract::DOCUMENT);
    });
}
