//! Translation between actix-web's requests and responses and the core's. It is the only place that knows both worlds.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use actix_web::body::{BodyStream, BoxBody, EitherBody, MessageBody, to_bytes_limited};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST, HeaderName, HeaderValue,
    SET_COOKIE, VARY,
};
use actix_web::http::{Method, StatusCode, Uri, Version};
use actix_web::test::TestRequest;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use landfall::adapter::{self, BodyError, CacheControl, Failure, Reply, RequestView};
use landfall::{SignInWanted, Visit};

/// The application's own way to say where a connection comes from.
pub(crate) type PeerOf = Arc<dyn Fn(&HttpRequest) -> Option<IpAddr> + Send + Sync>;

/// A request as the core sees it.
pub(crate) struct View<'r>(pub(crate) &'r ServiceRequest, pub(crate) Option<&'r PeerOf>);

impl RequestView for View<'_> {
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

    // Not `connection_info()`, which believes the Forwarded headers of anybody.
    fn authority(&self) -> Option<&str> {
        match self.target_authority() {
            Some(authority) => Some(authority),
            None => adapter::host(self.0.headers().get_all(HOST).map(HeaderValue::as_bytes)),
        }
    }

    // Of the connection itself: `connection_info()` believes anybody here as well.
    fn peer(&self) -> Option<IpAddr> {
        match self.1 {
            Some(peer_of) => peer_of(self.0.request()),
            None => self.0.peer_addr().map(|address| address.ip()),
        }
    }

    fn each_header<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
        for (name, value) in self.0.headers() {
            each(name.as_str(), value.as_bytes());
        }
    }
}

/// The first line of a request, for a response whose request is gone: what an application's middleware ends by an error,
/// it drops. Its headers would have to be copied for every request, to be needed by hardly any.
pub(crate) struct FirstLine {
    method: Method,
    uri: Uri,
    version: Version,
    peer: Option<SocketAddr>,
}

impl FirstLine {
    pub(crate) fn of(request: &ServiceRequest) -> Self {
        let head = request.head();
        let (method, uri) = (head.method.clone(), head.uri.clone());
        Self { method, uri, version: head.version, peer: head.peer_addr }
    }

    /// A request that says this much. actix-web makes one anew for nobody but its tests.
    pub(crate) fn request(&self) -> HttpRequest {
        let mut request = TestRequest::default().to_srv_request();
        let head = request.head_mut();
        (head.method, head.uri) = (self.method.clone(), self.uri.clone());
        (head.version, head.peer_addr) = (self.version, self.peer);
        request.match_info_mut().get_mut().update(&self.uri);
        request.into_parts().0
    }
}

/// A reply as a response, made anew header by header: actix-web speaks an older `http` crate.
pub(crate) fn response(reply: Reply) -> HttpResponse {
    let (parts, body) = reply.into_parts();
    with_body(&parts, BoxBody::new(body))
}

/// The headers that go with the body that they are of.
static OF_THE_BODY: [HeaderName; 4] = [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG];

/// What the visitor is told of a failure, in place of its plain answer and with the headers that middleware in between
/// has put on that. Where it was given a body of their own, that is the answer.
pub(crate) fn told<B: MessageBody>(
    plain: ServiceResponse<EitherBody<B>>,
    reply: Reply,
) -> ServiceResponse<EitherBody<B>> {
    let is_plain = |value: &HeaderValue| value.as_bytes() == adapter::PROBLEM.as_bytes();
    if !plain.headers().get(CONTENT_TYPE).is_some_and(is_plain) {
        return plain;
    }
    let mut told = response(reply);
    let own: Vec<HeaderName> = told.headers().keys().cloned().collect();
    for (name, value) in plain.headers() {
        if !OF_THE_BODY.contains(name) && (name == VARY || !own.contains(name)) {
            told.headers_mut().append(name.clone(), value.clone());
        }
    }
    plain.into_response(told.map_into_right_body())
}

/// A response with the status, the headers and the wishes of a reply, and a body that is given.
pub(crate) fn with_body(parts: &http::response::Parts, body: BoxBody) -> HttpResponse {
    let status = StatusCode::from_u16(parts.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::with_body(status, body);
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            response.headers_mut().append(name, value);
        }
    }
    if let Some(wanted) = parts.extensions.get::<SignInWanted>() {
        response.extensions_mut().insert(wanted.clone());
    }
    if let Some(failure) = parts.extensions.get::<Failure>() {
        response.extensions_mut().insert(failure.clone());
    }
    response
}

/// What stands on nearly every answer to somebody, checked at compile time: see [`CacheControl::Private`].
#[allow(clippy::declare_interior_mutable_const, reason = "a static text, in which nothing changes")]
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Changes the application's response as the visit asks, which is usually not at all.
pub(crate) fn apply_edits<B>(visit: &Visit, response: &mut HttpResponse<B>) {
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
pub(crate) async fn read_body(payload: Payload, limit: usize) -> Result<Bytes, BodyError> {
    read(BodyStream::new(payload), limit).await
}

async fn read<B: MessageBody>(body: B, limit: usize) -> Result<Bytes, BodyError> {
    match to_bytes_limited(body, limit).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(BodyError::Incomplete),
        Err(_) => Err(BodyError::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority_of(uri: &str, hosts: &[&str]) -> Option<String> {
        let mut request = TestRequest::with_uri(uri);
        for host in hosts {
            request = request.append_header((HOST, *host));
        }
        View(&request.to_srv_request(), None).authority().map(str::to_owned)
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
    fn a_forwarded_host_is_not_believed() {
        let request = TestRequest::with_uri("/a")
            .insert_header((HOST, "app.example"))
            .insert_header(("forwarded", "host=evil.example"))
            .insert_header(("x-forwarded-host", "evil.example"))
            .to_srv_request();
        assert_eq!(View(&request, None).authority(), Some("app.example"));
    }

    #[test]
    fn every_cookie_header_is_seen_in_order() {
        let request = TestRequest::default()
            .append_header(("cookie", "a=1"))
            .append_header(("cookie", "b=2"))
            .to_srv_request();
        let view = View(&request, None);
        let mut seen = Vec::new();
        view.header_values("cookie", &mut |value| seen.push(value));
        assert_eq!(seen, [b"a=1", b"b=2"]);
    }

    #[test]
    fn path_and_query_are_as_sent() {
        let request = TestRequest::with_uri("/a%2Fb/?q=%20&q").to_srv_request();
        let view = View(&request, None);
        assert_eq!((view.path(), view.query()), ("/a%2Fb/", Some("q=%20&q")));
    }

    #[test]
    fn a_first_line_makes_a_request_with_its_method_target_version_and_peer() {
        let peer = "192.0.2.1:4711".parse().unwrap();
        for target in ["/a%2Fb/?q=%20&q", "http://app.example/a?b", "*", "app.example:443"] {
            let request = TestRequest::with_uri(target).method(Method::PATCH).version(Version::HTTP_10);
            let request = request.peer_addr(peer).to_srv_request();
            let again = FirstLine::of(&request).request();
            assert_eq!((again.method(), again.version()), (&Method::PATCH, Version::HTTP_10));
            assert_eq!((again.uri(), again.peer_addr()), (request.uri(), Some(peer)));
            assert_eq!(again.match_info().as_str(), request.match_info().as_str(), "{target}");
        }
    }

    #[test]
    fn a_reply_keeps_status_repeated_headers_and_the_wish() {
        let mut reply = SignInWanted::new().reply();
        for cookie in ["a=1", "b=2"] {
            reply.headers_mut().append(http::header::SET_COOKIE, http::HeaderValue::from_static(cookie));
        }
        let response = response(reply);
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers().get_all(SET_COOKIE).count(), 2);
        assert!(response.extensions().get::<SignInWanted>().is_some());
    }

    #[actix_web::test]
    async fn a_body_over_the_limit_is_too_large() {
        let body = || {
            let (_, payload) = TestRequest::default().set_payload("12345").to_srv_request().into_parts();
            payload
        };
        assert_eq!(read_body(body(), 4).await, Err(BodyError::TooLarge));
        assert_eq!(read_body(body(), 5).await, Ok(Bytes::from_static(b"12345")));
    }
}
