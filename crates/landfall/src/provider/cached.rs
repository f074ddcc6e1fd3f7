//! One value of the provider's, fetched by one request for everybody, kept, and asked for again with patience.
//!
//! A thousand people who sign in at once after a restart are one fetch, and a provider that is down is not hammered by
//! those who wait for it. In this order:
//!
//! 1. A value that will do is given at once, without waiting for a fetch.
//! 2. Else one caller at a time has its turn. Whoever waited looks again first: the one before brought a value, or
//!    a failure.
//! 3. Whoever wants a value newer than the one at hand needs leave to fetch; without it nothing is asked for.
//! 4. A fetch that succeeds is kept. One that fails starts a back-off of 1, 2, 4 … 60 seconds, in which nobody asks.
//! 5. While there is an old value, a failure is a warning in the log and the old value is given. Keys that were good an
//!    hour ago are better than nobody signed in. Whoever wants a newer one is told of the failure.
//!    A fetch that was left after more than [`PATIENCE`] is a failure, too: whoever comes next is given the old value, and
//!    does not wait for what the one before gave up.
//! 6. A value is believed for a day after it was fetched, whatever its answer said of caching and however long the
//!    provider is down: keys that it withdrew, and endpoints that moved, are then no longer used. What was known is kept,
//!    and nobody is given it.
//!
//! Metadata and key sets are kept so; what they hold is not known here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::error::{Error, ErrorCode};

/// How long a value is used before it is asked for again.
const FRESH: Duration = Duration::from_secs(3600);
/// How long a value is believed while it cannot be had anew. A provider that gave a key up, because it was stolen, wants
/// it forgotten; one that is away for a night is waited for.
const BELIEVED: Duration = Duration::from_secs(24 * 3600);
/// How long nothing is asked for after one failure. Twice as long after each further one.
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
/// The longest that nothing is asked for: the longest that a provider that is back goes unnoticed.
const LAST_BACK_OFF: Duration = Duration::from_secs(60);

/// How long a fetch hangs until whoever gives it up says something of the provider, and not of themselves: a provider that
/// is well has answered by then, so a stranger who leaves again and again keeps no value old.
const PATIENCE: Duration = Duration::from_secs(2);

/// A place in the order of fetches: what a fetch brought that began later is news to whoever remembered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FetchMark(u64);

/// When a kept value will do.
pub(super) enum Need<'a, T> {
    /// While it is fresh. Where it cannot be had anew, also when it is old.
    Fresh,
    /// If the fetch that brought it began after `mark`, or it `fits`. For a token of a key that is not known. An older
    /// one is never given in its place.
    After {
        mark: FetchMark,
        fits: &'a (dyn Fn(&T) -> bool + Sync),
        /// Asked right before a fetch.
        ///
        /// # Errors
        /// What the caller is told in place of a fetch.
        leave: &'a (dyn Fn(Timestamp) -> Result<(), Error> + Sync),
    },
}

/// One value, fetched by one request for everybody; see the module for the order of things.
pub(super) struct Cached<T> {
    /// Held for a moment only, never while something is awaited.
    state: Mutex<State<T>>,
    /// Held while fetching, so that others wait for what the fetch brings.
    turn: tokio::sync::Mutex<()>,
}

/// What is known, and how the last fetch went.
struct State<T> {
    /// `None` until the first fetch that succeeds. Never taken away again.
    value: Option<Arc<T>>,
    fetched_at: Timestamp,
    /// How many fetches have begun.
    begun: FetchMark,
    /// Which of them brought the value.
    brought_by: FetchMark,
    /// In a row.
    failures: u32,
    /// When the back-off ends; the epoch where there is none.
    not_before: Timestamp,
    /// What whoever asks during the back-off is told, where there is no old value.
    last_error: Option<(ErrorCode, Option<String>)>,
}

impl<T> Cached<T> {
    /// Nothing yet, and nothing is asked for until somebody wants it.
    pub(super) fn new() -> Self {
        let state = State {
            value: None,
            fetched_at: Timestamp::default(),
            begun: FetchMark(0),
            brought_by: FetchMark(0),
            failures: 0,
            not_before: Timestamp::default(),
            last_error: None,
        };
        Self { state: Mutex::new(state), turn: tokio::sync::Mutex::new(()) }
    }

    /// The value, if it is here and fresh.
    pub(super) fn fresh(&self, now: Timestamp) -> Option<Arc<T>> {
        self.state().will_do(&Need::Fresh, now)
    }

    /// The value as it was last known, if it may still be believed.
    pub(super) fn last(&self, now: Timestamp) -> Option<Arc<T>> {
        self.state().believed(now).map(Arc::clone)
    }

    /// Whether the value as it was last known, however old, is like this.
    pub(super) fn was(&self, like: impl FnOnce(&T) -> bool) -> bool {
        self.state().value.as_deref().is_some_and(like)
    }

    /// How many fetches have begun: to be remembered when something comes that a later one may explain.
    pub(super) fn mark(&self) -> FetchMark {
        self.state().begun
    }

    /// How long nothing is asked for yet, after failures; zero where the next caller may ask.
    pub(super) fn wait(&self, now: Timestamp) -> Duration {
        let state = self.state();
        if state.is_waiting(now) { state.not_before.since(now) } else { Duration::ZERO }
    }

    /// The value, fetched if it has to be; while that fails, the old one.
    ///
    /// # Errors
    /// What `fetch` fails with, where no old value will do or it is a day old; during the back-off the same code, with a detail that says
    /// that it failed a moment ago. Those of [`Need::After`]'s `leave`.
    pub(super) async fn get(
        &self,
        clock: &dyn Clock,
        need: &Need<'_, T>,
        fetch: impl AsyncFnOnce() -> Result<T, Error>,
    ) -> Result<Arc<T>, Error> {
        if let Some(answer) = self.without_fetching(need, clock.now()) {
            return answer;
        }
        let _turn = self.turn.lock().await;
        // Whoever waited for the turn finds what the one before brought, be it a value or a failure.
        if let Some(answer) = self.without_fetching(need, clock.now()) {
            return answer;
        }
        if let Need::After { leave, .. } = need {
            leave(clock.now())?;
        }
        let mark = self.begin();
        let mut left = Left { cached: self, clock, since: clock.now(), is_over: false };
        let fetched = fetch().await;
        left.is_over = true;
        let now = clock.now();
        let mut state = self.state();
        match fetched {
            Ok(value) => {
                let value = Arc::new(value);
                state.value = Some(Arc::clone(&value));
                state.fetched_at = now;
                state.brought_by = mark;
                state.failures = 0;
                state.not_before = Timestamp::default();
                state.last_error = None;
                Ok(value)
            }
            Err(error) => {
                state.failed(now, error.code(), error.operator_detail());
                match (need, state.believed(now)) {
                    (Need::Fresh, Some(old)) => {
                        tracing::warn!(code = error.code().name(), %error, "the provider did not answer; what is known of it stays in use");
                        Ok(Arc::clone(old))
                    }
                    _ => Err(error),
                }
            }
        }
    }

    /// The answer, if no fetch is needed or none is due.
    fn without_fetching(&self, need: &Need<'_, T>, now: Timestamp) -> Option<Result<Arc<T>, Error>> {
        let state = self.state();
        if let Some(value) = state.will_do(need, now) {
            return Some(Ok(value));
        }
        if !state.is_waiting(now) {
            return None;
        }
        // It failed a moment ago: nobody waits for the same deadline again.
        match (need, state.believed(now), &state.last_error) {
            (Need::Fresh, Some(old), _) => Some(Ok(Arc::clone(old))),
            (_, _, Some((code, detail))) => {
                let detail = detail.as_deref().unwrap_or("no answer");
                Some(Err(
                    Error::new(*code).detail(format!("failed a moment ago ({detail}); not tried again yet"))
                ))
            }
            (_, _, None) => None,
        }
    }

    /// Counts a fetch that begins now.
    fn begin(&self) -> FetchMark {
        let mut state = self.state();
        state.begun = FetchMark(state.begun.0.saturating_add(1));
        state.begun
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fetch that is under way. Dropped, it was left by whoever waited for it.
struct Left<'a, T> {
    cached: &'a Cached<T>,
    clock: &'a dyn Clock,
    since: Timestamp,
    /// It came to its end.
    is_over: bool,
}

impl<T> Drop for Left<'_, T> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let (now, mut state) = (self.clock.now(), self.cached.state());
        // Without an old value there is nothing to give meanwhile: the next one waits in their place.
        if now.since(self.since) > PATIENCE && state.believed(now).is_some() {
            state.failed(now, ErrorCode::ProviderTimeout, Some("nobody waited for it to its end"));
            tracing::warn!(
                "the provider did not answer while anybody waited; what is known of it stays in use"
            );
        }
    }
}

impl<T> State<T> {
    /// Counts a failure, and starts the back-off.
    fn failed(&mut self, now: Timestamp, code: ErrorCode, detail: Option<&str>) {
        let wait = FIRST_BACK_OFF.saturating_mul(1 << self.failures.min(6)).min(LAST_BACK_OFF);
        self.failures = self.failures.saturating_add(1);
        self.not_before = now.plus(wait);
        self.last_error = Some((code, detail.map(str::to_owned)));
    }

    /// Whether the back-off still runs. None is longer than the longest, whatever became of the clock.
    fn is_waiting(&self, now: Timestamp) -> bool {
        now < self.not_before && self.not_before.since(now) <= LAST_BACK_OFF
    }

    /// The value, if it was fetched within a day. A clock that was set back makes none too old.
    fn believed(&self, now: Timestamp) -> Option<&Arc<T>> {
        self.value.as_ref().filter(|_| now.since(self.fetched_at) < BELIEVED)
    }

    /// The value, if it is here and meets the need.
    fn will_do(&self, need: &Need<'_, T>, now: Timestamp) -> Option<Arc<T>> {
        let value = self.believed(now)?;
        // A clock that was set back makes nothing fresh.
        let will_do = match need {
            Need::Fresh => now >= self.fetched_at && now.since(self.fetched_at) < FRESH,
            Need::After { mark, fits, .. } => self.brought_by > *mark || fits(value),
        };
        will_do.then(|| Arc::clone(value))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A clock that stands still.
    #[derive(Debug)]
    struct At(Timestamp);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    const NOW: At = At(Timestamp::from_secs(1_800_000_000));

    async fn fresh(cached: &Cached<u32>, fetched: u32) -> Arc<u32> {
        cached.get(&NOW, &Need::Fresh, async || Ok(fetched)).await.unwrap()
    }

    #[tokio::test]
    async fn a_fetch_that_began_before_the_token_came_does_not_count_for_it() {
        let cached = Cached::new();
        let before = cached.mark();
        assert_eq!(*fresh(&cached, 1).await, 1);
        let after = cached.mark();
        let need = |mark| Need::After { mark, fits: &|_: &u32| false, leave: &|_| Ok(()) };
        // What came before the fetch knows no more by another one.
        assert_eq!(*cached.get(&NOW, &need(before), async || Ok(2)).await.unwrap(), 1);
        assert_eq!(*cached.get(&NOW, &need(after), async || Ok(3)).await.unwrap(), 3);
        // Unless the key is there, whenever it was fetched.
        let fits = Need::After { mark: cached.mark(), fits: &|keys| *keys == 3, leave: &|_| Ok(()) };
        assert_eq!(*cached.get(&NOW, &fits, async || Ok(4)).await.unwrap(), 3);
    }

    /// A clock that is moved on.
    #[derive(Debug)]
    struct Moving(AtomicUsize);

    impl Clock for Moving {
        fn now(&self) -> Timestamp {
            Timestamp::from_secs(self.0.load(Ordering::SeqCst) as u64)
        }
    }

    #[tokio::test]
    async fn a_fetch_that_hangs_until_everybody_left_has_failed_and_the_old_value_is_given() {
        for (hangs, is_asked_again) in [(2, true), (3, false)] {
            let (clock, cached) = (Moving(AtomicUsize::new(1_800_000_000)), Cached::new());
            assert_eq!(*cached.get(&clock, &Need::Fresh, async || Ok(1)).await.unwrap(), 1);
            clock.0.fetch_add(3601, Ordering::SeqCst);
            let hanging = cached.get(&clock, &Need::Fresh, async || {
                clock.0.fetch_add(hangs, Ordering::SeqCst);
                std::future::pending().await
            });
            assert!(tokio::time::timeout(Duration::ZERO, hanging).await.is_err());
            let next = cached.get(&clock, &Need::Fresh, async || Ok(2)).await;
            assert_eq!(*next.unwrap(), if is_asked_again { 2 } else { 1 }, "{hangs}");
            // It is asked for again when the back-off is over.
            clock.0.fetch_add(1, Ordering::SeqCst);
            assert_eq!(*cached.get(&clock, &Need::Fresh, async || Ok(2)).await.unwrap(), 2);
        }
        // Where nothing is known there is nothing to give: the next one asks.
        let (clock, cached) = (Moving(AtomicUsize::new(1_800_000_000)), Cached::new());
        let hanging = cached.get(&clock, &Need::Fresh, async || {
            clock.0.fetch_add(9, Ordering::SeqCst);
            std::future::pending().await
        });
        assert!(tokio::time::timeout(Duration::ZERO, hanging).await.is_err());
        assert_eq!(*cached.get(&clock, &Need::Fresh, async || Ok(2)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn those_who_come_while_a_fetch_is_under_way_share_the_next_one() {
        let cached = Cached::new();
        fresh(&cached, 0).await;
        let (calls, leaves) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let leave = |_| {
            leaves.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let look_up = async || {
            let need = Need::After { mark: cached.mark(), fits: &|_| false, leave: &leave };
            let fetch = async || {
                calls.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok(1)
            };
            assert_eq!(*cached.get(&NOW, &need, fetch).await.unwrap(), 1);
        };
        tokio::join!(look_up(), look_up(), look_up(), look_up(), look_up());
        // The first begins one; the others came after that, and share another.
        assert_eq!((calls.into_inner(), leaves.into_inner()), (2, 2));
    }

    #[tokio::test]
    async fn whoever_needs_a_newer_value_is_told_of_a_failure_and_everybody_else_has_the_old_one() {
        let cached = Cached::new();
        fresh(&cached, 1).await;
        let need = Need::After { mark: cached.mark(), fits: &|_| false, leave: &|_| Ok(()) };
        let fail = async || Err(Error::new(ErrorCode::ProviderUnreachable));
        for _ in 0..2 {
            let error = cached.get(&NOW, &need, fail).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::ProviderUnreachable);
        }
        assert_eq!(*fresh(&cached, 2).await, 1);
    }

    #[tokio::test]
    async fn without_leave_nothing_is_asked_for_and_no_back_off_begins() {
        let cached = Cached::new();
        fresh(&cached, 1).await;
        let refuse = |_| Err(Error::new(ErrorCode::KeyLookupsSpent));
        let need = Need::After { mark: cached.mark(), fits: &|_| false, leave: &refuse };
        let error = cached.get(&NOW, &need, async || Ok(2)).await.unwrap_err();
        assert_eq!((error.code(), cached.wait(NOW.0)), (ErrorCode::KeyLookupsSpent, Duration::ZERO));
    }
}
