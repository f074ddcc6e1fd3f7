//! The tenant's webhook: what is forged, stale or replayed, and what a delivery ends.

use std::fmt::Write as _;
use std::time::Duration;

use http::Method;
use landfall::{Clock as _, EndReason, RelyingPartyBuilder};
use landfall_testkit::{Algorithm, SigningKey};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks, wherever_stored};
use serde_json::{Value, json};

use crate::endings::{Ears, flaky, post, session, stands, world, world_with};
use crate::support::{Answer, Ask, ask, broken_promises};

const SECRET: &str = "the-secret-of-the-tenants-hook";
const PATH: &str = "/auth/webhook";

fn with_secret(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.webhook_secret(SECRET)
}

async fn hooked(framework: Framework, kind: SessionKind) -> World {
    world_with(framework, kind, with_secret).await
}

#[allow(clippy::needless_pass_by_value, reason = "the callers write json!")]
fn event(world: &World, kind: &str, data: Value) -> Value {
    json!({"event_id": "evt_1", "event_type": kind, "occurred_at": world.clock.now().secs(), "data": data})
}

fn user(id: &str) -> Value {
    json!({"user": {"id": id}})
}

fn signature(secret: &str, body: &str) -> String {
    let tag = SigningKey::hmac(secret.as_bytes()).sign(Algorithm::Hs256, body.as_bytes()).unwrap();
    tag.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn delivery(world: &World, body: &str, signature: &str) -> Ask {
    post(PATH, "application/json", body.to_owned())
        .header("x-intelliauth-signature", signature)
        .header("x-intelliauth-timestamp", &world.clock.now().secs().to_string())
}

/// As the tenant delivers it.
async fn deliver(world: &World, event: &Value) -> Answer {
    let body = event.to_string();
    let answer = ask(&world.browser, delivery(world, &body, &signature(SECRET, &body))).await;
    assert!(broken_promises(&answer, &[SECRET]).is_empty(), "{answer:?}");
    answer
}

on_both_frameworks! {
    async fn a_forged_webhook_ends_nothing(framework) {
        let world = hooked(framework, SessionKind::Memory).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        let body = event(&world, "user.deleted", user("user-1")).to_string();
        let other = event(&world, "user.deleted", user("user-2")).to_string();
        for forged in ["", "00", "sha256=", &signature("a-guess", &body), &signature("", &body), &signature(SECRET, &other)] {
            let answer = ask(&world.browser, delivery(&world, &body, forged)).await;
            assert_eq!(answer.status, 401, "{forged}: {answer:?}");
            assert!(broken_promises(&answer, &[SECRET]).is_empty());
        }
        let unsigned = ask(&world.browser, post(PATH, "application/json", body)).await;
        assert_eq!(unsigned.status, 401);
        assert!(stands(&browser).await);
    }

    async fn a_webhook_for_the_tenants_subject_leaves_the_local_one_of_that_name_alone(framework) {
        let world = hooked(framework, SessionKind::Memory).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        let local = world.other_browser();
        local.post_form(&format!("{BASE_URL}/local?user-1"), &[], BASE_URL).await.unwrap();
        deliver(&world, &event(&world, "user.deleted", user("user-1"))).await;
        assert!(!stands(&browser).await);
        assert!(stands(&local).await);
    }

    async fn a_stale_webhook_ends_nothing(framework) {
        let world = hooked(framework, SessionKind::Memory).await;
        let old = event(&world, "user.deleted", user("user-1"));
        let body = old.to_string();
        let first = delivery(&world, &body, &signature(SECRET, &body));
        world.wait(Duration::from_secs(361));
        let browser = session(&world, "user-1", Some("sess-1")).await;
        assert_eq!(ask(&world.browser, first).await.status, 400, "the delivery is too old");
        world.wait(Duration::from_secs(25 * 3600));
        assert_eq!(deliver(&world, &old).await.status, 400, "the event is too old");
        let mut ahead = event(&world, "user.deleted", user("user-1"));
        ahead["occurred_at"] = json!(world.clock.now().secs() + 3600);
        assert_eq!(deliver(&world, &ahead).await.status, 400, "the event lies ahead");
        for body in ["", "[]", "{", "{}", "null"] {
            let answer = ask(&world.browser, delivery(&world, body, &signature(SECRET, body))).await;
            assert_eq!(answer.status, 400, "{body}");
        }
        let fresh = session(&world, "user-1", Some("sess-1")).await;
        assert!(stands(&fresh).await);
        drop(browser);
    }

    async fn a_store_that_is_down_makes_the_tenant_deliver_again(framework) {
        let (mut world, store) = flaky(framework).await;
        let builder = with_secret(world.builder().userinfo(landfall::Userinfo::Never).store(store.clone()));
        world.switch_to(builder).await;
        let browser = session(&world, "user-1", Some("sess-1")).await;
        let event = event(&world, "user.disabled", user("user-1"));
        store.set_down(true);
        let answer = deliver(&world, &event).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"));
        store.set_down(false);
        assert_eq!(deliver(&world, &event).await.status, 200);
        assert!(!stands(&browser).await);
    }

    async fn only_posts_of_a_sane_size_are_read(framework) {
        let world = hooked(framework, SessionKind::Memory).await;
        let body = "x".repeat(256 * 1024 + 1);
        let answer = ask(&world.browser, delivery(&world, &body, &signature(SECRET, &body))).await;
        assert_eq!(answer.status, 413);
        for method in [Method::GET, Method::PUT, Method::OPTIONS] {
            assert_eq!(ask(&world.browser, Ask::new(method, PATH)).await.status, 405);
        }
    }

    async fn a_secret_can_be_changed_without_a_gap(framework) {
        let both = |builder: RelyingPartyBuilder| builder.webhook_secret("the-next-one").webhook_secret(SECRET);
        let world = world_with(framework, SessionKind::Memory, both).await;
        let body = event(&world, "user.deleted", user("user-1")).to_string();
        for secret in [SECRET, "the-next-one"] {
            let answer = ask(&world.browser, delivery(&world, &body, &signature(secret, &body))).await;
            assert_eq!(answer.status, 200);
        }
    }

    async fn without_a_secret_or_a_store_there_is_no_webhook(framework) {
        let plain = world(framework, SessionKind::Memory).await;
        let body = event(&plain, "user.deleted", user("user-1")).to_string();
        let answer = ask(&plain.browser, delivery(&plain, &body, &signature(SECRET, &body))).await;
        assert_eq!(answer.status, 404, "the path is the application's own");
        for (builder, setting) in [
            (plain.without_store().webhook_secret(SECRET), "webhook_secret"),
            (plain.builder().webhook_secret(" "), "webhook_secret"),
            (plain.builder().webhook_path("/hook"), "webhook_path"),
            (plain.builder().webhook_secret(SECRET).webhook_path("/auth/login"), "login_path"),
        ] {
            assert_eq!(builder.build().unwrap_err().setting, setting);
        }
    }
}

wherever_stored! {
    async fn a_delivery_ends_the_session_it_names_or_all_of_the_users(framework, kind) {
        let world = hooked(framework, kind).await;
        for (ending, data, alive) in [
            ("user.signed_out", json!({"user": {"id": "user-1"}, "session": {"id": "sess-1"}}), [false, true, true]),
            ("user.signed_out", user("user-1"), [false, false, true]),
            ("user.disabled", user("user-1"), [false, false, true]),
            ("user.deleted", json!({"user_id": "user-1", "session_id": "sess-1"}), [false, false, true]),
            ("user.updated", user("user-1"), [true, true, true]),
            ("session.started", json!("whatever"), [true, true, true]),
        ] {
            let browsers = [
                session(&world, "user-1", Some("sess-1")).await,
                session(&world, "user-1", Some("sess-2")).await,
                session(&world, "user-2", Some("sess-3")).await,
            ];
            let answer = deliver(&world, &event(&world, ending, data)).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""), "{ending}");
            for (browser, alive) in browsers.iter().zip(alive) {
                assert_eq!(stands(browser).await, alive, "{ending}");
            }
        }
    }

    async fn a_webhook_delivered_again_does_not_end_a_newer_session(framework, kind) {
        let ears = Ears::default();
        let world = world_with(framework, kind, |builder| with_secret(ears.listen(builder))).await;
        let old = session(&world, "user-1", Some("sess-1")).await;
        let all = event(&world, "user.signed_out", user("user-1"));
        let one = event(&world, "user.signed_out", json!({"user_id": "user-1", "session_id": "sess-1"}));
        assert_eq!(deliver(&world, &all).await.status, 200);
        assert!(!stands(&old).await);
        world.wait(Duration::from_secs(60));
        let new = session(&world, "user-1", Some("sess-1")).await;
        for again in [&all, &one, &all] {
            assert_eq!(deliver(&world, again).await.status, 200, "a redelivery is acknowledged");
        }
        assert!(stands(&new).await, "an old event ended a newer session");
        assert_eq!(ears.ended(), [(Some("user-1".to_owned()), EndReason::Webhook)]);
    }
}
