//! The edge: what every answer says, how often an address may ask, what is counted, when the server is ready.

use crate::people::Who;
use crate::server::Server;
use crate::wire::{Reply, ask};
use crate::{on_both, on_both_in};
use hege_api::edge::Settings;
use hege_api::edge::address::{Header, Proxies, networks};
use hege_api::edge::limits::PerMinute;
use hege_app::Mark;
use hege_app::sessions::{Keys, rotate_keys};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::time::Duration;
use uuid::Uuid;

fn get(server: &Server, path: &str) -> Reply {
    ask(server, ("GET", path), &[], None)
}

#[test]
fn every_answer_says_what_browsers_must_not_do_with_it() {
    on_both(|server| {
        for path in ["/healthz", "/readyz", "/api/v1/me", "/nowhere", "/api/openapi.json", "/metrics", "/api/docs/"] {
            let reply = get(server, path);
            assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
            assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin", "{path}");
            assert_eq!(reply.header("cache-control"), "no-store", "{path}");
            assert!(reply.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
            assert!(reply.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
            assert!(reply.header("permissions-policy").contains("camera=()"), "{path}");
            assert_eq!(reply.header("x-request-id").len(), 36, "{path}");
            assert_eq!(reply.header("strict-transport-security"), "", "nothing here speaks TLS: {path}");
        }
        let given = ask(server, ("GET", "/healthz"), &[("x-request-id", "of-the-proxy.1")], None);
        assert_eq!(given.header("x-request-id"), "of-the-proxy.1");
    });
}

#[test]
fn an_address_that_logs_in_too_often_waits_and_nobody_else_does() {
    let limits = PerMinute { login: NonZeroU32::new(4), ..PerMinute::default() };
    let proxies = Proxies { trusted: networks("127.0.0.0/8").unwrap(), header: Header::XForwardedFor };
    let settings = Settings { limits, proxies, ..Settings::default() };
    on_both_in(&settings, |server| {
        let login = |from: &str, path: &str| {
            let body = json!({"login": Uuid::now_v7().to_string(), "password": "x"});
            ask(server, ("POST", path), &[("x-forwarded-for", from)], Some(&body))
        };
        for _ in 0..4 {
            login("203.0.113.7", "/api/v1/session").refused(401, "wrong_credentials");
        }
        let refused = login("203.0.113.7", "/api/v1/session");
        refused.refused(429, "too_many_requests");
        assert!((1..=15).contains(&refused.header("retry-after").parse::<u32>().unwrap()), "{refused:#?}");
        assert_eq!(refused.header("x-request-id").len(), 36);
        assert_eq!(refused.header("content-type"), "application/problem+json");
        // No way of writing the path, or of claiming to be somebody else, is counted apart.
        login("203.0.113.7", "/api/v1/%73ession").refused(429, "too_many_requests");
        login("198.51.100.1, 203.0.113.7", "/api/v1/session").refused(429, "too_many_requests");
        login("203.0.113.7", "/api/v1/session/refresh").refused(429, "too_many_requests");
        login("203.0.113.8", "/api/v1/session").refused(401, "wrong_credentials");
        assert_eq!(ask(server, ("GET", "/readyz"), &[("x-forwarded-for", "203.0.113.7")], None).status, 204);
    });
}

#[test]
fn a_stranger_cannot_say_where_they_come_from() {
    let limits = PerMinute { login: NonZeroU32::new(3), ..PerMinute::default() };
    on_both_in(&Settings { limits, ..Settings::default() }, |server| {
        let body = json!({"login": "nobody", "password": "x"});
        let login =
            |from: &str| ask(server, ("POST", "/api/v1/session"), &[("x-forwarded-for", from)], Some(&body)).status;
        let statuses: Vec<u16> = (0..4).map(|last| login(&format!("203.0.113.{last}"))).collect();
        assert_eq!(statuses, [401, 401, 401, 429]);
    });
}

#[test]
fn everything_else_is_limited_generously_and_being_alive_is_not() {
    let limits = PerMinute { request: NonZeroU32::new(5), ..PerMinute::default() };
    on_both_in(&Settings { limits, ..Settings::default() }, |server| {
        for _ in 0..5 {
            get(server, "/api/v1/me").refused(401, "token_missing");
        }
        get(server, "/api/v1/me").refused(429, "too_many_requests");
        get(server, "/nowhere").refused(429, "too_many_requests");
        assert_eq!(get(server, "/healthz").status, 204);
    });
}

#[test]
fn what_is_counted_names_routes_and_nobody() {
    on_both(|server| {
        let reviewer = server.who(Who::Reviewer);
        let id = "3301-00000000-0000-7000-8000-000000000000";
        reviewer.get(&format!("/samples/{id}?")).refused(404, "not_found");
        get(server, "/api/v1/users/x/y?name=secret");
        let reply = get(server, "/metrics");
        assert_eq!(reply.status, 200);
        assert!(reply.header("content-type").starts_with("application/openmetrics-text"), "{reply:?}");
        let text = &reply.text;
        for line in [
            "hege_http_requests_total{method=\"GET\",route=\"/api/v1/samples/{id}\",status=\"404\"} 1\n",
            "hege_http_requests_total{method=\"GET\",route=\"unknown\",status=\"404\"} 1\n",
            "hege_http_request_seconds_count{method=\"GET\",route=\"/api/v1/samples/{id}\"} 1\n",
            "hege_database_up 1\n",
            "hege_alerts_open 0\n",
            "hege_build_info{version=",
            "hege_outbox_waiting ",
            "hege_audit_unsealed ",
            "hege_worker_last_success_seconds ",
            "hege_database_connections_open{pool=",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        for word in [id, "secret", &Who::Reviewer.login(), "演示", "127.0.0.1"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        // A proxy on this machine speaks for strangers.
        for header in ["x-forwarded-for", "forwarded", "via"] {
            ask(server, ("GET", "/metrics"), &[(header, "203.0.113.7")], None).refused(404, "not_found");
        }
    });
}

#[test]
fn who_may_read_what_is_counted_is_said_by_address() {
    let proxies = Proxies { trusted: networks("127.0.0.1").unwrap(), header: Header::XForwardedFor };
    let metrics_from = networks("203.0.113.0/24").unwrap();
    on_both_in(&Settings { proxies, metrics_from, ..Settings::default() }, |server| {
        let metrics = |from: &str| ask(server, ("GET", "/metrics"), &[("x-forwarded-for", from)], None).status;
        assert_eq!([metrics("203.0.113.7"), metrics("203.0.114.7"), metrics("127.0.0.1")], [200, 404, 404]);
    });
}

#[test]
fn ready_is_what_can_work_and_alive_what_answers() {
    on_both(|server| {
        assert_eq!((get(server, "/readyz").status, get(server, "/healthz").status), (204, 204));
        server.stop_working();
        let sql = "ALTER TABLE __diesel_schema_migrations RENAME TO elsewhere";
        server.store.execute(sql).unwrap();
        let reply = get(server, "/readyz");
        reply.refused(503, "not_ready");
        assert_eq!(reply.json()["errors"][0]["code"], "database_away");
        assert_eq!(get(server, "/healthz").status, 204);
        server.store.execute("ALTER TABLE elsewhere RENAME TO __diesel_schema_migrations").unwrap();
        let newest = "(SELECT max(version) FROM __diesel_schema_migrations)";
        server.store.execute(&format!("DELETE FROM __diesel_schema_migrations WHERE version = {newest}")).unwrap();
        assert_eq!(get(server, "/readyz").json()["errors"][0]["code"], "schema_behind");
    });
}

#[test]
fn the_page_of_the_document_asks_nobody_else() {
    on_both(|server| {
        assert_eq!(ask(server, ("GET", "/api/docs/"), &[], None).status, 200);
        let page = get(server, "/api/docs/");
        assert!(page.text.contains("swagger-ui"), "{page:?}");
        assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{}", page.text);
        assert!(!page.text.contains("<script>"), "no script in the page: {}", page.text);
        let sources = page.text.split(['"', '\'']).filter(|part| part.starts_with("./"));
        let mut seen = 0;
        for source in sources {
            let file = get(server, &format!("/api/docs/{}", source.trim_start_matches("./")));
            assert_eq!(file.status, 200, "{source}");
            seen += 1;
        }
        assert!(seen >= 4, "{}", page.text);
        let begins = get(server, "/api/docs/swagger-initializer.js");
        assert!(begins.text.contains("/api/openapi.json"), "{}", begins.text);
        assert!(page.header("content-security-policy").contains("script-src 'self';"));
    });
}

#[test]
fn a_stopping_server_gives_every_answer_that_it_began_and_waits_for_no_half_a_body() {
    on_both(|server| {
        let reviewer = server.who(Who::Reviewer);
        let inspector = server.who(Who::Inspector);
        let stream = reviewer.events();
        stream.recv_timeout(Duration::from_secs(5)).unwrap();
        // Half a body, half a head, and a connection that is kept: none of them keeps the server from ending.
        let mut half = TcpStream::connect(server.address).unwrap();
        half.write_all(format!("{}{{\"form\": ", inspector.head(("POST", "/samples"), 100)).as_bytes()).unwrap();
        let mut head = TcpStream::connect(server.address).unwrap();
        head.write_all(b"GET /healthz HTTP/1.1\r\nho").unwrap();
        let mut kept = TcpStream::connect(server.address).unwrap();
        kept.write_all(b"GET /healthz HTTP/1.1\r\nhost: hege\r\n\r\n").unwrap();
        kept.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        let mut first = [0; 12];
        kept.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 204");
        // This one is in hand for certain: the server has asked for its body, and gets it.
        let body = json!({"login": Who::Reviewer.login(), "password": "not-the-password"}).to_string();
        let head =
            "POST /api/v1/session HTTP/1.1\r\nhost: hege\r\ncontent-type: application/json\r\nexpect: 100-continue";
        let mut login = TcpStream::connect(server.address).unwrap();
        login.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes()).unwrap();
        let mut asked = [0; 25];
        login.read_exact(&mut asked).unwrap();
        assert!(asked.starts_with(b"HTTP/1.1 100"));
        login.write_all(body.as_bytes()).unwrap();
        let address = server.address;
        let ended = server.stop();
        assert!(ended < Duration::from_secs(10), "{ended:?}");
        let answer_of = |mut socket: TcpStream| {
            socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let mut answer = String::new();
            drop(socket.read_to_string(&mut answer));
            answer
        };
        let (login, half) = (answer_of(login), answer_of(half));
        assert!(login.starts_with("HTTP/1.1 401"), "what is in hand is answered: {login}");
        assert!(half.starts_with("HTTP/1.1 503"), "{half}");
        assert!(TcpStream::connect(address).is_err(), "nobody is let in any more");
        assert!(
            stream.iter().all(|line| line.starts_with("event:") || line.starts_with("data:")),
            "the stream has ended"
        );
    });
}

#[test]
fn a_key_that_another_server_made_is_found_and_tokens_of_the_one_before_stay_good() {
    on_both(|server| {
        let before = server.who(Who::Reviewer);
        let mark = |days: i64| {
            let at = Timestamp::now().checked_add(SignedDuration::from_hours(24 * days)).unwrap();
            Mark { person: None, at, audit_id: Uuid::now_v7() }
        };
        // Another server makes a key and signs with it.
        rotate_keys(&server.store, mark(0)).unwrap();
        let other = Keys::load(&server.store, Timestamp::now()).unwrap();
        let session = (Uuid::now_v7(), mark(0));
        let login = Who::Reviewer.login();
        let admission = hege_app::sessions::begin(&server.store, &other, (&login, crate::people::PASSWORD), session);
        let token = admission.unwrap().access;
        assert_eq!(server.with_token(&token).get("/me").status, 200);
        assert_eq!(before.get("/me").status, 200);
        // After ninety days there is another one, and those before go a day after that.
        let keys = || server.store.read(hege_store::sessions::keys).unwrap().len();
        assert_eq!(keys(), 2);
        other.renew(&server.store, mark(89)).unwrap();
        assert_eq!(keys(), 1, "the first one was replaced long ago");
        other.renew(&server.store, mark(91)).unwrap();
        assert_eq!(keys(), 2);
    });
}
