//! A store that remembers what was put into it, and how often it was asked.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use landfall::Clock;
use landfall::store::{
    IndexKey, RecordKey, Selection, SessionStore, StoreError, StoredRecord, Updated, Watcher,
};

/// Hands on every call, and notes the keys.
#[derive(Debug)]
pub(crate) struct Noting {
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) noted: Arc<Noted>,
}

/// What was noted.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    pub(crate) keys: Mutex<BTreeSet<RecordKey>>,
    /// Calls, whatever came of them.
    pub(crate) calls: AtomicUsize,
}

impl Noting {
    fn note(&self, key: RecordKey) {
        self.noted.keys.lock().unwrap().insert(key);
    }

    /// The store behind, for one call more.
    fn store(&self) -> &dyn SessionStore {
        self.noted.calls.fetch_add(1, Ordering::SeqCst);
        &*self.store
    }
}

#[async_trait]
impl SessionStore for Noting {
    async fn create(&self, key: RecordKey, record: StoredRecord) -> Result<(), StoreError> {
        self.note(key);
        self.store().create(key, record).await
    }

    async fn load(&self, key: RecordKey) -> Result<Option<StoredRecord>, StoreError> {
        self.store().load(key).await
    }

    async fn update(
        &self,
        key: RecordKey,
        expected: u64,
        record: StoredRecord,
    ) -> Result<Updated, StoreError> {
        self.store().update(key, expected, record).await
    }

    async fn remove(&self, key: RecordKey) -> Result<bool, StoreError> {
        self.store().remove(key).await
    }

    async fn list_by_subject(
        &self,
        subject: IndexKey,
        limit: usize,
    ) -> Result<Vec<(RecordKey, StoredRecord)>, StoreError> {
        self.store().list_by_subject(subject, limit).await
    }

    async fn remove_by_subject(
        &self,
        subject: IndexKey,
        selection: Selection,
    ) -> Result<Vec<RecordKey>, StoreError> {
        self.store().remove_by_subject(subject, selection).await
    }

    async fn remove_by_sid(&self, sid: IndexKey, selection: Selection) -> Result<Vec<RecordKey>, StoreError> {
        self.store().remove_by_sid(sid, selection).await
    }

    async fn lease(&self, name: [u8; 32], holder: u128, span: Duration) -> Result<bool, StoreError> {
        self.store().lease(name, holder, span).await
    }

    async fn release(&self, name: [u8; 32], holder: u128) -> Result<(), StoreError> {
        self.store().release(name, holder).await
    }

    async fn remember_once(&self, name: [u8; 32], span: Duration) -> Result<bool, StoreError> {
        self.store().remember_once(name, span).await
    }

    fn use_clock(&self, clock: Arc<dyn Clock>) {
        self.store.use_clock(clock);
    }

    fn watch(&self, watcher: Watcher) {
        self.store.watch(watcher);
    }

    fn plain_hosts(&self) -> Vec<String> {
        self.store.plain_hosts()
    }

    fn allow_plain(&self) {
        self.store.allow_plain();
    }

    fn file(&self) -> Option<PathBuf> {
        self.store.file()
    }
}
