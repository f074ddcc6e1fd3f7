//! Stores and records to try them with.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall::Clock;
use landfall::store::{Change, IndexKey, RecordKey, SessionStore, StoredRecord};
use landfall_redis::RedisStore;
use landfall_redis::redis::ProtocolVersion;
use landfall_redis::redis::cluster::ClusterClient;
use landfall_testkit::VirtualClock;

use crate::server::{Server, until};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// A prefix that no other test has.
pub(crate) fn prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn store(server: &Server, clock: &VirtualClock) -> RedisStore {
    RedisStore::new(server.client()).with_clock(Arc::new(clock.clone())).key_prefix(&prefix()).unwrap()
}

pub(crate) fn cluster_store(server: &Server, clock: &VirtualClock) -> RedisStore {
    let store = RedisStore::cluster(cluster_client(&server.address()));
    store.with_clock(Arc::new(clock.clone())).key_prefix(&prefix()).unwrap()
}

pub(crate) fn cluster_client(address: &str) -> ClusterClient {
    ClusterClient::builder([address]).use_protocol(ProtocolVersion::RESP3).build().unwrap()
}

/// Another instance of the same deployment: a client of its own, the same keys.
pub(crate) fn stores(server: &Server, clock: &VirtualClock) -> (RedisStore, RedisStore) {
    let prefix = prefix();
    let store =
        || RedisStore::new(server.client()).with_clock(Arc::new(clock.clone())).key_prefix(&prefix).unwrap();
    (store(), store())
}

/// What the store's keys begin with, as its debug output tells.
pub(crate) fn tag(store: &RedisStore) -> String {
    let told = format!("{store:?}");
    let from = told.find('{').map(|at| told[at + 1..].find('{').unwrap() + at + 1).unwrap();
    told[from..=from + told[from..].find('}').unwrap()].to_owned()
}

/// Where it tells of changes.
pub(crate) fn channel(store: &RedisStore) -> String {
    format!("{}c", tag(store))
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
    pub(crate) fn watch(store: &RedisStore) -> Self {
        let told = Self::default();
        let to = told.clone();
        store.watch(Arc::new(move |change| to.0.lock().unwrap().push(change)));
        told
    }

    /// What it was told since it was asked last.
    pub(crate) fn take(&self) -> Vec<Change> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Waits until it was told this.
    pub(crate) async fn hears(&self, change: Change) {
        until("the watcher is told", async || self.has(change).then_some(())).await;
    }

    pub(crate) fn has(&self, change: Change) -> bool {
        self.0.lock().unwrap().contains(&change)
    }
}
