//! Sessions with names of the test's choosing, and logout tokens for them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use landfall::{Clock as _, EndReason, Event, EventKind, MemoryStore, RelyingPartyBuilder, Userinfo};
use landfall_testkit::{Algorithm, Browser, Fault, SigningKey, TestBed};
use landfall_tests::{BASE_URL, FlakyStore, Framework, SessionKind, World};
use serde_json::{Map, Value, json};

use crate::support::{Answer, Ask, FORM, ask, sign_in_page, whoami};

pub(crate) const BACKCHANNEL: &str = "/auth/backchannel-logout";

/// A world whose provider calls people and sessions whatever the test says.
pub(crate) async fn world(framework: Framework, kind: SessionKind) -> World {
    world_with(framework, kind, |builder| builder).await
}

pub(crate) async fn world_with(
    framework: Framework,
    kind: SessionKind,
    change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
) -> World {
    World::with(framework, kind, |builder| change(builder.userinfo(Userinfo::Never))).await
}

/// A browser of its own in which `sub` is signed in, in the provider's session `sid`.
pub(crate) async fn session(world: &World, sub: &str, sid: Option<&str>) -> Browser {
    let browser = world.other_browser();
    world.provider.inject(Fault::id_token_claim("sub", sub));
    world.provider.inject(Fault::id_token_claim("sid", json!(sid)));
    let page = sign_in_page(&browser).await;
    assert!(page.starts_with(&format!("dashboard of {sub}")), "{page}");
    browser
}

/// Whatever is told of sessions that end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ears(Arc<Mutex<Vec<Event>>>);

impl Ears {
    pub(crate) fn listen(&self, builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
        let heard = Arc::clone(&self.0);
        builder.on_event(move |event| heard.lock().unwrap().push(event.clone()))
    }

    /// Whose sessions ended, and why.
    pub(crate) fn ended(&self) -> Vec<(Option<String>, EndReason)> {
        let heard = self.0.lock().unwrap();
        let ended = heard.iter().filter_map(|event| match event.kind {
            EventKind::Ended(why) => {
                Some((event.subject.as_ref().map(|subject| subject.subject().to_owned()), why))
            }
            _ => None,
        });
        ended.collect()
    }
}

/// A world whose store fails when it is told to.
pub(crate) async fn flaky(framework: Framework) -> (World, FlakyStore) {
    let bed = TestBed::new(BASE_URL).unwrap();
    let store = FlakyStore::new(MemoryStore::new().with_clock(bed.clock()));
    let behind = store.clone();
    let world = World::around(bed, framework, SessionKind::Memory, |builder| {
        builder.userinfo(Userinfo::Never).near_cache_staleness(Duration::ZERO).store(behind)
    });
    (world.await, store)
}

/// Whether somebody is signed in there.
pub(crate) async fn stands(browser: &Browser) -> bool {
    whoami(browser).await != "hello nobody"
}

/// A token's name that no other world has used: worlds share an engine's memory of names.
pub(crate) fn unique(jti: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{jti}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A logout token in the making.
pub(crate) struct Token {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
}

impl Token {
    /// A valid one, issued now, for `user-1` in `sess-1`.
    pub(crate) fn new(world: &World, jti: &str) -> Self {
        let now = world.clock.now().secs();
        let key = world.provider.signing_key(Algorithm::Rs256).unwrap();
        let header = json!({"alg": "RS256", "typ": "logout+jwt", "kid": key.kid()});
        let claims = json!({
            "iss": world.provider.issuer(), "aud": TestBed::CLIENT_ID, "iat": now, "exp": now + 120, "jti": unique(jti),
            "sub": "user-1", "sid": "sess-1",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        Self { header: header.as_object().unwrap().clone(), claims: claims.as_object().unwrap().clone() }
    }

    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn header_without(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    pub(crate) fn unsigned(&self) -> String {
        let part = |part: &Map<String, Value>| URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).unwrap());
        format!("{}.{}", part(&self.header), part(&self.claims))
    }

    pub(crate) fn signed_with(&self, key: &SigningKey, algorithm: Algorithm) -> String {
        let input = self.unsigned();
        let signature = key.sign(algorithm, input.as_bytes()).unwrap();
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// As the provider signs it.
    pub(crate) fn signed(&self, world: &World) -> String {
        self.signed_with(&world.provider.signing_key(Algorithm::Rs256).unwrap(), Algorithm::Rs256)
    }
}

/// Posts as a provider does: no cookie, no page.
pub(crate) fn post(target: &str, content_type: &str, body: impl Into<bytes::Bytes>) -> Ask {
    Ask::new(Method::POST, target)
        .header("accept", "*/*")
        .header("content-type", content_type)
        .cookie("")
        .body(body)
}

/// Posts a logout token.
pub(crate) async fn send(world: &World, token: &str) -> Answer {
    ask(&world.browser, post(BACKCHANNEL, FORM, format!("logout_token={token}"))).await
}

/// What a refusal says.
pub(crate) fn rule(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("no JSON: {answer:?}"));
    assert_eq!(body["error"], "invalid_request", "{body}");
    body["error_description"].as_str().unwrap().to_owned()
}
