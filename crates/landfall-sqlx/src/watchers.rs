//! The watchers of a store: whoever wants to hear of changed sessions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall::store::{Change, Watcher};

use crate::running::Running;

#[derive(Default)]
pub struct Watchers {
    all: Mutex<Vec<Watcher>>,
    wanted: AtomicBool,
    listening: Arc<AtomicBool>,
}

impl std::fmt::Debug for Watchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watchers").finish_non_exhaustive()
    }
}

impl Watchers {
    pub(crate) fn add(&self, watcher: Watcher) {
        self.all().push(watcher);
        self.wanted.store(true, Ordering::Release);
    }

    /// When it is time to begin to listen.
    pub(crate) fn begin(&self) -> Option<Running> {
        if self.wanted.load(Ordering::Acquire) { Running::begin(&self.listening) } else { None }
    }

    pub(crate) fn tell(&self, change: Change) {
        let all = self.all().clone();
        for watcher in all {
            watcher(change);
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Watcher>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
