//! The keys a provider signs with and publishes, and their rotation.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::algorithm::{Algorithm, Kind};
use super::signing_key::{KeyError, SigningKey};

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
