//! Sessions that began in this process a moment ago and were not asked for yet.
//!
//! A store that goes by another clock, that is full, or that somebody empties, loses a session between the callback and
//! the request that the callback leads to. The browser is then sent to sign in again, and all that can be seen from
//! outside is a loop. Here it is known that the session was made, so it can be said who lost it.
//!
//! Nothing is decided by this: it is for the log alone. So it may forget, and does where there are too many.
//!
//! What it cannot tell apart: a session that another instance ended within these seconds, before it was asked for here,
//! is told of as lost. What it does not see: two instances that keep their sessions in memory each, where the browser's
//! next request goes to the other one.

use std::time::Duration;

use quick_cache::sync::Cache;

use super::store::RecordKey;
use crate::clock::Timestamp;

/// How many are remembered at most.
const CAPACITY: usize = 1_024;
/// For how long. A browser follows the callback's redirect at once; a session that is gone later than this may have
/// been ended by another instance.
const A_MOMENT: Duration = Duration::from_secs(10);

/// The sessions that were begun and not asked for since, by their records' keys.
pub(super) struct Newborn(Cache<[u8; 32], Life>);

/// From when to when a session is to be there.
#[derive(Clone, Copy, Debug)]
struct Life {
    begun_at: Timestamp,
    ends_at: Timestamp,
}

impl Default for Newborn {
    fn default() -> Self {
        Self(Cache::new(CAPACITY))
    }
}

impl Newborn {
    /// Notes a session that was begun, and until when it may be served.
    pub(super) fn begun(&self, key: RecordKey, begun_at: Timestamp, ends_at: Timestamp) {
        self.0.insert(key.0, Life { begun_at, ends_at });
    }

    /// Forgets one: the store has it, or it was ended here. Asked for every session that is loaded, so nothing is
    /// locked for writing where there is nothing to forget.
    pub(super) fn forget(&self, key: RecordKey) {
        if self.0.peek(&key.0).is_some() {
            self.0.remove(&key.0);
        }
    }

    /// Whether a session that the store does not know began a moment ago and should still be there. True once.
    pub(super) fn is_lost(&self, key: RecordKey, now: Timestamp) -> bool {
        self.0.remove(&key.0).is_some_and(|(_, life)| {
            now.since(life.begun_at) <= A_MOMENT && now >= life.begun_at && now < life.ends_at
        })
    }
}

impl std::fmt::Debug for Newborn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Newborn").field("sessions", &self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_lost_that_began_a_moment_ago_and_nobody_saw_or_ended() {
        let at = Timestamp::from_secs;
        let key = |name: u8| RecordKey([name; 32]);
        let newborn = Newborn::default();
        newborn.begun(key(1), at(100), at(200));
        assert!(newborn.is_lost(key(1), at(101)));
        assert!(!newborn.is_lost(key(1), at(101)), "told once");
        newborn.begun(key(2), at(100), at(200));
        newborn.forget(key(2));
        assert!(!newborn.is_lost(key(2), at(101)), "seen, or ended here");
        newborn.begun(key(3), at(100), at(200));
        assert!(!newborn.is_lost(key(3), at(111)), "another instance may have ended it by now");
        newborn.begun(key(4), at(100), at(102));
        assert!(!newborn.is_lost(key(4), at(102)), "over, as it should be");
        assert!(!newborn.is_lost(key(5), at(101)), "not of this process");
    }
}
