//! Wrong passwords: after a few the login waits, whoever asks and whether or not it exists.

use crate::people::{PASSWORD, Who};
use crate::server::Server;
use crate::wire::{Reply, ask};
use crate::{client::text, on_both};
use hege_app::people::{Change, change};
use hege_app::sessions::{Keys, begin};
use hege_app::{Error, Mark, Store};
use hege_store::audit::audit_since;
use hege_store::types::Ts;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

fn attempt(server: &Server, login: &str, password: &str) -> Reply {
    ask(server, ("POST", "/api/v1/session"), &[], Some(&json!({"login": login, "password": password})))
}

/// How often it was recorded that a login waits.
fn recorded(server: &Server) -> usize {
    let rows = server.store.read(|conn| audit_since(conn, Ts(Timestamp::UNIX_EPOCH))).unwrap();
    rows.iter().filter(|row| row.action == "login_waits").count()
}

fn later(seconds: i64) -> Mark {
    let at = Timestamp::now().checked_add(SignedDuration::from_secs(seconds)).unwrap();
    Mark { person: None, at, audit_id: Uuid::now_v7() }
}

#[test]
fn after_five_failures_a_login_waits_and_one_that_is_none_waits_just_so() {
    on_both(|server| {
        server.hire(Who::Auditor);
        let answers = |login: &str| -> Vec<(u16, String, bool)> {
            let answers = (0..7).map(|_| attempt(server, login, "not-the-password"));
            answers.map(|reply| (reply.status, reply.code(), !reply.header("retry-after").is_empty())).collect()
        };
        let known = answers(&Who::Auditor.login());
        assert_eq!(known[4], (401, "wrong_credentials".to_owned(), false));
        assert_eq!(known[5], (429, "too_many_attempts".to_owned(), true));
        assert_eq!(answers("nobody-of-that-name"), known);
        // The right password waits as well, however the login is written, and every other login does not.
        let waiting = attempt(server, &format!(" {} ", Who::Auditor.login().to_uppercase()), PASSWORD);
        waiting.refused(429, "too_many_attempts");
        let seconds: i64 = waiting.header("retry-after").parse().unwrap();
        assert!((1..=15).contains(&seconds), "{seconds}");
        assert_eq!(recorded(server), 1, "once, and only of a login that there is");
        server.hire(Who::Reviewer);
        assert_eq!(attempt(server, &Who::Reviewer.login(), PASSWORD).status, 201);
    });
}

#[test]
fn a_success_forgets_the_failures_before_it() {
    on_both(|server| {
        server.hire(Who::Auditor);
        let login = Who::Auditor.login();
        for _ in 0..3 {
            for _ in 0..4 {
                attempt(server, &login, "not-the-password").refused(401, "wrong_credentials");
            }
            assert_eq!(attempt(server, &login, PASSWORD).status, 201);
        }
        assert_eq!(recorded(server), 0);
    });
}

#[test]
fn many_guesses_at_once_are_as_many_as_one_after_the_other() {
    on_both(|server| {
        server.hire(Who::Auditor);
        let login = Who::Auditor.login();
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let guess = |_| scope.spawn(|| attempt(server, &login, "not-the-password").status);
            let guesses: Vec<_> = (0..12).map(guess).collect();
            guesses.into_iter().map(|guess| guess.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 7, "{statuses:?}");
    });
}

#[test]
fn time_and_another_password_let_a_login_in_again_and_two_servers_count_together() {
    on_both(|server| {
        server.hire(Who::Auditor);
        let login = Who::Auditor.login();
        for _ in 0..5 {
            attempt(server, &login, "not-the-password").refused(401, "wrong_credentials");
        }
        // Another server on the same database, at another time.
        let store: &Store = &server.store;
        let keys = Keys::load(store, Timestamp::now()).unwrap();
        let enter = |seconds| begin(store, &keys, (&login, PASSWORD), (Uuid::now_v7(), later(seconds)));
        assert!(matches!(enter(0), Err(Error::Wait(wait)) if wait.is_positive()));
        assert!(matches!(enter(13), Err(Error::Wait(_))));
        assert!(enter(16).is_ok());
        for _ in 0..5 {
            attempt(server, &login, "not-the-password");
        }
        attempt(server, &login, PASSWORD).refused(429, "too_many_attempts");
        change(store, Who::Auditor.id(), (None, &Change::Password("another-password".to_owned())), later(0)).unwrap();
        assert_eq!(attempt(server, &login, "another-password").status, 201);
    });
}

#[test]
fn a_clock_that_was_a_day_ahead_locks_nobody_out() {
    on_both(|server| {
        server.hire(Who::Auditor);
        let login = Who::Auditor.login();
        let keys = Keys::load(&server.store, Timestamp::now()).unwrap();
        let day = 24 * 3600;
        let wrong =
            |seconds| begin(&server.store, &keys, (&login, "not-the-password"), (Uuid::now_v7(), later(seconds)));
        for _ in 0..5 {
            assert!(matches!(wrong(day), Err(Error::Unauthorized(_))));
        }
        assert!(matches!(wrong(day), Err(Error::Wait(_))));
        let ahead = server.session(Who::Auditor);
        assert_eq!(server.with_token(text(&ahead, "access_token")).get("/me").status, 200);
    });
}

#[test]
fn guesses_of_the_old_password_are_counted_too() {
    on_both(|server| {
        let auditor = server.who(Who::Auditor);
        let body = json!({"old_password": "not-the-password", "new_password": "another-password"});
        for _ in 0..5 {
            auditor.put("/me/password", &body).refused(401, "wrong_credentials");
        }
        auditor.put("/me/password", &body).refused(429, "too_many_attempts");
        attempt(server, &Who::Auditor.login(), PASSWORD).refused(429, "too_many_attempts");
    });
}
