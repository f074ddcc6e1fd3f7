//! What lies in the database, and for how long.

use std::time::Duration;

use landfall::store::SessionStore as _;
use landfall_sqlx::sqlx::{self, Row as _};
use landfall_testkit::VirtualClock;

use crate::kit::{HOUR, key, record, store};
use crate::server::{shared, until};

const ALL: &str = "SELECT (SELECT count(*) FROM landfall_sessions) + (SELECT count(*) FROM landfall_claims)";

#[tokio::test]
async fn what_has_expired_is_swept_and_nothing_else() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    let store = store(&database, &clock).await;
    store.load(key(1)).await.unwrap();
    for name in 0..200 {
        store.create(key(name), record(&clock, name)).await.unwrap();
    }
    store.lease([1; 32], 1, HOUR).await.unwrap();
    store.remember_once([1; 32], HOUR).await.unwrap();
    assert_eq!(store.sweep().await.unwrap(), 0);
    clock.advance(HOUR + Duration::from_mins(1));
    store.create(key(255), record(&clock, 1)).await.unwrap();
    // The store sweeps by itself, too: what counts is what is left.
    assert!(store.sweep().await.unwrap() <= 202);
    assert_eq!(database.count(ALL).await, 1);
}

#[tokio::test]
async fn what_has_expired_goes_away_by_itself() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    let first = store(&database, &clock).await;
    first.create(key(1), record(&clock, 1)).await.unwrap();
    clock.advance(HOUR + Duration::from_mins(1));
    // An instance that starts sweeps at once, and then every minute.
    let second = store(&database, &clock).await;
    second.load(key(2)).await.unwrap();
    until("the record is gone", async || (database.count(ALL).await == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_sweep_together_do_not_wait_for_each_other() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    let store = store(&database, &clock).await;
    for name in 0..100 {
        store.create(key(name), record(&clock, name)).await.unwrap();
    }
    let mut other = database.connect().await;
    sqlx::raw_sql("BEGIN; SELECT FROM landfall_sessions LIMIT 60 FOR UPDATE")
        .execute(&mut other)
        .await
        .unwrap();
    clock.advance(HOUR + Duration::from_mins(1));
    assert!(store.sweep().await.unwrap() <= 40);
    assert_eq!(database.count(ALL).await, 60);
}

#[tokio::test]
async fn a_load_finds_its_record_by_the_primary_key_and_a_list_by_its_index() {
    let database = shared().await.database().await;
    store(&database, &VirtualClock::default()).await;
    let mut connection = database.connect().await;
    sqlx::raw_sql("SET enable_seqscan = off").execute(&mut connection).await.unwrap();
    for (query, index) in [
        ("EXPLAIN SELECT FROM landfall_sessions WHERE key = '' AND ends_at > 0", "landfall_sessions_pkey"),
        (
            "EXPLAIN SELECT FROM landfall_sessions WHERE subject = '' AND ends_at > 0 \
             ORDER BY created_at DESC LIMIT 5",
            "landfall_sessions_subject",
        ),
        ("EXPLAIN DELETE FROM landfall_sessions WHERE sid = ''", "landfall_sessions_sid"),
    ] {
        let plan = sqlx::query(query).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        assert!(plan.join("\n").contains(index), "{plan:#?}");
    }
}
