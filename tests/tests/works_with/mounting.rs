//! A layer that is mounted where it does not see its callback is named in the log; one that is mounted rightly is not.
//!
//! Each place has a base URL of its own, by which its lines are told from those of all others.

use std::sync::LazyLock;

use actix_web::{App, HttpServer, web};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use landfall_actix::AuthMiddleware;
use landfall_axum::AuthLayer;
use landfall_tests::traces::Traces;

use crate::drive::Place;
use crate::pages::{on_actix, on_axum};
use crate::stacks::actix_stacks::serve;

/// The line that mends it, on either.
const ON_AXUM: &str = "call `.layer(AuthLayer::new(auth))` on the outermost router, last";
const ON_ACTIX: &str = "call `.wrap(AuthMiddleware::new(auth))` on the `App`";

static LOG: LazyLock<Traces> = LazyLock::new(|| {
    let traces = Traces::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false)
        .with_writer(traces.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    traces
});

/// A place at this host, heard from now on.
fn place(host: &str) -> Place {
    LazyLock::force(&LOG);
    Place::new(&format!("https://{host}"))
}

/// How often the log names the line that mends this place, at this level.
fn told(place: &Place, level: &str) -> usize {
    let callback = format!("callback=\"{}/auth/callback\"", place.bed.base_url());
    let text = LOG.text();
    let lines = text.lines().filter(|line| line.contains(level) && line.contains(&callback));
    lines.filter(|line| line.contains(ON_AXUM) || line.contains(ON_ACTIX)).count()
}

/// The browser comes back to a page that is not there; the log says why when it sets out, and warns when it sets out
/// again.
async fn is_noticed(place: &Place, path: &str) {
    assert_eq!((told(place, "INFO"), told(place, "WARN")), (0, 0));
    let page = place.open(path).await;
    assert_eq!((page.url.path(), page.status.as_u16()), ("/auth/callback", 404));
    assert_eq!((told(place, "INFO"), told(place, "WARN")), (1, 0));
    for _ in 0..3 {
        place.open(path).await;
        assert_eq!((told(place, "INFO"), told(place, "WARN")), (1, 1));
    }
}

/// Everything that people do, and no warning.
async fn is_right(place: &Place) {
    let url = place.url("/dashboard?x=1");
    // Two that have nothing, and one that opens several pages before it signs in.
    for _ in 0..2 {
        assert_eq!(place.stranger().open_without_following(&url).await.unwrap().status, 303);
    }
    for path in ["/dashboard?x=2", "/dashboard?x=3"] {
        let page = place.bed.browser.open_without_following(&place.url(path)).await.unwrap();
        assert_eq!(page.status, 303);
    }
    let page = place.open("/dashboard?x=1").await;
    assert_eq!((page.url.as_str(), page.status.as_u16()), (url.as_str(), 200));
    place.sign_out().await;
    for _ in 0..3 {
        let page = place.bed.browser.open_without_following(&place.url("/dashboard?x=2")).await.unwrap();
        assert_eq!(page.status, 303);
    }
    assert_eq!(told(place, "WARN"), 0);
}

#[tokio::test]
async fn a_fallback_after_the_layer_is_noticed() {
    let place = place("fallback.example");
    let app = on_axum::routes().layer(AuthLayer::new(place.auth()));
    place.serve(app.fallback(async || (StatusCode::NOT_FOUND, "no such page"))).await;
    is_noticed(&place, "/dashboard?x=1").await;
}

#[tokio::test]
async fn a_merge_after_the_layer_is_noticed() {
    let place = place("merge.example");
    let app = on_axum::routes().layer(AuthLayer::new(place.auth()));
    place.serve(app.merge(Router::new().route("/more", get(async || "more")))).await;
    is_noticed(&place, "/dashboard?x=1").await;
}

#[tokio::test]
async fn a_route_layer_is_noticed() {
    let place = place("route-layer.example");
    place.serve(on_axum::routes().route_layer(AuthLayer::new(place.auth()))).await;
    is_noticed(&place, "/dashboard?x=1").await;
}

#[tokio::test]
async fn a_layer_on_a_nested_router_is_noticed() {
    let place = place("nest.example");
    let inner = on_axum::routes().layer(AuthLayer::new(place.auth()));
    place.serve(Router::new().nest("/app", inner)).await;
    is_noticed(&place, "/app/dashboard?x=1").await;
}

#[tokio::test]
async fn a_layer_on_a_nested_service_is_noticed() {
    let place = place("nest-service.example");
    let inner = on_axum::routes().layer(AuthLayer::new(place.auth()));
    place.serve(Router::new().nest_service("/app", inner)).await;
    is_noticed(&place, "/app/dashboard?x=1").await;
}

#[tokio::test]
async fn middleware_on_a_scope_is_noticed_at_the_first_challenge() {
    let place = place("scope.example");
    serve!(place, |auth| {
        let inner = web::scope("/app").configure(on_actix::routes).wrap(AuthMiddleware::new(auth));
        App::new().service(inner)
    });
    is_noticed_at_once(&place, "/app/dashboard?x=1").await;
}

#[tokio::test]
async fn middleware_on_a_resource_is_noticed_at_the_first_challenge() {
    let place = place("resource.example");
    serve!(place, |auth| {
        let page = web::resource("/dashboard").wrap(AuthMiddleware::new(auth)).get(on_actix::page);
        App::new().service(page)
    });
    is_noticed_at_once(&place, "/dashboard?x=1").await;
}

async fn is_noticed_at_once(place: &Place, path: &str) {
    let page = place.open(path).await;
    assert_eq!((page.url.path(), page.status.as_u16()), ("/auth/callback", 404));
    assert_eq!(told(place, "WARN"), 1);
    place.open(path).await;
    assert_eq!(told(place, "WARN"), 1);
}

#[tokio::test]
async fn a_layer_that_comes_last_is_not_warned_of() {
    let place = place("last.example");
    let more = Router::new().route("/more", get(async || "more"));
    let app = on_axum::routes().merge(more).fallback(async || StatusCode::NOT_FOUND);
    place.serve(app.layer(AuthLayer::new(place.auth()))).await;
    is_right(&place).await;
}

#[tokio::test]
async fn a_layer_below_its_base_path_is_not_warned_of() {
    let place = place("below.example/app");
    let inner = on_axum::routes().layer(AuthLayer::new(place.auth()));
    place.serve(Router::new().nest_service("/app", inner)).await;
    is_right(&place).await;
}

#[tokio::test]
async fn middleware_around_the_app_is_not_warned_of() {
    let place = place("app.example");
    serve!(place, |auth| App::new().configure(on_actix::routes).wrap(AuthMiddleware::new(auth)));
    is_right(&place).await;
}

#[tokio::test]
async fn middleware_on_a_scope_with_the_base_path_is_not_warned_of() {
    let place = place("scoped.example/app");
    serve!(place, |auth| {
        let inner = web::scope("/app").configure(on_actix::routes).wrap(AuthMiddleware::new(auth));
        App::new().service(inner)
    });
    is_right(&place).await;
}

/// Such a scope matches our own paths as well.
#[tokio::test]
async fn middleware_on_a_scope_for_every_path_is_not_warned_of() {
    let place = place("every.example");
    serve!(place, |auth| {
        let inner = web::scope("").configure(on_actix::routes).wrap(AuthMiddleware::new(auth));
        App::new().service(inner)
    });
    is_right(&place).await;
}
