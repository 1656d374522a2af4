//! The figures of a plan: campaigns, inspections and counts, each with its clause, and what is done shown by evidence.

use crate::forms::{CONFORMING, Stand, id, spinach};
use crate::on_each;
use crate::people::Who;
use crate::planning::{cell, task};
use crate::rows::Rows;
use crate::server::Server;
use hege_app::{setup, verify};
use hege_core::date::china_date;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// A count to reach.
pub(crate) fn markets() -> Value {
    json!({"code": "renewed_markets", "kind": "count", "title": "农贸市场改造提升", "stage": "circulation", "wanted": 2,
        "clause": "四(十二)", "words": "改造提升农贸市场"})
}

/// A market that was renewed on a day.
pub(crate) fn renewed(on: &str) -> Value {
    json!({"region": "330106", "subject": "演示农贸市场", "done_on": on, "evidence": "验收报告 1 号"})
}

fn today() -> String {
    china_date(Timestamp::now()).to_string()
}

fn put(server: &Server, with: Value) -> Value {
    let mut body = markets();
    body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    server.who(Who::Administrator).post(&format!("/plans/{}/indicators", server.plan), &body).ok()
}

fn evidence(server: &Server, code: &str) -> String {
    format!("/plans/{}/indicators/{code}/evidence", server.plan)
}

fn indicator(server: &Server, code: &str) -> Value {
    let page = server.who(Who::Reviewer).get(&format!("/plans/{}/page", server.plan)).ok();
    page["indicators"].as_array().unwrap().iter().find(|found| found["code"] == code).unwrap().clone()
}

#[test]
fn a_market_counts_once_however_often_it_is_told_and_not_at_all_when_it_is_withdrawn() {
    on_each(|server| {
        put(server, json!({}));
        let path = evidence(server, "renewed_markets");
        let key = Uuid::now_v7().to_string();
        let body = renewed(&today());
        let show = || server.who(Who::Reviewer).with_key(&key).post(&path, &body);
        assert_eq!(
            (&show().ok()["reached"], &show().ok()["looked_at"]),
            (&json!(1), &json!(1)),
            "sent twice, done once"
        );
        let again = server.who(Who::Reviewer).post(&path, &body).ok();
        assert_eq!((&again["reached"], &again["looked_at"]), (&json!(1), &json!(2)), "the same market is one");
        let mut other = renewed(&today());
        other["subject"] = json!("另一农贸市场");
        assert_eq!(server.who(Who::Inspector).post(&path, &other).ok()["reached"], 2);
        let mut gone = renewed(&today());
        gone["withdraws"] = json!(key);
        assert_eq!(server.who(Who::Reviewer).post(&path, &gone).ok()["looked_at"], 2);
        let seen = indicator(server, "renewed_markets");
        assert_eq!((&seen["wanted"], &seen["reached"], &seen["clause"]), (&json!(2), &json!(2), &json!("四(十二)")));
        server.stop_working();
        let findings = verify::cities(&server.store).unwrap().into_iter();
        let findings: Vec<_> = findings.flat_map(|city| verify::city(&server.store, city).unwrap()).collect();
        assert_eq!(findings, []);
    });
}

#[test]
fn an_inspection_has_a_finding_rate_of_its_own_beside_the_samples() {
    on_each(|server| {
        put(server, json!({"code": "cold_dishes", "kind": "inspection", "stage": "catering", "wanted": null}));
        for fault in [true, false, false] {
            let mut body = renewed(&today());
            body["fault"] = json!(fault);
            server.who(Who::Inspector).post(&evidence(server, "cold_dishes"), &body).ok();
        }
        let seen = indicator(server, "cold_dishes");
        assert_eq!((&seen["looked_at"], &seen["faults"], &seen["reached"]), (&json!(3), &json!(1), &json!(1)));
        assert_eq!(server.farm(), (0, 0, 0), "no rate of samples moves");
    });
}

#[test]
fn a_campaign_is_covered_by_the_cells_that_name_it() {
    on_each(|server| {
        put(
            server,
            json!({"code": "vegetables", "kind": "sampling", "stage": "farm", "food_classes": ["33.01"], "wanted": null}),
        );
        let administrator = server.who(Who::Administrator);
        let with = |changes: Value| {
            let mut body = cell("330106", 4);
            body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            administrator.post("/quotas", &body)
        };
        with(json!({"campaign": "vegetables"})).invalid(&[("/campaign", "campaign_out_of_place")]);
        with(json!({"task_type": "campaign"})).invalid(&[("/campaign", "campaign_out_of_place")]);
        with(json!({"task_type": "campaign", "campaign": "nothing"})).invalid(&[("/campaign", "campaign_unknown")]);
        with(json!({"task_type": "campaign", "campaign": "vegetables", "food_class": "33.02", "stage": "catering"}))
            .invalid(&[("/food_class", "campaign_differs"), ("/stage", "campaign_differs")]);
        let quota = with(json!({"task_type": "campaign", "campaign": "vegetables"})).ok();
        let given = administrator.post("/tasks", &task(&quota, "330106", 4)).ok();
        let mut registration = spinach(server);
        registration["form"]["task"] = given["id"].clone();
        server.who(Who::Inspector).register(&registration).invalid(&[("/form/task_type", "task_differs")]);
        registration["form"]["task_type"] = json!("campaign");
        server.bring(&registration, CONFORMING, Stand::Registered);
        let seen = indicator(server, "vegetables");
        assert_eq!((&seen["coverage"]["wanted"], &seen["coverage"]["taken"]), (&json!(4), &json!(1)), "{quota:#}");
        assert_eq!(id(&quota).len(), 36);
    });
}

#[test]
fn everything_that_is_wrong_with_evidence_is_told_at_once_and_nothing_is_written() {
    on_each(|server| {
        put(server, json!({}));
        put(server, json!({"code": "vegetables", "kind": "sampling", "wanted": null}));
        // Who has not logged in yet would leave a session.
        for who in [Who::Reviewer, Who::CityReviewer] {
            server.who(who);
        }
        let rows = Rows::of(server);
        let path = evidence(server, "renewed_markets");
        let mut bad = renewed("2000-01-01");
        bad["region"] = json!("330000");
        bad["fault"] = json!(true);
        bad["withdraws"] = json!(Uuid::now_v7().to_string());
        server.who(Who::Reviewer).post(&path, &bad).invalid(&[
            ("/fault", "fault_out_of_place"),
            ("/region", "not_split"),
            ("/done_on", "outside_plan_year"),
            ("/withdraws", "evidence_unknown"),
        ]);
        server.who(Who::CityReviewer).post(&path, &renewed(&today())).invalid(&[("/region", "outside_scope")]);
        let samples = evidence(server, "vegetables");
        server.who(Who::Reviewer).post(&samples, &renewed(&today())).invalid(&[("", "counted_by_samples")]);
        server.who(Who::Reviewer).post(&evidence(server, "nothing"), &renewed(&today())).refused(404, "not_found");
        let plan = format!("/plans/{}/indicators", server.plan);
        server.who(Who::Administrator).post(&plan, &markets()).invalid(&[("/code", "given_twice")]);
        rows.are_as_before("refusals");
    });
}

#[test]
fn the_plan_of_2013_stands_whole_on_its_page() {
    on_each(|server| {
        setup::load(&server.store, Timestamp::now(), &Uuid::now_v7).unwrap();
        setup::load(&server.store, Timestamp::now(), &Uuid::now_v7).unwrap();
        let reviewer = server.who(Who::Reviewer);
        let plans = reviewer.get("/plans").ok();
        let plan = plans["items"].as_array().unwrap().iter().find(|plan| plan["year"] == 2013).unwrap().clone();
        let page = reviewer.get(&format!("/plans/{}/page", id(&plan))).ok();
        let targets: Vec<&Value> =
            page["plan"]["targets"].as_array().unwrap().iter().map(|t| &t["target_bp"]).collect();
        assert_eq!(targets, [&json!(9000), &json!(null), &json!(9600), &json!(9300)]);
        let of =
            |kind: &str| page["indicators"].as_array().unwrap().iter().filter(|found| found["kind"] == kind).count();
        assert_eq!((of("sampling"), of("inspection"), of("count")), (7, 5, 4));
        let wanted: Vec<_> =
            page["indicators"].as_array().unwrap().iter().filter_map(|found| found["wanted"].as_u64()).collect();
        assert_eq!(wanted, [10, 300, 300, 3000]);
    });
}
