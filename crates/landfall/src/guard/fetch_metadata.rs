//! Whether a request that could change something comes from this site.
//!
//! `SameSite=Lax` keeps other sites' posts from carrying the session; it does not stop a sibling host, nor a
//! WebSocket handshake. Fetch Metadata (`Sec-Fetch-Site`) and the `Origin` header do. A request with neither
//! header is not from a browser and carries no cookie that somebody else could have made it carry.
//!
//! Fetch Metadata go to https and to loopback alone (Fetch Metadata §2): where an application has no TLS, `Origin` decides
//! by itself. It is on everything that is checked, and `null` where a page lets nothing be told of itself, which is no
//! origin of ours.
//!
//! The rules know no settings: callers hand in the origin that counts as this site. `context/csrf.rs` does so for
//! every endpoint, and adds what the log says about a refusal.

use super::request_kind::RequestSigns;
use crate::web::request::RequestView;

/// The header that the exchange asks for where the application requires no other. A script can put it on what it
/// sends; a form cannot, and a script of another origin needs a preflight first. Its value does not matter.
pub(crate) const CSRF_HEADER: &str = "x-csrf";

/// Whether the check applies: an unsafe method (RFC 9110 §9.2.1) or a WebSocket handshake, which is a GET.
pub(crate) fn is_checked(method: &str, websocket: bool) -> bool {
    !matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE") || websocket
}

/// Whether the request comes from this site, or from a page that is meant to call it.
///
/// 1. `Sec-Fetch-Site` says `same-origin`, or `none` (typed, bookmarked): yes.
/// 2. Neither that header nor `Origin`: yes, since no browser sent it.
/// 3. `Sec-Fetch-Site` says anything else: only if `Origin` is one of `callers`. A sibling host is `same-site`,
///    and is refused.
/// 4. `Origin` alone: if it is `own` or one of `callers`, compared byte for byte.
pub(crate) fn is_same_origin<'a>(
    signs: &RequestSigns<'_>,
    own: &str,
    mut callers: impl Iterator<Item = &'a str>,
) -> bool {
    let origin = signs.origin;
    let is_caller = origin.is_some_and(|origin| callers.any(|caller| caller.as_bytes() == origin));
    match (signs.site, origin) {
        (Some(b"same-origin" | b"none"), _) | (None, None) => true,
        (Some(_), _) => is_caller,
        (None, Some(origin)) => is_caller || own.as_bytes() == origin,
    }
}

/// Whether the browser says outright that the request comes from this very origin. Silence is a no here, and so
/// is a page beside it.
///
/// Asked before a posted form is kept: it will be sent again in the name of whoever signs in, so it has to be
/// theirs.
pub(crate) fn is_surely_same_origin(signs: &RequestSigns<'_>, own: &str) -> bool {
    match (signs.site, signs.origin) {
        (Some(site), _) => site == b"same-origin",
        (None, Some(origin)) => own.as_bytes() == origin,
        (None, None) => false,
    }
}

/// Whether the required header is there, with whatever value; always, if none is required.
pub(crate) fn has_header(view: &dyn RequestView, required: Option<&str>) -> bool {
    required.is_none_or(|name| view.header(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "https://app.example";
    const CALLER: &str = "https://spa.example";

    /// A request that is nothing but its headers.
    struct Headers(&'static [(&'static str, &'static str)]);

    impl RequestView for Headers {
        fn method(&self) -> &'static str {
            "POST"
        }

        fn path(&self) -> &'static str {
            "/"
        }

        fn query(&self) -> Option<&str> {
            None
        }

        fn authority(&self) -> Option<&str> {
            None
        }

        fn each_header<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
            for (name, value) in self.0 {
                each(name, value.as_bytes());
            }
        }
    }

    #[test]
    fn what_could_change_something_is_checked() {
        for method in ["POST", "PUT", "PATCH", "DELETE", "get", "PROPFIND"] {
            assert!(is_checked(method, false), "{method}");
        }
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            assert!(!is_checked(method, false), "{method}");
        }
        assert!(is_checked("GET", true), "a WebSocket handshake");
    }

    #[test]
    fn a_request_is_this_sites_by_what_the_browser_says_or_by_silence() {
        for (headers, passes, surely) in [
            (&[][..], true, false),
            (&[("sec-fetch-site", "same-origin")], true, true),
            (&[("sec-fetch-site", "none")], true, false),
            (&[("sec-fetch-site", "same-site")], false, false),
            (&[("sec-fetch-site", "cross-site")], false, false),
            (&[("sec-fetch-site", "same-site"), ("origin", OWN)], false, false),
            (&[("sec-fetch-site", "cross-site"), ("origin", CALLER)], true, false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], false, false),
            (&[("origin", OWN)], true, true),
            (&[("origin", CALLER)], true, false),
            (&[("origin", "https://evil.example")], false, false),
            (&[("origin", "https://APP.example")], false, false),
            (&[("origin", "null")], false, false),
        ] {
            let view = Headers(headers);
            let signs = RequestSigns::read(&view);
            assert_eq!(is_same_origin(&signs, OWN, [CALLER].into_iter()), passes, "{headers:?}");
            assert_eq!(is_surely_same_origin(&signs, OWN), surely, "{headers:?}");
        }
    }

    #[test]
    fn a_required_header_has_to_be_there_with_whatever_value() {
        let view = Headers(&[(CSRF_HEADER, "")]);
        assert!(has_header(&view, Some(CSRF_HEADER)) && has_header(&view, None));
        assert!(!has_header(&view, Some("x-other")));
    }
}
