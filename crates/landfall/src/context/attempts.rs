//! Which attempts this process has seen come back: a double click waits for the first click's answer, and a
//! code is sent once.

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
const CAPACITY: usize = 4096;

#[derive(Debug)]
pub(crate) struct Attempts {
    seen: Cache<[u8; 16], Arc<ReturnedAttempt>>,
}

/// One attempt that came back.
#[derive(Debug)]
pub(crate) struct ReturnedAttempt {
    code: [u8; 16],
    /// Its code is on its way, or was. Whoever comes after a failure does not send it again.
    sent: AtomicBool,
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
    /// Whether the caller is the one to send the code.
    pub(crate) fn may_send(&self) -> bool {
        !self.sent.swap(true, Ordering::SeqCst)
    }

    /// The code was not sent after all: another try may send it.
    pub(crate) fn not_sent(&self) {
        self.sent.store(false, Ordering::SeqCst);
    }

    /// The answer that was given, if it may be given again.
    pub(crate) fn given(&self, now: Timestamp) -> Option<Reply> {
        let (reply, at) = self.answer.get()?;
        (now.since(*at) <= SHARED_FOR).then(|| reply.clone())
    }
}
