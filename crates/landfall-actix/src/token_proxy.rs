//! [`TokenProxy`]: the middleware that forwards one prefix to one API, with the access token of whoever is signed in.

use std::future::{Future, Ready, poll_fn, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, BodyStream, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::{HttpMessage, HttpRequest};
use bytes::Bytes;
use landfall::adapter::{self, BrokenOff, ProxyBody, ProxyBodySize, ProxyStep, Sending, Upload};
use pin_project_lite::pin_project;

use crate::convert::{self, View};
use crate::extract::visit_in;
use crate::layer::LAYER;

/// Forwards what is at or below a prefix to one API, with the access token of whoever is signed in; see
/// [`landfall::TokenProxy`] for what is forwarded and what comes back.
///
/// It goes inside the [`AuthMiddleware`](crate::AuthMiddleware), around the whole application, and comes before its
/// routes. It needs a store, since without one no tokens are kept.
///
/// ```no_run
/// use actix_web::{App, HttpServer, web};
/// use landfall_actix::{AuthMiddleware, RelyingParty, TokenProxy};
///
/// async fn serve(auth: RelyingParty) -> Result<(), Box<dyn std::error::Error>> {
///     // Outside the closure: its workers share connections through it.
///     let api = TokenProxy::new("/api", "https://api.example.com/v1")?;
///     let server = HttpServer::new(move || {
///         App::new()
///             .route("/", web::get().to(async || "the page whose scripts call /api/…"))
///             .wrap(api.clone())
///             .wrap(AuthMiddleware::new(auth.clone()))
///     });
///     Ok(server.bind("127.0.0.1:3000")?.run().await?)
/// }
/// # let _ = serve;
/// ```
#[derive(Clone, Debug)]
pub struct TokenProxy(landfall::TokenProxy);

landfall::adapter::token_proxy!(TokenProxy);

impl<S, B> Transform<S, ServiceRequest> for TokenProxy
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = S::Error;
    type Transform = TokenProxyService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(TokenProxyService { inner, proxy: self.0.clone() }))
    }
}

/// The service made by [`TokenProxy`].
#[derive(Debug)]
pub struct TokenProxyService<S> {
    inner: S,
    proxy: landfall::TokenProxy,
}

impl<S, B> Service<ServiceRequest> for TokenProxyService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = S::Error;
    type Future = TokenProxyFuture<S::Future>;

    forward_ready!(inner);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let visit = visit_in(&request.extensions()).cloned();
        let step = match visit {
            Some(visit) => self.proxy.begin(&View(&request, None), &visit),
            None => ProxyStep::Reply(adapter::missing_layer(LAYER)),
        };
        let state = match step {
            ProxyStep::Pass => State::Inner { future: self.inner.call(request) },
            ProxyStep::Reply(reply) => {
                State::Reply { response: Some(request.into_response(convert::response(reply))) }
            }
            ProxyStep::Forward(forward) => {
                let payload = request.take_payload();
                let sending = forward.send(|upload| -> Feed { Box::pin(feed(payload, upload)) });
                State::Sending { sending, request: Some(request.into_parts().0) }
            }
        };
        TokenProxyFuture { state }
    }
}

/// The future that carries a request's body to the upstream, piece by piece.
type Feed = Pin<Box<dyn Future<Output = ()>>>;

async fn feed(payload: Payload, mut upload: Upload) {
    let mut body = pin!(BodyStream::new(payload));
    loop {
        match poll_fn(|cx| body.as_mut().poll_next(cx)).await {
            Some(Ok(bytes)) => {
                if !upload.piece(bytes).await {
                    return;
                }
            }
            // Not ended, but dropped: that breaks the upstream's request off.
            Some(Err(_)) => return,
            None => return upload.end().await,
        }
    }
}

pin_project! {
    /// The future of [`TokenProxyService`]: the application's, a refusal, or the upstream's answer.
    pub struct TokenProxyFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        /// The application is at work.
        Inner { #[pin] future: F },
        /// The answer is known.
        Reply { response: Option<ServiceResponse> },
        /// The upstream is asked.
        Sending { sending: Sending<Feed>, request: Option<HttpRequest> },
    }
}

impl<F, B, E> Future for TokenProxyFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, E>>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = match self.project().state.project() {
            StateProj::Inner { future } => {
                return future.poll(cx).map_ok(ServiceResponse::map_into_left_body);
            }
            StateProj::Reply { response } => response.take(),
            StateProj::Sending { sending, request } => {
                let (head, body) = ready!(Pin::new(sending).poll(cx)).into_parts();
                request.take().map(|request| {
                    ServiceResponse::new(request, convert::with_body(&head, BoxBody::new(Streamed(body))))
                })
            }
        };
        match response {
            Some(response) => Poll::Ready(Ok(response.map_into_right_body())),
            // Polled after it was ready, which nothing may rely on.
            None => Poll::Pending,
        }
    }
}

/// The body of an answer: the upstream's as it comes, or one of ours.
struct Streamed(ProxyBody<Feed>);

impl MessageBody for Streamed {
    type Error = BrokenOff;

    fn size(&self) -> BodySize {
        match self.0.size() {
            ProxyBodySize::Absent => BodySize::None,
            ProxyBodySize::Exact(length) => BodySize::Sized(length),
            _ => BodySize::Stream,
        }
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        self.0.poll_piece(cx)
    }
}

landfall::adapter::opaque!([F] TokenProxyFuture<F>);

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    use super::*;

    #[actix_web::test]
    async fn a_proxy_without_its_layer_answers_500_and_lets_nothing_through() {
        let proxy = TokenProxy::new("/api", "http://127.0.0.1:9").unwrap();
        let app = App::new().route("/", web::get().to(async || "inside")).wrap(proxy);
        let app = init_service(app).await;
        for path in ["/", "/api", "/api/x"] {
            let response = call_service(&app, TestRequest::with_uri(path).to_request()).await;
            assert_eq!(response.status().as_u16(), 500, "{path}");
        }
    }
}
