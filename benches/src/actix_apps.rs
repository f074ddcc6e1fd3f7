//! The actix-web applications.

use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, Error};
use landfall::RelyingParty;
use landfall_actix::{AuthMiddleware, RequireLogin, SignedIn, Visit};
use std::future::{Ready, ready};

use crate::subject::{Cookies, HEADERS, Runner, Subject, TARGET};

struct Running<S> {
    runner: Runner,
    service: S,
    cookies: Cookies,
    requests: Vec<Request>,
}

/// A started application, and the cookies that its requests carry.
pub fn subject<S, B>(runner: &Runner, service: S, cookies: Cookies) -> Box<dyn Subject>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    Box::new(Running { runner: runner.clone(), service, cookies, requests: Vec::new() })
}

/// Starts an application.
pub fn start<T, B>(
    runner: &Runner,
    app: App<T>,
) -> impl Service<Request, Response = ServiceResponse<B>, Error = Error> + 'static
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
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    fn prepare(&mut self, count: usize) {
        self.requests.clear();
        self.requests.extend((0..count).map(|_| request(TARGET, &(self.cookies)())));
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

/// A person opens a page.
pub fn request(target: &str, cookies: &str) -> Request {
    let mut request = TestRequest::with_uri(target);
    for header in HEADERS {
        request = request.insert_header(header);
    }
    request.insert_header(("cookie", cookies)).to_request()
}

fn bare_page(config: &mut ServiceConfig) {
    config.route("/dashboard", web::get().to(async || "Ada Lovelace".to_owned()));
}

/// Nothing but the framework.
pub fn bare(runner: &Runner, cookies: Cookies) -> Box<dyn Subject> {
    subject(runner, start(runner, App::new().configure(bare_page)), cookies)
}

/// A middleware that does nothing: what `wrap` costs by itself.
pub fn empty_layer(runner: &Runner, cookies: Cookies) -> Box<dyn Subject> {
    subject(runner, start(runner, App::new().configure(bare_page).wrap(Nothing)), cookies)
}

/// The handler asks who is there.
pub fn visit(runner: &Runner, auth: RelyingParty, cookies: Cookies) -> Box<dyn Subject> {
    let app = App::new().route("/dashboard", web::get().to(greet)).wrap(AuthMiddleware::new(auth));
    subject(runner, start(runner, app), cookies)
}

/// The handler needs somebody.
pub fn signed_in(runner: &Runner, auth: RelyingParty, cookies: Cookies) -> Box<dyn Subject> {
    let page = web::get().to(async |user: SignedIn| user.name().unwrap_or_default().to_owned());
    let app = App::new().route("/dashboard", page).wrap(AuthMiddleware::new(auth));
    subject(runner, start(runner, app), cookies)
}

/// The application is guarded.
pub fn require_login(runner: &Runner, auth: RelyingParty, cookies: Cookies) -> Box<dyn Subject> {
    let app = App::new().configure(bare_page).wrap(RequireLogin::new()).wrap(AuthMiddleware::new(auth));
    subject(runner, start(runner, app), cookies)
}

async fn greet(visit: Visit) -> String {
    visit.signed_in().and_then(|user| user.name().map(str::to_owned)).unwrap_or_default()
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
