//! Acts on what is not there, has moved on, or is not so: a stable code, and nothing written.

use crate::client::text;
use crate::forms::{CONFORMING, Stand, id, lead, spinach};
use crate::on_each;
use crate::people::{House, Who};
use crate::rows::Rows;
use serde_json::{Value, json};

/// An id in the form of a sample's that nothing has.
const NOTHING: &str = "3301-00000000-0000-7000-8000-000000000000";

#[test]
fn results_are_refused_at_their_item_and_field() {
    on_each(|server| {
        let sample = server.at(Stand::Received);
        let tester = server.who(Who::Tester);
        let rows = Rows::of(server);
        let results = json!([
            {"analyte": "lead", "reported": " ", "criterion": {"kind": "max", "limit": "much", "unit": "mg/kg"}},
            {"analyte": "cadmium", "reported": "0.1"},
            {"reported": 0.1, "more": 1},
        ]);
        tester.enter(&sample, &results).invalid(&[
            ("/results/0/criterion/standard", "required"),
            ("/results/0/criterion/reason", "required"),
            ("/results/2/analyte", "required"),
            ("/results/2/reported", "wrong_type"),
            ("/results/2/more", "unknown_field"),
        ]);
        let mut results = lead(CONFORMING);
        results[0]["criterion"]["limit"] = json!("much");
        results[0]["confirmation"]["at"] = json!("yesterday");
        let more = [json!({"analyte": "cadmium", "reported": "0.1"}), json!({"analyte": "lead"})];
        results.as_array_mut().unwrap().extend(more);
        tester.enter(&sample, &results).invalid(&[
            ("/results/0/criterion/limit", "unreadable"),
            ("/results/0/confirmation/at", "unreadable"),
            ("/results/1/analyte", "item_not_ordered"),
            ("/results/2/analyte", "item_twice"),
            ("/results/2/reported", "missing"),
        ]);
        tester.enter(&sample, &json!([])).invalid(&[("/results", "required")]);
        rows.are_as_before("wrong results");
    });
}

#[test]
fn another_revision_or_a_wrong_moment_is_a_conflict() {
    on_each(|server| {
        let unseen = |sample: &Value| {
            let mut sample = sample.clone();
            sample["revision"] = json!(sample["revision"].as_i64().unwrap() + 1);
            sample
        };
        let laboratory = House::Laboratory.id().to_string();
        let [registered, sealed, received] =
            [Stand::Registered, Stand::Sealed, Stand::Received].map(|stand| server.at(stand));
        let [entered, checked, approved] =
            [Stand::Entered, Stand::Checked, Stand::Approved].map(|stand| server.at(stand));
        let [inspector, receiver, tester] = [Who::Inspector, Who::Receiver, Who::Tester].map(|who| server.who(who));
        let [checker, approver] = [Who::Checker, Who::Approver].map(|who| server.who(who));
        let rows = Rows::of(server);
        for (what, answer) in [
            ("seal", inspector.seal(&unseen(&registered), &laboratory)),
            ("amend", inspector.amend(&unseen(&registered), &json!({"product_name": "青菜"}))),
            ("receive", receiver.receive(&unseen(&sealed))),
            ("enter", tester.enter(&unseen(&received), &lead(CONFORMING))),
            ("check", checker.check(&unseen(&entered), &["lead"])),
            ("approve", approver.approve(&unseen(&checked))),
            ("send back", approver.send_back(&unseen(&checked))),
            ("void", approver.void(&unseen(&checked), false)),
            ("ask for a void", approver.void(&unseen(&approved), true)),
        ] {
            assert_eq!((answer.status, answer.code()), (409, "revision_conflict"), "{what}: {answer:#?}");
        }
        for (what, answer) in [
            ("seal", inspector.seal(&sealed, &laboratory)),
            ("amend", inspector.amend(&received, &json!({"product_name": "青菜"}))),
            ("receive", receiver.receive(&received)),
            ("enter", tester.enter(&approved, &lead(CONFORMING))),
            ("check", checker.check(&received, &[])),
            ("approve", approver.approve(&entered)),
            ("send back", approver.send_back(&approved)),
            ("ask for a void", approver.void(&checked, true)),
        ] {
            assert_eq!((answer.status, answer.code()), (409, "wrong_status"), "{what}: {answer:#?}");
        }
        approver.void(&approved, false).refused(409, "second_person_needed");
        checker.check(&entered, &[]).refused(409, "criterion_not_confirmed");
        checker.check(&entered, &["cadmium"]).refused(409, "item_misnamed");
        inspector.seal(&registered, &House::Sampling.id().to_string()).invalid(&[("/lab_id", "laboratory_unknown")]);
        rows.are_as_before("conflicts");
        assert_eq!(approver.void(&approved, true).status, 200);
    });
}

#[test]
fn an_id_that_is_none_or_nothings_is_not_there() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        let [inspector, reviewer, administrator] =
            [Who::Inspector, Who::Reviewer, Who::Administrator].map(|who| server.who(who));
        let rows = Rows::of(server);
        let bare = id(&sample).split_once('-').unwrap().1.to_owned();
        let elsewhere = format!("3302-{bare}");
        let strange = ["x", "3301", "3301-", "%20", "%00", "%ff", "..%2fme", NOTHING, &bare, &elsewhere];
        for id in strange {
            inspector.sample(id).refused(404, "not_found");
            reviewer.alert(id).refused(404, "not_found");
            let act = json!({"id": id, "revision": 1});
            reviewer.act(&act, "acknowledge").refused(404, "not_found");
            inspector.void(&act, false).refused(404, "not_found");
            administrator
                .put(&format!("/users/{id}"), &json!({"revision": 1, "active": true}))
                .refused(404, "not_found");
            let accept = administrator.post(&format!("/criteria/{id}/acceptance"), &json!({"revision": 1}));
            accept.refused(404, "not_found");
        }
        // A sample's id is no alert's.
        reviewer.alert(id(&sample)).refused(404, "not_found");
        let target = json!({
            "stage": "farm", "version": 1, "target_bp": 9000, "min_n": 30, "planned_n": 100, "clause": "演示",
            "task_types": ["routine_monitoring"], "sample_kinds": ["primary_produce"],
        });
        for plan in ["x", "00000000-0000-7000-8000-000000000000"] {
            administrator.post(&format!("/plans/{plan}/targets"), &target).refused(404, "not_found");
        }
        let unknown = "plan=00000000-0000-7000-8000-000000000000";
        reviewer.rates(unknown).refused(404, "not_found");
        reviewer.get(&format!("/alerts?{unknown}")).refused(404, "not_found");
        rows.are_as_before("no ids");
    });
}

#[test]
fn an_alert_of_one_plan_is_not_among_those_of_another() {
    on_each(|server| {
        for reported in ["0.1", "0.1", "0.1", "0.1", "0.5"] {
            server.bring(&spinach(server), reported, Stand::Approved);
        }
        let reviewer = server.who(Who::Reviewer);
        let own = format!("/alerts?plan={}", server.plan);
        let alerts = crate::until("an alert", || reviewer.get(&own).ok()["items"].clone(), |items| *items != json!([]));
        assert_eq!(alerts[0]["plan"], server.plan.to_string());
        let plans = reviewer.get("/plans").ok();
        let other = plans["items"].as_array().unwrap().iter().find(|plan| plan["current"] == false).unwrap();
        assert_eq!(reviewer.get(&format!("/alerts?plan={}", text(other, "id"))).ok()["items"], json!([]));
        // The shard is part of an id.
        let elsewhere = id(&alerts[0]).replacen("3300", "3301", 1);
        reviewer.alert(&elsewhere).refused(404, "not_found");
        assert_eq!(server.who(Who::CityReviewer).alert(id(&alerts[0])).status, 404, "the province's own");
    });
}

#[test]
fn what_an_administrator_gets_wrong_is_told_at_its_field() {
    on_each(|server| {
        let administrator = server.who(Who::Administrator);
        let rows = Rows::of(server);
        let mut user = json!({
            "login": "A B", "password": "short", "name": " ", "organisation_id": House::Sampling.id().to_string(),
            "region": "339999", "roles": ["tester"],
        });
        administrator.post("/users", &user).invalid(&[("/name", "required")]);
        user["name"] = json!("演".repeat(51));
        administrator.post("/users", &user).invalid(&[
            ("/login", "bad_login"),
            ("/password", "password_short"),
            ("/name", "bad_text"),
            ("/region", "region_unknown"),
            ("/roles", "role_not_for_organisation"),
        ]);
        user["organisation_id"] = json!("00000000-0000-7000-8000-000000000000");
        user["roles"] = json!(["king", "tester"]);
        administrator.post("/users", &user).invalid(&[("/roles/0", "unknown_word")]);
        for field in ["login", "password"] {
            user.as_object_mut().unwrap().remove(field);
        }
        user["roles"] = json!([]);
        let path = format!("/users/{}", Who::Administrator.id());
        administrator.put(&path, &json!({"revision": 1, "profile": user})).invalid(&[
            ("/profile/name", "bad_text"),
            ("/profile/region", "region_unknown"),
            ("/profile/organisation_id", "organisation_unknown"),
            ("/profile/roles", "required"),
        ]);
        administrator.put(&path, &json!({"revision": 1})).invalid(&[("/profile", "one_change")]);
        let target = json!({
            "stage": "farm", "version": 1, "min_n": 30, "planned_n": 100, "clause": "演示", "task_types": [],
            "sample_kinds": [],
        });
        administrator
            .post(&format!("/plans/{}/targets", server.plan), &target)
            .invalid(&[("/task_types", "required"), ("/sample_kinds", "required")]);
        let house = json!({"kind": "palace", "name": "演示", "region": "330100"});
        administrator.post("/organisations", &house).invalid(&[("/kind", "unknown_word")]);
        let house = json!({"kind": "laboratory", "name": "演".repeat(101), "region": "339999"});
        let wrong = [("/name", "bad_text"), ("/region", "region_unknown")];
        administrator.post("/organisations", &house).invalid(&wrong);
        rows.are_as_before("wrong people, targets and houses");
    });
}

#[test]
fn a_step_is_refused_for_what_it_lacks_or_has_too_much() {
    on_each(|server| {
        let [registered, sealed, entered] = [Stand::Registered, Stand::Sealed, Stand::Entered].map(|at| server.at(at));
        let [inspector, receiver, checker] = [Who::Inspector, Who::Receiver, Who::Checker].map(|who| server.who(who));
        let myself = Who::Inspector.id().to_string();
        let rows = Rows::of(server);
        let step = |sample: &Value, act: &str, mut body: Value| {
            body["revision"] = sample["revision"].clone();
            let client = match act {
                "custody" => &inspector,
                "receipt" => &receiver,
                _ => &checker,
            };
            client.post(&format!("/samples/{}/{act}", id(sample)), &body)
        };
        for (sample, act, body, problem) in [
            (&registered, "custody", json!({}), ("/kind", "required")),
            (&registered, "custody", json!({"kind": "lost"}), ("/kind", "unknown_word")),
            (&registered, "custody", json!({"kind": "sealed", "seals": ["F1"]}), ("/lab_id", "required")),
            (
                &registered,
                "custody",
                json!({"kind": "sealed", "lab_id": NOTHING, "seals": ["F1"]}),
                ("/lab_id", "bad_id"),
            ),
            (&sealed, "custody", json!({"kind": "handed_over"}), ("/to", "required")),
            (&sealed, "receipt", json!({"accepted": "yes"}), ("/accepted", "wrong_type")),
            (&sealed, "receipt", json!({"accepted": false}), ("/reason", "required")),
            (&sealed, "receipt", json!({"accepted": false, "reason": "ugly"}), ("/reason", "unknown_word")),
            (&sealed, "receipt", json!({"accepted": true, "reason": "late"}), ("/reason", "not_for_acceptance")),
            (&entered, "check", json!({"confirms": "lead"}), ("/confirms", "wrong_type")),
            (&entered, "check", json!({"leaves_out": [{"analyte": "lead"}]}), ("/leaves_out/0/reason", "required")),
            (&entered, "return", json!({}), ("/reason", "required")),
        ] {
            step(sample, act, body).invalid(&[problem]);
        }
        let laboratory = House::Laboratory.id().to_string();
        let no_seals = json!({"kind": "sealed", "lab_id": laboratory, "seals": []});
        step(&registered, "custody", no_seals).refused(422, "seals_missing");
        step(&sealed, "custody", json!({"kind": "handed_over", "to": myself})).refused(422, "same_person");
        let left_out = json!({"leaves_out": [{"analyte": "lead", "reason": "演示"}]});
        step(&entered, "check", left_out).refused(409, "item_misnamed");
        rows.are_as_before("incomplete steps");
    });
}

#[test]
fn an_unverified_criterion_is_accepted_once() {
    on_each(|server| {
        let administrator = server.who(Who::Administrator);
        let asked = "/criteria?food=33.01.01.01&analyte=phorate&on=2025-06-15";
        let accepted = || administrator.get(asked).ok()["items"][0]["accepted"].clone();
        assert_eq!(accepted(), json!(false));
        let accept = |row: &str, revision: i64| {
            administrator.post(&format!("/criteria/{row}/acceptance"), &json!({"revision": revision}))
        };
        accept("L009", 2).refused(409, "revision_conflict");
        assert_eq!((accepted(), accept("L009", 1).status, accepted()), (json!(false), 200, json!(true)));
        accept("L009", 2).refused(409, "revision_conflict");
        accept("L001", 1).refused(409, "revision_conflict");
    });
}

#[test]
fn of_people_who_are_given_one_login_at_once_one_is_made_and_the_others_are_told() {
    on_each(|server| {
        let administrator = server.who(Who::Administrator);
        let user = json!({
            "login": "twice", "password": "a-password-for-tests", "name": "演示", "region": "330100",
            "organisation_id": House::Sampling.id().to_string(), "roles": ["inspector"],
        });
        let mut answers = std::thread::scope(|scope| {
            let asked = [0; 6].map(|_| scope.spawn(|| administrator.post("/users", &user)));
            asked.map(|answer| answer.join().unwrap())
        });
        answers.sort_by_key(|answer| answer.status);
        assert_eq!(answers[0].status, 201, "{answers:#?}");
        answers[1..].iter().for_each(|answer| answer.invalid(&[("/login", "login_taken")]));
        let people = administrator.get("/users").ok();
        let named = people["items"].as_array().unwrap().iter().filter(|person| person["login"] == "twice");
        assert_eq!(named.count(), 1);
    });
}
