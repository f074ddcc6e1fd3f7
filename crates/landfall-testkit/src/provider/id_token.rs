//! ID tokens: their claims, and the signature (OpenID Connect Core §2).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use landfall::Timestamp;
use serde_json::{Map, Value};

use super::clients::Client;
use super::faults::Fault;
use super::keys::{Algorithm, KeyError, SigningKey};
use super::state::{Grant, IssuedIdToken};
use super::{Core, lock};

/// An ID token before it is put together: what a fault may start from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IdToken {
    /// The JOSE header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
    /// The algorithm it would be signed with.
    pub algorithm: Algorithm,
    /// The key it would be signed with.
    pub key: SigningKey,
}

impl IdToken {
    /// The token as it would have been sent.
    pub fn signed(&self) -> String {
        self.signed_with(&self.key, self.algorithm)
    }

    /// The same header and claims under another signature. A key that does not fit gives an empty one.
    pub fn signed_with(&self, key: &SigningKey, algorithm: Algorithm) -> String {
        let input = self.unsigned();
        let signature = key.sign(algorithm, input.as_bytes()).unwrap_or_default();
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
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
    /// Makes the ID token of `grant`; `first` when it comes with a code, so that it carries the nonce.
    pub(crate) fn id_token(
        &self,
        client: &Client,
        grant: &Grant,
        access_token: &str,
        first: bool,
    ) -> Result<String, KeyError> {
        let now = self.clock.now();
        let key = match (client.algorithm, &client.secret) {
            (Algorithm::Hs256, Some(secret)) => SigningKey::hmac(secret.expose().as_bytes()),
            (Algorithm::Hs256, None) => return Err(KeyError),
            (algorithm, _) => lock(&self.keys).signer(algorithm)?,
        };
        let mut token = IdToken {
            header: header(client.algorithm, &key),
            claims: self.id_token_claims(client, grant, access_token, first, now),
            algorithm: client.algorithm,
            key,
        };
        let picks = |fault: &Fault| match fault {
            Fault::IdToken(edit) => Some(edit.clone()),
            _ => None,
        };
        for edit in grant.faults.iter().filter_map(picks).chain(self.faults.every(picks)) {
            edit(&mut token.header, &mut token.claims);
        }
        let makes = |fault: &Fault| match fault {
            Fault::RawIdToken(make) => Some(make.clone()),
            _ => None,
        };
        let whole = match grant.faults.iter().find_map(makes).or_else(|| self.faults.first(makes)) {
            Some(make) => make(&token),
            None => token.signed(),
        };
        let issued = IssuedIdToken { client_id: client.id.clone(), sid: grant.sid.clone() };
        lock(&self.state).id_tokens.insert(fingerprint(&whole), issued);
        Ok(whole)
    }

    fn id_token_claims(
        &self,
        client: &Client,
        grant: &Grant,
        access_token: &str,
        first: bool,
        now: Timestamp,
    ) -> Map<String, Value> {
        let mut claims = Map::new();
        if self.options.claims_in_id_token {
            claims = grant.person.claims_for(&grant.scopes);
        }
        let mut put = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
        put("iss", self.issuer.clone().into());
        put("sub", grant.person.subject.clone().into());
        put("aud", client.id.clone().into());
        put("iat", now.secs().into());
        put("exp", now.plus(self.options.id_token_lifetime).secs().into());
        put("auth_time", grant.auth_time.secs().into());
        put("sid", grant.sid.clone().into());
        put("amr", Value::Array(vec!["pwd".into()]));
        put("at_hash", client.algorithm.token_hash(access_token).into());
        if let Some(acr) = &grant.acr {
            put("acr", acr.clone().into());
        }
        if let (true, Some(nonce)) = (first, &grant.nonce) {
            put("nonce", nonce.clone().into());
        }
        claims
    }
}

/// Under what an issued token is remembered.
pub(crate) fn fingerprint(token: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec()
}

fn header(algorithm: Algorithm, key: &SigningKey) -> Map<String, Value> {
    let mut header = Map::new();
    header.insert("alg".into(), algorithm.name().into());
    header.insert("typ".into(), "JWT".into());
    if !key.kid().is_empty() {
        header.insert("kid".into(), key.kid().into());
    }
    header
}
