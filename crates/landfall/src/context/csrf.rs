//! Whether a request may act for whoever is signed in, by this application's own origins and settings.
//!
//! The rules are in [`guard::fetch_metadata`](crate::guard::fetch_metadata); here is what they are asked about: which origins are
//! ours, which pages beside them may call, and which header is required. Three strengths are asked for:
//!
//! - [`Context::check_origin`]: what only looks, or cannot carry a header (a WebSocket handshake).
//! - [`Context::check_unsafe`]: what changes something on a page of the application's.
//! - `check_csrf_strict`: the token proxy, where a request carries somebody's access token on.

use super::Context;
use super::incoming::Incoming;
use crate::address::spa_callback::SpaCallback;
use crate::error::{Error, ErrorCode};
use crate::guard::fetch_metadata;
use crate::guard::request_kind::RequestSigns;
use crate::web::request::RequestView;

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
        self.check_origin(&incoming.signs)?;
        if websocket { Ok(()) } else { self.check_required_header(incoming.view) }
    }

    /// Whether the request comes from one of this application's own origins, or from a single-page application's.
    /// Asked on its own by the sign-out, which plain forms must be able to post.
    pub(crate) fn is_same_origin(&self, signs: &RequestSigns<'_>) -> bool {
        fetch_metadata::is_same_origin(
            signs,
            self.origins(),
            self.pages_beside().map(|page| page.origin.as_str()),
        )
    }

    /// Refuses a request from another site.
    ///
    /// # Errors
    /// [`ErrorCode::CrossSite`]. Where the foreign origin is almost a base URL's, the detail tells the operator
    /// what differs.
    pub(crate) fn check_origin(&self, signs: &RequestSigns<'_>) -> Result<(), Error> {
        if self.is_same_origin(signs) {
            return Ok(());
        }
        let error = Error::new(ErrorCode::CrossSite);
        Err(match self.other_origin(signs) {
            Some(detail) => error.detail(detail),
            None => error,
        })
    }

    /// Refuses as [`Self::check_unsafe`], and also what comes from a page beside this application's own origins: a
    /// page that may ask who is there may not spend the access token.
    ///
    /// # Errors
    /// [`ErrorCode::CrossSite`].
    #[cfg(feature = "reqwest")]
    pub(crate) fn check_csrf_strict(&self, view: &dyn RequestView) -> Result<(), Error> {
        let signs = RequestSigns::read(view);
        self.check_origin(&signs)?;
        if !fetch_metadata::is_same_origin(&signs, self.origins(), std::iter::empty()) {
            return Err(Error::new(ErrorCode::CrossSite).detail("from a page beside this origin"));
        }
        self.check_required_header(view)
    }

    /// The application's own origins: one for each base URL.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &str> {
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
