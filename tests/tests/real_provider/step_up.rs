//! Signing in again for more: fresher, stronger.

use landfall_testkit::Page;
use landfall_tests::{SessionKind, on_both_frameworks};

use crate::place::{Place, basic};
use crate::{link, path_and_query};

const KINDS: [SessionKind; 2] = [SessionKind::Memory, SessionKind::Cookie];

fn times_asked(page: &Page) -> usize {
    page.hops.iter().filter(|hop| hop.url.path() == "/auth").count()
}

on_both_frameworks! {
    async fn a_second_factor_is_asked_for_where_a_page_needs_it_and_lands_there(framework) {
        for kind in KINDS {
            let place = Place::new(framework, kind, "127.0.0.1", basic).await;
            place.signs_in().await;
            let page = place.open("/more/level?draft=7&x=%25").await;
            assert!(place.provider.asks_for_a_second_factor(&page), "{page:?}");
            let page = place.browser.submit(&page, "Confirm", &[("code", "123456")]).await.unwrap();
            assert_eq!(path_and_query(&page), "/more/level?draft=7&x=%25");
            assert_eq!(page.text(), "more for ada with aal2 as ");
            assert_eq!(place.open("/more/level").await.hops.len(), 1);
            // What else is asked for later does not lose it.
            place.browser.submit(&place.open("/more/files").await, "Continue", &[]).await.unwrap();
            assert_eq!(place.open("/more/level").await.hops.len(), 1);
        }
    }

    async fn whoever_signs_in_at_such_a_page_gives_both_in_one_trip(framework) {
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", basic).await;
        let page = place.open("/more/all").await;
        let page = place.provider.give_password(&place.browser, &page, "ada", 0).await;
        assert!(place.provider.asks_for_a_second_factor(&page), "{page:?}");
        let page = place.browser.submit(&page, "Confirm", &[]).await.unwrap();
        let page = place.browser.submit(&page, "Continue", &[]).await.unwrap();
        assert_eq!((path_and_query(&page).as_str(), page.text().as_str()), ("/more/all", "more for ada with aal2 as "));
    }

    async fn a_second_factor_that_is_not_given_ends_in_a_page_and_the_session_stands(framework) {
        for kind in KINDS {
            let place = Place::new(framework, kind, "127.0.0.1", basic).await;
            place.signs_in().await;
            let session = place.session();
            let page = place.open("/more/level").await;
            let page = place.browser.submit(&page, "Not now", &[]).await.unwrap();
            assert_eq!((page.status.as_u16(), page.url.path(), times_asked(&page)), (403, "/auth/callback", 0));
            assert!(page.text().contains("not recent or strong enough"), "{}", page.text());
            assert_eq!((place.session(), place.open("/").await.text().as_str()), (session, "hello ada"));
            // She thinks better of it.
            let page = place.browser.follow_link(&link(&page), &place.base_url).await.unwrap();
            assert!(place.provider.asks_for_a_second_factor(&page), "{page:?}");
            let page = place.browser.submit(&page, "Confirm", &[]).await.unwrap();
            assert_eq!((page.status.as_u16(), path_and_query(&page).as_str()), (200, "/more/level"));
        }
    }

    async fn a_class_that_the_provider_does_not_know_ends_in_a_page_after_one_trip(framework) {
        for kind in KINDS {
            let place = Place::new(framework, kind, "127.0.0.1", basic).await;
            place.signs_in().await;
            let page = place.open("/more/class").await;
            assert_eq!((page.status.as_u16(), page.url.path(), times_asked(&page)), (403, "/auth/callback", 1), "{page:?}");
            assert_eq!(place.open("/").await.text(), "hello ada");
        }
    }

    async fn a_second_factor_that_is_cancelled_leaves_the_session_as_it_was(framework) {
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", basic).await;
        place.signs_in().await;
        let page = place.open("/more/level").await;
        let page = place.browser.submit(&page, "Cancel", &[]).await.unwrap();
        assert_eq!((page.status.as_u16(), page.url.path()), (403, "/auth/callback"));
        assert_eq!(place.open("/").await.text(), "hello ada");
    }

    async fn a_sign_in_of_ten_minutes_ago_is_repeated_where_five_are_the_most(framework) {
        for kind in KINDS {
            let place = Place::new(framework, kind, "127.0.0.1", basic).await;
            let page = place.open("/dashboard").await;
            let page = place.provider.give_password(&place.browser, &page, "ada", 600).await;
            place.browser.submit(&page, "Continue", &[]).await.unwrap();
            let page = place.open("/more/recent?form=half").await;
            assert!(place.provider.asks_for_a_password(&page), "{page:?}");
            let page = place.provider.give_password(&place.browser, &page, "ada", 0).await;
            assert_eq!((path_and_query(&page).as_str(), page.status.as_u16()), ("/more/recent?form=half", 200));
            assert_eq!(place.open("/more/recent").await.hops.len(), 1);
        }
    }

    async fn a_sign_in_of_a_minute_ago_is_recent_enough_without_a_page(framework) {
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", basic).await;
        let page = place.open("/dashboard").await;
        let page = place.provider.give_password(&place.browser, &page, "ada", 60).await;
        place.browser.submit(&page, "Continue", &[]).await.unwrap();
        // The provider says when only if it is asked how old the sign-in may be.
        let page = place.open("/more/recent").await;
        assert_eq!((path_and_query(&page).as_str(), page.status.as_u16(), times_asked(&page)), ("/more/recent", 200, 1));
        assert_eq!(place.open("/more/recent").await.hops.len(), 1);
    }

    async fn a_password_that_is_given_as_of_ten_minutes_ago_again_is_asked_for_once_more_and_then_a_page_says_so(framework) {
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", basic).await;
        place.signs_in().await;
        place.browser.forget_cookies();
        let mut page = place.open("/more/recent").await;
        page = place.provider.give_password(&place.browser, &page, "ada", 600).await;
        page = place.browser.submit(&page, "Continue", &[]).await.unwrap();
        assert!(place.provider.asks_for_a_password(&page), "prompt=login: {page:?}");
        page = place.provider.give_password(&place.browser, &page, "ada", 600).await;
        assert_eq!((page.status.as_u16(), page.url.path()), (403, "/auth/callback"), "{page:?}");
        assert_eq!(place.open("/").await.text(), "hello nobody");
    }
}
