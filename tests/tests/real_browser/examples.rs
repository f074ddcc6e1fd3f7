//! The examples with their own provider, on a phone and on a desk.

use landfall_tests::real::{Chromium, Example, Viewport};
use landfall_tests::{Framework, on_both_frameworks};
use serde_json::Value;

use crate::{ADA, name};

const DEEP_LINK: &str = "/dashboard/reports/2026?year=2026&sort=name";

async fn visit(framework: Framework, viewport: Viewport) {
    let example = Example::start(framework).await;
    let browser = Chromium::start(viewport).await;
    let name = name(framework);
    let (home, deep_link) =
        (format!("{}/", example.base_url()), format!("{}{DEEP_LINK}", example.base_url()));

    browser.open(&home).await;
    browser.says("Nobody is signed in.").await;
    browser.picture(&format!("{name}-1-home")).await;

    browser.open(&deep_link).await;
    browser.says("Who would you like to be?").await;
    assert!(browser.url().await.as_str().starts_with(example.provider()));
    browser.picture("provider-1-sign-in").await;

    browser.press(ADA).await;
    browser.lands_on(&deep_link).await;
    let page = browser.says("Hello, Ada Lovelace.").await;
    assert!(page.contains("/dashboard/reports/2026") && page.contains("year=2026&sort=name"), "{page}");
    browser.picture(&format!("{name}-2-dashboard")).await;

    browser.open(&format!("{home}api/me")).await;
    let me: Value = serde_json::from_str(&browser.says("{").await).unwrap();
    assert_eq!((&me["iss"], &me["sub"]), (&example.provider().into(), &"ada".into()));
    assert!(me["access_token_expires_in"].as_u64().is_some_and(|left| left > 0), "{me}");

    browser.open(&home).await;
    browser.says("You are signed in as Ada Lovelace.").await;
    browser.picture(&format!("{name}-3-signed-in")).await;
    browser.press("form[action='/auth/logout'] button").await;
    browser.says("Nobody is signed in.").await;
    browser.lands_on(&home).await;

    // The provider has signed her out as well: it asks.
    browser.open(&deep_link).await;
    browser.says("Who would you like to be?").await;
}

/// Chooses `trouble` on the provider's page and a person, reads what the application says, and signs in again.
async fn trouble(framework: Framework, viewport: Viewport, trouble: &str, words: &str) {
    let example = Example::start(framework).await;
    let browser = Chromium::start(viewport).await;
    let deep_link = format!("{}{DEEP_LINK}", example.base_url());
    browser.open(&deep_link).await;
    browser.press("summary").await;
    browser.press(&format!("option[value={trouble}]")).await;
    browser.picture("provider-2-trouble").await;
    browser.press(ADA).await;

    let page = browser.says(words).await;
    assert!(page.contains("Reference:"), "{page}");
    let address = browser.url().await;
    assert!(address.as_str().starts_with(example.base_url()), "{address}");
    browser.picture(&format!("failure-{trouble}")).await;

    // "Sign in again" keeps where she was going.
    browser.press("a.go").await;
    let somewhere = browser.says("Ada Lovelace").await;
    if somewhere.contains("Who would you like to be?") {
        browser.press(ADA).await;
    }
    browser.lands_on(&deep_link).await;
    browser.says("Hello, Ada Lovelace.").await;
}

on_both_frameworks! {
    async fn a_visit_on_a_phone_from_the_deep_link_to_the_sign_out(framework) {
        visit(framework, Viewport::Phone).await;
    }

    async fn a_visit_on_a_desk_from_the_deep_link_to_the_sign_out(framework) {
        visit(framework, Viewport::Desktop).await;
    }

    async fn a_forged_token_ends_on_a_page_that_offers_another_try(framework) {
        trouble(framework, Viewport::Phone, "bad_signature", "Sign in again").await;
    }

    async fn a_refusal_ends_on_a_page_that_offers_another_try(framework) {
        trouble(framework, Viewport::Desktop, "access_denied", "Sign in again").await;
    }
}
