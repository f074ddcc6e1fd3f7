//! The certified provider of `providers/oidc-provider`.

use std::path::Path;

use landfall_testkit::{Browser, Page};
use tokio::process::Command;

use super::{Process, program};

/// The provider, in a process of its own, with the clients of its file.
#[derive(Debug)]
pub struct RealProvider {
    issuer: String,
    _process: Process,
}

impl RealProvider {
    /// Starts it on a free port, for relying parties at these base URLs. `host` is `127.0.0.1` or `localhost`.
    pub async fn start(host: &str, base_urls: &[String]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("providers/oidc-provider");
        let mut process = Process::start(
            Command::new(program("LANDFALL_TEST_NODE"))
                .arg("provider.mjs")
                .current_dir(folder)
                .env("PORT", "0")
                .env("HOST", host)
                .env("RPS", base_urls.join(","))
                .env("WATCH_STDIN", "1"),
        );
        let issuer = process.says("ready ").await;
        Self { issuer, _process: process }
    }

    /// Its issuer, letter by letter.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether this is one of its pages.
    pub fn shows(&self, page: &Page) -> bool {
        page.url.as_str().starts_with(&self.issuer)
    }

    /// Whether it asks who is there.
    pub fn asks_for_a_password(&self, page: &Page) -> bool {
        self.offers(page, "Sign-in")
    }

    /// Whether it asks for more than a password.
    pub fn asks_for_a_second_factor(&self, page: &Page) -> bool {
        self.offers(page, "Confirm")
    }

    /// Whether it asks what the application may.
    pub fn asks_for_consent(&self, page: &Page) -> bool {
        self.offers(page, "Continue")
    }

    fn offers(&self, page: &Page, button: &str) -> bool {
        self.shows(page) && page.forms().iter().any(|form| form.button(button).is_some())
    }

    /// Signs in on its page, which must be what `page` is, and agrees to what is asked for.
    ///
    /// # Panics
    /// When its pages are not as they were.
    pub async fn sign_in(&self, browser: &Browser, page: &Page, login: &str) -> Page {
        let consent = self.give_password(browser, page, login, 0).await;
        assert!(self.asks_for_consent(&consent), "not the provider's consent page: {consent:?}");
        browser.submit(&consent, "Continue", &[]).await.unwrap()
    }

    /// Gives a login and a password, and gives what follows. The provider takes it for done so many seconds ago.
    ///
    /// # Panics
    /// When its pages are not as they were.
    pub async fn give_password(&self, browser: &Browser, page: &Page, login: &str, ago: u32) -> Page {
        assert!(self.asks_for_a_password(page), "not the provider's sign-in page: {page:?}");
        let ago = ago.to_string();
        let fields = [("login", login), ("password", "any password"), ("ago", ago.as_str())];
        browser.submit(page, "Sign-in", &fields).await.unwrap()
    }

    /// Agrees to all but this scope, which must be the only one that is asked for.
    ///
    /// # Panics
    /// When its pages are not as they were.
    pub async fn refuse(&self, browser: &Browser, page: &Page, scope: &str) -> Page {
        let form = &page.forms()[0];
        assert!(form.fields.iter().any(|(name, value)| name == "scope" && value == scope), "{page:?}");
        assert_eq!(form.fields.len(), 1, "{page:?}");
        browser.submit(page, "Continue", &[("scope", "none")]).await.unwrap()
    }

    /// Confirms the sign-out on its page, which must be what `page` is.
    ///
    /// # Panics
    /// When its page is not as it was.
    pub async fn sign_out(&self, browser: &Browser, page: &Page) -> Page {
        assert!(self.shows(page), "not the provider's sign-out page: {page:?}");
        browser.submit(page, "Yes, sign me out", &[]).await.unwrap()
    }
}
