//! What stays open: an event stream and a WebSocket. Both end with the session.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use landfall_axum::{RequireLogin, SignedIn};

/// Adds them. A router of their own would take, when it is merged, the place of a fallback with somebody's layer around it.
pub(crate) fn add_to(app: Router) -> Router {
    app.route("/live/events", get(events).layer(RequireLogin::new().ends_streams()))
        .route("/live/socket", get(socket))
}

/// One event a second, until the guard ends the stream. The browser comes again then, and is told to sign in.
async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let seconds = tokio::time::interval(Duration::from_secs(1));
    Sse::new(stream::unfold(seconds, async |mut seconds| {
        seconds.tick().await;
        Some((Ok(Event::default().data("tick")), seconds))
    }))
}

/// Guarded by what it asks for. A WebSocket is no body, so no guard ends it.
async fn socket(user: SignedIn, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| echo(user, socket))
}

async fn echo(user: SignedIn, mut socket: WebSocket) {
    let mut ended = user.ended();
    let last = loop {
        let message = tokio::select! {
            _ = &mut ended => break Message::Close(Some(CloseFrame {
                code: close_code::POLICY,
                reason: "the session is over".into(),
            })),
            message = socket.recv() => message,
        };
        match message {
            Some(Ok(Message::Text(text))) => {
                let answer = format!("{text} {}", user.subject());
                if socket.send(Message::Text(answer.into())).await.is_err() {
                    return;
                }
            }
            Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return,
        }
    };
    // Whoever hung up meanwhile hears nothing.
    let _ = socket.send(last).await;
}
