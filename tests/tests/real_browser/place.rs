//! An application of the tests with a provider of its own, both on ports that a browser reaches.

use landfall::{CookieKey, MemoryStore, RelyingParty, RelyingPartyBuilder};
use landfall_testkit::{Client, LocalProvider};
use landfall_tests::real::{Chromium, Viewport};
use landfall_tests::{Framework, Port};

use crate::ADA;

/// Application, provider and browser.
pub(crate) struct Place {
    pub(crate) provider: LocalProvider,
    pub(crate) browser: Chromium,
    base_url: String,
}

impl Place {
    pub(crate) async fn new(
        framework: Framework,
        viewport: Viewport,
        change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Self {
        Self::seen_with(Chromium::start(viewport).await, framework, change).await
    }

    pub(crate) async fn seen_with(
        browser: Chromium,
        framework: Framework,
        change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Self {
        let port = Port::bind();
        let base_url = port.base_url();
        let client = Client::new("app")
            .secret("the-secret-of-a-test")
            .redirect_uri(format!("{base_url}/auth/callback"))
            .post_logout_redirect_uri(format!("{base_url}/"));
        let provider = LocalProvider::builder().client(client).start().await.unwrap();
        let builder = RelyingParty::builder(provider.issuer())
            .client("app", "the-secret-of-a-test")
            .base_url(&base_url)
            .cookie_keys([CookieKey::generate().unwrap()])
            .store(MemoryStore::new());
        port.serve(framework, change(builder).build().unwrap());
        Self { provider, browser, base_url }
    }

    /// Where this path is.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    pub(crate) async fn open(&self, path: &str) {
        self.browser.open(&self.at(path)).await;
    }

    /// Signs Ada in by way of a guarded page.
    pub(crate) async fn sign_in(&self) {
        self.open("/dashboard").await;
        self.browser.press(ADA).await;
        self.browser.lands_on(&self.at("/dashboard")).await;
    }

    pub(crate) async fn lands_on(&self, path: &str) {
        self.browser.lands_on(&self.at(path)).await;
    }
}
