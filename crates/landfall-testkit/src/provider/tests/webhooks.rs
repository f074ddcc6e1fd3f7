//! Webhooks: what is sent, and sent again.

use super::*;

const HOOK: &str = "https://app.example/auth/webhook";

fn told(form: WebhookForm, answers: &[u16]) -> (World, App) {
    let world = world_with(|builder| builder.auto_sign_in("ada").webhook(HOOK, "shh").webhook_form(form));
    let app = App::answering(answers);
    world.provider.route("https://app.example", app.target()).unwrap();
    (world, app)
}

fn text<'a>(request: &'a Request<Bytes>, name: &str) -> &'a str {
    request.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn body(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

#[tokio::test]
async fn a_sign_out_is_posted_signed_and_in_the_nested_form() {
    let (world, app) = told(WebhookForm::Nested, &[]);
    world.code().await;
    let sid = world.provider.sessions()[0].sid.clone();
    let asked = world.browser.open("https://op.example/oauth2/logout").await.unwrap();
    world.browser.submit(&asked, "Sign out", &[]).await.unwrap();
    let seen = app.seen();
    assert_eq!((seen.len(), seen[0].uri().to_string().as_str()), (1, HOOK));
    let event = body(&seen[0]);
    assert_eq!(event["event_type"], "user.signed_out");
    assert_eq!(event["occurred_at"], "2026-01-01T00:00:00Z");
    let data = json!({"user": {"id": "ada"}, "session": {"id": sid}, "reason": "user_initiated"});
    assert_eq!(event["data"], data);
    assert_eq!(text(&seen[0], "x-intelliauth-event-id"), event["event_id"]);
    assert_eq!(text(&seen[0], "x-intelliauth-event-type"), "user.signed_out");
    assert_eq!(text(&seen[0], "x-intelliauth-delivery-attempt"), "1");
    assert_eq!(text(&seen[0], "x-intelliauth-timestamp"), "1767225600");
    assert_eq!(text(&seen[0], "content-type"), "application/json");
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"shh");
    let mac = aws_lc_rs::hmac::sign(&key, seen[0].body());
    let hex = mac.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    assert_eq!(text(&seen[0], "x-intelliauth-signature"), hex);
}

#[tokio::test]
async fn the_flat_form_has_other_names_and_another_clock() {
    let (world, app) = told(WebhookForm::Flat, &[]);
    world.code().await;
    let sid = world.provider.sessions()[0].sid.clone();
    world.provider.end_session(&sid, SignOutReason::IdleTimeout).await;
    assert!(world.provider.end_session(&sid, SignOutReason::IdleTimeout).await.is_empty());
    let seen = app.seen();
    let event = body(&seen[0]);
    assert_eq!(
        (&event["type"], &event["created"]),
        (&json!("user.signed_out"), &json!("2026-01-01T00:00:00Z"))
    );
    assert_eq!(event["data"], json!({"user_id": "ada", "session_id": sid, "reason": "idle_timeout"}));
    assert_eq!(text(&seen[0], "x-intelliauth-event-id"), event["id"]);
    assert_eq!(text(&seen[0], "x-intelliauth-timestamp"), "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn what_is_not_accepted_comes_again_a_few_times_under_the_same_id() {
    let (world, app) = told(WebhookForm::Nested, &[500, 302]);
    world.code().await;
    let made = world.provider.sign_out_everywhere("ada").await;
    let statuses: Vec<Option<u16>> = made.iter().map(Delivery::status).collect();
    assert_eq!(statuses, [Some(500), Some(302), Some(200)]);
    let seen = app.seen();
    let attempts: Vec<&str> = seen.iter().map(|r| text(r, "x-intelliauth-delivery-attempt")).collect();
    assert_eq!(attempts, ["1", "2", "3"]);
    let id = "x-intelliauth-event-id";
    assert!(seen.iter().all(|request| text(request, id) == text(&seen[0], id)));
    assert_eq!(body(&seen[0])["data"]["reason"], "admin_revoked");

    let (world, app) = told(WebhookForm::Nested, &[500; 9]);
    world.code().await;
    world.provider.sign_out_everywhere("ada").await;
    assert_eq!((app.seen().len(), world.provider.deliveries().len()), (3, 3), "and then it is given up");
}

#[tokio::test]
async fn who_is_disabled_or_deleted_is_out_and_comes_in_no_more() {
    let (world, app) = told(WebhookForm::Nested, &[]);
    world.provider.change_client("rp", |client| client.backchannel_logout_uri("https://app.example/back"));
    let (_, tokens) = world.redeem(&world.code().await).await;
    world.provider.disable("ada").await;
    let mut to: Vec<String> = app.seen().iter().map(|request| request.uri().to_string()).collect();
    to.sort_unstable();
    assert_eq!(to, ["https://app.example/auth/webhook", "https://app.example/back"]);
    assert_eq!(world.refresh(&tokens["refresh_token"]).await.0, 400);
    assert_eq!(get(&world.authorize(&[]).await, "error").as_deref(), Some("access_denied"));
    world.provider.enable("ada");
    world.code().await;

    world.provider.delete("ada").await;
    let last = app.seen().into_iter().rfind(|request| request.uri() == HOOK).unwrap();
    assert_eq!(body(&last)["event_type"], "user.deleted");
    assert_eq!(body(&last)["data"], json!({"user": {"id": "ada"}}));
    world.provider.enable("ada");
    assert_eq!(get(&world.authorize(&[]).await, "error").as_deref(), Some("access_denied"));
    assert!(world.provider.sessions().is_empty());
    world.provider.ask_who_signs_in();
    let page = world.browser.open(&world.url(&[])).await.unwrap();
    assert!(!page.text().contains("Ada Lovelace") && page.text().contains("Grace Hopper"));
}
