//! The provider is down, slow, or back again.

use std::time::Duration;

use landfall::Identity;
use landfall_testkit::{Algorithm, Endpoint, Fault, Page, RawResponse};
use landfall_tests::{BASE_URL, World, everywhere};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{at, attempt_cookies, fetch, greeting, leads_back_to};

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The application signs somebody in by itself.
async fn sign_in_without_provider(world: &World) {
    let cookie =
        world.auth.sessions().create(Identity::new("https://op.example", "katherine")).await.unwrap();
    assert!(world.browser.set_cookie(BASE_URL, &cookie).unwrap());
}

fn is_told_to_wait(page: &Page, status: u16) {
    assert_eq!(page.status.as_u16(), status, "{}", page.text());
    if status == 503 {
        let seconds: u64 = page.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
}

everywhere! {
    async fn an_application_starts_without_its_provider_and_recovers_without_a_restart(world) {
        world.provider.set_down(true);
        assert_eq!(greeting(&world).await, "hello nobody");
        assert_eq!(fetch(&world, "/dashboard").await.status, 401);
        let refused = world.open("/dashboard/x").await;
        is_told_to_wait(&refused, 503);
        // Those signed in are served all the same.
        sign_in_without_provider(&world).await;
        assert_eq!(world.open("/dashboard").await.text(), "dashboard of katherine at /dashboard with no query");
        world.browser.forget_cookies();
        world.provider.set_down(false);
        world.wait(Duration::from_secs(2));
        leads_back_to(&world, &refused, "/dashboard/x").await;
    }

    async fn no_request_waits_for_a_full_deadline_twice(world) {
        world.provider.inject_always(Fault::hang(Endpoint::Discovery));
        let mut asking = JoinSet::new();
        for _ in 0..5 {
            let tab = world.other_browser();
            asking.spawn(async move { tab.open(&at("/dashboard")).await.unwrap() });
        }
        for page in asking.join_all().await {
            is_told_to_wait(&page, 504);
        }
        assert_eq!(world.provider.calls(DISCOVERY), 1);
        // One call a back-off, and the back-off grows to a minute.
        let mut calls = vec![];
        for _ in 0..10 {
            world.wait(Duration::from_secs(30));
            for _ in 0..3 {
                is_told_to_wait(&world.open("/dashboard").await, 504);
            }
            calls.push(world.provider.calls(DISCOVERY));
        }
        assert_eq!(calls, [2, 3, 4, 5, 6, 6, 7, 7, 8, 8]);
    }

    async fn a_provider_that_was_there_before_may_be_away(world) {
        world.open("/dashboard").await;
        world.browser.forget_cookies();
        // What was known of it is old now, and goes on being used.
        world.wait(Duration::from_secs(2 * 3600));
        world.provider.inject_always(Fault::Respond(Endpoint::Discovery, RawResponse::new(500, "down")));
        world.provider.inject_always(Fault::Respond(Endpoint::Jwks, RawResponse::new(200, "<html>")));
        assert_eq!(world.open("/dashboard/x").await.url.as_str(), at("/dashboard/x"));
    }

    async fn what_was_known_of_a_provider_is_believed_for_a_day_and_then_it_must_answer(world) {
        world.open("/dashboard").await;
        let down = |endpoint| Fault::Respond(endpoint, RawResponse::new(503, "down"));
        for endpoint in [Endpoint::Discovery, Endpoint::Jwks] {
            world.provider.inject_always(down(endpoint));
            for hours in 1..24 {
                world.wait(Duration::from_secs(3600));
                world.browser.forget_cookies();
                assert_eq!(world.open("/dashboard/x").await.url.as_str(), at("/dashboard/x"), "{hours}");
            }
            world.wait(Duration::from_secs(3600));
            // Those signed in are served, and can sign out; the way by the provider is not known any more.
            assert_eq!(greeting(&world).await, "hello ada");
            world.browser.forget_cookies();
            for _ in 0..2 {
                is_told_to_wait(&world.open("/dashboard/x").await, 503);
            }
            world.provider.clear();
            world.wait(Duration::from_secs(60));
            assert_eq!(world.open("/dashboard/x").await.url.as_str(), at("/dashboard/x"));
        }
    }

    async fn an_answer_that_calls_itself_good_for_a_year_is_asked_for_again(world) {
        let key = world.provider.signing_key(Algorithm::Rs256).unwrap().public_jwk().unwrap();
        let answer = RawResponse::json(200, &json!({"keys": [key]}))
            .header("cache-control", "public, max-age=31536000, immutable");
        world.provider.inject(Fault::Respond(Endpoint::Jwks, answer));
        world.open("/dashboard").await;
        world.browser.forget_cookies();
        world.provider.set_down(true);
        world.wait(Duration::from_secs(25 * 3600));
        is_told_to_wait(&world.open("/dashboard").await, 503);
        world.provider.set_down(false);
        world.wait(Duration::from_secs(2));
        assert_eq!(world.open("/dashboard").await.url.as_str(), at("/dashboard"));
        assert_eq!(world.provider.calls(Endpoint::Jwks.path()), 2);
    }

    async fn after_a_day_without_its_provider_a_sign_out_still_signs_out(world) {
        world.open("/dashboard").await;
        world.provider.set_down(true);
        world.wait(Duration::from_secs(25 * 3600));
        sign_in_without_provider(&world).await;
        let page = world.browser.post_form(&at("/auth/logout"), &[], BASE_URL).await.unwrap();
        assert_eq!((page.url.as_str(), page.status.as_u16()), (at("/").as_str(), 200));
        assert_eq!(greeting(&world).await, "hello nobody");
    }

    async fn an_outage_between_login_and_callback_keeps_the_pending_login(world) {
        let callback = world.callback_for("/dashboard/x?y=1").await;
        world.provider.set_down(true);
        for _ in 0..3 {
            is_told_to_wait(&world.browser.open(&callback).await.unwrap(), 503);
            assert_eq!(attempt_cookies(&world.browser, "login").len(), 1);
        }
        world.provider.set_down(false);
        world.wait(Duration::from_secs(10));
        let page = world.browser.reload().await.unwrap();
        assert_eq!(page.url.as_str(), at("/dashboard/x?y=1"));
        assert_eq!(page.status, 200);
    }

    async fn an_outage_after_the_keys_were_fetched_keeps_the_pending_login(world) {
        world.open("/dashboard").await;
        world.browser.forget_cookies();
        let callback = world.callback_for("/dashboard/x").await;
        world.provider.set_down(true);
        is_told_to_wait(&world.browser.open(&callback).await.unwrap(), 503);
        world.provider.set_down(false);
        // The token endpoint has no back-off: nothing was sent.
        assert_eq!(world.browser.reload().await.unwrap().url.as_str(), at("/dashboard/x"));
    }

    async fn a_provider_that_stumbles_once_is_asked_again(world) {
        world.provider.inject(Fault::Respond(Endpoint::Discovery, RawResponse::new(502, "")));
        is_told_to_wait(&world.open("/dashboard").await, 503);
        world.wait(Duration::from_secs(1));
        assert_eq!(world.open("/dashboard").await.url.as_str(), at("/dashboard"));
        assert_eq!(world.provider.calls(DISCOVERY), 2);
    }
}
