//! The table of ID token mutations, built and run, and what it does not ask.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::super::test_keys::{self, TestKey, encode, keys, weak};
use super::super::token_rules::TokenRules;
use super::{
    ExpectedIdToken, IdTokenClaims, KeySet, Original, Rejection, SigningAlgorithm, verify, verify_refreshed,
};
use crate::{Error, ErrorCode, Secret, Timestamp};

const NOW: u64 = 1_800_000_000;
const NONCE: &str = "n-0S6_WzA2Mj-aBcDeFgHiJk";
const ACCESS_TOKEN: &str = "an-access-token";

fn half_hash(algorithm: &'static digest::Algorithm) -> String {
    let hash = digest::digest(algorithm, ACCESS_TOKEN.as_bytes());
    encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

/// Puts values in the place of `$` names.
fn fill(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(fill).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), fill(value))).collect(),
        Value::String(text) => match text.as_str() {
            "$NONCE" => json!(NONCE),
            "$NONCE[:10]" => json!(NONCE[..10]),
            "$NONCE.swapcase" => NONCE
                .chars()
                .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                .collect::<String>()
                .into(),
            "$NONCE_OTHER_TXN" => json!("m-0S6_WzA2Mj-aBcDeFgHiJk"),
            "$AT_HASH" => json!(half_hash(&digest::SHA256)),
            "$AT_HASH==" => json!(format!("{}==", half_hash(&digest::SHA256))),
            "$LEFTHALF(SHA384)" => json!(half_hash(&digest::SHA384)),
            "$LEFTHALF(SHA512)" => json!(half_hash(&digest::SHA512)),
            "$ATTACKER_JWK" => keys().attacker.jwk(),
            "$NOW" => json!(NOW),
            text => {
                if let Some(offset) = text.strip_prefix("$NOW") {
                    json!(NOW.checked_add_signed(offset.parse().unwrap()).unwrap())
                } else if let Some(count) = text.strip_prefix("$A*") {
                    json!("a".repeat(count.parse().unwrap()))
                } else {
                    assert!(!text.starts_with('$'), "unknown name {text}");
                    json!(text)
                }
            }
        },
        other => other.clone(),
    }
}

/// The base object with a case's changes.
fn changed(base: &Value, changes: &Value) -> Map<String, Value> {
    let mut object = base.as_object().unwrap().clone();
    for (name, value) in changes.as_object().into_iter().flatten() {
        if value == "$UNSET" {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    fill(&Value::Object(object)).as_object().unwrap().clone()
}

fn sign(how: &str, message: &[u8], payload: &[u8]) -> Vec<u8> {
    let k = keys();
    let rs256 = |key: &TestKey| key.sign(SigningAlgorithm::Rs256, message);
    let es256 = || k.ec1.sign(SigningAlgorithm::Es256, message);
    match how {
        "op:rsa1" => rs256(&k.rsa1),
        "op:rsa1:RS384" => k.rsa1.sign(SigningAlgorithm::Rs384, message),
        "op:rsa1:bitflip" => {
            let mut signature = rs256(&k.rsa1);
            *signature.last_mut().unwrap() ^= 1;
            signature
        }
        "op:rsa1:prepend00" => [vec![0], rs256(&k.rsa1)].concat(),
        "op:rsa1:b64false" => {
            let header = message.split(|byte| *byte == b'.').next().unwrap();
            k.rsa1.sign(SigningAlgorithm::Rs256, &[header, b".", payload].concat())
        }
        "op:enc1" | "op:kops" => rs256(&k.rsa2),
        "op:rsa512" => weak::sign(message),
        "op:ec1" => es256(),
        "op:ec1:der" => test_keys::der_signature(&es256()),
        "op:ec1:truncate1" => es256()[..63].to_vec(),
        "op:ec384" => k.ec384.sign(SigningAlgorithm::Es384, message),
        "attacker:rsa" => rs256(&k.attacker),
        "none" => Vec::new(),
        "bytes:00010203" => vec![0, 1, 2, 3],
        "bytes:emsa(rsae1)" => test_keys::padded_digest(message, 256),
        "hmac:pem_spki(rsa1)" => test_keys::mac(&test_keys::pem("PUBLIC KEY", &k.rsa1.spki()), message),
        "hmac:pem_pkcs1(rsa1)" => test_keys::mac(&test_keys::pem("RSA PUBLIC KEY", &k.rsa1.pkcs1()), message),
        "hmac:der_spki(rsa1)" => test_keys::mac(&k.rsa1.spki(), message),
        "hmac:jwk_n(rsa1)" => test_keys::mac(encode(k.rsa1.modulus()).as_bytes(), message),
        "hmac:empty" => test_keys::mac(b"", message),
        "hmac:other" => test_keys::mac(b"ffffffffffffffffffffffffffffffff", message),
        other => panic!("no signer {other}"),
    }
}

fn key_set(which: Option<&str>) -> KeySet {
    let k = keys();
    let rsa1 =
        |more: Value| k.rsa1.jwk_with(&json!({"kid": "rsa1", "use": "sig", "alg": "RS256"})).merge(&more);
    let base = || {
        vec![
            rsa1(json!({})),
            k.ec1.jwk_with(&json!({"kid": "ec1"})),
            k.ec384.jwk_with(&json!({"kid": "ec384"})),
            k.ed1.jwk_with(&json!({"kid": "ed1"})),
        ]
    };
    let plus = |more: Vec<Value>| [base(), more].concat();
    let rsa_with = |n: &[u8], e: &str, kid: &str| json!({"kty": "RSA", "n": encode(n), "e": e, "kid": kid});
    let set = match which {
        None => base(),
        Some("only:rsa1") => vec![rsa1(json!({}))],
        Some("only:rsa1-nokid") => vec![k.rsa1.jwk()],
        Some("rsa1 with alg=PS256") => vec![rsa1(json!({"alg": "PS256"}))],
        Some("plus:rsa512") => plus(vec![rsa_with(&weak::modulus(), "AQAB", "rsa512")]),
        Some("plus:rsae1") => plus(vec![rsa_with(&k.rsa2.modulus(), "AQ", "rsae1")]),
        Some("two RSA keys without kid") => vec![k.rsa2.jwk(), k.rsa1.jwk()],
        Some("plus:enc1(use=enc)") => plus(vec![k.rsa2.jwk_with(&json!({"kid": "enc1", "use": "enc"}))]),
        Some("plus key_ops=[encrypt]") => {
            plus(vec![k.rsa2.jwk_with(&json!({"kid": "kops", "key_ops": ["encrypt"]}))])
        }
        Some("plus: kty=AKP and crv=unknown") => {
            let mut keys = vec![
                json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "rsa1"}),
                json!({"kty": "EC", "crv": "P-999", "x": "AAAA", "y": "AAAA", "kid": "rsa1"}),
            ];
            keys.extend(base());
            keys
        }
        Some("rsa1 with d") => vec![rsa1(json!({"d": "AAAA", "p": "AAAA"}))],
        Some("rsa1 and ec1 both kid=k1") => {
            vec![k.ec1.jwk_with(&json!({"kid": "k1"})), rsa1(json!({"kid": "k1"}))]
        }
        Some("empty") => Vec::new(),
        Some("1000 keys") => {
            let ed1 = |n| k.ed1.jwk_with(&json!({"kid": format!("other-{n}")}));
            let rsa2 = |n| k.rsa2.jwk_with(&json!({"kid": format!("rsa-{n}")}));
            (0..500).map(ed1).chain((0..499).map(rsa2)).chain([rsa1(json!({}))]).collect()
        }
        Some(other) => panic!("no key set {other}"),
    };
    KeySet::parse(json!({"keys": set}).to_string().as_bytes()).unwrap()
}

trait Merge {
    fn merge(self, more: &Value) -> Value;
}

impl Merge for Value {
    fn merge(mut self, more: &Value) -> Value {
        self.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self
    }
}

/// The token of a case, with all that its `raw` asks for.
fn token(base: &Value, case: &Value) -> String {
    let header_map = changed(&base["header"], &case["header"]);
    let claims_map = changed(&base["claims"], &case["claims"]);
    let json = |map: &Map<String, Value>| Value::Object(map.clone()).to_string();
    let with = |map: &Map<String, Value>, name: &str, value: Value| {
        let mut map = map.clone();
        map.insert(name.to_owned(), value);
        json(&map)
    };
    let (mut header, mut payload) = (json(&header_map), json(&claims_map).into_bytes());
    let exp = format!("\"exp\":{}", NOW + 300);
    let rewritten = |payload: &[u8], exp_as: &str| {
        let text = std::str::from_utf8(payload).unwrap();
        assert!(text.contains(&exp));
        text.replace(&exp, exp_as).into_bytes()
    };
    let raw = case["raw"].as_str().unwrap_or_default();
    match raw {
        "claims_json_override:exp=$NOW+300 written as exponent" => {
            payload = rewritten(&payload, "\"exp\":1.8000003e9");
        }
        "claims_json:exp=NaN" => payload = rewritten(&payload, "\"exp\":NaN"),
        "claims_json:exp=1e999" => payload = rewritten(&payload, "\"exp\":1e999"),
        "claims_json: two sub members" => payload = rewritten(&payload, &format!("{exp},\"sub\":\"admin\"")),
        "claims:1 MiB of filler" => payload = with(&claims_map, "filler", json!("a".repeat(1 << 20))).into(),
        "payload:deflate" => {
            // One stored block (RFC 1951 §3.2.4) is DEFLATE as well.
            let length = u16::try_from(payload.len()).unwrap();
            payload = [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &payload].concat();
        }
        "payload:inner_jwt_unsigned" => {
            payload = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(&payload)).into_bytes();
        }
        "payload:utf-16le" => {
            let text = String::from_utf8(payload).unwrap();
            payload = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        }
        "payload:{...}x" => payload.push(b'x'),
        "payload:100000 x [" => payload = vec![b'['; 100_000],
        "recode:base64std" => {
            // So that the two alphabets differ, wherever the bytes fall.
            payload = with(&claims_map, "x", json!("?????>>>>>")).into();
        }
        _ => {
            if let Some(literal) = raw.strip_prefix("payload:") {
                payload = literal.as_bytes().to_vec();
            } else if let Some(literal) = raw.strip_prefix("header_json:") {
                literal.clone_into(&mut header);
            }
        }
    }
    let signed = format!("{}.{}", encode(&header), encode(&payload));
    let how = case["sign"].as_str().unwrap_or("op:rsa1");
    let signature = sign(how, signed.as_bytes(), &payload);
    let good = format!("{signed}.{}", encode(&signature));
    match raw {
        "tamper_after_sign:claims.sub=admin" => {
            let payload = with(&claims_map, "sub", json!("admin"));
            format!("{}.{}.{}", encode(&header), encode(payload), encode(&signature))
        }
        "tamper_after_sign:header.kid=ec1" => {
            let header = with(&header_map, "kid", json!("ec1"));
            format!("{}.{}.{}", encode(header), encode(&payload), encode(&signature))
        }
        "append:.x" => good + ".x",
        "append:.x.y" => good + ".x.y",
        "append:\\n" => good + "\n",
        "literal:.." => String::from(".."),
        "literal:{\"payload\":..,\"protected\":..,\"signature\":..}" => json!({
            "payload": encode(&payload), "protected": encode(&header), "signature": encode(&signature),
        })
        .to_string(),
        "id_token: null" => String::from("null"),
        "id_token: 42" => String::from("42"),
        "recode:base64std" => {
            let parts =
                good.split('.').map(|part| STANDARD_NO_PAD.encode(URL_SAFE_NO_PAD.decode(part).unwrap()));
            parts.collect::<Vec<_>>().join(".")
        }
        "recode:padded" => format!("{signed}.{}", URL_SAFE.encode(&signature)),
        "recode:noncanonical" => {
            // 256 bytes leave four unused bits in the last character: A, Q, g or w.
            let (front, last) = good.split_at(good.len() - 1);
            let next = char::from(last.as_bytes()[0] + 1);
            format!("{front}{next}")
        }
        _ => {
            let known = ["", "claims", "payload", "header_json"];
            assert!(known.contains(&raw.split([':', '_']).next().unwrap()) || raw.starts_with("header_json"));
            good
        }
    }
}

struct Wanted {
    algorithms: Vec<SigningAlgorithm>,
    secret: Secret<String>,
    acr: Option<Vec<String>>,
    max_age: Option<Duration>,
}

impl Wanted {
    fn of(case: &Value) -> Self {
        let config = &case["config"];
        Self {
            algorithms: vec![SigningAlgorithm::parse(config["alg"].as_str().unwrap_or("RS256")).unwrap()],
            secret: Secret::from("0123456789abcdef0123456789abcdef"),
            acr: config["acr"]
                .as_array()
                .map(|acr| acr.iter().map(|acr| acr.as_str().unwrap().to_owned()).collect()),
            max_age: config["max_age"].as_u64().map(Duration::from_secs),
        }
    }

    fn expectations(&self) -> ExpectedIdToken<'_> {
        ExpectedIdToken {
            rules: TokenRules {
                issuer: "https://op.example",
                client_id: "rp-1",
                trusted_audiences: &[],
                algorithms: &self.algorithms,
                leeway: Duration::from_secs(60),
                now: Timestamp::from_secs(NOW),
            },
            client_secret: Some(&self.secret),
            nonce: Some(NONCE),
            access_token: Some(ACCESS_TOKEN),
            max_age: self.max_age,
            acr: self.acr.as_deref(),
        }
    }
}

fn table() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/id_token.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn subject(result: &Result<IdTokenClaims, Rejection>) -> Option<&str> {
    result.as_ref().ok().map(|claims| claims.subject.as_str())
}

#[test]
fn every_case_of_the_table_gets_its_verdict() {
    let table = table();
    let mut run = 0;
    for case in table["cases"].as_array().unwrap().iter().filter(|case| case["runner"] != "flow") {
        let wanted = Wanted::of(case);
        let result = verify(&token(&table, case), &key_set(case["jwks"].as_str()), &wanted.expectations());
        let id = case["id"].as_str().unwrap();
        match case["expect"].as_str().unwrap() {
            "accept" => {
                let sub = case["claims"]["sub"].as_str().unwrap_or("user-1");
                assert_eq!(subject(&result), Some(sub), "{id}: {result:?}");
            }
            "reject" => {
                let error = Error::from(result.expect_err(id));
                let detail = error.operator_detail().unwrap();
                // The rule is part of the case, so that no case passes for another reason than its own.
                assert_eq!(Some(detail), case["rule"].as_str(), "{id} {}", case["name"]);
            }
            "reauthenticate" => assert!(matches!(result, Err(Rejection::NotRecent)), "{id}: {result:?}"),
            other => panic!("{id}: expect {other}"),
        }
        run += 1;
    }
    assert_eq!(run, 141);
}

#[test]
fn what_is_out_of_scope_is_listed_once_and_nowhere_else() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/out_of_scope.json");
    let outside: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let table = table();
    let inside: Vec<&Value> = table["cases"].as_array().unwrap().iter().map(|case| &case["id"]).collect();
    let outside: Vec<&Value> =
        outside.iter().filter(|case| case["file"] == "id_token.json").map(|case| &case["id"]).collect();
    assert_eq!((inside.len(), outside.len()), (152, 10));
    assert!(outside.iter().all(|id| !inside.contains(id)));
}

/// The verdict on the valid token with some claims changed.
#[allow(clippy::needless_pass_by_value, reason = "the callers write json!")]
fn verdict(claims: Value, adjust: impl FnOnce(&mut ExpectedIdToken<'_>)) -> Result<IdTokenClaims, Rejection> {
    let wanted = Wanted::of(&Value::Null);
    let mut expect = wanted.expectations();
    adjust(&mut expect);
    verify(&token(&table(), &json!({"claims": claims})), &key_set(None), &expect)
}

fn refused(claims: Value) -> bool {
    matches!(verdict(claims, |_| ()), Err(Rejection::Invalid(error)) if error.code() == ErrorCode::IdTokenRejected)
}

#[test]
fn times_are_numbers_of_any_size_and_saturate() {
    let claims =
        verdict(json!({"exp": 1e300, "auth_time": -5, "session_expiry": 1_800_000_000.5}), |_| ()).unwrap();
    assert_eq!(claims.auth_time, Some(Timestamp::default()));
    assert_eq!(claims.session_expiry, Some(Timestamp::from_millis(NOW * 1000 + 500)));
    assert!(verdict(json!({"iat": 0.0, "exp": 1e300}), |_| ()).is_err());
    for claims in [
        json!({"exp": -1e300}),
        json!({"exp": true}),
        json!({"iat": "$UNSET"}),
        json!({"iat": u64::MAX}),
        json!({"iat": null}),
        json!({"nbf": "0"}),
        json!({"nbf": null}),
        json!({"auth_time": "1"}),
        json!({"auth_time": NOW + 61}),
        json!({"session_expiry": "1"}),
        json!({"session_expiry": NOW}),
    ] {
        assert!(refused(claims.clone()), "{claims}");
    }
}

#[test]
fn the_leeway_ends_where_it_says() {
    for (claims, holds) in [
        (json!({"exp": NOW - 59}), true),
        (json!({"exp": NOW - 60}), false),
        (json!({"iat": NOW + 60}), true),
        (json!({"iat": NOW + 61}), false),
        (json!({"nbf": NOW + 60}), true),
        (json!({"nbf": NOW + 61}), false),
    ] {
        assert_eq!(verdict(claims.clone(), |_| ()).is_ok(), holds, "{claims}");
    }
    let recent = |ago: u64| {
        verdict(json!({"auth_time": NOW - ago}), |expect| expect.max_age = Some(Duration::from_secs(300)))
    };
    assert!(recent(360).is_ok());
    assert!(matches!(recent(361), Err(Rejection::NotRecent)));
}

#[test]
fn a_further_audience_must_be_trusted_and_the_client_must_still_be_one() {
    let trusted: &[String] = vec![String::from("api")].leak();
    let check =
        |aud: Value| verdict(json!({"aud": aud}), |expect| expect.rules.trusted_audiences = trusted).is_ok();
    assert!(check(json!(["api", "rp-1"])));
    assert!(!check(json!(["api"])) && !check(json!("api")) && !check(json!([])));
    assert!(!check(json!(["rp-1", "other"])) && !check(json!(["rp-1", 1])) && !check(json!([["rp-1"]])));
}

#[test]
fn a_subject_is_printable_ascii_of_up_to_255_characters() {
    for sub in
        [json!(""), json!("a".repeat(256)), json!("us\u{e9}r"), json!("a\nb"), json!("a\u{0}"), json!(["a"])]
    {
        assert!(refused(json!({"sub": sub})), "{sub}");
    }
    assert!(refused(json!({"sub": "$UNSET"})));
    assert!(verdict(json!({"sub": "auth0|a b"}), |_| ()).is_ok());
}

#[test]
fn the_session_can_be_named_or_is_not_named_at_all() {
    assert_eq!(verdict(json!({"sid": null}), |_| ()).unwrap().sid, None);
    assert!(refused(json!({"sid": ""})) && refused(json!({"sid": 1})));
}

#[test]
fn a_refreshed_token_may_lack_a_nonce_but_a_logout_token_never_passes_for_one() {
    let refreshed = |claims| verdict(claims, |expect| expect.nonce = None);
    assert!(refreshed(json!({"nonce": "$UNSET"})).is_ok());
    let logout = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    assert!(refreshed(json!({"nonce": "$UNSET", "events": logout})).is_err());
}

#[test]
fn an_empty_nonce_binds_nothing_even_if_it_is_expected() {
    assert!(verdict(json!({"nonce": ""}), |expect| expect.nonce = Some("")).is_err());
}

#[test]
fn an_acr_asked_for_is_told_apart_from_a_bad_token() {
    let wanted: &[String] = vec![String::from("aal2"), String::from("aal3")].leak();
    let check = |claims: Value| verdict(claims, |expect| expect.acr = Some(wanted));
    assert!(check(json!({"acr": "aal3"})).is_ok());
    let unmet = check(json!({"acr": "aal1"})).unwrap_err();
    assert!(matches!(unmet, Rejection::AcrUnmet));
    assert_eq!(Error::from(unmet).code(), ErrorCode::AuthenticationInsufficient);
    assert!(matches!(check(json!({"acr": "aal1", "iss": "x"})), Err(Rejection::Invalid(_))));
}

#[test]
fn a_refusal_repeats_no_value_of_the_token() {
    for claims in [
        json!({"iss": "canary"}),
        json!({"aud": "canary"}),
        json!({"nonce": "canary"}),
        json!({"exp": "canary"}),
    ] {
        let error = Error::from(verdict(claims, |_| ()).unwrap_err());
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}

#[test]
fn at_hash_is_compared_only_with_an_access_token_at_hand() {
    let check = |token| verdict(json!({"at_hash": "AAAA"}), |expect| expect.access_token = token);
    assert!(check(None).is_ok());
    assert!(check(Some(ACCESS_TOKEN)).is_err());
}

#[test]
fn no_case_that_is_rejected_at_sign_in_passes_at_a_refresh() {
    let table = table();
    let original = Secret::new(table_token(&table));
    let original =
        Original { subject: "user-1", auth_time: Some(Timestamp::from_secs(NOW - 10)), token: &original };
    let mut run = 0;
    for case in table["cases"].as_array().unwrap().iter().filter(|case| case["runner"] != "flow") {
        let id = case["id"].as_str().unwrap();
        // What a refresh does not ask for: a nonce, an age, a context.
        let rule = case["rule"].as_str().unwrap_or_default();
        if case["expect"] != "reject" || rule.starts_with("nonce") || rule.contains("asked for") {
            continue;
        }
        let wanted = Wanted::of(case);
        let expect = ExpectedIdToken { nonce: None, max_age: None, acr: None, ..wanted.expectations() };
        let keys = key_set(case["jwks"].as_str());
        assert!(verify_refreshed(&token(&table, case), &keys, &expect, &original).is_err(), "{id}");
        run += 1;
    }
    assert!(run > 90, "{run}");
}

#[test]
fn a_refreshed_token_is_about_the_sign_in_it_comes_from() {
    let table = table();
    let original = Secret::new(table_token(&table));
    let auth_time = Timestamp::from_secs(NOW - 10);
    let original = Original { subject: "user-1", auth_time: Some(auth_time), token: &original };
    let refreshed = |claims: Value| {
        let case = json!({ "claims": claims });
        let wanted = Wanted::of(&case);
        let expect = ExpectedIdToken { nonce: None, ..wanted.expectations() };
        verify_refreshed(&token(&table, &case), &key_set(None), &expect, &original)
    };
    let unset = "$UNSET";
    for sound in [
        json!({"nonce": unset}),
        json!({"nonce": NONCE}),
        json!({"nonce": null}),
        json!({"nonce": unset, "auth_time": NOW - 10}),
    ] {
        let told = format!("{sound}");
        assert!(refreshed(sound).is_ok(), "{told}");
    }
    for (claims, rule) in [
        (json!({"nonce": unset, "sub": "user-2"}), "sub is not the one that signed in"),
        (json!({"nonce": unset, "sub": "USER-1"}), "sub is not the one that signed in"),
        (json!({"nonce": "x"}), "nonce is not that of the sign-in"),
        (json!({"nonce": ""}), "nonce is not that of the sign-in"),
        (json!({"nonce": 7}), "nonce is not that of the sign-in"),
        (json!({"nonce": unset, "auth_time": NOW}), "auth_time is not that of the sign-in"),
        (json!({"nonce": unset, "aud": "rp-2"}), "aud does not contain the client id"),
    ] {
        let error = Error::from(refreshed(claims.clone()).expect_err(&claims.to_string()));
        assert_eq!(error.operator_detail(), Some(rule), "{claims}");
    }
}

/// The ID token of a sign-in.
fn table_token(table: &Value) -> String {
    token(table, &json!({}))
}
