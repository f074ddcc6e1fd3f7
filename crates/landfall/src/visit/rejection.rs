//! Whom a visit refuses, and with which reply: what an adapter's extractors and guards answer in a handler's place.
//!
//! The replies are whole, so that an adapter only has to turn one into its framework's response. A wish for a sign-in
//! is a plain 401 with a [`SignInWanted`] in its extensions: the layer completes it, and where something between
//! rebuilds the response, it stays a safe 401. An application that is put together wrongly answers 500 to the visitor
//! and tells the operator what to change.

use std::fmt;

use crate::context::refused::Refused;
use crate::error::ErrorCode;
use crate::flow::access_token::AccessTokenError;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::visit::Visit;
use crate::visit::requirement::{Requirement, Unmet};
use crate::web::pages;
use crate::web::reply::Reply;

/// Why an extractor refused: a sign-in is wanted, or something failed. The reply that says so comes with it.
///
/// Each adapter has a type of this name around it, since the framework's trait for such answers belongs to neither
/// of the two crates.
pub struct Rejection {
    /// `None` where nothing failed and a sign-in is wanted.
    code: Option<ErrorCode>,
    /// Boxed because a Result with a whole response in it is large on the good path too.
    reply: Box<Reply>,
}

impl Rejection {
    /// An extractor ran without its layer: [`missing_layer`].
    pub fn missing_layer(layer: &'static str) -> Self {
        Self { code: Some(ErrorCode::Misconfigured), reply: Box::new(missing_layer(layer)) }
    }

    /// Something of Landfall's failed in a handler: a page or JSON (RFC 9457), as the visitor asked. The cause is in
    /// the log, under the reference that the answer shows.
    pub fn failed(visit: &Visit, refused: impl Into<Refused>) -> Self {
        let refused = refused.into();
        let code = Some(refused.error.code());
        Self { code, reply: Box::new(visit.error_reply(refused)) }
    }

    /// A [`Requirement`] is not met.
    pub fn unmet(visit: &Visit, unmet: Unmet) -> Self {
        match unmet {
            Unmet::Wanted(wanted) => wanted.into(),
            Unmet::Refused(refused) => Self::failed(visit, refused),
        }
    }

    /// There is no access token: nobody is signed in (any more), or it cannot be had now.
    pub fn no_token(visit: &Visit, error: AccessTokenError) -> Self {
        match error {
            AccessTokenError::Wanted(wanted) => wanted.into(),
            AccessTokenError::Failed(error) => Self::failed(visit, error),
        }
    }

    /// What failed; `None` where nothing did and a sign-in is wanted.
    pub fn code(&self) -> Option<ErrorCode> {
        self.code
    }

    /// The sign-in that is wanted, if one is.
    pub fn wanted(&self) -> Option<&SignInWanted> {
        self.reply.extensions().get()
    }

    /// The answer: what the framework's response is made of, extensions included.
    pub fn reply(&self) -> &Reply {
        &self.reply
    }

    /// The answer, for whoever owns the rejection.
    pub fn into_reply(self) -> Reply {
        *self.reply
    }
}

impl From<SignInWanted> for Rejection {
    fn from(wanted: SignInWanted) -> Self {
        wanted.reply().into()
    }
}

/// A reply that is no failure: the plain 401 of a wanted sign-in, or what the layer made of it.
impl From<Reply> for Rejection {
    fn from(reply: Reply) -> Self {
        Self { code: None, reply: Box::new(reply) }
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

/// What a guard answers in place of what it guards; `None` where the visit meets the requirement.
///
/// `visit` is what the layer of this name left with the request, if it is there.
pub fn guard(requirement: &Requirement, visit: Option<&Visit>, layer: &'static str) -> Option<Reply> {
    let Some(visit) = visit else { return Some(missing_layer(layer)) };
    visit.require_more(requirement).err().map(|unmet| unmet.reply(visit))
}

/// The answer where a guard or an extractor runs without its layer. The visitor reads nothing of it; the log names
/// the layer.
pub fn missing_layer(layer: &'static str) -> Reply {
    tracing::error!(
        layer,
        "a guard or an extractor ran, but {layer} is not around this route: add it to the outermost router, after the routes"
    );
    misconfigured()
}

/// The answer where one layer stands inside another. The inner one would look for a session that the outer one has
/// found, and both would set cookies.
pub fn stacked_layers(layer: &'static str) -> Reply {
    tracing::error!(layer, "{layer} is there twice around this route: keep the outermost one");
    misconfigured()
}

/// One page for every such mistake: what it is, is nobody's business outside.
fn misconfigured() -> Reply {
    pages::internal_error(ErrorCode::Misconfigured.sentence())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wanted_sign_in_is_no_failure_and_carries_what_is_wanted() {
        let wanted = SignInWanted::new().login_hint("ada@example.com");
        let rejection = Rejection::from(wanted.clone());
        assert_eq!((rejection.code(), rejection.wanted()), (None, Some(&wanted)));
        assert_eq!(rejection.to_string(), "a sign-in is wanted");
        assert_eq!(rejection.into_reply().status(), 401);
    }

    #[test]
    fn a_missing_layer_is_a_500_that_carries_no_wanted_sign_in() {
        let rejection = Rejection::missing_layer("AuthLayer");
        assert_eq!((rejection.code(), rejection.wanted()), (Some(ErrorCode::Misconfigured), None));
        assert_eq!(rejection.reply().status(), 500);
    }

    #[test]
    fn no_cookie_of_a_reply_is_shown_by_debug() {
        let mut reply = SignInWanted::new().reply();
        reply.headers_mut().insert("set-cookie", http::HeaderValue::from_static("a=secret"));
        assert_eq!(format!("{:?}", Rejection::from(reply)), "Rejection { code: None, status: 401 }");
    }
}
