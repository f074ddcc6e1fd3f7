//! [`Jwt`]: a token before it is put together, so that a test can put it together wrongly (RFC 7515 §3.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::clients::Client;
use super::core::Core;
use super::keys::{Algorithm, KeyError, SigningKey};
use crate::lock::lock;

/// An ID token or logout token before it is put together: what a fault or an attack may start from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Jwt {
    /// The JOSE header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
    /// The algorithm it would be signed with.
    pub algorithm: Algorithm,
    /// The key it would be signed with.
    pub key: SigningKey,
}

/// An ID token before it is put together.
pub type IdToken = Jwt;

impl Jwt {
    /// Replaces a claim.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Leaves a claim out.
    #[must_use]
    pub fn without_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Replaces a member of the header. This is what the token says, not how it is signed.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    /// Leaves a member out of the header.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// The token as it would have been sent.
    pub fn signed(&self) -> String {
        self.signed_with(&self.key, self.algorithm)
    }

    /// This header and these claims under another signature. A key that does not fit the algorithm gives an empty one.
    pub fn signed_with(&self, key: &SigningKey, algorithm: Algorithm) -> String {
        let input = self.unsigned();
        let signature = key.sign(algorithm, input.as_bytes()).unwrap_or_default();
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// `alg: HS256`, signed with this secret: the client's, or the public key taken for one.
    pub fn signed_with_secret(&self, secret: &[u8]) -> String {
        let token = self.clone().header("alg", Algorithm::Hs256.name());
        token.signed_with(&SigningKey::hmac(secret), Algorithm::Hs256)
    }

    /// `alg: none`, and an empty signature (RFC 7519 §6).
    pub fn unsecured(&self) -> String {
        format!("{}.", self.clone().header("alg", "none").unsigned())
    }

    /// Header and claims, encoded and joined by a dot, without a signature.
    pub fn unsigned(&self) -> String {
        let part = |members: &Map<String, Value>| {
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(members).unwrap_or_default())
        };
        format!("{}.{}", part(&self.header), part(&self.claims))
    }
}

impl Core {
    /// A token for this client, to be signed as its tokens are.
    pub(crate) fn token_for(
        &self,
        client: &Client,
        typ: &str,
        claims: Map<String, Value>,
    ) -> Result<Jwt, KeyError> {
        let algorithm = client.algorithm;
        let key = match (algorithm, &client.secret) {
            (Algorithm::Hs256, Some(secret)) => SigningKey::hmac(secret.expose().as_bytes()),
            (Algorithm::Hs256, None) => return Err(KeyError),
            _ => lock(&self.keys).signer(algorithm)?,
        };
        let mut header = Map::new();
        header.insert("alg".into(), algorithm.name().into());
        header.insert("typ".into(), typ.into());
        if !key.kid().is_empty() {
            header.insert("kid".into(), key.kid().into());
        }
        Ok(Jwt { header, claims, algorithm, key })
    }
}
