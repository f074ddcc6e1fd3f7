//! Looks after the sessions that somebody waits for: whether they still stand.
//!
//! There is one lookout for a relying party, while somebody waits and no longer. It asks the store for a session
//!
//! 1. when something was told of it: by the store, or by what this process did itself,
//! 2. when something may have been missed ([`Change::Everything`](super::store::Change::Everything)),
//! 3. when its idle life is over as far as is known here, since another instance may have renewed it,
//! 4. when the last answer is as old as a near copy may be: a store that cannot tell is asked that often.
//!
//! What runs out by the clock ends without a question, and so does a sealed session, which no store knows. A store that
//! does not answer is asked again at the next beat: not known is not ended, but for what is over as far as is known.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use super::endings::{EndReason, Endings, Waiter, Watch};
use super::keeper::SessionKeeper;
use super::opened::Session;
use super::store::{RecordKey, Selection};
use crate::clock::{Clock, Timestamp};

/// How many sessions the store is asked for at once.
const AT_ONCE: usize = 32;

impl SessionKeeper {
    /// Waits for the end of a session. Somebody has to look it up: see [`Self::look_out`].
    pub(crate) fn wait_for_end(&self, session: &Arc<Session>, now: Timestamp) -> Waiter {
        // A near copy is forgotten with every change that is heard of, so while there is one the session stands.
        self.endings.wait(session, || {
            session.record_key().and_then(|key| self.cache.copy(&key.0, now)).map(|(_, loaded_at)| loaded_at)
        })
    }

    /// One round: ends what has run out, and asks the store for what is due. False where nobody waits any more.
    pub(crate) async fn look_out(&self, watch: &mut Watch, clock: &dyn Clock) -> bool {
        let due = watch.endings().due(clock.now(), self.cache.staleness());
        for some in due.chunks(AT_ONCE) {
            all(some.iter().map(|session| self.look_up(watch.endings(), session, clock))).await;
        }
        !watch.is_done()
    }

    /// Asks the store for one of them.
    ///
    /// It is loaded past the near copy, and the answer becomes the near copy: requests of the same session have the good of
    /// it. A record that cannot be opened here is no ending, and looking renews nothing.
    async fn look_up(&self, endings: &Endings, session: &Session, clock: &dyn Clock) {
        let Some(stored) = &session.stored else { return };
        let found = self.reload(&stored.id, clock.now()).await;
        endings.looked_up(session, found, clock.now());
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

/// Waits until all of them are done. Each is polled with every wake-up, which is why there are never many.
async fn all<F: Future<Output = ()>>(work: impl Iterator<Item = F>) {
    let mut work: Vec<Pin<Box<F>>> = work.map(Box::pin).collect();
    poll_fn(|cx| {
        work.retain_mut(|one| one.as_mut().poll(cx).is_pending());
        if work.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
