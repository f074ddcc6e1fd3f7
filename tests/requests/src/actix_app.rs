//! The applications on actix-web.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_http::Request as ActixRequest;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::Method;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, Error};
use landfall_actix::{AuthMiddleware, RequireLogin, SignedIn, TokenProxy, Visit};

use crate::paths::{Page, Path};
use crate::relying_party::{self, PROXY};
use crate::request::Request;
use crate::subject::{Cookies, Runner, Subject};

const PAGE: &str = "/dashboard";

/// What `path` says, running.
pub(crate) fn of(path: &Path, runner: &Runner) -> Box<dyn Subject> {
    let (auth, cookies) = relying_party::of(path, runner);
    let middleware = AuthMiddleware::new(auth);
    let middleware = if path.by_proxy { middleware.peer_from(|_| Some(PROXY)) } else { middleware };
    // Each has a type of its own.
    macro_rules! page {
        ($handler:ident $(, $layer:expr)*) => {{
            let app = App::new().route(PAGE, web::method(method(&path.request)).to($handler));
            subject(runner, start(runner, app$(.wrap($layer))*), path.request, cookies)
        }};
    }
    match path.page {
        Page::Bare => page!(bare),
        Page::Nothing(_) => page!(bare, Nothing),
        Page::Open | Page::OpenAround => page!(bare, middleware),
        Page::Visit | Page::VisitAround => page!(greet, middleware),
        Page::SignedIn => page!(name, middleware),
        Page::RequireLogin => page!(bare, RequireLogin::new(), middleware),
        Page::StepUp => {
            let guard = RequireLogin::new().role("staff").scope("email").max_age(Duration::from_secs(3600));
            page!(bare, guard, middleware)
        }
        Page::BesideTokenProxy => {
            let proxy = TokenProxy::new("/api", "https://api.example.com/v1").expect("a sound proxy");
            page!(name, proxy, middleware)
        }
    }
}

/// A page that asks nothing.
pub fn bare_page(config: &mut ServiceConfig) {
    config.route(PAGE, web::get().to(bare));
}

/// A page whose handler needs somebody.
pub fn signed_in_page(config: &mut ServiceConfig) {
    config.route(PAGE, web::get().to(name));
}

async fn bare() -> String {
    "Ada Lovelace".to_owned()
}

async fn greet(visit: Visit) -> String {
    visit.signed_in().and_then(|user| user.name().map(str::to_owned)).unwrap_or_default()
}

async fn name(user: SignedIn) -> String {
    user.name().unwrap_or_default().to_owned()
}

struct Running<S> {
    runner: Runner,
    service: S,
    request: Request<'static>,
    cookies: Cookies,
    requests: Vec<ActixRequest>,
}

/// A started application, what it is asked, and the cookies that come along.
pub fn subject<S, B>(
    runner: &Runner,
    service: S,
    request: Request<'static>,
    cookies: Cookies,
) -> Box<dyn Subject>
where
    S: Service<ActixRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    Box::new(Running { runner: runner.clone(), service, request, cookies, requests: Vec::new() })
}

/// Starts an application.
pub fn start<T, B>(
    runner: &Runner,
    app: App<T>,
) -> impl Service<ActixRequest, Response = ServiceResponse<B>, Error = Error> + 'static
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    runner.block_on(init_service(app))
}

impl<S, B> Subject for Running<S>
where
    S: Service<ActixRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    fn prepare(&mut self, count: usize) {
        self.requests.clear();
        self.requests.extend((0..count).map(|_| request(&self.request, &(self.cookies)())));
    }

    fn run(&mut self, count: usize) {
        let (service, requests) = (&self.service, &mut self.requests);
        self.runner.block_on(async {
            for request in requests.drain(..count) {
                let response = service.call(request).await.expect("an answer");
                assert_eq!(response.status().as_u16(), 200);
            }
        });
    }
}

/// The request with these cookies.
///
/// # Panics
/// For a target or a header that is none.
pub fn request(request: &Request<'_>, cookies: &str) -> ActixRequest {
    let mut built = TestRequest::with_uri(request.target).method(method(request));
    for header in request.headers() {
        built = built.insert_header(header);
    }
    built.insert_header(("cookie", cookies)).to_request()
}

fn method(request: &Request<'_>) -> Method {
    Method::from_bytes(request.method.as_bytes()).expect("a method")
}

/// A middleware that does nothing.
struct Nothing;

impl<S: Service<ServiceRequest>> Transform<S, ServiceRequest> for Nothing {
    type Response = S::Response;
    type Error = S::Error;
    type Transform = Through<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(Through { inner }))
    }
}

/// Its service.
struct Through<S> {
    inner: S,
}

impl<S: Service<ServiceRequest>> Service<ServiceRequest> for Through<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        self.inner.call(request)
    }
}
