//! The relying party of the Landfall rows: nothing is asked of its provider.

use std::sync::Arc;
use std::time::Duration;

use landfall::store::{SessionStore, StoreOpener};
use landfall::{CookieKey, Identity, MemoryStore, RelyingParty, RelyingPartyBuilder, SystemClock};

use crate::engines::Engine;
use crate::subject::{Cookies, Runner, pair, same};

fn builder() -> RelyingPartyBuilder {
    RelyingParty::builder("https://op.example")
        .client("app", "the-secret-of-a-benchmark")
        .base_url("https://app.example.com")
        .cookie_keys([CookieKey::generate().expect("the system has randomness")])
        // Renewal is not what is measured.
        .near_cache_staleness(Duration::from_secs(3600))
}

/// Sessions live in the cookie.
pub fn sealed() -> RelyingParty {
    builder().build().expect("sound settings")
}

/// Sessions live in memory.
pub fn stored() -> RelyingParty {
    near(MemoryStore::new())
}

/// Sessions live in this store, with the near cache before it.
pub fn near(store: impl SessionStore) -> RelyingParty {
    builder().store(store).build().expect("sound settings")
}

/// Sessions live in this store, which every request asks.
pub fn far(store: impl SessionStore) -> RelyingParty {
    builder().store(store).near_cache_staleness(Duration::ZERO).build().expect("sound settings")
}

/// A store in Redis, opened as `LANDFALL_STORE` would.
pub fn redis(runner: &Runner) -> Arc<dyn SessionStore> {
    open(&landfall_redis::opener(), runner.address(Engine::Redis))
}

/// A store in PostgreSQL, opened as `LANDFALL_STORE` would.
pub fn postgres(runner: &Runner) -> Arc<dyn SessionStore> {
    open(&landfall_sqlx::opener().migrating(), runner.address(Engine::Postgres))
}

fn open(opener: &impl StoreOpener, address: &str) -> Arc<dyn SessionStore> {
    opener.open(address, Arc::new(SystemClock)).expect("a sound address")
}

/// One session, asked with again and again: it is in the near cache.
pub fn hot(runner: &Runner, auth: &RelyingParty) -> Cookies {
    same(&session(runner, auth, 0))
}

/// A session of its own for every request: none is in the near cache.
pub fn cold(runner: &Runner, auth: &RelyingParty) -> Cookies {
    let (runner, auth) = (runner.clone(), auth.clone());
    let mut number = 0;
    Box::new(move || {
        number += 1;
        session(&runner, &auth, number)
    })
}

fn session(runner: &Runner, auth: &RelyingParty, number: u32) -> String {
    let ada = Identity::new("https://op.example", format!("user-{number}"))
        .with_name("Ada Lovelace")
        .with_email("ada@example.com", true)
        .with_scope("openid profile email");
    let set_cookie = runner.block_on(auth.sessions().create(ada)).expect("a session");
    // No application is alone: another cookie stands before ours.
    format!("theme=dark; {}", pair(&set_cookie))
}
