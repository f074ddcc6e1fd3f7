//! What [`RequireLogin`] guards: services, folders, fallbacks, routers and WebSockets.

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use landfall_axum::{AuthLayer, RequireLogin, SignedIn};
use tower::Layer;
use tower_http::services::ServeDir;

use crate::drive::{Place, stacks};
use crate::pages::on_axum::{page, routes};
use crate::websocket::say_hello;

/// A folder with a page for whoever is signed in: nothing but a file, so its text names her.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("report.txt"), "a file for ada and whoever else is signed in").unwrap();
    folder
}

/// Every path is challenged for a stranger.
async fn are_closed(place: &Place, paths: &[&str]) {
    for path in paths {
        let page = place.script(&place.stranger(), path).await;
        assert_eq!(page.status, 401, "{path}");
    }
}

stacks! {
    async fn serve_dir_by_nest_service(place) {
        let folder = folder();
        let files = RequireLogin::new().layer(ServeDir::new(folder.path()));
        place.serve(routes().nest_service("/files", files).layer(AuthLayer::new(place.auth()))).await;
        are_closed(&place, &["/files", "/files/", "/files/report.txt", "/files/no-such-file"]).await;
        let seen = place.sign_in_at("/files/report.txt").await;
        assert_eq!(seen.page.header("content-type"), Some("text/plain"));
        assert_eq!(seen.page.header("content-length"), Some("44"), "the file's size comes through");
        assert_eq!(place.open("/files/no-such-file").await.status, 404);
        place.sign_out().await;
    }

    async fn serve_dir_by_fallback_service(place) {
        let folder = folder();
        let files = RequireLogin::new().layer(ServeDir::new(folder.path()));
        place.serve(routes().fallback_service(files).layer(AuthLayer::new(place.auth()))).await;
        are_closed(&place, &["/report.txt", "/no-such-file"]).await;
        place.sign_in_at("/report.txt").await;
        place.sign_out().await;
    }

    async fn fallback(place) {
        let guarded = Router::new().fallback(page).layer(RequireLogin::new());
        place.serve(routes().fallback_service(guarded).layer(AuthLayer::new(place.auth()))).await;
        are_closed(&place, &["/nowhere", "/no/where"]).await;
        place.sign_in_at("/nowhere?x=1").await;
        place.sign_out().await;
    }

    async fn web_socket_upgrade(place) {
        let socket = Router::new().route("/socket", get(upgrade)).layer(RequireLogin::new());
        place.serve(routes().merge(socket).layer(AuthLayer::new(place.auth()))).await;
        assert_eq!(say_hello(&place, &place.stranger(), "/socket").await, (401, None));
        place.sign_in_at("/dashboard?x=1").await;
        let said = say_hello(&place, &place.bed.browser, "/socket").await;
        assert_eq!(said, (101, Some("hello ada".to_owned())));
        place.sign_out().await;
    }

    async fn nested_router(place) {
        let inner = Router::new()
            .route("/{id}", get(page))
            .fallback(async || (StatusCode::NOT_FOUND, "no such report"))
            .layer(RequireLogin::new());
        place.serve(routes().nest("/reports", inner).layer(AuthLayer::new(place.auth()))).await;
        are_closed(&place, &["/reports/7", "/reports/no/such"]).await;
        place.sign_in_at("/reports/7?x=1").await;
        assert_eq!(place.open("/reports/no/such").await.text(), "no such report");
        place.sign_out().await;
    }

    async fn merged_router(place) {
        let inner = Router::new().route("/reports", get(page)).layer(RequireLogin::new());
        let app = routes().merge(inner).fallback(async || StatusCode::NOT_FOUND);
        place.serve(app.layer(AuthLayer::new(place.auth()))).await;
        are_closed(&place, &["/reports"]).await;
        place.sign_in_at("/reports?x=1").await;
        assert_eq!(place.open("/nowhere").await.status, 404);
        place.sign_out().await;
    }

    async fn method_router(place) {
        let route = get(page).layer(RequireLogin::new());
        place.serve(routes().route("/reports", route).layer(AuthLayer::new(place.auth()))).await;
        are_closed(&place, &["/reports"]).await;
        place.sign_in_at("/reports?x=1").await;
        place.sign_out().await;
    }

    /// The whole application is for whoever is signed in; what signs them in stands around it.
    async fn whole_router(place) {
        place.serve(routes().layer(RequireLogin::new()).layer(AuthLayer::new(place.auth()))).await;
        are_closed(&place, &["/", "/dashboard", "/nowhere"]).await;
        place.sign_in_at("/?x=1").await;
    }
}

async fn upgrade(user: SignedIn, upgrade: WebSocketUpgrade) -> Response {
    let name = user.subject().to_owned();
    upgrade.on_upgrade(async move |mut socket: WebSocket| {
        if let Some(Ok(Message::Text(text))) = socket.recv().await {
            // Whoever hung up meanwhile hears nothing.
            let _ = socket.send(Message::Text(format!("{text} {name}").into())).await;
        }
    })
}
