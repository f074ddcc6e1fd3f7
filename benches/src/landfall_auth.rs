//! The relying parties whose sessions are in stores that somebody has to be asked for.

use std::sync::Arc;
use std::time::Duration;

use landfall::store::{SessionStore, StoreOpener};
use landfall::{RelyingParty, SystemClock};
use landfall_requests::builder;

use crate::bench::Bench;
use crate::engines::Engine;

/// Sessions live in this store, with the near cache before it.
pub fn near(store: impl SessionStore) -> RelyingParty {
    builder().store(store).build().expect("sound settings")
}

/// Sessions live in this store, which every request asks.
pub fn far(store: impl SessionStore) -> RelyingParty {
    builder().store(store).near_cache_staleness(Duration::ZERO).build().expect("sound settings")
}

/// A store in Redis, opened as `LANDFALL_STORE` would.
pub fn redis(bench: &Bench) -> Arc<dyn SessionStore> {
    open(&landfall_redis::opener(), bench.address(Engine::Redis))
}

/// A store in PostgreSQL, opened as `LANDFALL_STORE` would.
pub fn postgres(bench: &Bench) -> Arc<dyn SessionStore> {
    open(&landfall_sqlx::opener().migrating(), bench.address(Engine::Postgres))
}

fn open(opener: &impl StoreOpener, address: &str) -> Arc<dyn SessionStore> {
    opener.open(address, Arc::new(SystemClock)).expect("a sound address")
}
