//! An application among the pages of others: of a sibling host, and of a stranger's site.

use std::net::SocketAddr;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use landfall::{CookieKey, MemoryStore, RelyingParty, RelyingPartyBuilder};
use landfall_testkit::{Client, LocalProvider};
use landfall_tests::Framework;
use landfall_tests::real::{Chromium, TlsFront};
use serde_json::{Value, json};

use crate::ADA;
use crate::deeds::{self, Deeds};

pub(crate) const SIBLING: &str = "sibling.example.test";
pub(crate) const STRANGER: &str = "other.test";

/// An application at `app.example.test`, somebody signed in there, and pages of others.
pub(crate) struct Neighbourhood {
    pub(crate) browser: Chromium,
    pub(crate) deeds: Deeds,
    pub(crate) app: String,
    pub(crate) auth: RelyingParty,
    /// The port of the other sites: a sibling's and a stranger's.
    others: u16,
    _provider: LocalProvider,
}

impl Neighbourhood {
    pub(crate) async fn new(
        framework: Framework,
        browser: Chromium,
        change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Self {
        let front = TlsFront::bind().await;
        let app = format!("https://app.example.test:{}", front.port());
        let client = Client::new("app")
            .secret("the-secret-of-a-test")
            .redirect_uri(format!("{app}/auth/callback"))
            .post_logout_redirect_uri(format!("{app}/"));
        let provider = LocalProvider::builder().client(client).start().await.unwrap();
        let builder = RelyingParty::builder(provider.issuer())
            .client("app", "the-secret-of-a-test")
            .base_url(&app)
            .cookie_keys([CookieKey::generate().unwrap()])
            .store(MemoryStore::new());
        let deeds = Deeds::default();
        let auth = change(builder).build().unwrap();
        front.serve(deeds::serve(framework, auth.clone(), deeds.clone()).await);
        let pages = TlsFront::bind().await;
        let others = pages.port();
        pages.serve(hostile_pages().await);

        browser.open(&format!("{app}/private")).await;
        browser.press(ADA).await;
        browser.lands_on(&format!("{app}/private")).await;
        browser.says("private to ada").await;
        Self { browser, deeds, app, auth, others, _provider: provider }
    }

    pub(crate) async fn at(&self, host: &str) {
        self.browser.open(&format!("https://{host}:{}/", self.others)).await;
    }

    /// What became of a script on the page that is shown; it calls `done`.
    pub(crate) async fn script(&self, script: &str) -> Value {
        let script = format!("const [app, done] = arguments; {script}");
        self.browser.run_until_done(&script, &[json!(self.app)]).await
    }

    /// Opens a page of the application.
    pub(crate) async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.app)).await;
    }

    /// A form of the page that is shown, sent to the guarded post.
    pub(crate) async fn submit(&self) {
        let script = "const form = document.createElement('form');
            form.method = 'post'; form.action = arguments[0] + '/deed';
            document.body.append(form); form.submit();";
        self.browser.run(script, &[json!(self.app)]).await;
    }
}

/// A page with nothing on it, whatever it is called.
pub(crate) async fn hostile_pages() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let page = || async { Html("<!doctype html><title>Prizes</title><body>You have won") };
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(page))).await });
    address
}
