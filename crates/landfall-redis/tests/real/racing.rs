//! Of many that do the same at once, one comes first for everybody.

use std::future::Future;
use std::sync::Arc;

use landfall::{Clock as _, SessionStore as _, Updated};
use landfall_redis::RedisStore;
use landfall_testkit::VirtualClock;

use crate::kit::{HOUR, cluster_store, key, record, stores, version};
use crate::server::{shared, shared_cluster};

/// Two instances, and two handles on a cluster.
async fn pairs(clock: &VirtualClock) -> [(RedisStore, RedisStore); 2] {
    let cluster = cluster_store(shared_cluster().await, clock);
    [stores(shared().await, clock), (cluster.clone(), cluster)]
}

/// Runs it twenty times at once, on both.
async fn race<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    (here, there): &(RedisStore, RedisStore),
    run: impl Fn(RedisStore) -> F + Send + Sync + 'static,
) -> Vec<T> {
    let run = Arc::new(run);
    let racing: Vec<_> = (0..20)
        .map(|number| {
            let store = if number % 2 == 0 { here.clone() } else { there.clone() };
            let run = Arc::clone(&run);
            tokio::spawn(async move { run(store).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for racing in racing {
        outcomes.push(racing.await.unwrap());
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_equal_changes_is_done() {
    let clock = VirtualClock::default();
    for pair in pairs(&clock).await {
        let first = record(&clock, 1);
        let create = first.clone();
        let created = race(&pair, move |store| {
            let record = create.clone();
            async move { store.create(key(1), record).await.is_ok() }
        });
        assert_eq!(created.await.into_iter().filter(|done| *done).count(), 1);
        let second = version(first.clone(), 2);
        let updated = race(&pair, move |store| {
            let record = second.clone();
            async move { store.update(key(1), 1, record).await.unwrap() }
        });
        let updated = updated.await;
        assert_eq!(updated.iter().filter(|updated| **updated == Updated::Done).count(), 1);
        assert_eq!(updated.iter().filter(|updated| **updated == Updated::Conflict).count(), 19);
        let third = version(first.clone(), 3);
        let rotated = race(&pair, move |store| {
            let record = third.clone();
            async move { store.rotate(key(1), key(2), 2, record).await.unwrap() }
        });
        assert_eq!(rotated.await.into_iter().filter(|updated| *updated == Updated::Done).count(), 1);
        let removed = race(&pair, |store| async move { store.remove(key(2)).await.unwrap() });
        assert_eq!(removed.await.into_iter().filter(|removed| *removed).count(), 1);
        let leased = race(&pair, |store| async move { store.lease([1; 32], 1, HOUR).await.unwrap() });
        assert_eq!(leased.await.into_iter().filter(|leased| *leased).count(), 1);
        let remembered =
            race(&pair, |store| async move { store.remember_once([1; 32], HOUR).await.unwrap() });
        assert_eq!(remembered.await.into_iter().filter(|first| *first).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn resurrection_a_removed_session_stays_removed_whatever_is_saved_meanwhile() {
    let clock = VirtualClock::default();
    for pair in pairs(&clock).await {
        for round in 0..20 {
            let first = record(&clock, 1);
            pair.0.create(key(1), first.clone()).await.unwrap();
            let saving = {
                let (store, record) = (pair.1.clone(), version(first.clone(), 2));
                tokio::spawn(async move {
                    if round % 2 == 0 {
                        store.update(key(1), 1, record).await.unwrap()
                    } else {
                        store.rotate(key(1), key(2), 1, record).await.unwrap()
                    }
                })
            };
            let all = landfall::Selection::all();
            pair.0.remove_by_subject(first.subject, all).await.unwrap();
            saving.await.unwrap();
            for name in [key(1), key(2)] {
                assert_eq!(pair.1.load(name).await.unwrap(), None);
            }
            assert_eq!(pair.1.list_by_subject(first.subject, 9).await.unwrap(), []);
        }
    }
}

#[tokio::test]
async fn an_expired_session_is_not_revived_by_a_late_save() {
    let clock = VirtualClock::default();
    let (store, _) = stores(shared().await, &clock);
    let first = record(&clock, 1);
    store.create(key(1), first.clone()).await.unwrap();
    clock.advance(HOUR);
    assert_eq!(store.load(key(1)).await.unwrap(), None);
    let mut later = version(first.clone(), 2);
    later.expires_at = clock.now().plus(HOUR);
    later.idle_expires_at = later.expires_at;
    assert_eq!(store.update(key(1), 1, later.clone()).await.unwrap(), Updated::Gone);
    assert_eq!(store.rotate(key(1), key(2), 1, later.clone()).await.unwrap(), Updated::Gone);
    assert_eq!(store.list_by_subject(first.subject, 9).await.unwrap(), []);
    assert!(!store.remove(key(1)).await.unwrap());
    store.create(key(1), later).await.unwrap();
}
