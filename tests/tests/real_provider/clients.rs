//! Every kind of client, from the deep link to the sign-out.

use http::Method;
use landfall::{ClientAuth, RelyingPartyBuilder, SigningAlgorithm, Userinfo};
use landfall_tests::{SessionKind, on_both_frameworks};
use serde_json::Value;

use crate::place::{Place, basic};
use crate::{DEEP_LINK, path_and_query};

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
