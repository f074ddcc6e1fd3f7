//! What people do with tabs and with the back button.

use landfall_tests::on_both_frameworks;
use landfall_tests::real::{Chromium, Example, Viewport};

use crate::ADA;

on_both_frameworks! {
    async fn two_tabs_that_sign_in_at_once_land_where_each_was_going(framework) {
        let example = Example::start(framework).await;
        let mut browser = Chromium::start(Viewport::Desktop).await;
        let pages = [1, 2].map(|number| format!("{}/dashboard/tab/{number}?n={number}", example.base_url()));
        let first = browser.tab();
        browser.open(&pages[0]).await;
        browser.says("Who would you like to be?").await;
        let second = browser.new_tab().await;
        browser.open(&pages[1]).await;
        browser.says("Who would you like to be?").await;

        browser.switch_to(&first);
        browser.press(ADA).await;
        browser.lands_on(&pages[0]).await;
        browser.says("/dashboard/tab/1").await;

        browser.switch_to(&second);
        browser.press(ADA).await;
        browser.lands_on(&pages[1]).await;
        browser.says("/dashboard/tab/2").await;
    }

    async fn going_back_to_the_sign_in_page_harms_nothing_and_leads_on(framework) {
        let example = Example::start(framework).await;
        let browser = Chromium::start(Viewport::Phone).await;
        let home = format!("{}/", example.base_url());
        let deep_link = format!("{home}dashboard/back?and=forth");
        browser.open(&home).await;
        browser.open(&deep_link).await;
        browser.press(ADA).await;
        browser.lands_on(&deep_link).await;
        browser.says("Hello, Ada Lovelace.").await;

        // The browser asks the provider again, which knows her now and answers the attempt that is over with a
        // new code.
        browser.back().await;
        browser.says("This sign-in link was already used.").await;
        browser.picture("back-button").await;
        browser.press("a.go").await;
        browser.lands_on(&deep_link).await;
        browser.says("Hello, Ada Lovelace.").await;

        // Nor has it touched the session.
        browser.open(&home).await;
        browser.says("You are signed in as Ada Lovelace.").await;
    }
}
