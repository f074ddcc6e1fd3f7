//! Looks after the sessions that somebody waits for: whether they still stand.
//!
//! There is one lookout for a relying party, while somebody waits and no longer. It asks the store for a session
//!
//! 1. when something was told of it: by the store, or by what this process did itself,
//! 2. when something may have been missed ([`Change::Everything`](super::store::Change::Everything)),
//! 3. when its idle life is over as far as is known here, since another instance may have renewed it,
//! 4. when the last answer is as old as a near copy may be: a store that cannot tell is asked that often, and not more
//!    than once in a second.
//!
//! What runs out by the clock ends without a question, and so does a sealed session, which no store knows. A store that
//! does not answer is asked again a moment later: not known is not ended, but for what is over as far as is known. Where
//! nothing of what it is asked for at once is answered, the round is over, and the clock is looked at between two questions
//! that took their time: a store that hangs keeps nothing open that has run out.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::endings::{EndReason, Endings, Waiter, Watch};
use super::keeper::SessionKeeper;
use super::opened::Session;
use super::store::{RecordKey, Selection};
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, ErrorCode};

/// How many sessions the store is asked for at once.
const AT_ONCE: usize = 32;
/// How old an answer of the store is at least before it is asked again for no other reason.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// How long the store may be asked before the clock is looked at again.
const CLOCK: Duration = Duration::from_millis(500);

impl SessionKeeper {
    /// Waits for the end of a session. Somebody has to look it up: see [`Self::look_out`].
    pub(crate) fn wait_for_end(&self, session: &Arc<Session>, now: Timestamp) -> Waiter {
        // A near copy is forgotten with every change that is heard of, so while there is one the session stands.
        let waiter = self.endings.wait(session, || {
            session.record_key().and_then(|key| self.cache.copy(&key.0, now)).map(|(_, loaded_at)| loaded_at)
        });
        // Behind the registration: a sealed one that ended before is told of by nobody else.
        if session.stored.is_none()
            && let Some(why) = self.ended.why(session.short_name())
        {
            self.endings.over(session, why);
        }
        waiter
    }

    /// One round: ends what has run out, and asks the store for what is due. False where nobody waits any more.
    pub(crate) async fn look_out(&self, watch: &mut Watch, clock: &dyn Clock) -> bool {
        let mut looked = clock.now();
        let due = watch.endings().due(looked, self.cache.staleness().max(AT_MOST_EVERY));
        let mut left = &*due;
        while !left.is_empty() {
            let (some, rest) = left.split_at(AT_ONCE.min(left.len()));
            left = rest;
            let endings = watch.endings();
            if !any(some.iter().map(|session| self.look_up(endings, session, clock))).await {
                endings.not_asked(left);
                break;
            }
            let now = clock.now();
            if now.since(looked) >= CLOCK {
                looked = now;
                endings.run_out(now, |_| ());
            }
        }
        !watch.is_done()
    }

    /// Asks the store for one of them; whether it answered.
    ///
    /// It is loaded past the near copy, and the answer becomes the near copy: requests of the same session have the good of
    /// it. A record that cannot be opened here is no ending, and looking renews nothing. A store that panics has not
    /// answered, and takes nobody else's look with it.
    async fn look_up(&self, endings: &Endings, session: &Session, clock: &dyn Clock) -> bool {
        let Some(stored) = &session.stored else { return true };
        let mut asked = pin!(self.reload(&stored.id, clock.now()));
        let found = poll_fn(|cx| {
            catch_unwind(AssertUnwindSafe(|| asked.as_mut().poll(cx))).unwrap_or_else(|_| {
                Poll::Ready(Err(Error::new(ErrorCode::StoreUnavailable).detail("the store panicked")))
            })
        })
        .await;
        let has_answered = found.is_ok();
        endings.looked_up(session, found, clock.now());
        has_answered
    }

    /// This record is about to be ended here, for this reason.
    pub(crate) fn expect_end(&self, key: RecordKey, why: EndReason) {
        self.endings.expect_one(key, why);
    }

    /// The selected sessions that this is true of are about to be ended here, for this reason.
    pub(super) fn expect_ends(
        &self,
        why: EndReason,
        selection: Selection,
        is_meant: impl Fn(&Session) -> bool,
    ) {
        self.endings.expect(why, |session| {
            session.record_key().is_some_and(|key| selection.includes(key, session.created_at))
                && is_meant(session)
        });
    }
}

/// Waits until all of them are done; whether one of them says yes. Each is polled with every wake-up, which is why there
/// are never many.
async fn any<F: Future<Output = bool>>(work: impl Iterator<Item = F>) -> bool {
    let mut work: Vec<Pin<Box<F>>> = work.map(Box::pin).collect();
    let mut is_one = false;
    poll_fn(|cx| {
        work.retain_mut(|one| match one.as_mut().poll(cx) {
            Poll::Ready(says) => {
                is_one |= says;
                false
            }
            Poll::Pending => true,
        });
        if work.is_empty() { Poll::Ready(is_one) } else { Poll::Pending }
    })
    .await
}
