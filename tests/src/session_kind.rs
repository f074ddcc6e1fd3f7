//! Where sessions live.

/// Where sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// In the cookie.
    Cookie,
    /// In the memory store.
    Memory,
    /// In an SQLite file.
    Sqlite,
    /// In the PostgreSQL that `cargo xtask test` started.
    #[cfg(feature = "real")]
    Postgres,
    /// In the Redis that `cargo xtask test` started.
    #[cfg(feature = "real")]
    Redis,
}

impl SessionKind {
    /// Every one there is: without the feature `real`, those that need no engine.
    pub fn all() -> impl Iterator<Item = Self> {
        let embedded = [Self::Cookie, Self::Memory, Self::Sqlite];
        #[cfg(feature = "real")]
        let engines = [Self::Postgres, Self::Redis];
        #[cfg(not(feature = "real"))]
        let engines = [];
        embedded.into_iter().chain(engines)
    }

    /// Those that are stores.
    pub fn stores() -> impl Iterator<Item = Self> {
        Self::all().filter(|kind| kind.has_store())
    }

    /// Whether tokens are kept, and a session can be ended wherever its cookie is.
    pub fn has_store(self) -> bool {
        self != Self::Cookie
    }
}
