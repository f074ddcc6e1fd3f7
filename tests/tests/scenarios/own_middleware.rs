//! Middleware of the application's own, inside the layer and around it: it finds the visit by the adapter's own type,
//! asks for a sign-in by `?`, and whoever stands around the layer sees a response.

use std::sync::{Arc, Mutex};

use http::Method;
use landfall_testkit::{Page, TestBed};
use landfall_tests::{BASE_URL, Framework, on_both_frameworks};

use crate::support::at;

/// What the middleware around the layer saw: the path and status of each answer, or `error`.
type Seen = Arc<Mutex<Vec<String>>>;

async fn start(framework: Framework) -> (TestBed, Seen) {
    let (bed, seen) = (TestBed::new(BASE_URL).unwrap(), Seen::default());
    let auth = bed.relying_party().build().unwrap();
    let address = match framework {
        Framework::Axum => axum_app::serve(auth, Arc::clone(&seen)).await,
        Framework::Actix => actix_app::serve(auth, Arc::clone(&seen)).await,
    };
    bed.route(address).unwrap();
    (bed, seen)
}

/// What a script on the application's own page fetches.
async fn fetch(bed: &TestBed, path: &str) -> Page {
    let accept = [("accept", "application/json")];
    bed.browser.fetch(Method::GET, &at(path), &accept, "", BASE_URL).await.unwrap()
}

on_both_frameworks! {
    async fn middleware_of_every_kind_finds_the_visit_and_asks_for_a_sign_in(framework) {
        let (bed, seen) = start(framework).await;
        for path in ["/function", "/service", "/extracted"] {
            let script = fetch(&bed, path).await;
            assert_eq!(script.status, 401, "{path}");
            assert!(script.text().contains("login_url"), "{path}: {}", script.text());
            assert_eq!(bed.browser.open_without_following(&at(path)).await.unwrap().status, 303, "{path}");
            let page = bed.browser.open(&at(&format!("{path}?x=1"))).await.unwrap();
            assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "inside"), "{path}");
            assert_eq!(page.url.as_str(), at(&format!("{path}?x=1")));
            let seen = std::mem::take(&mut *seen.lock().unwrap());
            let expected = [401, 303, 303, 200].map(|status| format!("{path} {status}"));
            assert_eq!(seen, expected);
            bed.browser.forget_cookies();
        }
    }

    async fn middleware_hands_on_what_it_learnt_of_somebody(framework) {
        let (bed, _) = start(framework).await;
        assert_eq!(bed.browser.open(&at("/told")).await.unwrap().text(), "told of nobody");
        bed.browser.open(&at("/function")).await.unwrap();
        assert_eq!(bed.browser.open(&at("/told")).await.unwrap().text(), "told of ada");
    }

    async fn what_no_sign_in_brings_is_a_403_and_what_fails_a_500_as_the_visitor_asked(framework) {
        let (bed, seen) = start(framework).await;
        bed.browser.open(&at("/function")).await.unwrap();
        seen.lock().unwrap().clear();
        for (path, status, code) in [("/role", 403, "forbidden"), ("/failing", 500, "misconfigured")] {
            let page = bed.browser.open(&at(path)).await.unwrap();
            assert_eq!(page.status, status, "{path}");
            assert!(page.header("content-type").unwrap().starts_with("text/html"), "{path}");
            let script = fetch(&bed, path).await;
            assert_eq!(script.status, status, "{path}");
            let problem: serde_json::Value = serde_json::from_str(&script.text()).unwrap();
            assert_eq!(problem["code"], code);
        }
        assert_eq!(*seen.lock().unwrap(), ["/role 403", "/role 403", "/failing 500", "/failing 500"]);
    }

    async fn what_fails_keeps_the_headers_that_middleware_inside_has_put_on_it(framework) {
        let (bed, _) = start(framework).await;
        let page = bed.browser.open(&at("/dressed")).await.unwrap();
        let script = fetch(&bed, "/dressed").await;
        for (answer, kind) in [(page, "text/html"), (script, "application/problem+json")] {
            assert_eq!((answer.status.as_u16(), answer.header("x-inner")), (500, Some("1")), "{kind}");
            assert!(answer.header("set-cookie").unwrap().starts_with("theirs=1"), "{kind}");
            assert!(answer.header("content-type").unwrap().starts_with(kind), "{kind}");
        }
    }

    async fn an_error_that_is_not_ours_stays_as_it_is(framework) {
        let (bed, seen) = start(framework).await;
        let page = bed.browser.open(&at("/theirs")).await.unwrap();
        assert_eq!((page.status.as_u16(), page.text().as_str()), (418, "theirs"));
        let as_seen = if framework == Framework::Axum { "/theirs 418" } else { "error" };
        assert_eq!(*seen.lock().unwrap(), [as_seen]);
    }

    async fn an_error_of_the_applications_with_ours_inside_asks_for_the_sign_in_all_the_same(framework) {
        let (bed, _) = start(framework).await;
        let page = bed.browser.open(&at("/wrapped?x=1")).await.unwrap();
        assert_eq!((page.status.as_u16(), page.url.as_str()), (200, at("/wrapped?x=1").as_str()));
    }
}

mod axum_app {
    use std::net::SocketAddr;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::extract::Request;
    use axum::http::{HeaderValue, StatusCode};
    use axum::middleware::{Next, from_fn, from_fn_with_state, map_request, map_response};
    use axum::response::{IntoResponse, Response};
    use axum::routing::{MethodRouter, get};
    use axum::{Extension, Router, extract::State};
    use landfall_axum::{AuthLayer, Error, ErrorCode, Rejection, RelyingParty, Requirement, SignedIn, Visit};

    use super::Seen;

    pub(super) async fn serve(auth: RelyingParty, seen: Seen) -> SocketAddr {
        let inside = || -> MethodRouter { get(async || "inside") };
        let app = Router::new()
            .route("/function", inside().layer(from_fn(function)))
            .route("/extracted", inside().layer(from_fn(extracted)))
            .route("/service", inside().layer(tower_of(|inner| Service { inner })))
            .route(
                "/told",
                get(async |Extension(Told(who))| format!("told of {who}")).layer(map_request(told)),
            )
            .route("/role", inside().layer(from_fn(role)))
            .route("/failing", inside().layer(from_fn(failing)))
            .route("/theirs", inside().layer(from_fn(theirs)))
            .route("/wrapped", inside().layer(from_fn(wrapped)))
            .route("/dressed", get(broken).layer(map_response(dressed)))
            .layer(AuthLayer::new(auth))
            .layer(from_fn_with_state(seen, look));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    async fn broken() -> Result<String, Rejection> {
        Err(Error::from(ErrorCode::Misconfigured).into())
    }

    async fn dressed(mut response: Response) -> Response {
        response.headers_mut().insert("x-inner", HeaderValue::from_static("1"));
        response.headers_mut().append("set-cookie", HeaderValue::from_static("theirs=1"));
        response
    }

    async fn look(State(seen): State<Seen>, request: Request, next: Next) -> Response {
        let path = request.uri().path().to_owned();
        let response = next.run(request).await;
        if !path.starts_with("/auth/") {
            seen.lock().unwrap().push(format!("{path} {}", response.status().as_u16()));
        }
        response
    }

    fn visit(request: &Request) -> Visit {
        request.extensions().get::<Visit>().cloned().expect("the layer's visit")
    }

    async fn function(request: Request, next: Next) -> Result<Response, Rejection> {
        visit(&request).require()?;
        Ok(next.run(request).await)
    }

    async fn extracted(_user: SignedIn, request: Request, next: Next) -> Response {
        next.run(request).await
    }

    #[derive(Clone)]
    struct Told(String);

    async fn told(mut request: Request) -> Request {
        let who = visit(&request).signed_in().map_or("nobody".to_owned(), |user| user.subject().to_owned());
        request.extensions_mut().insert(Told(who));
        request
    }

    async fn role(request: Request, next: Next) -> Result<Response, Rejection> {
        visit(&request).require_more(&Requirement::new().role("admin"))?;
        Ok(next.run(request).await)
    }

    async fn failing(request: Request, next: Next) -> Result<Response, Rejection> {
        let (visit, user) = (visit(&request), visit(&request).require()?);
        visit.relying_party().sessions().list(&user.subject_id()).await?;
        Ok(next.run(request).await)
    }

    async fn theirs(_: Request, _: Next) -> (StatusCode, &'static str) {
        (StatusCode::IM_A_TEAPOT, "theirs")
    }

    struct Theirs(Rejection);

    impl IntoResponse for Theirs {
        fn into_response(self) -> Response {
            self.0.into_response()
        }
    }

    async fn wrapped(request: Request, next: Next) -> Result<Response, Theirs> {
        visit(&request).require().map_err(Theirs)?;
        Ok(next.run(request).await)
    }

    /// A tower service written by hand.
    #[derive(Clone)]
    struct Service<S> {
        inner: S,
    }

    impl<S> tower::Service<Request> for Service<S>
    where
        S: tower::Service<Request, Response = Response> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Send,
    {
        type Response = Response;
        type Error = S::Error;
        type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
            self.inner.poll_ready(cx)
        }

        fn call(&mut self, request: Request) -> Self::Future {
            match visit(&request).require() {
                Ok(_) => Box::pin(self.inner.call(request)),
                Err(rejection) => Box::pin(std::future::ready(Ok(rejection.into_response()))),
            }
        }
    }

    fn tower_of<S, T>(make: impl Fn(S) -> T + Clone) -> impl tower::Layer<S, Service = T> + Clone {
        tower::layer::layer_fn(make)
    }
}

mod actix_app {
    use std::fmt;
    use std::future::{Ready, ready};
    use std::net::SocketAddr;
    use std::pin::Pin;
    use std::sync::{Arc, mpsc};

    use actix_web::body::MessageBody;
    use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
    use actix_web::middleware::{DefaultHeaders, Next, from_fn};
    use actix_web::web::{self, ReqData, ServiceConfig};
    use actix_web::{App, Error, HttpMessage, HttpResponse, HttpServer, ResponseError, error};
    use landfall_actix::{AuthMiddleware, Rejection, RelyingParty, Requirement, SignedIn, Visit};

    use super::Seen;

    pub(super) async fn serve(auth: RelyingParty, seen: Seen) -> SocketAddr {
        let (told, address) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let seen = Arc::clone(&seen);
                    App::new()
                        .configure(routes)
                        .wrap(AuthMiddleware::new(auth.clone()))
                        .wrap(from_fn(move |request, next| look(Arc::clone(&seen), request, next)))
                })
                .workers(1)
                .disable_signals()
                .bind(("127.0.0.1", 0))
                .unwrap();
                told.send(server.addrs()[0]).unwrap();
                server.run().await
            })
        });
        tokio::task::spawn_blocking(move || address.recv().unwrap()).await.unwrap()
    }

    pub(super) fn routes(config: &mut ServiceConfig) {
        macro_rules! inside {
            ($path:literal, $middleware:expr) => {
                web::resource($path).route(web::get().to(async || "inside")).wrap($middleware)
            };
        }
        let say = async |told: ReqData<Told>| format!("told of {}", told.0);
        config
            .service(inside!("/function", from_fn(function)))
            .service(inside!("/extracted", from_fn(extracted)))
            .service(inside!("/service", Guard))
            .service(web::resource("/told").route(web::get().to(say)).wrap(from_fn(told)))
            .service(inside!("/role", from_fn(role)))
            .service(inside!("/failing", from_fn(failing)))
            .service(inside!("/theirs", from_fn(theirs)))
            .service(inside!("/wrapped", from_fn(wrapped)))
            .service(
                web::resource("/dressed")
                    .route(web::get().to(broken))
                    .wrap(DefaultHeaders::new().add(("x-inner", "1")).add(("set-cookie", "theirs=1"))),
            );
    }

    async fn look(
        seen: Seen,
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        let answer = next.call(request).await;
        let line = match &answer {
            // As an outer middleware reads it: off the response's request.
            Ok(answer) => format!("{} {}", answer.request().path(), answer.status().as_u16()),
            Err(_) => "error".to_owned(),
        };
        if !line.starts_with("/auth/") {
            seen.lock().unwrap().push(line);
        }
        answer
    }

    async fn broken() -> Result<String, Rejection> {
        Err(landfall_actix::Error::from(landfall_actix::ErrorCode::Misconfigured).into())
    }

    fn visit(request: &ServiceRequest) -> Visit {
        request.extensions().get::<Visit>().cloned().expect("the middleware's visit")
    }

    pub(super) async fn function<B: MessageBody>(
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        visit(&request).require()?;
        next.call(request).await
    }

    async fn extracted<B: MessageBody>(
        _user: SignedIn,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        next.call(request).await
    }

    #[derive(Clone)]
    struct Told(String);

    async fn told<B: MessageBody>(
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let who = visit(&request).signed_in().map_or("nobody".to_owned(), |user| user.subject().to_owned());
        request.extensions_mut().insert(Told(who));
        next.call(request).await
    }

    async fn role<B: MessageBody>(
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        visit(&request).require_more(&Requirement::new().role("admin"))?;
        next.call(request).await
    }

    async fn failing<B: MessageBody>(
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let (visit, user) = (visit(&request), visit(&request).require()?);
        visit.relying_party().sessions().list(&user.subject_id()).await.map_err(Rejection::from)?;
        next.call(request).await
    }

    async fn theirs<B: MessageBody>(_: ServiceRequest, _: Next<B>) -> Result<ServiceResponse<B>, Error> {
        Err(error::ErrorImATeapot("theirs"))
    }

    #[derive(Debug)]
    struct Theirs(Rejection);

    impl fmt::Display for Theirs {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("theirs")
        }
    }

    impl ResponseError for Theirs {
        fn error_response(&self) -> HttpResponse {
            self.0.error_response()
        }
    }

    async fn wrapped<B: MessageBody>(
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        visit(&request).require().map_err(Theirs)?;
        next.call(request).await
    }

    /// A middleware written by hand.
    struct Guard;

    impl<S> Transform<S, ServiceRequest> for Guard
    where
        S: Service<ServiceRequest, Error = Error>,
        S::Future: 'static,
        S::Response: 'static,
    {
        type Response = S::Response;
        type Error = Error;
        type Transform = GuardService<S>;
        type InitError = ();
        type Future = Ready<Result<Self::Transform, ()>>;

        fn new_transform(&self, inner: S) -> Self::Future {
            ready(Ok(GuardService { inner }))
        }
    }

    struct GuardService<S> {
        inner: S,
    }

    impl<S> Service<ServiceRequest> for GuardService<S>
    where
        S: Service<ServiceRequest, Error = Error>,
        S::Future: 'static,
        S::Response: 'static,
    {
        type Response = S::Response;
        type Error = Error;
        type Future = Pin<Box<dyn Future<Output = Result<S::Response, Error>>>>;

        forward_ready!(inner);

        fn call(&self, request: ServiceRequest) -> Self::Future {
            match visit(&request).require() {
                Ok(_) => Box::pin(self.inner.call(request)),
                Err(rejection) => Box::pin(ready(Err(rejection.into()))),
            }
        }
    }
}

/// actix-web's own way to test: `call_service` panics at an error, and none comes.
#[actix_web::test]
async fn a_sign_in_wanted_by_an_actix_middleware_is_a_response_for_call_service() {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    let bed = TestBed::new(BASE_URL).unwrap();
    let auth = landfall_actix::AuthMiddleware::new(bed.relying_party().build().unwrap());
    let app = App::new().route("/page", web::get().to(async || "inside"));
    let app = init_service(app.wrap(from_fn(actix_app::function)).wrap(auth)).await;
    let request = TestRequest::with_uri("/page?x=1").insert_header(("host", "app.example.com"));
    let response = call_service(&app, request.to_request()).await;
    assert_eq!(response.status().as_u16(), 401);
    assert_eq!(response.request().uri(), "/page?x=1");
    let request = TestRequest::with_uri("/page?x=1")
        .insert_header(("host", "app.example.com"))
        .insert_header(("sec-fetch-mode", "navigate"))
        .insert_header(("sec-fetch-dest", "document"));
    let response = call_service(&app, request.to_request()).await;
    assert_eq!(response.status().as_u16(), 303);
    assert!(response.headers().get("location").unwrap().to_str().unwrap().starts_with("https://op.example/"));
}
