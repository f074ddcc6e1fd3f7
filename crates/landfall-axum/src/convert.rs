//! Translation between axum's requests and responses and the core's. It is the only place that knows both worlds.

use std::net::IpAddr;
use std::sync::Arc;

/// What the layers answer with, whatever the body of the service inside: axum's own body, which tells size and
/// trailers of the one within.
///
/// On axum it costs nothing: the router's answers have it already, and it is not put into a box again. A type of our
/// own around the inner one would be put into one for each answer and each layer. Around a service with another body
/// that box is what it takes. Layers that make an answer themselves ask for a body that has a default, as this has.
pub use axum_core::body::Body as ResponseBody;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST, HeaderName, HeaderValue,
    SET_COOKIE, VARY,
};
use http::{Extensions, Request, Response, Version};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use landfall::Visit;
use landfall::adapter::{self, BodyError, CacheControl, Reply, RequestView};

/// What a tower body may fail with.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The application's own way to say where a connection comes from.
pub(crate) type PeerOf = Arc<dyn Fn(&Extensions) -> Option<IpAddr> + Send + Sync>;

/// A request as the core sees it. The body stays out of sight.
pub(crate) struct View<'r, B>(pub(crate) &'r Request<B>, pub(crate) Option<&'r PeerOf>);

impl<B> RequestView for View<'_, B> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn path(&self) -> &str {
        self.0.uri().path()
    }

    fn query(&self) -> Option<&str> {
        self.0.uri().query()
    }

    fn target_authority(&self) -> Option<&str> {
        Some(self.0.uri().authority()?.as_str())
    }

    fn is_absolute_form(&self) -> bool {
        self.0.version() < Version::HTTP_2 && self.0.uri().scheme().is_some()
    }

    fn authority(&self) -> Option<&str> {
        match self.target_authority() {
            Some(authority) => Some(authority),
            None => adapter::host(self.0.headers().get_all(HOST).iter().map(HeaderValue::as_bytes)),
        }
    }

    fn peer(&self) -> Option<IpAddr> {
        self.1.and_then(|peer_of| peer_of(self.0.extensions()))
    }

    fn each_header<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
        for (name, value) in self.0.headers() {
            each(name.as_str(), value.as_bytes());
        }
    }
}

/// A reply as a response.
pub(crate) fn response(reply: Reply) -> Response<ResponseBody> {
    reply.map(ResponseBody::from)
}

/// The headers that go with the body that they are of.
static OF_THE_BODY: [HeaderName; 4] = [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG];

/// What the visitor is told of a failure, in place of its plain answer and with the headers that layers in between have
/// put on that. Where they gave it a body of their own, that is the answer.
pub(crate) fn told(mut plain: Response<ResponseBody>, reply: Reply) -> Response<ResponseBody> {
    if plain.headers().get(CONTENT_TYPE).is_none_or(|value| value != adapter::PROBLEM) {
        return plain;
    }
    let mut told = response(reply);
    let own: Vec<HeaderName> = told.headers().keys().cloned().collect();
    for (name, value) in plain.headers() {
        if !OF_THE_BODY.contains(name) && (name == VARY || !own.contains(name)) {
            told.headers_mut().append(name.clone(), value.clone());
        }
    }
    *told.extensions_mut() = std::mem::take(plain.extensions_mut());
    told
}

/// What stands on nearly every answer to somebody, checked at compile time: see [`CacheControl::Private`].
#[allow(clippy::declare_interior_mutable_const, reason = "a static text, in which nothing changes")]
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Changes the application's response as the visit asks, which is usually not at all.
pub(crate) fn apply_edits<B>(visit: &Visit, response: &mut Response<B>) {
    let status = response.status().as_u16();
    let headers = response.headers_mut();
    let edits = visit.edits(status, |each| {
        for (name, value) in headers.iter() {
            each(name.as_str(), value.as_bytes());
        }
    });
    for name in &edits.removed {
        headers.remove(name);
    }
    match edits.cache_control {
        None => {}
        Some(CacheControl::Private) => _ = headers.insert(CACHE_CONTROL, PRIVATE),
        Some(other) => {
            if let Ok(value) = HeaderValue::from_str(other.as_str()) {
                headers.insert(CACHE_CONTROL, value);
            }
        }
    }
    if let Some(Ok(value)) = edits.clear_site_data.map(HeaderValue::try_from) {
        headers.insert(HeaderName::from_static("clear-site-data"), value);
    }
    for cookie in edits.set_cookies {
        if let Ok(mut value) = HeaderValue::try_from(cookie) {
            value.set_sensitive(true);
            headers.append(SET_COOKIE, value);
        } else {
            tracing::error!("a cookie was dropped: it cannot stand in a header");
        }
    }
}

/// Reads a whole body of at most `limit` bytes.
pub(crate) async fn read_body<B>(body: B, limit: usize) -> Result<Bytes, BodyError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Err(_) => Err(BodyError::Incomplete),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body::Frame;
    use http_body_util::Full;

    use super::*;

    fn authority_of(uri: &str, hosts: &[&str]) -> Option<String> {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let request = request.body(()).unwrap();
        View(&request, None).authority().map(str::to_owned)
    }

    #[test]
    fn the_authority_is_that_of_the_target_else_the_host_header() {
        assert_eq!(authority_of("/a", &["app.example"]).as_deref(), Some("app.example"));
        assert_eq!(authority_of("http://h2.example:8080/a", &["x"]).as_deref(), Some("h2.example:8080"));
        assert_eq!(authority_of("/a", &[]), None);
    }

    #[test]
    fn two_host_headers_name_no_host() {
        assert_eq!(authority_of("/a", &["app.example", "evil.example"]), None);
    }

    #[test]
    fn every_cookie_header_is_seen_in_order() {
        let request = Request::builder().header("cookie", "a=1").header("cookie", "b=2").body(()).unwrap();
        let view = View(&request, None);
        let mut seen = Vec::new();
        view.header_values("cookie", &mut |value| seen.push(value));
        assert_eq!(seen, [b"a=1", b"b=2"]);
    }

    #[test]
    fn path_and_query_are_as_sent() {
        let request = Request::builder().uri("/a%2Fb/?q=%20&q").body(()).unwrap();
        let view = View(&request, None);
        assert_eq!((view.path(), view.query()), ("/a%2Fb/", Some("q=%20&q")));
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_too_large() {
        let body = || Full::new(Bytes::from_static(b"12345"));
        assert_eq!(read_body(body(), 4).await, Err(BodyError::TooLarge));
        assert_eq!(read_body(body(), 5).await, Ok(Bytes::from_static(b"12345")));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_incomplete() {
        assert_eq!(read_body(Broken, 4).await, Err(BodyError::Incomplete));
    }

    struct Broken;

    impl Body for Broken {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
            Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())))
        }
    }
}
