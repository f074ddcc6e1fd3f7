//! The single-page example, behind Vite at its own port and as a production build: a visit from end to end, and
//! what is served.

use landfall_tests::real::{Shown, Viewport, npm_test};
use landfall_tests::run;
use serde_json::json;

use crate::ADA;
use crate::spa_visit::{REPORT, Visit, however_shown};

async fn from_the_deep_link_to_the_sign_out(shown: Shown, viewport: Viewport) {
    let visit = Visit::new(shown, viewport).await;
    let browser = &visit.browser;
    visit.open("/").await;
    browser.says("Nobody is signed in.").await;
    visit.pictures("1-home").await;

    visit.open(REPORT).await;
    browser.says("Who would you like to be?").await;
    browser.press(ADA).await;
    visit.lands_on(REPORT).await;
    // Effects run twice while one develops; the answer is handed over once.
    assert_eq!(visit.page.provider.calls("/oauth2/token"), 1);
    browser.says("The largest amounts first.").await;
    browser.says("Ada Lovelace").await;
    let is_seen = "const { top, bottom } = document.getElementById('total').getBoundingClientRect();\
        return scrollY > 0 && top >= 0 && bottom <= innerHeight && document.activeElement.id === 'total'";
    browser.until_run("the fragment's place is seen", is_seen, true).await;
    visit.pictures("2-report").await;

    browser.press("a[href='/about']").await;
    visit.knows_ada_from_both().await;
    visit.pictures("3-about").await;

    browser.press("a[href='/notes']").await;
    // After a click that is where a keyboard goes on, and nothing takes the focus away again.
    let focused = "return `${document.activeElement.localName} ${document.activeElement.innerText}`";
    browser.until_run("the title has the focus", focused, "h1 Notes").await;
    visit.writes("a first note").await;
    visit.press("Save").await;
    browser.says("Saved: a first note").await;
    visit.pictures("4-notes").await;

    visit.press("Sign out").await;
    browser.says("Nobody is signed in.").await;
    visit.lands_on("/").await;
    assert_eq!(visit.script("return sessionStorage.length + localStorage.length").await, 0);
    // The provider has signed her out as well: it asks.
    visit.open(REPORT).await;
    browser.says("Who would you like to be?").await;
}

however_shown! {
    async fn a_visit_on_a_phone_from_the_deep_link_to_the_sign_out(shown) {
        from_the_deep_link_to_the_sign_out(shown, Viewport::Phone).await;
    }

    async fn a_visit_on_a_desk_from_the_deep_link_to_the_sign_out(shown) {
        from_the_deep_link_to_the_sign_out(shown, Viewport::Desktop).await;
    }
}

#[test]
fn the_browser_module_is_typed_and_small_and_keeps_its_promises() {
    run(Box::pin(npm_test("browser")));
}

#[test]
fn the_build_is_served_with_every_route_and_its_hashed_files_are_kept_for_good() {
    run(Box::pin(async {
        let visit = Visit::new(Shown::ByBackend, Viewport::Desktop).await;
        visit.open("/no/such/page").await;
        visit.browser.says("There is no such page.").await;
        let script = visit.script("return new URL(document.scripts[0].src).pathname").await;
        let script = script.as_str().unwrap();
        assert!(script.starts_with("/assets/"), "{script}");
        let seen = json!({ "status": 200, "cache": "public, max-age=31536000, immutable" });
        assert_eq!(visit.answer_to(script, "{}").await, seen);
        assert_eq!(visit.answer_to("/callback", "{}").await, json!({ "status": 200, "cache": "no-cache" }));
        for path in ["/assets/gone.js", "/api/none", "/auth/none"] {
            assert_eq!(visit.answer_to(path, "{}").await["status"], 404, "{path}");
        }
    }));
}
