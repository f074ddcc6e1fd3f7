//! Requests that could change something, on the session of somebody signed in.

use http::Method;
use landfall::danger;
use landfall_tests::{BASE_URL, SessionKind, World, everywhere, on_both_frameworks};

use crate::support::{at, raw, session_header};

everywhere! {
    async fn a_cross_site_post_on_a_signed_in_session_is_refused(world) {
        world.open("/dashboard").await;
        let session = session_header(&world);
        for from in [
            vec![("sec-fetch-site", "cross-site")],
            vec![("sec-fetch-site", "same-site")],
            vec![("sec-fetch-site", "cross-site"), ("origin", BASE_URL)],
            vec![("sec-fetch-site", "nonsense")],
            vec![("origin", "https://evil.example")],
            vec![("origin", "https://other.example.com")],
            vec![("origin", "http://app.example.com")],
            vec![("origin", "https://app.example.com:444")],
            vec![("origin", "https://app.example.com.evil.example")],
            vec![("origin", "null")],
        ] {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                let headers = [&[("cookie", session.as_str())], &from[..]].concat();
                let response = raw(&world, method, "/reports/7", &headers).await;
                assert_eq!(response.status(), 403, "{from:?}");
            }
        }
    }

    async fn a_sibling_site_posts_with_the_cookie_and_is_refused(world) {
        world.open("/dashboard").await;
        let page = world.browser.post_form(&at("/reports/7"), &[], "https://other.example.com/").await.unwrap();
        assert!(page.hops[0].request_headers.contains_key("cookie"));
        assert_eq!(page.status, 403);
        assert!(page.text().contains("another site"), "{}", page.text());
    }

    async fn posts_of_the_application_itself_and_of_no_browser_pass(world) {
        world.open("/dashboard").await;
        let page = world.browser.post_form(&at("/reports/7"), &[], BASE_URL).await.unwrap();
        assert_eq!(page.text(), "report kept");
        let session = session_header(&world);
        for from in [vec![], vec![("sec-fetch-site", "none")], vec![("origin", BASE_URL)]] {
            let headers = [&[("cookie", session.as_str())], &from[..]].concat();
            let response = raw(&world, Method::POST, "/reports/7", &headers).await;
            assert_eq!(response.status(), 200, "{from:?}");
        }
    }

    async fn a_cross_site_websocket_handshake_on_a_session_is_refused(world) {
        world.open("/dashboard").await;
        let session = session_header(&world);
        let handshake = [("cookie", session.as_str()), ("connection", "Upgrade"), ("upgrade", "websocket")];
        let hostile = [&handshake[..], &[("origin", "https://evil.example")]].concat();
        assert_eq!(raw(&world, Method::GET, "/stream", &hostile).await.status(), 403);
        let own = [&handshake[..], &[("origin", BASE_URL)]].concat();
        assert_eq!(raw(&world, Method::GET, "/stream", &own).await.status(), 200);
    }

    async fn a_cross_site_link_is_followed_signed_in(world) {
        world.open("/dashboard").await;
        let page = world.browser.follow_link(&at("/dashboard/x"), "https://elsewhere.example/").await.unwrap();
        assert_eq!((page.hops.len(), page.status.as_u16()), (1, 200));
    }

    async fn posts_of_strangers_that_carry_no_session_are_the_applications_affair(world) {
        let page = world.browser.post_form(&at("/open-echo"), &[("a", "b")], "https://evil.example/").await.unwrap();
        assert_eq!(page.text(), "a=b");
    }
}

on_both_frameworks! {
    async fn danger_lifts_the_check_for_the_named_path_alone(framework) {
        let lift = |builder| danger::allow_cross_site(builder, "/echo");
        let world = World::with(framework, SessionKind::Cookie, lift).await;
        world.open("/dashboard").await;
        let session = session_header(&world);
        let headers = [("cookie", session.as_str()), ("origin", "https://evil.example")];
        assert_eq!(raw(&world, Method::POST, "/echo", &headers).await.status(), 200);
        for other in ["/echo/", "/echo/x", "/ECHO", "/open-echo", "/reports/7", "/auth/logout"] {
            assert_eq!(raw(&world, Method::POST, other, &headers).await.status(), 403, "{other}");
        }
    }
}
