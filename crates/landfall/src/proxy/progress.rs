//! When something last happened between us and the upstream.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Shared by whoever makes progress and whoever waits for some.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<Made>);

#[derive(Debug)]
struct Made {
    since: Instant,
    millis: AtomicU64,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self(Arc::new(Made { since: Instant::now(), millis: AtomicU64::new(0) }))
    }

    pub(super) fn made(&self) {
        let millis = u64::try_from(self.0.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.millis.store(millis, Ordering::Relaxed);
    }

    /// What the work brings, or nothing once there was no progress for so long.
    pub(super) async fn watch<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Option<T> {
        self.made();
        let mut work = std::pin::pin!(work);
        loop {
            let last = self.0.since + Duration::from_millis(self.0.millis.load(Ordering::Relaxed));
            let until = last + patience;
            if until <= Instant::now() {
                return None;
            }
            if let Ok(brought) = tokio::time::timeout_at(until, &mut work).await {
                return Some(brought);
            }
        }
    }
}
