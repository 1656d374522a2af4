//! 异议: recorded, refused or answered, what an upheld one moves, and what the named producer said.

use crate::client::{Answer, text};
use crate::disposals::{failing, opened, step};
use crate::forms::{CONFORMING, NONCONFORMING, Stand, id, spinach};
use crate::people::{House, Who};
use crate::reinspection::{act, below_target, clock, reviewed, service};
use crate::rows::Rows;
use crate::server::{MIN_N, Server};
use crate::{on_each, until};
use hege_app::verify;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

/// An objection that comes now.
pub(crate) fn objection(subject: &str, objector: &str) -> Value {
    json!({"subject": subject, "objector": objector, "raised_at": Timestamp::now().to_string(), "reason": "演示"})
}

/// Records an objection to a sample.
pub(crate) fn raised(server: &Server, sample: &str, subject: &str, objector: &str) {
    act(server, Who::Reviewer, (sample, "objections"), objection(subject, objector)).ok();
}

fn accepted(server: &Server, sample: &str, seq: u8) {
    act(server, Who::Reviewer, (sample, &format!("objections/{seq}/decision")), json!({"accepted": true})).ok();
}

fn answer(server: &Server, who: Who, (sample, seq): (&str, u8), upheld: bool) -> Answer {
    let body = json!({"upheld": upheld, "reason": "经核实"});
    act(server, who, (sample, &format!("objections/{seq}/answer")), body)
}

/// An objection of this kind that was raised, taken on and upheld.
pub(crate) fn upheld(server: &Server, sample: &str, subject: &str, objector: &str) {
    raised(server, sample, subject, objector);
    accepted(server, sample, 1);
    answer(server, Who::SecondReviewer, (sample, 1), true).ok();
}

/// Periods for farm produce, for which the law knows none: seven days to object and thirty to answer.
fn periods(server: &Server) {
    let row = |clock: &str, amount: u8| {
        json!({"code": format!("farm-{clock}"), "clock": clock, "amount": amount, "unit": "days", "stages": ["farm"],
            "regime": "演示方案", "department": "agriculture", "from": "2020-01-01", "clause": "演示", "confidence": "low"})
    };
    let rows = [row("result_objection", 7), row("result_answer", 30), row("sampling_objection", 7)];
    server.who(Who::Administrator).post("/deadline-rules", &json!({"rows": rows})).ok();
}

fn is_sound(server: &Server) {
    server.stop_working();
    let cities = verify::cities(&server.store).unwrap().into_iter();
    let findings: Vec<_> = cities.flat_map(|city| verify::city(&server.store, city).unwrap()).collect();
    assert_eq!(findings, []);
}

#[test]
fn a_denial_that_is_upheld_leaves_the_rate_clears_the_producer_and_keeps_the_sellers_side() {
    on_each(|server| {
        for _ in 1..MIN_N {
            server.bring(&spinach(server), CONFORMING, Stand::Approved);
        }
        let sample = failing(server);
        until("the notice", || below_target(server), Option::is_some);
        act(server, Who::Reviewer, (&sample, "services"), service("producer", Some("SD-1"))).ok();
        assert_eq!(text(&reviewed(server, &sample), "authenticity"), "pending");
        opened(server, &sample);
        act(server, Who::Reviewer, (&sample, "disposals"), json!({"side": "seller", "name": "演示"})).ok();
        raised(server, &sample, "authenticity", "producer");
        assert_eq!(text(&reviewed(server, &sample), "authenticity"), "denied");
        act(
            server,
            Who::Reviewer,
            (&sample, "authenticity"),
            json!({"confirmed_at": Timestamp::now().to_string(), "proof": "函1"}),
        )
        .refused(409, "wrong_state");
        accepted(server, &sample, 1);
        assert_eq!(server.farm(), (4, 5, 0), "nothing moves before the answer");
        answer(server, Who::Reviewer, (&sample, 1), true).refused(409, "second_person_needed");
        answer(server, Who::SecondReviewer, (&sample, 1), true).ok();
        assert_eq!(server.farm(), (4, 4, 0));
        let seen = reviewed(server, &sample);
        assert_eq!((text(&seen, "status"), text(&seen, "standing")), ("approved", "voided"));
        assert_eq!(text(&seen, "authenticity"), "upheld");
        let last = seen["conclusions"].as_array().unwrap().last().unwrap();
        assert_eq!(text(last, "reason"), "objection_authenticity");
        let states: Vec<_> =
            seen["disposals"].as_array().unwrap().iter().map(|it| (text(it, "side"), text(it, "state"))).collect();
        assert_eq!(states, [("producer", "withdrawn"), ("seller", "open")]);
        act(server, Who::Reviewer, (&sample, "disposals/seller/steps"), json!({"step": "cause", "text": "演示"})).ok();
        step(server, Who::Reviewer, &sample, json!({"step": "cause", "text": "演示"})).refused(409, "wrong_state");
        let ended = |alert: &Option<Value>| alert.as_ref().is_none_or(|alert| !alert["ended_at"].is_null());
        until("the end of the alert", || below_target(server), ended);
        is_sound(server);
    });
}

#[test]
fn an_objection_to_sampling_method_or_standard_that_is_upheld_voids_the_sample() {
    on_each(|server| {
        for subject in ["method", "standard", "sampling"] {
            let sample = failing(server);
            opened(server, &sample);
            upheld(server, &sample, subject, "sampled_unit");
            let seen = reviewed(server, &sample);
            assert_eq!((text(&seen, "status"), text(&seen, "standing")), ("voided", "voided"), "{subject}");
            let disposal = &seen["disposals"][0];
            assert_eq!(text(disposal, "withdrawn_why"), format!("objection_{subject}"));
            act(server, Who::Reviewer, (&sample, "objections"), objection(subject, "sampled_unit"))
                .refused(409, "sample_out");
        }
        // Before there is a result the sampling alone can be objected to.
        let sample = server.at(Stand::Received);
        let sample = id(&sample);
        act(server, Who::Reviewer, (sample, "objections"), objection("method", "sampled_unit"))
            .refused(409, "not_nonconforming");
        upheld(server, sample, "sampling", "producer");
        let seen = reviewed(server, sample);
        assert_eq!((text(&seen, "status"), &seen["conclusions"]), ("voided", &json!([])));
        assert_eq!(server.farm(), (0, 0, 0));
        is_sound(server);
    });
}

#[test]
fn one_that_is_late_or_was_answered_is_refused_and_the_record_decides_that() {
    on_each(|server| {
        periods(server);
        let sample = failing(server);
        act(server, Who::Reviewer, (&sample, "services"), service("sampled_unit", Some("SD-1"))).ok();
        raised(server, &sample, "method", "sampled_unit");
        let seen = reviewed(server, &sample);
        assert_eq!((clock(&seen, "result_objection"), clock(&seen, "result_answer")), (Some("met"), Some("due")));
        assert_eq!(clock(&seen, "backup_nonconforming"), Some("held"));
        act(server, Who::Reviewer, (&sample, "objections"), objection("method", "sampled_unit"))
            .refused(409, "another_open");
        let refuse = |seq: u8, ground: &str| {
            let body = json!({"accepted": false, "ground": ground});
            act(server, Who::Reviewer, (&sample, &format!("objections/{seq}/decision")), body)
        };
        refuse(1, "late").refused(409, "ground_unfounded");
        accepted(server, &sample, 1);
        refuse(1, "no_evidence").refused(409, "wrong_state");
        answer(server, Who::SecondReviewer, (&sample, 1), false).ok();
        let seen = reviewed(server, &sample);
        assert_eq!((text(&seen, "standing"), clock(&seen, "result_answer")), ("nonconforming", Some("met")));
        raised(server, &sample, "method", "sampled_unit");
        let body = json!({"accepted": true});
        act(server, Who::Reviewer, (&sample, "objections/2/decision"), body).refused(409, "ground_holds");
        refuse(2, "answered").ok();
        raised(server, &sample, "standard", "producer");
        act(server, Who::Reviewer, (&sample, "objections/3/withdrawal"), json!({"reason": "演示"})).ok();
        let seen = reviewed(server, &sample);
        let states: Vec<_> = seen["objections"].as_array().unwrap().iter().map(|it| text(it, "state")).collect();
        assert_eq!(states, ["dismissed", "refused", "withdrawn"]);
        assert_eq!(server.who(Who::Tester).sample(&sample).ok()["objections"], json!([]));
        is_sound(server);
    });
}

#[test]
fn what_is_wrong_with_an_objection_is_told_at_once_and_nothing_is_written() {
    on_each(|server| {
        let sample = failing(server);
        server.who(Who::Reviewer);
        let rows = Rows::of(server);
        let wrong = |body: Value, expected: &[(&str, &str)]| {
            act(server, Who::Reviewer, (&sample, "objections"), body).invalid(expected);
        };
        wrong(
            json!({"subject": "weather", "objector": "neighbour", "raised_at": "soon"}),
            &[
                ("/subject", "unknown_word"),
                ("/objector", "unknown_word"),
                ("/raised_at", "bad_instant"),
                ("/reason", "required"),
            ],
        );
        let mut late = objection("method", "producer");
        late["raised_at"] = json!((Timestamp::now() + 1.hour()).to_string());
        wrong(late, &[("/raised_at", "in_future")]);
        let mut early = objection("method", "producer");
        early["raised_at"] = json!("2020-01-01T00:00:00Z");
        wrong(early, &[("/raised_at", "too_early")]);
        act(server, Who::Reviewer, (&sample, "objections"), objection("authenticity", "sampled_unit"))
            .refused(422, "not_theirs");
        act(server, Who::Reviewer, (&sample, "objections/1/answer"), json!({"upheld": true, "reason": "演示"}))
            .refused(404, "not_found");
        rows.are_as_before("objections that were refused");
    });
}

#[test]
fn a_producer_who_was_asked_confirms_or_is_silent() {
    on_each(|server| {
        periods(server);
        let sample = failing(server);
        assert_eq!(text(&reviewed(server, &sample), "authenticity"), "not_asked");
        act(server, Who::Reviewer, (&sample, "services"), service("producer", Some("SD-1"))).ok();
        let confirmed = json!({"confirmed_at": Timestamp::now().to_string(), "proof": "演示种植合作社函1号"});
        act(server, Who::Reviewer, (&sample, "authenticity"), confirmed.clone()).ok();
        let seen = reviewed(server, &sample);
        assert_eq!(text(&seen, "authenticity"), "confirmed");
        assert!(seen["custody"].to_string().contains("函1号"));
        assert!(
            !server.who(Who::Tester).sample(&sample).ok().to_string().contains("函1号"),
            "it names whose food it is"
        );
        act(server, Who::Reviewer, (&sample, "authenticity"), confirmed).refused(409, "wrong_state");
        let early = server.at(Stand::Received);
        let confirmed = json!({"confirmed_at": Timestamp::now().to_string(), "proof": "演示"});
        act(server, Who::Reviewer, (id(&early), "authenticity"), confirmed).refused(409, "wrong_state");
        let passed = server.bring(&spinach(server), NONCONFORMING, Stand::Checked);
        assert_eq!(server.who(Who::Reviewer).sample(id(&passed)).ok()["authenticity"], json!(null));
    });
}

#[test]
fn a_banned_substance_stays_an_alert_when_only_its_named_producer_is_another() {
    on_each(|server| {
        let mut registration = spinach(server);
        registration["items"] = json!([{"analyte": "chloramphenicol"}]);
        let mut sample = server.who(Who::Inspector).register(&registration).ok()["sample"].clone();
        sample = server.who(Who::Inspector).seal(&sample, &House::Laboratory.id().to_string()).ok();
        sample = server.who(Who::Receiver).receive(&sample).ok();
        let stated = json!({"kind": "not_detected", "standard": "农业农村部公告第250号", "reason": "演示"});
        let results = json!([{"analyte": "chloramphenicol", "reported": "0.46", "unit": "ug/kg", "lod": "0.1",
            "criterion": stated, "confirmation": {"value": "0.47", "person": "演示"}}]);
        sample = server.who(Who::Tester).enter(&sample, &results).ok();
        sample = server.who(Who::Checker).check(&sample, &["chloramphenicol"]).ok();
        server.who(Who::Approver).approve(&sample).ok();
        let banned = || {
            let alerts = server.who(Who::Reviewer).alerts().ok();
            alerts["items"].as_array().unwrap().iter().find(|alert| alert["rule"] == "banned_substance").cloned()
        };
        until("the alert", banned, Option::is_some);
        upheld(server, id(&sample), "authenticity", "producer");
        assert_eq!(server.farm(), (0, 0, 0));
        // A second failure makes the worker look again, after the denial.
        server.bring(&spinach(server), NONCONFORMING, Stand::Approved);
        until("the next look", || server.farm(), |farm| *farm == (0, 1, 0));
        let looked = hege_app::alerts::refresh(&server.store, Timestamp::now(), &uuid::Uuid::now_v7);
        looked.unwrap();
        assert_eq!(banned().unwrap()["ended_at"], json!(null), "it was found where it was sold");
    });
}
