//! What the provider may end sessions by.

use std::time::Duration;

use super::RelyingPartyBuilder;
use crate::error::ConfigError;

impl RelyingPartyBuilder {
    /// The path of the back-channel logout. Default: `/auth/backchannel-logout`, where there is a store. Register
    /// the base URL and this at the provider as `backchannel_logout_uri`.
    ///
    /// Without a store no session can be ended from the server's side: the path is then the application's own, and
    /// naming one is an error.
    ///
    /// ```
    /// use landfall::{MemoryStore, RelyingParty};
    ///
    /// let builder = RelyingParty::builder("https://acme.example")
    ///     .store(MemoryStore::new())
    ///     .backchannel_logout_path("/hooks/signed-out");
    /// # let _ = builder;
    /// ```
    pub fn backchannel_logout_path(mut self, path: impl Into<String>) -> Self {
        self.paths.backchannel_logout = Some(path.into());
        self
    }

    /// How long the body of one of our own endpoints may take to come. For tests; 10 s is enough for everybody.
    #[doc(hidden)]
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }

    /// Mounts what the store allows.
    pub(super) fn check_endings(&mut self) -> Result<(), ConfigError> {
        if self.store.is_some() {
            self.paths.backchannel_logout.get_or_insert_with(|| "/auth/backchannel-logout".to_owned());
        } else if self.paths.backchannel_logout.is_some() {
            return Err(without_store("backchannel_logout_path"));
        }
        Ok(())
    }
}

fn without_store(setting: &str) -> ConfigError {
    ConfigError::new(
        setting,
        "without a store no session can be ended from outside: each lives in its own cookie",
        "give the builder a store, or leave the setting out",
    )
}
