//! The query of a callback.

use crate::protocol::authorization_response::{AuthorizationOutcome, AuthorizationResponse};
use crate::web::form::parameter;

const ISSUER: &str = "https://op.example";
const KNOWN: [&str; 9] = [
    "access_token",
    "code",
    "error",
    "error_description",
    "error_uri",
    "id_token",
    "iss",
    "response",
    "state",
];

/// Reads `data` as an authorization response. What is accepted holds each parameter once, and says the same to
/// another reader; what arrived by POST and goes on as a GET says the same as before.
///
/// # Panics
/// When one of these does not hold.
pub fn callback_query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for name in KNOWN {
        if let Some(value) = parameter(text, name) {
            assert_eq!(Some(value.as_str()), only(text, name).as_deref());
        }
    }
    let Ok(response) = AuthorizationResponse::parse(text) else { return };
    for name in KNOWN {
        assert!(values(text, name).count() <= 1, "{name} is there twice");
    }
    if let Ok(state) = response.state() {
        assert_eq!(Some(state), only(text, "state").as_deref());
    }
    let carried = response.to_query();
    let again = AuthorizationResponse::parse(&carried);
    assert!(again.is_ok(), "{carried:?} is not read any more");
    let Ok(again) = again else { return };
    assert_eq!(again.code(), response.code());
    for iss_promised in [false, true] {
        let outcome = response.outcome(ISSUER, iss_promised).ok();
        if let Some(outcome) = &outcome {
            check(text, outcome, iss_promised);
        }
        let again = again.outcome(ISSUER, iss_promised).ok();
        assert!(outcome == again, "carried on as {carried:?}");
    }
}

fn check(text: &str, outcome: &AuthorizationOutcome, iss_promised: bool) {
    match only(text, "iss") {
        Some(iss) => assert_eq!(iss, ISSUER),
        None => assert!(!iss_promised),
    }
    for token in ["access_token", "id_token", "response"] {
        assert_eq!(values(text, token).count(), 0);
    }
    let (code, error) = (only(text, "code"), only(text, "error"));
    match outcome {
        AuthorizationOutcome::Code(accepted) => {
            assert_eq!(code.as_ref(), Some(accepted));
            assert!(!accepted.is_empty() && !accepted.chars().any(char::is_control));
            assert_eq!(error, None);
        }
        AuthorizationOutcome::Refused { error: told, description } => {
            assert_eq!(code, None);
            assert!(error.is_some());
            assert!([Some(told), description.as_ref()].into_iter().flatten().all(|text| {
                text.chars().all(|character| character == ' ' || character.is_ascii_graphic())
            }));
        }
    }
}

/// How another reader of forms sees it.
fn values<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    form_urlencoded::parse(text.as_bytes())
        .filter(move |(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn only(text: &str, name: &str) -> Option<String> {
    let mut values = values(text, name);
    values.next().filter(|_| values.next().is_none())
}
