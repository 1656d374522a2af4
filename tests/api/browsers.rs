//! Sessions of browsers: tokens as cookies that no script reads, and nothing for other sites.

use crate::on_both;
use crate::people::{PASSWORD, Who};
use crate::rows::Rows;
use crate::server::Server;
use crate::wire::{Reply, ask, origin};
use crate::{client::text, on_both_in};
use hege_api::edge::Settings;
use serde_json::{Value, json};

const SESSION: &str = "/api/v1/session";
const REFRESH: &str = "/api/v1/session/refresh";
const PASSWORD_PATH: &str = "/api/v1/me/password";

fn begin(server: &Server, who: Who, origin: &str) -> Reply {
    let body = json!({"login": who.login(), "password": PASSWORD, "cookie": true});
    ask(server, ("POST", SESSION), &[("origin", origin)], Some(&body))
}

#[test]
fn a_browser_gets_its_tokens_as_cookies_and_not_in_the_body() {
    on_both(|server| {
        server.hire(Who::Reviewer);
        let begun = begin(server, Who::Reviewer, &origin(server));
        assert_eq!(begun.status, 201, "{begun:#?}");
        let body = begun.json();
        assert_eq!(text(&body["person"], "login"), Who::Reviewer.login());
        assert_eq!((&body["access_token"], &body["refresh_token"]), (&Value::Null, &Value::Null));
        assert_eq!(begun.attributes("hege_access"), ["HttpOnly", "SameSite=Strict", "Path=/api/v1", "Max-Age=600"]);
        let refresh = ["HttpOnly", "SameSite=Strict", "Path=/api/v1/session", "Max-Age=2592000"];
        assert_eq!(begun.attributes("hege_refresh"), refresh);
        let cookies = begun.cookies();
        assert_eq!(ask(server, ("GET", "/api/v1/me"), &[("cookie", &cookies)], None).status, 200);
        let stream = ask(server, ("GET", "/api/v1/events"), &[("cookie", &cookies)], None);
        assert_eq!((stream.status, stream.header("content-type")), (200, "text/event-stream"));
        // A client that did not ask for cookies gets none.
        let plain = json!({"login": Who::Reviewer.login(), "password": PASSWORD});
        let plain = ask(server, ("POST", SESSION), &[], Some(&plain));
        assert_eq!((plain.status, plain.cookies().as_str()), (201, ""));
        assert!(plain.json()["access_token"].is_string() && plain.json()["refresh_token"].is_string());
    });
}

#[test]
fn what_changes_something_needs_the_origin_of_this_site_when_it_comes_by_cookie() {
    on_both(|server| {
        server.hire(Who::Reviewer);
        let own = origin(server);
        let cookies = begin(server, Who::Reviewer, &own).cookies();
        let rows = Rows::of(server);
        let body = json!({"old_password": PASSWORD, "new_password": "another-password"});
        let https = own.replace("http", "https");
        for strange in ["https://evil.example", "null", "", &https, &format!("{own}.evil.example")] {
            let headers = [("cookie", cookies.as_str()), ("origin", strange)];
            ask(server, ("PUT", PASSWORD_PATH), &headers, Some(&body)).refused(403, "origin_mismatch");
            ask(server, ("DELETE", SESSION), &headers, None).refused(403, "origin_mismatch");
            ask(server, ("POST", REFRESH), &headers, Some(&json!({}))).refused(403, "origin_mismatch");
            begin(server, Who::Reviewer, strange).refused(403, "origin_mismatch");
        }
        let none = [("cookie", cookies.as_str())];
        ask(server, ("PUT", PASSWORD_PATH), &none, Some(&body)).refused(403, "origin_mismatch");
        ask(server, ("POST", REFRESH), &none, Some(&json!({}))).refused(403, "origin_mismatch");
        rows.are_as_before("foreign origins");
        let headers = [("cookie", cookies.as_str()), ("origin", own.as_str())];
        assert_eq!(ask(server, ("PUT", PASSWORD_PATH), &headers, Some(&body)).status, 204);
    });
}

#[test]
fn with_a_bearer_no_cookie_counts() {
    on_both(|server| {
        server.hire(Who::Reviewer);
        server.hire(Who::Auditor);
        let cookies = begin(server, Who::Reviewer, &origin(server)).cookies();
        let session = server.session(Who::Auditor);
        let bearer = format!("Bearer {}", text(&session, "access_token"));
        let both =
            |bearer: &str, path| ask(server, ("GET", path), &[("cookie", &cookies), ("authorization", bearer)], None);
        assert_eq!(text(&both(&bearer, "/api/v1/me").json(), "login"), Who::Auditor.login());
        both("Bearer nonsense", "/api/v1/me").refused(401, "token_invalid");
        both("Basic eDp5", "/api/v1/me").refused(401, "token_missing");
        // A bearer needs no origin: no other site can send it.
        let body = json!({"old_password": PASSWORD, "new_password": "another-password"});
        let headers = [("cookie", cookies.as_str()), ("authorization", &bearer)];
        assert_eq!(ask(server, ("PUT", PASSWORD_PATH), &headers, Some(&body)).status, 204);
    });
}

#[test]
fn a_browser_stays_in_by_its_cookie_and_is_out_when_it_says_so() {
    on_both(|server| {
        server.hire(Who::Reviewer);
        let own = origin(server);
        let first = begin(server, Who::Reviewer, &own).cookies();
        let refresh =
            |cookies: &str| ask(server, ("POST", REFRESH), &[("cookie", cookies), ("origin", &own)], Some(&json!({})));
        let second = refresh(&first);
        assert_eq!(second.status, 200, "{second:#?}");
        assert_eq!(second.json()["refresh_token"], Value::Null);
        let second = second.cookies();
        assert_ne!(first, second);
        let headers = [("cookie", second.as_str()), ("origin", own.as_str())];
        let ended = ask(server, ("DELETE", SESSION), &headers, None);
        assert_eq!(ended.status, 204);
        assert_eq!(ended.cookies(), "hege_access=; hege_refresh=");
        assert!(ended.attributes("hege_refresh").contains(&"Max-Age=0".to_owned()));
        ask(server, ("GET", "/api/v1/me"), &headers, None).refused(401, "session_ended");
        refresh(&second).refused(401, "session_ended");
        ask(server, ("POST", REFRESH), &[("origin", &own)], Some(&json!({}))).refused(422, "invalid");
    });
}

#[test]
fn two_tabs_that_refresh_at_once_stay_in_whichever_answer_came_last() {
    on_both(|server| {
        server.hire(Who::Reviewer);
        let first = server.session(Who::Reviewer);
        let token = text(&first, "refresh_token");
        let answers = std::thread::scope(|scope| {
            let tabs = [0; 4].map(|_| scope.spawn(|| server.stranger().refresh(token).ok()));
            tabs.map(|tab| tab.join().unwrap())
        });
        // The browser keeps one of them, and nobody knows which. Each of these lives on.
        for kept in &answers[..1] {
            let next = server.stranger().refresh(text(kept, "refresh_token")).ok();
            assert_eq!(server.with_token(text(&next, "access_token")).get("/me").status, 200);
        }
        // Another one after that is somebody else's.
        server.stranger().refresh(text(&answers[1], "refresh_token")).refused(401, "session_ended");
    });
}

#[test]
fn under_tls_the_cookies_are_this_hosts_alone_and_every_answer_asks_for_tls() {
    let settings = Settings { public_origin: Some("https://hege.example".to_owned()), ..Settings::default() };
    on_both_in(&settings, |server| {
        server.hire(Who::Reviewer);
        begin(server, Who::Reviewer, &origin(server)).refused(403, "origin_mismatch");
        let begun = begin(server, Who::Reviewer, "https://hege.example");
        assert_eq!(begun.header("strict-transport-security"), "max-age=31536000");
        let access = ["HttpOnly", "SameSite=Strict", "Secure", "Path=/", "Max-Age=600"];
        assert_eq!(begun.attributes("__Host-hege_access"), access);
        assert!(begun.attributes("__Host-hege_refresh").contains(&"Secure".to_owned()));
        // A cookie that anybody could have set for it does not count.
        let cookies = begun.cookies();
        assert_eq!(ask(server, ("GET", "/api/v1/me"), &[("cookie", &cookies)], None).status, 200);
        let bare = cookies.replace("__Host-", "");
        ask(server, ("GET", "/api/v1/me"), &[("cookie", &bare)], None).refused(401, "token_missing");
    });
}
