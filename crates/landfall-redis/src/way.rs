//! The way to one server: how long it may take, and who could listen there.

use std::net::IpAddr;
use std::time::Duration;

use redis::{AsyncConnectionConfig, ConnectionAddr};

/// How long a connection may take, and how long an answer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);

/// Whoever asks has a deadline of their own: one timer for each answer is enough.
pub(crate) fn one_config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(DEADLINE)).set_response_timeout(None)
}

/// Host and port, if what is sent there could be read or answered by others on the way.
pub(crate) fn plain_host(address: &ConnectionAddr) -> Option<String> {
    match address {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, insecure: true, .. } => {
            Some(if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
        }
        _ => None,
    }
}

/// Whether a host, with its port, is on this machine.
pub(crate) fn is_here(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback())
}
