//! The table of logout token mutations, as far as a token alone can be judged, and what it does not ask.

use serde_json::{Value, json};

use super::super::algorithm::SigningAlgorithm;
use super::super::test_keys::{self, encode, keys};
use super::{Duration, Error, KeySet, LogoutToken, Timestamp, TokenRules, read};

const NOW: u64 = 1_800_000_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn table() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/logout_token.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Puts values in the place of `$` names.
fn fill(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(fill).collect(),
        Value::String(text) => match text.as_str() {
            "$CLIENT" => json!("rp-1"),
            "$RANDOM" => json!("a-key-that-nobody-has"),
            "$ATTACKER_JWK" => keys().attacker.jwk(),
            "$NOW" => json!(NOW),
            text => match text.strip_prefix("$NOW") {
                Some(offset) => json!(NOW.checked_add_signed(offset.parse().unwrap()).unwrap()),
                None => json!(text),
            },
        },
        other => other.clone(),
    }
}

/// The base object with a case's changes.
fn changed(base: &Value, changes: &Value) -> String {
    let mut object = base.as_object().unwrap().clone();
    for (name, value) in changes.as_object().into_iter().flatten() {
        object.insert(name.clone(), value.clone());
    }
    object.retain(|_, value| value != "$UNSET");
    object.values_mut().for_each(|value| *value = fill(value));
    Value::Object(object).to_string()
}

fn token(case: &Value) -> String {
    let (table, k) = (table(), keys());
    let header = changed(&table["header"], &case["header"]);
    let claims = changed(&table["claims"], &case["claims"]);
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = match case["sign"].as_str() {
        None => k.rsa1.sign(SigningAlgorithm::Rs256, signed.as_bytes()),
        Some("attacker:rsa") => k.attacker.sign(SigningAlgorithm::Rs256, signed.as_bytes()),
        Some("hmac:client_secret") => test_keys::mac(SECRET.as_bytes(), signed.as_bytes()),
        Some("none") => Vec::new(),
        Some(other) => panic!("no signer {other}"),
    };
    format!("{signed}.{}", encode(signature))
}

fn verdict(case: &Value) -> Result<LogoutToken, String> {
    let rules = TokenRules {
        issuer: "https://op.example",
        client_id: "rp-1",
        trusted_audiences: &[],
        algorithms: &[SigningAlgorithm::Rs256],
        leeway: Duration::from_secs(60),
        now: Timestamp::from_secs(NOW),
    };
    let rule = |error: Error| error.operator_detail().unwrap().to_owned();
    let set = json!({"keys": [keys().rsa1.jwk_with(&json!({"kid": "rsa1"}))]});
    let set = KeySet::parse(set.to_string().as_bytes()).unwrap();
    read(&token(case), &rules)
        .map_err(rule)?
        .verify(&set, Some(&SECRET.into()))
        .map_err(|error| error.rule().to_owned())
}

/// The verdict on the valid token with some claims changed.
#[allow(clippy::needless_pass_by_value, reason = "the callers write json!")]
fn with(claims: Value) -> Result<LogoutToken, String> {
    verdict(&json!({ "claims": claims }))
}

#[test]
fn every_case_of_the_table_gets_its_verdict() {
    let table = table();
    let mut run = 0;
    for case in table["cases"].as_array().unwrap() {
        if case.get("body").is_some() || case.get("test").is_some() {
            continue;
        }
        let told = case["name"].as_str().unwrap();
        match (verdict(case), case["expect"].as_str().unwrap()) {
            (Ok(_), "accept") => {}
            (Err(rule), "reject") => assert_eq!(Some(rule.as_str()), case["rule"].as_str(), "{told}"),
            (other, _) => panic!("{told}: {other:?}"),
        }
        run += 1;
    }
    assert_eq!(run, 43);
}

#[test]
fn subject_and_session_are_handed_on_as_they_stand() {
    let believed = with(json!({})).unwrap();
    assert_eq!((believed.subject.as_deref(), believed.sid.as_deref()), (Some("user-1"), Some("sess-1")));
    assert_eq!(
        (believed.issued_at, believed.jti.as_str()),
        (Timestamp::from_secs(NOW), "a-token-of-its-own")
    );
    assert_eq!(with(json!({"sub": "$UNSET"})).unwrap().subject, None);
    assert_eq!(with(json!({"sid": "$UNSET"})).unwrap().sid, None);
}

#[test]
fn an_id_token_is_no_logout_token_however_it_is_dressed_up() {
    for nonce in [json!("n"), json!(""), Value::Null, json!(false)] {
        assert_eq!(with(json!({"nonce": nonce})).unwrap_err(), "nonce is there, as in an ID token");
    }
    assert!(verdict(&json!({"header": {"typ": "JWT"}})).is_ok());
    for typ in [json!("id_token+jwt"), json!("application/at+jwt"), Value::Null, json!("")] {
        let refused = verdict(&json!({"header": {"typ": typ}})).unwrap_err();
        assert_eq!(refused, "typ is that of another kind of token");
    }
}

#[test]
fn times_end_where_they_say() {
    for (claims, holds) in [
        (json!({"iat": NOW + 60}), true),
        (json!({"iat": NOW + 61}), false),
        (json!({"iat": NOW - 360, "exp": NOW}), true),
        (json!({"iat": NOW - 361, "exp": NOW}), false),
        (json!({"exp": NOW - 59}), true),
        (json!({"exp": NOW - 60}), false),
        (json!({"exp": "$UNSET"}), true),
        (json!({"exp": null}), false),
        (json!({"iat": NOW.to_string()}), false),
    ] {
        let told = claims.to_string();
        assert_eq!(with(claims).is_ok(), holds, "{told}");
    }
}

#[test]
fn whose_session_it_is_must_be_a_name_or_not_be_there() {
    let long = "a".repeat(256);
    for claims in [
        json!({"sub": ""}),
        json!({"sub": null}),
        json!({"sub": 7}),
        json!({"sub": long}),
        json!({"sid": null}),
        json!({"sid": ""}),
        json!({"sid": ["sess-1"]}),
        json!({"jti": ""}),
        json!({"jti": 1}),
        json!({"aud": ["rp-1", "rp-2"]}),
        json!({"iss": ["https://op.example"]}),
    ] {
        let told = claims.to_string();
        assert!(with(claims).is_err(), "{told}");
    }
}

#[test]
fn a_refusal_repeats_no_value_of_the_token() {
    for claims in [json!({"iss": "canary"}), json!({"aud": "canary"}), json!({"events": "canary"})] {
        assert!(!with(claims).unwrap_err().contains("canary"));
    }
}
