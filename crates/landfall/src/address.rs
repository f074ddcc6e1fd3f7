//! Under which address a request came, and which of the base URLs that is.

use std::borrow::Cow;

use crate::decision::Reply;
use crate::error::{Error, ErrorCode, printable};
use crate::guard::RequestKind;
use crate::protocol::forwarded::Outside;
use crate::relying_party::{Inner, Place};
use crate::request::RequestView;

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

    fn unknown_host(&self, view: &dyn RequestView, asked: &Asked<'_>) -> Error {
        let known: Vec<_> = self.places.iter().map(|place| place.base.literal.as_str()).collect();
        let asked = printable(asked.authority.as_deref().unwrap_or("none"));
        let unread = self.settings.proxies.unread(view).map(|unread| format!("; {unread}"));
        Error::new(ErrorCode::WrongHost)
            .detail(format!("asked for {asked:?}, base URLs are {known:?}{}", unread.unwrap_or_default()))
    }

    /// The answer to a request that came by no base URL. Its line in the log names both sides.
    pub(crate) fn misdirected(&self, error: &Error, kind: RequestKind) -> Reply {
        self.refuse(error, kind, 0, None)
    }
}
