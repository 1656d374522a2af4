//! Limits as dated law: what is added, what ends, what it would change; and names that lead nowhere.

use crate::client::text;
use crate::forms::{Stand, id, spinach};
use crate::on_both;
use crate::people::{House, Who};
use crate::rows::Rows;
use crate::server::Server;
use serde_json::{Value, json};

/// A limit of bromate in packaged water, in the place of the one that is in force since 2015.
fn bromate(id: &str) -> Value {
    json!({"id": id, "food_class": "06.01", "analyte": "bromate", "kind": "max", "limit": "0.005", "unit": "mg/L",
        "matter": "as_is", "total_suffices": "no", "standard": "演示 19298-2027", "valid_from": "2027-01-01",
        "supersedes": {"id": "L188", "revision": 1}})
}

fn on(server: &Server, day: &str) -> Value {
    server.who(Who::Tester).get(&format!("/criteria?food=06.01&analyte=bromate&on={day}")).ok()["items"].clone()
}

#[test]
fn a_new_edition_ends_the_one_before_and_judges_nothing_until_it_is_accepted() {
    on_both(|server| {
        let administrator = server.who(Who::Administrator);
        let add = |rows: Value| administrator.post("/criteria", &json!({"rows": rows}));
        let rows = Rows::of(server);
        let mut alone = bromate("N1");
        alone["supersedes"] = json!(null);
        add(json!([alone])).invalid(&[("/rows", "overlap")]);
        let mut stale = bromate("N1");
        stale["supersedes"]["revision"] = json!(2);
        add(json!([stale])).refused(409, "revision_conflict");
        let mut wrong = bromate("L188");
        wrong["limit"] = json!("little");
        wrong["supersedes"] = json!(null);
        let mut other = bromate("N 2");
        other["supersedes"]["id"] = json!("L191");
        let mut early = bromate("N3");
        early["valid_from"] = json!("2015-05-24");
        add(json!([wrong, other, early])).invalid(&[
            ("/rows/0/id", "id_taken"),
            ("/rows/0/id", "twice"),
            ("/rows/0/limit", "unreadable"),
            ("/rows/1/id", "bad_id"),
            ("/rows/1/supersedes/id", "other_limit"),
            ("/rows/2/valid_from", "not_in_force"),
            ("/rows/0/valid_to", "overlap"),
            ("/rows/2/valid_to", "overlap"),
        ]);
        add(json!([{"verified": "yes"}])).invalid(&[
            ("/rows/0/id", "required"),
            ("/rows/0/food_class", "required"),
            ("/rows/0/analyte", "required"),
            ("/rows/0/kind", "required"),
            ("/rows/0/standard", "required"),
            ("/rows/0/verified", "unknown_field"),
        ]);
        rows.are_as_before("limits that were refused");
        let added = add(json!([bromate("N1")])).ok();
        assert_eq!((text(&added["items"][0], "id"), &added["items"][0]["verified"]), ("N1", &json!(false)));
        assert_eq!(added["warnings"], json!([]));
        let (before, after) = (on(server, "2026-12-31"), on(server, "2027-01-01"));
        assert_eq!(
            (&before[0]["criterion"]["row"], &before[0]["criterion"]["valid_to"]),
            (&json!("L188"), &json!("2026-12-31"))
        );
        assert_eq!((&before[0]["criterion"]["limit"], &before[0]["accepted"]), (&json!("0.01"), &json!(true)));
        assert_eq!((&after[0]["criterion"]["row"], &after[0]["accepted"]), (&json!("N1"), &json!(false)));
        let judged = |date: &str| {
            let case = json!({"food": "06.01", "analyte": "bromate", "date": date, "result": "0.006", "unit": "mg/L"});
            server.who(Who::Tester).post("/verdicts/preview", &json!({"cases": [case]})).ok()["items"][0].clone()
        };
        assert_eq!(text(&judged("2026-12-31"), "verdict"), "conforming");
        let refused = judged("2027-01-01");
        assert_eq!(text(&refused, "reason"), "unverified_criterion");
        assert!(refused["steps_en"][0].as_str().unwrap().contains("N1"), "the row is named: {refused:#}");
        administrator.post("/criteria/N1/acceptance", &json!({"revision": 1})).ok();
        assert_eq!(text(&judged("2027-01-01"), "verdict"), "nonconforming");
    });
}

#[test]
fn days_without_an_edition_are_warned_of() {
    on_both(|server| {
        let row = json!({"id": "N9", "food_class": "33.01.03.01", "analyte": "procymidone", "kind": "max", "limit": "4",
            "unit": "mg/kg", "matter": "as_is", "total_suffices": "no", "standard": "演示 2763-2026", "valid_from": "2026-04-01"});
        let added = server.who(Who::Administrator).post("/criteria", &json!({"rows": [row]})).ok();
        let warning = &added["warnings"][0];
        assert_eq!((text(warning, "pointer"), text(warning, "code")), ("/rows", "gap"));
        assert!(text(warning, "en").contains("2026-02-28"), "{warning:#}");
    });
}

/// Leeks of June 2025 with 5.0 mg/kg of procymidone, which the edition in force then allowed.
fn leeks(server: &Server) -> Value {
    let mut registration = spinach(server);
    registration["form"]["food_class"] = json!("33.01.03.01");
    registration["form"]["date"] = json!("2025-06-15");
    registration["form"]["sampled_at"] = json!("2025-06-15T02:00:00Z");
    registration["items"] = json!([{"analyte": "procymidone"}]);
    let sample = server.who(Who::Inspector).register(&registration).ok()["sample"].clone();
    let sample = server.who(Who::Inspector).seal(&sample, &House::Laboratory.id().to_string()).ok();
    let sample = server.who(Who::Receiver).receive(&sample).ok();
    let results = json!([{"analyte": "procymidone", "reported": "5.0", "unit": "mg/kg"}]);
    let sample = server.who(Who::Tester).enter(&sample, &results).ok();
    let sample = server.who(Who::Checker).check(&sample, &[]).ok();
    server.who(Who::Approver).approve(&sample).ok()
}

#[test]
fn what_a_limit_would_change_is_told_result_by_result_and_nothing_is_changed() {
    on_both(|server| {
        let sample = leeks(server);
        server.at(Stand::Approved);
        let [reviewer, city, stage] = [Who::Reviewer, Who::CityReviewer, Who::StageReviewer].map(|who| server.who(who));
        let impact = |query: &str| reviewer.get(&format!("/criteria/impact?from=2025-06&to=2025-06&{query}"));
        let rows = Rows::of(server);
        let same = impact("criterion=L018").ok();
        assert_eq!((&same["examined"], &same["items"], &same["next_cursor"]), (&json!(1), &json!([]), &json!(null)));
        assert_eq!(impact("criterion=L018&limit=5.0").ok()["items"], json!([]), "a result equal to the limit conforms");
        for query in ["criterion=L018&limit=4.99", "criterion=L019", "edition=GB 2763-2021"] {
            let changed = impact(&query.replace(' ', "%20")).ok();
            let item = &changed["items"][0];
            assert_eq!((text(item, "sample_id"), text(item, "analyte")), (id(&sample), "procymidone"), "{query}");
            assert_eq!((text(item, "verdict"), text(item, "verdict_then")), ("conforming", "nonconforming"), "{query}");
            assert_eq!(changed["items"].as_array().unwrap().len(), 1);
        }
        let elsewhere = city.get("/criteria/impact?from=2025-06&to=2025-06&criterion=L019").ok();
        assert_eq!(elsewhere["examined"], 0, "the sample is of another city");
        let stage = stage.get("/criteria/impact?from=2025-06&to=2025-06&criterion=L019").ok();
        assert_eq!(stage["examined"], 0, "the sample is of another stage");
        assert_eq!(reviewer.get("/criteria/impact?from=2025-07&to=2025-07&criterion=L019").ok()["examined"], 0);
        impact("criterion=L018&limit=little").invalid(&[("?limit", "unreadable")]);
        impact("criterion=none").refused(404, "not_found");
        impact("criterion=L018&edition=x").invalid(&[("?criterion", "one_of")]);
        impact("edition=x&limit=1").invalid(&[("?limit", "not_with_edition")]);
        rows.are_as_before("questions about limits");
    });
}

#[test]
fn a_name_that_leads_nowhere_is_told_with_those_that_are_like_it() {
    on_both(|server| {
        let judged = |food: &str, analyte: &str| {
            let case =
                json!({"food": food, "analyte": analyte, "date": "2025-06-15", "result": "0.1", "unit": "mg/kg"});
            server.who(Who::Tester).post("/verdicts/preview", &json!({"cases": [case]})).ok()["items"][0].clone()
        };
        let food = judged("大菠菜", "铅");
        assert_eq!((text(&food, "verdict"), text(&food, "reason")), ("not_judgeable", "unknown_food"));
        assert!(food["steps_zh"][0].as_str().unwrap().contains("菠菜"), "{food:#}");
        let analyte = judged("菠菜", "总铅");
        assert_eq!(text(&analyte, "reason"), "unknown_analyte");
        assert!(analyte["steps_zh"][0].as_str().unwrap().contains("铅"), "{analyte:#}");
        let both = judged("独角兽", "以太");
        assert_eq!((text(&both, "reason"), both["steps_zh"].as_array().unwrap().len()), ("unknown_food", 2));
    });
}
