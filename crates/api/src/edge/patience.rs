//! How long a body is waited for.

use crate::State;
use crate::body::bad_request;
use crate::problem::Failure;
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use futures_util::{Stream, StreamExt as _};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Longest silence within a body: a bad network has holes, a client that says nothing for longer has gone.
const SILENCE: Duration = Duration::from_secs(15);
/// How long a whole body may take.
const WHOLE: Duration = Duration::from_secs(120);
/// What is left for it when the server is told to stop.
const GRACE: Duration = Duration::from_secs(1);

/// Waits for the pieces of one body: not for ever, and not when the server stops.
pub(crate) struct Patience {
    until: Instant,
    stopping: Option<watch::Receiver<bool>>,
    grace: Option<Instant>,
}

impl Patience {
    pub(crate) fn with(request: &HttpRequest) -> Self {
        let state = request.app_data::<web::Data<State>>();
        Self { until: Instant::now() + WHOLE, stopping: state.map(|state| state.hints.stopping()), grace: None }
    }

    /// Ends when a server that was told to stop has waited long enough.
    async fn stopped(&mut self) {
        match &mut self.stopping {
            Some(stopping) => drop(stopping.wait_for(|stopping| *stopping).await),
            None => std::future::pending().await,
        }
        sleep_until(*self.grace.get_or_insert_with(|| Instant::now() + GRACE)).await;
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// 400 `body_cut_off`, 408 `body_slow`, 503 `stopping`.
    pub(crate) async fn next(
        &mut self,
        payload: &mut (impl Stream<Item = Result<Bytes, PayloadError>> + Unpin),
    ) -> Result<Option<Bytes>, Failure> {
        let until = self.until.min(Instant::now() + SILENCE);
        tokio::select! {
            biased;
            piece = payload.next() => {
                piece.transpose().map_err(|_cut| bad_request("body_cut_off", "内容不完整", "the body was cut off"))
            }
            () = sleep_until(until) => {
                let words = ("内容传输过慢", "the body came too slowly");
                Err(Failure::new(StatusCode::REQUEST_TIMEOUT, "body_slow", words))
            }
            () = self.stopped() => {
                let words = ("服务器正在停止，请稍后重试", "the server is stopping; try again");
                Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", words))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream::{iter, pending};

    fn patience(until: Duration, stopping: watch::Receiver<bool>) -> Patience {
        Patience { until: Instant::now() + until, stopping: Some(stopping), grace: None }
    }

    #[actix_web::test]
    async fn pieces_come_as_they_are_and_the_end_is_none() {
        let mut patience = patience(WHOLE, watch::channel(false).1);
        let mut payload = iter([Ok(Bytes::from_static(b"a"))]);
        assert_eq!(patience.next(&mut payload).await, Ok(Some(Bytes::from_static(b"a"))));
        assert_eq!(patience.next(&mut payload).await, Ok(None));
    }

    #[actix_web::test]
    async fn a_body_that_takes_too_long_is_refused() {
        let (sender, stopping) = watch::channel(false);
        let mut patience = patience(Duration::from_millis(5), stopping);
        let refused = patience.next(&mut pending()).await.unwrap_err();
        assert_eq!(refused.to_string(), "408 body_slow");
        drop(sender);
    }

    #[actix_web::test]
    async fn a_server_that_stops_waits_a_moment_and_no_longer_however_the_rest_trickles() {
        let (sender, stopping) = watch::channel(true);
        let mut patience = patience(WHOLE, stopping);
        let begun = Instant::now();
        let mut pieces = iter([Ok(Bytes::from_static(b"a"))]).chain(pending());
        assert!(patience.next(&mut pieces).await.is_ok());
        assert_eq!(patience.next(&mut pieces).await.unwrap_err().to_string(), "503 stopping");
        assert!(begun.elapsed() >= GRACE && begun.elapsed() < SILENCE);
        drop(sender);
    }
}
