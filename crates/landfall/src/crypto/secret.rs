//! A value that must not be seen: in a log, an error or a panic message.
//!
//! A type says it once, where a rule would have to be remembered at every `format!`. Structs that hold a `Secret` may
//! derive `Debug`.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A value that must not be seen: redacted in `Debug`, without `Display`, overwritten when dropped.
///
/// Secrets are compared by [`matches`](Self::matches) and not by `==`: the time that `==` takes says how many bytes are
/// right.
///
/// ```
/// let secret = landfall::Secret::new(String::from("s3cr3t"));
/// assert_eq!(format!("{secret:?}"), "[redacted]");
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value in. Copies that were made before are not overwritten.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Where this is called, a secret leaves its wrapping: keep it out of logs and errors.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + AsRef<[u8]>> Secret<T> {
    /// Compares in a time that depends on the length alone.
    ///
    /// ```
    /// let secret = landfall::Secret::from("s3cr3t");
    /// assert!(secret.matches(b"s3cr3t") && !secret.matches(b"s3cr3"));
    /// ```
    pub fn matches(&self, other: &[u8]) -> bool {
        same_bytes(self.0.as_ref(), other)
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned())
    }
}

/// Equality in a time that depends on the lengths alone, for bytes that are not wrapped: what a browser sent.
pub(crate) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_itself_alone_and_shows_nothing() {
        let secret = Secret::from("s3cr3t");
        assert!(secret.matches(b"s3cr3t"));
        for other in [&b"s3cr3"[..], b"s3cr3t ", b"S3cr3t", b""] {
            assert!(!secret.matches(other), "{other:?}");
        }
        assert_eq!(format!("{secret:?}"), "[redacted]");
    }
}
