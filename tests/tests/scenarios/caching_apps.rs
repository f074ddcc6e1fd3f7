//! One application, on either framework, whose pages say this and that to caches, behind a middleware that looks who is
//! there and hands on what pages may show.

use std::net::SocketAddr;

use landfall::RelyingParty;
use landfall_tests::Framework;

/// How a page comes to know who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// It does not.
    Nothing,
    /// It asks the visit.
    Looks,
    /// It looks at what the middleware handed on.
    Greets,
    /// It needs somebody.
    Needs,
    /// It stands behind a guard, and knows by a way that leaves no mark.
    Guarded,
    /// It stands behind a guard that lets shared caches keep it, and shows nobody.
    Shared,
    /// The same, and needs somebody.
    SharedNeeds,
    /// The same as `Guarded`, inside a guard that lets shared caches keep it.
    SharedOutside,
    /// It shows what belongs into a log.
    Log,
}

/// A page: its path, how it asks, its status, and what it says to caches.
pub(crate) type Row = (&'static str, Asks, u16, &'static [(&'static str, &'static str)]);

const FAR_AWAY: &str = "Thu, 01 Jan 2037 00:00:00 GMT";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// All of them.
pub(crate) const PAGES: &[Row] = &[
    ("/style.css", Asks::Nothing, 200, &[("cache-control", "public, max-age=3600")]),
    ("/logo.svg", Asks::Nothing, 200, &[]),
    ("/", Asks::Looks, 200, &[]),
    ("/last-modified", Asks::Looks, 200, &[("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT")]),
    ("/expires", Asks::Looks, 200, &[("expires", FAR_AWAY)]),
    ("/etag", Asks::Looks, 200, &[("etag", "\"1\""), ("cache-control", "no-cache")]),
    ("/varies", Asks::Looks, 200, &[("vary", "accept"), ("cache-control", "max-age=600")]),
    ("/how-long", Asks::Looks, 200, &[("cache-control", "max-age=600")]),
    ("/s-maxage", Asks::Looks, 200, &[("cache-control", "s-maxage=600")]),
    ("/looks/cdn", Asks::Looks, 200, &[("cdn-cache-control", "max-age=600")]),
    ("/looks/edge", Asks::Looks, 200, &[("x-accel-expires", "600"), ("cache-control", "max-age=5")]),
    ("/understood", Asks::Looks, 200, &[("cache-control", "must-understand, no-store, max-age=600")]),
    ("/half-private", Asks::Looks, 200, &[("cache-control", "private=\"set-cookie\", max-age=600")]),
    ("/missing", Asks::Looks, 404, &[]),
    ("/gone", Asks::Looks, 410, &[]),
    ("/moved", Asks::Looks, 301, &[("location", "/")]),
    ("/broken", Asks::Looks, 500, &[("cache-control", "max-age=600")]),
    ("/greets", Asks::Greets, 200, &[]),
    ("/greets/public", Asks::Greets, 200, &[("cache-control", "public, max-age=600")]),
    ("/greets/cdn", Asks::Greets, 200, &[("cdn-cache-control", "max-age=600")]),
    ("/needs", Asks::Needs, 200, &[]),
    ("/needs/public", Asks::Needs, 200, &[("cache-control", "public, max-age=600")]),
    ("/guarded", Asks::Guarded, 200, &[]),
    ("/guarded/how-long", Asks::Guarded, 200, &[("cache-control", "max-age=600")]),
    ("/guarded/public", Asks::Guarded, 200, &[("cache-control", "public, max-age=600")]),
    ("/guarded/public-alone", Asks::Guarded, 200, &[("cache-control", "public"), ("expires", FAR_AWAY)]),
    ("/guarded/immutable", Asks::Guarded, 200, &[("cache-control", IMMUTABLE)]),
    ("/guarded/s-maxage", Asks::Guarded, 200, &[("cache-control", "s-maxage=600, max-age=5")]),
    ("/guarded/both", Asks::Guarded, 200, &[("cache-control", "private"), ("cache-control", "public")]),
    ("/guarded/no-store", Asks::Guarded, 200, &[("cache-control", "no-store")]),
    ("/guarded/private", Asks::Guarded, 200, &[("cache-control", "private, max-age=600")]),
    ("/guarded/quoted", Asks::Guarded, 200, &[("cache-control", "max-age=600, ext=\"a, private, b\"")]),
    ("/guarded/cdn", Asks::Guarded, 200, &[("cdn-cache-control", "max-age=600")]),
    ("/guarded/cdn-private", Asks::Guarded, 200, &[("cdn-cache-control", "private")]),
    ("/guarded/surrogate", Asks::Guarded, 200, &[("surrogate-control", "max-age=600")]),
    ("/guarded/missing", Asks::Guarded, 404, &[("cache-control", "public, max-age=600")]),
    ("/shared", Asks::Shared, 200, &[("cache-control", "public, max-age=600")]),
    (
        "/shared/cdn",
        Asks::Shared,
        200,
        &[("cdn-cache-control", "max-age=600"), ("cache-control", "no-store")],
    ),
    ("/shared/untold", Asks::Shared, 200, &[]),
    ("/shared/needs", Asks::SharedNeeds, 200, &[("cache-control", "public, max-age=600")]),
    ("/shared/outside", Asks::SharedOutside, 200, &[("cache-control", "public, max-age=600")]),
    ("/told/{where}", Asks::Guarded, 200, &[("cache-control", "public, max-age=600")]),
    ("/log", Asks::Log, 200, &[]),
];

/// What stands on such a page.
fn text(who: &str) -> String {
    format!("page of {who}")
}

/// Who is there, to be shown.
fn name(user: Option<&landfall::SignedIn>) -> String {
    user.map_or("nobody", landfall::SignedIn::subject).to_owned()
}

/// Who is there, by a way that leaves no mark: as an application may know it that keeps a table of its own.
fn unmarked(visit: &landfall::Visit) -> String {
    let mut who = String::new();
    drop(visit.with(|user| who = name(user)));
    who
}

/// What belongs into a log line.
fn logged(visit: &landfall::Visit) -> String {
    let who = visit.for_log();
    assert_eq!(who.is_somebody(), who.to_string() != "nobody");
    who.to_string()
}

/// Starts it.
pub(crate) async fn serve(framework: Framework, auth: RelyingParty) -> SocketAddr {
    match framework {
        Framework::Axum => axum_app::serve(auth).await,
        Framework::Actix => actix_app::serve(auth).await,
    }
}

mod axum_app {
    use axum::extract::Request;
    use axum::http::{HeaderName, HeaderValue, StatusCode};
    use axum::middleware::{self, Next};
    use axum::response::{IntoResponse, Response};
    use axum::routing::{MethodRouter, get};
    use axum::{Extension, Router};
    use landfall_axum::{AuthLayer, Personal, RequireLogin, SignedIn, Visit};

    use super::{Asks, PAGES, RelyingParty, Row, SocketAddr, logged, name, text, unmarked};

    pub(super) async fn serve(auth: RelyingParty) -> SocketAddr {
        let mut app = Router::new();
        for row in PAGES {
            app = app.route(row.0, page(row));
        }
        let app = app.layer(middleware::from_fn(hand_on)).layer(AuthLayer::new(auth));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    async fn hand_on(visit: Visit, mut request: Request, next: Next) -> Response {
        let greeting = visit.with(|user| name(user.map(|user| &**user)));
        request.extensions_mut().insert(greeting);
        logged(&visit);
        next.run(request).await
    }

    fn page(row: &'static Row) -> MethodRouter {
        let everybody = move || async move { answer(row, "everybody") };
        let knows = move |visit: Visit| async move { answer(row, &unmarked(&visit)) };
        let open = RequireLogin::new().shared_cache();
        match row.1 {
            Asks::Nothing => get(everybody),
            Asks::Looks => {
                get(move |visit: Visit| async move { answer(row, &name(visit.signed_in().as_deref())) })
            }
            Asks::Greets => {
                get(move |Extension(name): Extension<Personal<String>>| async move { answer(row, &name) })
            }
            Asks::Needs => get(move |user: SignedIn| async move { answer(row, &name(Some(&user))) }),
            Asks::Guarded => get(knows).layer(RequireLogin::new()),
            Asks::Shared => get(everybody).layer(open),
            Asks::SharedNeeds => get(move |_: SignedIn| everybody()).layer(open),
            Asks::SharedOutside => {
                let guarded: MethodRouter = get(knows).layer(RequireLogin::new());
                guarded.layer(open)
            }
            Asks::Log => get(move |visit: Visit| async move { answer(row, &logged(&visit)) }),
        }
    }

    fn answer(row: &Row, who: &str) -> Response {
        let mut response = (StatusCode::from_u16(row.2).unwrap(), text(who)).into_response();
        for (name, value) in row.3 {
            response.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        response
    }
}

mod actix_app {
    use std::sync::mpsc;

    use actix_web::body::MessageBody;
    use actix_web::dev::{ServiceRequest, ServiceResponse};
    use actix_web::http::StatusCode;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use actix_web::middleware::{Next, from_fn};
    use actix_web::web::{ReqData, ServiceConfig, get, resource};
    use actix_web::{App, Error, HttpMessage, HttpResponse, HttpServer};
    use landfall_actix::{AuthMiddleware, Personal, RequireLogin, SignedIn, Visit};

    use super::{Asks, PAGES, RelyingParty, Row, SocketAddr, logged, name, text, unmarked};

    pub(super) async fn serve(auth: RelyingParty) -> SocketAddr {
        let (told, address) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let pages = |config: &mut ServiceConfig| PAGES.iter().for_each(|row| page(config, row));
                    App::new().configure(pages).wrap(from_fn(hand_on)).wrap(AuthMiddleware::new(auth.clone()))
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

    async fn hand_on(
        visit: Visit,
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        let greeting = visit.with(|user| name(user.map(|user| &**user)));
        request.extensions_mut().insert(greeting);
        logged(&visit);
        next.call(request).await
    }

    fn page(config: &mut ServiceConfig, row: &'static Row) {
        let page = resource(row.0);
        let everybody = move || async move { answer(row, "everybody") };
        let knows = move |visit: Visit| async move { answer(row, &unmarked(&visit)) };
        let looks = move |visit: Visit| async move { answer(row, &name(visit.signed_in().as_deref())) };
        let greets = move |name: ReqData<Personal<String>>| async move { answer(row, &name) };
        let needs = move |user: SignedIn| async move { answer(row, &name(Some(&user))) };
        let log = move |visit: Visit| async move { answer(row, &logged(&visit)) };
        let open = RequireLogin::new().shared_cache();
        match row.1 {
            Asks::Nothing => config.service(page.route(get().to(everybody))),
            Asks::Looks => config.service(page.route(get().to(looks))),
            Asks::Greets => config.service(page.route(get().to(greets))),
            Asks::Needs => config.service(page.route(get().to(needs))),
            Asks::Guarded => config.service(page.route(get().to(knows)).wrap(RequireLogin::new())),
            Asks::Shared => config.service(page.route(get().to(everybody)).wrap(open)),
            Asks::SharedNeeds => {
                config.service(page.route(get().to(move |_: SignedIn| everybody())).wrap(open))
            }
            Asks::SharedOutside => {
                config.service(page.route(get().to(knows)).wrap(RequireLogin::new()).wrap(open))
            }
            Asks::Log => config.service(page.route(get().to(log))),
        };
    }

    fn answer(row: &Row, who: &str) -> HttpResponse {
        let mut response = HttpResponse::build(StatusCode::from_u16(row.2).unwrap()).body(text(who));
        for (name, value) in row.3 {
            response.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        response
    }
}
