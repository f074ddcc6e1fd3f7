//! Whom a visit refuses, and with which reply: what an adapter's extractors and guards answer in a handler's place.
//!
//! The replies are whole, so that an adapter only has to turn one into its framework's response. A wish for a sign-in
//! is a plain 401 with a [`SignInWanted`] in its extensions: the layer completes it, and where something between
//! rebuilds the response, it stays a safe 401. An application that is put together wrongly answers 500 to the visitor
//! and tells the operator what to change.
//!
//! There are two ways to one, by what is at hand:
//!
//! - With a [`Visit`], as in extractors and guards: [`Rejection::failed`], [`Rejection::unmet`], [`Rejection::no_token`].
//!   The answer has its last form at once, a page or JSON as the visitor asked.
//! - Without, as a handler's `?` has none: `From` for whatever calls of ours fail with. The log hears at once, since
//!   nobody may come by later; the answer is a problem document for everybody, with a
//!   [`Failure`](crate::adapter::Failure) in its extensions. The layer knows the visit, and writes it anew by
//!   [`Visit::tell`] under the same reference.
//!
//! What every error says to whom stands in `context::error_reply`; nothing of that is decided here.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::context::error_reply::tell_without_request;
use crate::context::refused::Refused;
use crate::error::{Error, ErrorCode};
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

/// What failed in a handler that has no [`Visit`] at hand, by `?`. The cause is in the log at once; what the visitor
/// gets is a problem document, which the layer replaces by a page where one was asked for ([`Visit::tell`]).
impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        Refused::from(error).into()
    }
}

/// As an [`Error`], with the way on that a refusal may offer: it is in the answer once the layer has written it.
impl From<Refused> for Rejection {
    fn from(refused: Refused) -> Self {
        let code = Some(refused.error.code());
        Self { code, reply: Box::new(tell_without_request(refused)) }
    }
}

/// What is not met, where [`Rejection::unmet`] has no visit to be called with. What a sign-in can bring is asked for.
impl From<Unmet> for Rejection {
    fn from(unmet: Unmet) -> Self {
        match unmet {
            Unmet::Wanted(wanted) => wanted.into(),
            Unmet::Refused(refused) => refused.into(),
        }
    }
}

/// Why there is no token, where [`Rejection::no_token`] has no visit to be called with. Where a sign-in brings one, it is
/// asked for.
impl From<AccessTokenError> for Rejection {
    fn from(error: AccessTokenError) -> Self {
        match error {
            AccessTokenError::Wanted(wanted) => wanted.into(),
            AccessTokenError::Failed(error) => error.into(),
        }
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
pub(super) fn guard(requirement: &Requirement, visit: Option<&Visit>, layer: &'static str) -> Option<Reply> {
    let Some(visit) = visit else { return Some(missing_layer(layer)) };
    visit.require_more(requirement).err().map(|unmet| unmet.reply(visit))
}

/// The answer where a guard or an extractor runs without its layer. The visitor reads nothing of it; the log names
/// the layer, once a minute at most: an application that asks for an `Option` goes on without, at every request.
pub fn missing_layer(layer: &'static str) -> Reply {
    static TOLD: Mutex<BTreeMap<&str, Instant>> = Mutex::new(BTreeMap::new());
    // A lock that was poisoned guards times alone, and they are sound.
    if is_due(&mut TOLD.lock().unwrap_or_else(PoisonError::into_inner), layer, Instant::now()) {
        tracing::error!(
            layer,
            "a guard or an extractor ran, but {layer} is not around this route: add it to the outermost router, after the routes"
        );
    }
    misconfigured()
}

/// Whether a minute has passed since it was told of this layer, or it never was; and notes that it is told now.
fn is_due(told: &mut BTreeMap<&'static str, Instant>, layer: &'static str, now: Instant) -> bool {
    let is_old = |last: &Instant| now.saturating_duration_since(*last) >= Duration::from_secs(60);
    let due = told.get(layer).is_none_or(is_old);
    if due {
        told.insert(layer, now);
    }
    due
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
    use crate::context::refused::Failure;

    #[test]
    fn a_wanted_sign_in_is_no_failure_and_carries_what_is_wanted() {
        let wanted = SignInWanted::new().login_hint("ada@example.com");
        let rejection = Rejection::from(wanted.clone());
        assert_eq!((rejection.code(), rejection.wanted()), (None, Some(&wanted)));
        assert_eq!(rejection.to_string(), "a sign-in is wanted");
        assert_eq!(rejection.into_reply().status(), 401);
    }

    #[test]
    fn an_error_by_the_question_mark_is_a_failure_with_its_status_and_no_wish() {
        fn save() -> Result<(), Error> {
            Err(Error::new(ErrorCode::StoreUnavailable).detail("the disk is full"))
        }
        fn handler() -> Result<(), Rejection> {
            save()?;
            Ok(())
        }
        let rejection = handler().unwrap_err();
        assert_eq!((rejection.code(), rejection.wanted()), (Some(ErrorCode::StoreUnavailable), None));
        let reply = rejection.into_reply();
        let body = String::from_utf8_lossy(reply.body());
        assert_eq!(reply.status(), 503);
        assert!(
            reply.extensions().get::<Failure>().is_some_and(|failure| body.contains(failure.reference()))
        );
        assert!(!body.contains("disk"), "{body}");
    }

    #[test]
    fn what_is_unmet_or_no_token_asks_for_a_sign_in_by_the_question_mark_where_one_helps() {
        let wanted = SignInWanted::new().login_hint("ada@example.com");
        assert_eq!(Rejection::from(Unmet::Wanted(wanted.clone())).wanted(), Some(&wanted));
        assert_eq!(Rejection::from(AccessTokenError::Wanted(wanted.clone())).wanted(), Some(&wanted));
        let refused = Unmet::refused(ErrorCode::Forbidden, "the role admin is missing");
        assert_eq!(Rejection::from(refused).code(), Some(ErrorCode::Forbidden));
        let failed = AccessTokenError::Failed(ErrorCode::StoreUnavailable.into());
        assert_eq!(Rejection::from(failed).code(), Some(ErrorCode::StoreUnavailable));
    }

    #[test]
    fn a_missing_layer_is_told_once_a_minute_each() {
        let (mut told, start) = (BTreeMap::new(), Instant::now());
        let mut due = |layer, seconds| is_due(&mut told, layer, start + Duration::from_secs(seconds));
        assert!(due("AuthLayer", 0) && !due("AuthLayer", 0) && !due("AuthLayer", 59));
        assert!(due("AuthMiddleware", 59));
        assert!(due("AuthLayer", 60) && !due("AuthLayer", 119) && due("AuthLayer", 120));
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
