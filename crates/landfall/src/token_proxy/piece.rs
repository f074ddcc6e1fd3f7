//! The pieces that bodies go through channels in, between the worker and the task that forwards.

use bytes::Bytes;

/// How many pieces wait in a channel: whoever sends waits for whoever reads, and no body is held in memory.
pub(super) const PIECES: usize = 4;

/// A piece of a body, in either direction.
pub(super) enum Piece {
    /// As it came.
    Bytes(Bytes),
    /// That was all. A channel that closes without it means that whoever sent broke off.
    End,
}
