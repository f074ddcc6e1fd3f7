//! A store that fails or hangs: a 503 that says when to come back, and nobody is signed out.

use std::time::Duration;

use http::{Method, Response};
use landfall::MemoryStore;
use landfall_testkit::{Endpoint, TestBed};
use landfall_tests::{BASE_URL, FlakyStore, Framework, SessionKind, World, on_both_frameworks};

use crate::support::{at, fetch, greeting, raw, session_header, set_cookies};

/// Longer than the near cache keeps a copy.
const STALE: Duration = Duration::from_secs(6);

async fn flaky(framework: Framework) -> (World, FlakyStore) {
    let bed = TestBed::new(BASE_URL).unwrap();
    let store = FlakyStore::new(MemoryStore::new().with_clock(bed.clock()));
    let given = store.clone();
    let world = World::around(bed, framework, SessionKind::Cookie, move |builder| {
        builder.store(given).store_timeout(Duration::from_millis(50)).scopes([
            "openid",
            "email",
            "offline_access",
        ])
    })
    .await;
    (world, store)
}

fn is_temporary(answer: &Response<bytes::Bytes>) {
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert!(set_cookies(answer.headers()).is_empty(), "{:?}", answer.headers());
    assert!(!answer.headers().contains_key("location"));
}

on_both_frameworks! {
    async fn a_store_failure_is_a_503_and_never_a_sign_out(framework) {
        let (world, store) = flaky(framework).await;
        world.open("/dashboard").await;
        let cookie = session_header(&world);
        for hang in [false, true] {
            world.wait(STALE);
            if hang { store.set_hanging(true) } else { store.set_down(true) }
            for (path, accept) in [("/", "text/html"), ("/dashboard/x", "text/html"), ("/me", "application/json"), ("/token", "application/json")] {
                let headers = [("cookie", cookie.as_str()), ("accept", accept)];
                is_temporary(&raw(&world, Method::GET, path, &headers).await);
            }
            let posts = [("cookie", cookie.as_str()), ("origin", BASE_URL)];
            is_temporary(&raw(&world, Method::POST, "/echo", &posts).await);
            // A sign-out that the store does not hear of is none.
            is_temporary(&raw(&world, Method::POST, "/auth/logout", &posts).await);
            // Who has no session is served.
            assert_eq!(raw(&world, Method::GET, "/", &[]).await.status(), 200);
            store.set_down(false);
            store.set_hanging(false);
            assert_eq!(greeting(&world).await, "hello ada");
        }
    }

    async fn a_session_in_the_near_cache_is_served_while_the_store_is_down(framework) {
        let (world, store) = flaky(framework).await;
        world.open("/dashboard").await;
        assert_eq!(greeting(&world).await, "hello ada");
        store.set_down(true);
        assert_eq!(greeting(&world).await, "hello ada");
        world.wait(STALE);
        assert_eq!(fetch(&world, "/").await.status, 503);
    }

    async fn a_renewal_that_the_store_misses_waits_for_the_next_request(framework) {
        let (world, store) = flaky(framework).await;
        world.open("/dashboard").await;
        world.wait(Duration::from_secs(5 * 3600));
        store.fail_updates(1);
        assert_eq!(greeting(&world).await, "hello ada");
        assert_eq!(greeting(&world).await, "hello ada");
        world.wait(Duration::from_secs(5 * 3600));
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_sign_in_that_meets_a_store_that_is_down_can_be_finished_later(framework) {
        let (world, store) = flaky(framework).await;
        let callback = world.callback_for("/dashboard/x").await;
        store.set_down(true);
        let page = world.browser.open(&callback).await.unwrap();
        assert_eq!((page.status.as_u16(), world.token_calls()), (503, 0));
        store.set_down(false);
        let page = world.browser.open(&callback).await.unwrap();
        assert_eq!((page.url.as_str(), page.status.as_u16()), (at("/dashboard/x").as_str(), 200));
    }

    async fn whoever_gets_the_lease_late_looks_again_and_sends_no_spent_token(framework) {
        let bed = TestBed::new(BASE_URL).unwrap();
        let memory = MemoryStore::new().with_clock(bed.clock());
        let slow = FlakyStore::new(memory.clone());
        let (given, scopes) = (slow.clone(), ["openid", "offline_access"]);
        let mut world =
            World::around(bed, framework, SessionKind::Cookie, |builder| {
                // Longer than it takes the other one.
                builder.store(given).scopes(scopes).store_timeout(Duration::from_secs(60))
            }).await;
        world.open("/dashboard").await;
        world.wait(Duration::from_secs(3601));
        slow.hold_leases(true);
        let browser = world.other_browser();
        let cookie = session_header(&world);
        let request = http::Request::get(at("/token")).header("cookie", cookie).body(bytes::Bytes::new()).unwrap();
        let late = tokio::spawn(async move { browser.send(request).await.unwrap().status().as_u16() });
        slow.somebody_wants_a_lease().await;
        let other = world.builder().store(memory).scopes(scopes);
        world.switch_to(other).await;
        assert_eq!((fetch(&world, "/token").await.status.as_u16(), world.token_calls()), (200, 2));
        slow.hold_leases(false);
        assert_eq!((late.await.unwrap(), world.token_calls()), (200, 2));
    }

    async fn refreshed_tokens_are_kept_once_the_store_is_back(framework) {
        let (world, store) = flaky(framework).await;
        world.open("/dashboard").await;
        world.wait(Duration::from_secs(3601));
        let mut hold = world.provider.hold(Endpoint::Token);
        let browser = world.browser.clone();
        let first = tokio::spawn(async move { browser.open(&at("/token")).await.unwrap().status.as_u16() });
        hold.reached(1).await;
        // The provider has rotated by the time the store refuses.
        store.fail_updates(3);
        hold.release();
        assert_eq!(first.await.unwrap(), 200);
        world.wait(Duration::from_secs(3601));
        assert_eq!(fetch(&world, "/token").await.status, 200);
        assert_eq!(world.token_calls(), 3);
    }
}
