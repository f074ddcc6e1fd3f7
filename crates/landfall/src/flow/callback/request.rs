//! A callback as it came in, and a failure as it goes out: what the callback shares with its two endpoints.

use std::sync::Arc;

use crate::address::return_to::ReturnTo;
use crate::browser::cookie::SentCookie;
use crate::context::Context;
use crate::context::refused::Refused;
use crate::context::request_origin::RequestOrigin;
use crate::context::site::Site;
use crate::error::Error;
use crate::runtime::GoingOn;
use crate::session::{CookieSession, SubjectId};

/// A callback as it came in. Nothing in it has been believed.
pub(crate) struct CallbackRequest {
    /// The base URL it came by.
    pub(crate) site: Arc<Site>,
    /// The authorization response, without `?`.
    pub(crate) query: String,
    /// The redirect URIs that an answer may have come to by this way: the callback's, or a page's own.
    pub(crate) redirect_uris: Vec<String>,
    /// The address it came under, if that is not the base URL's.
    pub(crate) requested_address: Option<String>,
    /// Our attempts' cookies, unopened.
    pub(crate) sent: Vec<SentCookie>,
    /// What the browser's session cookie leads to: a session that the new one replaces.
    pub(crate) found: CookieSession,
    /// What the browser is called, such as "Firefox on Windows"; `None` where it does not say.
    pub(crate) label: Option<String>,
    /// Where it came from, for the application's hook.
    pub(crate) origin: RequestOrigin,
    /// Said before the code is sent: until then, nothing is lost if the browser hangs up.
    pub(crate) going_on: GoingOn,
}

impl CallbackRequest {
    /// A failure before `state` was opened: nothing is known of where the person was going, and no attempt to
    /// take away.
    pub(super) fn lost(&self, context: &Context, error: Error) -> CallbackFailure {
        let client = context.clients.first();
        let is_page =
            |uri: &&String| !client.is_some_and(|client| client.is_redirect_uri(&self.site.base, uri));
        let redirect_uri = self.redirect_uris.first().filter(is_page);
        let return_to = context.landing(&self.site, redirect_uri.map(String::as_str), None);
        let redirect_uri = redirect_uri.cloned();
        CallbackFailure {
            refused: error.into(),
            return_to,
            redirect_uri,
            set_cookies: Vec::new(),
            provider: None,
            subject: None,
        }
    }
}

/// What kept a callback from signing anyone in, and what still has to be said to the browser.
pub(crate) struct CallbackFailure {
    /// What went wrong, and what the page may offer.
    pub(crate) refused: Refused,
    /// Where "Sign in again" leads back to.
    pub(crate) return_to: ReturnTo,
    /// Where the answer to that sign-in is to come to, if not to the callback.
    pub(crate) redirect_uri: Option<String>,
    /// Set-Cookie lines that tell the browser what became of its attempt.
    pub(crate) set_cookies: Vec<String>,
    /// The issuer that was asked; `None` where `state` does not say.
    pub(crate) provider: Option<Arc<str>>,
    /// Who came back; `None` where that is not verified.
    pub(crate) subject: Option<SubjectId>,
}
