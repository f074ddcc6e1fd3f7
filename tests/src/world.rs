//! A provider, a browser, a clock and one application, wired together.

use std::net::SocketAddr;
use std::time::Duration;

use landfall::{CookieKey, RelyingParty, RelyingPartyBuilder, TokenProxy};
use landfall_testkit::{Browser, LocalProvider, Page, TestBed, VirtualClock};

use crate::described::described;
use crate::{Engine, Port, SessionKind};

/// Where browsers reach the application: https, so the cookies are the real ones; the TLS in front is left out.
pub const BASE_URL: &str = "https://app.example.com";

/// Which of the two applications runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// axum.
    Axum,
    /// actix-web.
    Actix,
}

/// A provider that signs Ada in without asking, a browser, a clock and one application.
#[derive(Debug)]
pub struct World {
    /// Which application runs.
    pub framework: Framework,
    /// Where its sessions live.
    pub kind: SessionKind,
    /// The provider, at `https://op.example`, in this process.
    pub provider: LocalProvider,
    /// A browser that reaches both.
    pub browser: Browser,
    /// Everybody's clock.
    pub clock: VirtualClock,
    /// What the application was built with.
    pub auth: RelyingParty,
    /// Where it keeps its sessions.
    pub engine: Engine,
    /// The keys it seals with.
    pub keys: Vec<CookieKey>,
    /// Where it listens.
    pub address: SocketAddr,
    bed: TestBed,
}

impl World {
    /// The world as it is by default.
    pub async fn new(framework: Framework, kind: SessionKind) -> Self {
        Self::with(framework, kind, |builder| builder).await
    }

    /// A world whose relying party is built with changes.
    ///
    /// # Panics
    /// When it cannot be built.
    pub async fn with(
        framework: Framework,
        kind: SessionKind,
        change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Self {
        let bed = TestBed::new(BASE_URL).unwrap();
        Self::around(bed, framework, kind, change).await
    }

    /// A world around a bed of the test's own making.
    ///
    /// # Panics
    /// When it cannot be built.
    pub async fn around(
        bed: TestBed,
        framework: Framework,
        kind: SessionKind,
        change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Self {
        let engine = Engine::open(kind, bed.clock()).await;
        Self::on(engine, bed, framework, change)
    }

    /// A world that keeps its sessions there; the engine's clock is the bed's.
    ///
    /// # Panics
    /// When it cannot be built.
    pub fn on(
        engine: Engine,
        bed: TestBed,
        framework: Framework,
        change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Self {
        let keys = vec![CookieKey::generate().unwrap()];
        let kind = engine.kind();
        let builder = with_store(bed.relying_party().cookie_keys(keys.clone()), &engine);
        let auth = change(builder).build().unwrap();
        let address = Port::bind().serve(framework, auth.clone());
        bed.browser.route(bed.base_url(), address).unwrap();
        Self {
            framework,
            kind,
            provider: bed.provider.clone(),
            browser: bed.browser.clone(),
            clock: bed.clock.clone(),
            auth,
            engine,
            keys,
            address,
            bed,
        }
    }

    /// What the provider, the browser and the clock came in.
    pub fn bed(&self) -> &TestBed {
        &self.bed
    }

    /// A builder as this world's was, without the change: for a second instance, or one after a restart. Its store
    /// is another one on the same engine.
    pub fn builder(&self) -> RelyingPartyBuilder {
        with_store(self.bed.relying_party().cookie_keys(self.keys.clone()), &self.engine)
    }

    /// A builder for an application of this name that goes without a provider, where this world's is: its base URL, its
    /// keys, its clock and its engine.
    pub fn builder_without_provider(&self, name: &str) -> RelyingPartyBuilder {
        let builder = RelyingParty::without_provider(name)
            .sign_in_page("/login")
            .base_url(BASE_URL)
            .cookie_keys(self.keys.clone())
            .clock(self.bed.clock());
        with_store(builder, &self.engine)
    }

    /// A builder for an application of this name whose people a provider of another address signs in.
    pub fn builder_at_another_provider(&self, name: &str) -> RelyingPartyBuilder {
        let builder = RelyingParty::builder("https://other.example")
            .client(TestBed::CLIENT_ID, TestBed::CLIENT_SECRET)
            .application_name(name)
            .sign_in_page("/login")
            .base_url(BASE_URL)
            .http_client(self.bed.http_client())
            .cookie_keys(self.keys.clone())
            .clock(self.bed.clock());
        with_store(builder, &self.engine)
    }

    /// A builder as this world's was before anybody gave it a store.
    pub fn without_store(&self) -> RelyingPartyBuilder {
        self.bed.relying_party()
    }

    /// Starts another instance and routes the browser to it.
    ///
    /// # Panics
    /// When it cannot be built.
    #[allow(clippy::unused_async, reason = "callers await it: a server may come to need it to start")]
    pub async fn switch_to(&mut self, builder: RelyingPartyBuilder) {
        self.auth = builder.build().unwrap();
        self.address = Port::bind().serve(self.framework, self.auth.clone());
        self.browser.route(self.bed.base_url(), self.address).unwrap();
    }

    /// Starts the application anew with a token proxy inside, and routes the browser to it.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn forward(&mut self, proxy: TokenProxy) {
        self.forward_by(&[proxy]);
    }

    /// The same with two token proxies at most; the first is asked first.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn forward_by(&mut self, proxies: &[TokenProxy]) {
        self.address = Port::bind().serve_with(self.framework, self.auth.clone(), proxies);
        self.browser.route(self.bed.base_url(), self.address).unwrap();
    }

    /// Another browser, with a jar of its own, that reaches the same places.
    ///
    /// # Panics
    /// Never, as both places are there.
    pub fn other_browser(&self) -> Browser {
        let browser = Browser::new().clock(self.bed.clock());
        browser.route(self.bed.issuer(), &self.provider).unwrap();
        browser.route(self.bed.base_url(), self.address).unwrap();
        browser
    }

    /// Opens a page of the application and follows every redirect.
    ///
    /// # Panics
    /// When the browser cannot.
    pub async fn open(&self, path: &str) -> Page {
        let page = self.browser.open(&format!("{BASE_URL}{path}")).await.unwrap();
        self.holds_what_is_described(&page);
        page
    }

    /// Opens a page and stops at the first answer.
    ///
    /// # Panics
    /// When the browser cannot.
    pub async fn open_once(&self, path: &str) -> Page {
        let page = self.browser.open_without_following(&format!("{BASE_URL}{path}")).await.unwrap();
        self.holds_what_is_described(&page);
        page
    }

    /// Holds every answer of ours on the way to a page against the document of our endpoints.
    fn holds_what_is_described(&self, page: &Page) {
        let base = url::Url::parse(BASE_URL).unwrap();
        for hop in page.hops.iter().filter(|hop| hop.url.origin() == base.origin()) {
            described(&self.auth, &hop.method, hop.url.path(), hop.status);
        }
    }

    /// Goes as far as the provider's answer, and gives the callback's address without opening it.
    ///
    /// # Panics
    /// When no callback comes.
    pub async fn callback_for(&self, path: &str) -> String {
        let mut page = self.open_once(path).await;
        for _ in 0..5 {
            let next = page.location().expect("a redirect").to_string();
            if next.starts_with(&format!("{BASE_URL}/auth/callback")) {
                return next;
            }
            page = self.browser.open_without_following(&next).await.unwrap();
        }
        panic!("no callback came: {page:?}");
    }

    /// How often the token endpoint was called.
    pub fn token_calls(&self) -> usize {
        self.provider.calls("/oauth2/token")
    }

    /// Lets time pass.
    pub fn wait(&self, span: Duration) {
        self.clock.advance(span);
    }
}

fn with_store(builder: RelyingPartyBuilder, engine: &Engine) -> RelyingPartyBuilder {
    match engine.store() {
        Some(store) => builder.store(store),
        None => builder,
    }
}
