//! [`opener`]: opens a store by its address, as `LANDFALL_STORE` names one.

use std::sync::Arc;

use landfall::Clock;
use landfall::store::{SessionStore, StoreError, StoreOpener};
use redis::cluster::ClusterClient;
use redis::{Client, ProtocolVersion};

use crate::connection::DEADLINE;
use crate::store::RedisStore;

/// Opens stores by addresses in `LANDFALL_STORE`:
///
/// - `redis://[user:password@]host[:port][/database]`
/// - `rediss://…`, one server over TLS, with the feature `tls`
/// - `redis+cluster://[user:password@]host[:port],host[:port]…`, some nodes of a cluster
/// - `rediss+cluster://…`, a cluster over TLS, with the feature `tls`
///
/// ```
/// use landfall::RelyingParty;
///
/// let builder = RelyingParty::builder("https://acme.example").store_opener(landfall_redis::opener());
/// # let _ = builder;
/// ```
pub fn opener() -> Opener {
    Opener(())
}

/// What [`opener`] makes: it opens stores in Redis by their addresses.
#[derive(Clone, Copy, Debug)]
pub struct Opener(());

impl StoreOpener for Opener {
    fn schemes(&self) -> &'static [&'static str] {
        &["redis", "rediss", "redis+cluster", "rediss+cluster"]
    }

    fn open(&self, address: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SessionStore>, StoreError> {
        let Some((scheme, rest)) = address.split_once("://") else { return Err(malformed("redis")) };
        if scheme.starts_with("rediss") {
            tls()?;
        }
        let store = match scheme.strip_suffix("+cluster") {
            None => RedisStore::new(Client::open(address).map_err(|_| malformed(scheme))?),
            Some(plain) => RedisStore::cluster(cluster(plain, rest).ok_or_else(|| malformed(scheme))?),
        };
        Ok(Arc::new(store.with_clock(clock)))
    }
}

fn cluster(scheme: &str, rest: &str) -> Option<ClusterClient> {
    let (user, hosts) = rest.rsplit_once('@').map_or(("", rest), |(user, hosts)| (user, hosts));
    let at = if user.is_empty() { "" } else { "@" };
    let hosts = hosts.strip_suffix('/').unwrap_or(hosts);
    if hosts.contains(['/', '?', '#']) {
        return None;
    }
    ClusterClient::builder(hosts.split(',').map(|host| format!("{scheme}://{user}{at}{host}")))
        .use_protocol(ProtocolVersion::RESP3)
        .connection_timeout(DEADLINE)
        .response_timeout(DEADLINE)
        .retries(3)
        .min_retry_wait(10)
        .max_retry_wait(200)
        .build()
        .ok()
}

#[cfg(not(feature = "tls"))]
fn tls() -> Result<(), StoreError> {
    Err(StoreError::new("rediss:// needs the feature `tls` of landfall-redis"))
}

/// The client takes the process's TLS provider, and panics where several are compiled in and none was chosen.
#[cfg(feature = "tls")]
#[allow(clippy::unnecessary_wraps, reason = "without the feature it is an error")]
fn tls() -> Result<(), StoreError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails when somebody else was faster, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    Ok(())
}

/// Names the form alone: the address may hold a password.
fn malformed(scheme: &str) -> StoreError {
    StoreError::new(match scheme {
        "redis+cluster" | "rediss+cluster" => {
            "the store's address does not read redis+cluster://[user:password@]host[:port],host[:port]"
        }
        _ => "the store's address does not read redis://[user:password@]host[:port][/database]",
    })
}

#[cfg(test)]
mod tests {
    use landfall::SystemClock;

    use super::*;

    fn open(address: &str) -> Result<Arc<dyn SessionStore>, StoreError> {
        opener().open(address, Arc::new(SystemClock))
    }

    #[test]
    fn addresses_of_one_server_and_of_a_cluster_open_without_a_runtime() {
        for address in [
            "redis://127.0.0.1",
            "redis://127.0.0.1:6380/2",
            "redis://:p%40ss@[::1]:6380/2?protocol=resp3",
            "redis+cluster://10.0.0.1",
            "redis+cluster://user:p%40ss@10.0.0.1:7000,10.0.0.2:7001/",
        ] {
            assert!(open(address).is_ok(), "{address}");
        }
    }

    #[test]
    fn a_malformed_address_is_an_error_that_does_not_repeat_it() {
        for address in [
            "redis:",
            "redis://",
            "redis://:hunter2@",
            "redis://:hunter2@host:port",
            "redis://:hunter2@host/database",
            "redis://:hunter2@host/1?protocol=hunter2",
            "redis+cluster://",
            "redis+cluster://:hunter2@",
            "redis+cluster://:hunter2@host:port,host",
            "redis+cluster://:hunter2@host,,host",
            "redis+cluster://:hunter2@host/1",
            "redis+cluster+cluster://:hunter2@host",
            "http://:hunter2@host",
        ] {
            let error = open(address).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{address}");
        }
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn without_the_feature_an_address_over_tls_names_it() {
        for address in ["rediss://host", "rediss+cluster://host"] {
            assert!(open(address).unwrap_err().to_string().contains("`tls`"));
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn addresses_over_tls_open() {
        for address in ["rediss://host", "rediss+cluster://host,host2:7001"] {
            assert!(open(address).is_ok(), "{address}");
        }
    }
}
