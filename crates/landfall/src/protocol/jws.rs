//! Signed tokens in the compact serialisation (RFC 7515 §3.1, §5.2), read strictly (RFC 8725).
//!
//! Apart from [`id_token`](super::id_token), [`logout_token`](super::logout_token) and
//! [`access_token`](super::access_token) because all three are such tokens, and everything that ever went wrong
//! with JWTs went wrong here: `none`, a public key used as an HMAC secret, keys that a token brought along, a token
//! of one kind used as another. What the payload says is not looked at.
//!
//! In this order:
//!
//! 1. Length, three parts, base64url without padding, a header that is an object with unique members ([`read`]).
//! 2. `alg` is one that the [`Policy`] allows; there is no `crit`, `b64`, `zip` or `cty`; `typ` fits, where it is
//!    there.
//! 3. The signature, by a key of the provider's set or by the client secret, never by one the token names
//!    ([`Unverified::check_signature`]).
//!
//! A logout token is read before the keys are fetched, and of an ID token more is looked at before it is said that newer
//! keys may help, hence two steps; an access token is handed to [`verify`].

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::{KeyType, SigningAlgorithm};
use super::json::unique_object;
use super::jwks::KeySet;
use crate::crypto::secret::Secret;

/// The longest token that is looked at, in bytes. Decoding copies it, and anybody can post a logout token.
pub(crate) const MAX_TOKEN: usize = 256 * 1024;
/// An HS256 key is at least as long as the digest (RFC 7518 §3.2), in bytes. A shorter one can be guessed offline
/// from one token. The builder asks for it as well, so that it is told before somebody signs in.
pub(crate) const MIN_SECRET: usize = 32;

/// What a token must be like before its signature is looked at.
#[derive(Debug)]
pub(crate) struct Policy<'a> {
    /// The algorithms allowed; the token's header only chooses among them (RFC 8725 §3.1).
    pub(crate) algorithms: &'a [SigningAlgorithm],
    /// The key for HS256. `None` refuses such a token, also where the algorithm is allowed.
    pub(crate) client_secret: Option<&'a Secret<String>>,
    /// The values `typ` may have, compared without regard to case and to a leading `application/` (RFC 8725 §3.11).
    /// It may always be absent: most providers leave it out.
    pub(crate) types: &'a [&'a str],
}

/// Why a token is not believed. The sentences name the rule, never a value of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JwsError {
    /// No key fits; or the token has no `kid` and no key that fits verifies it. Newer keys may: the caller fetches
    /// them once and tries again.
    UnknownKey,
    /// There is a key of the token's `kid`, and none of that name verifies it. It is forged, or the provider gave a new
    /// key the old name: newer keys may help here as well.
    Unverified,
    /// Newer keys would not help.
    Invalid(&'static str),
}

impl JwsError {
    /// The rule that is broken where newer keys were looked up in vain, in words for the operator.
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Self::UnknownKey => "no key of the provider's fits the token, or none verifies it",
            Self::Unverified => "the signature does not verify",
            Self::Invalid(rule) => rule,
        }
    }

    /// Whether keys that the provider published a moment ago may verify the token.
    pub(crate) fn wants_newer_keys(self) -> bool {
        !matches!(self, Self::Invalid(_))
    }
}

/// A token whose form and header are sound. Nothing vouches for what it says yet.
#[derive(Debug)]
pub(crate) struct Unverified<'a> {
    /// What the header names; it is among the allowed.
    algorithm: SigningAlgorithm,
    /// What the header calls the key.
    kid: Option<String>,
    /// Header and payload with the dot between, as they were sent: that is what the signature is over (RFC 7515
    /// §5.2).
    signed: &'a [u8],
    /// The third part, decoded.
    signature: Vec<u8>,
    /// The second part, decoded.
    payload: Vec<u8>,
}

/// Checks the token's form, header and signature, in this order, and hands out the payload: the bytes that were signed,
/// decoded and not parsed yet.
///
/// A key comes from `keys` or is the client secret: `jwk`, `jku`, `x5u`, `x5c` and `x5t` in the header are never
/// used (RFC 8725 §3.10).
///
/// # Errors
/// [`JwsError::UnknownKey`] and [`JwsError::Unverified`] where newer keys may help, [`JwsError::Invalid`] with the
/// broken rule where they cannot.
pub(crate) fn verify(token: &str, keys: &KeySet, policy: &Policy<'_>) -> Result<Vec<u8>, JwsError> {
    let token = read(token, policy).map_err(JwsError::Invalid)?;
    token.check_signature(keys, policy.client_secret)?;
    Ok(token.payload)
}

/// Checks the token's form and header, without any key.
///
/// # Errors
/// The rule that is broken, in words for the operator.
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
    /// How it is signed, if it is: `at_hash` is made with the digest of this one.
    pub(crate) fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// What it says, before anybody vouches for it: fit to refuse the token by, and for nothing else.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Whether one of the keys made the signature, or for HS256 the client secret. Which of the two is asked
    /// follows from the algorithm's [`KeyType`] and from nothing the token says besides.
    ///
    /// # Errors
    /// As [`verify`].
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

/// Gives the algorithm, if the header is one that is understood in full.
///
/// `crit` and `b64` change what is verified, `zip` how the payload is packed, and `cty` says that another token is
/// inside. A token that needs one of them is not supported, and one that merely has it is not guessed at.
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

/// Whether two `typ` values are one (RFC 7515 §4.1.9): a media type in any case, whose `application/` may be left
/// out.
fn same_type(typ: &str, allowed: &str) -> bool {
    const PREFIX: &str = "application/";
    let short = match typ.get(..PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => typ.get(PREFIX.len()..).unwrap_or_default(),
        _ => typ,
    };
    short.eq_ignore_ascii_case(allowed)
}

/// HMAC with the client secret, compared by the engine in constant time.
fn verify_mac(secret: Option<&Secret<String>>, signed: &[u8], tag: &[u8]) -> Result<(), JwsError> {
    let secret = secret.ok_or(JwsError::Invalid("HS256 needs a client secret"))?.expose().as_bytes();
    if secret.len() < MIN_SECRET {
        return Err(JwsError::Invalid("HS256 needs a client secret of at least 32 bytes (RFC 7518 §3.2)"));
    }
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed, tag)
        .map_err(|_| JwsError::Invalid("the signature does not verify"))
}

/// Tries the keys that fit, one after the other.
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
    if tried && kid.is_some() { Err(JwsError::Unverified) } else { Err(JwsError::UnknownKey) }
}

#[cfg(test)]
#[path = "jws_tests.rs"]
mod tests;
