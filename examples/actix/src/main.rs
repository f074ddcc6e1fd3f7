//! Landfall on actix-web: a public page, guarded pages, guarded JSON. Start it with `cargo run -p example-actix`.

use std::error::Error;

use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ContentType, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{self, Bytes, Json};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use landfall_actix::{self as landfall, AuthMiddleware, ErrorCode, Rejection, RequireLogin, SignedIn, Visit};
use serde_json::Value;
use tracing_subscriber::EnvFilter;

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

    let app = move || {
        let guarded = web::scope("/dashboard").default_service(web::to(dashboard));
        App::new()
            .route("/", web::get().to(home))
            .service(guarded.wrap(RequireLogin::new()))
            .route("/api/me", web::get().to(me))
            .route("/api/echo", web::post().to(echo))
            .wrap(AuthMiddleware::new(auth.clone()))
    };

    // It ends on Ctrl-C, after the requests under way.
    HttpServer::new(app).bind(listen)?.run().await?;
    Ok(())
}

/// Public: anybody may look.
async fn home(visit: Visit) -> HttpResponse {
    html(pages::home(visit.signed_in().as_ref(), &visit.login_url()))
}

/// Guarded, with everything below it, by the middleware on its scope.
async fn dashboard(user: SignedIn, request: HttpRequest) -> HttpResponse {
    html(pages::dashboard(&user, request.uri().path(), request.uri().query()))
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
