//! The server itself: routes, headers, logs and an orderly end.

use crate::{State, configure};
use actix_web::dev::Service as _;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::{Compress, DefaultHeaders};
use actix_web::{App, HttpServer, web};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Instant;

/// How long requests in hand may take to end when the server stops.
const SECONDS_TO_STOP: u64 = 20;

/// The id of a request: in every line of the log about it, and in its answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every answer says: nothing is cached, framed, sniffed or told to another site.
fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("Cache-Control", "no-store"))
        .add(("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("X-Content-Type-Options", "nosniff"))
}

/// Serves until `stop` is done, then ends the streams and lets what is in hand finish.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(listener: TcpListener, state: Arc<State>, stop: impl Future<Output = ()>) -> io::Result<()> {
    let data = web::Data::from(Arc::clone(&state));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .wrap(headers())
            .wrap(Compress::default())
            .wrap_fn(|request, service| {
                let (began, id) = (Instant::now(), uuid::Uuid::now_v7().to_string());
                let method = request.method().clone();
                let answer = service.call(request);
                async move {
                    let mut answer = answer.await?;
                    let (status, route) = (answer.status().as_u16(), answer.request().match_pattern());
                    let elapsed_ms = began.elapsed().as_millis();
                    tracing::info!(id, %method, route = route.as_deref().unwrap_or("unknown"), status, elapsed_ms, "answered");
                    // The route that matched and not the path: no id and no query stands in the log.
                    if let Ok(value) = HeaderValue::from_str(&id) {
                        answer.headers_mut().insert(REQUEST_ID, value);
                    }
                    Ok(answer)
                }
            })
            .configure(configure)
    })
    .disable_signals()
    .shutdown_timeout(SECONDS_TO_STOP)
    .listen(listener)?
    .run();
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
