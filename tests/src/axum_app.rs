//! The application on axum.

use std::net::{SocketAddr, TcpListener};

use axum::extract::{ConnectInfo, OriginalUri};
use axum::http::header::CACHE_CONTROL;
use axum::http::{Extensions, StatusCode};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use landfall::{Prompt, RelyingParty, Requirement, SignInWanted};
use landfall_axum::{AccessToken, AuthLayer, Claims, Rejection, RequireLogin, SignedIn, TokenProxy, Visit};

pub(crate) fn serve(listener: TcpListener, auth: RelyingParty, proxy: Option<landfall::TokenProxy>) {
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    // Ends with the test's runtime.
    let app = app(auth, proxy).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
}

fn app(auth: RelyingParty, proxy: Option<landfall::TokenProxy>) -> Router {
    // A nested router with a fallback of its own; the guard covers both.
    let reports = Router::new()
        .route("/", get(async || "all reports"))
        .route("/{id}", get(report).post(async || "report kept"))
        .fallback(async || (StatusCode::NOT_FOUND, "no such report"))
        .layer(RequireLogin::new());
    let merged = Router::new().route("/merged", get(async || "merged")).layer(RequireLogin::new());
    let mut more = Router::new();
    for (name, guard) in crate::guards!(RequireLogin) {
        let page =
            get(async |user: SignedIn| crate::more(&user)).post(async |user: SignedIn| crate::more(&user));
        more = more.merge(Router::new().route(&format!("/{name}"), page).layer(guard));
    }
    let app = Router::new()
        .nest("/more", more)
        .route("/half-way", get(half_way))
        .route("/data", get(data))
        .route("/form", get(async || Html(crate::FORM)))
        .route("/links", get(links))
        .route("/", get(home))
        .route("/dashboard", get(dashboard))
        .route("/dashboard/{*rest}", get(dashboard).post(dashboard))
        .nest("/reports", reports)
        .merge(merged)
        .route("/claims", get(claims))
        .route("/me", get(async |user: SignedIn| Json(crate::me(&user))))
        .route("/token", get(token))
        .route("/end-others", get(end_others))
        .route("/switch", get(switch))
        .route("/silent", get(silent))
        .route("/verified", get(verified))
        .route("/cached", get(cached))
        .route("/brief", get(brief))
        .route("/strong", get(strong))
        .route("/stream", get(stream))
        .route("/echo", post(echo))
        .route("/open-echo", post(async |body: String| body))
        // Without one, the guarded "not found" of the merged router would be everybody's.
        .fallback(async || StatusCode::NOT_FOUND);
    let app = match proxy {
        Some(proxy) => app.layer(TokenProxy::from(proxy)),
        None => app,
    };
    app.layer(AuthLayer::new(auth).peer_from(|extensions| Some(peer(extensions)?.ip())))
}

fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

async fn half_way(visit: Visit) -> Result<String, Rejection> {
    let user = visit.require_more(&Requirement::new().scope("files:read"))?;
    Ok(crate::more(&user))
}

async fn data(user: SignedIn) -> String {
    user.data::<String>().unwrap().unwrap_or_else(|| "none".to_owned())
}

async fn links(visit: Visit) -> String {
    visit.login_url_for(&SignInWanted::new().prompt(Prompt::SelectAccount))
}

async fn home(visit: Visit) -> String {
    crate::greeting(visit.signed_in().as_deref())
}

async fn dashboard(user: SignedIn, OriginalUri(uri): OriginalUri) -> String {
    crate::dashboard(&user, uri.path(), uri.query())
}

async fn report(user: SignedIn) -> String {
    format!("report of {}", user.subject())
}

async fn claims(Claims(member): Claims<crate::Member>) -> String {
    format!("{} in {}", member.sub, member.groups.join("+"))
}

async fn token(token: AccessToken) -> Json<serde_json::Value> {
    Json(serde_json::json!({ "length": token.secret().len(), "expires_in": token.expires_in().as_secs() }))
}

async fn end_others(visit: Visit, user: SignedIn) -> Result<String, Rejection> {
    let ended = visit.relying_party().sessions().end_others(&user).await;
    ended.map(|ended| ended.to_string()).map_err(|error| Rejection::failed(&visit, error))
}

async fn switch() -> Rejection {
    SignInWanted::new().prompt(Prompt::SelectAccount).login_hint("grace").into()
}

/// Asks the provider whether somebody is there, without showing a page.
async fn silent() -> Rejection {
    SignInWanted::new().prompt(Prompt::None).into()
}

async fn verified(user: SignedIn) -> String {
    format!("{} {}", user.email().unwrap_or("none"), user.identity().email_verified())
}

async fn cached(visit: Visit) -> impl IntoResponse {
    ([(CACHE_CONTROL, "public, max-age=60")], crate::greeting(visit.signed_in().as_deref()))
}

async fn brief(user: SignedIn) -> impl IntoResponse {
    ([(CACHE_CONTROL, "max-age=60")], crate::greeting(Some(&user)))
}

async fn strong(visit: Visit) -> Result<String, Rejection> {
    crate::strong(visit.signed_in().as_deref()).map_err(Rejection::from)
}

async fn stream(_user: SignedIn) -> impl IntoResponse {
    ([("content-type", "text/event-stream")], "data: hello\n\n")
}

async fn echo(_user: SignedIn, body: String) -> String {
    body
}
