//! 核查处置: opened for a side, worked on, ended by another person, withdrawn when its conclusion falls.

use crate::client::{Answer, text};
use crate::forms::{CONFORMING, NONCONFORMING, PRODUCER, Stand, id, spinach};
use crate::on_each;
use crate::people::{House, Who};
use crate::reinspection::{act, applied, clock, report, reviewed, service};
use crate::rows::Rows;
use crate::server::Server;
use hege_app::verify;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

/// Opens the disposal of a sample's producer.
pub(crate) fn opened(server: &Server, sample: &str) {
    opened_by(server, Who::Reviewer, sample);
}

/// The same by somebody.
pub(crate) fn opened_by(server: &Server, who: Who, sample: &str) {
    act(server, who, (sample, "disposals"), json!({"side": "producer", "name": PRODUCER})).ok();
}

/// A step on the producer's side by somebody.
pub(crate) fn step(server: &Server, who: Who, sample: &str, body: Value) -> Answer {
    act(server, who, (sample, "disposals/producer/steps"), body)
}

/// Everything that a completed disposal holds, before its end.
pub(crate) fn worked_on(server: &Server, sample: &str) {
    let now = Timestamp::now().to_string();
    for body in [
        json!({"step": "cause", "text": "施肥用水含铅"}),
        json!({"step": "measures", "text": "封存并召回", "taken_at": now}),
        json!({"step": "recall", "made": "500", "sold": "320.50", "recalled": "120.5", "destroyed": "300", "unit": "kg"}),
        json!({"step": "penalty", "kind": "fine", "amount": "5000.00", "document_no": "演示罚〔2025〕1号"}),
    ] {
        step(server, Who::Reviewer, sample, body).ok();
    }
}

fn closing() -> Value {
    json!({"step": "closing", "outcome": "completed"})
}

/// A rule of 90 days for farm produce, for which the law knows none.
pub(crate) fn ninety_days(server: &Server) {
    let row = json!({"code": "farm-disposal", "clock": "disposal", "amount": 90, "unit": "days", "stages": ["farm"],
        "regime": "演示方案", "department": "agriculture", "from": "2020-01-01", "clause": "演示", "confidence": "low"});
    server.who(Who::Administrator).post("/deadline-rules", &json!({"rows": [row]})).ok();
}

/// A sample that does not conform.
pub(crate) fn failing(server: &Server) -> String {
    id(&server.bring(&spinach(server), NONCONFORMING, Stand::Approved)).to_owned()
}

#[test]
fn a_side_is_opened_worked_on_and_closed_by_a_second_person_and_its_clock_ends() {
    on_each(|server| {
        ninety_days(server);
        let sample = failing(server);
        act(server, Who::Reviewer, (&sample, "services"), service("producer", Some("SD-1"))).ok();
        opened(server, &sample);
        let seen = reviewed(server, &sample);
        assert_eq!((clock(&seen, "disposal"), text(&seen["disposals"][0], "clock")), (Some("due"), "due"));
        let waiting = server.who(Who::Reviewer).get("/disposals?region=330100&stage=farm").ok();
        assert_eq!((&waiting["items"][0]["sample"]["id"], &waiting["next_cursor"]), (&json!(sample), &json!(null)));
        step(server, Who::SecondReviewer, &sample, closing()).refused(409, "cause_missing");
        worked_on(server, &sample);
        step(server, Who::Reviewer, &sample, closing()).refused(409, "second_person_needed");
        let more = json!({"step": "extension", "until": "2099-01-01", "reason": "召回未毕"});
        step(server, Who::SecondReviewer, &sample, more).ok();
        let seen = reviewed(server, &sample);
        let put_off = seen["clocks"].as_array().unwrap().iter().find(|it| it["clock"] == "disposal").unwrap();
        assert_eq!((text(put_off, "due_on"), text(&seen["disposals"][0], "due_on")), ("2099-01-01", "2099-01-01"));
        step(server, Who::SecondReviewer, &sample, closing()).ok();
        let seen = reviewed(server, &sample);
        assert_eq!((clock(&seen, "disposal"), text(&seen["disposals"][0], "clock")), (Some("met"), "met"));
        let disposal = &seen["disposals"][0];
        assert_eq!((text(disposal, "state"), text(disposal, "side")), ("closed", "producer"));
        let recall = &disposal["record"]["recalls"][0];
        assert_eq!((text(recall, "sold"), text(recall, "recalled")), ("320.50", "120.5"), "digits are kept");
        assert_eq!(disposal["record"]["closing"]["by"], json!(Who::SecondReviewer.id().to_string()));
        assert_eq!(server.who(Who::Reviewer).get("/disposals").ok()["items"], json!([]));
        let closed = server.who(Who::Reviewer).get("/disposals?status=closed").ok();
        assert_eq!(closed["items"][0]["disposal"]["side"], "producer");
        let blind = server.who(Who::Tester).sample(&sample).ok();
        assert_eq!(blind["disposals"], json!([]));
        assert!(!blind.to_string().contains(PRODUCER), "a laboratory is not told whose food it tests");
        step(server, Who::Reviewer, &sample, json!({"step": "cause", "text": "再查"})).refused(409, "wrong_state");
        act(server, Who::Reviewer, (&sample, "disposals"), json!({"side": "producer", "name": "演示"}))
            .refused(409, "side_open");
        server.stop_working();
        let cities = verify::cities(&server.store).unwrap().into_iter();
        let findings: Vec<_> = cities.flat_map(|city| verify::city(&server.store, city).unwrap()).collect();
        assert_eq!(findings, []);
    });
}

#[test]
fn what_is_wrong_with_a_step_is_told_at_its_fields_and_nothing_is_written() {
    on_each(|server| {
        let sample = failing(server);
        act(server, Who::Reviewer, (&sample, "disposals"), json!({"side": "caterer", "name": "演示"}))
            .refused(422, "side_absent");
        for region in ["330000", "330100", "330199", "310101"] {
            let body = json!({"side": "producer", "name": "演示", "region": region});
            act(server, Who::Reviewer, (&sample, "disposals"), body).invalid(&[("/region", "region_unknown")]);
        }
        opened(server, &sample);
        server.who(Who::SecondReviewer);
        let rows = Rows::of(server);
        let late = (Timestamp::now() + 1.hour()).to_string();
        let wrong =
            |body: Value, expected: &[(&str, &str)]| step(server, Who::Reviewer, &sample, body).invalid(expected);
        wrong(json!({"step": "dance", "text": "演示"}), &[("/step", "unknown_word")]);
        wrong(json!({"step": "cause"}), &[("/text", "required")]);
        wrong(json!({"step": "cause", "text": "演示", "unit": "kg"}), &[("/unit", "not_for_step")]);
        wrong(json!({"step": "measures", "text": "演示", "taken_at": late}), &[("/taken_at", "in_future")]);
        wrong(
            json!({"step": "recall", "made": "1e3", "sold": "2", "recalled": "1"}),
            &[("/made", "bad_decimal"), ("/destroyed", "required"), ("/unit", "required")],
        );
        wrong(
            json!({"step": "recall", "made": "1", "sold": "2", "recalled": "3", "destroyed": "0", "unit": "kg"}),
            &[("/sold", "more_sold_than_made"), ("/recalled", "more_recalled_than_sold")],
        );
        wrong(json!({"step": "penalty", "kind": "fine", "document_no": "演示"}), &[("/amount", "required")]);
        wrong(json!({"step": "closing", "outcome": "transferred"}), &[("/note", "required")]);
        let past = json!({"step": "extension", "until": "2020-01-01", "reason": "演示"});
        step(server, Who::SecondReviewer, &sample, past).invalid(&[("/until", "not_later")]);
        let more = json!({"step": "extension", "until": "2099-01-01", "reason": "演示"});
        step(server, Who::Reviewer, &sample, more).refused(409, "second_person_needed");
        rows.are_as_before("steps that were refused");
        let conforming = server.at(Stand::Approved);
        act(server, Who::Reviewer, (id(&conforming), "disposals"), json!({"side": "producer", "name": "演示"}))
            .refused(409, "not_nonconforming");
    });
}

#[test]
fn what_a_body_overturns_and_what_is_voided_is_disposed_of_no_further() {
    on_each(|server| {
        let sample = failing(server);
        opened(server, &sample);
        applied(server, &sample, "lead");
        let at = |path: &str| format!("reinspections/1/{path}");
        act(server, Who::Reviewer, (&sample, &at("decision")), json!({"accepted": true})).ok();
        let body = House::OtherLaboratory.id().to_string();
        act(server, Who::Reviewer, (&sample, &at("body")), json!({"body_id": body})).ok();
        act(server, Who::Receiver, (&sample, &at("handover")), json!({})).ok();
        step(server, Who::Reviewer, &sample, json!({"step": "cause", "text": "演示"})).ok();
        act(server, Who::BodyApprover, (&sample, &at("report")), report(CONFORMING)).ok();
        let withdrawn = &reviewed(server, &sample)["disposals"][0];
        assert_eq!((text(withdrawn, "state"), text(withdrawn, "withdrawn_why")), ("withdrawn", "reinspection"));
        assert_eq!(withdrawn["record"]["causes"][0]["text"], "演示", "what was found stays on the record");
        step(server, Who::SecondReviewer, &sample, json!({"step": "cause", "text": "演示"}))
            .refused(409, "wrong_state");

        let voided = failing(server);
        opened(server, &voided);
        act(server, Who::Approver, (&voided, "void"), json!({"reason": "演示", "request": true})).ok();
        act(server, Who::Jack, (&voided, "void"), json!({"reason": "样品混淆"})).ok();
        let withdrawn = &reviewed(server, &voided)["disposals"][0];
        assert_eq!((text(withdrawn, "state"), text(withdrawn, "withdrawn_why")), ("withdrawn", "样品混淆"));
        server.stop_working();
        let cities = verify::cities(&server.store).unwrap().into_iter();
        let findings: Vec<_> = cities.flat_map(|city| verify::city(&server.store, city).unwrap()).collect();
        assert_eq!(findings, []);
    });
}

#[test]
fn the_county_of_the_producer_deals_with_its_side_and_does_nothing_else_to_the_sample() {
    on_each(|server| {
        let sample = failing(server);
        let theirs = server.who(Who::CityReviewer);
        theirs.sample(&sample).refused(404, "not_found");
        let body = json!({"side": "producer", "name": PRODUCER, "region": "330212"});
        act(server, Who::Reviewer, (&sample, "disposals"), body).ok();
        assert_eq!(theirs.sample(&sample).ok()["producer"], PRODUCER);
        assert_eq!(theirs.get("/disposals").ok()["items"][0]["sample"]["id"], json!(sample));
        step(server, Who::CityReviewer, &sample, json!({"step": "cause", "text": "演示"})).ok();
        act(server, Who::CityReviewer, (&sample, "services"), service("producer", None)).refused(403, "wrong_role");
        act(server, Who::CityReviewer, (&sample, "disposals"), json!({"side": "seller", "name": "演示"}))
            .refused(403, "wrong_role");
        server.who(Who::StageReviewer).sample(&sample).refused(404, "not_found");
        let seen = reviewed(server, &sample);
        assert_eq!(clock(&seen, "disposal"), None, "farm monitoring knows no period for it");
    });
}

#[test]
fn pages_of_disposals_go_on_where_they_ended_and_a_query_is_refused_by_its_field() {
    on_each(|server| {
        let samples: Vec<String> = (0..3).map(|_| failing(server)).collect();
        samples.iter().for_each(|sample| opened(server, sample));
        let reviewer = server.who(Who::Reviewer);
        let first = reviewer.get("/disposals?limit=2").ok();
        let second = reviewer.get(&format!("/disposals?limit=2&cursor={}", text(&first, "next_cursor"))).ok();
        assert_eq!(second["next_cursor"], json!(null));
        let items = first["items"].as_array().unwrap().iter().chain(second["items"].as_array().unwrap());
        let seen: Vec<_> = items.map(|item| text(&item["sample"], "id").to_owned()).collect();
        assert_eq!(seen, samples);
        assert_eq!(reviewer.get("/disposals?region=330200").ok()["items"], json!([]));
        assert_eq!(reviewer.get("/disposals?stage=catering").ok()["items"], json!([]));
        for (query, field, code) in [
            ("status=done", "?status", "unknown_word"),
            ("region=33", "?region", "bad_region"),
            ("cursor=x", "?cursor", "bad_cursor"),
            ("limit=0", "?limit", "out_of_range"),
        ] {
            reviewer.get(&format!("/disposals?{query}")).invalid(&[(field, code)]);
        }
        server.who(Who::Inspector).get("/disposals").refused(403, "role_missing");
    });
}
