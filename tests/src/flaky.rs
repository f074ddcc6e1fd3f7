//! A store that fails when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use landfall::store::{
    IndexKey, RecordKey, Selection, SessionStore, StoreError, StoredRecord, Updated, Watcher,
};
use landfall::{Clock, MemoryStore};
use tokio::sync::watch;

/// A memory store between the application and a fault. A clone is the same store.
#[derive(Clone, Debug)]
pub struct FlakyStore {
    inner: MemoryStore,
    trouble: Arc<Trouble>,
}

#[derive(Debug, Default)]
struct Trouble {
    /// Calls that fail before anything is done; `usize::MAX` for all of them.
    failing: AtomicUsize,
    failing_updates: AtomicUsize,
    hanging: AtomicUsize,
    /// Calls that hang now, and were not given up.
    hanging_calls: AtomicUsize,
    leases: Gate,
    updates: Gate,
}

/// Where calls wait while it is held.
#[derive(Debug, Default)]
struct Gate(watch::Sender<Waiting>);

#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    held: bool,
    /// Whoever comes while somebody waits goes through.
    only_one: bool,
    count: usize,
}

impl Gate {
    fn hold(&self, held: bool, only_one: bool) {
        self.0.send_modify(|waiting| (waiting.held, waiting.only_one) = (held, only_one));
    }

    async fn reached(&self) {
        self.0.subscribe().wait_for(|waiting| waiting.count > 0).await.unwrap();
    }

    async fn pass(&self) {
        let mut passes = false;
        self.0.send_modify(|waiting| {
            passes = waiting.only_one && waiting.count > 0;
            waiting.count += 1;
        });
        let _ = self.0.subscribe().wait_for(|waiting| passes || !waiting.held).await;
        self.0.send_modify(|waiting| waiting.count -= 1);
    }
}

impl FlakyStore {
    /// Sound, until it is told otherwise.
    pub fn new(inner: MemoryStore) -> Self {
        Self { inner, trouble: Arc::default() }
    }

    /// Fails every call, or none.
    pub fn set_down(&self, down: bool) {
        self.trouble.failing.store(if down { usize::MAX } else { 0 }, Ordering::SeqCst);
    }

    /// Answers no call, or every one.
    pub fn set_hanging(&self, hanging: bool) {
        self.trouble.hanging.store(if hanging { usize::MAX } else { 0 }, Ordering::SeqCst);
    }

    /// How many calls hang now that nobody gave up.
    pub fn hanging_calls(&self) -> usize {
        self.trouble.hanging_calls.load(Ordering::SeqCst)
    }

    /// Fails the next updates.
    pub fn fail_updates(&self, count: usize) {
        self.trouble.failing_updates.store(count, Ordering::SeqCst);
    }

    /// Lets whoever wants a lease wait, or not any more.
    pub fn hold_leases(&self, held: bool) {
        self.trouble.leases.hold(held, false);
    }

    /// Returns when somebody waits for a lease.
    ///
    /// # Panics
    /// Never, as the other side is here.
    pub async fn somebody_wants_a_lease(&self) {
        self.trouble.leases.reached().await;
    }

    /// Lets whoever wants to update a record wait, or not any more.
    pub fn hold_updates(&self, held: bool) {
        self.trouble.updates.hold(held, false);
    }

    /// Lets the next that wants to update a record wait, until [`hold_updates`](Self::hold_updates) says otherwise.
    pub fn hold_one_update(&self) {
        self.trouble.updates.hold(true, true);
    }

    /// Returns when somebody waits to update a record.
    ///
    /// # Panics
    /// Never, as the other side is here.
    pub async fn somebody_updates(&self) {
        self.trouble.updates.reached().await;
    }

    async fn pass(&self) -> Result<(), StoreError> {
        if self.trouble.hanging.load(Ordering::SeqCst) > 0 {
            let _hanging = Hanging::new(&self.trouble.hanging_calls);
            std::future::pending::<()>().await;
        }
        strike(&self.trouble.failing)
    }
}

/// A call that hangs, for as long as somebody waits for it.
struct Hanging<'a>(&'a AtomicUsize);

impl<'a> Hanging<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn strike(count: &AtomicUsize) -> Result<(), StoreError> {
    let less = |left: usize| (left > 0).then(|| if left == usize::MAX { left } else { left - 1 });
    match count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) {
        Ok(_) => Err(StoreError::new("told to fail")),
        Err(_) => Ok(()),
    }
}

#[async_trait]
impl SessionStore for FlakyStore {
    async fn create(&self, key: RecordKey, record: StoredRecord) -> Result<(), StoreError> {
        self.pass().await?;
        self.inner.create(key, record).await
    }

    async fn load(&self, key: RecordKey) -> Result<Option<StoredRecord>, StoreError> {
        self.pass().await?;
        self.inner.load(key).await
    }

    async fn update(
        &self,
        key: RecordKey,
        expected: u64,
        record: StoredRecord,
    ) -> Result<Updated, StoreError> {
        self.pass().await?;
        self.trouble.updates.pass().await;
        strike(&self.trouble.failing_updates)?;
        self.inner.update(key, expected, record).await
    }

    async fn remove(&self, key: RecordKey) -> Result<bool, StoreError> {
        self.pass().await?;
        self.inner.remove(key).await
    }

    async fn list_by_subject(
        &self,
        subject: IndexKey,
        limit: usize,
    ) -> Result<Vec<(RecordKey, StoredRecord)>, StoreError> {
        self.pass().await?;
        self.inner.list_by_subject(subject, limit).await
    }

    async fn remove_by_subject(
        &self,
        subject: IndexKey,
        selection: Selection,
    ) -> Result<Vec<RecordKey>, StoreError> {
        self.pass().await?;
        self.inner.remove_by_subject(subject, selection).await
    }

    async fn remove_by_sid(&self, sid: IndexKey, selection: Selection) -> Result<Vec<RecordKey>, StoreError> {
        self.pass().await?;
        self.inner.remove_by_sid(sid, selection).await
    }

    async fn lease(&self, name: [u8; 32], holder: u128, span: Duration) -> Result<bool, StoreError> {
        self.pass().await?;
        self.trouble.leases.pass().await;
        self.inner.lease(name, holder, span).await
    }

    async fn release(&self, name: [u8; 32], holder: u128) -> Result<(), StoreError> {
        self.pass().await?;
        self.inner.release(name, holder).await
    }

    async fn remember_once(&self, name: [u8; 32], span: Duration) -> Result<bool, StoreError> {
        self.pass().await?;
        self.inner.remember_once(name, span).await
    }

    fn use_clock(&self, clock: Arc<dyn Clock>) {
        self.inner.use_clock(clock);
    }

    fn watch(&self, watcher: Watcher) {
        self.inner.watch(watcher);
    }
}
