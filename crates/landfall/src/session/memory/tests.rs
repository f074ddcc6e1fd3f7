//! What is kept in bounds, and what it costs.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::*;

#[derive(Debug, Default)]
struct Later(AtomicU64);

impl Clock for Later {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Ordering::Relaxed))
    }
}

fn store(capacity: usize) -> (MemoryStore, Arc<Later>) {
    let clock = Arc::new(Later::default());
    let store = MemoryStore::new().with_clock(Arc::<Later>::clone(&clock)).with_capacity(capacity);
    (store, clock)
}

fn name(number: u64) -> [u8; 32] {
    let mut name = [0; 32];
    name[..8].copy_from_slice(&number.to_be_bytes());
    name
}

fn ending_at(secs: u64) -> StoredRecord {
    let end = Timestamp::from_secs(secs);
    let created_at = Timestamp::default();
    StoredRecord::new(created_at, end, end, IndexKey(name(secs)), None, Bytes::new(), Bytes::new())
}

#[tokio::test]
async fn a_flood_of_names_stops_at_the_capacity_and_pushes_out_no_session() {
    let (store, clock) = store(100);
    store.create(RecordKey(name(1)), ending_at(10_000)).await.unwrap();
    let names = u64::try_from(FEWEST_NAMES).unwrap();
    for number in 0..names {
        assert!(store.lease(name(number), 1, Duration::from_secs(900)).await.unwrap());
        assert!(store.remember_once(name(number), Duration::from_secs(900)).await.unwrap());
    }
    store.lease(name(names), 1, Duration::from_secs(900)).await.unwrap_err();
    store.remember_once(name(names), Duration::from_secs(900)).await.unwrap_err();
    // What is remembered stays remembered, however many come after.
    assert!(!store.remember_once(name(0), Duration::from_secs(900)).await.unwrap());
    assert!(store.load(RecordKey(name(1))).await.unwrap().is_some());

    clock.0.store(900, Ordering::Relaxed);
    assert!(store.lease(name(100), 1, Duration::from_secs(900)).await.unwrap());
    assert!(store.remember_once(name(100), Duration::from_secs(900)).await.unwrap());
}

#[tokio::test]
async fn what_has_expired_disappears_with_any_call() {
    let (store, clock) = store(10_000);
    for number in 0..1_000 {
        store.create(RecordKey(name(number)), ending_at(60)).await.unwrap();
        store.lease(name(number), 1, Duration::from_secs(60)).await.unwrap();
        store.remember_once(name(number), Duration::from_secs(60)).await.unwrap();
    }
    clock.0.store(60, Ordering::Relaxed);
    for _ in 0..=1_000 / SWEPT_AT_ONCE {
        assert_eq!(store.load(RecordKey(name(0))).await.unwrap(), None);
    }
    let state = store.state();
    assert_eq!((state.records.len(), state.leases.len(), state.remembered.len()), (0, 0, 0));
}

#[tokio::test]
async fn one_session_too_many_ends_the_one_that_would_end_first_and_says_so() {
    let (store, _) = store(3);
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    store.watch(Arc::new(move |change| tell.lock().unwrap().push(change)));
    for secs in [70, 50, 60] {
        store.create(RecordKey(name(secs)), ending_at(secs)).await.unwrap();
    }
    // One that lives on is not the first any more.
    let mut longer = ending_at(80);
    longer.version = 2;
    store.update(RecordKey(name(50)), 1, longer).await.unwrap();
    told.lock().unwrap().clear();
    store.create(RecordKey(name(90)), ending_at(90)).await.unwrap();
    assert_eq!(*told.lock().unwrap(), [Change::Record(RecordKey(name(60)))]);
    assert_eq!(store.len(), 3);
    for (secs, there) in [(50, true), (60, false), (70, true), (90, true)] {
        assert_eq!(store.load(RecordKey(name(secs))).await.unwrap().is_some(), there, "{secs}");
    }
}

#[test]
fn a_full_store_warns_once_a_minute_and_counts_all() {
    let mut pushed_out = PushedOut::default();
    let mut at = |secs| pushed_out.count(Timestamp::from_secs(secs));
    assert_eq!([at(100), at(100), at(159), at(160), at(161)], [Some(1), None, None, Some(3), None]);
}

#[tokio::test]
async fn nothing_is_left_of_what_was_removed_moved_or_swept() {
    let (store, clock) = store(1_000);
    for number in 0..30 {
        let mut record = ending_at(60 + number);
        record.sid = Some(IndexKey(name(number)));
        store.create(RecordKey(name(number)), record.clone()).await.unwrap();
        record.version = 2;
        record.subject = IndexKey(name(7));
        record.sid = None;
        store.update(RecordKey(name(number)), 1, record).await.unwrap();
    }
    for number in 0..10 {
        assert!(store.remove(RecordKey(name(number))).await.unwrap());
    }
    clock.0.store(200, Ordering::Relaxed);
    for _ in 0..4 {
        store.load(RecordKey(name(0))).await.unwrap();
    }
    assert!(store.state().records.holds_nothing());
}

#[tokio::test]
async fn a_store_without_a_clock_of_its_own_takes_the_one_it_is_handed_and_its_clones_too() {
    let clock = Arc::new(Later::default());
    let store = MemoryStore::new();
    let clone = store.clone();
    store.use_clock(Arc::<Later>::clone(&clock));
    clone.create(RecordKey(name(1)), ending_at(60)).await.unwrap();
    assert!(clone.load(RecordKey(name(1))).await.unwrap().is_some());
    clock.0.store(60, Ordering::Relaxed);
    assert_eq!(clone.load(RecordKey(name(1))).await.unwrap(), None);
}
