//! [`RequireLogin`]: the guard for a subtree.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use landfall::{AuthLevel, Requirement, Visit};
use pin_project_lite::pin_project;

use crate::convert;

/// Guards a scope, a resource or a whole application: nothing inside it runs unless somebody is signed in.
///
/// ```no_run
/// use actix_web::web;
/// use landfall_actix::RequireLogin;
///
/// let reports = web::scope("/reports")
///     .route("", web::get().to(async || "all reports"))
///     .wrap(RequireLogin::new());
/// # let _: actix_web::Scope<_> = reports;
/// ```
///
/// It only asks; the [`AuthMiddleware`](crate::AuthMiddleware) around the whole application answers the browser.
/// Without that middleware every request gets a 500, and the log says which one is missing.
///
/// It can demand more than a sign-in; see [`Requirement`]:
///
/// ```no_run
/// use std::time::Duration;
///
/// use actix_web::web;
/// use landfall_actix::{AuthLevel, RequireLogin};
///
/// let payments = RequireLogin::new().auth_level(AuthLevel::Aal2).max_age(Duration::from_secs(300)).role("treasurer");
/// let payments = web::scope("/payments").route("", web::get().to(async || "paid")).wrap(payments);
/// # let _: actix_web::Scope<_> = payments;
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

impl<S, B> Transform<S, ServiceRequest> for RequireLogin
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = S::Error;
    type Transform = RequireLoginService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(RequireLoginService { inner, requirement: self.0.clone() }))
    }
}

/// The service made by [`RequireLogin`].
#[derive(Debug)]
pub struct RequireLoginService<S> {
    inner: S,
    requirement: Requirement,
}

impl<S, B> Service<ServiceRequest> for RequireLoginService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = S::Error;
    type Future = RequireLoginFuture<S::Future>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let visit = request.extensions().get::<Visit>().cloned();
        let refusal = match visit.as_ref().map(|visit| (visit, visit.require_more(&self.requirement))) {
            Some((_, Ok(_))) => {
                return RequireLoginFuture { state: State::Inner { future: self.inner.call(request) } };
            }
            Some((visit, Err(unmet))) => unmet.reply(visit),
            None => landfall::adapter::missing_layer("AuthMiddleware"),
        };
        let response = request.into_response(convert::response(refusal));
        RequireLoginFuture { state: State::Refused { response: Some(response) } }
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
        Refused { response: Option<ServiceResponse> },
    }
}

impl<F, B, E> Future for RequireLoginFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, E>>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Inner { future } => {
                future.poll(cx).map(|answer| answer.map(ServiceResponse::map_into_left_body))
            }
            StateProj::Refused { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response.map_into_right_body())),
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
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    use super::*;

    #[actix_web::test]
    async fn a_guard_without_its_layer_answers_500_and_lets_nothing_through() {
        let guarded = web::scope("/reports").route("", web::get().to(async || "inside"));
        let app = init_service(App::new().service(guarded.wrap(RequireLogin::new()))).await;
        for path in ["/reports", "/reports/no-such-page"] {
            let response = call_service(&app, TestRequest::with_uri(path).to_request()).await;
            assert_eq!(response.status().as_u16(), 500, "{path}");
        }
    }
}
