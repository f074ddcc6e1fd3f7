//! What strangers try with credentials: to have a victim act by theirs, to act by a victim's, to be whom they write, and to
//! use up what looks at them.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use landfall::testing::credentials_patience;
use landfall_tests::credentials::Asked;
use landfall_tests::{BASE_URL, Framework, SessionKind, World, everywhere, on_both_frameworks, until};
use tokio::task::JoinSet;

use crate::support::{SESSION, cookie_value, sign_in};

/// Basic for whoever wrote the link.
const PLANTED: (&str, &str) = ("authorization", "Basic bWFsbG9yeTpzZWNyZXQ=");
const EVIL: (&str, &str) = ("origin", "https://evil.example");
const CROSS: (&str, &str) = ("sec-fetch-site", "cross-site");

async fn send(world: &World, method: Method, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let response = raw(world, method, path, headers).await;
    (response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned())
}

async fn raw(world: &World, method: Method, path: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    let request = Request::builder().method(method).uri(format!("{BASE_URL}{path}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    world.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap()
}

async fn with(
    framework: Framework,
    change: impl FnOnce(landfall::RelyingPartyBuilder) -> landfall::RelyingPartyBuilder,
) -> World {
    World::with(framework, SessionKind::Cookie, change).await
}

/// The victim's session.
async fn cookie(world: &World) -> String {
    sign_in(&world.browser).await;
    format!("{SESSION}={}", cookie_value(&world.browser, SESSION).unwrap())
}

fn hello(name: &str) -> (u16, String) {
    (200, format!("hello {name}"))
}

on_both_frameworks! {
    async fn basic_that_a_link_planted_in_a_browser_is_nobodys(framework) {
        let asked = Asked::default();
        let world = with(framework, |builder| asked.all(builder)).await;
        let victim = cookie(&world).await;
        for sign in [
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-site", "same-origin"),
            ("origin", BASE_URL),
            ("accept", "text/html"),
            ("user-agent", "Mozilla/5.0"),
        ] {
            assert_eq!(send(&world, Method::GET, "/", &[PLANTED, sign]).await, hello("nobody"), "{sign:?}");
            let both = [PLANTED, sign, ("cookie", victim.as_str())];
            assert_eq!(send(&world, Method::GET, "/", &both).await, hello("ada"), "{sign:?}");
        }
        assert_eq!(asked.count(), 0, "nor is anybody asked whether the password is right");
        assert_eq!(send(&world, Method::GET, "/", &[PLANTED, ("user-agent", "git/2.47")]).await, hello("mallory"));
    }

    async fn credentials_in_another_sites_form_are_refused_where_browsers_add_them(framework) {
        let asked = Asked::default();
        let world = with(framework, |builder| asked.browsers(builder)).await;
        let basic = ("authorization", "Basic YWRhOnNlY3JldA==");
        for from in [EVIL, CROSS, ("sec-fetch-site", "same-site"), ("origin", "null")] {
            for method in [Method::POST, Method::PUT, Method::DELETE] {
                assert_eq!(send(&world, method, "/reports/7", &[basic, from]).await.0, 403, "{from:?}");
            }
            let handshake = [basic, from, ("connection", "Upgrade"), ("upgrade", "websocket")];
            assert_eq!(send(&world, Method::GET, "/stream", &handshake).await.0, 403, "{from:?}");
        }
        assert_eq!(asked.count(), 0, "they are not looked at");
        assert_eq!(send(&world, Method::POST, "/reports/7", &[basic, ("origin", BASE_URL)]).await.0, 200);
        assert_eq!(send(&world, Method::GET, "/", &[basic, CROSS]).await, hello("ada"), "a link is followed");
        // What a script has to set itself, another site's page cannot send.
        let token = [("authorization", "Bearer robot"), EVIL];
        assert_eq!(send(&world, Method::POST, "/reports/7", &token).await.0, 200);
        // Remembered or not.
        for _ in 0..2 {
            assert_eq!(send(&world, Method::POST, "/reports/7", &[("authorization", "Bearer kept"), EVIL]).await.0, 200);
        }
    }

    async fn a_secret_header_of_another_sites_page_is_refused_also_where_its_answer_is_remembered(framework) {
        let asked = Asked::default();
        let world = with(framework, |builder| asked.all(builder)).await;
        let key = ("x-api-key", "key");
        assert_eq!(send(&world, Method::POST, "/reports/7", &[key]).await.0, 200);
        assert_eq!(send(&world, Method::POST, "/reports/7", &[key, CROSS]).await.0, 403);
    }

    async fn a_forged_name_counts_only_from_a_trusted_proxy_and_not_twice(framework) {
        let (asked, forged) = (Asked::default(), ("x-remote-user", "admin"));
        let elsewhere = with(framework, |builder| asked.proxy(builder, "192.0.2.7")).await;
        let victim = cookie(&elsewhere).await;
        assert_eq!(send(&elsewhere, Method::GET, "/", &[forged]).await, hello("nobody"));
        assert_eq!(send(&elsewhere, Method::GET, "/", &[forged, ("cookie", &victim)]).await, hello("ada"));
        let claims = [forged, ("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=192.0.2.7")];
        assert_eq!(send(&elsewhere, Method::GET, "/", &claims).await, hello("nobody"));
        assert_eq!(asked.count(), 0);
        let here = with(framework, |builder| asked.proxy(builder, "127.0.0.1")).await;
        assert_eq!(send(&here, Method::GET, "/", &[("x-remote-user", "grace")]).await, hello("grace"));
        assert_eq!(send(&here, Method::GET, "/", &[("x-remote-user", "")]).await, hello("nobody"));
        // A proxy that adds its own behind what came from outside.
        assert_eq!(send(&here, Method::GET, "/", &[forged, ("x-remote-user", "grace")]).await.0, 401);
        // It comes along with another site's form.
        assert_eq!(send(&here, Method::POST, "/reports/7", &[("x-remote-user", "grace"), CROSS]).await.0, 403);
    }

    async fn parts_of_another_sites_page_come_by_no_credentials_that_browsers_add(framework) {
        let asked = Asked::default();
        let open = |builder| landfall::danger::allow_cross_site(asked.browsers(builder), "/open-echo");
        let world = with(framework, open).await;
        let basic = ("authorization", "Basic YWRhOnNlY3JldA==");
        for part in [("sec-fetch-dest", "iframe"), ("sec-fetch-dest", "script"), ("sec-fetch-mode", "no-cors")] {
            assert_eq!(send(&world, Method::GET, "/", &[basic, CROSS, part]).await, hello("nobody"), "{part:?}");
        }
        assert_eq!(asked.count(), 0);
        let link = [basic, CROSS, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert_eq!(send(&world, Method::GET, "/", &link).await, hello("ada"));
        let before = asked.count();
        send(&world, Method::POST, "/open-echo", &[basic, CROSS]).await;
        assert_eq!(asked.count(), before, "where another site's posts are let through, they are nobody's");
    }

    async fn a_cookie_is_not_renewed_late_behind_a_hook_that_took_its_time(framework) {
        let asked = Asked::default();
        let world = with(framework, |builder| asked.all(builder)).await;
        let victim = cookie(&world).await;
        world.wait(Duration::from_secs(95 * 60));
        let slow = Request::builder().uri(format!("{BASE_URL}/")).header("cookie", &victim);
        let slow = slow.header("authorization", "Bearer held and none").body(Bytes::new()).unwrap();
        let browser = world.browser.clone();
        let slow = tokio::spawn(async move { browser.send(slow).await.unwrap() });
        until("the hook is asked", async || (asked.count() == 1).then_some(())).await;
        world.wait(Duration::from_secs(6));
        asked.may_answer.add_permits(1);
        let answer = slow.await.unwrap();
        assert_eq!(answer.body().as_ref(), b"hello ada");
        assert!(answer.headers().get("set-cookie").is_none(), "{:?}", answer.headers());
    }

    async fn a_name_counts_from_no_proxy_that_was_not_named(framework) {
        let asked = Asked::default();
        let any = |builder| landfall::danger::trust_any_proxy(asked.proxy(builder, "192.0.2.7"));
        let world = with(framework, any).await;
        assert_eq!(send(&world, Method::GET, "/", &[("x-remote-user", "admin")]).await, hello("nobody"));
        assert_eq!(asked.count(), 0);
    }

    async fn a_credential_of_ours_behind_one_of_nobodys_is_refused(framework) {
        let asked = Asked::default();
        let world = with(framework, |builder| asked.all(builder)).await;
        let victim = cookie(&world).await;
        let two = [("authorization", "Foo x"), ("authorization", "Bearer bad"), ("cookie", victim.as_str())];
        assert_eq!(send(&world, Method::GET, "/", &two).await.0, 401);
    }

    async fn two_credentials_in_one_header_are_nobodys(framework) {
        let asked = Asked::default();
        let world = with(framework, |builder| asked.all(builder)).await;
        let two = [("authorization", "Bearer robot"), ("authorization", "Bearer admin")];
        assert_eq!(send(&world, Method::GET, "/", &two).await.0, 401);
        assert_eq!(asked.count(), 0);
    }

    async fn an_identity_that_is_nobodys_here_is_let_in_by_no_credentials(framework) {
        let asked = Asked::default();
        let world = with(framework, |builder| asked.all(builder)).await;
        let token = [("authorization", "Bearer foreign")];
        assert_eq!(send(&world, Method::GET, "/dashboard", &token).await.0, 500);
    }

    async fn a_hook_that_fails_panics_or_hangs_lets_nobody_in_and_takes_nobody_else_with_it(framework) {
        let asked = Asked::default();
        let span = Duration::from_millis(200);
        let world = with(framework, |builder| credentials_patience(asked.all(builder), span, span)).await;
        let victim = cookie(&world).await;
        for (token, status) in [("away", 503), ("panics", 500), ("hangs", 503)] {
            let token = format!("Bearer {token}");
            let sent = [("authorization", token.as_str()), ("cookie", &victim)];
            let answer = send(&world, Method::GET, "/", &sent).await;
            assert_eq!(answer.0, status, "{token}: {}", answer.1);
            assert!(!answer.1.contains("database") && !answer.1.contains("hello ada"), "{}", answer.1);
            assert_eq!(send(&world, Method::GET, "/", &[("authorization", "Bearer robot")]).await, hello("robot"));
        }
    }

    async fn a_flood_of_credentials_is_looked_at_by_so_many_at_once_and_leaves_sessions_alone(framework) {
        let asked = Asked::default();
        let patience = (Duration::from_secs(600), Duration::from_millis(200));
        let world = with(framework, |builder| credentials_patience(asked.all(builder), patience.0, patience.1)).await;
        let victim = cookie(&world).await;
        let mut flood = JoinSet::new();
        for _ in 0..32 {
            let browser = world.other_browser();
            flood.spawn(async move {
                let request = Request::get(format!("{BASE_URL}/")).header("authorization", "Bearer held");
                browser.send(request.body(Bytes::new()).unwrap()).await.unwrap().status()
            });
        }
        until("as many as may are asked", async || (asked.count() == 32).then_some(())).await;
        let one_too_many = raw(&world, Method::GET, "/", &[("authorization", "Bearer robot")]).await;
        assert_eq!(one_too_many.status(), 503);
        assert!(one_too_many.headers().contains_key("retry-after"));
        assert_eq!(asked.count(), 32, "the application is not asked");
        assert_eq!(send(&world, Method::GET, "/", &[("cookie", &victim)]).await, hello("ada"));
        asked.may_answer.add_permits(32);
        while let Some(status) = flood.join_next().await {
            assert_eq!(status.unwrap(), 200);
        }
        assert_eq!(send(&world, Method::GET, "/", &[("authorization", "Bearer robot")]).await, hello("robot"));
    }

    async fn credentials_are_in_no_answer(framework) {
        let asked = Asked::default();
        let world = with(framework, |builder| asked.all(builder)).await;
        for token in ["bad-s3cr3t-token", "none-s3cr3t-token"] {
            let token = format!("Bearer {token}");
            let (_, body) = send(&world, Method::GET, "/reports/7", &[("authorization", &token)]).await;
            assert!(!body.contains("s3cr3t"), "{body}");
        }
    }
}

everywhere! {
    async fn bad_credentials_beside_a_good_cookie_are_a_401_and_never_the_cookies_session(plain) {
        let asked = Asked::default();
        let mut world = plain;
        let builder = asked.all(world.builder());
        world.switch_to(builder).await;
        let victim = cookie(&world).await;
        for bad in ["Bearer bad", "Bearer", "Basic YWRhOndyb25n", "Basic !!", "bearer bad"] {
            let sent = [("authorization", bad), ("cookie", victim.as_str())];
            let response = raw(&world, Method::GET, "/", &sent).await;
            assert_eq!(response.status(), 401, "{bad}");
            assert!(!String::from_utf8_lossy(response.body()).contains("hello ada"), "{bad}");
            assert!(response.headers().get("set-cookie").is_none(), "{bad}");
        }
        assert_eq!(send(&world, Method::GET, "/", &[("cookie", &victim)]).await, hello("ada"));
    }

    async fn good_credentials_beside_somebody_elses_cookie_are_not_mixed_with_it(plain) {
        let asked = Asked::default();
        let mut world = plain;
        let builder = asked.all(world.builder());
        world.switch_to(builder).await;
        let victim = cookie(&world).await;
        for token in ["robot", "kept", "kept"] {
            let token = format!("Bearer {token}");
            let sent = [("authorization", token.as_str()), ("cookie", &victim)];
            let (_, me) = send(&world, Method::GET, "/me", &sent).await;
            assert!(me.contains("\"iss\":\"local\"") && !me.contains("ada"), "{me}");
            assert_eq!(send(&world, Method::GET, "/token", &sent).await.0, 403, "her token is not theirs");
        }
        assert_eq!(send(&world, Method::GET, "/", &[("cookie", &victim)]).await, hello("ada"));
    }
}
