//! Connections that stay at hand between two statements, and what the pool's other users notice of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use landfall::store::SessionStore as _;
use landfall_sqlx::PostgresStore;
use landfall_sqlx::sqlx::postgres::{PgPool, PgPoolOptions};
use landfall_testkit::VirtualClock;
use tokio::time::timeout;

use crate::kit::{key, record, store};
use crate::server::{Database, shared, until};

/// A pool of so many connections, that counts those it opens and those it takes back.
struct Counting {
    pool: PgPool,
    opened: Arc<AtomicUsize>,
    taken_back: Arc<AtomicUsize>,
}

impl Counting {
    fn new(database: &Database, most: u32) -> Self {
        let (opened, taken_back) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (to_opened, to_taken_back) = (Arc::clone(&opened), Arc::clone(&taken_back));
        let pool = PgPoolOptions::new()
            .max_connections(most)
            .test_before_acquire(false)
            .after_connect(move |_, _| {
                to_opened.fetch_add(1, Ordering::SeqCst);
                Box::pin(async { Ok(()) })
            })
            .after_release(move |_, _| {
                to_taken_back.fetch_add(1, Ordering::SeqCst);
                Box::pin(async { Ok(true) })
            })
            .connect_lazy_with(database.options.clone());
        Self { pool, opened, taken_back }
    }

    fn store(&self, clock: &VirtualClock) -> PostgresStore {
        PostgresStore::new(self.pool.clone()).with_clock(Arc::new(clock.clone()))
    }

    /// The pool has its only connection back.
    async fn has_it_back(&self) {
        until("the connection is given back", async || (self.pool.num_idle() == 1).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_kept_between_two_statements_and_given_back_when_nobody_wants_it() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    store(&database, &clock).await.create(key(1), record(&clock, 1)).await.unwrap();
    let counting = Counting::new(&database, 2);
    let store = counting.store(&clock);
    store.load(key(1)).await.unwrap().unwrap();
    // The sweep took turns with it.
    until("all are given back", async || {
        (counting.pool.num_idle() == counting.pool.size() as usize).then_some(())
    })
    .await;
    let before = counting.taken_back.load(Ordering::SeqCst);
    for _ in 0..100 {
        store.load(key(1)).await.unwrap().unwrap();
    }
    let taken_back = counting.taken_back.load(Ordering::SeqCst) - before;
    assert!(taken_back < 100, "{taken_back} times given back");
    until("it is given back", async || {
        (counting.pool.num_idle() == counting.pool.size() as usize).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_whose_only_connection_it_is_has_it_back_at_once() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    store(&database, &clock).await.create(key(1), record(&clock, 1)).await.unwrap();
    let counting = Counting::new(&database, 1);
    let store = counting.store(&clock);
    for round in 1..=20 {
        store.load(key(1)).await.unwrap().unwrap();
        drop(timeout(Duration::from_secs(30), counting.pool.acquire()).await.unwrap().unwrap());
        assert!(counting.taken_back.load(Ordering::SeqCst) >= round);
    }
    assert_eq!(counting.opened.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_that_are_broken_off_cost_no_connection() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    store(&database, &clock).await.create(key(1), record(&clock, 1)).await.unwrap();
    let counting = Counting::new(&database, 1);
    let store = counting.store(&clock);
    store.load(key(1)).await.unwrap().unwrap();
    counting.has_it_back().await;
    for _ in 0..50 {
        // Polled once, which sends it.
        let _ = timeout(Duration::ZERO, store.load(key(1))).await;
        counting.has_it_back().await;
    }
    assert_eq!(store.load(key(1)).await.unwrap(), Some(record(&clock, 1)));
    assert_eq!(counting.opened.load(Ordering::SeqCst), 1);
}

#[test]
fn whoever_holds_a_thread_after_a_look_holds_no_connection_with_it() {
    let clock = VirtualClock::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let database = shared().await.database().await;
        store(&database, &clock).await.create(key(1), record(&clock, 1)).await.unwrap();
        let store = Counting::new(&database, 1).store(&clock);
        for _ in 0..10 {
            let (tell, told) = tokio::sync::oneshot::channel();
            let (release, released) = std::sync::mpsc::channel::<()>();
            let looking = store.clone();
            // As a handler does that computes, in the very poll that the look ended in.
            let computing = tokio::spawn(async move {
                looking.load(key(1)).await.unwrap().unwrap();
                tell.send(()).unwrap();
                released.recv().unwrap();
            });
            told.await.unwrap();
            // As another request does: what is begun on a worker wakes one, which then listens to the sockets. The one that
            // computes may have been it, and tokio wakes no other until there is something to do.
            let other = store.clone();
            let found = tokio::spawn(async move { other.load(key(1)).await });
            assert_eq!(found.await.unwrap().unwrap(), Some(record(&clock, 1)));
            release.send(()).unwrap();
            computing.await.unwrap();
        }
    });
}

#[test]
fn a_store_outlives_the_runtimes_that_its_connections_were_opened_on() {
    let several_threads =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (clock, first) = (VirtualClock::default(), several_threads());
    let (database, counting) = first.block_on(async {
        let database = shared().await.database().await;
        store(&database, &clock).await.create(key(1), record(&clock, 1)).await.unwrap();
        let counting = Counting::new(&database, 4);
        (database, counting)
    });
    let store = counting.store(&clock);
    for _ in 0..3 {
        let runtime = several_threads();
        runtime.block_on(async {
            for _ in 0..10 {
                assert_eq!(store.load(key(1)).await.unwrap(), Some(record(&clock, 1)));
            }
        });
        // In the middle of what it does with the connections.
        drop(runtime);
    }
    first.block_on(async {
        assert_eq!(store.load(key(1)).await.unwrap(), Some(record(&clock, 1)));
        drop(database);
    });
}
