//! Silent sign-in: a browser that was here before comes back signed in, or as it went, and is not sent about.

use std::time::Duration;

use http::Method;
use landfall_testkit::Fault;
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks, subject};

use crate::support::{SESSION, asked, at, fetch, greeting, raw, session_header, set_cookies};

const PERIOD: Duration = Duration::from_secs(900);
const RETURNING: &str = "__Host-landfall-returning";

async fn world(framework: Framework, kind: SessionKind) -> World {
    World::with(framework, kind, |builder| builder.silent_sign_in(PERIOD)).await
}

/// Ada was here, and her session is over.
async fn ada_returns(framework: Framework, kind: SessionKind) -> World {
    let world = world(framework, kind).await;
    world.open("/dashboard").await;
    world.browser.forget_cookie(SESSION);
    world.provider.forget_requests();
    world
}

const KINDS: [SessionKind; 3] = [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite];

on_both_frameworks! {
    async fn whoever_was_here_before_is_signed_in_without_being_asked_and_lands_on_the_page(framework) {
        for kind in KINDS {
            let world = ada_returns(framework, kind).await;
            let page = world.open("/?tab=2&x=%25").await;
            assert_eq!((page.text().as_str(), page.url.as_str()), ("hello ada", at("/?tab=2&x=%25").as_str()));
            assert_eq!(asked(&world, "prompt"), [Some("none".to_owned())]);
        }
    }

    async fn whoever_is_nobody_at_the_provider_sees_the_page_and_is_not_sent_again_within_the_period(framework) {
        for kind in KINDS {
            let world = ada_returns(framework, kind).await;
            world.provider.forget_sessions();
            world.provider.ask_who_signs_in();
            let page = world.open("/?x=1").await;
            assert_eq!((page.status.as_u16(), page.text().as_str(), page.url.as_str()), (200, "hello nobody", at("/?x=1").as_str()));
            for _ in 0..5 {
                assert_eq!(world.open("/").await.hops.len(), 1);
            }
            world.wait(PERIOD.saturating_sub(Duration::from_secs(1)));
            assert_eq!(world.open("/").await.hops.len(), 1);
            assert_eq!(asked(&world, "prompt").len(), 1);
            world.wait(Duration::from_secs(2));
            world.open("/").await;
            assert_eq!(asked(&world, "prompt").len(), 2);
        }
    }

    async fn a_session_that_never_stays_makes_no_storm_of_silent_sign_ins(framework) {
        for kind in KINDS {
            let world = ada_returns(framework, kind).await;
            assert_eq!(greeting(&world).await, "hello ada");
            for _ in 0..5 {
                // Lost, or not found by the instance that serves the next page.
                world.browser.forget_cookie(SESSION);
                assert_eq!(greeting(&world).await, "hello nobody");
            }
            assert_eq!(asked(&world, "prompt").len(), 1);
            world.wait(PERIOD);
            assert_eq!(greeting(&world).await, "hello ada");
        }
    }

    async fn a_period_shorter_than_a_minute_is_refused_when_it_is_built(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let error = world.builder().silent_sign_in(Duration::from_secs(59)).build().unwrap_err();
        assert_eq!(error.setting, "silent_sign_in");
    }

    async fn no_browser_is_sent_that_was_never_signed_in(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        let page = world.open("/").await;
        assert_eq!((page.hops.len(), page.text().as_str()), (1, "hello nobody"));
        assert!(set_cookies(&page.headers).is_empty());
        assert_eq!(world.provider.requests().len(), 0);
    }

    async fn whoever_signed_out_is_not_signed_in_again_behind_their_back(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            world.open("/dashboard").await;
            let page = world.browser.post_form(&at("/auth/logout"), &[], BASE_URL).await.unwrap();
            assert!(page.status.is_success());
            world.provider.forget_requests();
            assert_eq!(greeting(&world).await, "hello nobody");
            assert_eq!(asked(&world, "prompt").len(), 0);
        }
    }

    async fn only_pages_are_worth_a_trip(framework) {
        let world = ada_returns(framework, SessionKind::Memory).await;
        let mark = world.browser.cookies_for(BASE_URL).unwrap().into_iter().find(|cookie| cookie.name == RETURNING).unwrap();
        assert_eq!(fetch(&world, "/").await.text(), "hello nobody");
        let cookie = format!("{RETURNING}={}", mark.value);
        for (method, more) in [
            (Method::GET, ("sec-purpose", "prefetch")),
            (Method::HEAD, ("accept", "text/html")),
            (Method::GET, ("hx-request", "true")),
            (Method::GET, ("sec-fetch-dest", "image")),
            (Method::POST, ("accept", "text/html")),
        ] {
            let response = raw(&world, method, "/", &[("cookie", &cookie), more]).await;
            assert_ne!(response.status(), 303, "{more:?}");
        }
        assert_eq!(world.provider.requests().len(), 0);
    }

    async fn a_guarded_page_still_asks_who_it_is(framework) {
        let world = ada_returns(framework, SessionKind::Memory).await;
        world.provider.forget_sessions();
        world.provider.ask_who_signs_in();
        let page = world.open("/dashboard/x").await;
        assert_eq!(page.url.host_str(), Some("op.example"));
        let landed = world.browser.sign_in("ada").await.unwrap();
        assert_eq!(landed.url.as_str(), at("/dashboard/x"));
        assert_eq!(asked(&world, "prompt"), [Some("none".to_owned()), None]);
    }

    async fn whatever_fails_on_the_way_shows_the_page_and_nothing_else(framework) {
        for (fault, calls) in [
            (Fault::authorize_error("access_denied"), 0),
            (Fault::authorize_error("consent_required"), 0),
            (Fault::authorize_error("server_error"), 0),
            (Fault::id_token_claim("nonce", "another"), 1),
            (Fault::token_response(landfall_testkit::RawResponse::json(500, &serde_json::json!({}))), 1),
        ] {
            let world = ada_returns(framework, SessionKind::Memory).await;
            world.provider.inject(fault.clone());
            let page = world.open("/?x=1").await;
            assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "hello nobody"), "{fault:?}");
            assert_eq!((world.token_calls(), asked(&world, "prompt").len()), (calls, 1), "{fault:?}");
        }
    }

    async fn a_provider_that_is_down_costs_no_page(framework) {
        let mut world = ada_returns(framework, SessionKind::Memory).await;
        // An instance that never saw the provider's metadata.
        let builder = world.builder().silent_sign_in(PERIOD);
        world.switch_to(builder).await;
        world.provider.set_down(true);
        assert_eq!(greeting(&world).await, "hello nobody");
        world.provider.set_down(false);
        assert_eq!(greeting(&world).await, "hello nobody");
        assert_eq!(asked(&world, "prompt").len(), 0, "not before the period is over");
        world.wait(PERIOD + Duration::from_secs(60));
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_store_that_has_forgotten_the_session_makes_it_a_return(framework) {
        let mut world = world(framework, SessionKind::Memory).await;
        world.open("/dashboard").await;
        let header = session_header(&world);
        world.auth.sessions().end_all_of(&subject(&world.auth, "ada")).await.unwrap();
        world.provider.forget_requests();
        assert!(!header.is_empty());
        assert_eq!(greeting(&world).await, "hello ada");
        assert_eq!(asked(&world, "prompt"), [Some("none".to_owned())]);
        // And without the setting nobody is sent anywhere.
        let builder = world.builder();
        world.switch_to(builder).await;
        world.auth.sessions().end_all_of(&subject(&world.auth, "ada")).await.unwrap();
        assert_eq!(greeting(&world).await, "hello nobody");
    }
}
