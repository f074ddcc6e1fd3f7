//! The provider's keys: rotated, missing, broken.

use std::time::Duration;

use landfall_testkit::{Endpoint, Fault, RawResponse};
use landfall_tests::{World, everywhere};

use crate::support::at;

/// How often unknown keys may make us ask.
const COOL_DOWN: Duration = Duration::from_secs(30);

fn key_calls(world: &World) -> usize {
    world.provider.calls("/.well-known/jwks.json")
}

async fn signs_in(world: &World) -> bool {
    world.browser.forget_cookies();
    let page = world.open("/dashboard").await;
    assert!(page.status == 200 || page.status == 400, "{}", page.text());
    page.url.as_str() == at("/dashboard")
}

everywhere! {
    async fn a_new_key_of_the_provider_is_fetched_once(world) {
        assert!(signs_in(&world).await);
        assert_eq!(key_calls(&world), 1);
        world.wait(COOL_DOWN);
        world.provider.rotate_keys().unwrap();
        for _ in 0..3 {
            assert!(signs_in(&world).await);
        }
        assert_eq!(key_calls(&world), 2);
    }

    async fn a_key_published_beside_the_old_one_is_fetched_once(world) {
        assert!(signs_in(&world).await);
        world.wait(COOL_DOWN);
        world.provider.rotate_keys_keeping_old().unwrap();
        assert!(signs_in(&world).await && signs_in(&world).await);
        assert_eq!(key_calls(&world), 2);
    }

    async fn a_flood_of_unknown_keys_asks_once_a_cool_down_while_known_keys_work(world) {
        assert!(signs_in(&world).await);
        world.wait(COOL_DOWN);
        for round in 0..3 {
            world.provider.inject_always(Fault::id_token(|header, _| {
                header.insert("kid".into(), "made-up".into());
            }));
            for _ in 0..4 {
                assert!(!signs_in(&world).await);
            }
            assert_eq!(key_calls(&world), 2 + round);
            world.provider.clear();
            assert!(signs_in(&world).await);
            assert_eq!(key_calls(&world), 2 + round);
            world.wait(COOL_DOWN);
        }
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
