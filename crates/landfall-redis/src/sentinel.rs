//! The Redis that Sentinels call the primary, asked for at each connection.
//!
//! A relying party judges the hosts that an address names, and Sentinels name others. Behind Sentinels on this machine that
//! are reached without TLS, the primary may be anywhere, and would be reached without TLS as well: so it is looked at
//! before it is told a password, and one beyond this machine is refused unless `danger` allows it. Behind Sentinels elsewhere
//! there is TLS, or `danger` was asked already.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::sentinel::SentinelClient;
use redis::{Client, ConnectionAddr, RedisError};

use crate::way::{is_here, one_config, plain_host};

/// Sentinels, and what is known of the way to whom they name. Clones share it.
#[derive(Clone)]
pub(crate) struct Sentinels {
    client: Arc<tokio::sync::Mutex<SentinelClient>>,
    /// Their own hosts, as far as they are known to be reached without TLS.
    plain_hosts: Vec<String>,
    way: Way,
}

/// What is known of the way to a primary.
#[derive(Clone)]
enum Way {
    /// As the application's own client has it.
    Theirs,
    /// Over TLS, whoever is named.
    Secure,
    /// Without TLS, and so on this machine alone: to the primary of this name.
    Here { name: Arc<str>, allowed: Arc<AtomicBool> },
    /// Without TLS, as the relying party was allowed to.
    Plain,
}

impl Sentinels {
    /// Those that a client of the application's own leads to: nobody else knows how.
    pub(crate) fn of_the_application(client: SentinelClient) -> Self {
        Self { client: Arc::new(tokio::sync::Mutex::new(client)), plain_hosts: Vec::new(), way: Way::Theirs }
    }

    /// Those of an address, which call the primary so.
    pub(crate) fn by_address(client: SentinelClient, name: &str, plain_hosts: Vec<String>) -> Self {
        let way = if plain_hosts.is_empty() {
            Way::Secure
        } else if plain_hosts.iter().all(|host| is_here(host)) {
            Way::Here { name: name.into(), allowed: Arc::default() }
        } else {
            Way::Plain
        };
        Self { plain_hosts, way, ..Self::of_the_application(client) }
    }

    /// Their own hosts that are known to be reached without TLS.
    pub(crate) fn plain_hosts(&self) -> &[String] {
        &self.plain_hosts
    }

    /// A primary beyond this machine may be reached without TLS, too.
    pub(crate) fn allow_plain(&self) {
        if let Way::Here { allowed, .. } = &self.way {
            allowed.store(true, Ordering::Relaxed);
        }
    }

    /// A client for the primary, which said by `ROLE` that it is one.
    ///
    /// # Errors
    /// When there is none, or it would be reached without TLS where that is not allowed.
    pub(crate) async fn primary(&self) -> Result<Client, RedisError> {
        let mut client = self.client.lock().await;
        if let Way::Here { name, allowed } = &self.way
            && !allowed.load(Ordering::Relaxed)
        {
            // The client tells whoever is named the password, to ask for its role.
            let sentinel = client.async_get_sentinel_client().await?;
            let mut sentinel = sentinel.get_multiplexed_async_connection_with_config(&one_config()).await?;
            let mut question = redis::cmd("SENTINEL");
            question.arg("GET-MASTER-ADDR-BY-NAME").arg(&**name);
            let named: Option<(String, u16)> = question.query_async(&mut sentinel).await?;
            if let Some((host, port)) = named {
                self.judge(&ConnectionAddr::Tcp(host, port))?;
            }
        }
        let primary = client.async_get_client().await?;
        self.judge(primary.get_connection_info().addr())?;
        Ok(primary)
    }

    /// Whether this may be the primary's address.
    ///
    /// # Errors
    /// With what to do about it.
    fn judge(&self, address: &ConnectionAddr) -> Result<(), RedisError> {
        let Some(host) = plain_host(address) else { return Ok(()) };
        let (is_fit, why) = match &self.way {
            Way::Theirs | Way::Plain => return Ok(()),
            Way::Secure => (false, "without TLS"),
            Way::Here { allowed, .. } => (
                allowed.load(Ordering::Relaxed) || is_here(&host),
                "beyond this machine, and it would be reached without TLS: name them by rediss+sentinel://, or allow it by \
                 danger::allow_plain_store",
            ),
        };
        if is_fit { Ok(()) } else { Err(io::Error::other(format!("Sentinels name {host}, {why}")).into()) }
    }
}

#[cfg(test)]
mod tests {
    use redis::sentinel::{SentinelClientBuilder, SentinelServerType};

    use super::*;

    fn sentinels(hosts: &[&str]) -> Sentinels {
        let address = [ConnectionAddr::Tcp("127.0.0.1".to_owned(), 26379)];
        let client = SentinelClientBuilder::new(address, "main", SentinelServerType::Master).unwrap();
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        Sentinels::by_address(client.build().unwrap(), "main", hosts)
    }

    fn plain(host: &str) -> ConnectionAddr {
        ConnectionAddr::Tcp(host.to_owned(), 6379)
    }

    #[test]
    fn behind_sentinels_over_tls_nobody_is_reached_without() {
        for host in ["127.0.0.1", "10.0.0.1"] {
            let sentinels = sentinels(&[]);
            assert!(sentinels.judge(&plain(host)).is_err(), "{host}");
            sentinels.allow_plain();
            assert!(sentinels.judge(&plain(host)).is_err(), "{host}");
            let secure =
                |insecure| ConnectionAddr::TcpTls { host: host.into(), port: 1, insecure, tls_params: None };
            assert!(
                sentinels.judge(&secure(false)).is_ok() && sentinels.judge(&secure(true)).is_err(),
                "{host}"
            );
        }
    }

    #[test]
    fn behind_sentinels_of_this_machine_without_tls_is_nobody_beyond_it_unless_it_is_allowed() {
        let sentinels = sentinels(&["127.0.0.1:26379", "[::1]:26379", "localhost:26380"]);
        for here in ["127.0.0.1", "::1", "localhost", "127.8.8.8"] {
            assert!(sentinels.judge(&plain(here)).is_ok(), "{here}");
        }
        for elsewhere in ["10.0.0.1", "fd00::7", "cache.internal", "localhost.example", "0.0.0.0"] {
            let error = sentinels.judge(&plain(elsewhere)).unwrap_err().to_string();
            assert!(error.contains(elsewhere) && error.contains("danger::allow_plain_store"), "{error}");
        }
        sentinels.clone().allow_plain();
        assert!(sentinels.judge(&plain("10.0.0.1")).is_ok());
    }

    #[test]
    fn behind_sentinels_elsewhere_without_tls_danger_was_asked_when_the_relying_party_was_built() {
        assert!(sentinels(&["127.0.0.1:26379", "10.0.0.1:26379"]).judge(&plain("10.0.0.2")).is_ok());
    }
}
