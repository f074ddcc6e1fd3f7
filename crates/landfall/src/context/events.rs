//! What the application is told of sign-ins and sessions: for audits, counters and its own clean-up.
//!
//! An [`Event`] is told once its deed is done, by the instance that did it. It is no way to take part: the
//! application's say in a sign-in is [`sign_in_hook`](super::sign_in_hook). No event carries a token, nor any
//! claim but the subject.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::ErrorCode;
pub(crate) use crate::session::EndReason;
use crate::session::{RecordKey, SessionHandle, SubjectId};

/// Something that happened on this instance; see
/// [`RelyingPartyBuilder::on_event`](crate::RelyingPartyBuilder::on_event).
///
/// The listener is called where the event happens, and the work there waits for it: hand on whatever takes long.
///
/// ```
/// use landfall::{EndReason, Event, EventKind, RelyingParty};
///
/// fn audit(event: &Event) {
///     if event.kind == EventKind::Ended(EndReason::RefreshRefused) {
///         println!("{:?} has to sign in again", event.subject);
///     }
/// }
///
/// let builder = RelyingParty::builder("https://acme.example").on_event(audit);
/// # let _ = builder;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What it was.
    pub kind: EventKind,
    /// The person it is about; `None` where that is not known, as when a sign-in starts or fails.
    pub subject: Option<SubjectId>,
    /// Which session; `None` where there is none, or for one that is sealed into its cookie.
    pub session: Option<SessionHandle>,
    /// The reference that stands on the person's page and in the log; `None` where nothing failed.
    pub reference: Option<String>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A browser was sent to the provider. Nobody knows yet who it is.
    SignInStarted,
    /// A native application was given the address of a sign-in to show to the person: no browser could be started for
    /// it, or nobody came back from one yet.
    AddressGiven,
    /// Somebody came back and has a session.
    SignedIn,
    /// Somebody who was signed in came back with a stronger or fresher authentication or more scopes. Their
    /// session before ends with [`EndReason::Replaced`].
    SteppedUp,
    /// A silent sign-in came to nothing, as it does where nobody is signed in at the provider.
    NotSignedInSilently(ErrorCode),
    /// Somebody came back and has no session for it, and why.
    SignInFailed(ErrorCode),
    /// The application began a session, by [`Sessions::create`](crate::Sessions::create).
    Created,
    /// A session's tokens were refreshed.
    Refreshed,
    /// A session ended. One that nobody used any more runs out without an event: [`EndReason::Expired`] and
    /// [`EndReason::Elsewhere`] are told to whoever waits for the end, and never here.
    Ended(EndReason),
}

/// The application's listener; `None` where it gave none, and then no event is made.
#[derive(Clone, Default)]
pub(crate) struct Events(Option<Arc<Listener>>);

/// Called from many threads at once.
type Listener = dyn Fn(&Event) + Send + Sync;

impl Events {
    pub(crate) fn new(listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    /// Tells of a session. A sealed session has no key.
    pub(crate) fn tell(&self, kind: EventKind, subject: Option<&SubjectId>, key: Option<RecordKey>) {
        self.send(|| Event {
            kind,
            subject: subject.cloned(),
            session: key.map(SessionHandle),
            reference: None,
        });
    }

    /// Tells of a sign-in that came to nothing, by the reference on the person's page. Who it was is not known,
    /// or not proven.
    pub(crate) fn failed(&self, kind: EventKind, reference: &str) {
        self.send(|| Event { kind, subject: None, session: None, reference: Some(reference.to_owned()) });
    }

    /// Makes the event and calls the listener. One that panics is told of in the log and harms nobody's sign-in.
    fn send(&self, event: impl FnOnce() -> Event) {
        let Some(listener) = &self.0 else { return };
        let event = event();
        if catch_unwind(AssertUnwindSafe(|| listener(&event))).is_err() {
            tracing::error!(kind = ?event.kind, "the listener to events panicked");
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Events").field(&self.0.is_some()).finish()
    }
}
