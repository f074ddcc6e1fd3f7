//! Where there is no TLS beyond loopback, and a browser that others have written says less of whence a request comes.

use landfall::{CookieKey, MemoryStore, RelyingParty, danger};
use landfall_testkit::{Client, LocalProvider};
use landfall_tests::real::{Chromium, Viewport::Desktop};
use landfall_tests::{Framework, Port, on_both_frameworks};
use serde_json::json;

use crate::ADA;
use crate::neighbourhood::hostile_pages;

const FETCH: &str = "const [app, mode, done] = arguments;
    fetch(app + '/reports/7', { method: 'POST', mode, credentials: 'include' })
        .then(answer => done(answer.status || answer.type), () => done('unreadable'));";
const SUBMIT: &str = "const form = document.createElement('form');
    form.method = 'post'; form.action = arguments[0] + arguments[1];
    document.body.append(form); form.submit();";

/// Application and provider on two hosts without TLS.
struct Lan {
    browser: Chromium,
    app: String,
    _provider: LocalProvider,
}

impl Lan {
    async fn new(framework: Framework) -> Self {
        let (port, taken) = (Port::bind(), Port::bind());
        let app = format!("http://shop.test:{}", port.address().port());
        let id = taken.address().port();
        let issuer = format!("http://id.test:{id}");
        drop(taken);
        let client = Client::new("app")
            .secret("the-secret-of-a-test")
            .redirect_uri(format!("{app}/auth/callback"))
            .post_logout_redirect_uri(format!("{app}/"));
        let provider =
            LocalProvider::builder().client(client).port(id).issuer(&issuer).start().await.unwrap();
        let builder = RelyingParty::builder(&issuer)
            .client("app", "the-secret-of-a-test")
            .cookie_keys([CookieKey::generate().unwrap()])
            .http_client(provider.http_client())
            .store(MemoryStore::new());
        let builder = danger::plain_http_base_url(danger::plain_http_issuer(builder, &issuer), &app);
        port.serve(framework, builder.build().unwrap());
        Self { browser: Chromium::start(Desktop).await, app, _provider: provider }
    }

    async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.app)).await;
    }

    /// What becomes of a script's post to the application, from the page that is shown.
    async fn posts(&self, mode: &str) -> serde_json::Value {
        self.browser.run_until_done(FETCH, &[json!(self.app), json!(mode)]).await
    }
}

on_both_frameworks! {
    async fn where_there_is_no_tls_a_real_browser_signs_in_and_out_and_its_neighbours_are_refused(framework) {
        let lan = Lan::new(framework).await;
        lan.open("/dashboard").await;
        lan.browser.press(ADA).await;
        lan.browser.lands_on(&format!("{}/dashboard", lan.app)).await;
        let cookies = lan.browser.cookies().await;
        let session = cookies.iter().find(|cookie| cookie.name.starts_with("landfall-session-")).unwrap();
        assert!(!session.secure && session.http_only && session.same_site.as_deref() == Some("Lax"));
        assert_eq!(lan.posts("cors").await, 200, "its own page");

        // Another port of that host: the same site, so its requests bring the cookie along.
        let neighbour = hostile_pages().await;
        lan.browser.open(&format!("http://shop.test:{}/", neighbour.port())).await;
        assert_eq!(lan.posts("cors").await, "unreadable");
        assert_eq!(lan.posts("no-cors").await, "opaque");
        for path in ["/reports/7", "/auth/logout"] {
            lan.browser.open(&format!("http://shop.test:{}/", neighbour.port())).await;
            lan.browser.run(SUBMIT, &[json!(lan.app), json!(path)]).await;
            lan.browser.says("This request came from another site and was refused.").await;
        }
        lan.open("/").await;
        lan.browser.says("hello ada").await;

        // The page that asks is this site's by its Origin alone.
        lan.open("/auth/logout").await;
        lan.browser.press("button").await;
        lan.browser.says("hello nobody").await;
    }
}
