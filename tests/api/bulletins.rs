//! 公示: drafted, reviewed, published, noted and taken back; and what everybody may read of it.

use crate::client::{Answer, text};
use crate::disposals::failing;
use crate::forms::{CONFORMING, NONCONFORMING, PRODUCER, SELLER, Stand, id, spinach};
use crate::objections::{objection, upheld};
use crate::people::{House, Who};
use crate::reinspection::{act, applied, report, reviewed, service};
use crate::rows::Rows;
use crate::server::Server;
use crate::{on_both, on_each};
use hege_app::verify;
use serde_json::{Value, json};
use uuid::Uuid;

/// A draft of these samples; in an emergency or not.
pub(crate) fn draft(samples: &[&str], emergency: Option<&str>) -> Value {
    json!({"id": Uuid::now_v7().to_string(), "title": "演示公告", "emergency": emergency, "samples": samples})
}

pub(crate) fn drafted(server: &Server, body: &Value) -> Value {
    server.who(Who::Publisher).post("/bulletins", body).ok()
}

pub(crate) fn step(server: &Server, who: Who, bulletin: &Value, path: &str) -> Answer {
    let body = json!({"revision": bulletin["revision"], "reason": "演示更正"});
    let needs_reason = ["correction", "withdrawal"].contains(&path);
    let body = if needs_reason { body } else { json!({"revision": bulletin["revision"]}) };
    server.who(who).post(&format!("/bulletins/{}/{path}", text(bulletin, "id")), &body)
}

/// Publishes these samples in an emergency.
pub(crate) fn published(server: &Server, samples: &[&str]) -> Value {
    let bulletin = drafted(server, &draft(samples, Some("演示突发事件")));
    let bulletin = step(server, Who::Reviewer, &bulletin, "review").ok();
    step(server, Who::Publisher, &bulletin, "publication").ok()
}

fn public(server: &Server, bulletin: &Value) -> Value {
    server.stranger().get(&format!("/public/bulletins/{}", text(bulletin, "id"))).ok()
}

/// Tests a sample's lead again.
fn reinspected(server: &Server, sample: &str, reported: &str) {
    applied(server, sample, "lead");
    let at = |path: &str| format!("reinspections/1/{path}");
    act(server, Who::Reviewer, (sample, &at("decision")), json!({"accepted": true})).ok();
    let body = House::OtherLaboratory.id().to_string();
    act(server, Who::Reviewer, (sample, &at("body")), json!({"body_id": body})).ok();
    act(server, Who::Receiver, (sample, &at("handover")), json!({})).ok();
    act(server, Who::BodyApprover, (sample, &at("report")), report(reported)).ok();
}

fn is_sound(server: &Server) {
    server.stop_working();
    let cities = verify::cities(&server.store).unwrap().into_iter();
    let findings: Vec<_> = cities.flat_map(|city| verify::city(&server.store, city).unwrap()).collect();
    assert_eq!(findings, []);
}

#[test]
fn a_bulletin_is_public_when_a_second_person_reviewed_it_and_carries_the_note_when_a_conclusion_falls() {
    on_each(|server| {
        let (failing, passing) = (failing(server), server.at(Stand::Approved));
        let token = text(&reviewed(server, &failing), "report_token").to_owned();
        let check = || server.stranger().get(&format!("/public/reports/{token}")).ok();
        assert_eq!((text(&check(), "state"), &check()["bulletin_id"]), ("genuine", &json!(null)));
        assert_eq!(check().as_object().unwrap().len(), 4, "and no more before publication");
        let body = draft(&[&failing, id(&passing)], Some("演示突发事件"));
        let bulletin = drafted(server, &body);
        assert_eq!(drafted(server, &body), bulletin, "the same draft again is one");
        let public_list = || server.stranger().get("/public/bulletins").ok()["items"].clone();
        let is_not_there = || {
            server.stranger().get(&format!("/public/bulletins/{}", text(&bulletin, "id"))).refused(404, "not_found");
        };
        is_not_there();
        step(server, Who::Publisher, &bulletin, "review").refused(409, "second_person_needed");
        step(server, Who::Publisher, &bulletin, "publication").refused(409, "wrong_state");
        let reviewed_now = step(server, Who::Reviewer, &bulletin, "review").ok();
        is_not_there();
        assert_eq!(public_list(), json!([]));
        step(server, Who::Publisher, &bulletin, "publication").refused(409, "revision_conflict");
        let bulletin = step(server, Who::Publisher, &reviewed_now, "publication").ok();
        let page = public(server, &bulletin);
        let first = &page["entries"][0]["content"];
        assert_eq!((text(first, "sampled_unit"), text(first, "producer")), (SELLER, PRODUCER));
        let item = &first["items"][0];
        assert_eq!(
            (text(item, "zh"), text(item, "result"), text(item, "unit")),
            ("铅(以Pb计)", NONCONFORMING, "mg/kg")
        );
        assert_eq!((text(&item["limits"][0], "limit"), &item["again"]), ("0.3", &json!(null)));
        assert_eq!(page["entries"][1]["content"]["items"], json!([]), "of what conforms no values are told");
        for secret in ["contact", "phone", "id_card", "stall", "sample_id", "by\""] {
            assert!(!page.to_string().contains(secret), "{secret}: {page}");
        }
        assert_eq!((text(&check(), "state"), &check()["bulletin_id"]), ("genuine", &bulletin["id"]));
        assert_eq!(public_list()[0]["samples"], 2);
        reinspected(server, &failing, CONFORMING);
        let page = public(server, &bulletin);
        assert_eq!((text(&page["entries"][0], "note"), &page["entries"][1]["note"]), ("reinspection", &json!(null)));
        assert!(text(&page, "changed_at") > text(&page, "published_at"), "{page}");
        assert_eq!(text(&check(), "state"), "superseded");
        is_sound(server);
    });
}

#[test]
fn a_failing_sample_waits_for_service_objection_and_reinspection_and_what_hinders_is_told_of_all_at_once() {
    on_each(|server| {
        let sample = failing(server);
        let mut risk = spinach(server);
        risk["form"]["task_type"] = json!("risk_monitoring");
        let risk = server.who(Who::Inspector).register(&risk).ok()["sample"].clone();
        let mut other = spinach(server);
        other["form"]["deploying_org"] = json!(House::OtherCommission.id().to_string());
        let other = server.bring(&other, CONFORMING, Stand::Approved);
        let pending = server.at(Stand::Received);
        let nothing = "3301-00000000-0000-7000-8000-000000000000";
        let samples = [&sample, id(&risk), id(&other), id(&pending), nothing, &sample];
        server.who(Who::Publisher);
        let rows = Rows::of(server);
        let refuse = |emergency, expected: &[(&str, &str)]| {
            server.who(Who::Publisher).post("/bulletins", &draft(&samples, emergency)).invalid(expected);
        };
        let always = [
            ("/samples/1", "risk_monitoring"),
            ("/samples/2", "other_organisation"),
            ("/samples/3", "not_concluded"),
            ("/samples/4", "outside_scope"),
            ("/samples/5", "given_twice"),
        ];
        refuse(Some("演示"), &always);
        let unserved: Vec<_> = [("/samples/0", "not_served")].into_iter().chain(always).collect();
        refuse(None, &unserved);
        rows.are_as_before("drafts that were refused");
        let now = |expected: &[(&str, &str)]| {
            server.who(Who::Publisher).post("/bulletins", &draft(&[&sample], None)).invalid(expected);
        };
        act(server, Who::Reviewer, (&sample, "services"), service("sampled_unit", Some("SD-1"))).ok();
        now(&[("/samples/0", "not_served")]);
        act(server, Who::Reviewer, (&sample, "services"), service("producer", Some("SD-2"))).ok();
        now(&[("/samples/0", "window_open")]);
        reinspected(server, &sample, NONCONFORMING);
        act(server, Who::Reviewer, (&sample, "objections"), objection("method", "producer")).ok();
        now(&[("/samples/0", "objection_open")]);
        act(server, Who::Reviewer, (&sample, "objections/1/withdrawal"), json!({"reason": "演示"})).ok();
        let bulletin = drafted(server, &draft(&[&sample], None));
        let content = &bulletin["entries"][0]["content"];
        assert_eq!(
            (&content["reinspected"], text(&content["items"][0]["again"], "result")),
            (&json!(true), NONCONFORMING)
        );
        now(&[("/samples/0", "published_before")]);
        step(server, Who::Publisher, &bulletin, "withdrawal").ok();
        drafted(server, &draft(&[&sample], None));
    });
}

#[test]
fn what_changed_since_its_draft_is_drafted_again() {
    on_each(|server| {
        let sample = failing(server);
        let bulletin = drafted(server, &draft(&[&sample], Some("演示")));
        upheld(server, &sample, "authenticity", "producer");
        step(server, Who::Reviewer, &bulletin, "review").refused(409, "changed_since_draft");
        step(server, Who::Publisher, &bulletin, "withdrawal").ok();
        let again = drafted(server, &draft(&[&sample], Some("演示")));
        let content = &again["entries"][0]["content"];
        let told = (text(content, "conclusion"), &content["producer"], &content["producer_denied"]);
        assert_eq!(told, ("nonconforming", &json!(null), &json!(true)), "who did not make it is not named");
        assert!(!again.to_string().contains(PRODUCER));
        let mut other = draft(&[&sample], None);
        other["id"] = again["id"].clone();
        server.who(Who::Publisher).post("/bulletins", &other).refused(409, "idempotency_conflict");
        is_sound(server);
    });
}

#[test]
fn a_correction_stands_beside_what_is_public_and_what_is_taken_back_lists_nothing() {
    on_each(|server| {
        let sample = failing(server);
        let bulletin = published(server, &[&sample]);
        let bulletin = step(server, Who::Publisher, &bulletin, "correction").ok();
        let page = public(server, &bulletin);
        assert_eq!((text(&page["notes"][0], "text"), &page["notes"][0]["by"]), ("演示更正", &json!(null)));
        let bulletin = step(server, Who::Publisher, &bulletin, "withdrawal").ok();
        let page = public(server, &bulletin);
        assert_eq!((text(&page, "state"), &page["entries"]), ("withdrawn", &json!([])));
        assert_eq!(page["notes"].as_array().unwrap().len(), 2);
        step(server, Who::Publisher, &bulletin, "correction").refused(409, "wrong_state");
        let feed = server.stranger().get("/public/bulletins/feed").ok();
        assert!(feed.as_str().unwrap().contains("（已撤回）演示公告"), "{feed}");
        let listed = server.who(Who::Reviewer).get("/bulletins?status=withdrawn").ok();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        server.who(Who::CityReviewer).get(&format!("/bulletins/{}", text(&bulletin, "id"))).refused(404, "not_found");
    });
}

#[test]
fn a_token_that_was_not_made_here_tells_nothing_and_a_voided_report_is_withdrawn() {
    on_each(|server| {
        let approved = server.at(Stand::Approved);
        let sample = id(&approved);
        let early = server.at(Stand::Checked);
        assert_eq!(reviewed(server, id(&early))["report_token"], json!(null));
        let token = text(&reviewed(server, sample), "report_token").to_owned();
        let check = |token: &str| server.stranger().get(&format!("/public/reports/{token}"));
        let mut short = token.clone();
        let last = short.pop().unwrap();
        let bent = format!("{short}{}", if last == '0' { '1' } else { '0' });
        let other = token.replacen(".1.", ".2.", 1);
        for wrong in [bent.as_str(), other.as_str(), sample, "x", "3301-x.1.00", &short] {
            check(wrong).refused(404, "not_found");
        }
        assert_eq!(text(&check(&token).ok(), "state"), "genuine");
        act(server, Who::Approver, (sample, "void"), json!({"reason": "演示", "request": true})).ok();
        assert_eq!(text(&check(&token).ok(), "state"), "genuine", "one of two has asked for it");
        act(server, Who::Jack, (sample, "void"), json!({"reason": "演示"})).ok();
        assert_eq!(text(&check(&token).ok(), "state"), "withdrawn");
    });
}

#[test]
fn what_has_not_changed_is_told_as_such_to_caches() {
    on_both(|server| {
        let sample = failing(server);
        let bulletin = published(server, &[&sample]);
        let path = format!("/public/bulletins/{}", text(&bulletin, "id"));
        for path in ["/public/bulletins", "/public/bulletins/feed", &path] {
            let (status, headers, _) = server.stranger().asked(path, &[]);
            let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
            assert_eq!((status, header("cache-control").as_str()), (200, "public, max-age=60"), "{path}");
            let (tag, changed) = (header("etag"), header("last-modified"));
            let again = |name: &str, value: &str| server.stranger().asked(path, &[(name, value)]);
            let (status, headers, body) = again("if-none-match", &format!("W/\"other\", {tag}"));
            assert_eq!((status, body.as_str()), (304, ""), "{path}");
            assert_eq!(headers.get("etag").unwrap().to_str().unwrap(), tag);
            assert_eq!(again("if-none-match", "\"other\"").0, 200);
            assert_eq!(again("if-modified-since", &changed).0, 304);
            assert_eq!(again("if-modified-since", "Mon, 01 Jan 2024 00:00:00 GMT").0, 200);
            let both = [("if-none-match", "\"other\""), ("if-modified-since", changed.as_str())];
            assert_eq!(server.stranger().asked(path, &both).0, 200, "the tag decides");
        }
        let (_, before, _) = server.stranger().asked(&path, &[]);
        reinspected(server, &sample, CONFORMING);
        let tag = before.get("etag").unwrap().to_str().unwrap();
        assert_eq!(server.stranger().asked(&path, &[("if-none-match", tag)]).0, 200, "its note is new");
        server.stranger().get("/public/bulletins?limit=0").invalid(&[("?limit", "out_of_range")]);
        server.stranger().get("/public/bulletins?cursor=x").invalid(&[("?cursor", "bad_cursor")]);
    });
}

#[test]
fn pages_of_bulletins_go_on_where_they_ended() {
    on_both(|server| {
        let made: Vec<Value> = (0..3).map(|_| published(server, &[&failing(server)])["id"].clone()).collect();
        let first = server.stranger().get("/public/bulletins?limit=2").ok();
        let cursor = text(&first, "next_cursor");
        let second = server.stranger().get(&format!("/public/bulletins?limit=2&cursor={cursor}")).ok();
        assert_eq!(second["next_cursor"], json!(null));
        let items = first["items"].as_array().unwrap().iter().chain(second["items"].as_array().unwrap());
        let seen: Vec<_> = items.map(|item| item["id"].clone()).rev().collect();
        assert_eq!(seen, made);
    });
}
