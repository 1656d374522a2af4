//! After the verdict: service, and a re-inspection from its application to what it moves.

use crate::client::{Answer, text};
use crate::forms::{CONFORMING, NONCONFORMING, Stand, id, spinach};
use crate::people::{House, Who};
use crate::server::{MIN_N, Server};
use crate::{on_each, until};
use hege_app::verify;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A service that arrives now.
pub(crate) fn service(addressee: &str, proof: Option<&str>) -> Value {
    let now = Timestamp::now().to_string();
    json!({"addressee": addressee, "name": "演示", "method": "direct", "served_at": now, "proof": proof, "rights_told": true})
}

/// An application that comes now.
pub(crate) fn application(applicant: &str, item: &str) -> Value {
    json!({"applicant": applicant, "applied_at": Timestamp::now().to_string(), "items": [item]})
}

/// What a body reports of lead.
pub(crate) fn report(reported: &str) -> Value {
    let result = json!({"analyte": "lead", "reported": reported, "unit": "mg/kg", "lod": "0.02"});
    json!({"report_no": "FJ-1", "tested_by": "演示甲", "checked_by": "演示乙", "results": [result]})
}

/// Records an application for an item of a sample.
pub(crate) fn applied(server: &Server, sample: &str, item: &str) {
    act(server, Who::Reviewer, (sample, "reinspections"), application("sampled_unit", item)).ok();
}

/// An act on a sample by somebody who has seen it as it is.
pub(crate) fn act(server: &Server, who: Who, (sample, path): (&str, &str), mut body: Value) -> Answer {
    let seen = server.who(Who::Reviewer).sample(sample).ok();
    body["revision"] = seen["revision"].clone();
    server.who(who).post(&format!("/samples/{sample}/{path}"), &body)
}

pub(crate) fn reviewed(server: &Server, sample: &str) -> Value {
    server.who(Who::Reviewer).sample(sample).ok()
}

fn kinds(sample: &Value) -> Vec<&str> {
    sample["custody"].as_array().unwrap().iter().map(|step| text(step, "kind")).collect()
}

/// The state of a clock; none when it does not run.
pub(crate) fn clock<'a>(sample: &'a Value, code: &str) -> Option<&'a str> {
    let mut clocks = sample["clocks"].as_array().unwrap().iter();
    clocks.find(|clock| clock["clock"] == code).map(|clock| text(clock, "state"))
}

/// The plan's alerts.
pub(crate) fn below_target(server: &Server) -> Option<Value> {
    let alerts = server.who(Who::Reviewer).alerts().ok();
    alerts["items"].as_array().unwrap().iter().find(|alert| alert["rule"] == "below_target").cloned()
}

#[test]
fn a_reinspection_that_overturns_moves_the_rate_and_withdraws_the_alert() {
    on_each(|server| {
        for _ in 1..MIN_N {
            server.bring(&spinach(server), CONFORMING, Stand::Approved);
        }
        let sample = server.bring(&spinach(server), NONCONFORMING, Stand::Approved);
        let sample = id(&sample);
        assert_eq!(server.farm(), (4, 5, 0));
        until("the notice", || below_target(server), Option::is_some);
        act(server, Who::Reviewer, (sample, "services"), service("sampled_unit", Some("SD-1"))).ok();
        act(server, Who::Reviewer, (sample, "reinspections"), application("sampled_unit", "lead")).ok();
        let at = |path: &str| format!("reinspections/1/{path}");
        act(server, Who::Reviewer, (sample, &at("decision")), json!({"accepted": true})).ok();
        let body = House::OtherLaboratory.id().to_string();
        act(server, Who::Reviewer, (sample, &at("body")), json!({"body_id": body})).ok();
        act(server, Who::Receiver, (sample, &at("handover")), json!({})).ok();
        assert_eq!(server.farm(), (4, 5, 0), "nothing moves before the report");
        let seen = server.who(Who::BodyApprover).sample(sample).ok();
        assert_eq!((&seen["blind"], &seen["sampled_unit"]), (&json!(true), &Value::Null), "the body tests it blind");
        act(server, Who::BodyApprover, (sample, &at("report")), report(CONFORMING)).ok();
        assert_eq!(server.farm(), (5, 5, 0));
        let seen = reviewed(server, sample);
        assert_eq!(text(&seen, "standing"), "conforming");
        assert_eq!(
            (text(&seen["items"][0], "reported"), text(&seen["items"][0], "verdict")),
            (NONCONFORMING, "nonconforming")
        );
        let found = &seen["reinspections"][0];
        assert_eq!((text(found, "state"), text(&found["results"][0], "verdict")), ("overturned", "conforming"));
        let conclusions: Vec<_> = seen["conclusions"].as_array().unwrap().iter().map(|c| text(c, "standing")).collect();
        assert_eq!(conclusions, ["nonconforming", "conforming"]);
        let after = [
            "served",
            "reinspection_applied",
            "reinspection_accepted",
            "reinspection_body_named",
            "backup_handed_over",
            "reinspection_reported",
        ];
        assert_eq!(kinds(&seen)[6..], after);
        let ended = |alert: &Option<Value>| alert.as_ref().is_none_or(|alert| !alert["ended_at"].is_null());
        let alert = until("the end of the alert", || below_target(server), ended);
        assert!(alert.is_none_or(|alert| alert["status"] != "open"));
        act(server, Who::BodyApprover, (sample, &at("report")), report(NONCONFORMING)).refused(409, "wrong_state");
        server.stop_working();
        let findings: Vec<_> = verify::cities(&server.store)
            .unwrap()
            .into_iter()
            .flat_map(|city| verify::city(&server.store, city).unwrap())
            .collect();
        assert_eq!(findings, []);
    });
}

#[test]
fn one_that_upholds_changes_no_conclusion_and_nobody_tests_a_third_time() {
    on_each(|server| {
        let sample = server.at(Stand::Approved);
        act(server, Who::Reviewer, (id(&sample), "reinspections"), application("producer", "lead"))
            .refused(409, "not_nonconforming");
        let sample = server.bring(&spinach(server), NONCONFORMING, Stand::Approved);
        let (sample, at) = (id(&sample), |path: &str| format!("reinspections/1/{path}"));
        act(server, Who::Reviewer, (sample, "reinspections"), application("producer", "cadmium"))
            .refused(422, "item_not_failing");
        applied(server, sample, "lead");
        act(server, Who::Reviewer, (sample, "reinspections"), application("producer", "lead"))
            .refused(409, "another_open");
        let refuse = json!({"accepted": false, "ground": "late"});
        act(server, Who::Reviewer, (sample, &at("decision")), refuse).refused(409, "ground_unfounded");
        act(server, Who::Reviewer, (sample, &at("decision")), json!({"accepted": true})).ok();
        let first = json!({"body_id": House::Laboratory.id().to_string()});
        act(server, Who::Reviewer, (sample, &at("body")), first).refused(422, "same_laboratory");
        let nobody = json!({"body_id": House::Sampling.id().to_string()});
        act(server, Who::Reviewer, (sample, &at("body")), nobody).invalid(&[("/body_id", "not_a_laboratory")]);
        let body = json!({"body_id": House::OtherLaboratory.id().to_string()});
        act(server, Who::Reviewer, (sample, &at("body")), body).ok();
        act(server, Who::BodyApprover, (sample, &at("report")), report(CONFORMING)).refused(409, "wrong_state");
        act(server, Who::Receiver, (sample, &at("handover")), json!({})).ok();
        act(server, Who::Approver, (sample, &at("report")), report(CONFORMING)).refused(403, "wrong_role");
        let mut bad = report("一点点");
        bad["checked_by"] = bad["tested_by"].clone();
        act(server, Who::BodyApprover, (sample, &at("report")), bad).invalid(&[("/checked_by", "same_person")]);
        act(server, Who::BodyApprover, (sample, &at("report")), report("一点点")).refused(422, "not_judgeable");
        act(server, Who::BodyApprover, (sample, &at("report")), report(NONCONFORMING)).ok();
        let seen = reviewed(server, sample);
        assert_eq!((text(&seen, "standing"), text(&seen["reinspections"][0], "state")), ("nonconforming", "upheld"));
        assert_eq!(seen["conclusions"].as_array().unwrap().len(), 1);
        applied(server, sample, "lead");
        act(server, Who::Reviewer, (sample, "reinspections/2/decision"), json!({"accepted": true}))
            .refused(409, "ground_holds");
        let refuse = json!({"accepted": false, "ground": "reinspected"});
        act(server, Who::Reviewer, (sample, "reinspections/2/decision"), refuse).ok();
        assert_eq!(server.farm(), (1, 2, 0));
    });
}

#[test]
fn a_sample_that_is_voided_meanwhile_stays_void_whatever_the_body_reports() {
    on_each(|server| {
        let sample = server.bring(&spinach(server), NONCONFORMING, Stand::Approved);
        let (sample, at) = (id(&sample), |path: &str| format!("reinspections/1/{path}"));
        applied(server, sample, "lead");
        act(server, Who::Reviewer, (sample, &at("decision")), json!({"accepted": true})).ok();
        let body = json!({"body_id": House::OtherLaboratory.id().to_string()});
        act(server, Who::Reviewer, (sample, &at("body")), body).ok();
        act(server, Who::Receiver, (sample, &at("handover")), json!({})).ok();
        act(server, Who::Approver, (sample, "void"), json!({"reason": "演示", "request": true})).ok();
        act(server, Who::Jack, (sample, "void"), json!({"reason": "演示"})).ok();
        assert_eq!(server.farm(), (0, 0, 0));
        act(server, Who::BodyApprover, (sample, &at("report")), report(CONFORMING)).refused(409, "not_nonconforming");
        assert_eq!((text(&reviewed(server, sample), "standing"), server.farm()), ("voided", (0, 0, 0)));
        act(server, Who::Reviewer, (sample, &at("withdrawal")), json!({"reason": "演示"})).ok();
    });
}

#[test]
fn a_clock_runs_from_a_proven_service_only_and_what_is_wrong_with_one_is_told_at_once() {
    on_each(|server| {
        let sample = server.bring(&spinach(server), NONCONFORMING, Stand::Approved);
        let sample = id(&sample);
        let mut bad = service("sampled_unit", Some("SD-1"));
        bad["served_at"] = json!("2020-01-01T00:00:00Z");
        act(server, Who::Reviewer, (sample, "services"), bad).invalid(&[("/served_at", "before_report")]);
        bad = json!({"addressee": "neighbour", "method": "shouted", "served_at": "soon", "rights_told": "yes"});
        act(server, Who::Reviewer, (sample, "services"), bad).invalid(&[
            ("/addressee", "unknown_word"),
            ("/method", "unknown_word"),
            ("/name", "required"),
            ("/rights_told", "wrong_type"),
            ("/served_at", "bad_instant"),
        ]);
        act(server, Who::Reviewer, (sample, "services"), service("sampled_unit", None)).ok();
        let seen = reviewed(server, sample);
        assert_eq!(seen["services"][0]["starts_clock"], false);
        assert_eq!(clock(&seen, "reinspection_application"), None, "{}", seen["clocks"]);
        act(server, Who::Reviewer, (sample, "services"), service("sampled_unit", Some("SD-1"))).ok();
        let seen = reviewed(server, sample);
        assert!(clock(&seen, "reinspection_application").is_some(), "{}", seen["clocks"]);
        let early = server.at(Stand::Received);
        act(server, Who::Reviewer, (id(&early), "services"), service("producer", None)).refused(409, "wrong_status");
        let stale = json!({"revision": 1});
        let mut told = service("producer", None);
        told["revision"] = stale["revision"].clone();
        server.who(Who::Reviewer).post(&format!("/samples/{sample}/services"), &told).refused(409, "revision_conflict");
    });
}
