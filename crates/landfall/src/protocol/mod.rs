//! The protocol, pure: values, bytes and a time go in; a request, a parsed value or an [`Error`] comes out.
//!
//! A room of its own because these are the rules that a reviewer holds against the specifications, and a rule is
//! read and tested best where nothing else happens. No function here is async, sends anything, or asks for the time
//! or for randomness: what is needed of them comes in as an argument (`TokenRules::now`, the nonce, the verifier).
//! `cargo xtask lint` fails where one does. In which order the rules are applied, and what is sent where, is
//! `flow`'s business; which provider it is sent to, `provider`'s.
//!
//! Imports come from the ground alone: `error`, `clock` (for its `Timestamp`), `crypto` (secrets and digests),
//! `address` and `web::form`. Everything above may import from here.
//!
//! What leads to a session, in the order it happens:
//!
//! - [`discovery`]: where the provider's endpoints are, and what it promises.
//! - [`authn_request`]: what a sign-in asks for. [`authorization_request`] makes the URL of it.
//! - [`authorization_response`]: what comes back to the callback.
//! - [`token`]: the code for tokens, and a refresh token for newer ones, with `token_answer` to read what comes.
//!   [`client_auth`] and `form` say who asks.
//! - [`jwks`], [`jws`], [`algorithm`]: keys, signatures, and which of them are allowed.
//! - [`token_rules`], `claims`, [`id_token`]: what a token must say. [`access_token`] and [`userinfo`] add to it.
//! - [`auth_level`]: how strongly somebody was authenticated.
//! - `device`: a sign-in on a device without a browser, for `landfall-native`.
//!
//! What ends one: [`end_session`] and [`revocation`] on the application's side, [`logout_token`] and [`webhook`] on
//! the provider's.
//!
//! [`json`] reads objects for all of them. A new grant or a new kind of token gets a file here, with its tests
//! beside it; a parser of what comes from outside also gets a fuzz target.

pub(crate) mod access_token;
pub(crate) mod algorithm;
pub(crate) mod auth_level;
pub(crate) mod authn_request;
pub(crate) mod authorization_request;
pub(crate) mod authorization_response;
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
pub(crate) mod roles;
pub(crate) mod token;
mod token_answer;
pub(crate) mod token_rules;
pub(crate) mod userinfo;
pub(crate) mod webhook;

#[cfg(test)]
mod test_keys;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};

use crate::error::{Error, ErrorCode};
use crate::web::form::essence;

/// A GET request for JSON, without credentials: provider metadata and key sets are public.
///
/// # Errors
/// `Misconfigured` where `url` is none. Metadata that was read holds checked URLs, so this speaks of the issuer.
pub(crate) fn get(url: &str) -> Result<http::Request<Bytes>, Error> {
    http::Request::get(url)
        .header(ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|_| Error::new(ErrorCode::Misconfigured).detail("the issuer is no URL"))
}

/// Whether this is an answer that a caller may go on to parse: status 200 and a JSON media type.
///
/// A redirect is an answer like any other here, and not the right one: a document fetched from where somebody else
/// pointed would not be the provider's. The media type is asked for because a login page or a captive portal
/// answers 200 as well.
///
/// # Errors
/// What there is instead, in words for the operator. The caller knows which [`ErrorCode`] it means, so it is no
/// `Error` yet.
pub(crate) fn expect_json(response: &http::Response<Bytes>) -> Result<(), String> {
    if response.status() != http::StatusCode::OK {
        return Err(format!("status {}", response.status().as_u16()));
    }
    if !is_json(response) {
        return Err("the media type is not JSON".to_owned());
    }
    Ok(())
}

/// `application/json`, or a type of its family such as `application/jwk-set+json` (RFC 6839 §3.1), in any case and
/// with any parameters.
fn is_json(response: &http::Response<Bytes>) -> bool {
    let media_type =
        response.headers().get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    let essence = essence(media_type);
    essence.eq_ignore_ascii_case(b"application/json")
        || (essence.len() > 5
            && essence.to_ascii_lowercase().starts_with(b"application/")
            && essence.to_ascii_lowercase().ends_with(b"+json"))
}
