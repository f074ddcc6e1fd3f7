//! Whose word is believed about the address that a browser asked for.
//!
//! Anybody can send `X-Forwarded-Host`. It counts only where the connection comes from a proxy that the
//! configuration names, and then as far back as further proxies are trusted. Apart from
//! [`forwarded`], which reads the headers and knows no network, so that each can be tested by
//! itself.
//!
//! 1. The peer of the connection is looked up in the networks. Without one nobody is trusted, and the log says once
//!    why.
//! 2. The headers of the one family that is configured are read from the right, past every trusted address.
//! 3. What comes out is an address that the proxy says, not one to build on: `context::site_selection` looks for it among
//!    the base URLs.

use std::net::IpAddr;
use std::sync::Once;

use ipnet::IpNet;

use crate::address::forwarded::{self, ForwardedAddress, XForwarded};
use crate::error::{ConfigError, Error, ErrorCode, printable};
use crate::web::request::RequestView;

/// In which headers proxies say under which address they were asked.
///
/// One family alone: a proxy that writes the one hands on the other as it came from outside.
///
/// ```
/// use landfall::{ForwardedHeaders, RelyingParty};
///
/// let builder = RelyingParty::builder("https://id.example")
///     .trusted_proxies(["10.0.0.0/8"])
///     .forwarded_headers(ForwardedHeaders::Forwarded);
/// # let _ = builder;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardedHeaders {
    /// `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The proxies whose headers are read. None by default.
#[derive(Debug)]
pub(crate) struct TrustedProxies {
    /// Single addresses are networks of one.
    networks: Vec<IpNet>,
    /// Whoever connects is taken for the proxy: `danger::trust_any_proxy`.
    everybody: bool,
    /// Which headers are read. Those of the other family are looked at for a hint in the log alone.
    headers: ForwardedHeaders,
    /// Whether the log has said that no adapter tells where connections come from.
    no_peer: Once,
}

impl TrustedProxies {
    /// Reads addresses and networks in CIDR notation.
    ///
    /// # Errors
    /// Names the setting `trusted_proxies` and what is wrong: no address, a network of everybody, or bits beyond
    /// the prefix.
    pub(crate) fn parse(
        networks: &[String],
        everybody: bool,
        headers: ForwardedHeaders,
    ) -> Result<Self, ConfigError> {
        let networks = networks.iter().map(|text| network(text)).collect::<Result<_, _>>()?;
        Ok(Self { networks, everybody, headers, no_peer: Once::new() })
    }

    /// What a trusted proxy says of the request; `None` where nobody is trusted with it.
    ///
    /// # Errors
    /// `ForwardedMalformed` where a trusted proxy's header cannot be read. To go on without it would answer under
    /// another address than the browser asked for.
    pub(crate) fn outside(&self, view: &dyn RequestView) -> Result<Option<ForwardedAddress>, Error> {
        if !self.is_from_proxy(view) {
            return Ok(None);
        }
        let trusts = |address| self.trusts(address);
        let read = match self.headers {
            ForwardedHeaders::XForwarded => {
                let mut lines = XForwarded::default();
                view.each_header(&mut |name, value| match name {
                    "x-forwarded-for" => lines.addresses.push(value),
                    "x-forwarded-host" => lines.hosts.push(value),
                    "x-forwarded-proto" => lines.schemes.push(value),
                    _ => {}
                });
                lines.read(trusts)
            }
            ForwardedHeaders::Forwarded => {
                let mut lines = Vec::new();
                view.header_values("forwarded", &mut |line| lines.push(line));
                forwarded::forwarded(&lines, trusts)
            }
        };
        match read {
            Ok(outside) => Ok(Some(outside)),
            Err(malformed) => {
                let from = view.peer().map_or_else(|| "unknown".to_owned(), |peer| peer.to_string());
                let detail = format!("{} cannot be read; the request came from {from}", malformed.0);
                Err(Error::new(ErrorCode::ForwardedMalformed).detail(detail))
            }
        }
    }

    /// Who connected to the outermost proxy that is trusted, or to this process where no proxy is. `None` where that is
    /// not known: a trusted proxy that says nothing, or nothing that can be read, and an adapter that knows no peer.
    ///
    /// Where every address is taken for a proxy's, the nearest one's word counts alone: what stands before it, anybody
    /// may have written.
    pub(crate) fn client_address(&self, view: &dyn RequestView) -> Option<IpAddr> {
        if !self.is_from_proxy(view) {
            return view.peer().map(|peer| peer.to_canonical());
        }
        let trusts = |address| !self.everybody && self.trusts(address);
        let mut lines = Vec::new();
        let from = match self.headers {
            ForwardedHeaders::XForwarded => {
                view.header_values("x-forwarded-for", &mut |line| lines.push(line));
                forwarded::client_by_list(&lines, trusts)
            }
            ForwardedHeaders::Forwarded => {
                view.header_values("forwarded", &mut |line| lines.push(line));
                forwarded::client_by_elements(&lines, trusts)
            }
        };
        from.map(|address| address.to_canonical())
    }

    /// For the log: why a forwarded address that is there was not read. `None` where there is none, or where it was
    /// read.
    pub(crate) fn unread(&self, view: &dyn RequestView) -> Option<String> {
        let has = |name: &str| view.header(name).is_some();
        let (unread, other) = match self.headers {
            ForwardedHeaders::XForwarded => ("X-Forwarded-Host", "Forwarded"),
            ForwardedHeaders::Forwarded => ("Forwarded", "X-Forwarded-Host"),
        };
        if !self.is_from_proxy(view) {
            let from = view.peer().map_or_else(|| "an unknown address".to_owned(), |peer| peer.to_string());
            let sent = [unread, other].into_iter().find(|name| has(&name.to_ascii_lowercase()))?;
            return Some(format!("{sent} was not read: {from} is no trusted proxy (`trusted_proxies`)"));
        }
        (!has(&unread.to_ascii_lowercase()) && has(&other.to_ascii_lowercase()))
            .then(|| format!("{other} was not read: choose it by `forwarded_headers`"))
    }

    /// Whether the connection itself comes from a trusted proxy.
    pub(crate) fn is_from_proxy(&self, view: &dyn RequestView) -> bool {
        self.everybody || self.is_from_named_proxy(view)
    }

    /// Whether it comes from one whose address was given: who somebody is is nobody else's to say.
    pub(crate) fn is_from_named_proxy(&self, view: &dyn RequestView) -> bool {
        if self.networks.is_empty() {
            return false;
        }
        let Some(peer) = view.peer() else {
            self.no_peer.call_once(|| {
                tracing::warn!(
                    "proxies are trusted, but nobody knows where requests come from, so nothing that they forward is believed: \
                     give the layer `peer_from`, on axum with `into_make_service_with_connect_info::<SocketAddr>()`"
                );
            });
            return false;
        };
        let peer = peer.to_canonical();
        self.networks.iter().any(|network| network.contains(&peer))
    }

    /// Whether this address is one of the proxies'.
    fn trusts(&self, address: IpAddr) -> bool {
        // A socket for both families shows IPv4 as ::ffff:10.0.0.1.
        let address = address.to_canonical();
        self.everybody || self.networks.iter().any(|network| network.contains(&address))
    }
}

/// One entry of the setting. A network of everybody is refused: whoever means that says so in `danger`.
fn network(text: &str) -> Result<IpNet, ConfigError> {
    let wrong = |problem: &str, remedy: String| {
        ConfigError::new("trusted_proxies", format!("{:?} {problem}", printable(text)), remedy)
    };
    let address = text.trim().parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    let Ok(network) = address.or_else(|_| text.trim().parse::<IpNet>()) else {
        let remedy = "give one such as 10.0.0.7, or a network such as 10.0.0.0/8; names are not resolved";
        return Err(wrong("is no address", remedy.to_owned()));
    };
    if network.prefix_len() == 0 {
        let remedy = "name the proxies' own; where nobody but them can reach the application, see danger::trust_any_proxy";
        return Err(wrong("is everybody", remedy.to_owned()));
    }
    if network.trunc() != network {
        return Err(wrong("has more bits than its prefix", format!("write {}", network.trunc())));
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(networks: &[&str]) -> Result<TrustedProxies, ConfigError> {
        let networks: Vec<_> = networks.iter().map(|text| (*text).to_owned()).collect();
        TrustedProxies::parse(&networks, false, ForwardedHeaders::default())
    }

    #[test]
    fn addresses_and_networks_are_trusted_and_their_neighbours_are_not() {
        let proxies =
            proxies(&["10.1.0.0/16", " 192.0.2.7 ", "2001:db8::/32", "::ffff:203.0.113.1"]).unwrap();
        for yes in ["10.1.2.3", "192.0.2.7", "2001:db8::5", "::ffff:10.1.2.3", "203.0.113.1"] {
            assert!(proxies.trusts(yes.parse().unwrap()), "{yes}");
        }
        for no in ["10.2.0.1", "192.0.2.8", "2001:db9::5", "127.0.0.1", "::1", "::"] {
            assert!(!proxies.trusts(no.parse().unwrap()), "{no}");
        }
    }

    #[test]
    fn what_trusts_everybody_or_nobody_known_is_refused_with_a_remedy() {
        for bad in ["0.0.0.0/0", "::/0", "10.0.0.1/8", "10.0.0.0/33", "proxy.internal", "", "10.0.0.", "*"] {
            let error = proxies(&[bad]).unwrap_err();
            assert!(error.setting == "trusted_proxies" && !error.remedy.is_empty(), "{error}");
        }
        assert!(proxies(&["10.0.0.1/8"]).unwrap_err().remedy.contains("10.0.0.0/8"));
    }
}
