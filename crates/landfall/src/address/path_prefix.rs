//! Prefixes of paths, as they are configured: where the token proxy forwards from, what a guard is for.
//!
//! A prefix has one spelling only, so that there is nothing to read in two ways on our side of the comparison: plain
//! segments, without encoding, dots or wildcards. It stands for its own path and everything below it, by whole
//! segments: `/apis` is not below `/api`. Whether a request's path is below one in *some* reading is the rule of whoever
//! asks; here it is compared as it was sent.

/// A path of plain segments, and all that is below it. Plain are letters, digits and `-._~`, and no segment is made of dots
/// or ends in one: file systems and routers agree on what such a path is.
///
/// It is below the base path, as every path of the relying party's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathPrefix(String);

impl PathPrefix {
    /// Reads a prefix as it is configured; a slash at its end says nothing.
    ///
    /// # Errors
    /// What is wrong with it, as a phrase that "in the prefix …" follows.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let trimmed = text.trim_end_matches('/');
        if trimmed.is_empty() {
            return Err("no segment");
        }
        let Some(segments) = trimmed.strip_prefix('/') else { return Err("no slash at the beginning") };
        for segment in segments.split('/') {
            if segment.is_empty() {
                return Err("an empty segment");
            }
            if !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
                return Err("something other than letters, digits and -._~");
            }
            // Some file systems drop dots at the end of a name: that would be a second spelling.
            if segment.ends_with('.') {
                return Err("a dot segment, or a dot at the end of one,");
            }
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// It begins with a slash and has none at its end.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the prefix, if this path is at or below it as it stands.
    pub(crate) fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.0.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_has_one_spelling_and_stands_for_whole_segments() {
        let prefix = PathPrefix::parse("/a/b.c/~d_e-f/").unwrap();
        assert_eq!(prefix.as_str(), "/a/b.c/~d_e-f");
        assert_eq!(prefix.rest("/a/b.c/~d_e-f"), Some(""));
        assert_eq!(prefix.rest("/a/b.c/~d_e-f/x"), Some("/x"));
        for other in ["/a/b.c/~d_e-fx", "/A/b.c/~d_e-f", "/a//b.c/~d_e-f", "a/b.c/~d_e-f"] {
            assert_eq!(prefix.rest(other), None, "{other}");
        }
        for bad in [
            "", "/", "//", "api", "//api", "/a//b", "/..", "/a/../b", "/a/.", "/a.", "/a%2fb", "/a b",
            "/a?b", "/a#b", "/a;b", "/ä", "/a\\b", "/{id}", "/*", "/a/*",
        ] {
            assert!(PathPrefix::parse(bad).is_err(), "{bad}");
        }
    }
}
