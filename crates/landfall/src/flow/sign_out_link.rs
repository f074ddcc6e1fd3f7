//! A link that signs one session out, without a page that asks.
//!
//! A GET that ends something is anybody's to word, so the link holds a seal over the session that it was made for, and
//! that is not enough: it may have been seen. It is followed only if the browser says that a person opened it from a page
//! of this very origin (Fetch Metadata §2). What does not say so gets the page that asks, as does an old link.

use crate::context::Context;
use crate::context::endpoints::Endpoint;
use crate::context::incoming::Incoming;
use crate::context::site::Site;
use crate::session::Session;
use crate::web::form::parameter;

/// What the seal is for: it opens as nothing else that the same keys seal.
const AAD: &[u8] = b"sign-out link";
/// The parameter that holds it.
const PARAMETER: &str = "session";

/// The link for this session.
pub(crate) fn to(context: &Context, site: &Site, session: &Session) -> Option<String> {
    let sealed = site.logout_seal.seal(&*context.entropy, AAD, &session.name()).ok()?;
    let path = site.outside(context.settings.paths.path(Endpoint::Logout));
    Some(format!("{path}?{PARAMETER}={sealed}"))
}

/// The name of the session that a request would sign out by such a link, if a person opened it here.
pub(crate) fn opened(incoming: &Incoming<'_>) -> Option<[u8; 32]> {
    if incoming.method != "GET" || !incoming.signs.is_opened_from(b"same-origin") {
        return None;
    }
    let sealed = parameter(incoming.query(), PARAMETER)?;
    let name = incoming.site.logout_seal.open(AAD, sealed.as_bytes()).plain()?;
    name.as_slice().try_into().ok()
}
