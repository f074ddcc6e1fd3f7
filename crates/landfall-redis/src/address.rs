//! A store by its address.

use std::sync::Arc;

use landfall::{Clock, SessionStore, StoreError, StoreOpener};
use redis::cluster::ClusterClient;
use redis::{Client, ProtocolVersion};

use crate::connection::DEADLINE;
use crate::store::RedisStore;

/// Opens stores by addresses in `LANDFALL_STORE`:
///
/// - `redis://[user:password@]host[:port][/database]`
/// - `rediss://…`, the same over TLS, with the feature `tls`
/// - `redis+cluster://[user:password@]host[:port],host[:port]…`, some nodes of a cluster
/// - `rediss+cluster://…`, the same over TLS
pub fn opener() -> Opener {
    Opener(())
}

/// See [`opener`].
#[derive(Clone, Copy, Debug)]
pub struct Opener(());

impl StoreOpener for Opener {
    fn schemes(&self) -> &'static [&'static str] {
        &["redis", "rediss", "redis+cluster", "rediss+cluster"]
    }

    fn open(&self, address: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SessionStore>, StoreError> {
        let Some((scheme, rest)) = address.split_once("://") else { return Err(malformed("redis")) };
        if scheme.starts_with("rediss") && !cfg!(feature = "tls") {
            return Err(StoreError::new("rediss:// needs the feature `tls` of landfall-redis"));
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

/// Names the form alone: the address may hold a password.
fn malformed(scheme: &str) -> StoreError {
    StoreError::new(match scheme {
        "redis+cluster" | "rediss+cluster" => {
            "the store's address does not read redis+cluster://[user:password@]host[:port],host[:port]"
        }
        _ => "the store's address does not read redis://[user:password@]host[:port][/database]",
    })
}
