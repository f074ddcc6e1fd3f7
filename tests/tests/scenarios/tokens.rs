//! Access tokens, and the client secret that they are asked for with.

use std::time::Duration;

use landfall_testkit::{Endpoint, Fault, TestBed};
use landfall_tests::{Framework, SessionKind, World, everywhere, on_both_frameworks};

use crate::support::{at, client, error_log, fetch, listen_to_errors};

async fn with_tokens(framework: Framework, kind: SessionKind) -> World {
    let world = World::new(framework, kind).await;
    world.open("/dashboard").await;
    world
}

on_both_frameworks! {
    async fn an_access_token_is_handed_out_while_it_is_good(framework) {
        for kind in SessionKind::stores() {
            let world = with_tokens(framework, kind).await;
            for waited in [0, 3000] {
                world.wait(Duration::from_secs(waited));
                let page = fetch(&world, "/token").await;
                assert_eq!(page.status, 200);
                let token: serde_json::Value = serde_json::from_slice(&page.body).unwrap();
                assert_eq!(token["expires_in"], 3600 - waited);
                assert!(token["length"].as_u64().unwrap() > 20);
            }
            assert_eq!(world.token_calls(), 1);
        }
    }

    async fn an_expired_access_token_asks_for_a_sign_in(framework) {
        for kind in SessionKind::stores() {
            let world = with_tokens(framework, kind).await;
            // A token that ends within the minute is of no use to whoever calls an API with it.
            world.wait(Duration::from_secs(3541));
            let page = fetch(&world, "/token").await;
            assert_eq!(page.status, 401);
            assert_eq!(fetch(&world, "/dashboard").await.status, 200);
            let page = world.open("/token").await;
            assert_eq!((page.url.as_str(), page.status.as_u16()), (at("/token").as_str(), 200));
            assert_eq!(world.token_calls(), 2);
        }
    }

    async fn an_access_token_that_never_says_when_it_ends_is_handed_out(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        world.provider.inject(Fault::omit(Endpoint::Token, &["expires_in"]));
        world.open("/dashboard").await;
        world.wait(Duration::from_secs(7200));
        let token: serde_json::Value = serde_json::from_slice(&fetch(&world, "/token").await.body).unwrap();
        assert_eq!(token["expires_in"], serde_json::Value::Null);
    }

    async fn an_access_token_without_a_store_is_a_500_that_the_log_explains(framework) {
        listen_to_errors();
        let world = World::new(framework, SessionKind::Cookie).await;
        let page = world.open("/token").await;
        assert_eq!(page.status, 500);
        assert!(!page.text().contains("store"), "{}", page.text());
        assert!(error_log().contains("AccessToken without a store"));
    }

    async fn a_rotated_client_secret_is_read_again(framework) {
        let mut file = std::env::temp_dir();
        file.push(format!("landfall-scenario-{}-{framework:?}", std::process::id()));
        std::fs::write(&file, format!("{}\n", TestBed::CLIENT_SECRET)).unwrap();
        let world = World::with(framework, SessionKind::Cookie, |builder| {
            builder.client_with_secret_file(TestBed::CLIENT_ID, &file)
        })
        .await;
        assert_eq!(world.open("/dashboard").await.url.as_str(), at("/dashboard"));
        assert_eq!(world.token_calls(), 1);
        world.provider.register(client(&[]).secret("the-next-secret-of-a-test"));
        std::fs::write(&file, "the-next-secret-of-a-test").unwrap();
        assert_eq!(world.open("/auth/login?return_to=%2Fdashboard").await.url.as_str(), at("/dashboard"));
        assert_eq!(world.token_calls(), 3);
        // Without another secret in the file there is no second try.
        world.provider.register(client(&[]).secret("a-third-secret-of-a-test"));
        let page = world.open("/auth/login?return_to=%2Fdashboard").await;
        assert_eq!(page.status, 502);
        assert_eq!(world.token_calls(), 4);
        std::fs::remove_file(&file).unwrap();
    }
}

everywhere! {
    async fn tokens_never_reach_the_browser(world) {
        let page = world.open("/dashboard").await;
        let ours = page.hops.iter().filter(|hop| hop.url.as_str().starts_with(&at("")));
        let headers = format!("{:?}", ours.map(|hop| &hop.headers).collect::<Vec<_>>());
        let jwt = |text: &str| text.starts_with("eyJ") && text.matches('.').count() == 2;
        assert!(!headers.split([' ', '=', ';', '&', '"']).any(jwt), "{headers}");
    }

    async fn nobody_signed_in_gets_no_token(world) {
        assert_eq!(fetch(&world, "/token").await.status, 401);
    }
}
