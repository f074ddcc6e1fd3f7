//! The near cache: opened sessions, shared between requests.
//!
//! For a store it saves the round trip, and its age bounds how long a revoked session can still be served.
//! For sealed cookies it saves the opening; there the text itself is what is known, so nothing can go stale.
//!
//! It is asked before anything else for every guarded request, so both lookups are without I/O and without a future. It
//! never decides whether a session still stands: whoever asks compares the id and the two ends of the session.
//!
//! A copy must not outlive a change that this process has heard of. Loading and hearing can cross, so the keeper
//! 1. reads the record's counter in [`Changes`],
//! 2. loads the record and keeps a copy here,
//! 3. reads the counter again, and forgets the copy if it has moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;

use super::opened::Session;
use super::store::{Change, RecordKey};
use crate::clock::Timestamp;

/// Opened sessions by 32 bytes: a record's key, or the end of a sealed cookie's text.
pub(crate) struct NearCache {
    entries: Cache<[u8; 32], Entry>,
    /// How old a copy of a stored session may be. An ending that happened elsewhere, and that the store could not tell
    /// of, is noticed after this time at the latest.
    staleness: Duration,
}

/// One opened session, and how it became known.
#[derive(Clone)]
struct Entry {
    session: Arc<Session>,
    /// The whole text of a sealed cookie, and the base URL it was sealed under; `None` for a stored session.
    text: Option<(usize, Arc<str>)>,
    /// When the store said so. Only asked of stored sessions.
    loaded_at: Timestamp,
    /// Whether the first key of the ring sealed the cookie. Always so for a stored session.
    current_key: bool,
}

impl NearCache {
    /// An empty one for so many sessions; where it is full, one that is seldom asked for makes room.
    pub(crate) fn new(capacity: usize, staleness: Duration) -> Self {
        Self { entries: Cache::new(capacity), staleness }
    }

    /// A stored session, if the copy is young enough; a clock that was set back makes every copy too old. The caller
    /// compares the whole session id, of which the key knows one half.
    pub(crate) fn stored(&self, key: &[u8; 32], now: Timestamp) -> Option<Arc<Session>> {
        self.copy(key, now).map(|(session, _)| session)
    }

    /// The same, and when the store said so.
    pub(crate) fn copy(&self, key: &[u8; 32], now: Timestamp) -> Option<(Arc<Session>, Timestamp)> {
        let entry = self.entries.get(key)?;
        let is_young = now >= entry.loaded_at && now.since(entry.loaded_at) < self.staleness;
        is_young.then_some((entry.session, entry.loaded_at))
    }

    /// How old a copy of a stored session may be.
    pub(crate) fn staleness(&self) -> Duration {
        self.staleness
    }

    /// Keeps a copy of what the store has just said.
    pub(crate) fn put_stored(&self, key: [u8; 32], session: Arc<Session>, now: Timestamp) {
        self.entries.insert(key, Entry { session, text: None, loaded_at: now, current_key: true });
    }

    /// The session of exactly this text sealed under this base URL, and whether the first key sealed it.
    pub(crate) fn sealed(&self, site: usize, text: &[u8]) -> Option<(Arc<Session>, bool)> {
        let entry = self.entries.get(tail(text)?)?;
        let (sealed_under, known) = entry.text.as_ref()?;
        // Every base URL has keys of its own: what one of them sealed, another could not have opened.
        (*sealed_under == site && crate::crypto::secret::same_bytes(known.as_bytes(), text))
            .then_some((entry.session, entry.current_key))
    }

    /// Keeps a session with the text that it was opened from, under this base URL.
    pub(crate) fn put_sealed(
        &self,
        site: usize,
        text: &str,
        session: Arc<Session>,
        current_key: bool,
        now: Timestamp,
    ) {
        if let Some(key) = tail(text.as_bytes()) {
            let text = Some((site, Arc::from(text)));
            self.entries.insert(*key, Entry { session, text, loaded_at: now, current_key });
        }
    }

    /// Drops the copy of this record, or every copy. Sealed sessions are under other keys than records.
    pub(crate) fn forget(&self, change: Change) {
        match change {
            Change::Record(key) => {
                self.entries.remove(&key.0);
            }
            Change::Everything => self.entries.clear(),
        }
    }
}

/// Counts the changes that a store told of, in rows: a copy that was loaded before a change is not kept after
/// it, and changes of other records seldom matter to it.
#[derive(Debug)]
pub(crate) struct Changes {
    /// One counter for each first byte of a record's key. Two records in one row cost a load at most.
    rows: [AtomicU64; 256],
    /// Counts what was told of all records at once.
    all: AtomicU64,
}

impl Default for Changes {
    fn default() -> Self {
        Self { rows: std::array::from_fn(|_| AtomicU64::new(0)), all: AtomicU64::new(0) }
    }
}

impl Changes {
    /// Notes a change. It has to be counted before the copy is forgotten: a load in between then sees that it moved.
    pub(crate) fn count(&self, change: Change) {
        match change {
            Change::Record(key) => self.row(key).fetch_add(1, Ordering::SeqCst),
            Change::Everything => self.all.fetch_add(1, Ordering::SeqCst),
        };
    }

    /// Differs from what it was if this record may have changed since.
    pub(crate) fn of(&self, key: RecordKey) -> (u64, u64) {
        (self.row(key).load(Ordering::SeqCst), self.all.load(Ordering::SeqCst))
    }

    /// The counter that this record shares with others.
    fn row(&self, key: RecordKey) -> &AtomicU64 {
        // Digests: any byte is as good as another, and there is a row for each.
        self.rows.get(usize::from(key.0[0])).unwrap_or(&self.all)
    }
}

/// What a sealed cookie is found by. The last bytes hold the authentication tag, so they differ between any two
/// cookies; `None` for a text too short to be one. The whole text is compared before a session is served.
fn tail(text: &[u8]) -> Option<&[u8; 32]> {
    text.last_chunk()
}

impl std::fmt::Debug for NearCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NearCache").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}
