//! The axum applications.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use landfall::RelyingParty;
use landfall_axum::{AuthLayer, RequireLogin, SignedIn, Visit};
use tower::{Layer, Service, ServiceExt};

use crate::subject::{Cookies, HEADERS, Runner, Subject, TARGET};

struct App<S> {
    runner: Runner,
    service: S,
    cookies: Cookies,
    requests: Vec<Request<Body>>,
}

/// An application, and the cookies that its requests carry.
pub fn subject<S>(runner: &Runner, service: S, cookies: Cookies) -> Box<dyn Subject>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone + 'static,
{
    Box::new(App { runner: runner.clone(), service, cookies, requests: Vec::new() })
}

impl<S> Subject for App<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone + 'static,
{
    fn prepare(&mut self, count: usize) {
        self.requests.clear();
        self.requests.extend((0..count).map(|_| request(TARGET, &(self.cookies)())));
    }

    fn run(&mut self, count: usize) {
        let (service, requests) = (&self.service, &mut self.requests);
        self.runner.block_on(async {
            for request in requests.drain(..count) {
                let response = service.clone().oneshot(request).await.into_response();
                assert_eq!(response.status(), StatusCode::OK);
            }
        });
    }
}

/// A person opens a page.
pub fn request(target: &str, cookies: &str) -> Request<Body> {
    let mut request = Request::get(target);
    for (name, value) in HEADERS {
        request = request.header(name, value);
    }
    request.header("cookie", cookies).body(Body::empty()).expect("a sound request")
}

fn page(handler: MethodRouter) -> Router {
    Router::new().route("/dashboard", handler)
}

/// Nothing but the framework.
pub fn bare() -> Router {
    page(get(async || "Ada Lovelace".to_owned()))
}

/// Layers that do nothing: what `Router::layer` costs by itself.
pub fn empty_layers(count: usize) -> Router {
    (0..count).fold(bare(), |app, _| app.layer(Nothing))
}

/// `AuthLayer` around the whole router as one service, and a handler that asks who is there.
pub fn around(
    auth: RelyingParty,
) -> impl Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone {
    AuthLayer::new(auth).layer(page(get(greet)))
}

/// The same by `Router::layer`.
pub fn visit(auth: RelyingParty) -> Router {
    page(get(greet)).layer(AuthLayer::new(auth))
}

/// The handler needs somebody.
pub fn signed_in(auth: RelyingParty) -> Router {
    page(get(async |user: SignedIn| user.name().unwrap_or_default().to_owned())).layer(AuthLayer::new(auth))
}

/// The router is guarded.
pub fn require_login(auth: RelyingParty) -> Router {
    bare().layer(RequireLogin::new()).layer(AuthLayer::new(auth))
}

async fn greet(visit: Visit) -> String {
    visit.signed_in().and_then(|user| user.name().map(str::to_owned)).unwrap_or_default()
}

/// A layer that does nothing.
#[derive(Clone)]
struct Nothing;

impl<S> Layer<S> for Nothing {
    type Service = Through<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Through(inner)
    }
}

/// Its service.
#[derive(Clone)]
struct Through<S>(S);

impl<S: Service<Request<Body>>> Service<Request<Body>> for Through<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}
