//! The extractors that handlers take: [`Visit`], [`SignedIn`], [`Claims`], [`AccessToken`].
//!
//! The orphan rule lets neither crate implement axum's traits for the core's types. So each is a thin type of the same
//! name around the core's, and dereferences to it.

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use landfall::adapter;
use serde::de::DeserializeOwned;

use crate::layer::LAYER;
use crate::reject::Rejection;

/// Extractor: what this request knows about who is there, somebody or nobody. Fails only where no
/// [`AuthLayer`](crate::AuthLayer) is.
///
/// Everything else it can do is on [`landfall::Visit`].
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
#[derive(Clone, Debug)]
pub struct Visit(landfall::Visit);

/// Extractor: somebody who is signed in. A request without a sign-in does not reach the handler: the browser is
/// sent to sign in and comes back to the same address.
///
/// Everything it can do is on [`landfall::SignedIn`]. For pages that greet both guests and members, take a
/// [`Visit`].
///
/// ```no_run
/// use landfall_axum::SignedIn;
///
/// async fn dashboard(user: SignedIn) -> String {
///     format!("Hello, {}", user.name().unwrap_or(user.subject()))
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
/// Claims that do not fit the type are a 500 with the reason in the log.
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
#[derive(Clone, Debug)]
pub struct AccessToken(landfall::AccessToken);

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        visit(parts).cloned().map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(visit(parts)?.require().map(Self)?)
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Claims<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let visit = visit(parts)?;
        visit.require()?.claims().map(Self).map_err(|error| Rejection::failed(visit, error))
    }
}

impl<S: Sync> FromRequestParts<S> for AccessToken {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Visit(visit(parts)?.clone()).access_token().await
    }
}

fn visit(parts: &Parts) -> Result<&landfall::Visit, Rejection> {
    parts.extensions.get().ok_or_else(|| adapter::Rejection::missing_layer(LAYER).into())
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
    async fn an_extractor_without_the_layer_is_refused_with_500() {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        let rejection = SignedIn::from_request_parts(&mut parts, &()).await.unwrap_err();
        assert_eq!(rejection.code(), Some(crate::ErrorCode::Misconfigured));
    }
}
