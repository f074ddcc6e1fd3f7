//! What of a browser's request the upstream gets to see.
//!
//! A list of what stays here, not of what passes: an API's own headers are not known. What stays is what would let
//! a browser speak for somebody else (a token, a cookie, a forwarded address of its own), what is between two hops,
//! and what tells of the page that asked. The token itself is put in later, in `forward`.
//!
//! The framing is judged here as well, since a request that two readers end at different places is two requests
//! (RFC 9112 §11.2). The way back is in `response_headers`.

use http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};

use super::hop_by_hop::HopByHop;
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

/// Sorts a request's headers out; `csrf` is the header that proves our own pages, in lower case.
///
/// # Errors
/// `ForwardRefused` for a header that cannot be one, and for a length that is not said once and plainly.
pub(super) fn forwarded(view: &dyn RequestView, csrf: &str) -> Result<Forwarded, Error> {
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
        if hop_by_hop.names(name) || name == csrf || stays_here(name) {
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

/// How the headers begin by which proxies and gateways say who asks: by product or by what they say, since each has
/// names of its own, and more of them with each release. The last line is in the clients' hands elsewhere; here the
/// token says it.
const SAID_BY_GATEWAYS: [&str; 51] = [
    // From where, and under which address.
    "x-forwarded",
    "x-original-",
    "x-real-",
    "x-client-ip",
    "x-envoy-",
    "x-azure-",
    "x-arr-",
    "cf-connecting-",
    "fastly-client",
    "akamai-",
    // By which certificate (RFC 9440, and before it).
    "client-cert",
    "x-client-cert",
    "x-client-dn",
    "x-client-verify",
    "ssl-",
    "x-ssl-",
    "x-tls-",
    "x-spiffe-",
    // As whom: the gateways' own.
    "cf-access-",
    "remote-",
    "tailscale-",
    "x-amzn-mtls-",
    "x-amzn-oidc-",
    "x-anonymous-",
    "x-apigateway-",
    "x-appengine-",
    "x-auth-request-",
    "x-auth-user",
    "x-authelia-",
    "x-authentik-",
    "x-consumer-",
    "x-credential-",
    "x-endpoint-api-",
    "x-goog-authenticated-",
    "x-goog-iap-",
    "x-ms-client-principal",
    "x-ms-token-",
    "x-pomerium-",
    "x-vouch-",
    "x-webauth-",
    // As whom: by what is said.
    "impersonate-",
    "x-access-token",
    "x-authenticated-",
    "x-email",
    "x-group",
    "x-id-token",
    "x-impersonate-",
    "x-jwt",
    "x-remote-",
    "x-role",
    "x-user",
];

/// Whether this header is between the browser and us.
///
/// Names are compared as a server does that hands them to a program, where `X_Forwarded_For` is the same.
fn stays_here(name: &str) -> bool {
    let name = name.replace('_', "-");
    let name = name.as_str();
    // The framing is made anew.
    name == CONTENT_LENGTH.as_str()
        || matches!(name, "host" | "proxy" | "expect" | "via" | "http2-settings" | "early-data")
        // Who is there. The upstream hears it by the token alone.
        || matches!(name, "authorization" | "cookie" | "cookie2")
        // Who asks for whom. Anybody can write these; the upstream talks to us.
        || matches!(name, "forwarded" | "x-cluster-client-ip" | "true-client-ip" | "client-ip" | "x-host")
        // Who somebody is, as gateways tell what is behind them: an upstream that believes its own gateway would
        // believe a script.
        || SAID_BY_GATEWAYS.iter().any(|start| name.starts_with(start)) && name != "x-user-agent"
        // Another path, or another method, than the one that was checked.
        || matches!(name, "x-rewrite-url" | "x-http-method" | "x-http-method-override" | "x-method-override")
        // About a page of ours and its relation to us. No browser talks to the upstream, so it has none to it.
        || matches!(name, "origin" | "referer")
        || ["sec-fetch-", "access-control-request-", "sec-websocket-"].iter().any(|start| name.starts_with(start))
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
        let forwarded = forwarded(&Headers(headers.to_vec()), "x-csrf").unwrap();
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
        for name in [
            "proxy",
            "proxy-connection",
            "via",
            "http2-settings",
            "early-data",
            "cookie2",
            "x-real-ip",
            "x-client-ip",
            "x-cluster-client-ip",
            "true-client-ip",
            "client-ip",
            "x-host",
            "x-original-host",
            "x-original-forwarded-for",
            "x-forwarded",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x_real_ip",
            "cf-connecting-ip",
            "x-envoy-external-address",
            "x-original-uri",
            "x-forwarded-user",
            "x-forwarded-email",
            "x-forwarded-preferred-username",
            "x-forwarded-groups",
            "x-forwarded-access-token",
            "x-forwarded-client-cert",
            "x-auth-request-user",
            "x-auth-request-email",
            "remote-user",
            "remote_user",
            "remote-groups",
            "x-remote-user",
            "x-user",
            "x-user-id",
            "x_user_email",
            "x-userinfo",
            "x-webauth-user",
            "x-amzn-oidc-identity",
            "x-amzn-mtls-clientcert-subject",
            "cf-access-authenticated-user-email",
            "cf-access-jwt-assertion",
            "x-goog-iap-jwt-assertion",
            "x-goog-authenticated-user-email",
            "x-ms-client-principal",
            "x-ms-client-principal-name",
            "x-authenticated-userid",
            "x-authenticated-groups",
            "ssl-client-cert",
            "ssl-client-s-dn",
            "x-ssl-client-verify",
            "x-client-cert",
            "client-cert",
            "client-cert-chain",
            "x-consumer-username",
            "x-credential-identifier",
            "x-endpoint-api-userinfo",
            "x-appengine-user-email",
            "x-authentik-username",
            "x-pomerium-jwt-assertion",
            "impersonate-user",
            "tailscale-user-login",
            "x-roles",
            "x-groups",
            "x-http-method-override",
            "x-http-method",
            "x-method-override",
            "x-rewrite-url",
            "access-control-request-method",
            "sec-fetch-mode",
            "sec-websocket-protocol",
        ] {
            assert_eq!(kept(&[(name, "x")]), Vec::<String>::new(), "{name}");
        }
    }

    #[test]
    fn a_header_that_cannot_be_one_is_no_part_of_a_request() {
        for header in [("x-a", "1\r\nx-injected: 1"), ("x-a", "1\0"), ("x a", "1"), ("x-a:", "1")] {
            assert!(forwarded(&Headers(vec![header]), "x-csrf").is_err(), "{header:?}");
        }
    }

    #[test]
    fn a_body_has_one_length_or_none() {
        let length = |headers: &[(&'static str, &'static str)]| {
            forwarded(&Headers(headers.to_vec()), "x-csrf").map(|forwarded| forwarded.length).ok()
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
