//! What the application is told of sign-ins and sessions: for audits, counters and its own clean-up.
//!
//! An [`Event`] is told once its deed is done, by the instance that did it. It is no way to take part: the
//! application's say in a sign-in is [`sign_in_hook`](super::sign_in_hook). No event carries a token, nor any
//! claim but the subject.
//!
//! What failed and is about nobody who was verified, any stranger can make happen. So those events come out of a budget: a
//! burst, and then so many a second. What is left out is counted, and the next event of a failure says how many there were.
//! Whoever was verified is always told of: a stranger cannot push that out.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::request_origin::RequestOrigin;
use crate::clock::Timestamp;
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
///
/// A line of an audit trail for whoever was kept out, by the reference that stands on their page:
///
/// ```
/// use landfall::Event;
///
/// fn kept_out(event: &Event) -> Option<String> {
///     let reference = event.reference.as_deref()?;
///     let address = event.origin.as_ref().and_then(|origin| origin.address());
///     let who = event.subject.as_ref().map_or("nobody that is known", |subject| subject.subject());
///     Some(format!("{reference}: {who} from {address:?} by {:?}, {:?}", event.way, event.kind))
/// }
/// # let _ = kept_out;
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
    /// Which way in it was, for whoever came in or was kept out; `None` for every other kind.
    pub way: Option<WayIn>,
    /// The issuer of the provider that was asked; `None` where none was, or where nobody knows which.
    pub provider: Option<Arc<str>>,
    /// Where the request came from, for whoever came in by it or was kept out; `None` where it is not at hand: for every
    /// other kind, in a native application, and for a sign-in by [`Visit::sign_in`](crate::Visit::sign_in), whose handler
    /// has the request. All of it is only what the request says.
    pub origin: Option<RequestOrigin>,
    /// How many events of failures were left out since the last one, because strangers made too many of them happen; 0
    /// nearly always.
    pub left_out: u64,
}

/// Which way in somebody came, or tried to.
///
/// ```
/// use landfall::{Event, WayIn};
///
/// fn by(event: &Event) -> &str {
///     match &event.way {
///         Some(WayIn::Credentials(scheme)) => scheme,
///         Some(WayIn::Provider | WayIn::Native) => "a provider",
///         _ => "the application",
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WayIn {
    /// By the callback, or the exchange of a single-page application.
    Provider,
    /// By a native application's own flow.
    Native,
    /// By a sign-in of the application's own.
    Application,
    /// By credentials that came with a request: their scheme in lower case, or the header's name, as it was configured.
    Credentials(Box<str>),
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
    /// Somebody came back and has no session for it, and why. [`ErrorCode::SignInRejected`] is the application's own
    /// [`Declined`](crate::Declined), with whom it turned away.
    SignInFailed(ErrorCode),
    /// Credentials that came with a request were refused: by the application, or because they could not be read. Nobody is
    /// known by them.
    CredentialsRefused(ErrorCode),
    /// The application began a session, by [`Sessions::create`](crate::Sessions::create).
    Created,
    /// A session's tokens were refreshed.
    Refreshed,
    /// A session ended. One that nobody used any more runs out without an event: [`EndReason::Expired`] and
    /// [`EndReason::Elsewhere`] are told to whoever waits for the end, and never here.
    Ended(EndReason),
}

/// What is told of a sign-in, or of what came to nothing. What is not said is not known.
pub(crate) struct Told<'a> {
    pub(crate) kind: EventKind,
    pub(crate) way: WayIn,
    /// Who it was, if that is verified.
    pub(crate) subject: Option<&'a SubjectId>,
    pub(crate) session: Option<RecordKey>,
    pub(crate) provider: Option<&'a Arc<str>>,
    pub(crate) origin: Option<&'a RequestOrigin>,
    /// That on the person's page; `None` where nothing failed.
    pub(crate) reference: Option<&'a str>,
}

impl Told<'_> {
    /// Of this kind and way, and nothing else known.
    pub(crate) fn new(kind: EventKind, way: WayIn) -> Self {
        Self { kind, way, subject: None, session: None, provider: None, origin: None, reference: None }
    }
}

/// The application's listener; `None` where it gave none, and then no event is made.
#[derive(Clone, Default)]
pub(crate) struct Events(Option<Arc<Listener>>);

/// What hears of events, and how many of strangers' it still may.
struct Listener {
    hears: Box<Hears>,
    budget: Mutex<Budget>,
}

/// Called from many threads at once.
type Hears = dyn Fn(&Event) + Send + Sync;

impl Events {
    pub(crate) fn new(listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(Listener { hears: Box::new(listener), budget: Mutex::default() })))
    }

    /// Whether anybody listens: what only an event needs is not gathered otherwise.
    pub(crate) fn are_heard(&self) -> bool {
        self.0.is_some()
    }

    /// Tells of a session. A sealed session has no key.
    pub(crate) fn tell(&self, kind: EventKind, subject: Option<&SubjectId>, key: Option<RecordKey>) {
        self.send(|_| {
            Some(Event {
                kind,
                subject: subject.cloned(),
                session: key.map(SessionHandle),
                reference: None,
                way: None,
                provider: None,
                origin: None,
                left_out: 0,
            })
        });
    }

    /// Tells of somebody who came in, or was kept out. Of strangers' failures only so many are told.
    pub(crate) fn tell_of(&self, told: &Told<'_>, now: Timestamp) {
        self.send(|listener| {
            let left_out = if told.reference.is_some() {
                let mut budget = listener.budget.lock().unwrap_or_else(PoisonError::into_inner);
                budget.left_out_before(told.subject.is_none(), now)?
            } else {
                0
            };
            Some(Event {
                kind: told.kind,
                subject: told.subject.cloned(),
                session: told.session.map(SessionHandle),
                reference: told.reference.map(str::to_owned),
                way: Some(told.way.clone()),
                provider: told.provider.cloned(),
                origin: told.origin.cloned(),
                left_out,
            })
        });
    }

    /// Makes the event and calls the listener. One that panics is told of in the log and harms nobody's sign-in.
    fn send(&self, event: impl FnOnce(&Listener) -> Option<Event>) {
        let Some(listener) = &self.0 else { return };
        let Some(event) = event(listener) else { return };
        if catch_unwind(AssertUnwindSafe(|| (listener.hears)(&event))).is_err() {
            tracing::error!(kind = ?event.kind, "the listener to events panicked");
        }
    }
}

/// How many events of failures are told that any stranger can make happen. Each one that is told puts off the moment when
/// all of them may be again.
#[derive(Debug, Default)]
struct Budget {
    full_at: Timestamp,
    left_out: u64,
}

impl Budget {
    /// How many are told at once.
    const BURST: u32 = 100;
    /// How long it takes until one more may be told.
    const REFILL: Duration = Duration::from_millis(100);

    /// How many were left out before this one; `None` where this one is left out, too.
    fn left_out_before(&mut self, is_a_strangers: bool, now: Timestamp) -> Option<u64> {
        if is_a_strangers {
            // A clock that was set back owes no more than all of them.
            let owed = self.full_at.since(now).min(Self::REFILL * Self::BURST);
            let is_left = owed <= Self::REFILL * (Self::BURST - 1);
            self.full_at = now.plus(if is_left { owed + Self::REFILL } else { owed });
            if !is_left {
                self.left_out += 1;
                return None;
            }
        }
        Some(std::mem::take(&mut self.left_out))
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Events").field(&self.0.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_use_up_a_budget_that_comes_back_and_whoever_was_verified_is_told_of_all_the_same() {
        let (mut budget, now) = (Budget::default(), Timestamp::from_secs(1_800_000_000));
        let told = (0..1_000).filter(|_| budget.left_out_before(true, now).is_some()).count();
        assert_eq!(told, 100);
        assert_eq!(budget.left_out_before(false, now), Some(900), "the next one says how many");
        assert_eq!(budget.left_out_before(false, now), Some(0));
        assert_eq!(budget.left_out_before(true, now), None);
        let later = now.plus(Duration::from_secs(1));
        let told = (0..1_000).filter(|_| budget.left_out_before(true, later).is_some()).count();
        assert_eq!(told, 10);
        let much_later = now.plus(Duration::from_secs(3_600));
        let told = (0..1_000).filter(|_| budget.left_out_before(true, much_later).is_some()).count();
        assert_eq!(told, 100, "never more than at first");
        let back = now.minus(Duration::from_secs(3_600));
        assert_eq!(budget.left_out_before(true, back), None);
        assert!(
            budget.left_out_before(true, back.plus(Duration::from_secs(10))).is_some(),
            "a clock set back"
        );
    }
}
