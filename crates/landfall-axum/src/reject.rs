//! [`Rejection`]: what an extractor answers when it cannot give what was asked for.

use axum_core::response::{IntoResponse, Response};
use landfall::adapter::{self, Failure};

use crate::convert;

/// Why an extractor of this crate refused: a sign-in is wanted, or something failed.
///
/// Return it from a handler to ask for a sign-in half-way, for example by `visit.require()?`; the
/// [`AuthLayer`](crate::AuthLayer) then answers the browser. To ask without a [`Visit`](crate::Visit) at hand,
/// make it from a [`SignInWanted`](crate::SignInWanted). What calls of Landfall fail with becomes one by `?`: the
/// visitor gets a page or JSON, as they asked, and the log the cause.
///
/// An error type of the application's that holds one answers by `rejection.into_response()`, unchanged: the wish for a
/// sign-in is in the response's extensions, and one that is made anew loses it.
///
/// ```no_run
/// use landfall_axum::{Prompt, Rejection, SignInWanted, SignedIn, Visit};
///
/// async fn switch_account() -> Result<String, Rejection> {
///     Err(SignInWanted::new().prompt(Prompt::SelectAccount).into())
/// }
///
/// async fn where_signed_in(visit: Visit, user: SignedIn) -> Result<String, Rejection> {
///     let sessions = visit.relying_party().sessions().list(&user.subject_id()).await?;
///     Ok(format!("in {} browsers", sessions.len()))
/// }
/// ```
pub struct Rejection(pub(crate) adapter::Rejection);

landfall::adapter::rejection!(Rejection);

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        convert::response(self.0.into_reply())
    }
}

/// What failed in a handler that knew nothing of the request, for the layer to tell as the visitor asked.
pub(crate) fn failure<B>(response: &mut http::Response<B>) -> Option<Failure> {
    // Nearly every answer is none, and is not searched.
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if failed { response.extensions_mut().remove() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SignInWanted;

    #[test]
    fn a_wanted_sign_in_is_a_401_that_carries_the_wish() {
        let response = Rejection::from(SignInWanted::new()).into_response();
        assert_eq!(response.status(), http::StatusCode::UNAUTHORIZED);
        assert!(response.extensions().get::<SignInWanted>().is_some());
    }
}
