//! What caches may keep.

use http::Method;
use landfall::SiteData;
use landfall_tests::{BASE_URL, SessionKind, World, everywhere, on_both_frameworks};

use crate::support::{at, fetch, raw, set_cookies};

everywhere! {
    async fn answers_that_depend_on_who_is_there_are_private(world) {
        assert_eq!(world.open("/").await.header("cache-control"), Some("private, no-cache"));
        world.open("/dashboard").await;
        for path in ["/", "/dashboard", "/reports/7", "/merged", "/reports/no/such"] {
            assert_eq!(world.open(path).await.header("cache-control"), Some("private, no-cache"), "{path}");
        }
        let unasked = raw(&world, Method::POST, "/open-echo", &[]).await;
        assert!(!unasked.headers().contains_key("cache-control"));
    }

    async fn answers_that_set_cookies_are_not_stored(world) {
        let page = world.open("/dashboard").await;
        let ours = page.hops.iter().filter(|hop| hop.url.as_str().starts_with(&at("")));
        let setting: Vec<_> = ours.filter(|hop| !set_cookies(&hop.headers).is_empty()).collect();
        assert_eq!(setting.len(), 2);
        for hop in setting {
            assert_eq!(hop.headers["cache-control"], "no-store", "{}", hop.url);
            assert_eq!(hop.headers["referrer-policy"], "no-referrer", "{}", hop.url);
        }
    }

    async fn refusals_are_not_stored(world) {
        assert_eq!(fetch(&world, "/dashboard").await.header("cache-control"), Some("no-store"));
        assert_eq!(world.open("/auth/callback").await.header("cache-control"), Some("no-store"));
        assert_eq!(world.open("/auth/logout").await.header("cache-control"), Some("no-store"));
    }

    async fn a_guarded_answer_is_private_though_the_application_says_how_long(world) {
        world.open("/dashboard").await;
        assert_eq!(world.open("/brief").await.header("cache-control"), Some("max-age=60, private"));
    }

    async fn what_the_application_says_about_caching_stands(world) {
        assert_eq!(world.open("/cached").await.header("cache-control"), Some("public, max-age=60"));
        world.open("/dashboard").await;
        assert_eq!(world.open("/cached").await.header("cache-control"), Some("public, max-age=60"));
    }
}

on_both_frameworks! {
    async fn where_no_browser_may_keep_what_was_answered_to_somebody_the_rest_is_kept_as_before(framework) {
        for kind in SessionKind::all() {
            let world = World::with(framework, kind, landfall::RelyingPartyBuilder::no_store_when_signed_in).await;
            assert_eq!(world.open("/").await.header("cache-control"), Some("private, no-cache"), "nobody's");
            world.open("/dashboard").await;
            for path in ["/", "/dashboard", "/reports/7", "/brief"] {
                assert_eq!(world.open(path).await.header("cache-control"), Some("no-store"), "{kind:?} {path}");
            }
            assert_eq!(world.open("/cached").await.header("cache-control"), Some("public, max-age=60"));
            let unasked = raw(&world, Method::POST, "/open-echo", &[]).await;
            assert!(!unasked.headers().contains_key("cache-control"));
        }
    }

    async fn a_sign_out_names_what_the_browser_is_to_throw_away_and_nothing_else_does(framework) {
        for kind in SessionKind::all() {
            let data = [SiteData::Cache, SiteData::Storage];
            let world = World::with(framework, kind, |builder| builder.clear_site_data_on_sign_out(data)).await;
            assert_eq!(world.open("/dashboard").await.header("clear-site-data"), None);
            let out = world.browser.fetch(Method::POST, &at("/auth/logout"), &[], "", BASE_URL).await.unwrap();
            let said: Vec<_> = out.hops.iter().filter_map(|hop| hop.headers.get("clear-site-data")).collect();
            assert_eq!(said, ["\"cache\", \"storage\""], "{kind:?} {out:?}");
        }
    }
}
