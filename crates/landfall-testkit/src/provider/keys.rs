//! Signing keys, made at run time: no private key is ever in a file.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// How an ID token is signed (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are the registered ones")]
pub enum Algorithm {
    EdDsa,
    Es256,
    Es384,
    Es512,
    /// HMAC with the client secret: for clients that have one.
    Hs256,
    Ps256,
    Ps384,
    Ps512,
    #[default]
    Rs256,
    Rs384,
    Rs512,
}

impl Algorithm {
    /// The registered name, as in `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Hs256 => "HS256",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::EdDsa => Kind::Ed25519,
            Self::Es256 => Kind::P256,
            Self::Es384 => Kind::P384,
            Self::Es512 => Kind::P521,
            Self::Hs256 => Kind::Hmac,
            Self::Ps256 | Self::Ps384 | Self::Ps512 | Self::Rs256 | Self::Rs384 | Self::Rs512 => Kind::Rsa,
        }
    }

    /// The left half of the hash of `token` that belongs to this algorithm (OpenID Connect Core §3.1.3.6).
    pub fn token_hash(self, token: &str) -> String {
        let hash = match self {
            Self::Es256 | Self::Hs256 | Self::Ps256 | Self::Rs256 => &digest::SHA256,
            Self::Es384 | Self::Ps384 | Self::Rs384 => &digest::SHA384,
            Self::EdDsa | Self::Es512 | Self::Ps512 | Self::Rs512 => &digest::SHA512,
        };
        let whole = digest::digest(hash, token.as_bytes());
        let half = whole.as_ref().len() / 2;
        URL_SAFE_NO_PAD.encode(whole.as_ref().get(..half).unwrap_or_default())
    }
}

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ed25519,
    Hmac,
    P256,
    P384,
    P521,
    Rsa,
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

/// The keys a provider signs with and publishes.
#[derive(Debug)]
pub(crate) struct KeyRing {
    generation: usize,
    signing: Vec<(Algorithm, SigningKey)>,
    published: Vec<SigningKey>,
}

impl KeyRing {
    /// The keys for `algorithms`. The RSA key is made once a process, unless `own` asks for another one.
    pub(crate) fn new(algorithms: &[Algorithm], own: bool) -> Result<Self, KeyError> {
        let mut ring = Self { generation: 1, signing: Vec::new(), published: Vec::new() };
        ring.fill(algorithms, !own)?;
        Ok(ring)
    }

    /// The key for `algorithm`, made now if it is the first time it is asked for.
    pub(crate) fn signer(&mut self, algorithm: Algorithm) -> Result<SigningKey, KeyError> {
        if self.find(algorithm).is_none() {
            self.fill(&[algorithm], false)?;
        }
        self.find(algorithm).ok_or(KeyError)
    }

    pub(crate) fn rotate(&mut self, keep_old: bool) -> Result<(), KeyError> {
        let algorithms: Vec<Algorithm> = self.signing.iter().map(|(algorithm, _)| *algorithm).collect();
        let mut next = Self { generation: self.generation + 1, signing: Vec::new(), published: Vec::new() };
        next.fill(&algorithms, false)?;
        if keep_old {
            next.published.append(&mut self.published);
        }
        *self = next;
        Ok(())
    }

    pub(crate) fn jwks(&self) -> Value {
        json!({"keys": self.published.iter().filter_map(SigningKey::public_jwk).collect::<Vec<_>>()})
    }

    fn find(&self, algorithm: Algorithm) -> Option<SigningKey> {
        self.signing.iter().find(|(a, _)| a.kind() == algorithm.kind()).map(|(_, key)| key.clone())
    }

    fn fill(&mut self, algorithms: &[Algorithm], shared: bool) -> Result<(), KeyError> {
        for &algorithm in algorithms {
            if algorithm == Algorithm::Hs256 || self.find(algorithm).is_some() {
                continue;
            }
            let key = if shared && algorithm.kind() == Kind::Rsa {
                shared_rsa()?
            } else {
                let name = match algorithm.kind() {
                    Kind::Ed25519 => "ed",
                    Kind::P256 => "ec",
                    Kind::P384 => "ec384-",
                    Kind::P521 => "ec521-",
                    Kind::Rsa | Kind::Hmac => "rsa",
                };
                SigningKey::generate(algorithm, format!("{name}{}", self.generation))?
            };
            self.published.push(key.clone());
            self.signing.push((algorithm, key));
        }
        Ok(())
    }
}

/// Making an RSA key takes a good part of a second in a debug build: one is enough for a process.
fn shared_rsa() -> Result<SigningKey, KeyError> {
    static KEY: OnceLock<Result<SigningKey, KeyError>> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(Algorithm::Rs256, "rsa1")).clone()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_signs_and_publishes_its_key() {
        use Algorithm::{EdDsa, Es256, Es384, Es512, Ps256, Rs256, Rs512};
        let mut ring = KeyRing::new(&[Rs256, Es256, Es384, Es512, EdDsa], false).unwrap();
        for (algorithm, length) in
            [(Rs256, 256), (Rs512, 256), (Ps256, 256), (Es256, 64), (Es384, 96), (Es512, 132), (EdDsa, 64)]
        {
            let key = ring.signer(algorithm).unwrap();
            assert_eq!(key.sign(algorithm, b"x").unwrap().len(), length, "{algorithm:?}");
        }
        assert_eq!(ring.jwks()["keys"].as_array().unwrap().len(), 5);
        assert_eq!(ring.jwks()["keys"][0]["e"], "AQAB");
        assert_eq!(ring.jwks()["keys"][0]["n"].as_str().unwrap().len(), 342);
    }

    #[test]
    fn what_is_published_verifies_what_is_signed() {
        let number = |jwk: &Value, name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        let rsa = SigningKey::generate(Algorithm::Ps256, "a").unwrap();
        let jwk = rsa.public_jwk().unwrap();
        let public = signature::RsaPublicKeyComponents { n: number(&jwk, "n"), e: number(&jwk, "e") };
        let signed = rsa.sign(Algorithm::Ps256, b"x").unwrap();
        public.verify(&signature::RSA_PSS_2048_8192_SHA256, b"x", &signed).unwrap();
        let signed = rsa.sign(Algorithm::Rs512, b"x").unwrap();
        public.verify(&signature::RSA_PKCS1_2048_8192_SHA512, b"x", &signed).unwrap();
        let ec = SigningKey::generate(Algorithm::Es512, "b").unwrap();
        let jwk = ec.public_jwk().unwrap();
        let point = [vec![4], number(&jwk, "x"), number(&jwk, "y")].concat();
        let public = signature::UnparsedPublicKey::new(&signature::ECDSA_P521_SHA512_FIXED, point);
        public.verify(b"x", &ec.sign(Algorithm::Es512, b"x").unwrap()).unwrap();
        assert!(ec.sign(Algorithm::Es256, b"x").is_err());
    }

    #[test]
    fn rotation_names_a_new_key_and_drops_the_old_one_unless_asked() {
        let mut ring = KeyRing::new(&[Algorithm::Es256], false).unwrap();
        ring.rotate(true).unwrap();
        assert_eq!(ring.jwks()["keys"].as_array().unwrap().len(), 2);
        ring.rotate(false).unwrap();
        assert_eq!(ring.jwks()["keys"][0]["kid"], "ec3");
        assert_eq!(ring.jwks()["keys"].as_array().unwrap().len(), 1);
    }
}
