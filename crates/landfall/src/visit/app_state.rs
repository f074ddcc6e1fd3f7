//! For whom app state opens that a handler gives a sign-in: the session that is here, or this browser.

use super::Visit;
use super::change::Change;
use crate::address::return_to::ReturnTo;
use crate::browser::carried::{self, Holder, STATE_LIFETIME};
use crate::browser::cookie::{CookieKind, CookieNames};
use crate::context::Context;
use crate::context::endpoints::Endpoint;
use crate::context::incoming::RequestFacts;
use crate::guard::request_kind::RequestKind;
use crate::guard::sign_in_wanted::SignInWanted;

/// How an answer leads to the sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// To the provider at once: the cookie of the attempt goes out with the same answer.
    ByTrip,
    /// By a link, which can be copied.
    ByLink,
}

impl Leads {
    /// How a challenge leads there: see [`Visit::challenge`].
    pub(super) fn of(
        context: &Context,
        facts: &RequestFacts,
        way_in: Endpoint,
        to: Option<&ReturnTo>,
    ) -> Self {
        let by_page = context.settings.landing.keep_fragments && to.is_none();
        if facts.kind == RequestKind::Navigation && way_in != Endpoint::SignInPage && !by_page {
            Self::ByTrip
        } else {
            Self::ByLink
        }
    }
}

impl Visit {
    /// Binds the app state of a sign-in that is wanted to whoever is here. Gives the Set-Cookie line of the value that it is
    /// bound to, where a link leads there and nobody is signed in.
    ///
    /// A browser has one such value, so that what two tabs carry opens in both. Where there is no randomness the state is
    /// left out.
    pub(super) fn bind_app_state(&self, wanted: &mut SignInWanted, leads: Leads) -> Option<String> {
        let carried = wanted.carried.as_deref_mut()?;
        let state = carried.state.take()?;
        let (context, facts) = self.set_up()?;
        let now = context.clock.now();
        if let Some(session) = self.session() {
            carried.state = Some(state.bound_to(Holder::Session(session.name()), now));
            return None;
        }
        if leads == Leads::ByTrip {
            carried.state = Some(state.bound_to(Holder::Attempt, now));
            return None;
        }
        let known = carried::browser_value(&facts.attempts).map(str::to_owned);
        let names = &facts.site.names;
        let value = match known.or_else(|| self.value_on_its_way(names)) {
            Some(value) => value,
            None => carried::written(context.random().ok()?),
        };
        carried.state = Some(state.bound_to(Holder::Browser(carried::browser_digest(&value)), now));
        Some(names.browser(&value, STATE_LIFETIME))
    }

    /// The same for a link that a handler writes: the value leaves with its answer.
    pub(super) fn bind_in_link(&self, mut wanted: SignInWanted) -> SignInWanted {
        if let Some(cookie) = self.bind_app_state(&mut wanted, Leads::ByLink) {
            self.change(Change { cookies: vec![cookie], ..Change::default() });
        }
        wanted
    }

    /// The value that an earlier link of this request was bound to.
    fn value_on_its_way(&self, names: &CookieNames) -> Option<String> {
        let changed = self.changed();
        changed.as_ref()?.cookies.iter().find_map(|line| {
            let (name, rest) = line.split_once('=')?;
            (names.kind(name) == Some(CookieKind::Browser))
                .then(|| rest.split(';').next())?
                .map(str::to_owned)
        })
    }
}
