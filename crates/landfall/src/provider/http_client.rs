//! How the core reaches the provider: one small trait. The stock client behind it is [`super::reqwest`], a feature.
//!
//! The trait speaks `http` and `bytes` only, so that no client's own types, which change as that client likes, stand in
//! the public interface.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

/// Sends one request and brings one answer back. Implement it to route calls to the provider your own way.
///
/// An implementation must not follow redirects (a redirect would carry the client secret and the code to
/// whoever is named in it), must keep no cookies, must not retry, and must bound the time and
/// the size of an answer.
#[async_trait]
pub trait HttpClient: fmt::Debug + Send + Sync + 'static {
    /// Sends `request` once.
    ///
    /// # Errors
    /// See [`HttpErrorKind`]. An answer with any status, a redirect included, is not an error here.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError>;
}

/// What kept an answer from arriving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// No connection: name resolution, TCP or TLS failed. The request was not sent, so it can be made again.
    Unreachable,
    /// No whole answer within the deadline. The request may have been acted on.
    TimedOut,
    /// The answer is larger than the cap (1 MiB by default).
    TooLarge,
    /// The answer broke off or was not HTTP. The request may have been acted on.
    Broken,
}

/// A request to the provider that brought no answer. Holds the host at most, never a body or a header.
#[derive(Debug, thiserror::Error)]
#[error("{kind:?}: {detail}")]
pub struct HttpError {
    kind: HttpErrorKind,
    detail: String,
}

impl HttpError {
    /// `detail` is for the operator: name the host and what failed, never what was sent.
    pub fn new(kind: HttpErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// What happened.
    pub fn kind(&self) -> HttpErrorKind {
        self.kind
    }
}
