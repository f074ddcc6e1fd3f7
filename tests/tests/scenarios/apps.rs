//! Small applications that are wired otherwise than the one of every world.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, mpsc};

use landfall::{Prompt, RelyingParty, SignInWanted};
use landfall_testkit::TestBed;
use landfall_tests::Framework;

/// Which application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// `/silent` asks for a sign-in without a page at the provider.
    Silent,
    /// `/extract`, `/option`, `/result` and `/guarded` stand without the layer.
    LayerMissing,
    /// `/inner` stands in two layers, `/outer` in one.
    LayerTwice,
    /// Everything is nested under `/app`.
    UnderApp,
}

/// A provider and a browser around one of these applications.
pub(crate) async fn bed(framework: Framework, what: What, base_url: &str) -> TestBed {
    let bed = TestBed::new(base_url).unwrap();
    let auth = bed.relying_party().build().unwrap();
    bed.browser.route(bed.base_url(), serve(framework, what, auth).await).unwrap();
    bed
}

pub(crate) async fn serve(framework: Framework, what: What, auth: RelyingParty) -> SocketAddr {
    match framework {
        Framework::Axum => axum_app::serve(what, auth).await,
        Framework::Actix => actix_app::serve(what, auth).await,
    }
}

/// Says who connects.
pub(crate) type Peer = Arc<dyn Fn() -> Option<IpAddr> + Send + Sync>;

/// An application of no pages that says itself who connects.
pub(crate) async fn serve_for(framework: Framework, auth: RelyingParty, peer: Peer) -> SocketAddr {
    match framework {
        Framework::Axum => axum_app::serve_for(auth, peer).await,
        Framework::Actix => actix_app::serve_for(auth, peer).await,
    }
}

fn silently() -> SignInWanted {
    SignInWanted::new().prompt(Prompt::None)
}

fn some(is_some: bool) -> &'static str {
    if is_some { "some" } else { "none" }
}

mod axum_app {
    use axum::Router;
    use axum::extract::OriginalUri;
    use axum::routing::get;
    use landfall_axum::{AuthLayer, Rejection, RequireLogin, SignedIn, Visit};

    use super::{Peer, RelyingParty, SocketAddr, What};

    pub(super) async fn serve(what: What, auth: RelyingParty) -> SocketAddr {
        serve_router(app(what, auth)).await
    }

    pub(super) async fn serve_for(auth: RelyingParty, peer: Peer) -> SocketAddr {
        serve_router(Router::new().layer(AuthLayer::new(auth).peer_from(move |_| peer()))).await
    }

    async fn serve_router(app: Router) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    fn app(what: What, auth: RelyingParty) -> Router {
        match what {
            What::Silent => Router::new().route("/silent", get(silent)).layer(AuthLayer::new(auth)),
            What::LayerMissing => {
                let guarded =
                    Router::new().route("/guarded", get(async || "inside")).layer(RequireLogin::new());
                Router::new()
                    .route("/extract", get(who))
                    .route("/option", get(async |user: Option<SignedIn>| super::some(user.is_some())))
                    .route("/option-visit", get(async |visit: Option<Visit>| super::some(visit.is_some())))
                    .route("/result", get(result))
                    .merge(guarded)
            }
            What::LayerTwice => {
                let inner =
                    Router::new().route("/inner", get(async || "inside")).layer(AuthLayer::new(auth.clone()));
                Router::new()
                    .route("/outer", get(async || "outside"))
                    .merge(inner)
                    .layer(AuthLayer::new(auth))
            }
            What::UnderApp => {
                let reports = Router::new().route("/{id}", get(page)).layer(RequireLogin::new());
                let app = Router::new().route("/dashboard", get(page)).nest("/reports", reports);
                Router::new()
                    .nest("/app", app)
                    .route("/app/", get(async || "root"))
                    .layer(AuthLayer::new(auth))
            }
        }
    }

    async fn silent(visit: Visit) -> Result<String, Rejection> {
        match visit.signed_in() {
            Some(user) => Ok(format!("hello {}", user.subject())),
            None => Err(super::silently().into()),
        }
    }

    async fn who(user: SignedIn) -> String {
        user.subject().to_owned()
    }

    async fn result(user: Result<SignedIn, Rejection>) -> Result<String, Rejection> {
        Ok(user?.subject().to_owned())
    }

    async fn page(user: SignedIn, OriginalUri(uri): OriginalUri) -> String {
        format!("{} at {uri}", user.subject())
    }
}

mod actix_app {
    use actix_web::middleware::Condition;
    use actix_web::web::{self, ServiceConfig};
    use actix_web::{App, HttpRequest, HttpServer};
    use landfall_actix::{AuthMiddleware, Rejection, RequireLogin, SignedIn, Visit};

    use super::{Arc, Peer, RelyingParty, SocketAddr, What, mpsc};

    pub(super) async fn serve(what: What, auth: RelyingParty) -> SocketAddr {
        let (told, address) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let layer = AuthMiddleware::new(auth.clone());
                    App::new()
                        .configure(|config| routes(config, what, &auth))
                        .wrap(Condition::new(what != What::LayerMissing, layer))
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

    pub(super) async fn serve_for(auth: RelyingParty, peer: Peer) -> SocketAddr {
        let (told, address) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let peer = Arc::clone(&peer);
                    App::new().wrap(AuthMiddleware::new(auth.clone()).peer_from(move |_| peer()))
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

    fn routes(config: &mut ServiceConfig, what: What, auth: &RelyingParty) {
        match what {
            What::Silent => config.route("/silent", web::get().to(silent)),
            What::LayerMissing => config
                .route("/extract", web::get().to(who))
                .route("/option", web::get().to(async |user: Option<SignedIn>| super::some(user.is_some())))
                .route(
                    "/option-visit",
                    web::get().to(async |visit: Option<Visit>| super::some(visit.is_some())),
                )
                .route("/result", web::get().to(result))
                .service(
                    web::resource("/guarded")
                        .wrap(RequireLogin::new())
                        .route(web::get().to(async || "inside")),
                ),
            What::LayerTwice => config.route("/outer", web::get().to(async || "outside")).service(
                web::resource("/inner")
                    .wrap(AuthMiddleware::new(auth.clone()))
                    .route(web::get().to(async || "inside")),
            ),
            What::UnderApp => config.service(
                web::scope("/app")
                    .route("/", web::get().to(async || "root"))
                    .route("/dashboard", web::get().to(page))
                    .service(
                        web::scope("/reports").wrap(RequireLogin::new()).route("/{id}", web::get().to(page)),
                    ),
            ),
        };
    }

    async fn silent(visit: Visit) -> Result<String, Rejection> {
        match visit.signed_in() {
            Some(user) => Ok(format!("hello {}", user.subject())),
            None => Err(super::silently().into()),
        }
    }

    async fn who(user: SignedIn) -> String {
        user.subject().to_owned()
    }

    async fn result(user: Result<SignedIn, Rejection>) -> Result<String, Rejection> {
        Ok(user?.subject().to_owned())
    }

    async fn page(user: SignedIn, request: HttpRequest) -> String {
        format!("{} at {}", user.subject(), request.uri())
    }
}
