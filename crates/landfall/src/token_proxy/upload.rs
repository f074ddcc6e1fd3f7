//! A request's body, on its way from the browser to the upstream: read on the framework's runtime, sent on ours.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use super::broken_off::BrokenOff;
use super::progress::Progress;

/// How many pieces wait between the two at most.
const PIECES: usize = 4;

enum Piece {
    Bytes(Bytes),
    End,
}

/// Where an adapter puts a request's body, piece by piece.
///
/// Dropped before its end, the upstream's request is broken off.
#[derive(Debug)]
pub struct Upload {
    pieces: mpsc::Sender<Piece>,
}

impl Upload {
    /// Hands a piece on, once there is room; whether any more is wanted.
    pub async fn piece(&mut self, bytes: Bytes) -> bool {
        bytes.is_empty() || self.pieces.send(Piece::Bytes(bytes)).await.is_ok()
    }

    /// Says that this was all.
    pub async fn end(self) {
        // Where nobody listens any more, nobody needs to hear it.
        let _ = self.pieces.send(Piece::End).await;
    }
}

/// The other side of an [`Upload`].
pub(super) struct Uploaded {
    pieces: mpsc::Receiver<Piece>,
    first: Option<Bytes>,
    left: Option<u64>,
    ended: bool,
    progress: Progress,
}

/// Both sides, for a body of this length if it is known.
pub(super) fn channel(length: Option<u64>, progress: Progress) -> (Upload, Uploaded) {
    let (sender, pieces) = mpsc::channel(PIECES);
    let uploaded = Uploaded { pieces, first: None, left: length, ended: length == Some(0), progress };
    (Upload { pieces: sender }, uploaded)
}

impl Uploaded {
    fn break_off<T>(&self) -> Poll<Option<Result<T, BrokenOff>>> {
        self.progress.break_off();
        Poll::Ready(Some(Err(BrokenOff)))
    }

    /// Where the length is unknown, waits for the first piece: without one there is no body at all, and the
    /// upstream is not told of one.
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
