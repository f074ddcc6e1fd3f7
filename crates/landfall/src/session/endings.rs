//! Sessions whose end somebody waits for, and why they end: for connections that stay open when their request is over.
//!
//! A request asks once who is there, and the answer is good for as long as it takes. A WebSocket, an event stream or a
//! long poll outlives that answer, so it waits for the session's end instead. Each session that is waited for stands here
//! once, however many connections wait for it; each of them has a seat, and whoever leaves the last one takes the
//! session along. Nothing is here for whoever only makes requests, and what they do costs one look at a counter.
//!
//! | who | says what |
//! |---|---|
//! | a connection | [`Endings::wait`]: takes a seat, and leaves it by being dropped |
//! | the store, by its watcher; the keeper | [`Endings::told`]: something changed, look again |
//! | the keeper, before it removes | [`Endings::expect`], [`Endings::expect_one`]: why it will be gone |
//! | the keeper, of a sealed session | [`Endings::over`], [`Endings::renewed`]: no store could be asked |
//! | the lookout | [`Endings::due`], [`Endings::looked_up`]: what to ask for, and what was found |
//!
//! What is told here comes from the same places that the near cache forgets its copies by: the store's own word
//! ([`Change`]), and whatever ends a session in this process. A change is no ending: the session has to be
//! [looked up](super::lookout) then. Nobody is told that a session is over because something may have been missed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::opened::Session;
use super::store::{Change, RecordKey};
use crate::clock::Timestamp;
use crate::error::Error;

/// Why a session ended.
///
/// [`SignedIn::ended`](crate::SignedIn::ended) waits for it, and [`EventKind::Ended`](crate::EventKind::Ended) tells of it
/// on the instance that ended the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// The person signed out.
    SignedOut,
    /// This browser signed in again, as the same person or as another: a browser has one session.
    Replaced,
    /// The application ended it, by [`Sessions`](crate::Sessions).
    Application,
    /// The provider did not refresh its tokens any more, or answered with somebody else's.
    RefreshRefused,
    /// The provider said so by a logout token (OpenID Connect Back-Channel Logout 1.0).
    BackChannel,
    /// The provider said so through the browser (OpenID Connect Front-Channel Logout 1.0).
    FrontChannel,
    /// An IntelliAuth tenant said so by a webhook.
    Webhook,
    /// The same person signed in elsewhere, and had as many sessions as they may.
    TooMany,
    /// It ran out: at its end, or since no request came for as long as it may be idle. No event tells of it.
    Expired,
    /// It is not in the store any more, and it was not this process that ended it: another instance did, or whoever has a
    /// hand in the store. No event tells of it here; the instance that did it knows more.
    Elsewhere,
}

/// How many rounds somebody goes on looking for whom nobody waits any more: two seconds, so that answers which wait for a
/// moment, one after another, do not each begin a lookout.
const LINGERS: u8 = 4;
/// How many rounds a session is not asked for again whose store did not answer, or whose record does not open here: a
/// second, unless changes make the rounds come sooner. What is told of it meanwhile is looked at.
const PAUSE: u8 = 2;

/// What a session is known by among those that are waited for; see [`Session::name`].
pub(super) type Name = [u8; 32];

/// The sessions that are waited for.
#[derive(Default)]
pub(crate) struct Endings {
    /// How many there are: asked without the lock by everybody for whom it is usually none.
    count: AtomicUsize,
    /// Held for moments, never across an await; whoever is told is woken after it is let go.
    state: Mutex<State>,
    /// Wakes whoever looks them up.
    changed: Notify,
    /// How many rounds came to their end, so that a lookout that is lost now and then is told from one that never works.
    rounds: AtomicUsize,
}

/// What the lock is around.
#[derive(Default)]
struct State {
    /// Each once, by its name.
    sessions: HashMap<Name, Awaited>,
    /// Whether somebody looks them up.
    is_watched: bool,
    /// Whether somebody came to wait since the last round.
    has_come: bool,
}

/// A session that somebody waits for.
pub(super) struct Awaited {
    /// As it was last known: a renewal moves its end.
    session: Arc<Session>,
    /// When the store last said that it stands; `None` where something changed since, or may have.
    looked_at: Option<Timestamp>,
    /// For how many rounds it is not asked for, after a look that brought nothing.
    pause: u8,
    /// Why it is about to end, by whoever in this process is ending it.
    why: Option<EndReason>,
    /// Says so to every seat: `None` as long as it stands.
    said: watch::Sender<Option<EndReason>>,
}

impl Awaited {
    /// Whether the store has to be asked: something changed, its idle life is over as far as is known here, or the last
    /// answer is too old. A clock that was set back makes every answer too old.
    fn is_due(&self, now: Timestamp, staleness: Duration) -> bool {
        let is_known = |at: Timestamp| now >= at && now.since(at) < staleness;
        self.session.is_over(now) || (self.pause == 0 && !self.looked_at.is_some_and(is_known))
    }

    /// Makes it due again.
    fn look_again(&mut self) {
        (self.looked_at, self.pause) = (None, 0);
    }

    /// Says so to everybody who waits for it.
    fn end(&self, why: EndReason) {
        self.said.send_replace(Some(why));
    }
}

impl Endings {
    /// Takes a seat. `known` gives when the store last said that the session stands, if that is known; it is asked behind
    /// the registration, so that no change falls in between.
    ///
    /// Whoever looks is woken only for what the store has to be asked for at once; all else has time until the next beat.
    /// A session in use has a near copy, so answers that wait for a moment cost no round each.
    pub(super) fn wait(
        self: &Arc<Self>,
        session: &Arc<Session>,
        known: impl FnOnce() -> Option<Timestamp>,
    ) -> Waiter {
        let name = session.name();
        let mut state = self.state();
        let awaited = state.sessions.entry(name).or_insert_with(|| Awaited {
            session: Arc::clone(session),
            looked_at: None,
            pause: 0,
            why: None,
            said: watch::Sender::new(None),
        });
        // Of a sealed one nothing else would ever tell that it lives longer by now.
        if session.stored.is_none() && awaited.session.idle_expires_at < session.idle_expires_at {
            awaited.session = Arc::clone(session);
        }
        let said = awaited.said.subscribe();
        let is_first = awaited.said.receiver_count() == 1;
        state.has_come = true;
        self.count(&state);
        let looked_at = is_first.then(known);
        if let (Some(looked_at), Some(awaited)) = (looked_at, state.sessions.get_mut(&name)) {
            awaited.looked_at = looked_at;
        }
        drop(state);
        if looked_at == Some(None) && session.stored.is_some() {
            self.changed.notify_one();
        }
        Waiter { said, seat: Seat { endings: Arc::clone(self), name } }
    }

    /// The store told of a change, or one was made here: what it is about is looked up at once.
    ///
    /// It is called by the store's watcher, maybe from within a call to the store, so it asks the store nothing.
    pub(super) fn told(&self, change: Change) {
        if self.is_empty() {
            return;
        }
        let mut state = self.state();
        match change {
            Change::Record(key) => {
                let Some(awaited) = state.sessions.get_mut(&key.0) else { return };
                awaited.look_again();
            }
            Change::Everything => state.sessions.values_mut().for_each(Awaited::look_again),
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Somebody in this process is about to end the session of this record, and says why. It is said before the deed: the
    /// store's word on it may be quicker than whoever asked for it.
    pub(super) fn expect_one(&self, key: RecordKey, why: EndReason) {
        if !self.is_empty()
            && let Some(awaited) = self.state().sessions.get_mut(&key.0)
        {
            awaited.why = Some(why);
        }
    }

    /// The same for all that this is true of.
    pub(super) fn expect(&self, why: EndReason, is_meant: impl Fn(&Session) -> bool) {
        if !self.is_empty() {
            let mut state = self.state();
            for awaited in state.sessions.values_mut().filter(|awaited| is_meant(&awaited.session)) {
                awaited.why = Some(why);
            }
        }
    }

    /// A sealed session was ended here: nobody has to be asked, and nobody could.
    ///
    /// Another cookie of the same session has the same name, so what was opened before a renewal ends as well.
    pub(super) fn over(&self, session: &Session, why: EndReason) {
        if !self.is_empty() {
            self.end(session.name(), |_| why);
        }
    }

    /// A later form of a session came by, which may live longer.
    ///
    /// Of a sealed session this is all that is heard: a cookie that was sealed anew here, or one that another instance
    /// sealed and that was opened here for the first time. It never shortens a life.
    pub(super) fn renewed(&self, session: &Session) {
        if self.is_empty() {
            return;
        }
        if let Some(awaited) = self.state().sessions.get_mut(&session.name())
            && awaited.session.idle_expires_at < session.idle_expires_at
        {
            awaited.session = Arc::new(session.clone());
        }
    }

    /// Lets one alone look the sessions up; `None` where somebody does already.
    ///
    /// Whoever gets it runs it as work of its own: a connection may be slow to be polled, and others wait as well.
    pub(crate) fn watch(self: &Arc<Self>) -> Option<Watch> {
        let was_watched = std::mem::replace(&mut self.state().is_watched, true);
        (!was_watched).then(|| Watch { endings: Arc::clone(self), idle: 0, is_over: false })
    }

    /// How many rounds came to their end so far.
    pub(crate) fn rounds(&self) -> usize {
        self.rounds.load(Ordering::Relaxed)
    }

    /// Is ready when something changed since it was last asked.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Ends what has run out, and gives the sessions that the store has to be asked for. What is told of them from here on
    /// makes them due again.
    ///
    /// It goes through all that are waited for, which is once in a beat and once for a change; none of them has a timer.
    pub(super) fn due(&self, now: Timestamp, staleness: Duration) -> Vec<Arc<Session>> {
        let mut due = Vec::new();
        self.run_out(now, |awaited| {
            if awaited.session.stored.is_some() && awaited.is_due(now, staleness) {
                due.push(Arc::clone(&awaited.session));
                awaited.looked_at = Some(now);
            } else {
                awaited.pause = awaited.pause.saturating_sub(1);
            }
        });
        // First those that end where the store does not answer.
        due.sort_by_key(|session| !session.is_over(now));
        due
    }

    /// Ends what has run out by the clock alone, and shows all others.
    pub(super) fn run_out(&self, now: Timestamp, mut stands: impl FnMut(&mut Awaited)) {
        let mut state = self.state();
        state.sessions.retain(|_, awaited| {
            let session = &awaited.session;
            let is_over = now >= session.expires_at || (session.stored.is_none() && session.is_over(now));
            if is_over {
                awaited.end(EndReason::Expired);
            } else {
                stands(awaited);
            }
            !is_over
        });
        self.count(&state);
    }

    /// The store was not asked for these after all: they stay due.
    pub(super) fn not_asked(&self, sessions: &[Arc<Session>]) {
        let mut state = self.state();
        for session in sessions {
            if let Some(awaited) = state.sessions.get_mut(&session.name()) {
                awaited.looked_at = None;
            }
        }
    }

    /// What the store said of a session that was due: it stands, or it is gone. `Err` where the store did not answer: it
    /// is asked again after a [`PAUSE`], unless the session is over as far as is known.
    pub(super) fn looked_up(
        &self,
        before: &Session,
        found: Result<Option<Arc<Session>>, Error>,
        now: Timestamp,
    ) {
        let name = before.name();
        match found {
            Ok(Some(session)) => {
                if let Some(awaited) = self.state().sessions.get_mut(&name) {
                    awaited.session = session;
                }
            }
            Ok(None) => self.end(name, |awaited| {
                let ran_out = || awaited.session.is_over(now).then_some(EndReason::Expired);
                awaited.why.or_else(ran_out).unwrap_or(EndReason::Elsewhere)
            }),
            Err(_) if before.is_over(now) => self.end(name, |_| EndReason::Expired),
            Err(_) => {
                if let Some(awaited) = self.state().sessions.get_mut(&name) {
                    // What was told while the store was asked is looked at without a pause.
                    awaited.pause = awaited.looked_at.take().map_or(0, |_| PAUSE);
                }
            }
        }
    }

    /// Takes a session out and tells whoever waits for it; nothing where nobody does.
    fn end(&self, name: Name, why: impl FnOnce(&Awaited) -> EndReason) {
        let mut state = self.state();
        let ended = state.sessions.remove(&name);
        self.count(&state);
        drop(state);
        if let Some(awaited) = ended {
            awaited.end(why(&awaited));
        }
    }

    /// Whether nobody waits for anything. Whoever registers is counted before they look what is known, so that a change
    /// is seen by one side or the other.
    fn is_empty(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    /// Counts anew, with the lock held.
    fn count(&self, state: &State) {
        self.count.store(state.sessions.len(), Ordering::SeqCst);
    }

    /// The lock. A panic while it was held leaves a whole state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for a session's end. Dropped, they wait no more.
pub(crate) struct Waiter {
    // In this order: whether a seat is the last one is asked when this is gone.
    said: watch::Receiver<Option<EndReason>>,
    /// Given up last.
    seat: Seat,
}

impl Waiter {
    /// Why the session ended, once it has; `None` where whoever looked it up is gone, and somebody else has to.
    pub(crate) async fn next(&mut self) -> Option<EndReason> {
        let is_there = self.said.changed().await.is_ok();
        let said = *self.said.borrow_and_update();
        // Not there: nobody will ever say anything. It is not known any more, so it is not gone on with.
        said.or_else(|| (!is_there).then_some(EndReason::Elsewhere))
    }

    /// What this waits among.
    pub(crate) fn endings(&self) -> &Arc<Endings> {
        &self.seat.endings
    }
}

/// A place among those who wait; with the last one the session is forgotten.
struct Seat {
    endings: Arc<Endings>,
    name: Name,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.endings.state();
        if state.sessions.get(&self.name).is_some_and(|awaited| awaited.said.receiver_count() == 0) {
            state.sessions.remove(&self.name);
        }
        self.endings.count(&state);
    }
}

/// The right and the duty to look the sessions up. Where it is dropped before [`Self::is_done`] said so, as by a runtime
/// that ends, everybody who waits is told to find somebody else.
pub(crate) struct Watch {
    /// What is looked after.
    endings: Arc<Endings>,
    /// How many rounds nobody waited for, one behind the other.
    idle: u8,
    /// Given back in good order, so that dropping it wakes nobody.
    is_over: bool,
}

impl Watch {
    /// A round is over. Whether nobody waits any more, and nobody has for some rounds; then whoever comes next looks by
    /// themselves.
    pub(super) fn is_done(&mut self) -> bool {
        self.endings.rounds.fetch_add(1, Ordering::Relaxed);
        let mut state = self.endings.state();
        let has_come = std::mem::take(&mut state.has_come);
        self.idle = if state.sessions.is_empty() && !has_come { self.idle.saturating_add(1) } else { 0 };
        self.is_over = self.idle > LINGERS;
        state.is_watched = !self.is_over;
        if self.is_over {
            // What thousands took is given back.
            state.sessions = HashMap::new();
        }
        self.is_over
    }

    /// What is looked up.
    pub(crate) fn endings(&self) -> &Arc<Endings> {
        &self.endings
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.is_over {
            let mut state = self.endings.state();
            state.is_watched = false;
            // What a round had taken on and not looked up is due again.
            state.sessions.values_mut().for_each(|awaited| {
                awaited.looked_at = None;
                awaited.said.send_modify(|_| ());
            });
        }
    }
}

impl std::fmt::Debug for Endings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endings")
            .field("sessions", &self.count.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::super::id::SessionId;
    use super::super::identity::Identity;
    use super::super::opened::Stored;
    use super::*;
    use crate::clock::SystemEntropy;
    use crate::error::ErrorCode;

    const BEGUN: Timestamp = Timestamp::from_secs(1_000);
    const STALENESS: Duration = Duration::from_secs(5);

    fn after(secs: u64) -> Timestamp {
        BEGUN.plus(Duration::from_secs(secs))
    }

    /// May be idle for a hundred seconds, and lasts a thousand.
    fn sealed(subject: &str) -> Arc<Session> {
        Arc::new(Session {
            identity: Identity::new("https://op.example", subject),
            created_at: BEGUN,
            expires_at: after(1_000),
            idle_expires_at: after(100),
            tokens: None,
            client_id: None,
            stored: None,
            method: None,
            sealed_id: None,
            is_by_credentials: false,
        })
    }

    fn stored() -> Arc<Session> {
        let id = SessionId::generate(&SystemEntropy).unwrap();
        let stored = Some(Stored { id, version: 1, admin: bytes::Bytes::new() });
        Arc::new(Session { stored, ..(*sealed("ada")).clone() })
    }

    fn key(session: &Session) -> Change {
        Change::Record(session.record_key().unwrap())
    }

    /// What whoever waits was told by now: `None` for nothing at all.
    #[allow(clippy::option_option, reason = "nothing was told, or that no reason is known")]
    fn told(waiter: &mut Waiter) -> Option<Option<EndReason>> {
        match pin!(waiter.next()).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(said) => Some(said),
            Poll::Pending => None,
        }
    }

    #[test]
    fn thousands_of_connections_that_hang_up_leave_nothing_behind() {
        let endings = Arc::<Endings>::default();
        let sessions: Vec<_> = (0..3_000).map(|n| sealed(&n.to_string())).collect();
        let watch = &mut endings.watch().unwrap();
        for _ in 0..3 {
            let waiters: Vec<_> =
                sessions.iter().chain(&sessions).map(|session| endings.wait(session, || None)).collect();
            assert!(!watch.is_done() && !endings.is_empty());
            drop(waiters);
            assert!(endings.is_empty() && endings.state().sessions.is_empty());
        }
        assert!((0..LINGERS).all(|_| !watch.is_done()) && watch.is_done());
        assert_eq!(endings.state().sessions.capacity(), 0);
        assert!(endings.watch().is_some(), "whoever comes next looks by themselves");
    }

    #[test]
    fn one_of_two_connections_that_hangs_up_leaves_the_other_waiting() {
        let (endings, session) = (Arc::<Endings>::default(), sealed("ada"));
        let (first, mut second) = (endings.wait(&session, || None), endings.wait(&session, || None));
        drop(first);
        assert_eq!(told(&mut second), None);
        endings.over(&session, EndReason::SignedOut);
        assert_eq!(told(&mut second), Some(Some(EndReason::SignedOut)));
        assert!(endings.is_empty());
    }

    #[test]
    fn a_sealed_session_runs_out_unless_a_later_form_of_it_came_by() {
        let (endings, session, other) = (Arc::<Endings>::default(), sealed("ada"), sealed("grace"));
        let (mut ada, mut grace) = (endings.wait(&session, || None), endings.wait(&other, || None));
        endings.renewed(&Session { idle_expires_at: after(150), ..(*session).clone() });
        assert!(endings.due(after(99), STALENESS).is_empty());
        assert_eq!((told(&mut ada), told(&mut grace)), (None, None));
        endings.due(after(100), STALENESS);
        assert_eq!((told(&mut ada), told(&mut grace)), (None, Some(Some(EndReason::Expired))));
        endings.due(after(150), STALENESS);
        assert_eq!(told(&mut ada), Some(Some(EndReason::Expired)));
    }

    #[test]
    fn a_sealed_session_that_is_waited_for_twice_lives_as_long_as_the_later_form_of_it() {
        let (endings, session) = (Arc::<Endings>::default(), sealed("ada"));
        let later = Arc::new(Session { idle_expires_at: after(150), ..(*session).clone() });
        let mut waiter = endings.wait(&session, || None);
        let _seats = [endings.wait(&later, || None), endings.wait(&session, || None)];
        endings.due(after(149), STALENESS);
        assert_eq!(told(&mut waiter), None);
        endings.due(after(150), STALENESS);
        assert_eq!(told(&mut waiter), Some(Some(EndReason::Expired)));
    }

    #[test]
    fn answers_that_wait_for_a_moment_wake_nobody_and_begin_no_lookout_each() {
        let (endings, session) = (Arc::<Endings>::default(), stored());
        let watch = &mut endings.watch().unwrap();
        let is_woken = || pin!(endings.changed()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
        for _ in 0..3 * LINGERS {
            drop([endings.wait(&session, || Some(after(0))), endings.wait(&sealed("ada"), || None)]);
            assert!(!is_woken() && !watch.is_done());
        }
        let _seat = endings.wait(&session, || None);
        assert!(is_woken(), "what the store was not asked for is looked at, at once");
        let _another = endings.wait(&session, || None);
        assert!(!is_woken());
    }

    #[test]
    fn the_store_is_asked_when_something_changed_or_the_last_answer_is_old_and_not_before() {
        let (endings, session, other) = (Arc::<Endings>::default(), stored(), stored());
        let _seats = [endings.wait(&session, || None), endings.wait(&other, || Some(after(0)))];
        let due = |secs| endings.due(after(secs), STALENESS).len();
        assert_eq!([due(0), due(0), due(4)], [1, 0, 0], "what was not known, and then nothing");
        endings.told(key(&other));
        assert_eq!([due(4), due(4)], [1, 0], "what changed");
        assert_eq!([due(5), due(9)], [1, 1], "what was known for too long");
        endings.told(Change::Everything);
        assert_eq!([due(9), due(9)], [2, 0], "what may have been missed");
        assert_eq!(endings.due(after(8), STALENESS).len(), 2, "a clock that was set back");
    }

    #[test]
    fn a_change_that_is_told_while_the_store_is_asked_is_asked_for_again() {
        let (endings, session) = (Arc::<Endings>::default(), stored());
        let _seat = endings.wait(&session, || None);
        assert_eq!(endings.due(after(0), STALENESS).len(), 1);
        endings.told(key(&session));
        endings.looked_up(&session, Ok(Some(Arc::clone(&session))), after(0));
        assert_eq!(endings.due(after(0), STALENESS).len(), 1);
    }

    #[test]
    fn what_is_gone_ended_for_the_reason_that_was_given_here_or_elsewhere_or_ran_out() {
        let gone = |expected: Option<EndReason>, secs| {
            let (endings, session) = (Arc::<Endings>::default(), stored());
            let mut waiter = endings.wait(&session, || None);
            if let Some(why) = expected {
                endings.expect_one(session.record_key().unwrap(), why);
            }
            endings.looked_up(&session, Ok(None), after(secs));
            told(&mut waiter)
        };
        assert_eq!(gone(Some(EndReason::BackChannel), 1), Some(Some(EndReason::BackChannel)));
        assert_eq!(gone(None, 1), Some(Some(EndReason::Elsewhere)));
        assert_eq!(gone(None, 100), Some(Some(EndReason::Expired)));
    }

    #[test]
    fn a_store_that_does_not_answer_ends_nothing_that_has_not_run_out() {
        let (endings, session) = (Arc::<Endings>::default(), stored());
        let mut waiter = endings.wait(&session, || None);
        let failed = || Err(Error::new(ErrorCode::StoreUnavailable));
        endings.looked_up(&session, failed(), after(99));
        assert_eq!(told(&mut waiter), None);
        assert_eq!(endings.due(after(99), STALENESS).len(), 1, "it is asked again");
        endings.looked_up(&session, failed(), after(99));
        let due = || endings.due(after(99), STALENESS).len();
        assert_eq!([due(), due(), due()], [0, 0, 1], "after a pause");
        endings.looked_up(&session, failed(), after(99));
        endings.told(key(&session));
        assert_eq!(due(), 1, "unless something is told of it");
        endings.told(key(&session));
        endings.looked_up(&session, failed(), after(99));
        assert_eq!(due(), 1, "or was told while it was asked for");
        endings.looked_up(&session, failed(), after(100));
        assert_eq!(told(&mut waiter), Some(Some(EndReason::Expired)));
    }

    #[test]
    fn where_whoever_looks_is_gone_everybody_is_told_to_find_another() {
        let (endings, session) = (Arc::<Endings>::default(), sealed("ada"));
        let mut waiter = endings.wait(&session, || None);
        let watch = endings.watch().unwrap();
        assert!(endings.watch().is_none());
        drop(watch);
        assert_eq!(told(&mut waiter), Some(None));
        assert!(endings.watch().is_some());
    }

    #[test]
    fn what_a_round_took_on_and_did_not_ask_for_is_due_again() {
        let (endings, session, other) = (Arc::<Endings>::default(), stored(), stored());
        let _seats = [endings.wait(&session, || None), endings.wait(&other, || None)];
        let due = || endings.due(after(0), STALENESS).len();
        assert_eq!([due(), due()], [2, 0]);
        endings.not_asked(&[session]);
        assert_eq!([due(), due()], [1, 0]);
        drop(endings.watch());
        assert_eq!([due(), due()], [2, 0], "whoever took it on is gone");
    }

    #[test]
    fn two_sessions_have_two_names_and_a_renewed_one_has_its_own() {
        let session = sealed("ada");
        let renewed = Session { idle_expires_at: after(200), ..(*session).clone() };
        assert_eq!(session.name(), renewed.name());
        let later = Session { expires_at: after(1_001), ..(*session).clone() };
        for other in [sealed("grace").name(), later.name(), stored().name()] {
            assert_ne!(session.name(), other);
        }
    }
}
