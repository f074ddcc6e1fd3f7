//! Back-channel logout: the provider's own POST, and what it ends.

use std::time::Duration;

use landfall::{EndReason, EventKind, RelyingPartyBuilder};
use landfall_testkit::Browser;
use landfall_tests::{Framework, SessionKind, in_every_engine, on_both_frameworks, run, within};

use crate::DEEP_LINK;
use crate::place::{Place, basic, told_sid, told_sub};

const BACK_CHANNEL: EventKind = EventKind::Ended(EndReason::BackChannel);

/// Another browser that the provider takes for this one: in the same session there, in a new one here.
async fn beside(place: &Place) -> Browser {
    let other = Browser::new();
    for cookie in place.browser.cookies_for(place.provider.issuer()).unwrap() {
        if !cookie.name.contains("landfall") {
            let line = format!("{}={}; Path=/", cookie.name, cookie.value);
            assert!(other.set_cookie(place.provider.issuer(), &line).unwrap());
        }
    }
    let page = other.open(&place.url(DEEP_LINK)).await.unwrap();
    assert!(page.text().starts_with("dashboard of ada"), "{page:?}");
    other
}

async fn greeting(place: &Place, browser: &Browser) -> String {
    browser.open(&place.url("/")).await.unwrap().text()
}

/// Signs out at an application that has no part in it, with the provider's session.
async fn leaves_elsewhere(elsewhere: &Place) {
    let page = elsewhere.open(DEEP_LINK).await;
    assert!(elsewhere.provider.asks_for_consent(&page), "{page:?}");
    elsewhere.browser.submit(&page, "Continue", &[]).await.unwrap();
    let page = elsewhere.leaves(&[]).await;
    let page = elsewhere.provider.sign_out(&elsewhere.browser, &page).await;
    assert_eq!((page.url.as_str(), page.text().as_str()), (elsewhere.url("/").as_str(), "hello nobody"));
}

on_both_frameworks! {
    async fn a_sign_out_at_another_application_ends_every_session_of_the_same_provider_session(framework) {
        for told in [told_sid, told_sub] {
            let (here, elsewhere) = Place::two(framework, told, basic).await;
            here.signs_in().await;
            let other = beside(&here).await;
            assert_eq!((greeting(&here, &here.browser).await, greeting(&here, &other).await), ("hello ada".to_owned(), "hello ada".to_owned()));
            let kept = here.session();
            leaves_elsewhere(&elsewhere).await;
            here.restores(&kept);
            assert_eq!(greeting(&here, &here.browser).await, "hello nobody");
            assert_eq!(greeting(&here, &other).await, "hello nobody");
            assert_eq!(here.heard().iter().filter(|kind| **kind == BACK_CHANNEL).count(), 2);
            assert!(!elsewhere.heard().contains(&BACK_CHANNEL));
        }
    }

    async fn a_sign_out_leaves_other_provider_sessions_and_other_people_alone(framework) {
        let (here, elsewhere) = Place::two(framework, told_sid, basic).await;
        here.signs_in().await;
        let (desk, grace) = (Browser::new(), Browser::new());
        for (browser, login) in [(&desk, "ada"), (&grace, "grace")] {
            let page = browser.open(&here.url(DEEP_LINK)).await.unwrap();
            here.provider.sign_in(browser, &page, login).await;
        }
        leaves_elsewhere(&elsewhere).await;
        assert_eq!(greeting(&here, &here.browser).await, "hello nobody");
        assert_eq!(greeting(&here, &desk).await, "hello ada", "a session of another name");
        assert_eq!(greeting(&here, &grace).await, "hello grace");
    }

    async fn whoever_signed_out_everywhere_signs_in_again_and_stays(framework) {
        let (here, elsewhere) = Place::two(framework, told_sub, basic).await;
        here.signs_in().await;
        leaves_elsewhere(&elsewhere).await;
        let page = here.signs_in().await;
        here.landed(&page).await;
        assert_eq!(greeting(&here, &here.browser).await, "hello ada");
    }
}

/// Copies are kept for so long that only the channel can end them.
fn long_copies(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    told_sid(builder).near_cache_staleness(Duration::from_secs(60))
}

mod what_the_provider_ends_every_instance_refuses_within_a_second {
    use super::*;

    async fn scenario(framework: Framework, kind: SessionKind) {
        let place = Place::new(framework, kind, "127.0.0.1", long_copies).await;
        let second = place.instance(long_copies);
        place.signs_in().await;
        let session = place.session();
        for (name, value) in &session {
            assert!(second.set_cookie(&place.base_url, &format!("{name}={value}; Path=/")).unwrap());
        }
        for _ in 0..3 {
            assert_eq!(greeting(&place, &second).await, "hello ada");
        }
        // At the provider's own page, with no word to the application but its POST.
        let page = place.browser.open(&format!("{}/session/end", place.provider.issuer())).await.unwrap();
        let page = place.provider.sign_out(&place.browser, &page).await;
        assert!(place.provider.shows(&page), "{page:?}");
        within(Duration::from_secs(1), "every instance refuses the session", async || {
            let greetings = (greeting(&place, &place.browser).await, greeting(&place, &second).await);
            (greetings.0 == "hello nobody" && greetings.1 == "hello nobody").then_some(())
        })
        .await;
        assert_eq!(place.heard().last(), Some(&BACK_CHANNEL));
    }

    fn play(framework: Framework, kind: SessionKind) {
        run(Box::pin(scenario(framework, kind)));
    }

    in_every_engine!(play);
}
