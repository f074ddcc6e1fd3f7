//! An application, the provider, and a browser for both.

use std::sync::{Arc, Mutex};

use landfall::{CookieKey, EventKind, RelyingParty, RelyingPartyBuilder, SystemClock};
use landfall_testkit::{Browser, Page};
use landfall_tests::real::RealProvider;
use landfall_tests::{Engine, Framework, Port, SessionKind};
use serde_json::Value;

use crate::{DEEP_LINK, path_and_query};

/// An application that knows its own address, the provider, and a browser for both.
pub(crate) struct Place {
    pub(crate) provider: Arc<RealProvider>,
    pub(crate) browser: Browser,
    pub(crate) base_url: String,
    kind: SessionKind,
    framework: Framework,
    engine: Engine,
    keys: Vec<CookieKey>,
    heard: Arc<Mutex<Vec<EventKind>>>,
}

/// The client that most use.
pub(crate) fn basic(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.client("basic", "basic-secret-basic-secret-basic-secret")
}

/// The client that is told of sign-outs, each with the session's name.
pub(crate) fn told_sid(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.client("told_sid", "told-sid-secret-told-sid-secret-told")
}

/// The client that is told of sign-outs, each with nothing but whose.
pub(crate) fn told_sub(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.client("told_sub", "told-sub-secret-told-sub-secret-told")
}

impl Place {
    pub(crate) async fn new(
        framework: Framework,
        kind: SessionKind,
        host: &str,
        client: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Self {
        let port = Port::bind();
        let provider = RealProvider::start(host, &[port.base_url()]).await;
        let base_url = port.base_url();
        Self::at(port, base_url, framework, kind, Arc::new(provider), Browser::new(), client).await
    }

    /// Two applications for one browser, the first being the one that is told of sign-outs. The second has another
    /// host: cookies know no ports.
    pub(crate) async fn two(
        framework: Framework,
        first: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
        second: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> (Self, Self) {
        let (one, two) = (Port::bind(), Port::bind());
        let at = (one.base_url(), two.base_url().replace("127.0.0.1", "localhost"));
        let provider = Arc::new(RealProvider::start("127.0.0.1", &[at.0.clone(), at.1.clone()]).await);
        let browser = Browser::new();
        let kind = SessionKind::Memory;
        let parts = (Arc::clone(&provider), browser.clone());
        (
            Self::at(one, at.0, framework, kind, parts.0, parts.1, first).await,
            Self::at(two, at.1, framework, kind, provider, browser, second).await,
        )
    }

    async fn at(
        port: Port,
        base_url: String,
        framework: Framework,
        kind: SessionKind,
        provider: Arc<RealProvider>,
        browser: Browser,
        client: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Self {
        let engine = Engine::open(kind, Arc::new(SystemClock)).await;
        let keys = vec![CookieKey::generate().unwrap()];
        let heard = Arc::default();
        let this = Self { provider, browser, base_url, kind, framework, engine, keys, heard };
        port.serve(framework, this.relying_party(client));
        this
    }

    fn relying_party(&self, client: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder) -> RelyingParty {
        let heard = Arc::clone(&self.heard);
        let builder = RelyingParty::builder(self.provider.issuer())
            .base_url(&self.base_url)
            .cookie_keys(self.keys.clone())
            .on_event(move |event| heard.lock().unwrap().push(event.kind));
        let builder = match self.engine.store() {
            Some(store) => builder.store(store),
            None => builder,
        };
        client(builder).build().unwrap()
    }

    /// A browser that another instance of the application answers, with the store of this one.
    pub(crate) fn instance(
        &self,
        client: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Browser {
        let browser = Browser::new();
        browser
            .route(&self.base_url, Port::bind().serve(self.framework, self.relying_party(client)))
            .unwrap();
        browser
    }

    /// Puts another release of the application in this one's place.
    pub(crate) fn becomes(&self, client: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder) {
        let address = Port::bind().serve(self.framework, self.relying_party(client));
        self.browser.route(&self.base_url, address).unwrap();
    }

    /// What the application was told so far, by all of its instances.
    pub(crate) fn heard(&self) -> Vec<EventKind> {
        self.heard.lock().unwrap().clone()
    }

    pub(crate) async fn open(&self, path: &str) -> Page {
        self.browser.open(&self.url(path)).await.unwrap()
    }

    /// Where this path is.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// All that the application knows of who is signed in.
    pub(crate) async fn me(&self) -> Value {
        let me = self.open("/me").await;
        serde_json::from_slice(&me.body).unwrap_or_else(|_| panic!("nobody: {me:?}"))
    }

    /// The cookies of the application.
    pub(crate) fn session(&self) -> Vec<(String, String)> {
        let cookies = self.browser.cookies_for(&self.base_url).unwrap();
        let session = cookies.into_iter().filter(|cookie| cookie.name.contains("landfall-session"));
        session.map(|cookie| (cookie.name, cookie.value)).collect()
    }

    /// The whole visit.
    pub(crate) async fn signs_in_and_out(&self) {
        let page = self.signs_in().await;
        self.landed(&page).await;
        self.signs_out().await;
    }

    /// Up to what the provider answers the consent with.
    pub(crate) async fn signs_in(&self) -> Page {
        let page = self.open(DEEP_LINK).await;
        self.provider.sign_in(&self.browser, &page, "ada").await
    }

    pub(crate) async fn landed(&self, page: &Page) {
        assert_eq!(path_and_query(page), DEEP_LINK, "{page:?}");
        assert!(page.text().starts_with("dashboard of ada at /dashboard/2026/q3"), "{}", page.text());
        let me = self.me().await;
        assert_eq!(me["iss"], self.provider.issuer());
        assert_eq!(me["sub"], "ada");
        // This provider keeps them out of the ID token.
        assert_eq!(me["name"], "User ada");
        assert_eq!(me["email"], "ada@example.test");
    }

    /// Presses the application's own button.
    pub(crate) async fn leaves(&self, fields: &[(&str, &str)]) -> Page {
        self.browser.post_form(&self.url("/auth/logout"), fields, &self.base_url).await.unwrap()
    }

    /// Through the provider and back; nothing of the session is left on either side.
    pub(crate) async fn signs_out(&self) {
        let session = self.session();
        assert_eq!(session.len(), 1);
        let page = self.leaves(&[]).await;
        let page = self.provider.sign_out(&self.browser, &page).await;
        assert_eq!(page.url.as_str(), self.url("/"));
        assert_eq!(page.text(), "hello nobody");

        let page = self.open(DEEP_LINK).await;
        assert!(self.provider.asks_for_a_password(&page), "{page:?}");
        if self.kind == SessionKind::Memory {
            // Somebody kept a copy of the cookie: the store no longer knows it.
            self.restores(&session);
            assert_eq!(self.open("/").await.text(), "hello nobody");
        }
    }

    /// Puts cookies back that the browser had.
    pub(crate) fn restores(&self, session: &[(String, String)]) {
        for (name, value) in session {
            assert!(self.browser.set_cookie(&self.base_url, &format!("{name}={value}; Path=/")).unwrap());
        }
    }
}
