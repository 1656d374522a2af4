//! Bodies and queries that cannot be read, or hold what no field takes: a stable code, and nothing written.

use crate::forms::{Stand, id, lead};
use crate::on_both;
use crate::people::{House, Who};
use crate::rows::Rows;
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn a_body_that_is_no_json_object_is_refused() {
    on_both(|server| {
        let inspector = server.who(Who::Inspector);
        let deep = "[".repeat(10_000);
        let bodies = [
            ("", 400, "body_not_json"),
            ("{", 400, "body_not_json"),
            (r#"{"form": {"id": "3301-"#, 400, "body_not_json"),
            (r#"{"form": {}, "items": []} x"#, 400, "body_not_json"),
            (r#"{"form": {}, "form": {}}"#, 400, "body_not_json"),
            (r#"{"form": {"id": "a", "id": "b"}, "items": []}"#, 400, "body_not_json"),
            (r#"{"form": 1e999}"#, 400, "body_not_json"),
            (r#"{"form": NaN}"#, 400, "body_not_json"),
            (r#"{"form": "\ud800"}"#, 400, "body_not_json"),
            (deep.as_str(), 400, "body_not_json"),
            ("[]", 422, "invalid"),
            ("null", 422, "invalid"),
            ("\"form\"", 422, "invalid"),
            ("7", 422, "invalid"),
        ];
        let rows = Rows::of(server);
        for (body, status, code) in bodies {
            inspector.post_text("/samples", body).refused(status, code);
        }
        let path = "/api/v1/samples";
        inspector.send("POST", path, Some(("application/json", b"{\"form\": \"\xff\"}"))).refused(400, "body_not_utf8");
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            inspector.send("POST", path, Some((kind, b"{}"))).refused(415, "content_type");
        }
        inspector.send("POST", path, None).refused(415, "content_type");
        let charset = inspector.send("POST", path, Some(("application/JSON; charset=utf-8", b"{}")));
        charset.refused(422, "invalid");
        rows.are_as_before("no bodies");
    });
}

#[test]
fn a_body_that_is_cut_off_or_endless_is_refused_promptly() {
    on_both(|server| {
        let inspector = server.who(Who::Inspector);
        let rows = Rows::of(server);
        let asked = ("POST", "/api/v1/samples");
        let cut = format!("{}{{\"form\": ", inspector.head(("POST", "/samples"), 100));
        inspector.raw(asked, cut.as_bytes()).refused(400, "body_cut_off");
        let begun = Instant::now();
        let mut large = inspector.head(("POST", "/samples"), 50_000_000).into_bytes();
        large.resize(50_000_000, b' ');
        inspector.raw(asked, &large).refused(413, "body_too_large");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        let blank = |bytes: usize| " ".repeat(bytes - 2) + "{}";
        inspector.post_text("/samples", &blank(1024 * 1024)).refused(422, "invalid");
        inspector.post_text("/samples", &blank(1024 * 1024 + 1)).refused(413, "body_too_large");
        // A stranger is not even listened to.
        server.stranger().post_text("/samples", &blank(1024 * 1024 + 1)).refused(401, "token_missing");
        rows.are_as_before("large bodies");
    });
}

#[test]
fn numbers_and_texts_without_bounds_are_refused_at_their_field() {
    on_both(|server| {
        let sample = server.at(Stand::Checked);
        let path = |act: &str| format!("/samples/{}/{act}", id(&sample));
        let (inspector, approver) = (server.who(Who::Inspector), server.who(Who::Approver));
        let (tester, reviewer) = (server.who(Who::Tester), server.who(Who::Reviewer));
        let rows = Rows::of(server);
        for number in ["123456789012345678901234567890", "1.5", "1e3", "\"1\"", "true", "[1]", "{}"] {
            let answer = approver.post_text(&path("approval"), &format!("{{\"revision\": {number}}}"));
            answer.invalid(&[("/revision", "wrong_type")]);
        }
        for number in ["-1", "0", "9007199254740992", "9223372036854775807", "-9223372036854775808"] {
            let answer = approver.post_text(&path("approval"), &format!("{{\"revision\": {number}}}"));
            answer.invalid(&[("/revision", "out_of_range")]);
        }
        for number in ["1", "9007199254740991"] {
            let answer = approver.post_text(&path("approval"), &format!("{{\"revision\": {number}}}"));
            answer.refused(409, "revision_conflict");
        }
        let lease = |year: i64, count: i64| json!({"county": "330106", "year": year, "task_type": "routine_monitoring", "count": count});
        inspector.post("/form-number-leases", &lease(2009, 501)).invalid(&[("/count", "out_of_range")]);
        inspector.post("/form-number-leases", &lease(2009, 1)).invalid(&[("/year", "bad_year")]);
        inspector
            .post("/form-number-leases", &lease(-1, 0))
            .invalid(&[("/year", "out_of_range"), ("/count", "out_of_range")]);
        let cases = json!({"cases": vec![json!({"result": "1"}); 501]});
        tester.post("/verdicts/preview", &cases).invalid(&[("/cases", "too_many")]);
        let long = "菜".repeat(2_001);
        approver.post(&path("return"), &json!({"revision": 1, "reason": long})).invalid(&[("/reason", "bad_text")]);
        let blank = json!({"revision": sample["revision"], "reason": " \u{3000} "});
        approver.post(&path("return"), &blank).invalid(&[("/reason", "required")]);
        for query in ["as_of=1970-01-01T00:00:00Z", "as_of=9999-12-30T00:00:00Z", "from=2000-01&to=2099-12"] {
            assert_eq!(reviewer.rates(query).status, 200, "{query}");
        }
        for instant in ["1969-12-31T23:59:59Z", "-009998-01-01T00:00:00Z"] {
            reviewer.rates(&format!("as_of={instant}")).invalid(&[("?as_of", "too_early")]);
        }
        rows.are_as_before("unbounded numbers");
    });
}

#[test]
fn a_control_character_reaches_no_row() {
    on_both(|server| {
        let registered = server.at(Stand::Registered);
        let received = server.at(Stand::Received);
        let entered = server.at(Stand::Entered);
        let (inspector, tester, checker) =
            (server.who(Who::Inspector), server.who(Who::Tester), server.who(Who::Checker));
        let rows = Rows::of(server);
        let seal = json!({
            "revision": registered["revision"], "kind": "sealed", "lab_id": House::Laboratory.id().to_string(),
            "seals": ["F\u{0}1", "F2", 3],
        });
        let answer = inspector.post(&format!("/samples/{}/custody", id(&registered)), &seal);
        answer.invalid(&[("/seals/0", "bad_text"), ("/seals/2", "bad_text")]);
        let mut results = lead("0.1");
        results[0]["reported"] = json!("0.1\u{0}");
        results[0]["criterion"]["reason"] = json!("\u{1b}[2J");
        tester
            .enter(&received, &results)
            .invalid(&[("/results/0/reported", "bad_text"), ("/results/0/criterion/reason", "bad_text")]);
        checker.check(&entered, &["lead\u{0}"]).invalid(&[("/confirms/0", "bad_text")]);
        rows.are_as_before("control characters");
    });
}

#[test]
fn every_parameter_of_a_query_that_is_wrong_is_told_at_once() {
    on_both(|server| {
        let reviewer = server.who(Who::Reviewer);
        let rows = Rows::of(server);
        let query = "stage=field&region=33&status=x&task_type=x&cursor=x&limit=0&limit=1&found=1&form_no=%00";
        reviewer.samples(query).invalid(&[
            ("?stage", "unknown_word"),
            ("?region", "bad_region"),
            ("?status", "unknown_word"),
            ("?task_type", "unknown_word"),
            ("?cursor", "bad_cursor"),
            ("?limit", "given_twice"),
            ("?found", "unknown_field"),
            ("?form_no", "bad_text"),
        ]);
        for limit in ["0", "101", "-1"] {
            reviewer.samples(&format!("limit={limit}")).invalid(&[("?limit", "out_of_range")]);
        }
        for limit in ["ten", "1.5", "99999999999999999999"] {
            reviewer.samples(&format!("limit={limit}")).invalid(&[("?limit", "wrong_type")]);
        }
        // The last one is the first instant that there is, which not every database can tell.
        for instant in ["x", "99999999999999999999", "-1", "-377705023201000000"] {
            let answer = reviewer.samples(&format!("cursor={instant}.00000000000000000000000000000000"));
            answer.invalid(&[("?cursor", "bad_cursor")]);
        }
        for cursor in ["1", "1.", "1.0", "."] {
            reviewer.samples(&format!("cursor={cursor}")).invalid(&[("?cursor", "bad_cursor")]);
        }
        assert_eq!(reviewer.samples("cursor=0.00000000000000000000000000000000").ok()["items"], json!([]));
        let query = "plan=x&stage=x&region=x&from=2025-13&to=x&group_by=x&as_of=x&weights=1";
        reviewer.rates(query).invalid(&[
            ("?plan", "bad_id"),
            ("?stage", "unknown_word"),
            ("?region", "bad_region"),
            ("?from", "bad_month"),
            ("?to", "bad_month"),
            ("?group_by", "unknown_word"),
            ("?as_of", "bad_instant"),
            ("?weights", "bad_weights"),
        ]);
        reviewer.rates("from=2025-02&to=2025-01").invalid(&[("?to", "before_from")]);
        reviewer.get("/criteria?on=x").invalid(&[("?food", "required"), ("?analyte", "required"), ("?on", "bad_date")]);
        rows.are_as_before("wrong queries");
    });
}
