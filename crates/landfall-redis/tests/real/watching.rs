//! Instances tell each other of changes.

use landfall::store::{Change, Selection, SessionStore as _};
use landfall_redis::redis::cmd;
use landfall_testkit::VirtualClock;

use crate::kit::{Told, cluster_store, key, record, stores, version};
use crate::server::{Server, shared, shared_cluster, until};

#[tokio::test]
async fn every_instance_hears_of_every_change() {
    let clock = VirtualClock::default();
    let (here, there) = stores(shared().await, &clock);
    let told = Told::watch(&there);
    there.load(key(1)).await.unwrap();
    told.hears(Change::Everything).await;
    for name in 1..=6 {
        here.create(key(name), record(&clock, 1)).await.unwrap();
    }
    let first = record(&clock, 1);
    told.take();
    here.update(key(1), 1, version(first.clone(), 2)).await.unwrap();
    told.hears(Change::Record(key(1))).await;
    let mut moved = version(first.clone(), 2);
    (moved.subject, moved.sid) = (record(&clock, 2).subject, None);
    here.update(key(2), 1, moved).await.unwrap();
    told.hears(Change::Record(key(2))).await;
    here.remove(key(3)).await.unwrap();
    told.hears(Change::Record(key(3))).await;
    here.remove_by_subject(first.subject, Selection::all().except(key(5))).await.unwrap();
    told.hears(Change::Record(key(4))).await;
    told.hears(Change::Record(key(6))).await;
    here.remove_by_sid(first.sid.unwrap(), Selection::all()).await.unwrap();
    told.hears(Change::Record(key(5))).await;
    assert!(!told.has(Change::Everything));
}

#[tokio::test]
async fn in_a_cluster_too() {
    let clock = VirtualClock::default();
    let store = cluster_store(shared_cluster().await, &clock);
    let told = Told::watch(&store);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    told.hears(Change::Everything).await;
    // Its own subscription may be confirmed after the first command.
    until("a change is told", async || {
        store.create(key(2), record(&clock, 1)).await.unwrap();
        store.remove(key(2)).await.unwrap();
        told.has(Change::Record(key(2))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn whoever_may_have_missed_a_change_is_told_to_forget_everything() {
    let clock = VirtualClock::default();
    for (server, cluster) in [(Server::start(&[]).await, false), (Server::start_cluster().await, true)] {
        let store = if cluster { cluster_store(&server, &clock) } else { crate::kit::store(&server, &clock) };
        let told = Told::watch(&store);
        store.load(key(1)).await.unwrap();
        told.hears(Change::Everything).await;
        until("it has settled", async || told.take().is_empty().then_some(())).await;
        server.ask::<u32>(cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub").clone()).await;
        told.hears(Change::Everything).await;
        store.create(key(1), record(&clock, 1)).await.unwrap();
        until("it hears again", async || {
            store.create(key(2), record(&clock, 1)).await.unwrap();
            store.remove(key(2)).await.unwrap();
            told.has(Change::Record(key(2))).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_a_change_of_everything() {
    let clock = VirtualClock::default();
    let server = shared().await;
    let (store, _) = stores(server, &clock);
    let told = Told::watch(&store);
    store.load(key(1)).await.unwrap();
    told.hears(Change::Everything).await;
    told.take();
    server.ask::<u32>(cmd("PUBLISH").arg(crate::kit::channel(&store)).arg("what?").clone()).await;
    told.hears(Change::Everything).await;
}

#[tokio::test]
async fn nobody_listens_for_a_store_that_is_gone() {
    let clock = VirtualClock::default();
    let server = Server::start(&[]).await;
    let (store, _) = stores(&server, &clock);
    let told = Told::watch(&store);
    store.load(key(1)).await.unwrap();
    told.hears(Change::Everything).await;
    drop(store);
    until("the subscription is gone", async || {
        let clients: String = server.ask(cmd("CLIENT").arg("LIST").arg("TYPE").arg("PUBSUB").clone()).await;
        clients.trim().is_empty().then_some(())
    })
    .await;
}

#[test]
fn a_store_whose_runtime_ended_is_told_again_on_the_next() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clock = VirtualClock::default();
    let first = runtime();
    let server = first.block_on(Server::start(&[]));
    let store = crate::kit::store(&server, &clock);
    let told = Told::watch(&store);
    first.block_on(async {
        store.load(key(1)).await.unwrap();
        told.hears(Change::Everything).await;
    });
    drop(first);
    runtime().block_on(async {
        told.take();
        until("it is told again", async || {
            // The connection of the runtime that ended fails once.
            let _ = store.load(key(1)).await;
            told.has(Change::Everything).then_some(())
        })
        .await;
    });
}

#[tokio::test]
async fn stores_of_different_names_are_told_each_of_their_own() {
    let clock = VirtualClock::default();
    let store = crate::kit::store(shared().await, &clock);
    let one = store.clone().key_prefix("watching-one").unwrap();
    let two = store.key_prefix("watching-two").unwrap();
    let (told_one, told_two) = (Told::watch(&one), Told::watch(&two));
    for (store, told) in [(&one, &told_one), (&two, &told_two)] {
        store.create(key(1), record(&clock, 1)).await.unwrap();
        told.hears(Change::Everything).await;
    }
    two.remove(key(1)).await.unwrap();
    told_two.hears(Change::Record(key(1))).await;
    assert!(!told_one.has(Change::Record(key(1))));
}
