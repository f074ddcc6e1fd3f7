//! Whose fault an error is, which says who can mend it.

/// Who can mend an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The application's configuration, here or at the provider.
    Configuration,
    /// The provider answered, and the answer cannot be used.
    Provider,
    /// The session store.
    Store,
    /// The provider did not answer.
    Unreachable,
    /// The API behind the token proxy.
    Upstream,
    /// The browser, or whoever sent the request.
    Visitor,
}
