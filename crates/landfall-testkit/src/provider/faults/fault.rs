//! [`Fault`]: one thing that a provider does wrong, and how it is asked for.

use std::fmt;
use std::sync::Arc;

use axum::response::Response;
use landfall::HttpErrorKind;
use serde_json::{Map, Value};

use super::answer::{RawResponse, no_answer};
use super::endpoint::Endpoint;
use crate::provider::jwt::IdToken;

/// Changes the members of a JSON document.
pub type JsonEdit = Arc<dyn Fn(&mut Map<String, Value>) + Send + Sync>;
/// Changes header and claims of an ID token before it is signed.
pub type IdTokenEdit = Arc<dyn Fn(&mut Map<String, Value>, &mut Map<String, Value>) + Send + Sync>;
/// Makes the whole ID token, from the one that would have been sent.
pub type IdTokenMaker = Arc<dyn Fn(&IdToken) -> String + Send + Sync>;
/// Changes the parameters of an authorization response.
pub type CallbackEdit = Arc<dyn Fn(&mut Vec<(String, String)>) + Send + Sync>;

/// Something the provider does wrong. The constructors are the short way to each.
#[derive(Clone)]
#[non_exhaustive]
pub enum Fault {
    /// The authorization request is answered with this error (RFC 6749 §4.1.2.1).
    AuthorizeError {
        /// The error code, such as `access_denied`.
        error: String,
        /// The `error_description`, if there is to be one.
        description: Option<String>,
    },
    /// The parameters of the authorization response are changed.
    Callback(CallbackEdit),
    /// The ID token's header or claims are changed, and it is signed all the same.
    IdToken(IdTokenEdit),
    /// The JSON answer of discovery, JWKS, token or userinfo is changed.
    Json(Endpoint, JsonEdit),
    /// The request is processed, and its answer lost on the way.
    LostAnswer(Endpoint),
    /// No answer: in process the client gets this kind of error; over TCP the connection is closed, or, for
    /// [`HttpErrorKind::TimedOut`], left open without a word.
    NoAnswer(Endpoint, HttpErrorKind),
    /// The ID token is replaced, signature and all.
    RawIdToken(IdTokenMaker),
    /// The endpoint gives this answer.
    Respond(Endpoint, RawResponse),
}

impl Fault {
    /// The authorization request fails with `error`.
    pub fn authorize_error(error: impl Into<String>) -> Self {
        Self::AuthorizeError { error: error.into(), description: None }
    }

    /// Changes the authorization response.
    pub fn callback(edit: impl Fn(&mut Vec<(String, String)>) + Send + Sync + 'static) -> Self {
        Self::Callback(Arc::new(edit))
    }

    /// Replaces one parameter of the authorization response, or removes it with `None`.
    pub fn callback_parameter(name: &'static str, value: Option<&'static str>) -> Self {
        Self::callback(move |parameters| {
            parameters.retain(|(known, _)| known != name);
            parameters.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        })
    }

    /// Changes header and claims of the ID token before it is signed.
    pub fn id_token(
        edit: impl Fn(&mut Map<String, Value>, &mut Map<String, Value>) + Send + Sync + 'static,
    ) -> Self {
        Self::IdToken(Arc::new(edit))
    }

    /// Replaces one claim of the ID token.
    pub fn id_token_claim(name: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        Self::id_token(move |_, claims| {
            claims.insert(name.to_owned(), value.clone());
        })
    }

    /// Makes the whole ID token.
    pub fn raw_id_token(make: impl Fn(&IdToken) -> String + Send + Sync + 'static) -> Self {
        Self::RawIdToken(Arc::new(make))
    }

    /// Changes the members of a JSON answer. From the token endpoint, string members may use the marks of [`RawResponse`].
    pub fn json(endpoint: Endpoint, edit: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static) -> Self {
        Self::Json(endpoint, Arc::new(edit))
    }

    /// Leaves members out of a JSON answer.
    pub fn omit(endpoint: Endpoint, names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        Self::json(endpoint, move |document| names.iter().for_each(|name| drop(document.remove(name))))
    }

    /// Puts members into a JSON answer, in the place of those it has.
    pub fn replace(endpoint: Endpoint, members: Map<String, Value>) -> Self {
        Self::json(endpoint, move |document| document.extend(members.clone()))
    }

    /// The endpoint never answers.
    pub fn hang(endpoint: Endpoint) -> Self {
        Self::NoAnswer(endpoint, HttpErrorKind::TimedOut)
    }

    /// The connection breaks off after the request was read.
    pub fn disconnect(endpoint: Endpoint) -> Self {
        Self::NoAnswer(endpoint, HttpErrorKind::Broken)
    }

    /// The endpoint does what it was asked, and the connection breaks off before it has said so.
    pub fn lose_answer(endpoint: Endpoint) -> Self {
        Self::LostAnswer(endpoint)
    }

    /// The token endpoint gives this answer.
    pub fn token_response(response: RawResponse) -> Self {
        Self::Respond(Endpoint::Token, response)
    }

    /// What stands in the place of this endpoint's answer, if anything does. One that wants tokens does not:
    /// it needs a real answer first.
    pub(crate) fn instead(&self, at: Endpoint) -> Option<Response> {
        match self {
            Self::NoAnswer(endpoint, kind) if *endpoint == at => Some(no_answer(*kind)),
            Self::Respond(endpoint, raw) if *endpoint == at && !raw.wants_tokens() => {
                Some(raw.clone().into_response())
            }
            _ => None,
        }
    }

    pub(crate) fn loses_answer(&self, at: Endpoint) -> Option<()> {
        matches!(self, Self::LostAnswer(endpoint) if *endpoint == at).then_some(())
    }

    pub(crate) fn edits_json(&self, at: Endpoint) -> Option<JsonEdit> {
        match self {
            Self::Json(endpoint, edit) if *endpoint == at => Some(Arc::clone(edit)),
            _ => None,
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthorizeError { error, .. } => f.debug_tuple("AuthorizeError").field(error).finish(),
            Self::Callback(_) => f.write_str("Callback(..)"),
            Self::IdToken(_) => f.write_str("IdToken(..)"),
            Self::Json(endpoint, _) => write!(f, "Json({endpoint:?}, ..)"),
            Self::LostAnswer(endpoint) => write!(f, "LostAnswer({endpoint:?})"),
            Self::NoAnswer(endpoint, kind) => write!(f, "NoAnswer({endpoint:?}, {kind:?})"),
            Self::RawIdToken(_) => f.write_str("RawIdToken(..)"),
            Self::Respond(endpoint, raw) => write!(f, "Respond({endpoint:?}, {})", raw.status),
        }
    }
}
