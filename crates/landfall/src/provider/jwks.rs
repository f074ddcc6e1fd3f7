//! The provider's key set (RFC 7517): fetched when a token is first to be verified, asked for again when it is an hour old,
//! and, with patience, when a token names a key that is not in it.
//!
//! What a set must hold, and which key fits a token, is in [`crate::protocol::jwks`].

use std::sync::Arc;
use std::time::Duration;

use super::cached::Need;
use super::client::{Client, retry_later};
use crate::error::{Error, ErrorCode};
use crate::protocol::discovery::ProviderMetadata;
use crate::protocol::jwks::KeySet;

/// How young a key set may be that is not fetched again for a key it does not hold: whoever sends tokens with invented
/// key ids causes one fetch in this time.
const KEY_COOL_DOWN: Duration = Duration::from_secs(30);

impl Client {
    /// The keys, fetched if there are none yet or they are old.
    ///
    /// # Errors
    /// Where they were never had: [`ErrorCode::ProviderUnreachable`], [`ErrorCode::ProviderTimeout`],
    /// [`ErrorCode::KeysInvalid`].
    pub(crate) async fn keys(&self, metadata: &ProviderMetadata) -> Result<Arc<KeySet>, Error> {
        self.keys.get(&*self.clock, &Need::Fresh, async || self.fetch_keys(metadata).await).await
    }

    /// The keys after a token named one that is not among `known`. They are asked for at most once per cool-down,
    /// whoever sends tokens with whatever key ids; else `known` comes back. That is how a provider's rotation of keys
    /// is noticed within the hour.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub(crate) async fn keys_beyond(
        &self,
        metadata: &ProviderMetadata,
        known: &Arc<KeySet>,
    ) -> Result<Arc<KeySet>, Error> {
        let need = Need::Other { than: known, after: KEY_COOL_DOWN };
        self.keys.get(&*self.clock, &need, async || self.fetch_keys(metadata).await).await
    }

    /// Fetches the key set. It is refused where it would take away the last usable key.
    async fn fetch_keys(&self, metadata: &ProviderMetadata) -> Result<KeySet, Error> {
        let request = crate::protocol::get(metadata.jwks_uri.as_str())?;
        let response = self.send(request, ErrorCode::ProviderUnreachable).await?;
        retry_later(&response)?;
        crate::protocol::expect_json(&response)
            .map_err(|detail| Error::new(ErrorCode::KeysInvalid).detail(detail))?;
        let keys = KeySet::parse(response.body())?;
        // A set of which nothing can be used does not take the place of one that could.
        if keys.is_empty() && self.keys.last().is_some_and(|known| !known.is_empty()) {
            return Err(Error::new(ErrorCode::KeysInvalid).detail("no key in it can be used"));
        }
        Ok(keys)
    }
}
