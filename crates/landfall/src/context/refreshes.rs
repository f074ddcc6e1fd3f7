//! What the requests of this process share while a session is refreshed.

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::sync::{Semaphore, SemaphorePermit, SetOnce};

use crate::clock::{Entropy, Timestamp};
use crate::error::{Error, ErrorCode, Fault};
use crate::session::{RecordKey, Tokens};

/// Refreshes at the same time.
const AT_ONCE: usize = 32;
/// Refreshes known at the same time; what is pushed out is still kept apart by its lease.
const CAPACITY: usize = 10_000;
/// After a refresh that failed, the provider is left alone for so long.
const BACK_OFF: Duration = Duration::from_secs(5);

/// The refreshes of this process.
pub(crate) struct Refreshes {
    under_way: Cache<RecordKey, Arc<SharedRefresh>>,
    /// Sessions whose person signed in again: what their tokens hang on, the new session's may hang on, too.
    replaced: Cache<RecordKey, ()>,
    slots: Semaphore,
    lease: Duration,
}

/// One refresh, and everybody who waits for it.
#[derive(Debug, Default)]
pub(crate) struct SharedRefresh(SetOnce<(RefreshOutcome, Timestamp)>);

/// What came of it, for everybody who asked.
#[derive(Clone, Debug)]
pub(crate) enum RefreshOutcome {
    Token(Tokens),
    /// The session is over, or cannot be refreshed.
    SignIn,
    Failed(ErrorCode, String),
}

impl Refreshes {
    /// How long a call to the provider may take, and one to the store. Under the lease there are two of these
    /// before the provider is called.
    pub(crate) fn new(call: Duration, store: Duration) -> Self {
        let lease = (call * 2).max(call + store * 3);
        Self {
            under_way: Cache::new(CAPACITY),
            replaced: Cache::new(CAPACITY),
            slots: Semaphore::new(AT_ONCE),
            lease,
        }
    }

    /// This session was replaced by another one of the same person.
    pub(crate) fn replaced(&self, key: RecordKey) {
        self.replaced.insert(key, ());
    }

    pub(crate) fn was_replaced(&self, key: RecordKey) -> bool {
        self.replaced.get(&key).is_some()
    }

    /// How long a lease lasts: well beyond the deadline of the call it is for. It is never renewed.
    pub(crate) fn lease(&self) -> Duration {
        self.lease
    }

    /// The session's refresh that is under way, or a new one, which the caller has to begin.
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

    /// Tells everybody what came of it. One that failed at the provider stays known for a while.
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
    /// What came of it.
    pub(crate) async fn outcome(&self) -> RefreshOutcome {
        self.0.wait().await.0.clone()
    }

    /// It failed, long enough ago for another try.
    fn is_over(&self, now: Timestamp) -> bool {
        self.0.get().is_some_and(|(_, at)| now.since(*at) >= BACK_OFF || now < *at)
    }
}

impl RefreshOutcome {
    pub(crate) fn failed(error: &Error) -> Self {
        let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        tracing::warn!(code = error.code().name(), %error, source, "the access token could not be refreshed; the session is kept");
        Self::Failed(error.code(), error.operator_detail().unwrap_or("the refresh failed").to_owned())
    }
}

/// A name for whoever takes a lease.
pub(crate) fn holder(entropy: &dyn Entropy) -> Result<u128, Error> {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes)?;
    Ok(u128::from_be_bytes(bytes))
}
