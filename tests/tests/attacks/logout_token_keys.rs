//! Logout tokens under keys that are not known: a genuine one is never lost to them, and a stranger's fetch little.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use landfall_testkit::{Algorithm, Endpoint, Fault, SigningKey};
use landfall_tests::{SessionKind, World, on_both_frameworks};
use serde_json::json;

use crate::endings::{Token, send, session, stands, world};
use crate::logout_token::{JWKS, attacker, futures};
use crate::support::Answer;

/// A logout token that says all it must, under a key that somebody made up.
fn stranger(world: &World, kid: &str) -> String {
    static THEIRS: LazyLock<SigningKey> = LazyLock::new(attacker);
    Token::new(world, "made-up").header("kid", kid).signed_with(&THEIRS, Algorithm::Rs256)
}

/// Whether a refusal says in how many seconds to come again.
fn is_told_when(answer: &Answer) -> bool {
    answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds))
}

on_both_frameworks! {
    // lt-062, when it comes ten times: the first are looked up and no good, of the others nothing is known.
    async fn a_flood_of_unknown_keys_is_looked_up_four_times_told_to_come_again_and_holds_nobody_up(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        for round in 1..=2 {
            let before = world.provider.calls(JWKS);
            let (bad, later) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let flood = (0..200).map(|n| {
                let token = stranger(&world, &format!("{round}-{n}"));
                let (world, bad, later) = (&world, &bad, &later);
                async move {
                    let answer = send(world, &token).await;
                    assert!(answer.header("cache-control").contains("no-store"));
                    match answer.status.as_u16() {
                        400 => bad.fetch_add(1, Ordering::SeqCst),
                        503 => {
                            assert!(is_told_when(&answer));
                            later.fetch_add(1, Ordering::SeqCst)
                        }
                        _ => panic!("{answer:?}"),
                    };
                }
            });
            let meanwhile = async { assert!(stands(&browser).await) };
            tokio::join!(futures(flood), meanwhile);
            assert!((1..=4).contains(&(world.provider.calls(JWKS) - before)), "fetched again and again");
            assert_eq!(bad.load(Ordering::SeqCst) + later.load(Ordering::SeqCst), 200);
            assert!(stands(&browser).await);
            world.wait(Duration::from_secs(80));
        }
        // One after the other they share nothing.
        let before = world.provider.calls(JWKS);
        for n in 0..10 {
            let answer = send(&world, &stranger(&world, &format!("one-by-one-{n}"))).await;
            assert_eq!(answer.status, if n < 4 { 400 } else { 503 }, "{n}: {answer:?}");
        }
        assert_eq!(world.provider.calls(JWKS) - before, 4);
    }

    // pr-030
    async fn a_logout_token_under_a_key_that_was_made_after_ours_were_fetched_ends_its_session(framework) {
        for after in [Duration::ZERO, Duration::from_secs(5)] {
            let world = world(framework, SessionKind::Memory).await;
            let browser = session(&world, "user-1", Some("sess-1")).await;
            world.wait(after);
            world.provider.rotate_keys().unwrap();
            assert_eq!(send(&world, &Token::new(&world, "rotated").signed(&world)).await.status, 200);
            assert!(!stands(&browser).await);
            assert_eq!(world.provider.calls(JWKS), 2);
        }
    }

    // pr-031
    async fn a_stranger_who_makes_up_keys_does_not_cost_the_provider_its_logout(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        for n in 0..20 {
            send(&world, &stranger(&world, &format!("made-up-{n}"))).await;
        }
        world.provider.rotate_keys().unwrap();
        let genuine = Token::new(&world, "genuine").signed(&world);
        let answer = send(&world, &genuine).await;
        assert_eq!(answer.status, 503, "a 400 would tell the provider not to come again: {answer:?}");
        assert!(stands(&browser).await);
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=10).contains(&seconds), "{seconds}");
        world.wait(Duration::from_secs(seconds));
        // Whatever the stranger takes of it: keys that are fetched hold the new one.
        send(&world, &stranger(&world, "once-more")).await;
        assert_eq!(send(&world, &genuine).await.status, 200);
        assert!(!stands(&browser).await);
        assert_eq!(world.provider.calls(JWKS), 1 + 4 + 1);
    }

    async fn strangers_leave_look_ups_to_those_who_sign_in(framework) {
        let world = world(framework, SessionKind::Memory).await;
        session(&world, "user-1", Some("sess-1")).await;
        for n in 0..20 {
            send(&world, &stranger(&world, &format!("made-up-{n}"))).await;
        }
        for n in 0..4 {
            world.provider.rotate_keys().unwrap();
            assert!(stands(&session(&world, "user-1", Some(&format!("sess-{n}"))).await).await);
        }
    }

    async fn a_logout_token_of_another_issuer_or_audience_spends_no_look_up(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        for n in 0..20 {
            for (claim, value) in [("iss", "https://evil.example"), ("aud", "another-client")] {
                let token = Token::new(&world, "elsewhere").header("kid", format!("{claim}-{n}")).claim(claim, value);
                assert_eq!(send(&world, &token.signed_with(&attacker(), Algorithm::Rs256)).await.status, 400);
            }
        }
        assert_eq!(world.provider.calls(JWKS), 1);
        world.provider.rotate_keys().unwrap();
        assert_eq!(send(&world, &Token::new(&world, "genuine").signed(&world)).await.status, 200);
        assert!(!stands(&browser).await);
    }

    async fn a_logout_token_whose_key_cannot_be_looked_up_comes_again(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        world.provider.rotate_keys().unwrap();
        let token = Token::new(&world, "rotated").signed(&world);
        world.provider.inject_always(Fault::disconnect(Endpoint::Jwks));
        for _ in 0..3 {
            let answer = send(&world, &token).await;
            assert!(answer.status == 503 && is_told_when(&answer), "{answer:?}");
        }
        assert!(stands(&browser).await);
        world.provider.clear();
        world.wait(Duration::from_secs(2));
        assert_eq!(send(&world, &token).await.status, 200);
        assert!(!stands(&browser).await);
    }

    async fn a_logout_token_without_a_key_id_and_one_under_a_reused_name_are_looked_up(framework) {
        for kid in [None, Some("rsa1")] {
            let world = world(framework, SessionKind::Memory).await;
            let browser = session(&world, "user-1", Some("sess-1")).await;
            let new = SigningKey::generate(Algorithm::Rs256, "rsa1").unwrap();
            let token = Token::new(&world, "rotated");
            let token = match kid {
                Some(kid) => token.header("kid", kid),
                None => token.header_without("kid"),
            };
            let token = token.signed_with(&new, Algorithm::Rs256);
            let jwk = new.public_jwk().unwrap();
            world.provider.inject_always(Fault::json(Endpoint::Jwks, move |set| {
                set.insert("keys".to_owned(), json!([jwk]));
            }));
            assert_eq!(send(&world, &token).await.status, 200, "{kid:?}");
            assert!(!stands(&browser).await);
        }
    }
}
