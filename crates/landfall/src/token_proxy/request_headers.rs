//! What of a browser's request the upstream gets to see.
//!
//! What stays is what would let a browser speak for somebody else (a token, a cookie, a forwarded address of its own),
//! what is between two hops, and what tells of the page that asked; `request_names` has the list. The token itself is
//! put in later, in `forward`.
//!
//! The framing is judged here as well, since a request that two readers end at different places is two requests
//! (RFC 9112 §11.2). The way back is in `response_headers`.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::hop_by_hop::HopByHop;
use super::request_names::stays_here;
use crate::error::{Error, ErrorCode};
use crate::web::request::RequestView;

/// A request's headers, sorted out.
#[derive(Debug)]
pub(super) struct Forwarded {
    /// Those that the upstream gets to see.
    pub(super) headers: HeaderMap,
    /// How long the body is; `None` where it was not announced.
    pub(super) length: Option<u64>,
}

/// Sorts a request's headers out; `csrf` is the header that proves our own pages, in lower case, and `named` are those
/// that the application has passed on.
///
/// # Errors
/// `ForwardRefused` for a header that cannot be one, and for a length that is not said once and plainly.
pub(super) fn forwarded(
    view: &dyn RequestView,
    csrf: &str,
    named: &[HeaderName],
) -> Result<Forwarded, Error> {
    let refused = |why: &str| Error::new(ErrorCode::ForwardRefused).detail(format!("the request has {why}"));
    let mut hop_by_hop = HopByHop::default();
    view.header_values("connection", &mut |value| hop_by_hop.named_by(value));
    let mut headers = HeaderMap::new();
    let mut lengths = Vec::new();
    let (mut chunked, mut broken) = (false, false);
    view.each_header(&mut |name, value| {
        match name {
            "content-length" => lengths.push(value),
            "transfer-encoding" => chunked = true,
            _ => {}
        }
        if hop_by_hop.names(name) || name == csrf || stays_here(name, named) {
            return;
        }
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
            (Ok(name), Ok(value)) => _ = headers.append(name, value),
            _ => broken = true,
        }
    });
    if broken {
        return Err(refused("a header that cannot be one"));
    }
    // Two readers that disagree on where a request ends read two requests (RFC 9112 §11.2).
    let length = match (lengths.as_slice(), chunked) {
        ([], _) => None,
        ([length], false) => {
            Some(number(length).ok_or_else(|| refused("a Content-Length that is no number"))?)
        }
        ([_], true) => return Err(refused("both Content-Length and Transfer-Encoding")),
        _ => return Err(refused("several Content-Lengths")),
    };
    Ok(Forwarded { headers, length })
}

/// Digits and nothing else: `str::parse` would take a sign.
fn number(text: &[u8]) -> Option<u64> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Headers(Vec<(&'static str, &'static str)>);

    impl RequestView for Headers {
        fn method(&self) -> &'static str {
            "POST"
        }

        fn path(&self) -> &'static str {
            "/api"
        }

        fn query(&self) -> Option<&str> {
            None
        }

        fn authority(&self) -> Option<&str> {
            None
        }

        fn each_header<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
            self.0.iter().for_each(|(name, value)| each(name, value.as_bytes()));
        }
    }

    fn kept(headers: &[(&'static str, &'static str)]) -> Vec<String> {
        let forwarded = forwarded(&Headers(headers.to_vec()), "x-csrf", &[]).unwrap();
        forwarded.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
    }

    #[test]
    fn what_an_api_is_asked_with_is_kept() {
        let headers = [
            ("accept", "application/json"),
            ("accept-encoding", "br"),
            ("content-type", "application/json"),
            ("idempotency-key", "7"),
            ("if-none-match", "\"a\""),
            ("range", "bytes=0-1"),
            ("x-custom", "1"),
            ("x-custom", "2"),
            ("x-user-agent", "a-library/1"),
            ("x-request-id", "7"),
            ("x-requested-with", "XMLHttpRequest"),
            ("x-client-info", "a-library/1"),
            ("x-goog-api-key", "1"),
            ("traceparent", "00-1-2-01"),
        ];
        assert_eq!(kept(&headers), headers.map(|(name, value)| format!("{name}: {value}")));
    }

    #[test]
    fn what_is_between_browser_and_application_is_not() {
        let headers = [
            ("authorization", "Bearer theirs"),
            ("cookie", "a=1"),
            ("connection", "close, X-Hop"),
            ("connection", "x-hop-2"),
            ("x-hop", "1"),
            ("x-hop-2", "1"),
            ("keep-alive", "1"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("upgrade", "h2c"),
            ("proxy-authorization", "Basic x"),
            ("expect", "100-continue"),
            ("host", "app.example"),
            ("forwarded", "for=1.2.3.4"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x_forwarded_for", "1.2.3.4"),
            ("x-original-url", "/admin"),
            ("origin", "https://app.example"),
            ("referer", "https://app.example/?code=x"),
            ("sec-fetch-site", "same-origin"),
            ("x-csrf", "1"),
        ];
        assert_eq!(kept(&headers), Vec::<String>::new());
    }

    #[test]
    fn what_the_application_names_passes_unless_this_hop_or_our_own_pages_need_it() {
        let named = ["x-group-by", "x-csrf", "x-role"].map(HeaderName::from_static);
        let headers = [
            ("connection", "x-role"),
            ("x-group-by", "team"),
            ("x-group", "admin"),
            ("x-csrf", "1"),
            ("x-role", "admin"),
        ];
        let forwarded = forwarded(&Headers(headers.to_vec()), "x-csrf", &named).unwrap();
        assert_eq!(forwarded.headers.keys().collect::<Vec<_>>(), ["x-group-by"]);
    }

    #[test]
    fn a_header_that_cannot_be_one_is_no_part_of_a_request() {
        for header in [("x-a", "1\r\nx-injected: 1"), ("x-a", "1\0"), ("x a", "1"), ("x-a:", "1")] {
            assert!(forwarded(&Headers(vec![header]), "x-csrf", &[]).is_err(), "{header:?}");
        }
    }

    #[test]
    fn a_body_has_one_length_or_none() {
        let length = |headers: &[(&'static str, &'static str)]| {
            forwarded(&Headers(headers.to_vec()), "x-csrf", &[]).map(|forwarded| forwarded.length).ok()
        };
        assert_eq!(length(&[]), Some(None));
        assert_eq!(length(&[("transfer-encoding", "chunked")]), Some(None));
        assert_eq!(length(&[("content-length", "7")]), Some(Some(7)));
        for value in ["+7", "-7", "7, 7", "", "0x7", "99999999999999999999"] {
            assert_eq!(length(&[("content-length", value)]), None, "{value:?}");
        }
        assert_eq!(length(&[("content-length", "7"), ("content-length", "7")]), None);
        assert_eq!(length(&[("content-length", "7"), ("transfer-encoding", "chunked")]), None);
    }
}
