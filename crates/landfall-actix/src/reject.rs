//! [`Rejection`]: what an extractor answers when it cannot give what was asked for.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use landfall::adapter;

use crate::convert;

/// Why an extractor of this crate refused: a sign-in is wanted, or something failed.
///
/// Return it from a handler to ask for a sign-in half-way, for example by `visit.require()?`; the
/// [`AuthMiddleware`](crate::AuthMiddleware) then answers the browser. To ask without a
/// [`Visit`](crate::Visit) at hand, make it from a [`SignInWanted`](crate::SignInWanted).
///
/// ```no_run
/// use landfall_actix::{Prompt, Rejection, SignInWanted};
///
/// async fn switch_account() -> Result<String, Rejection> {
///     Err(SignInWanted::new().prompt(Prompt::SelectAccount).into())
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

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    use super::*;
    use crate::SignInWanted;

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
    fn the_wish_can_be_found_in_an_error() {
        let error = actix_web::Error::from(Rejection::from(SignInWanted::new()));
        assert!(error.as_error::<Rejection>().and_then(|rejection| rejection.0.wanted()).is_some());
    }
}
