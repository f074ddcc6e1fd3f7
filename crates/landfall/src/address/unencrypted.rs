//! A connection that is not encrypted: on this machine, or by a name in `danger` and then told at each start.
//!
//! One rule for everything that is reached by an address of the application's choosing and is sent secrets: the
//! provider (`provider_address`), the upstream of a token proxy, a store. Whoever can listen on the way reads client
//! secret, tokens or sessions, and who can change what goes by is believed.
//!
//! The base URL and the issuer stand under it as well, each by a name that holds one value: what else is configured is
//! refused as ever. What a provider names itself may then be as plain as its issuer is ([`is_as_plain_as`]).

use url::Url;

use super::mismatch::is_loopback_host;
use super::written::is_loopback;
use crate::error::{ConfigError, printable};

/// An address without TLS, as a setting names it.
///
/// ```
/// use landfall::store::Unencrypted;
///
/// let queue = Unencrypted {
///     setting: "store",
///     address: "redis://cache.internal:6379",
///     host: "cache.internal",
///     danger: "danger::allow_plain_store",
///     is_allowed: false,
/// };
/// assert!(queue.check().is_err());
/// assert!(Unencrypted { host: "127.0.0.1", ..queue }.check().is_ok());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Unencrypted<'a> {
    /// The setting: a builder method.
    pub setting: &'a str,
    /// For error and log, without user name and password.
    pub address: &'a str,
    /// The host in it: a name, or an IP address, an IPv6 one with or without brackets.
    pub host: &'a str,
    /// What allows it, by its name: `danger::…`.
    pub danger: &'a str,
    /// Whether that was said.
    pub is_allowed: bool,
}

impl Unencrypted<'_> {
    /// Whether it may be used: on loopback, and where it is allowed by name. The latter is a WARN in the log, so that
    /// whoever runs the application reads at each start what the one who wrote it has chosen.
    ///
    /// # Errors
    /// Names the setting and what would allow it.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_saying("whoever can listen on the way reads what is sent there")
    }

    /// [`check`](Self::check) with what is lost, for the log.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn check_saying(&self, lost: &str) -> Result<(), ConfigError> {
        let Self { setting, address, host, danger, is_allowed } = *self;
        if is_loopback_host(&host.to_ascii_lowercase()) {
            return Ok(());
        }
        let address = printable(address);
        if !is_allowed {
            return Err(ConfigError::new(
                setting,
                format!("no encryption on the way to {address:?}"),
                format!("use TLS; or, where nobody else can listen on the way, say so by {danger}"),
            ));
        }
        tracing::warn!(setting, address, allowed_by = danger, "a connection that is not encrypted: {lost}");
        Ok(())
    }
}

/// Whether an address that a provider names by plain http may be used: on loopback where its issuer is, or at the very
/// origin of an issuer without TLS, which is checked where it is configured. `false` for every other scheme.
pub(crate) fn is_as_plain_as(issuer: &str, url: &Url) -> bool {
    let is_http = |url: &Url| url.scheme() == "http";
    let Some(issuer) = Url::parse(issuer).ok().filter(is_http) else { return false };
    is_http(url) && if is_loopback(&issuer) { is_loopback(url) } else { url.origin() == issuer.origin() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_endpoints_are_plain_where_its_issuer_is_and_nowhere_else() {
        let is_plain = |issuer: &str, url: &str| is_as_plain_as(issuer, &Url::parse(url).unwrap());
        for (issuer, url) in [
            ("http://127.0.0.1:9000", "http://localhost:9001/token"),
            ("http://id.lan:9000/realms/a", "http://id.lan:9000/token"),
            ("http://id.lan", "http://ID.lan:80/token"),
        ] {
            assert!(is_plain(issuer, url), "{issuer} {url}");
        }
        for (issuer, url) in [
            ("https://id.lan:9000", "http://id.lan:9000/token"),
            ("https://id.lan", "http://localhost/token"),
            ("http://localhost:9000", "http://id.lan:9000/token"),
            ("http://id.lan:9000", "http://id.lan:9001/token"),
            ("http://id.lan:9000", "http://id.lan.evil.example:9000/token"),
            ("http://id.lan:9000", "http://127.0.0.1:9000/token"),
            ("http://id.lan:9000", "https://id.lan:9000/token"),
            ("http://id.lan:9000", "ftp://id.lan:9000/token"),
            ("id.lan", "http://id.lan/token"),
        ] {
            assert!(!is_plain(issuer, url), "{issuer} {url}");
        }
    }

    #[test]
    fn a_connection_without_tls_is_for_loopback_alone_unless_it_is_named() {
        let to = |host, is_allowed| {
            let (address, danger) = ("http://x", "danger::it");
            Unencrypted { setting: "provider_address", address, host, danger, is_allowed }.check()
        };
        for own in ["localhost", "LocalHost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"] {
            assert!(to(own, false).is_ok(), "{own}");
        }
        for other in [
            "op.internal",
            "10.0.0.1",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "[fe80::1]",
            "0.0.0.0",
            "",
        ] {
            let error = to(other, false).unwrap_err();
            assert!(error.setting == "provider_address" && error.remedy.contains("danger::it"), "{error}");
            assert!(to(other, true).is_ok(), "{other}");
        }
    }
}
