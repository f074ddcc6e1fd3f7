//! [`opener`]: opens a store by its address, as `LANDFALL_STORE` names one.

use std::sync::Arc;

use landfall::Clock;
use landfall::store::{SessionStore, StoreError, StoreOpener};

/// Opens stores by addresses in `LANDFALL_STORE`:
///
/// - `postgres://user[:password]@host[:port]/database` or `postgresql://…`, with the feature `postgres`
/// - `sqlite:path`, `sqlite://path` or `sqlite:file:path`, with the feature `sqlite`, whose file is made at once if it
///   is not there, unless `?mode=rw` says otherwise; `sqlite::memory:` for one that a restart empties
///
/// ```
/// use landfall::RelyingParty;
///
/// let builder = RelyingParty::builder("https://acme.example").store_opener(landfall_sqlx::opener().migrating());
/// ```
pub fn opener() -> Opener {
    Opener { migrating: false }
}

/// What [`opener`] makes: it opens stores in PostgreSQL and SQLite by their addresses.
#[derive(Clone, Copy, Debug)]
pub struct Opener {
    migrating: bool,
}

impl Opener {
    /// Makes the stores create or update their tables when they are first used.
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
            sqlite(address, clock, self.migrating)
        } else {
            postgres(address, clock, self.migrating)
        }
    }
}

#[cfg(feature = "sqlite")]
fn sqlite(
    address: &str,
    clock: Arc<dyn Clock>,
    migrating: bool,
) -> Result<Arc<dyn SessionStore>, StoreError> {
    use crate::SqliteStore;

    let store = SqliteStore::open(address).made()?;
    let store = if migrating { store.migrating() } else { store };
    Ok(Arc::new(store.with_clock(clock)))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str, _: Arc<dyn Clock>, _: bool) -> Result<Arc<dyn SessionStore>, StoreError> {
    Err(StoreError::new("sqlite: needs the feature `sqlite` of landfall-sqlx"))
}

#[cfg(feature = "postgres")]
fn postgres(
    address: &str,
    clock: Arc<dyn Clock>,
    migrating: bool,
) -> Result<Arc<dyn SessionStore>, StoreError> {
    let store = crate::PostgresStore::open(address)?;
    let store = if migrating { store.migrating() } else { store };
    Ok(Arc::new(store.with_clock(clock)))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str, _: Arc<dyn Clock>, _: bool) -> Result<Arc<dyn SessionStore>, StoreError> {
    Err(StoreError::new("postgres: needs the feature `postgres` of landfall-sqlx"))
}

#[cfg(test)]
mod tests {
    use landfall::SystemClock;

    use super::*;

    fn open(address: &str) -> Result<Arc<dyn SessionStore>, StoreError> {
        opener().open(address, Arc::new(SystemClock))
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn addresses_of_postgresql_open_without_a_runtime() {
        for address in ["postgres://host/shop", "postgresql://shop:p%40ss@[::1]:5433/shop?sslmode=disable"] {
            assert!(open(address).is_ok(), "{address}");
        }
    }

    #[test]
    fn a_malformed_address_is_an_error_that_does_not_repeat_it() {
        for address in [
            "postgres://shop:hunter2@host:port/shop",
            "postgres://shop:hunter2@host/shop?sslmode=hunter2",
            "postgres:hunter2",
            "sqlite:",
            "sqlite://",
            "sqlite:sessions.db?mode=hunter2",
            "sqlite:sessions.db?mode=ro",
            "sqlite:sessions.db?key=hunter2",
            "sqlite:file://hunter2/sessions.db",
            "sqlite:file%3Ahunter2%3Fmode=memory",
            "sqlite:%3Amemory%3A",
        ] {
            let error = open(address).expect_err(address);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{address}");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_store_beyond_loopback_without_tls_is_refused_unless_danger_says_so() {
        use landfall::{CookieKey, RelyingParty, danger};

        let builder = |address: &str| {
            RelyingParty::builder("https://acme.example")
                .client("client", "secret")
                .base_url("https://app.example.com")
                .cookie_keys([CookieKey::generate().unwrap()])
                .store_opener(opener())
                .store_address(address.to_owned())
        };
        for address in [
            "postgres://shop:hunter2@db.internal/shop",
            "postgres://shop:hunter2@10.0.0.7:6432/shop?sslmode=prefer",
            "postgres://shop:hunter2@10.0.0.7:6432/shop?sslmode=allow",
            "postgres://shop:hunter2@127.0.0.1,10.0.0.7:6432/shop?sslmode=disable",
            "postgres://shop:hunter2@127.0.0.1/shop?listen=10.0.0.7:5432",
        ] {
            let refused = builder(address).build().unwrap_err();
            let said = format!("{refused} {refused:?}");
            assert!(said.contains("danger::allow_plain_store") && !said.contains("hunter2"), "{said}");
            assert!(said.contains("db.internal:5432") || said.contains("10.0.0.7:"), "{said}");
            assert!(danger::allow_plain_store(builder(address)).build().is_ok(), "{address}");
        }
        for address in [
            "postgres://shop@127.0.0.1/shop",
            "postgres://shop@localhost,[::1]:5433/shop?sslmode=disable",
            "postgres:///shop?host=/var/run/postgresql",
            #[cfg(feature = "tls")]
            "postgres://shop@db.internal/shop?sslmode=verify-full",
        ] {
            assert!(builder(address).build().is_ok(), "{address}");
        }
        let pool = |mode| {
            let options = sqlx::postgres::PgConnectOptions::new_without_pgpass().host("10.0.0.7").port(5432);
            sqlx::postgres::PgPoolOptions::new()
                .idle_timeout(None)
                .max_lifetime(None)
                .connect_lazy_with(options.ssl_mode(mode))
        };
        let with = |mode| crate::PostgresStore::new(pool(mode)).plain_hosts();
        assert_eq!(with(sqlx::postgres::PgSslMode::Prefer), ["10.0.0.7:5432"]);
        assert!(with(sqlx::postgres::PgSslMode::VerifyFull).is_empty());
    }

    #[cfg(all(feature = "postgres", not(feature = "tls")))]
    #[test]
    fn without_the_feature_an_address_that_asks_for_tls_names_it() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let error = open(&format!("postgres://host/shop?sslmode={mode}")).unwrap_err();
            assert!(error.to_string().contains("`tls`"), "{error}");
        }
    }

    #[cfg(not(feature = "sqlite"))]
    #[test]
    fn without_the_feature_an_address_of_sqlite_names_it() {
        assert!(open("sqlite:sessions.db").unwrap_err().to_string().contains("`sqlite`"));
    }

    #[cfg(not(feature = "postgres"))]
    #[test]
    fn without_the_feature_an_address_of_postgresql_names_it() {
        assert!(open("postgres://host/shop").unwrap_err().to_string().contains("`postgres`"));
    }
}
