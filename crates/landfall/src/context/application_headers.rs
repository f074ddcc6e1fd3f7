//! Headers that the application adds to an answer of ours: which it may, and which cookies are not its to set.
//!
//! Where an answer leads, how long it may be kept and how its body is framed is ours to say. So is every cookie of ours:
//! a hook that could set the session's would sign somebody in whom nobody verified.

use http::header::{
    ACCEPT_RANGES, AGE, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, DATE, EXPIRES, LOCATION, PRAGMA, PROXY_AUTHENTICATE, REFRESH, SET_COOKIE, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Context;
use crate::browser::cookie::names_one_of_ours;
use crate::error::{Error, ErrorCode, printable};

/// What a landing says by itself, and what is between two hops alone (RFC 9110 §7.6.1).
const OURS: [HeaderName; 20] = [
    LOCATION,
    REFRESH,
    CACHE_CONTROL,
    PRAGMA,
    EXPIRES,
    AGE,
    DATE,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    CONTENT_ENCODING,
    CONTENT_RANGE,
    ACCEPT_RANGES,
    WWW_AUTHENTICATE,
    CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    PROXY_AUTHENTICATE,
    HeaderName::from_static("clear-site-data"),
];

/// What is between two hops alone and has no constant: `http` knows names of standards.
const OLDER_HOPS: [&str; 2] = ["keep-alive", "proxy-connection"];

/// A header that the application may add to a landing.
///
/// # Errors
/// [`ErrorCode::Misconfigured`], with the name and never the value.
pub(super) fn parsed(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let wrong = |what: &str| {
        let detail = format!("the application's hook adds the header {:?}: {what}", printable(name));
        Error::new(ErrorCode::Misconfigured).detail(detail)
    };
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("it is no name"))?;
    let mut value = HeaderValue::from_str(value).map_err(|_| wrong("its value is none"))?;
    if OURS.contains(&parsed) || is_between_hops(&parsed) {
        return Err(wrong("it is not the application's to add"));
    }
    if parsed == SET_COOKIE {
        if names_one_of_ours(value.as_bytes(), &[]) {
            return Err(wrong("cookies whose names begin with landfall- are not the application's"));
        }
        value.set_sensitive(true);
    }
    Ok((parsed, value))
}

/// Whether a header is about the connection alone.
pub(crate) fn is_between_hops(name: &HeaderName) -> bool {
    let standard = [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, PROXY_AUTHENTICATE];
    standard.contains(name) || OLDER_HOPS.contains(&name.as_str())
}

impl Context {
    /// Whether none of these headers sets a cookie of ours, under whichever base URL.
    ///
    /// # Errors
    /// [`ErrorCode::ApplicationFailed`]: the application's hook made them.
    pub(crate) fn check_cookies_of(&self, headers: &HeaderMap) -> Result<(), Error> {
        let sessions: Vec<_> = self.sites.iter().map(|site| site.names.session.as_str()).collect();
        let mut lines = headers.get_all(SET_COOKIE).iter().map(HeaderValue::as_bytes);
        if lines.any(|line| names_one_of_ours(line, &sessions)) {
            let detail = "the application's hook sets a cookie of ours: the session's, or one that begins with landfall-";
            return Err(Error::new(ErrorCode::ApplicationFailed).detail(detail));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_to_say_is_not_the_applications_to_add() {
        for (name, value) in [
            ("Location", "/elsewhere"),
            ("REFRESH", "0; url=/"),
            ("cache-control", "public"),
            ("Transfer-Encoding", "chunked"),
            ("keep-alive", "timeout=5"),
            ("clear-site-data", "\"cookies\""),
            ("x y", "1"),
            ("x", "a\r\nset-cookie: b=c"),
            ("set-cookie", "__Host-landfall-session=x"),
            ("set-cookie", " LANDFALL-login.x=y; Path=/"),
            ("set-cookie", "=landfall-session=x"),
            ("set-cookie", " = =__Host-Landfall-spent=x"),
            ("set-cookie", "landfall-returning"),
        ] {
            assert_eq!(parsed(name, value).unwrap_err().code(), ErrorCode::Misconfigured, "{name}: {value}");
        }
        for (name, value) in
            [("set-cookie", "theme=landfall-dark; Path=/"), ("x-tenant", "7"), ("link", "<>")]
        {
            assert!(parsed(name, value).is_ok(), "{name}: {value}");
        }
        assert!(names_one_of_ours(b"SID-x=1", &["sid-x"]) && !names_one_of_ours(b"sid=1", &["sid-x"]));
    }
}
