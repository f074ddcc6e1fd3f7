//! The promises of a session store.

use std::sync::Arc;

use landfall::store::SessionStore;
use landfall_sqlx::PostgresStore;
use landfall_testkit::stores::Engine;
use landfall_testkit::{VirtualClock, async_trait};

use crate::server::{Database, shared};

struct Postgres(Database);

#[async_trait]
impl Engine for Postgres {
    async fn open(&self, clock: VirtualClock) -> Arc<dyn SessionStore> {
        Arc::new(PostgresStore::new(self.0.pool()).migrating().with_clock(Arc::new(clock)))
    }
}

landfall_testkit::store_suite!(async || Postgres(shared().await.database().await));
