//! Private: the ways in for the fuzz targets. Not part of the API, and not covered by its promises.
//!
//! Each function takes bytes as a stranger may send them, gives them to one parser, and asserts what must hold of
//! everything that is accepted: not that something is refused, which a table can say better, but that nothing
//! accepted breaks its promise.
//!
//! 1. `fuzz/fuzz_targets/` calls them with what a fuzzer makes up: `cargo xtask fuzz`, or `cargo xtask fuzz jwks
//!    --seconds 600` for one of them.
//! 2. `tests/tests/corpora.rs` calls them with the seeds that are kept under `fuzz/corpus/`, as ordinary tests.
//! 3. The tests here call them with the texts of the tables in `tests/data/` and their neighbours, so that a
//!    promise is tried also where no fuzzer is installed.
//!
//! When the fuzzer finds something, its input becomes a seed with a telling name, in the commit that repairs it. A
//! new parser of what comes from outside gets a function here, a target of five lines, and a few seeds by hand.
//!
//! A room of its own, behind a feature, because it reaches into rooms whose items nobody outside may see. It
//! imports from all of them, and none imports from it. What looks at sealed or signed data has a key of its own, so
//! that a fuzzer gets past the seal and to what is behind.
//!
//! - here: [`id_token`], [`jwks`], [`return_to`]. Of the token proxy: `proxy_path`, `proxy_location`.
//! - `callback_query`: the authorization response. `discovery`: provider metadata.
//! - `cookie_open`: sealed values, what is in them, and the Cookie header.
//! - `forwarded`: what proxies say. `guard_path`: guards by paths. `logout_token`: the back channel.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::id_token::{ExpectedIdToken, verify};
use crate::protocol::jwks::KeySet;
use crate::protocol::token_rules::TokenRules;
use crate::{ReturnTo, Secret, Timestamp};

mod callback_query;
mod cookie_open;
mod discovery;
mod forwarded;
mod guard_path;
mod logout_token;

pub use crate::token_proxy::fuzzing::{proxy_location, proxy_path};
pub use callback_query::callback_query;
pub use cookie_open::cookie_open;
pub use discovery::discovery;
pub use forwarded::forwarded;
pub use guard_path::guard_path;
pub use logout_token::logout_token;

/// What the fuzzer signs with: HS256, so that whatever it makes up can have a valid signature.
const SECRET: &str = "a-secret-that-only-the-fuzzer-knows";

/// Reads `data` as a token, and, behind a valid signature, as header and claims with a line break between.
///
/// # Panics
/// When a token is accepted that must not be: another issuer or nonce, no subject, an authentication too long ago.
pub fn id_token(data: &[u8]) {
    accepted_id_tokens(data);
}

/// How many of the two readings were accepted: a test makes sure that a good one is, or nothing would be tried.
fn accepted_id_tokens(data: &[u8]) -> usize {
    let secret = Secret::from(SECRET);
    let algorithms = [SigningAlgorithm::Hs256, SigningAlgorithm::Rs256, SigningAlgorithm::Es256];
    let rules = TokenRules {
        issuer: "https://op.example",
        client_id: "rp-1",
        trusted_audiences: &[],
        algorithms: &algorithms,
        leeway: Duration::from_secs(60),
        now: Timestamp::from_secs(1_800_000_000),
    };
    let expect = ExpectedIdToken {
        rules,
        client_secret: Some(&secret),
        nonce: Some("n"),
        access_token: Some("at"),
        max_age: Some(Duration::from_secs(300)),
        acr: None,
    };
    let keys = KeySet::default();
    let as_is = std::str::from_utf8(data).ok().and_then(|token| verify(token, &keys, &expect).ok());

    let token = signed(data, br#"{"alg":"HS256"}"#);
    let as_claims = verify(&token, &keys, &expect).ok();

    let accepted = [as_is, as_claims].into_iter().flatten();
    accepted.fold(0, |count, claims| {
        assert!((1..=255).contains(&claims.subject.len()) && claims.subject.is_ascii());
        assert_eq!(claims.all.get("iss").and_then(|iss| iss.as_str()), Some(expect.rules.issuer));
        assert_eq!(claims.all.get("nonce").and_then(|nonce| nonce.as_str()), expect.nonce);
        let auth_time = claims.auth_time.unwrap_or_default();
        assert!(expect.rules.now.since(auth_time) <= Duration::from_secs(360));
        count + 1
    })
}

/// Header and claims, with a line break between, as a token that is signed with [`SECRET`]. Without a line break
/// all of it is claims, behind this header.
fn signed(data: &[u8], header: &[u8]) -> String {
    let (header, claims) = match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (data.get(..at).unwrap_or_default(), data.get(at + 1..).unwrap_or_default()),
        None => (header, data),
    };
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Reads `data` as a JWK Set, and tries its keys on a signature that is nobody's. No key of a set is ever one for
/// HS256.
///
/// # Panics
/// When a key verifies that signature.
pub fn jwks(data: &[u8]) {
    let Ok(keys) = KeySet::parse(data) else { return };
    for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Ps512, SigningAlgorithm::EdDsa] {
        for key in keys.fits(None, algorithm) {
            assert!(!key.verifies(algorithm, b"message", &[0x5a; 256]));
        }
    }
    assert_eq!(keys.fits(None, SigningAlgorithm::Hs256).count(), 0);
}

/// Reads `data` as a destination and as a query value. What is accepted stays with the application, also when the
/// path is decoded up to three times more, and reads again as itself.
///
/// # Panics
/// When an accepted destination leaves the application.
pub fn return_to(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for accepted in [ReturnTo::parse(text), ReturnTo::parse_query_value(text)].into_iter().flatten() {
        let emitted = accepted.as_str();
        assert!(emitted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\'), "{emitted:?}");
        assert!(stays(emitted), "{emitted:?}");
        assert_eq!(ReturnTo::parse(emitted).as_ref(), Ok(&accepted), "{emitted:?} is read in another way");

        let path_end = emitted.find(['?', '#']).unwrap_or(emitted.len());
        let mut path = emitted.get(..path_end).unwrap_or_default().to_owned();
        for _ in 0..3 {
            path = percent_decode_str(&path).decode_utf8_lossy().into_owned();
            assert!(stays(&path), "{emitted:?} leads to {path:?}");
        }
    }
}

/// Whether a browser that is on the callback's page stays with the application when it follows this.
fn stays(reference: &str) -> bool {
    let base = Url::parse("https://app.example.com/auth/callback").ok();
    let url = base.as_ref().and_then(|base| base.join(reference).ok());
    match (base, url) {
        (Some(base), Some(url)) => url.origin() == base.origin() && !url.path().starts_with("//"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    /// The tables, and each of their texts with one byte changed at a time: what a fuzzer starts from.
    fn seeds() -> Vec<Vec<u8>> {
        let mut seeds = Vec::new();
        for name in ["return_to.jsonl", "id_token.json"] {
            let path = format!("{}/../../tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).unwrap();
            for string in text.split('"').filter(|string| string.len() < 60) {
                seeds.push(string.as_bytes().to_vec());
            }
        }
        seeds
    }

    #[test]
    fn the_properties_hold_near_every_seed() {
        for mut seed in seeds() {
            super::id_token(&seed);
            super::jwks(&seed);
            super::return_to(&seed);
            super::callback_query(&seed);
            super::cookie_open(&seed);
            super::discovery(&seed);
            super::forwarded(&seed);
            super::guard_path(&[b"/public/", seed.as_slice()].concat());
            super::logout_token(&seed);
            super::proxy_location(&seed);
            super::proxy_path(&[b"/api", seed.as_slice()].concat());
            for at in 0..seed.len() {
                let byte = seed[at];
                for other in *b"/\\%.2f5c \t?#@" {
                    seed[at] = other;
                    super::return_to(&seed);
                }
                seed[at] = byte;
            }
        }
    }

    #[test]
    fn a_good_token_reaches_the_claims() {
        let claims = br#"{"iss":"https://op.example","aud":"rp-1","sub":"s","exp":1800000100,"iat":1800000000,"nonce":"n","auth_time":1800000000}"#;
        assert_eq!(super::accepted_id_tokens(claims), 1);
        let claims = br#"{"iss":"https://op.example","aud":"rp-1","sub":"s","jti":"j","iat":1800000000,"exp":1800000100,"events":{"http://schemas.openid.net/event/backchannel-logout":{}}}"#;
        assert_eq!(super::logout_token::accepted(claims), 1);
        super::jwks(
            br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
        );
    }
}
