//! Several instances behind one address.

use landfall_tests::{BASE_URL, everywhere};

use crate::support::{at, greeting, is_nobody_soon, session_value};

everywhere! {
    async fn login_callback_and_logout_may_each_meet_another_instance(world) {
        let mut world = world;
        let first = world.address;
        let callback = world.callback_for("/dashboard/x?y=1").await;
        world.switch_to(world.builder()).await;
        let second = world.address;
        assert_eq!(world.browser.open(&callback).await.unwrap().url.as_str(), at("/dashboard/x?y=1"));
        let session = session_value(&world.browser).unwrap();
        for address in [first, second] {
            world.browser.route(BASE_URL, address).unwrap();
            assert_eq!(greeting(&world).await, "hello ada");
        }
        world.switch_to(world.builder()).await;
        let page = world.browser.post_form(&at("/auth/logout"), &[], BASE_URL).await.unwrap();
        if !world.kind.has_store() {
            world.browser.submit(&page, "Sign out", &[]).await.unwrap();
        }
        for address in [first, second, world.address] {
            world.browser.route(BASE_URL, address).unwrap();
            assert_eq!(greeting(&world).await, "hello nobody");
            if world.kind.has_store() {
                is_nobody_soon(&world, &session).await;
            }
        }
    }

    async fn a_callback_that_meets_two_instances_lands_at_both(world) {
        let mut world = world;
        let callback = world.callback_for("/dashboard/x").await;
        world.browser.open(&callback).await.unwrap();
        world.switch_to(world.builder()).await;
        assert_eq!(world.browser.open(&callback).await.unwrap().url.as_str(), at("/dashboard/x"));
        assert_eq!(world.token_calls(), 1);
    }
}
