//! Which runtimes an application may have, and what becomes of work that was begun on one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use landfall::{CookieKey, MemoryStore, RelyingParty, RelyingPartyBuilder};
use landfall_testkit::{Browser, LocalProvider, TestBed};
use landfall_tests::{BASE_URL, Engine, FlakyStore, Framework, Port, SessionKind, World, until};
use tokio::runtime::{Builder, Runtime};

use crate::support::{at, client, greeting};

/// As `#[tokio::main]` makes one.
fn several_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A provider on a port of its own, so that there are connections to it.
fn provider() -> LocalProvider {
    let builder = LocalProvider::builder().client(client(&[])).auto_sign_in("ada");
    several_threads().block_on(builder.start()).unwrap()
}

fn at_provider(provider: &LocalProvider) -> RelyingPartyBuilder {
    RelyingParty::builder(provider.issuer())
        .client(TestBed::CLIENT_ID, TestBed::CLIENT_SECRET)
        .base_url(BASE_URL)
        .cookie_keys([CookieKey::generate().unwrap()])
}

/// Serves it on axum, on that runtime.
fn serve(runtime: &Runtime, auth: RelyingParty) -> SocketAddr {
    let _inside = runtime.enter();
    Port::bind().serve(Framework::Axum, auth)
}

/// What a browser of its own reads, which signs in on the way.
fn signs_in(address: SocketAddr) {
    let browser = Browser::new();
    browser.route(BASE_URL, address).unwrap();
    let asking = several_threads();
    let page = asking.block_on(browser.open(&at("/dashboard/x"))).unwrap();
    assert!(page.text().starts_with("dashboard of ada at /dashboard/x"), "{} {}", page.status, page.text());
    // Once more, as somebody who is signed in.
    let page = asking.block_on(browser.open(&at("/"))).unwrap();
    assert_eq!(page.text(), "hello ada");
}

#[test]
fn a_runtime_without_a_timer_serves_sign_ins_and_sessions() {
    let provider = provider();
    let without_time = Builder::new_multi_thread().worker_threads(2).enable_io().build().unwrap();
    for kind in SessionKind::all() {
        let engine = several_threads().block_on(Engine::open(kind, Arc::new(landfall::SystemClock)));
        let mut builder = at_provider(&provider).near_cache_staleness(Duration::ZERO);
        if let Some(store) = engine.store() {
            builder = builder.store(store);
        }
        signs_in(serve(&without_time, builder.build().unwrap()));
    }
}

#[test]
fn a_relying_party_outlives_the_runtimes_that_it_worked_on() {
    let provider = provider();
    for kind in SessionKind::all() {
        let engine = several_threads().block_on(Engine::open(kind, Arc::new(landfall::SystemClock)));
        let mut builder = at_provider(&provider).near_cache_staleness(Duration::ZERO);
        if let Some(store) = engine.store() {
            builder = builder.store(store);
        }
        let auth = builder.build().unwrap();
        for _ in 0..3 {
            let runtime = several_threads();
            signs_in(serve(&runtime, auth.clone()));
            // Its connections to the provider and to the engine end with it.
            runtime.shutdown_timeout(Duration::from_secs(10));
        }
    }
}

#[test]
fn a_renewal_goes_on_when_the_browser_hangs_up() {
    several_threads().block_on(async {
        let bed = TestBed::new(BASE_URL).unwrap();
        let clock = bed.clock();
        let memory = MemoryStore::new().with_clock(Arc::clone(&clock));
        let store = FlakyStore::new(memory.clone());
        let engine = Engine::open(SessionKind::Cookie, clock).await;
        let kept = store.clone();
        let world = World::on(engine, bed, Framework::Axum, |builder| {
            builder.store(kept).near_cache_staleness(Duration::ZERO).idle_lifetime(Duration::from_secs(3600))
        });
        world.open("/dashboard").await;
        world.wait(Duration::from_secs(40 * 60));
        store.hold_updates(true);
        let (tab, address) = (world.browser.new_tab(), at("/"));
        let leaving = tokio::spawn(async move { tab.open(&address).await });
        store.somebody_updates().await;
        leaving.abort();
        assert!(leaving.await.unwrap_err().is_cancelled());
        store.hold_updates(false);
        until("the renewal is written", async || {
            memory.dump().iter().any(|(_, record)| record.version == 2).then_some(())
        })
        .await;
        // Past the idle end that it had before.
        world.wait(Duration::from_secs(40 * 60));
        assert_eq!(greeting(&world).await, "hello ada");
    });
}
