//! The stock client: reqwest with rustls, redirects off, no cookies, a deadline and a cap.
//!
//! [`plain`] builds what every client of ours has in common; the token proxy builds its own on it. What this one adds
//! are the bounds of a call to the provider: a slow or endless answer must not hold a sign-in, or fill the memory.
//!
//! Errors name the host and the cause, never the URL: a parameter of it could be a token. [`kind`] sorts them by the
//! one question that matters to callers, whether the request can have been acted on.

use std::error::Error as _;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use crate::error::ConfigError;
use crate::provider::http_client::{HttpClient, HttpError, HttpErrorKind};

/// What bounds a call to the provider.
#[derive(Clone, Debug)]
pub(crate) struct HttpLimits {
    /// For a connection, TLS included.
    pub(crate) connect: Duration,
    /// For the whole call, from connecting to the last byte of the answer.
    pub(crate) total: Duration,
    /// The longest body of an answer, in bytes, after which the call is broken off.
    pub(crate) body: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(15), body: 1024 * 1024 }
    }
}

/// The stock [`HttpClient`].
#[derive(Debug)]
pub(crate) struct ReqwestClient {
    client: reqwest::Client,
    limits: HttpLimits,
}

impl ReqwestClient {
    /// `extra_root` is a PEM file's content, trusted beside the system's roots. With `plain_http`, the provider is
    /// called without TLS: a proxy that the environment names would read secrets, so none is used.
    ///
    /// # Errors
    /// When the file holds no certificate, or the client cannot be built.
    pub(crate) fn new(
        limits: HttpLimits,
        extra_root: Option<&[u8]>,
        plain_http: bool,
    ) -> Result<Self, ConfigError> {
        let mut builder = plain(limits.connect, extra_root)?
            .timeout(limits.total)
            .user_agent(concat!("landfall/", env!("CARGO_PKG_VERSION")));
        if plain_http {
            builder = builder.no_proxy();
        }
        Ok(Self { client: built(builder)?, limits })
    }
}

/// What every client of ours has: it follows nothing, repeats nothing and remembers nothing. A redirect that is
/// followed would carry secrets to whoever it names, and a code that is sent twice is refused.
///
/// # Errors
/// When `extra_root` holds no certificate.
pub(crate) fn plain(
    connect: Duration,
    extra_root: Option<&[u8]>,
) -> Result<reqwest::ClientBuilder, ConfigError> {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        // Whatever else turns HTTP/2 on in an application: there the Host header would say less than the address.
        .http1_only()
        .referer(false)
        .connect_timeout(connect);
    let Some(pem) = extra_root else { return Ok(builder) };
    let bad = || ConfigError::new("ca_file", "holds no certificate", "give a PEM file");
    let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| bad())?;
    if roots.is_empty() {
        return Err(bad());
    }
    Ok(builder.tls_certs_merge(roots))
}

/// Builds it, with an error that says what is usually missing.
///
/// # Errors
/// When there are no root certificates, or TLS cannot be set up.
pub(crate) fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ConfigError> {
    builder.build().map_err(|error| {
        ConfigError::new(
            "http_client",
            format!("the HTTP client could not be built: {error}"),
            "install the system's root certificates (package ca-certificates), or give a client",
        )
    })
}

#[async_trait]
impl HttpClient for ReqwestClient {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let failed = |kind: HttpErrorKind, what: &str| HttpError::new(kind, format!("{host}: {what}"));
        let request = reqwest::Request::try_from(request.map(reqwest::Body::from))
            .map_err(|_| failed(HttpErrorKind::Broken, "the request could not be made"))?;
        let mut response =
            self.client.execute(request).await.map_err(|error| failed(kind(&error), &chain(&error)))?;
        let mut body = BytesMut::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| failed(kind(&error), &chain(&error)))?
        {
            if body.len() + chunk.len() > self.limits.body {
                return Err(failed(HttpErrorKind::TooLarge, "the answer is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = http::Response::new(body.freeze());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

/// Whether the request was sent: only without a connection is it sure that it was not. A connection that takes too long
/// counts as none.
pub(crate) fn kind(error: &reqwest::Error) -> HttpErrorKind {
    if error.is_connect() {
        HttpErrorKind::Unreachable
    } else if error.is_timeout() {
        HttpErrorKind::TimedOut
    } else {
        HttpErrorKind::Broken
    }
}

/// What failed, without the URL, which could carry a parameter.
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let mut out = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        if !out.is_empty() {
            out.push_str(": ");
        }
        out.push_str(&crate::error::printable(&cause.to_string()));
        next = cause.source();
    }
    if out.is_empty() { "no answer".to_owned() } else { out }
}
