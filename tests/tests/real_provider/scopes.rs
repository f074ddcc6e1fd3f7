//! Scopes asked for when they are needed, and what people say to it.

use landfall_tests::{SessionKind, on_both_frameworks};

use crate::place::{Place, basic};
use crate::{link, path_and_query};

const KINDS: [SessionKind; 2] = [SessionKind::Memory, SessionKind::Cookie];

async fn granted(place: &Place) -> String {
    place.me().await["scope"].as_str().unwrap_or_default().to_owned()
}

on_both_frameworks! {
    async fn a_page_asks_for_one_scope_more_and_what_was_granted_before_is_kept(framework) {
        for kind in KINDS {
            let place = Place::new(framework, kind, "127.0.0.1", basic).await;
            place.signs_in().await;
            assert_eq!(granted(&place).await, "openid profile email");

            let page = place.open("/more/files?x=1").await;
            assert!(place.provider.asks_for_consent(&page), "{page:?}");
            assert!(page.text().contains("files:read") && !page.text().contains("email"), "{}", page.text());
            let page = place.browser.submit(&page, "Continue", &[]).await.unwrap();
            assert_eq!((path_and_query(&page).as_str(), page.status.as_u16()), ("/more/files?x=1", 200));
            assert_eq!(granted(&place).await, "openid profile email files:read");

            let page = place.open("/more/upload").await;
            assert!(page.text().contains("files:write") && !page.text().contains("files:read"), "{}", page.text());
            place.browser.submit(&page, "Continue", &[]).await.unwrap();
            for path in ["/more/files", "/more/upload", "/half-way"] {
                assert_eq!(place.open(path).await.hops.len(), 1, "{path}");
            }
            assert_eq!(place.open("/more/upload").await.status, 200);
        }
    }

    async fn a_scope_that_is_refused_is_a_403_until_it_is_given(framework) {
        for kind in KINDS {
            let place = Place::new(framework, kind, "127.0.0.1", basic).await;
            place.signs_in().await;
            let page = place.open("/more/files").await;
            let page = place.provider.refuse(&place.browser, &page, "files:read").await;
            assert_eq!((page.status.as_u16(), page.url.path()), (403, "/more/files"), "{page:?}");
            assert!(page.text().contains("permission that was not given"), "{}", page.text());
            assert_eq!(place.open("/more/files").await.hops.len(), 1, "not asked again");
            assert_eq!(granted(&place).await, "openid profile email");

            // She thinks better of it, on the page that says so.
            let page = place.open("/more/files").await;
            let page = place.browser.follow_link(&link(&page), &place.url("/more/files")).await.unwrap();
            assert!(place.provider.asks_for_consent(&page), "{page:?}");
            let page = place.browser.submit(&page, "Continue", &[]).await.unwrap();
            assert_eq!((path_and_query(&page).as_str(), page.status.as_u16()), ("/more/files", 200), "{page:?}");
        }
    }

    async fn consent_that_is_cancelled_leaves_the_session_as_it_was(framework) {
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", basic).await;
        place.signs_in().await;
        let page = place.open("/more/files").await;
        let page = place.browser.submit(&page, "Cancel", &[]).await.unwrap();
        assert_eq!((page.status.as_u16(), page.url.path()), (403, "/auth/callback"));
        assert_eq!((place.open("/").await.text().as_str(), granted(&place).await.as_str()), ("hello ada", "openid profile email"));
    }
}
