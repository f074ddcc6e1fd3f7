use serde_json::{Value, json};

use super::super::test_keys::{encode, keys, weak};
use super::{KeySet, SigningAlgorithm};

fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
}

fn kept(jwk: &Value) -> bool {
    set(std::slice::from_ref(jwk)).len() == 1
}

#[test]
fn a_body_that_is_no_key_set_is_an_error() {
    for body in
        ["", "<html>", "[]", "[[]]", "null", "{}", r#"{"keys":{}}"#, r#"{"keys":null}"#, r#"{"keys":[]}x"#]
    {
        let error = KeySet::parse(body.as_bytes()).unwrap_err();
        assert_eq!(error.code(), crate::ErrorCode::KeysInvalid, "{body}");
    }
    assert_eq!(set(&[]).len(), 0);
}

#[test]
fn a_key_that_cannot_be_used_is_left_out_and_the_rest_is_kept() {
    let rsa = &keys().rsa1;
    let bad = [
        json!(1),
        json!("RSA"),
        json!(["RSA"]),
        json!({}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}),
        json!({"kty": "oct", "k": "AAAA"}),
        json!({"kty": "EC", "crv": "secp256k1", "x": "AAAA", "y": "AAAA"}),
        json!({"kty": "OKP", "crv": "X25519", "x": encode([9; 32])}),
        rsa.jwk_with(&json!({"kid": 7})),
        rsa.jwk_with(&json!({"x5c": "MIIB"})),
        rsa.jwk_with(&json!({"use": "enc"})),
        rsa.jwk_with(&json!({"key_ops": ["encrypt"]})),
        rsa.jwk_with(&json!({"key_ops": "verify"})),
        rsa.jwk_with(&json!({"alg": "RSA-OAEP"})),
        rsa.jwk_with(&json!({"alg": "ES256"})),
        rsa.jwk_with(&json!({"alg": "none"})),
        rsa.jwk_with(&json!({"crv": "P-256"})),
        keys().ec1.jwk_with(&json!({"crv": "P-384"})),
        keys().ec1.jwk_with(&json!({"y": encode([1; 32])})),
        keys().ed1.jwk_with(&json!({"x": encode([1; 31])})),
    ];
    for jwk in &bad {
        assert!(!kept(jwk), "{jwk}");
    }
    let mut all = bad.to_vec();
    all.push(rsa.jwk_with(&json!({"key_ops": ["verify"], "use": "sig", "x5c": ["MIIB"], "d": "AAAA"})));
    assert_eq!(set(&all).len(), 1);
}

#[test]
fn a_weak_rsa_key_is_left_out() {
    let with = |n: &[u8], e: &[u8]| json!({"kty": "RSA", "n": encode(n), "e": encode(e)});
    let modulus = keys().rsa1.modulus();
    let mut even = modulus.clone();
    even[255] &= 0xfe;
    let mut short = modulus.clone();
    short[0] = 0x7f;
    let mut padded = modulus.clone();
    padded.insert(0, 0);

    assert!(kept(&with(&modulus, &[1, 0, 1])) && kept(&with(&modulus, &[3])));
    assert!(kept(&with(&padded, &[0, 1, 0, 1])));
    for exponent in [&[][..], &[0], &[1], &[0, 1], &[2], &[1, 0, 0]] {
        assert!(!kept(&with(&modulus, exponent)), "{exponent:?}");
    }
    for modulus in [&even[..], &short, &weak::modulus(), &[], &[0xff; 1025]] {
        assert!(!kept(&with(modulus, &[1, 0, 1])), "{} bytes", modulus.len());
    }
}

#[test]
fn a_kid_selects_exactly_and_without_one_a_bounded_number_is_tried() {
    let key = |kid: &str| keys().rsa1.jwk_with(&json!({"kid": kid}));
    let set = set(&(0..100).map(|n| key(&format!("k{n}"))).collect::<Vec<_>>());
    let count = |kid| set.fits(kid, SigningAlgorithm::Rs256).count();
    assert_eq!((count(Some("k7")), count(Some("K7")), count(Some("")), count(None)), (1, 0, 0, 16));
    assert_eq!(set.fits(None, SigningAlgorithm::Es256).count(), 0);
    assert_eq!(set.fits(None, SigningAlgorithm::Hs256).count(), 0);
}

#[test]
fn a_key_with_an_algorithm_of_its_own_serves_no_other() {
    let set = set(&[
        keys().rsa1.jwk_with(&json!({"alg": "PS256"})),
        keys().ed1.jwk_with(&json!({"alg": "Ed25519"})),
    ]);
    let count = |algorithm| set.fits(None, algorithm).count();
    assert_eq!(count(SigningAlgorithm::Ps256), 1);
    assert_eq!(count(SigningAlgorithm::Rs256), 0);
    assert_eq!(count(SigningAlgorithm::EdDsa), 1);
}

#[test]
fn a_large_set_is_read_up_to_its_cap() {
    let jwk = keys().ed1.jwk();
    assert_eq!(set(&vec![jwk; 5000]).len(), super::MAX_KEYS);
}
