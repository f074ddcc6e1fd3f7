//! Somebody is signed in, and not signed in enough.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use landfall::{EndReason, EventKind};
use landfall_testkit::Fault;
use landfall_tests::{SessionKind, World, everywhere, on_both_frameworks, wherever_stored};
use serde_json::Value;

use crate::support::{asked, at, fetch, greeting, greeting_for, link, raw, session_header, session_value};

const TEN_MINUTES: Duration = Duration::from_secs(600);

/// Where a challenge says that the person should go.
fn login_url(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap();
    at(body["login_url"].as_str().unwrap())
}

everywhere! {
    async fn a_page_that_needs_two_factors_asks_for_them_once_and_lands_there(world) {
        world.open("/dashboard").await;
        let before = session_value(&world.browser).unwrap();
        let page = world.open("/more/level?draft=7&x=%25").await;
        assert_eq!(page.url.as_str(), at("/more/level?draft=7&x=%25"));
        assert_eq!(page.text(), "more for ada with aal2 as ");
        assert_eq!(asked(&world, "acr_values"), [None, Some("aal2".to_owned())]);
        assert_eq!(asked(&world, "login_hint"), [None, Some("ada@example.test".to_owned())]);
        assert_ne!(session_value(&world.browser).unwrap(), before);
        if world.kind.has_store() {
            assert_eq!(greeting_for(&world, &before).await, "hello nobody", "the weaker session is over");
        }
        world.open("/more/level").await;
        assert_eq!(asked(&world, "acr_values").len(), 2);
    }

    async fn whoever_signs_in_at_such_a_page_makes_one_trip(world) {
        assert_eq!(world.open("/more/all").await.status, 200);
        assert_eq!(asked(&world, "acr_values"), [Some("aal2".to_owned())]);
        assert_eq!(asked(&world, "max_age"), [Some("300".to_owned())]);
        assert_eq!(asked(&world, "scope"), [Some("openid profile email files:read".to_owned())]);
    }

    async fn a_level_is_known_in_either_claim_and_any_case_and_a_higher_one_will_do(world) {
        for (claim, value) in [("auth_level", "AAL2"), ("auth_level", "aal3"), ("acr", "AAL2"), ("acr", "Aal3")] {
            world.browser.forget_cookies();
            world.provider.inject(Fault::id_token(move |_, claims| {
                claims.remove("acr");
                claims.insert(claim.to_owned(), value.into());
            }));
            assert_eq!(world.open("/more/level").await.status, 200, "{claim} {value}");
            // And it is known again from the session alone.
            assert_eq!(fetch(&world, "/more/level").await.status, 200, "{claim} {value}");
        }
    }

    async fn a_provider_that_does_not_deliver_ends_in_a_page_and_the_session_stands(world) {
        world.open("/dashboard").await;
        let before = session_value(&world.browser);
        let mut again = None;
        for (claim, value) in [("acr", "aal1"), ("acr", "urn:gold"), ("auth_level", "AAL1")] {
            world.provider.forget_requests();
            world.provider.inject_always(Fault::id_token(move |_, claims| {
                claims.remove("acr");
                claims.insert(claim.to_owned(), value.into());
            }));
            let page = world.open("/more/level").await;
            assert_eq!((page.status.as_u16(), page.url.path()), (403, "/auth/callback"), "{value}");
            assert!(page.text().contains("not recent or strong enough"), "{}", page.text());
            assert_eq!(asked(&world, "acr_values").len(), 1, "asked once");
            world.provider.clear();
            assert_eq!((&session_value(&world.browser), greeting(&world).await.as_str()), (&before, "hello ada"));
            again = Some(link(&page));
        }
        // The person thinks better of it: the page asks for the same once more.
        let landed = world.browser.follow_link(&again.unwrap(), &at("/")).await.unwrap();
        assert_eq!((landed.status.as_u16(), landed.url.as_str()), (200, at("/more/level").as_str()));
        assert_eq!(asked(&world, "acr_values").last(), Some(&Some("aal2".to_owned())));
    }

    async fn any_of_the_classes_named_will_do(world) {
        world.provider.inject_always(Fault::id_token_claim("acr", "urn:silver"));
        assert_eq!(world.open("/more/class").await.status, 200);
        assert_eq!(asked(&world, "acr_values"), [Some("urn:gold urn:silver".to_owned())]);
        world.provider.clear();
        world.browser.forget_cookies();
        world.provider.inject_always(Fault::id_token_claim("acr", "URN:GOLD"));
        assert_eq!(world.open("/more/class").await.status, 403, "a class is compared exactly");
    }

    async fn an_authentication_too_old_is_renewed_once(world) {
        world.open("/dashboard").await;
        assert_eq!(world.open("/more/recent").await.status, 200);
        assert_eq!(asked(&world, "max_age"), [None], "still fresh");
        world.wait(TEN_MINUTES);
        let page = world.open("/more/recent?form=half").await;
        assert_eq!((page.status.as_u16(), page.url.as_str()), (200, at("/more/recent?form=half").as_str()));
        assert_eq!(asked(&world, "max_age"), [None, Some("300".to_owned())]);
        world.wait(Duration::from_secs(299));
        assert_eq!(world.open("/more/recent").await.status, 200);
        assert_eq!(asked(&world, "max_age").len(), 2);
    }

    async fn a_provider_that_gives_an_old_authentication_again_is_told_to_ask_and_then_a_page_says_so(world) {
        let start = world.provider.requests().len();
        assert_eq!(start, 0);
        world.open("/dashboard").await;
        world.wait(TEN_MINUTES);
        world.provider.inject_always(Fault::id_token(|_, claims| {
            let now = claims["iat"].as_u64().unwrap();
            claims.insert("auth_time".to_owned(), (now - 600).into());
        }));
        let page = world.open("/more/recent").await;
        assert_eq!(page.status, 403);
        assert_eq!(asked(&world, "prompt"), [None, None, Some("login".to_owned())]);
        assert_eq!(greeting(&world).await, "hello ada");
        world.provider.clear();
        let landed = world.browser.follow_link(&link(&page), &at("/")).await.unwrap();
        assert_eq!((landed.status.as_u16(), landed.url.as_str()), (200, at("/more/recent").as_str()));
    }

    async fn a_script_gets_the_challenge_and_a_link_that_asks_for_just_that(world) {
        world.open("/dashboard").await;
        world.wait(TEN_MINUTES);
        let page = fetch(&world, "/more/all").await;
        assert_eq!(page.status, 401);
        let challenge = page.header("www-authenticate").unwrap().to_owned();
        assert!(challenge.starts_with("Bearer realm=\"sign-in\", error=\"insufficient_user_authentication\""), "{challenge}");
        assert!(challenge.contains("acr_values=\"aal2\"") && challenge.contains("max_age=\"300\""), "{challenge}");
        let body: Value = serde_json::from_str(&page.text()).unwrap();
        assert_eq!((&body["code"], &body["max_age"]), (&"insufficient_user_authentication".into(), &300.into()));
        let landed = world.browser.follow_link(&login_url(&page.text()), &at("/dashboard")).await.unwrap();
        assert_eq!((landed.status.as_u16(), landed.url.as_str()), (200, at("/more/all").as_str()));
        assert_eq!(asked(&world, "acr_values").last(), Some(&Some("aal2".to_owned())));
        assert_eq!(fetch(&world, "/more/all").await.status, 200);
    }

    async fn a_post_that_needs_more_is_told_so_and_htmx_is_sent_there(world) {
        world.open("/dashboard").await;
        let cookie = session_header(&world);
        let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
        assert_eq!(raw(&world, Method::POST, "/more/level", &headers).await.status(), 401);
        let current = at("/dashboard/form");
        let hx = [headers[0], headers[1], ("hx-request", "true"), ("hx-current-url", current.as_str())];
        let response = raw(&world, Method::POST, "/more/level", &hx).await;
        let to = response.headers()["hx-redirect"].to_str().unwrap().to_owned();
        let landed = world.browser.follow_link(&at(&to), &at("/dashboard")).await.unwrap();
        assert_eq!(landed.url.as_str(), current);
        assert_eq!(asked(&world, "acr_values").last(), Some(&Some("aal2".to_owned())));
    }

    async fn a_form_that_needs_more_leads_back_to_its_page_and_never_to_another_site(world) {
        world.open("/dashboard").await;
        let cookie = session_header(&world);
        for (referer, lands) in [
            (at("/dashboard/form?draft=7&x=%25"), "/dashboard/form?draft=7&x=%25"),
            ("https://evil.example/dashboard".to_owned(), "/more/level"),
            ("https://app.example.com.evil.example/".to_owned(), "/more/level"),
            (at("//evil.example/"), "/"),
            (at("/auth/logout"), "/"),
        ] {
            let headers = [("cookie", cookie.as_str()), ("accept", "text/html"), ("sec-fetch-site", "same-origin"), ("referer", referer.as_str())];
            let response = raw(&world, Method::POST, "/more/level", &headers).await;
            assert_eq!(response.status(), 401, "{referer}");
            let body = String::from_utf8(response.body().to_vec()).unwrap();
            let to = body.split("href=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
            let landed = world.browser.new_tab().follow_link(&at(&to.replace("&amp;", "&")), &at("/")).await.unwrap();
            assert_eq!(landed.url.as_str(), at(lands), "{referer}");
        }
    }

    async fn a_wish_that_was_not_sealed_here_is_none(world) {
        world.open("/dashboard").await;
        let page = fetch(&world, "/more/level").await;
        let link = login_url(&page.text());
        let (start, sealed) = link.split_once("&wish=").unwrap();
        let mut changed = sealed.to_owned();
        changed.replace_range(30..31, if &sealed[30..31] == "A" { "B" } else { "A" });
        for forged in ["", "AAAA", "acr_values=aal2", &changed, &sealed[..40]] {
            let landed = world.browser.follow_link(&format!("{start}&wish={forged}&acr_values=aal3&prompt=none&scope=admin&max_age=0"), "https://evil.example/").await.unwrap();
            assert!(landed.url.path() == "/more/level" || landed.status == 400, "{}", landed.url);
            let seen = world.provider.requests().into_iter().find(|seen| seen.path == "/oauth2/authorize" && seen.parameter("prompt").is_none()).unwrap();
            assert_eq!((seen.parameter("acr_values"), seen.parameter("scope").as_deref()), (None, Some("openid profile email")), "{forged}");
            world.provider.forget_requests();
            world.browser.forget_cookies();
        }
    }

    async fn what_was_reached_before_is_kept_when_something_else_is_asked_for(world) {
        world.open("/more/level").await;
        world.open("/more/files").await;
        assert_eq!(asked(&world, "acr_values").last(), Some(&Some("aal2".to_owned())), "the class there was");
        let trips = asked(&world, "scope").len();
        for path in ["/more/level", "/more/files", "/more/all"] {
            assert_eq!(world.open(path).await.status, 200, "{path}");
        }
        assert_eq!(asked(&world, "scope").len(), trips, "no ping-pong");
    }

    async fn somebody_else_may_answer_and_the_session_before_is_over(world) {
        world.open("/dashboard").await;
        let before = session_value(&world.browser).unwrap();
        world.provider.sign_in_as("grace");
        assert_eq!(world.open("/more/level").await.text(), "more for grace with aal2 as ");
        assert_eq!(greeting(&world).await, "hello grace");
        if world.kind.has_store() {
            assert_eq!(greeting_for(&world, &before).await, "hello nobody");
            assert_eq!(world.provider.calls("/oauth2/revoke"), 1, "ada's tokens are given back");
        }
    }

    async fn a_step_up_that_was_cancelled_leaves_the_session_as_it_was(world) {
        world.open("/dashboard").await;
        world.provider.inject(Fault::authorize_error("access_denied"));
        let page = world.open("/more/level").await;
        assert_eq!((page.status.as_u16(), greeting(&world).await.as_str()), (403, "hello ada"));
    }
}

wherever_stored! {
    async fn a_step_up_is_told_as_one(framework, kind) {
        use EventKind::{Ended, SignInStarted, SignedIn, SteppedUp};
        let heard: Arc<Mutex<Vec<EventKind>>> = Arc::default();
        let ears = Arc::clone(&heard);
        let world = World::with(framework, kind, |builder| {
            builder.on_event(move |event| ears.lock().unwrap().push(event.kind))
        }).await;
        world.open("/dashboard").await;
        world.open("/more/level").await;
        let expected = [SignInStarted, SignedIn, SignInStarted, SteppedUp, Ended(EndReason::Replaced)];
        assert_eq!(*heard.lock().unwrap(), expected);
        // The provider gives the same grant's tokens again: none of ada's own is revoked.
        assert_eq!(world.provider.calls("/oauth2/revoke"), 0);
    }
}

on_both_frameworks! {
    async fn a_page_for_a_reader_without_scripts_says_what_is_needed(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        world.open("/dashboard").await;
        let cookie = session_header(&world);
        let headers = [("cookie", cookie.as_str()), ("accept", "text/html"), ("sec-fetch-dest", "iframe"), ("sec-fetch-mode", "navigate")];
        let response = raw(&world, Method::GET, "/more/level", &headers).await;
        assert_eq!(response.status(), 401);
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(text.contains("stronger or more recent") && text.contains("&amp;wish="), "{text}");
    }

    async fn what_is_configured_is_demanded_beside_what_a_guard_demands(framework) {
        let gold = |builder: landfall::RelyingPartyBuilder| builder.require_acr(["urn:gold"]).max_age(Duration::from_secs(60));
        for (acr, level, status) in [("aal2", None, 403), ("urn:gold", None, 403), ("urn:gold", Some("AAL2"), 200), ("aal2", Some("AAL2"), 403)] {
            let world = World::with(framework, SessionKind::Memory, gold).await;
            world.provider.inject_always(Fault::id_token(move |_, claims| {
                claims.insert("acr".to_owned(), acr.into());
                level.map(|level| claims.insert("auth_level".to_owned(), level.into()));
            }));
            assert_eq!(world.open("/more/level").await.status.as_u16(), status, "{acr} {level:?}");
            assert_eq!(asked(&world, "acr_values")[0].as_deref(), Some("aal2 urn:gold"));
            for path in ["/more/recent", "/more/files"] {
                assert_eq!(world.open(path).await.status == 200, acr == "urn:gold", "{path} {acr} {level:?}");
            }
            assert!(asked(&world, "max_age").iter().all(|age| age.as_deref() == Some("60")), "the stricter of the two");
        }
    }

    async fn a_guard_that_is_content_with_a_day_does_not_lift_the_five_minutes_that_are_configured(framework) {
        let world = World::with(framework, SessionKind::Memory, |builder| builder.max_age(Duration::from_secs(300))).await;
        assert_eq!(world.open("/more/daily").await.status, 200);
        world.browser.forget_cookies();
        let old = landfall::Clock::now(&world.clock).secs() - 600;
        world.provider.inject_always(Fault::id_token_claim("auth_time", old));
        assert_eq!(world.open("/more/daily").await.status, 403);
        assert_eq!(greeting(&world).await, "hello nobody");
        assert!(asked(&world, "max_age").iter().all(|age| ["300", "0"].contains(&age.as_deref().unwrap())));
    }

    async fn a_tenant_that_says_the_level_in_its_access_token_alone_is_heard_where_that_is_asked_for(framework) {
        for (asked_for, genuine, status) in [(true, true, 200), (false, true, 403), (true, false, 403)] {
            let world = World::with(framework, SessionKind::Memory, |builder| {
                if asked_for { builder.read_access_token() } else { builder }
            }).await;
            let token = world.provider.logout_token("app").unwrap()
                .header("typ", "at+jwt")
                .without_claim("events")
                .claim("sub", "ada")
                .claim("auth_level", "AAL2")
                .claim("sid", "ses_of_the_access_token");
            let other = landfall_testkit::SigningKey::generate(landfall_testkit::Algorithm::Rs256, "other").unwrap();
            let token = if genuine { token.signed() } else { token.signed_with(&other, landfall_testkit::Algorithm::Rs256) };
            world.provider.inject_always(Fault::id_token(|_, claims| {
                claims.retain(|name, _| !["acr", "sid", "at_hash"].contains(&name.as_str()));
            }));
            world.provider.inject_always(Fault::replace(landfall_testkit::Endpoint::Token, serde_json::Map::from_iter([("access_token".to_owned(), token.into())])));
            assert_eq!(world.open("/more/level").await.status.as_u16(), status, "{asked_for} {genuine}");
            if status == 200 {
                let me: Value = serde_json::from_str(&fetch(&world, "/me").await.text()).unwrap();
                assert_eq!(me["sid"], "ses_of_the_access_token");
            }
        }
    }
}
