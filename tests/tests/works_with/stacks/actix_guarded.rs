//! What [`AuthMiddleware`] is wrapped around, and what [`RequireLogin`] guards: scopes, resources, files, WebSockets.

use actix_files::Files;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use actix_ws::Message;
use landfall_actix::{AuthMiddleware, RequireLogin, SignedIn};

use crate::drive::{Place, stacks};
use crate::pages::on_actix::{page, routes};
use crate::stacks::actix_stacks::serve;
use crate::stacks::axum_guarded::folder;
use crate::websocket::say_hello;

/// Every path is challenged for a stranger.
async fn are_closed(place: &Place, paths: &[&str]) {
    for path in paths {
        let page = place.script(&place.stranger(), path).await;
        assert_eq!(page.status, 401, "{path}");
    }
}

stacks! {
    async fn app_alone(place) {
        serve!(place, |auth| App::new().configure(routes).wrap(AuthMiddleware::new(auth)));
        place.sign_in_at("/dashboard?x=1").await;
        place.sign_out().await;
    }

    /// The base URL carries the scope's path, and so the middleware sees its own paths below it.
    async fn scope_below_the_base_path(_place) {
        let place = Place::new("https://app.example.com/app");
        serve!(place, |auth| {
            let inner = web::scope("/app").configure(routes).wrap(AuthMiddleware::new(auth));
            App::new().service(inner).route("/", web::get().to(async || "outside"))
        });
        place.sign_in_at("/dashboard?x=1").await;
        place.sign_out().await;
    }

    async fn scope(place) {
        serve!(place, |auth| {
            let reports = web::scope("/reports")
                .wrap(RequireLogin::new())
                .route("/{id}", web::get().to(page))
                .default_service(web::to(async || ("no such report", StatusCode::NOT_FOUND)));
            App::new().configure(routes).service(reports).wrap(AuthMiddleware::new(auth))
        });
        are_closed(&place, &["/reports", "/reports/7", "/reports/no/such"]).await;
        place.sign_in_at("/reports/7?x=1").await;
        assert_eq!(place.open("/reports/no/such").await.text(), "no such report");
        place.sign_out().await;
    }

    async fn resource(place) {
        serve!(place, |auth| {
            let reports = web::resource("/reports").wrap(RequireLogin::new()).get(page);
            App::new().configure(routes).service(reports).wrap(AuthMiddleware::new(auth))
        });
        are_closed(&place, &["/reports"]).await;
        place.sign_in_at("/reports?x=1").await;
        place.sign_out().await;
    }

    /// The whole application is for whoever is signed in; what signs them in stands around it.
    async fn whole_app(place) {
        serve!(place, |auth| {
            App::new().configure(routes).wrap(RequireLogin::new()).wrap(AuthMiddleware::new(auth))
        });
        are_closed(&place, &["/", "/dashboard", "/nowhere"]).await;
        place.sign_in_at("/?x=1").await;
    }

    async fn default_service(place) {
        serve!(place, |auth| {
            let guarded = web::resource("/{rest:.*}").wrap(RequireLogin::new()).get(page);
            App::new().configure(routes).service(guarded).wrap(AuthMiddleware::new(auth))
        });
        are_closed(&place, &["/nowhere", "/no/where"]).await;
        place.sign_in_at("/nowhere?x=1").await;
        place.sign_out().await;
    }

    async fn files(place) {
        let folder = folder();
        let path = folder.path().to_owned();
        serve!(place, |auth| {
            let files = web::scope("/files").wrap(RequireLogin::new()).service(Files::new("", &path));
            App::new().configure(routes).service(files).wrap(AuthMiddleware::new(auth))
        });
        are_closed(&place, &["/files", "/files/", "/files/report.txt", "/files/no-such-file"]).await;
        let seen = place.sign_in_at("/files/report.txt").await;
        assert_eq!(seen.page.header("content-length"), Some("44"), "the file's size comes through");
        assert_eq!(place.open("/files/no-such-file").await.status, 404);
        place.sign_out().await;
    }

    async fn actix_ws(place) {
        serve!(place, |auth| {
            let socket = web::resource("/socket").wrap(RequireLogin::new()).get(upgrade);
            App::new().configure(routes).service(socket).wrap(AuthMiddleware::new(auth))
        });
        assert_eq!(say_hello(&place, &place.stranger(), "/socket").await, (401, None));
        place.sign_in_at("/dashboard?x=1").await;
        let said = say_hello(&place, &place.bed.browser, "/socket").await;
        assert_eq!(said, (101, Some("hello ada".to_owned())));
        place.sign_out().await;
    }
}

async fn upgrade(
    user: SignedIn,
    request: HttpRequest,
    body: web::Payload,
) -> actix_web::Result<HttpResponse> {
    let (response, mut session, mut messages) = actix_ws::handle(&request, body)?;
    let name = user.subject().to_owned();
    actix_web::rt::spawn(async move {
        if let Some(Ok(Message::Text(text))) = messages.recv().await {
            // Whoever hung up meanwhile hears nothing.
            let _ = session.text(format!("{text} {name}")).await;
        }
    });
    Ok(response)
}
