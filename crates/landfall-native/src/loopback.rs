//! The redirect URI on loopback: as it is registered, but for the port (RFC 8252 §7.3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use landfall::ConfigError;
use landfall::native::config_error;
use url::Url;

/// A redirect URI on loopback, whose port may be left open until one is listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoopbackRedirect {
    pub(crate) host: LoopbackHost,
    /// `None` where the system chooses.
    pub(crate) port: Option<u16>,
    /// As it is registered: empty for `http://localhost`, which is not the same to a provider as `http://localhost/`.
    pub(crate) path: String,
}

/// What a redirect URI on loopback calls this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoopbackHost {
    /// 127.0.0.1, or ::1 on a machine without IPv4: where nothing else was said.
    Either,
    /// One of the two addresses, and that alone.
    Literal(IpAddr),
    /// The name, which means both addresses: whichever the browser tries has to be ours.
    Localhost,
}

impl Default for LoopbackRedirect {
    fn default() -> Self {
        Self { host: LoopbackHost::Either, port: None, path: "/callback".to_owned() }
    }
}

impl LoopbackRedirect {
    /// Reads one as it is registered at the provider, such as `http://localhost` or `http://127.0.0.1:8400/callback`.
    ///
    /// # Errors
    /// For anything that is no plain http address of loopback, or that browsers would write in another way.
    pub(crate) fn parse(uri: &str) -> Result<Self, ConfigError> {
        let wrong = |problem: &str, remedy: &str| config_error("loopback_redirect", problem, remedy);
        let hosts = "say http://127.0.0.1, http://[::1] or http://localhost, with port and path if need be";
        let rest = uri.strip_prefix("http://").ok_or_else(|| wrong("not an http address", hosts))?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (name, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address stand in brackets.
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (authority, None),
        };
        let host = match name {
            "127.0.0.1" => LoopbackHost::Literal(Ipv4Addr::LOCALHOST.into()),
            "[::1]" => LoopbackHost::Literal(Ipv6Addr::LOCALHOST.into()),
            "localhost" => LoopbackHost::Localhost,
            _ => return Err(wrong("a host that is not loopback's", hosts)),
        };
        let no_port = || wrong("no port", "leave it out where the provider leaves it open");
        let number = |port: &str| port.parse().ok().filter(|number: &u16| *number > 0).ok_or_else(no_port);
        let port = port.map(number).transpose()?;
        // What a browser would change on its way here, the provider would not know again.
        let is_as_browsers_write_it = Url::parse(uri).is_ok_and(|url| {
            url.query().is_none() && url.fragment().is_none() && [url.path(), ""].contains(&path)
        });
        if !is_as_browsers_write_it {
            return Err(wrong("a path that browsers write otherwise, a query or a fragment", "leave it out"));
        }
        Ok(Self { host, port, path: path.to_owned() })
    }

    /// The path of the request that brings the answer: none at all is the root (RFC 9112 §3.2.1).
    pub(crate) fn request_path(&self) -> &str {
        if self.path.is_empty() { "/" } else { &self.path }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_is_taken_as_it_is_registered() {
        let four = LoopbackHost::Literal(Ipv4Addr::LOCALHOST.into());
        let six = LoopbackHost::Literal(Ipv6Addr::LOCALHOST.into());
        for (uri, host, port, path, asked_for) in [
            ("http://localhost", LoopbackHost::Localhost, None, "", "/"),
            ("http://localhost/", LoopbackHost::Localhost, None, "/", "/"),
            ("http://localhost:8400/cb", LoopbackHost::Localhost, Some(8400), "/cb", "/cb"),
            ("http://127.0.0.1/callback", four, None, "/callback", "/callback"),
            ("http://127.0.0.1:80/a/b%20c", four, Some(80), "/a/b%20c", "/a/b%20c"),
            ("http://[::1]/callback", six, None, "/callback", "/callback"),
            ("http://[::1]:1/", six, Some(1), "/", "/"),
        ] {
            let redirect = LoopbackRedirect::parse(uri).unwrap();
            assert_eq!(redirect, LoopbackRedirect { host, port, path: path.to_owned() }, "{uri}");
            assert_eq!(redirect.request_path(), asked_for, "{uri}");
        }
    }

    #[test]
    fn what_is_not_loopback_or_would_come_back_otherwise_is_refused() {
        for uri in [
            "",
            "localhost",
            "https://localhost/cb",
            "HTTP://localhost/cb",
            "http://",
            "http://LOCALHOST/cb",
            "http://localhost.evil.example/cb",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.2/cb",
            "http://127.1/cb",
            "http://0.0.0.0/cb",
            "http://[::]/cb",
            "http://::1/cb",
            "http://ada@localhost/cb",
            "http://localhost@evil.example/cb",
            "http://localhost:0/cb",
            "http://localhost:/cb",
            "http://localhost:65536/cb",
            "http://localhost:+80/cb",
            "http://localhost:80:90/cb",
            "http://localhost/cb?x=1",
            "http://localhost?x=1",
            "http://localhost/cb#x",
            "http://localhost/a/../cb",
            "http://localhost/a b",
            "http://localhost/\u{e9}",
            "http://localhost\\cb",
            " http://localhost/cb",
            "http://localhost/cb\n",
        ] {
            assert!(LoopbackRedirect::parse(uri).is_err(), "{uri}");
        }
    }
}
