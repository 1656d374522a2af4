//! The server itself: what it listens to, how long it waits, and an orderly end.

use crate::edge::observe::observe;
use crate::{State, configure};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// How long requests in hand may take to end when the server stops; what still goes on then is dropped.
const SECONDS_TO_STOP: u64 = 8;
/// How long the head of a request may take, of which there are at most 128 KiB.
const HEAD: Duration = Duration::from_secs(10);
/// How long a client may take to close after its last answer.
const CLOSE: Duration = Duration::from_secs(2);
/// How long a connection is kept for another request: longer than most proxies keep one idle, so that they close it.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long TLS may take to begin.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Serves until `stop` is done, then ends the streams and lets what is in hand finish. Under TLS when the edge has a certificate.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(listener: TcpListener, state: Arc<State>, stop: impl Future<Output = ()>) -> io::Result<()> {
    let data = web::Data::from(Arc::clone(&state));
    let server = HttpServer::new(move || {
        let app = App::new().app_data(data.clone()).wrap(Compress::default()).wrap(from_fn(observe));
        app.configure(configure)
    })
    .disable_signals()
    .client_request_timeout(HEAD)
    .client_disconnect_timeout(CLOSE)
    .keep_alive(KEEP_ALIVE)
    // Else the body of an answer waits for the client's delayed acknowledgement of its head: 40 ms.
    .tcp_nodelay(true)
    .tls_handshake_timeout(HANDSHAKE)
    .shutdown_timeout(SECONDS_TO_STOP);
    let server = match &state.edge.settings.tls {
        Some(tls) => server.listen_rustls_0_23(listener, rustls::ServerConfig::clone(tls))?,
        None => server.listen(listener)?,
    };
    let server = server.run();
    let handle = server.handle();
    let watching = actix_web::rt::spawn(crate::events::Hints::watch(Arc::clone(&state)));
    let mut serving = actix_web::rt::spawn(server);
    tokio::pin!(stop);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = &mut stop => {
            state.hints.stop();
            handle.stop(true).await;
            serving.await
        }
    };
    watching.abort();
    ended.unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
}
