//! What ends the body of an answer with the session: for a guard that is told to, and for the token proxy.
//!
//! The rule is the same for every framework and every body, so it stands here and the adapters' bodies ask it. A body
//! whose length nobody has said just ends: whoever reads an event stream comes again, and is answered anew. One whose
//! length was said breaks off, so that nobody takes a part for the whole.
//!
//! An adapter makes an [`UntilEnded`] while it has the request, says of the answer whether it has a length, and hands each
//! thing that the inner body says through [`UntilEnded::pass`]. Whoever drops the body drops the waiting with it.

use std::mem;
use std::task::{Context, Poll};

use super::Visit;
use crate::session::EndReason;
use crate::web::reply::Waiting;

/// For adapters: what ends the body of one answer with the session. Made before the application answers, since the
/// request is gone by then, and asked with each piece.
pub struct UntilEnded {
    /// Not waited for before the body turns out to take its time; `None` once it was.
    ended: Option<Waiting<EndReason>>,
    /// Whether a length was said.
    is_sized: bool,
    /// Whether a piece has passed.
    has_begun: bool,
}

/// The session was over before the body was. An adapter breaks the connection off with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session is over")]
#[non_exhaustive]
pub struct SessionOver;

impl UntilEnded {
    /// With the session of this visit.
    pub(crate) fn of(visit: &Visit) -> Self {
        Self { ended: Some(visit.ended()), is_sized: false, has_begun: false }
    }

    /// Whether a length was said of the body, in a header or by itself.
    #[must_use]
    pub fn sized(mut self, is_sized: bool) -> Self {
        self.is_sized = is_sized;
        self
    }

    /// What becomes of what the body itself says: it passes while the session stands.
    ///
    /// A body that is one piece, or none, passes without a look: nothing is registered for what is gone at once.
    ///
    /// # Errors
    /// [`SessionOver`], once, where the body has a length and is not whole.
    pub fn pass<T>(
        &mut self,
        said: Poll<Option<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<T, SessionOver>>> {
        let Some(ended) = &mut self.ended else { return Poll::Ready(None) };
        let passes = match &said {
            Poll::Ready(None) => true,
            Poll::Ready(Some(_)) => !mem::replace(&mut self.has_begun, true),
            Poll::Pending => false,
        };
        if passes || ended.as_mut().poll(cx).is_pending() {
            return said.map(|piece| piece.map(Ok));
        }
        self.ended = None;
        Poll::Ready(self.is_sized.then_some(Err(SessionOver)))
    }
}

impl std::fmt::Debug for UntilEnded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UntilEnded").field("is_sized", &self.is_sized).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::task::Waker;

    use super::*;

    fn until(ended: Waiting<EndReason>, is_sized: bool) -> UntilEnded {
        UntilEnded { ended: Some(ended), is_sized, has_begun: false }
    }

    #[test]
    fn a_part_is_never_taken_for_the_whole_and_a_stream_just_ends() {
        let mut cx = Context::from_waker(Waker::noop());
        for (is_sized, end) in [(true, Some(Err(SessionOver))), (false, None)] {
            let mut over = until(Box::pin(ready(EndReason::SignedOut)), is_sized);
            assert_eq!(over.pass(Poll::Ready(Some(1)), &mut cx), Poll::Ready(Some(Ok(1))), "the first piece");
            assert_eq!(over.pass(Poll::Ready(Some(2)), &mut cx), Poll::Ready(end), "however many follow");
            assert_eq!(over.pass(Poll::Ready(Some(3)), &mut cx), Poll::Ready(None));
            let mut over = until(Box::pin(ready(EndReason::SignedOut)), is_sized);
            assert_eq!(
                over.pass::<u8>(Poll::Pending, &mut cx),
                Poll::Ready(end.map(|end| end.map(|_: u8| 0)))
            );
            let mut over = until(Box::pin(ready(EndReason::SignedOut)), is_sized);
            assert_eq!(over.pass::<u8>(Poll::Ready(None), &mut cx), Poll::Ready(None), "it was whole");
        }
    }

    #[test]
    fn while_the_session_stands_everything_passes() {
        let mut cx = Context::from_waker(Waker::noop());
        let mut stands = until(Box::pin(pending()), true);
        for said in [Poll::Ready(Some(1)), Poll::Pending, Poll::Ready(Some(2)), Poll::Ready(None)] {
            assert_eq!(stands.pass(said, &mut cx), said.map(|piece| piece.map(Ok)));
        }
    }
}
