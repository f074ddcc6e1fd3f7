//! The provider's keys: rotated, missing, broken.

use std::time::Duration;

use landfall::SigningAlgorithm;
use landfall_testkit::{Algorithm, Endpoint, Fault, RawResponse, SigningKey};
use landfall_tests::{Framework, SessionKind, World, everywhere, on_both_frameworks};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{at, greeting};

/// How often unknown keys may make us ask at once, and how long it takes until one of these look-ups is given back.
const LOOK_UPS: usize = 8;
const REFILL: Duration = Duration::from_secs(10);

fn key_calls(world: &World) -> usize {
    world.provider.calls("/.well-known/jwks.json")
}

async fn signs_in(world: &World) -> bool {
    world.browser.forget_cookies();
    let page = world.open("/dashboard").await;
    assert!(page.status == 200 || page.status == 400, "{}", page.text());
    page.url.as_str() == at("/dashboard")
}

/// Publishes these keys, and signs every token with this one, under this `kid` or none.
fn publish(
    world: &World,
    published: &[(&SigningKey, Option<&str>)],
    signer: &SigningKey,
    how: (Algorithm, Option<&str>),
) {
    let named = |(key, kid): &(&SigningKey, Option<&str>)| {
        let mut jwk = key.public_jwk().unwrap();
        let members = jwk.as_object_mut().unwrap();
        members.remove("kid");
        members.extend(kid.map(|kid| ("kid".to_owned(), json!(kid))));
        jwk
    };
    let keys: Vec<Value> = published.iter().map(named).collect();
    let (signer, algorithm, kid) = (signer.clone(), how.0, how.1.map(str::to_owned));
    world.provider.clear();
    world.provider.inject_always(Fault::json(Endpoint::Jwks, move |set| {
        set.insert("keys".to_owned(), json!(keys));
    }));
    world.provider.inject_always(Fault::raw_id_token(move |token| {
        // Another algorithm has another digest for `at_hash`.
        let token =
            token.clone().without_claim("at_hash").header("alg", algorithm.name()).without_header("kid");
        let token = match &kid {
            Some(kid) => token.header("kid", kid.clone()),
            None => token,
        };
        token.signed_with(&signer, algorithm)
    }));
}

/// A world whose provider may sign in each of these ways.
async fn any_algorithm(framework: Framework) -> World {
    let algorithms = [SigningAlgorithm::Rs256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa];
    World::with(framework, SessionKind::Memory, |builder| builder.id_token_algorithms(algorithms)).await
}

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

everywhere! {
    // pr-029
    async fn a_key_made_in_the_second_after_ours_were_fetched_costs_one_more_fetch_and_nobody_a_sign_in(world) {
        assert!(signs_in(&world).await);
        assert_eq!(key_calls(&world), 1);
        world.wait(Duration::from_millis(900));
        world.provider.rotate_keys().unwrap();
        for _ in 0..3 {
            assert!(signs_in(&world).await);
        }
        assert_eq!(key_calls(&world), 2);
    }

    async fn a_key_made_right_before_the_token_is_signed_is_looked_up(world) {
        assert!(signs_in(&world).await);
        for round in 2..6 {
            world.browser.forget_cookies();
            let callback = world.callback_for("/dashboard").await;
            // Metadata and keys are at hand: the provider makes a new key, and signs with it at once.
            world.provider.rotate_keys().unwrap();
            assert_eq!(world.browser.open(&callback).await.unwrap().url.as_str(), at("/dashboard"));
            assert_eq!(key_calls(&world), round);
        }
    }

    async fn a_key_published_beside_the_old_one_is_fetched_once(world) {
        assert!(signs_in(&world).await);
        world.provider.rotate_keys_keeping_old().unwrap();
        assert!(signs_in(&world).await && signs_in(&world).await);
        assert_eq!(key_calls(&world), 2);
    }

    async fn a_flood_of_unknown_keys_spends_its_look_ups_while_known_keys_work(world) {
        assert!(signs_in(&world).await);
        let made_up = || Fault::id_token(|header, _| {
            header.insert("kid".into(), "made-up".into());
        });
        world.provider.inject_always(made_up());
        for sent in 1..=LOOK_UPS + 3 {
            world.browser.forget_cookies();
            let page = world.open("/dashboard").await;
            let spent = sent > LOOK_UPS;
            assert_eq!(page.status, if spent { 503 } else { 400 }, "{sent}: {}", page.text());
            assert_eq!(page.header("retry-after").is_some(), spent);
        }
        assert_eq!(key_calls(&world), 1 + LOOK_UPS);
        world.provider.clear();
        assert!(signs_in(&world).await);
        // One is given back every ten seconds.
        world.wait(REFILL);
        world.provider.rotate_keys().unwrap();
        assert!(signs_in(&world).await);
        assert_eq!(key_calls(&world), 2 + LOOK_UPS);
    }

    async fn people_who_come_at_once_after_a_rotation_share_a_look_up(world) {
        assert!(signs_in(&world).await);
        world.provider.rotate_keys().unwrap();
        let mut hold = world.provider.hold(Endpoint::Jwks);
        let mut tabs = JoinSet::new();
        for _ in 0..12 {
            let tab = world.other_browser();
            tabs.spawn(async move { tab.open(&at("/dashboard")).await.unwrap() });
        }
        hold.reached(1).await;
        hold.release();
        for page in tabs.join_all().await {
            assert_eq!(page.url.as_str(), at("/dashboard"));
        }
        // Whoever comes after the first look-up has begun needs another, and all of them the same.
        assert!((2..=3).contains(&key_calls(&world)), "{}", key_calls(&world));
    }

    async fn a_look_up_that_fails_is_a_503_and_those_of_known_keys_go_on(world) {
        assert!(signs_in(&world).await);
        let kept = world.provider.signing_key(Algorithm::Rs256).unwrap();
        world.provider.rotate_keys_keeping_old().unwrap();
        world.provider.inject_always(Fault::disconnect(Endpoint::Jwks));
        world.browser.forget_cookies();
        let page = world.open("/dashboard").await;
        assert_eq!(page.status, 503, "{}", page.text());
        assert!(page.header("retry-after").is_some());
        world.provider.inject(Fault::raw_id_token(move |token| {
            token.clone().header("kid", kept.kid()).signed_with(&kept, Algorithm::Rs256)
        }));
        assert!(signs_in(&world).await);
        world.provider.clear();
        world.wait(Duration::from_secs(2));
        assert!(signs_in(&world).await);
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_broken_key_set_leaves_the_old_keys_in_use(world) {
        assert!(signs_in(&world).await);
        for broken in ["<html>", "{}", "{\"keys\":7}", "[]", "{\"keys\":[]}"] {
            world.wait(Duration::from_secs(3601));
            let answer = RawResponse::new(200, broken).header("content-type", "application/json");
            world.provider.inject(Fault::Respond(Endpoint::Jwks, answer));
            assert!(signs_in(&world).await, "{broken}");
            world.provider.clear();
        }
    }

}

on_both_frameworks! {
    async fn a_provider_that_names_no_keys_rotates_them_and_people_sign_in(framework) {
        for algorithm in ALGORITHMS {
            let world = any_algorithm(framework).await;
            let [old, new] = ["old", "new"].map(|name| SigningKey::generate(algorithm, name).unwrap());
            publish(&world, &[(&old, None)], &old, (algorithm, None));
            assert!(signs_in(&world).await, "{algorithm:?}");
            publish(&world, &[(&new, None)], &new, (algorithm, None));
            assert!(signs_in(&world).await && signs_in(&world).await, "{algorithm:?}");
            assert_eq!(key_calls(&world), 2, "{algorithm:?}");
            // Beside the old one, and beside a key of another kind.
            let other = SigningKey::generate(Algorithm::Es384, "other").unwrap();
            publish(&world, &[(&other, None), (&new, None), (&old, None)], &old, (algorithm, None));
            assert!(signs_in(&world).await, "{algorithm:?}");
            assert_eq!(key_calls(&world), 3, "{algorithm:?}");
        }
    }

    async fn of_several_keys_of_one_name_each_may_sign(framework) {
        for algorithm in ALGORITHMS {
            let world = any_algorithm(framework).await;
            let [one, two] = ["one", "two"].map(|name| SigningKey::generate(algorithm, name).unwrap());
            let both = [(&one, Some("a")), (&two, Some("a"))];
            for signer in [&one, &two] {
                publish(&world, &both, signer, (algorithm, Some("a")));
                assert!(signs_in(&world).await, "{algorithm:?}");
            }
            assert_eq!(key_calls(&world), 1, "{algorithm:?}");
        }
    }

    async fn a_new_key_under_an_old_name_is_looked_up(framework) {
        for algorithm in ALGORITHMS {
            let world = any_algorithm(framework).await;
            let [old, new] = ["old", "new"].map(|name| SigningKey::generate(algorithm, name).unwrap());
            publish(&world, &[(&old, Some("1"))], &old, (algorithm, Some("1")));
            assert!(signs_in(&world).await, "{algorithm:?}");
            publish(&world, &[(&new, Some("1"))], &new, (algorithm, Some("1")));
            assert!(signs_in(&world).await && signs_in(&world).await, "{algorithm:?}");
            assert_eq!(key_calls(&world), 2, "{algorithm:?}");
        }
    }

    async fn an_id_token_of_another_issuer_or_audience_makes_no_keys_be_looked_up(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        assert!(signs_in(&world).await);
        for (claim, value) in [("iss", "https://evil.example"), ("aud", "another-client")] {
            world.provider.inject_always(Fault::id_token(move |header, claims| {
                header.insert("kid".into(), "made-up".into());
                claims.insert(claim.into(), value.into());
            }));
            for _ in 0..LOOK_UPS + 2 {
                assert!(!signs_in(&world).await, "{claim}");
            }
            world.provider.clear();
        }
        assert_eq!(key_calls(&world), 1);
    }
}
