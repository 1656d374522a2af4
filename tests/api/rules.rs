//! The rules of alerts: what they say of themselves, and what they would have told.

use crate::client::text;
use crate::forms::{NONCONFORMING, Stand, spinach};
use crate::on_both;
use crate::people::Who;
use crate::rows::Rows;
use serde_json::{Value, json};

#[test]
fn every_rule_tells_its_bounds_and_how_often_it_speaks_for_nothing() {
    on_both(|server| {
        let rules = server.who(Who::Reviewer).get("/alert-rules").ok();
        let rules = rules["items"].as_array().unwrap();
        assert_eq!(rules.len(), 15);
        let rule = |code: &str| rules.iter().find(|rule| rule["rule"] == code).unwrap();
        for rule in rules {
            assert!(!text(rule, "bounds_zh").is_empty() && !text(rule, "bounds_en").is_empty());
        }
        let watched = rule("cusum")["watched"].as_array().unwrap();
        let stages: Vec<&str> = watched.iter().map(|watched| text(watched, "stage")).collect();
        assert_eq!(stages, ["farm", "production", "catering"], "circulation is held to no number");
        for watched in watched {
            let a_year = watched["false_alarms_a_year"].as_f64().unwrap();
            assert!(a_year > 0.0 && a_year <= 0.2, "one in five years at most: {watched:#}");
            assert!(watched["m"].is_u64() && watched["h"].is_u64());
        }
        assert_eq!((&rule("voids")["watched"], text(rule("voids"), "set_by")), (&json!([]), "program"));
        assert_eq!(text(rule("below_target"), "set_by"), "target");
        assert_eq!((&rule("overdue")["asked"], &rule("entry_speed")["asked"]), (&json!(true), &json!(false)));
    });
}

#[test]
fn a_rule_that_is_tried_tells_what_it_would_have_told_and_changes_nothing() {
    on_both(|server| {
        for _ in 0..5 {
            server.bring(&spinach(server), NONCONFORMING, Stand::Approved);
        }
        let (reviewer, city) = (server.who(Who::Reviewer), server.who(Who::CityReviewer));
        let attempt = |with: Value| {
            let mut body = json!({"stage": "farm"});
            body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
            reviewer.post("/alert-rules/preview", &body)
        };
        let rows = Rows::of(server);
        let own = attempt(json!({})).ok();
        assert_eq!((&own["counted"], &own["fired"], &own["target_bp"]), (&json!(5), &json!(1), &json!(9600)));
        assert_eq!(text(&own["excursions"][0], "grade"), "notice");
        assert!(text(&own["excursions"][0], "en").contains("0/5"), "{own:#}");
        assert_eq!(attempt(json!({"min_n": 5})).ok()["fired"], 1);
        assert_eq!(attempt(json!({"min_n": 6})).ok()["fired"], 0);
        assert_eq!(attempt(json!({"target_bp": 0})).ok()["fired"], 0, "nobody fails a target of nothing");
        let every = attempt(json!({"m": 2, "h": 1})).ok();
        assert_eq!((&every["signalled"], &every["m"], &every["h"]), (&json!(5), &json!(2), &json!(1)));
        assert_eq!(attempt(json!({"m": 2, "h": 5})).ok()["signalled"], 1);
        assert_eq!(attempt(json!({"m": 2, "h": 6})).ok()["signalled"], 0);
        attempt(json!({"m": 2})).invalid(&[("/h", "required")]);
        attempt(json!({"stage": "circulation"})).invalid(&[("/target_bp", "required")]);
        attempt(json!({"stage": "circulation", "target_bp": 9000})).ok();
        city.post("/alert-rules/preview", &json!({"stage": "farm"})).refused(403, "outside_scope");
        rows.are_as_before("trials");
    });
}
