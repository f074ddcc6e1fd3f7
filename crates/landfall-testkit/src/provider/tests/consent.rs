//! What a person allows a client, and is asked for again.

use super::*;
use crate::Consent;

async fn error(world: &World, more: &[(&str, &str)]) -> Option<String> {
    get(&world.authorize(more).await, "error")
}

fn asking() -> World {
    let world = world_with(|builder| builder);
    world.provider.change_client("rp", |client| client.consent(Consent::Remembered));
    world.browser.route("https://app.example", App::answering(&[]).target()).unwrap();
    world
}

#[tokio::test]
async fn a_scope_that_is_not_allowed_is_refused_or_left_out() {
    let world = world();
    world.provider.change_client("rp", |client| client.allowed_scopes(["profile", "orders:read"]));
    let asked = [("scope", "openid orders:read orders:write")];
    let answer = world.authorize(&asked).await;
    assert_eq!(get(&answer, "error").as_deref(), Some("invalid_scope"));
    assert!(get(&answer, "error_description").unwrap().contains("orders:write"));
    assert_eq!(error(&world, &[("scope", "openid orders:read")]).await, None);
    world.provider.change_client("rp", Client::grants_what_it_may);
    let code = get(&world.authorize(&asked).await, "code").unwrap();
    assert_eq!(world.redeem(&code).await.1["scope"], "openid orders:read");
}

#[tokio::test]
async fn consent_is_asked_for_once_and_for_what_is_new_alone() {
    let world = asking();
    let narrow = world.url(&[("scope", "openid profile")]);
    let wide = world.url(&[("scope", "openid profile orders:read")]);
    let page = world.browser.open(&narrow).await.unwrap();
    let page = world.browser.submit(&page, "Ada Lovelace", &[]).await.unwrap();
    assert!(page.text().contains("Allow?") && page.text().contains("See your name"));
    let declined = world.browser.submit(&page, "Decline", &[]).await.unwrap();
    assert!(declined.url.as_str().contains("error=access_denied"));
    // What was declined is asked for again; the session is there.
    world.browser.open(&narrow).await.unwrap();
    let page = world.browser.sign_in("ada").await.unwrap();
    assert!(page.url.as_str().contains("code="), "{}", page.url);
    assert!(world.browser.open(&narrow).await.unwrap().url.as_str().contains("code="));

    let none = [("scope", "openid profile orders:read"), ("prompt", "none")];
    assert_eq!(error(&world, &none).await.as_deref(), Some("consent_required"));
    let page = world.browser.open(&wide).await.unwrap();
    assert!(page.text().contains("orders:read") && !page.text().contains("<code>profile"));
    world.browser.submit(&page, "Allow", &[]).await.unwrap();
    assert_eq!(error(&world, &none).await, None);

    let again = world.url(&[("scope", "openid profile"), ("prompt", "consent")]);
    let page = world.browser.open(&again).await.unwrap();
    assert!(page.text().contains("<code>profile"));
    world.provider.forget_consent("ada");
    assert_eq!(error(&world, &none).await.as_deref(), Some("consent_required"));
}

#[tokio::test]
async fn whoever_signs_in_by_themselves_consents_by_themselves_unless_told_not_to() {
    let world = world();
    world.provider.change_client("rp", |client| client.consent(Consent::Remembered));
    assert_eq!(error(&world, &[("scope", "openid")]).await, None);
    world.provider.refuse_consent(true);
    assert_eq!(error(&world, &[("scope", "openid")]).await, None, "it was given before");
    assert_eq!(error(&world, &[("scope", "openid email")]).await.as_deref(), Some("access_denied"));
    world.provider.refuse_consent(false);
    assert_eq!(error(&world, &[("scope", "openid email")]).await, None);
}

#[tokio::test]
async fn what_ada_allowed_is_not_allowed_by_grace_nor_to_another_application() {
    let world = asking();
    let other = Client::new("other").redirect_uri("https://app.example/other").consent(Consent::Remembered);
    world.provider.register(other);
    world.browser.open(&world.url(&[])).await.unwrap();
    world.browser.sign_in("ada").await.unwrap();
    let asked = [("client_id", "other"), ("redirect_uri", "https://app.example/other"), ("prompt", "none")];
    assert_eq!(error(&world, &asked).await.as_deref(), Some("consent_required"));
    let page = world.browser.open(&world.url(&[("prompt", "login")])).await.unwrap();
    let page = world.browser.submit(&page, "Grace Hopper", &[]).await.unwrap();
    assert!(page.text().contains("Allow?"));
}
