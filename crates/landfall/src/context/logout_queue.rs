//! The queue of logout tokens: anybody can post one, so they take turns.
//!
//! What can be refused without keys is refused before the queue; see `flow/provider_logout/backchannel.rs`.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{Error, ErrorCode};

/// How many tokens may ask for keys and for the store at once.
const AT_ONCE: usize = 32;

/// Where logout tokens wait for their turn, so that a flood of them leaves the rest of the application, and the store,
/// to others.
#[derive(Debug)]
pub(crate) struct LogoutQueue {
    /// One permit for each token that is being worked on.
    slots: Semaphore,
    /// How long a token waits. The provider is then told to send it again.
    patience: Duration,
}

impl LogoutQueue {
    /// A queue in which nobody waits longer than this.
    pub(crate) fn new(patience: Duration) -> Self {
        Self { slots: Semaphore::new(AT_ONCE), patience }
    }

    /// The next turn, held until the permit is dropped.
    ///
    /// # Errors
    /// [`ErrorCode::Overloaded`] when it does not come in time. The provider is answered 503.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, Error> {
        match tokio::time::timeout(self.patience, self.slots.acquire()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => {
                Err(Error::new(ErrorCode::Overloaded).detail("logout tokens come faster than they are read"))
            }
        }
    }
}
