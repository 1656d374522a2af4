//! What the worker takes away, and what it leaves.

use crate::samples::{id, on_both, read};
use hege_store::outbox::{Message, message_done, message_put, messages_purge, messages_take};
use hege_store::types::{Doc, Ts};
use jiff::Timestamp;
use serde_json::json;

fn at(second: i64) -> Ts {
    Ts(Timestamp::from_second(second).unwrap())
}

#[test]
fn messages_that_have_left_go_the_oldest_first_and_those_that_wait_stay() {
    on_both(|store| {
        let message = |n: u32| Message {
            city: 3301,
            id: id(n.into()),
            topic: "alert".to_owned(),
            payload: Doc(json!({})),
            state: "waiting".to_owned(),
            attempts: 0,
            due_at: at(n.into()),
            leased_until: None,
            last_error: None,
        };
        store.write(|conn| (1..=5).try_for_each(|n| message_put(conn, &message(n)))).unwrap();
        store.write(|conn| (2..=5).try_for_each(|n| message_done(conn, 3301, id(n)))).unwrap();
        assert_eq!(store.write(|conn| messages_purge(conn, at(5), 2)).unwrap(), 2, "no more than asked");
        assert_eq!(store.write(|conn| messages_purge(conn, at(5), 9)).unwrap(), 1, "the one of the bound stays");
        assert_eq!(store.write(|conn| messages_purge(conn, at(6), 9)).unwrap(), 1);
        assert_eq!(store.write(|conn| messages_purge(conn, at(9), 9)).unwrap(), 0);
        let waiting = store.write(|conn| messages_take(conn, "alert", (at(9), at(99)), 9)).unwrap();
        assert_eq!(waiting.len(), 1);
    });
}

#[test]
fn mail_that_was_sent_goes_the_oldest_first_and_what_waits_or_failed_and_the_steps_stay() {
    use crate::plans::{alert, plan};
    use hege_store::alerts::{AlertEvent, alert_event_insert, alert_events_of, alert_insert};
    use hege_store::mail::{Mail, mail_insert, mail_of_alert, mail_purge};
    use hege_store::plans::plan_insert;
    on_both(|store| {
        let alert = alert(1);
        let key = (alert.city, alert.id);
        let step = |seq: i32| AlertEvent {
            city: key.0,
            alert_id: key.1,
            seq,
            kind: "raised".to_owned(),
            at: at(i64::from(seq)),
            person_id: None,
            evidence: Doc(json!({})),
        };
        let states = ["waiting", "failed", "sent", "sent", "sent"];
        let mail = |seq: i32, state: &str| Mail {
            city: key.0,
            id: id(100 + u128::try_from(seq).unwrap()),
            alert_id: key.1,
            seq,
            person_id: id(2),
            state: state.to_owned(),
            attempts: 1,
            due_at: at(i64::from(seq)),
            given_up_at: at(99),
            leased_until: None,
            last_error: None,
        };
        let rows: Vec<Mail> = (1..).zip(states).map(|(seq, state)| mail(seq, state)).collect();
        store
            .write(|conn| {
                plan_insert(conn, &plan())?;
                alert_insert(conn, &alert)?;
                (1..=5).try_for_each(|seq| alert_event_insert(conn, &step(seq)))?;
                mail_insert(conn, &rows)
            })
            .unwrap();
        let left =
            || -> Vec<i32> { read(store, |conn| mail_of_alert(conn, key)).iter().map(|mail| mail.seq).collect() };
        assert_eq!(store.write(|conn| mail_purge(conn, at(5), 1)).unwrap(), 1, "no more than asked");
        assert_eq!(left(), [1, 2, 4, 5], "the oldest");
        assert_eq!(store.write(|conn| mail_purge(conn, at(5), 9)).unwrap(), 1, "the one of the bound stays");
        assert_eq!(store.write(|conn| mail_purge(conn, at(6), 9)).unwrap(), 1);
        assert_eq!(store.write(|conn| mail_purge(conn, at(999), 9)).unwrap(), 0);
        assert_eq!((left(), read(store, |conn| alert_events_of(conn, key)).len()), (vec![1, 2], 5));
    });
}

#[test]
fn sessions_that_are_over_go_with_their_tokens_and_others_stay() {
    use hege_store::people::{Organisation, Person, organisations_insert, people_insert};
    use hege_store::sessions::{Session, session_insert, session_of_token, session_rotate, sessions_purge};
    on_both(|store| {
        let organisation = Organisation {
            id: id(1),
            kind: "department".to_owned(),
            name: "演示".to_owned(),
            region: 330_000,
            active: true,
            revision: 1,
        };
        let person = Person {
            id: id(2),
            login: "a".to_owned(),
            name: "演示".to_owned(),
            password_hash: String::new(),
            organisation_id: id(1),
            region: 330_000,
            roles: String::new(),
            stages: String::new(),
            active: true,
            revision: 1,
            created_at: at(0),
        };
        let session = |n: u8| Session {
            id: id(u128::from(n)),
            person_id: id(2),
            current_hash: vec![n],
            previous_hash: None,
            created_at: at(0),
            expires_at: at(n.into()),
            revoked_at: None,
        };
        store
            .write(|conn| {
                organisations_insert(conn, std::slice::from_ref(&organisation))?;
                people_insert(conn, std::slice::from_ref(&person))?;
                session_insert(conn, &session(10))?;
                session_insert(conn, &session(20))?;
                session_rotate(conn, id(10), (&[11], &[10]), at(1))
            })
            .unwrap();
        assert_eq!(store.write(|conn| sessions_purge(conn, at(10), 9)).unwrap(), 0);
        assert_eq!(store.write(|conn| sessions_purge(conn, at(11), 9)).unwrap(), 1);
        for (digest, is_known) in [(10, false), (11, false), (20, true)] {
            assert_eq!(read(store, |conn| session_of_token(conn, &[digest])).is_some(), is_known, "{digest}");
        }
    });
}
