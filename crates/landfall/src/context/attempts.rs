//! Which attempts this process has seen come back: a double click waits for the first click's answer, and a code
//! is sent once.
//!
//! A provider that sees a code twice may revoke what came of it (RFC 6749 §4.1.2), so this is a promise and no
//! mere saving. It is kept on three levels, of which this file is the first:
//!
//! 1. In this process: here, for the 4096 attempts seen last.
//! 2. Across processes: by a lease in the store, taken by `flow/callback/mod.rs`.
//! 3. Later: by the mark that a finished attempt leaves in the browser.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::sync::OnceCell;

use crate::clock::Timestamp;
use crate::web::reply::Reply;

/// How long a finished callback's answer is given again to the same browser with the same code: a browser
/// that reloads while the first answer is on its way never sees that one.
const SHARED_FOR: Duration = Duration::from_secs(30);
/// How many attempts are remembered. One that is pushed out is still held by the lease, where there is a store.
const CAPACITY: usize = 4096;

/// The attempts that came back, by their ids.
#[derive(Debug)]
pub(crate) struct Attempts {
    seen: Cache<[u8; 16], Arc<ReturnedAttempt>>,
}

/// One attempt that came back.
#[derive(Debug)]
pub(crate) struct ReturnedAttempt {
    /// The digest of the code it came back with. Another code under this id is a replay.
    code: [u8; 16],
    /// Whether its code is on its way, or was. Whoever comes after a failure does not send it again.
    sent: AtomicBool,
    /// What the browser was answered, and when. Whoever comes while it is being worked out waits for it; a
    /// failure leaves it empty.
    pub(crate) answer: OnceCell<(Reply, Timestamp)>,
}

impl Attempts {
    pub(crate) fn new() -> Self {
        Self { seen: Cache::new(CAPACITY) }
    }

    /// The place for this attempt's answer; `None` if it came back with another code before.
    pub(crate) fn enter(&self, attempt: [u8; 16], code: [u8; 16]) -> Option<Arc<ReturnedAttempt>> {
        let fresh = Arc::new(ReturnedAttempt { code, sent: AtomicBool::new(false), answer: OnceCell::new() });
        let entered: Result<_, std::convert::Infallible> =
            self.seen.get_or_insert_with(&attempt, || Ok(fresh));
        let Ok(entered) = entered;
        (entered.code == code).then_some(entered)
    }
}

impl ReturnedAttempt {
    /// Whether the caller is the one to send the code: true once, until [`not_sent`](Self::not_sent).
    pub(crate) fn may_send(&self) -> bool {
        !self.sent.swap(true, Ordering::SeqCst)
    }

    /// Takes [`may_send`](Self::may_send) back, for a caller that knows that the provider did not get the code:
    /// another try may send it.
    pub(crate) fn not_sent(&self) {
        self.sent.store(false, Ordering::SeqCst);
    }

    /// The answer that was given, if it may be given again; `None` before there is one, and half a minute after.
    pub(crate) fn given(&self, now: Timestamp) -> Option<Reply> {
        let (reply, at) = self.answer.get()?;
        (now.since(*at) <= SHARED_FOR).then(|| reply.clone())
    }
}
