//! Under which address a request came, and which of the base URLs that is.

use std::borrow::Cow;

use crate::address::forwarded::Outside;
use crate::address::mismatch::Mismatch;
use crate::context::settings::SpaCallback;
use crate::error::{Error, ErrorCode, printable};
use crate::guard::kind::RequestKind;
use crate::relying_party::{Inner, Place};
use crate::web::reply::Reply;
use crate::web::request::RequestView;

/// The address that a browser asked for, as far as anybody says whose word counts.
#[derive(Clone, Debug)]
pub(crate) struct Asked<'a> {
    /// Host, and port unless default.
    pub(crate) authority: Option<Cow<'a, str>>,
    /// Whether over TLS.
    pub(crate) secure: Option<bool>,
}

impl Inner {
    /// The base URL that a request came by: the only one, whatever the request says, or the one that is named.
    pub(crate) fn select(&self, view: &dyn RequestView) -> Result<(usize, &Place), Error> {
        if let [only] = self.places.as_slice() {
            return Ok((0, only));
        }
        let asked = self.asked(view)?;
        let authority = asked.authority.as_deref().unwrap_or_default();
        let named = || self.places.iter().enumerate().filter(|(_, place)| place.base.is_named_by(authority));
        // One host may be there twice, with TLS and without.
        let of_that_scheme =
            asked.secure.and_then(|secure| named().find(|(_, place)| place.base.secure == secure));
        of_that_scheme.or_else(|| named().next()).ok_or_else(|| self.unknown_host(view, &asked))
    }

    /// The address that a request was sent to, by a trusted proxy's word or by the request's own.
    pub(crate) fn asked<'a>(&self, view: &'a dyn RequestView) -> Result<Asked<'a>, Error> {
        let Outside { host, secure } = self.settings.proxies.outside(view)?.unwrap_or_default();
        let authority = host.map(Cow::Owned).or_else(|| view.authority().map(Cow::Borrowed));
        Ok(Asked { authority, secure })
    }

    /// The address that a request was sent to, if it is not the base URL's own. A page that calls from beside it, behind
    /// a proxy for development, is in its right place.
    pub(crate) fn elsewhere(&self, view: &dyn RequestView, place: &Place) -> Option<Mismatch> {
        let asked = self.asked(view).ok()?;
        let secure = asked.secure.or_else(|| own_scheme(view, place));
        let mismatch = Mismatch::between(asked.authority.as_deref()?, secure, &place.base)?;
        let is_page = |callback: &SpaCallback| callback.origin == mismatch.asked;
        (!self.settings.spa_callbacks.iter().any(is_page)).then_some(mismatch)
    }

    /// Why a request from what looks like this site is none, for the operator.
    pub(crate) fn other_origin(&self, view: &dyn RequestView) -> Option<String> {
        let origin = std::str::from_utf8(view.header("origin")?).ok()?;
        let mut mismatches = self.places.iter().filter_map(|place| Mismatch::of_url(origin, &place.base));
        let mismatch = mismatches.find(Mismatch::is_telling)?;
        Some(format!("Origin is {}, the base URL is {}: {}", mismatch.asked, mismatch.base, mismatch.why()))
    }

    fn unknown_host(&self, view: &dyn RequestView, asked: &Asked<'_>) -> Error {
        let known: Vec<_> = self.places.iter().map(|place| place.base.literal.as_str()).collect();
        let authority = asked.authority.as_deref().unwrap_or_default();
        let printed = if authority.is_empty() { "none".to_owned() } else { printable(authority) };
        let mut detail = format!("asked for {printed:?}, base URLs are {known:?}");
        let nearest = self.nearest(authority, asked.secure);
        if let Some((_, mismatch)) = nearest.as_ref().filter(|(_, mismatch)| mismatch.is_telling()) {
            detail.extend(["; ", mismatch.why().as_str()]);
        }
        if let Some(unread) = self.settings.proxies.unread(view) {
            detail.extend(["; ", unread.as_str()]);
        }
        let error = Error::new(ErrorCode::WrongHost).detail(detail);
        // Only where nobody but the developer looks.
        match nearest.filter(|(place, _)| place.base.is_loopback()) {
            Some((place, mismatch)) => {
                error.says(mismatch.sentence()).elsewhere(self.same_page_at(place, view))
            }
            None => error,
        }
    }

    /// The base URL that was probably meant: one that differs in what is easily mistaken, or, where all of them are on
    /// this machine, the first.
    fn nearest<'a>(&'a self, authority: &str, secure: Option<bool>) -> Option<(&'a Place, Mismatch)> {
        let mismatch = |place: &'a Place| Some((place, Mismatch::between(authority, secure, &place.base)?));
        let all = self.places.iter().filter_map(mismatch).filter(|(_, mismatch)| mismatch.is_telling());
        let only_local = self.places.iter().all(|place| place.base.is_loopback());
        let nearest = all.min_by_key(|(_, mismatch)| mismatch.distance());
        nearest.or_else(|| mismatch(self.places.first().filter(|_| only_local)?))
    }

    /// The page that was asked for, under another base URL.
    fn same_page_at(&self, place: &Place, view: &dyn RequestView) -> String {
        let base =
            self.places.iter().position(|other| other.base.origin == place.base.origin).unwrap_or_default();
        let path = place.base.outside_path(view.path(), view.query());
        let path = if view.method() == "GET" { Some(path.as_str()) } else { None };
        format!("{}{}", place.base.origin, self.safe_return_to(base, path).as_str())
    }

    /// The answer to a request that came by no base URL. Its line in the log names both sides.
    pub(crate) fn misdirected(&self, error: &Error, kind: RequestKind) -> Reply {
        self.refuse(error, kind, 0, None)
    }
}

/// The scheme of the page that a browser comes from, if that page is on this very host and port: then nothing else
/// can be wrong with it.
fn own_scheme(view: &dyn RequestView, place: &Place) -> Option<bool> {
    let page = view.header("origin").or_else(|| view.header("referer"))?;
    let mismatch = Mismatch::of_url(std::str::from_utf8(page).ok()?, &place.base)?;
    mismatch.is_of_scheme_alone().then_some(!place.base.secure)
}
