//! Rotation of our own cookie keys.

use std::time::Duration;

use landfall::CookieKey;
use landfall_tests::everywhere;

use crate::support::{at, greeting, session_value, set_cookies};

everywhere! {
    async fn an_old_key_opens_sessions_until_they_are_renewed_with_the_new_one(world) {
        let mut world = world;
        world.open("/dashboard").await;
        let old_value = session_value(&world.browser).unwrap();
        let (old, new) = (world.keys[0].clone(), CookieKey::generate().unwrap());
        world.switch_to(world.builder().cookie_keys([new.clone(), old])).await;
        // Past half of its idle life, and so renewed whichever kind it is; the cookie goes to the new key, too.
        let hours = if world.kind.has_store() { 8 } else { 2 };
        world.wait(Duration::from_secs(hours * 3600 / 2 + 1));
        assert_eq!(greeting(&world).await, "hello ada");
        assert_ne!(session_value(&world.browser).unwrap(), old_value);
        world.switch_to(world.builder().cookie_keys([new])).await;
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_sessions_cookie_moves_to_the_new_key_at_its_next_request(world) {
        let mut world = world;
        world.open("/dashboard").await;
        let (old, new) = (world.keys[0].clone(), CookieKey::generate().unwrap());
        world.switch_to(world.builder().cookie_keys([new, old])).await;
        let page = world.open("/").await;
        assert_eq!(page.text(), "hello ada");
        assert_eq!(set_cookies(&page.headers).len(), 1);
        assert_eq!(set_cookies(&world.open("/").await.headers).len(), 0);
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn without_the_old_key_people_are_anonymous_and_sign_in_again(world) {
        let mut world = world;
        world.open("/dashboard").await;
        let new = CookieKey::generate().unwrap();
        world.switch_to(world.builder().cookie_keys([new])).await;
        assert_eq!(greeting(&world).await, "hello nobody");
        assert_eq!(world.open("/dashboard/x").await.url.as_str(), at("/dashboard/x"));
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_sign_in_that_was_under_way_lands_after_the_rotation(world) {
        let mut world = world;
        let callback = world.callback_for("/dashboard/x").await;
        let (old, new) = (world.keys[0].clone(), CookieKey::generate().unwrap());
        world.switch_to(world.builder().cookie_keys([new, old])).await;
        assert_eq!(world.browser.open(&callback).await.unwrap().url.as_str(), at("/dashboard/x"));
    }
}
