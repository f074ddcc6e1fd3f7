//! One cookie: read from its `Set-Cookie` line, and which requests it goes with.

use cookie::{Cookie, SameSite};
use landfall::Timestamp;
use url::{Host, Url};

/// Name and value together, in octets; a longer cookie is ignored whole (RFC 6265bis §5.6).
const MAX_PAIR: usize = 4096;
/// A longer attribute value is ignored alone.
const MAX_ATTRIBUTE: usize = 1024;

/// A cookie in the jar.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredCookie {
    /// The name, with whatever prefix it has.
    pub name: String,
    /// The value, as it came.
    pub value: String,
    /// The host, or the domain when [`host_only`](Self::host_only) is false.
    pub domain: String,
    /// Without a `Domain` attribute.
    pub host_only: bool,
    /// The path it is sent to, and below.
    pub path: String,
    /// Sent over https alone.
    pub secure: bool,
    /// Out of the reach of scripts.
    pub http_only: bool,
    /// What other sites' requests do with it; Lax when nothing was said.
    pub same_site: SameSitePolicy,
    /// When it runs out; `None` lasts as long as the browser.
    pub expires: Option<Timestamp>,
    pub(super) created: u64,
    pub(super) used: u64,
}

/// The `SameSite` attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the attribute's own")]
pub enum SameSitePolicy {
    Lax,
    None,
    Strict,
}

/// What a request is like, for the question which cookies go with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending {
    /// The request comes from the same site all the way.
    pub(crate) same_site: bool,
    /// The address bar will show where it goes.
    pub(crate) top_level: bool,
    /// GET, HEAD, OPTIONS or TRACE.
    pub(crate) safe_method: bool,
}

impl StoredCookie {
    pub(super) fn reaches(&self, url: &Url, now: Timestamp) -> bool {
        let host = url.host_str().unwrap_or_default();
        let host_fits = if self.host_only { host == self.domain } else { domain_matches(host, &self.domain) };
        host_fits
            && path_matches(url.path(), &self.path)
            && (!self.secure || url.scheme() == "https")
            && self.expires.is_none_or(|expires| expires > now)
    }

    pub(super) fn may_go(&self, sending: Sending) -> bool {
        match self.same_site {
            SameSitePolicy::None => true,
            SameSitePolicy::Lax => sending.same_site || (sending.top_level && sending.safe_method),
            SameSitePolicy::Strict => sending.same_site,
        }
    }
}

/// A cookie as this answer sets it; `None` for one that is ignored.
pub(super) fn parse(line: &str, from: &Url, now: Timestamp) -> Option<StoredCookie> {
    if line.chars().any(|c| c.is_control() && c != '\t') {
        return None;
    }
    let cookie = Cookie::parse(line).ok()?;
    if cookie.name().len() + cookie.value().len() > MAX_PAIR {
        return None;
    }
    let host = from.host_str()?.to_owned();
    let short = |value: &&str| value.len() <= MAX_ATTRIBUTE;
    let wanted = cookie.domain().filter(short).map(|d| d.trim_start_matches('.').to_ascii_lowercase());
    let (domain, host_only) = match wanted.filter(|domain| !domain.is_empty()) {
        None => (host, true),
        Some(domain) if domain == host && !domain.contains('.') => (host, true),
        // A single label is a public suffix (§5.7 step 9), an address has no subdomains.
        Some(domain) if domain.contains('.') && domain_matches(&host, &domain) => {
            (domain, !matches!(from.host(), Some(Host::Domain(_))))
        }
        Some(_) => return None,
    };
    let path = cookie.path().filter(short).filter(|path| path.starts_with('/'));
    // Max-Age wins over Expires (§5.5); zero or less is the past. An expiry before 1970 is the epoch.
    let expires = match (cookie.max_age(), cookie.expires_datetime()) {
        (Some(age), _) => Some(now.plus(age.try_into().unwrap_or_default())),
        (None, Some(at)) => Some(Timestamp::from_secs(at.unix_timestamp().try_into().unwrap_or_default())),
        (None, None) => None,
    };
    Some(StoredCookie {
        name: cookie.name().to_owned(),
        value: cookie.value().to_owned(),
        domain,
        host_only,
        path: path.map_or_else(|| default_path(from.path()), str::to_owned),
        secure: cookie.secure() == Some(true),
        http_only: cookie.http_only() == Some(true),
        same_site: match cookie.same_site() {
            Some(SameSite::Strict) => SameSitePolicy::Strict,
            Some(SameSite::None) => SameSitePolicy::None,
            Some(SameSite::Lax) | None => SameSitePolicy::Lax,
        },
        expires,
        created: 0,
        used: 0,
    })
}

/// §5.7: the prefixes are compared without regard to case, lest a server do so.
pub(super) fn prefix_holds(cookie: &StoredCookie) -> bool {
    let name = cookie.name.to_ascii_lowercase();
    if name.starts_with("__host-") {
        cookie.secure && cookie.host_only && cookie.path == "/"
    } else {
        !name.starts_with("__secure-") || cookie.secure
    }
}

/// §5.1.3.
pub(super) fn domain_matches(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// §5.1.4.
pub(super) fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

/// §5.1.4: the directory of the request's path.
fn default_path(path: &str) -> String {
    match path.rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(at) => path.get(..at).unwrap_or("/").to_owned(),
    }
}
