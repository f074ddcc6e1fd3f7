//! Which address of the upstream a request's path stands for, if it stands for one.
//!
//! The upstream reads the path with a parser of its own, perhaps behind another proxy. So a path is refused if any
//! reader could take it for another place than it is, however often that reader decodes it. Otherwise
//! `/api/..%2fadmin` would reach, with a person's token, what is beside the path that the configuration opened.
//!
//! 1. [`Mapping::rest`]: what follows the local prefix, segment by segment. What only some reader takes for a path below
//!    it ([`Mapping::could_hold`]) is refused as well: another proxy, with a prefix above this one and fewer demands,
//!    would forward it, and the upstream decode it.
//! 2. [`Mapping::target`]: length; every reading of the rest (`address::readings`, which guards by paths share); then
//!    the URL, which must hold that rest unchanged.
//!
//! Nothing is repaired: what a parser would change is refused, since no browser sends it. What comes back the other
//! way is in `location`.

use url::Url;

use crate::address::path_prefix::PathPrefix;
use crate::address::readings::{each_reading, is_dots};
use crate::address::unencrypted::Unencrypted;
use crate::error::{ConfigError, Error, ErrorCode, printable};
use crate::guard::guarded_paths::is_read_as_under;

/// The longest path and query together, in bytes.
const MAX_LENGTH: usize = 8 * 1024;

/// One local prefix, and where it leads.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    /// Below the base path.
    pub(super) prefix: PathPrefix,
    /// Where it leads.
    pub(super) upstream: Upstream,
}

/// The one origin that is forwarded to, and the path in front of everything there.
#[derive(Clone, Debug)]
pub(super) struct Upstream {
    /// Scheme, host and port alone.
    pub(super) origin: Url,
    /// Without a slash at its end; empty for none.
    base: String,
}

impl Mapping {
    /// Reads both sides as they are configured. A prefix is plain segments, so that it has one spelling only;
    /// `plain_http` lifts the rule that an upstream is https or on loopback.
    ///
    /// # Errors
    /// Names `TokenProxy`, what is wrong with which side, and what to write.
    pub(super) fn new(prefix: &str, upstream: &str, plain_http: bool) -> Result<Self, ConfigError> {
        let wrong = |problem: &str| {
            let problem = format!("{problem} in the prefix {:?}", printable(prefix));
            ConfigError::new(
                "TokenProxy",
                problem,
                "begin it with one slash, and name at least one segment: /api",
            )
        };
        let prefix = PathPrefix::parse(prefix).map_err(wrong)?;
        Ok(Self { prefix, upstream: Upstream::parse(upstream, plain_http)? })
    }

    /// What follows the prefix, if this path, below the base path, is at or below it. `/apis` is not below `/api`.
    pub(super) fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        self.prefix.rest(path)
    }

    /// Whether some reader takes this path for one at or below the prefix: in another case, encoded, with parameters. One
    /// that nobody can read is not: no proxy forwards it. `base` is the base path, empty for none.
    pub(super) fn could_hold(&self, path: &str, base: &str) -> bool {
        is_read_as_under(std::slice::from_ref(&self.prefix), path, base).unwrap_or(false)
    }

    /// The upstream's address for what follows the prefix. The query is carried as it is: nothing here depends on
    /// it.
    ///
    /// # Errors
    /// `ForwardRefused`, with what is wrong with the path.
    pub(super) fn target(&self, rest: &str, query: Option<&str>) -> Result<Url, Error> {
        let refused = |why: &str| Error::new(ErrorCode::ForwardRefused).detail(format!("the path {why}"));
        if rest.len() + query.map_or(0, str::len) > MAX_LENGTH {
            return Err(refused("is too long"));
        }
        each_reading(rest, check).map_err(refused)?;
        let base = &self.upstream.base;
        let mut url = self.upstream.origin.clone();
        url.set_path(&format!("{base}{rest}"));
        url.set_query(query);
        // Browsers follow the same standard as this parser: what it would still change, no browser sends.
        let unchanged = url.path().strip_prefix(base.as_str());
        if unchanged != Some(rest) && !(base.is_empty() && rest.is_empty()) {
            return Err(refused("holds characters that have to be encoded"));
        }
        Ok(url)
    }
}

impl Upstream {
    /// Reads the upstream's address. What a URL parser would change in its path can only be a slip, and is told.
    fn parse(text: &str, plain_http: bool) -> Result<Self, ConfigError> {
        let wrong = |problem: &str, remedy: &str| {
            let problem = format!("{problem} in the upstream {:?}", printable(text));
            ConfigError::new("TokenProxy", problem, remedy)
        };
        let example = "give its address: https://api.example.com, with a path if it has one";
        let mut origin = Url::parse(text).map_err(|_| wrong("no absolute URL", example))?;
        if text.trim() != text || !matches!(origin.scheme(), "http" | "https") {
            return Err(wrong("a scheme other than https, or a space,", example));
        }
        if !origin.username().is_empty() || origin.password().is_some() {
            return Err(wrong("a user name", "leave it out: the access token says who asks"));
        }
        if origin.query().is_some() || origin.fragment().is_some() {
            return Err(wrong("a query or fragment", "leave it out"));
        }
        let base = origin.path().trim_end_matches('/').to_owned();
        let written =
            text.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
        // The parser resolves dot segments and the like; here they can only be a slip.
        if each_reading(&base, check).is_err() || written.unwrap_or_default().trim_end_matches('/') != base {
            return Err(wrong("dot segments, backslashes or unencoded characters", "write the path out"));
        }
        origin.set_path("");
        if origin.scheme() == "http" {
            Unencrypted {
                setting: "TokenProxy",
                address: text,
                host: origin.host_str().unwrap_or_default(),
                danger: "danger::plain_http_upstream",
                is_allowed: plain_http,
            }
            .check()?;
        }
        Ok(Self { origin, base })
    }

    /// What follows the base path, if this URL is of the upstream and not beside its base path.
    pub(super) fn rest<'u>(&self, url: &'u Url) -> Option<&'u str> {
        if url.origin() != self.origin.origin() {
            return None;
        }
        let rest = url.path().strip_prefix(self.base.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }
}

/// Checks one reading of the path: no control characters, no backslash, no second slash at its beginning, no dot
/// segment. So every reader takes it for the same place below its beginning.
fn check(path: &str) -> Result<(), &'static str> {
    if path.chars().any(char::is_control) {
        return Err("holds a control character");
    }
    if path.contains('\\') {
        return Err("holds a backslash");
    }
    if path.starts_with("//") {
        return Err("begins with two slashes");
    }
    if path.split('/').any(is_dots) { Err("holds a dot segment") } else { Ok(()) }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
