//! What an application calls that keeps the provider's tokens itself.

use std::sync::Arc;

use super::{FrontDoor, RelyingParty};
use crate::context::no_runtime;
use crate::context::provider_tokens::{ProviderTokens, TokensRefreshError};
use crate::error::{Error, ErrorCode};
use crate::flow::kept_tokens;
use crate::runtime::under_way::Work;

/// # For an application with a session of its own
impl RelyingParty {
    /// Gets new tokens for those that the application keeps ([`NewSignIn::tokens`](crate::NewSignIn::tokens)). What comes
    /// is verified as at any refresh, and the work goes on when the future is dropped.
    ///
    /// A provider that rotates refresh tokens takes each of them once: ask one at a time for one person's, on all
    /// instances, and keep what comes before anything else is done. With a session of ours none of that is the
    /// application's to think of: see [`Visit::access_token`](crate::Visit::access_token).
    ///
    /// ```
    /// use landfall::{ProviderTokens, RelyingParty, TokensRefreshError};
    ///
    /// # async fn keep(_: Option<&str>) {}
    /// // `id_token` and `refresh_token` are out of the application's own table.
    /// async fn renew(
    ///     auth: &RelyingParty,
    ///     id_token: &str,
    ///     refresh_token: String,
    /// ) -> Result<String, TokensRefreshError> {
    ///     let newer = auth.refresh(&ProviderTokens::kept(id_token, Some(refresh_token))).await?;
    ///     // First of all: the one before may be of no use any more.
    ///     keep(newer.refresh_token()).await;
    ///     Ok(newer.access_token().unwrap_or_default().to_owned())
    /// }
    /// # let _ = renew;
    /// ```
    ///
    /// # Errors
    /// See [`TokensRefreshError`].
    pub async fn refresh(&self, tokens: &ProviderTokens) -> Result<ProviderTokens, TokensRefreshError> {
        let Some(FrontDoor { context }) = self.front.clone() else {
            return Err(Error::from(ErrorCode::NotSetUp).into());
        };
        let (this, tokens) = (Arc::clone(&context), tokens.clone());
        let work = async move { kept_tokens::refresh(&this, &tokens).await };
        let place = context.runtime.enter(Work::Refresh);
        context.runtime.run(place, work, || Err(no_runtime().into())).await
    }

    /// Where to send a person who signs out, so that their session at the provider ends, too (OpenID Connect RP-Initiated
    /// Logout 1.0 §2); `None` where the provider names no such place, or cannot be asked. They come back to
    /// [`after_logout`](crate::RelyingPartyBuilder::after_logout) under the first base URL. The application ends its own
    /// session first.
    ///
    /// The address holds the ID token, as the standard has it: it goes into a `Location`, and into no page or log.
    ///
    /// ```
    /// use landfall::{Error, ProviderTokens, RelyingParty};
    ///
    /// /// Where to redirect a person whose own session is over by now.
    /// async fn leave(auth: &RelyingParty, tokens: &ProviderTokens) -> Result<String, Error> {
    ///     let at_provider = auth.provider_sign_out_url(tokens).await?;
    ///     Ok(at_provider.unwrap_or_else(|| "/".to_owned()))
    /// }
    /// # let _ = leave;
    /// ```
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] for what is no ID token of this provider's; [`ErrorCode::NotSetUp`].
    pub async fn provider_sign_out_url(&self, tokens: &ProviderTokens) -> Result<Option<String>, Error> {
        let Some(FrontDoor { context }) = self.front.clone() else { return Err(ErrorCode::NotSetUp.into()) };
        let (this, tokens) = (Arc::clone(&context), tokens.clone());
        let work = async move { kept_tokens::sign_out_url(&this, &tokens).await };
        let place = context.runtime.enter(Work::Other);
        context.runtime.run(place, work, || Err(no_runtime())).await
    }
}
