//! [`RequireLogin`]: the guard for a subtree.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use landfall::adapter::Reply;
use landfall::{AuthLevel, Requirement, Visit};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::convert;

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
/// It only asks; the [`AuthLayer`](crate::AuthLayer) around the whole application answers the browser. Without
/// that layer every request gets a 500, and the log says which layer is missing.
///
/// It can demand more than a sign-in; see [`Requirement`]:
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
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RequireLogin(Requirement);

impl RequireLogin {
    /// Demands a sign-in, whatever kind.
    pub fn new() -> Self {
        Self::default()
    }

    /// The authentication may be no older than this, in whole seconds, give or take the clock leeway: `max_age`
    /// (OpenID Connect Core §3.1.2.1).
    pub fn max_age(self, age: Duration) -> Self {
        Self(self.0.max_age(age))
    }

    /// The authentication must be of this class (`acr`, OpenID Connect Core §2), compared exactly. Called again: of
    /// this one or one of those before.
    pub fn acr(self, class: impl Into<String>) -> Self {
        Self(self.0.acr(class))
    }

    /// The authentication must be at least this strong: step-up.
    pub fn auth_level(self, level: AuthLevel) -> Self {
        Self(self.0.auth_level(level))
    }

    /// This scope must be granted (RFC 6749 §3.3); it is asked for where it was not yet. Called again: this one as
    /// well.
    pub fn scope(self, scope: impl AsRef<str>) -> Self {
        Self(self.0.scope(scope))
    }

    /// The person must have this role, or gets a 403; where roles come from says
    /// [`role_claim`](landfall::RelyingPartyBuilder::role_claim). Called again: this one or one of those before.
    pub fn role(self, role: impl Into<String>) -> Self {
        Self(self.0.role(role))
    }

    /// A condition of the application's own, asked last: whoever meets the rest and is not allowed gets a 403. It
    /// must not block.
    pub fn allow_if(self, allow: impl Fn(&Visit) -> bool + Send + Sync + 'static) -> Self {
        Self(self.0.allow_if(allow))
    }
}

impl From<Requirement> for RequireLogin {
    fn from(requirement: Requirement) -> Self {
        Self(requirement)
    }
}

impl<S> Layer<S> for RequireLogin {
    type Service = RequireLoginService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireLoginService { inner, requirement: Arc::new(self.0.clone()) }
    }
}

/// The service made by [`RequireLogin`].
#[derive(Clone, Debug)]
pub struct RequireLoginService<S> {
    inner: S,
    requirement: Arc<Requirement>,
}

impl<S, B, RB> Service<Request<B>> for RequireLoginService<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    RB: From<Bytes>,
{
    type Response = Response<RB>;
    type Error = S::Error;
    type Future = RequireLoginFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let refusal = match request.extensions().get::<Visit>() {
            Some(visit) => match visit.require_more(&self.requirement) {
                Ok(_) => {
                    return RequireLoginFuture { state: State::Inner { future: self.inner.call(request) } };
                }
                Err(unmet) => unmet.reply(visit),
            },
            None => landfall::adapter::missing_layer("AuthLayer"),
        };
        RequireLoginFuture { state: State::Refused { reply: Some(refusal) } }
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
        /// The inner service was not called.
        Refused { reply: Option<Reply> },
    }
}

impl<F, RB, E> Future for RequireLoginFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    RB: From<Bytes>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Inner { future } => future.poll(cx),
            StateProj::Refused { reply } => match reply.take() {
                Some(reply) => Poll::Ready(Ok(convert::response(reply))),
                // Polled after it was ready, which nothing may rely on.
                None => Poll::Pending,
            },
        }
    }
}

impl<F> fmt::Debug for RequireLoginFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireLoginFuture").finish_non_exhaustive()
    }
}

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
