//! What the application is told of its sessions.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::session::{RecordKey, SessionHandle};

/// Something that happened to a session on this instance; see
/// [`RelyingPartyBuilder::on_session_event`](crate::RelyingPartyBuilder::on_session_event).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionEvent {
    /// What it was.
    pub change: SessionChange,
    /// Whose session it is: the subject identifier at the relying party's issuer.
    pub subject: String,
    /// Which session; `None` for one that is sealed into its cookie.
    pub session: Option<SessionHandle>,
}

/// What happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionChange {
    /// Somebody signed in, or the application began a session.
    Created,
    /// Its tokens were refreshed.
    Refreshed,
    /// It ended. One that nobody used any more runs out without an event.
    Ended(EndReason),
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// The person signed out.
    SignedOut,
    /// The same browser signed in again.
    Replaced,
    /// The application ended it, by [`Sessions`](crate::Sessions).
    Application,
    /// The provider did not refresh its tokens any more, or answered with somebody else's.
    RefreshRefused,
}

/// Whom to tell, if anybody.
#[derive(Clone, Default)]
pub(crate) struct Events(Option<Arc<Listener>>);

type Listener = dyn Fn(&SessionEvent) + Send + Sync;

impl Events {
    pub(crate) fn new(listener: impl Fn(&SessionEvent) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    /// Tells it. A listener that panics harms nobody's sign-in.
    pub(crate) fn tell(&self, change: SessionChange, subject: &str, key: Option<RecordKey>) {
        tracing::debug!(?change, "session");
        let Some(listener) = &self.0 else { return };
        let event = SessionEvent { change, subject: subject.to_owned(), session: key.map(SessionHandle) };
        if catch_unwind(AssertUnwindSafe(|| listener(&event))).is_err() {
            tracing::error!(?change, "the listener to session events panicked");
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Events").field(&self.0.is_some()).finish()
    }
}
