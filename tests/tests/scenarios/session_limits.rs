//! How long a session lasts.

use std::time::Duration;

use http::Method;
use landfall::{Clock as _, RelyingPartyBuilder, SubjectId};
use landfall_testkit::{Fault, Page};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};

use crate::support::{at, fetch, greeting, session_value, set_cookies};

/// An hour idle, four hours in all.
fn short(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.idle_lifetime(minutes(60)).session_lifetime(minutes(240))
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// What a page asks for by itself.
async fn background(world: &World, path: &str) -> Page {
    let headers = [("accept", "application/json"), ("x-background", "1")];
    world.browser.fetch(Method::GET, &at(path), &headers, "", BASE_URL).await.unwrap()
}

/// A second less.
fn just_before(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60 - 1)
}

async fn signed_in(framework: Framework, kind: SessionKind) -> World {
    let world = World::with(framework, kind, short).await;
    world.open("/dashboard").await;
    world
}

on_both_frameworks! {
    async fn a_session_without_requests_ends(framework) {
        for kind in SessionKind::all() {
            let world = signed_in(framework, kind).await;
            world.wait(just_before(60));
            assert_eq!(greeting(&world).await, "hello ada", "{kind:?}");
            world.wait(minutes(60));
            assert_eq!(greeting(&world).await, "hello nobody", "{kind:?}");
            assert_eq!(fetch(&world, "/dashboard").await.status, 401, "{kind:?}");
        }
    }

    async fn a_page_that_asks_by_itself_keeps_no_session_alive(framework) {
        for kind in SessionKind::all() {
            let quiet = |builder| short(builder).without_activity(["/me", "/token"]).without_activity_header("x-background");
            let world = World::with(framework, kind, quiet).await;
            world.open("/dashboard").await;
            // By its path, by its header, and where a token has to be refreshed meanwhile.
            for _ in 0..5 {
                world.wait(minutes(10));
                let page = fetch(&world, "/me").await;
                assert_eq!((page.status.as_u16(), set_cookies(&page.headers).len()), (200, 0), "{kind:?}");
                let page = background(&world, "/").await;
                assert_eq!((page.text().as_str(), set_cookies(&page.headers).len()), ("hello ada", 0), "{kind:?}");
                if kind.has_store() {
                    assert_eq!(fetch(&world, "/token").await.status, 200, "{kind:?}");
                }
            }
            world.wait(minutes(10));
            assert_eq!(fetch(&world, "/me").await.status, 401, "{kind:?}");
            assert_eq!(greeting(&world).await, "hello nobody", "{kind:?}");
        }
    }

    async fn a_request_of_a_person_keeps_a_session_alive_beside_those_that_do_not(framework) {
        for kind in SessionKind::all() {
            let world = World::with(framework, kind, |builder| short(builder).without_activity(["/me"])).await;
            world.open("/dashboard").await;
            for _ in 0..3 {
                world.wait(minutes(40));
                assert_eq!(fetch(&world, "/me").await.status, 200, "{kind:?}");
                assert_eq!(greeting(&world).await, "hello ada", "{kind:?}");
            }
        }
    }

    async fn what_is_no_activity_is_not_seen_in_the_list_of_sessions(framework) {
        for kind in SessionKind::stores() {
            let world = World::with(framework, kind, |builder| short(builder).without_activity(["/me"])).await;
            world.open("/dashboard").await;
            let ada = SubjectId::new(world.auth.issuer(), "ada");
            let seen = async || world.auth.sessions().list(&ada).await.unwrap()[0].last_seen;
            let begun = seen().await;
            world.wait(minutes(40));
            fetch(&world, "/me").await;
            assert_eq!(seen().await, begun, "{kind:?}");
            fetch(&world, "/").await;
            assert_eq!(seen().await, begun.plus(minutes(40)), "{kind:?}");
        }
    }

    async fn a_session_in_use_ends_at_its_absolute_limit(framework) {
        for kind in SessionKind::all() {
            let world = signed_in(framework, kind).await;
            for minute in (40..240).step_by(40) {
                world.wait(minutes(40));
                assert_eq!(greeting(&world).await, "hello ada", "{kind:?} {minute}");
            }
            world.wait(just_before(40));
            assert_eq!(greeting(&world).await, "hello ada", "{kind:?}");
            world.wait(Duration::from_secs(1));
            assert_eq!(greeting(&world).await, "hello nobody", "{kind:?}");
        }
    }

    async fn a_session_cookie_copied_before_a_renewal_cannot_outlive_the_absolute_limit(framework) {
        for kind in SessionKind::all() {
            let world = signed_in(framework, kind).await;
            let copy = session_value(&world.browser).unwrap();
            world.wait(minutes(241));
            assert_eq!(crate::support::greeting_for(&world, &copy).await, "hello nobody", "{kind:?}");
        }
    }

    async fn a_session_is_renewed_past_half_of_its_idle_life_and_not_before(framework) {
        for kind in SessionKind::all() {
            let world = signed_in(framework, kind).await;
            world.wait(minutes(30));
            let page = world.open("/").await;
            assert_eq!((page.text().as_str(), set_cookies(&page.headers).len()), ("hello ada", 0), "{kind:?}");
            world.wait(Duration::from_secs(1));
            let page = fetch(&world, "/").await;
            // A stored session keeps its cookie: the record lives on.
            let renewed = set_cookies(&page.headers);
            if kind == SessionKind::Cookie {
                assert_eq!(renewed.len(), 1);
                assert_eq!(page.header("cache-control"), Some("no-store"));
                world.browser.set_cookie(landfall_tests::BASE_URL, renewed[0]).unwrap();
            } else {
                assert_eq!(renewed.len(), 0);
            }
            assert_eq!(set_cookies(&fetch(&world, "/").await.headers).len(), 0, "{kind:?}");
            // It would have ended without.
            world.wait(minutes(59));
            assert_eq!(greeting(&world).await, "hello ada", "{kind:?}");
        }
    }

    async fn a_public_response_never_carries_a_session_cookie(framework) {
        for kind in SessionKind::all() {
            let world = signed_in(framework, kind).await;
            world.wait(minutes(31));
            let page = world.open("/cached").await;
            assert_eq!(page.text(), "hello ada");
            assert!(set_cookies(&page.headers).is_empty(), "{kind:?}");
            assert_eq!(page.header("cache-control"), Some("public, max-age=60"), "{kind:?}");
            // The next page makes up for it.
            let page = world.open("/").await;
            assert_eq!(set_cookies(&page.headers).len(), usize::from(kind == SessionKind::Cookie), "{kind:?}");
        }
    }

    async fn expired_sessions_disappear_by_themselves(framework) {
        let bed = landfall_testkit::TestBed::new(landfall_tests::BASE_URL).unwrap();
        let store = landfall::MemoryStore::new().with_clock(bed.clock());
        let given = store.clone();
        let world = World::around(bed, framework, SessionKind::Cookie, |builder| short(builder).store(given)).await;
        world.open("/dashboard").await;
        for _ in 0..3 {
            let browser = world.other_browser();
            browser.open(&format!("{}/dashboard", landfall_tests::BASE_URL)).await.unwrap();
        }
        assert_eq!(store.len(), 4);
        // Nobody comes back: whoever comes next has the room.
        world.wait(minutes(60));
        let newcomer = world.other_browser();
        newcomer.open(&format!("{}/dashboard", landfall_tests::BASE_URL)).await.unwrap();
        assert_eq!(store.len(), 1);
        // One request is enough, with or without a session.
        world.wait(minutes(60));
        assert_eq!(fetch(&world, "/dashboard").await.status, 401);
        assert_eq!(store.len(), 0);
    }

    async fn the_providers_session_expiry_is_a_ceiling(framework) {
        for kind in SessionKind::all() {
            let world = World::with(framework, kind, short).await;
            let end = world.clock.now().plus(minutes(10)).secs();
            world.provider.inject(Fault::id_token_claim("session_expiry", end));
            world.open("/dashboard").await;
            world.wait(just_before(10));
            assert_eq!(greeting(&world).await, "hello ada", "{kind:?}");
            world.wait(Duration::from_secs(1));
            assert_eq!(greeting(&world).await, "hello nobody", "{kind:?}");
        }
    }

    async fn a_session_expiry_far_away_does_not_lengthen_a_session(framework) {
        for kind in SessionKind::all() {
            let world = World::with(framework, kind, short).await;
            let end = world.clock.now().plus(minutes(10_000)).secs();
            world.provider.inject(Fault::id_token_claim("session_expiry", end));
            world.open("/dashboard").await;
            world.wait(minutes(60));
            assert_eq!(greeting(&world).await, "hello nobody", "{kind:?}");
        }
    }
}
