//! Codes for devices without a browser.

use std::time::Duration;

use super::*;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn asked(world: &World) -> (String, String) {
    let (status, answer) = world.post("/oauth2/device_authorization", &[("scope", "openid profile")]).await;
    assert_eq!(status, 200, "{answer}");
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    assert_eq!((answer["interval"].as_u64(), answer["expires_in"].as_u64()), (Some(5), Some(1800)));
    (text("device_code"), text("user_code"))
}

async fn poll(world: &World, code: &str) -> String {
    let (_, answer) = world.post("/oauth2/token", &[("grant_type", GRANT), ("device_code", code)]).await;
    answer["error"].as_str().unwrap_or("tokens").to_owned()
}

#[tokio::test]
async fn a_device_code_becomes_tokens_once_when_somebody_has_entered_it() {
    let world = world();
    let (device, user) = asked(&world).await;
    assert_eq!(poll(&world, &device).await, "authorization_pending");
    assert!(world.provider.allow_device(&user.to_lowercase().replace('-', " "), "ada").unwrap());
    assert!(!world.provider.allow_device(&user, "grace").unwrap(), "it waits no more");
    assert_eq!(poll(&world, &device).await, "tokens");
    assert_eq!(poll(&world, &device).await, "invalid_grant");
}

#[tokio::test]
async fn whoever_asks_too_soon_has_to_slow_down() {
    let world = world();
    let (device, _) = asked(&world).await;
    for (pause, answer) in
        [(0, "authorization_pending"), (4, "slow_down"), (9, "slow_down"), (15, "authorization_pending")]
    {
        world.clock.advance(Duration::from_secs(pause));
        assert_eq!(poll(&world, &device).await, answer, "after {pause} s");
    }
}

#[tokio::test]
async fn a_declined_and_an_expired_code_say_so_and_another_clients_is_unknown() {
    let world = world();
    let (declined, user) = asked(&world).await;
    assert!(world.provider.deny_device(&user));
    assert_eq!(poll(&world, &declined).await, "access_denied");
    let (expired, user) = asked(&world).await;
    world.clock.advance(Duration::from_secs(1800));
    assert_eq!(poll(&world, &expired).await, "expired_token");
    assert!(!world.provider.deny_device(&user));
    assert_eq!(poll(&world, "guess").await, "invalid_grant");
}
