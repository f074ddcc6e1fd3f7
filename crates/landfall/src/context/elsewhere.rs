//! What comes under a Host that is none of several base URLs, and may pass all the same.
//!
//! A health check asks for a pod by its address, a calendar or another program by a name of its own. They have no
//! session here and want none. A browser is another matter: it sends what a stranger's page tells it to, and a stranger
//! can point a name of theirs at this address and have that page read, as its own origin, whatever is answered under
//! the name (DNS rebinding). So a browser is refused on every path that is not named for it.
//!
//! Who is let through is nobody, whatever cookies come: they were given for another name. What the application shows
//! to everybody, they may read; what needs somebody answers as to a browser, with a 421.
//!
//! | what comes | passes |
//! |---|---|
//! | a path that `any_host` names, from anybody | yes |
//! | Fetch Metadata, an Origin, or a page that is wanted (`Accept`) | no: a browser's |
//! | GET or HEAD with `Accept-Language` | no: over plain http a browser sends a rebound name nothing else that tells |
//! | two hosts | no, with a 400, as under a base URL |
//! | a forwarded header of a trusted proxy that cannot be read | no, with a 400 |
//! | anything else: probes, calendars, other programs | yes |
//!
//! A program that means to look like a browser is refused, and one that means to look like none gets no further than
//! it would under the right Host.

use super::Context;
use super::site_selection::RequestedAddress;
use crate::error::{Error, ErrorCode};
use crate::guard::request_kind::RequestSigns;
use crate::web::request::RequestView;

impl Context {
    /// Whether a request that names no base URL is let through, by its path or as no browser's.
    pub(crate) fn lets_through(&self, view: &dyn RequestView, signs: &RequestSigns<'_>) -> bool {
        self.is_open_to_any_host(view.path()) || is_no_browsers(view, signs)
    }

    /// Whether a path is named for any Host. A proxy may have left the base path in front of it, any one of them.
    pub(crate) fn is_open_to_any_host(&self, path: &str) -> bool {
        let named = &self.settings.any_host;
        named.hold(path) || self.sites.iter().any(|site| named.hold(site.base.inside_path(path)))
    }

    /// Tells the operator that something came by another name, once a minute: it may be the health check, or an address
    /// that was forgotten among the base URLs.
    pub(crate) fn tell_of_foreign_host(&self, asked: &RequestedAddress<'_>) {
        if self.settings.any_host.told.is_due(self.clock.now()) {
            tracing::warn!(
                detail = self.asked_for(&asked.printed()),
                "a request under another Host was let through as nobody's, since no browser sent it: if people sign in under that address, add it to the base URLs; if it is a health check, name its path with any_host"
            );
        }
    }

    /// What is answered under another Host where somebody is needed.
    pub(crate) fn needs_base_url(&self, foreign_host: &str) -> Error {
        let detail = format!("{}; nobody can sign in there", self.asked_for(foreign_host));
        Error::new(ErrorCode::WrongHost).detail(detail)
    }
}

/// Whether nothing says that a browser sent the request.
///
/// By plain http a browser sends no Fetch Metadata to a name that is not this machine's (Fetch Metadata §2), and no
/// `Origin` with a GET of the page's own origin: a rebound name is just that. But it always says which languages its
/// person reads, and no script can keep it from that. Programs that fetch in nobody's name do not.
fn is_no_browsers(view: &dyn RequestView, signs: &RequestSigns<'_>) -> bool {
    let carries_no_origin = matches!(view.method(), "GET" | "HEAD");
    !(signs.is_a_browsers() || carries_no_origin && view.header("accept-language").is_some())
}
