//! [`Rejection`]: what an extractor answers when it cannot give what was asked for.

use std::fmt;

use axum_core::response::{IntoResponse, Response};
use landfall::adapter::Reply;
use landfall::{AccessTokenError, Error, ErrorCode, SignInWanted, Unmet, Visit};

use crate::convert;

/// Why an extractor of this crate refused: a sign-in is wanted, or something failed.
///
/// Return it from a handler to ask for a sign-in half-way, for example by `visit.require()?`; the
/// [`AuthLayer`](crate::AuthLayer) then answers the browser. To ask without a [`Visit`](crate::Visit) at hand,
/// make it from a [`SignInWanted`].
///
/// ```no_run
/// use landfall_axum::{Prompt, Rejection, SignInWanted};
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
            reply: Box::new(landfall::adapter::missing_layer("AuthLayer")),
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
}

impl From<SignInWanted> for Rejection {
    fn from(wanted: SignInWanted) -> Self {
        Self { code: None, reply: Box::new(wanted.reply()) }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        convert::response(*self.reply)
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
    use super::*;

    #[test]
    fn a_wanted_sign_in_is_a_401_that_carries_the_wish() {
        let response = Rejection::from(SignInWanted::new()).into_response();
        assert_eq!(response.status(), http::StatusCode::UNAUTHORIZED);
        assert!(response.extensions().get::<SignInWanted>().is_some());
    }
}
