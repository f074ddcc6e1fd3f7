use serde_json::{Value, json};

use super::super::test_keys::{TestKey, encode, keys, mac};
use super::{JwsError, KeySet, MAX_TOKEN, Policy, SigningAlgorithm, verify};
use crate::crypto::secret::Secret;

const ALL: [SigningAlgorithm; 11] = [
    SigningAlgorithm::Rs256,
    SigningAlgorithm::Rs384,
    SigningAlgorithm::Rs512,
    SigningAlgorithm::Ps256,
    SigningAlgorithm::Ps384,
    SigningAlgorithm::Ps512,
    SigningAlgorithm::Es256,
    SigningAlgorithm::Es384,
    SigningAlgorithm::Es512,
    SigningAlgorithm::EdDsa,
    SigningAlgorithm::Hs256,
];

fn set() -> KeySet {
    let k = keys();
    let jwks: Vec<Value> =
        [&k.rsa1, &k.ec1, &k.ec384, &k.ec521, &k.ed1].iter().map(|key| key.jwk()).collect();
    KeySet::parse(json!({"keys": jwks}).to_string().as_bytes()).unwrap()
}

fn policy(algorithms: &[SigningAlgorithm]) -> Policy<'_> {
    Policy { algorithms, client_secret: None, types: &["JWT"] }
}

fn signed(header: &Value, key: &TestKey, algorithm: SigningAlgorithm) -> String {
    let input = format!("{}.{}", encode(header.to_string()), encode("payload"));
    format!("{input}.{}", encode(key.sign(algorithm, input.as_bytes())))
}

#[test]
fn every_algorithm_verifies_with_its_own_key_and_hands_out_the_payload() {
    let k = keys();
    for algorithm in ALL.into_iter().filter(|algorithm| *algorithm != SigningAlgorithm::Hs256) {
        let key = match algorithm {
            SigningAlgorithm::Es256 => &k.ec1,
            SigningAlgorithm::Es384 => &k.ec384,
            SigningAlgorithm::Es512 => &k.ec521,
            SigningAlgorithm::EdDsa => &k.ed1,
            _ => &k.rsa1,
        };
        let token = signed(&json!({"alg": algorithm.name()}), key, algorithm);
        let payload = verify(&token, &set(), &policy(&[algorithm])).unwrap();
        assert_eq!(payload, b"payload");
        // A provider that changes its algorithm changes nothing here.
        let others: Vec<_> = ALL.into_iter().filter(|other| *other != algorithm).collect();
        assert!(verify(&token, &set(), &policy(&others)).is_err(), "{algorithm}");
    }
}

#[test]
fn ed25519_goes_by_both_of_its_names() {
    let token = signed(&json!({"alg": "Ed25519"}), &keys().ed1, SigningAlgorithm::EdDsa);
    assert!(verify(&token, &set(), &policy(&[SigningAlgorithm::EdDsa])).is_ok());
}

#[test]
fn hs256_takes_the_client_secret_alone_and_no_short_one() {
    let input = format!("{}.{}", encode(r#"{"alg":"HS256","kid":"x"}"#), encode("payload"));
    let token = |secret: &str| format!("{input}.{}", encode(mac(secret.as_bytes(), input.as_bytes())));
    let algorithms = [SigningAlgorithm::Hs256];
    let check = |token: &str, secret: Option<&str>| {
        let secret = secret.map(Secret::from);
        let policy = Policy { algorithms: &algorithms, client_secret: secret.as_ref(), types: &["JWT"] };
        verify(token, &set(), &policy)
    };
    let good = "0123456789abcdef0123456789abcdef";
    let short = "0123456789abcdef0123456789abcde";
    assert!(check(&token(good), Some(good)).is_ok());
    assert!(check(&token(good), None).is_err());
    assert!(check(&token(short), Some(good)).is_err());
    assert!(check(&token(short), Some(short)).is_err());
    assert!(check(&token(""), Some("")).is_err());
}

#[test]
fn an_unknown_kid_is_told_apart_from_a_bad_signature() {
    let k = keys();
    let set = KeySet::parse(json!({"keys": [k.rsa1.jwk_with(&json!({"kid": "a"}))]}).to_string().as_bytes())
        .unwrap();
    let verdict = |header: Value| {
        let token = signed(&header, &k.attacker, SigningAlgorithm::Rs256);
        verify(&token, &set, &policy(&[SigningAlgorithm::Rs256])).unwrap_err()
    };
    assert_eq!(verdict(json!({"alg": "RS256", "kid": "a"})), JwsError::Unverified);
    assert_eq!(verdict(json!({"alg": "RS256", "kid": "b"})), JwsError::UnknownKey);
    assert_eq!(verdict(json!({"alg": "RS256"})), JwsError::UnknownKey);
    assert!(matches!(verdict(json!({"alg": "RS256", "kid": null})), JwsError::Invalid(_)));
}

#[test]
fn a_header_that_asks_for_more_than_a_signature_is_refused() {
    let rs256 = [SigningAlgorithm::Rs256];
    let verdict = |more: Value| {
        let mut header = json!({"alg": "RS256"});
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        verify(&signed(&header, &keys().rsa1, SigningAlgorithm::Rs256), &set(), &policy(&rs256))
    };
    for more in [
        json!({"crit": ["exp"]}),
        json!({"crit": null}),
        json!({"b64": true}),
        json!({"zip": null}),
        json!({"cty": "JWT"}),
        json!({"typ": "at+jwt"}),
        json!({"typ": null}),
        json!({"typ": ""}),
        json!({"typ": "application/at+jwt"}),
        json!({"typ": "application/application/jwt"}),
    ] {
        assert!(matches!(verdict(more.clone()), Err(JwsError::Invalid(_))), "{more}");
    }
    for more in
        [json!({"typ": "Application/jwt"}), json!({"x5t": 1, "x5c": [], "jku": "https://evil.example"})]
    {
        assert!(verdict(more.clone()).is_ok(), "{more}");
    }
}

#[test]
fn the_wanted_type_is_the_callers_choice() {
    let token = signed(&json!({"alg": "RS256", "typ": "logout+jwt"}), &keys().rsa1, SigningAlgorithm::Rs256);
    let rs256 = [SigningAlgorithm::Rs256];
    let logout = Policy { algorithms: &rs256, client_secret: None, types: &["logout+jwt", "JWT"] };
    assert!(verify(&token, &set(), &logout).is_ok());
    assert!(verify(&token, &set(), &policy(&rs256)).is_err());
}

#[test]
fn a_signature_of_another_length_is_refused_by_every_algorithm() {
    let k = keys();
    for (key, algorithm) in [
        (&k.rsa1, SigningAlgorithm::Rs256),
        (&k.rsa1, SigningAlgorithm::Ps256),
        (&k.ec1, SigningAlgorithm::Es256),
        (&k.ec521, SigningAlgorithm::Es512),
        (&k.ed1, SigningAlgorithm::EdDsa),
    ] {
        let input = format!("{}.{}", encode(json!({"alg": algorithm.name()}).to_string()), encode("p"));
        let signature = key.sign(algorithm, input.as_bytes());
        let check = |signature: &[u8]| {
            verify(&format!("{input}.{}", encode(signature)), &set(), &policy(&[algorithm])).is_ok()
        };
        assert!(check(&signature));
        assert!(!check(&[]) && !check(&signature[1..]) && !check(&[&[0], &signature[..]].concat()));
        assert!(!check(&[&signature[..], &[0]].concat()) && !check(&vec![0; signature.len()]));
    }
}

#[test]
fn a_token_beyond_the_cap_is_not_looked_at() {
    let error = verify(&"a".repeat(MAX_TOKEN + 1), &set(), &policy(&ALL)).unwrap_err();
    assert_eq!(error, JwsError::Invalid("the token is too long"));
}
