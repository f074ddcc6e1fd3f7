//! [`Rejection`]: what an extractor answers when it cannot give what was asked for.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use landfall::adapter::Reply;
use landfall::{AccessTokenError, Error, ErrorCode, SignInWanted, Unmet, Visit};

use crate::convert;

/// Why an extractor of this crate refused: a sign-in is wanted, or something failed.
///
/// Return it from a handler to ask for a sign-in half-way, for example by `visit.require()?`; the
/// [`AuthMiddleware`](crate::AuthMiddleware) then answers the browser. To ask without a
/// [`Visit`](crate::Visit) at hand, make it from a [`SignInWanted`].
///
/// ```no_run
/// use landfall_actix::{Prompt, Rejection, SignInWanted};
///
/// async fn switch_account() -> Result<String, Rejection> {
///     Err(SignInWanted::new().prompt(Prompt::SelectAccount).into())
/// }
/// ```
pub struct Rejection {
    code: Option<ErrorCode>,
    // Boxed because a Result with a whole response in it is large on the good path too.
    reply: Box<Reply>,
}

impl Rejection {
    /// What failed; `None` where nothing did and a sign-in is wanted.
    pub fn code(&self) -> Option<ErrorCode> {
        self.code
    }

    pub(crate) fn missing_layer() -> Self {
        Self {
            code: Some(ErrorCode::Misconfigured),
            reply: Box::new(landfall::adapter::missing_layer("AuthMiddleware")),
        }
    }

    /// The answer where something of Landfall's failed in a handler: a page or JSON (RFC 9457), as the visitor asked.
    /// The cause is in the log, under the reference that the answer shows.
    pub fn failed(visit: &Visit, error: &Error) -> Self {
        let reply = visit.relying_party().error_reply(visit, error);
        Self { code: Some(error.code()), reply: Box::new(reply) }
    }

    pub(crate) fn unmet(visit: &Visit, unmet: Unmet) -> Self {
        match unmet {
            Unmet::Wanted(wanted) => wanted.into(),
            Unmet::Refused(error) => Self::failed(visit, &error),
            _ => Self::failed(visit, &ErrorCode::Forbidden.into()),
        }
    }

    pub(crate) fn no_token(visit: &Visit, error: AccessTokenError) -> Self {
        match error {
            AccessTokenError::Wanted(wanted) => wanted.into(),
            AccessTokenError::Failed(error) => Self::failed(visit, &error),
            _ => Self::failed(visit, &ErrorCode::Misconfigured.into()),
        }
    }

    /// The wish that this carries, if it carries one.
    pub(crate) fn wanted(&self) -> Option<SignInWanted> {
        self.reply.extensions().get().cloned()
    }

    /// An error that is the answer to a wish.
    pub(crate) fn answered(reply: Reply) -> Self {
        Self { code: None, reply: Box::new(reply) }
    }
}

impl From<SignInWanted> for Rejection {
    fn from(wanted: SignInWanted) -> Self {
        Self { code: None, reply: Box::new(wanted.reply()) }
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.reply.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        convert::response((*self.reply).clone())
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The reply's headers may hold cookies.
        f.debug_struct("Rejection").field("code", &self.code).field("status", &self.reply.status()).finish()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.map_or("a sign-in is wanted", ErrorCode::sentence))
    }
}

impl std::error::Error for Rejection {}

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
    fn the_wish_can_be_found_in_an_error() {
        let error = actix_web::Error::from(Rejection::from(SignInWanted::new()));
        assert!(error.as_error().and_then(Rejection::wanted).is_some());
    }
}
