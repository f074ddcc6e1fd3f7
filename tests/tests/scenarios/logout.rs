//! Signing out.

use http::Method;
use landfall::MemoryStore;
use landfall_testkit::{Endpoint, Fault, Page, RawResponse, TestBed};
use landfall_tests::{BASE_URL, FlakyStore, Framework, SessionKind, World, everywhere, on_both_frameworks};

use crate::support::{
    at, attempt_cookies, fetch, greeting, greeting_for, raw, session_header, session_value, set_cookies,
};

/// Presses the application's own button, and the provider's if it asks.
async fn sign_out(world: &World, fields: &[(&str, &str)]) -> Page {
    let page = world.browser.post_form(&at("/auth/logout"), fields, BASE_URL).await.unwrap();
    if page.url.host_str() == Some("op.example") {
        return world.browser.submit(&page, "Sign out", &[]).await.unwrap();
    }
    page
}

/// How the provider was asked to end its session.
fn end_session(world: &World, parameter: &str) -> Option<String> {
    let seen = world.provider.requests();
    seen.iter().find(|seen| seen.path == "/oauth2/logout").and_then(|seen| seen.parameter(parameter))
}

everywhere! {
    async fn signing_out_ends_both_sessions_and_comes_home(world) {
        world.open("/dashboard").await;
        let session = session_value(&world.browser).unwrap();
        let stored = world.kind.has_store();
        let page = sign_out(&world, &[]).await;
        assert_eq!((page.url.as_str(), page.text().as_str()), (at("/").as_str(), "hello nobody"));
        assert!(session_value(&world.browser).is_none());
        assert_eq!(attempt_cookies(&world.browser, "spent").len(), 0);
        if stored {
            assert_eq!(greeting_for(&world, &session).await, "hello nobody");
        }
        // With an ID token at hand the provider need not ask.
        assert_eq!(end_session(&world, "id_token_hint").is_some(), stored);
        let hint = (!stored).then_some("ada@example.test");
        assert_eq!(end_session(&world, "logout_hint").as_deref(), hint);
        assert_eq!(end_session(&world, "client_id").as_deref(), Some("app"));
        assert_eq!(end_session(&world, "post_logout_redirect_uri"), Some(at("/")));
        assert_eq!(world.provider.calls("/oauth2/revoke"), usize::from(stored));
        // The provider has forgotten as well.
        world.provider.ask_who_signs_in();
        assert_eq!(world.open("/dashboard").await.url.host_str(), Some("op.example"));
    }

    async fn a_destination_is_kept_through_the_sign_out(world) {
        world.open("/dashboard").await;
        let page = sign_out(&world, &[("return_to", "/?bye=1&x=%25")]).await;
        assert_eq!((page.url.as_str(), page.text().as_str()), (at("/?bye=1&x=%25").as_str(), "hello nobody"));
    }

    async fn an_open_redirect_through_the_sign_out_comes_home(world) {
        for hostile in ["https://evil.example/", "//evil.example", "/\\evil.example", "/auth/login", "/auth/logout"] {
            world.open("/dashboard").await;
            let page = sign_out(&world, &[("return_to", hostile)]).await;
            assert_eq!(page.url.as_str(), at("/"), "{hostile}");
            assert_eq!(page.text(), "hello nobody", "{hostile}");
        }
    }

    async fn opening_the_sign_out_asks_and_signs_nobody_out(world) {
        world.open("/dashboard").await;
        let session = session_value(&world.browser);
        for page in [
            world.open("/auth/logout").await,
            world.browser.follow_link(&at("/auth/logout"), "https://evil.example/").await.unwrap(),
        ] {
            assert_eq!(page.status, 200);
            assert!(set_cookies(&page.headers).is_empty());
            assert_eq!(page.header("content-security-policy").map(|policy| policy.contains("frame-ancestors 'none'")), Some(true));
        }
        assert_eq!(session_value(&world.browser), session);
        assert_eq!(greeting(&world).await, "hello ada");
        let page = world.open("/auth/logout").await;
        let page = world.browser.submit(&page, "Sign out", &[]).await.unwrap();
        if !world.kind.has_store() {
            world.browser.submit(&page, "Sign out", &[]).await.unwrap();
        }
        assert_eq!(greeting(&world).await, "hello nobody");
    }

    async fn the_page_that_asks_keeps_the_destination(world) {
        world.open("/dashboard").await;
        let page = world.open("/auth/logout?return_to=%2F%3Fbye%3D1").await;
        let mut page = world.browser.submit(&page, "Sign out", &[]).await.unwrap();
        if !world.kind.has_store() {
            page = world.browser.submit(&page, "Sign out", &[]).await.unwrap();
        }
        assert_eq!(page.url.as_str(), at("/?bye=1"));
    }

    async fn logout_csrf_a_cross_site_post_signs_nobody_out(world) {
        world.open("/dashboard").await;
        let session = session_header(&world);
        for from in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example"), ("origin", "null")] {
            let headers = [("cookie", session.as_str()), from];
            let response = raw(&world, Method::POST, "/auth/logout", &headers).await;
            assert_eq!(response.status(), 403, "{from:?}");
            assert!(set_cookies(response.headers()).is_empty(), "{from:?}");
        }
        let page = world.browser.post_form(&at("/auth/logout"), &[], "https://evil.example/").await.unwrap();
        assert_eq!(page.status, 403);
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn signing_out_without_a_session_comes_home(world) {
        let page = world.browser.post_form(&at("/auth/logout"), &[], BASE_URL).await.unwrap();
        assert_eq!((page.hops[0].status.as_u16(), page.url.as_str()), (303, at("/").as_str()));
        assert_eq!(world.provider.requests().len(), 0);
    }

    async fn signing_out_twice_comes_home_twice(world) {
        world.open("/dashboard").await;
        sign_out(&world, &[]).await;
        let page = sign_out(&world, &[]).await;
        assert_eq!((page.url.as_str(), page.text().as_str()), (at("/").as_str(), "hello nobody"));
    }

    async fn other_methods_than_get_and_post_are_refused(world) {
        world.open("/dashboard").await;
        let session = session_header(&world);
        for method in [Method::PUT, Method::DELETE, Method::OPTIONS] {
            let response = raw(&world, method.clone(), "/auth/logout", &[("cookie", &session)]).await;
            assert_eq!(response.status(), 405, "{method}");
            assert_eq!(response.headers()["allow"], "GET, POST", "{method}");
        }
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_revocation_endpoint_that_hangs_keeps_no_session(world) {
        world.open("/dashboard").await;
        let session = session_value(&world.browser).unwrap();
        world.provider.inject_always(Fault::hang(Endpoint::Revoke));
        sign_out(&world, &[]).await;
        assert_eq!(greeting(&world).await, "hello nobody");
        if world.kind.has_store() {
            assert_eq!(greeting_for(&world, &session).await, "hello nobody");
        }
    }

    async fn a_provider_that_is_down_keeps_no_session(world) {
        let mut world = world;
        world.open("/dashboard").await;
        let session = session_value(&world.browser).unwrap();
        // An instance that never saw the provider's metadata.
        world.switch_to(world.builder()).await;
        world.provider.set_down(true);
        let page = sign_out(&world, &[("return_to", "/?bye=1")]).await;
        assert_eq!((page.url.as_str(), page.text().as_str()), (at("/?bye=1").as_str(), "hello nobody"));
        if world.kind.has_store() {
            assert_eq!(greeting_for(&world, &session).await, "hello nobody");
        }
    }

    async fn a_provider_without_an_end_session_endpoint_is_left_out(world) {
        world.provider.inject_always(Fault::omit(Endpoint::Discovery, &["end_session_endpoint", "revocation_endpoint"]));
        world.open("/dashboard").await;
        let page = world.browser.post_form(&at("/auth/logout"), &[], BASE_URL).await.unwrap();
        assert_eq!((page.hops.len(), page.url.as_str(), page.text().as_str()), (2, at("/").as_str(), "hello nobody"));
        assert_eq!(world.provider.calls("/oauth2/logout") + world.provider.calls("/oauth2/revoke"), 0);
    }

    async fn a_made_up_state_on_the_way_home_is_harmless(world) {
        world.open("/dashboard").await;
        for query in ["?state=lfo1.", "?state=lfo1.AAAA", "?state=lfo1.%2F%2Fevil.example", "?state=lf1.x", "?state=x"] {
            let page = world.browser.follow_link(&at(&format!("/{query}")), "https://op.example/").await.unwrap();
            assert_eq!((page.url.path(), page.url.host_str()), ("/", Some("app.example.com")), "{query}");
            assert_eq!(page.text(), "hello ada", "{query}");
        }
    }

    async fn one_browsers_sign_out_leaves_another_signed_in(world) {
        world.open("/dashboard").await;
        let other = world.other_browser();
        other.open(&at("/dashboard")).await.unwrap();
        sign_out(&world, &[]).await;
        assert_eq!(other.open(&at("/")).await.unwrap().text(), "hello ada");
    }

    async fn a_script_can_sign_out_too(world) {
        world.open("/dashboard").await;
        let headers = [("content-type", "application/json")];
        world.browser.fetch(Method::POST, &at("/auth/logout"), &headers, "{}", BASE_URL).await.unwrap();
        assert_eq!(fetch(&world, "/").await.text(), "hello nobody");
    }
}

on_both_frameworks! {
    async fn the_page_after_a_sign_out_can_be_chosen(framework) {
        for kind in SessionKind::stores() {
            let world = World::with(framework, kind, |builder| builder.after_logout("/cached")).await;
            world.provider.register(crate::support::client(&[]).post_logout_redirect_uri(at("/cached")));
            world.open("/dashboard").await;
            let page = sign_out(&world, &[]).await;
            assert_eq!((page.url.as_str(), page.text().as_str()), (at("/cached").as_str(), "hello nobody"));
        }
    }

    async fn a_form_too_large_is_refused_and_signs_nobody_out(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        world.open("/dashboard").await;
        let long = "x".repeat(9 * 1024);
        let page = world.browser.post_form(&at("/auth/logout"), &[("return_to", &long)], BASE_URL).await.unwrap();
        assert_eq!(page.status, 413);
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_revocation_that_fails_half_way_still_revokes_the_access_token(framework) {
        let fails = [
            Fault::Respond(Endpoint::Revoke, RawResponse::new(503, "down")),
            Fault::disconnect(Endpoint::Revoke),
            Fault::hang(Endpoint::Revoke),
        ];
        for fault in fails {
            let (world, _) = with_tokens(framework).await;
            world.provider.inject(fault);
            assert_eq!(sign_out(&world, &[]).await.text(), "hello nobody");
            assert_eq!(revoked(&world), ["refresh_token", "access_token"]);
        }
        let (world, _) = with_tokens(framework).await;
        sign_out(&world, &[]).await;
        assert_eq!(revoked(&world), ["refresh_token"], "its access tokens go with it");
    }

    async fn a_visitor_who_leaves_during_the_sign_out_leaves_no_token_behind(framework) {
        let (world, _) = with_tokens(framework).await;
        let mut hold = world.provider.hold(Endpoint::Revoke);
        let session = session_header(&world);
        let browser = world.browser.clone();
        let leaving = tokio::spawn(async move {
            let request = http::Request::post(at("/auth/logout")).header("cookie", session);
            browser.send(request.body(bytes::Bytes::new()).unwrap()).await.unwrap().status()
        });
        hold.reached(1).await;
        leaving.abort();
        assert!(leaving.await.is_err());
        world.provider.inject(Fault::Respond(Endpoint::Revoke, RawResponse::new(503, "down")));
        hold.release();
        landfall_tests::until("both are tried", async || (revoked(&world).len() == 2).then_some(())).await;
        assert_eq!(greeting(&world).await, "hello nobody");
    }

    async fn the_tokens_of_a_session_that_somebody_else_ends_meanwhile_are_given_back(framework) {
        let (world, store) = with_tokens(framework).await;
        // The sign-out has read the session, and is about to take its tokens.
        store.hold_updates(true);
        let session = session_header(&world);
        let headers = [("cookie", session.as_str())];
        let out = raw(&world, Method::POST, "/auth/logout", &headers);
        let meanwhile = async {
            store.somebody_updates().await;
            let ended = world.auth.sessions().end_all_of(&landfall_tests::subject(&world.auth, "ada")).await.unwrap();
            store.hold_updates(false);
            ended
        };
        let (answer, _) = tokio::join!(out, meanwhile);
        assert_eq!(answer.status(), 303);
        assert_eq!(revoked(&world), ["refresh_token"]);
        assert_eq!(greeting_for(&world, session.split_once('=').unwrap().1).await, "hello nobody");
    }
}

/// Ada, signed in with a refresh token, and the store that it is in.
async fn with_tokens(framework: Framework) -> (World, FlakyStore) {
    let bed = TestBed::new(BASE_URL).unwrap();
    let store = FlakyStore::new(MemoryStore::new().with_clock(bed.clock()));
    let world = World::around(bed, framework, SessionKind::Memory, |builder| {
        builder.scopes(["openid", "offline_access"]).store(store.clone())
    });
    let world = world.await;
    world.open("/dashboard").await;
    (world, store)
}

/// As what each token was to be revoked, in order.
fn revoked(world: &World) -> Vec<String> {
    let seen = world.provider.requests().into_iter().filter(|seen| seen.path == "/oauth2/revoke");
    seen.map(|seen| seen.parameter("token_type_hint").unwrap()).collect()
}
