//! Signing out, and who notices.

use landfall::{RelyingPartyBuilder, SiteData};
use landfall_tests::on_both_frameworks;
use landfall_tests::real::Viewport;

use crate::ADA;
use crate::place::Place;

on_both_frameworks! {
    async fn after_a_sign_out_on_one_tab_the_next_click_on_another_signs_in_and_lands_there(framework) {
        let mut place = Place::new(framework, Viewport::Desktop, |builder| builder).await;
        place.sign_in().await;
        let first = place.browser.tab();
        let second = place.browser.new_tab().await;
        place.open("/form?tab=2").await;

        place.browser.switch_to(&first);
        place.open("/auth/logout?return_to=%2F%3Fbye%3D1").await;
        place.browser.press("button").await;
        place.browser.says("hello nobody").await;
        place.lands_on("/?bye=1").await;

        place.browser.switch_to(&second);
        place.browser.press("#next").await;
        place.browser.says("Who would you like to be?").await;
        place.browser.press(ADA).await;
        place.lands_on("/dashboard/next?page=2").await;
        place.browser.says("dashboard of ada at /dashboard/next with page=2").await;
    }

    async fn the_page_that_asks_before_a_sign_out_signs_nobody_out_by_itself(framework) {
        for viewport in [Viewport::Phone, Viewport::Desktop] {
            let place = Place::new(framework, viewport, |builder| builder).await;
            place.sign_in().await;
            place.open("/auth/logout").await;
            place.browser.says("Sign out?").await;
            place.browser.picture("sign-out").await;
            place.open("/").await;
            place.browser.says("hello ada").await;
        }
    }

    async fn after_a_sign_out_the_back_button_shows_no_page_of_the_person(framework) {
        let place = Place::new(framework, Viewport::Desktop, landfall::RelyingPartyBuilder::no_store_when_signed_in).await;
        place.sign_in().await;
        place.open("/dashboard/x?y=1").await;
        place.browser.says("dashboard of ada").await;
        place.open("/auth/logout").await;
        place.browser.press("button").await;
        place.browser.says("hello nobody").await;
        place.browser.back().await;
        place.browser.says("Sign out?").await;
        place.browser.back().await;
        let shown = place.browser.says("Who would you like to be?").await;
        assert!(!shown.contains("dashboard"), "{shown}");
    }

    async fn a_sign_out_throws_away_what_the_application_names(framework) {
        let clears = |builder: RelyingPartyBuilder| builder.clear_site_data_on_sign_out([SiteData::Storage]);
        let place = Place::new(framework, Viewport::Desktop, clears).await;
        place.sign_in().await;
        place.browser.run("localStorage.setItem('draft', 'of ada')", &[]).await;
        place.open("/").await;
        assert_eq!(place.browser.run("return localStorage.getItem('draft')", &[]).await, "of ada");
        place.open("/auth/logout").await;
        place.browser.press("button").await;
        place.browser.says("hello nobody").await;
        assert!(place.browser.run("return localStorage.getItem('draft')", &[]).await.is_null());
    }
}
