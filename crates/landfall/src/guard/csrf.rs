//! Whether a request that could change something comes from this site.
//!
//! `SameSite=Lax` keeps other sites' posts from carrying the session; it does not stop a sibling host, nor a
//! WebSocket handshake. Fetch Metadata and the Origin header do. A request with neither header is not from a
//! browser and carries no cookie that somebody else could have made it carry.

use crate::web::request::RequestView;

/// The header that a script puts on what it sends, and no form can, where no other one is required.
pub(crate) const CSRF_HEADER: &str = "x-csrf";

/// Whether the check applies: an unsafe method (RFC 9110 §9.2.1) or a WebSocket handshake, which is a GET.
pub(crate) fn is_checked(method: &str, websocket: bool) -> bool {
    !matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE") || websocket
}

/// Whether the request comes from this site, or from a page that is meant to call it, as far as the browser says.
pub(crate) fn is_same_origin<'a>(
    view: &dyn RequestView,
    mut own: impl Iterator<Item = &'a str>,
    mut callers: impl Iterator<Item = &'a str>,
) -> bool {
    let origin = view.header("origin");
    let is_caller = origin.is_some_and(|origin| callers.any(|caller| caller.as_bytes() == origin));
    match (view.header("sec-fetch-site"), origin) {
        (Some(b"same-origin" | b"none"), _) | (None, None) => true,
        (Some(_), _) => is_caller,
        (None, Some(origin)) => is_caller || own.any(|own| own.as_bytes() == origin),
    }
}

/// Whether the browser says that the request comes from this very origin, where no word of it is not enough.
pub(crate) fn is_surely_same_origin<'a>(
    view: &dyn RequestView,
    mut own: impl Iterator<Item = &'a str>,
) -> bool {
    match (view.header("sec-fetch-site"), view.header("origin")) {
        (Some(site), _) => site == b"same-origin",
        (None, Some(origin)) => own.any(|own| own.as_bytes() == origin),
        (None, None) => false,
    }
}

/// Whether the required header is there, if one is required.
pub(crate) fn has_header(view: &dyn RequestView, required: Option<&str>) -> bool {
    required.is_none_or(|name| view.header(name).is_some())
}
