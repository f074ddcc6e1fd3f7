//! `localhost` for `127.0.0.1`: what a real browser keeps apart, and the page that says so.

use landfall_tests::on_both_frameworks;
use landfall_tests::real::Viewport;

use crate::ADA;
use crate::place::Place;

const VIEWPORTS: [Viewport; 2] = [Viewport::Phone, Viewport::Desktop];

on_both_frameworks! {
    async fn a_sign_in_from_localhost_ends_on_a_page_that_leads_on_from_127_0_0_1(framework) {
        for viewport in VIEWPORTS {
            let place = Place::new(framework, viewport, |builder| builder).await;
            let opened = place.at("").replace("127.0.0.1", "localhost");
            place.browser.open(&format!("{opened}/dashboard/x?y=1")).await;
            place.browser.press(ADA).await;
            let page = place.browser.says("You opened").await;
            assert!(page.contains(&opened) && page.contains(&place.at("")), "{page}");
            place.browser.picture("address-cookie-lost").await;
            place.browser.press("a.go").await;
            place.lands_on("/dashboard/x?y=1").await;
            place.browser.says("dashboard of ada at /dashboard/x with y=1").await;
        }
    }

    async fn an_address_that_is_no_base_url_leads_to_the_one_that_was_meant(framework) {
        for viewport in VIEWPORTS {
            let two = |builder: landfall::RelyingPartyBuilder| builder.base_url("http://127.0.0.1:1");
            let place = Place::new(framework, viewport, two).await;
            let opened = place.at("").replace("127.0.0.1", "localhost");
            place.browser.open(&format!("{opened}/form?draft=7&x=%25")).await;
            let page = place.browser.says("You opened").await;
            assert!(page.contains(&opened) && page.contains(&place.at("")), "{page}");
            place.browser.picture("address-unknown").await;
            place.browser.press("a.go").await;
            place.lands_on("/form?draft=7&x=%25").await;
        }
    }
}
