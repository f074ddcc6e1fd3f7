//! Browsers whose cookies do not stay: a page, never a loop.

use std::time::Duration;

use landfall_tests::{World, everywhere};

use crate::support::{SESSION, at, leads_back_to, link};

/// Opens an address as a browser that keeps no cookies, and counts the requests until there is a page.
async fn without_cookies(world: &World, path: &str) -> (landfall_testkit::Page, usize) {
    let mut next = at(path);
    for requests in 1..20 {
        world.browser.forget_cookies();
        let page = world.browser.open_without_following(&next).await.unwrap();
        match page.location() {
            Some(location) => next = location.to_string(),
            None => return (page, requests),
        }
    }
    panic!("a loop");
}

everywhere! {
    async fn a_browser_without_cookies_gets_a_page_and_no_loop(world) {
        let (page, requests) = without_cookies(&world, "/dashboard/x").await;
        assert_eq!((page.status.as_u16(), requests), (400, 3));
        assert!(page.text().contains("did not bring back"));
        assert_eq!(world.token_calls(), 0);
        // Nor behind the link.
        let again = link(&page).strip_prefix(&at("")).unwrap().to_owned();
        let (page, requests) = without_cookies(&world, &again).await;
        assert_eq!((page.status.as_u16(), requests), (400, 3));
        // With cookies it works.
        leads_back_to(&world, &page, "/dashboard/x").await;
    }

    async fn a_session_cookie_that_never_comes_back_ends_in_a_page(world) {
        let mut rounds = 0;
        let page = loop {
            let page = world.open_once("/dashboard/x").await;
            if page.location().is_none() {
                break page;
            }
            rounds += 1;
            assert!(rounds < 10, "a loop");
            let callback = world.callback_for("/dashboard/x").await;
            world.browser.open_without_following(&callback).await.unwrap();
            world.browser.forget_cookie(SESSION);
            world.wait(Duration::from_secs(1));
        };
        assert_eq!(page.status, 400);
        assert!(rounds <= 3, "{rounds}");
        assert!(page.text().contains("after several tries"), "{}", page.text());
        // Whoever mends the cookie may try again.
        world.wait(Duration::from_secs(61));
        leads_back_to(&world, &page, "/dashboard/x").await;
    }

    async fn one_page_that_loops_keeps_no_other_page_from_signing_in(world) {
        for _ in 0..4 {
            let page = world.open_once("/dashboard/x").await;
            if page.location().is_none() {
                break;
            }
            let callback = world.callback_for("/dashboard/x").await;
            world.browser.open_without_following(&callback).await.unwrap();
            world.browser.forget_cookie(SESSION);
        }
        assert_eq!(world.open("/dashboard/y").await.url.as_str(), at("/dashboard/y"));
    }
}
