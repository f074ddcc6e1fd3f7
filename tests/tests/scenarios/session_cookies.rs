//! What the session's cookie may be, and what becomes of strange ones.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use landfall::RelyingPartyBuilder;
use landfall_testkit::SameSitePolicy;
use landfall_tests::{BASE_URL, SessionKind, World, everywhere, on_both_frameworks};

use crate::support::{
    SESSION, at, attempt_cookies, fetch, greeting, greeting_for, raw, session_value, set_cookies,
};

fn plant(world: &World, value: &str) {
    let line = format!("{SESSION}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600");
    assert!(world.browser.set_cookie(BASE_URL, &line).unwrap());
}

everywhere! {
    async fn every_cookie_of_ours_is_bound_to_the_host_and_out_of_scripts_reach(world) {
        world.open_once("/dashboard/other").await;
        world.open("/dashboard").await;
        assert_eq!(attempt_cookies(&world.browser, "login").len(), 1);
        assert_eq!(attempt_cookies(&world.browser, "spent").len(), 1);
        let cookies = world.browser.cookies_for(BASE_URL).unwrap();
        assert_eq!(cookies.len(), 3);
        for cookie in cookies {
            assert!(cookie.name.starts_with("__Host-landfall-"), "{}", cookie.name);
            assert!(cookie.secure && cookie.http_only && cookie.host_only, "{}", cookie.name);
            assert_eq!((cookie.path.as_str(), cookie.same_site), ("/", SameSitePolicy::Lax), "{}", cookie.name);
            assert!(cookie.expires.is_some(), "{}", cookie.name);
        }
    }

    async fn session_fixation_a_planted_session_is_replaced_at_the_sign_in(world) {
        let attacker = world.other_browser();
        world.provider.sign_in_as("grace");
        attacker.open(&at("/dashboard")).await.unwrap();
        let planted = session_value(&attacker).unwrap();
        world.provider.sign_in_as("ada");
        world.provider.forget_sessions();
        plant(&world, &planted);
        assert_eq!(greeting(&world).await, "hello grace");
        assert_eq!(world.open("/auth/login?return_to=%2F").await.text(), "hello ada");
        assert_ne!(session_value(&world.browser).unwrap(), planted);
        // What the attacker holds never becomes the victim's session.
        let theirs = greeting_for(&world, &planted).await;
        assert_eq!(theirs, if world.kind.has_store() { "hello nobody" } else { "hello grace" });
    }

    async fn every_sign_in_has_a_session_of_its_own(world) {
        let mut seen = Vec::new();
        for _ in 0..4 {
            world.open("/auth/login").await;
            seen.push(session_value(&world.browser).unwrap());
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 4);
        assert_eq!(greeting(&world).await, "hello ada");
    }

    /// It is not cleared either: a late answer to an old request would take a new session away.
    async fn a_garbage_session_is_anonymous_and_left_for_the_next_sign_in_to_replace(world) {
        for garbage in ["garbage", "", "A", "%00", "e30.e30.sig"] {
            plant(&world, garbage);
            let page = fetch(&world, "/").await;
            assert_eq!((page.text().as_str(), set_cookies(&page.headers).len()), ("hello nobody", 0), "{garbage:?}");
            let page = world.open("/").await;
            assert_eq!((page.text().as_str(), set_cookies(&page.headers).len()), ("hello nobody", 0), "{garbage:?}");
        }
        assert_eq!(world.open("/dashboard").await.url.as_str(), at("/dashboard"));
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_session_of_a_later_release_is_anonymous_and_left_alone(world) {
        let mut later = [7; 60];
        later[0] = 2;
        let value = URL_SAFE_NO_PAD.encode(later);
        plant(&world, &value);
        for _ in 0..2 {
            let page = world.open("/").await;
            assert_eq!((page.text().as_str(), set_cookies(&page.headers).len()), ("hello nobody", 0));
        }
        assert_eq!(session_value(&world.browser), Some(value));
        assert_eq!(world.open("/dashboard").await.url.as_str(), at("/dashboard"));
    }

    async fn a_changed_session_cookie_is_nobodys(world) {
        world.open("/dashboard").await;
        let good = session_value(&world.browser).unwrap();
        for at in [0, 1, good.len() / 2, good.len() - 2] {
            let mut bytes = good.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(greeting_for(&world, &changed).await, "hello nobody", "byte {at}");
        }
        assert_eq!(greeting_for(&world, &format!("{good}A")).await, "hello nobody");
        assert_eq!(greeting_for(&world, &good[..good.len() - 1]).await, "hello nobody");
        assert_eq!(greeting_for(&world, &good).await, "hello ada");
    }

    async fn a_tossed_cookie_beside_the_good_one_changes_nothing(world) {
        world.open("/dashboard").await;
        let good = session_value(&world.browser).unwrap();
        for cookies in [
            format!("{SESSION}=garbage; {SESSION}={good}"),
            format!("{SESSION}={good}; {SESSION}=garbage"),
            format!("__hOsT-landfall-session=evil; {SESSION}={good}"),
            format!("a=\"; {SESSION}={good}; b=\""),
            format!("{SESSION}; {SESSION}={good}"),
        ] {
            let response = raw(&world, Method::GET, "/", &[("cookie", &cookies)]).await;
            assert_eq!(response.body(), "hello ada", "{cookies}");
        }
        let swapped = format!("__host-landfall-session={good}; landfall-session={good}; x{SESSION}={good}");
        assert_eq!(raw(&world, Method::GET, "/", &[("cookie", &swapped)]).await.body(), "hello nobody");
    }

    async fn another_cookie_of_ours_is_no_session(world) {
        world.open_once("/dashboard").await;
        let cookies = world.browser.cookies_for(BASE_URL).unwrap();
        assert_eq!(greeting_for(&world, &cookies[0].value).await, "hello nobody");
    }
}

on_both_frameworks! {
    async fn a_session_cookie_of_the_applications_own_name_is_set_read_and_taken_away(framework) {
        for kind in SessionKind::all() {
            let world = World::with(framework, kind, |builder| builder.session_cookie_name("sid")).await;
            world.open("/dashboard").await;
            let names = || {
                let cookies = world.browser.cookies_for(BASE_URL).unwrap();
                cookies.into_iter().map(|cookie| cookie.name).filter(|name| !name.contains("spent")).collect::<Vec<_>>()
            };
            assert_eq!(names(), ["__Host-sid"], "{kind:?}");
            assert_eq!(greeting(&world).await, "hello ada");
            world.browser.post_form(&at("/auth/logout"), &[], BASE_URL).await.unwrap();
            assert_eq!(names(), Vec::<String>::new(), "{kind:?}");
            assert_eq!(greeting(&world).await, "hello nobody");
        }
    }

    async fn a_session_cookie_that_ends_with_the_browser_says_no_time_and_its_session_ends_as_ever(framework) {
        for kind in SessionKind::all() {
            let hour = Duration::from_secs(3600);
            let short = |builder: RelyingPartyBuilder| builder.non_persistent_session_cookie().idle_lifetime(hour);
            let world = World::with(framework, kind, short).await;
            world.open("/dashboard").await;
            let lasts = || {
                let cookies = world.browser.cookies_for(BASE_URL).unwrap();
                cookies.into_iter().find(|cookie| cookie.name == SESSION).unwrap().expires
            };
            assert_eq!(lasts(), None, "{kind:?}");
            world.wait(hour * 2 / 3);
            assert_eq!(greeting(&world).await, "hello ada", "{kind:?}");
            assert_eq!(lasts(), None, "renewed: {kind:?}");
            world.wait(hour * 2 / 3);
            assert_eq!(greeting(&world).await, "hello ada", "{kind:?}");
            world.wait(hour);
            assert_eq!(greeting(&world).await, "hello nobody", "{kind:?}");
        }
    }
}
