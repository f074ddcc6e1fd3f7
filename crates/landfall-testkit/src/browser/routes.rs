//! Which origin leads to which target.

use std::net::SocketAddr;
use std::sync::Mutex;

use url::Url;

use super::address::parse;
use super::error::BrowserError;
use super::target::Target;
use crate::lock::lock;

/// Where origins lead: a browser's, and a provider's for what it sends.
#[derive(Debug, Default)]
pub(crate) struct Routes(Mutex<Vec<(url::Origin, Target)>>);

impl Routes {
    pub(crate) fn add(&self, origin: &str, target: Target) -> Result<(), BrowserError> {
        let origin = parse(origin)?.origin();
        let mut routes = lock(&self.0);
        routes.retain(|(known, _)| *known != origin);
        routes.push((origin, target));
        Ok(())
    }

    pub(crate) fn find(&self, url: &Url) -> Result<Target, BrowserError> {
        let origin = url.origin();
        let routes = lock(&self.0);
        let routed = routes.iter().find(|(known, _)| *known == origin).map(|(_, target)| target.clone());
        routed.or_else(|| loopback(url)).ok_or_else(|| BrowserError::NotRouted(origin.ascii_serialization()))
    }
}

/// Where a loopback origin without a route is found.
fn loopback(url: &Url) -> Option<Target> {
    if url.scheme() != "http" {
        return None;
    }
    let host = url.host_str()?;
    let ip = if host == "localhost" { "127.0.0.1" } else { host.trim_matches(['[', ']']) };
    let ip: std::net::IpAddr = ip.parse().ok()?;
    ip.is_loopback().then(|| Target::Http1(SocketAddr::new(ip, url.port_or_known_default().unwrap_or(80))))
}
