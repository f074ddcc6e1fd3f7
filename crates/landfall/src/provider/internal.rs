//! A provider that is reached by another address from here than from browsers: in a network of containers, say.
//!
//! It is an [`HttpClient`] around another one, so nothing else knows of the second address. Tokens, `iss` and
//! everything that a browser is sent to keep the issuer's name; only the connection goes elsewhere. Whether plain http
//! is allowed on that way is checked by the builder.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use url::{Origin, Position, Url};

use crate::provider::http_client::{HttpClient, HttpError, HttpErrorKind};

/// Sends what is for the issuer's origin to the internal one; the Host header stays the public one, so that the
/// provider answers as it would outside. What is for another origin is left as it is: metadata may put an endpoint
/// there.
#[derive(Debug)]
pub(crate) struct InternalClient {
    /// The issuer's origin: what is led elsewhere.
    public: Origin,
    /// The issuer's host, and port unless default.
    host: HeaderValue,
    /// Of the internal address, as is the authority.
    scheme: Scheme,
    authority: Authority,
    /// Makes the call.
    client: Arc<dyn HttpClient>,
}

impl InternalClient {
    /// `None` if one of them is no URL with a host.
    pub(crate) fn new(issuer: &Url, internal: &Url, client: Arc<dyn HttpClient>) -> Option<Self> {
        let authority = |url: &Url| url[Position::BeforeHost..Position::AfterPort].to_owned();
        Some(Self {
            public: issuer.origin(),
            host: HeaderValue::from_str(&authority(issuer)).ok()?,
            scheme: internal.scheme().parse().ok()?,
            authority: authority(internal).parse().ok()?,
            client,
        })
    }

    /// Whether it goes to the issuer's origin, whatever its path.
    fn is_for_issuer(&self, uri: &Uri) -> bool {
        Url::parse(&uri.to_string()).is_ok_and(|url| url.origin() == self.public)
    }
}

#[async_trait]
impl HttpClient for InternalClient {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        if self.is_for_issuer(request.uri()) {
            let mut parts = std::mem::take(request.uri_mut()).into_parts();
            parts.scheme = Some(self.scheme.clone());
            parts.authority = Some(self.authority.clone());
            *request.uri_mut() = Uri::from_parts(parts)
                .map_err(|_| HttpError::new(HttpErrorKind::Broken, "the internal address makes no URL"))?;
            request.headers_mut().insert(HOST, self.host.clone());
        }
        self.client.send(request).await
    }
}
