//! Servers that go away, and callers that do not wait.

use std::time::Duration;

use landfall::store::{Change, SessionStore as _, Updated};
use landfall_sqlx::sqlx;
use landfall_testkit::VirtualClock;
use tokio::time::{Instant, timeout};

use crate::kit::{Told, key, record, store, version};
use crate::server::{Server, shared, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_server_costs_errors_and_no_session() {
    let mut server = Server::start().await;
    let database = server.database().await;
    let clock = VirtualClock::default();
    let store = store(&database, &clock).await;
    let told = Told::watch(&store);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    told.hears(Change::Everything).await;
    told.forget();

    server.kill();
    let asked = Instant::now();
    store.load(key(1)).await.unwrap_err();
    store.update(key(1), 1, version(record(&clock, 1), 2)).await.unwrap_err();
    assert!(asked.elapsed() < Duration::from_secs(30), "it fails within seconds");
    told.hears(Change::Everything).await;
    told.forget();

    server.start_again().await;
    let loaded = store.load(key(1)).await.unwrap();
    assert_eq!(loaded, Some(record(&clock, 1)));
    told.hears(Change::Everything).await;
    assert_eq!(store.update(key(1), 1, version(record(&clock, 1), 2)).await.unwrap(), Updated::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_died_in_the_pool_fail_no_request() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    let store = store(&database, &clock).await;
    store.create(key(1), record(&clock, 1)).await.unwrap();
    for round in 1..=5 {
        let loads: Vec<_> = (0..10)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.load(key(1)).await })
            })
            .collect();
        for load in loads {
            load.await.unwrap().unwrap();
        }
        database
            .count(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await;
        let updated = store.update(key(1), round, version(record(&clock, 1), round + 1)).await.unwrap();
        assert_eq!(updated, Updated::Done);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_gave_up_leave_no_transaction_open_and_no_connection_lost() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    let store = store(&database, &clock).await;
    store.create(key(1), record(&clock, 1)).await.unwrap();

    let mut holder = database.connect().await;
    sqlx::raw_sql("BEGIN; SELECT FROM landfall_sessions FOR UPDATE").execute(&mut holder).await.unwrap();
    for _ in 0..20 {
        let waiting = store.update(key(1), 1, version(record(&clock, 1), 2));
        assert!(timeout(Duration::from_millis(20), waiting).await.is_err(), "the record is locked");
    }
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();

    until("no transaction is open", async || {
        let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND pid <> pg_backend_pid() AND state <> 'idle'";
        (database.count(open).await == 0).then_some(())
    })
    .await;
    assert_eq!(store.load(key(1)).await.unwrap().unwrap().version, 2);
    assert!(store.remove(key(1)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_by_subject_that_waits_for_an_update_ends_the_updated_session() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    let store = store(&database, &clock).await;
    store.create(key(1), record(&clock, 1)).await.unwrap();

    // The update, held open half-way.
    let mut updating = database.connect().await;
    sqlx::raw_sql("BEGIN; UPDATE landfall_sessions SET sid = NULL, version = 2")
        .execute(&mut updating)
        .await
        .unwrap();
    let removal = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .remove_by_subject(landfall::store::IndexKey([1; 32]), landfall::store::Selection::all())
                .await
        }
    });
    waits_for_a_lock(&database).await;
    sqlx::raw_sql("COMMIT").execute(&mut updating).await.unwrap();
    assert_eq!(removal.await.unwrap().unwrap(), [key(1)]);
    assert_eq!(store.load(key(1)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_waits_for_a_removal_finds_the_session_gone() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    let store = store(&database, &clock).await;
    for (change, expected) in [
        ("BEGIN; DELETE FROM landfall_sessions", Updated::Gone),
        ("BEGIN; UPDATE landfall_sessions SET version = 2", Updated::Conflict),
    ] {
        store.remove(key(1)).await.unwrap();
        store.create(key(1), record(&clock, 1)).await.unwrap();
        let mut changing = database.connect().await;
        sqlx::raw_sql(change).execute(&mut changing).await.unwrap();
        let update = tokio::spawn({
            let (store, record) = (store.clone(), version(record(&clock, 1), 2));
            async move { store.update(key(1), 1, record).await }
        });
        waits_for_a_lock(&database).await;
        sqlx::raw_sql("COMMIT").execute(&mut changing).await.unwrap();
        assert_eq!(update.await.unwrap().unwrap(), expected);
    }
}

async fn waits_for_a_lock(database: &crate::server::Database) {
    until("somebody waits", async || {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND wait_event_type = 'Lock'";
        (database.count(waiting).await > 0).then_some(())
    })
    .await;
}
