//! An address with two hosts: a primary and its standby, which takes its place.

use std::sync::Arc;
use std::time::Duration;

use landfall::store::{Change, SessionStore, StoreOpener as _, Updated};
use landfall_sqlx::opener;
use landfall_sqlx::sqlx::{self, ConnectOptions as _};
use landfall_testkit::VirtualClock;
use tokio::time::Instant;

use crate::kit::{Told, key, record, version};
use crate::server::{Server, until};

/// In which sign-ins go on at the other host, and changes are heard there.
const SECONDS: Duration = Duration::from_secs(5);

fn open(address: &str, clock: &VirtualClock) -> Arc<dyn SessionStore> {
    opener().migrating().open(address, Arc::new(clock.clone())).unwrap()
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
    until("the standby has heard it all", async || {
        let rows =
            sqlx::raw_sql("SELECT 1 FROM landfall_sessions").fetch_all(&mut there).await.unwrap_or_default();
        (rows.len() == 2).then_some(())
    })
    .await;

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
