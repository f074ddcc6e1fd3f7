//! RP-initiated logout, seen to the end.

use landfall_testkit::Page;
use landfall_tests::{SessionKind, on_both_frameworks};

use crate::place::{Place, basic};
use crate::{DEEP_LINK, path_and_query};

fn parameter(page: &Page, name: &str) -> Option<String> {
    page.url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

on_both_frameworks! {
    async fn a_sign_out_is_confirmed_at_the_provider_and_comes_home_with_its_state(framework) {
        for kind in [SessionKind::Memory, SessionKind::Cookie] {
            let place = Place::new(framework, kind, "127.0.0.1", basic).await;
            place.signs_in().await;
            let page = place.leaves(&[("return_to", "/?bye=1")]).await;
            assert!(place.provider.shows(&page), "{page:?}");
            // Already over here, whatever happens there.
            assert_eq!(place.browser.new_tab().open(&place.url("/")).await.unwrap().text(), "hello nobody");
            let stored = kind.has_store();
            assert_eq!(parameter(&page, "id_token_hint").is_some(), stored);
            assert_eq!(parameter(&page, "logout_hint").is_some(), !stored);
            assert_eq!(parameter(&page, "client_id").as_deref(), Some("basic"));
            assert_eq!(parameter(&page, "post_logout_redirect_uri"), Some(place.url("/")));
            let state = parameter(&page, "state").unwrap();

            let page = place.provider.sign_out(&place.browser, &page).await;
            let home = page.hops.iter().find(|hop| hop.url.as_str().starts_with(&place.base_url)).unwrap();
            assert_eq!(home.url.query_pairs().next(), Some(("state".into(), state.into())));
            assert_eq!((path_and_query(&page).as_str(), page.text().as_str()), ("/?bye=1", "hello nobody"));
            // It has forgotten as well.
            assert!(place.provider.asks_for_a_password(&place.open(DEEP_LINK).await));
        }
    }

    async fn whoever_stays_signed_in_at_the_provider_is_signed_out_here_all_the_same(framework) {
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", basic).await;
        place.signs_in().await;
        let page = place.leaves(&[]).await;
        let page = place.browser.submit(&page, "No, stay signed in", &[]).await.unwrap();
        assert_eq!((page.url.as_str(), page.text().as_str()), (place.url("/").as_str(), "hello nobody"));
        // The provider knows her still, and only what she agreed to is asked again.
        let page = place.open(DEEP_LINK).await;
        assert!(place.provider.asks_for_consent(&page), "{page:?}");
        place.landed(&place.browser.submit(&page, "Continue", &[]).await.unwrap()).await;
    }

    async fn the_page_that_asks_leads_to_the_provider_as_well(framework) {
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", basic).await;
        place.signs_in().await;
        let page = place.open("/auth/logout?return_to=/?bye=2").await;
        assert_eq!(place.browser.new_tab().open(&place.url("/")).await.unwrap().text(), "hello ada");
        let page = place.browser.submit(&page, "Sign out", &[]).await.unwrap();
        let page = place.provider.sign_out(&place.browser, &page).await;
        assert_eq!((path_and_query(&page).as_str(), page.text().as_str()), ("/?bye=2", "hello nobody"));
    }
}
