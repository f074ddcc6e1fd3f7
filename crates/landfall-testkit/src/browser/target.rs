//! Where a request goes when it leaves the browser: TCP on loopback, or a call within the process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::{TokioExecutor, TokioIo};
use landfall::{HttpClient, HttpError};
use tokio::net::TcpStream;

use super::error::BrowserError;
use crate::deadline::{TooLate, within};

/// Nothing on loopback takes longer.
const DEADLINE: Duration = Duration::from_secs(30);
/// Nothing an application answers in a test is larger.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// Where the requests for an origin really go.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Target {
    /// Plain HTTP/1.1 over TCP, whatever the origin's scheme: the host name stands in `Host`.
    Http1(SocketAddr),
    /// Plain HTTP/2 with prior knowledge (RFC 9113 §3.3).
    Http2(SocketAddr),
    /// A call within the process.
    InProcess(Arc<dyn HttpClient>),
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self::Http1(address)
    }
}

impl From<Arc<dyn HttpClient>> for Target {
    fn from(client: Arc<dyn HttpClient>) -> Self {
        Self::InProcess(client)
    }
}

impl Target {
    /// HTTP/2 splits cookies into several lines (RFC 9113 §8.2.3), HTTP/1.1 must not.
    pub(super) fn splits_cookies(&self) -> bool {
        matches!(self, Self::Http2(_))
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BrowserError> {
        let sent = async {
            match self {
                Self::Http1(address) => http1(*address, request).await,
                Self::Http2(address) => http2(*address, request).await,
                Self::InProcess(client) => {
                    client.send(request).await.map_err(|e: HttpError| BrowserError::Client(e))
                }
            }
        };
        within(DEADLINE, sent).await.map_err(|TooLate| BrowserError::TimedOut)?
    }
}

async fn http1(address: SocketAddr, request: Request<Bytes>) -> Result<Response<Bytes>, BrowserError> {
    let io = TokioIo::new(TcpStream::connect(address).await.map_err(BrowserError::Connect)?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
    tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    if let Some(authority) = parts.uri.authority()
        && !parts.headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(HOST, host);
    }
    // A post without a body says so, as browsers do (Fetch §4.6): HTTP/1.0 behind a proxy knows no other way.
    if body.is_empty() && matches!(parts.method, Method::POST | Method::PUT) {
        parts.headers.entry(CONTENT_LENGTH).or_insert(HeaderValue::from_static("0"));
    }
    // The origin form (RFC 9112 §3.2.1).
    let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    parts.uri = path.parse::<Uri>().map_err(http::Error::from)?;
    collect(sender.send_request(Request::from_parts(parts, Full::new(body))).await?).await
}

async fn http2(address: SocketAddr, request: Request<Bytes>) -> Result<Response<Bytes>, BrowserError> {
    let io = TokioIo::new(TcpStream::connect(address).await.map_err(BrowserError::Connect)?);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await?;
    tokio::spawn(connection);
    collect(sender.send_request(request.map(Full::new)).await?).await
}

async fn collect(response: Response<hyper::body::Incoming>) -> Result<Response<Bytes>, BrowserError> {
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => BrowserError::Http(*error),
        Err(_) => BrowserError::TooLarge,
    })?;
    Ok(Response::from_parts(parts, body.to_bytes()))
}
