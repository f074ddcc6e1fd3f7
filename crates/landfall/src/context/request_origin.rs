//! Where a request comes from, as far as it says: for the application's hook, and for whoever audits.
//!
//! None of it proves anything. The address is the connection's, or what the trusted proxies say of it; the two headers
//! are whatever the client wrote. So each is bounded and holds nothing that could break a line of a log, and no
//! decision of ours is made by any of them.

use std::net::IpAddr;

use super::Context;
use crate::address::trusted_proxies::TrustedProxies;
use crate::web::request::RequestView;

/// The longest `User-Agent` that is kept, in bytes.
const MAX_USER_AGENT: usize = 256;
/// The longest `Accept-Language` that is kept, in bytes.
const MAX_ACCEPT_LANGUAGE: usize = 128;

/// Where a request comes from, as far as it says: an address and two headers. See
/// [`NewSignIn::request`](crate::NewSignIn::request).
///
/// It is for a line in an audit trail, a throttle, a page's language. Anybody can write the headers, so nothing is
/// decided by them.
///
/// ```
/// use landfall::{Declined, NewSignIn};
///
/// async fn note(sign_in: NewSignIn) -> Result<NewSignIn, Declined> {
///     let from = sign_in.request();
///     println!("{} from {:?}", sign_in.identity().subject(), from.address());
///     Ok(sign_in)
/// }
/// # let _ = note;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestOrigin {
    pub(crate) address: Option<IpAddr>,
    pub(crate) user_agent: Option<Box<str>>,
    pub(crate) accept_language: Option<Box<str>>,
}

impl RequestOrigin {
    /// What this request says, with its address as these proxies tell it.
    pub(crate) fn of(view: &dyn RequestView, proxies: &TrustedProxies) -> Self {
        Self {
            address: proxies.client_address(view),
            user_agent: bounded(view.header("user-agent"), MAX_USER_AGENT),
            accept_language: bounded(view.header("accept-language"), MAX_ACCEPT_LANGUAGE),
        }
    }

    /// The address that connected: to this process, or to the outermost proxy that is trusted
    /// ([`trusted_proxies`](crate::RelyingPartyBuilder::trusted_proxies)). `None` where a trusted proxy does not say, and
    /// where the layer does not know where connections come from.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The `User-Agent` header, at most 256 bytes of it, without control characters.
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    /// The `Accept-Language` header (RFC 9110 §12.5.4), at most 128 bytes of it, without control characters.
    ///
    /// ```
    /// use landfall::RequestOrigin;
    ///
    /// fn speaks_german(origin: &RequestOrigin) -> bool {
    ///     origin.accept_language().is_some_and(|languages| languages.starts_with("de"))
    /// }
    /// # let _ = speaks_german;
    /// ```
    pub fn accept_language(&self) -> Option<&str> {
        self.accept_language.as_deref()
    }
}

impl Context {
    /// Where a request comes from, for whoever is told; empty where nobody is, since it costs three copies.
    pub(crate) fn request_origin(&self, view: &dyn RequestView) -> RequestOrigin {
        if self.sign_in_hook.is_some() || self.events.are_heard() {
            RequestOrigin::of(view, &self.settings.proxies)
        } else {
            RequestOrigin::default()
        }
    }
}

/// So much of a header's value as may be kept; `None` for one that is missing, empty or no text.
fn bounded(value: Option<&[u8]>, most: usize) -> Option<Box<str>> {
    let text = std::str::from_utf8(value?).ok()?;
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept: String = text.get(..end)?.chars().filter(|c| !c.is_control()).collect();
    (!kept.trim().is_empty()).then(|| kept.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_kept_in_part_between_two_characters_and_without_what_breaks_a_line() {
        assert_eq!(bounded(Some("ä".repeat(200).as_bytes()), 255).as_deref(), Some(&*"ä".repeat(127)));
        assert_eq!(bounded(Some(b"a\tb\x7fc"), 10).as_deref(), Some("abc"));
        assert_eq!(bounded(Some("a\u{85}b".as_bytes()), 10).as_deref(), Some("ab"));
        for nothing in [None, Some(&b""[..]), Some(b"  "), Some(b"\xff\xfe")] {
            assert_eq!(bounded(nothing, 10), None);
        }
    }
}
