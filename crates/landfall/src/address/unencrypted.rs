//! A connection that is not encrypted: on this machine, or by a name in `danger` and then told at each start.
//!
//! One rule for everything that is reached by an address of the application's choosing and is sent secrets: the
//! provider (`provider_address`), the upstream of a token proxy, a store. Whoever can listen on the way reads client
//! secret, tokens or sessions, and who can change what goes by is believed.
//!
//! The base URL and the issuer stand under a stricter one: no name in `danger` lifts it.

use super::mismatch::is_loopback_host;
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
        tracing::warn!(
            setting,
            address,
            allowed_by = danger,
            "a connection that is not encrypted: whoever can listen on the way reads what is sent there"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Unencrypted;

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
