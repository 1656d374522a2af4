//! What waits, and the clocks of a sample.

use crate::client::text;
use crate::forms::{CONFORMING, SELLER, Stand, id, spinach};
use crate::on_both;
use crate::people::{House, Who};
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
