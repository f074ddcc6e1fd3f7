//! `prompt=none`, both ways: somebody is there, nobody is.

use std::time::Duration;

use landfall::RelyingPartyBuilder;
use landfall_testkit::Page;
use landfall_tests::{SessionKind, on_both_frameworks};

use crate::path_and_query;
use crate::place::{Place, basic};

const KINDS: [SessionKind; 2] = [SessionKind::Memory, SessionKind::Cookie];

fn silent(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    basic(builder).silent_sign_in(Duration::from_secs(900))
}

/// How often the provider was asked without and with a page.
fn asked(page: &Page) -> (usize, usize) {
    let asked = page.hops.iter().filter(|hop| hop.url.path() == "/auth");
    let (silently, aloud): (Vec<_>, Vec<_>) =
        asked.partition(|hop| hop.url.query_pairs().any(|pair| pair == ("prompt".into(), "none".into())));
    (silently.len(), aloud.len())
}

/// The session here is over, and with it nothing else.
fn forget_session(place: &Place) {
    for (name, _) in place.session() {
        place.browser.forget_cookie(&name);
    }
}

on_both_frameworks! {
    async fn a_page_that_asks_silently_lands_without_a_page_where_somebody_is_there(framework) {
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", basic).await;
        place.signs_in().await;
        place.browser.submit(&place.open("/more/level").await, "Confirm", &[]).await.unwrap();
        forget_session(&place);
        let page = place.open("/strong").await;
        assert_eq!((path_and_query(&page).as_str(), page.text().as_str(), asked(&page)), ("/strong", "hello ada", (1, 0)));
    }

    async fn a_page_that_asks_silently_asks_aloud_where_nobody_is_there_or_not_enough(framework) {
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", basic).await;
        let page = place.open("/strong?x=1").await;
        assert!(place.provider.asks_for_a_password(&page), "login_required: {page:?}");
        assert_eq!(asked(&page), (1, 1));
        let page = place.provider.give_password(&place.browser, &page, "ada", 0).await;
        let page = place.browser.submit(&page, "Confirm", &[]).await.unwrap();
        let page = place.browser.submit(&page, "Continue", &[]).await.unwrap();
        assert_eq!((path_and_query(&page).as_str(), page.text().as_str()), ("/strong?x=1", "hello ada"));

        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", basic).await;
        place.signs_in().await;
        let page = place.open("/strong").await;
        assert!(place.provider.asks_for_a_second_factor(&page), "interaction_required: {page:?}");
        assert_eq!(asked(&page), (1, 1));
    }

    async fn whoever_comes_back_is_signed_in_without_a_page(framework) {
        for kind in KINDS {
            let place = Place::new(framework, kind, "127.0.0.1", silent).await;
            place.signs_in().await;
            forget_session(&place);
            let page = place.open("/?tab=2").await;
            assert_eq!((path_and_query(&page).as_str(), page.text().as_str(), asked(&page)), ("/?tab=2", "hello ada", (1, 0)));
        }
    }

    async fn whoever_comes_back_as_nobody_sees_the_page_and_is_not_sent_again(framework) {
        for kind in KINDS {
            let place = Place::new(framework, kind, "127.0.0.1", silent).await;
            place.signs_in().await;
            forget_session(&place);
            let page = place.browser.open(&format!("{}/session/end", place.provider.issuer())).await.unwrap();
            place.provider.sign_out(&place.browser, &page).await;
            let page = place.open("/?tab=2").await;
            assert_eq!((path_and_query(&page).as_str(), page.text().as_str(), asked(&page)), ("/?tab=2", "hello nobody", (1, 0)));
            for _ in 0..3 {
                assert_eq!(place.open("/").await.hops.len(), 1);
            }
            // A guarded page still asks, aloud.
            assert!(place.provider.asks_for_a_password(&place.open("/dashboard").await));
        }
    }

    async fn without_the_setting_nobody_is_sent_anywhere(framework) {
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", basic).await;
        place.signs_in().await;
        forget_session(&place);
        let page = place.open("/").await;
        assert_eq!((page.hops.len(), page.text().as_str()), (1, "hello nobody"));
    }

    async fn a_new_scope_is_consent_required_and_the_page_is_shown_as_it_is(framework) {
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", silent).await;
        place.signs_in().await;
        forget_session(&place);
        // A newer release of the application wants more.
        let newer = |builder: RelyingPartyBuilder| silent(builder).scopes(["openid", "email", "files:read"]);
        place.becomes(newer);
        let page = place.open("/").await;
        assert_eq!((page.text().as_str(), asked(&page)), ("hello nobody", (1, 0)));
        let page = place.open("/dashboard").await;
        assert!(place.provider.asks_for_consent(&page) && page.text().contains("files:read"), "{page:?}");
    }
}
