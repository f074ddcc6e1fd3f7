//! Which site a request came by.
//!
//! Which base URL counts decides cookie names, seals and every address that is written, so it must not be a
//! stranger's choice. A Host header never adds a site; it can only name one that is configured. Whether a proxy
//! is believed is decided in [`trusted_proxies`](crate::address::trusted_proxies), and what almost matches in
//! [`mismatch`](crate::address::mismatch).

use std::borrow::Cow;
use std::sync::Arc;

use super::Context;
use super::incoming::Incoming;
use super::refused::Refused;
use super::site::Site;
use crate::address::forwarded::ForwardedAddress;
use crate::address::mismatch::Mismatch;
use crate::address::spa_callback::SpaCallback;
use crate::error::{Error, ErrorCode, printable};
use crate::guard::request_kind::{RequestKind, RequestSigns};
use crate::web::reply::Reply;
use crate::web::request::RequestView;

/// The address that a browser asked for: as a trusted proxy says, or else as the request itself says.
#[derive(Clone, Debug)]
pub(crate) struct RequestedAddress<'a> {
    /// Host, and port unless default; `None` where nobody says.
    pub(crate) authority: Option<Cow<'a, str>>,
    /// Whether over TLS; `None` where no trusted proxy says so: behind a proxy the request itself does not know.
    pub(crate) secure: Option<bool>,
}

impl RequestedAddress<'_> {
    /// Host and port, fit for a log; `none` where nobody says.
    pub(crate) fn printed(&self) -> String {
        match self.authority.as_deref().unwrap_or_default() {
            "" => "none".to_owned(),
            authority => printable(authority),
        }
    }
}

/// Why a request came by no site.
#[derive(Debug)]
pub(crate) enum NoSite<'a> {
    /// It names none of several base URLs.
    Named(RequestedAddress<'a>),
    /// A trusted proxy's word cannot be read ([`ErrorCode::ForwardedMalformed`]), so nobody knows what was named.
    Unread(Error),
}

impl Context {
    /// The site that a request came by. With one base URL it is that one, whatever the request says. With several
    /// it is the one that is named, of the scheme that is known, if both are there.
    ///
    /// # Errors
    /// [`NoSite`]: what becomes of such a request is decided in `relying_party/elsewhere.rs`.
    pub(crate) fn site_of<'a>(&self, view: &'a dyn RequestView) -> Result<&Arc<Site>, NoSite<'a>> {
        if let Some(only) = self.sites.only() {
            return Ok(only);
        }
        let asked = self.requested_address(view).map_err(NoSite::Unread)?;
        let authority = asked.authority.as_deref().unwrap_or_default();
        let named = || self.sites.iter().filter(|site| site.base.is_named_by(authority));
        // One host may be there twice, with TLS and without.
        let of_that_scheme = asked.secure.and_then(|secure| named().find(|site| site.base.secure == secure));
        match of_that_scheme.or_else(|| named().next()) {
            Some(site) => Ok(site),
            None => Err(NoSite::Named(asked)),
        }
    }

    /// Refuses a request that names two hosts, be it in two Host headers (RFC 9112 §3.2) or in the target and in a Host
    /// header that differs (RFC 9113 §8.3.1; where RFC 9112 §3.2.2 has the target count, no client sends another Host).
    /// Whoever reads the other one, a proxy in front or a cache, takes it for another site's: so whatever the path, and
    /// however many base URLs there are.
    ///
    /// # Errors
    /// [`ErrorCode::TwoHosts`].
    pub(crate) fn check_host(view: &dyn RequestView, signs: &RequestSigns<'_>) -> Result<(), Error> {
        if signs.two_hosts {
            return Err(Error::new(ErrorCode::TwoHosts).detail("two Host headers"));
        }
        match (view.target_authority(), signs.host) {
            (Some(target), Some(host)) if !is_same_host(target.as_bytes(), host) => {
                Err(Error::new(ErrorCode::TwoHosts)
                    .detail("the target names another host than the Host header"))
            }
            _ => Ok(()),
        }
    }

    /// The address that a request was sent to, as a trusted proxy or else the request itself says.
    ///
    /// # Errors
    /// [`ErrorCode::ForwardedMalformed`], from a trusted proxy alone.
    pub(crate) fn requested_address<'a>(
        &self,
        view: &'a dyn RequestView,
    ) -> Result<RequestedAddress<'a>, Error> {
        let ForwardedAddress { host, secure } = self.settings.proxies.outside(view)?.unwrap_or_default();
        let authority = host.map(Cow::Owned).or_else(|| view.authority().map(Cow::Borrowed));
        Ok(RequestedAddress { authority, secure })
    }

    /// The address that a request was sent to, if it is not the base URL's own; `None` also where it cannot be
    /// told.
    ///
    /// It is kept for the log and for a callback that lost its cookie. A page that calls from beside the base
    /// URL, behind a proxy for development, is in its right place.
    pub(crate) fn mismatch(&self, incoming: &Incoming<'_>) -> Option<Mismatch> {
        let Incoming { view, site, signs, .. } = incoming;
        let asked = self.requested_address(*view).ok()?;
        let secure = asked.secure.or_else(|| own_scheme(signs, site));
        let mismatch = Mismatch::between(asked.authority.as_deref()?, secure, &site.base)?;
        let is_page = |callback: &SpaCallback| callback.origin == mismatch.requested;
        (!self.settings.spa_callbacks.iter().any(is_page)).then_some(mismatch)
    }

    /// Why a request from what looks like this site is none, for the operator.
    pub(crate) fn other_origin(&self, site: &Site, signs: &RequestSigns<'_>) -> Option<String> {
        let origin = std::str::from_utf8(signs.origin?).ok()?;
        let is_another =
            |other: &Arc<Site>| other.base.origin == origin && other.base.origin != site.base.origin;
        if self.sites.iter().any(is_another) {
            let own = &site.base.origin;
            return Some(format!("Origin is {origin}, another base URL's; the request is for {own}"));
        }
        let mut mismatches = self.sites.iter().filter_map(|site| Mismatch::of_url(origin, &site.base));
        let mismatch = mismatches.find(Mismatch::is_telling)?;
        Some(format!(
            "Origin is {}, the base URL is {}: {}",
            mismatch.requested,
            mismatch.base,
            mismatch.why()
        ))
    }

    /// The refusal of a request that names no base URL. The operator reads what was asked for, what is configured
    /// and what almost matched; a link to the right address is offered on loopback alone.
    pub(crate) fn unknown_host(&self, view: &dyn RequestView, asked: &RequestedAddress<'_>) -> Refused {
        let authority = asked.authority.as_deref().unwrap_or_default();
        let mut detail = self.asked_for(&asked.printed());
        let nearest = self.nearest(authority, asked.secure);
        if let Some((_, mismatch)) = nearest.as_ref().filter(|(_, mismatch)| mismatch.is_telling()) {
            detail.extend(["; ", mismatch.why().as_str()]);
        }
        if let Some(unread) = self.settings.proxies.unread(view) {
            detail.extend(["; ", unread.as_str()]);
        }
        let error = Error::new(ErrorCode::WrongHost).detail(detail);
        // Only where nobody but the developer looks.
        match nearest.filter(|(site, _)| site.base.is_loopback()) {
            Some((site, mismatch)) => {
                Refused::open_at(error.says(mismatch.sentence()), self.same_page_at(site, view))
            }
            None => error.into(),
        }
    }

    /// For the log: what was asked for, beside what there is.
    pub(crate) fn asked_for(&self, printed: &str) -> String {
        let known: Vec<_> = self.sites.iter().map(|site| site.base.literal.as_str()).collect();
        format!("asked for {printed:?}, base URLs are {known:?}")
    }

    /// The base URL that was probably meant: one that differs in what is easily mistaken, or, where all of them are on
    /// this machine, the first.
    fn nearest<'a>(&'a self, authority: &str, secure: Option<bool>) -> Option<(&'a Arc<Site>, Mismatch)> {
        let mismatch = |site: &'a Arc<Site>| Some((site, Mismatch::between(authority, secure, &site.base)?));
        let all = self.sites.iter().filter_map(mismatch).filter(|(_, mismatch)| mismatch.is_telling());
        let only_local = self.sites.iter().all(|site| site.base.is_loopback());
        let nearest = all.min_by_key(|(_, mismatch)| mismatch.distance());
        nearest.or_else(|| mismatch(Some(self.sites.first()).filter(|_| only_local)?))
    }

    /// The page that was asked for, under another base URL.
    fn same_page_at(&self, site: &Site, view: &dyn RequestView) -> String {
        let path = site.base.outside_path(view.path(), view.query());
        let path = (view.method() == "GET").then_some(path.as_str());
        format!("{}{}", site.base.origin, self.safe_return_to(site, path).as_str())
    }

    /// The answer to a request that came by no base URL. It is written as of the first site, since some site has
    /// to be; no cookie is set.
    pub(crate) fn misdirected(&self, refused: Refused, kind: RequestKind) -> Reply {
        self.refuse(refused, kind, self.sites.first(), None)
    }
}

/// Whether two authorities are one, but for the case of ASCII letters and a default port that one of them leaves out.
/// Two ports that are both written out are two, whichever scheme they are the default of.
fn is_same_host(one: &[u8], other: &[u8]) -> bool {
    let is_bare = |bare: &[u8], whole: &[u8]| {
        without_default_port(whole).is_some_and(|whole| whole.eq_ignore_ascii_case(bare))
    };
    one.eq_ignore_ascii_case(other) || is_bare(one, other) || is_bare(other, one)
}

/// The host of an authority that writes out a default port.
fn without_default_port(authority: &[u8]) -> Option<&[u8]> {
    authority.strip_suffix(b":443").or_else(|| authority.strip_suffix(b":80"))
}

/// The scheme of the page that a browser comes from, if that page is on this very host and port: then nothing else
/// can be wrong with it.
fn own_scheme(signs: &RequestSigns<'_>, site: &Site) -> Option<bool> {
    let page = signs.origin.or(signs.referer)?;
    if site.base.is_origin_of(page) {
        return None;
    }
    let page = std::str::from_utf8(page).ok()?;
    let mismatch = Mismatch::of_url(page, &site.base)?;
    mismatch.is_of_scheme_alone().then_some(!site.base.secure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_port_may_be_left_out_and_another_is_another_host() {
        for (one, other) in [("app", "APP"), ("app", "app:443"), ("app:80", "app"), ("app:443", "App:443")] {
            assert!(is_same_host(one.as_bytes(), other.as_bytes()), "{one} {other}");
        }
        for (one, other) in
            [("app:80", "app:443"), ("app:443", "app:80"), ("app", "app:8080"), ("app", "evil")]
        {
            assert!(!is_same_host(one.as_bytes(), other.as_bytes()), "{one} {other}");
        }
    }
}
