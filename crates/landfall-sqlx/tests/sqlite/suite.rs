//! The stores that need no server keep their promises.

mod sqlite_file {
    use std::sync::Arc;

    use landfall::store::SessionStore;
    use landfall_sqlx::SqliteStore;
    use landfall_testkit::stores::Engine;
    use landfall_testkit::{VirtualClock, async_trait};
    use tempfile::TempDir;

    struct File(TempDir);

    impl File {
        fn store(&self) -> SqliteStore {
            SqliteStore::open(self.0.path().join("sessions.db")).migrating()
        }
    }

    #[async_trait]
    impl Engine for File {
        async fn open(&self, clock: VirtualClock) -> Arc<dyn SessionStore> {
            Arc::new(self.store().with_clock(Arc::new(clock)))
        }

        fn watches(&self) -> bool {
            false
        }
    }

    landfall_testkit::store_suite!(async || File(TempDir::new().unwrap()));
}

mod sqlite_memory {
    use std::sync::{Arc, OnceLock};

    use landfall::store::SessionStore;
    use landfall_sqlx::SqliteStore;
    use landfall_testkit::stores::Engine;
    use landfall_testkit::{VirtualClock, async_trait};

    #[derive(Default)]
    struct Memory(OnceLock<SqliteStore>);

    #[async_trait]
    impl Engine for Memory {
        async fn open(&self, clock: VirtualClock) -> Arc<dyn SessionStore> {
            let make = || SqliteStore::in_memory().migrating().with_clock(Arc::new(clock));
            Arc::new(self.0.get_or_init(make).clone())
        }
    }

    landfall_testkit::store_suite!(async || Memory::default());
}
