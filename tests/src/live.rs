//! Answers that stay open: what a page says while its session stands.

use std::convert::Infallible;
use std::future::ready;
use std::task::Poll;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use landfall::EndReason;

/// What an event stream says that it is: upper case and parameters make it no other.
pub(crate) const EVENTS: &str = "text/Event-Stream; charset=utf-8";

/// A piece of a body.
type Piece = Result<Bytes, Infallible>;

/// Says that it waits, once it does, and then why the session ended.
pub(crate) fn live(
    mut ended: impl Future<Output = EndReason> + Send + Unpin + 'static,
) -> impl Stream<Item = Piece> + Send + 'static {
    let (mut told, mut over) = (false, false);
    stream::poll_fn(move |cx| {
        if over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(why) = std::pin::Pin::new(&mut ended).poll(cx) {
            over = true;
            return Poll::Ready(Some(Ok(format!("{why:?}").into())));
        }
        if std::mem::replace(&mut told, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Bytes::from_static(b"waiting"))))
    })
}

/// Two pieces, the second of which takes a moment.
pub(crate) fn two_pieces() -> impl Stream<Item = Piece> + Send + 'static {
    let mut polls = 0;
    stream::poll_fn(move |cx| {
        polls += 1;
        match polls {
            1 => Poll::Ready(Some(Ok(Bytes::from_static(b"first ")))),
            2 => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            3 => Poll::Ready(Some(Ok(Bytes::from_static(b"second")))),
            _ => Poll::Ready(None),
        }
    })
}

/// Begins, and never ends by itself.
pub(crate) fn endless() -> impl Stream<Item = Piece> + Send + 'static {
    stream::once(ready(Ok(Bytes::from_static(b"begun")))).chain(stream::pending())
}
