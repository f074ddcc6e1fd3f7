//! The provider's key set (RFC 7517): fetched when a token is first to be verified, asked for again when it is an hour old,
//! and when a token names a key that is not in it.
//!
//! A provider may make a key a second before it signs with it, so a token of an unknown key is a reason to ask at once,
//! however young the set. Whoever makes up key ids would make us ask as often as they like, so these look-ups, and no
//! other fetch, have a budget ([`super::key_lookups`]), and whoever comes while one is under way shares it.
//!
//! What a set must hold, and which key fits a token, is in [`crate::protocol::jwks`].

use std::sync::Arc;

use super::cached::{FetchMark, Need};
use super::client::{Client, retry_later};
use super::key_lookups::TokenSource;
use crate::error::{Error, ErrorCode};
use crate::protocol::discovery::ProviderMetadata;
use crate::protocol::jwks::KeySet;

impl Client {
    /// The keys, fetched if there are none yet or they are old.
    ///
    /// # Errors
    /// Where they were not had for a day: [`ErrorCode::ProviderUnreachable`], [`ErrorCode::ProviderTimeout`],
    /// [`ErrorCode::KeysInvalid`].
    pub(crate) async fn keys(&self, metadata: &ProviderMetadata) -> Result<Arc<KeySet>, Error> {
        self.keys.get(&*self.clock, &Need::Fresh, async || self.fetch_keys(metadata).await).await
    }

    /// What is to be remembered when a token comes: keys that are fetched later are as good as any for it.
    pub(crate) fn key_mark(&self) -> FetchMark {
        self.keys.mark()
    }

    /// The keys for a token that none of those at hand fits: a set that was asked for after the token came (`mark`), or
    /// one of which `fits` says that it has the key. Fetched if there is neither, within the budget of whoever brought
    /// the token. So what comes back is the last word: a token that it does not verify is no good.
    ///
    /// The caller has seen that issuer and audience are ours: other tokens must not spend the budget.
    ///
    /// # Errors
    /// [`ErrorCode::KeyLookupsSpent`] while the budget is spent. As [`Self::keys`] where the provider does not answer,
    /// also where it did an hour ago: nothing is known of this key then.
    pub(crate) async fn newer_keys(
        &self,
        metadata: &ProviderMetadata,
        mark: FetchMark,
        source: TokenSource,
        fits: impl Fn(&KeySet) -> bool + Sync,
    ) -> Result<Arc<KeySet>, Error> {
        let leave = |now| self.key_lookups.spend(source, now);
        let need = Need::After { mark, fits: &fits, leave: &leave };
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
        if keys.is_empty() && self.keys.was(|known| !known.is_empty()) {
            return Err(Error::new(ErrorCode::KeysInvalid).detail("no key in it can be used"));
        }
        Ok(keys)
    }
}
