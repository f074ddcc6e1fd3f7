//! Time and randomness, as inputs: nothing in the core asks the operating system behind the caller's back.
//!
//! So a test can say what time it is, and every rule that speaks of time can be tried at its very edge. What is
//! measured and not judged, such as the timeout of a call, runs on a monotonic clock and not on this one.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. Arithmetic saturates; nothing here can panic.
///
/// ```
/// use std::time::Duration;
///
/// use landfall::Timestamp;
///
/// let issued = Timestamp::from_secs(1_800_000_000);
/// let expires = issued.plus(Duration::from_secs(300));
/// assert_eq!(expires.since(issued), Duration::from_secs(300));
/// assert_eq!(issued.since(expires), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From whole seconds since the epoch, the unit of times in a JWT (`NumericDate`, RFC 7519 §2).
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn secs(self) -> u64 {
        self.0 / 1000
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// This moment and `span` more, or the last moment there is.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    /// That much earlier; never before the epoch.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self::from_millis(self.millis().saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The time from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// What time it is. Give the builder one of your own to test what time does to your application;
/// `landfall-testkit` has a `VirtualClock`.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The present moment. It may be set back between two calls; whoever compares moments has to bear that.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock. A time before 1970 is the epoch.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Says yes once a minute at most: for a line in the log that strangers can cause as often as they like.
#[derive(Debug, Default)]
pub(crate) struct OnceAMinute {
    /// When it last said yes, in milliseconds since the epoch; 0 for never.
    last: AtomicU64,
}

impl OnceAMinute {
    /// In milliseconds.
    const MINUTE: u64 = 60_000;

    /// One that has not said yes.
    pub(crate) const fn new() -> Self {
        Self { last: AtomicU64::new(0) }
    }

    /// Whether it is time again. Of several that ask at once one is told so. A clock that was set back does not
    /// silence it.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let (last, now) = (self.last.load(Ordering::Relaxed), now.millis().max(1));
        let is_due = last == 0 || now.abs_diff(last) >= Self::MINUTE;
        is_due && self.last.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// The random source gave nothing. A sign-in then fails; it never goes on with a weaker value.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the random source failed")]
#[non_exhaustive]
pub struct EntropyError;

impl EntropyError {
    /// For an [`Entropy`] of your own.
    #[allow(clippy::new_without_default, reason = "an error has no default")]
    pub fn new() -> Self {
        Self
    }
}

/// Where unguessable bytes come from: session ids, nonces, PKCE verifiers and the nonces of seals.
///
/// An implementation must be fit for cryptography. One that repeats itself breaks the seals, as AES-GCM needs every
/// nonce to be used once; give the builder one of your own for tests alone.
pub trait Entropy: fmt::Debug + Send + Sync + 'static {
    /// Fills `dest` with bytes nobody can predict.
    ///
    /// # Errors
    /// When the source fails; `dest` must then not be used.
    fn fill(&self, dest: &mut [u8]) -> Result<(), EntropyError>;
}

/// The operating system's random source, by aws-lc-rs.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, dest: &mut [u8]) -> Result<(), EntropyError> {
        aws_lc_rs::rand::fill(dest).map_err(|_| EntropyError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_at_first_and_then_once_a_minute_also_where_the_clock_is_set_back() {
        let (told, start) = (OnceAMinute::new(), Timestamp::from_secs(1_800_000_000));
        let after = |seconds| told.is_due(start.plus(Duration::from_secs(seconds)));
        assert_eq!([0, 1, 59, 60, 61, 119, 120].map(after), [true, false, false, true, false, false, true]);
        assert!(
            told.is_due(start.minus(Duration::from_secs(3600)))
                && !told.is_due(start.minus(Duration::from_secs(3600)))
        );
        let (told, epoch) = (OnceAMinute::new(), Timestamp::default());
        assert!(told.is_due(epoch) && !told.is_due(epoch));
    }
}
