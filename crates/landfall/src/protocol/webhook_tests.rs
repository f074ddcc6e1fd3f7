//! Deliveries in both forms, and what is wrong with others.

use serde_json::{Value, json};

use super::super::test_keys;
use super::{Delivery, Duration, ErrorCode, LogoutEvent, LogoutTarget, Secret, Timestamp, read};

const NOW: u64 = 1_800_000_000;
const SECRET: &str = "the-secret-of-the-tenants-hook";

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn delivery(event: &Value) -> Delivery {
    let body = event.to_string().into_bytes();
    let signature = hex(&test_keys::mac(SECRET.as_bytes(), &body)).into_bytes();
    Delivery { body, signature: Some(signature), timestamp: Some(NOW.to_string().into_bytes()) }
}

fn verdict(delivery: &Delivery) -> Result<Option<LogoutEvent>, (ErrorCode, String)> {
    let secrets = [Secret::from("the-next-secret"), Secret::from(SECRET)];
    read(delivery, &secrets, Timestamp::from_secs(NOW), Duration::from_secs(60))
        .map_err(|error| (error.code(), error.operator_detail().unwrap().to_owned()))
}

fn nested(kind: &str) -> Value {
    json!({
        "event_id": "evt_1", "event_type": kind, "occurred_at": "2027-01-15T08:00:00Z",
        "data": {"user": {"id": "user-1"}, "session": {"id": "sess-1"}, "reason": "admin_revoked"},
    })
}

fn flat(kind: &str) -> Value {
    json!({"id": "evt_1", "type": kind, "created": NOW, "data": {"user_id": "user-1", "session_id": "sess-1"}})
}

#[test]
fn both_documented_forms_say_the_same() {
    let at = Timestamp::from_secs(NOW);
    let session = Some(LogoutEvent { target: LogoutTarget::Session("sess-1".to_owned()), at });
    let user = Some(LogoutEvent { target: LogoutTarget::User("user-1".to_owned()), at });
    for form in [nested, flat] {
        assert_eq!(verdict(&delivery(&form("user.signed_out"))), Ok(session.clone()));
        assert_eq!(verdict(&delivery(&form("user.disabled"))), Ok(user.clone()));
        assert_eq!(verdict(&delivery(&form("user.deleted"))), Ok(user.clone()));
        assert_eq!(verdict(&delivery(&form("user.updated"))), Ok(None));
    }
    let mut without = flat("user.signed_out");
    without["data"].as_object_mut().unwrap().remove("session_id");
    assert_eq!(verdict(&delivery(&without)), Ok(user));
}

#[test]
fn only_a_secret_of_ours_signs() {
    let sound = delivery(&flat("user.deleted"));
    let signature = String::from_utf8(sound.signature.clone().unwrap()).unwrap();
    let signed = |signature: Option<String>, body: &[u8]| {
        let signature = signature.map(String::into_bytes);
        verdict(&Delivery { body: body.to_vec(), signature, timestamp: sound.timestamp.clone() })
    };
    for good in [signature.clone(), signature.to_uppercase(), format!("sha256={signature}")] {
        assert!(signed(Some(good), &sound.body).is_ok());
    }
    for bad in [
        None,
        Some(String::new()),
        Some("sha256=".to_owned()),
        Some(signature[..62].to_owned()),
        Some(format!("{signature}00")),
        Some(format!("{signature}0")),
        Some("zz".repeat(32)),
        Some(hex(&test_keys::mac(b"another", &sound.body))),
        Some(hex(&test_keys::mac(b"", &sound.body))),
    ] {
        let told = format!("{bad:?}");
        assert_eq!(signed(bad, &sound.body).unwrap_err().0, ErrorCode::WebhookUnsigned, "{told}");
    }
    let changed = [&sound.body[..], b" "].concat();
    assert_eq!(signed(Some(signature), &changed).unwrap_err().0, ErrorCode::WebhookUnsigned);
}

#[test]
fn times_are_read_in_both_forms_and_end_where_they_say() {
    let timed = |sent: &str, occurred: Value| {
        let mut event = flat("user.deleted");
        event["created"] = occurred;
        let timestamp = Some(sent.as_bytes().to_vec());
        verdict(&Delivery { timestamp, ..delivery(&event) }).is_ok()
    };
    let now = NOW.to_string();
    for (sent, occurred, holds) in [
        ("2027-01-15T08:00:00Z", json!("2027-01-15T09:00:00.250+01:00"), true),
        (now.as_str(), json!(now), true),
        (now.as_str(), json!(NOW - 25 * 3600), true),
        (now.as_str(), json!(NOW - 25 * 3600 - 1), false),
        (now.as_str(), json!(NOW + 60), true),
        (now.as_str(), json!(NOW + 61), false),
        (now.as_str(), json!("yesterday"), false),
        (now.as_str(), Value::Null, false),
        (now.as_str(), json!(true), false),
        (&(NOW - 360).to_string(), json!(NOW), true),
        (&(NOW - 361).to_string(), json!(NOW), false),
        (&(NOW + 361).to_string(), json!(NOW), false),
        ("", json!(NOW), false),
        ("1969-12-31T23:59:59Z", json!(NOW), false),
    ] {
        assert_eq!(timed(sent, occurred.clone()), holds, "{sent} {occurred}");
    }
    let without = Delivery { timestamp: None, ..delivery(&flat("user.deleted")) };
    assert_eq!(verdict(&without).unwrap_err().0, ErrorCode::WebhookRejected);
}

#[test]
fn a_payload_that_names_nobody_ends_nothing() {
    let event = |kind: &str, data: Value| json!({"type": kind, "created": NOW, "data": data});
    for payload in [
        json!({"created": NOW}),
        json!({"type": 7, "created": NOW}),
        json!({"type": "user.deleted", "created": NOW}),
        event("user.deleted", json!({})),
        event("user.deleted", json!({"user_id": ""})),
        event("user.deleted", json!({"user": {}})),
        event("user.deleted", json!({"user": "user-1"})),
        event("user.deleted", json!([])),
        // A session without a name is not "all of them".
        event("user.signed_out", json!({"user_id": "user-1", "session_id": null})),
        event("user.signed_out", json!({"user_id": "user-1", "session": {"id": ""}})),
        event("user.signed_out", json!({"user_id": "user-1", "session": {}})),
    ] {
        assert_eq!(verdict(&delivery(&payload)).unwrap_err().0, ErrorCode::WebhookRejected, "{payload}");
    }
    for body in ["", "[]", "null", "{", r#"{"type":"x","type":"user.deleted"}"#] {
        let signature = Some(hex(&test_keys::mac(SECRET.as_bytes(), body.as_bytes())).into_bytes());
        let timestamp = Some(NOW.to_string().into_bytes());
        let refused = verdict(&Delivery { body: body.into(), signature, timestamp }).unwrap_err();
        assert_eq!(refused.0, ErrorCode::WebhookRejected, "{body}");
    }
}
