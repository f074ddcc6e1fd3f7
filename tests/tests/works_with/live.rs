//! What the examples leave open, driven: it ends when the person signs out.

use actix_web::{App, HttpServer};
use axum::Router;
use landfall_actix::AuthMiddleware;
use landfall_axum::AuthLayer;
use landfall_tests::wire::Wire;

use crate::drive::Place;
use crate::websocket::{answer_to_hello, close_code, shake_hands};

#[path = "../../../examples/actix/src/live.rs"]
mod on_actix;
#[path = "../../../examples/axum/src/live.rs"]
mod on_axum;

/// RFC 6455 §7.4.1.
const POLICY: u16 = 1008;

#[tokio::test(flavor = "multi_thread")]
async fn the_example_on_axum_ends_its_stream_and_its_socket_with_the_session() {
    let place = Place::new("https://app.example.com");
    let app: Router = on_axum::add_to(crate::pages::on_axum::routes()).layer(AuthLayer::new(place.auth()));
    place.serve(app).await;
    ends_with_the_session(&place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_on_actix_web_ends_its_stream_and_its_socket_with_the_session() {
    let place = Place::new("https://app.example.com");
    let serve = |auth| {
        let app = move || {
            let app = App::new().configure(on_actix::routes).configure(crate::pages::on_actix::routes);
            app.wrap(AuthMiddleware::new(landfall::RelyingParty::clone(&auth)))
        };
        let server = HttpServer::new(app).workers(2).disable_signals().bind("127.0.0.1:0").unwrap();
        (server.addrs()[0], server.run())
    };
    place.run(serve).await;
    ends_with_the_session(&place).await;
}

async fn ends_with_the_session(place: &Place) {
    for path in ["/live/events", "/live/socket"] {
        assert_eq!(place.script(&place.stranger(), path).await.status, 401, "{path}");
    }
    place.sign_in_at("/dashboard?x=1").await;
    let browser = &place.bed.browser;
    let (status, mut socket) = shake_hands(place, browser, "/live/socket").await;
    assert_eq!((status, answer_to_hello(&mut socket).await.as_str()), (101, "hello ada"));
    let cookies = browser.cookies_for(place.bed.base_url()).unwrap();
    let cookies: Vec<_> = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
    let mut events = Wire::open(place.address()).await;
    let head = "GET /live/events HTTP/1.1\r\nhost: app.example.com\r\n";
    events.send(format!("{head}cookie: {}\r\n\r\n", cookies.join("; "))).await.unwrap();
    assert!(events.head().await.unwrap().contains("text/event-stream"));
    assert_eq!(events.piece().await.unwrap().as_deref(), Some(&b"data: tick\n\n"[..]));
    place.sign_out().await;
    assert_eq!(close_code(&mut socket).await, POLICY);
    // What was on its way comes, and then the end.
    assert!(events.sum().await.whole);
}
