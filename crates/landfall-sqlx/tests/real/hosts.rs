//! An address with two hosts: a primary and its standby, which takes its place.

use std::sync::Arc;
use std::time::Duration;

use landfall::store::{Change, SessionStore, StoreOpener as _, Updated};
use landfall_sqlx::opener;
use landfall_sqlx::sqlx::postgres::PgConnection;
use landfall_sqlx::sqlx::{self, ConnectOptions as _};
use landfall_testkit::VirtualClock;
use tokio::time::Instant;

use crate::kit::{Told, key, record, version};
use crate::log;
use crate::proxy::Proxy;
use crate::server::{Server, until};

/// In which sign-ins go on at the other host, and changes are heard there.
const SECONDS: Duration = Duration::from_secs(5);

fn open(address: &str, clock: &VirtualClock) -> Arc<dyn SessionStore> {
    opener().migrating().open(address, Arc::new(clock.clone())).unwrap()
}

/// Waits until a standby has as many sessions.
async fn hears_all(standby: &mut PgConnection, sessions: usize) {
    until("the standby has heard it all", async || {
        let rows = sqlx::raw_sql("SELECT 1 FROM landfall_sessions").fetch_all(&mut *standby).await;
        (rows.unwrap_or_default().len() == sessions).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_host_that_takes_changes_dies_sessions_go_on_at_the_one_that_takes_its_place() {
    let mut primary = Server::start().await;
    let standby = primary.standby().await;
    let clock = VirtualClock::default();
    // The standby stands first: it answers, and is not taken.
    let address = format!(
        "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres?target_session_attrs=read-write",
        standby.port(),
        primary.port()
    );
    let (one, two) = (open(&address, &clock), open(&address, &clock));
    let told = Told::watch(&one);
    for name in 1..=3 {
        one.create(key(name), record(&clock, name)).await.unwrap();
        assert_eq!(two.load(key(name)).await.unwrap(), Some(record(&clock, name)));
    }
    told.hears(Change::Everything).await;
    two.remove(key(3)).await.unwrap();
    told.hears(Change::Record(key(3))).await;
    let mut there = standby.options("postgres").connect().await.unwrap();
    hears_all(&mut there, 2).await;

    primary.kill();
    // Nobody takes changes now: that is an error, and no answer of the standby's.
    one.update(key(1), 1, version(record(&clock, 1), 2)).await.unwrap_err();
    sqlx::raw_sql("SELECT pg_promote()").execute(&mut there).await.unwrap();
    let promoted = Instant::now();
    let updated =
        until("a change is made", async || one.update(key(1), 1, version(record(&clock, 1), 2)).await.ok());
    assert_eq!(updated.await, Updated::Done);
    let loaded = until("a session is there", async || two.load(key(1)).await.ok()).await;
    assert_eq!(loaded, Some(version(record(&clock, 1), 2)));
    until("changes are heard", async || {
        two.create(key(9), record(&clock, 9)).await.unwrap();
        two.remove(key(9)).await.unwrap();
        told.has(Change::Record(key(9))).then_some(())
    })
    .await;
    assert!(promoted.elapsed() < SECONDS, "{:?}", promoted.elapsed());
    for _ in 0..20 {
        assert_eq!(two.load(key(2)).await.unwrap(), Some(record(&clock, 2)), "and it stays there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_set_to_be_read_while_it_stays_up_is_left_by_those_who_only_read_too() {
    let primary = Server::start().await;
    let standby = primary.standby().await;
    let clock = VirtualClock::default();
    let address =
        format!("postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres", primary.port(), standby.port());
    let (writes, reads) = (open(&address, &clock), open(&address, &clock));
    let told = Told::watch(&reads);
    writes.create(key(1), record(&clock, 1)).await.unwrap();
    assert_eq!(reads.load(key(1)).await.unwrap(), Some(record(&clock, 1)));
    told.hears(Change::Everything).await;
    let mut there = standby.options("postgres").connect().await.unwrap();
    hears_all(&mut there, 1).await;

    let mut here = primary.options("postgres").connect().await.unwrap();
    for statement in ["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"] {
        sqlx::raw_sql(statement).execute(&mut here).await.unwrap();
    }
    sqlx::raw_sql("SELECT pg_promote()").execute(&mut there).await.unwrap();
    let promoted = Instant::now();
    let next = version(record(&clock, 1), 2);
    let updated = until("a change is made", async || writes.update(key(1), 1, next.clone()).await.ok());
    assert_eq!(updated.await, Updated::Done);
    until("it is read where it was made", async || {
        (reads.load(key(1)).await.ok()? == Some(next.clone())).then_some(())
    })
    .await;
    until("changes are heard", async || {
        writes.create(key(9), record(&clock, 9)).await.unwrap();
        writes.remove(key(9)).await.unwrap();
        told.has(Change::Record(key(9))).then_some(())
    })
    .await;
    assert!(promoted.elapsed() < SECONDS, "{:?}", promoted.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_falls_silent_is_left_by_the_first_request_that_waits_for_it() {
    log::keep();
    let primary = Server::start().await;
    let standby = primary.standby().await;
    let network = Proxy::start(primary.port()).await;
    let clock = VirtualClock::default();
    let address =
        format!("postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres", network.port(), standby.port());
    let store = open(&address, &clock);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    let mut there = standby.options("postgres").connect().await.unwrap();
    hears_all(&mut there, 1).await;
    sqlx::raw_sql("SELECT pg_promote()").execute(&mut there).await.unwrap();
    let mut here = primary.options("postgres").connect().await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE landfall_sessions IN SHARE MODE").execute(&mut here).await.unwrap();
    let removing = tokio::spawn({
        let store = store.clone();
        async move { store.remove(key(9)).await }
    });
    until("the statement was sent", async || {
        let waiting = sqlx::raw_sql("SELECT 1 FROM pg_locks WHERE NOT granted").fetch_all(&mut here).await;
        (!waiting.unwrap().is_empty()).then_some(())
    })
    .await;
    network.fall_silent(true);
    removing.await.unwrap().unwrap_err();
    assert_eq!(log::count(&format!("127.0.0.1:{} from now on", standby.port())), 1);
    store.remove(key(9)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_first_host_is_dead_at_the_start_the_second_is_taken() {
    let server = Server::start().await;
    let clock = VirtualClock::default();
    let address = format!("postgres://postgres@127.0.0.1:1,127.0.0.1:{}/postgres", server.port());
    let store = open(&address, &clock);
    let asked = Instant::now();
    store.create(key(1), record(&clock, 1)).await.unwrap();
    assert!(asked.elapsed() < SECONDS, "{:?}", asked.elapsed());
    assert!(store.remove(key(1)).await.unwrap());
}
