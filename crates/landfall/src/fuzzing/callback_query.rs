//! The query of a callback.
//!
//! The promises are about two readers: what is accepted here must mean the same to `form_urlencoded`, which other
//! programs on the way use, and to the same parser after it went through a cookie (`flow::callback::posted`).

use crate::protocol::authorization_response::{AuthorizationOutcome, AuthorizationResponse};
use crate::web::form::parameter;

/// Who is said to have been asked.
const ISSUER: &str = "https://op.example";
/// Every parameter that means something to us, once more and in the test's own words: a name that is dropped from
/// the parser's list is noticed here.
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
/// another reader; what arrived by POST and goes on as a GET says the same as before, whether the provider promises
/// `iss` or not.
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

/// What must hold of a response that was accepted: from this issuer, with no token in it, and either a code or an
/// error.
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

/// How another reader of forms sees it: `form_urlencoded` repairs what it cannot decode, where ours says that there
/// is no value.
fn values<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    form_urlencoded::parse(text.as_bytes())
        .filter(move |(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The value of a parameter that is there once.
fn only(text: &str, name: &str) -> Option<String> {
    let mut values = values(text, name);
    values.next().filter(|_| values.next().is_none())
}
