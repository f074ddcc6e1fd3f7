//! The rows of `id_token.json` that need a provider, through the real callback.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use landfall::Userinfo;
use landfall_testkit::{Algorithm, Endpoint, Fault, RawResponse, SigningKey};
use landfall_tests::{SessionKind, World, everywhere, on_both_frameworks};
use serde_json::json;

use crate::support::{Answer, Ask, ask, broken_promises, pending, sign_in, whoami};

/// The rows that the tests below are about.
pub(crate) const ROWS: [&str; 7] =
    ["idt-199", "idt-216", "idt-217", "idt-226", "idt-228", "idt-238", "idt-244"];

async fn callback(world: &World) -> Answer {
    let browser = world.other_browser();
    let attempt = pending(&browser).await;
    let answer = ask(&browser, Ask::get(attempt.callback())).await;
    assert!(broken_promises(&answer, &[]).is_empty(), "{answer:?}");
    assert_eq!(whoami(&browser).await == "hello ada", answer.sets_session());
    answer
}

everywhere! {
    // idt-216
    async fn a_key_that_was_rotated_in_is_fetched_when_a_token_names_it(world) {
        sign_in(&world.other_browser()).await;
        world.provider.rotate_keys().unwrap();
        assert!(callback(&world).await.sets_session());
        assert_eq!(world.provider.calls(Endpoint::Jwks.path()), 2);
    }

    // idt-217
    async fn a_flood_of_unknown_key_ids_causes_eight_fetches_and_signs_nobody_in(world) {
        sign_in(&world.other_browser()).await;
        let before = world.provider.calls(Endpoint::Jwks.path());
        let attackers = SigningKey::generate(Algorithm::Rs256, "theirs").unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        world.provider.inject_always(Fault::raw_id_token(move |token| {
            let mut token = token.clone();
            let number = count.fetch_add(1, Ordering::SeqCst);
            token.header.insert("kid".to_owned(), format!("random-{number}").into());
            token.signed_with(&attackers, Algorithm::Rs256)
        }));
        for sent in 0..20 {
            assert_eq!(callback(&world).await.status, if sent < 8 { 400 } else { 503 });
        }
        assert_eq!(world.provider.calls(Endpoint::Jwks.path()) - before, 8);
        world.provider.clear();
        assert!(callback(&world).await.sets_session());
    }

    // idt-226, idt-228
    async fn keys_that_are_a_page_or_a_redirect_verify_nothing(world) {
        let elsewhere = RawResponse::new(302, "").header("location", "https://evil.example/jwks.json");
        let page = RawResponse::new(200, "<html>keys</html>").header("content-type", "text/html");
        for answer in [elsewhere, page] {
            world.provider.inject(Fault::Respond(Endpoint::Jwks, answer));
            let browser = world.other_browser();
            let attempt = pending(&browser).await;
            let refused = ask(&browser, Ask::get(attempt.callback())).await;
            assert_eq!(refused.status, 502);
            assert!(!refused.sets_session());
            assert_eq!(world.token_calls(), 0, "a code that could not be used is not spent");
            world.wait(std::time::Duration::from_secs(30));
        }
        assert!(callback(&world).await.sets_session());
    }
}

on_both_frameworks! {
    // idt-199
    async fn an_id_token_of_two_megabytes_is_refused(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        world.provider.inject(Fault::id_token_claim("filler", "A".repeat(2 * 1024 * 1024)));
        assert!(matches!(callback(&world).await.status.as_u16(), 400 | 502));
    }

    // idt-238
    async fn userinfo_about_somebody_else_signs_nobody_in(framework) {
        let always = |builder: landfall::RelyingPartyBuilder| builder.userinfo(Userinfo::Always);
        let world = World::with(framework, SessionKind::Cookie, always).await;
        for sub in [json!("user-2"), json!(null), json!(""), json!(5), json!("ADA"), json!("ada ")] {
            world.provider.inject(Fault::json(Endpoint::Userinfo, move |document| {
                document.insert("sub".to_owned(), sub.clone());
            }));
            assert!(!callback(&world).await.sets_session());
        }
        world.provider.inject(Fault::omit(Endpoint::Userinfo, &["sub"]));
        assert!(!callback(&world).await.sets_session());
        assert!(callback(&world).await.sets_session());
    }

    // idt-244
    async fn an_email_is_verified_only_when_the_provider_says_true(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        for (claim, verified) in [(json!("false"), false), (json!("0"), false), (json!(1), false), (json!(true), true)] {
            world.provider.inject(Fault::id_token(move |_, claims| {
                claims.insert("email".to_owned(), "admin@corp.example".into());
                claims.insert("email_verified".to_owned(), claim.clone());
            }));
            let browser = world.other_browser();
            let attempt = pending(&browser).await;
            let answer = ask(&browser, Ask::get(attempt.callback())).await;
            assert!(answer.sets_session());
            let said = ask(&browser, Ask::get("/verified")).await.body;
            assert_eq!(said, format!("admin@corp.example {verified}"));
        }
    }
}
