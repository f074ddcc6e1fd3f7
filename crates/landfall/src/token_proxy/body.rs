//! An answer on its way: the future that waits for its head, and its body, which comes piece by piece.
//!
//! Both also carry the request's body on, as long as there is more of it: an upstream may answer before it has read
//! everything, and then both move at once. They are polled by the framework, while the forwarding itself is a task of
//! its own (`forward`); a channel of four pieces is between. That is the back pressure: an
//! upstream is read no faster than the browser reads.
//!
//! Dropping either type breaks everything off, since the task is held by it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use tokio::sync::{mpsc, oneshot};

use super::broken_off::BrokenOff;
use super::piece::Piece;
use crate::runtime::Held;
use crate::visit::until_ended::UntilEnded;
use crate::web::pages::runtime_gone;
use crate::web::reply::Reply;

/// The head of an answer, or one of ours in its place.
pub(super) enum Head {
    /// A refusal, a failure, or the way to a sign-in.
    Ours(Reply),
    /// The upstream's, already fit for the browser. Its body follows.
    Theirs(Response<()>),
}

/// A request that is being forwarded: becomes the answer as soon as its head is there. It may be awaited on any
/// runtime.
#[must_use = "dropped, the request is broken off"]
pub struct Sending<F> {
    /// Brings the head. Lost only where the forwarding panicked or its runtime is gone.
    pub(super) head: oneshot::Receiver<Head>,
    /// Taken when the head is there.
    pub(super) body: Option<Streamed<F>>,
}

/// The body of an answer of a [`TokenProxy`](crate::TokenProxy): the upstream's as it comes, or a whole one of
/// ours.
///
/// An adapter implements its framework's body for it, by [`size`](Self::size) and [`poll_piece`](Self::poll_piece).
pub struct ProxyBody<F>(Inner<F>);

/// How long the body of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyBodySize {
    /// There is none, whatever a Content-Length says (RFC 9110 §6.4.1).
    Absent,
    /// So many bytes.
    Exact(u64),
    /// As long as it takes.
    Unknown,
}

/// Where the pieces come from.
enum Inner<F> {
    /// In memory; `None` once it was taken.
    Whole(Option<Bytes>),
    /// Through the channel.
    Streamed { body: Streamed<F>, size: ProxyBodySize },
}

/// What keeps the forwarding going. Dropped, it ends.
pub(super) struct Streamed<F> {
    /// The answer's body.
    pub(super) pieces: mpsc::Receiver<Piece>,
    /// Ends it with the session.
    pub(super) until: UntilEnded,
    /// Carries the request's body, until there is no more.
    pub(super) feed: Option<F>,
    /// The forwarding itself.
    pub(super) _forwarding: Held,
}

impl<F: Future<Output = ()> + Unpin> Streamed<F> {
    /// Carries the request's body on as far as it goes now.
    fn feed(&mut self, cx: &mut Context<'_>) {
        if self.feed.as_mut().is_some_and(|feed| Pin::new(feed).poll(cx).is_ready()) {
            self.feed = None;
        }
    }
}

impl<F: Future<Output = ()> + Unpin> Future for Sending<F> {
    type Output = Response<ProxyBody<F>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Polled after it was ready, which nothing may rely on.
        let Some(body) = &mut self.body else { return Poll::Pending };
        body.feed(cx);
        let head = ready!(Pin::new(&mut self.head).poll(cx));
        let reply = match (head, self.body.take()) {
            (Ok(Head::Theirs(head)), Some(body)) => {
                let size = ProxyBodySize::of(&head);
                let is_sized = matches!(size, ProxyBodySize::Exact(_));
                let content_type = head.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
                let until = body.until.answered(head.status().as_u16(), content_type, is_sized);
                let body = Streamed { until, ..body };
                return Poll::Ready(head.map(|()| ProxyBody(Inner::Streamed { body, size })));
            }
            (Ok(Head::Ours(reply)), _) => reply,
            _ => runtime_gone(),
        };
        Poll::Ready(reply.map(ProxyBody::from))
    }
}

impl<F> From<Bytes> for ProxyBody<F> {
    fn from(whole: Bytes) -> Self {
        Self(Inner::Whole(Some(whole)))
    }
}

impl<F> ProxyBody<F> {
    /// How long it is. The answer to a HEAD says how long it would have been.
    pub fn size(&self) -> ProxyBodySize {
        match &self.0 {
            Inner::Whole(bytes) => ProxyBodySize::Exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Inner::Streamed { size, .. } => *size,
        }
    }
}

impl ProxyBodySize {
    /// What the head says of the body. A `304` or a `204` has none, whatever it says.
    fn of(head: &Response<()>) -> Self {
        if matches!(head.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Self::Absent;
        }
        let length = head.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        length.map_or(Self::Unknown, Self::Exact)
    }
}

impl<F: Future<Output = ()> + Unpin> ProxyBody<F> {
    /// The next piece; `None` after the last.
    ///
    /// # Errors
    /// [`BrokenOff`] where the upstream broke off, or the session ended in the middle of what is no event stream: the
    /// browser must not take what it has for the whole.
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        let body = match &mut self.0 {
            Inner::Whole(bytes) => {
                return Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty()).map(Ok));
            }
            Inner::Streamed { body, .. } => body,
        };
        body.feed(cx);
        let said = body.pieces.poll_recv(cx).map(|piece| match piece {
            Some(Piece::Bytes(bytes)) => Some(Ok(bytes)),
            Some(Piece::End) => None,
            None => Some(Err(BrokenOff)),
        });
        let piece = match ready!(body.until.pass(said, cx)) {
            Some(Ok(Ok(bytes))) => return Poll::Ready(Some(Ok(bytes))),
            Some(Ok(Err(_)) | Err(_)) => Some(Err(BrokenOff)),
            None => None,
        };
        // Whatever is still being sent is of no use to anybody.
        self.0 = Inner::Whole(None);
        Poll::Ready(piece)
    }
}

impl<F> fmt::Debug for Sending<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for ProxyBody<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyBody").field("size", &self.size()).finish_non_exhaustive()
    }
}
