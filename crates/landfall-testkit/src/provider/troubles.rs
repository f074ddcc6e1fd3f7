//! The troubles that can be chosen on the sign-in page, to see what an application does.

use landfall::HttpErrorKind;
use serde_json::json;

use super::faults::{Endpoint, Fault, RawResponse};

/// Value and label of every trouble, in the order of the list.
pub(crate) const LIST: &[(&str, &str)] = &[
    ("access_denied", "The person is not allowed in (access_denied)"),
    ("server_error", "The provider fails (server_error)"),
    ("temporarily_unavailable", "The provider is overloaded (temporarily_unavailable)"),
    ("wrong_state", "The answer carries another state"),
    ("no_state", "The answer carries no state"),
    ("wrong_iss", "The answer names another issuer"),
    ("wrong_nonce", "The ID token carries another nonce"),
    ("expired", "The ID token has expired"),
    ("wrong_audience", "The ID token is for another application"),
    ("bad_signature", "The ID token's signature is wrong"),
    ("token_error", "The token endpoint answers 500"),
    ("token_refused", "The token endpoint refuses the code (invalid_grant)"),
    ("token_hangs", "The token endpoint never answers"),
    ("token_breaks", "The token endpoint breaks off the connection"),
    ("other_subject", "Userinfo is about somebody else"),
    ("userinfo_down", "Userinfo answers 503"),
];

pub(crate) fn faults(name: &str) -> Vec<Fault> {
    let fault = match name {
        "access_denied" | "server_error" | "temporarily_unavailable" => Fault::authorize_error(name),
        "wrong_state" => Fault::callback_parameter("state", Some("not-the-state-that-was-sent")),
        "no_state" => Fault::callback_parameter("state", None),
        "wrong_iss" => Fault::callback_parameter("iss", Some("https://somebody-else.example")),
        "wrong_nonce" => Fault::id_token_claim("nonce", "not-the-nonce-that-was-sent"),
        "expired" => Fault::id_token_claim("exp", 1_000_000_000),
        "wrong_audience" => Fault::id_token_claim("aud", "another-application"),
        "bad_signature" => Fault::raw_id_token(|token| {
            let mut other = token.clone();
            other.claims.insert("jti".to_owned(), "signed without this".into());
            let signed = token.signed();
            format!("{}.{}", other.unsigned(), signed.rsplit('.').next().unwrap_or_default())
        }),
        "token_error" => Fault::token_response(RawResponse::new(500, "the provider failed")),
        "token_refused" => Fault::token_response(RawResponse::json(400, &json!({"error": "invalid_grant"}))),
        "token_hangs" => Fault::NoAnswer(Endpoint::Token, HttpErrorKind::TimedOut),
        "token_breaks" => Fault::NoAnswer(Endpoint::Token, HttpErrorKind::Broken),
        "other_subject" => Fault::json(Endpoint::Userinfo, |document| {
            document.insert("sub".to_owned(), "somebody-else".into());
        }),
        "userinfo_down" => Fault::Respond(Endpoint::Userinfo, RawResponse::new(503, "")),
        _ => return Vec::new(),
    };
    vec![fault]
}
