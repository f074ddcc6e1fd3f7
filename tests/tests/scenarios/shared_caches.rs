//! A cache between many people and the application: what it may keep of whom.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use landfall::HttpClient;
use landfall_testkit::{Browser, Page};
use landfall_tests::{BASE_URL, SessionKind, SharedCache, World, everywhere, on_both_frameworks};

use crate::caching_apps::{self, Asks, PAGES};
use crate::support::{at, error_log, listen_to_errors, set_cookies};

/// Everybody who walks through the application, each in a browser of their own.
const PEOPLE: [&str; 3] = ["nobody", "ada", "grace"];

/// The application of this file in the place of the world's own, without a cache.
async fn world(framework: landfall_tests::Framework, kind: SessionKind) -> World {
    let world = World::new(framework, kind).await;
    let application = caching_apps::serve(framework, world.auth.clone()).await;
    world.browser.route(BASE_URL, application).unwrap();
    world
}

/// A cache before the application of this file, and a browser for each of the people behind it.
async fn behind_a_cache(world: &World) -> (Arc<SharedCache>, Vec<(&'static str, Browser)>) {
    let application = caching_apps::serve(world.framework, world.auth.clone()).await;
    let cache = SharedCache::before(BASE_URL, application, &world.clock);
    let people = PEOPLE.map(|who| {
        let browser = world.other_browser();
        let cache: Arc<dyn HttpClient> = Arc::clone(&cache) as _;
        browser.route(BASE_URL, cache).unwrap();
        (who, browser)
    });
    (cache, Vec::from(people))
}

/// What has been seen of everybody so far.
#[derive(Default)]
struct Seen {
    /// Who was given each cookie.
    cookies: HashMap<String, &'static str>,
    /// Who was given each address that only one may have.
    addresses: HashMap<String, &'static str>,
}

impl Seen {
    /// Holds an answer to one person against everything that others have seen.
    fn judge(&mut self, who: &'static str, page: &Page) {
        let text = page.text();
        for other in PEOPLE.into_iter().filter(|other| *other != who) {
            assert!(!text.contains(&format!("page of {other}")), "{who} at {}: {text}", page.url);
            assert!(other == "nobody" || !text.contains(other), "{who} at {}: {text}", page.url);
        }
        for hop in page.hops.iter().filter(|hop| hop.url.as_str().starts_with(BASE_URL)) {
            // One that is taken away is the same for everybody.
            let given = set_cookies(&hop.headers);
            for cookie in given.into_iter().filter(|cookie| !cookie.contains("Max-Age=0")) {
                let before = self.cookies.insert(cookie.to_owned(), who);
                assert!(before.is_none_or(|before| before == who), "{who} at {}: {cookie}", hop.url);
            }
            let location = hop.headers.get("location").map(|value| value.to_str().unwrap());
            if let Some(location) = location.filter(|location| location.contains("state=")) {
                let before = self.addresses.insert(location.to_owned(), who);
                assert_eq!(before, None, "{who} at {}: {location}", hop.url);
            }
        }
    }
}

/// One person opens every page, and all of our own.
async fn walk(who: &'static str, browser: &Browser, seen: &mut Seen) {
    let is_somebody = who != "nobody";
    for (path, asks, status, _) in PAGES.iter().filter(|row| row.1 != Asks::Log && !row.0.contains('{')) {
        let page = browser.open_without_following(&at(path)).await.unwrap();
        seen.judge(who, &page);
        let is_open = matches!(asks, Asks::Nothing | Asks::Looks | Asks::Greets);
        let expected = match asks {
            Asks::Nothing | Asks::Shared | Asks::SharedNeeds => "everybody",
            _ => who,
        };
        if is_open || is_somebody {
            assert_eq!(page.status.as_u16(), *status, "{who} at {path}");
            assert_eq!(page.text(), format!("page of {expected}"), "{who} at {path}");
        } else if page.header("x-cache") != Some("hit") {
            assert_eq!(page.status, 303, "{who} at {path}");
        } else {
            assert_eq!(page.text(), "page of everybody", "{who} at {path}");
        }
    }
    for path in ["/auth/login", "/auth/callback", "/auth/callback?code=x&state=y", "/auth/logout", "/no/such"]
    {
        seen.judge(who, &browser.open_without_following(&at(path)).await.unwrap());
    }
    let accept = [("accept", "application/json")];
    for path in ["/needs", "/guarded/public", "/auth/session", "/auth/callback"] {
        let page = browser.fetch(http::Method::GET, &at(path), &accept, "", BASE_URL).await.unwrap();
        seen.judge(who, &page);
        if path == "/auth/session" {
            assert_eq!(
                page.text().contains(&format!("\"subject\":\"{who}\"")),
                is_somebody,
                "{}",
                page.text()
            );
        } else if path != "/auth/callback" {
            assert_eq!(page.status, if is_somebody { 200 } else { 401 }, "{who} at {path}");
        }
    }
}

everywhere! {
    async fn a_shared_cache_serves_no_page_of_one_person_to_another(world) {
        let (cache, people) = behind_a_cache(&world).await;
        let mut seen = Seen::default();
        for (who, browser) in people.iter().filter(|(who, _)| *who != "nobody") {
            world.provider.sign_in_as(*who);
            seen.judge(who, &browser.open(&at("/guarded/public")).await.unwrap());
        }
        // In every order, and again when sessions are renewed.
        for order in [[1, 0, 2], [0, 2, 1], [2, 1, 0]] {
            for (who, browser) in order.map(|at| &people[at]) {
                walk(who, browser, &mut seen).await;
            }
            world.wait(Duration::from_secs(35 * 60));
        }
        // What is nobody's in particular was kept all the while, by whomever it was asked for first.
        for path in ["/style.css", "/logo.svg"] {
            assert!(cache.forwarded(path) <= 5, "{path}: {} of 9", cache.forwarded(path));
        }
        let (_, ada) = &people[1];
        ada.post_form(&at("/auth/logout"), &[], BASE_URL).await.unwrap();
        assert_eq!(ada.open(&at("/")).await.unwrap().text(), "page of nobody");
        let (_, grace) = &people[2];
        assert_eq!(grace.open(&at("/")).await.unwrap().text(), "page of grace");
        let for_everybody = ["/style.css", "/logo.svg", "/shared", "/shared/cdn", "/shared/needs"].map(at);
        let mut kept = cache.kept();
        kept.retain(|uri| !for_everybody.contains(uri) && *uri != at("/no/such"));
        assert_eq!(kept, Vec::<String>::new());
    }

    async fn a_style_sheet_behind_a_middleware_that_looks_is_kept_for_everybody(world) {
        let (cache, people) = behind_a_cache(&world).await;
        let (_, ada) = &people[1];
        ada.open(&at("/guarded")).await.unwrap();
        for (who, browser) in people.iter().rev() {
            for path in ["/style.css", "/logo.svg"] {
                let page = browser.open(&at(path)).await.unwrap();
                assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "page of everybody"), "{who}");
                assert_eq!(cache.forwarded(path), 1, "{who} at {path}");
            }
        }
        // The page beside it that greets is asked for each time.
        for (asked, (_, browser)) in people.iter().enumerate() {
            browser.open(&at("/greets/public")).await.unwrap();
            assert_eq!(cache.forwarded("/greets/public"), asked + 1);
        }
    }
}

on_both_frameworks! {
    async fn a_value_that_was_handed_on_makes_the_page_private_that_looks_at_it_and_no_other(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        for _ in 0..2 {
            for (path, expected) in [
                ("/style.css", Some("public, max-age=3600")),
                ("/logo.svg", None),
                ("/greets", Some("private, no-cache")),
                ("/greets/public", Some("max-age=600, private")),
                ("/log", None),
            ] {
                assert_eq!(world.open(path).await.header("cache-control"), expected, "{path}");
            }
            world.open("/guarded").await;
        }
        assert_eq!(world.open("/greets").await.text(), "page of ada");
    }

    async fn behind_a_guard_an_answer_is_private_whatever_it_says_unless_the_guard_says_so_too(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        world.open("/guarded").await;
        for (path, cache_control, cdn) in [
            ("/guarded", Some("private, no-cache"), None),
            ("/guarded/how-long", Some("max-age=600, private"), None),
            ("/guarded/public", Some("max-age=600, private"), None),
            ("/guarded/public-alone", Some("private, no-cache"), None),
            ("/guarded/immutable", Some("max-age=31536000, immutable, private"), None),
            ("/guarded/s-maxage", Some("max-age=5, private"), None),
            ("/guarded/both", Some("private, no-cache"), None),
            ("/guarded/no-store", Some("no-store"), None),
            ("/guarded/private", Some("private, max-age=600"), None),
            ("/guarded/cdn", Some("private, no-cache"), None),
            ("/guarded/cdn-private", Some("private, no-cache"), Some("private")),
            ("/guarded/surrogate", Some("private, no-cache"), None),
            ("/needs", Some("private, no-cache"), None),
            ("/needs/public", Some("max-age=600, private"), None),
            ("/shared", Some("public, max-age=600"), None),
            ("/shared/cdn", Some("no-store"), Some("max-age=600")),
            ("/shared/untold", Some("private, no-cache"), None),
            ("/shared/needs", Some("public, max-age=600"), None),
            ("/shared/outside", Some("max-age=600, private"), None),
        ] {
            let page = world.open(path).await;
            assert_eq!(page.header("cache-control"), cache_control, "{path}");
            assert_eq!(page.headers.get_all("cache-control").iter().count(), 1, "{path}");
            assert_eq!(page.header("cdn-cache-control"), cdn, "{path}");
            assert_eq!(page.header("surrogate-control"), None, "{path}");
        }
    }

    async fn an_answer_behind_a_guard_that_said_public_is_told_once_for_a_route(framework) {
        listen_to_errors();
        let world = world(framework, SessionKind::Cookie).await;
        // No other test of this process opens it.
        let path = format!("/told/{framework:?}");
        for query in ["", "?a=1", "?a=2"] {
            world.open(&format!("{path}{query}")).await;
        }
        assert_eq!(error_log().matches(&format!("route=\"{path}\"")).count(), 1, "{}", error_log());
        for path in ["/guarded", "/guarded/how-long", "/guarded/cdn-private", "/shared", "/style.css"] {
            world.open(path).await;
            assert!(!error_log().contains(&format!("route=\"{path}\"")), "{path}");
        }
    }

    async fn an_answer_that_shared_caches_may_keep_never_carries_a_session_cookie(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        world.open("/guarded").await;
        world.wait(Duration::from_secs(61 * 60));
        for path in ["/style.css", "/shared", "/shared/cdn"] {
            let page = world.open_once(path).await;
            assert_eq!((page.status.as_u16(), set_cookies(&page.headers)), (200, vec![]), "{path}");
        }
        // Behind a guard it is for one alone, and nobody stores it.
        let page = world.open_once("/guarded/public").await;
        assert_eq!(set_cookies(&page.headers).len(), 1);
        assert_eq!(page.header("cache-control"), Some("no-store"));
        world.wait(Duration::from_secs(61 * 60));
        let page = world.open_once("/guarded/cdn").await;
        assert_eq!((set_cookies(&page.headers).len(), page.header("cdn-cache-control")), (1, None));
    }

    async fn what_the_log_calls_somebody_names_nobody_and_is_the_same_on_every_instance(framework) {
        let mut world = world(framework, SessionKind::Cookie).await;
        assert_eq!(world.open("/log").await.text(), "page of nobody");
        world.open("/guarded").await;
        let ada = world.open("/log").await.text();
        assert_eq!(ada.len(), "page of ".len() + 22, "{ada}");
        // Another session of hers, on an instance that was started later.
        world.auth = world.builder().build().unwrap();
        let application = caching_apps::serve(framework, world.auth.clone()).await;
        world.browser.forget_cookies();
        world.browser.route(BASE_URL, application).unwrap();
        world.open("/guarded").await;
        assert_eq!(world.open("/log").await.text(), ada);
        world.browser.forget_cookies();
        world.provider.sign_in_as("grace");
        world.open("/guarded").await;
        assert_ne!(world.open("/log").await.text(), ada);
        // Under other keys she is another.
        let other = caching_apps::serve(framework, world.without_store().build().unwrap()).await;
        world.browser.forget_cookies();
        world.browser.route(BASE_URL, other).unwrap();
        world.provider.sign_in_as("ada");
        world.open("/guarded").await;
        assert_ne!(world.open("/log").await.text(), ada);
    }
}
