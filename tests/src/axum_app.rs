//! The application on axum.

use std::net::{SocketAddr, TcpListener};

use axum::body::Body;
use axum::extract::{ConnectInfo, OriginalUri, RawQuery};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, SET_COOKIE};
use axum::http::{Extensions, StatusCode};
use axum::response::{Html, IntoResponse};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use landfall::RelyingParty;
use landfall_axum as landfall_web;
use landfall_axum::{AccessToken, AuthLayer, Rejection, RequireLogin, SignedIn, TokenProxy, Visit};

use self::handlers::{
    asks_for_more, begin_attempt, browsers, by_page, by_page_weakly, carry, carry_link, carry_silently,
    claims, claims_by_hand, data, department, echo, end_others, end_others_or_not, grace, half_way, held,
    home, leave, level, links, local, local_and_wanted, local_of_a_provider, maybe, maybe_claims,
    maybe_token, maybe_visit, no_claims, onwards, own_words, posted_to_the_page, report, sign_in_page,
    sign_out_link, silent, strong, switch, take_attempt, two_at_once, verified, way,
};

#[path = "handlers.rs"]
#[allow(clippy::duplicate_mod, reason = "the same words for each framework")]
mod handlers;

pub(crate) fn serve(listener: TcpListener, auth: RelyingParty, proxies: &[landfall::TokenProxy]) {
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    // Ends with the test's runtime.
    let app = app(auth, proxies).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
}

fn app(auth: RelyingParty, proxies: &[landfall::TokenProxy]) -> Router {
    // A nested router with a fallback of its own; the guard covers both.
    let reports = Router::new()
        .route("/", get(async || "all reports"))
        .route("/{id}", get(report).post(async || "report kept"))
        .fallback(async || (StatusCode::NOT_FOUND, "no such report"))
        .layer(RequireLogin::new());
    let merged = Router::new().route("/merged", get(async || "merged")).layer(RequireLogin::new());
    let ending = Router::new()
        .route("/endless", get(endless))
        .route("/export", get(async || Body::from_stream(crate::live::endless())))
        .route("/long", get(long))
        .route("/at-once", get(async || "at once"))
        .route("/anew", post(anew))
        .layer(RequireLogin::new().ends_streams());
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
        .route("/login", get(sign_in_page).post(posted_to_the_page))
        .route("/dashboard", get(dashboard))
        .route("/dashboard/{*rest}", get(dashboard).post(dashboard))
        .nest("/reports", reports)
        .merge(merged)
        .route("/claims", get(claims))
        .route("/department", get(department))
        .route("/me", get(async |user: SignedIn| Json(crate::me(&user))))
        .route("/token", get(token))
        .route("/end-others", get(end_others))
        .route("/maybe", get(maybe))
        .route("/maybe-visit", get(maybe_visit))
        .route("/maybe-claims", get(maybe_claims))
        .route("/maybe-token", get(maybe_token))
        .route("/own-words", get(own_words))
        .route("/claims-by-hand", get(claims_by_hand))
        .route("/no-claims", get(no_claims))
        .route("/browsers", get(browsers))
        .route("/end-others-or-not", get(end_others_or_not))
        .route("/onwards", get(onwards))
        .route("/level", get(level))
        .route("/switch", get(switch))
        .merge(carrying())
        .route("/silent", get(silent))
        .route("/verified", get(verified))
        .route("/cached", get(cached))
        .route("/told-in-public", get(told_in_public))
        .route("/brief", get(brief))
        .route("/strong", get(strong))
        .route("/stream", get(stream))
        .route(
            "/held",
            get(async |visit: Visit, RawQuery(name): RawQuery| held(visit, name.as_deref()).await),
        )
        .route("/become", get(become_grace))
        .merge(ways_in())
        .route("/live", get(live))
        .route("/live-visit", get(live_visit))
        .merge(ending)
        .route("/echo", post(echo))
        .route("/open-echo", post(async |body: String| body))
        // Without one, the guarded "not found" of the merged router would be everybody's.
        .fallback(async || StatusCode::NOT_FOUND);
    // The outermost is asked first.
    let app = proxies.iter().rev().fold(app, |app, proxy| app.layer(TokenProxy::from(proxy.clone())));
    app.layer(AuthLayer::new(auth).peer_from(|extensions| Some(peer(extensions)?.ip())))
}

/// What carries something through a sign-in.
fn carrying() -> Router {
    let state = |query: Option<String>| query.unwrap_or_default();
    let link = async move |visit: Visit, RawQuery(query): RawQuery| carry_link(visit, &state(query)).await;
    Router::new()
        .route("/carry", get(async move |RawQuery(query): RawQuery| carry(&state(query)).await))
        .route(
            "/carry-silently",
            get(async move |RawQuery(query): RawQuery| carry_silently(&state(query)).await),
        )
        .route("/carry-link", get(link))
}

/// What an application of people of its own has.
fn ways_in() -> Router {
    let who = |query: Option<String>| query.unwrap_or_default();
    let sign_in = async move |visit: Visit, RawQuery(query): RawQuery| local(visit, &who(query)).await;
    let foreign =
        async move |visit: Visit, RawQuery(query): RawQuery| local_of_a_provider(visit, &who(query)).await;
    let left = async move |visit: Visit, RawQuery(how): RawQuery| leave(visit, &who(how)).await;
    let begun = async move |visit: Visit, RawQuery(query): RawQuery| begin_attempt(visit, &who(query)).await;
    Router::new()
        .route("/local", any(sign_in))
        .route("/local-public", post(local_public))
        .route("/local-fails", post(local_fails))
        .route("/local-twice", post(two_at_once))
        .route("/more-by-hand", get(more_by_hand))
        .route("/local-and-wanted", post(local_and_wanted))
        .route("/local-of-a-provider", post(foreign))
        .route("/by-page", post(by_page))
        .route("/by-page-weakly", post(by_page_weakly))
        .route("/way", get(way))
        .route("/leave", any(left))
        .route("/sign-out-link", get(sign_out_link))
        .route("/attempt/begin", get(begun))
        .route("/attempt/take", post(take_attempt))
}

async fn local_public(visit: Visit) -> Result<impl IntoResponse, Rejection> {
    Ok(([(CACHE_CONTROL, "public, max-age=60")], local(visit, "user-17").await?))
}

async fn local_fails(visit: Visit) -> Result<impl IntoResponse, Rejection> {
    Ok((StatusCode::INTERNAL_SERVER_ERROR, local(visit, "user-17").await?))
}

async fn more_by_hand(RawQuery(query): RawQuery) -> Result<String, Rejection> {
    asks_for_more(query.as_deref().unwrap_or_default()).await
}

fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

async fn dashboard(user: SignedIn, OriginalUri(uri): OriginalUri) -> String {
    crate::dashboard(&user, uri.path(), uri.query())
}

async fn token(token: AccessToken) -> Json<serde_json::Value> {
    Json(serde_json::json!({ "length": token.secret().len(), "expires_in": token.expires_in().as_secs() }))
}

async fn cached(visit: Visit) -> impl IntoResponse {
    ([(CACHE_CONTROL, "public, max-age=60")], crate::greeting(visit.signed_in().as_deref()))
}

async fn told_in_public(visit: Visit) -> impl IntoResponse {
    ([(CACHE_CONTROL, "public, max-age=60")], crate::told(&visit))
}

async fn become_grace(visit: Visit) -> impl IntoResponse {
    ([(SET_COOKIE, grace(visit).await)], "you are grace")
}

async fn brief(user: SignedIn) -> impl IntoResponse {
    ([(CACHE_CONTROL, "max-age=60")], crate::greeting(Some(&user)))
}

async fn stream(_user: SignedIn) -> impl IntoResponse {
    ([("content-type", "text/event-stream")], "data: hello\n\n")
}

async fn live(user: SignedIn) -> Body {
    Body::from_stream(crate::live::live(user.ended()))
}

async fn live_visit(visit: Visit) -> Body {
    Body::from_stream(crate::live::live(visit.ended()))
}

/// Signs in anew, and answers in two pieces.
async fn anew(visit: Visit) -> Result<Body, Rejection> {
    local(visit, "user-17").await?;
    Ok(Body::from_stream(crate::live::two_pieces()))
}

async fn endless() -> impl IntoResponse {
    ([("content-type", crate::live::EVENTS)], Body::from_stream(crate::live::endless()))
}

/// Less than it says.
async fn long() -> impl IntoResponse {
    ([(CONTENT_LENGTH, "1000")], Body::from_stream(crate::live::endless()))
}
