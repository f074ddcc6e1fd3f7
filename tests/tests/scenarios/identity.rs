//! Who somebody is: claims that are kept, and userinfo.

use landfall::Userinfo;
use landfall_testkit::{Endpoint, Fault, RawResponse};
use landfall_tests::{Framework, SessionKind, World, everywhere, on_both_frameworks};
use serde_json::json;

use crate::support::{at, error_log, greeting, listen_to_errors, session_value};

fn userinfo_calls(world: &World) -> usize {
    world.provider.calls("/oauth2/userinfo")
}

async fn asking(framework: Framework, when: Userinfo) -> World {
    World::with(framework, SessionKind::Cookie, |builder| builder.userinfo(when).keep_claims(["groups"]))
        .await
}

/// The ID token says no more than who it is.
fn bare_id_token() -> Fault {
    Fault::id_token(|_, claims| {
        for name in ["name", "email", "email_verified"] {
            claims.remove(name);
        }
    })
}

fn groups_in_userinfo() -> Fault {
    Fault::json(Endpoint::Userinfo, |document| {
        document.insert("groups".into(), json!(["ops", "dev"]));
    })
}

everywhere! {
    async fn claims_beside_the_standard_few_are_kept_with_a_store_alone(world) {
        world.provider.inject(Fault::id_token_claim("groups", json!(["ops", "dev"])));
        let expected = if world.kind.has_store() { "ada in ops+dev" } else { "ada in " };
        assert_eq!(world.open("/claims").await.text(), expected);
    }

    async fn claims_that_do_not_fit_the_applications_type_are_a_500_that_the_log_explains(world) {
        listen_to_errors();
        if !world.kind.has_store() {
            return;
        }
        world.provider.inject(Fault::id_token_claim("groups", 7));
        let page = world.open("/claims").await;
        assert_eq!(page.status, 500);
        assert!(!page.text().contains("Member"));
        assert!(error_log().contains("Member: groups: a number where a sequence is expected"));
    }
}

on_both_frameworks! {
    async fn named_claims_are_kept_in_a_sealed_cookie(framework) {
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.keep_claims(["groups"])).await;
        world.provider.inject(Fault::id_token_claim("groups", json!(["ops", "dev"])));
        assert_eq!(world.open("/claims").await.text(), "ada in ops+dev");
    }

    async fn a_session_too_large_for_a_cookie_is_an_error_at_the_sign_in(framework) {
        listen_to_errors();
        let many: Vec<String> = (0..400).map(|n| format!("group-{n}")).collect();
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.keep_claims(["groups"])).await;
        world.provider.inject_always(Fault::id_token_claim("groups", json!(many)));
        let page = world.open("/claims").await;
        assert_eq!((page.url.path(), page.status.as_u16()), ("/auth/callback", 500));
        assert!(page.text().contains("could not keep your sign-in"));
        assert!(session_value(&world.browser).is_none());
        assert!(error_log().contains("session_too_large"));
        for kind in SessionKind::stores() {
            let world = World::new(framework, kind).await;
            world.provider.inject(Fault::id_token_claim("groups", json!(many)));
            assert!(world.open("/claims").await.text().ends_with("+group-399"));
        }
    }

    async fn userinfo_is_asked_when_the_id_token_lacks_what_was_granted(framework) {
        let world = asking(framework, Userinfo::Auto).await;
        world.provider.inject_always(groups_in_userinfo());
        assert_eq!(world.open("/claims").await.text(), "ada in ");
        assert_eq!(userinfo_calls(&world), 0);
        world.provider.inject(bare_id_token());
        world.browser.forget_cookies();
        assert_eq!(world.open("/claims").await.text(), "ada in ops+dev");
        assert_eq!(userinfo_calls(&world), 1);
    }

    async fn userinfo_is_asked_always_or_never_as_configured(framework) {
        let world = asking(framework, Userinfo::Always).await;
        world.provider.inject_always(groups_in_userinfo());
        assert_eq!(world.open("/claims").await.text(), "ada in ops+dev");
        assert_eq!(userinfo_calls(&world), 1);
        let world = asking(framework, Userinfo::Never).await;
        world.provider.inject(bare_id_token());
        world.provider.inject_always(groups_in_userinfo());
        assert_eq!(world.open("/claims").await.text(), "ada in ");
        assert_eq!(userinfo_calls(&world), 0);
    }

    async fn userinfo_that_is_down_ends_a_sign_in_only_where_it_is_a_must(framework) {
        for broken in [RawResponse::new(500, ""), RawResponse::new(200, "<html>"), RawResponse::json(200, &json!({ "groups": [] }))] {
            let world = asking(framework, Userinfo::Always).await;
            world.provider.inject(Fault::Respond(Endpoint::Userinfo, broken.clone()));
            let page = world.open("/dashboard").await;
            assert!(page.status.is_server_error() || page.status.is_client_error(), "{broken:?}");
            assert!(session_value(&world.browser).is_none(), "{broken:?}");
        }
        for fault in [Fault::Respond(Endpoint::Userinfo, RawResponse::new(500, "")), Fault::hang(Endpoint::Userinfo)] {
            let world = asking(framework, Userinfo::Auto).await;
            world.provider.inject(bare_id_token());
            world.provider.inject(fault);
            assert_eq!(world.open("/dashboard").await.url.as_str(), at("/dashboard"));
            assert_eq!(userinfo_calls(&world), 1);
        }
    }

    async fn userinfo_about_somebody_else_ends_the_sign_in(framework) {
        for when in [Userinfo::Auto, Userinfo::Always] {
            for subject in [json!("grace"), json!("ADA"), json!(7), json!(null)] {
                let world = asking(framework, when).await;
                world.provider.inject(bare_id_token());
                let other = subject.clone();
                world.provider.inject(Fault::json(Endpoint::Userinfo, move |document| {
                    document.insert("sub".into(), other.clone());
                }));
                let page = world.open("/dashboard").await;
                // An answer that names nobody is as good as none, and that `auto` can do without.
                if when == Userinfo::Always || subject.is_string() {
                    assert!(matches!(page.status.as_u16(), 400 | 502), "{when:?} {subject} {}", page.status);
                    assert_eq!(greeting(&world).await, "hello nobody", "{when:?} {subject}");
                }
            }
        }
    }
}
