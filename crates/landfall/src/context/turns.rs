//! Turns: what anybody can send, and what costs more than a look, is worked on by so many at once and no more.
//!
//! Each kind of work has slots of its own, so that a flood of one leaves the others, the rest of the application, the
//! store and the provider to whoever else comes: logout tokens, logouts through the browser, codes, and credentials
//! ([`credentials`](super::credentials)).
//!
//! Who finds no slot waits. Those who wait are bounded in number and in time: one too many pushes out whoever waits
//! longest, who is the likeliest to be gone. What can be refused by a look is refused before.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use crate::error::{Error, ErrorCode};

/// How many are worked on at once.
const AT_ONCE: usize = 32;
/// How many wait at most.
const MOST_WAITING: usize = 256;

/// The turns of each kind of work: none of them waits for another.
#[derive(Debug)]
pub(crate) struct AllTurns {
    /// Of logout tokens. Anybody can post one; the provider sends one again that was refused by a 503.
    pub(crate) logout_tokens: Turns,
    /// Of logouts through the browser: any page can open that address in a frame.
    pub(crate) browser_logouts: Turns,
    /// Of codes that are to be sent: whoever starts a sign-in can come back with one of their making. Somebody who is
    /// turned away can load the page again; the code was not sent.
    pub(crate) codes: Turns,
}

impl AllTurns {
    /// With nobody waiting. A logout waits as long as `logout`, and a code as long as `code`.
    pub(crate) fn new(logout: Duration, code: Duration) -> Self {
        Self {
            logout_tokens: Turns::new(logout, "logout tokens come faster than they are read"),
            browser_logouts: Turns::new(logout, "logouts through the browser come faster than they are done"),
            codes: Turns::new(code, "codes come faster than the provider takes them"),
        }
    }
}

/// The slots for one kind of work, and those who wait for one.
#[derive(Debug)]
pub(crate) struct Turns {
    /// One permit for each that is being worked on. They are given in the order in which they were asked for.
    slots: Semaphore,
    /// Those who wait, the longest first; each is told by the end of its channel that it was pushed out.
    waiting: Mutex<VecDeque<oneshot::Sender<()>>>,
    /// How long anybody waits. Whoever sent it is then told to send it again.
    patience: Duration,
    /// What the operator reads of one that was refused.
    refused: &'static str,
}

impl Turns {
    /// Slots for which nobody waits longer than this. `refused` says what comes too fast.
    pub(crate) fn new(patience: Duration, refused: &'static str) -> Self {
        Self { slots: Semaphore::new(AT_ONCE), waiting: Mutex::default(), patience, refused }
    }

    /// The next turn, held until the permit is dropped.
    ///
    /// # Errors
    /// [`ErrorCode::Overloaded`] when it does not come in time, or too many came behind. The answer is a 503.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, Error> {
        if let Ok(slot) = self.slots.try_acquire() {
            return Ok(slot);
        }
        let mut pushed_out = pin!(self.wait());
        let mut slot = pin!(self.slots.acquire());
        let first = poll_fn(|cx| match slot.as_mut().poll(cx) {
            Poll::Ready(slot) => Poll::Ready(slot.ok()),
            // It only ever ends: nothing is sent.
            Poll::Pending => pushed_out.as_mut().poll(cx).map(|_| None),
        });
        let slot = tokio::time::timeout(self.patience, first).await.ok().flatten();
        slot.ok_or_else(|| Error::new(ErrorCode::Overloaded).detail(self.refused))
    }

    /// A place among those who wait. Whoever left has none, so leaving makes room.
    fn wait(&self) -> oneshot::Receiver<()> {
        let (place, pushed_out) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|place| !place.is_closed());
        if waiting.len() >= MOST_WAITING {
            waiting.pop_front();
        }
        waiting.push_back(place);
        pushed_out
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn one_too_many_pushes_out_whoever_waits_longest_and_whoever_left_has_no_place() {
        let turns = Arc::new(Turns::new(Duration::from_secs(3600), "too fast"));
        let mut held = Vec::new();
        for _ in 0..AT_ONCE {
            held.push(turns.turn().await.unwrap());
        }
        let mut waiting: Vec<_> = (0..MOST_WAITING).map(|_| Box::pin(turns.turn())).collect();
        for turn in &mut waiting {
            assert!(futures_ready(turn).await.is_none());
        }
        // One leaves: the next that comes takes its place, and nobody is pushed out.
        drop(waiting.pop());
        let mut next = Box::pin(turns.turn());
        assert!(futures_ready(&mut next).await.is_none() && futures_ready(&mut waiting[0]).await.is_none());
        let mut one_too_many = Box::pin(turns.turn());
        assert!(futures_ready(&mut one_too_many).await.is_none());
        let pushed_out = futures_ready(&mut waiting[0]).await.unwrap().unwrap_err();
        assert_eq!(pushed_out.code(), ErrorCode::Overloaded);
        // The rest keep their order.
        held.pop();
        assert!(futures_ready(&mut one_too_many).await.is_none());
        assert!(futures_ready(&mut waiting[1]).await.unwrap().is_ok());
    }

    /// What a future is ready with now, if it is.
    async fn futures_ready<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        poll_fn(|cx| match std::pin::Pin::new(&mut *future).poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }
}
