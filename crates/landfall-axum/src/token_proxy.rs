//! [`TokenProxy`]: the layer that forwards one prefix to one API, with the access token of whoever is signed in.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::{Body, Frame};
use landfall::adapter::{self, BrokenOff, ProxyBody, ProxyStep, Reply, Sending, Upload};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::convert::{self, BoxError, ResponseBody, View};
use crate::extract::visit_in;
use crate::layer::LAYER;

/// Forwards what is at or below a prefix to one API, with the access token of whoever is signed in; see
/// [`landfall::TokenProxy`] for what is forwarded and what comes back.
///
/// It goes inside the [`AuthLayer`](crate::AuthLayer), around the whole router, and comes before its routes. It
/// needs a store, since without one no tokens are kept.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use landfall_axum::{AuthLayer, ConfigError, RelyingParty, TokenProxy};
///
/// fn app(auth: RelyingParty) -> Result<Router, ConfigError> {
///     Ok(Router::new()
///         .route("/", get(async || "the page whose scripts call /api/…"))
///         .layer(TokenProxy::new("/api", "https://api.example.com/v1")?)
///         .layer(AuthLayer::new(auth)))
/// }
/// # let _ = app;
/// ```
#[derive(Clone, Debug)]
pub struct TokenProxy(landfall::TokenProxy);

landfall::adapter::token_proxy!(TokenProxy);

impl<S> Layer<S> for TokenProxy {
    type Service = TokenProxyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TokenProxyService { inner, proxy: self.0.clone() }
    }
}

/// The service made by [`TokenProxy`].
#[derive(Clone, Debug)]
pub struct TokenProxyService<S> {
    inner: S,
    proxy: landfall::TokenProxy,
}

impl<S, B, RB> Service<Request<B>> for TokenProxyService<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    B: Body + Send + 'static,
    B::Data: Send,
    RB: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = TokenProxyFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let step = match visit_in(request.extensions()) {
            Some(visit) => self.proxy.begin(&View(&request, None), visit),
            None => ProxyStep::Reply(adapter::missing_layer(LAYER)),
        };
        let state = match step {
            ProxyStep::Pass => State::Inner { future: self.inner.call(request) },
            ProxyStep::Reply(reply) => State::Reply { reply: Some(reply) },
            ProxyStep::Forward(forward) => {
                let body = request.into_body();
                State::Sending { sending: forward.send(|upload| -> Feed { Box::pin(feed(body, upload)) }) }
            }
        };
        TokenProxyFuture { state }
    }
}

/// The future that carries a request's body to the upstream, piece by piece.
type Feed = Pin<Box<dyn Future<Output = ()> + Send>>;

async fn feed<B: Body>(body: B, mut upload: Upload) {
    let mut body = pin!(body);
    loop {
        match poll_fn(|cx| body.as_mut().poll_frame(cx).map(|frame| frame.map(into_bytes))).await {
            Some(Some(bytes)) => {
                if !upload.piece(bytes).await {
                    return;
                }
            }
            // Not ended, but dropped: that breaks the upstream's request off.
            Some(None) => return,
            None => return upload.end().await,
        }
    }
}

/// The bytes of a frame: `None` for an error, and none for trailers, which are not forwarded.
fn into_bytes<D: Buf, E>(frame: Result<Frame<D>, E>) -> Option<Bytes> {
    let data = frame.ok()?.into_data().ok();
    Some(data.map_or_else(Bytes::new, |mut data| data.copy_to_bytes(data.remaining())))
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
        Reply { reply: Option<Reply> },
        /// The upstream is asked.
        Sending { sending: Sending<Feed> },
    }
}

impl<F, RB, E> Future for TokenProxyFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    RB: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<ResponseBody>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Inner { future } => future.poll(cx).map_ok(|response| response.map(ResponseBody::new)),
            StateProj::Reply { reply } => match reply.take() {
                Some(reply) => Poll::Ready(Ok(convert::response(reply))),
                // Polled after it was ready, which nothing may rely on.
                None => Poll::Pending,
            },
            StateProj::Sending { sending } => {
                let response = ready!(Pin::new(sending).poll(cx));
                Poll::Ready(Ok(response.map(|body| ResponseBody::new(Streamed(body)))))
            }
        }
    }
}

/// The body of an answer: the upstream's as it comes, or one of ours.
struct Streamed(ProxyBody<Feed>);

impl Body for Streamed {
    type Data = Bytes;
    type Error = BrokenOff;

    // Its size stays the default: what the upstream said of it is a header already, and a HEAD's answer has no body to
    // go with it.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.0.poll_piece(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

landfall::adapter::opaque!([F] TokenProxyFuture<F>);

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};
    use http_body_util::Full;
    use tower::ServiceExt;

    use super::*;
    use crate::{AuthLayer, RelyingParty};

    fn proxy() -> TokenProxy {
        TokenProxy::new("/api", "http://127.0.0.1:9").unwrap()
    }

    #[tokio::test]
    async fn a_proxy_without_its_layer_answers_500_and_lets_nothing_through() {
        let app: Router = Router::new().route("/", get(async || "inside")).layer(proxy());
        for path in ["/", "/api", "/api/x"] {
            let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
            assert_eq!(app.clone().oneshot(request).await.unwrap().status(), 500, "{path}");
        }
    }

    // This need only compile: there is no relying party without a configuration.
    #[allow(dead_code)]
    fn the_proxy_goes_around_a_service_that_is_not_of_axum(
        auth: RelyingParty,
    ) -> impl Service<Request<Full<Bytes>>, Response = Response<ResponseBody>> + Clone + Send {
        async fn answer(_: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, std::io::Error> {
            Ok(Response::default())
        }
        AuthLayer::new(auth).layer(proxy().layer(tower::service_fn(answer)))
    }
}
