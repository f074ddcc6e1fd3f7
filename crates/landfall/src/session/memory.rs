//! Sessions in this process's memory: for one instance, for development and for tests.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::store::{
    Change, IndexKey, RecordKey, Selection, SessionStore, StoreError, StoredRecord, Updated, Watcher,
};
use crate::clock::{Clock, SystemClock, Timestamp};

/// What has expired is looked for after this many creations.
const SWEEP_EVERY: u32 = 256;

/// Sessions in this process's memory. They end with it; a clone is the same store.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    records: HashMap<RecordKey, StoredRecord>,
    subjects: HashMap<IndexKey, HashSet<RecordKey>>,
    sids: HashMap<IndexKey, HashSet<RecordKey>>,
    leases: HashMap<[u8; 32], (u128, Timestamp)>,
    remembered: HashMap<[u8; 32], Timestamp>,
    watchers: Vec<Watcher>,
    until_sweep: u32,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("records", &self.records.len()).finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// An empty store that expires its records by this clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Arc::default() }
    }

    /// How many records there are, expired ones that were not swept yet included.
    pub fn len(&self) -> usize {
        self.state().records.len()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything that is stored, as the engine of another store would see it.
    pub fn dump(&self) -> Vec<(RecordKey, StoredRecord)> {
        self.state().records.iter().map(|(key, record)| (*key, record.clone())).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No method leaves the state half changed where it could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `change`, then tells the watchers what it changed, with the lock given back.
    fn change<T>(&self, change: impl FnOnce(&mut State, Timestamp) -> (T, Vec<RecordKey>)) -> T {
        let now = self.clock.now();
        let (answer, changed, watchers) = {
            let mut state = self.state();
            let (answer, changed) = change(&mut state, now);
            let watchers = if changed.is_empty() { Vec::new() } else { state.watchers.clone() };
            (answer, changed, watchers)
        };
        for key in changed {
            for watcher in &watchers {
                watcher(Change::Record(key));
            }
        }
        answer
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn insert(&mut self, key: RecordKey, record: StoredRecord) {
        self.subjects.entry(record.subject).or_default().insert(key);
        if let Some(sid) = record.sid {
            self.sids.entry(sid).or_default().insert(key);
        }
        self.records.insert(key, record);
    }

    fn take(&mut self, key: RecordKey) -> Option<StoredRecord> {
        let record = self.records.remove(&key)?;
        forget(&mut self.subjects, record.subject, key);
        if let Some(sid) = record.sid {
            forget(&mut self.sids, sid, key);
        }
        Some(record)
    }

    fn replace(
        &mut self,
        now: Timestamp,
        old: RecordKey,
        new: RecordKey,
        expected: u64,
        record: StoredRecord,
    ) -> Updated {
        match self.records.get(&old) {
            None => Updated::Gone,
            Some(current) if current.is_expired(now) => Updated::Gone,
            Some(current) if current.version != expected || record.version <= expected => Updated::Conflict,
            Some(_) if old != new && self.records.contains_key(&new) => Updated::Conflict,
            Some(_) => {
                self.take(old);
                self.insert(new, record);
                Updated::Done
            }
        }
    }

    fn remove_all(&mut self, keys: Vec<RecordKey>, selection: Selection) -> Vec<RecordKey> {
        let mut removed = keys;
        removed.retain(|key| {
            self.records.get(key).is_some_and(|record| selection.includes(*key, record.created_at))
        });
        for key in &removed {
            self.take(*key);
        }
        removed
    }

    fn sweep(&mut self, now: Timestamp) {
        if self.until_sweep > 0 {
            self.until_sweep -= 1;
            return;
        }
        self.until_sweep = SWEEP_EVERY;
        let expired: Vec<_> =
            self.records.iter().filter(|(_, record)| record.is_expired(now)).map(|(key, _)| *key).collect();
        for key in expired {
            self.take(key);
        }
        self.leases.retain(|_, (_, until)| *until > now);
        self.remembered.retain(|_, until| *until > now);
    }
}

fn forget(index: &mut HashMap<IndexKey, HashSet<RecordKey>>, name: IndexKey, key: RecordKey) {
    if let Some(keys) = index.get_mut(&name) {
        keys.remove(&key);
        if keys.is_empty() {
            index.remove(&name);
        }
    }
}

fn indexed(index: &HashMap<IndexKey, HashSet<RecordKey>>, name: IndexKey) -> Vec<RecordKey> {
    index.get(&name).map(|keys| keys.iter().copied().collect()).unwrap_or_default()
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn create(&self, key: RecordKey, record: StoredRecord) -> Result<(), StoreError> {
        self.change(|state, now| {
            state.sweep(now);
            // What has expired is not there.
            if state.records.get(&key).is_some_and(|record| record.is_expired(now)) {
                state.take(key);
            }
            if state.records.contains_key(&key) {
                return (Err(StoreError::new("a record with this key exists")), Vec::new());
            }
            state.insert(key, record);
            (Ok(()), Vec::new())
        })
    }

    async fn load(&self, key: RecordKey) -> Result<Option<StoredRecord>, StoreError> {
        let now = self.clock.now();
        Ok(self.state().records.get(&key).filter(|record| !record.is_expired(now)).cloned())
    }

    async fn update(
        &self,
        key: RecordKey,
        expected: u64,
        record: StoredRecord,
    ) -> Result<Updated, StoreError> {
        self.rotate(key, key, expected, record).await
    }

    async fn rotate(
        &self,
        old: RecordKey,
        new: RecordKey,
        expected: u64,
        record: StoredRecord,
    ) -> Result<Updated, StoreError> {
        Ok(self.change(|state, now| {
            let updated = state.replace(now, old, new, expected, record);
            (updated, if updated == Updated::Done { vec![old] } else { Vec::new() })
        }))
    }

    async fn remove(&self, key: RecordKey) -> Result<bool, StoreError> {
        Ok(self.change(|state, _| match state.take(key) {
            Some(_) => (true, vec![key]),
            None => (false, Vec::new()),
        }))
    }

    async fn list_by_subject(
        &self,
        subject: IndexKey,
        limit: usize,
    ) -> Result<Vec<(RecordKey, StoredRecord)>, StoreError> {
        let now = self.clock.now();
        let state = self.state();
        let mut found: Vec<_> = indexed(&state.subjects, subject)
            .into_iter()
            .filter_map(|key| Some((key, state.records.get(&key)?)))
            .filter(|(_, record)| !record.is_expired(now))
            .collect();
        found.sort_by_key(|(_, record)| std::cmp::Reverse(record.created_at));
        Ok(found.into_iter().take(limit).map(|(key, record)| (key, record.clone())).collect())
    }

    async fn remove_by_subject(
        &self,
        subject: IndexKey,
        selection: Selection,
    ) -> Result<Vec<RecordKey>, StoreError> {
        Ok(self.change(|state, _| {
            let removed = state.remove_all(indexed(&state.subjects, subject), selection);
            (removed.clone(), removed)
        }))
    }

    async fn remove_by_sid(&self, sid: IndexKey, selection: Selection) -> Result<Vec<RecordKey>, StoreError> {
        Ok(self.change(|state, _| {
            let removed = state.remove_all(indexed(&state.sids, sid), selection);
            (removed.clone(), removed)
        }))
    }

    async fn lease(&self, name: [u8; 32], holder: u128, span: Duration) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut state = self.state();
        state.sweep(now);
        if state.leases.get(&name).is_some_and(|(_, until)| *until > now) {
            return Ok(false);
        }
        state.leases.insert(name, (holder, now.plus(span)));
        Ok(true)
    }

    async fn release(&self, name: [u8; 32], holder: u128) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.leases.get(&name).is_some_and(|(owner, _)| *owner == holder) {
            state.leases.remove(&name);
        }
        Ok(())
    }

    async fn remember_once(&self, name: [u8; 32], span: Duration) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut state = self.state();
        state.sweep(now);
        if state.remembered.get(&name).is_some_and(|until| *until > now) {
            return Ok(false);
        }
        state.remembered.insert(name, now.plus(span));
        Ok(true)
    }

    fn watch(&self, watcher: Watcher) {
        self.state().watchers.push(watcher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Later(std::sync::atomic::AtomicU64);

    impl Clock for Later {
        fn now(&self) -> Timestamp {
            // A minute passes with every look.
            Timestamp::from_secs(60 * self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
        }
    }

    #[tokio::test]
    async fn leases_that_nobody_gives_back_do_not_pile_up() {
        let store = MemoryStore::with_clock(Arc::new(Later(0.into())));
        for name in 0..5_000_u32 {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&name.to_be_bytes());
            assert!(store.lease(key, 1, Duration::from_secs(900)).await.unwrap());
            assert!(store.remember_once(key, Duration::from_secs(900)).await.unwrap());
        }
        let state = store.state();
        assert!(state.leases.len() < 600 && state.remembered.len() < 600);
    }
}
