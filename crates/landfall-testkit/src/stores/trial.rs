//! Two instances on one engine, and what they are tried with.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use landfall::Clock;
use landfall::store::{IndexKey, RecordKey, SessionStore, StoredRecord};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::Engine;
use super::promise::{BrokenPromise, Kept, promised};
use crate::VirtualClock;

/// How many race.
pub(super) const CROWD: u64 = 50;
/// How often: a race is not lost every time.
pub(super) const ROUNDS: u64 = 4;
/// How long a record lives without use, and at most.
pub(super) const IDLE: Duration = Duration::from_secs(600);
pub(super) const ABSOLUTE: Duration = Duration::from_secs(3_600);
pub(super) const MILLISECOND: Duration = Duration::from_millis(1);

pub(super) type Store = Arc<dyn SessionStore>;

pub(super) struct Trial {
    pub(super) clock: VirtualClock,
    pub(super) one: Store,
    pub(super) two: Store,
}

impl Trial {
    pub(super) async fn open(engine: &dyn Engine) -> Self {
        let clock = VirtualClock::default();
        let one = engine.open(clock.clone()).await;
        let two = engine.open(clock.clone()).await;
        Self { clock, one, two }
    }

    /// A record that begins now, with its name written into it.
    pub(super) fn record(&self, subject: IndexKey, sid: Option<IndexKey>, name: u64) -> StoredRecord {
        let now = self.clock.now();
        StoredRecord::new(
            now,
            now.plus(ABSOLUTE),
            now.plus(IDLE),
            subject,
            sid,
            Bytes::from(format!("sealed {name}")),
            Bytes::from(format!("admin {name}")),
        )
    }

    pub(super) async fn create(
        &self,
        key: RecordKey,
        subject: IndexKey,
    ) -> Result<StoredRecord, BrokenPromise> {
        let record = self.record(subject, None, 0);
        self.one.create(key, record.clone()).await?;
        Ok(record)
    }

    /// Both instances see this and nothing else at `key`.
    pub(super) async fn holds(&self, key: RecordKey, wanted: Option<&StoredRecord>, promise: &str) -> Kept {
        promised(self.one.load(key).await?.as_ref() == wanted, promise)?;
        promised(self.two.load(key).await?.as_ref() == wanted, promise)
    }

    /// Both instances list exactly these for `subject`, in any order.
    pub(super) async fn lists(&self, subject: IndexKey, wanted: &[RecordKey], promise: &str) -> Kept {
        for store in [&self.one, &self.two] {
            promised(listed(store, subject).await? == sorted(wanted.to_vec()), promise)?;
        }
        Ok(())
    }

    /// Calls `act` for every member of the crowd at the same time, on the two instances in turn; what each got.
    pub(super) async fn race<T, F>(
        &self,
        crowd: u64,
        act: impl Fn(u64, Store) -> F,
    ) -> Result<Vec<(u64, T)>, BrokenPromise>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, BrokenPromise>> + Send + 'static,
    {
        let start = Arc::new(Barrier::new(usize::try_from(crowd).unwrap_or(usize::MAX)));
        let mut tasks = JoinSet::new();
        for member in 0..crowd {
            let store = Arc::clone(if member % 2 == 0 { &self.one } else { &self.two });
            let (start, act) = (Arc::clone(&start), act(member, store));
            tasks.spawn(async move {
                start.wait().await;
                act.await.map(|got| (member, got))
            });
        }
        let mut all = Vec::new();
        while let Some(got) = tasks.join_next().await {
            all.push(got.map_err(|error| BrokenPromise::new(format!("a call panicked: {error}")))??);
        }
        Ok(all)
    }
}

/// The keys listed for a subject, sorted.
pub(super) async fn listed(store: &Store, subject: IndexKey) -> Result<Vec<RecordKey>, BrokenPromise> {
    Ok(sorted(store.list_by_subject(subject, 1_000).await?.into_iter().map(|(key, _)| key).collect()))
}

pub(super) fn sorted(mut keys: Vec<RecordKey>) -> Vec<RecordKey> {
    keys.sort_unstable();
    keys
}

/// The next version of a record, with another content.
pub(super) fn next(record: &StoredRecord, name: u64) -> StoredRecord {
    let mut next = record.clone();
    next.version += 1;
    next.sealed = Bytes::from(format!("sealed again {name}"));
    next
}

/// The next version of a record, of another subject and provider session.
pub(super) fn moved(record: &StoredRecord, number: u64) -> StoredRecord {
    let mut moved = next(record, number);
    (moved.subject, moved.sid) = (subject(number), Some(sid(number)));
    moved
}

pub(super) fn key(number: u64) -> RecordKey {
    RecordKey(name("key", number))
}

pub(super) fn subject(number: u64) -> IndexKey {
    IndexKey(name("subject", number))
}

pub(super) fn sid(number: u64) -> IndexKey {
    IndexKey(name("sid", number))
}

/// 32 bytes that differ in their middle and nowhere else, so that no shortened name is enough.
pub(super) fn name(kind: &str, number: u64) -> [u8; 32] {
    let mut name = [0x5a; 32];
    for (byte, from) in name.iter_mut().zip(kind.bytes()) {
        *byte = from;
    }
    for (byte, from) in name.iter_mut().skip(14).zip(number.to_be_bytes()) {
        *byte = from;
    }
    name
}
