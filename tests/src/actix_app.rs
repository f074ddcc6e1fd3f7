//! The application on actix-web.

use std::future::pending;
use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, SET_COOKIE};
use actix_web::middleware::Condition;
use actix_web::web::{self, Html, Json};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Responder};
use landfall::RelyingParty;
use landfall_actix as landfall_web;
use landfall_actix::{AccessToken, AuthMiddleware, Rejection, RequireLogin, SignedIn, TokenProxy, Visit};
use tokio::sync::oneshot;

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

/// Two workers, as an application has: each is a runtime of its own. Ends with the test's runtime.
pub(crate) fn serve(listener: TcpListener, auth: RelyingParty, proxies: &[landfall::TokenProxy]) {
    // The type of an application depends on what is wrapped around it.
    let nowhere = || landfall::TokenProxy::new("/nowhere", "http://127.0.0.1:9").unwrap();
    let proxies = [0, 1].map(|n| {
        let proxy = proxies.get(n).cloned();
        (proxy.is_some(), TokenProxy::from(proxy.unwrap_or_else(nowhere)))
    });
    let (told, handle) = oneshot::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let app = move || {
                let [first, second] =
                    proxies.clone().map(|(is_there, proxy)| Condition::new(is_there, proxy));
                let auth = AuthMiddleware::new(auth.clone());
                // The outermost is asked first.
                App::new().configure(routes).wrap(second).wrap(first).wrap(auth)
            };
            let server =
                HttpServer::new(app).workers(2).disable_signals().listen_auto_h2c(listener).unwrap().run();
            // Comes back if the test is over already, and then ends the server.
            let _ = told.send(StopOnDrop(server.handle()));
            server.await
        })
    });
    tokio::spawn(async move {
        let _running = handle.await;
        pending::<()>().await;
    });
}

struct StopOnDrop(ServerHandle);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        drop(self.0.stop(false));
    }
}

fn routes(config: &mut web::ServiceConfig) {
    for (name, guard) in crate::guards!(RequireLogin) {
        let more = async |user: SignedIn| crate::more(&user);
        let page = web::resource(format!("/more/{name}")).get(more).post(more);
        config.service(page.wrap(guard));
    }
    config
        .route("/half-way", web::get().to(half_way))
        .route("/data", web::get().to(data))
        .route("/form", web::get().to(async || Html::new(crate::FORM)))
        .route("/links", web::get().to(links))
        .route("/", web::get().to(home))
        .service(web::resource("/login").get(sign_in_page).post(posted_to_the_page))
        .route("/dashboard", web::get().to(dashboard))
        .service(
            web::resource("/dashboard/{rest:.*}")
                .route(web::get().to(dashboard))
                .route(web::post().to(dashboard)),
        )
        .service(
            web::scope("/reports")
                .wrap(RequireLogin::new())
                .route("", web::get().to(async || "all reports"))
                .route("/{id}", web::get().to(report))
                .route("/{id}", web::post().to(async || "report kept"))
                .default_service(web::to(async || ("no such report", StatusCode::NOT_FOUND))),
        )
        .service(web::resource("/merged").wrap(RequireLogin::new()).route(web::get().to(async || "merged")))
        .route("/claims", web::get().to(claims))
        .route("/department", web::get().to(department))
        .route("/me", web::get().to(async |user: SignedIn| Json(crate::me(&user))))
        .route("/token", web::get().to(token))
        .route("/end-others", web::get().to(end_others))
        .route("/maybe", web::get().to(maybe))
        .route("/maybe-visit", web::get().to(maybe_visit))
        .route("/maybe-claims", web::get().to(maybe_claims))
        .route("/maybe-token", web::get().to(maybe_token))
        .route("/own-words", web::get().to(own_words))
        .route("/claims-by-hand", web::get().to(claims_by_hand))
        .route("/no-claims", web::get().to(no_claims))
        .route("/browsers", web::get().to(browsers))
        .route("/end-others-or-not", web::get().to(end_others_or_not))
        .route("/onwards", web::get().to(onwards))
        .route("/level", web::get().to(level))
        .route("/switch", web::get().to(switch))
        .route("/carry", web::get().to(async |request: HttpRequest| carry(request.query_string()).await))
        .route(
            "/carry-silently",
            web::get().to(async |request: HttpRequest| carry_silently(request.query_string()).await),
        )
        .route(
            "/carry-link",
            web::get().to(async |visit: Visit, request: HttpRequest| {
                carry_link(visit, request.query_string()).await
            }),
        )
        .route("/silent", web::get().to(silent))
        .route("/verified", web::get().to(verified))
        .route("/cached", web::get().to(cached))
        .route("/told-in-public", web::get().to(told_in_public))
        .route("/brief", web::get().to(brief))
        .route("/strong", web::get().to(strong))
        .route("/stream", web::get().to(stream))
        .route(
            "/held",
            web::get().to(async |visit: Visit, request: HttpRequest| {
                held(visit, Some(request.query_string())).await
            }),
        )
        .route("/become", web::get().to(become_grace))
        .configure(ways_in)
        .route("/live", web::get().to(live))
        .route("/live-visit", web::get().to(live_visit))
        .service(web::resource("/endless").wrap(ending()).get(endless))
        .service(web::resource("/export").wrap(ending()).get(export))
        .service(web::resource("/long").wrap(ending()).get(long))
        .service(web::resource("/anew").wrap(ending()).post(anew))
        .service(web::resource("/at-once").wrap(ending()).get(async || "at once"))
        .route("/echo", web::post().to(echo))
        .route("/open-echo", web::post().to(async |body: String| body));
}

/// What an application of people of its own has.
fn ways_in(config: &mut web::ServiceConfig) {
    let sign_in = async |visit: Visit, request: HttpRequest| local(visit, request.query_string()).await;
    let foreign =
        async |visit: Visit, request: HttpRequest| local_of_a_provider(visit, request.query_string()).await;
    let left = async |visit: Visit, request: HttpRequest| leave(visit, request.query_string()).await;
    let begun = async |visit: Visit, request: HttpRequest| begin_attempt(visit, request.query_string()).await;
    config
        .route("/local", web::route().to(sign_in))
        .route("/local-public", web::post().to(local_public))
        .route("/local-fails", web::post().to(local_fails))
        .route("/local-twice", web::post().to(two_at_once))
        .route("/more-by-hand", web::get().to(more_by_hand))
        .route("/local-and-wanted", web::post().to(local_and_wanted))
        .route("/local-of-a-provider", web::post().to(foreign))
        .route("/by-page", web::post().to(by_page))
        .route("/by-page-weakly", web::post().to(by_page_weakly))
        .route("/way", web::get().to(way))
        .route("/leave", web::route().to(left))
        .route("/sign-out-link", web::get().to(sign_out_link))
        .route("/attempt/begin", web::get().to(begun))
        .route("/attempt/take", web::post().to(take_attempt));
}

async fn local_public(visit: Visit) -> Result<impl Responder, Rejection> {
    let page = local(visit, "user-17").await?;
    Ok(page.customize().insert_header((CACHE_CONTROL, "public, max-age=60")))
}

async fn local_fails(visit: Visit) -> Result<impl Responder, Rejection> {
    Ok((local(visit, "user-17").await?, StatusCode::INTERNAL_SERVER_ERROR))
}

async fn more_by_hand(request: HttpRequest) -> Result<String, Rejection> {
    asks_for_more(request.query_string()).await
}

async fn dashboard(user: SignedIn, request: HttpRequest) -> String {
    let query = Some(request.query_string()).filter(|query| !query.is_empty());
    crate::dashboard(&user, request.path(), query)
}

async fn token(token: AccessToken) -> Json<serde_json::Value> {
    Json(serde_json::json!({ "length": token.secret().len(), "expires_in": token.expires_in().as_secs() }))
}

async fn cached(visit: Visit) -> impl Responder {
    crate::greeting(visit.signed_in().as_deref())
        .customize()
        .insert_header((CACHE_CONTROL, "public, max-age=60"))
}

async fn told_in_public(visit: Visit) -> impl Responder {
    crate::told(&visit).customize().insert_header((CACHE_CONTROL, "public, max-age=60"))
}

async fn become_grace(visit: Visit) -> impl Responder {
    "you are grace".customize().append_header((SET_COOKIE, grace(visit).await))
}

async fn brief(user: SignedIn) -> impl Responder {
    crate::greeting(Some(&user)).customize().insert_header((CACHE_CONTROL, "max-age=60"))
}

async fn stream(_user: SignedIn) -> impl Responder {
    "data: hello\n\n".customize().insert_header(("content-type", "text/event-stream"))
}

async fn live(user: SignedIn) -> HttpResponse {
    HttpResponse::Ok().streaming(crate::live::live(user.ended()))
}

async fn live_visit(visit: Visit) -> HttpResponse {
    HttpResponse::Ok().streaming(crate::live::live(visit.ended()))
}

fn ending() -> RequireLogin {
    RequireLogin::new().ends_streams()
}

/// Signs in anew, and answers in two pieces.
async fn anew(visit: Visit) -> Result<HttpResponse, Rejection> {
    local(visit, "user-17").await?;
    Ok(HttpResponse::Ok().streaming(crate::live::two_pieces()))
}

async fn endless() -> HttpResponse {
    HttpResponse::Ok().content_type(crate::live::EVENTS).streaming(crate::live::endless())
}

async fn export() -> HttpResponse {
    HttpResponse::Ok().streaming(crate::live::endless())
}

/// Less than it says.
async fn long() -> HttpResponse {
    HttpResponse::Ok().no_chunking(1000).streaming(crate::live::endless())
}
