//! Administration: names, calendars, plans, organisations, people and the record.

use crate::client::{encoded, text};
use crate::forms::{Stand, id};
use crate::people::{House, Who};
use crate::rows::Rows;
use crate::{on_both, until};
use serde_json::{Value, json};

fn codes(answer: &Value) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|item| text(item, "code")).collect()
}

#[test]
fn foods_analytes_and_regions_are_found_by_part_of_a_name() {
    on_both(|server| {
        let tester = server.who(Who::Tester);
        let lead = tester.get(&format!("/analytes?q={}", encoded("铅"))).ok();
        assert!(codes(&lead).contains(&"lead"), "{lead:#}");
        let all = tester.get("/analytes").ok();
        assert_eq!(codes(&all).len(), 130);
        let procymidone = tester.get("/analytes?q=procymidone").ok();
        assert_eq!(codes(&procymidone), ["procymidone"]);
        let greens = tester.get(&format!("/food-classes?q={}", encoded("上海青"))).ok();
        assert_eq!((codes(&greens), &greens["items"][0]["parent"]), (vec!["33.01.02.02"], &json!("33.01.02")));
        let names = greens["items"][0]["names"].as_array().unwrap();
        assert!(names.contains(&json!("上海青")) && names.contains(&json!("小青菜")), "{names:?}");
        assert_eq!(codes(&tester.get("/food-classes?q=no-such-food").ok()), Vec::<&str>::new());
        let cities = tester.get("/regions?level=city&on=2025-06-15").ok();
        assert_eq!(codes(&cities).len(), 11);
        let counties =
            tester.get(&format!("/regions?within=330100&level=county&on=2025-06-15&q={}", encoded("西湖"))).ok();
        assert_eq!(codes(&counties), ["330106"]);
        assert_eq!(codes(&tester.get("/regions").ok()).len(), 123);
        tester.get("/regions?level=town&on=x&within=1").invalid(&[
            ("?level", "unknown_word"),
            ("?on", "bad_date"),
            ("?within", "bad_region"),
        ]);
    });
}

/// Thirteen weekdays of January 2027: as many as a year has paid holidays.
fn holidays() -> Vec<Value> {
    let days = [4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 18, 19, 20];
    days.iter().map(|day| json!({"day": format!("2027-01-{day:02}"), "kind": "holiday", "source": "演示"})).collect()
}

#[test]
fn a_calendar_is_loaded_whole_or_not_at_all_and_is_undetermined_before() {
    on_both(|server| {
        let administrator = server.who(Who::Administrator);
        let fetch = |year: i16| administrator.get(&format!("/calendar?year={year}")).ok();
        let put = |revision: i64, days: &[Value]| {
            administrator.put("/calendar/2027", &json!({"revision": revision, "days": days}))
        };
        assert_eq!((&fetch(2026)["loaded"], fetch(2026)["days"].as_array().unwrap().len()), (&json!(true), 39));
        assert_eq!((&fetch(2027)["loaded"], &fetch(2027)["revision"]), (&json!(false), &json!(0)));
        let rows = Rows::of(server);
        let mut wrong = holidays();
        wrong[1]["day"] = json!("2028-01-05");
        wrong[2]["day"] = wrong[3]["day"].clone();
        wrong[4]["kind"] = json!("workday");
        put(0, &wrong).invalid(&[
            ("/days/1/day", "other_year"),
            ("/days/3/day", "given_twice"),
            ("/days/4/kind", "not_a_weekend"),
        ]);
        put(0, &holidays()[..12]).invalid(&[("/days", "year_incomplete")]);
        put(1, &holidays()).refused(409, "revision_conflict");
        rows.are_as_before("wrong calendars");
        let loaded = put(0, &holidays()).ok();
        assert_eq!((&loaded["loaded"], &loaded["revision"], fetch(2027)), (&json!(true), &json!(1), loaded.clone()));
        put(0, &holidays()).refused(409, "revision_conflict");
        let mut other = holidays();
        other[12]["day"] = json!("2027-01-21");
        assert_eq!(put(1, &other).ok()["days"][12]["day"], "2027-01-21");
        let record = administrator.get("/audit?city=3300&limit=1").ok();
        assert_eq!(record["items"][0]["action"], "calendar_loaded");
        administrator.put("/calendar/soon", &json!({"revision": 0, "days": []})).refused(404, "not_found");
    });
}

#[test]
fn a_plan_names_each_stage_once_and_a_year_has_one() {
    on_both(|server| {
        let administrator = server.who(Who::Administrator);
        let target = |stage: &str| {
            json!({"stage": stage, "target_bp": 9500, "min_n": 30, "planned_n": 1000, "clause": "演示",
                "task_types": ["supervision"], "sample_kinds": ["primary_produce"]})
        };
        let three = ["farm", "production", "catering"].map(target);
        let mut plan = json!({"year": 2031, "title": "演示", "targets": three});
        let rows = Rows::of(server);
        administrator.post("/plans", &plan).invalid(&[("/targets", "stage_missing")]);
        plan["targets"][1] = target("farm");
        plan["targets"][2]["sample_kinds"] = json!([]);
        administrator.post("/plans", &plan).invalid(&[
            ("/targets/1/stage", "given_twice"),
            ("/targets/2/sample_kinds", "required"),
            ("/targets", "stage_missing"),
            ("/targets", "stage_missing"),
        ]);
        rows.are_as_before("wrong plans");
        let mut circulation = target("circulation");
        circulation["target_bp"] = json!(null);
        plan["targets"] = json!([target("farm"), target("production"), circulation, target("catering")]);
        let made = administrator.post("/plans", &plan).ok();
        assert_eq!((&made["current"], made["targets"].as_array().unwrap().len()), (&json!(false), 4));
        administrator.post("/plans", &plan).invalid(&[("/year", "year_taken")]);
        let path = format!("/plans/{}", text(&made, "id"));
        assert_eq!(server.who(Who::Tester).get(&path).ok(), made);
        let targets = |query: &str| administrator.get(&format!("/targets?plan={}{query}", text(&made, "id"))).ok();
        assert_eq!(targets("")["items"].as_array().unwrap().len(), 4);
        assert_eq!(
            targets("&stage=farm")["items"][0]["valid_from"],
            "2030-12-31T16:00:00Z",
            "the year begins in China"
        );
        let mut changed = target("farm");
        changed["version"] = json!(1);
        administrator.post(&format!("{path}/targets"), &changed).ok();
        assert_eq!(targets("&stage=farm")["items"].as_array().unwrap().len(), 2);
        assert_eq!(targets("&stage=farm&at=2031-06-01T00:00:00Z")["items"].as_array().unwrap().len(), 1);
        let own = server.plan.to_string();
        let current = |revision: i64| json!({"revision": revision, "title": "演示二", "current": true});
        administrator.put(&path, &current(7)).refused(409, "revision_conflict");
        let now = administrator.put(&path, &current(1)).ok();
        assert_eq!((&now["current"], text(&now, "title")), (&json!(true), "演示二"));
        assert_eq!(
            administrator.get(&format!("/plans/{own}")).ok()["current"],
            json!(false),
            "there is one current plan"
        );
        let none = json!({"revision": now["revision"], "title": "演示二", "current": false});
        administrator.put(&path, &none).invalid(&[("/current", "no_current_plan")]);
        administrator.get("/plans/00000000-0000-7000-8000-000000000000").refused(404, "not_found");
    });
}

#[test]
fn an_organisation_changes_by_its_revision_and_stands_once_in_its_region() {
    on_both(|server| {
        let administrator = server.who(Who::Administrator);
        let new = json!({"kind": "laboratory", "name": "演示检验所", "region": "330100"});
        let made = administrator.post("/organisations", &new).ok();
        administrator.post("/organisations", &new).invalid(&[("/name", "organisation_taken")]);
        let elsewhere = json!({"kind": "laboratory", "name": "演示检验所", "region": "330200"});
        let other = administrator.post("/organisations", &elsewhere).ok();
        let path = format!("/organisations/{}", text(&other, "id"));
        let change = |name: &str, region: &str, revision: i64| json!({"revision": revision, "name": name, "region": region, "active": false});
        administrator.put(&path, &change("演示检验所", "330100", 1)).invalid(&[("/name", "organisation_taken")]);
        administrator.put(&path, &change("演示检验二所", "330100", 2)).refused(409, "revision_conflict");
        administrator.put(&path, &change("", "339900", 1)).invalid(&[("/name", "required")]);
        administrator.put(&path, &change("演示检验二所", "339900", 1)).invalid(&[("/region", "region_unknown")]);
        let changed = administrator.put(&path, &change("演示检验二所", "330100", 1)).ok();
        assert_eq!((&changed["active"], &changed["revision"]), (&json!(false), &json!(2)));
        assert_eq!((text(&changed, "name"), &changed["id"]), ("演示检验二所", &other["id"]));
        assert_ne!(made["id"], other["id"]);
    });
}

#[test]
fn the_record_is_read_by_person_and_row_page_by_page_and_its_chains_have_heads() {
    on_both(|server| {
        let sample = server.at(Stand::Approved);
        let other = server.at(Stand::Registered);
        let auditor = server.who(Who::Auditor);
        let of_sample = format!("/audit?table=sample&row={}", id(&sample));
        let mut seen = Vec::new();
        let mut cursor = String::new();
        for _ in 0..3 {
            let page = auditor.get(&format!("{of_sample}&limit=2{cursor}")).ok();
            let actions = page["items"].as_array().unwrap().iter().map(|row| text(row, "action").to_owned());
            seen.extend(actions);
            cursor = page["next_cursor"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
        }
        assert_eq!(
            (cursor.as_str(), seen),
            ("", ["approved", "checked", "entered", "received", "sealed", "registered"].map(str::to_owned).to_vec())
        );
        let row = &auditor.get(&format!("{of_sample}&limit=1")).ok()["items"][0];
        assert_eq!((text(row, "city"), text(row, "person_id")), ("3301", Who::Approver.id().to_string().as_str()));
        let touched: Vec<&str> = row["rows"].as_array().unwrap().iter().map(|row| text(row, "table")).collect();
        assert_eq!(touched, ["sample", "custody_event", "conclusion"]);
        let by = |who: Who| {
            auditor.get(&format!("/audit?person={}&table=sample", who.id())).ok()["items"].as_array().unwrap().len()
        };
        assert_eq!((by(Who::Inspector), by(Who::Approver), by(Who::Publisher)), (3, 1, 0));
        assert_eq!(auditor.get(&format!("/audit?table=sample&row={}_", id(&other))).ok()["items"], json!([]));
        assert_eq!(auditor.get("/audit?table=sampl").ok()["items"], json!([]), "a table is named whole");
        assert_eq!(auditor.get("/audit?city=3301&to=2020-01-01T00:00:00Z").ok()["items"], json!([]));
        auditor.get("/audit?row=x&from=soon&cursor=x&city=33").invalid(&[
            ("?table", "required"),
            ("?from", "bad_instant"),
            ("?cursor", "bad_cursor"),
            ("?city", "bad_region"),
        ]);
        let heads = || auditor.get("/audit/head").ok()["items"].clone();
        let hangzhou = |heads: &Value| heads.as_array().unwrap().iter().find(|head| head["city"] == "3301").cloned();
        let sealed = until("a sealed record", heads, |heads| hangzhou(heads).is_some_and(|head| head["unsealed"] == 0));
        let head = hangzhou(&sealed).unwrap();
        assert_eq!(text(&head, "hash").len(), 64);
        assert!(head["seq"].as_i64().unwrap() > 0);
        let row = &auditor.get(&format!("{of_sample}&limit=1")).ok()["items"][0];
        assert!(row["seal"].as_i64().unwrap() <= head["seq"].as_i64().unwrap());
        let city = server.who(Who::CityAdministrator);
        city.get("/audit?city=3301").refused(404, "not_found");
        assert_eq!(city.get("/audit").ok()["items"], json!([]), "nothing was done in Ningbo");
    });
}

#[test]
fn a_person_is_seen_by_whoever_administers_them() {
    on_both(|server| {
        server.hire(Who::CityReviewer);
        let path = |who: Who| format!("/users/{}", who.id());
        let seen = server.who(Who::CityAdministrator).get(&path(Who::CityReviewer)).ok();
        assert_eq!((text(&seen, "login"), text(&seen, "region")), ("cityreviewer", "330200"));
        server.who(Who::CityAdministrator).get(&path(Who::Auditor)).refused(404, "not_found");
        server.who(Who::Auditor).get(&path(Who::Auditor)).ok();
        server.who(Who::Auditor).get("/users/x").refused(404, "not_found");
    });
}

#[test]
fn a_seal_that_another_sample_has_is_doubted_and_not_refused() {
    on_both(|server| {
        let laboratory = House::Laboratory.id().to_string();
        let inspector = server.who(Who::Inspector);
        let seal = |sample: &Value| inspector.seal(sample, &laboratory).ok();
        let [first, second] = [server.at(Stand::Registered), server.at(Stand::Registered)];
        assert_eq!(seal(&first)["warnings"], json!([]));
        let doubted = seal(&second);
        assert_eq!(text(&doubted, "status"), "sealed");
        let warnings = doubted["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), 1);
        assert_eq!((text(&warnings[0], "pointer"), text(&warnings[0], "code")), ("/seals/0", "seal_used_before"));
    });
}
