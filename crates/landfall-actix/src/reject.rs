//! [`Rejection`]: what an extractor answers when it cannot give what was asked for.

use actix_web::dev::Extensions;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use landfall::SignInWanted;
use landfall::adapter::{self, Failure};

use crate::convert;

/// Why an extractor of this crate refused: a sign-in is wanted, or something failed.
///
/// Return it from a handler to ask for a sign-in half-way, for example by `visit.require()?`; the
/// [`AuthMiddleware`](crate::AuthMiddleware) then answers the browser. To ask without a
/// [`Visit`](crate::Visit) at hand, make it from a [`SignInWanted`](crate::SignInWanted). What calls of Landfall fail
/// with becomes one by `?`: the visitor gets a page or JSON, as they asked, and the log the cause.
///
/// An error type of the application's that holds one answers in `status_code` and `error_response` by the rejection's own, unchanged: the wish for a
/// sign-in is in the response's extensions, and one that is made anew loses it.
///
/// ```no_run
/// use landfall_actix::{Prompt, Rejection, SignInWanted, SignedIn, Visit};
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

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.reply().status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        convert::response(self.0.reply().clone())
    }
}

/// What failed in a handler that knew nothing of the request, for the middleware to tell as the visitor asked.
pub(crate) fn failure<B>(response: &mut HttpResponse<B>) -> Option<Failure> {
    // Nearly every answer is none, and is not searched.
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if failed { response.extensions_mut().remove() } else { None }
}

/// The answer of an error that some middleware of the application's ended in, where it is ours or asks for something of
/// ours: an application's own error may have a [`Rejection`] inside.
pub(crate) fn response_of(error: &actix_web::Error) -> Option<HttpResponse> {
    let response = error.error_response();
    let asks =
        |extensions: &Extensions| extensions.contains::<SignInWanted>() || extensions.contains::<Failure>();
    let ours = error.as_error::<Rejection>().is_some() || asks(&response.extensions());
    ours.then_some(response)
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    use super::*;

    #[actix_web::test]
    async fn a_wanted_sign_in_is_a_401_whose_wish_outlives_the_handler() {
        async fn handler() -> Result<String, Rejection> {
            Err(SignInWanted::new().into())
        }
        let app = init_service(App::new().route("/", web::get().to(handler))).await;
        let response = call_service(&app, TestRequest::default().to_request()).await;
        assert_eq!(response.status().as_u16(), 401);
        assert!(response.response().extensions().get::<SignInWanted>().is_some());
    }

    #[test]
    fn an_error_is_ours_if_it_is_a_rejection_or_answers_with_a_wish() {
        #[derive(Debug)]
        struct Theirs(Rejection);
        impl std::fmt::Display for Theirs {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl ResponseError for Theirs {
            fn error_response(&self) -> HttpResponse {
                self.0.error_response()
            }
        }
        let wanted = || Rejection::from(SignInWanted::new());
        let status = |error: actix_web::Error| response_of(&error).map(|response| response.status().as_u16());
        assert_eq!(status(wanted().into()), Some(401));
        assert_eq!(status(Theirs(wanted()).into()), Some(401));
        assert_eq!(status(Rejection(adapter::Rejection::missing_layer("AuthMiddleware")).into()), Some(500));
        assert_eq!(
            status(Theirs(crate::Error::from(crate::ErrorCode::StoreUnavailable).into()).into()),
            Some(503)
        );
        assert_eq!(status(actix_web::error::ErrorUnauthorized("theirs")), None);
    }
}
