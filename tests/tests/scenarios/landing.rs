//! Where a sign-in lands.

use landfall_tests::{BASE_URL, SessionKind, World, everywhere, on_both_frameworks};

use crate::support::{at, session_value};

everywhere! {
    async fn a_deep_link_is_where_the_sign_in_lands(world) {
        let page = world.open("/dashboard/x%20y?tab=2&q=a%20b&q=c").await;
        assert_eq!(page.url.as_str(), "https://app.example.com/dashboard/x%20y?tab=2&q=a%20b&q=c");
        assert_eq!(page.text(), "dashboard of ada at /dashboard/x%20y with tab=2&q=a%20b&q=c");
        assert_eq!(world.token_calls(), 1);
    }

    async fn the_login_link_of_a_public_page_leads_back_to_it(world) {
        assert_eq!(world.open("/?lang=en").await.text(), "hello nobody");
        assert_eq!(world.provider.requests().len(), 0);
        let page = world.open("/auth/login?return_to=%2F%3Flang%3Den%26x%3D%2525").await;
        assert_eq!(page.url.as_str(), "https://app.example.com/?lang=en&x=%25");
        assert_eq!(page.text(), "hello ada");
    }

    async fn a_login_link_without_a_destination_lands_on_the_root(world) {
        let page = world.open("/auth/login").await;
        assert_eq!(page.url.as_str(), at("/"));
        assert_eq!(page.text(), "hello ada");
    }

    async fn whoever_is_signed_in_and_signs_in_again_lands_all_the_same(world) {
        world.open("/dashboard").await;
        let page = world.open("/auth/login?return_to=%2Fdashboard%2Fy").await;
        assert_eq!(page.url.as_str(), at("/dashboard/y"));
    }

    async fn an_open_redirect_through_the_login_link_lands_on_the_default_page(world) {
        for hostile in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "/%09/evil.example",
            "/%2F/evil.example",
            "javascript:alert(1)",
            "/../..//evil.example",
            "evil.example",
            "",
        ] {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", hostile).finish();
            let page = world.open(&format!("/auth/login?{query}")).await;
            assert_eq!(page.url.as_str(), at("/"), "{hostile:?}");
            assert_eq!(page.text(), "hello ada", "{hostile:?}");
            world.browser.forget_cookies();
        }
    }

    async fn two_destinations_in_one_login_link_are_none(world) {
        let page = world.open("/auth/login?return_to=%2Fdashboard&return_to=%2F%2Fevil.example").await;
        assert_eq!(page.url.as_str(), at("/"));
    }

    async fn a_destination_that_is_a_path_of_ours_lands_on_the_default_page(world) {
        for own in ["/auth/login", "/auth/logout", "/auth/callback?code=x&state=y", "/auth/login?return_to=/"] {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", own).finish();
            let page = world.open(&format!("/auth/login?{query}")).await;
            assert_eq!(page.url.as_str(), at("/"), "{own}");
            assert!(session_value(&world.browser).is_some(), "{own}");
            world.browser.forget_cookies();
        }
    }

    async fn a_login_link_for_another_issuer_is_refused(world) {
        let page = world.open("/auth/login?iss=https%3A%2F%2Fevil.example").await;
        assert_eq!(page.status, 400);
        let page = world.open("/auth/login?iss=https%3A%2F%2Fop.example&return_to=%2Fdashboard").await;
        assert_eq!(page.url.as_str(), at("/dashboard"));
    }

    async fn login_guard_and_logout_keep_the_same_destination(world) {
        let destination = "/dashboard/x?q=a%26b&q=%C3%BC";
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", destination).finish();
        assert_eq!(world.open(destination).await.url.as_str(), at(destination));
        world.browser.forget_cookies();
        assert_eq!(world.open(&format!("/auth/login?{query}")).await.url.as_str(), at(destination));
        let mut page = world.browser.post_form(&at("/auth/logout"), &[("return_to", destination)], BASE_URL).await.unwrap();
        // Without an ID token the provider asks whether it is meant.
        if !world.kind.has_store() {
            page = world.browser.submit(&page, "Sign out", &[]).await.unwrap();
        }
        assert_eq!(page.url.as_str(), at(destination), "{}", page.text());
    }
}

on_both_frameworks! {
    async fn the_default_destination_can_be_chosen(framework) {
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.default_return_to("/dashboard")).await;
        assert_eq!(world.open("/auth/login").await.url.as_str(), at("/dashboard"));
    }
}
