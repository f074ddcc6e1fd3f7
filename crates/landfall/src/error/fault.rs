//! Whose fault an error is, which says who can mend it.
//!
//! A column of the error table, and the first thing to sort a dashboard or an alert by: the log level of a code
//! follows from it, see `row.rs`.

/// Who can mend an error.
///
/// ```
/// use landfall::{ErrorCode, Fault};
///
/// // Only what somebody on this side can mend is worth a call at night.
/// let wakes = |code: ErrorCode| !matches!(code.fault(), Fault::Visitor | Fault::Provider);
/// assert!(wakes(ErrorCode::StoreUnavailable));
/// assert!(!wakes(ErrorCode::AttemptExpired));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The application's configuration, here or at the provider; also a hook of the application's that failed.
    Configuration,
    /// The provider answered, and the answer cannot be used. Tell the provider, with the detail.
    Provider,
    /// The session store, or what the application asks about credentials: it did not answer, or not rightly.
    Store,
    /// The provider did not answer, or not in time: its health, or the network between.
    Unreachable,
    /// The API behind the token proxy.
    Upstream,
    /// The browser, or whoever sent the request. Strangers can cause these at will, so there is usually nothing to
    /// mend.
    Visitor,
}
