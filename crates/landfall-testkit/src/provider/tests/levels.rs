//! Levels of authentication: what is asked for, and what is delivered.

use super::*;

/// The claims of the ID token this request leads to.
async fn said(world: &World, more: &[(&str, &str)]) -> Value {
    let answer = world.authorize(more).await;
    let code = get(&answer, "code").unwrap_or_else(|| panic!("{answer:?}"));
    claims(&world.redeem(&code).await.1["id_token"])
}

/// A world with pages, whose application is there to be returned to.
fn asking() -> World {
    let world = world_with(|builder| builder);
    world.browser.route("https://app.example", App::answering(&[]).target()).unwrap();
    world
}

fn code(page: &crate::Page) -> String {
    get(&page.url.query_pairs().into_owned().collect::<Vec<_>>(), "code").unwrap()
}

#[tokio::test]
async fn a_level_that_is_asked_for_is_delivered_and_stays_with_the_session() {
    let world = world();
    let plain = said(&world, &[]).await;
    assert_eq!((&plain["acr"], &plain["amr"]), (&json!("aal1"), &json!(["pwd"])));
    world.clock.advance(Duration::from_secs(60));
    let strong = said(&world, &[("acr_values", "AAL2")]).await;
    assert_eq!((&strong["acr"], &strong["amr"]), (&json!("aal2"), &json!(["pwd", "totp"])));
    assert_eq!(strong["sid"], plain["sid"]);
    assert_eq!(strong["auth_time"].as_u64().unwrap() - plain["auth_time"].as_u64().unwrap(), 60);
    assert_eq!(said(&world, &[]).await["acr"], "aal2");
    assert_eq!(said(&world, &[("prompt", "login")]).await["acr"], "aal1", "one factor, asked anew");
}

#[tokio::test]
async fn the_first_value_that_can_be_had_counts() {
    let world = world_with(|builder| builder.auto_sign_in("ada").highest_level(AuthLevel::Aal2));
    assert_eq!(said(&world, &[("acr_values", "aal3 aal1 aal2")]).await["acr"], "aal1");
    assert_eq!(said(&world, &[("acr_values", "aal3")]).await["acr"], "aal2", "as much as there is");
    assert_eq!(said(&world, &[("acr_values", "urn:x aal2")]).await["acr"], "urn:x");
    let world = world_with(|builder| builder.auto_sign_in("ada"));
    world.provider.set_highest_level(AuthLevel::Aal1);
    assert_eq!(said(&world, &[("acr_values", "aal2 aal3")]).await["acr"], "aal1");
    let discovery = "https://op.example/.well-known/openid-configuration";
    let document = world.browser.open(discovery).await.unwrap();
    let document: Value = serde_json::from_slice(&document.body).unwrap();
    assert_eq!(document["acr_values_supported"], json!(["aal1"]));
}

#[tokio::test]
async fn the_level_may_be_said_as_auth_level() {
    let world = world_with(|builder| builder.auto_sign_in("ada").level_claim(LevelClaim::AuthLevel));
    let claims = said(&world, &[("acr_values", "aal3")]).await;
    assert_eq!((&claims["auth_level"], claims.get("acr")), (&json!("AAL3"), None));
    assert_eq!(claims["amr"], json!(["pwd", "webauthn"]));
}

#[tokio::test]
async fn a_person_clicks_through_the_second_factor_or_goes_on_without() {
    let world = asking();
    world.browser.open(&world.url(&[("acr_values", "aal2")])).await.unwrap();
    let page = world.browser.sign_in("grace").await.unwrap();
    let (_, tokens) = world.redeem(&code(&page)).await;
    assert_eq!(claims(&tokens["id_token"])["acr"], "aal2");

    // The session is there: for more, the factor alone is asked for.
    let page = world.browser.open(&world.url(&[("acr_values", "aal3")])).await.unwrap();
    assert!(page.text().contains("Grace Hopper") && page.text().contains("Use a passkey"));
    let none = world.authorize(&[("acr_values", "aal3"), ("prompt", "none")]).await;
    assert_eq!(get(&none, "error").as_deref(), Some("interaction_required"));
    let without = world.browser.submit(&page, "Go on without", &[]).await.unwrap();
    let (_, tokens) = world.redeem(&code(&without)).await;
    assert_eq!(claims(&tokens["id_token"])["acr"], "aal2");
    let used = world.browser.submit(&page, "Go on without", &[]).await.unwrap();
    assert_eq!(used.status, 400);
    let page = world.browser.open(&world.url(&[("acr_values", "aal3")])).await.unwrap();
    let declined = world.browser.submit(&page, "Decline", &[]).await.unwrap();
    assert!(declined.url.as_str().contains("error=access_denied"));
    world.browser.open(&world.url(&[("acr_values", "aal3")])).await.unwrap();
    let page = world.browser.sign_in("grace").await.unwrap();
    assert_eq!(claims(&world.redeem(&code(&page)).await.1["id_token"])["acr"], "aal3");
    let none = world.authorize(&[("acr_values", "aal3"), ("prompt", "none")]).await;
    assert!(get(&none, "code").is_some());
}

#[tokio::test]
async fn a_level_above_the_highest_cannot_be_had_by_a_form_of_ones_own() {
    let world = asking();
    world.provider.set_highest_level(AuthLevel::Aal2);
    let page = world.browser.open(&world.url(&[("acr_values", "aal2")])).await.unwrap();
    let page = world.browser.submit(&page, "Ada Lovelace", &[]).await.unwrap();
    let transaction = page.form().unwrap().fields[0].1.clone();
    let fields = [("transaction", transaction.as_str()), ("level", "aal3")];
    let page =
        world.browser.post_form("https://op.example/sign-in", &fields, "https://op.example").await.unwrap();
    assert_eq!(claims(&world.redeem(&code(&page)).await.1["id_token"])["acr"], "aal1");
}

#[tokio::test]
async fn choosing_an_account_asks_and_ends_no_session() {
    let world = asking();
    world.browser.open(&world.url(&[])).await.unwrap();
    let page = world.browser.sign_in("ada").await.unwrap();
    let first = claims(&world.redeem(&code(&page)).await.1["id_token"]);
    world.clock.advance(Duration::from_secs(60));
    world.browser.open(&world.url(&[("prompt", "select_account")])).await.unwrap();
    let page = world.browser.sign_in("ada").await.unwrap();
    let again = claims(&world.redeem(&code(&page)).await.1["id_token"]);
    assert_eq!((&again["sid"], &again["auth_time"]), (&first["sid"], &first["auth_time"]));
    world.browser.open(&world.url(&[("prompt", "select_account")])).await.unwrap();
    world.browser.sign_in("grace").await.unwrap();
    let subjects: Vec<String> = world.provider.sessions().into_iter().map(|s| s.subject).collect();
    assert_eq!(subjects, ["ada", "grace"]);
}

#[tokio::test]
async fn to_sign_in_again_keeps_the_session_and_renews_its_time() {
    for (name, value) in [("prompt", "login"), ("max_age", "59")] {
        let world = asking();
        world.browser.open(&world.url(&[])).await.unwrap();
        let page = world.browser.sign_in("ada").await.unwrap();
        let first = claims(&world.redeem(&code(&page)).await.1["id_token"]);
        world.clock.advance(Duration::from_secs(60));
        let page = world.browser.open(&world.url(&[(name, value)])).await.unwrap();
        assert!(page.form().unwrap().sign_in);
        let page = world.browser.sign_in("ada").await.unwrap();
        let again = claims(&world.redeem(&code(&page)).await.1["id_token"]);
        let none = world.authorize(&[("prompt", "none"), ("max_age", "0")]).await;
        assert_eq!(get(&none, "error").as_deref(), Some("login_required"));
        assert_eq!(again["sid"], first["sid"]);
        assert_eq!(again["auth_time"].as_u64().unwrap() - first["auth_time"].as_u64().unwrap(), 60);
    }
}
