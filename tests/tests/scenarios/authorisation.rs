//! What the application says itself about who may: roles, its own conditions, and its word at sign-in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use landfall::{Declined, ErrorCode, EventKind};
use landfall_testkit::Fault;
use landfall_tests::{Framework, SessionKind, World, everywhere, on_both_frameworks, wherever_stored};
use serde_json::{Value, json};

use crate::support::{asked, at, fetch, greeting, link, session_value};

everywhere! {
    async fn a_role_opens_what_it_is_for_and_its_absence_is_a_403_without_a_trip(world) {
        world.open("/dashboard").await;
        let page = world.open("/more/admin").await;
        assert_eq!((page.status.as_u16(), page.url.path(), asked(&world, "scope").len()), (403, "/more/admin", 1));
        assert!(page.text().contains("not open to you") && page.text().contains("Reference"), "{}", page.text());
        let problem: Value = serde_json::from_str(&fetch(&world, "/more/admin").await.text()).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&403.into(), &"forbidden".into()));
        // Another account may do.
        world.provider.inject(Fault::id_token_claim("roles", json!(["reader", "owner"])));
        world.provider.sign_in_as("grace");
        let landed = world.browser.follow_link(&link(&page), &at("/more/admin")).await.unwrap();
        assert_eq!(landed.text(), "more for grace with aal1 as reader+owner");
        assert_eq!(asked(&world, "prompt").last(), Some(&Some("select_account".to_owned())));
        assert_eq!(fetch(&world, "/more/admin").await.status, 200);
    }

    async fn a_condition_of_the_applications_own_is_asked_last(world) {
        assert_eq!(world.open("/more/verified").await.status, 200);
        world.browser.forget_cookies();
        world.provider.inject_always(Fault::id_token_claim("email", "ada@example.test"));
        world.provider.inject_always(Fault::id_token_claim("email_verified", false));
        assert_eq!(world.open("/more/verified").await.status, 403);
        assert_eq!(fetch(&world, "/more/verified").await.status, 403);
    }

    async fn a_link_lets_somebody_else_sign_in(world) {
        world.open("/dashboard").await;
        let to = at(&world.open("/links").await.text());
        world.provider.sign_in_as("grace");
        assert_eq!(world.browser.follow_link(&to, &at("/links")).await.unwrap().url.path(), "/links");
        assert_eq!(asked(&world, "prompt").last(), Some(&Some("select_account".to_owned())));
        assert_eq!(greeting(&world).await, "hello grace");
    }
}

/// A world whose application lets only people of example.test in, knows their roles and calls them by number.
async fn with_hook(framework: Framework, kind: SessionKind) -> (World, Arc<AtomicUsize>) {
    let failed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&failed);
    let world = World::with(framework, kind, |builder| {
        builder
            .on_event(move |event| {
                if event.kind == EventKind::SignInFailed(ErrorCode::SignInRejected) {
                    assert!(event.reference.is_some());
                    count.fetch_add(1, Ordering::SeqCst);
                }
            })
            .on_sign_in(|mut sign_in| async move {
                let claims: Value = sign_in.claims()?;
                match claims["preferred_username"].as_str() {
                    Some("alan") => return Err(Declined::because("Your account is closed <b>for good</b>.")),
                    Some("katherine") => _ = "no number".parse::<u16>()?,
                    _ => {}
                }
                assert!(!sign_in.access_token().is_empty());
                sign_in.set_roles(["admin"]);
                sign_in.set_data(&format!("account of {}", sign_in.identity().subject()))?;
                Ok(sign_in)
            })
    })
    .await;
    (world, failed)
}

on_both_frameworks! {
    async fn the_applications_hook_gives_roles_and_data_to_the_session(framework) {
        for kind in [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite] {
            let (world, _) = with_hook(framework, kind).await;
            assert_eq!(world.open("/more/admin").await.text(), "more for ada with aal1 as admin");
            assert_eq!(fetch(&world, "/data").await.text(), "account of ada");
            // From the record, or the cookie, alone.
            let mut world = world;
            world.switch_to(world.builder()).await;
            assert_eq!(fetch(&world, "/data").await.text(), "account of ada");
        }
    }

    async fn somebody_the_application_turns_away_reads_why_and_has_no_session(framework) {
        for kind in [SessionKind::Cookie, SessionKind::Memory] {
            let (world, failed) = with_hook(framework, kind).await;
            world.open("/dashboard").await;
            let before = session_value(&world.browser);
            world.provider.sign_in_as("alan");
            let page = world.open("/auth/login?return_to=/dashboard").await;
            assert_eq!(page.status, 403);
            assert!(page.text().contains("Your account is closed &lt;b&gt;for good&lt;/b&gt;."), "{}", page.text());
            assert_eq!(failed.load(Ordering::SeqCst), 1);
            assert_eq!(world.provider.calls("/oauth2/revoke"), 1, "his tokens are given back");
            assert_eq!(session_value(&world.browser), before, "who was signed in before stays so");
            // Not again with the account that the provider remembers.
            world.provider.sign_in_as("grace");
            let landed = world.browser.follow_link(&link(&page), &at("/")).await.unwrap();
            assert_eq!(landed.url.as_str(), at("/dashboard"));
            assert_eq!(asked(&world, "prompt").last(), Some(&Some("select_account".to_owned())));
            assert_eq!(greeting(&world).await, "hello grace");
        }
    }

    async fn a_hook_that_fails_signs_nobody_in_and_says_nothing_of_why(framework) {
        let (world, _) = with_hook(framework, SessionKind::Memory).await;
        world.provider.sign_in_as("katherine");
        let page = world.open("/dashboard").await;
        assert_eq!(page.status, 500);
        assert!(!page.text().contains("digit"), "{}", page.text());
        assert!(session_value(&world.browser).is_none());
    }

    async fn roles_are_found_where_the_provider_keeps_them(framework) {
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.role_claim("realm_access.roles")).await;
        world.provider.inject_always(Fault::id_token_claim("realm_access", json!({ "roles": ["owner"] })));
        world.provider.inject_always(Fault::id_token_claim("roles", json!(["nobody"])));
        assert_eq!(world.open("/more/admin").await.text(), "more for ada with aal1 as owner");
    }
}

wherever_stored! {
    async fn roles_and_scopes_outlive_a_refresh(framework, kind) {
        let world = World::with(framework, kind, |builder| {
            builder.scopes(["openid", "offline_access"]).on_sign_in(|mut sign_in| async move {
                sign_in.set_roles(["admin"]);
                Ok(sign_in)
            })
        }).await;
        world.open("/more/admin").await;
        world.wait(std::time::Duration::from_secs(3600));
        let page = fetch(&world, "/token").await;
        assert_eq!((page.status.as_u16(), world.token_calls()), (200, 2), "{}", page.text());
        assert_eq!(fetch(&world, "/more/admin").await.status, 200);
    }
}
