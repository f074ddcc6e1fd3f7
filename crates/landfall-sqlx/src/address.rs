//! A store by its address.

use std::sync::Arc;

use landfall::{Clock, SessionStore, StoreError, StoreOpener};

/// Opens stores by addresses in `LANDFALL_STORE`:
///
/// - `postgres://user[:password]@host[:port]/database` or `postgresql://…`, with the feature `postgres`
/// - `sqlite:path` or `sqlite://path`, with the feature `sqlite`; `sqlite::memory:` for one that a restart empties
///
/// ```
/// use landfall::RelyingParty;
///
/// let builder = RelyingParty::builder("https://acme.example").store_opener(landfall_sqlx::opener().migrating());
/// ```
pub fn opener() -> Opener {
    Opener { migrating: false }
}

/// See [`opener`].
#[derive(Clone, Copy, Debug)]
pub struct Opener {
    migrating: bool,
}

impl Opener {
    /// Makes the stores apply their migrations when they are first used.
    pub fn migrating(mut self) -> Self {
        self.migrating = true;
        self
    }
}

impl StoreOpener for Opener {
    fn schemes(&self) -> &'static [&'static str] {
        &["sqlite", "postgres", "postgresql"]
    }

    fn open(&self, address: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SessionStore>, StoreError> {
        if address.starts_with("sqlite:") {
            self.sqlite(address, clock)
        } else {
            self.postgres(address, clock)
        }
    }
}

impl Opener {
    #[cfg(feature = "sqlite")]
    fn sqlite(self, address: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SessionStore>, StoreError> {
        use crate::SqliteStore;

        let store = if matches!(address, "sqlite::memory:" | "sqlite://:memory:") {
            SqliteStore::in_memory()
        } else {
            let options: sqlx::sqlite::SqliteConnectOptions = address
                .parse()
                .map_err(|_| StoreError::new("the store's address does not read sqlite:path"))?;
            if options.get_filename().as_os_str().is_empty() {
                return Err(StoreError::new("the store's address does not read sqlite:path"));
            }
            SqliteStore::open_with(options)
        };
        let store = if self.migrating { store.migrating() } else { store };
        Ok(Arc::new(store.with_clock(clock)))
    }

    #[cfg(not(feature = "sqlite"))]
    fn sqlite(self, _: &str, _: Arc<dyn Clock>) -> Result<Arc<dyn SessionStore>, StoreError> {
        Err(StoreError::new("sqlite: needs the feature `sqlite` of landfall-sqlx"))
    }

    #[cfg(feature = "postgres")]
    fn postgres(self, address: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SessionStore>, StoreError> {
        let store = crate::PostgresStore::open(address)?;
        let store = if self.migrating { store.migrating() } else { store };
        Ok(Arc::new(store.with_clock(clock)))
    }

    #[cfg(not(feature = "postgres"))]
    fn postgres(self, _: &str, _: Arc<dyn Clock>) -> Result<Arc<dyn SessionStore>, StoreError> {
        Err(StoreError::new("postgres: needs the feature `postgres` of landfall-sqlx"))
    }
}
