//! Base URLs: where the application is reached from outside. Configured, never composed from a request.
//!
//! A redirect URI that is built on a Host header leads wherever whoever sent the request wants it to. So where
//! there are several base URLs, a request only chooses among them, by naming one exactly
//! ([`BaseUrl::is_named_by`]); where there is one, it is taken. A base URL may have a path, under which a proxy
//! mounts the application and which it may or may not take away: [`BaseUrl::outside_path`] and
//! [`BaseUrl::inside_path`] translate between the two.
//!
//! It does not look at requests: which header names the authority, and whose word that is, is said in
//! [`trusted_proxies`](super::trusted_proxies).

use url::{Host, Url};

use crate::address::mismatch::is_loopback_host;
use crate::address::readings::{each_reading, is_dots, stays_below};
use crate::address::target::Target;
use crate::address::written::{self, shown};
use crate::error::ConfigError;

pub(crate) use crate::address::written::is_loopback;

/// What allows one of them to be plain http beyond loopback.
pub(crate) const PLAIN_HTTP: &str = "danger::plain_http_base_url";

/// One address under which browsers reach the application.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    /// As configured, without a slash at its end: redirect URIs are built on it, byte for byte.
    pub(crate) literal: String,
    /// Scheme, host and port as browsers write them in an Origin header.
    pub(crate) origin: String,
    /// The path in front of every path of the application; empty for none.
    pub(crate) path: String,
    /// Whether it is https.
    pub(crate) secure: bool,
    /// Host and port as browsers write them in a Host header.
    authority: String,
    /// In lower case, an IPv6 address in brackets.
    host: String,
    /// The scheme's own where none is written.
    port: u16,
}

impl BaseUrl {
    /// Reads a base URL as it is configured.
    ///
    /// Plain http is for loopback alone: elsewhere anyone on the way could take the session.
    ///
    /// # Errors
    /// Names the setting `base_url`, what is wrong with the text, and what to write.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::read(text, false)
    }

    /// [`parse`](Self::parse) for a base URL that may be plain http beyond loopback, as `danger` says of it.
    ///
    /// # Errors
    /// As there; also for an address that only a server listens on.
    pub(crate) fn with_plain_http(text: &str) -> Result<Self, ConfigError> {
        Self::read(text, true)
    }

    fn read(text: &str, may_be_plain: bool) -> Result<Self, ConfigError> {
        let wrong = |problem: &str, remedy: String| {
            ConfigError::new("base_url", format!("{problem} in {:?}", shown(text)), remedy)
        };
        let example = "give scheme, host and, if it is not the default, port: https://app.example.com";
        let url = written::read(text).map_err(|slip| wrong(slip.problem, slip.remedy(example)))?;
        let secure = url.scheme() == "https";
        if !secure && !is_loopback(&url) && (!may_be_plain || is_everywhere(&url)) {
            return Err(wrong("plain http", instead_of_plain_http(&url)));
        }
        // Behind it, `//host` would be the path of a page, and another site's address to a browser.
        if url.path().trim_end_matches('/').contains("//") {
            return Err(wrong("two slashes in a row", "write one in their place".to_owned()));
        }
        if !is_one_place(url.path()) {
            return Err(wrong("a path that can be read in two ways", "name its segments alone".to_owned()));
        }
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let port = url.port_or_known_default().unwrap_or_default();
        let path = url.path().trim_end_matches('/').to_owned();
        let literal = text.trim_end_matches('/').to_owned();
        let authority = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        let origin = url.origin().ascii_serialization();
        Ok(Self { literal, origin, path, secure, authority, host, port })
    }

    /// Whether an authority (host, and port unless default) names this one. Exact, but for the case of ASCII
    /// letters and a default port.
    ///
    /// A dot behind the host or another name of this machine is another host to a browser, so it is not this one;
    /// [`Mismatch`](super::mismatch::Mismatch) explains those.
    pub(crate) fn is_named_by(&self, authority: &str) -> bool {
        // Nearly always.
        if authority == self.authority {
            return true;
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => match port.parse::<u16>() {
                Ok(port) if !port_has_sign(authority) => (host, port),
                _ => return false,
            },
            _ => (authority, if self.secure { 443 } else { 80 }),
        };
        port == self.port && host.eq_ignore_ascii_case(&self.host)
    }

    /// Whether a URL is of this very scheme, host and port, written as browsers write them.
    pub(crate) fn is_origin_of(&self, url: &[u8]) -> bool {
        url.strip_prefix(self.origin.as_bytes())
            .is_some_and(|rest| matches!(rest.first(), None | Some(b'/' | b'?' | b'#')))
    }

    /// The host as a URL writes it.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port, also where the scheme says it.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The port, unless it is the scheme's own.
    pub(crate) fn explicit_port(&self) -> Option<u16> {
        let default = if self.secure { 443 } else { 80 };
        (self.port != default).then_some(self.port)
    }

    /// Whether it is on this very machine: what a page says of it then is told to nobody else.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback_host(&self.host)
    }

    /// Whether it has no TLS and is not on this machine, either: there whoever is on the way is believed.
    pub(crate) fn is_plain_beyond_loopback(&self) -> bool {
        !self.secure && !self.is_loopback()
    }

    /// Path and query as browsers see them, given those of a request. A proxy in front may have
    /// taken the base path away. What is no path (`*`, or nothing at all) is left as it is.
    pub(crate) fn outside_path(&self, path: &str, query: Option<&str>) -> Target {
        let stripped = !self.path.is_empty() && path.starts_with('/') && self.strip(path).is_none();
        let base = if stripped { self.path.as_str() } else { "" };
        match query {
            Some(query) => Target::of(&[base, path, "?", query]),
            None => Target::of(&[base, path]),
        }
    }

    /// The path below the base path; the path itself where a proxy has taken the base path away.
    pub(crate) fn inside_path<'a>(&self, path: &'a str) -> &'a str {
        self.strip(path).unwrap_or(path)
    }

    /// Whether a path, as browsers see it, is below the base path, however it is read: what is in front of the
    /// application may decode `/app/..%2fother` and serve the neighbour. `/application` is not below `/app`.
    pub(crate) fn holds(&self, path: &str) -> bool {
        self.path.is_empty() || self.strip(path).is_some_and(stays_below)
    }

    /// What follows the base path, where the path is below it. `None` also where there is no base path.
    fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        if self.path.is_empty() {
            return None;
        }
        path.strip_prefix(self.path.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Whether a base path is one place, however it is read: what some reader cuts off, resolves or takes for a slash is
/// another one to it.
fn is_one_place(path: &str) -> bool {
    let slashes = |path: &str| path.split('/').count();
    let is_odd = |char: char| char.is_control() || matches!(char, '\\' | ';' | '?' | '#');
    let check = |reading: &str| {
        let is_sound = slashes(reading) == slashes(path) && !reading.contains(is_odd);
        if is_sound && !reading.split('/').any(is_dots) { Ok(()) } else { Err("is two places") }
    };
    each_reading(path, check).is_ok()
}

/// Whether it is where a server listens, and no address for a browser.
fn is_everywhere(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => ip.is_unspecified(),
        _ => false,
    }
}

/// What to write where a base URL is plain http beyond loopback.
fn instead_of_plain_http(url: &Url) -> String {
    let rest = url.as_str().strip_prefix("http").unwrap_or_default();
    let mut instead = format!("https{}", rest.trim_end_matches('/'));
    if is_everywhere(url) {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        instead = format!("http://localhost{port}");
    }
    format!(
        "{}; plain http is for loopback addresses alone, since anyone on the way could take the session (where a \
         proxy in front has the certificate, https is what browsers see; where there is no TLS at all, see {PLAIN_HTTP})",
        written::write(&instead)
    )
}

/// `+80` would read as a number, and is no port (RFC 3986 §3.2.3).
fn port_has_sign(authority: &str) -> bool {
    authority.rsplit(':').next().is_some_and(|port| port.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_kept_as_written_and_matched_exactly() {
        let base = BaseUrl::parse("https://app.example.com:443/").unwrap();
        assert_eq!(base.literal, "https://app.example.com:443");
        assert!(base.is_named_by("app.example.com") && base.is_named_by("APP.example.com:443"));
        for other in
            ["app.example.com.", "app.example.com:80", "app.example.com:+443", "evil.example", "", ":443"]
        {
            assert!(!base.is_named_by(other), "{other}");
        }
        assert!(
            base.is_origin_of(b"https://app.example.com") && base.is_origin_of(b"https://app.example.com/a")
        );
        for other in
            ["https://app.example.com.evil/", "https://app.example.com:8443", "http://app.example.com/"]
        {
            assert!(!base.is_origin_of(other.as_bytes()), "{other}");
        }
        let six = BaseUrl::parse("http://[::1]:3000").unwrap();
        assert!(six.is_named_by("[::1]:3000") && !six.is_named_by("[::1]"));
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        assert!(BaseUrl::parse("http://127.0.0.1:3000").is_ok());
        assert!(BaseUrl::parse("http://localhost").is_ok());
        for bad in [
            "http://app.example.com",
            "http://localhost.evil.example",
            "ftp://x",
            "app",
            " https://a",
            "https://u@a",
            "https://a/?x",
        ] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_danger_names_may_be_plain_http_and_is_checked_for_the_rest_as_ever() {
        let plain = |text| BaseUrl::with_plain_http(text).map(|base| base.is_plain_beyond_loopback());
        for beyond in ["http://shop.lan:3000", "http://192.168.0.7", "http://[fd00::7]:3000/app"] {
            assert!(plain(beyond).unwrap(), "{beyond}");
            assert!(BaseUrl::parse(beyond).unwrap_err().remedy.contains(PLAIN_HTTP), "{beyond}");
        }
        for other in ["http://localhost:3000", "http://[::1]", "https://shop.lan"] {
            assert!(!plain(other).unwrap(), "{other}");
        }
        for bad in [
            "http://0.0.0.0:3000",
            "http://[::]",
            "ftp://shop.lan",
            "http://u@shop.lan",
            "http://shop.lan/a//b",
        ] {
            assert!(plain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_base_url_that_is_refused_is_shown_as_it_should_be_written() {
        for (bad, remedy) in [
            ("http://app.example.com/", "write https://app.example.com;"),
            ("http://0.0.0.0:3000", "write http://localhost:3000;"),
            ("\"https://app.example.com\"", "write https://app.example.com"),
            ("app.example.com", "write https://app.example.com"),
            ("localhost:3000", "write http://localhost:3000"),
            ("https:/app.example.com", "write https://app.example.com"),
            ("https://u:hunter2@app.example.com", "write https://app.example.com"),
            ("https://app.example.com/a/../b", "write https://app.example.com/b"),
            ("https://app.example.com/a//b", "write one in their place"),
            ("https://<name>.example.com", "give scheme, host"),
        ] {
            let error = BaseUrl::parse(bad).unwrap_err();
            assert!(error.remedy.starts_with(remedy), "{bad}: {error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        for harmless in
            ["https://App.Example.com", "https://app.example.com:443", "https://app.example.com//"]
        {
            assert!(BaseUrl::parse(harmless).is_ok(), "{harmless}");
        }
    }

    #[test]
    fn a_base_path_is_put_back_where_a_proxy_took_it() {
        let base = BaseUrl::parse("https://example.com/app").unwrap();
        assert_eq!(base.outside_path("/dashboard", None).as_str(), "/app/dashboard");
        assert_eq!(base.outside_path("/app/dashboard", Some("a=1")).as_str(), "/app/dashboard?a=1");
        assert_eq!(base.inside_path("/app/auth/login"), "/auth/login");
        assert_eq!(base.inside_path("/apple"), "/apple");
    }

    #[test]
    fn below_the_base_path_is_what_no_reader_finds_beside_it() {
        let base = BaseUrl::parse("https://example.com/app").unwrap();
        for below in [
            "/app",
            "/app/",
            "/app/x",
            "/app/files/a%2fb",
            "/app/a%20b/%C3%A4",
            "/app/x;v=1/y",
            "/app/a/..%2fb",
        ] {
            assert!(base.holds(below), "{below}");
        }
        for beside in [
            "/",
            "/apple",
            "/app/..%2ftenant2",
            "/app/%2e%2e/tenant2",
            "/app/.%2e%5Ctenant2",
            "/app/..%5ctenant2",
            "/app/%252e%252e%252ftenant2",
            "/app/..;/tenant2",
            "/app/x/..%2f..%2ftenant2",
            "/app//..%2ftenant2",
            "/app/%2f..%2ftenant2",
            "/app/%c0%ae%c0%ae/tenant2",
            "/app/%EF%BC%8E%EF%BC%8E%2ftenant2",
            "/app%2f..%2ftenant2",
        ] {
            assert!(!base.holds(beside), "{beside}");
        }
        assert!(BaseUrl::parse("https://example.com").unwrap().holds("/..%2fx"));
    }

    #[test]
    fn a_base_path_that_can_be_read_in_two_ways_is_refused() {
        for path in ["/a%2fb", "/a;b", "/%252e%252e", "/a%5cb", "/a%00", "/a/%EF%BC%8E", "/a%3fb", "/a%"] {
            assert!(BaseUrl::parse(&format!("https://example.com{path}")).is_err(), "{path}");
        }
        for path in ["/app", "/a/b/", "/%C3%A4", "/a.b", "/~a"] {
            assert!(BaseUrl::parse(&format!("https://example.com{path}")).is_ok(), "{path}");
        }
    }
}
