//! A sample from the field to the commission's alert, and the record of it.

use crate::client::text;
use crate::forms::{CONFORMING, NONCONFORMING, Stand, id, lead, spinach};
use crate::people::{House, Who};
use crate::rows::Rows;
use crate::server::{MIN_N, Server};
use crate::{on_each, until};
use hege_app::verify;
use serde_json::{Value, json};
use std::time::Duration;

/// Everything that is not as the record says, in words.
fn findings(server: &Server) -> Vec<String> {
    let cities = verify::cities(&server.store).unwrap();
    assert!(cities.len() >= 2, "the province's own and Hangzhou: {cities:?}");
    let found = cities.into_iter().flat_map(|city| verify::city(&server.store, city).unwrap());
    found.map(|finding| format!("{finding:?}")).collect()
}

/// The plan's alerts.
fn below_target(server: &Server) -> Vec<Value> {
    let alerts = server.who(Who::Reviewer).alerts().ok();
    let items = alerts["items"].as_array().unwrap().iter();
    items.filter(|alert| alert["rule"] == "below_target").cloned().collect()
}

#[test]
fn a_sample_goes_through_all_hands_and_moves_its_stage_by_exactly_itself_at_once() {
    on_each(|server| {
        assert_eq!(server.farm(), (0, 0, 0));
        let sample = server.at(Stand::Registered);
        assert_eq!((text(&sample, "status"), server.farm()), ("registered", (0, 0, 1)));
        let laboratory = House::Laboratory.id().to_string();
        let sample = server.who(Who::Inspector).seal(&sample, &laboratory).ok();
        assert_eq!(text(&sample, "status"), "sealed");
        let sample = server.who(Who::Receiver).receive(&sample).ok();
        assert_eq!(text(&sample, "status"), "received");
        let sample = server.who(Who::Tester).enter(&sample, &lead(NONCONFORMING)).ok();
        assert_eq!((text(&sample, "status"), text(&sample["items"][0], "verdict")), ("entered", "nonconforming"));
        let sample = server.who(Who::Checker).check(&sample, &["lead"]).ok();
        assert_eq!((text(&sample, "status"), server.farm()), ("checked", (0, 0, 1)));
        let sample = server.who(Who::Approver).approve(&sample).ok();
        assert_eq!((text(&sample, "status"), text(&sample, "standing")), ("approved", "nonconforming"));
        assert_eq!(server.farm(), (0, 1, 0));
        server.at(Stand::Approved);
        assert_eq!(server.farm(), (1, 2, 0));
        let seen = server.who(Who::Inspector).sample(id(&sample)).ok();
        let kinds: Vec<&str> = seen["custody"].as_array().unwrap().iter().map(|step| text(step, "kind")).collect();
        assert_eq!(kinds, ["registered", "sealed", "received", "entered", "checked", "approved"]);
        assert_eq!(seen["items"][0]["reported"], NONCONFORMING);
        assert_eq!(seen["conclusions"][0]["standing"], "nonconforming");
    });
}

#[test]
fn a_result_is_judged_by_the_edition_in_force_on_its_deciding_date() {
    on_each(|server| {
        let mut registration = spinach(server);
        registration["form"]["food_class"] = json!("33.01.03.01");
        registration["form"]["date"] = json!("2025-06-15");
        registration["form"]["sampled_at"] = json!("2025-06-15T02:00:00Z");
        registration["items"] = json!([{"analyte": "procymidone"}]);
        let laboratory = House::Laboratory.id().to_string();
        let sample = server.who(Who::Inspector).register(&registration).ok()["sample"].clone();
        let sample = server.who(Who::Inspector).seal(&sample, &laboratory).ok();
        let sample = server.who(Who::Receiver).receive(&sample).ok();
        let result = |reported: &str| json!([{"analyte": "procymidone", "reported": reported, "unit": "mg/kg"}]);
        let sample = server.who(Who::Tester).enter(&sample, &result("5.0")).ok();
        let item = &sample["items"][0];
        assert_eq!((text(item, "verdict"), text(item, "criterion_id")), ("conforming", "L018"), "{item:#}");
        let sample = server.who(Who::Tester).enter(&sample, &result("5.01")).ok();
        assert_eq!(sample["items"][0]["verdict"], "nonconforming");
        let sample = server.who(Who::Tester).enter(&sample, &result("5,01")).ok();
        assert_eq!(sample["items"][0]["verdict"], "not_judgeable", "what cannot be read is not judged by guess");
        let refused = server.who(Who::Checker).check(&sample, &[]);
        refused.refused(409, "not_concluded");
        assert_eq!(refused.body["errors"][0]["pointer"], "/items/procymidone", "the checker is told where to look");
    });
}

#[test]
fn who_sampled_entered_or_checked_it_does_not_do_the_next_part() {
    on_each(|server| {
        let mut registration = spinach(server);
        server.who(Who::Checker);
        registration["form"]["samplers"] = json!([Who::Inspector.id().to_string(), Who::Checker.id().to_string()]);
        let sample = server.bring(&registration, CONFORMING, Stand::Entered);
        server.who(Who::Checker).check(&sample, &["lead"]).refused(403, "sampled_it");
        let sample = server.at(Stand::Received);
        let sample = server.who(Who::Jack).enter(&sample, &lead(CONFORMING)).ok();
        server.who(Who::Jack).check(&sample, &["lead"]).refused(403, "entered_it");
        let sample = server.who(Who::Checker).check(&sample, &["lead"]).ok();
        server.who(Who::Jack).approve(&sample).refused(403, "entered_it");
        let sample = server.at(Stand::Entered);
        let sample = server.who(Who::Jack).check(&sample, &["lead"]).ok();
        server.who(Who::Jack).approve(&sample).refused(403, "checked_it");
        assert_eq!(server.farm(), (0, 0, 3), "nothing that was denied has changed anything");
    });
}

#[test]
fn a_failing_stage_is_told_once_then_escalated_and_acknowledged_once() {
    on_each(|server| {
        let approved = |reported| server.bring(&spinach(server), reported, Stand::Approved);
        for _ in 1..MIN_N {
            approved(CONFORMING);
        }
        approved(NONCONFORMING);
        let told = |alerts: &Vec<Value>| !alerts.is_empty();
        let notice = until("the notice", || below_target(server), told);
        assert_eq!((notice.len(), text(&notice[0], "grade"), text(&notice[0], "status")), (1, "notice", "open"));
        // 4 of 10 against 96 %: one in a thousand would be enough.
        for _ in 0..5 {
            approved(NONCONFORMING);
        }
        let graver = |alerts: &Vec<Value>| alerts.iter().any(|alert| alert["grade"] == "significant");
        let alerts = until("significance", || below_target(server), graver);
        assert_eq!((alerts.len(), id(&alerts[0])), (1, id(&notice[0])), "the same alert");
        let reviewer = server.who(Who::Reviewer);
        let alert = reviewer.alert(id(&alerts[0])).ok();
        let kinds: Vec<&str> = alert["events"].as_array().unwrap().iter().map(|event| text(event, "kind")).collect();
        assert_eq!(kinds, ["raised", "escalated"]);
        assert_eq!((&alert["evidence"]["k"], &alert["evidence"]["n"]), (&json!(4), &json!(10)));
        let acknowledged = reviewer.act(&alert, "acknowledge").ok();
        assert_eq!(text(&acknowledged, "status"), "acknowledged");
        assert_eq!(text(&acknowledged, "acknowledged_by"), Who::Reviewer.id().to_string());
        reviewer.act(&alert, "acknowledge").refused(409, "revision_conflict");
        reviewer.act(&acknowledged, "acknowledge").refused(409, "revision_conflict");
        server.stop_working();
        assert_eq!(findings(server), Vec::<String>::new());
    });
}

#[test]
fn the_same_registration_again_changes_nothing_and_another_under_its_id_is_a_conflict() {
    on_each(|server| {
        let registration = spinach(server);
        let first = server.who(Who::Inspector).register(&registration);
        let colleague = server.who(Who::Colleague);
        let rows = Rows::of(server);
        assert_eq!(server.who(Who::Inspector).register(&registration), first);
        colleague.register(&registration).refused(409, "idempotency_conflict");
        let mut other = registration.clone();
        other["form"]["product_name"] = json!("青菜");
        server.who(Who::Inspector).register(&other).refused(409, "idempotency_conflict");
        other["form"]["id"] = spinach(server)["form"]["id"].clone();
        server.who(Who::Inspector).register(&other).invalid(&[("/form/form_no", "form_no_taken")]);
        rows.are_as_before("replays and conflicts");
        assert_eq!(server.farm(), (0, 0, 1));
    });
}

#[test]
fn of_two_approvals_at_once_one_is_told_and_the_sample_counts_once() {
    on_each(|server| {
        let sample = server.at(Stand::Checked);
        let approvers = [server.who(Who::Approver), server.who(Who::OtherApprover)];
        let mut statuses = std::thread::scope(|scope| {
            let asked = approvers.each_ref().map(|approver| scope.spawn(|| approver.approve(&sample)));
            asked.map(|answer| answer.join().unwrap().status)
        });
        statuses.sort_unstable();
        assert_eq!((statuses, server.farm()), ([200, 409], (1, 1, 0)));
    });
}

#[test]
fn a_row_that_was_bent_is_named() {
    on_each(|server| {
        let sample = server.at(Stand::Approved);
        let (_, uuid) = id(&sample).split_once('-').unwrap();
        server.stop_working();
        hege_app::worker::seal(&server.store, jiff::Timestamp::now()).unwrap();
        assert_eq!(findings(server), Vec::<String>::new());
        let bends = [
            ("item", "UPDATE item SET reported = '0.30'", "UPDATE item SET reported = '0.3'"),
            (
                "conclusion",
                "UPDATE conclusion SET standing = 'nonconforming'",
                "UPDATE conclusion SET standing = 'conforming'",
            ),
            ("sample", "UPDATE sample SET product_name = '芹菜'", "UPDATE sample SET product_name = '菠菜'"),
        ];
        for (table, bend, back) in bends {
            server.store.execute(bend).unwrap();
            let found = findings(server);
            assert!(
                matches!(found.as_slice(), [one] if one.starts_with("Altered") && one.contains(table) && one.contains(uuid)),
                "{table}: {found:?}"
            );
            server.store.execute(back).unwrap();
            assert_eq!(findings(server), Vec::<String>::new(), "{table}");
        }
        server.store.execute("UPDATE rate_cell SET conforming = conforming + 1").unwrap();
        let found = findings(server);
        assert!(matches!(found.as_slice(), [one] if one.starts_with("Cell") && one.contains("farm")), "{found:?}");
        server.store.execute("UPDATE rate_cell SET conforming = conforming - 1").unwrap();
        server.store.execute("UPDATE audit SET detail = '{\"agrees\":[\"lead\"]}' WHERE action = 'approved'").unwrap();
        let found = findings(server);
        assert!(matches!(found.as_slice(), [one] if one.starts_with("Audit")), "{found:?}");
    });
}

#[test]
fn the_stream_gives_a_resync_first_and_then_a_hint_of_what_changed() {
    on_each(|server| {
        let lines = server.who(Who::Reviewer).events();
        let next =
            || lines.recv_timeout(Duration::from_secs(10)).unwrap_or_else(|error| panic!("{}: {error}", server.name));
        assert_eq!([next(), next()], ["event: resync", "data: {}"]);
        server.at(Stand::Registered);
        assert_eq!(next(), "event: hint");
        let hint: Value = serde_json::from_str(next().strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!((text(&hint, "topic"), text(&hint, "city")), ("sample", "3301"));
        assert!(text(&hint, "at").parse::<jiff::Timestamp>().is_ok());
        assert_eq!(hint.as_object().unwrap().len(), 3, "a hint and nothing of what changed");
    });
}

#[test]
fn the_stream_tells_of_ones_own_region_and_of_what_is_the_provinces() {
    on_each(|server| {
        let administrator = server.who(Who::Administrator);
        let lines = server.who(Who::CityReviewer).events();
        let next =
            || lines.recv_timeout(Duration::from_secs(10)).unwrap_or_else(|error| panic!("{}: {error}", server.name));
        assert_eq!([next(), next()], ["event: resync", "data: {}"]);
        server.at(Stand::Registered);
        let target = json!({
            "stage": "farm", "version": 1, "target_bp": 9000, "min_n": 30, "planned_n": 100, "clause": "演示",
            "task_types": ["routine_monitoring"], "sample_kinds": ["primary_produce"],
        });
        administrator.post(&format!("/plans/{}/targets", server.plan), &target).ok();
        assert_eq!(next(), "event: hint");
        let hint: Value = serde_json::from_str(next().strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!((text(&hint, "topic"), text(&hint, "city")), ("plan", "3300"), "and nothing of Hangzhou's sample");
    });
}
