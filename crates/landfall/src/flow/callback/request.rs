//! A callback as it came in, and a failure as it goes out.

use std::sync::Arc;

use crate::address::return_to::ReturnTo;
use crate::browser::cookie::SentCookie;
use crate::context::Context;
use crate::context::refused::Refused;
use crate::context::site::Site;
use crate::error::Error;
use crate::session::CookieSession;

/// A callback as it came in.
pub(crate) struct CallbackRequest {
    pub(crate) site: Arc<Site>,
    pub(crate) query: String,
    /// The redirect URIs that an answer may have come to by this way: the callback's, or a page's own.
    pub(crate) redirect_uris: Vec<String>,
    /// The address it came under, if that is not the base URL's.
    pub(crate) requested_address: Option<String>,
    pub(crate) sent: Vec<SentCookie>,
    pub(crate) found: CookieSession,
    /// What the browser is called.
    pub(crate) label: Option<String>,
}

impl CallbackRequest {
    /// A failure of which nothing else is known.
    pub(super) fn lost(&self, context: &Context, error: Error) -> CallbackFailure {
        let client = context.client_for_login();
        let is_page = |uri: &&String| !client.is_redirect_uri(&self.site.base, uri);
        let redirect_uri = self.redirect_uris.first().filter(is_page);
        let return_to = context.landing(&self.site, redirect_uri.map(String::as_str), None);
        let redirect_uri = redirect_uri.cloned();
        CallbackFailure { refused: error.into(), return_to, redirect_uri, set_cookies: Vec::new() }
    }
}

/// What kept a callback from signing anyone in, and what still has to be said to the browser.
pub(crate) struct CallbackFailure {
    pub(crate) refused: Refused,
    /// Where "Sign in again" leads back to.
    pub(crate) return_to: ReturnTo,
    /// Where the answer to that sign-in is to come to, if not to the callback.
    pub(crate) redirect_uri: Option<String>,
    pub(crate) set_cookies: Vec<String>,
}
