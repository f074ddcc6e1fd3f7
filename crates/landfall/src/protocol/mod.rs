//! The protocol, pure: values, bytes and time in; a request, a parsed value or an Error out.

pub(crate) mod access_token;
pub(crate) mod algorithm;
pub(crate) mod auth_level;
pub(crate) mod authn_request;
pub(crate) mod authorization_response;
pub(crate) mod authorize;
mod claims;
pub(crate) mod client_auth;
#[cfg(feature = "native")]
pub(crate) mod device;
pub(crate) mod discovery;
pub(crate) mod end_session;
mod form;
pub(crate) mod id_token;
pub(crate) mod json;
pub(crate) mod jwks;
pub(crate) mod jws;
pub(crate) mod logout_token;
pub(crate) mod revocation;
pub(crate) mod token;
pub(crate) mod token_rules;
pub(crate) mod userinfo;
pub(crate) mod webhook;

#[cfg(test)]
mod test_keys;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};

use crate::error::{Error, ErrorCode};
use crate::web::form::essence;

/// A GET for JSON.
pub(crate) fn get(url: &str) -> Result<http::Request<Bytes>, Error> {
    http::Request::get(url)
        .header(ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|_| Error::new(ErrorCode::Misconfigured).detail("the issuer is no URL"))
}

/// Status 200 and a JSON media type, or what there is instead. A redirect is an answer like any other here:
/// not the right one.
pub(crate) fn expect_json(response: &http::Response<Bytes>) -> Result<(), String> {
    if response.status() != http::StatusCode::OK {
        return Err(format!("status {}", response.status().as_u16()));
    }
    if !is_json(response) {
        return Err("the media type is not JSON".to_owned());
    }
    Ok(())
}

fn is_json(response: &http::Response<Bytes>) -> bool {
    let media_type =
        response.headers().get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    let essence = essence(media_type);
    essence.eq_ignore_ascii_case(b"application/json")
        || (essence.len() > 5
            && essence.to_ascii_lowercase().starts_with(b"application/")
            && essence.to_ascii_lowercase().ends_with(b"+json"))
}
