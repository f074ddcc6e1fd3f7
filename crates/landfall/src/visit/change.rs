//! What a handler changed of who is there, on its way to the browser.
//!
//! A sign-in or a sign-out in a handler is done at once, in the store and for what is asked later in the same request.
//! Its cookies wait here for the answer, so that a handler has nothing to set and nothing to forget. They go out in
//! place of what the request owed otherwise: a renewal of the session before would bring that one back.

use std::sync::{Arc, MutexGuard, PoisonError};

use super::Visit;
use super::marks::Mark;
use crate::flow::replacement;
use crate::runtime::under_way::Work;
use crate::session::{Session, Somebody};

/// Who is there from now on, and what the browser is told.
#[derive(Default)]
pub(super) struct Change {
    /// Who is there now, where that changed: `Some(None)` is nobody. It stays when the rest is sent: what asks while the
    /// body is written is told the same.
    #[allow(clippy::option_option, reason = "unchanged, and nobody any more, are two things")]
    pub(super) session: Option<Option<Arc<Session>>>,
    /// The session that a sign-in began, while its cookie waits here: nobody else knows of it.
    pub(super) begun: Option<Arc<Session>>,
    /// The lines for Set-Cookie.
    pub(super) cookies: Vec<String>,
    /// The header Clear-Site-Data, where a sign-out sends it.
    pub(super) clear_site_data: Option<String>,
}

impl Visit {
    /// Adds to what changes. A cookie that was to be set before is set by its last line alone.
    ///
    /// Gives the session of a sign-in before, which the browser now never hears of: whoever signs in twice at once has to
    /// end it.
    pub(super) fn change(&self, change: Change) -> Option<Arc<Session>> {
        let mut changed = self.changed();
        let so_far = changed.get_or_insert_default();
        let mut unheard = None;
        if change.session.is_some() {
            so_far.session = change.session;
            unheard = std::mem::replace(&mut so_far.begun, change.begun);
        }
        so_far.cookies.retain(|line| change.cookies.iter().all(|later| name(later) != name(line)));
        so_far.cookies.extend(change.cookies);
        if matches!(so_far.session, Some(Some(_))) {
            // What a sign-out before would throw away is whoever's is signed in now.
            so_far.clear_site_data = None;
        }
        so_far.clear_site_data = change.clear_site_data.or(so_far.clear_site_data.take());
        drop(changed);
        self.inner.marks.leave(Mark::Changed);
        unheard
    }

    /// Ends what a sign-in of this request began, where the answer does not tell the browser: a session that nobody holds
    /// would count among its person's until it runs out.
    pub(super) fn withdraw(&self) {
        let begun = self.changed().as_mut().and_then(|change| change.begun.take());
        if let (Some(session), Some((context, _))) = (begun, self.set_up()) {
            let (runtime, context) = (&context.runtime, Arc::clone(context));
            let work = async move { replacement::withdrawn(&context, &session).await };
            // It is over when it is over: the answer does not wait for it.
            drop(runtime.run(runtime.enter(Work::SignIn), work, || ()));
        }
    }

    /// Who is there by now.
    pub(super) fn who(&self) -> Option<Somebody> {
        if self.has_changed()
            && let Some(session) = self.changed().as_ref().and_then(|change| change.session.clone())
        {
            return session.map(Somebody::by_session);
        }
        self.inner.who.clone()
    }

    /// The session as it is by now; `None` also where somebody is here by credentials.
    pub(super) fn session(&self) -> Option<Arc<Session>> {
        self.who().and_then(Somebody::into_session)
    }

    /// Whether somebody is here by credentials.
    pub(crate) fn is_by_credentials(&self) -> bool {
        self.inner.who.as_ref().is_some_and(Somebody::is_by_credentials)
    }

    /// Whether anything changed. Nearly every request ends with a no, which costs a look at a number.
    pub(super) fn has_changed(&self) -> bool {
        self.inner.marks.has(Mark::Changed)
    }

    /// Whether somebody else is there by now, or nobody any more.
    pub(super) fn who_has_changed(&self) -> bool {
        self.has_changed() && self.changed().as_ref().is_some_and(|change| change.session.is_some())
    }

    /// What changed, and what of it is to be sent with the answer.
    pub(super) fn changed(&self) -> MutexGuard<'_, Option<Box<Change>>> {
        self.inner.change.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of the cookie that a line sets.
fn name(line: &str) -> &str {
    line.split('=').next().unwrap_or_default()
}
