//! The provider's public keys: a JWK Set (RFC 7517), read key by key.
//!
//! A key set is shared by everybody who trusts a provider, so it may hold keys that are not meant for us: for
//! encryption, of a curve nobody here knows, of a draft. One of them must not make the others unusable. So a key is
//! either understood, sound and meant for signatures, or it is left out without a word (RFC 7517 §5); only a body
//! that is no key set at all is an error.
//!
//! What a key has to pass, in [`Key::parse`]:
//!
//! 1. `use` is `sig` and `key_ops` has `verify`, where they are there.
//! 2. `alg` is an algorithm we know, where it is there.
//! 3. Type and curve are known and the members have the right length. RSA has 2048 to 8192 bits and an odd exponent
//!    other than 1.
//! 4. `alg` and the type fit each other.
//!
//! Which key a token gets is said here as well, by [`KeySet::fits`]; whether its signature holds is for
//! [`jws`](super::jws) to ask. When a set is fetched, and how often, is up to `provider::jwks`.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::signature::{
    self, EcdsaVerificationAlgorithm, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::algorithm::{KeyType, SigningAlgorithm};
use crate::error::{Error, ErrorCode};

/// How many keys of one set are kept; the ones after are not looked at.
const MAX_KEYS: usize = 4096;
/// How many keys one signature is tried with, so that a token without `kid` costs a bounded time.
const MAX_TRIED: usize = 16;
/// How long an RSA modulus may be, in bits: 2048 is the least that RFC 7518 §3.3 allows, and what is beyond 8192
/// the engine does not verify.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The keys of one provider that can be used to verify a signature. Cheap to clone: clones share the keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeySet {
    /// In the order of the document.
    keys: Arc<[Key]>,
}

impl KeySet {
    /// Reads a JWK Set. A key that is unknown, weak, malformed, symmetric or not for signatures is left out (RFC
    /// 7517 §5); private members are not read.
    ///
    /// The set may come out empty: the caller decides whether that is worse than the keys it had before.
    ///
    /// # Errors
    /// `KeysInvalid` when the body is not a JSON object with an array `keys`.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Error> {
        /// Each key as the text it is, so that one that cannot be read costs the others nothing.
        #[derive(Deserialize)]
        struct Set<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }
        let invalid = || Error::new(ErrorCode::KeysInvalid);
        let set: Set<'_> = match body.first() {
            // A struct also reads from an array; a JWK Set is an object.
            Some(b'{' | b' ' | b'\t' | b'\r' | b'\n') => serde_json::from_slice(body)
                .map_err(|_| invalid().detail("the body is not a JSON object with an array `keys`"))?,
            _ => return Err(invalid().detail("the body is not a JSON object")),
        };
        let keys = set.keys.into_iter().filter_map(|jwk| Key::parse(jwk.get())).take(MAX_KEYS).collect();
        Ok(Self { keys })
    }

    /// Whether nothing in it can be used.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many keys can be used.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys to try: with a `kid` those that carry exactly it, without one all, and in both cases only keys
    /// whose type, curve and `alg` fit the algorithm. At most [`MAX_TRIED`].
    ///
    /// Several keys may carry one `kid`; the specification only asks providers not to do that (RFC 7517 §4.5).
    pub(crate) fn fits<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: SigningAlgorithm,
    ) -> impl Iterator<Item = &'a Key> {
        self.keys
            .iter()
            .filter(move |key| kid.is_none() || key.kid.as_deref() == kid)
            .filter(move |key| key.is_for(algorithm))
            .take(MAX_TRIED)
    }
}

/// One public key that passed.
pub(crate) struct Key {
    /// Its name in the set. A token without `kid` may use it all the same.
    kid: Option<String>,
    /// The one algorithm the key is for, if it says so. Otherwise each that its type allows.
    algorithm: Option<SigningAlgorithm>,
    /// The key itself, ready to verify.
    material: Material,
}

/// A key in the engine's form.
enum Material {
    /// Six algorithms share it. In a box, since it is much larger than a point.
    Rsa(Box<RsaKey>),
    /// An elliptic curve allows one algorithm only, so the parsed key carries it.
    Curve(KeyType, ParsedPublicKey),
}

impl Key {
    /// Reads one JWK by the four rules above; `None` for one that cannot be used.
    ///
    /// Only an object is read: a struct of serde's also reads from an array, which no JWK is.
    fn parse(jwk: &str) -> Option<Self> {
        let jwk: Jwk = jwk.starts_with('{').then(|| serde_json::from_str(jwk).ok())??;
        if jwk.use_.as_deref().is_some_and(|use_| use_ != "sig")
            || jwk.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify"))
        {
            return None;
        }
        // An `alg` that is unknown is an `alg` that no token may have.
        let algorithm = match &jwk.alg {
            Some(name) => Some(SigningAlgorithm::parse(name)?),
            None => None,
        };
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", None) => Material::Rsa(Box::new(RsaKey::parse(&jwk)?)),
            ("EC", Some("P-256")) => jwk.point(KeyType::P256, &signature::ECDSA_P256_SHA256_FIXED, 32)?,
            ("EC", Some("P-384")) => jwk.point(KeyType::P384, &signature::ECDSA_P384_SHA384_FIXED, 48)?,
            ("EC", Some("P-521")) => jwk.point(KeyType::P521, &signature::ECDSA_P521_SHA512_FIXED, 66)?,
            ("OKP", Some("Ed25519")) => {
                let x = decode(jwk.x.as_deref()?).filter(|x| x.len() == 32)?;
                Material::Curve(KeyType::Ed25519, ParsedPublicKey::new(&signature::ED25519, x).ok()?)
            }
            _ => return None,
        };
        let key = Self { kid: jwk.kid, algorithm, material };
        algorithm.is_none_or(|algorithm| key.is_for(algorithm)).then_some(key)
    }

    /// Whether the type fits the algorithm, and the key's own `alg` does not speak against it (RFC 8725 §3.1).
    fn is_for(&self, algorithm: SigningAlgorithm) -> bool {
        let key_type = match &self.material {
            Material::Rsa(_) => KeyType::Rsa,
            Material::Curve(key_type, _) => *key_type,
        };
        key_type == algorithm.key_type() && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// Whether `signature` is this key's, by `algorithm`, over `message`. False also when the key does not fit the
    /// algorithm, so that a caller who forgot [`KeySet::fits`] gets no for an answer.
    pub(crate) fn verifies(&self, algorithm: SigningAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.is_for(algorithm) {
            return false;
        }
        match &self.material {
            Material::Rsa(rsa) => rsa.verifies(algorithm, message, signature),
            Material::Curve(_, key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

/// The name alone: a public key is no secret, only long.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// An RSA key. It serves six algorithms; it is parsed for the one a token uses, when it is first used.
struct RsaKey {
    /// `n`, big-endian, without leading zeros: its length is that of every signature.
    modulus: Vec<u8>,
    /// `e`, big-endian, without leading zeros.
    exponent: Vec<u8>,
    /// For RS256, RS384, RS512, PS256, PS384 and PS512, in this order. `None` inside where the engine does not take
    /// the key for it.
    parsed: [OnceLock<Option<ParsedPublicKey>>; 6],
}

impl RsaKey {
    /// `None` for a modulus that is too short or too long, and for numbers that no RSA key has.
    fn parse(jwk: &Jwk) -> Option<Self> {
        let modulus = integer(jwk.n.as_deref()?)?;
        let exponent = integer(jwk.e.as_deref()?)?;
        let bits = modulus.len() * 8 - usize::try_from(modulus.first()?.leading_zeros()).ok()?;
        let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
        // An exponent of 1 makes every padded digest its own signature.
        let sound = RSA_BITS.contains(&bits) && odd(&modulus) && odd(&exponent) && exponent != [1];
        sound.then(|| Self { modulus, exponent, parsed: Default::default() })
    }

    /// Whether the signature is this key's. False for an algorithm that is none of RSA's.
    fn verifies(&self, algorithm: SigningAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        use SigningAlgorithm::{Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        // RFC 8017 §8.2.2: the signature is as long as the modulus, also when it begins with zeros.
        if signature.len() != self.modulus.len() {
            return false;
        }
        let [rs256, rs384, rs512, ps256, ps384, ps512] = &self.parsed;
        let (parsed, parameters): (_, &'static RsaParameters) = match algorithm {
            Rs256 => (rs256, &signature::RSA_PKCS1_2048_8192_SHA256),
            Rs384 => (rs384, &signature::RSA_PKCS1_2048_8192_SHA384),
            Rs512 => (rs512, &signature::RSA_PKCS1_2048_8192_SHA512),
            Ps256 => (ps256, &signature::RSA_PSS_2048_8192_SHA256),
            Ps384 => (ps384, &signature::RSA_PSS_2048_8192_SHA384),
            Ps512 => (ps512, &signature::RSA_PSS_2048_8192_SHA512),
            _ => return false,
        };
        parsed
            .get_or_init(|| {
                RsaPublicKeyComponents { n: self.modulus.as_slice(), e: self.exponent.as_slice() }
                    .to_parsed_public_key(parameters)
                    .ok()
            })
            .as_ref()
            .is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

/// The public members of a JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). The private ones are not named here, so
/// they are skipped without being kept.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    use_: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// Never used; a certificate chain of another shape than an array marks the whole key as odd.
    #[serde(rename = "x5c")]
    _x5c: Option<Vec<IgnoredAny>>,
}

impl Jwk {
    /// An elliptic curve's key from its coordinates, each exactly as long as the curve's (RFC 7518 §6.2.1.2). The
    /// engine checks that the point lies on the curve.
    fn point(
        &self,
        key_type: KeyType,
        algorithm: &'static EcdsaVerificationAlgorithm,
        length: usize,
    ) -> Option<Material> {
        let coordinate = |text: Option<&str>| decode(text?).filter(|bytes| bytes.len() == length);
        let mut point = vec![4]; // uncompressed (SEC 1 §2.3.3)
        point.extend(coordinate(self.x.as_deref())?);
        point.extend(coordinate(self.y.as_deref())?);
        Some(Material::Curve(key_type, ParsedPublicKey::new(algorithm, point).ok()?))
    }
}

/// base64url without padding, the one spelling of RFC 7515 §2.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A Base64urlUInt (RFC 7518 §2), without the leading zeros that some writers leave in. `None` for zero.
fn integer(text: &str) -> Option<Vec<u8>> {
    let bytes = decode(text)?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    bytes.get(start..).map(<[u8]>::to_vec)
}

#[cfg(test)]
#[path = "jwks_tests.rs"]
mod tests;
