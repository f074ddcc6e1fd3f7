//! When something last happened between us and the upstream, and whether the browser's part broke off.
//!
//! A proxy must not end what is slow, only what stands still: an upload of an hour is fine, a minute of nothing is
//! not. Two tasks take part, the one that waits for the answer and the client that reads the upload, so the time is
//! shared here. It is tokio's own clock, not the builder's: this is about connections, and decides nothing about a
//! session.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Shared by whoever makes progress and whoever waits for some.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<Made>);

/// What is shared.
#[derive(Debug)]
struct Made {
    /// When it began.
    since: Instant,
    /// How long after that something happened last, in milliseconds.
    millis: AtomicU64,
    /// Whether the request's body ended too early. The client's error does not say whose fault it was.
    broken_off: AtomicBool,
}

impl Progress {
    pub(super) fn new() -> Self {
        let (millis, broken_off) = (AtomicU64::new(0), AtomicBool::new(false));
        Self(Arc::new(Made { since: Instant::now(), millis, broken_off }))
    }

    pub(super) fn made(&self) {
        let millis = u64::try_from(self.0.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.millis.store(millis, Ordering::Relaxed);
    }

    /// The browser's part broke off.
    pub(super) fn break_off(&self) {
        self.0.broken_off.store(true, Ordering::Relaxed);
    }

    /// Whether it did.
    pub(super) fn is_broken_off(&self) -> bool {
        self.0.broken_off.load(Ordering::Relaxed)
    }

    /// What the work brings, or nothing once there was no progress for so long. To begin counts as progress; so
    /// does everything that another task reports meanwhile.
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
