//! Landfall on actix-web: a public page, guarded pages, guarded JSON. Start it with `cargo run -p example-actix`.

use std::error::Error;

use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ContentType, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{self, Bytes, Json};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use landfall_actix::{
    self as landfall, AuthLevel, AuthMiddleware, ErrorCode, Rejection, RequireLogin, SignedIn, Visit,
};
use serde_json::Value;
use tracing_subscriber::EnvFilter;

mod live;
#[path = "../../shared/pages.rs"]
mod pages;
#[path = "../../shared/setup.rs"]
mod setup;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).init();

    // The provider lives as long as this function.
    let setup::Setup { auth, listen, provider: _provider } = setup::setup()?;

    let ending = auth.clone();
    let app = move || {
        let guarded = web::scope("/dashboard").default_service(web::to(dashboard));
        let below = |path: &str| web::scope(path).default_service(web::to(more));
        App::new()
            .route("/", web::get().to(home))
            .service(guarded.wrap(RequireLogin::new()))
            .service(below("/vault").wrap(RequireLogin::new().auth_level(AuthLevel::Aal2)))
            .service(below("/files").wrap(RequireLogin::new().scope("files:read")))
            .service(below("/admin").wrap(RequireLogin::new().role("admin")))
            .configure(live::routes)
            .route("/api/me", web::get().to(me))
            .route("/api/echo", web::post().to(echo))
            .wrap(AuthMiddleware::new(auth.clone()))
    };

    // On SIGTERM the server takes no connection any more and answers the requests under way; on Ctrl-C it breaks them
    // off. Then what goes on by itself is finished, and the process ends.
    HttpServer::new(app).shutdown_timeout(setup::ANSWERING.as_secs()).bind(listen)?.run().await?;
    // What is left is in the log.
    let _ = ending.drain(setup::FINISHING).await;
    Ok(())
}

/// Public: anybody may look.
async fn home(visit: Visit) -> HttpResponse {
    html(pages::home(
        visit.signed_in().as_ref(),
        &visit.login_url(),
        &visit.login_url_for(&pages::someone_else()),
    ))
}

/// Guarded, with everything below it, by the middleware on its scope.
async fn dashboard(user: SignedIn, request: HttpRequest) -> HttpResponse {
    html(pages::dashboard(&user, request.uri().path(), request.uri().query()))
}

/// Guarded by more than a sign-in: a second factor, a scope, a role.
async fn more(user: SignedIn, request: HttpRequest) -> HttpResponse {
    html(pages::more(&user, request.uri().path()))
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
async fn echo(_user: SignedIn, request: HttpRequest, body: Bytes) -> HttpResponse {
    let media_type = pages::echo_type(request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes));
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(body)
}

fn html(page: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, pages::POLICY))
        .body(page)
}
