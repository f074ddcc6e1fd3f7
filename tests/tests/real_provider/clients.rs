//! Every kind of client, from the deep link to the sign-out.

use http::Method;
use landfall::{
    ClientAuth, CookieKey, MemoryStore, RelyingParty, RelyingPartyBuilder, SigningAlgorithm, Userinfo,
};
use landfall_testkit::{Browser, Page};
use landfall_tests::real::RealProvider;
use landfall_tests::{Framework, Port, SessionKind, on_both_frameworks};
use serde_json::Value;

use crate::{DEEP_LINK, path_and_query};

/// An application that knows its own address, the provider, and a browser for both.
struct Place {
    provider: RealProvider,
    browser: Browser,
    base_url: String,
    kind: SessionKind,
}

impl Place {
    async fn new(
        framework: Framework,
        kind: SessionKind,
        host: &str,
        client: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Self {
        let port = Port::bind();
        let base_url = port.base_url();
        let provider = RealProvider::start(host, std::slice::from_ref(&base_url)).await;
        let mut builder = client(RelyingParty::builder(provider.issuer()))
            .base_url(&base_url)
            .cookie_keys([CookieKey::generate().unwrap()]);
        if kind == SessionKind::Memory {
            builder = builder.store(MemoryStore::new());
        }
        port.serve(framework, builder.build().unwrap());
        Self { provider, browser: Browser::new(), base_url, kind }
    }

    async fn open(&self, path: &str) -> Page {
        self.browser.open(&format!("{}{path}", self.base_url)).await.unwrap()
    }

    /// The whole visit.
    async fn signs_in_and_out(&self) {
        let page = self.signs_in().await;
        self.landed(&page).await;
        self.signs_out().await;
    }

    /// Up to what the provider answers the consent with.
    async fn signs_in(&self) -> Page {
        let page = self.open(DEEP_LINK).await;
        self.provider.sign_in(&self.browser, &page, "ada").await
    }

    async fn landed(&self, page: &Page) {
        assert_eq!(path_and_query(page), DEEP_LINK, "{page:?}");
        assert!(page.text().starts_with("dashboard of ada at /dashboard/2026/q3"), "{}", page.text());
        let me = self.open("/me").await;
        let me: Value = serde_json::from_slice(&me.body).unwrap();
        assert_eq!(me["iss"], self.provider.issuer());
        assert_eq!(me["sub"], "ada");
        // This provider keeps them out of the ID token.
        assert_eq!(me["name"], "User ada");
        assert_eq!(me["email"], "ada@example.test");
    }

    /// Through the provider and back; nothing of the session is left on either side.
    async fn signs_out(&self) {
        let session = self.browser.cookies_for(&self.base_url).unwrap();
        let session: Vec<_> =
            session.into_iter().filter(|cookie| cookie.name.contains("landfall-session")).collect();
        assert_eq!(session.len(), 1);
        let page = self
            .browser
            .post_form(&format!("{}/auth/logout", self.base_url), &[], &self.base_url)
            .await
            .unwrap();
        let page = self.provider.sign_out(&self.browser, &page).await;
        assert_eq!(page.url.as_str(), format!("{}/", self.base_url));
        assert_eq!(page.text(), "hello nobody");

        let page = self.open(DEEP_LINK).await;
        assert!(self.provider.shows(&page) && page.text().contains("name=\"password\""), "{page:?}");
        if self.kind == SessionKind::Memory {
            // Somebody kept a copy of the cookie: the store no longer knows it.
            let kept = format!("{}={}; Path=/", session[0].name, session[0].value);
            assert!(self.browser.set_cookie(&self.base_url, &kept).unwrap());
            assert_eq!(self.open("/").await.text(), "hello nobody");
        }
    }
}

fn basic(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.client("basic", "basic-secret-basic-secret-basic-secret")
}

on_both_frameworks! {
    async fn a_client_with_basic_authentication_signs_in_and_out(framework) {
        Place::new(framework, SessionKind::Memory, "127.0.0.1", basic).await.signs_in_and_out().await;
    }

    async fn a_session_in_a_cookie_signs_in_and_out(framework) {
        Place::new(framework, SessionKind::Cookie, "127.0.0.1", basic).await.signs_in_and_out().await;
    }

    async fn reserved_characters_in_id_and_secret_survive_basic_authentication(framework) {
        let client = |builder: RelyingPartyBuilder| {
            builder.client("basic:col on", "p%s+ w/:?&=secret-secret-secret-secret")
        };
        Place::new(framework, SessionKind::Memory, "127.0.0.1", client).await.signs_in_and_out().await;
    }

    async fn a_client_that_posts_its_secret_signs_in_and_out(framework) {
        let client = |builder: RelyingPartyBuilder| {
            builder
                .client("post", "post-secret-post-secret-post-secret")
                .client_auth(ClientAuth::ClientSecretPost)
        };
        Place::new(framework, SessionKind::Memory, "127.0.0.1", client).await.signs_in_and_out().await;
    }

    async fn a_public_client_signs_in_and_out(framework) {
        let client = |builder: RelyingPartyBuilder| builder.public_client("public");
        Place::new(framework, SessionKind::Memory, "127.0.0.1", client).await.signs_in_and_out().await;
    }

    async fn an_id_token_signed_with_es256_is_taken(framework) {
        let client = |builder: RelyingPartyBuilder| {
            builder
                .client("es256", "es256-secret-es256-secret-es256-secret")
                .id_token_algorithms([SigningAlgorithm::Es256])
        };
        Place::new(framework, SessionKind::Memory, "127.0.0.1", client).await.signs_in_and_out().await;
    }

    async fn an_id_token_signed_with_eddsa_is_taken(framework) {
        let client = |builder: RelyingPartyBuilder| {
            builder
                .client("eddsa", "eddsa-secret-eddsa-secret-eddsa-secret")
                .id_token_algorithms([SigningAlgorithm::EdDsa])
        };
        Place::new(framework, SessionKind::Memory, "127.0.0.1", client).await.signs_in_and_out().await;
    }

    async fn an_algorithm_that_was_not_agreed_on_is_refused(framework) {
        let client = |builder: RelyingPartyBuilder| {
            builder.client("es256", "es256-secret-es256-secret-es256-secret")
        };
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", client).await;
        let page = place.signs_in().await;
        assert_eq!((page.status.as_u16(), page.url.path()), (400, "/auth/callback"), "{page:?}");
        assert_eq!(place.open("/").await.text(), "hello nobody");
    }

    async fn a_wrong_secret_signs_nobody_in(framework) {
        let client = |builder: RelyingPartyBuilder| builder.client("basic", "not-the-secret-of-this-client");
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", client).await;
        let page = place.signs_in().await;
        assert!(page.status.is_server_error() && page.url.as_str().starts_with(&place.base_url), "{page:?}");
        assert_eq!(place.open("/").await.text(), "hello nobody");
    }

    /// Whence the name comes in the others.
    async fn without_userinfo_there_is_no_name(framework) {
        let client = |builder: RelyingPartyBuilder| basic(builder).userinfo(Userinfo::Never);
        let place = Place::new(framework, SessionKind::Memory, "127.0.0.1", client).await;
        assert_eq!(path_and_query(&place.signs_in().await), DEEP_LINK);
        let me: Value = serde_json::from_slice(&place.open("/me").await.body).unwrap();
        assert_eq!((&me["sub"], &me["name"], &me["email"]), (&"ada".into(), &Value::Null, &Value::Null));
    }

    /// From `localhost` to `127.0.0.1` a POST is cross-site, and Lax cookies stay behind.
    async fn an_answer_posted_from_another_site_signs_in_without_its_cookies(framework) {
        for kind in [SessionKind::Memory, SessionKind::Cookie] {
            let client = |builder: RelyingPartyBuilder| {
                builder.client("form_post", "form-post-secret-form-post-secret").form_post()
            };
            let place = Place::new(framework, kind, "localhost", client).await;
            let answer = place.signs_in().await;
            assert!(place.provider.shows(&answer), "{answer:?}");
            let pending = place.browser.cookies_for(&place.base_url).unwrap();
            assert!(pending.iter().any(|cookie| cookie.name.contains("landfall-login")), "{pending:?}");

            let page = place.browser.submit(&answer, "Continue", &[]).await.unwrap();
            let [posted, callback, ..] = page.hops.as_slice() else { panic!("{page:?}") };
            assert_eq!((&posted.method, posted.url.path()), (&Method::POST, "/auth/callback"));
            assert_eq!(posted.request_headers["sec-fetch-site"], "cross-site");
            assert_eq!(posted.request_headers.get("cookie"), None);
            assert_eq!((&callback.method, callback.url.path()), (&Method::GET, "/auth/callback"));
            place.landed(&page).await;
            place.signs_out().await;
        }
    }
}
