//! The examples, pointed at the provider by environment variables alone.

use landfall_testkit::{Browser, Page};
use landfall_tests::real::{Example, RealProvider};
use landfall_tests::{Framework, on_both_frameworks};
use serde_json::Value;

use crate::{DEEP_LINK, path_and_query};

async fn visit(framework: Framework, client: &[(&'static str, &str)]) {
    let mut provider = None;
    let example = Example::with(framework, async |base_url| {
        let started = RealProvider::start("127.0.0.1", &[base_url.to_owned()]).await;
        let issuer = ("LANDFALL_ISSUER", started.issuer().to_owned());
        provider = Some(started);
        client.iter().map(|(name, value)| (*name, (*value).to_owned())).chain([issuer]).collect()
    })
    .await;
    let provider = provider.unwrap();
    let browser = Browser::new();
    let base_url = example.base_url();
    let open = async |path: &str| -> Page { browser.open(&format!("{base_url}{path}")).await.unwrap() };

    let page = provider.sign_in(&browser, &open(DEEP_LINK).await, "ada").await;
    assert_eq!(path_and_query(&page), DEEP_LINK);
    assert!(page.text().contains("Hello, <strong>User ada</strong>"), "{}", page.text());

    let me: Value = serde_json::from_slice(&open("/api/me").await.body).unwrap();
    assert_eq!((&me["iss"], &me["sub"]), (&provider.issuer().into(), &"ada".into()));
    assert_eq!((&me["name"], &me["email"]), (&"User ada".into(), &"ada@example.test".into()));
    assert!(me["access_token_expires_in"].as_u64().is_some_and(|left| left > 0 && left <= 300), "{me}");

    let page = browser.submit(&open("/").await, "Sign out", &[]).await.unwrap();
    let page = provider.sign_out(&browser, &page).await;
    assert_eq!(page.url.as_str(), format!("{base_url}/"));
    assert!(page.text().contains("Nobody is signed in."));
    assert!(provider.shows(&open("/dashboard").await));
}

on_both_frameworks! {
    async fn a_restart_of_an_example_signs_nobody_out(framework) {
        let mut provider = None;
        let example = Example::with(framework, async |base_url| {
            let started = RealProvider::start("127.0.0.1", &[base_url.to_owned()]).await;
            let issuer = started.issuer().to_owned();
            provider = Some(started);
            vec![
                ("LANDFALL_ISSUER", issuer),
                ("LANDFALL_CLIENT_ID", "basic".to_owned()),
                ("LANDFALL_CLIENT_SECRET", "basic-secret-basic-secret-basic-secret".to_owned()),
            ]
        })
        .await;
        let provider = provider.unwrap();
        let browser = Browser::new();
        let page = browser.open(&format!("{}{DEEP_LINK}", example.base_url())).await.unwrap();
        provider.sign_in(&browser, &page, "ada").await;
        // Neither cookie keys nor a store were named.
        let example = example.restart().await;
        let page = browser.open(&format!("{}/dashboard", example.base_url())).await.unwrap();
        assert!(page.text().contains("Hello, <strong>User ada</strong>"), "{}", page.text());
    }

    async fn an_example_signs_in_by_environment_alone(framework) {
        visit(framework, &[
            ("LANDFALL_CLIENT_ID", "basic"),
            ("LANDFALL_CLIENT_SECRET", "basic-secret-basic-secret-basic-secret"),
        ])
        .await;
    }

    async fn an_example_takes_client_authentication_and_algorithms_from_the_environment(framework) {
        visit(framework, &[
            ("LANDFALL_CLIENT_ID", "es256"),
            ("LANDFALL_CLIENT_SECRET", "es256-secret-es256-secret-es256-secret"),
            ("LANDFALL_ID_TOKEN_ALGS", "ES256"),
            ("LANDFALL_USERINFO", "always"),
        ])
        .await;
    }
}
