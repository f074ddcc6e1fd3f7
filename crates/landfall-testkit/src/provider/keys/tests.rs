//! Keys sign what their public halves verify, and rotate.

use aws_lc_rs::signature;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

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
