//! The extractors that handlers take: [`Visit`], [`SignedIn`], [`Claims`], [`AccessToken`].
//!
//! The orphan rule lets neither crate implement actix-web's trait for the core's types. So each is a thin type of the same
//! name around the core's, and dereferences to it.
//!
//! actix-web makes an `Option` of any extractor by itself, and it is `None` for whatever went wrong. A missing
//! middleware is therefore told to the log by whoever misses it.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::{Extensions, Payload};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use landfall::adapter;
use serde::de::DeserializeOwned;

use crate::reject::Rejection;

/// What the log calls the one that leaves the [`Visit`] here, where it is missing or there twice.
pub(crate) const LAYER: &str = "AuthMiddleware";

/// Extractor: what this request knows about who is there, somebody or nobody. Fails only where no
/// [`AuthMiddleware`](crate::AuthMiddleware) is.
///
/// Everything else it can do is on [`landfall::Visit`].
///
/// ```no_run
/// use landfall_actix::{Rejection, Visit};
///
/// async fn comment(visit: Visit, text: String) -> Result<String, Rejection> {
///     if text.is_empty() {
///         return Ok("Nothing was said".to_owned());
///     }
///     let user = visit.require()?; // with nobody there, the middleware asks for a sign-in
///     Ok(format!("{} says {text}", user.subject()))
/// }
/// ```
///
/// In middleware of the application's own it is an extractor as well, and `visit.require()?` asks for a sign-in there, too.
/// Middleware that is handed no extractors finds it in the request's extensions, where the
/// [`AuthMiddleware`](crate::AuthMiddleware) leaves it:
///
/// ```no_run
/// use actix_web::body::MessageBody;
/// use actix_web::dev::{Service as _, ServiceRequest, ServiceResponse};
/// use actix_web::middleware::{Next, from_fn};
/// use actix_web::{App, HttpMessage, HttpServer, web};
/// use landfall_actix::{AuthMiddleware, RelyingParty, SubjectId, Visit};
///
/// async fn members_only<B: MessageBody>(
///     visit: Visit,
///     request: ServiceRequest,
///     next: Next<B>,
/// ) -> Result<ServiceResponse<B>, actix_web::Error> {
///     visit.require()?;
///     next.call(request).await
/// }
///
/// fn note_who(request: &ServiceRequest) {
///     let user = request.extensions().get::<Visit>().and_then(|visit| visit.signed_in());
///     if let Some(user) = user {
///         request.extensions_mut().insert::<SubjectId>(user.subject_id());
///     }
/// }
///
/// async fn serve(auth: RelyingParty) -> std::io::Result<()> {
///     let app = move || {
///         App::new()
///             .route("/", web::get().to(async || "members"))
///             .wrap(from_fn(members_only))
///             .wrap_fn(|request, service| {
///                 note_who(&request);
///                 service.call(request)
///             })
///             .wrap(AuthMiddleware::new(auth.clone()))
///     };
///     HttpServer::new(app).bind("127.0.0.1:3000")?.run().await
/// }
/// ```
///
/// What middleware ends by an error in this way, or by any [`Rejection`], is a response for whatever stands around the
/// [`AuthMiddleware`](crate::AuthMiddleware).
/// By then the request itself is dropped, and actix-web keeps it nowhere else: the response's has its method, target,
/// version and peer, and neither headers nor extensions. Where something outside reads those off a response, as CORS
/// does, answer with `request.error_response(rejection)` in place of `?`.
///
/// An error of the application's own that middleware ends in stays one, as actix-web has it: it passes by unmarked,
/// `test::call_service` panics on it, and where the visit was asked before, `Ok(request.error_response(error))` is the
/// answer that caches are told not to share.
///
/// A middleware that stands before style sheets and pages alike hands on what pages may show as a
/// [`Personal`](landfall::Personal): whoever looks at it makes an answer `private`, and the style sheet stays one that
/// caches may share. What it writes to the log is [`for_log`](landfall::Visit::for_log).
///
/// ```no_run
/// use actix_web::body::MessageBody;
/// use actix_web::dev::{ServiceRequest, ServiceResponse};
/// use actix_web::middleware::{Next, from_fn};
/// use actix_web::{App, Error, HttpMessage, HttpServer, web};
/// use landfall_actix::{AuthMiddleware, Personal, RelyingParty, Visit};
///
/// async fn greet(
///     visit: Visit,
///     request: ServiceRequest,
///     next: Next<impl MessageBody>,
/// ) -> Result<ServiceResponse<impl MessageBody>, Error> {
///     println!("{} opens {}", visit.for_log(), request.path());
///     let name = visit.with(|user| user.and_then(|user| user.name()).map(str::to_owned));
///     request.extensions_mut().insert(name);
///     next.call(request).await
/// }
///
/// async fn home(name: web::ReqData<Personal<Option<String>>>) -> String {
///     format!("Hello, {}", name.as_deref().unwrap_or("stranger")) // the look
/// }
///
/// async fn serve(auth: RelyingParty) -> std::io::Result<()> {
///     let app = move || {
///         App::new()
///             .route("/", web::get().to(home))
///             .route("/style.css", web::get().to(async || "body { color: teal }"))
///             .wrap(from_fn(greet))
///             .wrap(AuthMiddleware::new(auth.clone()))
///     };
///     HttpServer::new(app).bind("127.0.0.1:3000")?.run().await
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Visit(pub(crate) landfall::Visit);

/// Extractor: somebody who is signed in. A request without a sign-in does not reach the handler: the browser is
/// sent to sign in and comes back to the same address.
///
/// Everything it can do is on [`landfall::SignedIn`]. For pages that greet both guests and members, take a
/// [`Visit`]. A `Result<SignedIn, Rejection>` leaves it to the handler what becomes of a refusal.
///
/// ```no_run
/// use landfall_actix::{Rejection, SignedIn};
///
/// async fn dashboard(user: SignedIn) -> String {
///     format!("Hello, {}", user.name().unwrap_or(user.subject()))
/// }
///
/// async fn own_words(user: Result<SignedIn, Rejection>) -> Result<String, Rejection> {
///     match user {
///         Ok(user) => Ok(format!("Hello, {}", user.subject())),
///         Err(rejection) if rejection.code().is_none() => Ok("Please sign in".to_owned()), // nobody is there
///         Err(rejection) => Err(rejection),
///     }
/// }
/// ```
///
/// actix-web's `Option<SignedIn>` is `None` for nobody, and also where the middleware is missing, which then only the
/// log says: an ERROR, once a minute at most.
#[derive(Clone, Debug)]
pub struct SignedIn(landfall::SignedIn);

/// Extractor: the claims kept at sign-in, as a type of the application's. Needs a sign-in, as [`SignedIn`] does.
///
/// ```no_run
/// use landfall_actix::Claims;
///
/// #[derive(serde::Deserialize)]
/// struct Member {
///     sub: String,
///     groups: Vec<String>,
/// }
///
/// async fn groups(Claims(member): Claims<Member>) -> String {
///     format!("{} is in {}", member.sub, member.groups.join(", "))
/// }
/// ```
///
/// Claims that do not fit the type are a 500 with the reason in the log. actix-web's `Option<Claims<_>>` is `None` for
/// them as well: for a page that greets both guests and members, take a [`Visit`] and ask it for
/// [`claims`](landfall::SignedIn::claims).
#[derive(Clone, Copy, Debug)]
pub struct Claims<T>(pub T);

/// Extractor: an access token to call an API with, good for at least another minute. Needs a sign-in, as
/// [`SignedIn`] does, and a relying party that keeps tokens.
///
/// Everything it can do is on [`landfall::AccessToken`].
///
/// ```no_run
/// use landfall_actix::AccessToken;
///
/// async fn orders(token: AccessToken) -> String {
///     let authorization = format!("Bearer {}", token.secret()); // RFC 6750 §2.1
///     // … send it to the API, and keep it out of logs and pages
///     # let _ = authorization;
///     format!("good for another {} s", token.expires_in().as_secs())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AccessToken(landfall::AccessToken);

impl FromRequest for Visit {
    type Error = Rejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(visit(request))
    }
}

impl FromRequest for SignedIn {
    type Error = Rejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(visit(request).and_then(|visit| visit.require()))
    }
}

impl<T: DeserializeOwned> FromRequest for Claims<T> {
    type Error = Rejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(visit(request).and_then(|visit| {
            visit.require()?.claims().map(Self).map_err(|error| Rejection::failed(&visit, error))
        }))
    }
}

impl FromRequest for AccessToken {
    type Error = Rejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visit = visit(request);
        Box::pin(async move { visit?.access_token().await })
    }
}

/// What the middleware left with the request, if it is there.
pub(crate) fn visit_in(extensions: &Extensions) -> Option<&landfall::Visit> {
    extensions.get::<Visit>().map(|visit| &visit.0)
}

fn visit(request: &HttpRequest) -> Result<Visit, Rejection> {
    request.extensions().get().cloned().ok_or_else(|| adapter::Rejection::missing_layer(LAYER).into())
}

landfall::adapter::visit!(Visit, SignedIn, AccessToken, Rejection);
landfall::adapter::deref! {
    Visit => landfall::Visit,
    SignedIn => landfall::SignedIn,
    AccessToken => landfall::AccessToken,
    Claims<T> => T,
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[actix_web::test]
    async fn an_extractor_without_the_layer_is_refused_with_500() {
        let rejection = SignedIn::extract(&TestRequest::default().to_http_request()).await.unwrap_err();
        assert_eq!(rejection.code(), Some(crate::ErrorCode::Misconfigured));
    }
}
