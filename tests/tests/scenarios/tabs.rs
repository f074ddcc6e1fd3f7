//! Many sign-ins at once in one browser.

use std::time::Duration;

use landfall_testkit::{Browser, Page};
use landfall_tests::{World, everywhere};
use tokio::task::JoinSet;

use crate::support::{at, attempt_cookies, cookie_header_length, leads_back_to};

/// The most that our cookies may add to a request: common servers take headers of 8 kB.
const MAX_COOKIES: usize = 8 * 1024;

/// Goes from the application's answer to the address of the callback.
async fn to_the_callback(tab: &Browser, first: &Page) -> String {
    let provider = first.location().expect("a way to the provider");
    let answer = tab.open_without_following(provider.as_str()).await.unwrap();
    answer.location().expect("a way back").to_string()
}

/// Starts a sign-in in a tab of its own, up to the callback.
async fn start(world: &World, path: &str) -> (Browser, String) {
    let tab = world.browser.new_tab();
    let first = tab.open_without_following(&at(path)).await.unwrap();
    let callback = to_the_callback(&tab, &first).await;
    (tab, callback)
}

everywhere! {
    async fn ten_tabs_opened_at_once_each_land_on_their_own_page(world) {
        let mut opening = JoinSet::new();
        for n in 0..10 {
            let tab = world.browser.new_tab();
            opening.spawn(async move {
                let page = tab.open_without_following(&at(&format!("/dashboard/{n}?tab={n}"))).await.unwrap();
                (n, tab, page)
            });
        }
        let mut tabs = opening.join_all().await;
        // Another order than they were opened in.
        tabs.sort_by_key(|(n, _, _)| (n * 7) % 10);
        for (n, tab, first) in tabs {
            let callback = to_the_callback(&tab, &first).await;
            let page = tab.open(&callback).await.unwrap();
            assert_eq!(page.url.as_str(), at(&format!("/dashboard/{n}?tab={n}")));
            assert_eq!(page.status, 200);
        }
        assert_eq!(world.token_calls(), 10);
    }

    async fn ten_tabs_opened_one_by_one_each_land_on_their_own_page(world) {
        let mut tabs = Vec::new();
        for n in 0..10 {
            tabs.push((n, start(&world, &format!("/dashboard/{n}?tab={n}")).await));
        }
        tabs.sort_by_key(|(n, _)| (n * 3) % 10);
        for (n, (tab, callback)) in tabs {
            let page = tab.open(&callback).await.unwrap();
            assert_eq!(page.url.as_str(), at(&format!("/dashboard/{n}?tab={n}")));
        }
        assert_eq!(world.token_calls(), 10);
        assert_eq!(attempt_cookies(&world.browser, "login").len(), 0);
    }

    async fn ten_callbacks_at_once_all_succeed(world) {
        let mut tabs = Vec::new();
        for n in 0..10 {
            tabs.push((n, start(&world, &format!("/dashboard/{n}")).await));
        }
        let mut finishing = JoinSet::new();
        for (n, (tab, callback)) in tabs {
            finishing.spawn(async move { (n, tab.open(&callback).await.unwrap()) });
        }
        for (n, page) in finishing.join_all().await {
            assert_eq!(page.url.as_str(), at(&format!("/dashboard/{n}")));
            assert_eq!(page.status, 200);
        }
    }

    async fn of_too_many_pending_logins_the_oldest_are_evicted(world) {
        let mut tabs = Vec::new();
        for n in 0..30 {
            tabs.push(start(&world, &format!("/dashboard/{n}")).await);
            world.wait(Duration::from_secs(1));
        }
        let held = attempt_cookies(&world.browser, "login").len();
        assert!((10..=12).contains(&held), "{held}");
        assert!(cookie_header_length(&world.browser) <= MAX_COOKIES);
        let (tab, oldest) = &tabs[0];
        let page = tab.open(oldest).await.unwrap();
        assert_eq!(page.status, 400);
        let (tab, newest) = &tabs[29];
        assert_eq!(tab.open(newest).await.unwrap().url.as_str(), at("/dashboard/29"));
        let (tab, tenth) = &tabs[20];
        assert_eq!(tab.open(tenth).await.unwrap().url.as_str(), at("/dashboard/20"));
        // The evicted one asks for one more click, and still knows where to.
        world.browser.forget_cookies();
        leads_back_to(&world, &page, "/dashboard/0").await;
    }

    async fn pending_logins_with_long_destinations_stay_within_what_servers_take(world) {
        for n in 0..6 {
            world.open(&format!("/auth/login?return_to=%2Fdashboard%2F{n}")).await;
            world.wait(Duration::from_secs(20));
        }
        let long = "x".repeat(1900);
        for n in 0..11 {
            start(&world, &format!("/auth/login?return_to=%2Fdashboard%2F{n}")).await;
        }
        for n in 0..12 {
            let (tab, callback) = start(&world, &format!("/auth/login?return_to=%2Fdashboard%2F{n}%3F{long}")).await;
            let length = cookie_header_length(&world.browser);
            assert!(length <= MAX_COOKIES, "{length} after {n}");
            if n == 11 {
                assert_eq!(tab.open(&callback).await.unwrap().url.as_str(), at(&format!("/dashboard/11?{long}")));
            }
        }
    }
}
