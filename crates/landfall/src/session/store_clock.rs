//! [`StoreClock`]: which clock a store expires its records by.
//!
//! A session is judged twice: by the relying party, which says when it ends, and by the store, which drops what has
//! ended. Two clocks that disagree make sessions that are over when they begin, so a store without a clock of its own
//! takes the relying party's, which hands it over while it is built.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::clock::{Clock, SystemClock, Timestamp};

/// How far a store's clock may be from the relying party's before that is told. Clocks of two machines differ by less.
const APART: Duration = Duration::from_secs(60);

/// For stores: the clock that says what has expired.
///
/// It is the one that the store was given by name ([`named`](Self::named)), else that of the first relying party that
/// the store is part of ([`hand_over`](Self::hand_over)), and the system's until there is either. Clones share what was
/// handed over: a store that is cloned into two relying parties goes by one clock.
///
/// ```
/// use std::sync::Arc;
///
/// use landfall::store::StoreClock;
/// use landfall::{Clock, Timestamp};
///
/// #[derive(Debug)]
/// struct Noon;
///
/// impl Clock for Noon {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_secs(43_200)
///     }
/// }
///
/// let clock = StoreClock::default();
/// let clone = clock.clone();
/// clock.hand_over(Arc::new(Noon));
/// assert_eq!(clone.now(), Noon.now());
/// ```
#[derive(Clone, Debug, Default)]
pub struct StoreClock {
    /// Given to the store itself; then no other counts.
    named: Option<Arc<dyn Clock>>,
    /// The first relying party's, for every clone.
    handed_over: Arc<OnceLock<Arc<dyn Clock>>>,
}

impl StoreClock {
    /// A clock that the store was given by name, and keeps whatever is handed over: what `with_clock` of a store makes
    /// of its argument.
    pub fn named(clock: Arc<dyn Clock>) -> Self {
        Self { named: Some(clock), handed_over: Arc::default() }
    }

    /// Takes a relying party's clock, unless the store was given one by name or has another relying party's: what
    /// [`SessionStore::use_clock`](super::SessionStore::use_clock) of a store calls.
    ///
    /// Where the store then goes by a time that is more than a minute from this clock's, a WARN says so: the sessions
    /// of that relying party end too early or too late.
    pub fn hand_over(&self, clock: Arc<dyn Clock>) {
        let theirs = clock.now();
        if self.named.is_none() {
            // The first one stays.
            let _ = self.handed_over.set(clock);
        }
        let own = self.now();
        if own.since(theirs).max(theirs.since(own)) > APART {
            tracing::warn!(
                store = own.secs(),
                relying_party = theirs.secs(),
                "the session store goes by another time than the relying party, so sessions end too early or too late; give both one clock: `with_clock` of the store, `clock` of the builder"
            );
        }
    }
}

impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        match self.named.as_ref().or_else(|| self.handed_over.get()) {
            Some(clock) => clock.now(),
            None => SystemClock.now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct At(u64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_secs(self.0)
        }
    }

    fn shown(clock: &StoreClock) -> u64 {
        clock.now().secs()
    }

    #[test]
    fn a_store_takes_the_first_relying_partys_clock_and_every_clone_with_it() {
        let clock = StoreClock::default();
        assert!(shown(&clock) > 1_700_000_000, "the system's, as long as there is no other");
        let clone = clock.clone();
        clock.hand_over(Arc::new(At(1_000)));
        clone.hand_over(Arc::new(At(2_000)));
        assert_eq!((shown(&clock), shown(&clone)), (1_000, 1_000));
    }

    #[test]
    fn a_clock_that_was_named_stays_whoever_hands_one_over() {
        let clock = StoreClock::named(Arc::new(At(7)));
        clock.hand_over(Arc::new(At(1_000)));
        assert_eq!((shown(&clock), shown(&clock.clone())), (7, 7));
    }
}
