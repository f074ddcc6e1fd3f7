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

    /// Signs in on its page, which must be what `page` is, and agrees to what is asked for.
    ///
    /// # Panics
    /// When its pages are not as they were.
    pub async fn sign_in(&self, browser: &Browser, page: &Page, login: &str) -> Page {
        assert!(self.shows(page), "not the provider's sign-in page: {page:?}");
        let fields = [("login", login), ("password", "any password")];
        let consent = browser.submit(page, "Sign-in", &fields).await.unwrap();
        assert!(self.shows(&consent), "not the provider's consent page: {consent:?}");
        browser.submit(&consent, "Continue", &[]).await.unwrap()
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
