//! The table `logout_token.json` over HTTP, and attacks on the back channel that fit no table.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use landfall::{EndReason, RelyingPartyBuilder, testing};
use landfall_testkit::{Algorithm, Endpoint, Fault, SigningKey, TestBed};
use landfall_tests::wire::Wire;
use landfall_tests::{Framework, SessionKind, World, on_both_frameworks, subject, until, wherever_stored};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::endings::{
    BACKCHANNEL, Ears, Token, flaky, post, rule, send, session, stands, unique, world, world_with,
};
use crate::support::{Ask, FORM, ask, broken_promises, cases, jar, pending, raw, sign_in, whoami};

pub(crate) const JWKS: &str = "/.well-known/jwks.json";

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

pub(crate) fn attacker() -> SigningKey {
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

/// So much of a body is sent at most: more than any endpoint reads.
const SENT: usize = 100_000;

async fn play_row(framework: Framework, kind: SessionKind, row: &Value) {
    let told = row["name"].as_str().unwrap();
    let world = world(framework, kind).await;
    let usual = json!([["S1", "user-1", "sess-1"]]);
    let mut browsers = Vec::new();
    for there in row["sessions"].as_array().unwrap_or(usual.as_array().unwrap()) {
        let browser = session(&world, there[1].as_str().unwrap(), there[2].as_str()).await;
        browsers.push((there[0].as_str().unwrap(), browser));
    }
    let before = world.provider.requests().len();
    let body = row_body(&world, row);
    let content_type = row["content_type"].as_str().unwrap_or(FORM);
    let accepted = row["expect"] == "accept";
    if body.len() > SENT {
        // The rest never comes: whoever sends on after the answer may find the connection closed, and not see it.
        let head = format!(
            "POST {BACKCHANNEL} HTTP/1.1\r\nhost: app.example.com\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let answer = raw(&world, &[head.as_bytes(), &body.as_bytes()[..SENT]].concat()).await;
        let rule = row["rule"].as_str().unwrap();
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains(rule), "{told}: {answer}");
    } else {
        let answer = ask(&world.browser, post(BACKCHANNEL, content_type, body)).await;
        assert!(broken_promises(&answer, &[]).is_empty(), "{told}: {:?}", broken_promises(&answer, &[]));
        if accepted {
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""), "{told}");
        } else {
            assert_eq!(answer.status, 400, "{told}: {answer:?}");
            assert_eq!(rule(&answer), row["rule"].as_str().unwrap(), "{told}");
        }
    }
    let alive: Vec<&str> =
        row["alive"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
    for (name, browser) in &browsers {
        assert_eq!(stands(browser).await, !accepted || alive.contains(name), "{told}: {name}");
    }
    if kind == SessionKind::Memory {
        // With the record goes the only copy of the tokens.
        let left = if accepted { alive.len() } else { browsers.len() };
        assert_eq!(world.engine.stored().await.len(), left, "{told}");
    }
    assert_eq!(
        world.provider.calls("/oauth2/revoke"),
        0,
        "{told}: the server cannot read what it would revoke"
    );
    if row["claims"]["iss"].is_string() {
        assert_eq!(world.provider.requests().len(), before, "{told}: something was fetched");
    }
}

on_both_frameworks! {
    async fn a_flood_of_logout_tokens_leaves_the_application_to_others(framework) {
        let world = world_with(framework, SessionKind::Memory, |builder| {
            testing::logout_token_patience(builder, Duration::from_millis(50))
        }).await;
        // This instance knows no keys yet, and they are slow to come.
        let mut held = world.provider.hold(Endpoint::Jwks);
        let mut posts = JoinSet::new();
        for _ in 0..40 {
            let (browser, token) = (world.other_browser(), Token::new(&world, "flood").signed(&world));
            posts.spawn(async move { ask(&browser, post(BACKCHANNEL, FORM, format!("logout_token={token}"))).await });
        }
        held.reached(1).await;
        for _ in 0..8 {
            let answer = posts.join_next().await.unwrap().unwrap();
            assert_eq!(answer.status, 503, "thirty-two at once");
            assert!(answer.headers.contains_key("retry-after") && answer.headers["cache-control"] == "no-store");
        }
        assert_eq!(whoami(&world.browser).await, "hello nobody", "pages are served meanwhile");
        held.release();
        while let Some(answer) = posts.join_next().await {
            assert_eq!(answer.unwrap().status, 200);
        }
        assert_eq!(world.provider.calls(JWKS), 1);
    }

    async fn a_provider_that_hangs_up_before_its_keys_are_here_ends_the_session_all_the_same(framework) {
        let mut world = world(framework, SessionKind::Memory).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        // An instance that was just started.
        world.switch_to(world.builder()).await;
        let mut held = world.provider.hold(Endpoint::Jwks);
        let form = format!("logout_token={}", Token::new(&world, "hung-up").signed(&world));
        let length = form.len();
        let mut wire = Wire::open(world.address).await;
        let head = format!("POST {BACKCHANNEL} HTTP/1.1\r\nhost: app.example.com\r\ncontent-type: {FORM}\r\n");
        wire.send(format!("{head}content-length: {length}\r\n\r\n{form}")).await.unwrap();
        held.reached(1).await;
        wire.reset();
        assert_eq!(whoami(&world.browser).await, "hello nobody");
        held.release();
        until("the session is over", async || (!stands(&browser).await).then_some(())).await;
    }

    async fn every_row_of_the_table_is_answered_and_ends_what_it_must(framework) {
        let mut run = 0;
        for row in cases::<Value>(include_str!("../../data/logout_token.json")) {
            if row.get("test").is_none() {
                play_row(framework, SessionKind::Memory, &row).await;
                run += 1;
            }
        }
        assert_eq!(run, 46);
    }

    async fn a_forged_logout_token_ends_nothing(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        let token = Token::new(&world, "forged");
        let theirs = attacker();
        let jwk = theirs.public_jwk().unwrap();
        let secret = SigningKey::hmac(TestBed::CLIENT_SECRET.as_bytes());
        let of = |name: &str, value: Value| Token::new(&world, "forged").header(name, value);
        let sound = token.signed(&world);
        for (what, forged) in [
            ("another key under the provider's name", token.signed_with(&theirs, Algorithm::Rs256)),
            ("a key in the header", of("jwk", jwk).signed_with(&theirs, Algorithm::Rs256)),
            ("a key at their address", of("jku", json!("https://evil.example/jwks")).signed_with(&theirs, Algorithm::Rs256)),
            ("no signature", format!("{}.", of("alg", json!("none")).unsigned())),
            ("no signature for RS256", format!("{}.", token.unsigned())),
            ("the client secret as key", of("alg", json!("HS256")).signed_with(&secret, Algorithm::Hs256)),
            ("another payload", {
                let other = Token::new(&world, "other").unsigned();
                format!("{other}.{}", sound.rsplit('.').next().unwrap())
            }),
        ] {
            let answer = send(&world, &forged).await;
            assert_eq!(answer.status, 400, "{what}: {answer:?}");
            assert!(broken_promises(&answer, &[&forged]).is_empty(), "{what}");
            assert!(stands(&browser).await, "{what} ended a session");
            // So many look-ups are not there at once.
            world.wait(Duration::from_secs(10));
        }
        assert_eq!(send(&world, &sound).await.status, 200);
    }

    async fn of_a_session_that_the_provider_ended_no_token_is_left_and_none_is_given_back(framework) {
        let scopes = |builder: RelyingPartyBuilder| builder.scopes(["openid", "offline_access"]);
        let world = world_with(framework, SessionKind::Memory, scopes).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        let token = Ask::get("/token").header("accept", "application/json");
        let answer = ask(&browser, token).await;
        assert_eq!((answer.status.as_u16(), world.engine.stored().await.len()), (200, 1), "there are tokens");
        assert_eq!(send(&world, &Token::new(&world, "all").signed(&world)).await.status, 200);
        assert!(world.engine.stored().await.is_empty());
        assert_eq!(world.provider.calls("/oauth2/revoke"), 0, "offline access may outlive a logout");
        assert!(!stands(&browser).await);
    }

    async fn a_logout_token_for_another_client_ends_nothing(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        for aud in [json!("another-client"), json!(["another-client"]), json!([TestBed::CLIENT_ID, "another-client"])] {
            let token = Token::new(&world, "elsewhere").claim("aud", aud).signed(&world);
            assert_eq!(send(&world, &token).await.status, 400);
        }
        assert!(stands(&browser).await);
    }

    async fn an_id_token_or_an_access_token_is_no_logout_token(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let seen = Arc::new(Mutex::new(String::new()));
        let copy = Arc::clone(&seen);
        world.provider.inject(Fault::raw_id_token(move |token| {
            let signed = token.signed();
            copy.lock().unwrap().clone_from(&signed);
            signed
        }));
        sign_in(&world.browser).await;
        let id_token = seen.lock().unwrap().clone();
        assert_eq!(id_token.split('.').count(), 3);
        let dressed = |typ: &str| Token::new(&world, "x").header("typ", typ);
        for posted in [
            id_token,
            dressed("at+jwt").signed(&world),
            dressed("JWT").claim("nonce", "n").signed(&world),
            dressed("JWT").without("events").signed(&world),
            "an-opaque-access-token".to_owned(),
        ] {
            let answer = send(&world, &posted).await;
            assert_eq!(answer.status, 400, "{posted}: {answer:?}");
            assert_eq!(whoami(&world.browser).await, "hello ada");
        }
    }

    async fn keys_that_cannot_be_had_are_no_reason_to_call_a_token_bad(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let token = Token::new(&world, "too-early").signed(&world);
        world.provider.set_down(true);
        let answer = send(&world, &token).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(!answer.header("retry-after").is_empty() && answer.header("cache-control").contains("no-store"));
        world.provider.set_down(false);
        world.wait(Duration::from_secs(2));
        assert_eq!(send(&world, &token).await.status, 200);
    }

    async fn a_store_that_is_down_is_no_success_and_the_providers_next_try_is(framework) {
        let (world, store) = flaky(framework).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        let token = Token::new(&world, "again").signed(&world);
        store.set_down(true);
        let answer = send(&world, &token).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"), "{answer:?}");
        assert!(answer.header("cache-control").contains("no-store"));
        store.set_down(false);
        assert!(stands(&browser).await);
        assert_eq!(send(&world, &token).await.status, 200);
        assert!(!stands(&browser).await);
    }

    async fn a_body_that_never_comes_is_not_waited_for(framework) {
        let brief = |builder: RelyingPartyBuilder| testing::body_timeout(builder, Duration::from_millis(50));
        let world = world_with(framework, SessionKind::Memory, brief).await;
        for path in [BACKCHANNEL, "/auth/logout"] {
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: app.example.com\r\nsec-fetch-site: same-origin\r\ncontent-type: {FORM}\r\ncontent-length: 100\r\n\r\nlogout_"
            );
            let answer = tokio::time::timeout(Duration::from_secs(30), raw(&world, head.as_bytes())).await;
            let answer = answer.expect("still waiting for the body");
            assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
        }
    }

    async fn the_endpoint_takes_one_token_by_form_and_nothing_else(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        let token = Token::new(&world, "one").signed(&world);
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let answer = ask(&world.browser, Ask::new(method, format!("{BACKCHANNEL}?logout_token={token}"))).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
        }
        for (content_type, body) in [
            ("application/json", format!("{{\"logout_token\":\"{token}\"}}")),
            ("text/plain", format!("logout_token={token}")),
            ("", format!("logout_token={token}")),
            (FORM, format!("logout_token={token}&logout_token={token}")),
            (FORM, format!("logout_token=&logout%5Ftoken={token}")),
            (FORM, format!("Logout_Token={token}")),
            (FORM, token.clone()),
        ] {
            let answer = ask(&world.browser, post(BACKCHANNEL, content_type, body.clone())).await;
            assert_eq!(answer.status, 400, "{content_type} {body}");
            assert!(broken_promises(&answer, &[&token]).is_empty());
        }
        assert!(stands(&browser).await);
        let body = format!("x=1&logout_token={token}&state=a&x=2");
        assert_eq!(ask(&world.browser, post(BACKCHANNEL, FORM, body)).await.status, 200);
        assert!(!stands(&browser).await);
    }

    async fn without_a_store_the_path_is_the_applications_own(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        let token = Token::new(&world, "x").signed(&world);
        assert_eq!(send(&world, &token).await.status, 404);
        let error = world.without_store().backchannel_logout_path("/hooks/logout").build().unwrap_err();
        assert!(error.setting == "backchannel_logout_path" && error.problem.contains("store"), "{error}");
    }

    async fn a_listener_hears_which_sessions_the_provider_ended(framework) {
        let ears = Ears::default();
        let world = world_with(framework, SessionKind::Memory, |builder| ears.listen(builder)).await;
        let _both = (session(&world, "user-1", Some("sess-1")).await, session(&world, "user-1", Some("sess-2")).await);
        let token = Token::new(&world, "all").without("sid").signed(&world);
        assert_eq!(send(&world, &token).await.status, 200);
        let one = (Some("user-1".to_owned()), EndReason::BackChannel);
        assert_eq!(ears.ended(), [one.clone(), one]);
    }
}

wherever_stored! {
    async fn a_session_is_found_by_its_name_and_its_subject_in_every_store(framework, kind) {
        let wanted = ["lt-001", "lt-003", "lt-007", "lt-035", "lt-036", "lt-039"];
        let mut run = 0;
        for row in cases::<Value>(include_str!("../../data/logout_token.json")) {
            if wanted.iter().any(|id| row["id"] == *id) {
                play_row(framework, kind, &row).await;
                run += 1;
            }
        }
        assert_eq!(run, wanted.len());
    }

    async fn a_session_name_that_two_people_share_ends_only_the_one_who_is_named(framework, kind) {
        let world = world(framework, kind).await;
        let one = session(&world, "user-1", Some("sess-1")).await;
        let two = session(&world, "user-2", Some("sess-1")).await;
        let token = Token::new(&world, "shared").signed(&world);
        assert_eq!(send(&world, &token).await.status, 200);
        assert_eq!((stands(&one).await, stands(&two).await), (false, true));
    }

    async fn a_logout_token_posted_again_does_not_end_a_newer_session(framework, kind) {
        let world = world(framework, kind).await;
        let old = session(&world, "user-1", Some("sess-1")).await;
        let of_all = Token::new(&world, "all").without("sid");
        let of_one = Token::new(&world, "one");
        assert_eq!(send(&world, &of_all.signed(&world)).await.status, 200);
        assert!(!stands(&old).await);
        world.wait(Duration::from_secs(1));
        let new = session(&world, "user-1", Some("sess-1")).await;
        assert_eq!(send(&world, &of_all.signed(&world)).await.status, 400, "the same token");
        let renamed = of_all.claim("jti", unique("another-name")).signed(&world);
        assert_eq!(rule(&send(&world, &renamed).await), "every session of this subject is newer than the token");
        assert_eq!(send(&world, &of_one.signed(&world)).await.status, 200, "its session is long over");
        assert_eq!(rule(&send(&world, &of_one.signed(&world)).await), "jti was seen before");
        let nameless = of_one.without("sub").claim("jti", unique("nameless")).signed(&world);
        assert_eq!(send(&world, &nameless).await.status, 200);
        assert!(stands(&new).await, "an old token ended a newer session");
    }

    async fn a_logout_token_that_comes_during_a_refresh_wins(framework, kind) {
        let scopes = |builder: RelyingPartyBuilder| builder.scopes(["openid", "offline_access"]);
        let world = world_with(framework, kind, scopes).await;
        sign_in(&world.browser).await;
        let cookie = jar(&world.browser);
        world.wait(Duration::from_secs(3541));
        let mut held = world.provider.hold(Endpoint::Token);
        let refreshing = ask(&world.browser, Ask::get("/token").header("accept", "application/json"));
        let ending = async {
            held.reached(1).await;
            let token = Token::new(&world, "meanwhile").claim("sub", "ada").without("sid").signed(&world);
            assert_eq!(send(&world, &token).await.status, 200);
            held.release();
        };
        let (answer, ()) = tokio::join!(refreshing, ending);
        assert_eq!(answer.status, 401, "late tokens were kept: {answer:?}");
        assert_eq!(ask(&world.browser, Ask::get("/").cookie(cookie)).await.body, "hello nobody");
        assert!(world.auth.sessions().list(&subject(&world.auth, "ada")).await.unwrap().is_empty());
    }

    async fn a_sign_in_that_is_under_way_outlives_a_logout(framework, kind) {
        let world = world(framework, kind).await;
        sign_in(&world.browser).await;
        let other = world.other_browser();
        let callback = pending(&other).await.callback();
        let mut held = world.provider.hold(Endpoint::Token);
        let coming_back = ask(&other, Ask::get(callback));
        let ending = async {
            held.reached(1).await;
            let token = Token::new(&world, "meanwhile").claim("sub", "ada").without("sid").signed(&world);
            assert_eq!(send(&world, &token).await.status, 200);
            world.wait(Duration::from_secs(1));
            held.release();
        };
        let (answer, ()) = tokio::join!(coming_back, ending);
        assert_eq!(answer.status, 303);
        assert_eq!(whoami(&world.browser).await, "hello nobody");
        assert_eq!(whoami(&other).await, "hello ada");
    }

    async fn a_session_that_the_provider_ends_while_it_begins_does_not_begin(framework, kind) {
        for by_session in [false, true] {
            let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
            let gates = (Arc::clone(&entered), Arc::clone(&go));
            let world = world_with(framework, kind, |builder| builder.on_sign_in(move |sign_in| {
                let (entered, go) = gates.clone();
                async move {
                    entered.notify_one();
                    go.notified().await;
                    Ok(sign_in)
                }
            })).await;
            world.provider.inject(Fault::id_token_claim("sid", "sess-under-way"));
            let ending = async {
                // The ID token is verified; there is no session yet.
                entered.notified().await;
                world.wait(Duration::from_secs(2));
                let token = Token::new(&world, "too-early");
                let token = if by_session {
                    token.without("sub").claim("sid", "sess-under-way")
                } else {
                    token.without("sid").claim("sub", "ada")
                };
                assert_eq!(send(&world, &token.signed(&world)).await.status, 200);
                go.notify_one();
            };
            let (page, ()) = tokio::join!(world.open("/dashboard"), ending);
            assert_eq!(page.status, 400);
            assert!(page.text().contains("Sign in again"), "{}", page.text());
            assert_eq!(whoami(&world.browser).await, "hello nobody");
            // Whoever signs in after that is signed in.
            go.notify_one();
            assert_eq!(world.open("/dashboard").await.status, 200);
            assert_eq!(whoami(&world.browser).await, "hello ada");
        }
    }

    async fn a_session_that_ended_before_hides_no_other(framework, kind) {
        let world = world(framework, kind).await;
        let one = session(&world, "user-1", Some("sess-1")).await;
        let two = session(&world, "user-1", Some("sess-2")).await;
        let others = session(&world, "user-2", Some("sess-3")).await;
        let sign_out = Ask::new(Method::POST, "/auth/logout").header("sec-fetch-site", "same-origin");
        assert_eq!(ask(&two, sign_out).await.status, 303);
        let token = Token::new(&world, "the-rest").without("sid").signed(&world);
        assert_eq!(send(&world, &token).await.status, 200);
        assert!(!stands(&one).await && !stands(&two).await && stands(&others).await);
    }
}

/// All of them at once.
pub(crate) async fn futures(all: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut left: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        left.retain_mut(|one| one.as_mut().poll(cx).is_pending());
        if left.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
