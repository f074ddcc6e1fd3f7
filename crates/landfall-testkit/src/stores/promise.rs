//! [`BrokenPromise`]: what a promise that is not kept looks like.

use std::fmt;

use landfall::store::StoreError;

/// A store did not keep a promise; which, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokenPromise(String);

impl BrokenPromise {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// A test that fails prints this, so it is the sentence.
impl fmt::Debug for BrokenPromise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for BrokenPromise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BrokenPromise {}

impl From<StoreError> for BrokenPromise {
    fn from(error: StoreError) -> Self {
        let mut what = format!("the store failed: {error}");
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            what = format!("{what}: {error}");
            cause = error.source();
        }
        Self(what)
    }
}

pub(super) type Kept = Result<(), BrokenPromise>;

/// `promise`, unless it `held`, is broken.
pub(super) fn promised(held: bool, promise: &str) -> Kept {
    if held { Ok(()) } else { Err(BrokenPromise::new(format!("broken: {promise}"))) }
}
