//! Stores and records to try them with.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall::Clock;
use landfall::store::{Change, IndexKey, RecordKey, SessionStore, StoredRecord};
use landfall_redis::RedisStore;
use landfall_redis::redis::cluster::ClusterClient;
use landfall_redis::redis::{ProtocolVersion, cmd};
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
    pub(crate) fn watch(store: &dyn SessionStore) -> Self {
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

/// The rules of a user's ACL as the README names them, for keys of this prefix.
pub(crate) fn rules(prefix: &str) -> Vec<String> {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("ACL SETUSER app on >SECRET ").expect("the line for a user");
    let line = rest.lines().next().unwrap().replace("landfall", prefix);
    line.split_whitespace().map(str::to_owned).collect()
}

/// The same for a user of a cluster.
pub(crate) fn rules_of_clusters(prefix: &str) -> Vec<String> {
    let (_, rest) =
        include_str!("../../README.md").split_once("On a cluster also `").expect("what is needed there");
    let also = rest.split('`').next().unwrap().split_whitespace();
    rules(prefix).into_iter().chain(also.map(str::to_owned)).collect()
}

/// Gives the server a user with these rules, and with no other; how a client names it.
pub(crate) async fn user(server: &Server, name: &str, rules: &[String]) -> String {
    let mut user = cmd("ACL");
    user.arg("SETUSER").arg(name).arg("reset").arg("on").arg(">secret").arg(rules);
    server.ask::<()>(user).await;
    format!("{name}:secret@")
}

/// What this thread logs from INFO upwards, line by line, while it is kept.
pub(crate) struct Log {
    lines: Lines,
    _guard: tracing::subscriber::DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn keep() -> Self {
        let lines = Lines::default();
        let to = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .with_writer(move || to.clone())
            .finish();
        Self { lines, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines of this crate at this level.
    pub(crate) fn at(&self, level: &str) -> Vec<String> {
        let text = String::from_utf8(self.lines.0.lock().unwrap().clone()).unwrap();
        let is_meant = |line: &&str| line.contains(&format!(" {level} landfall_redis"));
        text.lines().filter(is_meant).map(str::to_owned).collect()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
