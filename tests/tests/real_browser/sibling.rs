//! A backend with an API, and a single-page application beside it: on another origin of the same site.

use std::net::SocketAddr;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::routing::get;
use landfall::RelyingParty;
use landfall_tests::Framework;

/// The page. It does nothing by itself but to complete a sign-in on its callback route.
const PAGE: &str = "<!doctype html><html lang=\"en\"><title>Beside</title><h1>Beside the backend</h1>\
    <script type=\"module\">import { createLandfall } from '/landfall.js';\
    const landfall = createLandfall({ auth: 'APP/auth' });\
    if (location.pathname === '/callback') await landfall.completeSignIn();\
    window.landfall = landfall;</script></html>";

/// Serves the page under every path, with the module that talks to this backend.
pub(crate) async fn page(app: &str, module: String) -> SocketAddr {
    let page = PAGE.replace("APP", app);
    let module = ([(CONTENT_TYPE, "text/javascript")], module);
    let pages =
        Router::new().route("/landfall.js", get(async move || module)).fallback(async move || Html(page));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, pages).await });
    address
}

/// Serves the backend, whose API this origin may call.
pub(crate) async fn backend(framework: Framework, auth: RelyingParty, spa: &str) -> SocketAddr {
    let cors = [
        ("access-control-allow-origin", spa.to_owned()),
        ("access-control-allow-credentials", "true".to_owned()),
        ("access-control-allow-headers", "x-csrf".to_owned()),
    ];
    match framework {
        Framework::Axum => axum_app::serve(auth, cors).await,
        Framework::Actix => actix_app::serve(auth, cors).await,
    }
}

type Cors = [(&'static str, String); 3];

mod axum_app {
    use std::future::ready;

    use axum::Router;
    use axum::middleware::map_response;
    use axum::response::Response;
    use axum::routing::get;
    use landfall_axum::{AuthLayer, SignedIn};

    use super::{Cors, RelyingParty, SocketAddr};

    pub(super) async fn serve(auth: RelyingParty, cors: Cors) -> SocketAddr {
        let add = map_response(move |response: Response| ready((cors.clone(), response)));
        let me = get(async |user: SignedIn| user.subject().to_owned()).options(async || ());
        let app = Router::new().route("/api/me", me.layer(add)).layer(AuthLayer::new(auth));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }
}

mod actix_app {
    use std::sync::mpsc;

    use actix_web::middleware::DefaultHeaders;
    use actix_web::{App, HttpResponse, HttpServer, web};
    use landfall_actix::{AuthMiddleware, SignedIn};

    use super::{Cors, RelyingParty, SocketAddr};

    pub(super) async fn serve(auth: RelyingParty, cors: Cors) -> SocketAddr {
        let (told, address) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || {
                    let add = cors.iter().cloned().fold(DefaultHeaders::new(), DefaultHeaders::add);
                    let me = web::resource("/api/me")
                        .wrap(add)
                        .route(web::get().to(async |user: SignedIn| user.subject().to_owned()))
                        .route(web::method(actix_web::http::Method::OPTIONS).to(HttpResponse::Ok));
                    App::new().service(me).wrap(AuthMiddleware::new(auth.clone()))
                };
                let server =
                    HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
                told.send(server.addrs()[0]).unwrap();
                server.run().await
            })
        });
        tokio::task::spawn_blocking(move || address.recv().unwrap()).await.unwrap()
    }
}
