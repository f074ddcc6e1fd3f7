//! What caches may keep.

use http::Method;
use landfall_tests::everywhere;

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
