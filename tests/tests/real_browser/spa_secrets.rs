//! What must not be in, and must not get into, the single-page example.

use landfall_tests::real::{Shown, Viewport};
use landfall_tests::run;
use serde_json::Value;

use crate::spa_visit::{REPORT, Visit, however_shown};

however_shown! {
    async fn the_code_is_left_neither_in_the_address_nor_in_the_history(shown) {
        let visit = Visit::new(shown, Viewport::Desktop).await;
        visit.open("/").await;
        visit.sign_in(REPORT).await;
        visit.browser.says("Ada Lovelace").await;
        let after = visit.browser.history().await;
        assert!(after.iter().any(|url| *url == visit.page.at(REPORT)), "{after:?}");
        assert!(!after.iter().any(|url| url.contains("code=") || url.contains("/callback")), "{after:?}");

        // Nor after an exchange that failed, where the route stays.
        visit.session_ends().await;
        visit.open("/callback?code=planted-code&state=planted-state").await;
        visit.browser.says("Sign in again").await;
        let after = visit.browser.history().await;
        assert!(!after.iter().any(|url| url.contains("planted")), "{after:?}");
        assert_eq!(
            visit
                .script("return JSON.stringify([history.state, location.href])")
                .await
                .to_string()
                .find("planted"),
            None
        );
    }

    async fn no_token_is_in_anything_that_the_browser_sees(shown) {
        let visit = Visit::new(shown, Viewport::Desktop).await;
        visit.sign_in("/about").await;
        visit.knows_ada_from_both().await;
        let seen = "return [document.documentElement.outerHTML, JSON.stringify(localStorage), \
            JSON.stringify(sessionStorage), document.cookie, JSON.stringify(history.state), location.href].join()";
        let seen = visit.script(seen).await.as_str().unwrap().to_owned();
        let answers = visit.page.network.answers();
        assert!(answers.contains("\"signed_in\":true") && answers.contains("ada@example.test"), "{answers}");
        let tokens = visit.page.tokens();
        assert!(tokens.len() >= 2, "{tokens:?}");
        for token in tokens {
            assert!(!seen.contains(&token) && !answers.contains(&token), "a token reached the browser");
        }
        assert_eq!(visit.script("return document.cookie").await, "");
    }

    async fn a_post_that_lacks_the_header_is_refused(shown) {
        let visit = Visit::new(shown, Viewport::Desktop).await;
        visit.sign_in("/notes").await;
        visit.writes("with it").await;
        visit.press("Save").await;
        visit.browser.says("Saved: with it").await;
        let status = visit.answer_to("/api/echo", "{ method: 'POST', body: 'without it' }").await;
        assert_eq!(status["status"], 403);
    }
}

#[test]
fn an_inline_script_that_somebody_planted_does_not_run_in_the_build() {
    run(Box::pin(async {
        let visit = Visit::new(Shown::ByBackend, Viewport::Desktop).await;
        visit.open("/").await;
        visit.browser.says("Nobody is signed in.").await;
        let plant = "const script = document.createElement('script');\
            script.textContent = 'window.planted = true';\
            document.body.append(script);\
            return window.planted ?? null";
        assert_eq!(visit.script(plant).await, Value::Null);
    }));
}
