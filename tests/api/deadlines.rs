//! What waits, and the clocks of a sample.

use crate::client::text;
use crate::forms::{CONFORMING, SELLER, Stand, id, spinach};
use crate::on_both;
use crate::people::{House, Who};
use crate::rows::Rows;
use serde_json::{Value, json};

/// The clock of this code.
fn clock<'a>(sample: &'a Value, code: &str) -> &'a Value {
    sample["clocks"].as_array().unwrap().iter().find(|clock| clock["clock"] == code).unwrap_or(&Value::Null)
}

/// Of a year whose calendar does not ship with the program nobody knows more.
fn is(clock: &Value, state: &str) -> bool {
    text(clock, "state") == state || (text(clock, "state") == "undetermined" && clock["missing_year"].is_number())
}

#[test]
fn a_sample_waits_for_delivery_then_for_its_report_and_then_for_nothing() {
    on_both(|server| {
        let waits = |who: Who| server.who(who).get("/deadlines").ok()["items"].clone();
        assert_eq!(waits(Who::Inspector), json!([]));
        let sample = server.who(Who::Inspector).register(&spinach(server)).ok()["sample"].clone();
        let waiting = waits(Who::Inspector);
        assert_eq!(waiting[0]["sample"]["id"], sample["id"]);
        assert_eq!((text(&waiting[0]["clock"], "clock"), waiting.as_array().unwrap().len()), ("delivery", 1));
        assert!(is(&waiting[0]["clock"], "due"), "{waiting}");
        assert_eq!(waits(Who::Tester), json!([]), "it is addressed to no laboratory");
        let sample = server.who(Who::Inspector).seal(&sample, &House::Laboratory.id().to_string()).ok();
        assert_eq!(waits(Who::Tester)[0]["clock"]["clock"], "delivery");
        assert!(!waits(Who::Tester).to_string().contains(SELLER), "a laboratory is not told the seller");
        assert!(waits(Who::Reviewer).to_string().contains(SELLER));
        let sample = server.who(Who::Receiver).receive(&sample).ok();
        let now = waits(Who::Tester);
        assert_eq!((text(&now[0]["clock"], "clock"), text(&now[0]["clock"], "started_by")), ("report", "received"));
        assert_eq!(now[0]["clock"]["rule"]["unit"], "working_days");
        let told = server.who(Who::Inspector).sample(id(&sample)).ok();
        assert!(is(clock(&told, "delivery"), "met"), "{told}");
        assert!(is(clock(&told, "report"), "due"), "{told}");
        let approved = server.bring(&spinach(server), CONFORMING, Stand::Approved);
        let told = server.who(Who::Reviewer).sample(id(&approved)).ok();
        assert!(is(clock(&told, "report"), "met"), "{told}");
        assert_eq!(text(clock(&told, "backup_conforming"), "state"), "kept");
        assert_eq!(waits(Who::Reviewer).as_array().unwrap().len(), 1, "what is approved waits no more");
    });
}

#[test]
fn an_administrator_adds_a_rule_that_ends_another_and_the_clocks_follow_at_once() {
    on_both(|server| {
        let sample = server.at(Stand::Received);
        let report = || {
            let sample = server.who(Who::Reviewer).sample(id(&sample)).ok();
            let rule = &clock(&sample, "report")["rule"];
            (text(rule, "code").to_owned(), rule["amount"].clone())
        };
        assert_eq!(report(), ("farm-report".to_owned(), json!(20)));
        let administrator = server.who(Who::Administrator);
        let rules = || administrator.get("/deadline-rules").ok()["items"].as_array().unwrap().clone();
        let rule = |code: &str| rules().into_iter().find(|rule| rule["code"] == code).unwrap();
        assert_eq!((&rule("farm-report")["confidence"], &rule("farm-report")["until"]), (&json!("low"), &json!(null)));
        let row = |with: Value| {
            let mut row = json!({"code": "farm-report-new", "clock": "report", "amount": 10, "unit": "working_days",
                "stages": ["farm"], "regime": "演示方案", "department": "agriculture", "from": "2020-01-01",
                "clause": "第三条", "confidence": "read", "supersedes": {"code": "farm-report", "revision": 1}});
            row.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
            administrator.post("/deadline-rules", &json!({"rows": [row]}))
        };
        let rows = Rows::of(server);
        row(json!({"amount": 0, "unit": "weeks", "stages": ["shop"], "from": "x", "regime": ""})).invalid(&[
            ("/rows/0/amount", "out_of_range"),
            ("/rows/0/unit", "unknown_word"),
            ("/rows/0/stages/0", "unknown_word"),
            ("/rows/0/from", "bad_date"),
            ("/rows/0/regime", "required"),
        ]);
        row(json!({"supersedes": null})).invalid(&[("/rows/0/from", "overlap")]);
        row(json!({"unit": "hours"})).invalid(&[("/rows/0/unit", "by_day")]);
        row(json!({"code": "a/b"})).invalid(&[("/rows/0/code", "bad_text")]);
        row(json!({"supersedes": {"code": "farm-report", "revision": 2}})).refused(409, "revision_conflict");
        administrator.post("/deadline-rules", &json!({"rows": []})).invalid(&[("/rows", "required")]);
        rows.are_as_before("rules that were refused");
        assert_eq!(row(json!({})).ok()["items"][0]["revision"], 1);
        assert_eq!(report(), ("farm-report-new".to_owned(), json!(10)));
        assert_eq!(
            (&rule("farm-report")["until"], &rule("farm-report")["revision"]),
            (&json!("2019-12-31"), &json!(2))
        );
    });
}

#[test]
fn what_waits_is_counted_by_step_laboratory_and_city() {
    on_both(|server| {
        server.at(Stand::Registered);
        server.at(Stand::Received);
        server.at(Stand::Entered);
        let reviewer = server.who(Who::Reviewer);
        let summary = reviewer.get("/deadlines/summary?days=60").ok();
        let laboratory = House::Laboratory.id().to_string();
        let lines: Vec<_> = summary["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| {
                let sum: u64 =
                    ["due", "soon", "overdue", "undetermined"].iter().map(|of| line[*of].as_u64().unwrap()).sum();
                (text(line, "clock"), line["lab_id"].as_str(), text(line, "city"), sum)
            })
            .collect();
        assert_eq!(lines, [("delivery", None, "3301", 1), ("report", Some(laboratory.as_str()), "3301", 2)]);
        let of_lab = reviewer.get(&format!("/deadlines/summary?lab={laboratory}&stage=farm&city=3301")).ok();
        assert_eq!(of_lab["items"].as_array().unwrap().len(), 1);
        assert_eq!(reviewer.get("/deadlines/summary?city=3302").ok()["items"], json!([]));
        assert_eq!(reviewer.get("/deadlines/summary?stage=catering").ok()["items"], json!([]));
        assert_eq!(server.who(Who::CityReviewer).get("/deadlines/summary").ok()["items"], json!([]));
    });
}

#[test]
fn pages_of_what_waits_go_on_where_they_ended_and_a_query_is_refused_by_its_field() {
    on_both(|server| {
        let ids: Vec<Value> = (0..3).map(|_| server.at(Stand::Registered)["id"].clone()).collect();
        let client = server.who(Who::Inspector);
        let first = client.get("/deadlines?limit=2").ok();
        let cursor = text(&first, "next_cursor");
        let second = client.get(&format!("/deadlines?limit=2&cursor={cursor}")).ok();
        assert_eq!(second["next_cursor"], json!(null));
        let seen = first["items"].as_array().unwrap().iter().chain(second["items"].as_array().unwrap());
        assert_eq!(seen.map(|it| it["sample"]["id"].clone()).collect::<Vec<_>>(), ids);
        for (query, field, code) in [
            ("state=met", "?state", "unknown_word"),
            ("state=late%20", "?state", "unknown_word"),
            ("lab=x", "?lab", "bad_id"),
            ("city=33", "?city", "bad_region"),
            ("stage=shop", "?stage", "unknown_word"),
            ("cursor=x", "?cursor", "bad_cursor"),
            ("limit=101", "?limit", "out_of_range"),
            ("region=330100", "?region", "unknown_field"),
        ] {
            client.get(&format!("/deadlines?{query}")).invalid(&[(field, code)]);
        }
        server.who(Who::Reviewer).get("/deadlines/summary?days=61").invalid(&[("?days", "out_of_range")]);
        client.get("/deadlines/summary").refused(403, "role_missing");
    });
}
