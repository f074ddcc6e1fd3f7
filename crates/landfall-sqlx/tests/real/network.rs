//! Answers that get lost, and a network that falls silent.

use std::time::Duration;

use landfall::store::{Change, SessionStore as _, Updated};
use landfall_sqlx::PostgresStore;
use landfall_sqlx::sqlx::PgPool;
use landfall_testkit::VirtualClock;
use tokio::time::{Instant, timeout};

use crate::kit::{HOUR, Told, key, record, store_behind, version};
use crate::proxy::Proxy;
use crate::server::{shared, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_was_lost_is_made_once_and_told_as_made() {
    let (server, clock) = (shared().await, VirtualClock::default());
    let database = server.database().await;
    let proxy = Proxy::start(server.port()).await;
    let (store, pool) = store_behind(&proxy, &database, &clock).await;
    // What is lost below is the answer to the statement, not to its preparation.
    warm_up(&store, &pool, &clock).await;

    proxy.lose_an_answer();
    store.create(key(1), record(&clock, 1)).await.unwrap();
    assert!(proxy.has_lost_it());
    warm_up(&store, &pool, &clock).await;
    proxy.lose_an_answer();
    let updated = store.update(key(1), 1, version(record(&clock, 1), 2)).await.unwrap();
    assert_eq!((updated, proxy.has_lost_it()), (Updated::Done, true));
    warm_up(&store, &pool, &clock).await;
    proxy.lose_an_answer();
    let mut third = version(record(&clock, 1), 3);
    (third.subject, third.sid) = (record(&clock, 2).subject, None);
    let updated = store.update(key(1), 2, third.clone()).await.unwrap();
    assert_eq!((updated, proxy.has_lost_it()), (Updated::Done, true));
    warm_up(&store, &pool, &clock).await;
    proxy.lose_an_answer();
    assert!(store.lease([1; 32], 1, HOUR).await.unwrap() && proxy.has_lost_it());
    warm_up(&store, &pool, &clock).await;
    proxy.lose_an_answer();
    assert!(store.remember_once([1; 32], HOUR).await.unwrap() && proxy.has_lost_it());

    assert!(!store.lease([1; 32], 1, HOUR).await.unwrap());
    assert!(!store.remember_once([1; 32], HOUR).await.unwrap());
    assert_eq!(store.list_by_subject(record(&clock, 1).subject, 9).await.unwrap(), []);
    assert_eq!(store.load(key(1)).await.unwrap(), Some(third));
}

/// Uses every statement once, so that the one connection in the pool has it prepared, and waits until the pool has
/// it back and asks nothing of it.
async fn warm_up(store: &PostgresStore, pool: &PgPool, clock: &VirtualClock) {
    store.create(key(100), record(clock, 100)).await.unwrap();
    store.update(key(100), 1, version(record(clock, 100), 2)).await.unwrap();
    store.remove(key(100)).await.unwrap();
    store.lease([100; 32], 1, HOUR).await.unwrap();
    store.release([100; 32], 1).await.unwrap();
    until("the connection is idle", async || (pool.num_idle() == 1).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_falls_silent_is_noticed_within_seconds_and_forgotten_when_it_is_back() {
    let (server, clock) = (shared().await, VirtualClock::default());
    let database = server.database().await;
    let proxy = Proxy::start(server.port()).await;
    let (store, _) = store_behind(&proxy, &database, &clock).await;
    let told = Told::watch(&store);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    told.hears(Change::Everything).await;
    told.forget();

    proxy.fall_silent(true);
    let asked = Instant::now();
    told.hears(Change::Everything).await;
    assert!(asked.elapsed() < Duration::from_secs(5), "the listener notices");
    store.load(key(1)).await.unwrap_err();
    assert!(asked.elapsed() < Duration::from_secs(15), "a request fails");
    told.forget();

    proxy.fall_silent(false);
    let loaded = until("the network is back", async || store.load(key(1)).await.ok()).await;
    assert_eq!(loaded, Some(record(&clock, 1)));
    told.hears(Change::Everything).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_given_up_while_the_network_is_silent_leave_the_pool_usable() {
    let (server, clock) = (shared().await, VirtualClock::default());
    let database = server.database().await;
    let proxy = Proxy::start(server.port()).await;
    let (store, pool) = store_behind(&proxy, &database, &clock).await;
    store.create(key(1), record(&clock, 1)).await.unwrap();

    // What is given up below is a statement, not the pool's own sign of life.
    until("the connection is idle", async || (pool.num_idle() == 1).then_some(())).await;
    proxy.fall_silent(true);
    for _ in 0..20 {
        timeout(Duration::from_millis(100), store.load(key(1))).await.unwrap_err();
    }
    proxy.fall_silent(false);
    let loaded = until("the pool is usable", async || store.load(key(1)).await.ok()).await;
    assert_eq!(loaded, Some(record(&clock, 1)));
}
