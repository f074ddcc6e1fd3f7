//! What stays open: an event stream and a WebSocket. Both end with the session.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::rt;
use actix_web::web::{self, Bytes, Payload, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse};
use actix_ws::{CloseCode, Message, MessageStream, Session};
use futures_util::stream;
use landfall_actix::{RequireLogin, SignedIn};

pub(crate) fn routes(config: &mut ServiceConfig) {
    let events = web::resource("/live/events").wrap(RequireLogin::new().ends_streams()).get(events);
    config.service(events).route("/live/socket", web::get().to(socket));
}

/// One event a second, until the guard ends the stream. The browser comes again then, and is told to sign in.
async fn events() -> HttpResponse {
    let seconds = rt::time::interval(Duration::from_secs(1));
    let events = stream::unfold(seconds, async |mut seconds| {
        seconds.tick().await;
        Some((Ok::<_, Infallible>(Bytes::from_static(b"data: tick\n\n")), seconds))
    });
    HttpResponse::Ok().content_type("text/event-stream").streaming(Box::pin(events))
}

/// Guarded by what it asks for. A WebSocket is no body, so no guard ends it.
async fn socket(user: SignedIn, request: HttpRequest, body: Payload) -> Result<HttpResponse, Error> {
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    rt::spawn(echo(user, session, messages));
    Ok(response)
}

async fn echo(user: SignedIn, mut session: Session, mut messages: MessageStream) {
    let mut ended = user.ended();
    loop {
        let message = tokio::select! {
            _ = &mut ended => break,
            message = messages.recv() => message,
        };
        let sent = match message {
            Some(Ok(Message::Text(text))) => session.text(format!("{text} {}", user.subject())).await,
            Some(Ok(Message::Ping(bytes))) => session.pong(&bytes).await,
            Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            Some(Ok(_)) => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
    // Whoever hung up meanwhile hears nothing.
    let _ = session.close(Some((CloseCode::Policy, "the session is over").into())).await;
}
