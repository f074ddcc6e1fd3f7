//! Signed tokens in the compact serialisation (RFC 7515 §3.1, §5.2), read strictly (RFC 8725).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::{KeyType, SigningAlgorithm};
use super::json::unique_object;
use super::jwks::KeySet;
use crate::crypto::secret::Secret;

/// The longest token that is looked at, in bytes.
pub(crate) const MAX_TOKEN: usize = 256 * 1024;
/// An HS256 key is at least as long as the digest (RFC 7518 §3.2), in bytes.
pub(crate) const MIN_SECRET: usize = 32;

/// What a token must be like before its signature is looked at.
#[derive(Debug)]
pub(crate) struct Policy<'a> {
    /// The algorithms allowed; the token's header only chooses among them.
    pub(crate) algorithms: &'a [SigningAlgorithm],
    /// The key for HS256, if that is allowed.
    pub(crate) client_secret: Option<&'a Secret<String>>,
    /// The values `typ` may have, compared without regard to case and to a leading `application/`. It may always
    /// be absent.
    pub(crate) types: &'a [&'a str],
}

/// A payload whose signature holds.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) payload: Vec<u8>,
}

/// Why a token is not believed. The sentences name the rule, never a value of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JwsError {
    /// No key fits; or the token has no `kid` and no key that fits verifies it. Newer keys may.
    UnknownKey,
    /// Newer keys would not help.
    Invalid(&'static str),
}

/// A token whose form and header are sound. Nothing vouches for what it says yet.
#[derive(Debug)]
pub(crate) struct Unverified<'a> {
    algorithm: SigningAlgorithm,
    kid: Option<String>,
    signed: &'a [u8],
    signature: Vec<u8>,
    payload: Vec<u8>,
}

/// Checks the token's form, header and signature, in this order, and hands out the payload.
///
/// A key comes from `keys` alone: `jwk`, `jku`, `x5u`, `x5c` and `x5t` in the header are never used.
pub(crate) fn verify(token: &str, keys: &KeySet, policy: &Policy<'_>) -> Result<Verified, JwsError> {
    let token = read(token, policy).map_err(JwsError::Invalid)?;
    token.check_signature(keys, policy.client_secret)?;
    Ok(Verified { algorithm: token.algorithm, payload: token.payload })
}

/// Checks the token's form and header; what is wrong with them.
pub(crate) fn read<'a>(token: &'a str, policy: &Policy<'_>) -> Result<Unverified<'a>, &'static str> {
    if token.len() > MAX_TOKEN {
        return Err("the token is too long");
    }
    let mut parts = token.split('.');
    let (Some(header_part), Some(payload_part), Some(signature_part), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("the token does not have three parts");
    };
    // The engine takes neither padding nor stray trailing bits, so a token has one spelling only.
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "a part is not base64url");
    let header = unique_object(&decode(header_part)?)
        .map_err(|_| "the header is not a JSON object with unique members")?;
    let signature = decode(signature_part)?;
    let payload = decode(payload_part)?;

    let algorithm = check_header(&header, policy)?;
    let kid = match header.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.clone()),
        Some(_) => return Err("kid is not a string"),
    };
    let signed = token.get(..header_part.len() + 1 + payload_part.len()).unwrap_or_default().as_bytes();
    Ok(Unverified { algorithm, kid, signed, signature, payload })
}

impl Unverified<'_> {
    /// What it says, before anybody vouches for it: fit to refuse the token by, and for nothing else.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Whether one of the keys made the signature.
    pub(crate) fn check_signature(
        &self,
        keys: &KeySet,
        client_secret: Option<&Secret<String>>,
    ) -> Result<(), JwsError> {
        if self.algorithm.key_type() == KeyType::Secret {
            verify_mac(client_secret, self.signed, &self.signature)
        } else {
            verify_signature(keys, self.kid.as_deref(), self.algorithm, self.signed, &self.signature)
        }
    }
}

fn check_header(header: &Map<String, Value>, policy: &Policy<'_>) -> Result<SigningAlgorithm, &'static str> {
    let algorithm = header
        .get("alg")
        .and_then(Value::as_str)
        .and_then(SigningAlgorithm::parse)
        .filter(|algorithm| policy.algorithms.contains(algorithm))
        .ok_or("alg is not an algorithm allowed for this client")?;
    // No extension is understood, so none may be critical (RFC 7515 §4.1.11), nor may b64 (RFC 7797) be used.
    for (name, complaint) in [
        ("crit", "the header has crit"),
        ("b64", "the header has b64"),
        ("zip", "the header has zip"),
        ("cty", "the header has cty: a nested token"),
    ] {
        if header.contains_key(name) {
            return Err(complaint);
        }
    }
    match header.get("typ") {
        None => Ok(algorithm),
        Some(Value::String(typ)) if policy.types.iter().any(|allowed| same_type(typ, allowed)) => {
            Ok(algorithm)
        }
        Some(_) => Err("typ is that of another kind of token"),
    }
}

/// RFC 7515 §4.1.9: a media type, whose `application/` may be left out.
fn same_type(typ: &str, allowed: &str) -> bool {
    const PREFIX: &str = "application/";
    let short = match typ.get(..PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => typ.get(PREFIX.len()..).unwrap_or_default(),
        _ => typ,
    };
    short.eq_ignore_ascii_case(allowed)
}

fn verify_mac(secret: Option<&Secret<String>>, signed: &[u8], tag: &[u8]) -> Result<(), JwsError> {
    let secret = secret.ok_or(JwsError::Invalid("HS256 needs a client secret"))?.expose().as_bytes();
    if secret.len() < MIN_SECRET {
        return Err(JwsError::Invalid("HS256 needs a client secret of at least 32 bytes (RFC 7518 §3.2)"));
    }
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed, tag)
        .map_err(|_| JwsError::Invalid("the signature does not verify"))
}

fn verify_signature(
    keys: &KeySet,
    kid: Option<&str>,
    algorithm: SigningAlgorithm,
    signed: &[u8],
    signature: &[u8],
) -> Result<(), JwsError> {
    let mut tried = false;
    for key in keys.fits(kid, algorithm) {
        if key.verifies(algorithm, signed, signature) {
            return Ok(());
        }
        tried = true;
    }
    // A provider that names no keys rotates them silently: the caller may look once more.
    if tried && kid.is_some() {
        Err(JwsError::Invalid("the signature does not verify"))
    } else {
        Err(JwsError::UnknownKey)
    }
}

#[cfg(test)]
#[path = "jws_tests.rs"]
mod tests;
