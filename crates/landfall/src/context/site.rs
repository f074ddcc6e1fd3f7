//! One base URL, and everything that hangs on it: cookie names, seals, addresses.
//!
//! An application under several base URLs (staging beside production, two brands) is several sites. Their seals
//! are derived from their origins, so a cookie or a `state` of one opens at no other origin, even where they
//! share their keys.

use std::sync::Arc;

use crate::address::base_url::BaseUrl;
use crate::address::return_to::ReturnTo;
use crate::browser::cookie::{CookieKind, CookieNames, SentCookie, SessionCookieSettings};
use crate::browser::pending_login::{AttemptSeals, target_digest};
use crate::clock::Timestamp;
use crate::crypto::application_name::ApplicationName;
use crate::crypto::seal::{CookieKey, Sealer};
use crate::error::{Error, ErrorCode};
use crate::session::{SessionIds, SessionSeal};

/// So many finished sign-ins for one page within [`LOOP_SPAN`], and still nobody signed in, are a loop.
const LOOP_MARKS: usize = 3;
/// In seconds.
const LOOP_SPAN: u64 = 60;

/// The application under one base URL.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) base: BaseUrl,
    /// What our cookies are called here, and their attributes.
    pub(crate) names: CookieNames,
    /// Seals what belongs to one attempt: pending login, `state`, mark, posted response, kept form.
    pub(crate) seals: AttemptSeals,
    /// Seals a session into its cookie, where there is no store.
    pub(crate) session_seal: SessionSeal,
    /// Seals where a sign-out at the provider comes back to.
    pub(crate) logout_seal: Sealer,
    /// Seals what a link asks the provider for.
    pub(crate) request_seal: Sealer,
    /// Seals what the sign-in page is told of a failure.
    pub(crate) failure_seal: Sealer,
    /// Where the provider sends people after a sign-out, as it is registered there, byte for byte.
    pub(crate) post_logout_redirect_uri: String,
}

impl Site {
    /// The `number`-th site, sealed under this name.
    ///
    /// Each seal has a key of its own, derived from the ring, its purpose and the application's name with this
    /// origin. The purposes are part of the format: renaming one makes unreadable whatever browsers hold of it.
    ///
    /// # Errors
    /// When no key can be derived.
    pub(crate) fn new(
        number: usize,
        base: BaseUrl,
        ring: &[CookieKey],
        application: &ApplicationName,
        session_cookie: &SessionCookieSettings,
        after_logout: &str,
    ) -> Result<Self, Error> {
        let context = application.context(&[base.origin.as_bytes()]);
        let derive = |purpose| Sealer::derive(ring, purpose, &context);
        let names = CookieNames::new(application, &base, session_cookie);
        let seals = AttemptSeals {
            login: derive("pending login")?,
            state: derive("state")?,
            spent: derive("spent")?,
            post: derive("posted response")?,
            form: derive("posted form")?,
            kept: derive("kept value")?,
        };
        let session_seal = SessionSeal {
            site: number,
            base_url: base.literal.clone(),
            names: names.clone(),
            sealer: derive("session")?,
            ids: SessionIds::derive(
                ring,
                &application.context(&[base.origin.as_bytes(), names.session.as_bytes()]),
            )?,
        };
        let (logout_seal, request_seal) = (derive("logout")?, derive("wish")?);
        let failure_seal = derive("sign-in failure")?;
        let post_logout_redirect_uri = format!("{}{after_logout}", base.literal);
        Ok(Self {
            base,
            names,
            seals,
            session_seal,
            logout_seal,
            request_seal,
            failure_seal,
            post_logout_redirect_uri,
        })
    }

    /// A path of ours as browsers see it.
    pub(crate) fn outside(&self, path: &str) -> String {
        format!("{}{path}", self.base.path)
    }

    /// A path of ours as a destination; `/` for one that is none, which the builder does not let pass.
    pub(crate) fn destination(&self, path: &str) -> ReturnTo {
        ReturnTo::parse(&self.outside(path)).unwrap_or_default()
    }

    /// Whether the browser keeps coming back from finished sign-ins without a session: its cookies do not stay,
    /// or the page asks for what no sign-in brings.
    ///
    /// Only marks of sign-ins that succeeded, for this page and of the last minute, count. The person then gets a
    /// page in place of another trip.
    pub(crate) fn is_looping(&self, sent: &[SentCookie], return_to: &ReturnTo, now: Timestamp) -> bool {
        let target = target_digest(return_to.as_str());
        let marks = sent.iter().filter(|cookie| cookie.kind == CookieKind::Spent);
        let recent = marks.filter_map(|cookie| self.seals.open_spent(cookie)).filter(|mark| {
            let is_recent = now.secs().saturating_sub(mark.finished_at) <= LOOP_SPAN;
            mark.signed_in && mark.target == target && is_recent
        });
        recent.count() >= LOOP_MARKS
    }
}

/// The sites of one application: one for each base URL, and one at least.
#[derive(Debug)]
pub(crate) struct Sites {
    first: Arc<Site>,
    others: Vec<Arc<Site>>,
}

impl Sites {
    /// Those of these base URLs.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn new(sites: Vec<Site>) -> Result<Self, Error> {
        let mut sites = sites.into_iter().map(Arc::new);
        let first = sites
            .next()
            .ok_or_else(|| Error::new(ErrorCode::Misconfigured).detail("there is no base URL"))?;
        Ok(Self { first, others: sites.collect() })
    }

    /// That of the first base URL.
    pub(crate) fn first(&self) -> &Arc<Site> {
        &self.first
    }

    /// The only one, if there is one alone.
    pub(crate) fn only(&self) -> Option<&Arc<Site>> {
        self.others.is_empty().then_some(&self.first)
    }

    /// All of them, as they were configured.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Site>> {
        std::iter::once(&self.first).chain(&self.others)
    }
}
