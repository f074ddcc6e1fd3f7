//! Sessions in this process's memory: for one instance, for development and for tests.
//!
//! It keeps every promise of [`SessionStore`] and runs the suite of `landfall-testkit`, so what holds here holds with
//! an engine. Everything is behind one lock, which is held for a few map operations and never across an await.
//!
//! It is bounded, since strangers can make it grow. Sessions push out the one that would end first; leases and
//! remembered names are refused where they are full, since one that is forgotten too early is one that can be taken
//! twice. [`records`] holds the first, each as one piece of memory ([`packed`]); [`names`] holds the other two.
//!
//! What a call costs does not grow with how many sessions there are, but for a step of `log n` in the indexes. Each call
//! also removes a few records that have expired, so that no call has to remove many and no thread has to sweep.

mod names;
mod packed;
mod records;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use self::names::Names;
use self::records::Records;
use super::store::{
    Change, IndexKey, RecordKey, Selection, SessionStore, StoreError, StoredRecord, Updated, Watcher,
};
use crate::clock::{Clock, Timestamp};
use crate::session::store_clock::StoreClock;

/// Sessions in this process's memory. They end with it; a clone is the same store.
///
/// What has expired is removed a little at a time, with every call. There is room for a million sessions, and
/// for as many leases and remembered names beside them; see [`with_capacity`](Self::with_capacity).
///
/// ```
/// use landfall::MemoryStore;
///
/// let store = MemoryStore::new().with_capacity(50_000);
/// assert!(store.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    /// Tells what has expired.
    clock: StoreClock,
    /// Shared by every clone.
    state: Arc<Mutex<State>>,
}

impl MemoryStore {
    /// An empty store. It goes by the clock of the relying party that it is given to, and by the system's before.
    pub fn new() -> Self {
        Self::default()
    }

    /// Expires records by this clock, whatever the relying party goes by; without it, by the relying party's. Clones
    /// that were made before keep theirs.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use landfall::{MemoryStore, SystemClock};
    ///
    /// let store = MemoryStore::new().with_clock(Arc::new(SystemClock));
    /// assert_eq!(store.len(), 0);
    /// ```
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = StoreClock::named(clock);
        self
    }

    /// How many sessions there may be; without it, a million. One more, and the session that would end first is
    /// removed, with a warning in the log: whoever it belongs to has to sign in again. A session takes about
    /// half a kilobyte, and its tokens on top.
    ///
    /// There may be as many leases, and as many remembered names, and never fewer than 100 000 of each; where they
    /// are full, the next is an error.
    #[must_use]
    pub fn with_capacity(self, sessions: usize) -> Self {
        self.state().capacity = sessions.max(1);
        self
    }

    /// How many records there are, expired ones that were not swept yet included.
    pub fn len(&self) -> usize {
        self.state().records.len()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything that is stored, expired records that were not swept yet included, as the engine of another store
    /// would see it. For tests: to show that nothing readable is in it, or to change a record behind a store's back.
    pub fn dump(&self) -> Vec<(RecordKey, StoredRecord)> {
        self.state().records.iter().collect()
    }

    /// The state, locked.
    fn state(&self) -> MutexGuard<'_, State> {
        // No method leaves the state half changed where it could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, a little tidier than it was, and the time.
    fn swept(&self) -> (MutexGuard<'_, State>, Timestamp) {
        let now = self.clock.now();
        let mut state = self.state();
        state.sweep(now);
        (state, now)
    }

    /// Runs `change`, then tells the watchers what it changed, with the lock given back: a watcher may ask the store
    /// something. `change` gives its answer and the keys of the records that it changed or removed.
    fn change<T>(&self, change: impl FnOnce(&mut State, Timestamp) -> (T, Vec<RecordKey>)) -> T {
        let (answer, changed, watchers) = {
            let (mut state, now) = self.swept();
            let (answer, changed) = change(&mut state, now);
            (answer, changed, Arc::clone(&state.watchers))
        };
        for key in changed {
            for watcher in watchers.iter() {
                watcher(Change::Record(key));
            }
        }
        answer
    }
}

/// Everything that the lock is around.
struct State {
    records: Records,
    /// Leases by name, with whoever holds them.
    leases: Names,
    /// What [`SessionStore::remember_once`] was told; nobody in particular holds these.
    remembered: Names,
    /// How many sessions there may be; and how many names of each kind, where that is more than [`FEWEST_NAMES`].
    capacity: usize,
    pushed_out: PushedOut,
    // Shared, so that telling them copies nothing.
    watchers: Arc<[Watcher]>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            records: Records::default(),
            leases: Names::default(),
            remembered: Names::default(),
            capacity: CAPACITY,
            pushed_out: PushedOut::default(),
            watchers: Arc::new([]),
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("records", &self.records.len())
            .field("leases", &self.leases.len())
            .field("remembered", &self.remembered.len())
            .finish_non_exhaustive()
    }
}

impl State {
    /// Removes some of what has expired. Bounded, so that no single call pays for everybody who left.
    fn sweep(&mut self, now: Timestamp) {
        self.records.sweep(now, SWEPT_AT_ONCE);
        self.leases.sweep(now, SWEPT_AT_ONCE);
        self.remembered.sweep(now, SWEPT_AT_ONCE);
    }
}

/// Sessions that ended for want of room since the last warning.
#[derive(Default)]
struct PushedOut {
    /// How many, and not told yet.
    sessions: u64,
    /// When the last warning was given; `None` before the first.
    warned_at: Option<Timestamp>,
}

impl PushedOut {
    /// Counts one more. Gives how many there were since the last warning, when it is time for the next; else `None`.
    fn count(&mut self, now: Timestamp) -> Option<u64> {
        self.sessions += 1;
        if self.warned_at.is_some_and(|before| now.since(before) < BETWEEN_WARNINGS) {
            return None;
        }
        self.warned_at = Some(now);
        Some(std::mem::take(&mut self.sessions))
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn create(&self, key: RecordKey, record: StoredRecord) -> Result<(), StoreError> {
        let warning = self.change(|state, now| {
            if state.records.holds(key, now) {
                return (Err(StoreError::new("a record with this key exists")), Vec::new());
            }
            let (mut pushed_out, mut warning) = (Vec::new(), None);
            while state.records.len() >= state.capacity {
                let Some(first) = state.records.take_first() else { break };
                pushed_out.push(first);
                warning = state.pushed_out.count(now).or(warning);
            }
            state.records.insert(key, &record);
            (Ok(warning), pushed_out)
        })?;
        if let Some(sessions) = warning {
            tracing::warn!(
                sessions,
                "the memory store is full: the sessions that would end first were removed"
            );
        }
        Ok(())
    }

    async fn load(&self, key: RecordKey) -> Result<Option<StoredRecord>, StoreError> {
        let (state, now) = self.swept();
        Ok(state.records.get(key, now))
    }

    async fn update(
        &self,
        key: RecordKey,
        expected: u64,
        record: StoredRecord,
    ) -> Result<Updated, StoreError> {
        Ok(self.change(|state, now| {
            let updated = state.records.update(key, now, expected, &record);
            (updated, if updated == Updated::Done { vec![key] } else { Vec::new() })
        }))
    }

    async fn remove(&self, key: RecordKey) -> Result<bool, StoreError> {
        Ok(self.change(|state, now| match state.records.take(key) {
            Some(head) => (!head.is_expired(now), vec![key]),
            None => (false, Vec::new()),
        }))
    }

    async fn list_by_subject(
        &self,
        subject: IndexKey,
        limit: usize,
    ) -> Result<Vec<(RecordKey, StoredRecord)>, StoreError> {
        let (state, now) = self.swept();
        Ok(state.records.of_subject(subject, now, limit))
    }

    async fn remove_by_subject(
        &self,
        subject: IndexKey,
        selection: Selection,
    ) -> Result<Vec<RecordKey>, StoreError> {
        Ok(self.change(|state, now| {
            let removed = state.records.remove_of_subject(subject, selection, now);
            (removed.clone(), removed)
        }))
    }

    async fn remove_by_sid(&self, sid: IndexKey, selection: Selection) -> Result<Vec<RecordKey>, StoreError> {
        Ok(self.change(|state, now| {
            let removed = state.records.remove_of_sid(sid, selection, now);
            (removed.clone(), removed)
        }))
    }

    async fn lease(&self, name: [u8; 32], holder: u128, span: Duration) -> Result<bool, StoreError> {
        let (mut state, now) = self.swept();
        let capacity = state.capacity.max(FEWEST_NAMES);
        state.leases.hold(name, holder, now, now.plus(span), capacity)
    }

    async fn release(&self, name: [u8; 32], holder: u128) -> Result<(), StoreError> {
        self.swept().0.leases.release(name, holder);
        Ok(())
    }

    async fn remember_once(&self, name: [u8; 32], span: Duration) -> Result<bool, StoreError> {
        let (mut state, now) = self.swept();
        let capacity = state.capacity.max(FEWEST_NAMES);
        state.remembered.hold(name, 0, now, now.plus(span), capacity)
    }

    fn use_clock(&self, clock: Arc<dyn Clock>) {
        self.clock.hand_over(clock);
    }

    fn watch(&self, watcher: Watcher) {
        let mut state = self.state();
        state.watchers = state.watchers.iter().cloned().chain([watcher]).collect();
    }
}

/// How many sessions there may be, if nobody says.
const CAPACITY: usize = 1_000_000;
/// Strangers who start sign-ins leave names behind for a while; a small store has room for many of them.
const FEWEST_NAMES: usize = 100_000;
/// How many of each kind are removed by one call, at most. More than one call can add.
const SWEPT_AT_ONCE: usize = 16;
/// How long a warning stands before the next.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
