//! Around every request: its id, its limit, what every answer says, a line in the log, a count.

use crate::State;
use crate::edge::limits::Kind;
use crate::edge::{Edge, docs};
use crate::problem::Failure;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, ResponseError as _, web};
use std::time::Instant;
use tracing::Instrument as _;
use uuid::Uuid;

/// The id of a request: in every line of the log about it, and in its answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is taken over from whoever asks.
const ID_MAX: usize = 64;

/// The person who was let in, for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LetIn(pub(crate) Uuid);

/// The id that a request came with if it is one, or else a new one.
fn id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_plain = |text: &&str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        (8..=ID_MAX).contains(&text.len()) && text.bytes().all(plain)
    };
    given.filter(is_plain).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// What an answer says unless it says otherwise itself: it is not kept, framed, sniffed, told to another site or given a camera.
fn secure(headers: &mut HeaderMap, edge: &Edge, path: &str) {
    let policy = if path.starts_with(docs::PATH) { docs::POLICY } else { "default-src 'none'; frame-ancestors 'none'" };
    let unless_said = [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in unless_said {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if edge.is_secure() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

fn too_many(request: &ServiceRequest, edge: &Edge) -> Option<Failure> {
    let kind = Kind::of(request.method(), request.match_info().as_str())?;
    let address = edge.settings.proxies.client_of(request.request());
    edge.limits.check(kind, address).err().map(Failure::too_many_requests)
}

/// The middleware.
pub(crate) async fn observe<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let (began, id) = (Instant::now(), id(request.headers()));
    let span = tracing::info_span!("request", id);
    let answered = async {
        if let Some(failure) = too_many(&request, &state.edge) {
            return Ok(request.into_response(failure.error_response()).map_into_right_body());
        }
        Ok::<_, Error>(next.call(request).await?.map_into_left_body())
    };
    let mut answer = answered.instrument(span.clone()).await?;
    let status = answer.status().as_u16();
    // The route that matched and not the path: no id, no name and no query stands in the log.
    let route = answer.request().match_pattern().unwrap_or_else(|| "unknown".to_owned());
    let method = method(answer.request().method().as_str());
    let person = answer.request().extensions().get::<LetIn>().map(|who| who.0.to_string());
    let elapsed = began.elapsed();
    span.in_scope(|| {
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(method, route, status, elapsed_ms, person, "answered");
    });
    state.edge.metrics.answered((method, &route, status), elapsed);
    let path = answer.request().path().to_owned();
    secure(answer.headers_mut(), &state.edge, &path);
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    Ok(answer)
}

/// A method that is known; anybody can make others up.
fn method(name: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == name).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_over_when_it_is_plain_and_not_too_long() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_static(text));
            id(&headers)
        };
        for plain in ["12345678", "a.b-c_D9", "0123456789012345678901234567890123456789012345678901234567890123"] {
            assert_eq!(of(plain), plain);
        }
        let long = "01234567890123456789012345678901234567890123456789012345678901234";
        for strange in ["", "1234567", long, "12345678 ", "1234\u{22}5678", "<script>1"] {
            assert_ne!(of(strange), strange);
            assert_eq!(of(strange).len(), 36);
        }
        assert_eq!(id(&HeaderMap::new()).len(), 36);
    }

    #[test]
    fn what_an_answer_says_itself_stays() {
        let edge = Edge::default();
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
        secure(&mut headers, &edge, "/field/");
        assert_eq!(headers.get(CACHE_CONTROL).unwrap(), "max-age=60");
        assert_eq!(headers.get(X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff");
        assert!(headers.get(STRICT_TRANSPORT_SECURITY).is_none());
    }
}
