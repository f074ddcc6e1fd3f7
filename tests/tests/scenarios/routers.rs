//! Nested and merged routers, their fallbacks, and layers in the wrong place.

use landfall_tests::{BASE_URL, Framework, everywhere, on_both_frameworks};

use crate::apps::{self, What};
use crate::support::{at, error_log, listen_to_errors};

everywhere! {
    async fn a_guard_on_a_nested_router_covers_its_routes_and_its_fallback(world) {
        for path in ["/reports", "/reports/7", "/reports/no/such/page", "/reports/7/../../x"] {
            let page = world.open_once(path).await;
            // The last one is no path below the guard: the browser resolves it first.
            let expected = if path.contains("..") { 404 } else { 303 };
            assert_eq!(page.status.as_u16(), expected, "{path}");
            world.browser.forget_cookies();
        }
        assert_eq!(world.open("/reports/7?x=1").await.url.as_str(), at("/reports/7?x=1"));
        assert_eq!(world.open("/reports/7").await.text(), "report of ada");
        assert_eq!(world.open("/reports").await.text(), "all reports");
        let missing = world.open("/reports/no/such/page").await;
        assert_eq!((missing.status.as_u16(), missing.text().as_str()), (404, "no such report"));
    }

    async fn a_page_that_is_not_there_behind_the_guard_is_found_missing_after_the_sign_in(world) {
        let page = world.open("/reports/no/such/page?x=1").await;
        assert_eq!(page.url.as_str(), at("/reports/no/such/page?x=1"));
        assert_eq!(page.status, 404);
    }

    async fn a_guard_on_a_merged_router_covers_it_and_nothing_else(world) {
        assert_eq!(world.open_once("/merged").await.status, 303);
        assert_eq!(world.open_once("/nowhere").await.status, 404);
        assert_eq!(world.open_once("/mergedx").await.status, 404);
        assert_eq!(world.open("/merged").await.text(), "merged");
    }

    async fn our_paths_are_matched_whole(world) {
        for path in ["/auth", "/auth/", "/auth/loginx", "/auth/login/", "/auth/callback/x", "/AUTH/login"] {
            assert_eq!(world.open_once(path).await.status, 404, "{path}");
        }
    }
}

on_both_frameworks! {
    async fn a_missing_layer_is_a_500_that_names_the_layer_in_the_log_alone(framework) {
        listen_to_errors();
        let bed = apps::bed(framework, What::LayerMissing, BASE_URL).await;
        for path in ["/option", "/option-visit", "/result", "/extract", "/guarded"] {
            let page = bed.browser.open(&at(path)).await.unwrap();
            if framework == Framework::Actix && path.starts_with("/option") {
                // actix-web's own `Option` swallows every error: the log alone knows.
                assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "none"), "{path}");
            } else {
                assert_eq!(page.status, 500, "{path}");
            }
            assert!(!page.text().contains("Layer") && !page.text().contains("Middleware"), "{}", page.text());
        }
        let layer = if framework == Framework::Axum { "AuthLayer" } else { "AuthMiddleware" };
        let (log, told) = (error_log(), format!("{layer} is not around this route"));
        let lines: Vec<_> = log.lines().filter(|line| line.contains(&told)).collect();
        assert!(matches!(lines[..], [line] if line.contains("ERROR")), "{lines:?}");
    }

    async fn two_layers_one_inside_the_other_are_a_500_that_says_so_in_the_log_alone(framework) {
        listen_to_errors();
        let bed = apps::bed(framework, What::LayerTwice, BASE_URL).await;
        assert_eq!(bed.browser.open(&at("/outer")).await.unwrap().text(), "outside");
        let page = bed.browser.open(&at("/inner")).await.unwrap();
        assert_eq!(page.status, 500);
        assert!(!page.text().contains("Layer") && !page.text().contains("Middleware"), "{}", page.text());
        let layer = if framework == Framework::Axum { "AuthLayer" } else { "AuthMiddleware" };
        assert!(error_log().contains(&format!("{layer} is there twice around this route")));
    }
}
