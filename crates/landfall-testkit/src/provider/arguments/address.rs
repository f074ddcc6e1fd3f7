//! Addresses that are registered, checked before the provider compares them in vain.

use url::Url;

use super::error::ArgumentError;
use super::said::Place;

/// An address that browsers or the provider can be sent to: http or https, or a scheme of a program's own, which has a
/// dot in it (RFC 8252 §7.1).
pub(super) fn uri(text: &str, place: &Place) -> Result<String, ArgumentError> {
    let parsed = Url::parse(text).ok();
    let is_sound = parsed.as_ref().is_some_and(|url| match url.scheme() {
        "http" | "https" => text.contains("://") && url.has_host(),
        scheme => scheme.contains('.'),
    });
    if !is_sound {
        let problem = format!("{text:?} is no address");
        return Err(place.wrong(problem, "write it whole, as http://localhost:3000/auth/callback"));
    }
    if parsed.is_some_and(|url| url.fragment().is_some()) {
        // RFC 6749 §3.1.2.
        return Err(place.wrong(format!("{text:?} has a fragment"), "take away the # and what is behind it"));
    }
    Ok(text.to_owned())
}

/// An origin, or more of an address, that paths can be put behind.
pub(super) fn base(text: &str, place: &Place) -> Result<String, ArgumentError> {
    let base = text.trim_end_matches('/');
    uri(base, place)?;
    if !base.starts_with("http") || base.contains('?') {
        let problem = format!("{text:?} is no address that paths can stand behind");
        return Err(place.wrong(problem, "write it as http://localhost:3000"));
    }
    Ok(base.to_owned())
}
