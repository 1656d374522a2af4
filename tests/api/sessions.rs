//! Refresh tokens: exchanged at every use, forgiving of an answer that was lost, unforgiving of one that was stolen.

use crate::client::text;
use crate::on_each;
use crate::people::Who;
use crate::rows::Rows;
use serde_json::json;

#[test]
fn a_refresh_token_is_exchanged_and_its_successor_too() {
    on_each(|server| {
        server.hire(Who::Inspector);
        let first = server.session(Who::Inspector);
        let second = server.stranger().refresh(text(&first, "refresh_token")).ok();
        assert_ne!(first["refresh_token"], second["refresh_token"]);
        assert_eq!(server.with_token(text(&second, "access_token")).get("/me").status, 200);
        assert_eq!(second["person"]["id"], Who::Inspector.id().to_string());
        server.stranger().refresh(text(&second, "refresh_token")).ok();
    });
}

#[test]
fn a_lost_answer_is_forgiven_until_its_successor_is_used() {
    on_each(|server| {
        server.hire(Who::Inspector);
        let first = server.session(Who::Inspector);
        let predecessor = text(&first, "refresh_token");
        // The answers to these are lost on the way.
        server.stranger().refresh(predecessor).ok();
        server.stranger().refresh(predecessor).ok();
        let fresh = server.stranger().refresh(predecessor).ok();
        server.stranger().refresh(text(&fresh, "refresh_token")).ok();
        server.stranger().refresh(predecessor).refused(401, "session_ended");
    });
}

#[test]
fn a_token_that_was_replaced_ends_the_whole_family_when_it_comes_back() {
    on_each(|server| {
        server.hire(Who::Inspector);
        let first = server.session(Who::Inspector);
        let second = server.stranger().refresh(text(&first, "refresh_token")).ok();
        let third = server.stranger().refresh(text(&second, "refresh_token")).ok();
        let access = server.with_token(text(&third, "access_token"));
        assert_eq!(access.get("/me").status, 200);
        server.stranger().refresh(text(&first, "refresh_token")).refused(401, "session_ended");
        server.stranger().refresh(text(&third, "refresh_token")).refused(401, "session_ended");
        access.get("/me").refused(401, "session_ended");
    });
}

#[test]
fn what_is_no_refresh_token_is_refused_and_writes_nothing() {
    on_each(|server| {
        let rows = Rows::of(server);
        for token in ["", "x", "\u{0}", &"0".repeat(64), &"f".repeat(2_000)] {
            server.stranger().refresh(token).refused(401, "session_ended");
        }
        server.stranger().post("/session/refresh", &json!({})).invalid(&[("/refresh_token", "required")]);
        let answer = server.stranger().post("/session/refresh", &json!({"refresh_token": 1, "more": 2}));
        answer.invalid(&[("/refresh_token", "wrong_type"), ("/more", "unknown_field")]);
        rows.are_as_before("no refresh tokens");
    });
}
