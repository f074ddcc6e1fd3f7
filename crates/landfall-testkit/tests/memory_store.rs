//! The memory store keeps its promises.

use std::sync::{Arc, OnceLock};

use landfall::MemoryStore;
use landfall::store::SessionStore;
use landfall_testkit::stores::Engine;
use landfall_testkit::{VirtualClock, async_trait};

#[derive(Default)]
struct Memory(OnceLock<MemoryStore>);

#[async_trait]
impl Engine for Memory {
    async fn open(&self, clock: VirtualClock) -> Arc<dyn SessionStore> {
        Arc::new(self.0.get_or_init(|| MemoryStore::new().with_clock(Arc::new(clock))).clone())
    }

    async fn count(&self) -> Option<usize> {
        self.0.get().map(MemoryStore::len)
    }
}

landfall_testkit::store_suite!(async || Memory::default());
