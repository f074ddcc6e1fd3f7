//! The extractors that handlers take: [`Visit`], [`SignedIn`], [`Claims`], [`AccessToken`].
//!
//! The orphan rule lets neither crate implement axum's traits for the core's types. So each is a thin type of the same
//! name around the core's, and dereferences to it. An `Option` of one is `None` for nobody and for nothing else.

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::Extensions;
use http::request::Parts;
use landfall::adapter;
use serde::de::DeserializeOwned;

use crate::reject::Rejection;

/// What the log calls the one that leaves the [`Visit`] here, where it is missing or there twice.
pub(crate) const LAYER: &str = "AuthLayer";

/// Extractor: what this request knows about who is there, somebody or nobody. Fails only where no
/// [`AuthLayer`](crate::AuthLayer) is.
///
/// Everything else it can do is on [`landfall::Visit`]. An `Option<Visit>` is always `Some`, for code that is generic
/// over extractors: nobody is a visit, too.
///
/// ```no_run
/// use landfall_axum::{Rejection, Visit};
///
/// async fn comment(visit: Visit, text: String) -> Result<String, Rejection> {
///     if text.is_empty() {
///         return Ok("Nothing was said".to_owned());
///     }
///     let user = visit.require()?; // with nobody there, the layer asks for a sign-in
///     Ok(format!("{} says {text}", user.subject()))
/// }
/// ```
///
/// In middleware it is an extractor as well, and `visit.require()?` asks for a sign-in there, too. Middleware that is handed
/// no extractors (`map_request`, a tower service) finds it in the request's extensions, where the layer leaves it:
///
/// ```no_run
/// use axum::extract::Request;
/// use axum::middleware::{Next, from_fn, map_request};
/// use axum::response::Response;
/// use axum::{Router, routing::get};
/// use landfall_axum::{AuthLayer, Rejection, RelyingParty, SubjectId, Visit};
///
/// async fn members_only(visit: Visit, request: Request, next: Next) -> Result<Response, Rejection> {
///     visit.require()?;
///     Ok(next.run(request).await)
/// }
///
/// async fn note_who(mut request: Request) -> Request {
///     let user = request.extensions().get::<Visit>().and_then(|visit| visit.signed_in());
///     if let Some(user) = user {
///         request.extensions_mut().insert::<SubjectId>(user.subject_id());
///     }
///     request
/// }
///
/// fn app(auth: RelyingParty) -> Router {
///     Router::new()
///         .route("/", get(async || "members"))
///         .layer(from_fn(members_only))
///         .layer(map_request(note_who))
///         .layer(AuthLayer::new(auth))
/// }
/// ```
///
/// A middleware that stands before style sheets and pages alike hands on what pages may show as a
/// [`Personal`](landfall::Personal): whoever looks at it makes an answer `private`, and the style sheet stays one that
/// caches may share. What it writes to the log is [`for_log`](landfall::Visit::for_log).
///
/// ```no_run
/// use axum::extract::Request;
/// use axum::middleware::{self, Next};
/// use axum::response::Response;
/// use axum::routing::get;
/// use axum::{Extension, Router};
/// use landfall_axum::{AuthLayer, Personal, RelyingParty, Visit};
///
/// async fn greet(visit: Visit, mut request: Request, next: Next) -> Response {
///     println!("{} opens {}", visit.for_log(), request.uri().path());
///     let name = visit.with(|user| user.and_then(|user| user.name()).map(str::to_owned));
///     request.extensions_mut().insert(name);
///     next.run(request).await
/// }
///
/// async fn home(Extension(name): Extension<Personal<Option<String>>>) -> String {
///     format!("Hello, {}", name.as_deref().unwrap_or("stranger")) // the look
/// }
///
/// fn app(auth: RelyingParty) -> Router {
///     Router::new()
///         .route("/", get(home))
///         .route("/style.css", get(async || "body { color: teal }"))
///         .layer(middleware::from_fn(greet))
///         .layer(AuthLayer::new(auth))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Visit(pub(crate) landfall::Visit);

/// Extractor: somebody who is signed in. A request without a sign-in does not reach the handler: the browser is
/// sent to sign in and comes back to the same address.
///
/// Everything it can do is on [`landfall::SignedIn`]. For pages that greet both guests and members, take a
/// [`Visit`] or an `Option<SignedIn>`, which is `None` where nobody is signed in and for no other reason. A
/// `Result<SignedIn, Rejection>` leaves it to the handler what becomes of a refusal.
///
/// ```no_run
/// use landfall_axum::{Rejection, SignedIn};
///
/// async fn dashboard(user: SignedIn) -> String {
///     format!("Hello, {}", user.name().unwrap_or(user.subject()))
/// }
///
/// async fn greeting(user: Option<SignedIn>) -> String {
///     user.map_or_else(|| "Hello, guest".to_owned(), |user| format!("Hello, {}", user.subject()))
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
#[derive(Clone, Debug)]
pub struct SignedIn(landfall::SignedIn);

/// Extractor: the claims kept at sign-in, as a type of the application's. Needs a sign-in, as [`SignedIn`] does.
///
/// ```no_run
/// use landfall_axum::Claims;
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
/// Claims that do not fit the type are a 500 with the reason in the log, also where an `Option<Claims<_>>` is asked
/// for: that is `None` where nobody is signed in.
#[derive(Clone, Copy, Debug)]
pub struct Claims<T>(pub T);

/// Extractor: an access token to call an API with, good for at least another minute. Needs a sign-in, as
/// [`SignedIn`] does, and a relying party that keeps tokens.
///
/// Everything it can do is on [`landfall::AccessToken`].
///
/// ```no_run
/// use landfall_axum::AccessToken;
///
/// async fn orders(token: AccessToken) -> String {
///     let authorization = format!("Bearer {}", token.secret()); // RFC 6750 §2.1
///     // … send it to the API, and keep it out of logs and pages
///     # let _ = authorization;
///     format!("good for another {} s", token.expires_in().as_secs())
/// }
/// ```
///
/// An `Option<AccessToken>` is `None` where nobody is signed in. Somebody whose token cannot be had is refused all the
/// same.
#[derive(Clone, Debug)]
pub struct AccessToken(landfall::AccessToken);

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        visit(parts).cloned()
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Visit {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        visit(parts).cloned().map(Some)
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        visit(parts)?.require()
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for SignedIn {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(visit(parts)?.signed_in())
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Claims<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let visit = visit(parts)?;
        claims(visit, &visit.require()?)
    }
}

impl<S: Sync, T: DeserializeOwned> OptionalFromRequestParts<S> for Claims<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        let visit = visit(parts)?;
        visit.signed_in().map(|user| claims(visit, &user)).transpose()
    }
}

impl<S: Sync> FromRequestParts<S> for AccessToken {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        visit(parts)?.clone().access_token().await
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for AccessToken {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        let visit = visit(parts)?.clone();
        match visit.signed_in() {
            Some(_) => visit.access_token().await.map(Some),
            None => Ok(None),
        }
    }
}

/// What the layer left with the request, if it is there.
pub(crate) fn visit_in(extensions: &Extensions) -> Option<&landfall::Visit> {
    extensions.get::<Visit>().map(|visit| &visit.0)
}

fn visit(parts: &Parts) -> Result<&Visit, Rejection> {
    parts.extensions.get().ok_or_else(|| adapter::Rejection::missing_layer(LAYER).into())
}

fn claims<T: DeserializeOwned>(visit: &Visit, user: &SignedIn) -> Result<Claims<T>, Rejection> {
    user.claims().map(Claims).map_err(|error| Rejection::failed(visit, error))
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
    use super::*;

    #[tokio::test]
    async fn an_extractor_without_the_layer_is_refused_with_500_optional_or_not() {
        async fn code<T: FromRequestParts<(), Rejection = Rejection>>() -> Option<crate::ErrorCode> {
            let (mut parts, ()) = http::Request::new(()).into_parts();
            T::from_request_parts(&mut parts, &()).await.err().and_then(|rejection| rejection.code())
        }
        let missing = Some(crate::ErrorCode::Misconfigured);
        assert_eq!([code::<Visit>().await, code::<Option<Visit>>().await], [missing; 2]);
        assert_eq!([code::<SignedIn>().await, code::<Option<SignedIn>>().await], [missing; 2]);
        assert_eq!([code::<Claims<()>>().await, code::<Option<Claims<()>>>().await], [missing; 2]);
        assert_eq!([code::<AccessToken>().await, code::<Option<AccessToken>>().await], [missing; 2]);
    }
}
