//! What people do while they sign in to the single-page example.

use landfall_testkit::{Endpoint, Fault};
use landfall_tests::real::{Shown, Viewport};

use crate::ADA;
use crate::spa_visit::{REPORT, Visit, however_shown};

async fn refused(shown: Shown, viewport: Viewport) {
    let visit = Visit::new(shown, viewport).await;
    visit.page.provider.inject(Fault::authorize_error("access_denied"));
    visit.open(REPORT).await;
    let page = visit.browser.says("Reference:").await;
    assert!(page.contains("Sign-in was cancelled"), "{page}");
    visit.lands_on("/callback").await;
    visit.pictures("7-refused").await;
    visit.press("Sign in again").await;
    visit.browser.press(ADA).await;
    visit.lands_on(REPORT).await;
}

however_shown! {
    async fn two_tabs_that_sign_in_at_once_land_where_each_was_going(shown) {
        let mut visit = Visit::new(shown, Viewport::Desktop).await;
        let first = visit.browser.tab();
        visit.open("/notes?tab=1").await;
        visit.browser.says("Who would you like to be?").await;
        let second = visit.browser.new_tab().await;
        visit.open("/reports/2025?tab=2#total").await;
        visit.browser.says("Who would you like to be?").await;

        visit.browser.switch_to(&first);
        visit.browser.press(ADA).await;
        visit.lands_on("/notes?tab=1").await;
        visit.browser.says("What is on your mind?").await;

        visit.browser.switch_to(&second);
        visit.browser.press(ADA).await;
        visit.lands_on("/reports/2025?tab=2#total").await;
        visit.browser.says("Report of 2025").await;
    }

    async fn going_back_to_the_sign_in_page_harms_nothing_and_leads_on(shown) {
        let visit = Visit::new(shown, Viewport::Phone).await;
        visit.open("/").await;
        visit.sign_in("/notes?back=1").await;
        visit.browser.says("What is on your mind?").await;
        // The provider knows her now and answers the attempt that is over with a new code.
        visit.browser.back().await;
        visit.browser.says("This sign-in link was already used.").await;
        visit.pictures("6-back").await;
        visit.press("Sign in again").await;
        visit.lands_on("/notes?back=1").await;
        visit.browser.says("What is on your mind?").await;
        visit.browser.says("Ada Lovelace").await;
    }

    async fn the_callback_route_opened_again_leads_on(shown) {
        let visit = Visit::new(shown, Viewport::Desktop).await;
        visit.sign_in("/notes").await;
        visit.open("/callback").await;
        visit.lands_on("/").await;
        visit.browser.says("You are signed in as Ada Lovelace.").await;

        // What was answered long ago, in an address that somebody kept.
        visit.session_ends().await;
        visit.open("/callback").await;
        visit.browser.says("There is no sign-in to complete").await;
        visit.press("Sign in again").await;
        visit.lands_on("/").await;
        visit.browser.says("You are signed in as Ada Lovelace.").await;
    }

    async fn a_reload_in_the_middle_of_the_exchange_ends_in_another_try(shown) {
        let visit = Visit::new(shown, Viewport::Phone).await;
        visit.open(REPORT).await;
        let mut hold = visit.page.provider.hold(Endpoint::Token);
        visit.browser.press(ADA).await;
        hold.reached(1).await;
        visit.browser.says("Signing you in").await;
        visit.lands_on("/callback").await;
        let history = visit.browser.history().await;
        assert!(!history.iter().any(|url| url.contains("code=")), "{history:?}");
        visit.pictures("8-meanwhile").await;
        visit.browser.reload().await;
        visit.browser.says("There is no sign-in to complete").await;
        hold.release();
        visit.press("Sign in again").await;
        visit.lands_on("/").await;
        visit.browser.says("You are signed in as Ada Lovelace.").await;
    }

    async fn a_refused_sign_in_says_why_and_leads_on_on_a_phone(shown) {
        refused(shown, Viewport::Phone).await;
    }

    async fn a_refused_sign_in_says_why_and_leads_on_on_a_desk(shown) {
        refused(shown, Viewport::Desktop).await;
    }
}
