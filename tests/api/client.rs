//! A client: one method for each act, answered with status and JSON. Every answer is held against the document.

use crate::contract;
use crate::server::Server;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use ureq::http::{Method, Request, Response, header};

/// What every path of an operation begins with.
const API: &str = "/api/v1";
const JSON: &str = "application/json";

/// Connections that are kept and used again.
pub(crate) fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_recv_response(Some(Duration::from_secs(60))).build().into()
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// Method and path that were asked.
    pub(crate) asked: String,
    pub(crate) status: u16,
    /// Null when there is none.
    pub(crate) body: Value,
}

impl Answer {
    /// The body of what was done.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:#?}");
        self.body
    }

    /// The code of what was refused.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// That it was refused so.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{self:#?}");
    }

    /// That it was refused as invalid with exactly these pointers and codes, in any order.
    #[track_caller]
    pub(crate) fn invalid(&self, expected: &[(&str, &str)]) {
        self.refused(422, "invalid");
        let text = |error: &Value, field: &str| error[field].as_str().unwrap_or_default().to_owned();
        let errors = self.body["errors"].as_array().unwrap().iter();
        let mut found: Vec<_> = errors.map(|error| (text(error, "pointer"), text(error, "code"))).collect();
        let mut expected: Vec<_> =
            expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{self:#?}");
    }
}

/// A person at a client, or a stranger.
pub(crate) struct Client<'a> {
    server: &'a Server,
    agent: &'a ureq::Agent,
    pub(crate) token: Option<String>,
    key: Option<String>,
    offset: Option<u64>,
}

impl<'a> Client<'a> {
    pub(crate) fn new(server: &'a Server, agent: &'a ureq::Agent, token: Option<String>) -> Self {
        Self { server, agent, token, key: None, offset: None }
    }

    /// The same person with an `Idempotency-Key`.
    pub(crate) fn with_key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// The same person with an `Upload-Offset`.
    pub(crate) fn at_offset(self, offset: u64) -> Self {
        Self { offset: Some(offset), ..self }
    }

    fn run(&self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Response<ureq::Body> {
        let uri = format!("http://{}{path}", self.server.next_address());
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(uri);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(key) = &self.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(offset) = self.offset {
            request = request.header("upload-offset", offset);
        }
        let sent = match body {
            Some((kind, bytes)) => self.agent.run(request.header(header::CONTENT_TYPE, kind).body(bytes).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        sent.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Sends bytes as they are to a whole path, and holds the answer against the document.
    pub(crate) fn send(&self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Answer {
        let mut response = self.run(method, path, body);
        let status = response.status().as_u16();
        let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        let kind = kind.unwrap_or_default();
        if kind.starts_with("image/")
            || kind.starts_with("video/")
            || kind == "application/pdf"
            || kind == "application/zip"
        {
            let bytes = response.body_mut().read_to_vec().unwrap();
            let body = Value::Array(bytes.into_iter().map(Value::from).collect());
            return Answer { asked: format!("{method} {path}"), status, body };
        }
        // A stream has no end.
        let text = if kind == contract::STREAM { String::new() } else { response.body_mut().read_to_string().unwrap() };
        if kind.starts_with(contract::TABLE) || kind.starts_with(contract::FEED) {
            let answer = Answer { asked: format!("{method} {path}"), status, body: Value::String(text) };
            contract::hold((method, path), &answer, &kind);
            return answer;
        }
        answered((method, path), (status, &kind, &text))
    }

    /// Asks with these headers: status, headers and text of the answer.
    pub(crate) fn asked(&self, path: &str, headers: &[(&str, &str)]) -> (u16, header::HeaderMap, String) {
        let mut request = Request::builder().uri(format!("http://{}{API}{path}", self.server.next_address()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = self.agent.run(request.body(()).unwrap()).unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        (status, headers, response.body_mut().read_to_string().unwrap())
    }

    /// Writes these bytes to the socket, and no more after them.
    pub(crate) fn raw(&self, asked: (&str, &str), bytes: &[u8]) -> Answer {
        let mut socket = TcpStream::connect(self.server.next_address()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // A server that has read enough may close before everything is written.
        drop(socket.write_all(bytes));
        drop(socket.shutdown(Shutdown::Write));
        let mut answer = Vec::new();
        drop(socket.read_to_end(&mut answer));
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{asked:?}: no answer: {text}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        let kind = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-type: ").map(str::to_owned));
        answered(asked, (status, &kind.unwrap_or_default(), body))
    }

    /// The head of a request for [`Client::raw`].
    pub(crate) fn head(&self, (method, path): (&str, &str), length: usize) -> String {
        let token = self.token.as_ref().map(|token| format!("authorization: Bearer {token}\r\n"));
        let token = token.unwrap_or_default();
        let lines = format!("host: hege\r\n{token}content-type: {JSON}\r\ncontent-length: {length}\r\n");
        format!("{method} {API}{path} HTTP/1.1\r\n{lines}\r\n")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", &format!("{API}{path}"), None)
    }

    fn with(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, &format!("{API}{path}"), Some((JSON, body.to_string().as_bytes())))
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.with("POST", path, body)
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.with("PUT", path, body)
    }

    /// A body as it is, to an operation that takes JSON.
    pub(crate) fn post_text(&self, path: &str, text: &str) -> Answer {
        self.send("POST", &format!("{API}{path}"), Some((JSON, text.as_bytes())))
    }

    pub(crate) fn begin(&self, login: &str, password: &str) -> Answer {
        self.post("/session", &json!({"login": login, "password": password}))
    }

    pub(crate) fn refresh(&self, token: &str) -> Answer {
        self.post("/session/refresh", &json!({"refresh_token": token}))
    }

    pub(crate) fn end(&self) -> Answer {
        self.send("DELETE", &format!("{API}/session"), None)
    }

    pub(crate) fn register(&self, registration: &Value) -> Answer {
        self.post("/samples", registration)
    }

    fn step(&self, sample: &Value, act: &str, with: &Value) -> Answer {
        self.post(&format!("/samples/{}/{act}", text(sample, "id")), &seen(sample, with))
    }

    pub(crate) fn amend(&self, sample: &Value, changes: &Value) -> Answer {
        self.step(sample, "amendments", &json!({"changes": changes, "reason": "演示"}))
    }

    pub(crate) fn seal(&self, sample: &Value, lab: &str) -> Answer {
        self.step(sample, "custody", &json!({"kind": "sealed", "lab_id": lab, "seals": ["F1"]}))
    }

    pub(crate) fn receive(&self, sample: &Value) -> Answer {
        self.step(sample, "receipt", &json!({"accepted": true}))
    }

    pub(crate) fn enter(&self, sample: &Value, results: &Value) -> Answer {
        self.put(&format!("/samples/{}/results", text(sample, "id")), &seen(sample, &json!({"results": results})))
    }

    pub(crate) fn check(&self, sample: &Value, confirms: &[&str]) -> Answer {
        self.step(sample, "check", &json!({"confirms": confirms}))
    }

    pub(crate) fn approve(&self, sample: &Value) -> Answer {
        self.step(sample, "approval", &json!({}))
    }

    pub(crate) fn send_back(&self, sample: &Value) -> Answer {
        self.step(sample, "return", &json!({"reason": "演示"}))
    }

    pub(crate) fn void(&self, sample: &Value, request: bool) -> Answer {
        self.step(sample, "void", &json!({"reason": "演示", "request": request}))
    }

    pub(crate) fn sample(&self, id: &str) -> Answer {
        self.get(&format!("/samples/{id}"))
    }

    pub(crate) fn samples(&self, query: &str) -> Answer {
        self.get(&format!("/samples?{query}"))
    }

    pub(crate) fn rates(&self, query: &str) -> Answer {
        self.get(&format!("/rates?{query}"))
    }

    pub(crate) fn alerts(&self) -> Answer {
        self.get("/alerts")
    }

    pub(crate) fn alert(&self, id: &str) -> Answer {
        self.get(&format!("/alerts/{id}"))
    }

    /// `acknowledge` or `close`.
    pub(crate) fn act(&self, alert: &Value, act: &str) -> Answer {
        self.post(&format!("/alerts/{}/{act}", text(alert, "id")), &seen(alert, &json!({"note": "演示"})))
    }

    pub(crate) fn assign(&self, alert: &Value, to: &str) -> Answer {
        self.post(&format!("/alerts/{}/assign", text(alert, "id")), &seen(alert, &json!({"person_id": to})))
    }

    /// Wants to be mailed everything that is offered, at an address.
    pub(crate) fn subscribe(&self, email: &str) -> Answer {
        let now = self.get("/subscriptions").ok();
        let kinds = now["kinds"].as_array().unwrap().iter().map(|kind| kind["kind"].clone()).collect::<Vec<_>>();
        self.put("/subscriptions", &seen(&now, &json!({"email": email, "kinds": kinds})))
    }

    /// The lines of the event stream, as they come.
    pub(crate) fn events(&self) -> Receiver<String> {
        let response = self.run("GET", &format!("{API}/events"), None);
        assert_eq!(response.status(), 200);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let read = BufReader::new(response.into_body().into_reader()).lines().map_while(Result::ok);
            for line in read.filter(|line| !line.is_empty()) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        lines
    }
}

fn answered(asked: (&str, &str), (status, kind, text): (u16, &str, &str)) -> Answer {
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{asked:?} {status}: {error}: {text}"))
    };
    let answer = Answer { asked: format!("{} {}", asked.0, asked.1), status, body };
    contract::hold(asked, &answer, kind);
    answer
}

/// A text as it stands in a query.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// A text field.
#[track_caller]
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no `{field}` in {value:#}"))
}

/// A body with the revision that was seen.
fn seen(row: &Value, with: &Value) -> Value {
    let mut body = with.clone();
    body["revision"] = row["revision"].clone();
    body
}
