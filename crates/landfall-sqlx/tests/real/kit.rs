//! Stores and records to try them with.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall::Clock as _;
use landfall::store::{Change, IndexKey, RecordKey, SessionStore, StoredRecord};
use landfall_sqlx::PostgresStore;
use landfall_sqlx::sqlx::postgres::{PgPool, PgPoolOptions};
use landfall_testkit::VirtualClock;

use crate::proxy::Proxy;
use crate::server::{Database, until};

pub(crate) const HOUR: Duration = Duration::from_hours(1);

pub(crate) async fn store(database: &Database, clock: &VirtualClock) -> PostgresStore {
    let store = PostgresStore::new(database.pool()).with_clock(Arc::new(clock.clone()));
    store.migrate().await.unwrap();
    store
}

/// The same by way of a proxy, and with one connection.
pub(crate) async fn store_behind(
    proxy: &Proxy,
    database: &Database,
    clock: &VirtualClock,
) -> (PostgresStore, PgPool) {
    store(database, clock).await;
    let options = database.options.clone().port(proxy.port());
    let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false).connect_lazy_with(options);
    (PostgresStore::new(pool.clone()).with_clock(Arc::new(clock.clone())), pool)
}

pub(crate) fn key(name: u8) -> RecordKey {
    RecordKey([name; 32])
}

/// A session of this subject that ends in an hour.
pub(crate) fn record(clock: &VirtualClock, subject: u8) -> StoredRecord {
    let now = clock.now();
    StoredRecord::new(
        now,
        now.plus(HOUR),
        now.plus(HOUR),
        IndexKey([subject; 32]),
        Some(IndexKey([subject ^ 0xff; 32])),
        "sealed".into(),
        "admin".into(),
    )
}

/// The same, at a later version.
pub(crate) fn version(mut record: StoredRecord, version: u64) -> StoredRecord {
    record.version = version;
    record
}

/// What a watcher was told.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<Change>>>);

impl Told {
    pub(crate) fn watch(store: &impl SessionStore) -> Self {
        let told = Self::default();
        let to = told.clone();
        store.watch(Arc::new(move |change| to.0.lock().unwrap().push(change)));
        told
    }

    /// Forgets what it was told.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    /// Waits until it was told this.
    pub(crate) async fn hears(&self, change: Change) {
        until("the watcher is told", async || self.has(change).then_some(())).await;
    }

    pub(crate) fn has(&self, change: Change) -> bool {
        self.0.lock().unwrap().contains(&change)
    }
}
