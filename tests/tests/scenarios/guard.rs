//! What a guarded route answers to whoever is not signed in, by what kind of request it is.

use http::Method;
use landfall_tests::{BASE_URL, everywhere};

use crate::support::{at, fetch, link, raw, session_value, set_cookies};

const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

everywhere! {
    async fn a_fetch_gets_a_401_in_json_with_the_login_url_and_no_cookie(world) {
        let page = fetch(&world, "/dashboard/x?y=1").await;
        assert_eq!(page.status, 401);
        assert_eq!(page.hops.len(), 1);
        assert_eq!(page.header("content-type"), Some("application/problem+json"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert!(page.header("www-authenticate").is_some());
        assert!(set_cookies(&page.headers).is_empty() && page.header("location").is_none());
        let problem: serde_json::Value = serde_json::from_slice(&page.body).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&401.into(), &"sign_in_required".into()));
        let login = problem["login_url"].as_str().unwrap();
        assert_eq!(login, "/auth/login?return_to=%2Fdashboard%2Fx%3Fy%3D1");
        assert_eq!(world.open(login).await.url.as_str(), at("/dashboard/x?y=1"));
    }

    async fn what_is_no_navigation_gets_a_401_and_no_cookie(world) {
        let navigate = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), HTML];
        let with = |more: &[(&'static str, &'static str)]| [&navigate[..], more].concat();
        let upgrade = [("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13"), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")];
        for (what, method, headers) in [
            ("HEAD", Method::HEAD, with(&[])),
            ("OPTIONS", Method::OPTIONS, vec![HTML]),
            ("POST", Method::POST, with(&[])),
            ("DELETE", Method::DELETE, vec![]),
            ("prefetch", Method::GET, with(&[("sec-purpose", "prefetch")])),
            ("prerender", Method::GET, with(&[("sec-purpose", "prefetch;prerender")])),
            ("old prefetch", Method::GET, with(&[("purpose", "prefetch")])),
            ("Firefox's prefetch", Method::GET, with(&[("x-moz", "prefetch")])),
            ("iframe", Method::GET, vec![("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe"), HTML]),
            ("image", Method::GET, vec![("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")]),
            ("event stream", Method::GET, vec![("accept", "text/event-stream"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")]),
            ("event stream without metadata", Method::GET, vec![("accept", "text/event-stream")]),
            ("WebSocket", Method::GET, [&upgrade[..], &[("sec-fetch-mode", "websocket")]].concat()),
            ("WebSocket of an old browser", Method::GET, [&upgrade[..], &[HTML]].concat()),
            ("XHR", Method::GET, vec![("x-requested-with", "XMLHttpRequest"), HTML]),
            ("curl", Method::GET, vec![("accept", "*/*")]),
            ("bare", Method::GET, vec![]),
        ] {
            for path in ["/reports/7", "/merged"] {
                let response = raw(&world, method.clone(), path, &headers).await;
                assert_eq!(response.status(), 401, "{what} {path}");
                assert!(set_cookies(response.headers()).is_empty(), "{what} {path}");
                assert!(!response.headers().contains_key("location"), "{what} {path}");
                assert!(response.headers().contains_key("www-authenticate"), "{what} {path}");
            }
        }
        assert_eq!(world.provider.requests().len(), 0);
    }

    async fn a_person_is_sent_to_the_provider_by_303_and_never_by_307(world) {
        for headers in [vec![("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), HTML], vec![HTML]] {
            let response = raw(&world, Method::GET, "/reports/7", &headers).await;
            assert_eq!(response.status(), 303);
            assert_eq!(set_cookies(response.headers()).len(), 1);
            assert_eq!(response.headers()["cache-control"], "no-store");
            assert!(response.headers()["location"].to_str().unwrap().starts_with("https://op.example/oauth2/authorize?"));
        }
    }

    async fn htmx_is_told_where_to_go_with_the_page_around_it(world) {
        let page = at("/dashboard/x?y=1");
        let headers = [("hx-request", "true"), ("hx-current-url", page.as_str()), ("sec-fetch-mode", "cors")];
        let response = raw(&world, Method::GET, "/reports/7", &headers).await;
        assert_eq!(response.status(), 401);
        assert!(set_cookies(response.headers()).is_empty());
        let to = response.headers()["hx-redirect"].to_str().unwrap().to_owned();
        assert_eq!(to, "/auth/login?return_to=%2Fdashboard%2Fx%3Fy%3D1");
        assert_eq!(world.open(&to).await.url.as_str(), page);
    }

    async fn htmx_on_a_page_of_another_origin_leads_to_the_default_page(world) {
        for foreign in ["https://evil.example/", "https://app.example.com.evil.example/x", "//evil.example", "nonsense"] {
            let headers = [("hx-request", "true"), ("hx-current-url", foreign)];
            let response = raw(&world, Method::GET, "/reports/7", &headers).await;
            assert_eq!(response.headers()["hx-redirect"], "/auth/login?return_to=%2F", "{foreign}");
        }
    }

    async fn a_form_post_gets_a_page_that_leads_to_the_sign_in(world) {
        let page = world.browser.post_form(&at("/reports/7"), &[("a", "b")], BASE_URL).await.unwrap();
        assert_eq!((page.status.as_u16(), page.hops.len()), (401, 1));
        assert!(page.header("content-type").unwrap().starts_with("text/html"));
        assert!(set_cookies(&page.headers).is_empty());
        let landed = world.browser.open(&link(&page)).await.unwrap();
        assert_eq!(landed.url.as_str(), at("/reports/7"));
    }

    async fn a_posting_script_gets_a_problem(world) {
        let headers = [("accept", "application/json"), ("content-type", "application/json")];
        for path in ["/reports/7", "/echo"] {
            let page = world.browser.fetch(Method::POST, &at(path), &headers, "{}", BASE_URL).await.unwrap();
            assert_eq!(page.status, 401, "{path}");
            assert_eq!(page.header("content-type"), Some("application/problem+json"), "{path}");
            assert!(set_cookies(&page.headers).is_empty(), "{path}");
        }
        assert!(session_value(&world.browser).is_none());
    }

    async fn a_fetched_login_link_starts_nothing(world) {
        let page = fetch(&world, "/auth/login?return_to=%2Fdashboard").await;
        assert_eq!((page.status.as_u16(), page.hops.len()), (401, 1));
        assert!(set_cookies(&page.headers).is_empty());
        let response = raw(&world, Method::POST, "/auth/login", &[]).await;
        assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().unwrap()), (405, "GET, POST"));
    }

    async fn a_signed_in_script_and_stream_are_served(world) {
        world.open("/dashboard").await;
        assert_eq!(fetch(&world, "/dashboard/x").await.text(), "dashboard of ada at /dashboard/x with no query");
        assert_eq!(fetch(&world, "/stream").await.text(), "data: hello\n\n");
    }
}
