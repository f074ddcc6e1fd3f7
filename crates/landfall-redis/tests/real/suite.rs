//! Every promise of a store, on one server and on a cluster.

use std::sync::Arc;

use landfall::store::SessionStore;
use landfall_redis::RedisStore;
use landfall_redis::redis::Client;
use landfall_testkit::stores::Engine;
use landfall_testkit::{VirtualClock, async_trait};

use crate::kit::{cluster_client, prefix, rules, rules_of_clusters, user};
use crate::server::{Server, shared, shared_cluster};

/// A prefix of its own on a server that all share.
struct Corner {
    server: &'static Server,
    clustered: bool,
    prefix: String,
    /// Who the store is there, with what stands behind it in an address.
    user: String,
}

impl Corner {
    fn new(server: &'static Server, clustered: bool) -> Self {
        Self { server, clustered, prefix: prefix(), user: String::new() }
    }

    /// The same for a user who may do what the README names for keys of this prefix, and nothing else.
    async fn with_least_rights(server: &'static Server, clustered: bool) -> Self {
        let mut this = Self::new(server, clustered);
        let rules = if clustered { rules_of_clusters(&this.prefix) } else { rules(&this.prefix) };
        this.user = user(server, &this.prefix, &rules).await;
        this
    }
}

#[async_trait]
impl Engine for Corner {
    async fn open(&self, clock: VirtualClock) -> Arc<dyn SessionStore> {
        let address = self.server.address().replace("127", &format!("{}127", self.user));
        let store = if self.clustered {
            RedisStore::cluster(cluster_client(&address))
        } else {
            RedisStore::new(Client::open(address).unwrap())
        };
        Arc::new(store.with_clock(Arc::new(clock)).key_prefix(&self.prefix).unwrap())
    }
}

mod one_server {
    use super::{Corner, shared};

    landfall_testkit::store_suite!(async || Corner::new(shared().await, false));
}

mod cluster {
    use super::{Corner, shared_cluster};

    landfall_testkit::store_suite!(async || Corner::new(shared_cluster().await, true));
}

mod one_server_with_the_readmes_rights {
    use super::{Corner, shared};

    landfall_testkit::store_suite!(async || Corner::with_least_rights(shared().await, false).await);
}

mod cluster_with_the_readmes_rights {
    use super::{Corner, shared_cluster};

    landfall_testkit::store_suite!(async || Corner::with_least_rights(shared_cluster().await, true).await);
}
