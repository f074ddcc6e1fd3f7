//! What kind of request this is, and so what it gets when nobody is signed in.
//!
//! One classification for layers and extractors. A page that is being opened is sent to the provider;
//! everything else gets a 401, no redirect and no cookie: a redirect would turn into a CORS error for a
//! script, would be thrown away by a prefetch, and would pile up pending logins.

use crate::cookie::SentCookie;
use crate::request::RequestView;

/// What kind of request this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// A person opens a page: GET, top level, HTML.
    Navigation,
    /// htmx asks for a part of a page (`HX-Request`).
    Htmx,
    /// Everything else: scripts, APIs, form posts, WebSockets, event streams, prefetches, frames.
    Other {
        /// The client would show HTML to a person and reads no JSON.
        html: bool,
    },
}

/// What is kept of a request until the application has answered.
#[derive(Debug)]
pub(crate) struct RequestFacts {
    pub(crate) kind: RequestKind,
    /// Which base URL the request came in by.
    pub(crate) base: usize,
    /// Path and query as the browser sees them: where it would want to come back to.
    pub(crate) target: String,
    /// The page around an htmx request, if it is a URL under our base.
    pub(crate) htmx_page: Option<String>,
    /// Pending logins and the marks of finished ones that the browser holds.
    pub(crate) attempts: Vec<SentCookie>,
}

/// Classifies by Fetch Metadata where the browser sends it, else by Accept.
pub(crate) fn classify(view: &dyn RequestView) -> RequestKind {
    let html = accepts_html(view);
    let other = RequestKind::Other { html };
    // A boosted link or form is still a script's request, whatever its method.
    if view.header("hx-request").is_some_and(|value| value == b"true") {
        return RequestKind::Htmx;
    }
    if view.method() != "GET" || is_prefetch(view) || has_token(view, "upgrade", b"websocket") {
        return other;
    }
    match (view.header("sec-fetch-mode"), view.header("sec-fetch-dest")) {
        (Some(b"navigate"), Some(b"document") | None) => RequestKind::Navigation,
        (None, None) if html && view.header("x-requested-with").is_none() => RequestKind::Navigation,
        _ => other,
    }
}

/// Whether a browser fetches this ahead of a person's click.
pub(crate) fn is_prefetch(view: &dyn RequestView) -> bool {
    has_token(view, "sec-purpose", b"prefetch")
        || has_token(view, "purpose", b"prefetch")
        || has_token(view, "x-moz", b"prefetch")
        || view.header("next-router-prefetch").is_some()
}

/// Whether this request is, by its own headers, anything but a person opening a page.
pub(crate) fn is_no_navigation(view: &dyn RequestView) -> bool {
    is_prefetch(view)
        || view.header("sec-fetch-mode").is_some_and(|mode| mode != b"navigate")
        || view.header("sec-fetch-dest").is_some_and(|dest| dest != b"document")
}

fn accepts_html(view: &dyn RequestView) -> bool {
    has_media_type(view, b"text/html") || has_media_type(view, b"application/xhtml+xml")
}

fn has_media_type(view: &dyn RequestView, wanted: &[u8]) -> bool {
    let mut found = false;
    view.header_values("accept", &mut |value| {
        found |= value.split(|byte| *byte == b',').any(|range| {
            let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let name = parts.next().unwrap_or_default();
            name.eq_ignore_ascii_case(wanted)
                && !parts.any(|part| matches!(part, b"q=0" | b"q=0.0" | b"q=0.00"))
        });
    });
    found
}

/// Whether a comma- or semicolon-separated header holds a token, in any case.
pub(crate) fn has_token(view: &dyn RequestView, name: &str, token: &[u8]) -> bool {
    let mut found = false;
    view.header_values(name, &mut |value| {
        found |= value
            .split(|byte| matches!(byte, b',' | b';'))
            .any(|part| part.trim_ascii().eq_ignore_ascii_case(token));
    });
    found
}
