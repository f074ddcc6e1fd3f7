//! What stands in the place of an answer: one of the test's own making, or none at all.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use landfall::HttpErrorKind;
use serde_json::{Map, Value};

/// An answer of your own making.
///
/// From the token endpoint, `$AT`, `$IDT` and `$RT` in the body stand for the access token, the ID token and
/// the refresh token of a real answer; with one of them in it, the request is really processed first.
#[derive(Clone, Debug)]
pub struct RawResponse {
    pub(super) status: u16,
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

/// The marks of a [`RawResponse`] replaced by members of `real`.
pub(crate) fn put_tokens(text: &str, real: &Map<String, Value>) -> String {
    let member = |name: &str| real.get(name).and_then(Value::as_str).unwrap_or_default();
    // `$IDT` first is not needed: no mark is the beginning of another one.
    text.replace("$AT", member("access_token"))
        .replace("$IDT", member("id_token"))
        .replace("$RT", member("refresh_token"))
}

/// Marks a response that must not be sent: the transport turns it into silence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence(pub(crate) HttpErrorKind);

pub(crate) fn no_answer(kind: HttpErrorKind) -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(Silence(kind));
    response
}
