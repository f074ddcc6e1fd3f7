//! Keys for the tests of this room: made when first used, and gone with the process.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::algorithm::SigningAlgorithm;

pub(super) struct Keys {
    pub(super) rsa1: TestKey,
    pub(super) rsa2: TestKey,
    pub(super) attacker: TestKey,
    pub(super) ec1: TestKey,
    pub(super) ec384: TestKey,
    pub(super) ec521: TestKey,
    pub(super) ed1: TestKey,
}

pub(super) enum TestKey {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// The same keys for every test of the process: RSA keys take their time.
pub(super) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    let rsa = || TestKey::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
    let ec = |algorithm| TestKey::Ec(EcdsaKeyPair::generate(algorithm).unwrap());
    KEYS.get_or_init(|| Keys {
        rsa1: rsa(),
        rsa2: rsa(),
        attacker: rsa(),
        ec1: ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
        ec384: ec(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
        ec521: ec(&signature::ECDSA_P521_SHA512_FIXED_SIGNING),
        ed1: TestKey::Ed(Ed25519KeyPair::generate().unwrap()),
    })
}

impl TestKey {
    pub(super) fn sign(&self, algorithm: SigningAlgorithm, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let encoding: &'static dyn signature::RsaEncoding = match algorithm {
                    SigningAlgorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
                    SigningAlgorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
                    SigningAlgorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
                    SigningAlgorithm::Ps256 => &signature::RSA_PSS_SHA256,
                    SigningAlgorithm::Ps384 => &signature::RSA_PSS_SHA384,
                    SigningAlgorithm::Ps512 => &signature::RSA_PSS_SHA512,
                    other => panic!("{other} is no RSA algorithm"),
                };
                let mut out = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, message, &mut out).unwrap();
                out
            }
            Self::Ec(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed(key) => key.sign(message).as_ref().to_vec(),
        }
    }

    /// The public key as a JWK, without `kid`.
    pub(super) fn jwk(&self) -> Value {
        match self {
            Self::Rsa(_) => json!({"kty": "RSA", "n": encode(self.modulus()), "e": "AQAB"}),
            Self::Ec(key) => {
                let point = &key.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let crv = match x.len() {
                    32 => "P-256",
                    48 => "P-384",
                    _ => "P-521",
                };
                json!({"kty": "EC", "crv": crv, "x": encode(x), "y": encode(y)})
            }
            Self::Ed(key) => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key().as_ref())}),
        }
    }

    pub(super) fn jwk_with(&self, more: &Value) -> Value {
        let mut jwk = self.jwk();
        jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        jwk
    }

    pub(super) fn modulus(&self) -> Vec<u8> {
        // RSAPublicKey (RFC 8017 §A.1.1) of a 2048-bit key: the lengths before the modulus never change.
        self.pkcs1()[9..9 + 256].to_vec()
    }

    pub(super) fn pkcs1(&self) -> Vec<u8> {
        let Self::Rsa(key) = self else { panic!("not an RSA key") };
        key.public_key().as_ref().to_vec()
    }

    pub(super) fn spki(&self) -> Vec<u8> {
        let Self::Rsa(key) = self else { panic!("not an RSA key") };
        let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")).into_bytes()
}

pub(super) fn mac(secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
}

/// R||S as ASN.1 DER.
pub(super) fn der_signature(fixed: &[u8]) -> Vec<u8> {
    let (r, s) = fixed.split_at(fixed.len() / 2);
    let mut body = Vec::new();
    for number in [r, s] {
        let mut number: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        if number.first().is_none_or(|first| *first >= 0x80) {
            number.insert(0, 0);
        }
        body.extend([0x02, u8::try_from(number.len()).unwrap()]);
        body.extend(number);
    }
    let mut der = vec![0x30, u8::try_from(body.len()).unwrap()];
    der.extend(body);
    der
}

/// EMSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §9.2): what an RSA signature is before the private key is used.
pub(super) fn padded_digest(message: &[u8], length: usize) -> Vec<u8> {
    const DIGEST_INFO: [u8; 19] =
        [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
    let digest = digest::digest(&digest::SHA256, message);
    let mut out = vec![0, 1];
    out.resize(length - 1 - DIGEST_INFO.len() - digest.as_ref().len(), 0xff);
    out.push(0);
    out.extend(DIGEST_INFO);
    out.extend(digest.as_ref());
    out
}

/// A 512-bit RSA key, which no library makes or uses any more: anyone can compute its private part.
pub(super) mod weak {
    type Number = [u64; 8];

    const N: &str = "bdbeb8f92879ff829fa53034383c0d3baf086aa33d0cd0dcb6b619aca2a1d8a2\
                     965f88009beed90e67f4f2a52b6c143b3f7d0c63afabf946b6b846c557d7a189";
    const D: &str = "080511a8664f91bf21a447bf4d492c7e034de5c3f486a025540baa5623a19798\
                     64f0b5ea11164937cf29f5e977520cdc9e7a70850e5a7615b531801180744549";

    pub(crate) fn modulus() -> Vec<u8> {
        bytes(&parse(N))
    }

    pub(crate) fn sign(message: &[u8]) -> Vec<u8> {
        let padded = from_bytes(&super::padded_digest(message, 64));
        let signature = power(padded, &parse(D));
        let mut exponent = [0; 8];
        exponent[0] = 65537;
        assert_eq!(power(signature, &exponent), padded, "the weak key signs");
        bytes(&signature)
    }

    fn parse(hex: &str) -> Number {
        let bytes: Vec<u8> =
            (0..64).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect();
        from_bytes(&bytes)
    }

    fn from_bytes(bytes: &[u8]) -> Number {
        let mut limbs = [0; 8];
        for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks(8)) {
            *limb = u64::from_be_bytes(chunk.try_into().unwrap());
        }
        limbs
    }

    fn bytes(number: &Number) -> Vec<u8> {
        number.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect()
    }

    fn power(base: Number, exponent: &Number) -> Number {
        let mut result = [0; 8];
        result[0] = 1;
        for limb in exponent.iter().rev() {
            for bit in (0..64).rev() {
                result = multiply(&result, &result);
                if limb >> bit & 1 == 1 {
                    result = multiply(&result, &base);
                }
            }
        }
        result
    }

    fn multiply(a: &Number, b: &Number) -> Number {
        let mut result = [0; 8];
        for limb in b.iter().rev() {
            for bit in (0..64).rev() {
                result = add(&result, &result);
                if limb >> bit & 1 == 1 {
                    result = add(&result, a);
                }
            }
        }
        result
    }

    /// Both are less than N, so one subtraction is enough.
    fn add(a: &Number, b: &Number) -> Number {
        let n = parse_once();
        let mut sum = [0; 8];
        let mut carry = false;
        for at in 0..8 {
            let (part, first) = a[at].overflowing_add(b[at]);
            let (part, second) = part.overflowing_add(u64::from(carry));
            sum[at] = part;
            carry = first || second;
        }
        if !carry && sum.iter().rev().lt(n.iter().rev()) {
            return sum;
        }
        let mut borrow = false;
        for at in 0..8 {
            let (part, first) = sum[at].overflowing_sub(n[at]);
            let (part, second) = part.overflowing_sub(u64::from(borrow));
            sum[at] = part;
            borrow = first || second;
        }
        sum
    }

    fn parse_once() -> &'static Number {
        static PARSED: std::sync::OnceLock<Number> = std::sync::OnceLock::new();
        PARSED.get_or_init(|| parse(N))
    }
}
