//! The provider's metadata (OpenID Connect Discovery 1.0 §4): fetched when they are first wanted, and asked for again when
//! they are an hour old.
//!
//! There are four ways to ask for them, by how much a caller can bear:
//!
//! | asked by | may wait | may be old |
//! |---|---|---|
//! | [`Client::metadata_now`]: a login that answers without a future | no | no |
//! | [`Client::metadata_last`]: an answer that must not depend on the provider | no | a day |
//! | [`Client::metadata_known`]: sign-out | if there are none of the last day | a day |
//! | [`Client::metadata`]: everything else | yes | a day, while the provider is down |
//!
//! Nobody is given metadata that were fetched more than a day ago: see [`super::cached`].
//!
//! What a document must hold to be believed is in [`crate::protocol::discovery`].

use std::sync::Arc;

use super::cached::Need;
use super::client::{Client, retry_later};
use crate::error::{Error, ErrorCode};
use crate::protocol::discovery::{self, ProviderMetadata};

impl Client {
    /// The metadata, if they are here and fresh.
    pub(crate) fn metadata_now(&self) -> Option<Arc<ProviderMetadata>> {
        self.metadata.fresh(self.clock.now())
    }

    /// The metadata as they were last known, within a day.
    pub(crate) fn metadata_last(&self) -> Option<Arc<ProviderMetadata>> {
        self.metadata.last(self.clock.now())
    }

    /// The metadata as they were last known, within a day; else asked for.
    ///
    /// # Errors
    /// As [`Self::metadata`].
    pub(crate) async fn metadata_known(&self) -> Result<Arc<ProviderMetadata>, Error> {
        match self.metadata_last() {
            Some(known) => Ok(known),
            None => self.metadata().await,
        }
    }

    /// The metadata; while the provider is down, what was last known of it, for a day.
    ///
    /// # Errors
    /// Where they were not had for a day: [`ErrorCode::ProviderUnreachable`], [`ErrorCode::ProviderTimeout`],
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

    /// How long to wait after this error before the provider is tried again, in whole seconds, at least one: for
    /// `Retry-After`.
    pub(crate) fn retry_after(&self, code: ErrorCode) -> u64 {
        let now = self.clock.now();
        let wait = match code {
            ErrorCode::KeyLookupsSpent => self.key_lookups.wait(now),
            _ => self.metadata.wait(now).max(self.keys.wait(now)),
        };
        wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).max(1)
    }
}
