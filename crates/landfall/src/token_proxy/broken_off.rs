//! A body that ended before its end, on either side.
//!
//! Apart, since both directions use it: a request's body that the browser does not finish, and an answer's that the
//! upstream does not. Neither may look whole to the other side.

/// One side broke off before the end. An adapter breaks the connection off with it, so that nobody takes a part for
/// the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("broken off before the end")]
#[non_exhaustive]
pub struct BrokenOff;
