//! A pooler in transaction mode before the server: statements of one connection go to many.

use std::sync::Arc;
use std::time::Duration;

use landfall::store::{Change, IndexKey, Selection, SessionStore, StoreOpener as _, Updated};
use landfall_sqlx::sqlx::ConnectOptions as _;
use landfall_sqlx::sqlx::postgres::PgPoolOptions;
use landfall_sqlx::{PostgresStore, opener};
use landfall_testkit::VirtualClock;
use landfall_testkit::async_trait;
use landfall_testkit::stores::Engine;
use tokio::time::{Instant, timeout};

use crate::kit::{HOUR, Told, key, record, store, version};
use crate::log;
use crate::pgbouncer::{PgBouncer, pgbouncer};
use crate::proxy::Proxy;
use crate::server::{Database, shared, until};

struct Pooled(&'static PgBouncer, Database);

#[async_trait]
impl Engine for Pooled {
    async fn open(&self, clock: VirtualClock) -> Arc<dyn SessionStore> {
        opener().migrating().open(&self.0.address(&self.1), Arc::new(clock)).unwrap()
    }

    fn watches(&self) -> bool {
        false
    }
}

landfall_testkit::store_suite!(async || Pooled(pgbouncer().await, shared().await.database().await));

/// Opens it as `LANDFALL_STORE` would.
fn open(address: &str, clock: &VirtualClock) -> Arc<dyn SessionStore> {
    opener().migrating().open(address, Arc::new(clock.clone())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn by_its_address_alone_every_statement_behind_a_pooler_is_the_one_that_was_sent() {
    let server = shared().await;
    let (database, clock) = (server.database().await, VirtualClock::default());
    let pooler = pgbouncer().await;
    // Two instances, whose connections would prepare other statements under the same names.
    let stores = [open(&pooler.address(&database), &clock), open(&pooler.address(&database), &clock)];
    stores[0].load(key(0)).await.unwrap();
    let working: Vec<_> = (1..=40_u8)
        .map(|name| {
            let (store, other) = (stores[usize::from(name % 2)].clone(), stores[0].clone());
            let record = record(&clock, name);
            tokio::spawn(async move {
                for _ in 0..3 {
                    store.create(key(name), record.clone()).await.unwrap();
                    assert!(store.lease([name; 32], 1, HOUR).await.unwrap());
                    assert!(!other.lease([name; 32], 2, HOUR).await.unwrap());
                    assert_eq!(other.load(key(name)).await.unwrap(), Some(record.clone()));
                    let next = version(record.clone(), 2);
                    assert_eq!(store.update(key(name), 1, next.clone()).await.unwrap(), Updated::Done);
                    let found = other.list_by_subject(record.subject, 9).await.unwrap();
                    assert_eq!(found, [(key(name), next)]);
                    let nothing = store.remove_by_sid(IndexKey([0; 32]), Selection::all()).await.unwrap();
                    assert_eq!(nothing, []);
                    let removed = store.remove_by_subject(record.subject, Selection::all()).await.unwrap();
                    assert_eq!(removed, [key(name)]);
                    store.release([name; 32], 1).await.unwrap();
                }
            })
        })
        .collect();
    for work in working {
        work.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_of_the_applications_own_may_lead_to_a_pooler() {
    let server = shared().await;
    let (database, clock) = (server.database().await, VirtualClock::default());
    let pooler = pgbouncer().await;
    let options = database.options.clone().port(pooler.port()).extra_float_digits(None);
    let pool = PgPoolOptions::new()
        .test_before_acquire(false)
        .connect_lazy_with(options.disable_statement_logging());
    let store = PostgresStore::new(pool).migrating().with_clock(Arc::new(clock.clone()));
    for name in 0..20 {
        store.create(key(name), record(&clock, name)).await.unwrap();
        assert!(store.remove(key(name)).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_comes_in_between_when_connections_were_lost_is_noticed_before_the_next_statement() {
    const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
    // What a connection was sent last, with places for its values.
    const PREPARED: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                            AND pid <> pg_backend_pid() AND query LIKE '%landfall_%$1%'";

    let server = shared().await;
    let (database, clock) = (server.database().await, VirtualClock::default());
    let network = Proxy::start(server.port()).await;
    let store = open(&network.address(&database), &clock);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    store.load(key(1)).await.unwrap();
    assert!(database.count(PREPARED).await > 0, "without one, statements are prepared");

    network.lead_to(pgbouncer().await.port());
    database.count(CUT).await;
    assert_eq!(store.load(key(1)).await.unwrap(), Some(record(&clock, 1)));
    // The first call began a sweep, whose statement may have been on its way when connections were cut; it may be sent as it
    // would have been before. What comes after that is not.
    database.count(CUT).await;
    assert_eq!(store.load(key(1)).await.unwrap(), Some(record(&clock, 1)));
    // Connections that were cut end in a moment; a pooler keeps its own for longer.
    let gone = until("none is left", async || (database.count(PREPARED).await == 0).then_some(()));
    assert!(timeout(Duration::from_secs(5), gone).await.is_ok(), "nothing was prepared by way of the pooler");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_refuses_settings_in_words_of_its_own_is_asked_once() {
    let server = shared().await;
    let (database, clock) = (server.database().await, VirtualClock::default());
    let network = Proxy::start(server.port()).await;
    network.refuse_settings();
    let store = open(&network.address(&database), &clock);
    // What could not be told is asked again after a second.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1500) {
        store.create(key(1), record(&clock, 1)).await.unwrap();
        assert!(store.remove(key(1)).await.unwrap());
    }
    assert_eq!(network.refused(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_passes_no_notices_on_is_told_once_and_an_address_for_listening_mends_it() {
    const DEAF: &str = "notices do not come through";

    log::keep();
    let server = shared().await;
    let (database, clock) = (server.database().await, VirtualClock::default());
    let elsewhere = store(&database, &clock).await;
    let pooler = pgbouncer().await;
    let (one, warned) = (open(&pooler.address(&database), &clock), log::count(DEAF));
    let told = Told::watch(&one);
    one.create(key(1), record(&clock, 1)).await.unwrap();
    until("it notices that it is deaf", async || (log::count(DEAF) > warned).then_some(())).await;
    elsewhere.remove(key(1)).await.unwrap();
    assert_eq!(one.load(key(1)).await.unwrap(), None, "what is asked for is what is");
    assert!(!told.has(Change::Record(key(1))));
    // Nobody else's answers are interrupted by notices for a listener that hears none.
    for name in 0..40 {
        one.create(key(name), record(&clock, name)).await.unwrap();
        assert!(one.remove(key(name)).await.unwrap());
    }

    let address = format!("{}?listen=127.0.0.1:{}", pooler.address(&database), server.port());
    let one = open(&address, &clock);
    let told = Told::watch(&one);
    one.create(key(2), record(&clock, 2)).await.unwrap();
    told.hears(Change::Everything).await;
    elsewhere.remove(key(2)).await.unwrap();
    let heard = timeout(Duration::from_secs(1), told.hears(Change::Record(key(2)))).await;
    assert!(heard.is_ok());
    assert_eq!(log::count(DEAF), warned + 1);
}
