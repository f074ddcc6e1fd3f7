//! Which attempts this process has seen come back: a double click waits for the first click's answer, and a code
//! is sent once.
//!
//! A provider that sees a code twice may revoke what came of it (RFC 6749 §4.1.2), so this is a promise and no
//! mere saving. It is kept on three levels, of which this file is the first:
//!
//! 1. In this process: here, for the 4096 attempts seen last.
//! 2. Across processes: by a lease in the store, taken by `flow/callback/mod.rs`.
//! 3. Later: by the mark that a finished attempt leaves in the browser.
//!
//! What is remembered of an attempt is small, but for its answer: that is given again for half a minute, and then leaves
//! memory, at the next callback or by a timer, whichever comes first.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
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
    /// Those whose answer is still there, the oldest first.
    answered: Mutex<VecDeque<(Timestamp, Weak<ReturnedAttempt>)>>,
}

/// One attempt that came back.
#[derive(Debug)]
pub(crate) struct ReturnedAttempt {
    /// The digest of the code it came back with. Another code under this id is a replay.
    code: [u8; 16],
    /// Whether its code is on its way, or was. Whoever comes after a failure does not send it again.
    sent: AtomicBool,
    /// What the browser was answered. Whoever comes while it is being worked out waits for it; a failure leaves it
    /// empty.
    pub(crate) answer: OnceCell<Answer>,
}

/// What a browser was answered, for as long as it may be given again.
#[derive(Debug)]
pub(crate) struct Answer {
    at: Timestamp,
    /// `None` once it has left memory.
    reply: Mutex<Option<Reply>>,
}

impl Attempts {
    pub(crate) fn new() -> Self {
        Self { seen: Cache::new(CAPACITY), answered: Mutex::default() }
    }

    /// Notes that the attempt has its answer since `now`, for [`sweep`](Self::sweep) to take away again.
    pub(crate) fn answered(&self, attempt: &Arc<ReturnedAttempt>, now: Timestamp) {
        lock(&self.answered).push_back((now, Arc::downgrade(attempt)));
    }

    /// Lets the answers go that are not given again. Gives how many are left.
    ///
    /// A clock that was set back keeps none for longer than the capacity lasts.
    pub(crate) fn sweep(&self, now: Timestamp) -> usize {
        let mut answered = lock(&self.answered);
        while let Some((at, attempt)) = answered.front() {
            if now.since(*at) <= SHARED_FOR && answered.len() <= CAPACITY {
                break;
            }
            forget(attempt);
            answered.pop_front();
        }
        answered.len()
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
        let answer = self.answer.get()?;
        lock(&answer.reply).as_ref().filter(|_| now.since(answer.at) <= SHARED_FOR).cloned()
    }
}

/// Lets the answer go in half a minute, also if nobody comes any more. The timer is the runtime's, and ends with it.
pub(crate) fn forget_in_time(attempt: &Arc<ReturnedAttempt>) {
    let attempt = Arc::downgrade(attempt);
    tokio::spawn(async move {
        tokio::time::sleep(SHARED_FOR).await;
        forget(&attempt);
    });
}

/// Lets the answer go now.
fn forget(attempt: &Weak<ReturnedAttempt>) {
    if let Some(answer) = attempt.upgrade().as_ref().and_then(|attempt| attempt.answer.get()) {
        *lock(&answer.reply) = None;
    }
}

impl Answer {
    /// Given now for the first time.
    pub(crate) fn new(reply: Reply, at: Timestamp) -> Self {
        Self { at, reply: Mutex::new(Some(reply)) }
    }
}

/// Held for a moment only. What a panic left is as good as it was.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    /// How many answers are in memory.
    fn held(attempts: &[Arc<ReturnedAttempt>]) -> usize {
        let is_held = |attempt: &&Arc<ReturnedAttempt>| {
            attempt.answer.get().is_some_and(|answer| lock(&answer.reply).is_some())
        };
        attempts.iter().filter(is_held).count()
    }

    #[test]
    fn an_answer_leaves_memory_after_half_a_minute_and_the_attempt_stays_known() {
        let all = Attempts::new();
        let mut seen = Vec::new();
        for number in 0..100 {
            let now = NOW.plus(Duration::from_secs(number));
            let attempt = all.enter([u8::try_from(number).unwrap(); 16], [1; 16]).unwrap();
            let reply = http::Response::new(vec![7; 1000].into());
            attempt.answer.set(Answer::new(reply, now)).unwrap();
            all.answered(&attempt, now);
            seen.push(attempt);
            all.sweep(now);
            assert_eq!(held(&seen), usize::try_from(number).unwrap().min(30) + 1);
        }
        let last = NOW.plus(Duration::from_secs(99));
        assert!(seen[69].given(last).is_some() && seen[68].given(last).is_none());
        // Nobody comes any more, and time passes.
        assert_eq!((all.sweep(last.plus(SHARED_FOR)), held(&seen)), (1, 1));
        assert_eq!((all.sweep(last.plus(SHARED_FOR).plus(SHARED_FOR)), held(&seen)), (0, 0));
        assert!(all.enter([3; 16], [2; 16]).is_none(), "another code is refused all the same");
        assert!(
            all.enter([3; 16], [1; 16]).unwrap().answer.get().is_some(),
            "and the same is not sent again"
        );
    }

    #[test]
    fn a_clock_that_is_set_back_lets_no_more_answers_be_kept_than_attempts() {
        let all = Attempts::new();
        let attempt = all.enter([1; 16], [1; 16]).unwrap();
        for _ in 0..CAPACITY + 10 {
            all.answered(&attempt, NOW);
        }
        assert_eq!(all.sweep(NOW.minus(SHARED_FOR)), CAPACITY);
    }
}
