//! A small application that notes what was done in somebody's name: one guarded post with the form that leads to it,
//! one guarded WebSocket.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use landfall::RelyingParty;
use landfall_tests::Framework;

/// The guarded page that a person fills in.
const FORM: &str = "<!doctype html><html lang=\"en\"><title>A deed</title>\
    <form method=\"post\" action=\"/deed?draft=7&amp;x=%25\"><input name=\"title\"><textarea name=\"text\"></textarea>\
    <input type=\"checkbox\" name=\"tag\" value=\"a\" checked><input type=\"checkbox\" name=\"tag\" value=\"b\" checked>\
    <button name=\"do\" value=\"publish &amp; tell\">Publish</button></form><p id=\"told\">Scripts are off.</p><script>told.textContent = 'Scripts are on.'</script></html>";

/// What was done: the bodies of posts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deeds(Arc<Mutex<Vec<String>>>);

impl Deeds {
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn done(&self, body: String) {
        self.0.lock().unwrap().push(body);
    }
}

pub(crate) async fn serve(framework: Framework, auth: RelyingParty, deeds: Deeds) -> SocketAddr {
    match framework {
        Framework::Axum => axum_app::serve(auth, deeds).await,
        Framework::Actix => actix_app::serve(auth, deeds).await,
    }
}

/// The answer to a handshake (RFC 6455 §4.2.2).
fn accept(key: &str) -> String {
    let salted = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, salted.as_bytes()))
}

mod axum_app {
    use axum::Router;
    use axum::http::{HeaderMap, StatusCode};
    use axum::response::{Html, IntoResponse, Redirect};
    use axum::routing::get;
    use landfall_axum::{AuthLayer, SignedIn};

    use super::{Deeds, RelyingParty, SocketAddr};

    pub(super) async fn serve(auth: RelyingParty, deeds: Deeds) -> SocketAddr {
        let (posted, opened) = (deeds.clone(), deeds);
        let app = Router::new()
            .route("/", get(async || Html("home")))
            .route("/private", get(async |user: SignedIn| Html(format!("private to {}", user.subject()))))
            .route(
                "/deed",
                get(async |_user: SignedIn| Html(super::FORM)).post(
                    async move |_user: SignedIn, body: String| {
                        posted.done(body);
                        Redirect::to("/done")
                    },
                ),
            )
            .route("/done", get(async || Html("the deed is done")))
            .route(
                "/socket",
                get(async move |_user: SignedIn, headers: HeaderMap| {
                    opened.done(String::new());
                    let key = headers["sec-websocket-key"].to_str().unwrap();
                    let headers = [
                        ("connection", "upgrade"),
                        ("upgrade", "websocket"),
                        ("sec-websocket-accept", &super::accept(key)),
                    ];
                    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
                }),
            )
            .layer(AuthLayer::new(auth));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }
}

mod actix_app {
    use actix_web::web::{self, Html, Redirect};
    use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
    use landfall_actix::{AuthMiddleware, SignedIn};

    use super::{Deeds, RelyingParty, SocketAddr, mpsc};

    pub(super) async fn serve(auth: RelyingParty, deeds: Deeds) -> SocketAddr {
        let (told, address) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(web::Data::new(deeds.clone()))
                        .route("/", web::get().to(async || Html::new("home")))
                        .route("/private", web::get().to(private))
                        .route("/deed", web::get().to(async |_user: SignedIn| Html::new(super::FORM)))
                        .route("/deed", web::post().to(deed))
                        .route("/done", web::get().to(async || Html::new("the deed is done")))
                        .route("/socket", web::get().to(socket))
                        .wrap(AuthMiddleware::new(auth.clone()))
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

    async fn private(user: SignedIn) -> Html {
        Html::new(format!("private to {}", user.subject()))
    }

    async fn deed(_user: SignedIn, deeds: web::Data<Deeds>, body: String) -> Redirect {
        deeds.done(body);
        Redirect::to("/done").see_other()
    }

    async fn socket(_user: SignedIn, deeds: web::Data<Deeds>, request: HttpRequest) -> HttpResponse {
        deeds.done(String::new());
        let key = request.headers().get("sec-websocket-key").unwrap().to_str().unwrap();
        HttpResponse::SwitchingProtocols()
            .upgrade("websocket")
            .insert_header(("sec-websocket-accept", super::accept(key)))
            .finish()
    }
}
