//! What was asked for is still asked for after a restart, and what cannot be had ends in a page.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use landfall::{Identity, Timestamp};
use landfall_testkit::{Fault, TestBed};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, everywhere, on_both_frameworks};

use crate::support::{asked, at, greeting, raw, session_header};

everywhere! {
    async fn a_silent_sign_in_that_needs_a_person_still_demands_what_the_page_demands(world) {
        world.provider.ask_who_signs_in();
        world.open("/strong").await;
        world.provider.inject_always(Fault::id_token_claim("acr", "aal1"));
        let page = world.browser.sign_in("ada").await.unwrap();
        assert_eq!(page.status, 403, "one factor is not two");
        assert_eq!(asked(&world, "acr_values"), [Some("aal2".to_owned()), Some("aal2".to_owned())]);
        assert_eq!(greeting(&world).await, "hello nobody");
    }

    async fn a_page_that_is_never_content_with_a_session_is_no_loop(world) {
        world.open("/dashboard").await;
        world.provider.inject_always(Fault::id_token(|_, claims| { claims.remove("acr"); }));
        let before = world.token_calls();
        let page = world.open("/strong").await;
        assert!(page.status.is_client_error(), "{}", page.status);
        assert!(world.token_calls() - before <= 4, "{}", world.token_calls());
    }

    async fn a_session_for_another_issuers_subject_is_refused(world) {
        let error = world.auth.sessions().create(Identity::new("urn:guests", "ada")).await.unwrap_err();
        assert_eq!(error.status(), 500);
        let cookie = world.auth.sessions().create(Identity::new("https://op.example", "guest")).await.unwrap();
        assert!(world.browser.set_cookie(BASE_URL, &cookie).unwrap());
        assert_eq!(greeting(&world).await, "hello guest");
    }

    async fn htmx_is_sent_on_whatever_it_does(world) {
        let page = at("/dashboard/list");
        let hx = [("hx-request", "true"), ("hx-current-url", page.as_str()), ("sec-fetch-site", "same-origin")];
        let to = |response: &http::Response<bytes::Bytes>| response.headers()["hx-redirect"].to_str().unwrap().to_owned();
        // A post whose session has ended.
        let response = raw(&world, Method::POST, "/dashboard/x", &hx).await;
        assert_eq!((response.status(), to(&response).as_str()), (StatusCode::UNAUTHORIZED, "/auth/login?return_to=%2Fdashboard%2Flist"));
        // A boosted link to the login.
        let response = raw(&world, Method::GET, "/auth/login?return_to=/dashboard/y", &hx).await;
        assert_eq!(to(&response), "/auth/login?return_to=%2Fdashboard%2Fy");
        // A boosted sign-out.
        world.open("/dashboard").await;
        let cookie = session_header(&world);
        let hx = [hx[0], hx[1], hx[2], ("cookie", cookie.as_str())];
        let response = raw(&world, Method::POST, "/auth/logout", &hx).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(to(&response).starts_with("https://op.example/oauth2/logout?"));
    }
}

on_both_frameworks! {
    async fn a_token_that_is_over_at_once_is_handed_out_for_a_moment_and_loops_nothing(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        let over = serde_json::Map::from_iter([("expires_in".to_owned(), 0.into())]);
        world.provider.inject_always(Fault::replace(landfall_testkit::Endpoint::Token, over));
        assert_eq!((world.open("/token").await.status.as_u16(), world.token_calls()), (200, 1));
        world.wait(Duration::from_secs(11));
        assert_eq!((world.open("/token").await.status.as_u16(), world.token_calls()), (200, 2));
    }

    async fn a_token_that_lasts_a_minute_is_handed_out(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        let brief = serde_json::Map::from_iter([("expires_in".to_owned(), 60.into())]);
        world.provider.inject_always(Fault::replace(landfall_testkit::Endpoint::Token, brief));
        assert_eq!(world.open("/token").await.status, 200);
    }

    async fn a_wish_of_the_configurations_stays_a_wish_after_a_restart(framework) {
        let world = World::with(framework, SessionKind::Memory, |builder| {
            builder.acr_values(["aal2"]).max_age(Duration::from_secs(60))
        }).await;
        world.provider.inject(Fault::id_token(|_, claims| {
            claims.insert("auth_time".to_owned(), 1_767_000_000.into());
        }));
        world.provider.inject_always(Fault::id_token(|_, claims| { claims.remove("acr"); }));
        assert_eq!(world.open("/dashboard/x").await.url.as_str(), at("/dashboard/x"));
    }

    async fn a_clock_that_is_set_back_freezes_nothing(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        let now = Timestamp::from_secs(1_767_225_600);
        world.clock.set(now.plus(Duration::from_secs(86_400)));
        world.provider.set_down(true);
        assert_eq!(world.open("/dashboard").await.status, 503);
        world.clock.set(now);
        world.provider.set_down(false);
        assert_eq!(world.open("/dashboard").await.status, 200);
    }

    async fn a_destination_beside_the_base_path_is_not_ours(framework) {
        let bed = beside(framework).await;
        for foreign in ["/tenant2/login", "/apple", "/", "/app/../tenant2"] {
            let page = bed.browser.open(&format!("https://example.com/app/auth/login?return_to={foreign}")).await.unwrap();
            assert_eq!(page.url.as_str(), "https://example.com/app/", "{foreign}");
        }
    }

    async fn a_destination_leaves_the_base_path_by_no_reading(framework) {
        let bed = beside(framework).await;
        let base = "https://example.com/app";
        for foreign in [
            "/app/..%2ftenant2", "/app/..%2Ftenant2/login", "/app/%2e%2e%2ftenant2", "/app/.%2e/tenant2", "/app/%2E%2e/tenant2",
            "/app/..%5ctenant2", "/app/%2e%2e%5Ctenant2", "/app/%252e%252e/tenant2", "/app/..%252ftenant2",
            "/app/%25252e%25252e%25252ftenant2", "/app/..;/tenant2", "/app/..;x=1/tenant2", "/app/..%3b/tenant2",
            "/app//..%2ftenant2", "/app/x/..%2f..%2ftenant2", "/app/x%2f../..%2ftenant2", "/app/x%2fy/%2e%2e/%2e%2e/tenant2",
            "/app%2f..%2ftenant2", "/app/%c0%ae%c0%ae%2ftenant2", "/app/%EF%BC%8E%EF%BC%8E%2ftenant2", "/app/....//tenant2",
            "/APP/x", "/%61pp/x",
        ] {
            let value = foreign.replace('%', "%25").replace(';', "%3B");
            for target in [format!("{base}/auth/login?return_to={value}"), format!("{base}/auth/login?return_to={value}%3Fx=1%23y")] {
                bed.browser.forget_cookies();
                let page = bed.browser.open(&target).await.unwrap();
                assert_eq!(page.url.as_str(), "https://example.com/app/", "{foreign}");
            }
            // A page that was asked for in this way is not come back to, either.
            if foreign.starts_with("/app/") {
                bed.browser.forget_cookies();
                let request = Request::get(format!("https://example.com{foreign}")).header("accept", "text/html");
                let answer = bed.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap();
                let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
                assert!(!location.is_some_and(|to| to.contains("tenant2")), "{foreign}");
            }
            // Nor does a sign-out lead there.
            let signed_out = format!("{base}/auth/logout?return_to={value}");
            let page = bed.browser.post_form(&signed_out, &[], base).await.unwrap();
            assert!(!page.hops.iter().any(|hop| hop.url.path().contains("tenant2")), "{foreign}");
            assert!(!page.text().contains("tenant2"), "{foreign}: {}", page.text());
        }
        for own in ["/app/files/a%2fb", "/app/a%20b/%C3%A4?x=..%2f..", "/app/x/..%2fy", "/app/reports/7;v=1?y=1#..%2f"] {
            bed.browser.forget_cookies();
            let value = own.replace('%', "%25").replace(';', "%3B").replace('#', "%23").replace('?', "%3F");
            let page = bed.browser.open(&format!("{base}/auth/login?return_to={value}")).await.unwrap();
            let landed = page.url.as_str().strip_prefix("https://example.com").unwrap();
            assert_eq!(landed, own, "{own}");
        }
    }
}

async fn beside(framework: Framework) -> TestBed {
    crate::apps::bed(framework, crate::apps::What::UnderApp, "https://example.com/app").await
}
