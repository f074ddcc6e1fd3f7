//! Hearing of changes, and of having missed some.

use landfall::store::{Change, SessionStore as _};
use landfall_sqlx::sqlx;
use landfall_testkit::VirtualClock;

use crate::kit::{Told, key, record, store};
use crate::server::{shared, until};

const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test]
async fn a_listener_that_was_cut_off_says_that_anything_may_have_changed_and_hears_again() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    let (one, two) = (store(&database, &clock).await, store(&database, &clock).await);
    let told = Told::watch(&one);
    one.load(key(1)).await.unwrap();
    told.hears(Change::Everything).await;
    told.forget();

    assert!(database.count(CUT).await >= 1);
    told.hears(Change::Everything).await;
    // What happens before it listens again is not told.
    until("it hears again", async || {
        two.create(key(2), record(&clock, 2)).await.unwrap();
        two.remove(key(2)).await.unwrap();
        told.has(Change::Record(key(2))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_session_that_was_ended_elsewhere_is_told_within_a_second() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    let (one, two) = (store(&database, &clock).await, store(&database, &clock).await);
    let told = Told::watch(&one);
    one.create(key(1), record(&clock, 1)).await.unwrap();
    told.hears(Change::Everything).await;
    two.remove(key(1)).await.unwrap();
    let told =
        tokio::time::timeout(std::time::Duration::from_secs(1), told.hears(Change::Record(key(1)))).await;
    assert!(told.is_ok());
}

#[tokio::test]
async fn a_notice_that_is_not_understood_means_that_anything_may_have_changed() {
    let database = shared().await.database().await;
    let store = store(&database, &VirtualClock::default()).await;
    let told = Told::watch(&store);
    store.load(key(1)).await.unwrap();
    told.hears(Change::Everything).await;
    told.forget();
    sqlx::query("NOTIFY landfall, 'of a version to come'")
        .execute(&mut database.connect().await)
        .await
        .unwrap();
    told.hears(Change::Everything).await;
}

#[tokio::test]
async fn a_store_that_is_gone_leaves_no_listener() {
    let database = shared().await.database().await;
    let told = {
        let store = store(&database, &VirtualClock::default()).await;
        let told = Told::watch(&store);
        store.load(key(1)).await.unwrap();
        told.hears(Change::Everything).await;
        told
    };
    crate::server::until("the connections end", async || {
        (database.count("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()").await
            == 0)
            .then_some(())
    })
    .await;
    drop(told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_runtime_ended_hears_again_on_the_next() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    let (one, two) = (store(&database, &clock).await, store(&database, &clock).await);
    let told = Told::watch(&one);
    let on_another = one.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(on_another.sweep()).unwrap();
        runtime.block_on(on_another.load(key(1))).unwrap();
    })
    .join()
    .unwrap();
    told.forget();

    one.load(key(1)).await.unwrap();
    told.hears(Change::Everything).await;
    two.create(key(1), record(&clock, 1)).await.unwrap();
    two.remove(key(1)).await.unwrap();
    told.hears(Change::Record(key(1))).await;
}
