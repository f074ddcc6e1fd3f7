//! Where sessions are kept, and for how long.

use std::sync::Arc;
use std::time::Duration;

use super::RelyingPartyBuilder;
use crate::crypto::seal::CookieKey;
use crate::crypto::secret::Secret;
use crate::session::{SessionStore, StoreOpener};

impl RelyingPartyBuilder {
    /// The keys that seal cookies and records: the first seals, all open. Several instances need the same keys.
    ///
    /// To rotate: add the new key at the end on every instance, so that all can open what it seals; then move it
    /// to the front; and take the old one away once its sessions have expired. One instance alone can put it in
    /// front at once.
    pub fn cookie_keys(mut self, keys: impl IntoIterator<Item = CookieKey>) -> Self {
        self.cookie_keys = keys.into_iter().collect();
        self
    }

    /// Keeps sessions, and with them the tokens, in a store. Without one, a session is the identity alone,
    /// sealed into its cookie.
    pub fn store(mut self, store: impl SessionStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Lets `LANDFALL_STORE` name a store of this kind: `landfall_redis::opener()`, `landfall_sqlx::opener()`.
    /// Several may be given.
    pub fn store_opener(mut self, opener: impl StoreOpener) -> Self {
        self.store_openers.push(Arc::new(opener));
        self
    }

    /// Opens a store by its address, as `LANDFALL_STORE` does; see [`Self::store_opener`].
    pub fn store_address(mut self, address: impl Into<Secret<String>>) -> Self {
        self.store_address = Some(address.into());
        self
    }

    /// How long a session lasts, whatever happens. Default: 8 hours, with a store 7 days. A ceiling that the
    /// provider sets (`session_expiry`) is kept to.
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.session_lifetime = Some(lifetime);
        self
    }

    /// How long a session lasts without a request. Default: 2 hours, with a store 8.
    pub fn idle_lifetime(mut self, lifetime: Duration) -> Self {
        self.idle_lifetime = Some(lifetime);
        self
    }

    /// How old a near copy of a stored session may be: the longest that a session ended elsewhere can still
    /// be served. Default: 5 s. Zero asks the store at every request.
    pub fn near_cache_staleness(mut self, staleness: Duration) -> Self {
        self.near_cache_staleness = staleness;
        self
    }

    /// How long the store may take to answer before a request gets a 503. Default: 5 s.
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.store_timeout = timeout;
        self
    }

    /// Claims to keep in a sealed cookie beside the standard few. With a store all are kept.
    pub fn keep_claims<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.keep_claims = names.into_iter().map(Into::into).collect();
        self
    }
}
