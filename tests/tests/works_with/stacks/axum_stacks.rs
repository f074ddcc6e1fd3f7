//! Layers around [`AuthLayer`]: they see every answer, ours included.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::X_FRAME_OPTIONS;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::{BoxError, error_handling::HandleErrorLayer};
use landfall_axum::AuthLayer;
use tower::{Layer, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::drive::stacks;
use crate::pages::on_axum::routes;

/// So long nothing here takes that comes to an end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

stacks! {
    async fn trace_layer_around(place) {
        let answers = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&answers);
        let trace = TraceLayer::new_for_http().on_response(move |_: &Response<_>, _: Duration, _: &tracing::Span| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        place.serve(routes().layer(AuthLayer::new(place.auth())).layer(trace)).await;
        place.sign_in_at("/dashboard?x=1").await;
        // The challenge, the script's, the challenge again, the callback, the page: ours among them.
        assert_eq!(answers.load(Ordering::SeqCst), 5);
        place.sign_out().await;
    }

    async fn compression_layer_around(place) {
        place.serve(routes().layer(AuthLayer::new(place.auth())).layer(CompressionLayer::new())).await;
        let seen = place.sign_in_at("/dashboard?x=1").await;
        // The very 401 of ours, and the page.
        assert_eq!(seen.script.header("content-encoding"), Some("gzip"));
        let page = place.script(&place.bed.browser, "/dashboard").await;
        assert_eq!((page.header("content-encoding"), &page.body[..2]), (Some("gzip"), &[0x1f, 0x8b][..]));
        place.sign_out().await;
    }

    async fn catch_panic_layer_around(place) {
        place.serve(routes().layer(AuthLayer::new(place.auth())).layer(CatchPanicLayer::new())).await;
        place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(place.open("/panic").await.status, 500);
        assert!(place.is_signed_in().await);
        place.sign_out().await;
    }

    async fn timeout_layer_around(place) {
        let timeout = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, PATIENCE);
        place.serve(routes().layer(AuthLayer::new(place.auth())).layer(timeout)).await;
        place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(place.open("/never").await.status, 504);
        assert!(place.is_signed_in().await);
        place.sign_out().await;
    }

    async fn request_body_limit_layer_around(place) {
        let app = routes().layer(AuthLayer::new(place.auth())).layer(RequestBodyLimitLayer::new(64));
        place.serve(app).await;
        place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(place.post("/echo", "x".repeat(64)).await.text(), "x".repeat(64));
        assert_eq!(place.post("/echo", "x".repeat(65)).await.status, 413);
        assert_eq!(place.post("/auth/logout", "x".repeat(65)).await.status, 413);
        place.sign_out().await;
    }

    async fn default_body_limit_around(place) {
        let app = routes().layer(AuthLayer::new(place.auth())).layer(DefaultBodyLimit::max(64));
        place.serve(app).await;
        place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(place.post("/echo", "x".repeat(65)).await.status, 413);
        place.sign_out().await;
    }

    async fn set_response_header_layer_around(place) {
        let header = SetResponseHeaderLayer::overriding(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        place.serve(routes().layer(AuthLayer::new(place.auth())).layer(header)).await;
        let seen = place.sign_in_at("/dashboard?x=1").await;
        for page in [&seen.challenge, &seen.script, &seen.page] {
            assert_eq!(page.header("x-frame-options"), Some("DENY"));
        }
        place.sign_out().await;
    }

    async fn normalize_path_layer_around(place) {
        let app = routes().layer(AuthLayer::new(place.auth()));
        place.serve(NormalizePathLayer::trim_trailing_slash().layer(app)).await;
        let page = place.open("/dashboard/?x=1").await;
        // What people come back to is what the layer saw.
        assert_eq!((page.url.as_str(), page.status.as_u16()), (place.url("/dashboard?x=1").as_str(), 200));
        place.sign_out().await;
        place.sign_in_at("/dashboard?x=1").await;
    }

    async fn cors_layer_around(place) {
        let cors = CorsLayer::new().allow_origin(HeaderValue::from_static("https://app.example.com"));
        place.serve(routes().layer(AuthLayer::new(place.auth())).layer(cors)).await;
        let seen = place.sign_in_at("/dashboard?x=1").await;
        for page in [&seen.script, &seen.page] {
            assert_eq!(page.header("access-control-allow-origin"), Some("https://app.example.com"));
        }
        place.sign_out().await;
    }

    async fn request_id_layers_around(place) {
        let app = routes().layer(AuthLayer::new(place.auth())).layer(
            ServiceBuilder::new()
                .layer(SetRequestIdLayer::x_request_id(Numbered::default()))
                .layer(PropagateRequestIdLayer::x_request_id()),
        );
        place.serve(app).await;
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.challenge.header("x-request-id"), Some("1"));
        assert!(seen.page.header("x-request-id").is_some());
        place.sign_out().await;
    }

    async fn from_fn_around(place) {
        place.serve(routes().layer(AuthLayer::new(place.auth())).layer(from_fn(marks))).await;
        let seen = place.sign_in_at("/dashboard?x=1").await;
        for page in [&seen.challenge, &seen.script, &seen.page] {
            assert_eq!(page.header("x-marked"), Some("yes"));
        }
        place.sign_out().await;
    }

    async fn handle_error_layer_around(place) {
        let app = routes().layer(AuthLayer::new(place.auth())).layer(
            ServiceBuilder::new()
                .layer(HandleErrorLayer::new(too_slow))
                .timeout(PATIENCE),
        );
        place.serve(app).await;
        place.sign_in_at("/dashboard?x=1").await;
        let page = place.open("/never").await;
        assert_eq!((page.status.as_u16(), page.text().as_str()), (503, "too slow"));
        assert!(place.is_signed_in().await);
        place.sign_out().await;
    }

    /// All of them at once, with ours in the middle.
    async fn service_builder(place) {
        let stack = ServiceBuilder::new()
            .layer(SetRequestIdLayer::x_request_id(Numbered::default()))
            .layer(HandleErrorLayer::new(too_slow))
            .load_shed()
            .layer(TraceLayer::new_for_http())
            .layer(PropagateRequestIdLayer::x_request_id())
            .layer(CatchPanicLayer::new())
            // Its own body has no default, which the next two ask for.
            .layer(RequestBodyLimitLayer::new(64))
            .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, PATIENCE))
            .layer(CorsLayer::permissive())
            .layer(AuthLayer::new(place.auth()))
            .layer(CompressionLayer::new())
            .layer(SetResponseHeaderLayer::overriding(X_FRAME_OPTIONS, HeaderValue::from_static("DENY")));
        place.serve(routes().layer(stack)).await;
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.challenge.header("x-request-id"), Some("1"));
        // Inside, it is for the application's own answers.
        assert_eq!(seen.challenge.header("x-frame-options"), None);
        assert_eq!(seen.page.header("x-frame-options"), Some("DENY"));
        let page = place.script(&place.bed.browser, "/dashboard").await;
        assert_eq!(page.header("content-encoding"), Some("gzip"));
        assert_eq!(place.open("/panic").await.status, 500);
        assert_eq!(place.open("/never").await.status, 504);
        assert_eq!(place.post("/echo", "x".repeat(65)).await.status, 413);
        assert!(place.is_signed_in().await);
        place.sign_out().await;
    }
}

/// What becomes of an error that no response was made of.
pub(crate) async fn too_slow(_: BoxError) -> (StatusCode, &'static str) {
    (StatusCode::SERVICE_UNAVAILABLE, "too slow")
}

/// Says that it was there.
pub(crate) async fn marks(request: Request, next: Next) -> axum::response::Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert("x-marked", HeaderValue::from_static("yes"));
    response
}

/// Numbers requests.
#[derive(Clone, Default)]
pub(crate) struct Numbered(Arc<AtomicUsize>);

impl MakeRequestId for Numbered {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        Some(RequestId::new(number.to_string().parse().unwrap()))
    }
}
