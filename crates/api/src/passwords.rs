//! How many passwords are hashed at once: each takes 19 MiB and a core for a while, and anybody may ask for it.

use crate::problem::Failure;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// As many as leave room for everything else on a small machine.
const AT_ONCE: usize = 4;
/// Longer than a person waits before trying again.
const PATIENCE: Duration = Duration::from_secs(10);

/// The queue of those whose password is to be hashed.
pub struct Passwords {
    gate: Semaphore,
    patience: Duration,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { gate: Semaphore::new(AT_ONCE), patience: PATIENCE }
    }
}

impl Passwords {
    /// A turn, until it is dropped.
    ///
    /// # Errors
    /// 503 `busy` when none came in time.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, Failure> {
        match timeout(self.patience, self.gate.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(Failure::busy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn whoever_gets_no_turn_is_told_to_come_again() {
        let passwords = Passwords { gate: Semaphore::new(1), patience: Duration::from_millis(1) };
        let turn = passwords.turn().await.ok().unwrap();
        assert!(passwords.turn().await.is_err());
        drop(turn);
        assert!(passwords.turn().await.is_ok());
    }
}
