//! What a page lets be told of itself: the Referrer Policy, as far as the `Origin` of a form that it sends depends on it.

use http::HeaderMap;
use http::header::REFERRER_POLICY;
use url::Url;

use super::site;

/// The policies that differ in what `Origin` says (Fetch, "append a request Origin header"); the others never change it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ReferrerPolicy {
    NoReferrer,
    SameOrigin,
    /// `strict-origin-when-cross-origin`, which pages have that say nothing, and the two like it.
    #[default]
    NoDowngrade,
    Always,
}

impl ReferrerPolicy {
    /// That of a page with these headers: of several the last one that is known.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(REFERRER_POLICY).iter().filter_map(|line| line.to_str().ok());
        let names = lines.flat_map(|line| line.split(',')).map(|name| name.trim().to_ascii_lowercase());
        let known = names.filter_map(|name| match name.as_str() {
            "no-referrer" => Some(Self::NoReferrer),
            "same-origin" => Some(Self::SameOrigin),
            "no-referrer-when-downgrade" | "strict-origin" | "strict-origin-when-cross-origin" => {
                Some(Self::NoDowngrade)
            }
            "origin" | "origin-when-cross-origin" | "unsafe-url" => Some(Self::Always),
            _ => None,
        });
        known.fold(Self::default(), |_, last| last)
    }

    /// Whether a form that a page at `from` sends to `to` says where it comes from; otherwise it says `null`.
    pub(super) fn tells_origin(self, from: &Url, to: &Url) -> bool {
        match self {
            Self::NoReferrer => false,
            Self::SameOrigin => site::same_origin(from, to),
            Self::NoDowngrade => from.scheme() != "https" || to.scheme() == "https",
            Self::Always => true,
        }
    }
}
