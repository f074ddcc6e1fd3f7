//! Stores as they are set up: by a client, by an address, with another protocol, with a clock.

use std::sync::Arc;

use landfall::store::{Change, SessionStore as _, StoreOpener as _};
use landfall_redis::redis::Client;
use landfall_redis::{RedisStore, opener};
use landfall_testkit::VirtualClock;

use crate::kit::{Told, key, record};
use crate::server::shared;

pub(crate) async fn works(store: RedisStore, clock: &VirtualClock) {
    let store = store.with_clock(Arc::new(clock.clone()));
    let told = Told::watch(&store);
    store.create(key(1), record(clock, 1)).await.unwrap();
    told.hears(Change::Everything).await;
    assert!(store.load(key(1)).await.unwrap().is_some());
    assert_eq!(store.list_by_subject(record(clock, 1).subject, 9).await.unwrap().len(), 1);
    assert!(store.remove(key(1)).await.unwrap());
    told.hears(Change::Record(key(1))).await;
}

#[tokio::test]
async fn with_a_client_that_speaks_resp3() {
    let address = format!("{}?protocol=resp3", shared().await.address());
    let store = RedisStore::new(Client::open(address).unwrap()).key_prefix("resp3").unwrap();
    works(store, &VirtualClock::default()).await;
}

#[tokio::test]
async fn by_address() {
    let server = shared().await;
    let clock = VirtualClock::default();
    let store = opener().open(&format!("{}1", server.address()), Arc::new(clock.clone())).unwrap();
    store.create(key(1), record(&clock, 1)).await.unwrap();
    assert!(store.load(key(1)).await.unwrap().is_some());
    store.remove(key(1)).await.unwrap();
}

#[tokio::test]
async fn without_a_clock_of_its_own_by_the_one_it_is_handed_and_its_clones_too() {
    let clock = VirtualClock::default();
    let store = RedisStore::new(shared().await.client()).key_prefix("handed-over").unwrap();
    let clone = store.clone();
    store.use_clock(Arc::new(clock.clone()));
    clone.create(key(1), record(&clock, 1)).await.unwrap();
    assert!(clone.load(key(1)).await.unwrap().is_some());
    clock.advance(crate::kit::HOUR * 24 * 365);
    assert_eq!(clone.load(key(1)).await.unwrap(), None);
}
