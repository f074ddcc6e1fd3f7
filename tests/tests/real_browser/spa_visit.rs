//! Somebody who looks at the single-page example.

use landfall_tests::real::{Chromium, Shown, SinglePage, Viewport, until};
use serde_json::{Value, json};

use crate::ADA;

/// A deep link with all that one may have.
pub(crate) const REPORT: &str = "/reports/2026?sort=amount&q=a%26b#total";

/// A page and somebody who looks at it.
pub(crate) struct Visit {
    pub(crate) page: SinglePage,
    pub(crate) browser: Chromium,
}

impl Visit {
    pub(crate) async fn new(shown: Shown, viewport: Viewport) -> Self {
        let page = SinglePage::start(shown).await;
        let browser = Chromium::start(viewport).await;
        Self { page, browser }
    }

    pub(crate) async fn open(&self, path: &str) {
        self.browser.open(&self.page.at(path)).await;
    }

    pub(crate) async fn lands_on(&self, path: &str) {
        self.browser.lands_on(&self.page.at(path)).await;
    }

    /// Asks for a page that needs a sign-in, signs Ada in, and waits until the page knows.
    pub(crate) async fn sign_in(&self, path: &str) {
        self.open(path).await;
        self.browser.press(ADA).await;
        self.lands_on(path).await;
        self.knows("Ada Lovelace").await;
    }

    /// Waits until the page has asked who is there, and shows it.
    pub(crate) async fn knows(&self, name: &str) {
        until(&format!("{name} is signed in"), async || {
            (self.browser.text_of(".person").await? == name).then_some(())
        })
        .await;
    }

    pub(crate) async fn press(&self, text: &str) {
        self.browser.press_button(text).await;
    }

    pub(crate) async fn writes(&self, text: &str) {
        self.browser.write("textarea", text).await;
    }

    pub(crate) async fn script(&self, script: &str) -> Value {
        self.browser.run(script, &[]).await
    }

    /// As when the session's time is over: the browser has its cookie no more.
    pub(crate) async fn session_ends(&self) {
        for cookie in self.browser.cookies().await {
            if cookie.name.starts_with("landfall-session") {
                self.browser.delete_cookie(&cookie.name).await;
            }
        }
    }

    /// What the page's own `fetch` gives.
    pub(crate) async fn answer_to(&self, path: &str, init: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];\
             fetch('{path}', {init}).then(answer => done({{\
                 status: answer.status, cache: answer.headers.get('cache-control'),\
             }}))"
        );
        self.browser.run_until_done(&script, &[]).await
    }

    pub(crate) async fn comes_back_to_the_tab(&self) {
        self.script("document.dispatchEvent(new Event('visibilitychange'))").await;
    }

    /// From the backend's own API, and from the provider's through the token proxy.
    pub(crate) async fn knows_ada_from_both(&self) {
        until("both have answered", async || {
            let page = self.browser.says("From the provider").await;
            (page.matches("ada@example.test").count() == 2).then_some(())
        })
        .await;
        assert!(self.page.provider.calls("/oauth2/userinfo") > 0);
    }

    /// In both kinds of light.
    pub(crate) async fn pictures(&self, name: &str) {
        for light in ["light", "dark"] {
            let features = json!([{ "name": "prefers-color-scheme", "value": light }]);
            self.browser.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
            self.browser.picture(&format!("spa-{name}-{light}")).await;
        }
    }
}

/// Runs each test behind Vite, and with the build that the backend serves.
macro_rules! however_shown {
    ($(async fn $name:ident($shown:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn play($shown: landfall_tests::real::Shown) $body

            #[test]
            fn by_vite() {
                landfall_tests::run(Box::pin(play(landfall_tests::real::Shown::ByVite)));
            }

            #[test]
            fn by_the_backend() {
                landfall_tests::run(Box::pin(play(landfall_tests::real::Shown::ByBackend)));
            }
        }
    )+};
}
pub(crate) use however_shown;
