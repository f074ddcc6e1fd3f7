//! Userinfo (OpenID Connect Core §5.3): claims about the person that the ID token leaves out.
//!
//! The answer comes over TLS and is not signed, so it is worth less than the ID token: it is used only if it is
//! about the ID token's subject, and it adds to what that says and never replaces it. Whether it is asked for at
//! all is the setting `Userinfo`; signed or encrypted answers (§5.3.2) are not read.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use serde_json::{Map, Value};
use url::Url;

use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};

/// Asks for it, with the access token in the header and nowhere else (RFC 6750 §2.1). The header is marked as
/// sensitive.
///
/// # Errors
/// `TokenResponseInvalid` where the token cannot stand in a header, `MetadataInvalid` where the endpoint cannot be
/// asked.
pub(crate) fn request(endpoint: &Url, access_token: &Secret<String>) -> Result<http::Request<Bytes>, Error> {
    let mut bearer =
        http::HeaderValue::try_from(format!("Bearer {}", access_token.expose())).map_err(|_| {
            Error::new(ErrorCode::TokenResponseInvalid).detail("the access token is no header value")
        })?;
    bearer.set_sensitive(true);
    http::Request::get(endpoint.as_str())
        .header(ACCEPT, "application/json")
        .header(AUTHORIZATION, bearer)
        .body(Bytes::new())
        .map_err(|_| Error::new(ErrorCode::MetadataInvalid).detail("userinfo_endpoint is no URL"))
}

/// Reads the answer: a JSON object about the ID token's subject, or it is not used (Core §5.3.2, §5.3.4).
///
/// # Errors
/// `UserinfoSubjectMismatch` for an answer about somebody else, which a substituted access token would bring;
/// `UserinfoInvalid` for everything that cannot be read.
pub(crate) fn response(response: &http::Response<Bytes>, subject: &str) -> Result<Map<String, Value>, Error> {
    let invalid = |detail: String| Error::new(ErrorCode::UserinfoInvalid).detail(detail);
    super::expect_json(response).map_err(invalid)?;
    let claims: Map<String, Value> =
        serde_json::from_slice(response.body()).map_err(|_| invalid("no JSON object".to_owned()))?;
    match claims.get("sub") {
        Some(Value::String(sub)) if sub == subject => Ok(claims),
        Some(Value::String(_)) => Err(Error::new(ErrorCode::UserinfoSubjectMismatch)),
        _ => Err(invalid("sub is missing or no string".to_owned())),
    }
}

/// Adds what userinfo says to what the ID token says.
///
/// The ID token is signed and was meant for us: where both speak, it is right. Whether an address was verified goes
/// with the address, never with another one: `email_verified` of userinfo is left out where the ID token has an
/// `email`.
pub(crate) fn merge(claims: &mut Map<String, Value>, more: Map<String, Value>) {
    const TOGETHER: [(&str, &str); 2] =
        [("email", "email_verified"), ("phone_number", "phone_number_verified")];
    let known: Vec<&str> = TOGETHER
        .iter()
        .filter(|(what, _)| claims.contains_key(*what))
        .map(|(_, verified)| *verified)
        .collect();
    for (name, value) in more {
        if !known.contains(&name.as_str()) {
            claims.entry(name).or_insert(value);
        }
    }
}

/// Whether the granted scopes promise claims that the ID token does not hold (OpenID Connect Core §5.4): a name for
/// `profile`, an address for `email`. It is what `Userinfo::Auto` goes by.
pub(crate) fn is_promised(scope: &str, claims: &Map<String, Value>) -> bool {
    let missing = |name: &str, claim: &str| {
        scope.split_ascii_whitespace().any(|granted| granted == name) && !claims.contains_key(claim)
    };
    missing("profile", "name") || missing("email", "email")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_address_is_not_verified_by_what_is_said_of_another() {
        let Value::Object(mut claims) = json!({ "email": "old@example.test" }) else { panic!() };
        let Value::Object(more) =
            json!({ "email": "new@example.test", "email_verified": true, "name": "Ada" })
        else {
            panic!()
        };
        merge(&mut claims, more);
        assert_eq!(Value::Object(claims), json!({ "email": "old@example.test", "name": "Ada" }));
    }
}
