//! What can be tried at the application's own sign-in page: words that somebody else chose, and circles.

use http::{Method, Request};
use landfall_testkit::Page;
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};
use serde_json::Value;

const KINDS: [SessionKind; 3] = [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite];
const FAILURE: &str = "__Host-landfall-failure";
const SECOND: &str = "https://second.example.com";

fn at(path: &str) -> String {
    format!("{BASE_URL}{path}")
}

async fn world(framework: Framework, kind: SessionKind) -> World {
    World::with(framework, kind, |builder| builder.base_url(SECOND).sign_in_page("/login")).await
}

/// What the page shows of a failure.
fn failure(page: &Page) -> Value {
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/login"), "{}", page.text());
    serde_json::from_slice::<Value>(&page.body).unwrap()["failure"].clone()
}

/// A sign-in that failed: the page that it came back to.
async fn failed(world: &World) -> Page {
    let page = world.open("/auth/callback?state=x&code=y").await;
    assert!(failure(&page).is_array(), "{}", page.text());
    page
}

on_both_frameworks! {
    async fn nobody_lands_at_the_sign_in_page_however_it_is_spelled(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            for place in [
                "/login", "/login?x=1", "/login#x", "/login/", "/LOGIN", "/%6Cogin", "/%256Cogin", "/x/../login", "/x/%2e%2e/login",
                "/login;x=1", "/.%2flogin", "/%EF%BD%8Cogin", "/login?return_to=/login", "/auth/providers", "/auth/providers?x",
            ] {
                world.browser.forget_cookies();
                let value: String = form_urlencoded::byte_serialize(place.as_bytes()).collect();
                let landed = world.open(&format!("/auth/login?return_to={value}")).await;
                assert_eq!((landed.url.as_str(), landed.text().as_str()), (at("/").as_str(), "hello ada"), "{place}");
                // Nor by way of the page, which passes on what it was opened with.
                let page = world.open(&format!("/login?return_to={value}")).await;
                assert!(page.text().contains("\"login_url\":\"/auth/login?return_to=%2F\""), "{place}: {}", page.text());
            }
            for place in ["/loginx", "/login2", "/x/login", "/logi"] {
                let landed = world.open(&format!("/auth/login?return_to={place}")).await;
                assert_eq!(landed.url.as_str(), at(place));
            }
        }
    }

    async fn a_failure_of_another_browser_says_nothing(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        let address = failed(&world).await.url.to_string();
        let victim = world.other_browser();
        assert_eq!(failure(&victim.follow_link(&address, "https://evil.example/").await.unwrap()), Value::Null);
        // Nor where the victim had one of their own.
        victim.open(&at("/auth/callback?state=x&code=y")).await.unwrap();
        assert_eq!(failure(&victim.open(&address).await.unwrap()), Value::Null);
        assert!(failure(&world.browser.open(&address).await.unwrap()).is_array());
    }

    async fn a_failure_of_another_base_url_says_nothing_whatever_cookie_comes_with_it(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        let query = failed(&world).await.url.query().unwrap().to_owned();
        let cookies = world.browser.cookies_for(BASE_URL).unwrap();
        let secret = cookies.iter().find(|cookie| cookie.name == FAILURE).unwrap();
        for (host, is_told) in [("app.example.com", true), ("second.example.com", false)] {
            let request = Request::get(at(&format!("/login?{query}")))
                .header("host", host)
                .header("cookie", format!("{FAILURE}={}", secret.value));
            let shown = world.browser.send(request.body(bytes::Bytes::new()).unwrap()).await.unwrap();
            let shown: Value = serde_json::from_slice(shown.body()).unwrap();
            assert_eq!(shown["failure"].is_array(), is_told, "{host}");
        }
    }

    async fn a_failure_is_forgotten_after_ten_minutes_though_its_cookie_is_kept(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        let page = failed(&world).await;
        let cookies = world.browser.cookies_for(BASE_URL).unwrap();
        let secret = cookies.iter().find(|cookie| cookie.name == FAILURE).unwrap().value.clone();
        for (seconds, is_told) in [(599, true), (2, false), (86_400, false)] {
            world.wait(std::time::Duration::from_secs(seconds));
            let line = format!("{FAILURE}={secret}; Path=/; Secure; HttpOnly");
            world.browser.set_cookie(BASE_URL, &line).unwrap();
            assert_eq!(failure(&world.browser.open(page.url.as_str()).await.unwrap()).is_array(), is_told);
        }
    }

    async fn words_of_somebody_elses_are_no_failure(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        let page = failed(&world).await;
        let sealed = page.url.query_pairs().find(|(name, _)| name == "failure").unwrap().1.into_owned();
        let mut changed = sealed.clone().into_bytes();
        let last = changed.len() - 1;
        changed[last / 2] = if changed[last / 2] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let wish = world.open("/links").await.text().split("wish=").nth(1).unwrap().to_owned();
        for words in [
            "Your account is locked. Call 0800 123".to_owned(), changed, String::new(), wish, "\u{0}".to_owned(), "A".repeat(3000),
            format!("{sealed}&failure={sealed}"), format!("x&failure={sealed}"),
        ] {
            let query = match words.split_once("&failure=") {
                Some((first, second)) => format!("failure={first}&failure={second}"),
                None => format!("failure={}", form_urlencoded::byte_serialize(words.as_bytes()).collect::<String>()),
            };
            for parameters in [query, format!("error=access_denied&error_description={sealed}&message=locked")] {
                let page = world.open(&format!("/login?{parameters}")).await;
                assert_eq!(failure(&page), Value::Null, "{parameters}");
                assert!(!page.text().contains("0800") && !page.text().contains("locked"), "{}", page.text());
            }
        }
    }

    async fn open_redirect_by_way_of_the_page_lands_at_home_and_asks_the_provider_for_nothing_that_a_stranger_worded(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        for hostile in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/auth/logout"] {
            let value: String = form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
            let page = world.browser.follow_link(&at(&format!("/login?return_to={value}&wish=AAAA&prompt=none&scope=admin&login_hint=x&iss=https%3A%2F%2Fevil.example")), "https://evil.example/").await.unwrap();
            let shown: Value = serde_json::from_slice(&page.body).unwrap();
            assert_eq!(shown["providers"][0]["login_url"], "/auth/login?return_to=%2F", "{hostile}");
            assert_eq!(shown["login_url"], "/login?return_to=%2F", "{hostile}");
        }
    }

    async fn another_site_reads_neither_the_list_nor_a_failure(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        let query = failed(&world).await.url.query().unwrap().to_owned();
        for origin in ["https://evil.example", "https://app.example.com.evil.example", "http://app.example.com", SECOND] {
            let list = world.browser.fetch(Method::GET, &at(&format!("/auth/providers?{query}")), &[], "", origin).await.unwrap();
            assert_eq!((list.status.as_u16(), list.header("access-control-allow-origin")), (403, None), "{origin}");
            assert!(!list.text().contains("providers") && !list.text().contains("login_url"), "{}", list.text());
        }
        let sandboxed = Request::get(at("/auth/providers")).header("origin", "null").body(bytes::Bytes::new()).unwrap();
        assert_eq!(world.browser.send(sandboxed).await.unwrap().status(), 403);
    }
}
