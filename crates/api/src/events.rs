//! Server-sent events: hints that something changed, never the data. A client that misses some fetches again.

use crate::State;
use crate::access::{Allowed, EventStream};
use crate::answers::Stranger;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, get, web};
use futures_util::stream::unfold;
use hege_app::Scope;
use hege_app::hints::{Hint, since};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(event_stream);
}

/// How often the record is asked for what is new.
const EVERY: Duration = Duration::from_millis(500);
/// A line without meaning, so that proxies keep a quiet connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How far back each look reaches again: a transaction may commit later than its rows say.
const OVERLAP: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);

/// Hands hints to everybody who listens on this server.
#[derive(Debug)]
pub struct Hints {
    sender: broadcast::Sender<Hint>,
    stopping: watch::Sender<bool>,
}

impl Default for Hints {
    fn default() -> Self {
        Self { sender: broadcast::channel(256).0, stopping: watch::channel(false).0 }
    }
}

impl Hints {
    /// Ends every stream: the server is stopping.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether the server is stopping.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Becomes true when the server stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Asks the record for what is new, again and again, until the server stops. One task for the whole server.
    pub async fn watch(state: Arc<State>) {
        let mut stopping = state.hints.stopping.subscribe();
        let mut began = state.now();
        let (mut from, mut told) = (began, BTreeSet::new());
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = sleep(EVERY) => {}
            }
            let now = state.now();
            // A clock that was put back must not keep everything until then from being told.
            began = began.min(now);
            if let Ok(hints) = state.run(move |state| since(&state.store, from)).await {
                let ids: BTreeSet<Uuid> = hints.iter().map(|hint| hint.id).collect();
                for hint in hints.into_iter().filter(|hint| !told.contains(&hint.id)) {
                    // An error means that nobody listens.
                    drop(state.hints.sender.send(hint));
                }
                told = ids;
                from = began.max(now.checked_sub(OVERLAP).unwrap_or(now));
            }
        }
    }
}

struct Listener {
    hints: broadcast::Receiver<Hint>,
    stopping: watch::Receiver<bool>,
    scope: Scope,
    until: Instant,
    greeted: bool,
}

fn resync() -> Bytes {
    Bytes::from_static(b"event: resync\ndata: {}\n\n")
}

fn line(hint: &Hint) -> Bytes {
    let data = serde_json::json!({"topic": hint.topic, "city": hint.city.to_string(), "at": hint.at.to_string()});
    Bytes::from(format!("event: hint\ndata: {data}\n\n"))
}

impl Listener {
    /// The next piece of the stream; none when it is over.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if !self.greeted {
            self.greeted = true;
            return Some((Ok(resync()), self));
        }
        loop {
            let received = tokio::select! {
                _ = self.stopping.wait_for(|stopping| *stopping) => None,
                () = sleep_until(self.until) => None,
                () = sleep(KEEP_ALIVE) => Some(None),
                received = self.hints.recv() => Some(Some(received)),
            };
            match received? {
                None => return Some((Ok(Bytes::from_static(b": still here\n\n")), self)),
                Some(Ok(hint)) if hint.concerns(&self.scope) => return Some((Ok(line(&hint)), self)),
                Some(Ok(_)) => {}
                Some(Err(RecvError::Lagged(_))) => return Some((Ok(resync()), self)),
                Some(Err(RecvError::Closed)) => return None,
            }
        }
    }
}

/// How long until an instant, by the monotonic clock.
fn deadline(now: Timestamp, until: Timestamp) -> Instant {
    let left = Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO);
    Instant::now() + left
}

/// Hints of what changed.
///
/// Server-sent events `{topic, city, at}`, hints only: on connect, on reconnect and after a gap a `resync`, and the client
/// fetches again. The stream ends when the token expires and when the server stops.
#[utoipa::path(operation_id = "event_stream", tag = "operations", security(("bearer" = [])),
    responses((status = 200, description = "a stream of hints", content_type = "text/event-stream"),
        Stranger))]
#[get("/events")]
pub(crate) async fn event_stream(state: web::Data<State>, asked: Allowed<EventStream>) -> HttpResponse {
    let listener = Listener {
        hints: state.hints.sender.subscribe(),
        stopping: state.hints.stopping.subscribe(),
        scope: asked.person.scope.clone(),
        until: deadline(state.machine_now(), asked.person.expires),
        greeted: false,
    };
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(unfold(listener, Listener::next))
}
