//! Which address of the upstream a request's path stands for, if it stands for one.
//!
//! The upstream reads the path with a parser of its own, perhaps behind another proxy. So a path is refused if any
//! reader could take it for another place than it is, however often that reader decodes it. Otherwise
//! `/api/..%2fadmin` would reach, with a person's token, what is beside the path that the configuration opened.
//!
//! 1. [`Mapping::rest`]: what follows the local prefix, segment by segment.
//! 2. [`Mapping::target`]: length; every reading of the rest ([`check`]); then the URL, which must hold that rest
//!    unchanged.
//!
//! Nothing is repaired: what a parser would change is refused, since no browser sends it. What comes back the other
//! way is in `location`.

use icu_normalizer::ComposingNormalizerBorrowed;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::address::base_url::is_loopback;
use crate::error::{ConfigError, Error, ErrorCode, printable};

/// The longest path and query together, in bytes.
const MAX_LENGTH: usize = 8 * 1024;
/// How often a path may be encoded on top of itself; nobody who means well does it twice.
const DECODINGS: usize = 4;

/// One local prefix, and where it leads.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    /// Below the base path. Begins with a slash and has none at its end.
    pub(super) prefix: String,
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
        let trimmed = prefix.trim_end_matches('/');
        if trimmed.is_empty() {
            return Err(wrong("no segment"));
        }
        let sound = trimmed.strip_prefix('/').is_some_and(|segments| {
            segments.split('/').all(|segment| {
                !matches!(segment, "" | "." | "..")
                    && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
            })
        });
        if !sound {
            return Err(wrong("something other than letters, digits and -._~"));
        }
        Ok(Self { prefix: trimmed.to_owned(), upstream: Upstream::parse(upstream, plain_http)? })
    }

    /// What follows the prefix, if this path, below the base path, is at or below it. `/apis` is not below `/api`.
    pub(super) fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.prefix.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
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
        check(rest).map_err(refused)?;
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
        if origin.scheme() == "http" && !plain_http && !is_loopback(&origin) {
            return Err(wrong(
                "plain http",
                "use https; where the network between is as safe as this machine, danger::plain_http_upstream says so",
            ));
        }
        let base = origin.path().trim_end_matches('/').to_owned();
        let written =
            text.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
        // The parser resolves dot segments and the like; here they can only be a slip.
        if check(&base).is_err() || written.unwrap_or_default().trim_end_matches('/') != base {
            return Err(wrong("dot segments, backslashes or unencoded characters", "write the path out"));
        }
        origin.set_path("");
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

/// Whether every reader takes this for the same place below its beginning; else what is wrong with it.
fn check(path: &str) -> Result<(), &'static str> {
    let escapes = path.split('%').skip(1);
    if escapes.into_iter().any(|rest| !starts_with_hex(rest)) {
        return Err("holds a percent sign that encodes nothing");
    }
    let is_ascii = check_readings(path, |decoded| decoded)?;
    if is_ascii {
        return Ok(());
    }
    // Some readers fold look-alike characters, such as a full-width dot, before they look.
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    check_readings(path, |decoded| nfkc.normalize(&decoded).into_owned()).map(drop)
}

/// Checks the path as it is and after each decoding; whether it is ASCII all through. `fold` is what a reader does
/// to it besides.
fn check_readings(path: &str, fold: impl Fn(String) -> String) -> Result<bool, &'static str> {
    check_reading(path)?;
    let mut reading = path.to_owned();
    for _ in 0..DECODINGS {
        if !reading.split('%').skip(1).any(starts_with_hex) {
            return Ok(reading.is_ascii());
        }
        let decoded = percent_decode_str(&reading).decode_utf8().map_err(|_| "is not UTF-8")?;
        reading = fold(decoded.into_owned());
        check_reading(&reading)?;
    }
    Err("is encoded over and over")
}

/// Checks one reading of the path: no control characters, no backslash, no second slash at its beginning, no dot
/// segment.
fn check_reading(path: &str) -> Result<(), &'static str> {
    if path.chars().any(char::is_control) {
        return Err("holds a control character");
    }
    if path.contains('\\') {
        return Err("holds a backslash");
    }
    if path.starts_with("//") {
        return Err("begins with two slashes");
    }
    // Some servers cut what follows a semicolon off before they look for dots, or trim. One that decodes before it reads
    // the rest as an address finds a query or a fragment there.
    let is_dots = |segment: &str| {
        matches!(segment.split([';', '?', '#']).next().unwrap_or_default().trim(), "." | "..")
    };
    if path.split('/').any(is_dots) { Err("holds a dot segment") } else { Ok(()) }
}

/// Whether two hexadecimal digits follow the percent sign.
fn starts_with_hex(text: &str) -> bool {
    let mut bytes = text.bytes();
    let mut is_hex = || bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit());
    is_hex() && is_hex()
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
