//! Roles as providers write them, and what the application makes of them.

use landfall::RelyingPartyBuilder;
use landfall_testkit::Fault;
use landfall_tests::{Framework, SessionKind, World, on_both_frameworks};
use serde_json::{Value, json};

use crate::support::{error_log, fetch, listen_to_errors};

/// The roles of somebody whose ID token holds this claim.
async fn roles(
    framework: Framework,
    claim: (&'static str, Value),
    change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
) -> Value {
    let world = World::with(framework, SessionKind::Cookie, change).await;
    world.provider.inject(Fault::id_token_claim(claim.0, claim.1));
    world.open("/dashboard").await;
    let there: Value = serde_json::from_str(&fetch(&world, "/auth/session").await.text()).unwrap();
    assert_eq!(there["signed_in"], true);
    there["roles"].clone()
}

/// How many lines of the log hold all of these.
fn lines(words: &[&str]) -> usize {
    error_log().lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
}

on_both_frameworks! {
    async fn roles_come_in_the_shapes_that_providers_write(framework) {
        for (path, claim, expected) in [
            ("roles", ("roles", json!(["admin", "ops"])), json!(["admin", "ops"])),
            ("role", ("role", json!("head of ops")), json!(["head of ops"])),
            ("realm_access.roles", ("realm_access", json!({ "roles": ["ops"] })), json!(["ops"])),
            ("groups.name", ("groups", json!([{ "name": "ops" }, { "name": "dev" }])), json!(["ops", "dev"])),
            ("project", ("project", json!({ "ops": { "of": "x" }, "dev": true, "out": false })), json!(["dev", "ops"])),
            ("flags.is_admin", ("flags", json!({ "is_admin": true })), json!(["is_admin"])),
        ] {
            assert_eq!(roles(framework, claim, |builder| builder.role_claim(path)).await, expected, "{path}");
        }
        let several = ("role", json!("ops, dev"));
        let parted = roles(framework, several, |builder| builder.role_claim("role").role_separator(',')).await;
        assert_eq!(parted, json!(["ops", "dev"]));
    }

    async fn a_mapping_alone_says_which_roles_there_are(framework) {
        let lines = [("cn=ops,dc=acme", "admin"), ("cn=ops,dc=acme", "staff"), ("*", "viewer")];
        for (groups, expected) in [
            (json!(["cn=ops,dc=acme"]), json!(["admin", "staff"])),
            (json!(["admin"]), json!(["viewer"])),
            (json!([]), json!(["viewer"])),
            (json!(7), Value::Null),
        ] {
            let mapped = |builder: RelyingPartyBuilder| builder.role_claim("groups").role_mapping(lines);
            assert_eq!(roles(framework, ("groups", groups.clone()), mapped).await, expected, "{groups}");
        }
    }

    async fn a_claim_that_does_not_come_is_told_once_by_the_names_of_those_that_did(framework) {
        listen_to_errors();
        let claim = format!("roles-that-never-came-{framework:?}");
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.role_claim(&claim)).await;
        world.provider.inject_always(Fault::id_token_claim("department", "PLANTED-VALUE"));
        for _ in 0..3 {
            world.open("/dashboard").await;
            world.browser.forget_cookies();
        }
        assert_eq!(lines(&[&claim, "did not come", "department"]), 1);
        assert!(!error_log().contains("PLANTED-VALUE"));
    }

    async fn a_claim_of_another_shape_gives_none_and_a_warning_a_minute(framework) {
        listen_to_errors();
        let claim = format!("odd-{framework:?}");
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.role_claim(&claim)).await;
        let odd = claim.clone();
        world.provider.inject_always(Fault::id_token(move |_, claims| drop(claims.insert(odd.clone(), json!(7)))));
        for _ in 0..3 {
            world.open("/dashboard").await;
            let there: Value = serde_json::from_str(&fetch(&world, "/auth/session").await.text()).unwrap();
            assert_eq!((&there["signed_in"], there.get("roles")), (&json!(true), None));
            world.browser.forget_cookies();
        }
        assert_eq!(lines(&[&claim, "a number"]), 1);
        world.wait(std::time::Duration::from_secs(61));
        world.open("/dashboard").await;
        assert_eq!(lines(&[&claim, "a number"]), 2);
    }
}
