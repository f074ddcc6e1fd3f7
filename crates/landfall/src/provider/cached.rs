//! One value of the provider's, fetched by one request for everybody, kept, and asked for again with patience.
//!
//! A thousand people who sign in at once after a restart are one fetch, and a provider that is down is not hammered by
//! those who wait for it. In this order:
//!
//! 1. A value that will do is given at once, without waiting for a fetch.
//! 2. Else one caller at a time has its turn. Whoever waited looks again first: the one before brought a value, or
//!    a failure.
//! 3. A fetch that succeeds is kept. One that fails starts a back-off of 1, 2, 4 … 60 seconds, in which nobody asks.
//! 4. While there is an old value, a failure is a warning in the log and the old value is given. Keys that were good an
//!    hour ago are better than nobody signed in.
//!
//! Metadata and key sets are kept so; what they hold is not known here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::error::{Error, ErrorCode};

/// How long a value is used before it is asked for again.
const FRESH: Duration = Duration::from_secs(3600);
/// How long nothing is asked for after one failure. Twice as long after each further one.
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
/// The longest that nothing is asked for: the longest that a provider that is back goes unnoticed.
const LAST_BACK_OFF: Duration = Duration::from_secs(60);

/// When a kept value will do.
pub(super) enum Need<'a, T> {
    /// While it is fresh. Where it cannot be had anew, also when it is old.
    Fresh,
    /// If it is another one than `than`, or was fetched less than `after` ago. For a token that names a key which is
    /// not in `than`: whoever makes such tokens up causes one fetch in that time.
    Other { than: &'a Arc<T>, after: Duration },
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

    /// The value as it was last known, however old.
    pub(super) fn last(&self) -> Option<Arc<T>> {
        self.state().value.clone()
    }

    /// How long nothing is asked for yet, after failures; zero where the next caller may ask.
    pub(super) fn wait(&self, now: Timestamp) -> Duration {
        let state = self.state();
        if state.is_waiting(now) { state.not_before.since(now) } else { Duration::ZERO }
    }

    /// The value, fetched if it has to be; while that fails, the old one.
    ///
    /// # Errors
    /// What `fetch` fails with, where there is no old value; during the back-off the same code, with a detail that says
    /// that it failed a moment ago.
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
        let fetched = fetch().await;
        let now = clock.now();
        let mut state = self.state();
        match fetched {
            Ok(value) => {
                let value = Arc::new(value);
                state.value = Some(Arc::clone(&value));
                state.fetched_at = now;
                state.failures = 0;
                state.not_before = Timestamp::default();
                state.last_error = None;
                Ok(value)
            }
            Err(error) => {
                let wait = FIRST_BACK_OFF.saturating_mul(1 << state.failures.min(6)).min(LAST_BACK_OFF);
                state.failures = state.failures.saturating_add(1);
                state.not_before = now.plus(wait);
                state.last_error = Some((error.code(), error.operator_detail().map(str::to_owned)));
                match &state.value {
                    Some(old) => {
                        tracing::warn!(code = error.code().name(), %error, "the provider did not answer; what is known of it stays in use");
                        Ok(Arc::clone(old))
                    }
                    None => Err(error),
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
        match (&state.value, &state.last_error) {
            (Some(old), _) => Some(Ok(Arc::clone(old))),
            (None, Some((code, detail))) => {
                let detail = detail.as_deref().unwrap_or("no answer");
                Some(Err(
                    Error::new(*code).detail(format!("failed a moment ago ({detail}); not tried again yet"))
                ))
            }
            (None, None) => None,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// Whether the back-off still runs. None is longer than the longest, whatever became of the clock.
    fn is_waiting(&self, now: Timestamp) -> bool {
        now < self.not_before && self.not_before.since(now) <= LAST_BACK_OFF
    }

    /// The value, if it is here and meets the need.
    fn will_do(&self, need: &Need<'_, T>, now: Timestamp) -> Option<Arc<T>> {
        let value = self.value.as_ref()?;
        // A clock that was set back makes nothing fresh.
        let younger = |than: Duration| now >= self.fetched_at && now.since(self.fetched_at) < than;
        let will_do = match need {
            Need::Fresh => younger(FRESH),
            Need::Other { than, after } => !Arc::ptr_eq(value, than) || younger(*after),
        };
        will_do.then(|| Arc::clone(value))
    }
}
