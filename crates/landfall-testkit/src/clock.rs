//! [`VirtualClock`]: a clock that stands still until it is told to move.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use landfall::{Clock, Timestamp};

/// A clock that stands still until it is told to move. Clones show the same time.
///
/// ```
/// use std::time::Duration;
/// use landfall::{Clock, Timestamp};
/// use landfall_testkit::VirtualClock;
///
/// let clock = VirtualClock::at(Timestamp::from_secs(1_000));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), Timestamp::from_secs(1_060));
/// ```
#[derive(Clone, Debug)]
pub struct VirtualClock {
    millis: Arc<AtomicU64>,
}

impl VirtualClock {
    /// A clock that shows `moment`.
    pub fn at(moment: Timestamp) -> Self {
        Self { millis: Arc::new(AtomicU64::new(moment.millis())) }
    }

    /// Moves the clock forward by `span`.
    pub fn advance(&self, span: Duration) {
        self.set(self.now().plus(span));
    }

    /// Sets the clock to `moment`, be it earlier or later.
    pub fn set(&self, moment: Timestamp) {
        self.millis.store(moment.millis(), Ordering::SeqCst);
    }
}

/// 2026-01-01T00:00:00Z: a round moment, the same in every run.
impl Default for VirtualClock {
    fn default() -> Self {
        Self::at(Timestamp::from_secs(1_767_225_600))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_show_the_same_time() {
        let clock = VirtualClock::default();
        let other = clock.clone();
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(other.now().since(VirtualClock::default().now()), Duration::from_millis(1_500));
    }
}
