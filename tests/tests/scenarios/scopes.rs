//! Scopes: asked for when they are needed, kept when something else is asked for, and a 403 when refused.

use landfall_testkit::{Endpoint, Fault};
use landfall_tests::{SessionKind, World, everywhere, on_both_frameworks};
use serde_json::{Map, Value};

use crate::support::{asked, at, fetch, greeting, link};

const DEFAULT: &str = "openid profile email";

fn scopes_asked(world: &World) -> Vec<String> {
    asked(world, "scope").into_iter().flatten().collect()
}

/// The provider grants no more than this.
fn grant_only(world: &World, scope: &str) {
    world
        .provider
        .inject_always(Fault::replace(Endpoint::Token, Map::from_iter([("scope".to_owned(), scope.into())])));
}

everywhere! {
    async fn a_scope_is_asked_for_when_a_page_needs_it_and_kept_afterwards(world) {
        world.open("/dashboard").await;
        assert_eq!(world.open("/more/files?x=1").await.url.as_str(), at("/more/files?x=1"));
        assert_eq!(world.open("/more/upload").await.status, 200);
        let (read, both) = (format!("{DEFAULT} files:read"), format!("{DEFAULT} files:write files:read"));
        assert_eq!(scopes_asked(&world), [DEFAULT, &read, &both]);
        assert_eq!(world.open("/more/files").await.status, 200);
        assert_eq!(world.open("/half-way").await.status, 200);
        assert_eq!(scopes_asked(&world).len(), 3);
    }

    async fn a_handler_asks_half_way(world) {
        world.open("/dashboard").await;
        assert_eq!(world.open("/half-way").await.text(), "more for ada with aal1 as ");
        assert_eq!(scopes_asked(&world)[1], format!("{DEFAULT} files:read"));
    }

    async fn a_scope_that_is_not_granted_is_a_403_after_one_trip(world) {
        world.open("/dashboard").await;
        grant_only(&world, DEFAULT);
        for _ in 0..3 {
            let page = world.open("/more/files").await;
            assert_eq!((page.status.as_u16(), page.url.path()), (403, "/more/files"));
            assert!(page.text().contains("permission that was not given"), "{}", page.text());
        }
        assert_eq!(scopes_asked(&world).len(), 2, "asked once, whatever the browser does");
        assert_eq!(greeting(&world).await, "hello ada");
        let problem: Value = serde_json::from_str(&fetch(&world, "/more/files").await.text()).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&403.into(), &"insufficient_scope".into()));
        // The person thinks better of it.
        world.provider.clear();
        let page = world.open("/more/files").await;
        assert!(page.text().contains("Give the permission"));
        let landed = world.browser.follow_link(&link(&page), &at("/more/files")).await.unwrap();
        assert_eq!((landed.status.as_u16(), landed.url.as_str()), (200, at("/more/files").as_str()));
        assert_eq!(asked(&world, "prompt").last(), Some(&Some("consent".to_owned())));
    }

    async fn what_was_granted_and_what_was_asked_for_are_both_known(world) {
        grant_only(&world, "openid email");
        world.open("/more/files").await;
        let me: Value = serde_json::from_str(&fetch(&world, "/me").await.text()).unwrap();
        assert_eq!(me["scope"], "openid email");
        assert_eq!(me["requested_scope"], format!("{DEFAULT} files:read"));
    }

    async fn a_script_is_told_which_scope_is_missing(world) {
        world.open("/dashboard").await;
        let page = fetch(&world, "/more/files").await;
        assert_eq!(page.status, 403);
        let challenge = page.header("www-authenticate").unwrap().to_owned();
        assert!(challenge.contains("error=\"insufficient_scope\"") && challenge.contains("files:read"), "{challenge}");
        let body: Value = serde_json::from_str(&page.text()).unwrap();
        let to = at(body["login_url"].as_str().unwrap());
        let landed = world.browser.follow_link(&to, &at("/")).await.unwrap();
        assert_eq!((landed.status.as_u16(), landed.url.as_str()), (200, at("/more/files").as_str()));
    }

    async fn a_scope_that_the_client_may_not_ask_for_is_a_page_and_the_session_stands(world) {
        world.open("/dashboard").await;
        world.provider.inject(Fault::authorize_error("invalid_scope"));
        let page = world.open("/more/files").await;
        assert_eq!((page.status.as_u16(), page.url.path()), (403, "/auth/callback"));
        assert!(page.text().contains("may not ask"), "{}", page.text());
        assert_eq!(greeting(&world).await, "hello ada");
    }
}

on_both_frameworks! {
    async fn a_refresh_token_is_asked_for_with_consent_however_the_sign_in_is_worded(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        world.open("/dashboard").await;
        assert_eq!(world.open("/more/offline").await.status, 200);
        assert_eq!(asked(&world, "prompt"), [None, Some("consent".to_owned())]);
        let world = World::with(framework, SessionKind::Memory, |builder| builder.scopes(["openid", "offline_access"])).await;
        world.open("/dashboard").await;
        let to = at(&world.open("/links").await.text());
        world.browser.follow_link(&to, &at("/links")).await.unwrap();
        assert_eq!(asked(&world, "prompt"), [Some("consent".to_owned()), Some("select_account consent".to_owned())]);
    }

    async fn a_refresh_token_is_never_asked_for_where_it_could_only_go_into_a_cookie(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        world.open("/dashboard").await;
        assert_eq!(world.open("/more/offline").await.status, 500);
        assert_eq!(scopes_asked(&world), [DEFAULT]);
    }
}
