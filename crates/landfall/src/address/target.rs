//! What a browser asked for, as it is kept until the application has answered.

use std::fmt;
use std::io::Write;

use smallvec::SmallVec;

/// Path and query of a request, as the browser sees them. They come from outside and are checked by nobody yet: see
/// [`ReturnTo`](super::return_to::ReturnTo).
///
/// Every request is given one, and hardly any is asked for it: one of usual length is kept in place, without an
/// allocation.
#[derive(Clone, Default)]
pub(crate) struct Target(SmallVec<[u8; INLINE]>);

/// What is kept in place, in bytes.
const INLINE: usize = 104;

impl Target {
    /// These parts, one behind the other.
    pub(crate) fn of(parts: &[&str]) -> Self {
        let length = parts.iter().map(|part| part.len()).sum();
        let mut inline = [0; INLINE];
        if length > inline.len() {
            return Self(SmallVec::from_vec(parts.concat().into_bytes()));
        }
        let mut free = inline.as_mut_slice();
        for part in parts {
            // It fits.
            let _ = free.write_all(part.as_bytes());
        }
        Self(SmallVec::from_buf_and_len(inline, length))
    }

    /// All of it.
    pub(crate) fn as_str(&self) -> &str {
        // It is made of texts alone.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl From<&str> for Target {
    fn from(text: &str) -> Self {
        Self::of(&[text])
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_of_any_length_is_what_was_put_into_it() {
        let long = "é/".repeat(200);
        assert_eq!(Target::of(&["/base", &long]).as_str(), format!("/base{long}"));
        let fits = "/".repeat(INLINE - 1);
        assert_eq!(Target::of(&["", &fits, "?"]).as_str(), format!("{fits}?"));
        assert_eq!(Target::of(&[&fits, "?a"]).as_str(), format!("{fits}?a"));
        assert_eq!(Target::default().as_str(), "");
    }
}
