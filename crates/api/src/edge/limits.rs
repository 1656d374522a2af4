//! How often an address may ask. It keeps one client from taking everybody's turn; it is no measure against many of them.

use crate::edge::address::counted_as;
use actix_web::http::Method;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Most addresses that are remembered; further ones share one count until some are forgotten.
const ADDRESSES_MAX: usize = 50_000;
/// After so many requests the addresses that have their full quota again are forgotten.
const FORGET_EVERY: u32 = 1_024;

/// What is asked, as far as limits go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Passwords and refresh tokens: what somebody could guess.
    Login,
    /// What is answered without an account.
    Public,
    /// Anything else.
    Request,
}

impl Kind {
    /// What a request is; none for what is never limited. `path` is the one that routes are found by, with nothing left to
    /// decode.
    #[must_use]
    pub fn of(method: &Method, path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        match (method, path) {
            (_, "/healthz") => None,
            (&Method::POST, "/api/v1/session" | "/api/v1/session/refresh") | (&Method::PUT, "/api/v1/me/password") => {
                Some(Self::Login)
            }
            _ if path.starts_with("/api/v1/public/") || path.starts_with("/public/") => Some(Self::Public),
            _ => Some(Self::Request),
        }
    }
}

/// How many requests a minute an address has, and at once as many; none where there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerMinute {
    /// Of [`Kind::Login`].
    pub login: Option<NonZeroU32>,
    /// Of [`Kind::Public`].
    pub public: Option<NonZeroU32>,
    /// Of [`Kind::Request`].
    pub request: Option<NonZeroU32>,
}

struct Limit {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    asked: AtomicU32,
    addresses_max: usize,
}

impl Limit {
    fn new(per_minute: NonZeroU32) -> Self {
        let limiter = RateLimiter::keyed(Quota::per_minute(per_minute));
        Self { limiter, asked: AtomicU32::new(0), addresses_max: ADDRESSES_MAX }
    }

    fn check(&self, address: IpAddr) -> Result<(), Duration> {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET_EVERY) {
            self.limiter.retain_recent();
        }
        let is_full = self.limiter.len() >= self.addresses_max;
        let address = if is_full { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { counted_as(address) };
        let refused = |not_until: governor::NotUntil<_>| not_until.wait_time_from(DefaultClock::default().now());
        self.limiter.check_key(&address).map_err(refused)
    }
}

/// The limits of a server. Each server counts for itself: what must be shared, attempts at a login, is counted in the database.
pub(crate) struct Limits {
    login: Option<Limit>,
    public: Option<Limit>,
    request: Option<Limit>,
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limits(..)")
    }
}

impl Limits {
    pub(crate) fn new(per_minute: PerMinute) -> Self {
        let PerMinute { login, public, request } = per_minute;
        Self { login: login.map(Limit::new), public: public.map(Limit::new), request: request.map(Limit::new) }
    }

    /// Counts a request, or says how long to wait.
    pub(crate) fn check(&self, kind: Kind, address: IpAddr) -> Result<(), Duration> {
        let limit = match kind {
            Kind::Login => &self.login,
            Kind::Public => &self.public,
            Kind::Request => &self.request,
        };
        limit.as_ref().map_or(Ok(()), |limit| limit.check(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_quota_and_not_one_more_and_another_has_its_own() {
        let limits = Limits::new(PerMinute { login: NonZeroU32::new(3), ..PerMinute::default() });
        let login = |address: &str| limits.check(Kind::Login, ip(address));
        for _ in 0..3 {
            assert_eq!(login("192.0.2.1"), Ok(()));
        }
        let wait = login("192.0.2.1").unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(20), "{wait:?}");
        assert_eq!(login("192.0.2.2"), Ok(()));
        for last in 0..3 {
            assert_eq!(login(&format!("2001:db8:0:1::{last}")), Ok(()));
        }
        assert!(login("2001:db8:0:1:ffff::").is_err());
        assert_eq!(login("2001:db8:0:2::"), Ok(()));
        // What has no limit has none.
        for _ in 0..1_000 {
            assert_eq!(limits.check(Kind::Request, ip("192.0.2.1")), Ok(()));
        }
    }

    #[test]
    fn memory_is_bounded_and_what_comes_on_top_shares_one_count() {
        let limit = Limit { addresses_max: 10, ..Limit::new(NonZeroU32::new(2).unwrap()) };
        for last in 0..12 {
            assert_eq!(limit.check(ip(&format!("192.0.2.{last}"))), Ok(()));
        }
        assert!(limit.check(ip("192.0.2.12")).is_err());
        assert!(limit.limiter.len() <= 11);
    }

    #[test]
    fn what_can_be_guessed_is_counted_apart() {
        let kind = |method: Method, path: &str| Kind::of(&method, path);
        assert_eq!(kind(Method::POST, "/api/v1/session"), Some(Kind::Login));
        assert_eq!(kind(Method::POST, "/api/v1/session/"), Some(Kind::Login));
        assert_eq!(kind(Method::POST, "/api/v1/session/refresh"), Some(Kind::Login));
        assert_eq!(kind(Method::PUT, "/api/v1/me/password"), Some(Kind::Login));
        assert_eq!(kind(Method::DELETE, "/api/v1/session"), Some(Kind::Request));
        assert_eq!(kind(Method::GET, "/api/v1/public/bulletins"), Some(Kind::Public));
        assert_eq!(kind(Method::GET, "/readyz"), Some(Kind::Request));
        assert_eq!(kind(Method::GET, "/healthz"), None);
    }
}
