//! Tokens that are none: missing, expired, forged, of an ended session, of a disabled person.

use crate::client::text;
use crate::on_both;
use crate::people::{PASSWORD, Who};
use crate::rows::Rows;
use crate::server::Server;
use hege_auth::access::{SigningKey, issue};
use hege_store::sessions::keys;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = |chunk: &[u8]| chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let bits = bits(chunk) << (8 * (3 - chunk.len()));
        (0..=chunk.len()).map(move |digit| char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]))
    });
    digits.collect()
}

/// HMAC-SHA-256 (RFC 2104) with a key of at most one block.
fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let block = |pad: u8| -> Vec<u8> { (0..64).map(|i| key.get(i).copied().unwrap_or_default() ^ pad).collect() };
    let inner = Sha256::digest([&block(0x36), text.as_bytes()].concat());
    Sha256::digest([block(0x5c), inner.to_vec()].concat()).to_vec()
}

fn signed(header: &Value, claims: &Value, key: &[u8]) -> String {
    let text = format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.to_string().as_bytes()));
    let signature = base64(&hmac(key, &text));
    format!("{text}.{signature}")
}

/// The key that the server signs with.
fn key(server: &Server) -> SigningKey {
    let row = server.store.read(keys).unwrap().remove(0);
    SigningKey { kid: row.kid, secret: row.secret }
}

/// The session of a fresh login, as its token names it.
fn session_of(server: &Server, who: Who) -> Uuid {
    let session = server.session(who);
    let claims = text(&session, "access_token").split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&unbase64(claims)).unwrap();
    text(&claims, "sid").parse().unwrap()
}

fn unbase64(text: &str) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'-' => 62,
        _ => 63,
    };
    let bytes = text.as_bytes().chunks(4).flat_map(|chunk| {
        let bits = chunk.iter().fold(0_u32, |bits, c| bits << 6 | u32::from(value(*c))) << (6 * (4 - chunk.len()));
        (1..chunk.len()).map(move |byte| bits.to_be_bytes()[byte])
    });
    bytes.collect()
}

#[test]
fn a_forged_or_expired_token_lets_nobody_in_and_writes_nothing() {
    on_both(|server| {
        server.hire(Who::Administrator);
        let (person, session) = (Who::Administrator.id().0, session_of(server, Who::Administrator));
        let (key, now) = (key(server), Timestamp::now());
        let ago = |minutes| now.checked_sub(SignedDuration::from_mins(minutes)).unwrap();
        let issued = |key: &SigningKey, at| issue(key, (person, session), at).unwrap().0;
        let header = |alg: &str| json!({"alg": alg, "typ": "JWT", "kid": key.kid});
        let claims = |iss: &str, exp: i64| json!({"iss": iss, "sub": person.to_string(), "sid": session.to_string(), "iat": 0, "exp": exp});
        let later = now.as_second() + 600;
        let good = claims("hege", later);
        let own = |claims: &Value| signed(&header("HS256"), claims, &key.secret);
        assert_eq!(server.with_token(&own(&good)).get("/me").status, 200, "what is forged here is forged well");
        assert_eq!(server.with_token(&issued(&key, ago(9))).get("/me").status, 200);
        let unsigned = signed(&header("none"), &good, b"");
        let stripped = unsigned.rsplit_once('.').unwrap().0;
        let other = SigningKey { kid: key.kid.clone(), secret: vec![7; 32] };
        let unknown = SigningKey { kid: "nobodys".to_owned(), secret: key.secret.clone() };
        let without = |field: &str| {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().remove(field);
            claims
        };
        let forged = [
            ("no algorithm", format!("{stripped}.")),
            ("no algorithm, signed", unsigned.clone()),
            ("another algorithm", signed(&header("HS512"), &good, &key.secret)),
            ("another key", issued(&other, now)),
            ("a key that nobody has", issued(&unknown, now)),
            ("another issuer", own(&claims("other", later))),
            ("no issuer", own(&without("iss"))),
            ("no end", own(&without("exp"))),
            ("no session", own(&without("sid"))),
            ("no person", own(&without("sub"))),
            ("an end that is no time", own(&claims("hege", i64::MAX))),
            ("no name of its key", signed(&json!({"alg": "HS256"}), &good, &key.secret)),
            ("no token", "nonsense".to_owned()),
            ("dots", "..".to_owned()),
            ("much", "a".repeat(7_000)),
        ];
        let rows = Rows::of(server);
        for (what, token) in &forged {
            let answer = server.with_token(token).post("/users", &json!({}));
            assert_eq!((answer.status, answer.code()), (401, "token_invalid"), "{what}: {answer:#?}");
        }
        for (what, token) in [("long ago", issued(&key, ago(60))), ("just now", issued(&key, ago(10)))] {
            let answer = server.with_token(&token).get("/me");
            assert_eq!((answer.status, answer.code()), (401, "token_expired"), "{what}: {answer:#?}");
        }
        server.stranger().get("/me").refused(401, "token_missing");
        let nobody = issue(&key, (Uuid::now_v7(), session), now).unwrap().0;
        server.with_token(&nobody).get("/me").refused(401, "session_ended");
        let nowhere = issue(&key, (person, Uuid::now_v7()), now).unwrap().0;
        server.with_token(&nowhere).get("/me").refused(401, "session_ended");
        rows.are_as_before("forged tokens");
    });
}

#[test]
fn a_session_that_was_ended_is_over_at_once_and_only_that_one() {
    on_both(|server| {
        server.hire(Who::Tester);
        let [first, second] = [0, 1].map(|_| server.session(Who::Tester));
        let token = |session: &Value| text(session, "access_token").to_owned();
        assert_eq!(server.with_token(&token(&first)).end().status, 204);
        server.with_token(&token(&first)).get("/me").refused(401, "session_ended");
        server.with_token(&token(&first)).end().refused(401, "session_ended");
        server.stranger().refresh(text(&first, "refresh_token")).refused(401, "session_ended");
        assert_eq!(server.with_token(&token(&second)).get("/me").status, 200);
        // Another password ends the others and keeps this one.
        let third = server.session(Who::Tester);
        let change = json!({"old_password": PASSWORD, "new_password": "another-password"});
        assert_eq!(server.with_token(&token(&third)).put("/me/password", &change).status, 204);
        server.with_token(&token(&second)).get("/me").refused(401, "session_ended");
        assert_eq!(server.with_token(&token(&third)).get("/me").status, 200);
        server.with_token(&token(&third)).put("/me/password", &change).refused(401, "wrong_credentials");
        server.stranger().begin(&Who::Tester.login(), PASSWORD).refused(401, "wrong_credentials");
    });
}

#[test]
fn a_person_who_was_disabled_or_lost_a_role_is_kept_out_at_once() {
    on_both(|server| {
        server.hire(Who::Jack);
        let session = server.session(Who::Jack);
        let (jack, administrator) = (server.with_token(text(&session, "access_token")), server.who(Who::Administrator));
        let path = format!("/users/{}", Who::Jack.id());
        let mut profile = jack.get("/me").ok();
        assert_eq!(jack.post("/verdicts/preview", &json!({"cases": []})).status, 200);
        let revision = profile["revision"].clone();
        for field in ["id", "login", "active", "revision"] {
            profile.as_object_mut().unwrap().remove(field);
        }
        profile["roles"] = json!(["receiver"]);
        let changed = administrator.put(&path, &json!({"revision": revision, "profile": profile})).ok();
        jack.post("/verdicts/preview", &json!({"cases": []})).refused(403, "role_missing");
        administrator.put(&path, &json!({"revision": revision, "active": false})).refused(409, "revision_conflict");
        administrator.put(&path, &json!({"revision": changed["revision"], "active": false})).ok();
        jack.get("/me").refused(401, "session_ended");
        server.stranger().refresh(text(&session, "refresh_token")).refused(401, "session_ended");
        server.stranger().begin(&Who::Jack.login(), PASSWORD).refused(401, "wrong_credentials");
    });
}

#[test]
fn a_wrong_login_and_a_wrong_password_are_answered_alike() {
    on_both(|server| {
        server.hire(Who::Auditor);
        let rows = Rows::of(server);
        let wrong = server.stranger().begin(&Who::Auditor.login(), "not-the-password");
        wrong.refused(401, "wrong_credentials");
        for (login, password) in [("nobody", PASSWORD), ("nobody", ""), ("' OR 1=1 --", "' OR 1=1 --")] {
            assert_eq!(server.stranger().begin(login, password), wrong, "{login}");
        }
        rows.are_as_before("wrong logins");
    });
}
