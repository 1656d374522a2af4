//! From a failing sample to the mail in somebody's box; subscriptions, assignment, and an alert's history.

use crate::client::text;
use crate::forms::{CONFORMING, NONCONFORMING, Stand, spinach};
use crate::people::Who;
use crate::server::{MIN_N, Server};
use crate::{on_both, on_each, until};
use hege_app::mail::{Office, Post, Settings, send};
use hege_testkit::MailServer;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The subjects and receivers of what arrived of the plan alert.
fn arrived(server: &MailServer) -> Vec<(String, String)> {
    let read = |bytes: &Vec<u8>| {
        let mail = mail_parser::MessageParser::default().parse(bytes).unwrap();
        let to = mail.to().unwrap().first().unwrap().address().unwrap().to_owned();
        (to, mail.subject().unwrap().to_owned())
    };
    let mails = server.taken().iter().map(read).collect::<Vec<_>>();
    mails.into_iter().filter(|(_, subject)| subject.contains("合格率低于目标")).collect()
}

fn office(server: &MailServer) -> Office {
    let settings = Settings {
        url: server.url(),
        password: None,
        from: "hege@example.org".to_owned(),
        whole: Duration::from_secs(20),
    };
    Office { post: Post::open(&settings).unwrap(), public_url: "https://hege.example".to_owned() }
}

/// Two workers that send mail while `test` runs.
fn while_two_send(server: &Server, mails: &MailServer, test: impl FnOnce()) {
    let ending = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let office = office(mails);
                while !ending.load(Ordering::Relaxed) {
                    let round = send(&server.store, &office, &|| Some(Timestamp::now())).unwrap();
                    assert_eq!((round.failed, round.trouble), (0, None));
                    std::thread::sleep(Duration::from_millis(10));
                }
            });
        }
        let tested = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test));
        ending.store(true, Ordering::Relaxed);
        tested.unwrap_or_else(|failed| std::panic::resume_unwind(failed));
    });
}

fn approved(server: &Server, reported: &str) {
    server.bring(&spinach(server), reported, Stand::Approved);
}

/// The plan's alert.
fn below_target(server: &Server) -> Option<Value> {
    let alerts = server.who(Who::Reviewer).alerts().ok();
    alerts["items"].as_array().unwrap().iter().find(|alert| alert["rule"] == "below_target").cloned()
}

#[test]
fn a_failing_stage_is_mailed_once_to_each_reviewer_whose_stage_and_region_it_is() {
    on_each(|server| {
        let mails = MailServer::start();
        for who in [Who::Reviewer, Who::CityReviewer, Who::StageReviewer, Who::Auditor, Who::Inspector, Who::Publisher]
        {
            server.who(who).subscribe(&format!("{}@example.org", who.login())).ok();
        }
        while_two_send(server, &mails, || {
            for _ in 1..MIN_N {
                approved(server, CONFORMING);
            }
            approved(server, NONCONFORMING);
            until("the mail", || arrived(&mails), |arrived| !arrived.is_empty());
            for _ in 0..5 {
                approved(server, NONCONFORMING);
            }
            let told = until("the second mail", || arrived(&mails), |arrived| arrived.len() >= 2);
            assert!(told[0].1.contains("（提示）发出 4/5 = 80.00 %"), "{told:?}");
            assert!(told[1].1.contains("（显著）升级为显著"), "{told:?}");
            assert!(told.iter().all(|(to, _)| to == "reviewer@example.org"), "{told:?}");
            let alert = below_target(server).unwrap();
            let detail = server.who(Who::Reviewer).alert(text(&alert, "id")).ok();
            let states = until(
                "sent",
                || server.who(Who::Reviewer).alert(text(&alert, "id")).ok()["mail"].clone(),
                |mail| mail.as_array().unwrap().iter().all(|mail| mail["state"] == "sent"),
            );
            assert_eq!(
                (states.as_array().unwrap().len(), &states[0]["person_name"]),
                (2, &json!("演示")),
                "{detail:#}"
            );
        });
        // The worker has looked often since.
        assert_eq!(arrived(&mails).len(), 2);
    });
}

#[test]
fn an_alerts_history_says_who_did_what_and_keeps_both_notes() {
    on_both(|server| {
        let mails = MailServer::start();
        server.hire(Who::StageReviewer);
        server.who(Who::Reviewer).subscribe("reviewer@example.org").ok();
        for _ in 1..MIN_N {
            approved(server, CONFORMING);
        }
        approved(server, NONCONFORMING);
        let alert = until("the notice", || below_target(server), Option::is_some).unwrap();
        let reviewer = server.who(Who::Reviewer);
        reviewer.assign(&alert, &Who::StageReviewer.id().to_string()).invalid(&[("/person_id", "not_a_reviewer")]);
        reviewer.assign(&alert, "nobody").invalid(&[("/person_id", "bad_id")]);
        let alert = reviewer.assign(&alert, &Who::Reviewer.id().to_string()).ok();
        assert_eq!(text(&alert, "assigned_to"), Who::Reviewer.id().to_string());
        reviewer.assign(&alert, &Who::Reviewer.id().to_string()).refused(409, "revision_conflict");
        let path = |act: &str| format!("/alerts/{}/{act}", text(&alert, "id"));
        let noted = json!({"revision": alert["revision"], "note": "已通知核查"});
        let alert = reviewer.post(&path("acknowledge"), &noted).ok();
        let alert = reviewer.post(&path("close"), &json!({"revision": alert["revision"], "note": "已整改"})).ok();
        let id = Who::Reviewer.id().to_string();
        let fields = [("note", "已通知核查"), ("closing_note", "已整改"), ("closed_by", &id), ("acknowledged_by", &id)];
        for (field, expected) in fields {
            assert_eq!(text(&alert, field), expected);
        }
        let detail = reviewer.alert(text(&alert, "id")).ok();
        let events = detail["events"].as_array().unwrap();
        let told: Vec<_> = events
            .iter()
            .map(|event| (text(event, "kind"), event["person_name"].as_str(), event["note"].as_str()))
            .collect();
        let expected = [
            ("raised", None, None),
            ("assigned", Some("演示"), Some("")),
            ("acknowledged", Some("演示"), Some("已通知核查")),
            ("closed", Some("演示"), Some("已整改")),
        ];
        assert_eq!(told, expected);
        let ended: Vec<_> = events.iter().map(|event| event["evidence"]["ended_why"].as_str()).collect();
        assert_eq!(ended, [None, None, None, Some("by_person")]);
        let round = send(&server.store, &office(&mails), &|| Some(Timestamp::now())).unwrap();
        assert_eq!(round.failed, 0);
        let subjects: Vec<String> = arrived(&mails).into_iter().map(|(_, subject)| subject).collect();
        assert!(subjects.len() == 2 && subjects[0].contains("发出") && subjects[1].contains("指派"), "{subjects:?}");
    });
}

#[test]
fn a_subscription_is_ones_own_or_that_of_somebody_whom_one_administers() {
    on_both(|server| {
        let reviewer = server.who(Who::Reviewer);
        let first = reviewer.get("/subscriptions").ok();
        assert_eq!((&first["email"], &first["revision"]), (&json!(null), &json!(0)));
        let kinds: Vec<&str> = first["kinds"].as_array().unwrap().iter().map(|kind| text(kind, "kind")).collect();
        assert_eq!(kinds, ["plan", "early_warning", "event", "data"]);
        assert!(first["kinds"].as_array().unwrap().iter().all(|kind| kind["on"] == true), "everything is on at first");
        let wish = json!({"revision": 0, "email": "reviewer@example.org", "kinds": ["plan"]});
        let changed = reviewer.put("/subscriptions", &wish).ok();
        assert_eq!((text(&changed, "email"), &changed["revision"]), ("reviewer@example.org", &json!(1)));
        let on: Vec<&Value> = changed["kinds"].as_array().unwrap().iter().map(|kind| &kind["on"]).collect();
        assert_eq!(on, [&json!(true), &json!(false), &json!(false), &json!(false)]);
        reviewer.put("/subscriptions", &wish).refused(409, "revision_conflict");
        let bad = json!({"revision": 1, "email": "somebody", "kinds": ["plan", "gossip"]});
        reviewer.put("/subscriptions", &bad).invalid(&[("/kinds/1", "unknown_word")]);
        let bad = json!({"revision": 1, "email": "somebody", "kinds": []});
        reviewer.put("/subscriptions", &bad).invalid(&[("/email", "bad_email")]);
        let beyond = json!({"revision": 0, "email": null, "kinds": ["plan"]});
        server.who(Who::Inspector).put("/subscriptions", &beyond).invalid(&[("/kinds/0", "not_offered")]);
        let path = format!("/users/{}/subscriptions", Who::Reviewer.id());
        let administrator = server.who(Who::Administrator);
        assert_eq!(administrator.get(&path).ok(), changed);
        let none = json!({"revision": 1, "email": null, "kinds": []});
        server.who(Who::CityAdministrator).put(&path, &none).refused(403, "outside_scope");
        server.who(Who::CityAdministrator).get(&path).refused(404, "not_found");
        assert_eq!(administrator.put(&path, &none).ok()["revision"], 2);
        let nobody = format!("/users/{}/subscriptions", uuid::Uuid::nil());
        administrator.get(&nobody).refused(404, "not_found");
        let audited = hege_app::verify::city(&server.store, 3300).unwrap();
        assert_eq!(audited, []);
    });
}
