//! The paths that are answered under any Host.
//!
//! With several base URLs a browser that names another Host is refused, on every path but these: what they show, any
//! name may read that somebody points at this address. So a path is one of them only if nobody could read it in
//! another way. A router may decode, fold slashes or resolve dots before it chooses a handler; where none of that would
//! change anything, the path that is compared is the path that is answered.
//!
//! An entry stands for itself and for what is below it, by whole segments, in the case in which it is written. None may
//! hold an address of ours: what a sign-in needs is answered under a base URL alone.

use crate::clock::OnceAMinute;
use crate::error::{ConfigError, printable};

/// The paths that were named, each with what is below it.
#[derive(Debug, Default)]
pub(crate) struct AnyHostPaths {
    /// As written; checked.
    paths: Vec<String>,
    /// When the log told of a request under another Host that was let through by no path of these.
    pub(crate) told: OnceAMinute,
}

impl AnyHostPaths {
    /// Takes the paths as they are written.
    ///
    /// # Errors
    /// Names the setting `any_host` and the entry that is no path of plain segments, or is the whole application.
    pub(crate) fn parse(paths: Vec<String>) -> Result<Self, ConfigError> {
        for path in &paths {
            let wrong = |problem: &str, remedy: &str| {
                ConfigError::new("any_host", format!("{:?} {problem}", printable(path)), remedy)
            };
            if path == "/" {
                return Err(wrong("is the whole application", "name the parts that any name may read"));
            }
            if !is_plain(path) || path.ends_with('/') {
                return Err(wrong(
                    "is no path of plain segments",
                    "give one such as /health: letters, digits and -._~ alone, without a slash at its end",
                ));
            }
        }
        Ok(Self { paths, told: OnceAMinute::new() })
    }

    /// Whether a path is one of them, or below one, by whole segments. What could be read in another way is none.
    pub(crate) fn hold(&self, path: &str) -> bool {
        is_plain(path) && self.named(path).is_some()
    }

    /// The one that a path is, or is below, as it is written.
    pub(crate) fn named(&self, path: &str) -> Option<&str> {
        let is_below = |named: &&str| {
            path.strip_prefix(*named).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.paths.iter().map(String::as_str).find(is_below)
    }
}

/// Whether a path reads the same to everybody: nothing to decode, no segment that is empty or made of dots. The last
/// segment may be empty: that is a slash at the end.
fn is_plain(path: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let Some(path) = path.strip_prefix('/') else { return false };
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/')
        .all(|segment| segment.bytes().all(is_unreserved) && segment.bytes().any(|byte| byte != b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(paths: &[&str]) -> Result<AnyHostPaths, ConfigError> {
        AnyHostPaths::parse(paths.iter().map(|path| (*path).to_owned()).collect())
    }

    #[test]
    fn a_named_path_is_open_with_what_is_below_it_by_whole_segments() {
        let paths = named(&["/health", "/feeds/public.ics"]).unwrap();
        for open in ["/health", "/health/", "/health/ready", "/feeds/public.ics"] {
            assert!(paths.hold(open), "{open}");
        }
        for closed in
            ["/", "/healthz", "/Health", "/feeds", "/feeds/public.icsx", "/other/health", "health", ""]
        {
            assert!(!paths.hold(closed), "{closed}");
        }
        assert!(!AnyHostPaths::default().hold("/health"));
    }

    #[test]
    fn what_somebody_could_read_as_another_path_is_not_open() {
        let paths = named(&["/health"]).unwrap();
        for trick in [
            "/health/../dashboard",
            "/health/..",
            "/health/.",
            "/health/...",
            "/health/%2e%2e/dashboard",
            "/health/..%2fdashboard",
            "/health%2f..%2fdashboard",
            "/health/%252e%252e/dashboard",
            "/health/..;/dashboard",
            "/health/..\\dashboard",
            "/health\\..\\dashboard",
            "/health//../dashboard",
            "/health//dashboard",
            "//health",
            "/health//",
            "/health/%00",
            "/health/x;y",
            "/health/\u{ff0e}\u{ff0e}/dashboard",
            "/health/a b",
        ] {
            assert!(!paths.hold(trick), "{trick}");
        }
    }

    #[test]
    fn what_is_no_path_of_plain_segments_or_opens_everything_is_refused_with_a_remedy() {
        for bad in [
            "",
            "/",
            "health",
            "//health",
            "/health/",
            "/a//b",
            "/a/../b",
            "/a/./b",
            "/h%65alth",
            "/a?x",
            "/a#x",
            "/a b",
            "/*",
            "/{id}",
        ] {
            let error = named(&["/fine", bad]).unwrap_err();
            assert!(error.setting == "any_host" && !error.remedy.is_empty(), "{bad}: {error}");
        }
    }
}
