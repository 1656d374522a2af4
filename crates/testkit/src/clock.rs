//! A clock that stands still until it is told to move.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

/// The time as a test decides it. Share it by reference or in an `Arc`; all holders see the same time.
#[derive(Debug)]
pub struct Clock {
    now: Mutex<Timestamp>,
}

impl Clock {
    /// A clock that shows `instant`, an RFC 3339 text such as `2025-09-01T08:00:00+08:00`, until it is moved.
    ///
    /// # Panics
    /// When the text is not an instant: the test itself is wrong.
    #[must_use]
    pub fn at(instant: &str) -> Self {
        let now = instant.parse().unwrap_or_else(|error| panic!("`{instant}` is not an instant: {error}"));
        Self { now: Mutex::new(now) }
    }

    /// The time it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves it on (or back, for a negative duration) and gives the new time.
    ///
    /// # Panics
    /// When the new time is beyond the years jiff knows.
    pub fn advance(&self, by: SignedDuration) -> Timestamp {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).unwrap_or_else(|error| panic!("no such time: {error}"));
        *now
    }

    /// Moves it on by whole days of 24 hours.
    pub fn advance_days(&self, days: u16) -> Timestamp {
        self.advance(SignedDuration::from_hours(i64::from(days) * 24))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_still_until_moved() {
        let clock = Clock::at("2025-09-01T08:00:00+08:00");
        assert_eq!(clock.now().to_string(), "2025-09-01T00:00:00Z");
        assert_eq!(clock.now(), clock.now());
        assert_eq!(clock.advance(SignedDuration::from_secs(90)).to_string(), "2025-09-01T00:01:30Z");
        assert_eq!(clock.advance_days(30).to_string(), "2025-10-01T00:01:30Z");
        assert_eq!(clock.advance(SignedDuration::from_secs(-90)), clock.now());
        assert_eq!(clock.now().to_string(), "2025-10-01T00:00:00Z");
    }
}
