//! What the requests of this process share while a session is refreshed.
//!
//! Many requests of one page find the access token due at once. One of them begins the refresh, all of them wait
//! for its outcome. The order of a refresh is in `flow/refresh/mod.rs`; here is who takes part, how many run at
//! once, and how long a failure is remembered.

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::sync::{Semaphore, SemaphorePermit, SetOnce};

use crate::clock::{Entropy, Timestamp};
use crate::error::{Error, ErrorCode, Fault};
use crate::session::{RecordKey, Tokens};

/// Refreshes at the same time in this process, so that a thousand sessions that come due in one second do not
/// fall upon the provider together.
const AT_ONCE: usize = 32;
/// Refreshes known at the same time; what is pushed out is still kept apart by its lease.
const CAPACITY: usize = 10_000;
/// After a refresh that failed, the provider is left alone for so long.
const BACK_OFF: Duration = Duration::from_secs(5);

/// The refreshes of this process, by the record they are for.
pub(crate) struct Refreshes {
    /// Those under way, and those that failed a moment ago.
    under_way: Cache<RecordKey, Arc<SharedRefresh>>,
    /// Sessions whose person signed in again: what their tokens hang on, the new session's may hang on, too.
    replaced: Cache<RecordKey, ()>,
    /// One permit for each refresh that may call the provider now.
    slots: Semaphore,
    /// See [`lease`](Self::lease).
    lease: Duration,
}

/// One refresh, and everybody who waits for it.
#[derive(Debug, Default)]
pub(crate) struct SharedRefresh(SetOnce<(RefreshOutcome, Timestamp)>);

/// What came of a refresh, for everybody who asked. It is cloned for each, so an error is told by code and
/// detail.
#[derive(Clone, Debug)]
pub(crate) enum RefreshOutcome {
    /// There are tokens, from this refresh or from somebody else's.
    Token(Tokens),
    /// The session is over, or cannot be refreshed.
    SignIn,
    /// It did not work now: the code, and the detail for the operator.
    Failed(ErrorCode, String),
}

impl Refreshes {
    /// With the deadlines of one call to the provider and of one to the store. Under the lease there are two
    /// calls to the store before the provider is called, so the lease covers a provider's call and three of the
    /// store's, or two of the provider's, whichever is longer.
    pub(crate) fn new(call: Duration, store: Duration) -> Self {
        let lease = (call * 2).max(call + store * 3);
        Self {
            under_way: Cache::new(CAPACITY),
            replaced: Cache::new(CAPACITY),
            slots: Semaphore::new(AT_ONCE),
            lease,
        }
    }

    /// Notes that this session was replaced by another one of the same person. Tokens that a refresh brings too
    /// late must then not be revoked: the provider may count them to the grant that the new session lives on.
    pub(crate) fn replaced(&self, key: RecordKey) {
        self.replaced.insert(key, ());
    }

    /// Whether it was; asked before tokens are revoked that came too late for their session.
    pub(crate) fn was_replaced(&self, key: RecordKey) -> bool {
        self.replaced.get(&key).is_some()
    }

    /// How long a lease lasts: beyond the deadline of the call it is for. It is never renewed, so whoever dies
    /// with one delays the others by this much and breaks nothing.
    pub(crate) fn lease(&self) -> Duration {
        self.lease
    }

    /// The session's refresh that is under way, or a new one; `true` for whoever has to begin it. A failure of
    /// the last five seconds counts as under way: its outcome is there at once.
    pub(crate) fn enter(&self, key: RecordKey, now: Timestamp) -> (Arc<SharedRefresh>, bool) {
        if let Some(known) = self.under_way.get(&key)
            && known.is_over(now)
        {
            // Only this one: another request may have replaced it already.
            self.under_way.remove_if(&key, |shared| Arc::ptr_eq(shared, &known));
        }
        let mut is_first = false;
        let shared: Result<_, std::convert::Infallible> = self.under_way.get_or_insert_with(&key, || {
            is_first = true;
            Ok(Arc::default())
        });
        let Ok(shared) = shared;
        (shared, is_first)
    }

    /// Tells everybody what came of it, and makes room for the next refresh.
    ///
    /// A failure stays known for five seconds, so that the provider is left alone. One of the store's is
    /// forgotten at once: nothing was asked of the provider.
    pub(crate) fn leave(
        &self,
        key: RecordKey,
        shared: &Arc<SharedRefresh>,
        outcome: RefreshOutcome,
        now: Timestamp,
    ) {
        if !matches!(outcome, RefreshOutcome::Failed(code, _) if code.fault() != Fault::Store) {
            self.under_way.remove_if(&key, |known| Arc::ptr_eq(known, shared));
        }
        // It is set once, by whoever began it.
        let _ = shared.0.set((outcome, now));
    }

    /// Waits for a turn at the provider, held until it is dropped. Callers bound the wait.
    pub(crate) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        // Never closed.
        self.slots.acquire().await.ok()
    }
}

impl std::fmt::Debug for Refreshes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refreshes").field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl SharedRefresh {
    /// What came of it, once that is known. It waits without end where nobody calls [`Refreshes::leave`]; callers
    /// bound the wait.
    pub(crate) async fn outcome(&self) -> RefreshOutcome {
        self.0.wait().await.0.clone()
    }

    /// Whether it failed long enough ago for another try. A clock that was set back makes it over, too.
    fn is_over(&self, now: Timestamp) -> bool {
        self.0.get().is_some_and(|(_, at)| now.since(*at) >= BACK_OFF || now < *at)
    }
}

impl RefreshOutcome {
    /// The outcome of an error, which it logs: nobody else will, as a token that is still good hides it.
    pub(crate) fn failed(error: &Error) -> Self {
        let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        tracing::warn!(code = error.code().name(), %error, source, "the access token could not be refreshed; the session is kept");
        Self::Failed(error.code(), error.operator_detail().unwrap_or("the refresh failed").to_owned())
    }
}

/// A name for whoever takes a lease, so that it can give back its own lease and no other's.
///
/// # Errors
/// [`ErrorCode::RandomnessFailed`].
pub(crate) fn holder(entropy: &dyn Entropy) -> Result<u128, Error> {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes)?;
    Ok(u128::from_be_bytes(bytes))
}
