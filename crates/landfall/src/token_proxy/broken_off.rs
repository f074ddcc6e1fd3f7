//! A body that ended before its end, on either side.

/// One side broke off before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("broken off before the end")]
#[non_exhaustive]
pub struct BrokenOff;
