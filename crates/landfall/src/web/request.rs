//! All that the core may see of a request.
//!
//! One trait instead of a framework's type: an adapter lends a view and copies nothing. There is no body in it,
//! since most requests are decided without, and reading one takes time; [`NeedsBody`](super::reply::NeedsBody) asks
//! for it where it is needed.

use std::net::IpAddr;

/// A borrowed look at a request, implemented by each adapter over its framework's own type.
///
/// Everything in it comes from outside: strings and bytes, parsed by whoever needs them. So nothing has to be
/// checked or normalised by an adapter, and must not be: a path that a router cleaned up is not the path that was
/// asked for. The crate's first page has a whole implementation.
pub trait RequestView {
    /// The method, in upper case as it was sent.
    fn method(&self) -> &str;

    /// The path as the browser asked for it, before any router stripped a prefix; percent-encoded as sent.
    fn path(&self) -> &str;

    /// The query without its `?`, as sent.
    fn query(&self) -> Option<&str>;

    /// Host and port the request was sent to: the `:authority` of HTTP/2, the authority of an absolute-form
    /// target, else the Host header.
    fn authority(&self) -> Option<&str>;

    /// Host and port as the target itself names them: the `:authority` of HTTP/2, the authority of an absolute-form
    /// target; `None` where only the Host header does. A Host header that names another one is refused, and so it can only
    /// be where this is implemented.
    fn target_authority(&self) -> Option<&str> {
        None
    }

    /// Whether the target was a whole URL, as proxies are sent (absolute-form, RFC 9112 §3.2.2). Not so in HTTP/2,
    /// where every request names its authority.
    fn is_absolute_form(&self) -> bool {
        false
    }

    /// Where the connection comes from: the proxy in front, or the browser itself. `None` where that is not known.
    fn peer(&self) -> Option<IpAddr> {
        None
    }

    /// Calls `each` with the name (lower case) and value of every header; values of one name in their order.
    ///
    /// All of them are walked once where a dozen is asked for: that is cheaper than looking each of them up.
    fn each_header<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8]));

    /// Calls `each` with every value of the header `name` (lower case), in order. HTTP/2 clients split the
    /// Cookie header into several (RFC 9113 §8.2.3), so there is no "the" value.
    fn header_values<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
        self.each_header(&mut |own, value| {
            if own == name {
                each(value);
            }
        });
    }

    /// The first value of the header `name` (lower case).
    fn header(&self, name: &str) -> Option<&[u8]> {
        let mut first = None;
        self.header_values(name, &mut |value| {
            if first.is_none() {
                first = Some(value);
            }
        });
        first
    }
}

/// For adapters: host and port as the Host header names them, given its values. Two Host headers name no host (RFC
/// 9112 §3.2).
///
/// ```
/// use landfall::adapter::host;
///
/// assert_eq!(host([&b"app.example.com:8443"[..]].into_iter()), Some("app.example.com:8443"));
/// assert_eq!(host([&b"app.example.com"[..], &b"evil.example"[..]].into_iter()), None);
/// ```
pub fn host<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Option<&'a str> {
    match (values.next(), values.next()) {
        (Some(host), None) => std::str::from_utf8(host).ok(),
        _ => None,
    }
}
