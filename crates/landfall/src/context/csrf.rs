//! Whether a request may act for whoever is signed in, by this application's own origins and settings.
//!
//! The rules are in [`guard::fetch_metadata`](crate::guard::fetch_metadata); here is what they are asked about: which origin is
//! the request's own, which pages beside it may call, and which header is required. Its own is that of the base URL it came
//! by alone: the page of another one is another site's, since who can write a page of staging must not act in production.
//!
//! Three strengths are asked for:
//!
//! - [`Context::check_origin`]: what only looks, or cannot carry a header (a WebSocket handshake).
//! - [`Context::check_unsafe`]: what changes something on a page of the application's.
//! - `check_own_page`: the token proxy, where a request carries somebody's access token on.

use super::Context;
use super::incoming::{Incoming, Sender};
use super::site::Site;
use crate::address::spa_callback::SpaCallback;
use crate::error::{Error, ErrorCode};
use crate::guard::fetch_metadata;
use crate::guard::request_kind::RequestSigns;
use crate::web::request::RequestView;

/// What a program, or a person who typed the address, is told at the token proxy.
#[cfg(feature = "reqwest")]
const SAY_WHO_ASKS: &str = "This address is for the application's own pages. A program that calls it in somebody's name \
    says so: by an Origin header with the origin of this address.";

impl Context {
    /// Refuses what another site sends on its visitor's session, where it could change something.
    ///
    /// Asked only where a cookie may lead to a session: without one there is nobody in whose name to act. Paths
    /// of [`danger::allow_cross_site`](crate::danger::allow_cross_site) are left alone. A WebSocket handshake is
    /// checked by its origin only, as a browser lets nobody put a header on it.
    pub(crate) fn check_unsafe(&self, incoming: &Incoming<'_>) -> Result<(), Error> {
        let websocket = incoming.signs.websocket;
        let is_open = self.settings.csrf.cross_site.iter().any(|allowed| allowed == incoming.path);
        if !fetch_metadata::is_checked(incoming.method, websocket) || is_open {
            return Ok(());
        }
        self.check_origin(incoming.site, &incoming.signs)?;
        if websocket { Ok(()) } else { self.check_required_header(incoming.view) }
    }

    /// Who sent a request that would begin a session: the check of [`Self::check_unsafe`], also where nobody is signed in,
    /// and on paths that are open to other sites. A form that signs somebody in is posted by nobody, and whose account it
    /// is must not be another site's to say (login CSRF).
    pub(crate) fn sender(&self, incoming: &Incoming<'_>) -> Sender {
        if !matches!(incoming.method, "POST" | "PUT" | "PATCH") {
            return Sender::NoPost;
        }
        let required = self.settings.csrf.required_header.as_deref();
        let is_own = self.is_same_origin(incoming.site, &incoming.signs)
            && fetch_metadata::has_header(incoming.view, required);
        if is_own { Sender::OwnPage } else { Sender::Foreign }
    }

    /// Whether the request comes from the origin of the base URL it came by, or from a single-page application's that is
    /// at no base URL.
    fn is_same_origin(&self, site: &Site, signs: &RequestSigns<'_>) -> bool {
        let callers = self.pages_beside().map(|page| page.origin.as_str());
        fetch_metadata::is_same_origin(signs, &site.base.origin, callers)
    }

    /// Refuses a request from another site. Asked on its own by the sign-out, which plain forms must be able to post.
    ///
    /// # Errors
    /// [`ErrorCode::CrossSite`]. Where the foreign origin is another base URL's, or almost one's, the detail tells the
    /// operator so.
    pub(crate) fn check_origin(&self, site: &Site, signs: &RequestSigns<'_>) -> Result<(), Error> {
        if self.is_same_origin(site, signs) {
            return Ok(());
        }
        let error = Error::new(ErrorCode::CrossSite);
        Err(match self.other_origin(site, signs) {
            Some(detail) => error.detail(detail),
            None => error,
        })
    }

    /// Refuses whatever does not say that a page of this very origin sends it, with the header of `required_header` where
    /// that is set: an access token is spent for such a page alone. Not for a page beside the origin, which may ask who is
    /// there; not for what was typed or bookmarked; and not for what says nothing. An old browser sends neither Fetch
    /// Metadata nor, with a GET, an Origin: there a Referer of this origin says it, which a page can leave out and never
    /// make up (Fetch §4.6); or that header, which no form and no script of another origin can send without leave (§3.2).
    ///
    /// # Errors
    /// [`ErrorCode::CrossSite`].
    #[cfg(feature = "reqwest")]
    pub(crate) fn check_own_page(&self, site: &Site, view: &dyn RequestView) -> Result<(), Error> {
        let signs = RequestSigns::read(view);
        self.check_origin(site, &signs)?;
        self.check_required_header(view)?;
        let says_nothing = signs.site.is_none() && signs.origin.is_none();
        let is_of_this_origin = signs.referer.is_some_and(|page| site.base.is_origin_of(page));
        let is_proven = says_nothing && (is_of_this_origin || self.settings.csrf.required_header.is_some());
        if is_proven || fetch_metadata::is_surely_same_origin(&signs, &site.base.origin) {
            return Ok(());
        }
        let error = Error::new(ErrorCode::CrossSite);
        Err(match (signs.site, signs.origin) {
            (None, None) => error
                .detail("neither Sec-Fetch-Site nor Origin, and no Referer of this origin")
                .says(SAY_WHO_ASKS),
            (Some(b"none"), _) => error.detail("no page sent it").says(SAY_WHO_ASKS),
            _ => error.detail("from a page beside this origin"),
        })
    }

    /// The application's own origins: one for each base URL.
    fn origins(&self) -> impl Iterator<Item = &str> {
        self.sites.iter().map(|site| site.base.origin.as_str())
    }

    /// The single-page applications that are at no base URL. One environment's page does not act in another.
    pub(crate) fn pages_beside(&self) -> impl Iterator<Item = &SpaCallback> {
        let pages = self.settings.spa_callbacks.iter();
        pages.filter(|page| self.origins().all(|origin| origin != page.origin))
    }

    /// The single-page application that a request comes from, if it is beside the base URLs.
    pub(crate) fn spa_of(&self, signs: &RequestSigns<'_>) -> Option<&SpaCallback> {
        let origin = signs.origin?;
        self.pages_beside().find(|page| page.origin.as_bytes() == origin)
    }

    /// The same by its number, for what outlives the request.
    pub(crate) fn caller(&self, signs: &RequestSigns<'_>) -> Option<u16> {
        let origin = signs.origin?;
        u16::try_from(self.pages_beside().position(|page| page.origin.as_bytes() == origin)?).ok()
    }

    /// The origin of a caller.
    pub(crate) fn origin_of(&self, caller: u16) -> Option<&str> {
        self.pages_beside().nth(usize::from(caller)).map(|page| page.origin.as_str())
    }

    /// The origin of the single-page application that a request comes from, if it is beside the base URLs.
    pub(crate) fn cors_origin(&self, signs: &RequestSigns<'_>) -> Option<String> {
        self.spa_of(signs).map(|page| page.origin.clone())
    }

    /// Refuses what lacks the header of `required_header`; nothing, where that is not set.
    fn check_required_header(&self, view: &dyn RequestView) -> Result<(), Error> {
        let required = self.settings.csrf.required_header.as_deref();
        if !fetch_metadata::has_header(view, required) {
            let name = required.unwrap_or_default();
            return Err(Error::new(ErrorCode::CrossSite).detail(format!("without the header {name}")));
        }
        Ok(())
    }
}
