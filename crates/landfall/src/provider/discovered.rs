//! What is known of the provider: its metadata (OpenID Connect Discovery 1.0 §4) and its keys (RFC 7517).
//!
//! Both are fetched when they are first wanted and asked for again when they are an hour old. There are four ways to
//! ask for metadata, by how much a caller can bear:
//!
//! | asked by | may wait | may be old |
//! |---|---|---|
//! | [`Client::metadata_now`]: a login that answers without a future | no | no |
//! | [`Client::metadata_last`]: an answer that must not depend on the provider | no | yes |
//! | [`Client::metadata_known`]: sign-out | if never fetched | yes |
//! | [`Client::metadata`]: everything else | yes | while the provider is down |
//!
//! What a document must hold to be believed is in [`crate::protocol::discovery`] and [`crate::protocol::jwks`].

use std::sync::Arc;
use std::time::Duration;

use super::cached::Need;
use super::client::{Client, retry_later};
use crate::error::{Error, ErrorCode};
use crate::protocol::discovery::{self, ProviderMetadata};
use crate::protocol::jwks::KeySet;

/// How young a key set may be that is not fetched again for a key it does not hold: whoever sends tokens with invented
/// key ids causes one fetch in this time.
const KEY_COOL_DOWN: Duration = Duration::from_secs(30);

impl Client {
    /// The metadata, if they are here and fresh.
    pub(crate) fn metadata_now(&self) -> Option<Arc<ProviderMetadata>> {
        self.metadata.fresh(self.clock.now())
    }

    /// The metadata as they were last known, if they ever were.
    pub(crate) fn metadata_last(&self) -> Option<Arc<ProviderMetadata>> {
        self.metadata.last()
    }

    /// The metadata as they were last known, however old; asked for if they never were.
    ///
    /// # Errors
    /// As [`Self::metadata`].
    pub(crate) async fn metadata_known(&self) -> Result<Arc<ProviderMetadata>, Error> {
        match self.metadata.last() {
            Some(known) => Ok(known),
            None => self.metadata().await,
        }
    }

    /// The metadata; while the provider is down, what was last known of it.
    ///
    /// # Errors
    /// Where they were never had: [`ErrorCode::ProviderUnreachable`], [`ErrorCode::ProviderTimeout`],
    /// [`ErrorCode::MetadataInvalid`].
    pub(crate) async fn metadata(&self) -> Result<Arc<ProviderMetadata>, Error> {
        let fetch = async || {
            let request = discovery::request(&self.issuer)?;
            let response = self.send(request, ErrorCode::ProviderUnreachable).await?;
            retry_later(&response)?;
            discovery::response(&self.issuer, &response)
        };
        self.metadata.get(&*self.clock, &Need::Fresh, fetch).await
    }

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

    /// How long to wait before the provider is tried again, in whole seconds, at least one: for `Retry-After`.
    pub(crate) fn retry_after(&self) -> u64 {
        let now = self.clock.now();
        self.metadata.wait(now).max(self.keys.wait(now)).as_secs().max(1)
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
