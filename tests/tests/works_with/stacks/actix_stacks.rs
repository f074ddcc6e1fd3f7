//! Middleware around [`AuthMiddleware`] and inside.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, X_FRAME_OPTIONS};
use actix_web::middleware::{
    Compat, Compress, Condition, DefaultHeaders, ErrorHandlerResponse, ErrorHandlers, Logger, Next,
    NormalizePath, from_fn,
};
use actix_web::{App, HttpServer, web};
use landfall_actix::AuthMiddleware;
use landfall_testkit::Page;

use crate::drive::{Place, stacks};
use crate::pages::on_actix::routes;

/// Serves an application: the expression is evaluated once for each worker, and `$auth` is the relying party.
macro_rules! serve {
    ($place:ident, |$auth:ident| $app:expr) => {
        $place
            .run(move |auth| {
                let server = HttpServer::new(move || {
                    let $auth = auth.clone();
                    $app
                });
                let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
                (server.addrs()[0], server.run())
            })
            .await
    };
}
pub(crate) use serve;

stacks! {
    async fn logger_around(place) {
        let answers = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&answers);
        serve!(place, |auth| {
            App::new().configure(routes).wrap(AuthMiddleware::new(auth)).wrap(counting(&counted))
        });
        place.sign_in_at("/dashboard?x=1").await;
        // The challenge, the script's, the challenge again, the callback, the page: ours among them.
        assert_eq!(answers.load(Ordering::SeqCst), 5);
        place.sign_out().await;
    }

    async fn logger_inside(place) {
        let answers = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&answers);
        serve!(place, |auth| {
            App::new().configure(routes).wrap(counting(&counted)).wrap(AuthMiddleware::new(auth))
        });
        place.sign_in_at("/dashboard?x=1").await;
        // Not the callback.
        assert_eq!(answers.load(Ordering::SeqCst), 4);
        place.sign_out().await;
    }

    async fn compress_around(place) {
        serve!(place, |auth| {
            App::new().configure(routes).wrap(AuthMiddleware::new(auth)).wrap(Compress::default())
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.script.header("content-encoding"), Some("gzip"), "ours too");
        is_compressed(&place).await;
        place.sign_out().await;
    }

    async fn compress_inside(place) {
        serve!(place, |auth| {
            App::new().configure(routes).wrap(Compress::default()).wrap(AuthMiddleware::new(auth))
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.script.header("content-encoding"), None);
        assert!(seen.script.text().contains("login_url"));
        is_compressed(&place).await;
        place.sign_out().await;
    }

    async fn normalize_path_around(place) {
        serve!(place, |auth| {
            App::new().configure(routes).wrap(AuthMiddleware::new(auth)).wrap(NormalizePath::trim())
        });
        let page = place.open("/dashboard/?x=1").await;
        // What people come back to is what the middleware saw.
        assert_eq!((page.url.as_str(), page.status.as_u16()), (place.url("/dashboard?x=1").as_str(), 200));
        place.sign_out().await;
    }

    async fn normalize_path_inside(place) {
        serve!(place, |auth| {
            App::new().configure(routes).wrap(NormalizePath::trim()).wrap(AuthMiddleware::new(auth))
        });
        place.sign_in_at("/dashboard/?x=1").await;
        place.sign_out().await;
    }

    async fn default_headers_around(place) {
        serve!(place, |auth| {
            let headers = DefaultHeaders::new().add((X_FRAME_OPTIONS, "DENY"));
            App::new().configure(routes).wrap(AuthMiddleware::new(auth)).wrap(headers)
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        for page in [&seen.challenge, &seen.script, &seen.page] {
            assert_eq!(page.header("x-frame-options"), Some("DENY"));
        }
        place.sign_out().await;
    }

    async fn default_headers_inside(place) {
        serve!(place, |auth| {
            let headers = DefaultHeaders::new().add((X_FRAME_OPTIONS, "DENY"));
            App::new().configure(routes).wrap(headers).wrap(AuthMiddleware::new(auth))
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.challenge.header("x-frame-options"), None);
        assert_eq!(seen.page.header("x-frame-options"), Some("DENY"));
        place.sign_out().await;
    }

    async fn error_handlers_around(place) {
        serve!(place, |auth| {
            let handlers = ErrorHandlers::new().default_handler(marks_errors);
            App::new().configure(routes).wrap(AuthMiddleware::new(auth)).wrap(handlers)
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.script.header("x-marked"), Some("yes"));
        let page = place.open("/broken").await;
        assert_eq!((page.status.as_u16(), page.header("x-marked")), (500, Some("yes")));
        assert!(place.is_signed_in().await);
        place.sign_out().await;
    }

    async fn error_handlers_inside(place) {
        serve!(place, |auth| {
            let handlers = ErrorHandlers::new()
                .default_handler(marks_errors)
                .handler(StatusCode::INTERNAL_SERVER_ERROR, says_sorry);
            App::new().configure(routes).wrap(handlers).wrap(AuthMiddleware::new(auth))
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        // It saw the plain 401, and what it said of it is not the answer.
        assert_eq!(seen.script.header("x-marked"), None);
        let page = place.open("/broken").await;
        assert_eq!((page.status.as_u16(), page.text().as_str()), (500, "sorry"));
        assert!(place.is_signed_in().await);
        place.sign_out().await;
    }

    async fn condition_around(place) {
        serve!(place, |auth| {
            let yes = Condition::new(true, from_fn(marks));
            let no = Condition::new(false, DefaultHeaders::new().add(("x-marked", "no")));
            App::new().configure(routes).wrap(AuthMiddleware::new(auth)).wrap(yes).wrap(no)
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.challenge.header("x-marked"), Some("yes"));
        place.sign_out().await;
    }

    /// It is what is conditional: on, and off.
    async fn condition_inside(place) {
        serve!(place, |auth| {
            let layer = Condition::new(true, AuthMiddleware::new(auth.clone()));
            let twice = Condition::new(false, AuthMiddleware::new(auth));
            App::new().configure(routes).wrap(Condition::new(true, from_fn(marks))).wrap(twice).wrap(layer)
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.challenge.header("x-marked"), None);
        assert_eq!(seen.page.header("x-marked"), Some("yes"));
        place.sign_out().await;
    }

    async fn from_fn_around(place) {
        serve!(place, |auth| {
            App::new().configure(routes).wrap(AuthMiddleware::new(auth)).wrap(from_fn(marks))
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        for page in [&seen.challenge, &seen.script, &seen.page] {
            assert_eq!(page.header("x-marked"), Some("yes"));
        }
        place.sign_out().await;
    }

    async fn from_fn_inside(place) {
        serve!(place, |auth| {
            App::new().configure(routes).wrap(from_fn(marks)).wrap(AuthMiddleware::new(auth))
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(seen.challenge.header("x-marked"), None);
        assert_eq!(seen.page.header("x-marked"), Some("yes"));
        place.sign_out().await;
    }

    async fn cors_around(place) {
        serve!(place, |auth| {
            App::new().configure(routes).wrap(AuthMiddleware::new(auth)).wrap(cors())
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert!(varies_by_origin(&seen.script) && varies_by_origin(&seen.page));
        place.sign_out().await;
    }

    async fn cors_inside(place) {
        serve!(place, |auth| {
            App::new().configure(routes).wrap(cors()).wrap(AuthMiddleware::new(auth))
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert!(varies_by_origin(&seen.page) && !varies_by_origin(&seen.challenge));
        place.sign_out().await;
    }

    async fn payload_config_inside(place) {
        serve!(place, |auth| {
            let limit = web::PayloadConfig::new(64);
            App::new().app_data(limit).configure(routes).wrap(AuthMiddleware::new(auth))
        });
        place.sign_in_at("/dashboard?x=1").await;
        assert_eq!(place.post("/echo", "x".repeat(64)).await.text(), "x".repeat(64));
        assert_eq!(place.post("/echo", "x".repeat(65)).await.status, 413);
        place.sign_out().await;
    }

    /// All of them at once, with ours in the middle.
    async fn app(place) {
        serve!(place, |auth| {
            App::new()
                .configure(routes)
                .wrap(DefaultHeaders::new().add((X_FRAME_OPTIONS, "DENY")))
                .wrap(ErrorHandlers::new().handler(StatusCode::INTERNAL_SERVER_ERROR, says_sorry))
                .wrap(Condition::new(true, from_fn(marks)))
                .wrap_fn(|request, service| service.call(request))
                .wrap(AuthMiddleware::new(auth))
                .wrap(Compat::new(cors()))
                .wrap(ErrorHandlers::new().default_handler(marks_errors))
                .wrap(NormalizePath::trim())
                .wrap(Compress::default())
                .wrap(Logger::default())
        });
        let seen = place.sign_in_at("/dashboard?x=1").await;
        assert_eq!((seen.challenge.header("x-frame-options"), seen.challenge.header("x-marked")), (None, None));
        assert_eq!((seen.page.header("x-frame-options"), seen.page.header("x-marked")), (Some("DENY"), Some("yes")));
        is_compressed(&place).await;
        assert_eq!(place.open("/broken/").await.text(), "sorry");
        assert!(place.is_signed_in().await);
        place.sign_out().await;
    }
}

/// Counts what it logs.
fn counting(answers: &Arc<AtomicUsize>) -> Logger {
    let answers = Arc::clone(answers);
    Logger::new("%{answer}xi")
        .custom_request_replace("answer", move |_| answers.fetch_add(1, Ordering::SeqCst).to_string())
}

async fn is_compressed(place: &Place) {
    let page = place.script(&place.bed.browser, "/dashboard").await;
    assert_eq!((page.header("content-encoding"), &page.body[..2]), (Some("gzip"), &[0x1f, 0x8b][..]));
}

fn cors() -> Cors {
    Cors::default().allowed_origin("https://app.example.com").supports_credentials()
}

fn varies_by_origin(page: &Page) -> bool {
    page.headers
        .get_all("vary")
        .iter()
        .any(|value| value.to_str().unwrap().contains("Access-Control-Request-Method"))
}

/// What those that mark an answer set.
fn marked() -> HeaderName {
    HeaderName::from_static("x-marked")
}

/// Says that it was there.
async fn marks(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    response.headers_mut().insert(marked(), HeaderValue::from_static("yes"));
    Ok(response)
}

/// Leaves the answer as it is, but for a header.
#[allow(clippy::unnecessary_wraps, reason = "the signature is actix-web's")]
fn marks_errors<B>(mut response: ServiceResponse<B>) -> actix_web::Result<ErrorHandlerResponse<B>> {
    response.response_mut().headers_mut().insert(marked(), HeaderValue::from_static("yes"));
    Ok(ErrorHandlerResponse::Response(response.map_into_left_body()))
}

/// Answers otherwise.
#[allow(clippy::unnecessary_wraps, reason = "the signature is actix-web's")]
fn says_sorry<B>(response: ServiceResponse<B>) -> actix_web::Result<ErrorHandlerResponse<B>> {
    let (request, response) = response.into_parts();
    let response = response.set_body("sorry").map_into_boxed_body().map_into_right_body();
    Ok(ErrorHandlerResponse::Response(ServiceResponse::new(request, response)))
}
