//! A session that ends while the single-page example is open.

use landfall_tests::real::{Shown, Viewport};

use crate::spa_visit::{Visit, however_shown};

/// What stands in the place to write.
const WRITTEN: &str = "return document.querySelector('textarea').value";

async fn expiry(shown: Shown, viewport: Viewport) {
    let visit = Visit::new(shown, viewport).await;
    let browser = &visit.browser;
    visit.sign_in("/notes?for=later#note").await;
    let text = "a thought that took an hour";
    visit.writes(text).await;
    visit.session_ends().await;
    visit.press("Save").await;
    browser.says("Your session has ended").await;
    browser.says("Not saved yet.").await;
    assert_eq!(visit.script(WRITTEN).await, text);
    visit.pictures("5-ended").await;

    visit.press("Sign in again").await;
    visit.lands_on("/notes?for=later#note").await;
    browser.until_run("the text is there again", WRITTEN, text).await;
    visit.press("Save").await;
    browser.says(&format!("Saved: {text}")).await;
}

however_shown! {
    async fn a_session_that_ends_while_somebody_writes_loses_nothing_on_a_phone(shown) {
        expiry(shown, Viewport::Phone).await;
    }

    async fn a_session_that_ends_while_somebody_writes_loses_nothing_on_a_desk(shown) {
        expiry(shown, Viewport::Desktop).await;
    }

    async fn what_somebody_wrote_is_not_shown_to_the_next_person_on_the_same_tab(shown) {
        let visit = Visit::new(shown, Viewport::Desktop).await;
        visit.sign_in("/notes").await;
        visit.writes("for Ada's eyes alone").await;
        visit.session_ends().await;
        visit.page.provider.forget_sessions();
        visit.press("Save").await;
        visit.press("Sign in again").await;
        visit.browser.press("button[value=grace]").await;
        visit.lands_on("/notes").await;
        visit.browser.says("Grace Hopper").await;
        assert_eq!(visit.script(WRITTEN).await, "");
    }

    async fn what_somebody_wrote_is_gone_when_another_person_signs_in_in_the_next_tab(shown) {
        let mut visit = Visit::new(shown, Viewport::Desktop).await;
        visit.sign_in("/notes").await;
        visit.writes("for Ada's eyes alone").await;
        visit.session_ends().await;
        visit.page.provider.forget_sessions();
        let first = visit.browser.tab();
        visit.browser.new_tab().await;
        visit.open("/about").await;
        visit.browser.press("button[value=grace]").await;
        visit.lands_on("/about").await;
        visit.browser.switch_to(&first);
        visit.comes_back_to_the_tab().await;
        visit.browser.says("Grace Hopper").await;
        assert_eq!(visit.script(WRITTEN).await, "");
    }

    async fn a_sign_out_in_one_tab_is_heard_in_the_others_and_leaves_nothing_there(shown) {
        let mut visit = Visit::new(shown, Viewport::Desktop).await;
        visit.sign_in("/notes").await;
        visit.writes("for Ada's eyes alone").await;
        let first = visit.browser.tab();
        visit.browser.new_tab().await;
        visit.open("/about").await;
        visit.knows("Ada Lovelace").await;
        visit.press("Sign out").await;
        visit.browser.says("Nobody is signed in.").await;
        // Nobody comes back to it, or asks it for anything.
        visit.browser.switch_to(&first);
        visit.lands_on("/").await;
        visit.browser.says("Nobody is signed in.").await;
        assert_eq!(visit.script("return sessionStorage.length + localStorage.length").await, 0);
    }

    async fn a_notice_goes_once_somebody_has_signed_in_in_the_next_tab(shown) {
        let mut visit = Visit::new(shown, Viewport::Desktop).await;
        visit.sign_in("/notes").await;
        visit.session_ends().await;
        visit.writes("a thought").await;
        visit.press("Save").await;
        visit.browser.says("Your session has ended").await;
        let first = visit.browser.tab();
        visit.browser.new_tab().await;
        // The provider knows her still.
        visit.open("/about").await;
        visit.browser.says("Ada Lovelace").await;
        visit.browser.switch_to(&first);
        visit.comes_back_to_the_tab().await;
        let notices = "return document.querySelectorAll('.notice').length";
        visit.browser.until_run("the notice is gone", notices, 0).await;
        assert_eq!(visit.script(WRITTEN).await, "a thought");
    }

    async fn a_session_that_ends_while_nothing_is_asked_is_noticed(shown) {
        let visit = Visit::new(shown, Viewport::Desktop).await;
        // On the way back to the tab.
        visit.sign_in("/reports/2026").await;
        visit.browser.says("Report of 2026").await;
        visit.session_ends().await;
        visit.comes_back_to_the_tab().await;
        let page = visit.browser.says("Your session has ended").await;
        assert!(page.contains("Report of 2026"), "{page}");
        visit.press("Sign in again").await;
        visit.knows("Ada Lovelace").await;

        // When its time is over: the next answer says that this is now.
        visit
            .script(
                "const real = fetch;\
                 window.fetch = async (...all) => {\
                     window.fetch = real;\
                     const session = await (await real(...all)).json();\
                     return Response.json({ ...session, idle_expires_at: Date.now() / 1000 });\
                 };",
            )
            .await;
        visit.comes_back_to_the_tab().await;
        visit.session_ends().await;
        visit.browser.says("Your session has ended").await;
    }
}
