//! Every promise of a store, on one server and on a cluster.

use std::sync::Arc;

use landfall::store::SessionStore;
use landfall_redis::RedisStore;
use landfall_testkit::stores::Engine;
use landfall_testkit::{VirtualClock, async_trait};

use crate::kit::{cluster_client, prefix};
use crate::server::{Server, shared, shared_cluster};

/// A prefix of its own on a server that all share.
struct Corner {
    server: &'static Server,
    clustered: bool,
    prefix: String,
}

#[async_trait]
impl Engine for Corner {
    async fn open(&self, clock: VirtualClock) -> Arc<dyn SessionStore> {
        let store = if self.clustered {
            RedisStore::cluster(cluster_client(&self.server.address()))
        } else {
            RedisStore::new(self.server.client())
        };
        Arc::new(store.with_clock(Arc::new(clock)).key_prefix(&self.prefix).unwrap())
    }
}

mod one_server {
    use super::{Corner, prefix, shared};

    landfall_testkit::store_suite!(async || Corner {
        server: shared().await,
        clustered: false,
        prefix: prefix()
    });
}

mod cluster {
    use super::{Corner, prefix, shared_cluster};

    landfall_testkit::store_suite!(async || Corner {
        server: shared_cluster().await,
        clustered: true,
        prefix: prefix()
    });
}
