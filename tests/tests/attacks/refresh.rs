//! Attacks on a refresh: a provider's answer that is somebody else's, or nobody's.

use std::time::Duration;

use landfall_testkit::{Algorithm, Endpoint, Fault, SigningKey};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, wherever_stored};
use serde_json::{Value, json};

use crate::support::{sign_in, whoami};

/// Ada, whose access token is due.
async fn due(framework: Framework, kind: SessionKind) -> World {
    let world =
        World::with(framework, kind, |builder| builder.scopes(["openid", "email", "offline_access"])).await;
    sign_in(&world.browser).await;
    world.wait(Duration::from_secs(3541));
    world
}

async fn token_status(world: &World) -> u16 {
    let accept = [("accept", "application/json")];
    let url = format!("{BASE_URL}/token");
    let page = world.browser.fetch(http::Method::GET, &url, &accept, "", BASE_URL).await.unwrap();
    page.status.as_u16()
}

fn claim(name: &'static str, value: Value) -> Fault {
    Fault::id_token_claim(name, value)
}

wherever_stored! {
    // idt-230
    async fn a_refresh_that_answers_with_another_subject_never_switches_the_session(framework, kind) {
        let world = due(framework, kind).await;
        world.provider.inject(claim("sub", json!("grace")));
        assert_eq!(token_status(&world).await, 401);
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }

    // idt-236
    async fn a_refreshed_id_token_with_another_nonce_is_refused(framework, kind) {
        let world = due(framework, kind).await;
        world.provider.inject(claim("nonce", json!("x")));
        assert_eq!(token_status(&world).await, 401);
    }

    // idt-237
    async fn a_refreshed_id_token_with_a_newer_auth_time_is_refused(framework, kind) {
        let world = due(framework, kind).await;
        let now = landfall::Clock::now(&world.clock).secs();
        world.provider.inject(claim("auth_time", json!(now)));
        assert_eq!(token_status(&world).await, 401);
    }

    // idt-234
    async fn a_refresh_without_an_id_token_is_legal(framework, kind) {
        let world = due(framework, kind).await;
        world.provider.inject(Fault::omit(Endpoint::Token, &["id_token"]));
        assert_eq!(token_status(&world).await, 200);
        assert_eq!(whoami(&world.browser).await, "hello ada");
    }

    async fn a_refreshed_id_token_that_the_provider_did_not_sign_is_refused(framework, kind) {
        let forged = Fault::raw_id_token(|token| {
            let theirs = SigningKey::generate(Algorithm::Rs256, "theirs").unwrap();
            token.signed_with(&theirs, Algorithm::Rs256)
        });
        let unsigned = Fault::raw_id_token(|token| {
            let mut token = token.clone();
            token.header.insert("alg".to_owned(), "none".into());
            token.unsigned()
        });
        for fault in [
            forged,
            unsigned,
            claim("aud", json!("another-client")),
            claim("iss", json!("https://evil.example")),
            claim("exp", json!(1)),
            claim("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ] {
            let world = due(framework, kind).await;
            world.provider.inject(fault.clone());
            assert_eq!(token_status(&world).await, 401, "{fault:?}");
            assert_eq!(whoami(&world.browser).await, "hello nobody", "{fault:?}");
        }
    }

    async fn a_refresh_that_names_an_earlier_end_shortens_the_session(framework, kind) {
        let world = due(framework, kind).await;
        let soon = landfall::Clock::now(&world.clock).secs() + 600;
        world.provider.inject(claim("session_expiry", json!(soon)));
        assert_eq!(token_status(&world).await, 200);
        world.wait(Duration::from_secs(601));
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }
}
