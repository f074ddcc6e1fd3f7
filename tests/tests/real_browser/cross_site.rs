//! What pages of other sites, and of a sibling host, can do with the session of somebody who visits them.

use std::net::SocketAddr;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use landfall::{CookieKey, MemoryStore, RelyingParty, RelyingPartyBuilder, danger};
use landfall_testkit::{Client, LocalProvider};
use landfall_tests::real::{Chromium, TlsFront, Viewport};
use landfall_tests::{Framework, on_both_frameworks};
use serde_json::{Value, json};

use crate::ADA;
use crate::deeds::{self, Deeds};

/// An application at `app.example.test`, somebody signed in there, and pages of others.
struct Neighbourhood {
    browser: Chromium,
    deeds: Deeds,
    app: String,
    /// The port of the other sites: a sibling's and a stranger's.
    others: u16,
    _provider: LocalProvider,
}

impl Neighbourhood {
    async fn new(
        framework: Framework,
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
        front.serve(deeds::serve(framework, change(builder).build().unwrap(), deeds.clone()).await);
        let pages = TlsFront::bind().await;
        let others = pages.port();
        pages.serve(hostile_pages().await);

        let browser = Chromium::start(Viewport::Desktop).await;
        browser.open(&format!("{app}/private")).await;
        browser.press(ADA).await;
        browser.lands_on(&format!("{app}/private")).await;
        browser.says("private to ada").await;
        Self { browser, deeds, app, others, _provider: provider }
    }

    async fn at(&self, host: &str) {
        self.browser.open(&format!("https://{host}:{}/", self.others)).await;
    }

    /// What became of a script on the page that is shown; it calls `done`.
    async fn script(&self, script: &str) -> Value {
        let script = format!("const [app, done] = arguments; {script}");
        self.browser.client.execute_async(&script, vec![json!(self.app)]).await.unwrap()
    }

    /// A form of the page that is shown, sent to the guarded post.
    async fn submit(&self) {
        let script = "const form = document.createElement('form');
            form.method = 'post'; form.action = arguments[0] + '/deed';
            document.body.append(form); form.submit();";
        self.browser.client.execute(script, vec![json!(self.app)]).await.unwrap();
    }
}

/// A page with nothing on it, whatever it is called.
async fn hostile_pages() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let page = || async { Html("<!doctype html><title>Prizes</title><body>You have won") };
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(page))).await });
    address
}

const SIBLING: &str = "sibling.example.test";
const STRANGER: &str = "other.test";

const FETCH: &str = "fetch(app + '/deed', { method: 'POST', credentials: 'include' })
    .then(answer => done(answer.status), () => done('unreadable'));";
const BLIND_FETCH: &str = "fetch(app + '/deed', { method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams({ amount: 1000 }) })
    .then(answer => done(answer.type), () => done('unreadable'));";
const SOCKET: &str = "const socket = new WebSocket(app.replace('https:', 'wss:') + '/socket');
    socket.onopen = () => done('open'); socket.onerror = () => done('refused');";

on_both_frameworks! {
    async fn pages_of_the_application_itself_may_post_and_open_sockets(framework) {
        let place = Neighbourhood::new(framework, |builder| builder).await;
        assert_eq!(place.script(FETCH).await, 200);
        assert_eq!(place.deeds.count(), 1);
        assert_eq!(place.script(SOCKET).await, "open");
        assert_eq!(place.deeds.count(), 2);
        place.submit().await;
        place.browser.says("the deed is done").await;
        assert_eq!(place.deeds.count(), 3);
    }

    async fn a_sibling_hosts_page_brings_the_cookie_along_and_is_refused(framework) {
        let place = Neighbourhood::new(framework, |builder| builder).await;
        place.at(SIBLING).await;
        assert_eq!(place.script(FETCH).await, "unreadable");
        assert_eq!(place.script(BLIND_FETCH).await, "opaque");
        assert_eq!(place.script(SOCKET).await, "refused");
        place.submit().await;
        // Not the page for somebody without a session: the cookie was there.
        place.browser.says("This request came from another site and was refused.").await;
        assert_eq!(place.deeds.count(), 0);
        place.browser.open(&format!("{}/private", place.app)).await;
        place.browser.says("private to ada").await;
    }

    async fn a_strangers_page_has_no_session_to_act_on(framework) {
        let place = Neighbourhood::new(framework, |builder| builder).await;
        place.at(STRANGER).await;
        assert_eq!(place.script(FETCH).await, "unreadable");
        assert_eq!(place.script(BLIND_FETCH).await, "opaque");
        assert_eq!(place.script(SOCKET).await, "refused");
        place.submit().await;
        place.browser.says("ign in").await;
        assert_eq!(place.deeds.count(), 0);
        place.browser.open(&format!("{}/private", place.app)).await;
        place.browser.says("private to ada").await;
    }

    async fn what_danger_lifts_a_sibling_hosts_page_can_do(framework) {
        // That the others fail is the check's doing, and nobody else's.
        let lift = |builder| danger::allow_cross_site(danger::allow_cross_site(builder, "/deed"), "/socket");
        let place = Neighbourhood::new(framework, lift).await;
        place.at(SIBLING).await;
        assert_eq!(place.script(BLIND_FETCH).await, "opaque");
        assert_eq!(place.script(SOCKET).await, "open");
        place.submit().await;
        place.browser.says("the deed is done").await;
        assert_eq!(place.deeds.count(), 3);
    }
}
