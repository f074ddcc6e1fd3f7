//! A single-page application on another origin of the backend's site, and its neighbours there.

use landfall::{CookieKey, MemoryStore, RelyingParty};
use landfall_testkit::{Client, LocalProvider};
use landfall_tests::real::{Chromium, TlsFront, Viewport, browser_module};
use landfall_tests::{Framework, on_both_frameworks, subject};
use serde_json::{Value, json};

use crate::{ADA, sibling};

const DEEP_LINK: &str = "/reports/2026?sort=amount&q=a%26b#total";

struct Site {
    browser: Chromium,
    provider: LocalProvider,
    auth: RelyingParty,
    app: String,
    spa: String,
    evil: String,
}

impl Site {
    async fn new(framework: Framework) -> Self {
        let (backend, pages) = (TlsFront::bind().await, TlsFront::bind().await);
        let app = format!("https://app.example.test:{}", backend.port());
        let [spa, evil] = ["spa", "evil"].map(|host| format!("https://{host}.example.test:{}", pages.port()));
        let client = Client::new("app")
            .secret("the-secret-of-a-test")
            .redirect_uri(format!("{app}/auth/callback"))
            .redirect_uri(format!("{spa}/callback"))
            .post_logout_redirect_uri(format!("{app}/"));
        let provider = LocalProvider::builder().client(client).start().await.unwrap();
        let auth = RelyingParty::builder(provider.issuer())
            .client("app", "the-secret-of-a-test")
            .base_url(&app)
            .spa_callback(format!("{spa}/callback"))
            .required_header("x-csrf")
            .cookie_keys([CookieKey::generate().unwrap()])
            .store(MemoryStore::new())
            .build()
            .unwrap();
        backend.serve(sibling::backend(framework, auth.clone(), &spa).await);
        pages.serve(sibling::page(&app, browser_module().await).await);
        let browser = Chromium::start(Viewport::Desktop).await;
        Self { browser, provider, auth, app, spa, evil }
    }

    async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.spa)).await;
    }

    async fn lands_on(&self, path: &str) {
        self.browser.lands_on(&format!("{}{path}", self.spa)).await;
    }

    /// What becomes of this promise in the page that is shown.
    async fn promised(&self, promise: &str) -> Value {
        let script = format!(
            "const [app, done] = arguments;\
             const ready = () => window.landfall ? {promise}.then(done, error => done({{ failed: error.name }}))\
                 : setTimeout(ready, 20);\
             ready()"
        );
        self.browser.run_until_done(&script, &[json!(self.app)]).await
    }

    async fn sign_in(&self) {
        self.open(DEEP_LINK).await;
        self.promised("Promise.resolve(landfall.signIn())").await;
        self.browser.press(ADA).await;
        self.lands_on(DEEP_LINK).await;
    }
}

on_both_frameworks! {
    async fn a_page_beside_the_backend_signs_in_asks_and_signs_out(framework) {
        let site = Site::new(framework).await;
        site.open(DEEP_LINK).await;
        assert_eq!(site.promised("landfall.session()").await["signed_in"], false);
        site.sign_in().await;
        let session = site.promised("landfall.session()").await;
        assert_eq!((&session["signed_in"], &session["subject"]), (&json!(true), &json!("ada")));
        let me = "landfall.fetch(app + '/api/me').then(answer => answer.text())";
        assert_eq!(site.promised(me).await, "ada");

        assert_eq!(site.auth.sessions().end_all_of(&subject(&site.auth, "ada")).await.unwrap(), 1);
        assert_eq!(site.promised(me).await, json!({ "failed": "SignInRequired" }));
        // The provider still knows her.
        site.promised(
            "landfall.fetch(app + '/api/me').catch(error => landfall.signIn({ loginUrl: error.login_url }))",
        )
        .await;
        site.lands_on(DEEP_LINK).await;
        assert_eq!(site.promised(me).await, "ada");

        site.promised("Promise.resolve(landfall.signOut({ returnTo: '/bye?x=1' }))").await;
        site.lands_on("/bye?x=1").await;
        assert_eq!(site.promised("landfall.session()").await["signed_in"], false);
        site.open("/").await;
        site.promised("Promise.resolve(landfall.signIn())").await;
        site.browser.says("Who would you like to be?").await;
    }

    async fn login_csrf_and_eavesdropping_by_a_third_origin_of_the_site_come_to_nothing(framework) {
        let site = Site::new(framework).await;
        site.sign_in().await;
        let codes = site.provider.calls("/oauth2/token");
        site.browser.open(&site.evil).await;
        // The cookie goes along: it is the same site.
        for (call, outcome) in [
            ("fetch(app + '/auth/session', { credentials: 'include' }).then(answer => answer.text())", json!({ "failed": "TypeError" })),
            ("fetch(app + '/auth/session', { credentials: 'include', mode: 'no-cors' }).then(answer => answer.text())", json!("")),
            ("landfall.session()", json!({ "failed": "LandfallError" })),
            ("fetch(app + '/auth/exchange', { method: 'POST', credentials: 'include', headers: { 'content-type': 'application/json', 'x-csrf': '1' }, body: '{}' })", json!({ "failed": "TypeError" })),
            ("fetch(app + '/auth/exchange', { method: 'POST', credentials: 'include', mode: 'no-cors', body: '{\"response\":\"?code=a&state=b\"}' }).then(answer => answer.type)", json!("opaque")),
            ("landfall.fetch(app + '/api/me').then(answer => answer.text())", json!({ "failed": "TypeError" })),
        ] {
            assert_eq!(site.promised(call).await, outcome, "{call}");
        }
        assert_eq!(site.provider.calls("/oauth2/token"), codes);
        // Nor does it sign anybody in to a route of its own, or out.
        site.promised("Promise.resolve(landfall.signIn())").await;
        site.browser.says("This sign-in link is not complete.").await;
        site.browser.open(&site.evil).await;
        site.promised("Promise.resolve(landfall.signOut())").await;
        site.browser.says("This request came from another site and was refused.").await;
        site.open("/").await;
        assert_eq!(site.promised("landfall.session()").await["subject"], "ada");
    }
}
