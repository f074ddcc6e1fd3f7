//! A small application whose handlers take every method, behind the layer, with a guard and a token proxy inside.
//!
//! | path | what it is |
//! |---|---|
//! | `/health`, `/health/ready` | asks for nobody |
//! | `/who` | greets whoever is there |
//! | `/public` | the same, and says that any cache may keep it |
//! | `/feed` | an address that must be whole |
//! | `/guarded` | behind `RequireLogin` |
//! | `/mine`, `/claims`, `/token`, `/half-way` | need somebody, by an extractor or half-way |
//! | `/api/…` | the token proxy's; nobody listens there |

use std::net::SocketAddr;
use std::sync::mpsc;

use landfall::{RelyingParty, Visit};
use landfall_tests::Framework;
use serde::Deserialize;

/// What needs somebody, one path for each way to need somebody.
pub(crate) const NEED_SOMEBODY: [&str; 6] =
    ["/guarded", "/mine", "/claims", "/token", "/half-way", "/api/orders"];

/// Serves it until the test is over. `None`: without a provider.
pub(crate) async fn serve(framework: Framework, auth: impl Into<Option<RelyingParty>>) -> SocketAddr {
    let auth = auth.into();
    match framework {
        Framework::Axum => axum_app::serve(auth).await,
        Framework::Actix => actix_app::serve(auth).await,
    }
}

#[derive(Deserialize)]
struct Member {
    sub: String,
}

fn greeting(visit: &Visit) -> String {
    format!(
        "hello {}",
        visit.signed_in().map_or_else(|| "nobody".to_owned(), |user| user.subject().to_owned())
    )
}

fn feed(visit: &Visit) -> String {
    let auth = visit.relying_party();
    let base = visit.base_url().or_else(|| auth.base_urls().next());
    format!("{:?} {}/feed.xml", visit.base_url(), base.unwrap_or("nowhere"))
}

fn proxy() -> landfall::TokenProxy {
    landfall::TokenProxy::new("/api", "http://127.0.0.1:9").unwrap()
}

mod axum_app {
    use axum::Router;
    use axum::extract::ConnectInfo;
    use axum::http::StatusCode;
    use axum::http::header::CACHE_CONTROL;
    use axum::response::IntoResponse;
    use axum::routing::any;
    use landfall_axum::{
        AccessToken, AuthLayer, Claims, Rejection, RequireLogin, SignedIn, TokenProxy, Visit,
    };

    use super::{Member, RelyingParty, SocketAddr};

    pub(super) async fn serve(auth: Option<RelyingParty>) -> SocketAddr {
        let layer = AuthLayer::optional(auth)
            .peer_from(|extensions| Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = app(layer).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    fn app(layer: AuthLayer) -> Router {
        let guarded = Router::new().route("/guarded", any(async || "inside")).layer(RequireLogin::new());
        Router::new()
            .route("/health", any(async || "fine"))
            .route("/health/ready", any(async || "ready"))
            .route("/who", any(async |visit: Visit| super::greeting(&visit)))
            .route("/public", any(public))
            .route("/feed", any(async |visit: Visit| super::feed(&visit)))
            .route("/mine", any(async |user: SignedIn| user.subject().to_owned()))
            .route("/claims", any(async |Claims(member): Claims<Member>| member.sub))
            .route("/token", any(async |_: AccessToken| "a token"))
            .route("/half-way", any(half_way))
            .merge(guarded)
            .fallback(async || StatusCode::NOT_FOUND)
            .layer(TokenProxy::from(super::proxy()))
            .layer(layer)
    }

    async fn public(visit: Visit) -> impl IntoResponse {
        ([(CACHE_CONTROL, "public, max-age=60")], super::greeting(&visit))
    }

    async fn half_way(visit: Visit) -> Result<String, Rejection> {
        Ok(visit.require()?.subject().to_owned())
    }
}

mod actix_app {
    use actix_web::http::header::CACHE_CONTROL;
    use actix_web::web::{self, ServiceConfig};
    use actix_web::{App, HttpServer, Responder};
    use landfall_actix::{
        AccessToken, AuthMiddleware, Claims, Rejection, RequireLogin, SignedIn, TokenProxy, Visit,
    };

    use super::{Member, RelyingParty, SocketAddr, mpsc};

    pub(super) async fn serve(auth: Option<RelyingParty>) -> SocketAddr {
        let (told, address) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .configure(routes)
                        .wrap(TokenProxy::from(super::proxy()))
                        .wrap(AuthMiddleware::optional(auth.clone()))
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

    fn routes(config: &mut ServiceConfig) {
        let guarded = web::resource("/guarded").wrap(RequireLogin::new()).to(async || "inside");
        config
            .route("/health", web::to(async || "fine"))
            .route("/health/ready", web::to(async || "ready"))
            .route("/who", web::to(async |visit: Visit| super::greeting(&visit)))
            .route("/public", web::to(public))
            .route("/feed", web::to(async |visit: Visit| super::feed(&visit)))
            .route("/mine", web::to(async |user: SignedIn| user.subject().to_owned()))
            .route("/claims", web::to(async |Claims(member): Claims<Member>| member.sub))
            .route("/token", web::to(async |_: AccessToken| "a token"))
            .route("/half-way", web::to(half_way))
            .service(guarded);
    }

    async fn public(visit: Visit) -> impl Responder {
        super::greeting(&visit).customize().insert_header((CACHE_CONTROL, "public, max-age=60"))
    }

    async fn half_way(visit: Visit) -> Result<String, Rejection> {
        Ok(visit.require()?.subject().to_owned())
    }
}
