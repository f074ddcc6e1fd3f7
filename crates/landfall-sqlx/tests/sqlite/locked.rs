//! Somebody else holds the file's write lock.

use std::sync::Arc;
use std::time::Duration;

use landfall::Clock as _;
use landfall::store::{Change, IndexKey, RecordKey, SessionStore as _, StoredRecord};
use landfall_sqlx::{SqliteStore, sqlx};
use landfall_testkit::VirtualClock;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

const HOUR: Duration = Duration::from_hours(1);

fn record(clock: &VirtualClock) -> StoredRecord {
    let (now, index) = (clock.now(), IndexKey([1; 32]));
    StoredRecord::new(now, now.plus(HOUR), now.plus(HOUR), index, None, "sealed".into(), "admin".into())
}

/// A store with one session, and who holds the lock.
async fn locked(folder: &TempDir, clock: &VirtualClock) -> (SqliteStore, SqliteConnection) {
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::open(&path).migrating().with_clock(Arc::new(clock.clone()));
    store.create(RecordKey([0; 32]), record(clock)).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).busy_timeout(HOUR);
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    (store, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_to_write_does_not_stop_who_reads() {
    let (folder, clock) = (TempDir::new().unwrap(), VirtualClock::default());
    let (store, mut other) = locked(&folder, &clock).await;
    let writing: Vec<_> = (1..=8)
        .map(|name| {
            let (store, record) = (store.clone(), record(&clock));
            tokio::spawn(async move { store.create(RecordKey([name; 32]), record).await })
        })
        .collect();
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until {
        let loaded = timeout(Duration::from_secs(1), store.load(RecordKey([0; 32]))).await;
        assert!(loaded.expect("a reader waits for no writer").unwrap().is_some());
    }
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    for writer in writing {
        writer.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_nobody_waits_for_any_more_is_told_all_the_same() {
    let (folder, clock) = (TempDir::new().unwrap(), VirtualClock::default());
    let (store, mut other) = locked(&folder, &clock).await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    store.watch(Arc::new(move |change| tell.send(change).unwrap()));
    let key = RecordKey([0; 32]);
    timeout(Duration::from_millis(200), store.remove(key)).await.unwrap_err();
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    let told = timeout(Duration::from_secs(10), told.recv()).await.expect("the change is told");
    assert_eq!(told, Some(Change::Record(key)));
    assert_eq!(store.load(key).await.unwrap(), None);
}
