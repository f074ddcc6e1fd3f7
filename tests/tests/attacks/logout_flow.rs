//! The table `logout_flow.json`: sign-outs that start here, and those by the provider's front channel.

use http::Method;
use landfall::EndReason;
use landfall_testkit::{Endpoint, Fault};
use landfall_tests::{BASE_URL, SessionKind, World, everywhere, on_both_frameworks};
use serde_json::Value;

use crate::endings::{Ears, flaky, session, stands, world_with};
use crate::support::{Answer, Ask, FORM, SESSION, ask, broken_promises, jar, parameter, sign_in, whoami};

fn logout() -> Ask {
    Ask::new(Method::POST, "/auth/logout").header("sec-fetch-site", "same-origin")
}

async fn signed_out(world: &World) -> Answer {
    sign_in(&world.browser).await;
    let answer = ask(&world.browser, logout()).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(broken_promises(&answer, &[]).is_empty());
    assert_eq!(whoami(&world.browser).await, "hello nobody");
    answer
}

everywhere! {
    async fn a_sign_out_removes_the_cookie_with_the_attributes_it_was_set_with(world) {
        let answer = signed_out(&world).await;
        let cleared: Vec<_> = answer.set_cookies().into_iter().filter(|line| line.starts_with(SESSION)).collect();
        assert_eq!(cleared, [format!("{SESSION}=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0")]);
        assert!(world.browser.cookies_for(BASE_URL).unwrap().is_empty(), "nothing of the sign-in is left");
    }

    async fn an_image_on_another_site_signs_nobody_out(world) {
        sign_in(&world.browser).await;
        let url = format!("{BASE_URL}/auth/logout");
        world.browser.fetch(Method::GET, &url, &[], "", "https://evil.example/").await.unwrap();
        let page = world.browser.follow_link(&url, "https://evil.example/").await.unwrap();
        assert_eq!(page.status, 200, "a page that asks first");
        assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
        assert_eq!(whoami(&world.browser).await, "hello ada");
    }

    async fn a_sign_out_ends_the_session_here_first_and_then_at_the_provider(world) {
        // Down or not, the session here is over.
        sign_in(&world.browser).await;
        let kept = jar(&world.browser);
        world.provider.set_down(true);
        let answer = ask(&world.browser, logout()).await;
        assert_eq!(answer.status, 303);
        assert_eq!(whoami(&world.browser).await, "hello nobody");
        if world.kind.has_store() {
            assert_eq!(ask(&world.browser, Ask::get("/").cookie(kept)).await.body, "hello nobody");
        }
        world.provider.set_down(false);

        let answer = signed_out(&world).await;
        let location = answer.location();
        assert!(location.starts_with("https://op.example/oauth2/logout?"), "{location}");
        assert_eq!(parameter(location, "client_id").as_deref(), Some("app"));
        assert_eq!(parameter(location, "post_logout_redirect_uri").as_deref(), Some("https://app.example.com/"));
        assert!(parameter(location, "state").is_some());
        assert_eq!(parameter(location, "id_token_hint").is_some(), world.kind.has_store());
    }

    async fn a_post_from_another_site_signs_nobody_out(world) {
        sign_in(&world.browser).await;
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "https://app.example.com.evil.example"),
        ] {
            let post = Ask::new(Method::POST, "/auth/logout").header(name, value);
            let answer = ask(&world.browser, post).await;
            assert_eq!(answer.status, 403, "{name}: {value}");
            assert!(answer.set_cookies().is_empty());
        }
        let url = format!("{BASE_URL}/auth/logout");
        world.browser.post_form(&url, &[], "https://evil.example/").await.unwrap();
        assert_eq!(whoami(&world.browser).await, "hello ada");
    }

    async fn nobody_can_sign_out_too(world) {
        let answer = ask(&world.browser, logout()).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, "/"));
        let garbage = logout().cookie(format!("{SESSION}=garbage"));
        assert_eq!(ask(&world.browser, garbage).await.status, 303);
    }

    async fn a_wrong_state_from_the_provider_leads_nowhere_else(world) {
        let answer = signed_out(&world).await;
        let state = parameter(answer.location(), "state").unwrap();
        for wrong in ["lfo1.x", &format!("{state}x"), "x", "https%3A%2F%2Fevil.example", "lfo1."] {
            let answer = ask(&world.browser, Ask::get(format!("/?state={wrong}"))).await;
            assert!(matches!((answer.status.as_u16(), answer.location()), (200, "") | (303, "/")), "{answer:?}");
        }
        let answer = ask(&world.browser, Ask::get(format!("/?state={state}"))).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, "/"));
    }

    async fn a_head_request_signs_nobody_out(world) {
        sign_in(&world.browser).await;
        // It is what a GET is: the page that asks.
        let answer = ask(&world.browser, Ask::new(Method::HEAD, "/auth/logout")).await;
        assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (200, 0));
        for method in [Method::OPTIONS, Method::PUT, Method::DELETE] {
            let answer = ask(&world.browser, Ask::new(method, "/auth/logout")).await;
            assert_eq!(answer.status, 405);
        }
        assert_eq!(whoami(&world.browser).await, "hello ada");
    }
}

const ISSUER: &str = "https%3A%2F%2Fop.example";

/// Ada signed in, in the provider's session `sess-1`; her cookies.
async fn known_to_the_provider(world: &World) -> String {
    world.provider.inject(Fault::id_token_claim("sid", "sess-1"));
    sign_in(&world.browser).await;
    jar(&world.browser)
}

/// As a frame on the provider's page asks.
fn frame(query: &str) -> Ask {
    Ask::get(format!("/auth/frontchannel-logout?{query}"))
        .header("sec-fetch-dest", "iframe")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-site", "cross-site")
}

everywhere! {
    async fn a_frame_of_the_providers_ends_the_session_it_names(world) {
        let cookies = known_to_the_provider(&world).await;
        let answer = ask(&world.browser, frame(&format!("iss={ISSUER}&sid=sess-1"))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(broken_promises(&answer, &[]).is_empty());
        let cleared = format!("{SESSION}=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0");
        assert_eq!(answer.set_cookies(), [cleared]);
        assert_eq!(whoami(&world.browser).await, "hello nobody");
        if world.kind.has_store() {
            assert_eq!(ask(&world.browser, Ask::get("/").cookie(cookies)).await.body, "hello nobody");
        }
    }

    async fn only_the_provider_may_frame_the_answer(world) {
        known_to_the_provider(&world).await;
        for sid in ["sess-1", "another"] {
            let answer = ask(&world.browser, frame(&format!("iss={ISSUER}&sid={sid}"))).await;
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(
                answer.header("content-security-policy"),
                "default-src 'none'; frame-ancestors https://op.example"
            );
            assert_eq!(answer.header("x-frame-options"), "");
        }
    }

    async fn a_frame_that_names_another_session_ends_none(world) {
        known_to_the_provider(&world).await;
        for sid in ["other", "sess-1x", "SESS-1", "*", "sess-%25"] {
            let answer = ask(&world.browser, frame(&format!("iss={ISSUER}&sid={sid}"))).await;
            assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (200, 0), "{sid}");
        }
        assert_eq!(whoami(&world.browser).await, "hello ada");
    }

    async fn a_frame_of_another_issuer_or_with_half_the_names_ends_nothing(world) {
        known_to_the_provider(&world).await;
        for query in [
            "",
            "sid=sess-1",
            "iss=https%3A%2F%2Fop.example",
            "iss=https%3A%2F%2Fevil.example&sid=sess-1",
            "iss=https%3A%2F%2Fop.example%2F&sid=sess-1",
            "iss=https%3A%2F%2Fop.example&iss=https%3A%2F%2Fop.example&sid=sess-1",
            "iss=https%3A%2F%2Fop.example&sid=sess-1&sid=sess-1",
            "iss=https%3A%2F%2Fop.example&sid=",
        ] {
            let answer = ask(&world.browser, frame(query)).await;
            assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (400, 0), "{query}");
            assert!(broken_promises(&answer, &["evil.example"]).is_empty());
        }
        assert_eq!(whoami(&world.browser).await, "hello ada");
    }

    async fn an_image_that_names_the_session_ends_nothing(world) {
        known_to_the_provider(&world).await;
        let path = format!("/auth/frontchannel-logout?iss={ISSUER}&sid=sess-1");
        for dest in ["image", "script", "empty", "style", "object"] {
            let answer = ask(&world.browser, Ask::get(path.clone()).header("sec-fetch-dest", dest)).await;
            assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (400, 0), "{dest}");
        }
        for method in [Method::POST, Method::HEAD] {
            assert_eq!(ask(&world.browser, Ask::new(method, path.clone())).await.status, 405);
        }
        assert_eq!(whoami(&world.browser).await, "hello ada");
    }

    async fn a_frame_without_cookies_ends_what_the_store_knows_and_revokes_nothing(world) {
        known_to_the_provider(&world).await;
        let answer = ask(&world.browser, frame(&format!("iss={ISSUER}&sid=sess-1")).cookie("")).await;
        assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (200, 0));
        let left = if world.kind.has_store() { "hello nobody" } else { "hello ada" };
        assert_eq!(whoami(&world.browser).await, left);
        assert_eq!(world.provider.calls(Endpoint::Revoke.path()), 0);
    }
}

on_both_frameworks! {
    async fn an_expired_id_token_is_still_a_hint(framework) {
        for kind in SessionKind::stores() {
            let world = World::new(framework, kind).await;
            sign_in(&world.browser).await;
            world.wait(std::time::Duration::from_secs(3600));
            let page = world.browser.post_form(&format!("{BASE_URL}/auth/logout"), &[], BASE_URL).await.unwrap();
            assert!(page.hops.iter().any(|hop| hop.url.as_str().contains("id_token_hint=")));
            assert_eq!((page.url.as_str(), page.text().as_str()), ("https://app.example.com/", "hello nobody"));
        }
    }

    async fn a_large_id_token_still_signs_out(framework) {
        for kind in SessionKind::stores() {
            let world = World::new(framework, kind).await;
            world.provider.inject(Fault::id_token_claim("groups", Value::from("g".repeat(12_000))));
            let answer = signed_out(&world).await;
            assert!(answer.location().len() < 8_000, "a URL of {} characters", answer.location().len());
            assert_eq!(parameter(answer.location(), "client_id").as_deref(), Some("app"));
        }
    }

    async fn a_revocation_endpoint_that_is_down_does_not_hold_up_a_sign_out(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        for fault in [Fault::hang(Endpoint::Revoke), Fault::disconnect(Endpoint::Revoke)] {
            world.provider.inject(fault);
            let answer = signed_out(&world).await;
            assert!(answer.location().starts_with("https://op.example/oauth2/logout?"));
        }
        assert_eq!(world.provider.calls(Endpoint::Revoke.path()), 2);
    }

    async fn a_flood_of_sessions_that_nobody_has_is_answered_and_ends_nothing(framework) {
        let ears = Ears::default();
        let world = world_with(framework, SessionKind::Memory, |builder| ears.listen(builder)).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        for n in 0..100 {
            let answer = ask(&world.browser, frame(&format!("iss={ISSUER}&sid=ses_{n}")).cookie("")).await;
            assert_eq!(answer.status, 200);
        }
        assert!(ears.ended().is_empty() && stands(&browser).await);
        ask(&world.browser, frame(&format!("iss={ISSUER}&sid=sess-1")).cookie("")).await;
        assert_eq!(ears.ended(), [(None, EndReason::FrontChannel)]);
    }

    async fn a_store_that_is_down_is_no_front_channel_logout(framework) {
        let (world, store) = flaky(framework).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        store.set_down(true);
        let answer = ask(&browser, frame(&format!("iss={ISSUER}&sid=sess-1"))).await;
        assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (503, 0), "{answer:?}");
        store.set_down(false);
        assert!(stands(&browser).await);
    }

    async fn a_sign_out_form_leads_to_no_other_site(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        for value in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example"] {
            let form = logout().header("content-type", FORM).body(format!("return_to={value}"));
            assert_eq!(ask(&world.browser, form).await.location(), "/");
        }
    }
}
