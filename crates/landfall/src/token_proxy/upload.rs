//! A request's body, on its way from the browser to the upstream: read on the framework's runtime, sent on ours.
//!
//! An adapter holds the [`Upload`] and puts pieces in; the HTTP client holds the other side as a body. A channel of
//! four pieces is between, so a browser is read no faster than the upstream takes.
//!
//! The rule it keeps: the upstream gets exactly the body that was announced. A body that is longer than its
//! Content-Length would smuggle the beginning of another request, one that is shorter would make the upstream wait
//! or take a part for the whole; both break the request off (RFC 9112 §11.2).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use super::broken_off::BrokenOff;
use super::piece::{PIECES, Piece};
use super::progress::Progress;

/// Where an adapter puts a request's body, piece by piece.
///
/// Dropped before its end, the upstream's request is broken off: an adapter need only stop where its framework
/// tells of an error.
#[derive(Debug)]
pub struct Upload {
    /// To the HTTP client's side.
    pieces: mpsc::Sender<Piece>,
}

impl Upload {
    /// Hands a piece on, once there is room; whether any more is wanted. `false` means that the upstream has
    /// answered or is gone: an adapter can stop reading.
    pub async fn piece(&mut self, bytes: Bytes) -> bool {
        bytes.is_empty() || self.pieces.send(Piece::Bytes(bytes)).await.is_ok()
    }

    /// Says that this was all. Without it the body counts as broken off, unless the announced length has come.
    pub async fn end(self) {
        // Where nobody listens any more, nobody needs to hear it.
        let _ = self.pieces.send(Piece::End).await;
    }
}

/// The other side of an [`Upload`], as the HTTP client reads it.
pub(super) struct Uploaded {
    /// From the adapter.
    pieces: mpsc::Receiver<Piece>,
    /// A piece that [`peek`](Self::peek) took out.
    first: Option<Bytes>,
    /// How much of the announced length is still to come; `None` where none was announced.
    left: Option<u64>,
    /// Whether all of it has come.
    ended: bool,
    /// Told of each piece, and of a body that broke off.
    progress: Progress,
}

/// Both sides, for a body of this length if it is known. A length of zero is over at once.
pub(super) fn channel(length: Option<u64>, progress: Progress) -> (Upload, Uploaded) {
    let (sender, pieces) = mpsc::channel(PIECES);
    let uploaded = Uploaded { pieces, first: None, left: length, ended: length == Some(0), progress };
    (Upload { pieces: sender }, uploaded)
}

impl Uploaded {
    /// Ends the body with an error, and remembers that it was the browser's.
    fn break_off<T>(&self) -> Poll<Option<Result<T, BrokenOff>>> {
        self.progress.break_off();
        Poll::Ready(Some(Err(BrokenOff)))
    }

    /// Where the length is unknown, waits for the first piece: without one there is no body at all, and the
    /// upstream is not told of one.
    ///
    /// # Errors
    /// [`BrokenOff`] where the browser broke off, or nothing came for so long.
    pub(super) async fn peek(&mut self, patience: Duration) -> Result<(), BrokenOff> {
        if self.left.is_some() {
            return Ok(());
        }
        match tokio::time::timeout(patience, self.pieces.recv()).await {
            Ok(Some(Piece::Bytes(bytes))) => self.first = Some(bytes),
            Ok(Some(Piece::End)) => self.ended = true,
            Ok(None) | Err(_) => return Err(BrokenOff),
        }
        Ok(())
    }
}

impl Body for Uploaded {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let piece = match self.first.take() {
            Some(bytes) => Some(Piece::Bytes(bytes)),
            None => std::task::ready!(self.pieces.poll_recv(cx)),
        };
        self.progress.made();
        match (piece, self.left) {
            (Some(Piece::Bytes(bytes)), None) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            (Some(Piece::Bytes(bytes)), Some(left)) => {
                // More than was announced would be the next request's beginning.
                let Some(left) = left.checked_sub(bytes.len() as u64) else {
                    return self.break_off();
                };
                self.left = Some(left);
                self.ended = left == 0;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            (Some(Piece::End), None | Some(0)) => {
                self.ended = true;
                Poll::Ready(None)
            }
            _ => self.break_off(),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        match (self.ended, self.left) {
            (true, _) => SizeHint::with_exact(0),
            (false, Some(left)) => SizeHint::with_exact(left),
            (false, None) => SizeHint::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// What goes to the upstream of these pieces; an error where it is broken off.
    async fn sent(length: Option<u64>, pieces: &[&'static str], ends: bool) -> Result<String, BrokenOff> {
        let (mut upload, mut uploaded) = channel(length, Progress::new());
        for piece in pieces {
            upload.piece(Bytes::from_static(piece.as_bytes())).await;
        }
        if ends {
            upload.end().await;
        } else {
            drop(upload);
        }
        let mut sent = String::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut uploaded).poll_frame(cx)).await {
            sent += std::str::from_utf8(&frame?.into_data().unwrap()).unwrap();
        }
        Ok(sent)
    }

    #[tokio::test]
    async fn a_body_of_another_length_than_announced_is_broken_off() {
        assert_eq!(sent(Some(3), &["ab", "c"], true).await.as_deref(), Ok("abc"));
        assert_eq!(sent(None, &["ab", "c"], true).await.as_deref(), Ok("abc"));
        for (length, pieces, ends) in [
            (Some(3), &["abc\r\nGET /"][..], true),
            (Some(3), &["ab", "cd"], true),
            (Some(3), &["ab"], true),
            (Some(3), &["ab"], false),
            (None, &["ab"], false),
        ] {
            assert_eq!(sent(length, pieces, ends).await, Err(BrokenOff), "{length:?} {pieces:?}");
        }
    }
}
