//! What a person does not see is not there for them: other organisations, laboratories, cities, stages, names.

use crate::client::text;
use crate::forms::{PRODUCER, SELLER, Stand, id, lead, spinach};
use crate::on_both;
use crate::people::{House, PASSWORD, Who};
use serde_json::json;

#[test]
fn a_sample_of_another_organisation_laboratory_city_or_stage_is_not_there() {
    on_both(|server| {
        let sample = server.at(Stand::Received);
        let excluded =
            [Who::OtherInspector, Who::OtherTester, Who::CityReviewer, Who::StageReviewer, Who::StageInspector];
        for who in excluded {
            let client = server.who(who);
            client.sample(id(&sample)).refused(404, "not_found");
            for query in ["", "stage=farm", "region=330106", "form_no=NCP", "status=received&limit=1"] {
                let seen = client.samples(query).ok();
                assert_eq!((&seen["items"], &seen["next_cursor"]), (&json!([]), &json!(null)), "{who:?} {query}");
            }
        }
        for who in [Who::Inspector, Who::Colleague, Who::Receiver, Who::Reviewer, Who::Publisher, Who::Auditor] {
            assert_eq!(server.who(who).sample(id(&sample)).status, 200, "{who:?}");
            assert_eq!(server.who(who).samples("").ok()["items"][0]["id"], sample["id"], "{who:?}");
        }
    });
}

#[test]
fn what_is_not_there_for_a_person_cannot_be_changed_by_them() {
    on_both(|server| {
        let sample = server.at(Stand::Registered);
        let laboratory = House::Laboratory.id().to_string();
        server.who(Who::OtherInspector).seal(&sample, &laboratory).refused(404, "not_found");
        server.who(Who::OtherInspector).amend(&sample, &json!({"product_name": "青菜"})).refused(404, "not_found");
        server.who(Who::OtherInspector).void(&sample, false).refused(404, "not_found");
        server.who(Who::StageInspector).seal(&sample, &laboratory).refused(404, "not_found");
        let sample = server.who(Who::Inspector).seal(&sample, &laboratory).ok();
        let sample = server.who(Who::Receiver).receive(&sample).ok();
        server.who(Who::OtherTester).enter(&sample, &lead("0.1")).refused(404, "not_found");
        let now = server.who(Who::Inspector).sample(id(&sample)).ok();
        assert_eq!((&now["revision"], text(&now, "status")), (&sample["revision"], "received"));
    });
}

#[test]
fn rates_and_alerts_end_at_a_persons_region_and_stage() {
    on_both(|server| {
        server.at(Stand::Approved);
        assert_eq!(server.farm(), (1, 1, 0));
        let city = server.who(Who::CityReviewer);
        let rates = city.rates("stage=farm").ok();
        assert_eq!(rates["items"][0]["n"], 0, "the samples are of another city");
        city.rates("region=330100").refused(404, "not_found");
        city.rates("region=330000").refused(404, "not_found");
        let stages = server.who(Who::StageReviewer).rates("").ok();
        let seen: Vec<&str> = stages["items"].as_array().unwrap().iter().map(|rate| text(rate, "stage")).collect();
        assert_eq!(seen, ["production"]);
    });
}

#[test]
fn a_laboratory_is_told_neither_seller_nor_producer() {
    on_both(|server| {
        let mut registration = spinach(server);
        registration["form"]["address"] = json!("演示地址");
        registration["form"]["third_party"] = json!("演示第三方");
        registration["form"]["third_party_kind"] = json!("agent");
        let names = [SELLER, PRODUCER, "演示地址", "演示第三方"];
        let sample = server.who(Who::Inspector).register(&registration).ok()["sample"].clone();
        let amended = server.who(Who::Inspector).amend(&sample, &json!({"sampled_unit": format!("{SELLER}二")})).ok();
        let sample = server.who(Who::Inspector).seal(&amended["sample"], &House::Laboratory.id().to_string()).ok();
        let told = server.who(Who::Inspector).sample(id(&sample)).ok().to_string();
        assert!(names.iter().all(|name| told.contains(name)), "the inspector sees them all: {told}");
        let sample = server.who(Who::Receiver).receive(&sample).ok();
        let entered = server.who(Who::Tester).enter(&sample, &lead("0.1")).ok();
        let checked = server.who(Who::Checker).check(&entered, &["lead"]).ok();
        let approved = server.who(Who::Approver).approve(&checked).ok();
        let mut answers = vec![sample, entered, checked, approved];
        for who in [Who::Receiver, Who::Tester, Who::Checker, Who::Approver, Who::Jack] {
            answers.push(server.who(who).sample(answers[0]["id"].as_str().unwrap()).ok());
            answers.push(server.who(who).samples("").ok());
        }
        for answer in answers.iter().map(ToString::to_string) {
            let found: Vec<_> = names.iter().filter(|name| answer.contains(**name)).collect();
            assert!(found.is_empty(), "{found:?} in {answer}");
        }
    });
}

#[test]
fn an_administrator_of_a_city_reaches_nobody_and_nothing_beyond_it() {
    on_both(|server| {
        let city = server.who(Who::CityAdministrator);
        server.hire(Who::CityReviewer);
        server.hire(Who::Reviewer);
        let list = city.get("/users").ok();
        let seen: Vec<&str> = list["items"].as_array().unwrap().iter().map(|user| text(user, "login")).collect();
        assert_eq!(seen, ["cityadministrator", "cityreviewer"]);
        let profile = |region: &str| {
            json!({"name": "演示", "organisation_id": House::Commission.id().to_string(), "region": region,
                "roles": ["reviewer"]})
        };
        for (region, status) in [("330000", 403), ("330100", 403), ("330203", 201)] {
            let mut asked = profile(region);
            asked["login"] = json!(format!("new{region}"));
            asked["password"] = json!(PASSWORD);
            assert_eq!(city.post("/users", &asked).status, status, "{region}");
        }
        let path = |who: Who| format!("/users/{}", who.id());
        let reset = json!({"revision": 1, "password": "another-password"});
        city.put(&path(Who::Reviewer), &reset).refused(403, "outside_scope");
        let further = json!({"revision": 1, "profile": profile("330000")});
        city.put(&path(Who::CityReviewer), &further).refused(403, "outside_scope");
        city.put(&path(Who::CityReviewer), &reset).ok();
        let founded = json!({"kind": "laboratory", "name": "演示二", "region": "330200"});
        city.post("/organisations", &founded).refused(403, "outside_scope");
        city.post(&format!("/plans/{}/targets", server.plan), &json!({})).refused(403, "outside_scope");
        city.post("/criteria/L009/acceptance", &json!({})).refused(403, "outside_scope");
    });
}

#[test]
fn the_last_administrator_of_the_province_stays_one() {
    on_both(|server| {
        let administrator = server.who(Who::Administrator);
        let path = format!("/users/{}", Who::Administrator.id());
        let own = json!({"name": "演示", "organisation_id": House::Commission.id().to_string(), "region": "330100",
            "roles": ["administrator"]});
        administrator
            .put(&path, &json!({"revision": 1, "active": false}))
            .invalid(&[("/active", "last_administrator")]);
        let further = json!({"revision": 1, "profile": own});
        administrator.put(&path, &further).invalid(&[("/profile/roles", "last_administrator")]);
        let second = json!({"login": "second", "password": PASSWORD, "name": "演示", "region": "330000",
            "organisation_id": House::Commission.id().to_string(), "roles": ["administrator"]});
        assert_eq!(administrator.post("/users", &second).status, 201);
        administrator.put(&path, &further).ok();
    });
}

#[test]
fn pages_of_a_list_hold_every_sample_once() {
    on_both(|server| {
        let mut registered: Vec<String> = (0..5).map(|_| id(&server.at(Stand::Registered)).to_owned()).collect();
        let inspector = server.who(Who::Inspector);
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for _ in 0..3 {
            let page = inspector.samples(&format!("limit=2{cursor}")).ok();
            seen.extend(page["items"].as_array().unwrap().iter().map(|sample| id(sample).to_owned()));
            cursor = page["next_cursor"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
        }
        assert_eq!(cursor, "", "the last page says so");
        // The newest sampling comes first.
        registered.reverse();
        assert_eq!(seen, registered);
    });
}
