//! Forms that do not hold: every problem at once, each at its field with a stable code, and nothing written.

use crate::client::text;
use crate::forms::{Stand, id, spinach};
use crate::on_each;
use crate::people::{House, Who};
use crate::rows::Rows;
use hege_sampling::fields::FIELDS;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

#[test]
fn every_field_of_a_form_that_is_wrong_is_told_at_once() {
    on_each(|server| {
        let inspector = server.who(Who::Inspector);
        let rows = Rows::of(server);
        let mut form = json!({"other": 1, "a/b": 2});
        let mut expected = vec![
            ("/form/other".to_owned(), "unknown_field"),
            ("/form/a~1b".to_owned(), "unknown_field"),
            ("/items/0/analyte".to_owned(), "analyte_unknown"),
        ];
        for field in FIELDS {
            form[field.code] = json!(42);
            expected.push((format!("/form/{}", field.code), "wrong_type"));
        }
        let answer = inspector.register(&json!({"form": form, "items": [{"analyte": "nonsense"}]}));
        let expected: Vec<(&str, &str)> = expected.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
        answer.invalid(&expected);
        let body = json!({"form": [], "items": [{}, 3, {"analyte": 1, "risk": "no", "x": 0}], "y": 0});
        inspector.register(&body).invalid(&[
            ("/form", "wrong_type"),
            ("/items/0/analyte", "required"),
            ("/items/1", "wrong_type"),
            ("/items/2/analyte", "wrong_type"),
            ("/items/2/risk", "wrong_type"),
            ("/items/2/x", "unknown_field"),
            ("/y", "unknown_field"),
        ]);
        inspector.register(&json!({})).invalid(&[("/form", "required"), ("/items", "required")]);
        rows.are_as_before("wrong forms");
    });
}

#[test]
fn a_form_is_refused_for_each_thing_that_does_not_hold() {
    on_each(|server| {
        let (inspector, good) = (server.who(Who::Inspector), spinach(server));
        let from_now =
            |hours| json!(Timestamp::now().checked_add(SignedDuration::from_hours(hours)).unwrap().to_string());
        let one = json!([Who::Inspector.id().to_string()]);
        let twice = json!([Who::Inspector.id().to_string(), Who::Inspector.id().to_string()]);
        let elsewhere = json!(format!("3302-{}", uuid::Uuid::now_v7()));
        let cases: [(&str, Value, &str, &str); 27] = [
            ("sampled_at", json!("2999-01-01T00:00:00Z"), "/form/sampled_at", "in_the_future"),
            ("sampled_at", from_now(25), "/form/sampled_at", "in_the_future"),
            ("sampled_at", json!("yesterday"), "/form/sampled_at", "bad_instant"),
            ("sampled_at", json!("2025-06-15T10:00:00"), "/form/sampled_at", "bad_instant"),
            ("date", json!("1900-01-01"), "/form/date", "too_early"),
            ("date", json!("1999-12-31"), "/form/date", "too_early"),
            ("date", json!("2999-01-01"), "/form/date", "after_sampling"),
            ("date", json!("2025-02-30"), "/form/date", "bad_date"),
            ("date", json!("2025-6-15"), "/form/date", "bad_date"),
            ("sample_qty", json!("-1"), "/form/sample_qty", "out_of_range"),
            ("sample_qty", json!("0"), "/form/sample_qty", "out_of_range"),
            ("sample_qty", json!("0.5"), "/form/backup_qty", "backup_above_sample"),
            ("sample_qty", json!("1e999"), "/form/sample_qty", "bad_decimal"),
            ("sample_qty", json!("123456789012345678901234567890"), "/form/sample_qty", "bad_decimal"),
            ("samplers", one, "/form/samplers", "two_samplers_needed"),
            ("samplers", twice, "/form/samplers", "two_samplers_needed"),
            ("samplers", json!(["nobody", "else"]), "/form/samplers", "bad_id"),
            ("region", json!("330199"), "/form/region", "region_unknown"),
            ("region", json!("330103"), "/form/region", "region_abolished"),
            ("region", json!("330100"), "/form/region", "region_not_county"),
            ("id", elsewhere, "/form/id", "city_mismatch"),
            ("id", json!("3301"), "/form/id", "bad_id"),
            ("food_class", json!("99.99"), "/form/food_class", "food_class_unknown"),
            ("product_name", json!("菠\u{0}菜"), "/form/product_name", "bad_text"),
            ("product_name", json!("菜".repeat(201)), "/form/product_name", "bad_text"),
            ("exported", json!(true), "/form/exported", "export_lot"),
            ("sampling_org", json!(House::OtherSampling.id().to_string()), "/form/sampling_org", "other_organisation"),
        ];
        let rows = Rows::of(server);
        for (field, value, pointer, code) in cases {
            let mut registration = good.clone();
            registration["form"][field] = value;
            inspector.register(&registration).invalid(&[(pointer, code)]);
            rows.are_as_before(&format!("{field} {code}"));
        }
        for (field, value, code) in [
            ("items", json!([]), ("/items", "items_missing")),
            ("items", json!([{"analyte": "lead"}, {"analyte": "lead"}]), ("/items/1", "item_twice")),
            ("items", json!(vec![json!({"analyte": "lead"}); 501]), ("/items", "too_many")),
        ] {
            let mut registration = good.clone();
            registration[field] = value;
            inspector.register(&registration).invalid(&[code]);
            rows.are_as_before(code.1);
        }
    });
}

#[test]
fn a_clock_that_runs_ahead_is_doubted_up_to_a_day_and_what_is_good_is_registered() {
    on_each(|server| {
        let inspector = server.who(Who::Inspector);
        let mut registration = spinach(server);
        registration["form"]["sampled_at"] =
            json!(Timestamp::now().checked_add(SignedDuration::from_hours(23)).unwrap().to_string());
        let answer = inspector.register(&registration).ok();
        let warnings: Vec<(&str, &str)> = answer["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|warning| (text(warning, "pointer"), text(warning, "code")))
            .collect();
        assert!(warnings.contains(&("/form/sampled_at", "clock_skew")), "{warnings:?}");
        assert_eq!(inspector.register(&spinach(server)).ok()["warnings"], json!([]));
    });
}

#[test]
fn an_amendment_is_refused_at_the_fields_of_its_changes() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        let inspector = server.who(Who::Inspector);
        let rows = Rows::of(server);
        inspector.amend(&sample, &json!({"date": "1900-01-01", "colour": "green", "form_no": "X1"})).invalid(&[
            ("/changes/date", "too_early"),
            ("/changes/colour", "unknown_field"),
            ("/changes/form_no", "not_amendable"),
        ]);
        let path = format!("/samples/{}/amendments", id(&sample));
        let body = json!({"revision": sample["revision"], "changes": {"product_name": "青菜"}, "reason": " "});
        inspector.post(&path, &body).invalid(&[("/reason", "required")]);
        inspector.amend(&sample, &json!({})).invalid(&[("", "nothing_changed")]);
        let nobody = json!({"task_source": "00000000-0000-7000-8000-000000000000", "deploying_org": "x"});
        let unknown =
            [("/changes/task_source", "organisation_unknown"), ("/changes/deploying_org", "organisation_unknown")];
        inspector.amend(&sample, &nobody).invalid(&unknown);
        rows.are_as_before("wrong amendments");
    });
}

#[test]
fn the_idempotency_key_is_the_uuid_of_the_sample_or_is_refused() {
    on_each(|server| {
        let registration = spinach(server);
        let (_, uuid) = text(&registration["form"], "id").split_once('-').unwrap();
        let inspector = || server.who(Who::Inspector);
        drop(inspector());
        let rows = Rows::of(server);
        for key in ["", "x", text(&registration["form"], "id"), "00000000-0000-7000-8000-000000000000"] {
            inspector().with_key(key).register(&registration).invalid(&[("Idempotency-Key", "key_differs")]);
        }
        rows.are_as_before("another key");
        let first = inspector().with_key(uuid).register(&registration);
        assert_eq!((first.status, inspector().with_key(uuid).register(&registration)), (201, first.clone()));
        assert_eq!(inspector().register(&registration), first);
    });
}

#[test]
fn of_the_same_registration_sent_at_once_one_is_written_and_all_are_answered_alike() {
    on_each(|server| {
        let (registration, inspector) = (spinach(server), server.who(Who::Inspector));
        let answers = std::thread::scope(|scope| {
            let asked = [0; 4].map(|_| scope.spawn(|| inspector.register(&registration)));
            asked.map(|answer| answer.join().unwrap())
        });
        assert!(answers.iter().all(|answer| answer.status == 201 && *answer == answers[0]), "{answers:#?}");
        assert_eq!(server.farm(), (0, 0, 1));
    });
}

#[test]
fn of_two_registrations_under_one_id_at_once_one_is_written_and_the_other_is_a_conflict() {
    on_each(|server| {
        let (one, inspector) = (spinach(server), server.who(Who::Inspector));
        let mut other = one.clone();
        other["form"]["product_name"] = json!("青菜");
        let mut statuses = std::thread::scope(|scope| {
            let asked = [&one, &other].map(|body| {
                let inspector = &inspector;
                scope.spawn(move || inspector.register(body))
            });
            asked.map(|answer| answer.join().unwrap().status)
        });
        statuses.sort_unstable();
        assert_eq!((statuses, server.farm()), ([201, 409], (0, 0, 1)));
    });
}

#[test]
fn the_same_registration_with_another_personal_field_is_another_one() {
    on_each(|server| {
        let (mut registration, inspector) = (spinach(server), server.who(Who::Inspector));
        registration["form"]["stall"] = json!("12 号摊");
        let first = inspector.register(&registration);
        assert_eq!((first.status, inspector.register(&registration)), (201, first));
        let rows = Rows::of(server);
        registration["form"]["stall"] = json!("13 号摊");
        inspector.register(&registration).refused(409, "idempotency_conflict");
        registration["form"].as_object_mut().unwrap().remove("stall");
        inspector.register(&registration).refused(409, "idempotency_conflict");
        rows.are_as_before("another personal field");
    });
}

#[test]
fn the_same_registration_is_answered_as_the_first_time_whatever_has_changed_since() {
    on_each(|server| {
        let (registration, inspector) = (spinach(server), server.who(Who::Inspector));
        let first = inspector.register(&registration);
        let sample = inspector.amend(&first.clone().ok()["sample"], &json!({"product_name": "青菜"})).ok();
        inspector.seal(&sample["sample"], &House::Laboratory.id().to_string()).ok();
        server.store.execute("UPDATE person SET active = (1 = 0) WHERE login = 'colleague'").unwrap();
        let rows = Rows::of(server);
        assert_eq!(inspector.register(&registration), first);
        inspector.register(&spinach(server)).invalid(&[("/form/samplers/1", "sampler_unknown")]);
        rows.are_as_before("the same again");
    });
}

#[test]
fn what_lies_outside_of_ones_stages_is_not_registered() {
    on_each(|server| {
        let (registration, inspector) = (spinach(server), server.who(Who::StageInspector));
        let rows = Rows::of(server);
        inspector.register(&registration).invalid(&[("/form/stage", "outside_scope")]);
        rows.are_as_before("another stage");
    });
}

#[test]
fn a_sample_is_not_amended_out_of_ones_region() {
    on_each(|server| {
        let (sample, county) = (server.at(Stand::Registered), server.who(Who::CountyInspector));
        let elsewhere = json!({"region": "330105"});
        county.amend(&sample, &elsewhere).invalid(&[("/changes/region", "outside_scope")]);
        server.who(Who::Inspector).amend(&sample, &elsewhere).ok();
    });
}
