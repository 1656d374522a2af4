//! From a plan's cell to tasks, samples and coverage.

use crate::client::{Answer, Client, text};
use crate::forms::{CONFORMING, Stand, id, spinach};
use crate::on_each;
use crate::people::{House, Who};
use crate::rows::Rows;
use crate::server::Server;
use hege_app::verify;
use hege_core::date::china_date;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// A cell of the current plan: vegetables for farm monitoring.
pub(crate) fn cell(region: &str, samples: u32) -> Value {
    json!({"stage": "farm", "task_type": "routine_monitoring", "region": region, "food_class": "33.01", "samples": samples})
}

/// A task out of a cell that was seen, from the first to the last day of this year.
pub(crate) fn task(quota: &Value, region: &str, samples: u32) -> Value {
    let year = china_date(Timestamp::now()).year();
    json!({"quota_id": quota["id"], "revision": quota["revision"], "region": region, "title": "演示任务", "samples": samples,
        "inspecting_org_id": House::Sampling.id().to_string(), "lab_id": House::Laboratory.id().to_string(),
        "starts_on": format!("{year}-01-01"), "ends_on": format!("{year}-12-31")})
}

/// A visit now to a shop that was closed.
pub(crate) fn visit(kind: &str) -> Value {
    json!({"kind": kind, "at": Timestamp::now().to_string(), "region": "330106", "place": "演示路 1 号",
        "unit": "演示副食品店", "evidence": "照片 2 张"})
}

/// A visit before there were tasks, which is refused.
pub(crate) fn early_visit() -> Value {
    let mut visit = visit("closed");
    visit["at"] = json!("2000-01-01T00:00:00Z");
    visit
}

/// The body of an operation of planning, for who asks whether they may: none of another's. It is never done.
pub(crate) fn asked(operation: &str, quota: &str) -> Option<Value> {
    let mut given = task(&json!({"id": quota}), "330106", 1);
    Some(match operation {
        "quota_add" => return None,
        "quota_change" => json!({"samples": 5}),
        "quota_split" => json!({"parts": []}),
        "task_add" => given,
        "task_change" => {
            for gone in ["quota_id", "region"] {
                given.as_object_mut().unwrap().remove(gone);
            }
            given
        }
        "task_cancel" => json!({"reason": "演示"}),
        _ => return None,
    })
}

fn quota(server: &Server, id: &str) -> Value {
    let quotas = server.who(Who::Administrator).get("/quotas").ok();
    quotas["items"].as_array().unwrap().iter().find(|quota| quota["id"] == id).unwrap().clone()
}

fn coverage(client: &Client<'_>, server: &Server, query: &str) -> Value {
    client.get(&format!("/plans/{}/coverage?{query}", server.plan)).ok()
}

/// Wanted, planned, taken, missing.
fn figures(of: &Value) -> [u64; 4] {
    ["wanted", "planned", "taken", "shortfall"].map(|name| of[name].as_u64().unwrap())
}

fn item<'a>(coverage: &'a Value, key: &str) -> &'a Value {
    let items = coverage["items"].as_array().unwrap();
    items.iter().find(|item| item["key"] == key).unwrap_or_else(|| panic!("no {key} in {coverage:#}"))
}

/// Spinach that names a task.
fn spinach_for(server: &Server, task: &Value) -> Value {
    let mut registration = spinach(server);
    registration["form"]["task"] = task["id"].clone();
    registration
}

fn is_whole(server: &Server) {
    server.stop_working();
    let findings = verify::cities(&server.store).unwrap().into_iter();
    let findings: Vec<_> = findings.flat_map(|city| verify::city(&server.store, city).unwrap()).collect();
    assert_eq!(findings, []);
}

#[test]
fn a_cell_is_split_down_to_counties_given_to_tasks_and_covered_by_samples() {
    on_each(|server| {
        let administrator = server.who(Who::Administrator);
        let whole = administrator.post("/quotas", &cell("330000", 10)).ok();
        assert_eq!((&whole["free"], &whole["split"]), (&json!(10), &json!(0)));
        let split = |quota: &Value, parts: Value| {
            let body = json!({"revision": quota["revision"], "parts": parts});
            administrator.post(&format!("/quotas/{}/split", id(quota)), &body)
        };
        let cities = json!([{"region": "330100", "samples": 6}, {"region": "330200", "samples": 3}]);
        let made = split(&whole, cities).ok();
        assert_eq!((&made["quota"]["free"], &made["quota"]["split"]), (&json!(1), &json!(9)));
        let hangzhou = made["parts"][0].clone();
        split(&hangzhou, json!([{"region": "330106", "samples": 7}])).invalid(&[("/parts", "exceeds_cell")]);
        let county = split(&hangzhou, json!([{"region": "330106", "samples": 4}])).ok()["parts"][0].clone();
        let reviewer = server.who(Who::Reviewer);
        let given = reviewer.post("/tasks", &task(&county, "330106", 3)).ok();
        assert!(text(&given, "id").starts_with("3301-"), "{given:#}");
        let county = quota(server, id(&county));
        assert_eq!((&county["planned"], &county["free"]), (&json!(3), &json!(1)));
        let cities = coverage(&reviewer, server, "group_by=city");
        assert_eq!(figures(&cities["total"]), [10, 3, 0, 10]);
        assert_eq!(figures(item(&cities, "330000")), [1, 0, 0, 1], "what is not split is the province's");
        assert_eq!(figures(item(&cities, "330100")), [6, 3, 0, 6]);
        assert_eq!(figures(item(&cities, "330200")), [3, 0, 0, 3]);
        let done = server.bring(&spinach_for(server, &given), CONFORMING, Stand::Approved);
        assert_eq!(done["task"], given["id"]);
        server.bring(&spinach_for(server, &given), CONFORMING, Stand::Received);
        server.at(Stand::Registered);
        server.who(Who::Inspector).post(&format!("/tasks/{}/outcomes", id(&given)), &visit("refused")).ok();
        let counties = coverage(&reviewer, server, "group_by=county");
        let county = item(&counties, "330106");
        assert_eq!(figures(county), [4, 3, 2, 2]);
        assert_eq!((&county["received"], &county["concluded"]), (&json!(2), &json!(1)));
        assert_eq!(county["without_sample"], json!({"refused": 1, "nothing_to_take": 0, "closed": 0}));
        assert_eq!((&counties["without_task"], &counties["total"]["shortfall"]), (&json!(1), &json!(8)));
        let seen = server.who(Who::Inspector).get(&format!("/tasks/{}", id(&given))).ok();
        assert_eq!((&seen["taken"], &seen["missing"], &seen["without_sample"]), (&json!(2), &json!(1), &json!(1)));
        assert_eq!(text(&seen["outcomes"][0], "unit"), "演示副食品店");
        is_whole(server);
    });
}

#[test]
fn a_sample_that_was_voided_has_to_be_taken_again_and_a_cancelled_task_gives_back_what_it_did_not_take() {
    on_each(|server| {
        let administrator = server.who(Who::Administrator);
        let whole = administrator.post("/quotas", &cell("330100", 5)).ok();
        let given = administrator.post("/tasks", &task(&whole, "330106", 5)).ok();
        let kept = spinach_for(server, &given);
        server.bring(&kept, CONFORMING, Stand::Registered);
        let lost = server.bring(&spinach_for(server, &given), CONFORMING, Stand::Registered);
        server.who(Who::Inspector).void(&lost, false).ok();
        let total = || coverage(&administrator, server, "")["total"].clone();
        assert_eq!((figures(&total()), &total()["lost"]), ([5, 5, 1, 4], &json!(1)));
        let cancel = |task: &Value, reason: &str| {
            let body = json!({"revision": task["revision"], "reason": reason});
            administrator.post(&format!("/tasks/{}/cancellation", id(task)), &body)
        };
        cancel(&given, " ").invalid(&[("/reason", "required")]);
        let ended = cancel(&given, "改由他单位承担").ok();
        assert_eq!((text(&ended, "state"), &ended["missing"]), ("cancelled", &json!(0)));
        cancel(&ended, "再次").invalid(&[("", "task_cancelled")]);
        cancel(&given, "再次").refused(409, "revision_conflict");
        assert_eq!((figures(&total()), &quota(server, id(&whole))["free"]), ([5, 1, 1, 4], &json!(4)));
        server.who(Who::Inspector).register(&spinach_for(server, &given)).invalid(&[("/form/task", "task_cancelled")]);
        server.who(Who::Inspector).register(&kept).ok();
        is_whole(server);
    });
}

#[test]
fn a_sample_that_names_a_task_is_held_to_it_and_what_is_only_doubtful_goes_in() {
    on_each(|server| {
        let administrator = server.who(Who::Administrator);
        let mut wanted = cell("330100", 9);
        wanted["panel"] = json!(["lead", "cadmium"]);
        let whole = administrator.post("/quotas", &wanted).ok();
        let mut body = task(&whole, "330102", 1);
        body["food_class"] = json!("33.01.02");
        let strict = administrator.post("/tasks", &body).ok();
        let register = |registration: &Value| server.who(Who::Inspector).register(registration);
        register(&spinach_for(server, &strict))
            .invalid(&[("/form/region", "task_differs"), ("/items", "panel_incomplete")]);
        server
            .who(Who::OtherInspector)
            .register(&spinach_for(server, &strict))
            .invalid(&[("/form/task", "task_unknown")]);
        let nowhere = json!({"id": format!("3301-{}", Uuid::now_v7())});
        register(&spinach_for(server, &nowhere)).invalid(&[("/form/task", "task_unknown")]);
        register(&spinach_for(server, &json!({"id": "3301"}))).invalid(&[("/form/task", "bad_id")]);
        let mut body = task(&quota(server, id(&whole)), "330106", 1);
        let year = china_date(Timestamp::now()).year();
        body["ends_on"] = json!(format!("{year}-01-01"));
        let short = administrator.post("/tasks", &body).ok();
        let both = |task: &Value| {
            let mut registration = spinach_for(server, task);
            registration["items"] = json!([{"analyte": "lead"}, {"analyte": "cadmium"}]);
            registration
        };
        let codes = |answer: Value| {
            answer["warnings"].as_array().unwrap().iter().map(|w| text(w, "code").to_owned()).collect::<Vec<_>>()
        };
        let first = register(&both(&short)).ok();
        assert_eq!(codes(first.clone()), ["outside_task_days"], "unless it is the first of January");
        assert_eq!(codes(register(&both(&short)).ok()), ["outside_task_days", "task_full"]);
        let other = House::OtherLaboratory.id().to_string();
        server.who(Who::Inspector).seal(&first["sample"], &other).invalid(&[("/lab_id", "task_differs")]);
        let amend = |changes: Value| server.who(Who::Inspector).amend(&first["sample"], &changes);
        amend(json!({"region": "330105"})).invalid(&[("/changes/region", "task_differs")]);
        amend(json!({"task": strict["id"]})).invalid(&[("/changes/region", "task_differs")]);
        let amended = amend(json!({"task": ""})).ok();
        assert_eq!(amended["sample"]["task"], Value::Null);
        is_whole(server);
    });
}

#[test]
fn a_city_takes_no_more_of_a_cell_that_lies_above_it() {
    on_each(|server| {
        let whole = server.who(Who::Administrator).post("/quotas", &cell("330000", 50)).ok();
        let given = server.who(Who::Administrator).post("/tasks", &task(&whole, "330203", 5)).ok();
        let change = |samples: u32| {
            let mut body = task(&whole, "330203", samples);
            for gone in ["quota_id", "region"] {
                body.as_object_mut().unwrap().remove(gone);
            }
            body["revision"] = given["revision"].clone();
            server.who(Who::CityReviewer).put(&format!("/tasks/{}", id(&given)), &body)
        };
        change(6).invalid(&[("/samples", "outside_scope")]);
        assert_eq!(quota(server, id(&whole))["free"], 45);
        change(4).ok();
        assert_eq!(quota(server, id(&whole))["free"], 46);
        let mut nowhere = visit("closed");
        nowhere["region"] = json!("330299");
        let mine = server.who(Who::Administrator).post("/tasks", &task(&quota(server, id(&whole)), "330200", 1)).ok();
        let path = format!("/tasks/{}/outcomes", id(&mine));
        server.who(Who::Inspector).post(&path, &nowhere).invalid(&[("/region", "region_unknown")]);
        is_whole(server);
    });
}

#[test]
fn everything_that_is_wrong_with_a_cell_or_a_task_is_told_at_once_and_nothing_is_written() {
    on_each(|server| {
        let administrator = server.who(Who::Administrator);
        let whole = administrator.post("/quotas", &cell("330100", 5)).ok();
        // Who has not logged in yet would leave a session.
        server.who(Who::CityAdministrator);
        let rows = Rows::of(server);
        administrator.post("/quotas", &cell("330100", 7)).invalid(&[("", "given_twice")]);
        let bad = json!({"stage": "farm", "task_type": "unstated", "region": "339999", "food_class": "99", "samples": 5,
            "producers": 6, "panel": ["lead", "nothing"]});
        administrator.post("/quotas", &bad).invalid(&[
            ("/producers", "out_of_range"),
            ("/task_type", "unknown_word"),
            ("/region", "region_unknown"),
            ("/food_class", "food_class_unknown"),
            ("/panel/1", "analyte_unknown"),
        ]);
        let mut bad = task(&whole, "330000", 6);
        bad["inspecting_org_id"] = json!(House::Laboratory.id().to_string());
        bad["lab_id"] = json!(Uuid::now_v7().to_string());
        bad["ends_on"] = json!("2020-01-01");
        administrator.post("/tasks", &bad).invalid(&[
            ("/region", "not_split"),
            ("/region", "outside_cell"),
            ("/samples", "exceeds_cell"),
            ("/inspecting_org_id", "organisation_unknown"),
            ("/lab_id", "organisation_unknown"),
            ("/ends_on", "ends_before_it_begins"),
            ("/ends_on", "outside_plan_year"),
        ]);
        let mut stale = task(&whole, "330106", 1);
        stale["revision"] = json!(9);
        administrator.post("/tasks", &stale).refused(409, "revision_conflict");
        server
            .who(Who::CityAdministrator)
            .post("/tasks", &task(&whole, "330106", 1))
            .invalid(&[("/quota_id", "outside_scope")]);
        server.who(Who::CityAdministrator).post("/quotas", &cell("330100", 9)).invalid(&[("/region", "outside_scope")]);
        rows.are_as_before("refusals");
    });
}

#[test]
fn the_same_request_twice_has_one_effect_and_another_under_its_key_none() {
    on_each(|server| {
        let key = Uuid::now_v7().to_string();
        let keyed = |who: Who| server.who(who).with_key(&key);
        let first = keyed(Who::Administrator).post("/quotas", &cell("330100", 5)).ok();
        assert_eq!(
            (text(&first, "id"), keyed(Who::Administrator).post("/quotas", &cell("330100", 5)).ok()),
            (&*key, first.clone())
        );
        keyed(Who::Administrator).post("/quotas", &cell("330100", 6)).refused(409, "idempotency_conflict");
        keyed(Who::SecondAdministrator).post("/quotas", &cell("330100", 5)).refused(409, "idempotency_conflict");
        let bad = server.who(Who::Administrator).with_key("1").post("/quotas", &cell("330200", 5));
        bad.invalid(&[("Idempotency-Key", "bad_id")]);
        let task_key = Uuid::now_v7().to_string();
        let give = || server.who(Who::Administrator).with_key(&task_key).post("/tasks", &task(&first, "330106", 2));
        let given = give().ok();
        assert_eq!(give().ok(), given, "though the cell has another revision by now");
        let path = format!("/tasks/{}/outcomes", id(&given));
        let visit_key = Uuid::now_v7().to_string();
        let visit = visit("closed");
        let record = || server.who(Who::Inspector).with_key(&visit_key).post(&path, &visit);
        assert_eq!(record().ok(), record().ok());
        assert_eq!(server.who(Who::Inspector).get(&format!("/tasks/{}", id(&given))).ok()["without_sample"], 1);
    });
}

#[test]
fn of_two_who_give_the_last_sample_of_a_cell_at_once_one_is_told_to_look_again() {
    on_each(|server| {
        let whole = server.who(Who::Administrator).post("/quotas", &cell("330100", 1)).ok();
        let givers = [Who::Administrator, Who::SecondAdministrator].map(|who| server.who(who));
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let give = |giver: &Client<'_>| giver.post("/tasks", &task(&whole, "330106", 1));
            let running = givers.each_ref().map(|giver| scope.spawn(move || give(giver)));
            running.map(|thread| thread.join().unwrap()).into()
        });
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        // Who asks after the other has it is told that nothing is left, who asks at the same moment that somebody was faster.
        assert!(matches!(statuses[..], [201, 409 | 422]), "{answers:#?}");
        assert_eq!(quota(server, id(&whole))["free"], 0);
    });
}

#[test]
fn a_task_is_seen_by_who_takes_who_tests_and_who_oversees_and_by_nobody_else() {
    on_each(|server| {
        let administrator = server.who(Who::Administrator);
        let whole = administrator.post("/quotas", &cell("330100", 5)).ok();
        let given = administrator.post("/tasks", &task(&whole, "330106", 2)).ok();
        let path = format!("/tasks/{}/outcomes", id(&given));
        server.who(Who::Inspector).post(&path, &visit("nothing_to_take")).ok();
        server.who(Who::OtherInspector).post(&path, &visit("closed")).refused(404, "not_found");
        for who in [Who::Inspector, Who::Tester, Who::Reviewer, Who::Auditor, Who::Administrator] {
            let seen = server.who(who).get(&format!("/tasks/{}", id(&given))).ok();
            let listed = server.who(who).get("/tasks").ok();
            assert_eq!(listed["items"][0]["id"], given["id"], "{who:?}");
            let told = seen["outcomes"].as_array().unwrap().len();
            assert_eq!(told, usize::from(who != Who::Tester), "a laboratory is not told whose door was closed");
        }
        for who in [Who::OtherInspector, Who::OtherTester, Who::CityReviewer, Who::StageReviewer, Who::StageInspector] {
            server.who(who).get(&format!("/tasks/{}", id(&given))).refused(404, "not_found");
            assert_eq!(server.who(who).get("/tasks").ok()["items"], json!([]), "{who:?}");
        }
        let change = |with: Value| {
            let mut body = task(&whole, "330106", 4);
            for gone in ["quota_id", "region"] {
                body.as_object_mut().unwrap().remove(gone);
            }
            body["revision"] = given["revision"].clone();
            body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
            server.who(Who::Reviewer).put(&format!("/tasks/{}", id(&given)), &body)
        };
        change(json!({"samples": 6})).invalid(&[("/samples", "exceeds_cell")]);
        let moved = change(json!({"inspecting_org_id": House::OtherSampling.id().to_string()})).ok();
        assert_eq!((&moved["samples"], &quota(server, id(&whole))["free"]), (&json!(4), &json!(1)));
        server.who(Who::OtherInspector).get(&format!("/tasks/{}", id(&given))).ok();
        server.who(Who::Inspector).get(&format!("/tasks/{}", id(&given))).refused(404, "not_found");
        is_whole(server);
    });
}

#[test]
fn tasks_come_page_by_page_and_a_city_sees_its_own_cells_alone() {
    on_each(|server| {
        let administrator = server.who(Who::Administrator);
        let mut whole = administrator.post("/quotas", &cell("330100", 5)).ok();
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(id(&administrator.post("/tasks", &task(&whole, "330106", 1)).ok()).to_owned());
            whole = quota(server, id(&whole));
        }
        let (mut seen, mut path) = (Vec::new(), "/tasks?limit=2".to_owned());
        loop {
            let page = administrator.get(&path).ok();
            seen.extend(page["items"].as_array().unwrap().iter().map(|task| id(task).to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/tasks?limit=2&cursor={cursor}");
        }
        made.reverse();
        assert_eq!(seen, made);
        assert_eq!(server.who(Who::CityReviewer).get("/quotas").ok()["items"], json!([]));
        let city = coverage(&server.who(Who::CityReviewer), server, "group_by=cell");
        assert_eq!((&city["items"], figures(&city["total"])), (&json!([]), [0, 0, 0, 0]));
        assert_eq!(text(&city["total"]["forecast"], "outlook"), "no_quota");
        let beyond = format!("/plans/{}/coverage?region=330100", server.plan);
        server.who(Who::CityReviewer).get(&beyond).refused(404, "not_found");
        let own = coverage(&administrator, server, "group_by=cell");
        assert_eq!(text(&own["items"][0], "key"), id(&whole));
        assert!(text(&own, "method_en").contains("90 days"));
    });
}

#[test]
fn distinct_producers_are_counted_by_name_where_they_are_wanted() {
    on_each(|server| {
        let administrator = server.who(Who::Administrator);
        let mut wanted = cell("330100", 5);
        wanted["producers"] = json!(3);
        let whole = administrator.post("/quotas", &wanted).ok();
        let given = administrator.post("/tasks", &task(&whole, "330106", 5)).ok();
        for producer in ["演示一社", "演示二社", " 演示二社"] {
            let mut registration = spinach_for(server, &given);
            registration["form"]["producer"] = json!(producer);
            server.who(Who::Inspector).register(&registration).ok();
        }
        let total = coverage(&administrator, server, "")["total"].clone();
        assert_eq!(
            (&total["producers_wanted"], &total["producers"], &total["taken"]),
            (&json!(3), &json!(2), &json!(3))
        );
    });
}
