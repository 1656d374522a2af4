//! Custody as evidence: what is said at its steps, where it is wanting, and when a backup may end.

use crate::attachments;
use crate::client::{Answer, text};
use crate::forms::{CONFORMING, NONCONFORMING, Stand, id, spinach};
use crate::on_each;
use crate::people::{House, Who};
use crate::server::Server;
use hege_app::samples::step;
use hege_app::{Call, Error, PROVINCE, Scope, verify};
use hege_core::date::china_date;
use hege_core::{OrganisationId, Role};
use hege_sampling::custody::{Ending, Portion};
use hege_sampling::life_cycle::{Action, Actor, Denial};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A step of a sample's custody by somebody who has seen it as it is.
fn act(server: &Server, who: Who, (sample, path): (&str, &str), mut body: Value) -> Answer {
    body["revision"] = server.who(Who::Reviewer).sample(sample).ok()["revision"].clone();
    server.who(who).post(&format!("/samples/{sample}/{path}"), &body)
}

fn seen(server: &Server, sample: &str) -> Value {
    server.who(Who::Reviewer).sample(sample).ok()
}

fn codes<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|entry| text(entry, field)).collect()
}

fn sealed() -> Value {
    json!({"kind": "sealed", "lab_id": House::Laboratory.id().to_string(), "seals": ["F1", "F2"], "backup_seals": ["F2"],
        "temperature_c": "-18.5", "condition": "intact"})
}

#[test]
fn a_custody_from_hand_to_hand_has_no_gap_and_keeps_what_was_said() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        let sample = id(&sample);
        act(server, Who::Inspector, (sample, "custody"), sealed()).ok();
        let dispatched = json!({"kind": "dispatched", "carrier": "演示冷链", "waybill": "YD-1"});
        act(server, Who::Inspector, (sample, "custody"), dispatched).ok();
        let received =
            json!({"accepted": true, "by_carrier": true, "seals_found": ["F1", "F2"], "temperature_c": "-17"});
        act(server, Who::Receiver, (sample, "receipt"), received).ok();
        act(server, Who::Receiver, (sample, "custody"), json!({"kind": "stored", "place": "3 号冷库"})).ok();
        act(server, Who::Tester, (sample, "custody"), json!({"kind": "opened", "portion": "test"}))
            .refused(403, "role_missing");
        act(server, Who::Receiver, (sample, "custody"), json!({"kind": "opened", "portion": "test"})).ok();
        let seen = seen(server, sample);
        assert_eq!(seen["custody_gaps"], json!([]));
        let steps = codes(&seen["custody"], "kind");
        assert_eq!(steps, ["registered", "sealed", "dispatched", "received", "stored", "opened"]);
        assert_eq!(seen["custody"][1]["detail"]["temperature_c"], "-18.5");
        assert_eq!(seen["custody"][1]["detail"]["backup_seals"], json!(["F2"]));
        assert_eq!(seen["custody"][3]["detail"]["by_carrier"], true);
        assert_eq!(verify::city(&server.store, 3301).unwrap(), []);
    });
}

#[test]
fn nobody_who_says_who_held_it_leaves_a_gap_that_is_named() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        let sample = id(&sample);
        act(server, Who::Inspector, (sample, "custody"), sealed()).ok();
        let received = json!({"accepted": true, "seals_found": ["F1", "F3"]});
        act(server, Who::Receiver, (sample, "receipt"), received).ok();
        let seen = seen(server, sample);
        assert_eq!(codes(&seen["custody_gaps"], "kind"), ["holder_unknown", "seals_differ"]);
        let gap = &seen["custody_gaps"][0];
        assert_eq!(
            (text(gap, "last_holder"), text(gap, "next_person_id")),
            ("samplers", &*Who::Receiver.id().to_string())
        );
        assert_eq!(gap["until"], seen["custody"][2]["at"]);
    });
}

#[test]
fn a_laboratory_is_not_told_where_a_sample_was_sealed() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        let mut step = sealed();
        step["place"] = json!("演示市场 12 号摊");
        act(server, Who::Inspector, (id(&sample), "custody"), step).ok();
        act(server, Who::Receiver, (id(&sample), "receipt"), json!({"accepted": true})).ok();
        let told = |who: Who| server.who(who).sample(id(&sample)).ok()["custody"].to_string().contains("演示市场");
        assert_eq!([Who::Inspector, Who::Reviewer, Who::Receiver, Who::Tester].map(told), [true, true, false, false]);
    });
}

#[test]
fn what_is_wrong_at_a_step_is_told_at_once_each_at_its_field() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        let sample = id(&sample);
        let mut bad = sealed();
        bad["backup_seals"] = json!(["F9"]);
        bad["temperature_c"] = json!("900");
        bad["happened_at"] = json!("2020-01-01T00:00:00Z");
        act(server, Who::Inspector, (sample, "custody"), bad).invalid(&[
            ("/temperature_c", "out_of_range"),
            ("/happened_at", "before_sampling"),
            ("/backup_seals", "seal_unknown"),
        ]);
        let bare = json!({"kind": "dispatched", "condition": "fine"});
        act(server, Who::Inspector, (sample, "custody"), bare).invalid(&[
            ("/carrier", "required"),
            ("/waybill", "required"),
            ("/condition", "unknown_word"),
        ]);
        let bare = json!({"kind": "destroyed"});
        act(server, Who::Receiver, (sample, "custody"), bare).refused(422, "invalid");
    });
}

/// The receiver of the laboratory, so many days from now.
fn receiver(days: i64) -> Call {
    Call {
        actor: Actor { user: Who::Receiver.id(), roles: [Role::Receiver].into() },
        organisation: OrganisationId(House::Laboratory.id()),
        scope: Scope { region: PROVINCE, stages: BTreeSet::new() },
        at: Timestamp::now() + SignedDuration::from_hours(24 * days),
        audit_id: Uuid::now_v7(),
    }
}

fn destroy(portion: &str) -> Value {
    json!({"kind": "destroyed", "portion": portion, "ending": "discarded", "witness": Who::Checker.id().to_string()})
}

#[test]
fn a_backup_is_destroyed_when_its_time_is_over_and_nothing_is_open_and_not_before() {
    on_each(|server| {
        let sample = server.bring(&spinach(server), CONFORMING, Stand::Approved);
        let key = id(&sample).parse().unwrap();
        let ask = |body: Value| act(server, Who::Receiver, (id(&sample), "custody"), body);
        ask(destroy("backup")).refused(409, "retention_running");
        ask(destroy("test")).ok();
        ask(destroy("test")).refused(409, "portion_gone");
        let mut own = destroy("backup");
        own["witness"] = json!(Who::Receiver.id().to_string());
        ask(own).refused(422, "witness_same");
        let revision = seen(server, id(&sample))["revision"].as_i64().unwrap();
        let end = Action::Destroy { portion: Portion::Backup, ending: Ending::Discarded, witness: Who::Checker.id() };
        let on = |days: i64| step(&server.store, &receiver(days), key, (revision, &end));
        assert!(matches!(on(88), Err(Error::Denied(Denial::RetentionRunning))));
        assert_eq!(on(93).unwrap().revision, revision + 1);
        let failing = server.bring(&spinach(server), NONCONFORMING, Stand::Approved);
        act(server, Who::Receiver, (id(&failing), "custody"), destroy("backup")).refused(409, "retention_running");
        crate::reinspection::applied(server, id(&failing), "lead");
        act(server, Who::Receiver, (id(&failing), "custody"), destroy("backup")).refused(409, "retention_held");
        assert_eq!(verify::city(&server.store, 3301).unwrap(), []);
    });
}

#[test]
fn what_proof_is_wanting_is_told_until_it_is_there() {
    on_each(|server| {
        let mut refused = spinach(server);
        refused["form"]["unit_signature"] = json!("refused");
        let registered = server.who(Who::Inspector).register(&refused).ok();
        assert_eq!(codes(&registered["warnings"], "code"), ["recording_needed"]);
        let sample = text(&registered["sample"], "id");
        let wanting = || seen(server, sample)["wanting"].clone();
        assert_eq!(codes(&wanting(), "code"), ["sampler_signatures", "refusal_recording", "seal_photo"]);
        attachments::signature(server, sample, 1);
        assert!(codes(&wanting(), "code").contains(&"sampler_signatures"), "one of two");
        attachments::signature(server, sample, 2);
        assert_eq!(codes(&wanting(), "code"), ["refusal_recording", "seal_photo"]);
    });
}

/// Bread of a store of finished goods.
fn bread(server: &Server) -> Value {
    let mut registration = spinach(server);
    let mut form = Value::Object(hege_app::fields::object_of(&hege_sampling::examples::packaged()));
    for code in ["id", "samplers", "task_source", "deploying_org", "sampled_at", "date"] {
        form[code] = registration["form"][code].clone();
    }
    let year = china_date(Timestamp::now()).year() % 100;
    form["form_no"] = json!(format!("JD{year:02}330106{:06}", server.serial()));
    registration["form"] = form;
    registration
}

#[test]
fn a_batch_is_sampled_once_of_one_seller_unless_what_was_found_asks_for_it_again() {
    on_each(|server| {
        let inspector = server.who(Who::Inspector);
        let first = inspector.register(&bread(server)).ok();
        inspector.register(&bread(server)).invalid(&[("/form/batch_no", "batch_sampled")]);
        let changed = |code: &str, value: &str| {
            let mut other = bread(server);
            other["form"][code] = json!(value);
            other
        };
        inspector.register(&changed("batch_no", "20250602")).ok();
        inspector.register(&changed("sampled_unit", "演示另一食品厂")).ok();
        let mut again = changed("task_type", "follow_up");
        again["form"]["form_no"] = json!(format!("DC1913040000{:04}", server.serial()));
        let again = inspector.register(&again).ok();
        for standing in [first, again] {
            inspector.register(&bread(server)).invalid(&[("/form/batch_no", "batch_sampled")]);
            inspector.void(&standing["sample"], false).ok();
        }
        inspector.register(&bread(server)).ok();
    });
}
