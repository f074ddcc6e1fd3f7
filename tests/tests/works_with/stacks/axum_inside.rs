//! Layers between [`AuthLayer`] and the routes: they see the application's answers, and a plain 401 where a sign-in
//! is wanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::error_handling::HandleErrorLayer;
use axum::extract::DefaultBodyLimit;
use axum::http::header::X_FRAME_OPTIONS;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::middleware::from_fn;
use landfall_axum::AuthLayer;
use tower::{Layer, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::drive::stacks;
use crate::pages::on_axum::routes;
use crate::stacks::axum_stacks::{Numbered, PATIENCE, marks, too_slow};

stacks! {
    async fn trace_layer_inside(place) {
        let answers = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&answers);
        let trace = TraceLayer::new_for_http().on_response(move |_: &Response<_>, _: Duration, _: &tracing::Span| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        // In one builder: no router stands between the two.
        let stack = ServiceBuilder::new().layer(AuthLayer::new(place.auth())).layer(trace);
        place.serve(routes().layer(stack)).await;
        place.sign_in_at("/dashboard?x=1").await;
        // Not the callback.
        assert_eq!(answers.load(Ordering::SeqCst), 4);
        place.sign_out().await;
    }

    async fn compression_layer_inside(place) {
        let stack = ServiceBuilder::new().layer(AuthLayer::new(place.auth())).layer(CompressionLayer::new());
        place.serve(routes().layer(stack)).await;
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.script.header("content-encoding"), None, "ours is as long as it is");
        assert!(seen.script.text().contains("login_url"));
        let page = place.script(&place.bed.browser, "/dashboard").await;
        assert_eq!((page.header("content-encoding"), &page.body[..2]), (Some("gzip"), &[0x1f, 0x8b][..]));
        place.sign_out().await;
    }

    async fn catch_panic_layer_inside(place) {
        let stack = ServiceBuilder::new().layer(AuthLayer::new(place.auth())).layer(CatchPanicLayer::new());
        place.serve(routes().layer(stack)).await;
        place.sign_in_at("/dashboard?x=1").await;
        let page = place.open("/panic").await;
        // It was asked who is there, so even this answer is nobody else's.
        assert_eq!((page.status.as_u16(), page.header("cache-control")), (500, Some("private, no-cache")));
        assert!(place.is_signed_in().await);
        place.sign_out().await;
    }

    async fn timeout_layer_inside(place) {
        let timeout = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, PATIENCE);
        let stack = ServiceBuilder::new().layer(AuthLayer::new(place.auth())).layer(timeout);
        place.serve(routes().layer(stack)).await;
        place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(place.open("/never").await.status, 504);
        assert!(place.is_signed_in().await);
        place.sign_out().await;
    }

    async fn request_body_limit_layer_inside(place) {
        let limit = RequestBodyLimitLayer::new(16);
        let stack = ServiceBuilder::new().layer(AuthLayer::new(place.auth())).layer(limit);
        place.serve(routes().layer(stack)).await;
        place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(place.post("/echo", "x".repeat(17)).await.status, 413);
        // Our own paths have limits of their own.
        place.sign_out().await;
    }

    async fn default_body_limit_inside(place) {
        let app = routes().layer(DefaultBodyLimit::max(64)).layer(AuthLayer::new(place.auth()));
        place.serve(app).await;
        place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(place.post("/echo", "x".repeat(65)).await.status, 413);
        place.sign_out().await;
    }

    async fn set_response_header_layer_inside(place) {
        let header = SetResponseHeaderLayer::overriding(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        let stack = ServiceBuilder::new().layer(AuthLayer::new(place.auth())).layer(header);
        place.serve(routes().layer(stack)).await;
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.challenge.header("x-frame-options"), None);
        assert_eq!(seen.page.header("x-frame-options"), Some("DENY"));
        place.sign_out().await;
    }

    async fn normalize_path_layer_inside(place) {
        let app = NormalizePathLayer::trim_trailing_slash().layer(routes());
        place.serve(AuthLayer::new(place.auth()).layer(app)).await;
        // What people come back to is what the browser asked for.
        place.sign_in_at("/dashboard/?x=1").await;
        place.sign_out().await;
    }

    async fn cors_layer_inside(place) {
        let cors = CorsLayer::new().allow_origin(HeaderValue::from_static("https://app.example.com"));
        let stack = ServiceBuilder::new().layer(AuthLayer::new(place.auth())).layer(cors);
        place.serve(routes().layer(stack)).await;
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.page.header("access-control-allow-origin"), Some("https://app.example.com"));
        place.sign_out().await;
    }

    async fn request_id_layers_inside(place) {
        let stack = ServiceBuilder::new()
            .layer(AuthLayer::new(place.auth()))
            .layer(SetRequestIdLayer::x_request_id(Numbered::default()))
            .layer(PropagateRequestIdLayer::x_request_id());
        place.serve(routes().layer(stack)).await;
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.challenge.header("x-request-id"), None);
        assert!(seen.page.header("x-request-id").is_some());
        place.sign_out().await;
    }

    async fn from_fn_inside(place) {
        place.serve(routes().layer(from_fn(marks)).layer(AuthLayer::new(place.auth()))).await;
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.challenge.header("x-marked"), None);
        assert_eq!(seen.page.header("x-marked"), Some("yes"));
        place.sign_out().await;
    }

    async fn handle_error_layer_inside(place) {
        let stack = ServiceBuilder::new()
            .layer(AuthLayer::new(place.auth()))
            .layer(HandleErrorLayer::new(too_slow))
            .timeout(PATIENCE);
        place.serve(routes().layer(stack)).await;
        place.sign_in_at("/dashboard?x=1").await;
        let page = place.open("/never").await;
        assert_eq!((page.status.as_u16(), page.text().as_str()), (503, "too slow"));
        assert!(place.is_signed_in().await);
        place.sign_out().await;
    }
}
