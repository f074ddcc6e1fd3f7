//! A provider with one client and a browser, and what a client does at its endpoints.

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::Value;

use crate::{Browser, Client, LocalProvider, LocalProviderBuilder, VirtualClock};

pub(super) const APP: &str = "https://app.example/cb";
pub(super) const VERIFIER: &str = "a-verifier-of-enough-characters-for-rfc-7636-x";

pub(super) struct World {
    pub(super) provider: LocalProvider,
    pub(super) browser: Browser,
    pub(super) clock: VirtualClock,
}

pub(super) fn world() -> World {
    world_with(|builder| builder.auto_sign_in("ada"))
}

pub(super) fn world_with(change: impl Fn(LocalProviderBuilder) -> LocalProviderBuilder) -> World {
    let clock = VirtualClock::default();
    let client = Client::new("rp")
        .secret("s3:c%r t")
        .redirect_uri(APP)
        .post_logout_redirect_uri("https://app.example/bye");
    let builder = LocalProvider::builder().client(client).clock(Arc::new(clock.clone()));
    let provider = change(builder).in_process().unwrap();
    let browser = Browser::new().clock(Arc::new(clock.clone()));
    browser.route(provider.issuer(), &provider).unwrap();
    World { provider, browser, clock }
}

impl World {
    pub(super) fn url(&self, more: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, VERIFIER.as_bytes()));
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", "rp"),
            ("redirect_uri", APP),
            ("scope", "openid profile email offline_access"),
            ("state", "st"),
            ("nonce", "no"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for &(name, value) in more {
            pairs.retain(|(known, _)| *known != name);
            pairs.push((name, value));
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("{}/oauth2/authorize?{query}", self.provider.issuer())
    }

    /// The parameters of the authorization response.
    pub(super) async fn authorize(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let page = self.browser.open_without_following(&self.url(more)).await.unwrap();
        page.location().expect("a redirect").query_pairs().into_owned().collect()
    }

    pub(super) async fn code(&self) -> String {
        get(&self.authorize(&[]).await, "code").unwrap()
    }

    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let basic = base64::engine::general_purpose::STANDARD.encode("rp:s3%3Ac%25r+t");
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(format!("{}{path}", self.provider.issuer()))
            .header("authorization", format!("Basic {basic}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(body))
            .unwrap();
        let response = self.provider.http_client().send(request).await.unwrap();
        let document = serde_json::from_slice(response.body()).unwrap_or_default();
        (response.status(), document)
    }

    pub(super) async fn redeem(&self, code: &str) -> (StatusCode, Value) {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", APP),
            ("code_verifier", VERIFIER),
        ];
        self.post("/oauth2/token", &fields).await
    }

    pub(super) async fn refresh(&self, token: &Value) -> (StatusCode, Value) {
        let token = token.as_str().unwrap();
        self.post("/oauth2/token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    pub(super) async fn userinfo(&self, token: &Value) -> StatusCode {
        let request = Request::get(format!("{}/oauth2/userinfo", self.provider.issuer()))
            .header("authorization", format!("Bearer {}", token.as_str().unwrap()))
            .body(Bytes::new())
            .unwrap();
        self.provider.http_client().send(request).await.unwrap().status()
    }
}

pub(super) fn get(pairs: &[(String, String)], name: &str) -> Option<String> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

pub(super) fn claims(id_token: &Value) -> Value {
    let payload = id_token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
