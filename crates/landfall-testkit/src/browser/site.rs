//! Origins and sites: what a browser treats as the same site.

use url::{Host, Url};

/// Scheme and registrable domain. Without the public suffix list the last two labels stand for the registrable
/// domain, which is right for `example.com` and wrong for `example.co.uk`.
pub(super) fn same_site(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && site(a).is_some() && site(a) == site(b)
}

pub(super) fn same_origin(a: &Url, b: &Url) -> bool {
    a.origin() == b.origin()
}

fn site(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => {
            let mut labels: Vec<&str> = name.rsplit('.').take(2).collect();
            labels.reverse();
            Some(labels.join("."))
        }
        address => Some(address.to_string()),
    }
}

/// Whether what is sent there can be neither read nor changed on the way (Secure Contexts §3.1), a loopback included. To
/// any other place a browser sends no Fetch Metadata (§2).
pub(super) fn is_trustworthy(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || is_loopback
}

/// The value of `Sec-Fetch-Site` (Fetch Metadata §2.4): the worst relation on the way, for redirects count.
pub(super) fn fetch_site(initiator: Option<&Url>, chain: &[Url]) -> &'static str {
    let Some(from) = initiator else { return "none" };
    if chain.iter().all(|url| same_origin(from, url)) {
        "same-origin"
    } else if chain.iter().all(|url| same_site(from, url)) {
        "same-site"
    } else {
        "cross-site"
    }
}
