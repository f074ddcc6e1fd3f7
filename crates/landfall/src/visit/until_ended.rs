//! What ends the body of an answer with the session: for a guard that is told to, and for the token proxy.
//!
//! The rule is the same for every framework and every body, so it stands here and the adapters' bodies ask it. An event
//! stream just ends: whoever reads it comes again, and is answered anew. Everything else breaks off, so that nobody takes
//! a part for the whole: an export in chunks has no length, and would end like one that is complete.
//!
//! An adapter makes an [`UntilEnded`] while it has the request, says what the answer is, and hands each thing that the
//! inner body says through [`UntilEnded::pass`]. Whoever drops the body drops the waiting with it.

use std::mem;
use std::task::{Context, Poll};

use super::Visit;
use crate::session::EndReason;
use crate::web::reply::Waiting;

/// For adapters: what ends the body of one answer with the session. Made before the application answers, since the
/// request is gone by then, and asked with each piece.
pub struct UntilEnded {
    /// Whose request it is; a handler may have changed who that is by the time it answers.
    visit: Option<Visit>,
    /// Not waited for before the body turns out to take its time; `None` once it was.
    ended: Option<Waiting<EndReason>>,
    /// Whether it has no whole of which a part could be left, so that it just ends.
    just_ends: bool,
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
        Self { visit: Some(visit.clone()), ended: Some(visit.ended()), just_ends: false, has_begun: false }
    }

    /// What the answer is: its status, the value of its Content-Type, and whether a length was said of its body, in a header
    /// or by itself. Without a word on it the body is broken off.
    ///
    /// An event stream (`text/event-stream`) without a length just ends, and so does what a connection was switched to
    /// (`101`), which is no body and has its own way to say that it is complete.
    #[must_use]
    pub fn answered(mut self, status: u16, content_type: Option<&[u8]>, is_sized: bool) -> Self {
        if let Some(visit) = self.visit.take().filter(Visit::who_has_changed) {
            // The session that the handler began; after a sign-out nothing ends what is still to be said.
            self.ended = Some(visit.ended());
        }
        self.just_ends = status == 101 || (!is_sized && content_type.is_some_and(is_event_stream));
        self
    }

    /// What becomes of what the body itself says: it passes while the session stands.
    ///
    /// A body that is one piece, or none, passes without a look: nothing is registered for what is gone at once.
    ///
    /// # Errors
    /// [`SessionOver`], once, where the body is no event stream and not whole.
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
        Poll::Ready((!self.just_ends).then_some(Err(SessionOver)))
    }
}

impl std::fmt::Debug for UntilEnded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UntilEnded").field("just_ends", &self.just_ends).finish_non_exhaustive()
    }
}

/// Whether this media type is that of an event stream, with whatever parameters (RFC 9110 §8.3.1).
fn is_event_stream(content_type: &[u8]) -> bool {
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::task::Waker;

    use super::*;

    const EVENTS: Option<&[u8]> = Some(b"text/event-stream");

    fn until(ended: Waiting<EndReason>) -> UntilEnded {
        UntilEnded { visit: None, ended: Some(ended), just_ends: false, has_begun: false }
    }

    #[test]
    fn an_event_stream_just_ends_and_everything_else_is_broken_off() {
        let just_ends = |status, content_type: Option<&str>, is_sized| {
            let content_type = content_type.map(str::as_bytes);
            until(Box::pin(pending())).answered(status, content_type, is_sized).just_ends
        };
        for events in ["text/event-stream", "Text/Event-Stream", "text/event-stream ;charset=utf-8"] {
            assert!(just_ends(200, Some(events), false), "{events}");
            assert!(!just_ends(200, Some(events), true), "{events} with a length");
        }
        for other in
            ["text/csv", "application/json", "text/event-streams", "text/plain; a=text/event-stream", ""]
        {
            assert!(!just_ends(200, Some(other), false), "{other}");
        }
        assert!(!just_ends(200, None, false) && just_ends(101, None, false));
    }

    #[test]
    fn a_part_is_never_taken_for_the_whole_and_a_stream_just_ends() {
        let mut cx = Context::from_waker(Waker::noop());
        for (is_sized, end) in [(true, Some(Err(SessionOver))), (false, None)] {
            let again = || until(Box::pin(ready(EndReason::SignedOut))).answered(200, EVENTS, is_sized);
            let mut over = again();
            assert_eq!(over.pass(Poll::Ready(Some(1)), &mut cx), Poll::Ready(Some(Ok(1))), "the first piece");
            assert_eq!(over.pass(Poll::Ready(Some(2)), &mut cx), Poll::Ready(end), "however many follow");
            assert_eq!(over.pass(Poll::Ready(Some(3)), &mut cx), Poll::Ready(None));
            let mut over = again();
            assert_eq!(
                over.pass::<u8>(Poll::Pending, &mut cx),
                Poll::Ready(end.map(|end| end.map(|_: u8| 0)))
            );
            let mut over = again();
            assert_eq!(over.pass::<u8>(Poll::Ready(None), &mut cx), Poll::Ready(None), "it was whole");
        }
    }

    #[test]
    fn while_the_session_stands_everything_passes() {
        let mut cx = Context::from_waker(Waker::noop());
        let mut stands = until(Box::pin(pending()));
        for said in [Poll::Ready(Some(1)), Poll::Pending, Poll::Ready(Some(2)), Poll::Ready(None)] {
            assert_eq!(stands.pass(said, &mut cx), said.map(|piece| piece.map(Ok)));
        }
    }
}
