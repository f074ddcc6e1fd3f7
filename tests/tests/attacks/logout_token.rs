//! The table `logout_token.json` over HTTP, and attacks on the back channel that fit no table.

use std::time::Duration;

use http::Method;
use landfall::{EndReason, EventKind, MemoryStore};
use landfall_testkit::{Algorithm, Endpoint, Fault, SigningKey, TestBed};
use landfall_tests::{
    BASE_URL, FlakyStore, Framework, SessionKind, World, on_both_frameworks, wherever_stored,
};
use serde_json::{Value, json};

use crate::endings::{BACKCHANNEL, Token, post, rule, send, session, stands, world, world_with};
use crate::support::{Answer, Ask, FORM, ask, broken_promises, cases, jar, pending, sign_in, whoami};

const JWKS: &str = "/.well-known/jwks.json";

/// Puts values in the place of `$` names.
fn fill(world: &World, value: &Value) -> Value {
    let now = landfall::Clock::now(&world.clock).secs();
    match value {
        Value::Array(items) => items.iter().map(|item| fill(world, item)).collect(),
        Value::String(text) => match text.as_str() {
            "$CLIENT" => json!(TestBed::CLIENT_ID),
            "$RANDOM" => json!("a-key-that-nobody-has"),
            "$ATTACKER_JWK" => attacker().public_jwk().unwrap(),
            "$NOW" => json!(now),
            text => match text.strip_prefix("$NOW") {
                Some(offset) => json!(now.checked_add_signed(offset.parse().unwrap()).unwrap()),
                None => json!(text),
            },
        },
        other => other.clone(),
    }
}

fn attacker() -> SigningKey {
    SigningKey::generate(Algorithm::Rs256, "theirs").unwrap()
}

/// The token of a row.
fn row_token(world: &World, row: &Value) -> String {
    let mut token = Token::new(world, "a-token-of-its-own");
    for (part, changes) in [(&mut token.header, &row["header"]), (&mut token.claims, &row["claims"])] {
        for (name, value) in changes.as_object().into_iter().flatten() {
            if value == "$UNSET" {
                part.remove(name);
            } else {
                part.insert(name.clone(), fill(world, value));
            }
        }
    }
    match row["sign"].as_str() {
        None => token.signed(world),
        Some("attacker:rsa") => token.signed_with(&attacker(), Algorithm::Rs256),
        Some("hmac:client_secret") => {
            token.signed_with(&SigningKey::hmac(TestBed::CLIENT_SECRET.as_bytes()), Algorithm::Hs256)
        }
        Some("none") => format!("{}.", token.unsigned()),
        Some(other) => panic!("no signer {other}"),
    }
}

fn row_body(world: &World, row: &Value) -> String {
    match row["body"].as_str() {
        None => format!("logout_token={}", row_token(world, row)),
        Some(body) => match body.strip_prefix("$A*") {
            Some(count) => "a".repeat(count.parse().unwrap()),
            None => body.to_owned(),
        },
    }
}

async fn play(framework: Framework, row: &Value) {
    let told = row["name"].as_str().unwrap();
    let world = world(framework, SessionKind::Memory).await;
    let usual = json!([["S1", "user-1", "sess-1"]]);
    let mut browsers = Vec::new();
    for there in row["sessions"].as_array().unwrap_or(usual.as_array().unwrap()) {
        let browser = session(&world, there[1].as_str().unwrap(), there[2].as_str()).await;
        browsers.push((there[0].as_str().unwrap(), browser));
    }
    let before = world.provider.requests().len();
    let body = row_body(&world, row);
    let content_type = row["content_type"].as_str().unwrap_or(FORM);
    let answer = ask(&world.browser, post(BACKCHANNEL, content_type, body)).await;
    assert!(broken_promises(&answer, &[]).is_empty(), "{told}: {:?}", broken_promises(&answer, &[]));
    let accepted = row["expect"] == "accept";
    if accepted {
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""), "{told}");
    } else {
        assert_eq!(answer.status, 400, "{told}: {answer:?}");
        assert_eq!(rule(&answer), row["rule"].as_str().unwrap(), "{told}");
    }
    let alive: Vec<&str> =
        row["alive"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
    for (name, browser) in &browsers {
        assert_eq!(stands(browser).await, !accepted || alive.contains(name), "{told}: {name}");
    }
    if row["claims"]["iss"].is_string() {
        assert_eq!(world.provider.requests().len(), before, "{told}: something was fetched");
    }
}

on_both_frameworks! {
    async fn every_row_of_the_table_is_answered_and_ends_what_it_must(framework) {
        let mut run = 0;
        for row in cases::<Value>(include_str!("../../data/logout_token.json")) {
            if row.get("test").is_none() {
                play(framework, &row).await;
                run += 1;
            }
        }
        assert_eq!(run, 46);
    }
}
