//! Requests with headers of one's own, and answers with theirs.

use crate::contract;
use crate::server::Server;
use serde_json::Value;
use ureq::http::{HeaderMap, Method, Request};

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The cookies that it sets, as a browser would send them back.
    pub(crate) fn cookies(&self) -> String {
        let set = self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        set.map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
    }

    /// What it says of a cookie besides its value.
    pub(crate) fn attributes(&self, name: &str) -> Vec<String> {
        let set = self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        let found = set.filter_map(|cookie| cookie.strip_prefix(&format!("{name}="))).next();
        let found = found.unwrap_or_else(|| panic!("no cookie {name}: {self:#?}"));
        found.split("; ").skip(1).map(str::to_owned).collect()
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{self:#?}");
    }
}

/// Asks for a whole path.
pub(crate) fn ask(
    server: &Server,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Reply {
    let uri = format!("http://{}{path}", server.address);
    let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let agent = crate::client::agent();
    let sent = match body {
        Some(body) => {
            let request = request.header("content-type", "application/json");
            agent.run(request.body(body.to_string().into_bytes()).unwrap())
        }
        None => agent.run(request.body(()).unwrap()),
    };
    let mut response = sent.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let kind = headers.get("content-type").map(|kind| kind.to_str().unwrap()).unwrap_or_default();
    let text = if kind == contract::STREAM { Vec::new() } else { response.body_mut().read_to_vec().unwrap() };
    // A picture is no text.
    let text = String::from_utf8_lossy(&text).into_owned();
    Reply { status, headers, text }
}

/// The origin of a server's own pages.
pub(crate) fn origin(server: &Server) -> String {
    format!("http://{}", server.address)
}
