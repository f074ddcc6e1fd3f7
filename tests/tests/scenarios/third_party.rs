//! A sign-in that somebody else starts (OpenID Connect Core §4): the provider's own list of applications, say.

use http::Method;
use landfall_tests::everywhere;

use crate::support::{asked, at, cookie_header_length, greeting, raw, session_value};

const FROM: &str = "https://op.example/apps";
const ISS: &str = "iss=https%3A%2F%2Fop.example";

everywhere! {
    async fn the_providers_list_of_applications_leads_in_and_to_the_page_it_names(world) {
        let target = "https%3A%2F%2Fapp.example.com%2Fdashboard%2Fx%3Fy%3D1%26z%3D%2525";
        let page = world.browser.follow_link(&at(&format!("/auth/login?{ISS}&login_hint=ada%40example.test&target_link_uri={target}&scope=admin&prompt=none")), FROM).await.unwrap();
        assert_eq!((page.status.as_u16(), page.url.as_str()), (200, at("/dashboard/x?y=1&z=%25").as_str()));
        assert_eq!(asked(&world, "login_hint"), [Some("ada@example.test".to_owned())]);
        assert_eq!((asked(&world, "prompt"), asked(&world, "scope")), (vec![None], vec![Some("openid profile email".to_owned())]));
    }

    async fn it_may_post_as_well(world) {
        let form = [("iss", "https://op.example"), ("target_link_uri", "https://app.example.com/dashboard"), ("login_hint", "ada")];
        let page = world.browser.post_form(&at("/auth/login"), &form, FROM).await.unwrap();
        assert_eq!((page.status.as_u16(), page.url.as_str()), (200, at("/dashboard").as_str()));
        assert_eq!(asked(&world, "login_hint"), [Some("ada".to_owned())]);
    }

    async fn a_page_that_posts_again_and_again_fills_no_request_header(world) {
        world.provider.ask_who_signs_in();
        let long = format!("https://app.example.com/dashboard?q={}", "x".repeat(1900));
        for _ in 0..20 {
            let form = [("iss", "https://op.example"), ("target_link_uri", long.as_str())];
            let page = world.browser.post_form(&at("/auth/login"), &form, "https://evil.example/").await.unwrap();
            assert_eq!(page.url.host_str(), Some("op.example"));
        }
        assert!(cookie_header_length(&world.browser) < 8 * 1024, "{}", cookie_header_length(&world.browser));
    }

    async fn open_redirect_by_target_link_uri_lands_at_home(world) {
        for hostile in [
            "https://evil.example/", "//evil.example", "https://app.example.com.evil.example/", "https://app.example.com@evil.example/",
            "https://app.example.com:444/x", "http://app.example.com/x", "https://app.example.com//evil.example", "https://app.example.com/\\evil.example",
            "https://APP.example.com/dashboard", "javascript:alert(1)", "https://app.example.com/auth/logout", "https://app.example.com/auth/callback?code=x", "/dashboard", "",
        ] {
            world.browser.forget_cookies();
            let value: String = form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
            let page = world.browser.follow_link(&at(&format!("/auth/login?{ISS}&target_link_uri={value}")), FROM).await.unwrap();
            assert_eq!(page.url.as_str(), at("/"), "{hostile}");
        }
    }

    async fn another_issuer_starts_nothing_and_nobody_is_asked_about_it(world) {
        for iss in ["https%3A%2F%2Fevil.example", "http%3A%2F%2F169.254.169.254%2F", "https%3A%2F%2Fop.example%2F", "https%3A%2F%2FOP.example", ""] {
            let page = world.browser.follow_link(&at(&format!("/auth/login?iss={iss}&login_hint=ada")), FROM).await.unwrap();
            assert_eq!(page.status, 400, "{iss}");
            let page = world.browser.post_form(&at("/auth/login"), &[("iss", "https://evil.example")], FROM).await.unwrap();
            assert_eq!(page.status, 400);
        }
        assert_eq!(world.provider.requests().len(), 0);
    }

    async fn login_csrf_a_link_to_somebody_elses_callback_signs_nobody_in(world) {
        // The attacker's own sign-in, stopped before its callback.
        let attacker = world.other_browser();
        world.provider.sign_in_as("grace");
        let mut page = attacker.open_without_following(&at("/auth/login?return_to=/dashboard")).await.unwrap();
        while !page.location().unwrap().as_str().starts_with(&at("/auth/callback")) {
            let next = page.location().unwrap().to_string();
            page = attacker.open_without_following(&next).await.unwrap();
        }
        let callback = page.location().unwrap().to_string();
        world.provider.sign_in_as("ada");
        world.open("/dashboard").await;
        let before = session_value(&world.browser);
        let page = world.browser.follow_link(&callback, "https://evil.example/").await.unwrap();
        assert!(page.status == 400 || page.url.as_str() == at("/dashboard"), "{}", page.status);
        assert_eq!((session_value(&world.browser), greeting(&world).await.as_str()), (before, "hello ada"));
    }

    async fn what_is_no_form_is_not_taken(world) {
        let json = [("content-type", "application/json")];
        assert_eq!(raw(&world, Method::POST, "/auth/login", &json).await.status(), 405);
        let form = "x".repeat(17 * 1024);
        let page = world.browser.post_form(&at("/auth/login"), &[("login_hint", &form)], FROM).await.unwrap();
        assert_eq!(page.status, 413);
    }
}
