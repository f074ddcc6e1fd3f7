//! The single-page example in place of the pages: its build, served beside the API.

use std::error::Error;
use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Redirect, Response};
use axum::routing::get;
use landfall_axum::TokenProxy;
use tower_http::services::{ServeDir, ServeFile};

use crate::setup::SIGNED_OUT;

/// No inline script, and nothing from elsewhere. No `form-action`: browsers apply it to where a form's answer
/// leads as well, and the sign-out leads to the provider.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Below it, what asks the provider, with the access token that the page never has.
const PROVIDER: &str = "/api/provider";

/// Serves what `vite build` left in this folder. Where a development server shows the application, only the API.
pub(crate) fn router(place: &str, issuer: &str) -> Result<Router, Box<dyn Error>> {
    // Only who did not say where to go comes here.
    let app = Router::new().route(SIGNED_OUT, get(async || Redirect::to("/")));
    let app = if place.starts_with("http") { app } else { build(app, place)? };
    Ok(app.layer(TokenProxy::new(PROVIDER, issuer)?))
}

fn build(app: Router, place: &str) -> Result<Router, String> {
    let folder = Path::new(place);
    let index = folder.join("index.html");
    if !index.is_file() {
        return Err(format!(
            "LANDFALL_SPA: {place:?} holds no index.html: run `cargo xtask spa --production`"
        ));
    }
    // Every path that is no file is a route of the application, but for those that never are.
    let files = ServeDir::new(folder).fallback(ServeFile::new(index));
    let nothing = || Router::new().fallback(async || StatusCode::NOT_FOUND);
    Ok(app
        .nest_service("/assets", ServeDir::new(folder.join("assets")))
        .nest_service("/api", nothing())
        .nest_service("/auth", nothing())
        .fallback_service(files)
        .layer(middleware::from_fn(with_headers)))
}

async fn with_headers(request: Request, next: Next) -> Response {
    // Their names change with what is in them.
    let is_hashed = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    let is_there = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let cached = if is_hashed && is_there { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut put =
        |name: HeaderName, value| response.headers_mut().insert(name, HeaderValue::from_static(value));
    put(CACHE_CONTROL, cached);
    put(CONTENT_SECURITY_POLICY, POLICY);
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    // The callback route's address holds a code, for a moment.
    put(REFERRER_POLICY, "strict-origin");
    response
}
