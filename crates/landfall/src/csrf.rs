//! Whether a request that could change something comes from this site.
//!
//! `SameSite=Lax` keeps other sites' posts from carrying the session; it does not stop a sibling host, nor a
//! WebSocket handshake. Fetch Metadata and the Origin header do. A request with neither header is not from a
//! browser and carries no cookie that somebody else could have made it carry.

use crate::request::RequestView;

/// Whether the check applies: an unsafe method (RFC 9110 §9.2.1) or a WebSocket handshake, which is a GET.
pub(crate) fn is_checked(method: &str, websocket: bool) -> bool {
    !matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE") || websocket
}

/// Whether the request comes from this site, as far as the browser says.
pub(crate) fn is_same_origin<'a>(view: &dyn RequestView, mut origins: impl Iterator<Item = &'a str>) -> bool {
    if let Some(site) = view.header("sec-fetch-site") {
        return matches!(site, b"same-origin" | b"none");
    }
    match view.header("origin") {
        Some(origin) => origins.any(|own| own.as_bytes() == origin),
        None => true,
    }
}
