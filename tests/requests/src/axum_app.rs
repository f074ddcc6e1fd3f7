//! The applications on axum.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::handler::Handler;
use axum::http;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use landfall::RelyingParty;
use landfall_axum::{AuthLayer, RequireLogin, SignedIn, TokenProxy, Visit};
use tower::{Layer, Service, ServiceExt};

use crate::paths::{Page, Path};
use crate::relying_party::{self, PROXY};
use crate::request::Request;
use crate::subject::{Cookies, Runner, Subject};

/// What `path` says, running.
pub(crate) fn of(path: &Path, runner: &Runner) -> Box<dyn Subject> {
    let (auth, cookies) = relying_party::of(path, runner);
    let layer = AuthLayer::new(auth);
    let layer = if path.by_proxy { layer.peer_from(|_| Some(PROXY)) } else { layer };
    let app = match path.page {
        Page::OpenAround => return subject(runner, layer.layer(bare()), path.request, cookies),
        Page::VisitAround => return subject(runner, layer.layer(page(greet)), path.request, cookies),
        Page::Bare => bare(),
        Page::Nothing(layers) => (0..layers).fold(bare(), |app, _| app.layer(Nothing)),
        Page::Open => bare().layer(layer),
        Page::Visit => page(greet).layer(layer),
        Page::SignedIn => page(name).layer(layer),
        Page::RequireLogin => bare().layer(RequireLogin::new()).layer(layer),
        Page::StepUp => {
            let guard = RequireLogin::new().role("staff").scope("email").max_age(Duration::from_secs(3600));
            bare().layer(guard).layer(layer)
        }
        Page::BesideTokenProxy => {
            let proxy = TokenProxy::new("/api", "https://api.example.com/v1").expect("a sound proxy");
            page(name).layer(proxy).layer(layer)
        }
    };
    subject(runner, app, path.request, cookies)
}

/// Nothing but the framework.
pub fn bare() -> Router {
    page(async || "Ada Lovelace".to_owned())
}

/// A page whose handler needs somebody.
pub fn signed_in(auth: RelyingParty) -> Router {
    page(name).layer(AuthLayer::new(auth))
}

fn page<T: 'static>(handler: impl Handler<T, ()>) -> Router {
    Router::new().route("/dashboard", get(handler.clone()).post(handler))
}

async fn greet(visit: Visit) -> String {
    visit.signed_in().and_then(|user| user.name().map(str::to_owned)).unwrap_or_default()
}

async fn name(user: SignedIn) -> String {
    user.name().unwrap_or_default().to_owned()
}

struct App<S> {
    runner: Runner,
    service: S,
    request: Request<'static>,
    cookies: Cookies,
    requests: Vec<http::Request<Body>>,
}

/// An application, what it is asked, and the cookies that come along.
pub fn subject<S>(
    runner: &Runner,
    service: S,
    request: Request<'static>,
    cookies: Cookies,
) -> Box<dyn Subject>
where
    S: Service<http::Request<Body>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    Box::new(App { runner: runner.clone(), service, request, cookies, requests: Vec::new() })
}

impl<S> Subject for App<S>
where
    S: Service<http::Request<Body>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    fn prepare(&mut self, count: usize) {
        self.requests.clear();
        self.requests.extend((0..count).map(|_| request(&self.request, &(self.cookies)())));
    }

    fn run(&mut self, count: usize) {
        let requests = self.requests.drain(..count);
        let Some(threads) = self.runner.threads() else {
            return self.runner.block_on(answer(self.service.clone(), requests));
        };
        let (service, requests) = (self.service.clone(), requests.collect::<Vec<_>>());
        let served = threads.spawn(async move { answer(service, requests).await });
        threads.block_on(served).expect("it does not panic");
    }

    fn time(&mut self, count: usize) -> Vec<Duration> {
        let (service, requests) = (self.service.clone(), self.requests.drain(..count).collect::<Vec<_>>());
        let served = async move {
            let mut times = Vec::with_capacity(requests.len());
            for request in requests {
                let asked = Instant::now();
                answer(service.clone(), [request]).await;
                times.push(asked.elapsed());
            }
            times
        };
        match self.runner.threads() {
            Some(threads) => threads.block_on(threads.spawn(served)).expect("it does not panic"),
            None => self.runner.block_on(served),
        }
    }
}

/// Has it answer them, one after the other.
async fn answer<S>(service: S, requests: impl IntoIterator<Item = http::Request<Body>>)
where
    S: Service<http::Request<Body>, Response = Response, Error = Infallible> + Clone,
{
    for request in requests {
        let response = service.clone().oneshot(request).await.into_response();
        assert_eq!(response.status(), http::StatusCode::OK);
    }
}

/// The request with these cookies.
///
/// # Panics
/// For a target or a header that is none.
pub fn request(request: &Request<'_>, cookies: &str) -> http::Request<Body> {
    let mut built = http::Request::builder().method(request.method).uri(request.target);
    for (name, value) in request.headers() {
        built = built.header(name, value);
    }
    built.header("cookie", cookies).body(Body::empty()).expect("a sound request")
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

impl<S: Service<http::Request<Body>>> Service<http::Request<Body>> for Through<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}
