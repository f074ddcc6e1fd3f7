//! One key: made, signed with, and its public half.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::algorithm::{Algorithm, Kind};

/// A key pair could not be made, or a signature failed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the key could not be made or does not fit the algorithm")]
#[non_exhaustive]
pub struct KeyError;

impl From<aws_lc_rs::error::Unspecified> for KeyError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

/// A key to sign with: the provider's own, or an attacker's.
#[derive(Clone)]
pub struct SigningKey {
    kid: String,
    material: Arc<Material>,
}

enum Material {
    Ecdsa(Kind, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Hmac(Box<hmac::Key>),
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// Makes a new key fit for `algorithm`, with `name` as its `kid` (RSA has 2048 bits; for [`Algorithm::Hs256`] the secret is random).
    ///
    /// # Errors
    /// When the random source fails.
    pub fn generate(algorithm: Algorithm, name: impl Into<String>) -> Result<Self, KeyError> {
        let kind = algorithm.kind();
        let material = match kind {
            Kind::Ed25519 => Material::Ed25519(Ed25519KeyPair::generate()?),
            Kind::Hmac => {
                Material::Hmac(Box::new(hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())?))
            }
            Kind::P256 => {
                Material::Ecdsa(kind, EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING)?)
            }
            Kind::P384 => {
                Material::Ecdsa(kind, EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING)?)
            }
            Kind::P521 => {
                Material::Ecdsa(kind, EcdsaKeyPair::generate(&signature::ECDSA_P521_SHA512_FIXED_SIGNING)?)
            }
            Kind::Rsa => Material::Rsa(RsaKeyPair::generate(KeySize::Rsa2048)?),
        };
        Ok(Self { kid: name.into(), material: Arc::new(material) })
    }

    /// A key for HMAC-SHA256 from bytes of your choice: a client secret, or a public key taken for one.
    pub fn hmac(secret: &[u8]) -> Self {
        let key = Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret));
        Self { kid: String::new(), material: Arc::new(Material::Hmac(key)) }
    }

    /// The key's name, as in `kid`.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Signs `input`. An RSA key signs with any RS* or PS* algorithm.
    ///
    /// # Errors
    /// When the key is of another kind than `algorithm` asks for.
    pub fn sign(&self, algorithm: Algorithm, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match &*self.material {
            Material::Rsa(pair) => {
                let padding: &'static dyn signature::RsaEncoding = match algorithm {
                    Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
                    Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
                    Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
                    Algorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
                    Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
                    _ => return Err(KeyError),
                };
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, input, &mut out)?;
                Ok(out)
            }
            Material::Ecdsa(kind, pair) if *kind == algorithm.kind() => {
                Ok(pair.sign(&random, input)?.as_ref().to_vec())
            }
            Material::Ed25519(pair) if algorithm == Algorithm::EdDsa => {
                Ok(pair.sign(input).as_ref().to_vec())
            }
            Material::Hmac(key) if algorithm == Algorithm::Hs256 => {
                Ok(hmac::sign(key, input).as_ref().to_vec())
            }
            _ => Err(KeyError),
        }
    }

    /// The public half as a JWK (RFC 7517); `None` for an HMAC key, which has none.
    pub fn public_jwk(&self) -> Option<Value> {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &*self.material {
            Material::Hmac(_) => return None,
            Material::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key().as_ref())})
            }
            Material::Ecdsa(kind, pair) => {
                let crv = match kind {
                    Kind::P384 => "P-384",
                    Kind::P521 => "P-521",
                    _ => "P-256",
                };
                // SEC 1 §2.3.3: 0x04, then x and y of equal length.
                let point = pair.public_key().as_ref().get(1..)?;
                let (x, y) = point.split_at_checked(point.len() / 2)?;
                json!({"kty": "EC", "crv": crv, "x": b64(x), "y": b64(y)})
            }
            Material::Rsa(pair) => {
                let (n, e) = rsa_numbers(pair.public_key().as_ref())?;
                json!({"kty": "RSA", "n": b64(n), "e": b64(e)})
            }
        };
        let members = jwk.as_object_mut()?;
        members.insert("kid".into(), Value::String(self.kid.clone()));
        members.insert("use".into(), Value::String("sig".into()));
        Some(jwk)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017 §A.1.1), without leading zeros.
fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = der_value(der, 0x30)?;
    let (n, rest) = der_value(sequence, 0x02)?;
    let (e, _) = der_value(rest, 0x02)?;
    Some((n.strip_prefix(&[0]).unwrap_or(n), e.strip_prefix(&[0]).unwrap_or(e)))
}

/// One DER element with this tag, and what follows it.
fn der_value(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], mut rest) = input.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let (digits, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
        length = digits.iter().fold(0, |sum, &digit| (sum << 8) | usize::from(digit));
        rest = after;
    }
    rest.split_at_checked(length)
}
