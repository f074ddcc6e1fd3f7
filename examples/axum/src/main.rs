//! Landfall on axum: a public page, guarded pages, guarded JSON. Start it with `cargo run -p example-axum`.

use std::error::Error;
use std::net::SocketAddr;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, OriginalUri};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use landfall_axum::{
    self as landfall, AuthLayer, AuthLevel, ErrorCode, Rejection, RequireLogin, SignedIn, Visit,
};
use serde_json::Value;
use tracing_subscriber::EnvFilter;

mod ending;
mod live;
#[path = "../../shared/pages.rs"]
mod pages;
#[path = "../../shared/setup.rs"]
mod setup;
mod spa;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    // The provider lives as long as this function.
    let setup::Setup { auth, listen, provider: _provider } = setup::setup()?;

    let app = setup::single_page().map_or_else(|| Ok(pages()), |place| spa::router(&place, auth.issuer()))?;
    // Whose word on the host counts: `LANDFALL_TRUSTED_PROXIES`.
    let layer = AuthLayer::new(auth.clone())
        .peer_from(|request| Some(request.get::<ConnectInfo<SocketAddr>>()?.0.ip()));
    let app = live::add_to(app).route("/api/me", get(me)).route("/api/echo", post(echo)).layer(layer);
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let listener = tokio::net::TcpListener::bind(listen).await?;

    ending::serve(listener, app, auth).await?;
    Ok(())
}

/// Pages of the server's own.
fn pages() -> Router {
    let guarded = Router::new().fallback(dashboard).layer(RequireLogin::new());
    let vault = Router::new().fallback(more).layer(RequireLogin::new().auth_level(AuthLevel::Aal2));
    let files = Router::new().fallback(more).layer(RequireLogin::new().scope("files:read"));
    let admin = Router::new().fallback(more).layer(RequireLogin::new().role("admin"));
    Router::new()
        .route("/", get(home))
        .nest_service("/dashboard", guarded)
        .nest_service("/vault", vault)
        .nest_service("/files", files)
        .nest_service("/admin", admin)
}

/// Public: anybody may look.
async fn home(visit: Visit) -> impl IntoResponse {
    let switch = visit.login_url_for(&pages::someone_else());
    html(pages::home(visit.signed_in().as_ref(), &visit.login_url(), &switch))
}

/// Guarded, with everything below it, by the layer on its router.
async fn dashboard(user: SignedIn, OriginalUri(uri): OriginalUri) -> impl IntoResponse {
    html(pages::dashboard(&user, uri.path(), uri.query()))
}

/// Guarded by more than a sign-in: a second factor, a scope, a role.
async fn more(user: SignedIn, OriginalUri(uri): OriginalUri) -> impl IntoResponse {
    html(pages::more(&user, uri.path()))
}

/// Guarded by what it asks for. Asking for the access token refreshes it when it is due.
async fn me(user: SignedIn, visit: Visit) -> Result<Json<Value>, Rejection> {
    let expires_in = match visit.access_token().await {
        Ok(token) => Some(token.expires_in()),
        // A session in a cookie keeps no tokens.
        Err(rejection) if rejection.code() == Some(ErrorCode::Misconfigured) => None,
        Err(rejection) => return Err(rejection),
    };
    Ok(Json(pages::me(&user, expires_in)))
}

/// Guarded: a POST from another site does not get here.
async fn echo(_user: SignedIn, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let media_type = pages::echo_type(headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes));
    ([(CONTENT_TYPE, media_type), (X_CONTENT_TYPE_OPTIONS, "nosniff")], body)
}

fn html(page: String) -> impl IntoResponse {
    ([(CONTENT_SECURITY_POLICY, pages::POLICY)], Html(page))
}
