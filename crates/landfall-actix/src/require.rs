//! [`RequireLogin`]: the guard for a subtree.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{self, Context, Poll};

use actix_web::HttpMessage;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use landfall::adapter::{Guard, UntilEnded};
use pin_project_lite::pin_project;

use crate::convert;
use crate::extract::visit_in;
use crate::layer::LAYER;
use crate::until_ended;

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
/// use actix_web::web;
/// use landfall_actix::{AuthLevel, RequireLogin};
///
/// let payments = RequireLogin::new().auth_level(AuthLevel::Aal2).max_age(Duration::from_secs(300)).role("treasurer");
/// let payments = web::scope("/payments").route("", web::get().to(async || "paid")).wrap(payments);
/// # let _: actix_web::Scope<_> = payments;
/// ```
///
/// Around a whole application, files and default service included, it can be told which paths it is for, from the
/// application's settings: [`except`](Self::except) guards everything but those, [`under`](Self::under) those alone.
/// [`writes_only`](Self::writes_only) leaves reading to everybody. All of it goes together. Make it once, where an error
/// can be returned, and clone it into every worker:
///
/// ```no_run
/// use actix_web::{App, HttpServer, web};
/// use landfall_actix::{AuthMiddleware, RelyingParty, RequireLogin};
///
/// async fn serve(auth: RelyingParty, open: &[String]) -> Result<(), Box<dyn std::error::Error>> {
///     let open = open.iter().map(String::as_str).chain(["/wiki", "/public"]);
///     let guard = RequireLogin::except(open)?;
///     let app = move || {
///         let wiki = web::resource("/wiki/{page}").get(async || "a page").put(async || "changed");
///         App::new()
///             .service(wiki.wrap(RequireLogin::new().writes_only().role("editor")))
///             .default_service(web::to(async || "a file"))
///             .wrap(guard.clone())
///             .wrap(AuthMiddleware::new(auth.clone()))
///     };
///     HttpServer::new(app).bind("127.0.0.1:3000")?.run().await?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RequireLogin(Guard);

landfall::adapter::require_login!(RequireLogin);

impl<S, B> Transform<S, ServiceRequest> for RequireLogin
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = S::Error;
    type Transform = RequireLoginService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(RequireLoginService { inner, guard: self.0.clone() }))
    }
}

/// The service made by [`RequireLogin`].
#[derive(Debug)]
pub struct RequireLoginService<S> {
    inner: S,
    guard: Guard,
}

impl<S, B> Service<ServiceRequest> for RequireLoginService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = S::Error;
    type Future = RequireLoginFuture<S::Future>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (refusal, until) = {
            let (method, extensions) = (request.method().as_str(), request.extensions());
            let visit = visit_in(&extensions);
            (self.guard.refusal(method, visit, LAYER), self.guard.until_ended(method, visit))
        };
        let state = match (refusal, until) {
            (Some(reply), _) => {
                State::Refused { response: Some(request.into_response(convert::response(reply))) }
            }
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
        Refused { response: Option<ServiceResponse> },
    }
}

impl<F, B, E> Future for RequireLoginFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, E>>,
    B: MessageBody + 'static,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Inner { future } => {
                future.poll(cx).map(|answer| answer.map(ServiceResponse::map_into_left_body))
            }
            StateProj::Ending { future, until } => {
                let response = task::ready!(future.as_mut().poll(cx))?;
                Poll::Ready(Ok(match until.take() {
                    Some(until) => until_ended::ending(response, *until).map_into_right_body(),
                    None => response.map_into_left_body(),
                }))
            }
            StateProj::Refused { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response.map_into_right_body())),
                // Polled after it was ready, which nothing may rely on.
                None => Poll::Pending,
            },
        }
    }
}

landfall::adapter::opaque!([F] RequireLoginFuture<F>);

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
