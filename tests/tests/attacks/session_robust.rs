//! The rows of `session_guard.json` about time, crowds and races.

use std::time::Duration;

use http::Method;
use landfall_testkit::Endpoint;
use landfall_tests::{SessionKind, World, everywhere, on_both_frameworks};

use crate::support::{Ask, ask, broken_promises, jar, pending, sign_in, whoami};

everywhere! {
    async fn a_clock_that_jumps_an_hour_does_no_harm(world) {
        let start = landfall::Clock::now(&world.clock);
        let hour = Duration::from_secs(3600);
        for then in [start.plus(hour), landfall::Timestamp::from_secs(start.secs() - 3600), start.plus(Duration::MAX), landfall::Timestamp::default()] {
            world.clock.set(start);
            let attempt = pending(&world.browser).await;
            world.clock.set(then);
            let answer = ask(&world.browser, Ask::get(attempt.callback())).await;
            assert!(matches!(answer.status.as_u16(), 303 | 400 | 503), "{then:?}: {}", answer.status);
            assert!(broken_promises(&answer, &[]).is_empty());
            assert_eq!(ask(&world.browser, Ask::get("/")).await.status, 200);
        }
        world.clock.set(start);
        world.browser.forget_cookies();
        sign_in(&world.browser).await;
    }

    async fn fifty_callbacks_at_once_fetch_the_keys_once(world) {
        let mut waiting = Vec::new();
        for _ in 0..50 {
            let browser = world.other_browser();
            let attempt = pending(&browser).await;
            waiting.push((browser, attempt));
        }
        let (discovery, keys) = (Endpoint::Discovery.path(), Endpoint::Jwks.path());
        assert_eq!((world.provider.calls(discovery), world.provider.calls(keys)), (1, 0));
        let callbacks: Vec<_> = waiting
            .into_iter()
            .map(|(browser, attempt)| {
                tokio::spawn(async move { ask(&browser, Ask::get(attempt.callback())).await.sets_session() })
            })
            .collect();
        for callback in callbacks {
            assert!(callback.await.unwrap());
        }
        assert_eq!((world.provider.calls(discovery), world.provider.calls(keys)), (1, 1));
    }
}

on_both_frameworks! {
    async fn a_session_that_signed_out_is_not_brought_back_by_a_request_still_under_way(framework) {
        for kind in SessionKind::stores() {
            let world = World::new(framework, kind).await;
            for _ in 0..10 {
                sign_in(&world.browser).await;
                let cookie = jar(&world.browser);
                // Every one of these requests wants to renew the session.
                world.wait(Duration::from_secs(5 * 3600));
                let request = || ask(&world.browser, Ask::get("/").cookie(cookie.clone()));
                let logout = ask(&world.browser, Ask::new(Method::POST, "/auth/logout"));
                let (_, _, out, _, _) = tokio::join!(request(), request(), logout, request(), request());
                assert_eq!(out.status, 303);
                assert!(world.engine.stored().await.is_empty());
                assert_eq!(request().await.body, "hello nobody");
                assert_eq!(whoami(&world.browser).await, "hello nobody");
            }
        }
    }
}
