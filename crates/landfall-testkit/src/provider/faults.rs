//! [`Fault`]: what a provider can do wrong, on demand.

use std::fmt;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use landfall::HttpErrorKind;
use serde_json::{Map, Value};

use super::jwt::IdToken;
use super::lock;

/// The provider's endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// `/oauth2/authorize`
    Authorize,
    /// `/oauth2/device_authorization`
    DeviceAuthorization,
    /// `/.well-known/openid-configuration`
    Discovery,
    /// `/.well-known/jwks.json`
    Jwks,
    /// `/oauth2/logout`
    Logout,
    /// `/oauth2/revoke`
    Revoke,
    /// `/oauth2/token`
    Token,
    /// `/oauth2/userinfo`
    Userinfo,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 8] = [
        Self::Authorize,
        Self::DeviceAuthorization,
        Self::Discovery,
        Self::Jwks,
        Self::Logout,
        Self::Revoke,
        Self::Token,
        Self::Userinfo,
    ];

    /// Where it is, below the issuer.
    pub fn path(self) -> &'static str {
        match self {
            Self::Authorize => "/oauth2/authorize",
            Self::DeviceAuthorization => "/oauth2/device_authorization",
            Self::Discovery => "/.well-known/openid-configuration",
            Self::Jwks => "/.well-known/jwks.json",
            Self::Logout => "/oauth2/logout",
            Self::Revoke => "/oauth2/revoke",
            Self::Token => "/oauth2/token",
            Self::Userinfo => "/oauth2/userinfo",
        }
    }
}

/// An answer of your own making.
///
/// From the token endpoint, `$AT`, `$IDT` and `$RT` in the body stand for the access token, the ID token and
/// the refresh token of a real answer; with one of them in it, the request is really processed first.
#[derive(Clone, Debug)]
pub struct RawResponse {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl RawResponse {
    /// An answer with this status and body and no headers.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// An answer with this status and a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, body.to_string()).header("content-type", "application/json")
    }

    /// Adds a header. One that HTTP cannot express is left out.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn wants_tokens(&self) -> bool {
        let text = String::from_utf8_lossy(&self.body);
        ["$AT", "$IDT", "$RT"].iter().any(|mark| text.contains(mark))
    }

    /// This answer, with the marks replaced by members of `real`.
    pub(crate) fn with_tokens(&self, real: &Map<String, Value>) -> Self {
        let body = match std::str::from_utf8(&self.body) {
            Ok(text) => put_tokens(text, real).into_bytes(),
            Err(_) => self.body.clone(),
        };
        Self { body, ..self.clone() }
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) =
                (name.parse::<http::HeaderName>(), http::HeaderValue::from_maybe_shared(Bytes::from(value)))
            {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

pub(crate) fn put_tokens(text: &str, real: &Map<String, Value>) -> String {
    let member = |name: &str| real.get(name).and_then(Value::as_str).unwrap_or_default();
    // `$IDT` first is not needed: no mark is the beginning of another one.
    text.replace("$AT", member("access_token"))
        .replace("$IDT", member("id_token"))
        .replace("$RT", member("refresh_token"))
}

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

/// Marks a response that must not be sent: the transport turns it into silence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence(pub(crate) HttpErrorKind);

pub(crate) fn no_answer(kind: HttpErrorKind) -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(Silence(kind));
    response
}

/// The faults that wait for their moment, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<(Fault, bool)>>);

impl Faults {
    pub(crate) fn add(&self, fault: Fault, once: bool) {
        lock(&self.0).push((fault, once));
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        lock(&self.0).iter().map(|(fault, _)| fault.clone()).collect()
    }

    /// The first fault `pick` finds something in; used up if it was for one time.
    pub(crate) fn first<T>(&self, pick: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let mut all = lock(&self.0);
        let (at, found) = all.iter().enumerate().find_map(|(at, (fault, _))| Some((at, pick(fault)?)))?;
        if all.get(at).is_some_and(|(_, once)| *once) {
            all.remove(at);
        }
        Some(found)
    }

    /// Everything `pick` finds something in, each used up if it was for one time.
    pub(crate) fn every<T>(&self, pick: impl Fn(&Fault) -> Option<T>) -> Vec<T> {
        let mut found = Vec::new();
        lock(&self.0).retain(|(fault, once)| match pick(fault) {
            Some(value) => {
                found.push(value);
                !once
            }
            None => true,
        });
        found
    }
}
