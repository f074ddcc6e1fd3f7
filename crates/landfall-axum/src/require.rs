//! [`RequireLogin`]: the guard for a subtree.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use landfall::adapter::{Guard, Reply, UntilEnded};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::convert::{self, BoxError, ResponseBody};
use crate::extract::visit_in;
use crate::layer::LAYER;
use crate::until_ended;

/// Guards a router: nothing inside it runs unless somebody is signed in.
///
/// Apply it with `.layer`, not with `.route_layer`: the latter leaves the router's own fallback open, and with
/// it every path below that no route names. A router put in place with `nest` leaves to the outer router, which
/// this does not guard, what it has no fallback for, and its own path with a slash at the end; with
/// `nest_service` it answers everything under its path. A router put in place with `merge` lends its guarded
/// "not found" to the whole router, unless that has a fallback of its own.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use landfall_axum::RequireLogin;
///
/// let reports = Router::new().route("/", get(async || "all reports")).layer(RequireLogin::new());
/// let app: Router = Router::new().nest("/reports", reports);
/// ```
///
/// It guards any service as well, and that whole, whatever its body: a folder, for instance, by
/// `.nest_service("/files", RequireLogin::new().layer(ServeDir::new("files")))` or by `.fallback_service(…)`, with
/// `use tower::Layer`.
///
/// It only asks; the [`AuthLayer`](crate::AuthLayer) around the whole application answers the browser. Without
/// that layer every request gets a 500, and the log says which layer is missing.
///
/// What is answered behind it is for one person: `public` and `s-maxage` are taken out of the answer, with a line in the
/// log, and `private` is put in. [`shared_cache`](Self::shared_cache) says otherwise.
///
/// What takes its time behind it ends with the session where it says [`ends_streams`](Self::ends_streams).
///
/// It can demand more than a sign-in; see [`Requirement`](landfall::Requirement):
///
/// ```no_run
/// use std::time::Duration;
///
/// use axum::{Router, routing::get};
/// use landfall_axum::{AuthLevel, RequireLogin};
///
/// let payments = RequireLogin::new().auth_level(AuthLevel::Aal2).max_age(Duration::from_secs(300)).role("treasurer");
/// let app: Router = Router::new().route("/payments", get(async || "paid")).layer(payments);
/// ```
///
/// Around a whole application, files and fallback included, it can be told which paths it is for, from the
/// application's settings: [`except`](Self::except) guards everything but those, [`under`](Self::under) those alone.
/// [`writes_only`](Self::writes_only) leaves reading to everybody. All of it goes together.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use landfall_axum::{AuthLayer, RelyingParty, RequireLogin};
///
/// fn app(auth: RelyingParty, open: &[String]) -> Result<Router, landfall_axum::ConfigError> {
///     let wiki = get(async || "a page").put(async || "changed");
///     let app = Router::new()
///         .route("/wiki/{page}", wiki.layer(RequireLogin::new().writes_only().role("editor")))
///         .fallback(async || "a file");
///     let open = open.iter().map(String::as_str).chain(["/wiki", "/public"]);
///     Ok(app.layer(RequireLogin::except(open)?).layer(AuthLayer::new(auth)))
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RequireLogin(Guard);

landfall::adapter::require_login!(RequireLogin);

impl<S> Layer<S> for RequireLogin {
    type Service = RequireLoginService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireLoginService { inner, guard: self.0.clone() }
    }
}

/// The service made by [`RequireLogin`].
#[derive(Clone, Debug)]
pub struct RequireLoginService<S> {
    inner: S,
    guard: Guard,
}

impl<S, B, RB> Service<Request<B>> for RequireLoginService<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    RB: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = RequireLoginFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (method, visit) = (request.method().as_str(), visit_in(request.extensions()));
        let state = match (self.guard.refusal(method, visit, LAYER), self.guard.until_ended(method, visit)) {
            (Some(reply), _) => State::Refused { reply: Some(reply) },
            (None, None) => State::Inner { future: self.inner.call(request) },
            (None, Some(until)) => {
                State::Ending { future: Box::pin(self.inner.call(request)), until: Some(Box::new(until)) }
            }
        };
        RequireLoginFuture { state }
    }
}

pin_project! {
    /// The future of [`RequireLoginService`]: the inner service's, or the refusal.
    pub struct RequireLoginFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        /// Somebody is signed in; the inner service is at work.
        Inner { #[pin] future: F },
        /// The same where the answer's body ends with the session. Boxed, so that no other request pays for it.
        Ending { future: Pin<Box<F>>, until: Option<Box<UntilEnded>> },
        /// The inner service was not called.
        Refused { reply: Option<Reply> },
    }
}

impl<F, RB, E> Future for RequireLoginFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    RB: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<ResponseBody>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Inner { future } => future.poll(cx).map_ok(|response| response.map(ResponseBody::new)),
            StateProj::Ending { future, until } => {
                let response = ready!(future.as_mut().poll(cx))?;
                Poll::Ready(Ok(match until.take() {
                    Some(until) => until_ended::ending(response, *until),
                    None => response.map(ResponseBody::new),
                }))
            }
            StateProj::Refused { reply } => match reply.take() {
                Some(reply) => Poll::Ready(Ok(convert::response(reply))),
                // Polled after it was ready, which nothing may rely on.
                None => Poll::Pending,
            },
        }
    }
}

landfall::adapter::opaque!([F] RequireLoginFuture<F>);

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, routing::get};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_guard_without_its_layer_answers_500_and_lets_nothing_through() {
        let guarded = Router::new().route("/", get(async || "inside")).fallback(async || "inside");
        let app: Router = Router::new().nest_service("/reports", guarded.layer(RequireLogin::new()));
        for path in ["/reports", "/reports/", "/reports/no-such-page"] {
            let response =
                app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), 500, "{path}");
        }
    }
}
