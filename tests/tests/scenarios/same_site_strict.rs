//! A session's cookie that no request of another site's making carries, and people who arrive signed in all the same.

use http::Method;
use landfall_testkit::{Browser, Page, SameSitePolicy};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};

use crate::support::{SESSION, asked, at, raw};

const MAIL: &str = "https://mail.example.net/inbox";

async fn world(framework: Framework, kind: SessionKind) -> World {
    World::with(framework, kind, landfall::RelyingPartyBuilder::same_site_strict).await
}

/// Goes where the page leads by itself, a few times at most; how often it did.
async fn led_on(browser: &Browser, mut page: Page) -> (Page, usize) {
    for times in 0..4 {
        let Some(next) = page.refresh() else { return (page, times) };
        page = browser.follow_link(next.as_str(), page.url.as_str()).await.unwrap();
    }
    panic!("it leads on and on: {page:?}");
}

/// Signed in from a page of the application.
async fn sign_in(world: &World, path: &str) -> Page {
    let (page, times) = led_on(&world.browser, world.open(path).await).await;
    assert_eq!(times, 1, "the callback alone: {page:?}");
    page
}

on_both_frameworks! {
    async fn who_comes_back_from_the_provider_lands_signed_in_with_a_strict_cookie(framework) {
        for kind in SessionKind::all() {
            let world = world(framework, kind).await;
            let page = sign_in(&world, "/dashboard/x?y=1").await;
            assert_eq!((page.url.as_str(), page.status.as_u16()), (at("/dashboard/x?y=1").as_str(), 200), "{kind:?}");
            assert!(page.text().starts_with("dashboard of ada"), "{}", page.text());
            let cookies = world.browser.cookies_for(BASE_URL).unwrap();
            for cookie in cookies {
                let policy = if cookie.name == SESSION { SameSitePolicy::Strict } else { SameSitePolicy::Lax };
                assert_eq!(cookie.same_site, policy, "{}", cookie.name);
            }
            // The session before is known at the callback, and ends.
            sign_in(&world, "/auth/login?return_to=%2F").await;
            if kind.has_store() {
                let ada = landfall::SubjectId::new(world.auth.issuer(), "ada");
                assert_eq!(world.auth.sessions().list(&ada).await.unwrap().len(), 1, "{kind:?}");
            }
            world.browser.post_form(&at("/auth/logout"), &[], BASE_URL).await.unwrap();
            assert!(world.browser.cookies_for(BASE_URL).unwrap().iter().all(|cookie| cookie.name != SESSION));
        }
    }

    async fn a_link_in_a_mail_lands_signed_in_and_asks_no_provider(framework) {
        for kind in SessionKind::all() {
            let world = world(framework, kind).await;
            sign_in(&world, "/dashboard").await;
            let before = asked(&world, "state").len();
            let page = world.browser.follow_link(&at("/dashboard/x?y=1"), MAIL).await.unwrap();
            let (page, times) = led_on(&world.browser, page).await;
            assert_eq!(page.url.as_str(), at("/dashboard/x?y=1"), "{kind:?}");
            assert!(times == 1 && page.text().starts_with("dashboard of ada"), "{kind:?} {}", page.text());
            assert_eq!(asked(&world, "state").len(), before, "{kind:?}");
        }
    }

    async fn whoever_is_nobody_is_led_on_once_and_then_signs_in(framework) {
        for kind in SessionKind::all() {
            let world = world(framework, kind).await;
            let page = world.browser.follow_link(&at("/dashboard/x?y=1"), MAIL).await.unwrap();
            let (page, times) = led_on(&world.browser, page).await;
            assert_eq!((page.url.as_str(), times), (at("/dashboard/x?y=1").as_str(), 2), "{kind:?}");
            assert!(page.text().starts_with("dashboard of ada"), "{kind:?} {}", page.text());
        }
    }

    async fn a_browser_that_says_cross_site_for_ever_is_in_no_loop(framework) {
        for kind in SessionKind::all() {
            let world = world(framework, kind).await;
            let signs = [("accept", "text/html"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
            let first = raw(&world, Method::GET, "/dashboard", &signs).await;
            assert_eq!(first.status(), 200);
            let mark = first.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
            let again: Vec<_> = signs.into_iter().chain([("cookie", mark.as_str())]).collect();
            let second = raw(&world, Method::GET, "/dashboard", &again).await;
            assert_eq!(second.status(), 303, "{kind:?}");
            assert!(second.headers()["location"].to_str().unwrap().starts_with(world.auth.issuer()));
        }
    }

    async fn only_a_page_that_somebody_opens_from_another_site_is_led_on(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        let (navigate, document) = (("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"));
        for (site, status) in [("same-origin", 303), ("same-site", 303), ("none", 303), ("cross-site", 200)] {
            let signs = [("accept", "text/html"), ("sec-fetch-site", site), navigate, document];
            assert_eq!(raw(&world, Method::GET, "/dashboard", &signs).await.status(), status, "{site}");
        }
        let script = [("accept", "application/json"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")];
        assert_eq!(raw(&world, Method::GET, "/dashboard", &script).await.status(), 401);
        let frame = [("accept", "text/html"), ("sec-fetch-site", "cross-site"), navigate, ("sec-fetch-dest", "iframe")];
        assert_eq!(raw(&world, Method::GET, "/dashboard", &frame).await.status(), 401);
    }
}
