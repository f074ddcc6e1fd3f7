//! Tokens that the application keeps itself: refreshed, and given to the provider's sign-out.
//!
//! It stands beside [`refresh`] because nothing is shared here: no record to write, no lease to take, nobody who waits for
//! the same. One call, verified as any refresh is. Who calls for one grant asks one at a time, and keeps what comes.

use std::sync::Arc;

use crate::context::Context;
use crate::context::provider_tokens::{ProviderTokens, TokensRefreshError};
use crate::error::{Error, ErrorCode};
use crate::flow::logout;
use crate::flow::refresh::{self, Before, RefreshError};
use crate::provider::client::Client;
use crate::session::{Session, Tokens};

/// New tokens for those that were kept. The ID token of the sign-in stays.
///
/// # Errors
/// [`TokensRefreshError`].
pub(crate) async fn refresh(
    context: &Context,
    kept: &ProviderTokens,
) -> Result<ProviderTokens, TokensRefreshError> {
    let Some(spent) = kept.refresh.clone() else { return Err(TokensRefreshError::NoRefreshToken) };
    let client = context.client_for_login()?;
    let session = session_of(context, client, kept)?;
    let tokens = tokens_of(context, kept);
    let metadata = client.metadata().await?;
    let keys = client.keys(&metadata).await?;
    let before = Before { session: Arc::new(session), tokens, spent };
    let asked = refresh::ask(context, client, &before, context.refreshes.lease(), &metadata, keys).await;
    match asked {
        Ok(refreshed) => Ok(ProviderTokens::from(&refreshed.tokens)),
        Err(RefreshError::Over(error)) => Err(TokensRefreshError::Ended(error)),
        Err(RefreshError::Failed(error)) => Err(TokensRefreshError::Failed(error)),
    }
}

/// Where the person's session at the provider ends, and from where they come back to the page after a sign-out, under the
/// first base URL; `None` where the provider names no such place, or cannot be asked.
///
/// # Errors
/// [`ErrorCode::Misconfigured`] for tokens that are no sign-in's of this provider.
pub(crate) async fn sign_out_url(context: &Context, kept: &ProviderTokens) -> Result<Option<String>, Error> {
    let session = session_of(context, context.client_for_login()?, kept)?;
    let site = context.sites.first();
    let destination = context.after_logout(site);
    Ok(logout::at_the_provider(context, site, &session, destination.as_str()).await)
}

/// The session that no store knows: what a refresh and a sign-out look at.
///
/// # Errors
/// [`ErrorCode::Misconfigured`] for another provider's: its tokens are not this one's to see.
fn session_of(context: &Context, client: &Client, kept: &ProviderTokens) -> Result<Session, Error> {
    let identity = kept.identity()?;
    if identity.issuer() != &*client.issuer {
        return Err(
            Error::new(ErrorCode::Misconfigured).detail("the ID token that was kept is of another issuer")
        );
    }
    let now = context.clock.now();
    Ok(Session {
        identity,
        created_at: now,
        expires_at: now,
        idle_expires_at: now,
        tokens: Some(tokens_of(context, kept)),
        client_id: Some(Arc::clone(&client.id)),
        stored: None,
        method: None,
        sealed_id: None,
        is_by_credentials: false,
    })
}

fn tokens_of(context: &Context, kept: &ProviderTokens) -> Tokens {
    let now = context.clock.now();
    Tokens {
        access: kept.access.clone().unwrap_or_else(|| crate::crypto::secret::Secret::new(String::new())),
        obtained_at: now,
        access_expires_at: kept.access_expires_at.unwrap_or(now),
        refresh: kept.refresh.clone(),
        id_token: kept.id_token.clone(),
    }
}
