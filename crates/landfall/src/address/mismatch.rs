//! An address that is almost the base URL's: what differs, and what a browser makes of it.
//!
//! Most sign-ins that fail while an application is set up fail here: opened as `localhost`, configured as
//! `127.0.0.1`; a proxy that drops the port; http where the base URL says https. To a browser these are two places,
//! so the attempt's cookie does not come back, and "the cookie is missing" helps nobody. This file names the
//! difference and the remedy.
//!
//! It explains and decides nothing: no request is let through for being almost right. What a stranger wrote is only
//! repeated where it can be nothing but an address ([`Mismatch::between`]), and to a person only if the base URL is
//! on this machine.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use url::Url;

use crate::address::base_url::BaseUrl;
use crate::error::{Error, ErrorCode};

/// The longest authority that is looked at, in bytes: no host in use is longer (RFC 1035 §2.3.4), with a port
/// behind it.
const MAX_AUTHORITY: usize = 261;
/// So many different ones are explained in the life of a process. Whoever makes up more would fill the log.
const MAX_LOGGED: usize = 32;

/// An address that a browser asked for, and that is not the base URL's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// Scheme, host and port as asked for. Nothing in it needs to be escaped for a log.
    pub(crate) requested: String,
    /// The base URL.
    pub(crate) base: String,
    /// Empty for a host that has nothing to do with the base URL's.
    differences: Vec<Difference>,
}

/// What differs between two addresses of one application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Difference {
    /// Another name of this machine: `localhost`, `127.0.0.1`, `[::1]`.
    LoopbackName,
    /// Another port, or none.
    Port,
    /// A dot behind the host.
    TrailingDot,
    /// http for https.
    Plain,
    /// https for http.
    Tls,
}

impl Mismatch {
    /// What differs; `None` for the base URL's own address, and for what cannot be an address.
    ///
    /// `secure` says whether the browser asked by https; `None` where that is not known, and then it is taken for
    /// the base URL's.
    pub(crate) fn between(authority: &str, secure: Option<bool>, base: &BaseUrl) -> Option<Self> {
        // Nearly every request ends here, and builds no URL for it.
        if secure.is_none_or(|secure| secure == base.secure) && base.is_named_by(authority) {
            return None;
        }
        let scheme = if secure.unwrap_or(base.secure) { "https" } else { "http" };
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        if authority.is_empty() || authority.len() > MAX_AUTHORITY || !authority.bytes().all(sound) {
            return None;
        }
        let asked = format!("{scheme}://{}", authority.to_ascii_lowercase());
        let url = Url::parse(&asked).ok()?;
        let host = url.host_str()?;
        let undotted = host.strip_suffix('.').unwrap_or(host);
        let mut differences = Vec::new();
        let is_other_loopback = is_loopback_host(undotted) && base.is_loopback();
        let is_related = undotted == base.host() || is_other_loopback;
        if undotted != base.host() && is_other_loopback {
            differences.push(Difference::LoopbackName);
        }
        if undotted != host {
            differences.push(Difference::TrailingDot);
        }
        match secure {
            Some(false) if base.secure => differences.push(Difference::Plain),
            Some(true) if !base.secure => differences.push(Difference::Tls),
            _ => {}
        }
        // Default ports differ by themselves where the schemes do.
        let ports = if secure.is_none_or(|secure| secure == base.secure) {
            (url.port_or_known_default(), Some(base.port()))
        } else {
            (url.port(), base.explicit_port())
        };
        if ports.0 != ports.1 {
            differences.push(Difference::Port);
        }
        if is_related && differences.is_empty() {
            return None;
        }
        let differences = if is_related { differences } else { Vec::new() };
        Some(Self { requested: asked, base: base.literal.clone(), differences })
    }

    /// [`between`](Self::between) for an address with its scheme, such as that of an Origin header. `None` also for
    /// other schemes than http and https.
    pub(crate) fn of_url(url: &str, base: &BaseUrl) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let secure = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        Self::between(authority, Some(secure), base)
    }

    /// Whether both look like one place to a person. Any other host may be a proxy's own name for the application,
    /// of which there is nothing to tell.
    pub(crate) fn is_telling(&self) -> bool {
        !self.differences.is_empty()
    }

    /// In how many ways both differ: of several base URLs, the nearest is the one that was meant.
    pub(crate) fn distance(&self) -> usize {
        self.differences.len()
    }

    /// Whether nothing but the scheme differs.
    pub(crate) fn is_of_scheme_alone(&self) -> bool {
        matches!(self.differences.as_slice(), [Difference::Plain | Difference::Tls])
    }

    /// What differs and what to do, for the operator.
    pub(crate) fn why(&self) -> String {
        let reasons: Vec<_> = self.differences.iter().map(|difference| difference.why()).collect();
        if reasons.is_empty() { "another host".to_owned() } else { reasons.join("; ") }
    }

    /// For the person, where the base URL is on this machine: there the person is the developer.
    pub(crate) fn sentence(&self) -> String {
        format!(
            "You opened {}, but this application is at {}. To a browser these are two places: what it keeps for one, it does not send to the other.",
            self.requested, self.base
        )
    }
}

impl Difference {
    /// One difference, with its remedy.
    fn why(self) -> &'static str {
        match self {
            Self::LoopbackName => {
                "localhost, 127.0.0.1 and [::1] are different hosts to a browser, and no cookie goes from one to the other"
            }
            Self::Port => {
                "the port differs or is missing: people come back to the base URL's port; a proxy in front must hand the port on (nginx: $http_host, not $host)"
            }
            Self::TrailingDot => "the dot behind the host makes it another host to a browser",
            Self::Plain => {
                "it was opened by http, where a browser keeps no Secure cookie: redirect to https, and let a trusted proxy say X-Forwarded-Proto"
            }
            Self::Tls => {
                "TLS ends in front of the application, and the base URL says http: write https there"
            }
        }
    }
}

/// The error of a sign-in that was started under another address and came back without its cookie. `started_under`
/// travelled in `state`, sealed, so nobody else chose it.
pub(crate) fn lost_cookie(started_under: &str, base: &BaseUrl) -> Error {
    let error = Error::new(ErrorCode::AttemptCookieMissing);
    let Some(mismatch) = Mismatch::of_url(started_under, base) else { return error };
    let detail = format!(
        "started under {}, came back under {}: {}",
        mismatch.requested,
        mismatch.base,
        mismatch.why()
    );
    let error = error.detail(detail);
    if base.is_loopback() { error.says(mismatch.sentence()) } else { error }
}

/// Whether a host, as a URL writes it, is this machine.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// The mismatches that the log has explained, so that each is explained once.
#[derive(Debug, Default)]
pub(crate) struct LoggedMismatches(Mutex<HashSet<Mismatched>>);

/// What was asked for, and the base URL.
type Mismatched = (String, String);

impl LoggedMismatches {
    /// Explains in the log why a sign-in that starts here cannot come back, once for each pair of addresses. It is
    /// a warning and no error: a proxy may turn one address into the other, which nobody can see from here.
    pub(crate) fn log(&self, mismatch: &Mismatch) {
        if !mismatch.is_telling() {
            return;
        }
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = (mismatch.requested.clone(), mismatch.base.clone());
        if logged.len() < MAX_LOGGED && logged.insert(pair) {
            tracing::warn!(
                asked = mismatch.requested,
                base_url = mismatch.base,
                why = mismatch.why(),
                "a sign-in starts under another address than the base URL's: unless a proxy in front makes one of the other, its cookie does not come back"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(asked: &str, secure: Option<bool>, base: &str) -> Option<Vec<Difference>> {
        Mismatch::between(asked, secure, &BaseUrl::parse(base).unwrap()).map(|mismatch| mismatch.differences)
    }

    #[test]
    fn the_usual_mistakes_are_told_apart() {
        use Difference::{LoopbackName, Plain, Port, Tls, TrailingDot};
        let local = "http://localhost:3000";
        let outside = "https://app.example.com";
        for (asked, secure, base, expected) in [
            ("localhost:3000", None, local, None),
            ("LOCALHOST:3000", Some(false), local, None),
            ("app.example.com:443", Some(true), outside, None),
            ("app.example.com", Some(true), outside, None),
            ("app.example.com:443", None, outside, None),
            ("app.example.com:0443", None, outside, None),
            ("app.example.com:", None, outside, None),
            ("[::1]:3000", Some(false), "http://[0:0:0:0:0:0:0:1]:3000", None),
            ("app.example.com.", None, "https://app.example.com.", None),
            ("127.0.0.1:3000", None, local, Some(vec![LoopbackName])),
            ("[::1]:3000", None, local, Some(vec![LoopbackName])),
            ("localhost:3000", None, "http://127.0.0.1:3000", Some(vec![LoopbackName])),
            ("127.0.0.1:8080", None, local, Some(vec![LoopbackName, Port])),
            ("localhost", None, local, Some(vec![Port])),
            ("localhost:8080", None, local, Some(vec![Port])),
            ("app.example.com:8443", None, outside, Some(vec![Port])),
            ("app.example.com.", None, outside, Some(vec![TrailingDot])),
            ("app.example.com", Some(false), outside, Some(vec![Plain])),
            ("localhost:3000", Some(false), "https://localhost:3000", Some(vec![Plain])),
            ("localhost:3000", Some(true), local, Some(vec![Tls])),
            ("app.example.com:8080", Some(false), outside, Some(vec![Plain, Port])),
            // Not telling: a proxy's name for the application, or somebody else's.
            ("upstream:8080", None, outside, Some(vec![])),
            ("127.0.0.1:3000", None, outside, Some(vec![])),
            ("evil.example", Some(false), local, Some(vec![])),
        ] {
            assert_eq!(between(asked, secure, base), expected, "{asked} {secure:?} {base}");
        }
    }

    #[test]
    fn what_is_no_address_is_repeated_nowhere() {
        let long = "a".repeat(300);
        for asked in ["", "a b", "<script>", "a\"b", "user@localhost", "a/b", "a%0ab", "\u{e4}", &long] {
            assert_eq!(between(asked, None, "http://localhost:3000"), None, "{asked}");
        }
    }

    #[test]
    fn each_pair_is_told_once_and_only_so_many() {
        let logged = LoggedMismatches::default();
        let base = BaseUrl::parse("http://localhost:3000").unwrap();
        for port in 1..100 {
            for _ in 0..2 {
                logged.log(&Mismatch::between(&format!("localhost:{port}"), None, &base).unwrap());
            }
        }
        assert_eq!(logged.0.lock().unwrap().len(), MAX_LOGGED);
    }
}
